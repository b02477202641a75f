"""When things happen: in working hours, in the evening, on the days on which people report."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from django.utils import timezone

from rules import calendar

# Monday to Sunday; a holiday is like a Sunday.
WEEKDAYS = (1.25, 1.1, 1.05, 1.0, 1.0, 0.7, 0.55)
# January to December: New Year's quiet, the rain and the open windows of the summer.
MONTHS = (0.92, 0.7, 0.95, 0.98, 1.02, 1.15, 1.25, 1.2, 1.02, 0.9, 0.92, 1.0)
HOURS = {7: 3, 8: 7, 9: 10, 10: 9, 11: 6, 12: 4, 13: 3, 14: 6, 15: 7, 16: 7, 17: 8, 18: 9, 19: 8,
         20: 6, 21: 3}  # fmt: skip
STORMS, DAYS = 4, 365


def at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())


def share(start: datetime, end: datetime, part: float) -> datetime:
    """A part of the way from ``start`` to ``end``, in working hours where there are enough."""
    minutes = calendar.working_minutes_between(start, end)
    if minutes >= 60:
        return calendar.add_working_minutes(start, max(1, int(minutes * part)))
    return start + (end - start) * part


def some_evening(after: datetime, rng, *, most: int) -> datetime:
    """When people answer: a day or more later, awake."""
    day = timezone.localdate(after) + timedelta(days=rng.randint(1, most))
    return at(day, time(rng.randint(8, 21), rng.randint(0, 59)))


class Year:
    """The days before ``now``, each with its weight; the wettest of the rainy months are stormy."""

    def __init__(self, now: datetime, rng):
        self.now, self.rng = now, rng
        today = timezone.localdate(now)
        self.days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
        wet = [day for day in self.days if day.month in {6, 7, 8}]
        self.storms = frozenset(rng.sample(wet, min(STORMS, len(wet))))
        self._weights = list(accumulate(self._weight(day) for day in self.days))

    def _weight(self, day: date) -> float:
        quiet = day.weekday() < 5 and not calendar.is_working_day(day)
        weight = MONTHS[day.month - 1] * WEEKDAYS[6 if quiet else day.weekday()]
        return weight * self.rng.uniform(0.85, 1.15) * (2.2 if day in self.storms else 1)

    def reports(self, count: int) -> Iterator[datetime]:
        """``count`` moments of the year, none of them ahead, in order."""
        hours, weights = list(HOURS), list(HOURS.values())
        moments = []
        while len(moments) < count:
            [day] = self.rng.choices(self.days, cum_weights=self._weights)
            [hour] = self.rng.choices(hours, weights)
            moment = at(day, time(hour, self.rng.randint(0, 59)))
            if moment < self.now:
                moments.append(moment)
        return iter(sorted(moments))
