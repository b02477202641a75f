"""Issues of the demo street: thirty of ``data/demo_lists.json`` in every state, a year more.

The thirty go through the verbs like any other, with a moved clock. The year is written in bulk,
with the same steps, clocks and ratings the verbs would leave. Bad news is kept: late ones,
rework, what was not solved, what no department takes. All texts and people are invented.
"""

from datetime import date, time

from django.db import transaction
from django.utils import timezone

from grids import numbers
from grids.models import Issue
from orgs.models import Area, AreaLevel, Household
from portal.seeding.issues import moments, thirty, whistling, writing, year
from portal.seeding.issues.cast import Cast
from rules import calendar

PREFIX = "QT"


def seed_issues(world, rng, today: date) -> int:
    """Write the demo's issues; how many there are then. ``rng``: the seed's random source.

    Reads the street from the database; ``world`` may carry ``street`` (Area) and ``resident``
    (the Person of the demo account, who gets some issues of their own).
    Does nothing when there are issues already.
    """
    if Issue.objects.exists():
        return Issue.objects.count()
    street = getattr(world, "street", None) or _street()
    now = min(timezone.now(), moments.at(today, time(23, 59)))
    numbers.name_series(street, PREFIX)
    with calendar.steady(), transaction.atomic():
        cast = Cast(street, rng, getattr(world, "resident", None))
        households = Household.objects.filter(area_path__startswith=street.path).count()
        volume = year.volume(households)
        calls = max(1, round(whistling.COUNT * volume / year.VOLUME))
        stories = year.seed(
            cast, rng, now, count=volume - thirty.COUNT, without=calls, prefix=PREFIX
        )
        writing.write(stories)
        whistling.Whistler(cast, rng, now).year(calls)
        thirty.seed(cast, rng, now)
    return Issue.objects.count()


def _street() -> Area:
    community = Area.objects.filter(level=AreaLevel.COMMUNITY, numchild__gt=0).first()
    return community.ancestor(AreaLevel.SUBDISTRICT)
