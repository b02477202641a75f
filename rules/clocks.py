"""Clocks: terms that run in working hours, working days or natural days.

Each verb is one transaction that locks the clock's row, so two people at once queue up, and the
instance passed in shows the row as it is afterwards. ``at`` is the moment it happened (now, when
left out).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from rules import calendar
from rules.calendar import NOTHING, Days, end_of_day, local_day
from rules.models import Clock, Pause, RuleProfile, Unit
from rules.refusals import Refused

# Sent by the sweep with ``clock``, in the transaction that resumed it.
pause_used_up = Signal()

WORKING = frozenset({Unit.WORKING_MINUTES, Unit.WORKING_DAYS})


class Stopped(Refused):
    def __init__(self):
        super().__init__(_("时钟已停止，不能再改动"))


class Overdue(Refused):
    def __init__(self, due_at: datetime):
        self.due_at = due_at
        due = f"{timezone.localtime(due_at):%Y-%m-%d %H:%M}"
        super().__init__(_("已于 %(due)s 到期，不能再暂停或延长") % {"due": due})


class AlreadyPaused(Refused):
    def __init__(self):
        super().__init__(_("时钟已处于暂停中"))


class NotPaused(Refused):
    def __init__(self):
        super().__init__(_("时钟没有暂停"))


class PauseUsedUp(Refused):
    def __init__(self, max_working_days: int):
        self.max_working_days = max_working_days
        text = _("累计暂停已达上限 %(days)d 个工作日，不能再暂停")
        super().__init__(text % {"days": max_working_days})


class AlreadyExtended(Refused):
    def __init__(self):
        super().__init__(_("只能延长一次"))


class ExtensionTooLong(Refused):
    def __init__(self, *, asked: int, most: int):
        self.asked, self.most = asked, most
        text = _("延长须为正数且不超过原时限：申请 %(asked)d，最多 %(most)d")
        super().__init__(text % {"asked": asked, "most": most})


class ReasonMissing(Refused):
    def __init__(self):
        super().__init__(_("请写明原因"))


class BeforeStart(Refused):
    def __init__(self):
        super().__init__(_("时间不能早于时钟起算（或暂停）的时间"))


# --- reckoning -----------------------------------------------------------------------------------


class Due(NamedTuple):
    nominal: datetime  # before a natural-day term rolls over rest days
    due: datetime


def reckon(unit: str, amount: int, at: datetime, *, days: Days | None = None) -> Due:
    """When a term of ``amount`` ``unit`` that begins ``at`` ends.

    Minutes run from the stated time. For days the start day does not count (CC 201): a term in
    working days ends with the business hours of its last day; one in natural days ends at 24:00
    (CC 203), and when that day is a rest day, at 24:00 of the working day after it.
    """
    days = days or calendar.read()
    match Unit(unit):
        case Unit.MINUTES:
            nominal = at + timedelta(minutes=amount)
        case Unit.WORKING_MINUTES:
            nominal = days.add_time(at, timedelta(minutes=amount))
        case Unit.WORKING_DAYS:
            nominal = days.close_of(days.add_days(local_day(at), amount))
        case Unit.NATURAL_DAYS:
            nominal = end_of_day(local_day(at) + timedelta(days=amount))
    return Due(nominal, _roll(unit, nominal, days))


def _roll(unit: str, nominal: datetime, days: Days) -> datetime:
    if unit != Unit.NATURAL_DAYS or days.works(local_day(nominal)):
        return nominal
    return end_of_day(days.next_working(local_day(nominal)))


def _elapsed(unit: str, start: datetime, end: datetime, days: Days) -> timedelta:
    """Time in the clock's own measure: working time, or wall time."""
    return days.time_between(start, end) if unit in WORKING else end - start


def _shift(clock: Clock, by: timedelta, days: Days) -> None:
    """Move the due instant by ``by`` of the clock's own time."""
    if clock.unit in WORKING:
        clock.nominal_due_at = days.add_time(clock.nominal_due_at, by)
    else:
        clock.nominal_due_at += by
    clock.due_at = _roll(clock.unit, clock.nominal_due_at, days)


def share_used(clock: Clock, now: datetime | None = None) -> Fraction:
    """See ``Clock.share_used``."""
    days = calendar.read()
    now = clock.stopped_at or now or timezone.now()
    if clock.paused_at is not None:
        now = min(now, clock.paused_at)
    used = _elapsed(clock.unit, clock.started_at, now, days) - clock.paused_time
    whole = _elapsed(clock.unit, clock.started_at, clock.due_at, days) - clock.paused_time
    if whole <= NOTHING:  # the calendar was changed under a running clock
        return Fraction(int(now > clock.due_at))
    tick = timedelta.resolution
    return Fraction(max(used, NOTHING) // tick, whole // tick)


def describe(unit: str, amount: int) -> str:
    """3个工作日, 2个工作小时, 24小时, 7天: how the term is written on notices."""
    if unit == Unit.WORKING_DAYS:
        return _("%(n)d个工作日") % {"n": amount}
    if unit == Unit.NATURAL_DAYS:
        return _("%(n)d天") % {"n": amount}
    hours, minutes = divmod(amount, 60)
    if minutes:
        words = _("%(n)d个工作分钟") if unit == Unit.WORKING_MINUTES else _("%(n)d分钟")
        return words % {"n": amount}
    words = _("%(n)d个工作小时") if unit == Unit.WORKING_MINUTES else _("%(n)d小时")
    return words % {"n": hours}


# --- verbs ---------------------------------------------------------------------------------------


def start(
    unit: str,
    amount: int,
    at: datetime | None = None,
    profile: RuleProfile | Mapping | None = None,
) -> Clock:
    """Start a clock. ``profile`` is where the term comes from (or its frozen copy)."""
    at = at or timezone.now()
    nominal, due = reckon(unit, amount, at)
    profile_id = None
    if isinstance(profile, RuleProfile):
        profile.freeze()  # from now on it is never edited
        profile_id = profile.pk
    elif profile:
        profile_id = profile["id"]
    return Clock.objects.create(
        unit=unit,
        amount=amount,
        started_at=at,
        nominal_due_at=nominal,
        due_at=due,
        profile_id=profile_id,
    )


def start_term(
    profile: RuleProfile | Mapping, name: str, at: datetime | None = None, **changes
) -> Clock:
    """Start the term ``name`` of a profile (or frozen copy): ``params[name] = {unit, amount}``.

    ``changes`` replace ``unit`` or ``amount`` (half the limit after a rework).
    """
    params = profile.params if isinstance(profile, RuleProfile) else profile["params"]
    term = {**params[name], **changes}
    return start(term["unit"], term["amount"], at=at, profile=profile)


def _lock(clock: Clock) -> None:
    clock.refresh_from_db(from_queryset=Clock.objects.select_for_update())


def _running(clock: Clock) -> None:
    _lock(clock)
    if clock.stopped_at is not None:
        raise Stopped


def _not_before(clock: Clock, at: datetime) -> None:
    """No verb reaches back before the start, nor into a pause already counted."""
    if at < clock.started_at:
        raise BeforeStart
    if clock.paused_time and clock.pauses.filter(ended_at__gt=at).exists():
        raise BeforeStart


@transaction.atomic
def pause(
    clock: Clock,
    *,
    reason: str,
    by=None,
    max_working_days: int | None = None,
    at: datetime | None = None,
) -> Pause:
    """Stop the time for a recorded reason; ``due_at`` moves when it resumes.

    ``max_working_days`` limits all pauses of this clock together, in working time. When it is
    used up the clock counts on from that very moment, even if nobody resumes it
    (``pause_ends_by``; ``resume_expired`` sweeps). Raises ReasonMissing, Stopped, AlreadyPaused,
    Overdue or PauseUsedUp.
    """
    if not reason.strip():
        raise ReasonMissing
    at = at or timezone.now()
    _running(clock)
    if clock.paused_at is not None:
        raise AlreadyPaused
    _not_before(clock, at)
    if at > clock.due_at:
        raise Overdue(clock.due_at)
    clock.pause_ends_by = None
    if max_working_days is not None:
        days = calendar.read()
        used = clock.pauses.aggregate(total=Sum("counted"))["total"] or NOTHING
        left = max_working_days * calendar.working_day_length() - used
        if left <= NOTHING:
            raise PauseUsedUp(max_working_days)
        clock.pause_ends_by = days.add_time(at, left)
    clock.paused_at = at
    clock.save(update_fields=["paused_at", "pause_ends_by"])
    return Pause.objects.create(clock=clock, reason=reason.strip(), by=by, started_at=at)


@transaction.atomic
def resume(clock: Clock, *, by=None, at: datetime | None = None) -> Clock:
    """Let the time run again: ``due_at`` moves by exactly the paused time.

    Working clocks move by the working time of the pause, others by its wall time; so a term in
    working days may then end in the middle of a day. Raises Stopped, NotPaused or BeforeStart.
    """
    at = at or timezone.now()
    _running(clock)
    if clock.paused_at is None:
        raise NotPaused
    _resume(clock, at, by)
    clock.save(
        update_fields=["paused_at", "pause_ends_by", "paused_time", "nominal_due_at", "due_at"]
    )
    return clock


def _resume(clock: Clock, at: datetime, by) -> None:
    if at < clock.paused_at:
        raise BeforeStart
    days = calendar.read()
    until = min(at, clock.pause_ends_by) if clock.pause_ends_by else at
    stood = _elapsed(clock.unit, clock.paused_at, until, days)
    clock.pauses.filter(ended_at=None).update(
        ended_at=at, ended_by=by, counted=days.time_between(clock.paused_at, until)
    )
    _shift(clock, stood, days)
    clock.paused_time += stood
    clock.paused_at = clock.pause_ends_by = None


def resume_expired(now: datetime | None = None) -> int:
    """Resume every clock whose allowance of pause is used up; returns how many.

    Safe to run twice and beside people: each clock is its own short transaction, in which
    ``pause_used_up`` lets the owner of the clock take its record out of the paused state.
    """
    now = now or timezone.now()
    resumed = 0
    with calendar.steady():
        for clock in Clock.objects.paused().filter(pause_ends_by__lte=now).iterator():
            try:
                with transaction.atomic():
                    resume(clock, at=now)
                    pause_used_up.send(Clock, clock=clock)
            except (Stopped, NotPaused):  # somebody was faster
                continue
            resumed += 1
    return resumed


@transaction.atomic
def extend(clock: Clock, amount: int, reason: str, by=None, *, at: datetime | None = None) -> Clock:
    """Lengthen the term by ``amount`` of its own unit: once, at most doubled, before it is due.

    Raises ReasonMissing, Stopped, AlreadyExtended, ExtensionTooLong or Overdue.
    """
    if not reason.strip():
        raise ReasonMissing
    at = at or timezone.now()
    _running(clock)
    if clock.extended_amount is not None:
        raise AlreadyExtended
    if not 0 < amount <= clock.amount:
        raise ExtensionTooLong(asked=amount, most=clock.amount)
    if clock.paused_at is None and at > clock.due_at:
        raise Overdue(clock.due_at)
    match clock.unit:
        case Unit.WORKING_DAYS:
            more = amount * calendar.working_day_length()
        case Unit.NATURAL_DAYS:
            more = timedelta(days=amount)
        case _:
            more = timedelta(minutes=amount)
    _shift(clock, more, calendar.read())
    clock.extended_amount, clock.extended_at = amount, at
    clock.extended_by, clock.extension_reason = by, reason.strip()
    clock.save(
        update_fields=[
            "nominal_due_at",
            "due_at",
            "extended_amount",
            "extended_at",
            "extended_by",
            "extension_reason",
        ]
    )
    return clock


@transaction.atomic
def stop(clock: Clock, at: datetime | None = None, *, by=None) -> Clock:
    """Stop the clock and write whether it was on time, once and for all.

    Stopping again changes nothing: the first answer stands. A pause still open ends here.
    """
    return _end(clock, at or timezone.now(), by, cancelled_reason="")


@transaction.atomic
def cancel(clock: Clock, reason: str, at: datetime | None = None, *, by=None) -> Clock:
    """End a clock whose matter fell away (merged, withdrawn): it counts in no rate.

    A clock already late cannot escape this way: it is stopped, and stays late. Ending a clock
    that has ended changes nothing. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    return _end(clock, at or timezone.now(), by, cancelled_reason=reason.strip())


def _end(clock: Clock, at: datetime, by, *, cancelled_reason: str) -> Clock:
    _lock(clock)
    if clock.stopped_at is not None:
        return clock
    _not_before(clock, at)
    if clock.paused_at is not None:
        _resume(clock, at, by)
    late = at > clock.due_at
    clock.stopped_at = at
    if cancelled_reason and not late:
        clock.cancelled_reason = cancelled_reason
    else:
        clock.on_time = not late
    clock.save(
        update_fields=[
            "paused_at",
            "pause_ends_by",
            "paused_time",
            "nominal_due_at",
            "due_at",
            "stopped_at",
            "on_time",
            "cancelled_reason",
        ]
    )
    return clock
