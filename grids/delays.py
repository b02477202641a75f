"""Asking for time: a pause or an extension, granted one level up, told to the reporter."""

from datetime import datetime

from django.utils.translation import gettext as _

from grids import limits
from grids.models import ClockKind, DelayRequest, Issue
from grids.refusals import AlreadyAsked, NothingAsked
from rules import clocks
from rules.workflow import Missing


def pending(issue: Issue) -> DelayRequest | None:
    return issue.delays.filter(state=DelayRequest.State.PENDING).first()


def ask(
    issue: Issue, *, by, at: datetime, kind: str, reason_code: str, reason: str, amount: int | None
) -> DelayRequest:
    """Note the request. Refused here already, so that nobody decides on what cannot be granted.

    Raises AlreadyAsked, Missing, or what the clock says (Overdue, AlreadyExtended,
    ExtensionTooLong, PauseUsedUp).
    """
    if pending(issue) is not None:
        raise AlreadyAsked
    clock = limits.clock_of(issue, ClockKind.HANDLE)
    if at > clock.due_at:
        raise clocks.Overdue(clock.due_at)
    if kind == DelayRequest.Kind.EXTEND:
        if not amount:
            raise Missing({"amount": _("延长多少")})
        if clock.extended_amount is not None:
            raise clocks.AlreadyExtended
        if amount > clock.amount:
            raise clocks.ExtensionTooLong(asked=amount, most=clock.amount)
    else:
        amount = None
        limits.pause_left(issue, clock)
    return DelayRequest.objects.create(
        issue=issue,
        kind=kind,
        reason_code=reason_code,
        reason=reason,
        amount=amount,
        asked_by=by,
        asked_at=at,
    )


def decide(issue: Issue, *, granted: bool, move) -> DelayRequest:
    """Write the answer; what it does to the clock is the table's clock column."""
    asked = pending(issue)
    if asked is None:
        raise NothingAsked
    asked.state = DelayRequest.State.GRANTED if granted else DelayRequest.State.DENIED
    asked.decided_by, asked.decided_at = move.by, move.at
    asked.decision = move.reason[:200]
    asked.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    return asked


def lapse(issue: Issue, *, at: datetime) -> None:
    """What was asked for has become pointless: the issue went on without it."""
    waiting = issue.delays.filter(state=DelayRequest.State.PENDING)
    waiting.update(state=DelayRequest.State.LAPSED, decided_at=at)
