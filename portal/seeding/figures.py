"""The months of the demo's account, counted, and the last ones published as they would have been.

One community published a month with two closed issues too many (they were reopened later) and
corrected it with the next.
"""

from dataclasses import replace
from datetime import date, datetime, time

from django.utils import timezone

from grids import account, figures, monthly
from orgs.models import Area, AreaLevel
from publicity import disclosures

MONTHS, PUBLISHED_ON = 4, 3


def seed_figures(world, rng, today: date) -> int:
    """How many disclosures were published."""
    account.recount()
    within = Area.objects.open().within(world.street)
    communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
    this_month = today.replace(day=1)
    if today.day < PUBLISHED_ON:
        this_month = figures.month_after(this_month, -1)
    starts_on = figures.month_after(this_month, -MONTHS)
    published = 0
    for number, area in enumerate(communities):
        for step in range(1, MONTHS + 1):
            month = figures.month_after(starts_on, step)
            when = timezone.make_aware(
                datetime.combine(month.replace(day=PUBLISHED_ON), time(8, 30))
            )
            if number == 1 and step == MONTHS - 1:
                published += _publish_two_too_many(area, figures.month_after(month, -1), when)
            published += monthly.publish_of(area, when, starts_on=starts_on)
    return published


def _publish_two_too_many(area: Area, month: date, when: datetime) -> int:
    """What that community believed on the third; the next publication corrects it."""
    shown = account.read(month, area=area)
    *earlier, (last, counts) = shown.months
    believed = {**counts, "closed": counts["closed"] + 2}
    words = monthly.words_of(area, month, replace(shown, months=[*earlier, (last, believed)]))
    disclosures.publish(kind=monthly.KIND, area=area, period=f"{month:%Y-%m}", at=when, **words)
    return 1
