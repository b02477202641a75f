"""The thresholds of points as they hold at a place (rule profile POINTS)."""

from calendar import monthrange
from datetime import date

from django.db.models import Subquery

from rules import profiles

CODE = "POINTS"


def at(place, on: date | None = None):
    """The profile in force for an area on a day (default today). Raises NoProfile."""
    return profiles.in_force(CODE, place=place.code, on=on)


def params_around(code, on) -> Subquery:
    """The params ``at`` would find, inside a query; both may be expressions. See ``found``."""
    return profiles.params_in_force(CODE, around=code, on=on)


def found(params: dict | None, place, on: date) -> dict:
    """What ``params_around`` brought for ``place``. Raises NoProfile."""
    if params is None:
        raise profiles.NoProfile((CODE,), place.code, on)
    return params


def months_after(day: date, months: int) -> date:
    """The same day some months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
