"""The demo's exchange: spent to the point, within limits, told as the verbs would."""

import io
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import F, Sum
from django.utils import timezone

from exchange import clearing, openness, settled
from exchange.models import COUNTED as COUNTED_LINES
from exchange.models import (
    COUNTING,
    SETTLED,
    Clearing,
    Favourite,
    Gift,
    GoodsDonation,
    Offer,
    Order,
    OrderState,
    OrderStep,
    RedemptionStop,
    Settlement,
    SettlementLine,
    StockEntry,
    StockKind,
)
from orgs.models import Area
from points import verification
from points.models import Account, AccountKind, Transfer, TransferKind
from portal.management.commands import seed as command
from portal.seeding import accounts, exchange, points
from portal.seeding.points.setting import months_back
from publicity.models import Disclosure
from tests.snapshot import Snapshot

pytestmark = pytest.mark.django_db


def _write() -> SimpleNamespace:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(settings, "DATA_DIR", Path(folder))
        patch.setattr(command, "FURTHER", ())
        patch.setattr(command, "AFTERWARDS", ())
        patch.setattr(accounts, "issue_passwords", lambda chosen, file: None)
        call_command("seed", size="small", stdout=io.StringIO(), stderr=io.StringIO())
        resident = next(one.person for one in accounts.choose() if one.role == "resident")
        world = SimpleNamespace(street=Area.objects.get(level="subdistrict"), resident=resident)
        points.seed_points(world, Random(7), timezone.localdate())
        exchange.seed_exchange(world, Random(7), timezone.localdate())
    return world


_small = Snapshot(_write)


@pytest.fixture
def small():
    return _small.enter()


def test_the_year_is_spent_to_the_point_and_reconciles_from_order_to_ledger(small):
    first = months_back(timezone.localdate().replace(day=1), exchange.MONTHS - 1)
    kinds = [TransferKind.CAPTURE, TransferKind.DONATE]
    spent = Transfer.objects.filter(period__gte=first, kind__in=kinds)
    whole = spent.aggregate(n=Sum("amount"))["n"]
    assert whole == exchange.spent_of(240) == 3570
    assert exchange.spent_of(18_000) == 268_000

    issued = Order.objects.filter(state=OrderState.ISSUED).aggregate(n=Sum("points"))["n"]
    given = Gift.objects.aggregate(n=Sum("points"))["n"] or 0
    assert issued + given == whole
    assert verification.check(full=True).count == 0
    for order in Order.objects.select_related("hold", "ending", "offer__outlet"):
        assert order.hold.amount == order.points
        assert order.hold.key == f"order:{order.pk}"
        if order.state != OrderState.RESERVED:
            assert order.ending.pending_of_id == order.hold_id
            assert order.ended_at >= order.placed_at

    before = Order.objects.count()
    assert exchange.seed_exchange(small, Random(8), timezone.localdate()) == 0
    assert Order.objects.count() == before


def test_stock_follows_from_its_lines_and_limits_hold(small):
    for offer in Offer.objects.all():
        lines = list(offer.entries.order_by("seq"))
        assert [line.seq for line in lines] == list(range(1, offer.seq + 1))
        assert sum(line.on_hand_delta for line in lines) == offer.on_hand
        assert sum(line.reserved_delta for line in lines) == offer.reserved
        assert [line.at for line in lines] == sorted(line.at for line in lines)
        open_ones = offer.orders.filter(state=OrderState.RESERVED)
        assert (open_ones.aggregate(n=Sum("quantity"))["n"] or 0) == offer.reserved
    doors = Counter()
    for order in Order.objects.filter(state__in=COUNTING).select_related("terms", "offer"):
        day = timezone.localdate(order.placed_at)
        door = (order.household_id, order.offer.item_id, day.year, day.month)
        doors[door] += order.quantity
        assert doors[door] <= (order.terms.household_monthly or 99)
    assert not Order.objects.filter(issued_by=F("person")).exists()
    assert OrderStep.objects.filter(verb="place").count() == Order.objects.count()
    assert StockEntry.objects.exists()


def test_every_spent_point_is_settled_cleared_or_waits_in_a_merchants_account(small):
    issued = Order.objects.filter(state=OrderState.ISSUED)
    lines = SettlementLine.objects.filter(settlement__state__in=SETTLED, state__in=COUNTED_LINES)
    moved = Transfer.objects.filter(kind=TransferKind.SETTLE).aggregate(n=Sum("amount"))["n"]
    assert lines.aggregate(n=Sum("points"))["n"] == moved
    at_merchants = Account.objects.filter(kind=AccountKind.MERCHANT).aggregate(n=Sum("posted"))
    assert at_merchants["n"] + moved == issued.aggregate(n=Sum("points"))["n"]
    for account in Account.objects.filter(kind=AccountKind.MERCHANT):
        waiting = issued.filter(
            area=account.community, offer__outlet__organization=account.organization
        ).exclude(settlement_lines__in=lines)
        assert account.posted == (waiting.aggregate(n=Sum("points"))["n"] or 0)

    for month in Clearing.objects.filter(state="posted"):
        assert sum(row.net for row in month.rows.all()) == 0
    cleared = Transfer.objects.filter(kind=TransferKind.CLEAR).aggregate(n=Sum("amount"))["n"]
    left = sum(clearing.balances(small.street).values())
    assert left == moved - cleared
    assert Settlement.objects.filter(state="paid", pays=True).exists()
    assert Settlement.objects.filter(state="closed", pays=False).exists()
    for settlement in Settlement.objects.filter(state__in=SETTLED):
        assert settled.adds_up(settlement, settled.checks(settlement), settled.totals(settlement))


def test_every_room_of_the_exchange_has_something(small):
    assert Favourite.objects.filter(person=small.resident, wants_news=True).exists()
    assert Order.objects.filter(person=small.resident, state=OrderState.RESERVED).exists()
    assert RedemptionStop.objects.filter(item__code="E23").exists()
    given = StockEntry.objects.filter(kind=StockKind.DONATED).count()
    assert GoodsDonation.objects.count() == given > 0
    assert Disclosure.objects.filter(kind=openness.KIND).count() >= 3
    assert verification.check(full=True).count == 0
