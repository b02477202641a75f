"""A year of exchange on the demo street: 268,000 points spent, to the point.

Orders and gifts are told in memory and written in bulk, with the holds, captures, steps and stock
lines the verbs would leave, and so are the months that are settled and cleared; the ledger is
written by its own function. The last month is settled by the verbs. All is invented.
"""

from datetime import date, time
from random import Random

from django.db import transaction
from django.utils import timezone

from exchange.models import Item
from orgs.models import Household
from points import telling
from portal.seeding.exchange import further, setting, settling, writing
from portal.seeding.exchange.year import Teller
from portal.seeding.issues import moments
from portal.seeding.points.cast import HOUSEHOLDS, Cast
from portal.seeding.points.setting import months_back
from portal.seeding.points.year import analyze
from portal.seeding.world import by_weight, settle
from publicity import telling as notice_telling
from rules import calendar

SPENT, MONTHS = 268_000, 12
# More is spent before the holidays, and when there is more to spend.
BUSY = {1: 1.5, 2: 0.8, 9: 1.2, 10: 1.1, 12: 1.3}


def seed_exchange(world, rng: Random, today: date) -> int:
    """Write the demo's exchange for ``world.street``; how many orders. None twice."""
    if Item.objects.exists():
        return 0
    now = min(timezone.localtime(), moments.at(today, time(23, 59)))
    with (
        calendar.steady(),
        transaction.atomic(),
        telling.silently(),
        notice_telling.silently(),
    ):
        cast = Cast(world.street, rng, timezone.localdate(now), getattr(world, "resident", None))
        month = cast.today.replace(day=1)
        first = months_back(month, MONTHS - 1)
        homes = Household.objects.filter(area_path__startswith=cast.street.path).count()
        stalls = setting.open_outlets(cast.street, rng, first, full=homes > HOUSEHOLDS // 4)
        teller = Teller(cast, stalls, rng, calendar.read(), now)
        told = _year(teller, first, spent_of(homes))
        writing.write(teller, told)
        over = [months_back(first, -number) for number in range(MONTHS - 1)]
        settling.write(cast.street, over, rng, now)
        further.write(cast, rng, now)
        settle()
        analyze("exchange_order", "exchange_orderstep", "exchange_stockentry", "points_transfer")
    return len(told)


def spent_of(households: int) -> int:
    """What was spent in twelve months: to the point in the full demo, less in a small one."""
    return SPENT * min(households, HOUSEHOLDS) // HOUSEHOLDS // 10 * 10


def _year(teller: Teller, first: date, whole: int) -> list:
    """Month by month; what a month could not spend, the next ones do."""
    months = [months_back(first, -number) for number in range(MONTHS)]
    weights = [BUSY.get(month.month, 1) * (number + 1) for number, month in enumerate(months)]
    weights[-1] *= teller.cast.today.day / 31
    told, owed = [], 0
    for month, share in zip(months, by_weight(whole, weights), strict=True):
        some = teller.month(month, share + owed)
        owed += share - sum(_spent(some))
        told += some
    return told + teller.fill(whole - sum(_spent(told)))


def _spent(told):
    return (one.points for one in told if one.state == "issued")


__all__ = ["seed_exchange", "spent_of"]
