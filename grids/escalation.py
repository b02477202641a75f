"""What the timer does to limits: warnings at 50 % and 80 %, and one level up at 100 %.

Each issue is its own transaction, checked under its row lock, so the sweep may run twice, beside
people, and after a day of standing still: what came due meanwhile rises exactly once, since the
next level's limit begins when it rises.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import lateness, limits
from grids.flow import flow
from grids.models import ClockKind, Issue, IssueClock, Level
from grids.models import State as S
from inbox import outbox
from rules import calendar
from rules.refusals import Refused

logger = logging.getLogger(__name__)

WARNING = "grids.issue_warning"
# Where the level below still has it; what is paused or reported done does not rise.
RISING = (S.FILED, S.DISPATCHED, S.RETURNED, S.IN_PROGRESS, S.REOPENED, S.ESCALATED)
LOWER = (Level.L1, Level.L2, Level.L3)


def run(now: datetime | None = None, *, most: int = 500) -> int:
    """Escalate what has used up its whole limit; how many rose."""
    now = now or timezone.now()
    due = (
        IssueClock.objects.filter(
            kind=ClockKind.HANDLE,
            clock__stopped_at=None,
            clock__paused_at=None,
            clock__due_at__lt=now,
            issue__state__in=RISING,
            issue__level__in=LOWER,
        )
        .order_by("clock__due_at")
        .values_list("issue", flat=True)[:most]
    )
    risen = 0
    with calendar.steady():
        for pk in list(due):
            try:
                flow.advance(
                    Issue.objects.get(pk=pk),
                    "escalate",
                    by=None,
                    at=now,
                    reason=_("办理时限已过，系统自动升级"),
                )
            except Refused:  # somebody was faster
                continue
            except Exception:  # one issue must not keep the others from rising
                logger.exception("issue %s could not be escalated", pk)
                continue
            risen += 1
    return risen


def warn(now: datetime | None = None, *, most: int = 500) -> int:
    """Tell whose turn it is that half, then four fifths of the limit are used; how many.

    After a standstill only the last share that passed is told. A limit already over is not warned
    of: it is escalated or told as late.
    """
    now = now or timezone.now()
    due = (
        IssueClock.objects.filter(warn_at__lte=now).order_by("warn_at").values_list("pk", flat=True)
    )
    told = 0
    with calendar.steady():
        for pk in list(due[:most]):
            with transaction.atomic():
                told += _warn(pk, now)
    return told


def _warn(pk: int, now: datetime) -> bool:
    row = (
        IssueClock.objects.select_for_update(of=("self",))
        .select_related("clock", "issue__area", "issue__lead", "issue__handler", "issue__category")
        .get(pk=pk)
    )
    clock, issue = row.clock, row.issue
    if clock.is_paused:
        row.warn_at = None  # resuming sets it anew
        row.save(update_fields=["warn_at"])
        return False
    if clock.stopped_at is not None or clock.due_at <= now or issue.state not in RISING:
        row.warn_at = None
        row.save(update_fields=["warn_at"])
        return False
    told = False
    while row.warn_at is not None and row.warn_at <= now:
        row.warned += 1
        row.warn_at = limits.next_warning(row, issue.clock_rules)
        told = True
    row.save(update_fields=["warned", "warn_at"])
    if told:
        _tell(row, issue)
    return told


def _tell(row: IssueClock, issue: Issue) -> None:
    top, bottom = issue.clock_rules["params"]["warn_at"][row.warned - 1]
    people = lateness.whose_turn(issue)
    if row.warned > 1 or issue.lead_id is None:
        people = [*people, *lateness.above(issue)]
    outbox.tell(
        list(dict.fromkeys(people)),
        kind=WARNING,
        title=_("时限已用 %(share)d%%：%(title)s")
        % {"share": top * 100 // bottom, "title": issue.title},
        text=_("请在%(due)s前办结。") % {"due": limits.due_text(row.clock.due_at)},
        url=issue.get_absolute_url(),
        key=f"issue-warn:{row.pk}:{row.warned}",
    )


def after_pause(sender, clock, **_signal) -> None:
    """The allowance of pause is used up and the clock runs again: so does the issue."""
    row = IssueClock.objects.filter(clock=clock, issue__state=S.PAUSED).first()
    if row is not None:
        flow.advance(row.issue, "resume", by=None, reason=_("累计暂停已满，自动恢复办理"))
