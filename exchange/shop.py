"""What a resident reads in the window: things with their price, where they lie, what limits leave.

Reads only. A page of any length costs the same few queries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from math import isqrt

from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import drawings, limits
from exchange.flow import next_day
from exchange.limits import Left
from exchange.models import (
    Favourite,
    Item,
    ItemKind,
    ItemTerms,
    Offer,
    Outlet,
    RedemptionStop,
)
from orgs.models import Area, Household, Residence, Site
from points import who as point_people
from points.models import Account, AccountKind
from ui.dates import day_text

# --- who stands before the window ----------------------------------------------------------------


@dataclass
class Customer:
    """Somebody's home and the accounts they may pay from; a visitor has neither."""

    person: object = None
    home: Household | None = None
    accounts: list[Account] = field(default_factory=list)
    street: Area | None = None  # chosen by a visitor, who has no place of their own

    @property
    def most(self) -> int:
        """What one order may cost: one account pays it."""
        return max((account.available for account in self.accounts), default=0)

    @property
    def total(self) -> int:
        return sum(account.available for account in self.accounts)

    @property
    def path(self) -> str:
        """Whose window it is: of the home, else of the books, else of the street looked at."""
        if self.home is not None:
            return self.home.area_path
        if self.accounts:
            return self.accounts[0].community.path
        return self.street.path if self.street else ""

    @property
    def site(self) -> Site | None:
        return getattr(self.home.area, "site", None) if self.home is not None else None


def customer(person) -> Customer:
    """Two queries; none for a visitor."""
    if not person.is_authenticated:
        return Customer()
    return at_home(person, list(homes().filter(person=person)))


def homes() -> QuerySet[Residence]:
    """The one moved into last comes first."""
    rows = Residence.objects.verified().select_related("household__area__site")
    return rows.order_by("-starts_on", "-pk")


def at_home(person, homes: list[Residence]) -> Customer:
    """Of somebody whose ``homes`` are read. One query."""
    shared = [] if point_people.may_be_minor(person, timezone.localdate()) else homes
    accounts = Account.objects.filter(
        Q(person=person, kind=AccountKind.PERSON)
        | Q(household__in=[row.household_id for row in shared], kind=AccountKind.HOUSEHOLD)
    )
    rows = list(accounts.select_related("community").order_by("community", "pk"))
    rows.sort(key=lambda account: account.kind == AccountKind.HOUSEHOLD)
    return Customer(person, homes[0].household if homes else None, rows)


def streets() -> QuerySet[Area]:
    """Subdistricts that have something in their window."""
    offered = Item.objects.filter(is_offered=True).values("area")
    return Area.objects.filter(pk__in=offered).order_by("code")


def label_of(account: Account, *, several: bool = False) -> str:
    kind = _("我的账户") if account.kind == AccountKind.PERSON else _("家庭账户")
    return f"{kind}（{account.community.name}）" if several else kind


# --- where a thing lies --------------------------------------------------------------------------


def distance_words(metres: int) -> str:
    """约150米, 约1.2公里: to what a walk is worth."""
    if metres < 950:
        return _("约%(metres)d米") % {"metres": max(round(metres / 50) * 50, 50)}
    return _("约%(km)s公里") % {"km": f"{metres / 1000:.1f}".removesuffix(".0")}


@dataclass
class Spot:
    """One outlet that has a thing, seen from somebody's home. ``metres`` None: nobody knows."""

    offer: Offer
    metres: int | None
    today: date

    @property
    def outlet(self) -> Outlet:
        return self.offer.outlet

    @property
    def has_some(self) -> bool:
        return self.offer.available is None or self.offer.available > 0

    @property
    def far(self) -> str:
        return "" if self.metres is None else distance_words(self.metres)

    @property
    def stock(self) -> str:
        left = self.offer.available
        if left is None:
            return _("不限件数")
        return _("还有%(left)d件") % {"left": left} if left else _("已兑完")

    @property
    def tone(self) -> str:
        if not self.has_some:
            return "bad"
        return "warn" if self.offer.is_low else "ok"

    @property
    def is_today(self) -> bool:
        return not self.outlet.only_on_days or self.outlet.is_day(self.today)

    @property
    def when(self) -> str:
        return when_words(self.outlet, self.today)

    @property
    def days(self) -> str:
        return days_words(self.outlet)

    @property
    def words(self) -> str:
        parts = (self.outlet.name, self.far, self.stock, self.when)
        return "，".join(part for part in parts if part)


def when_words(outlet: Outlet, today: date) -> str:
    """今天可领, or the next redemption day where only those count."""
    if not outlet.only_on_days or outlet.is_day(today):
        return _("今天可领")
    return _("下一个兑换日%(day)s") % {"day": day_text(next_day(outlet, today), now=today)}


_NUMBERS = "日一二三四五六"


def days_words(outlet: Outlet) -> str:
    """每周三、每月28日; empty where every day is one."""
    week = [f"周{_NUMBERS[day % 7]}" for day in sorted(outlet.weekdays)]
    month = [_("每月%(day)d日") % {"day": day} for day in sorted(outlet.month_days)]
    return "、".join([*(f"每{name}" for name in week), *month])


def metres_between(home: Site | None, other: Site | None) -> int | None:
    if home is None or other is None:
        return None
    east, south = home.x_metres - other.x_metres, home.y_metres - other.y_metres
    return isqrt(east * east + south * south)


def _open_offers(today: date) -> QuerySet[Offer]:
    open_ = Q(outlet__closed_on=None) | Q(outlet__closed_on__gt=today)
    return Offer.objects.filter(open_, is_offered=True)


def spots(items: Iterable[Item], site: Site | None, today: date) -> dict[int, list[Spot]]:
    """Item → where it lies: what has some first, then the nearest. One query.

    A gift lies nowhere.
    """
    found: dict[int, list[Spot]] = {item.pk: [] for item in items if item.kind != ItemKind.DONATION}
    if not found:
        return found
    offers = _open_offers(today).filter(item__in=list(found))
    for offer in offers.select_related("outlet__building__site", "item").order_by("pk"):
        building = offer.outlet.building
        there = getattr(building, "site", None) if building is not None else None
        found[offer.item_id].append(Spot(offer, metres_between(site, there), today))
    for rows in found.values():
        rows.sort(key=_nearest_first)
    return found


def _nearest_first(spot: Spot):
    return (not spot.has_some, spot.metres is None, spot.metres or 0, spot.outlet.name)


# --- the window ----------------------------------------------------------------------------------


@dataclass
class Row:
    """One thing in the window, as somebody there reads it."""

    terms: ItemTerms
    spots: list[Spot]
    left: Left | None = None  # None: nobody's limits are counted
    stops: list[RedemptionStop] = field(default_factory=list)
    today: date = date.min
    is_favourite: bool = False
    wants_news: bool = False

    @property
    def item(self) -> Item:
        return self.terms.item

    @property
    def points(self) -> int:
        return self.terms.points

    @property
    def drawing(self):
        return drawings.of(self.item)

    @property
    def stop(self) -> RedemptionStop | None:
        """The one in force; others are announced."""
        return next((stop for stop in self.stops if stop.starts_on <= self.today), None)

    @property
    def is_gift(self) -> bool:
        return self.item.kind == ItemKind.DONATION

    @property
    def nearest(self) -> Spot | None:
        return self.spots[0] if self.spots else None

    @property
    def others(self) -> int:
        """Further outlets that have some."""
        return sum(spot.has_some for spot in self.spots[1:])

    @property
    def is_there(self) -> bool:
        return self.is_gift or any(spot.has_some for spot in self.spots)

    @property
    def may_order(self) -> bool:
        """As far as a page can tell; ordering looks again."""
        full = self.left is not None and self.left.pieces == 0
        return self.item.is_offered and self.is_there and self.stop is None and not full

    @property
    def free(self) -> str:
        """What limits leave this month, in words; empty without a limit."""
        if self.left is None or self.left.pieces is None:
            return ""
        if self.left.pieces == 0:
            return _("本月已兑满")
        return _("本月还可兑%(left)d件") % {"left": self.left.pieces}

    @property
    def limit_words(self) -> str:
        return limits.words(self.terms)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; stands in the address."""

    kind: str = ""
    words: str = ""
    is_affordable: bool = False
    is_favourite: bool = False
    sort: str = ""

    @classmethod
    def read(cls, given) -> "Wanted":
        kind = given.get("kind", "")
        return cls(
            kind=kind if kind in ItemKind.values else "",
            words=given.get("q", "").strip()[:40],
            is_affordable=given.get("can") == "1",
            is_favourite=given.get("mine") == "1",
            sort="points" if given.get("sort") == "points" else "",
        )

    def pairs(self) -> dict[str, str]:
        said = {
            "kind": self.kind,
            "q": self.words,
            "can": "1" if self.is_affordable else "",
            "mine": "1" if self.is_favourite else "",
            "sort": self.sort,
        }
        return {name: value for name, value in said.items() if value}


def in_window(path: str, today: date) -> QuerySet[ItemTerms]:
    """The terms of the day of what is offered around a place."""
    around = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
    of_today = ItemTerms.objects.in_force(today).values("pk")
    return ItemTerms.objects.filter(
        pk__in=of_today, item__is_offered=True, item__area_path__in=around
    ).select_related("item")


@dataclass
class Window:
    """One page of it. ``stops`` are those of everything, in force or announced."""

    rows: list[Row]
    has_more: bool
    stops: list[RedemptionStop]


def window(
    shopper: Customer, wanted: Wanted, *, today: date, first: int = 0, most: int = 24
) -> Window:
    """What there is first, near before far. Four queries."""
    rows = _filtered(in_window(shopper.path, today), shopper, wanted)
    rows = list(_in_order(rows, shopper, wanted, today)[first : first + most + 1])
    stops = stops_around(shopper.path, today)
    whole = [stop for stop in stops if stop.item_id is None]
    return Window(rows_of(rows[:most], shopper, stops, today), len(rows) > most, whole)


def one(pk: int, shopper: Customer, today: date) -> Row | None:
    """One thing with its terms of the day, whoever offers it. Four queries."""
    of_today = ItemTerms.objects.in_force(today).filter(item=pk).values("pk")
    found = ItemTerms.objects.filter(pk__in=of_today).select_related("item")
    terms = with_favourites(found, shopper.person).first()
    if terms is None:
        return None
    stops = stops_around(shopper.path or terms.item.area_path, today)
    (row,) = rows_of([terms], shopper, stops, today)
    return row


def _filtered(rows, shopper: Customer, wanted: Wanted):
    if wanted.kind:
        rows = rows.filter(item__kind=wanted.kind)
    for word in wanted.words.split():
        rows = rows.filter(Q(item__name__icontains=word) | Q(item__text__icontains=word))
    if wanted.is_affordable:
        rows = rows.filter(points__lte=shopper.most)
    rows = with_favourites(rows, shopper.person)
    return rows.filter(favourite=True) if wanted.is_favourite else rows


def with_favourites(rows: QuerySet[ItemTerms], person) -> QuerySet[ItemTerms]:
    """With ``favourite`` and ``waits``: kept by ``person``, who wants to hear of it."""
    if person is None:
        return rows.annotate(favourite=Value(value=False), waits=Value(value=False))
    kept = Favourite.objects.filter(item=OuterRef("item"), person=person)
    return rows.annotate(favourite=Exists(kept), waits=Exists(kept.filter(wants_news=True)))


def _in_order(rows, shopper: Customer, wanted: Wanted, today: date):
    some = _open_offers(today).filter(
        Q(is_counted=False) | Q(on_hand__gt=F("reserved")), item=OuterRef("item")
    )
    rows = rows.annotate(
        gone=Case(
            When(Q(item__kind=ItemKind.DONATION) | Exists(some), then=0),
            default=1,
            output_field=IntegerField(),
        )
    )
    order = ["gone", "points", "item"]
    if shopper.site is not None and not wanted.sort:
        east = F("outlet__building__site__x_metres") - shopper.site.x_metres
        south = F("outlet__building__site__y_metres") - shopper.site.y_metres
        away = some.annotate(away=east * east + south * south).order_by(
            F("away").asc(nulls_last=True)
        )
        rows = rows.annotate(away=Subquery(away.values("away")[:1]))
        order.insert(1, F("away").asc(nulls_last=True))
    return rows.order_by(*order)


def rows_of(
    found: list[ItemTerms], shopper: Customer, stops: list[RedemptionStop], today: date
) -> list[Row]:
    """With outlets and limits; two queries."""
    places = spots([terms.item for terms in found], shopper.site, today)
    left = {}
    if shopper.accounts:
        left = limits.left_of_all(found, person=shopper.person, household=shopper.home, on=today)
    return [
        Row(
            terms,
            places.get(terms.item_id, []),
            left.get(terms.item_id),
            [stop for stop in stops if stop.item_id in {None, terms.item_id}],
            today,
            is_favourite=terms.favourite,
            wants_news=terms.waits,
        )
        for terms in found
    ]


def stops_around(path: str, today: date) -> list[RedemptionStop]:
    """In force or announced for a place, the nearest day first. One query."""
    around = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
    rows = RedemptionStop.objects.filter(area_path__in=around, lifted_on=None)
    rows = rows.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    return list(rows.select_related("item").order_by("starts_on", "pk"))
