"""The thresholds of points as they hold at a place (rule profile POINTS)."""

from datetime import date

from rules import profiles

CODE = "POINTS"


def at(place, on: date | None = None):
    """The profile in force for an area on a day (default today). Raises NoProfile."""
    return profiles.in_force(CODE, place=place.code, on=on)
