"""The working calendar: which days and hours count, and how terms are reckoned over them.

A day works as the override table says; else as the ``holidays`` package knows the State
Council's notices (days off, worked weekends); else Monday to Friday. ``add_*`` follow the Civil
Code: the start day does not count (CC 201), a term ending on a rest day ends on the next working
day (CC 203).

**How overrides are cached.** They are few (some forty a year), so they are read whole, in one
query, as a ``Days`` snapshot. Inside one web request, one Celery task or a ``with steady():``
block the snapshot is read at most once; outside of these every question reads afresh. Nothing
outlives its request, so no process can go on with an old calendar, and a page of a hundred
clocks costs one query.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import holidays
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

DEFAULT_HOURS = "08:30-12:00,14:00-17:30"
ONE_DAY = timedelta(days=1)
NOTHING = timedelta()
DateOrTime = TypeVar("DateOrTime", date, datetime)


# --- what the package and the settings know ------------------------------------------------------


class Year(NamedTuple):
    """One year as the ``holidays`` package has it."""

    names: dict[date, str]  # days off besides ordinary weekends, with their Chinese names
    worked: frozenset[date]  # weekends on which work is done
    statutory: frozenset[date]  # the holidays of the law itself, without the days moved for them
    is_announced: bool  # does the package know the State Council's notice of this year?


@lru_cache(maxsize=64)
def official(year: int) -> Year:
    """The built-in year. A notice always moves days, so a year without moved days is a forecast."""
    known = holidays.country_holidays("CN", years=year, language="zh_CN")
    names = {day: name for day, name in known.items() if day.year == year}
    moved = frozenset(day for day, name in names.items() if "（" in name)
    worked = frozenset(day for day in known.weekend_workdays if day.year == year)
    swapped = any("调休" in name for name in names.values())
    return Year(names, worked, frozenset(names) - moved, bool(worked) or swapped)


@lru_cache(maxsize=8)
def _parse_hours(text: str) -> tuple[tuple[time, time], ...]:
    try:
        spans = []
        for part in text.split(","):
            opens, closes = part.strip().split("-")
            spans.append((time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())))
    except ValueError:
        raise ImproperlyConfigured(
            f"WORKING_HOURS={text!r}：须写作 08:30-12:00,14:00-17:30"
        ) from None
    edges = [edge for span in spans for edge in span]
    if any(earlier >= later for earlier, later in pairwise(edges)):
        raise ImproperlyConfigured(f"WORKING_HOURS={text!r}：时段须由早到晚且不重叠")
    return tuple(spans)


def working_hours() -> tuple[tuple[time, time], ...]:
    """The day's opening spans, from ``settings.WORKING_HOURS`` ("08:30-12:00,14:00-17:30")."""
    return _parse_hours(getattr(settings, "WORKING_HOURS", "") or DEFAULT_HOURS)


def _length(span: tuple[time, time]) -> timedelta:
    return datetime.combine(date.min, span[1]) - datetime.combine(date.min, span[0])


def working_day_length() -> timedelta:
    """The working time of one day: 7 h with the default hours."""
    return sum((_length(span) for span in working_hours()), NOTHING)


# --- one reading of the calendar -----------------------------------------------------------------


class Days:
    """The calendar at one moment: the built-in years with ``overrides`` on top. No queries."""

    def __init__(self, overrides: Mapping[date, bool]):
        self.overrides = overrides

    def works(self, day: date) -> bool:
        override = self.overrides.get(day)
        if override is not None:
            return override
        year = official(day.year)
        if day.weekday() >= 5:
            return day in year.worked
        return day not in year.names

    def next_working(self, day: date) -> date:
        """``day`` itself, or the first working day after it."""
        while not self.works(day):
            day += ONE_DAY
        return day

    def add_days(self, day: date, n: int) -> date:
        """The ``n``-th working day after ``day`` (before it, when negative); 0: ``day`` itself."""
        step = ONE_DAY if n > 0 else -ONE_DAY
        left = abs(n)
        while left:
            day += step
            left -= self.works(day)
        return day

    def days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; negative when ``end`` is earlier."""
        if end < start:
            return -self.days_between(end, start)
        span = (end - start).days
        return sum(self.works(start + timedelta(days=n)) for n in range(1, span + 1))

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working spans of ``day`` as aware instants; none on a rest day."""
        if not self.works(day):
            return []
        return [(_at(day, opens), _at(day, closes)) for opens, closes in working_hours()]

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from ``start`` to ``end``; negative when ``end`` is earlier."""
        if end < start:
            return -self.time_between(end, start)
        first, last = local_day(start), local_day(end)
        whole = max((last - first).days - 1, 0)
        total = NOTHING
        for day in {first, last}:
            for opens, closes in self.spans(day):
                total += max(min(closes, end) - max(opens, start), NOTHING)
        full = sum(self.works(first + timedelta(days=n)) for n in range(1, whole + 1))
        return total + full * working_day_length()

    def add_time(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which ``amount`` of working time has passed since ``start``.

        Positive: the first such instant (noon, not two o'clock). Negative: the last instant from
        which that much working time leads up to ``start``. Zero: ``start`` itself.
        """
        if not amount:
            return start
        day, forward = local_day(start), amount > NOTHING
        left = abs(amount)
        while True:
            spans = self.spans(day)
            for opens, closes in spans if forward else reversed(spans):
                opens, closes = (
                    (max(opens, start), closes) if forward else (opens, min(closes, start))
                )
                here = closes - opens
                if here <= NOTHING:
                    continue
                # Backwards, a span used up exactly ends at the opening: work starts there.
                if left <= here:
                    return opens + left if forward else closes - left
                left -= here
            day += ONE_DAY if forward else -ONE_DAY

    def close_of(self, day: date) -> datetime:
        """End of business on ``day`` (rest days have the same hour, should anyone ask)."""
        return _at(day, working_hours()[-1][1])


def local_day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())


def end_of_day(day: date) -> datetime:
    """24:00 of ``day``, written as its last microsecond so that it shows the right date."""
    return _at(day, time.max)


class _Scope:
    days: Days | None = None


_scope: ContextVar[_Scope | None] = ContextVar("rules_calendar_scope", default=None)


def read() -> Days:
    """The calendar now: one query, or none when this request or task has asked before."""
    scope = _scope.get()
    if scope is not None and scope.days is not None:
        return scope.days
    from rules.models import WorkingDayOverride

    days = Days(dict(WorkingDayOverride.objects.values_list("day", "works")))
    if scope is not None:
        scope.days = days
    return days


def forget() -> None:
    """Read again at the next question; called by whoever changes the override table."""
    scope = _scope.get()
    if scope is not None:
        scope.days = None


@contextmanager
def steady() -> Iterator[None]:
    """Read the calendar at most once inside this block (a sweep over many clocks, a seed)."""
    token = _scope.set(_Scope())
    try:
        yield
    finally:
        _scope.reset(token)


def open_scope(**_signal) -> None:
    """A request or task begins (connected in ``RulesConfig.ready``)."""
    _scope.set(_Scope())


def close_scope(**_signal) -> None:
    _scope.set(None)


# --- questions -----------------------------------------------------------------------------------


def is_working_day(day: date) -> bool:
    return read().works(day)


def next_working_day(day: date) -> date:
    """``day`` itself when it works, else the first working day after it."""
    return read().next_working(day)


def add_working_days(start: DateOrTime, n: int) -> DateOrTime:
    """The ``n``-th working day after ``start``, which does not count itself (CC 201).

    A datetime keeps its time of day. Negative ``n`` goes back.
    """
    if isinstance(start, datetime):
        local = timezone.localtime(start)
        return datetime.combine(read().add_days(local.date(), n), local.timetz())
    return read().add_days(start, n)


def working_days_between(start: date, end: date) -> int:
    """Working days after ``start`` up to and with ``end``."""
    return read().days_between(start, end)


def add_working_minutes(start: datetime, minutes: int) -> datetime:
    """The instant at which ``minutes`` of working time have passed; negative goes back."""
    return read().add_time(start, timedelta(minutes=minutes))


def working_time_between(start: datetime, end: datetime) -> timedelta:
    return read().time_between(start, end)


def working_minutes_between(start: datetime, end: datetime) -> int:
    """Whole working minutes from ``start`` to ``end`` (negative when ``end`` is earlier)."""
    time = working_time_between(start, end)
    whole = abs(time) // timedelta(minutes=1)
    return whole if time >= NOTHING else -whole


def add_natural_days(day: date, n: int) -> date:
    """``n`` days after ``day``; on a rest day, the working day after it (CC 201, 203)."""
    return read().next_working(day + timedelta(days=n))


def add_months(day: date, n: int) -> date:
    """The same date ``n`` months on, or the month's last (CC 202), rolled over rest days."""
    month = day.year * 12 + day.month - 1 + n
    year, month = month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - ONE_DAY).day
    return read().next_working(date(year, month, min(day.day, last)))


def is_provisional(year: int) -> bool:
    """No official notice is known for ``year``: neither built in nor imported."""
    from rules.models import CalendarNotice

    if official(year).is_announced:
        return False
    return not CalendarNotice.objects.filter(
        year=year, is_complete=True, undone_at__isnull=True
    ).exists()


def import_notice(file, *, year: int, source: str, reason: str, by, is_complete: bool = True):
    """Take in a notice from an open file (or its text); see ``rules.overrides.take_in``."""
    from rules import overrides

    text = file if isinstance(file, str) else overrides.decode(file.read())
    return overrides.take_in(
        text, year, source=source, reason=reason, by=by, is_complete=is_complete
    )


class MonthDay(NamedTuple):
    day: date
    works: bool
    name: str  # 国庆节, 调休 …; empty on ordinary days
    override: bool

    @property
    def number(self) -> int:
        return self.day.day

    @property
    def mark(self) -> str:
        """rest (a plain weekend), off (a rest day in the week), worked (a weekend at work)."""
        if self.day.weekday() >= 5:
            return "worked" if self.works else "rest"
        return "" if self.works else "off"

    @property
    def word(self) -> str:
        return {"off": "休", "worked": "班"}.get(self.mark, "")


def month_grid(year: int, month: int, days: Days) -> list[list[MonthDay | None]]:
    """Weeks from Monday; None outside the month."""
    first = date(year, month, 1)
    cells: list[MonthDay | None] = [None] * first.weekday()
    day = first
    while day.month == month:
        cells.append(MonthDay(day, days.works(day), day_name(day, days), day in days.overrides))
        day += ONE_DAY
    cells += [None] * (-len(cells) % 7)
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def day_name(day: date, days: Days) -> str:
    """What is special about ``day``, in Chinese; empty when nothing is."""
    works, weekend = days.works(day), day.weekday() >= 5
    name = official(day.year).names.get(day, "")
    if works:
        return "调休上班" if weekend else ""
    if name:
        return "调休" if "调休" in name else name.split("（")[0]
    return "" if weekend else "放假"
