"""What a resident reads in the window: things with their price, where they lie, what limits leave.

Reads only, and anew for every page: stock is never remembered. A page of any length costs the same
few queries, each written once (``orgs.compiled``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from math import isqrt

from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models import Window as Over
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import limits
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
from orgs.compiled import Among, compiled
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
    return at_home(person, _homes(person=person.pk, today=timezone.localdate()))


def homes(on: date | None = None) -> QuerySet[Residence]:
    """The one moved into last comes first."""
    rows = Residence.objects.verified(on).select_related("household__area__site")
    return rows.order_by("-starts_on", "-pk")


@compiled
def _homes(*, person, today):
    return homes(today).filter(person=person)


def at_home(person, homes: list[Residence]) -> Customer:
    """Of somebody whose ``homes`` are read. One query."""
    shared = [] if point_people.may_be_minor(person, timezone.localdate()) else homes
    rows = _accounts(person=person.pk, doors=[row.household_id for row in shared])
    rows.sort(key=lambda account: account.kind == AccountKind.HOUSEHOLD)
    return Customer(person, homes[0].household if homes else None, rows)


@compiled
def _accounts(*, person, doors):
    own = Q(person=person, kind=AccountKind.PERSON)
    shared = Q(Among("household", doors), kind=AccountKind.HOUSEHOLD)
    rows = Account.objects.filter(own | shared)
    return rows.select_related("community").order_by("community", "pk")


@compiled
def streets():
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


# Pieces nobody is promised, or none counted.
_SOME = Q(is_counted=False) | Q(on_hand__gt=F("reserved"))


def _offers(items, today, x=None, y=None):
    """Of each item, where it lies: what has some first, then the nearest. With ``has_some``,
    ``away`` (square metres from a home) and ``some``, how many outlets have some.
    """
    open_ = Q(outlet__closed_on=None) | Q(outlet__closed_on__gt=today)
    rows = Offer.objects.filter(open_, Among("item", items), is_offered=True)
    rows = rows.select_related("outlet").annotate(
        has_some=ExpressionWrapper(_SOME, BooleanField()),
        some=Over(Count("pk", filter=_SOME), partition_by="item"),
    )
    order = ["item", "-has_some", "outlet__name", "pk"]
    if x is not None:
        site = "outlet__building__site"
        away = (F(f"{site}__x_metres") - x) * (F(f"{site}__x_metres") - x) + (
            F(f"{site}__y_metres") - y
        ) * (F(f"{site}__y_metres") - y)
        rows = rows.annotate(away=ExpressionWrapper(away, IntegerField()))
        order.insert(2, F("away").asc(nulls_last=True))
    return rows.order_by(*order)


@compiled
def _everywhere(*, items, today, x=None, y=None):
    return _offers(items, today, x, y)


@compiled
def _nearest(*, items, today, x=None, y=None):
    return _offers(items, today, x, y).distinct("item")


def spots(
    items: Iterable[Item], site: Site | None, today: date, *, nearest: bool = False
) -> dict[int, list[Spot]]:
    """Item → where it lies, or only the first of them. One query. A gift lies nowhere."""
    found: dict[int, list[Spot]] = {item.pk: [] for item in items if item.kind != ItemKind.DONATION}
    if not found:
        return found
    of = {"items": list(found), "today": today}
    if site is not None:
        of |= {"x": site.x_metres, "y": site.y_metres}
    for offer in (_nearest if nearest else _everywhere)(**of):
        away = getattr(offer, "away", None)
        found[offer.item_id].append(Spot(offer, None if away is None else isqrt(away), today))
    return found


# --- the window ----------------------------------------------------------------------------------


@dataclass
class Row:
    """One thing in the window, as somebody there reads it: there, its nearest spot is enough."""

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
        if self.nearest is None:
            return 0
        return self.nearest.offer.some - self.nearest.has_some

    @property
    def is_there(self) -> bool:
        return self.is_gift or (self.nearest is not None and self.nearest.has_some)

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


@compiled
def _terms(*, today, around=None, item=None, person=None):
    """The terms of the day: of what is offered around a place, or of one thing.

    ``waits``: whether ``person``, who keeps it, wants to hear of it; None: not kept.
    """
    rows = ItemTerms.objects.in_force(today).select_related("item")
    if around is not None:
        rows = rows.filter(Among("item__area_path", around), item__is_offered=True)
    if item is not None:
        rows = rows.filter(item=item)
    if person is not None:
        kept = Favourite.objects.filter(item=OuterRef("item"), person=person)
        rows = rows.annotate(waits=Subquery(kept.values("wants_news")))
    return rows


def _kept_by(shopper: Customer) -> dict[str, int]:
    return {} if shopper.person is None else {"person": shopper.person.pk}


def _around(path: str) -> list[str]:
    """A place and all above it, by their paths."""
    return [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]


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
    found = _terms(today=today, around=_around(shopper.path), **_kept_by(shopper))
    found = [terms for terms in found if _is_wanted(terms, shopper, wanted)]
    places = spots([terms.item for terms in found], shopper.site, today, nearest=True)
    is_near_first = shopper.site is not None and not wanted.sort
    found.sort(key=lambda terms: _rank(terms, places.get(terms.item_id), is_near_first))
    rows = found[first : first + most + 1]
    stops = stops_around(shopper.path, today)
    whole = [stop for stop in stops if stop.item_id is None]
    shown = rows_of(rows[:most], places, shopper, stops, today)
    return Window(shown, len(rows) > most, whole)


def one(pk: int, shopper: Customer, today: date) -> Row | None:
    """One thing with its terms of the day, whoever offers it. Four queries."""
    found = _terms(today=today, item=pk, **_kept_by(shopper))
    if not found:
        return None
    stops = stops_around(shopper.path or found[0].item.area_path, today)
    places = spots([found[0].item], shopper.site, today)
    (row,) = rows_of(found, places, shopper, stops, today)
    return row


def _is_wanted(terms: ItemTerms, shopper: Customer, wanted: Wanted) -> bool:
    item = terms.item
    text = f"{item.name}\n{item.text}".casefold()
    return (
        wanted.kind in {"", item.kind}
        and all(word in text for word in wanted.words.casefold().split())
        and (not wanted.is_affordable or terms.points <= shopper.most)
        and (not wanted.is_favourite or getattr(terms, "waits", None) is not None)
    )


def _rank(terms: ItemTerms, lies: list[Spot] | None, is_near_first: bool) -> tuple:
    """What there is first, then the near or the cheap. A gift lies nowhere (None), never ends."""
    is_gone = lies is not None and not (lies and lies[0].has_some)
    metres = lies[0].metres if is_near_first and lies and not is_gone else None
    return (is_gone, metres is None, metres or 0, terms.points, terms.item_id)


def rows_of(
    found: list[ItemTerms],
    places: dict[int, list[Spot]],
    shopper: Customer,
    stops: list[RedemptionStop],
    today: date,
) -> list[Row]:
    """With what limits leave; one query."""
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
            is_favourite=getattr(terms, "waits", None) is not None,
            wants_news=bool(getattr(terms, "waits", None)),
        )
        for terms in found
    ]


def stops_around(path: str, today: date) -> list[RedemptionStop]:
    """In force or announced for a place, the nearest day first. One query."""
    return _stops(around=_around(path), today=today)


@compiled
def _stops(*, around, today):
    rows = RedemptionStop.objects.filter(Among("area_path", around), lifted_on=None)
    rows = rows.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    return rows.order_by("starts_on", "pk")
