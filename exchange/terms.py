"""The thresholds of the exchange as they hold at a place (rule profile EXCHANGE)."""

from datetime import date

from rules import profiles

CODE = "EXCHANGE"


def at(place, on: date | None = None):
    """The profile in force for an area on a day (default today). Raises NoProfile."""
    return profiles.in_force(CODE, place=place.code, on=on)
