"""Where the demo exchanges: eight shops, fourteen merchants, the counter of the subdistrict."""

from dataclasses import dataclass, field
from datetime import date

from exchange import catalogue
from exchange.models import Item, ItemKind, Offer, Outlet, OutletKind
from orgs import access, posts
from orgs.models import Area, AreaLevel, Organization, OrganizationKind, Person
from orgs.positions import Position
from portal.seeding.names import full_name

WEDNESDAY, THE_28TH = 3, 28
GOODS = tuple(f"E{number:02d}" for number in range(1, 13))
RIGHTS = ("E21", "E22", "E23", "E24")
# What each merchant takes codes for; those that are not among the demo's bodies come in here.
MERCHANTS = {
    "梧桐便民超市": ("E01", "E03", "E06", "E07", "E11"),
    "银杏粮油店": ("E07", "E08", "E09", "E10"),
    "汀兰书店": ("E24", "E19"),
    "石榴园理发店": ("E15",),
    "晴雪坊豆腐坊": ("E08", "E11"),
    "松涛五金店": ("E12", "E13", "E16"),
    "荷塘鲜蛋铺": ("E11",),
    "新芽洗衣坊": ("E04", "E17"),
    "梧桐修鞋铺": ("E16", "E17"),
    "银杏湾理发店": ("E15",),
    "汀兰家电服务部": ("E13", "E14"),
    "石榴园长者食堂": ("E20",),
    "松涛长者食堂": ("E20",),
    "青桐法律服务所": ("E18",),
}
COUNTED = (*GOODS, "E20")


@dataclass
class Stall:
    """An outlet, what it has, and who hands over."""

    outlet: Outlet
    hands: list[int]
    offers: dict[str, Offer] = field(default_factory=dict)


def open_outlets(street: Area, rng, since: date, *, full: bool) -> list[Stall]:
    """The catalogue and every outlet with its offers, nothing in stock yet."""
    catalogue.ship(street, starts_on=since)
    items = {item.code: item for item in Item.objects.filter(area=street)}
    communities = list(
        Area.objects.within(street).open().filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    )
    stalls = [_shop(area, rng) for area in communities]
    stalls += _merchants(street, communities, rng, since, full=full)
    stalls.append(_counter(street))
    for stall in stalls:
        for code in _range_of(stall, rng):
            item = items[code]
            counted = code in COUNTED and item.kind in {ItemKind.GOODS, ItemKind.SERVICE}
            stall.offers[code] = Offer.objects.create(
                outlet=stall.outlet, item=item, is_counted=counted, low_mark=4 if counted else 0
            )
    return stalls


def _range_of(stall: Stall, rng) -> list[str]:
    match stall.outlet.kind:
        case OutletKind.COUNTER:
            return [*GOODS, "E18", *RIGHTS]
        case OutletKind.SHOP:
            return [*sorted(rng.sample(GOODS, 9)), *RIGHTS[1:], "E19"]
    return list(MERCHANTS[stall.outlet.name])


def _building(area: Area, rng) -> Area | None:
    buildings = Area.objects.within(area).open().filter(level=AreaLevel.BUILDING)
    found = list(buildings.order_by("path")[:40])
    return rng.choice(found) if found else None


def _shop(community: Area, rng) -> Stall:
    committee = Organization.objects.filter(
        area=community, kind=OrganizationKind.RESIDENTS_COMMITTEE, closed_on=None
    ).order_by("pk")[0]
    name = community.name.removesuffix("社区")
    outlet = Outlet.objects.create(
        area=community,
        books=community,
        organization=committee,
        kind=OutletKind.SHOP,
        name=f"{name}积分超市",
        address=f"{name}党群服务中心一楼",
        hours="9:00—17:30",
        building=_building(community, rng),
        weekdays=[WEDNESDAY],
        month_days=[THE_28TH],
    )
    return Stall(outlet, _hands(committee))


def _merchants(street, communities, rng, since, *, full: bool) -> list[Stall]:
    there = {
        one.name: one
        for one in Organization.objects.filter(
            kind=OrganizationKind.MERCHANT, area__path__startswith=street.path, closed_on=None
        ).select_related("area")
    }
    names = [name for name in MERCHANTS if full or name in there]
    stalls = []
    for index, name in enumerate(names):
        body = there.get(name) or _join(name, communities, index, rng, since)
        outlet = Outlet.objects.create(
            area=body.area,
            books=body.area,
            organization=body,
            kind=OutletKind.MERCHANT,
            name=name,
            address=f"{body.area.name}沿街商铺",
            hours="8:00—20:00",
            phone=body.contact_phone,
            building=_building(body.area, rng),
        )
        stalls.append(Stall(outlet, _hands(body)))
    return stalls


def _join(name: str, communities, index: int, rng, since: date) -> Organization:
    """A merchant that joined for the exchange, with its keeper."""
    home = next(
        (area for area in communities if area.name.removesuffix("社区") in name),
        communities[index % len(communities)],
    )
    body = Organization.objects.create(
        kind=OrganizationKind.MERCHANT,
        name=name,
        area=home,
        founded_on=since,
        contact_phone=f"0000-88{index:05}",
    )
    keeper = Person(
        name=full_name(rng), is_demo=True, birth_year=since.year - 30 - rng.randrange(25)
    )
    keeper.phone = f"1009900{index:04}"
    keeper.set_unusable_password()
    keeper.save()
    posts.appoint(
        keeper, body, Position.MERCHANT_KEEPER, starts_on=since, reason="加入积分兑换共建商家"
    )
    return body


def _counter(street: Area) -> Stall:
    office = Organization.objects.filter(
        area=street, kind=OrganizationKind.SUBDISTRICT_OFFICE, closed_on=None
    ).order_by("pk")[0]
    outlet = Outlet.objects.create(
        area=street,
        books=street,
        organization=office,
        kind=OutletKind.COUNTER,
        name=f"{street.name.removesuffix('街道')}全域兑换专柜",
        address="街道党群服务中心大厅 3 号窗口",
        hours="9:00—17:00",
        weekdays=[WEDNESDAY],
        month_days=[THE_28TH],
    )
    return Stall(outlet, _hands(office))


def _hands(body: Organization) -> list[int]:
    people = access.holders("exchange.serve_outlet", organization=body)
    return sorted(person.pk for person in people)
