"""The limits of an issue: what is promised, and what each step does to the clocks.

Functions named ``of_…`` are the ``clock`` column of the table in ``grids.flow``: they start and
stop clocks and return a few words for the step.
"""

import math
from datetime import datetime

from django.utils.translation import gettext as _

from grids.models import Category, ClockKind, Issue, IssueClock
from rules import clocks
from rules.models import Clock
from rules.workflow import Missing
from ui import dates


def limit_of(category: Category, level: str, rules: dict) -> tuple[str, int]:
    """(unit, amount): the category's own limit at its own level, else the level's."""
    if category.limit_amount and level == category.default_level:
        return category.limit_unit, category.limit_amount
    term = rules["params"][level]
    return term["unit"], term["amount"]


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
    IssueClock.objects.create(issue=issue, kind=kind, round=rounds + 1, clock=clock)
    return clock


def _start_term(issue: Issue, kind: str, name: str, at: datetime) -> Clock:
    term = issue.clock_rules["params"][name]
    return _start(issue, kind, term["unit"], term["amount"], at)


def _stop(issue: Issue, kind: str, at: datetime, by=None) -> Clock | None:
    clock = clock_of(issue, kind)
    if clock is not None and clock.stopped_at is None:
        clocks.stop(clock, at, by=by)
    return clock


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
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules)
    clock = _start(issue, ClockKind.HANDLE, unit, amount, min(move.at, filing.due_at))
    move.notes.append(_late_words(filing, _("立案")))
    move.notes = [note for note in move.notes if note]
    words = _promise(issue, clock)
    if clock.due_at > promised_before and not move.reason:
        raise Missing({"reason": _("承诺时间推后的原因（会告知反映人）")})
    return words


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
    unit, amount = limit_of(issue.category, issue.level, issue.clock_rules)
    return _promise(issue, _start(issue, ClockKind.HANDLE, unit, amount, move.at))
