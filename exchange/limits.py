"""How many pieces and points somebody may still exchange: by item and month, by household and year.

Counted over open orders and those handed over, by the day they were placed, in the person's
household: the limit belongs to the door, whoever orders and from whichever account. What a person
had goes along when they move. Who orders takes the locks first, so two at once cannot pass a
limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange.models import COUNTING, Item, ItemTerms, Order
from orgs.compiled import Among, compiled
from points import terms as point_terms
from rules.refusals import Refused


class OverLimit(Refused):
    """``left``: how many pieces one may still have."""

    def __init__(self, text: str, left: int):
        self.left = left
        super().__init__(text)


class OverYear(Refused):
    def __init__(self, *, most: int, left: int):
        self.left = left
        text = _("每户每年最多兑换 %(most)d 分，今年还可以兑换 %(left)d 分")
        super().__init__(text % {"most": most, "left": max(left, 0)})


@dataclass(frozen=True)
class Left:
    """What of one item is left this month; None is without limit."""

    pieces: int | None
    words: str = ""


def lock(household_id: int | None, person_id: int | None) -> None:
    """Whoever orders for this person or door waits for the one before. Released at commit.

    Persons first, then doors, so that nobody waits in a circle.
    """
    keys = [f"exchange:{kind}{pk}" for kind, pk in (("p", person_id), ("h", household_id)) if pk]
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def left(item: Item, terms: ItemTerms, *, person, household, on: date) -> Left:
    """The tighter of the two monthly limits. One query, none without a limit."""
    return left_of_all([terms], person=person, household=household, on=on)[item.pk]


def left_of_all(found: Iterable[ItemTerms], *, person, household, on: date) -> dict[int, Left]:
    """Item → what is left of it, for many at once. One query, none without a limit."""
    found = list(found)
    limited = [row.item_id for row in found if row.household_monthly or row.person_monthly]
    had: dict[int, tuple[int, int]] = {}
    if limited:
        first, after = _month(on)
        of = {"items": limited, "first": first, "after": after, "person": person.pk}
        if household is not None:
            of["household"] = household.pk
        had = {item: (door or 0, own or 0) for item, door, own in _placed(**of)}
    return {row.item_id: _tighter(row, *had.get(row.item_id, (0, 0))) for row in found}


@compiled
def _placed(*, items, first, after, person, household=None):
    door, own = _of_door(person, household), Q(person=person)
    placed = Order.objects.filter(
        door | own,
        Among("offer__item", items),
        state__in=COUNTING,
        placed_at__gte=first,
        placed_at__lt=after,
    )
    totals = placed.values("offer__item").annotate(
        door=Sum("quantity", filter=door), own=Sum("quantity", filter=own)
    )
    return totals.order_by().values_list("offer__item", "door", "own")


def _tighter(terms: ItemTerms, door: int, own: int) -> Left:
    tightest = Left(None)
    for limit, had, text in (
        (terms.household_monthly, door, _("每户每月最多 %(limit)d 件")),
        (terms.person_monthly, own, _("每人每月最多 %(limit)d 件")),
    ):
        if limit is None:
            continue
        pieces = max(limit - had, 0)
        if tightest.pieces is None or pieces < tightest.pieces:
            tightest = Left(pieces, text % {"limit": limit})
    return tightest


def words(terms: ItemTerms) -> str:
    """每户每月最多 2 件，每人每月最多 1 件; empty without a limit."""
    parts = []
    if terms.household_monthly:
        parts.append(_("每户每月最多 %(limit)d 件") % {"limit": terms.household_monthly})
    if terms.person_monthly:
        parts.append(_("每人每月最多 %(limit)d 件") % {"limit": terms.person_monthly})
    return "，".join(parts)


def left_of_year(community, *, person, household, on: date) -> int:
    """Points the household may still exchange this year (POINTS, household_yearly_spend)."""
    most = point_terms.at(community, on).params["household_yearly_spend"]
    spent = Order.objects.filter(
        _of_door(person, household),
        state__in=COUNTING,
        placed_at__gte=_midnight(date(on.year, 1, 1)),
        placed_at__lt=_midnight(date(on.year + 1, 1, 1)),
    ).aggregate(total=Sum("points"))["total"]
    return most - (spent or 0)


def check(order: Order, *, item: Item, community, on: date) -> None:
    """Raises OverLimit or OverYear; after ``lock``."""
    door = {"person": order.person, "household": order.household, "on": on}
    month = left(item, order.terms, **door)
    if month.pieces is not None and order.quantity > month.pieces:
        text = _("%(limit)s，本月还可以兑换 %(left)d 件")
        raise OverLimit(text % {"limit": month.words, "left": month.pieces}, month.pieces)
    year = left_of_year(community, **door)
    if order.points > year:
        most = point_terms.at(community, on).params["household_yearly_spend"]
        raise OverYear(most=most, left=year)


def _of_door(person, household) -> Q:
    """What went to the door, and what the person had elsewhere: moving house renews no limit."""
    own = Q(person=person)
    return Q(household=household) | own if household is not None else own


def _month(on: date) -> tuple[datetime, datetime]:
    first = on.replace(day=1)
    return _midnight(first), _midnight((first + timedelta(days=31)).replace(day=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
