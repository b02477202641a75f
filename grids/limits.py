"""The limits of an issue: what is promised, and what each step does to the clocks.

Functions named ``of_…`` are the ``clock`` column of the table in ``grids.flow``: they start and
stop clocks and return a few words for the step.
"""

import math
from datetime import datetime, timedelta
from fractions import Fraction

from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import Category, ClockKind, Issue, IssueClock, Level, Urgency
from rules import calendar, clocks
from rules.models import Clock, Unit
from rules.workflow import Missing
from ui import dates

RULES = "ISSUE-CLOCKS"


def limit_of(
    category: Category, level: str, rules: dict, *, urgency: str = Urgency.NORMAL
) -> tuple[str, int]:
    """(unit, amount): the category's own limit at its own level, else the level's.

    Something more urgent than its category usually is has the urgency's limit, if that is shorter.
    """
    params = rules["params"]
    if category.limit_amount and level == category.default_level:
        usual = category.limit_unit, category.limit_amount
    else:
        usual = params[level]["unit"], params[level]["amount"]
    if urgency == category.default_urgency or (term := params.get(urgency)) is None:
        return usual
    pressing = term["unit"], term["amount"]
    start = timezone.now()
    return min(usual, pressing, key=lambda limit: clocks.reckon(*limit, start).due)


def expect(category: Category, rules: dict, at: datetime) -> datetime:
    """The date promised at posting: filed at the last moment, then the category's whole limit."""
    filing = rules["params"]["file"]
    filed_by = clocks.reckon(filing["unit"], filing["amount"], at).due
    return clocks.reckon(*limit_of(category, category.default_level, rules), filed_by).due


def clock_of(issue: Issue, kind: str) -> Clock | None:
    """The latest clock of its kind."""
    row = issue.clocks.filter(kind=kind).select_related("clock").order_by("-round").first()
    return row.clock if row else None


def _start(issue: Issue, kind: str, unit: str, amount: int, at: datetime) -> Clock:
    clock = clocks.start(unit, amount, at=at, profile=issue.clock_rules)
    rounds = IssueClock.objects.filter(issue=issue, kind=kind).count()
    row = IssueClock(issue=issue, kind=kind, round=rounds + 1, clock=clock)
    if kind == ClockKind.HANDLE:
        row.warn_at = next_warning(row, issue.clock_rules)
    row.save()
    return clock


def _start_term(issue: Issue, kind: str, name: str, at: datetime) -> Clock:
    term = issue.clock_rules["params"][name]
    return _start(issue, kind, term["unit"], term["amount"], at)


def _stop(issue: Issue, kind: str, at: datetime, by=None) -> Clock | None:
    clock = clock_of(issue, kind)
    if clock is not None and clock.stopped_at is None:
        clocks.stop(clock, at, by=by)
    return clock


def next_warning(row: IssueClock, rules: dict) -> datetime | None:
    """When the next share of the limit (1/2, then 4/5) is used; None when all were told."""
    shares = rules["params"].get("warn_at", [])
    if row.warned >= len(shares):
        return None
    share = Fraction(*shares[row.warned])
    clock = row.clock
    if clock.unit in (Unit.WORKING_MINUTES, Unit.WORKING_DAYS):
        days = calendar.read()
        whole = days.time_between(clock.started_at, clock.due_at) - clock.paused_time
        return days.add_time(clock.started_at, _part(whole, share) + clock.paused_time)
    whole = clock.due_at - clock.started_at - clock.paused_time
    return clock.started_at + _part(whole, share) + clock.paused_time


def _part(whole: timedelta, share: Fraction) -> timedelta:
    return whole * share.numerator / share.denominator


def _warn_anew(issue: Issue) -> None:
    """The limit moved (a pause, an extension): so does the next warning."""
    row = issue.clocks.filter(kind=ClockKind.HANDLE).select_related("clock").order_by("-round")[0]
    row.warn_at = next_warning(row, issue.clock_rules)
    row.save(update_fields=["warn_at"])


def _cancel(issue: Issue, reason: str, at: datetime, by=None) -> None:
    """End every running clock of an issue that goes no further; a late one stays late."""
    for row in issue.clocks.filter(clock__stopped_at=None).select_related("clock"):
        clocks.cancel(row.clock, reason, at, by=by)


def _promise(issue: Issue, clock: Clock) -> str:
    issue.promised_at = issue.due_at = clock.due_at
    return _("办理时限%(limit)s，%(due)s前办结") % {
        "limit": clock.describe(),
        "due": due_text(clock.due_at),
    }


def due_text(moment: datetime) -> str:
    """11月26日 17:30. Kept in messages and steps and read on other days: never 今天."""
    at = dates.local(moment)
    year = "" if at.year == dates.today().year else f"{at.year}年"
    return f"{year}{at.month}月{at.day}日 {at:%H:%M}"


def of_posting(issue, move):
    _start_term(issue, ClockKind.ACKNOWLEDGE, "acknowledge", move.at)
    filing = _start_term(issue, ClockKind.FILE, "file", move.at)
    issue.due_at = filing.due_at
    issue.promised_at = expect(issue.category, issue.clock_rules, move.at)
    return _("%(due)s前立案，承诺%(promised)s前办结") % {
        "due": due_text(filing.due_at),
        "promised": due_text(issue.promised_at),
    }


def of_acknowledging(issue, move):
    clock = _stop(issue, ClockKind.ACKNOWLEDGE, move.at, move.by)
    return _late_words(clock, _("受理"))


def _late_words(clock: Clock | None, what: str) -> str:
    return "" if clock is None or clock.on_time is not False else _("%(what)s超时") % {"what": what}


def of_filing(issue, move):
    """Handling counts from filing, and from when it should have been filed if that came late."""
    _stop(issue, ClockKind.ACKNOWLEDGE, move.at, move.by)
    filing = _stop(issue, ClockKind.FILE, move.at, move.by)
    promised_before = issue.promised_at
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules, urgency=issue.urgency)
    clock = _start(issue, ClockKind.HANDLE, unit, amount, min(move.at, filing.due_at))
    move.notes.append(_late_words(filing, _("立案")))
    move.notes = [note for note in move.notes if note]
    words = _promise(issue, clock)
    if clock.due_at > promised_before and not move.reason:
        raise Missing({"reason": _("承诺时间推后的原因（会告知反映人）")})
    return words


def of_calling(issue, move):
    """The departments' limit runs from the call and ends with the whole limit from filing.

    A change of lead (``keeps_limit``) leaves the limit as it is.
    """
    if move.data.get("keeps_limit"):
        return None
    before = clock_of(issue, ClockKind.HANDLE)
    if before is not None and before.stopped_at is None:
        clocks.cancel(before, _("街道吹哨，转由部门办理"), move.at, by=move.by)
        if before.on_time is False and issue.on_time is None:
            issue.on_time = False
    return _promise(issue, _start_handling(issue, move.at))


def of_signing(issue, move):
    clock = _start_term(issue, ClockKind.CONTACT, "contact_reporter", move.at)
    return _("%(due)s前联系反映人") % {"due": due_text(clock.due_at)}


def of_contact(issue, move):
    return _late_words(_stop(issue, ClockKind.CONTACT, move.at, move.by), _("联系反映人"))


def drop_contact(issue, move):
    """The handler went before writing to the reporter: the next one has a day of their own."""
    _stop(issue, ClockKind.CONTACT, move.at, move.by)


def of_reporting(issue, move):
    _stop(issue, ClockKind.CONTACT, move.at, move.by)
    clock = _stop(issue, ClockKind.HANDLE, move.at, move.by)
    if clock.on_time is False and issue.on_time is None:
        issue.on_time = False
    verify = _start_term(issue, ClockKind.VERIFY, "verify", move.at)
    issue.due_at = verify.due_at
    move.notes.append(_("办理超期") if clock.on_time is False else _("办理按时"))
    return _("%(due)s前核验") % {"due": due_text(verify.due_at)}


def of_rework(issue, move):
    _stop(issue, ClockKind.VERIFY, move.at, move.by)
    last = clock_of(issue, ClockKind.HANDLE)
    clock = _start(issue, ClockKind.HANDLE, last.unit, math.ceil(last.amount / 2), move.at)
    return _promise(issue, clock)


def of_closing(issue, move):
    verify = _stop(issue, ClockKind.VERIFY, move.at, move.by)
    if issue.on_time is None:
        issue.on_time = True
    rating = _start_term(issue, ClockKind.RATE, "rating", move.at)
    issue.due_at = rating.due_at
    move.notes += [words] if (words := _late_words(verify, _("核验"))) else []
    return _("%(due)s前可以评价") % {"due": due_text(rating.due_at)}


def of_rating(issue, move):
    _stop(issue, ClockKind.RATE, move.at, move.by)


def of_reopening(issue, move):
    _stop(issue, ClockKind.RATE, move.at, move.by)
    return _promise(issue, _start_handling(issue, move.at))


def _start_handling(issue: Issue, at: datetime) -> Clock:
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules)
    if issue.level == Level.L4:
        amount = _within_total(issue, unit, amount, at)
    return _start(issue, ClockKind.HANDLE, unit, amount, at)


def _within_total(issue: Issue, unit: str, amount: int, at: datetime) -> int:
    """A department's term, cut where the whole would take longer than the rules allow."""
    total = issue.clock_rules["params"].get("L4_total")
    if total is None or issue.filed_at is None:
        return amount
    end = clocks.reckon(total["unit"], total["amount"], issue.filed_at).due
    while amount > 1 and clocks.reckon(unit, amount, at).due > end:
        amount -= 1
    return amount


# --- off the straight road -----------------------------------------------------------------------


def of_submitting(issue, move):
    """A draft is handed in: everything begins now."""
    return of_posting(issue, move)


def of_merging(issue, move):
    _cancel(issue, _("并入另一件事项"), move.at, move.by)
    issue.due_at = issue.promised_at = None


def of_withdrawing(issue, move):
    _cancel(issue, _("来件单位撤回"), move.at, move.by)
    issue.due_at = issue.promised_at = None


def of_not_accepting(issue, move):
    """The decision is due a working day after the report; then the reporter's time to object."""
    term = issue.clock_rules["params"]["accept_decision"]
    since = max(
        issue.clocks.filter(kind=ClockKind.FILE).order_by("-round")[0].clock.started_at,
        issue.reported_at,
    )
    decision = _start(issue, ClockKind.ACCEPT, term["unit"], term["amount"], since)
    clocks.stop(decision, move.at, by=move.by)
    _cancel(issue, _("不予受理"), move.at, move.by)
    objecting = _start_term(issue, ClockKind.OBJECT, "object_not_accepted", move.at)
    issue.due_at, issue.promised_at = objecting.due_at, None
    if words := _late_words(decision, _("决定")):
        move.notes.append(words)
    return _("%(due)s前可以提出异议") % {"due": due_text(objecting.due_at)}


def of_objecting(issue, move):
    _stop(issue, ClockKind.OBJECT, move.at, move.by)
    review = _start_term(issue, ClockKind.REVIEW, "accept_decision", move.at)
    issue.due_at = review.due_at
    return _("%(due)s前复核") % {"due": due_text(review.due_at)}


def of_upholding(issue, move):
    issue.due_at = None
    return _late_words(_stop(issue, ClockKind.REVIEW, move.at, move.by), _("复核"))


def of_overruling(issue, move):
    review = _stop(issue, ClockKind.REVIEW, move.at, move.by)
    move.notes += [words] if (words := _late_words(review, _("复核"))) else []
    filing = _start_term(issue, ClockKind.FILE, "file", move.at)
    issue.due_at = filing.due_at
    issue.promised_at = expect(issue.category, issue.clock_rules, move.at)
    return _("%(due)s前立案") % {"due": due_text(filing.due_at)}


def of_dispatching(issue, move):
    """Danger to life or property: somebody is to be there within half an hour."""
    issue.due_at = issue.promised_at
    if issue.urgency != Urgency.URGENT or "on_site" not in issue.clock_rules["params"]:
        return ""
    running = clock_of(issue, ClockKind.ARRIVE)
    if running is not None:
        return ""
    clock = _start_term(issue, ClockKind.ARRIVE, "on_site", move.at)
    return _("%(due)s前到场") % {"due": due_text(clock.due_at)}


def of_arriving(issue, move):
    clock = _stop(issue, ClockKind.ARRIVE, move.at, move.by)
    return _late_words(clock, _("到场"))


def return_ends(issue: Issue) -> datetime:
    """Until when the body it was sent to may say that it is not its duty."""
    term = issue.clock_rules["params"]["return"]
    return clocks.reckon(term["unit"], term["amount"], issue.dispatched_at).due


def of_sending_back(issue, move):
    """The promise to the resident runs on while the bodies settle whose duty it is."""
    clock = _start_term(issue, ClockKind.ARBITRATE, "arbitrate_return", move.at)
    issue.due_at = clock.due_at
    return _("%(due)s前裁定") % {"due": due_text(clock.due_at)}


def of_arbitrating(issue, move):
    clock = _stop(issue, ClockKind.ARBITRATE, move.at, move.by)
    move.notes += [words] if (words := _late_words(clock, _("裁定"))) else []
    return of_dispatching(issue, move)


def of_granting(issue, move):
    """Pause the limit, or lengthen it: what was asked for."""
    clock = clock_of(issue, ClockKind.HANDLE)
    asked = move.data["delay"]
    if asked.kind == asked.Kind.PAUSE:
        clocks.pause(
            clock,
            reason=asked.reason,
            by=move.by,
            max_working_days=pause_left(issue, clock),
            at=move.at,
        )
        issue.due_at = clock.pause_ends_by
        return _("时限暂停，最迟%(ends)s恢复") % {"ends": due_text(clock.pause_ends_by)}
    clocks.extend(clock, asked.amount, asked.reason, by=move.by, at=move.at)
    _warn_anew(issue)
    issue.promised_at = issue.due_at = clock.due_at
    return _("延期%(amount)s，%(due)s前办结") % {
        "amount": clocks.describe(clock.unit, asked.amount),
        "due": due_text(clock.due_at),
    }


def pause_left(issue: Issue, clock: Clock) -> int:
    """Working days of pause that earlier rounds of the issue have not used up (ten in all)."""
    most = issue.clock_rules["params"]["pause_total"]["amount"]
    used = sum(
        (
            pause.counted or timedelta()
            for row in issue.clocks.filter(kind=ClockKind.HANDLE).exclude(clock=clock)
            for pause in row.clock.pauses.all()
        ),
        timedelta(),
    )
    left = most - math.ceil(used / calendar.working_day_length())
    if left <= 0:
        raise clocks.PauseUsedUp(most)
    return left


def of_resuming(issue, move):
    """By a person, or after the sweep has resumed the clock because the allowance was used up."""
    clock = clock_of(issue, ClockKind.HANDLE)
    if clock.paused_at is not None:
        clocks.resume(clock, by=move.by, at=move.at)
    _warn_anew(issue)
    return _promise(issue, clock)


def of_escalating(issue, move):
    """The level below is measured by its own limit, late or not; the next has a whole one."""
    for kind in (ClockKind.CONTACT, ClockKind.ARBITRATE, ClockKind.ARRIVE):
        if (clock := clock_of(issue, kind)) is not None and clock.stopped_at is None:
            clocks.cancel(clock, _("已升级"), move.at, by=move.by)
    below = clock_of(issue, ClockKind.HANDLE)
    if below.stopped_at is None:
        clocks.cancel(below, _("已升级"), move.at, by=move.by)
    if below.on_time is False:
        move.notes.append(_("办理超期"))
        if issue.on_time is None:
            issue.on_time = False
    return _promise(issue, _start_handling(issue, move.at))


def of_archiving(issue, move):
    _cancel(issue, _("归档"), move.at)
    issue.due_at = None
