"""Beside the orders: donors of goods, the pool spent, cases, an announced stop, the public account,
and what the demo's resident looks for. By the verbs, but for the donors' names.
"""

from datetime import date, datetime, timedelta
from random import Random

from django.utils import timezone

from exchange import favourites, openness, orders, pool_requests, settled, stops, watch
from exchange.models import GoodsDonation, Item, Offer, OutletKind, StockEntry, StockKind
from exchange.models.donations import DonorWish
from orgs import access
from orgs.models import Area, Residence
from points import accounts
from portal.seeding.names import full_name
from portal.seeding.points.writing import copy_in
from rules.refusals import Refused

BODIES = (
    *("望汐区示例税务所", "青桐一小", "澜江机械厂工会", "晴雪坊商户联合会", "银杏粮油店"),
    *("新芽孵化器公司", "石榴园商贸公司"),
)
THANKS = ("谢谢您把好东西留给邻居。", "一份心意，许多人家都用上了。", "")
PURPOSES = (
    ("给三位独居老人送一周午餐", 3, "E20"),
    ("给困境儿童各上一节四点半课堂", 2, "E19"),
    ("给高龄独居老人送大米", 1, "E09"),
)


def write(cast, rng: Random, now: datetime) -> None:
    _donors(rng)
    _pool(cast, now)
    if cast.resident is not None:
        _resident(cast, now)
    _stop(cast)
    watch.look(at=now)
    _account(now)


def _donors(rng: Random) -> None:
    """Who gave what the stock has taken in as given."""
    rows = []
    entries = StockEntry.objects.filter(kind=StockKind.DONATED).select_related(
        "offer__outlet__area"
    )
    for entry in entries.order_by("pk"):
        is_body = rng.random() < 0.6
        wishes = [DonorWish.NAMED, DonorWish.HIDDEN] if is_body else list(DonorWish)
        area = entry.offer.outlet.area
        rows.append(
            GoodsDonation(
                area=area,
                area_path=area.path,
                created_at=entry.at,
                offer=entry.offer,
                donor_name=rng.choice(BODIES) if is_body else full_name(rng),
                is_body=is_body,
                pieces=entry.on_hand_delta,
                wish=rng.choice(wishes),
                thanks=rng.choice(THANKS),
                received_on=timezone.localdate(entry.at),
                entered_by_id=entry.actor_id,
                entry=entry,
            )
        )
    copy_in(GoodsDonation, [row for row in rows if row.entered_by_id])


def _pool(cast, now: datetime) -> None:
    """Where most was given something of it is spent, and something waits for a second person."""
    areas = [place.area for place in cast.places]
    areas.sort(key=lambda area: -accounts.escrow_of(area).available)
    for number, (purpose, people, code) in enumerate(PURPOSES):
        area = areas[0]
        at = now - timedelta(days=9 - 3 * number)
        asker = access.holders(pool_requests.SPEND, area=area).order_by("pk").first()
        judges = access.holders(pool_requests.APPROVE, area=area).order_by("pk")
        offer = _pool_offer(area, code)
        if asker is None or offer is None:
            continue
        picker = pool_requests.pickers(area).first()
        try:
            request = pool_requests.ask(
                area,
                offer,
                quantity=1,
                purpose=purpose,
                people=people,
                picker=picker,
                by=asker,
                key=f"seed:{number}",
                at=at,
            )
            if number == 0 and (judge := judges.exclude(pk=asker.pk).first()):
                pool_requests.approve(request, by=judge, at=now)
        except Refused:  # a small demo's pool is soon empty
            continue


def _pool_offer(area: Area, code: str) -> Offer | None:
    found = pool_requests.offers(area).filter(item__code=code)
    return next((offer for offer in found if offer.available is None or offer.available > 2), None)


def _resident(cast, now: datetime) -> None:
    """Something to fetch, and something to wait for."""
    person = cast.resident
    for code, waits in (("E09", True), ("E11", False), ("E20", False)):
        item = Item.objects.get(area=cast.street, code=code)
        favourites.keep(item, person, is_kept=True)
        if waits:
            favourites.wait(item, person, is_waiting=True)
    home = Residence.objects.verified().filter(person=person).select_related("household").first()
    shop = Offer.objects.filter(
        outlet__kind=OutletKind.SHOP,
        outlet__area_id__in=[place.area.pk for place in cast.places],
        is_counted=True,
    )
    shop = shop.select_related("outlet", "item").order_by("item__code")
    if home is None:
        return
    for account in orders.payers(person):
        mine = [offer for offer in shop if offer.outlet.area_id == account.community_id]
        for offer in mine:
            try:
                orders.place(
                    offer,
                    account=account,
                    person=person,
                    household=home.household,
                    by=person,
                    key=f"seed:resident:{offer.pk}",
                    at=now,
                )
            except Refused:
                continue
            return


def _stop(cast) -> None:
    """The stalls of the market rest in winter: announced, as it must be, a month ahead."""
    area = cast.street
    keeper = access.holders("exchange.announce_stop", area=area).order_by("pk").first()
    if keeper is not None:
        first = stops.first_day(area, cast.today) + timedelta(days=4)
        stops.announce(
            area,
            item=Item.objects.get(area=area, code="E23"),
            starts_on=first,
            ends_on=first + timedelta(days=60),
            reason="冬季集市停办，开春再恢复",
            by=keeper,
        )


def _account(now: datetime) -> None:
    """The last three months as they were published, each a few days after its end."""
    month = settled.first_of(timezone.localdate(now))
    owed: list[date] = []
    for _number in range(3):
        month = settled.month_before(month)
        owed.insert(0, month)
    for month in owed:
        ends = settled.next_month(month) + timedelta(days=openness.SETTLED_DAYS)
        at = min(settled.begins(ends) + timedelta(hours=10), now)
        for area in openness.places():
            openness.publish_of(area, at, starts_on=owed[0])
