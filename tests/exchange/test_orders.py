"""An order binds points and stock together, and whatever ends it ends both, once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from exchange import codes, limits, orders, stock
from exchange.flow import NotDue, NotToday, TooLate
from exchange.models import Favourite, Offer, Order, OrderState, RedemptionStop, StockEntry
from inbox.models import Delivery, Message
from points import accounts, ledger, verification
from points.ledger import InsufficientPoints
from points.models import Transfer, TransferKind
from rules.workflow import NotAllowed, WrongState
from tests.points.books import state


def order(window, offer=None, **more):
    given = {
        "account": window.wang_points,
        "person": window.wang,
        "household": window.home,
        "by": window.wang,
        "key": "form-1",
        **more,
    }
    return orders.place(offer or window.tissue_here, **given)


def pieces(offer) -> tuple[int, int]:
    offer.refresh_from_db()
    return offer.on_hand, offer.reserved


def paid(window) -> int:
    account = accounts.of_merchant(window.merchant_shop, window.community)
    return account.posted


def clean() -> bool:
    return verification.run(full=True).findings == []


def test_an_order_holds_points_and_pieces_until_it_is_handed_over(window):
    placed = order(window, quantity=2)
    assert state(window.wang_points)[:2] == (1000, 120)
    assert pieces(window.tissue_here) == (5, 2)
    assert placed.due_at - placed.placed_at > timedelta(days=7)
    assert Message.objects.filter(kind="exchange.ordered").count() == 1

    orders.issue(placed, by=window.shang)
    assert placed.state == OrderState.ISSUED
    assert state(window.wang_points)[:2] == (880, 0)
    assert pieces(window.tissue_here) == (3, 0)
    assert paid(window) == 120
    assert [step.verb for step in placed.steps.all()] == ["place", "issue"]
    assert placed.ending.kind == TransferKind.CAPTURE


@pytest.mark.parametrize("how", ["cancel", "refuse", "expire"])
def test_what_is_not_handed_over_gives_back_points_and_pieces(window, how):
    placed = order(window, quantity=2)
    match how:
        case "cancel":
            orders.cancel(placed, by=window.wang)
        case "refuse":
            orders.refuse(placed, by=window.shang, reason="包装破损")
        case "expire":
            assert orders.expire_due(at=placed.due_at) == 0
            assert orders.expire_due(at=placed.due_at + timedelta(seconds=1)) == 1
    placed.refresh_from_db()
    assert state(window.wang_points)[:2] == (1000, 0)
    assert pieces(window.tissue_here) == (5, 0)
    assert placed.ending.kind == TransferKind.VOID
    assert Message.objects.filter(kind="exchange.released", text__contains="120 分").count() == 1
    with pytest.raises(WrongState):
        orders.issue(placed, by=window.shang)


def test_the_ledgers_own_sweep_leaves_holds_of_orders_to_their_orders(window):
    placed = order(window)
    assert ledger.void_overdue(at=placed.due_at + timedelta(days=1)) == 0
    assert pieces(window.tissue_here) == (5, 1)


def test_the_same_form_twice_is_one_order(window):
    first, second = order(window), order(window)
    assert first.pk == second.pk
    assert state(window.wang_points)[:2] == (1000, 60)
    with pytest.raises(orders.KeyTaken):
        order(window, quantity=2)


def written() -> tuple[int, int, int]:
    return Order.objects.count(), StockEntry.objects.count(), Transfer.objects.count()


def test_nothing_is_left_of_an_order_that_points_do_not_cover(window):
    order(window, window.rice_here, account=window.home_points)
    order(window, window.tissue_here, account=window.home_points, key="form-2", quantity=2)
    before = written()
    with pytest.raises(InsufficientPoints) as short:
        order(window, window.haircut_here, account=window.home_points, key="form-3")
    assert (short.value.have, short.value.need) == (60, 100)
    assert written() == before


def test_nothing_is_left_of_an_order_that_the_stock_does_not_cover(window):
    stock.damage(window.tissue_here, 4, by=window.shang, reason="受潮")
    before = written()
    with pytest.raises(stock.SoldOut, match="只剩 1 件"):
        order(window, quantity=2)
    assert written() == before


def test_limits_belong_to_the_door_and_to_the_person(window):
    order(window, quantity=2)
    with pytest.raises(limits.OverLimit, match=r"每户每月最多 2 件，本月还可以兑换 0 件"):
        order(window, window.tissue_shop, account=window.home_points, key="form-2")
    order(window, window.haircut_here, key="form-3")
    with pytest.raises(limits.OverLimit, match="每人每月最多 1 件"):
        order(window, window.haircut_here, key="form-4")


def test_a_cancelled_order_counts_no_more(window):
    orders.cancel(order(window, quantity=2), by=window.wang)
    order(window, quantity=2, key="form-2")


def test_points_of_one_community_buy_anywhere_in_the_subdistrict(window):
    placed = order(
        window,
        account=window.qian_points,
        person=window.qian,
        household=window.home_elsewhere,
        by=window.qian,
    )
    orders.issue(placed, by=window.shang)
    assert accounts.of_merchant(window.merchant_shop, window.elsewhere).posted == 60
    assert paid(window) == 0


def test_nobody_spends_anothers_points(window):
    for account in (window.qian_points, accounts.fund_of(window.community)):
        with pytest.raises(orders.NotTheirAccount):
            order(window, account=account)


def test_a_worker_orders_for_somebody_with_their_word(window):
    with pytest.raises(orders.ConsentMissing):
        order(window, by=window.sun)
    with pytest.raises(NotAllowed):
        order(window, by=window.zhao, consent="电话同意")
    helped = order(window, by=window.li, consent="当面同意")
    assert helped.is_helped
    told = Delivery.objects.filter(message__kind="exchange.ordered", channel="site")
    assert set(told.values_list("person", flat=True)) == {window.wang.pk, window.li.pk}


def test_nobody_hands_over_to_themselves_or_their_family(window):
    placed = order(window, window.tissue_shop)
    window.sun.residences.create(
        household=window.home,
        state="verified",
        starts_on=timezone.localdate() - timedelta(days=9),
        verified_by=window.li,
    )
    with pytest.raises(NotAllowed, match="家里人"):
        orders.issue(placed, by=window.sun)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=placed.pk).update(issued_by=window.wang)


def test_the_outlet_next_door_cannot_issue(window):
    placed = order(window)
    for somebody in (window.sun, window.chen, window.wang, window.zhou):
        with pytest.raises(NotAllowed):
            orders.issue(placed, by=somebody)


def test_a_code_says_at_once_what_is_wrong_with_it(window):
    placed = order(window)
    found = orders.find(f"{placed.code[:4].lower()}-{placed.code[4:]} ", person=window.shang)
    assert (found.order, found.why) == (placed, "")
    assert orders.find(f"https://x.cn/exchange/pick/{placed.code}/", person=window.shang).order
    assert "梧桐便民超市" in orders.find(placed.code, person=window.sun).why
    assert orders.find(placed.code, person=window.sun).order is None
    late = orders.find(placed.code, person=window.shang, at=placed.due_at + timedelta(hours=1))
    assert "过期" in late.why
    orders.issue(placed, by=window.shang)
    assert "已领取" in orders.find(placed.code, person=window.shang).why
    for text in ("", "ABC", "AAAA AAAA", "x" * 500):
        assert orders.find(text, person=window.shang).order is None


def test_a_code_cannot_be_misread():
    assert not set("01256GBILOSZ") & set(codes.ALPHABET)
    assert codes.read("ｋ７ｈｍ－３ｑｗｄ".replace("７", "7")) == "K7HM3QWD"


def test_past_its_time_nothing_is_handed_over_and_before_nothing_expires(window):
    placed = order(window)
    with pytest.raises(TooLate):
        orders.issue(placed, by=window.shang, at=placed.due_at + timedelta(seconds=1))
    from exchange.flow import flow

    with pytest.raises(NotDue):
        flow.advance(placed, "expire", by=None)


def test_on_redemption_days_only(window):
    placed = order(window)
    today = timezone.localdate()
    window.merchant.weekdays = [(today + timedelta(days=1)).isoweekday()]
    window.merchant.only_on_days = True
    window.merchant.save()
    placed.refresh_from_db()
    with pytest.raises(NotToday) as not_today:
        orders.issue(placed, by=window.shang)
    assert not_today.value.day == today + timedelta(days=1)


def test_an_announced_stop_stops_ordering_not_handing_over(window):
    placed = order(window)
    today = timezone.localdate()
    RedemptionStop.objects.create(
        area=window.street,
        starts_on=today,
        reason="年底盘点",
        announced_by=window.chen,
        announced_on=today - timedelta(days=31),
    )
    with pytest.raises(orders.Stopped, match="年底盘点"):
        order(window, window.rice_here, key="form-2")
    orders.issue(placed, by=window.shang)


def test_stock_says_who_waits_and_who_must_fill_up(window):
    Favourite.objects.create(person=window.qian, item=window.rice, wants_news=True)
    stock.damage(window.rice_here, 2, by=window.shang, reason="受潮")
    assert Message.objects.filter(kind="exchange.low_stock").count() == 1
    stock.receive(window.rice_here, 3, by=window.shang, donated=True)
    assert Message.objects.filter(kind="exchange.arrived").count() == 1
    assert not Favourite.objects.get().wants_news
    assert [line.on_hand for line in StockEntry.objects.filter(offer=window.rice_here)] == [2, 0, 3]


def test_what_is_reserved_cannot_be_counted_away(window):
    order(window, quantity=2)
    for refused in (
        lambda: stock.damage(window.tissue_here, 4, by=window.shang, reason="摔坏"),
        lambda: stock.count(window.tissue_here, 1, by=window.shang, reason="少了"),
    ):
        with pytest.raises(stock.Promised):
            refused()
    with pytest.raises(stock.ReasonMissing):
        stock.count(window.tissue_here, 4, by=window.shang)
    stock.count(window.tissue_here, 5, by=window.shang)
    assert pieces(window.tissue_here) == (5, 2)


def test_the_books_stay_clean(window):
    for number, end in enumerate((orders.issue, orders.cancel, None)):
        placed = order(window, window.tissue_counter, key=f"form-{number}", quantity=1)
        if end is orders.issue:
            end(placed, by=window.chen)
        elif end:
            end(placed, by=window.wang)
    assert clean()


# --- two at once ---------------------------------------------------------------------------------


def fresh(row):
    return type(row).objects.get(pk=row.pk)


@pytest.mark.django_db(transaction=True)
def test_the_last_piece_goes_to_one(window, together):
    stock.damage(window.rice_here, 1, by=window.shang, reason="受潮")

    def wants(person, account, home, key):
        return lambda: orders.place(
            fresh(window.rice_here),
            account=fresh(account),
            person=person,
            household=home,
            by=person,
            key=key,
        )

    answers = together(
        wants(window.wang, window.wang_points, window.home, "a"),
        wants(window.qian, window.qian_points, window.home_elsewhere, "b"),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Order", "SoldOut"]
    assert Transfer.objects.filter(kind=TransferKind.HOLD).count() == 1
    assert pieces(window.rice_here) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_door_cannot_pass_its_limit_from_two_accounts(window, together):
    def wants(account, key):
        return lambda: orders.place(
            fresh(window.tissue_shop),
            account=fresh(account),
            person=window.wang,
            household=window.home,
            by=window.wang,
            key=key,
            quantity=2,
        )

    answers = together(wants(window.wang_points, "a"), wants(window.home_points, "b"))
    assert sorted(type(answer).__name__ for answer in answers) == ["Order", "OverLimit"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["issue", "cancel", "refuse", "expire"])
def test_a_code_scanned_while_something_else_ends_the_order_ends_it_once(window, together, other):
    placed = order(window, quantity=2)
    late = placed.due_at + timedelta(seconds=1)
    ways = {
        "issue": lambda: orders.issue(fresh(placed), by=window.shang),
        "cancel": lambda: orders.cancel(fresh(placed), by=window.wang),
        "refuse": lambda: orders.refuse(fresh(placed), by=window.shang, reason="破损"),
        "expire": lambda: orders.expire_due(at=late),
    }
    together(lambda: orders.issue(fresh(placed), by=window.shang), ways[other])
    placed.refresh_from_db()
    if placed.state == OrderState.ISSUED:
        assert (state(window.wang_points)[:2], pieces(window.tissue_here)) == ((880, 0), (3, 0))
    else:
        assert (state(window.wang_points)[:2], pieces(window.tissue_here)) == ((1000, 0), (5, 0))
    assert Transfer.objects.filter(pending_of=placed.hold).count() == 1
    assert Offer.objects.get(pk=placed.offer_id).seq == 3  # received, reserved, one end
    assert clean()
