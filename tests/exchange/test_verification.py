"""The books are verified down to what stands behind an exchange: forged by hand, it is named."""

import pytest
from django.db import connection

from exchange import clearing, orders, pool
from points import accounts, ledger, verification
from points.models import TransferKind
from tests.exchange.settling import approved, last_month, two_orders
from tests.exchange.test_orders import order
from tests.points.books import posting

K = TransferKind


def found() -> list[tuple[str, int | None]]:
    return [(row.check, row.id) for row in verification.check(full=True).findings]


def by_hand(table: str, statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_what_was_done_as_it_should_is_clean(window):
    two_orders(window)
    approved(window)
    drawn = clearing.draw_up(window.street, last_month(), by=window.chen)
    clearing.approve(drawn, by=window.han)
    window.wang_points.refresh_from_db()
    pool.give(window.pool, window.wang_points, window.wang, 1, by=window.wang, key="a")
    order(window)
    assert found() == []
    assert verification.title_of("settle") == "结算与结算单"


def test_points_taken_from_a_merchant_without_a_settlement(window):
    two_orders(window)
    merchant = accounts.of_merchant(window.merchant_shop, window.community)
    forged = ledger.post(
        posting(
            merchant,
            accounts.clearing_of(window.community),
            60,
            key=f"settle:1:{window.community.pk}",
            kind=K.SETTLE,
            actor=window.chen.pk,
            approver=window.han.pk,
        )
    )
    assert ("settle", forged.transfer_id) in found()


def test_a_settlement_whose_lines_were_changed_afterwards(window):
    two_orders(window)
    settled = approved(window)
    line = settled.lines.first()
    by_hand(
        "exchange_settlementline",
        "UPDATE exchange_settlementline SET points = 600 WHERE id = %s",
        line.pk,
    )
    assert [check for check, _pk in found()] == ["settle"]


@pytest.mark.parametrize("kind", [K.CAPTURE, K.VOID])
def test_a_promise_ended_behind_the_orders_back(window, kind):
    placed = order(window)
    if kind == K.CAPTURE:
        forged = ledger.capture(placed.hold, key="by-hand")
    else:
        forged = ledger.void(placed.hold, key=f"order:{placed.pk}:cancel", reason="手工")
    names = [("ended", placed.pk)]
    if kind == K.VOID:
        names.insert(0, ("order", forged.transfer_id))
    assert found() == names


def test_an_order_said_to_be_handed_over(window):
    placed = order(window)
    orders.cancel(placed, by=window.wang)
    by_hand(
        "exchange_order",
        "UPDATE exchange_order SET state = 'issued', issued_by_id = %s WHERE id = %s",
        window.shang.pk,
        placed.pk,
    )
    assert found() == [("order", placed.ending_id)]


def test_a_gift_nobody_gave_and_clearing_nobody_approved(window):
    window.wang_points.refresh_from_db()
    escrow = accounts.escrow_of(window.community)
    gift = ledger.post(posting(window.wang_points, escrow, 5, key="gift:x", kind=K.DONATE))
    clear = ledger.post(
        posting(
            accounts.clearing_of(window.community),
            accounts.issuance_of(window.community),
            5,
            key=f"clear:1:{window.community.pk}",
            kind=K.CLEAR,
        )
    )
    assert found() == [("gift", gift.transfer_id), ("clear", clear.transfer_id)]


def test_stock_that_was_written_over(window):
    by_hand(
        "exchange_offer",
        "UPDATE exchange_offer SET on_hand = 9 WHERE id = %s",
        window.tissue_here.pk,
    )
    assert found() == [("stock", window.tissue_here.pk)]
