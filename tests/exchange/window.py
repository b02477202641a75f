"""A small exchange on the street: three outlets, four things, and people with points.

王 (wang) of 梧桐里 has 1,000 points, her household 500, 钱 (qian) of 银杏湾 800. 商 (shang) keeps
the merchant's counter, 孙 (sun) the community's shop, 陈 (chen) the subdistrict's counter.
"""

from datetime import date
from types import SimpleNamespace

from django.utils import timezone

from exchange import stock
from exchange.models import Item, ItemTerms, Offer, Outlet
from points import accounts
from points.models import TransferKind
from tests import cast
from tests.points.books import fund_with, move
from tests.snapshot import Snapshot

LONG_AGO = date(2020, 1, 1)


def item(street, code, name, kind, points, *, door=None, person=None) -> Item:
    made = Item.objects.create(area=street.street, code=code, name=name, kind=kind)
    ItemTerms.objects.create(
        item=made,
        starts_on=LONG_AGO,
        points=points,
        household_monthly=door,
        person_monthly=person,
        set_at=timezone.now(),
    )
    return made


def offer(outlet, thing, pieces=None, *, by=None) -> Offer:
    """``pieces`` None: not counted."""
    made = Offer.objects.create(outlet=outlet, item=thing, is_counted=pieces is not None)
    if pieces:
        stock.receive(made, pieces, by=by, reason="测试进货")
    return made


def _write() -> SimpleNamespace:
    street = cast.build()
    fund_with(street.community, 10_000)
    fund_with(street.elsewhere, 10_000)
    street.wang_points = accounts.of_person(street.wang, street.community)
    street.home_points = accounts.of_household(street.home, street.community)
    street.qian_points = accounts.of_person(street.qian, street.elsewhere)
    for account, points in (
        (street.wang_points, 1000),
        (street.home_points, 500),
        (street.qian_points, 800),
    ):
        fund = accounts.fund_of(account.community)
        move(fund, account, points, key=f"award:{account.pk}", kind=TransferKind.AWARD)

    def outlet(kind, name, area, organization, **more):
        return Outlet.objects.create(
            kind=kind, name=name, area=area, books=area, organization=organization, **more
        )

    street.merchant = outlet("merchant", "梧桐便民超市", street.community, street.merchant_shop)
    street.shop = outlet("shop", "梧桐里积分超市", street.community, street.committee)
    street.counter = outlet("counter", "青桐全域兑换专柜", street.street, street.office)
    street.tissue = item(street, "E01", "抽纸一提", "goods", 60, door=2)
    street.rice = item(street, "E09", "大米5kg", "goods", 320, door=1)
    street.haircut = item(street, "E15", "义务理发券一次", "service", 100, door=2, person=1)
    street.pool = item(street, "E25", "向“一老一小”公益池捐赠100分", "donation", 100)
    street.tissue_here = offer(street.merchant, street.tissue, 5, by=street.shang)
    street.tissue_shop = offer(street.shop, street.tissue, 5, by=street.sun)
    street.rice_here = offer(street.merchant, street.rice, 2, by=street.shang)
    street.haircut_here = offer(street.merchant, street.haircut)
    street.tissue_counter = offer(street.counter, street.tissue, 20, by=street.chen)
    return street


_window = Snapshot(_write)


def build() -> SimpleNamespace:
    return _window.enter()
