"""One issue told in memory: the rows that the verbs of ``grids.handling`` would leave.

A year of issues through the verbs takes ten minutes, told like this a few seconds. Each method
is named for its verb and does to the unsaved issue, its clocks and its steps what the columns
``effect`` and ``clock`` of ``grids.flow`` do; ``tests/grids/test_seeding.py`` tells the same
stories through the verbs and compares every row.
"""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import deidentify, following, limits
from grids.models import (
    ENDED,
    ClockKind,
    CoHandling,
    Follow,
    Issue,
    IssueClock,
    IssueStep,
    Level,
    State,
    Urgency,
)
from rules import clocks
from rules.models import Clock

RISEN = "办理时限已过，系统自动升级"


class NotYet(Exception):
    """The next step lies ahead: the story stands where it is."""


@dataclass
class Told:
    """A verb as it could be called, for the comparison."""

    verb: str
    by: object
    at: datetime
    given: dict


class Story:
    """Raises NotYet when a verb would happen after ``now``; what was told before stands."""

    def __init__(self, issue: Issue, now: datetime):
        self.issue, self.now = issue, now
        self.steps: list[IssueStep] = []
        self.told: list[Told] = []
        self.rows: list[IssueClock] = []
        self.cohandlings: list[CoHandling] = []
        self.follows: list[Follow] = []
        self._rounds: Counter[str] = Counter()
        self._notes: list[str] = []

    @property
    def limit(self) -> tuple[datetime, datetime]:
        """From when until when it is to be handled."""
        clock = self._clock(ClockKind.HANDLE)
        return clock.started_at, clock.due_at

    @property
    def is_awaited(self) -> bool:
        """Somebody is to be on site within half an hour, and was not yet."""
        clock = self._clock(ClockKind.ARRIVE)
        return clock is not None and clock.stopped_at is None

    # --- the verbs

    def submit(self) -> None:
        issue = self.issue
        at = issue.reported_at
        self._begin(at)
        self._term(ClockKind.ACKNOWLEDGE, "acknowledge", at)
        filing = self._term(ClockKind.FILE, "file", at)
        issue.due_at = filing.due_at
        issue.promised_at = limits.expect(issue.category, issue.clock_rules, at)
        words = _("%(due)s前立案，承诺%(promised)s前办结") % {
            "due": limits.due_text(filing.due_at),
            "promised": limits.due_text(issue.promised_at),
        }
        self._step("submit", issue.reporter, at, State.SUBMITTED, words)

    def acknowledge(self, by, at) -> None:
        self._begin(at)
        clock = self._stop(ClockKind.ACKNOWLEDGE, at)
        self._step("acknowledge", by, at, None, _late(clock, _("受理")))

    def file(self, by, at, *, level, public_title, public_summary, public_place) -> None:
        issue = self.issue
        self._begin(at)
        self._stop(ClockKind.ACKNOWLEDGE, at)
        filing = self._stop(ClockKind.FILE, at)
        issue.level, issue.filed_at = level, at
        issue.is_public = issue.category.is_public
        issue.public_title, issue.public_summary = public_title, public_summary
        issue.public_place = public_place
        self._note(_late(filing, _("立案")))
        promised = issue.promised_at
        clock = self._handling(min(at, filing.due_at), urgency=issue.urgency)
        given = {
            "category": issue.category,
            "level": level,
            "public_title": public_title,
            "public_summary": public_summary,
            "public_place": public_place,
        }
        reason = "核实后按实际情况调整了层级和时限" if clock.due_at > promised else ""
        self._step("file", by, at, State.FILED, self._promise(clock), reason=reason, given=given)

    def merge(self, by, at, parent: "Story") -> None:
        """Whoever reported it follows ``parent`` from now on."""
        issue, whole = self.issue, parent.issue
        self._begin(at)
        issue.parent, issue.is_public = whole, False
        if issue.reporter.pk != whole.reporter.pk:
            self.follows.append(
                Follow(
                    issue=whole,
                    person=issue.reporter,
                    why=Follow.Why.MERGED,
                    also_affects_me=True,
                    household=following.home_near(whole, issue.reporter),
                    since=at,
                )
            )
        self._cancel_all(_("并入另一件事项"), at)
        issue.due_at = issue.promised_at = None
        self._step("merge", by, at, State.MERGED, given={"parent": whole})

    def not_accept(self, by, at, *, refusal_code, right_channel, reason) -> None:
        issue = self.issue
        self._begin(at)
        issue.refusal_code, issue.right_channel = refusal_code, right_channel
        decision = self._term(ClockKind.ACCEPT, "accept_decision", issue.reported_at)
        self._stop(ClockKind.ACCEPT, at)
        self._cancel_all(_("不予受理"), at)
        objecting = self._term(ClockKind.OBJECT, "object_not_accepted", at)
        issue.due_at, issue.promised_at = objecting.due_at, None
        self._note(_late(decision, _("决定")))
        words = _("%(due)s前可以提出异议") % {"due": limits.due_text(objecting.due_at)}
        given = {"refusal_code": refusal_code, "right_channel": right_channel}
        self._step("not_accept", by, at, State.NOT_ACCEPTED, words, reason=reason, given=given)

    def is_open_at(self, at: datetime) -> bool:
        """Did it wait or go on then, so that a report of the same could be merged into it?"""
        ends = (step.at for step in self.steps if step.to_state in ENDED)
        return self.issue.reported_at < at < next(ends, self.now)

    def dispatch(self, by, at, lead) -> None:
        issue = self.issue
        self._begin(at)
        issue.lead, issue.handler, issue.dispatched_at = lead, None, at
        issue.signed_at = issue.contacted_at = None
        for grant in self.cohandlings:
            if grant.organization.pk == lead.pk and grant.ends_on is None:
                grant.ends_on = timezone.localdate(at)
        issue.due_at = issue.promised_at
        words = ""
        urgent = issue.urgency == Urgency.URGENT and "on_site" in issue.clock_rules["params"]
        if urgent and self._clock(ClockKind.ARRIVE) is None:
            clock = self._term(ClockKind.ARRIVE, "on_site", at)
            words = _("%(due)s前到场") % {"due": limits.due_text(clock.due_at)}
        self._step("dispatch", by, at, State.DISPATCHED, words, given={"lead": lead})

    def sign(self, by, at) -> None:
        self._begin(at)
        self.issue.handler, self.issue.signed_at = by, at
        clock = self._term(ClockKind.CONTACT, "contact_reporter", at)
        words = _("%(due)s前联系反映人") % {"due": limits.due_text(clock.due_at)}
        self._step("sign", by, at, State.IN_PROGRESS, words)

    def arrive(self, by, at, note) -> None:
        self._begin(at)
        clock = self._stop(ClockKind.ARRIVE, at)
        self._step("arrive", by, at, None, _late(clock, _("到场")), given={"note": note})

    def contact(self, by, at, note) -> None:
        self._begin(at)
        self.issue.contacted_at = self.issue.contacted_at or at
        clock = self._stop(ClockKind.CONTACT, at)
        self._step("contact", by, at, None, _late(clock, _("联系反映人")), given={"note": note})

    def report(self, by, at, *, result, no_photo_reason) -> None:
        issue = self.issue
        self._begin(at)
        issue.result, issue.no_photo_reason, issue.handled_at = result, no_photo_reason, at
        issue.public_result = deidentify.mask(result)
        self._stop(ClockKind.CONTACT, at)
        clock = self._stop(ClockKind.HANDLE, at)
        if clock.on_time is False:
            issue.on_time = False
        verify = self._term(ClockKind.VERIFY, "verify", at)
        issue.due_at = verify.due_at
        self._note(_("办理超期") if clock.on_time is False else _("办理按时"))
        words = _("%(due)s前核验") % {"due": limits.due_text(verify.due_at)}
        given = {"result": result, "no_photo_reason": no_photo_reason}
        self._step("report", by, at, State.HANDLED, words, given=given)

    def rework(self, by, at, reason) -> None:
        issue = self.issue
        self._begin(at)
        issue.rework_count, issue.handled_at = issue.rework_count + 1, None
        self._stop(ClockKind.VERIFY, at)
        last = self._clock(ClockKind.HANDLE)
        clock = self._start(ClockKind.HANDLE, last.unit, math.ceil(last.amount / 2), at)
        self._step("rework", by, at, State.IN_PROGRESS, self._promise(clock), reason=reason)

    def verify(self, by, at) -> None:
        issue = self.issue
        self._begin(at)
        issue.verifier, issue.closed_at = by, at
        verify = self._stop(ClockKind.VERIFY, at)
        if issue.on_time is None:
            issue.on_time = True
        rating = self._term(ClockKind.RATE, "rating", at)
        issue.due_at = rating.due_at
        self._note(_late(verify, _("核验")))
        words = _("%(due)s前可以评价") % {"due": limits.due_text(rating.due_at)}
        self._step("verify", by, at, State.CLOSED, words, given={"how": "on_site"})

    def rate(self, at, *, solved, stars, comment) -> None:
        issue = self.issue
        self._begin(at)
        self._rated(at, solved, stars, comment)
        self._stop(ClockKind.RATE, at)
        given = {"solved": solved, "stars": stars, "comment": comment}
        self._step("rate", issue.reporter, at, State.RATED, given=given)

    def reopen(self, at, *, stars, reason) -> None:
        issue = self.issue
        self._begin(at)
        self._rated(at, False, stars, reason)
        issue.reopened_count += 1
        rise = self._rise()
        issue.verifier = issue.handled_at = issue.closed_at = None
        self._stop(ClockKind.RATE, at)
        words = self._promise(self._handling(at))
        given = {"solved": False, "stars": stars}
        self._step(
            "reopen", issue.reporter, at, State.REOPENED, words, reason=reason, given=given, **rise
        )

    def escalate(self, at) -> None:
        """By the timer: the whole limit has passed."""
        issue = self.issue
        self._begin(at)
        rise = self._rise()
        issue.escalated_at = at
        if (below := rise["lead_before"]) is not None:
            self._follow(below, at)
        for kind in (ClockKind.CONTACT, ClockKind.ARBITRATE, ClockKind.ARRIVE, ClockKind.HANDLE):
            self._cancel(kind, _("已升级"), at)
        if self._clock(ClockKind.HANDLE).on_time is False:
            self._note(_("办理超期"))
            issue.on_time = False
        words = self._promise(self._handling(at))
        self._step("escalate", None, at, State.ESCALATED, words, reason=_(RISEN), **rise)

    def archive(self, at) -> None:
        self._begin(at)
        self.issue.archived_at, self.issue.due_at = at, None
        for grant in self.cohandlings:
            grant.ends_on = grant.ends_on or timezone.localdate(at) + timedelta(days=1)
        self._cancel_all(_("归档"), at)
        self._step("archive", None, at, State.ARCHIVED)

    # --- what they have in common

    def _begin(self, at: datetime) -> None:
        if at > self.now:
            raise NotYet
        self._notes = []

    def _note(self, words: str) -> None:
        self._notes += [words] if words else []

    def _step(self, verb, by, at, to, words="", *, reason="", given=None, **data) -> None:
        issue, given = self.issue, given or {}
        before = issue.state if self.steps else ""
        self._note(words)
        issue.state = to or issue.state
        self.told.append(Told(verb, by, at, {**given, "reason": reason} if reason else given))
        self.steps.append(
            IssueStep(
                verb=verb,
                from_state=before,
                to_state=issue.state,
                actor=by,
                at=at,
                reason=reason,
                clock_effect="；".join(self._notes)[:200],
                data={name: _plain(value) for name, value in {**given, **data}.items()},
            )
        )

    def _rated(self, at, solved, stars, comment) -> None:
        issue = self.issue
        issue.solved, issue.stars, issue.rated_at = solved, stars, at
        issue.rating_comment = comment

    def _rise(self) -> dict:
        issue = self.issue
        before = {"level_before": issue.level, "lead_before": issue.lead}
        issue.level = Level(issue.level).above
        issue.handler = issue.assignee = issue.arbitrated_at = None
        return before

    def _follow(self, body, at) -> None:
        if any(g.organization.pk == body.pk and g.ends_on is None for g in self.cohandlings):
            return
        grant = CoHandling(organization=body, role=CoHandling.Role.FOLLOW)
        grant.starts_on, grant.reason = timezone.localdate(at), _("升级前的承办单位，继续跟进")
        self.cohandlings.append(grant)

    def _promise(self, clock: Clock) -> str:
        self.issue.promised_at = self.issue.due_at = clock.due_at
        return _("办理时限%(limit)s，%(due)s前办结") % {
            "limit": clock.describe(),
            "due": limits.due_text(clock.due_at),
        }

    # --- clocks

    def _clock(self, kind: str) -> Clock | None:
        return next((row.clock for row in reversed(self.rows) if row.kind == kind), None)

    def _start(self, kind, unit, amount, at) -> Clock:
        nominal, due = clocks.reckon(unit, amount, at)
        clock = Clock(
            unit=unit,
            amount=amount,
            started_at=at,
            nominal_due_at=nominal,
            due_at=due,
            profile_id=self.issue.clock_rules["id"],
        )
        self._rounds[kind] += 1
        self.rows.append(IssueClock(kind=kind, round=self._rounds[kind], clock=clock))
        return clock

    def _term(self, kind, name, at) -> Clock:
        term = self.issue.clock_rules["params"][name]
        return self._start(kind, term["unit"], term["amount"], at)

    def _handling(self, at, **more) -> Clock:
        issue = self.issue
        unit, amount = limits.limit_of(issue.category, issue.level, issue.clock_rules, **more)
        return self._start(ClockKind.HANDLE, unit, amount, at)

    def _stop(self, kind, at) -> Clock | None:
        clock = self._clock(kind)
        if clock is not None and clock.stopped_at is None:
            clock.stopped_at, clock.on_time = at, at <= clock.due_at
        return clock

    def _cancel(self, kind, why, at) -> None:
        """A clock already late cannot escape this way."""
        clock = self._clock(kind)
        if clock is None or clock.stopped_at is not None:
            return
        clock.stopped_at = at
        if at > clock.due_at:
            clock.on_time = False
        else:
            clock.cancelled_reason = why

    def _cancel_all(self, why, at) -> None:
        for kind in ClockKind:
            self._cancel(kind, why, at)

    def warn(self) -> None:
        """As the timer's warnings stand ``now``: given ones counted, the next one set."""
        for row in self.rows:
            if row.kind != ClockKind.HANDLE:
                continue
            ends = row.clock.stopped_at or self.now
            while (at := limits.next_warning(row, self.issue.clock_rules)) and at <= ends:
                row.warned += 1
            row.warn_at = None if row.clock.stopped_at or self.issue.is_ended else at


def _late(clock: Clock | None, what: str) -> str:
    return "" if clock is None or clock.on_time is not False else _("%(what)s超时") % {"what": what}


def _plain(value):
    if isinstance(value, models.Model):
        return {"id": value.pk, "text": str(value)}
    return value
