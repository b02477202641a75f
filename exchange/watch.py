"""What deserves a second look in the exchange, found by the beat: each finding opens a case, once.

Nothing here accuses. From when on something is noticed stands in the rule profile EXCHANGE.

    speed    one household (or person without one) orders many times on a day
    pair     one person is handed things by the same server again and again in a month
    staff    who stands behind the counter, or somebody at their home, orders there in a month
    outlet   one outlet hands over most of what a community exchanges in a month
    helper   one worker places most of a community's orders for others in a month

It looks at this month and the last, so what was missed while it stood still is made up for. A
month's shares are looked at when the month is over.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, DateField, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone

from exchange import cases, terms, who
from exchange.models import COUNTING, Case, CaseKind, Order, OrderState, Outlet
from exchange.settled import begins, first_of, month_before
from orgs import access
from orgs.models import Area, Residence
from rules.profiles import NoProfile

logger = logging.getLogger(__name__)
MOST_ORDERS = 200  # kept with a case, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """From when on something is noticed. A profile from before a mark has the code's."""

    orders_per_day: int = 3
    same_pair_per_month: int = 4
    staff_per_month: int = 3
    outlet_share_percent: int = 40
    outlet_at_least: int = 20
    helper_share_percent: int = 60
    helper_at_least: int = 10


def marks_at(area: Area, on: date | None = None) -> Marks:
    params = terms.at(area, on).params
    return Marks(
        **{name: params[f"watch_{name}"] for name in Marks.__slots__ if f"watch_{name}" in params}
    )


@dataclass
class Finding:
    kind: str
    key: str
    since: date
    facts: dict
    orders: QuerySet
    concerned: dict = field(default_factory=dict)  # person_id, server_id, household_id, outlet_id


def look(*, at: datetime | None = None) -> int:
    """Open a case for whatever is new; how many. The beat calls it; twice finds nothing."""
    at = at or timezone.now()
    today = timezone.localdate(at)
    since = begins(month_before(today))
    orders = Order.objects.filter(placed_at__gte=since, placed_at__lte=at, person__isnull=False)
    places = Area.objects.filter(pk__in=orders.values("area")).order_by("pk")
    opened = 0
    for area in places:
        try:
            marks = marks_at(area, today)
        except NoProfile as missing:
            logger.warning("look: %s has no terms, nothing is noticed: %s", area, missing)
            continue
        found = list(_findings(area, marks, today))
        known = set(
            Case.objects.filter(key__in=[row.key for row in found]).values_list("key", flat=True)
        )
        for finding in found:
            if finding.key not in known:
                opened += cases.open_for(
                    area,
                    kind=finding.kind,
                    key=finding.key,
                    since=finding.since,
                    facts=finding.facts,
                    orders=finding.orders.order_by("-pk")[:MOST_ORDERS],
                    at=at,
                    **finding.concerned,
                )
    return opened


def _findings(area: Area, marks: Marks, today: date) -> Iterator[Finding]:
    since = month_before(today)
    own = Order.objects.filter(area=area, person__isnull=False).order_by()
    placed = own.filter(placed_at__gte=begins(since), state__in=COUNTING)
    issued = own.filter(ended_at__gte=begins(since), state=OrderState.ISSUED)
    yield from _speed(placed, marks)
    yield from _pairs(issued, marks)
    yield from _staff(placed, marks)
    over = issued.filter(ended_at__lt=begins(first_of(today)))
    yield from _outlets(area, over, marks)
    yield from _helpers(area, placed.filter(placed_at__lt=begins(first_of(today))), marks)


def _month_of(column: str) -> TruncMonth:
    """As a day, so that it can be compared with one."""
    return TruncMonth(column, output_field=DateField())


def _speed(placed, marks: Marks) -> Iterator[Finding]:
    by_day = placed.annotate(day=TruncDate("placed_at"))
    for owner, others in (("household", {}), ("person", {"household": None})):
        rows = (
            by_day.filter(**others)
            .exclude(**{owner: None})
            .values("day", owner)
            .annotate(n=Count("pk"), total=Sum("points"))
            .filter(n__gte=marks.orders_per_day)
        )
        for row in rows:
            pk, day = row[owner], row["day"]
            yield Finding(
                CaseKind.SPEED,
                f"speed:{owner}:{pk}:{day}",
                day,
                {"times": row["n"], "points": row["total"], "mark": marks.orders_per_day},
                by_day.filter(day=day, **{owner: pk}),
                {f"{owner}_id": pk},
            )


def _pairs(issued, marks: Marks) -> Iterator[Finding]:
    by_month = issued.annotate(month=_month_of("ended_at"))
    rows = (
        by_month.exclude(issued_by=None)
        .values("month", "person", "issued_by")
        .annotate(n=Count("pk"), total=Sum("points"))
        .filter(n__gte=marks.same_pair_per_month)
    )
    for row in rows:
        month = row["month"]
        person, server = row["person"], row["issued_by"]
        yield Finding(
            CaseKind.PAIR,
            f"pair:{person}:{server}:{month}",
            month,
            {"times": row["n"], "points": row["total"], "mark": marks.same_pair_per_month},
            by_month.filter(month=row["month"], person=person, issued_by=server),
            {"person_id": person, "server_id": server},
        )


def _staff(placed, marks: Marks) -> Iterator[Finding]:
    bodies = set(placed.values_list("offer__outlet__organization", flat=True).distinct())
    for body in sorted(bodies):
        servers = access.holders_of(who.SERVE, [body])
        homes = Residence.objects.verified().filter(person__in=servers).values("household")
        near = (
            placed.filter(offer__outlet__organization=body)
            .filter(Q(person__in=servers) | Q(household__in=homes))
            .annotate(month=_month_of("placed_at"))
        )
        rows = (
            near.values("month", "person")
            .annotate(n=Count("pk"), total=Sum("points"))
            .filter(n__gte=marks.staff_per_month)
        )
        for row in rows:
            month, person = row["month"], row["person"]
            theirs = near.filter(month=row["month"], person=person)
            last = theirs.order_by("-pk").values("household", "offer__outlet").first()
            yield Finding(
                CaseKind.STAFF,
                f"staff:{person}:{body}:{month}",
                month,
                {"times": row["n"], "points": row["total"], "mark": marks.staff_per_month},
                theirs,
                {
                    "person_id": person,
                    "household_id": last["household"],
                    "outlet_id": last["offer__outlet"],
                },
            )


def _outlets(area: Area, over, marks: Marks) -> Iterator[Finding]:
    """Where there is another outlet to go to."""
    if Outlet.objects.filter(closed_on=None, offers__orders__area=area).distinct().count() < 2:
        return
    by_month = over.annotate(month=_month_of("ended_at"))
    for row in _shares(by_month, "offer__outlet", Sum("points")):
        if row["all_n"] < marks.outlet_at_least:
            continue
        if row["part"] * 100 >= row["all"] * marks.outlet_share_percent:
            month, outlet = row["month"], row["offer__outlet"]
            yield Finding(
                CaseKind.OUTLET,
                f"outlet:{area.pk}:{outlet}:{month}",
                month,
                {
                    "times": row["n"],
                    "points": row["part"],
                    "all": row["all"],
                    "percent": row["part"] * 100 // row["all"],
                    "mark": marks.outlet_share_percent,
                },
                by_month.filter(month=row["month"], offer__outlet=outlet),
                {"outlet_id": outlet},
            )


def _helpers(area: Area, placed, marks: Marks) -> Iterator[Finding]:
    helped = placed.exclude(placed_by=F("person")).annotate(month=_month_of("placed_at"))
    for row in _shares(helped, "placed_by", Count("pk")):
        if row["n"] < marks.helper_at_least:
            continue
        if row["part"] * 100 >= row["all"] * marks.helper_share_percent:
            month, worker = row["month"], row["placed_by"]
            yield Finding(
                CaseKind.HELPER,
                f"helper:{area.pk}:{worker}:{month}",
                month,
                {
                    "times": row["n"],
                    "all": row["all"],
                    "percent": row["part"] * 100 // row["all"],
                    "mark": marks.helper_share_percent,
                },
                helped.filter(month=row["month"], placed_by=worker),
                {"server_id": worker},
            )


def _shares(rows, column: str, measure) -> list[dict]:
    """Per month and ``column``: ``n`` and ``part``; of the whole month ``all_n`` and ``all``."""
    found = list(rows.values("month", column).annotate(n=Count("pk"), part=measure))
    for row in found:
        month = [other for other in found if other["month"] == row["month"]]
        row["all"] = sum(other["part"] for other in month)
        row["all_n"] = sum(other["n"] for other in month)
    return found
