"""Periods that disclosures are about: 2026-10, 2026-Q3, 2026-H1, or a single day."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from django.utils.translation import gettext as _

from publicity.models import Every

MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6}
PATTERN = re.compile(r"^(\d{4})-(?:Q([1-4])|H([12])|(\d{2})(?:-(\d{2}))?)$")


def code_of(every: str, day: date) -> str:
    """The period of ``every`` that ``day`` lies in."""
    if every == Every.ONCE:
        return day.isoformat()
    if every == Every.MONTH:
        return f"{day:%Y-%m}"
    letter = "Q" if every == Every.QUARTER else "H"
    return f"{day.year}-{letter}{(day.month - 1) // MONTHS[every] + 1}"


def first_day(every: str, day: date) -> date:
    months = MONTHS[every]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def following(every: str, first: date) -> date:
    """The first day of the period after the one that begins on ``first``."""
    month = first.month + MONTHS[every]
    return date(first.year + (month > 12), (month - 1) % 12 + 1, 1)


def ended(every: str, since: date, today: date) -> Iterator[tuple[str, date]]:
    """(code, the day after it) of every period over by ``today``, from the one of ``since`` on."""
    first = first_day(every, since)
    while (after := following(every, first)) <= today:
        yield code_of(every, first), after
        first = after


def begins(code: str) -> date | None:
    """The first day of the period a code names; None for what is no period."""
    found = PATTERN.match(code)
    if found is None:
        return None
    year, quarter, half, month, day = found.groups()
    if quarter:
        return date(int(year), int(quarter) * 3 - 2, 1)
    if half:
        return date(int(year), int(half) * 6 - 5, 1)
    try:
        return date(int(year), int(month), int(day or 1))
    except ValueError:
        return None


def recent(today: date) -> list[str]:
    """What a person may choose from: the last months, quarters, half-year, and today."""
    codes = []
    for every, count in ((Every.MONTH, 3), (Every.QUARTER, 2), (Every.HALF_YEAR, 1)):
        day = first_day(every, today)
        for _n in range(count):
            day = first_day(every, day - timedelta(days=1))
            codes.append(code_of(every, day))
    return [*codes, today.isoformat()]


def label(code: str) -> str:
    """2026年10月, 2026年第3季度, 2026年上半年, 2026年11月24日; another text as it is."""
    found = PATTERN.match(code)
    if found is None:
        return code
    year, quarter, half, month, day = found.groups()
    if quarter:
        return _("%(year)s年第%(n)s季度") % {"year": year, "n": quarter}
    if half:
        text = _("%(year)s年上半年") if half == "1" else _("%(year)s年下半年")
        return text % {"year": year}
    if day:
        return _("%(year)s年%(month)d月%(day)d日") % {
            "year": year,
            "month": int(month),
            "day": int(day),
        }
    return _("%(year)s年%(month)d月") % {"year": year, "month": int(month)}
