"""The thresholds of points as they hold at a place (rule profile POINTS)."""

from calendar import monthrange
from datetime import date

from rules import profiles

CODE = "POINTS"


def at(place, on: date | None = None):
    """The profile in force for an area on a day (default today). Raises NoProfile."""
    return profiles.in_force(CODE, place=place.code, on=on)


def months_after(day: date, months: int) -> date:
    """The same day some months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
