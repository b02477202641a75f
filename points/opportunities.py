"""How to earn near somebody this week: every app says what it has.

A provider is ``function(person, week) -> list[Opportunity]``; ``week`` is its Monday. Apps above
register theirs in ``AppConfig.ready``: ``opportunities.register(shifts_near)``.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from points.models import Evidence, Source

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opportunity:
    """``points`` is what it may bring now, for the order; ``on`` a day it is tied to."""

    title: str
    gives: str
    points: int
    href: str = ""
    needs: str = ""
    free: str = ""
    note: str = ""
    on: date | None = None
    comes_by_itself: bool = False
    needs_certificate: bool = False


Provider = Callable[[object, date], list[Opportunity]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Once per provider, however often an app gets ready."""
    if provider not in _providers:
        _providers.append(provider)


def this_week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def of(person, day: date) -> list[Opportunity]:
    """All there is, what fits best first: tied to a day of this week, then by what it brings;
    what needs a certificate comes last.

    A provider that fails is left out and logged: the others still show.
    """
    found: list[Opportunity] = []
    for provider in _providers:
        try:
            found += provider(person, this_week(day))
        except Exception:
            logger.exception("a provider of opportunities failed: %r", provider)
    return sorted(found, key=lambda row: _fit(row, day))


def _fit(row: Opportunity, day: date):
    return (row.on is None, row.on or day, row.needs_certificate, -row.points, row.title)


def rules_of_my_place(person, week: date) -> list[Opportunity]:
    """The rules of points: what one may claim, and what comes by itself. The caps of today."""
    from points import earning

    today = timezone.localdate()
    home = earning.home_of(person, today)
    if home is None:
        return []
    rows = []
    for chance in earning.chances(person, home, today):
        if not chance.is_open:
            continue
        rows.append(
            Opportunity(
                title=chance.version.title,
                gives=chance.gives,
                points=chance.brings,
                href="" if chance.by_itself else reverse("points:claim_new", args=[chance.code]),
                needs=_by_itself(chance.version) if chance.by_itself else chance.needs,
                free=chance.free,
                note=chance.version.note,
                comes_by_itself=chance.by_itself,
                needs_certificate=chance.version.evidence == Evidence.DOCUMENT,
            )
        )
    return rows


def _by_itself(version) -> str:
    if Source.LEADER in version.sources:
        return _("不用申报，由负责人集中申报")
    return _("不用申报，核实后自动提出")
