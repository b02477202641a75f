"""Communities owe each other nothing together, whatever was ordered, given back and settled."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exchange import clearing, orders, settled, settlement
from exchange.limits import OverYear
from exchange.models import (
    COUNTED,
    Clearing,
    ClearingState,
    Order,
    OrderState,
    Settlement,
    SettlementLine,
    SettlementState,
)
from exchange.settlement_flow import SamePerson
from orgs import access
from points import ledger, verification
from points.ledger import InsufficientPoints
from points.models import Account, AccountKind, Transfer, TransferKind
from rules.workflow import NotAllowed
from tests.exchange import window as exchange_window
from tests.exchange.settling import agreed, approved, issued, last_month, noon, two_orders

C = ClearingState


def all_balances() -> int:
    return sum(ledger.balance(row) for row in Account.objects.filter(kind=AccountKind.CLEARING))


def net(found) -> dict:
    return {
        row.community.name: (row.spent_elsewhere, row.earned_from_elsewhere, row.own, row.net)
        for row in found.rows.select_related("community")
    }


def two_ways(window):
    """王 of 梧桐里 spends 60 at home and 60 at the counter, 钱 of 银杏湾 60 in 梧桐里."""
    two_orders(window)
    issued(window, window.tissue_counter)


def test_a_month_is_cleared_by_two_and_sums_to_zero(window):
    two_ways(window)
    approved(window)
    with pytest.raises(clearing.NotAllSettled, match="青桐街道办事处"):
        clearing.draw_up(window.street, last_month(), by=window.chen)
    submitted_one = agreed(window, organization=window.office)
    settlement.submit(submitted_one, by=window.chen)
    (waiting,) = clearing.missing(window.street, last_month())
    assert waiting.settlement == submitted_one
    settlement.approve(submitted_one, by=window.han)
    assert clearing.missing(window.street, last_month()) == []

    with pytest.raises(NotAllowed):
        clearing.draw_up(window.street, last_month(), by=window.zhou)
    found = clearing.draw_up(window.street, last_month(), by=window.chen)
    assert net(found) == {
        "青桐街道": (0, 60, 0, 60),
        "梧桐里社区": (60, 60, 60, 0),
        "银杏湾社区": (60, 0, 0, -60),
    }
    assert all_balances() == 180
    with pytest.raises(NotAllowed):
        clearing.approve(found, by=window.chen)
    clearing.approve(found, by=window.han)
    assert all_balances() == 0
    assert clearing.balances(window.street) == {
        window.street.pk: -60,
        window.community.pk: 0,
        window.elsewhere.pk: 60,
    }
    moved = Transfer.objects.filter(kind=TransferKind.CLEAR)
    assert {(row.actor, row.approver) for row in moved} == {(window.chen, window.han)}
    assert sum(part.earned for part in clearing.parts(window.street, last_month(), window.street))
    assert verification.run(full=True).findings == []


def test_months_are_cleared_in_order_and_once(window):
    two_months_ago = (last_month() - timedelta(days=1)).replace(day=1)
    issued(window, on=two_months_ago)
    two_orders(window)
    settlement.draw_up_due()
    for found in Settlement.objects.order_by("month"):
        settlement.confirm(found, by=window.shang)
        settlement.submit(found, by=window.chen)
        settlement.approve(found, by=window.han)
    assert clearing.open_months(window.street) == [two_months_ago, last_month()]
    with pytest.raises(clearing.OutOfOrder):
        clearing.draw_up(window.street, last_month(), by=window.chen)
    first = clearing.draw_up(window.street, two_months_ago, by=window.chen)
    with pytest.raises(clearing.OutOfOrder):  # drawn up is not posted
        clearing.draw_up(window.street, last_month(), by=window.chen)
    with pytest.raises(clearing.DrawnBefore):
        clearing.draw_up(window.street, two_months_ago, by=window.chen)
    clearing.approve(first, by=window.han)
    clearing.draw_up(window.street, last_month(), by=window.chen)
    with pytest.raises(clearing.NothingToClear):
        clearing.draw_up(window.street, timezone.localdate().replace(day=1), by=window.chen)


def test_what_comes_after_a_month_is_cleared_is_settled_with_the_next(window):
    two_orders(window)
    approved(window)
    clearing.draw_up(window.street, last_month(), by=window.chen)
    issued(window, window.tissue_shop, who="qian")
    assert settlement.draw_up(window.committee, window.street, last_month()) is None


def test_a_month_of_which_all_was_given_back_is_cleared_empty(window):
    issued(window)
    found = agreed(window)
    line = found.lines.get()
    settlement.question(line, by=window.chen, reason="没有领到")
    settlement.ask_reversal(line, by=window.chen, reason="没有领到")
    settlement.reverse(line, by=window.han)
    settlement.submit(line.settlement, by=window.chen)
    settlement.approve(line.settlement, by=window.han)
    assert line.settlement.state == SettlementState.CLOSED
    empty = clearing.draw_up(window.street, last_month(), by=window.chen)
    clearing.approve(empty, by=window.han)
    assert (empty.points, empty.state) == (0, C.POSTED)


def test_a_clearing_is_sent_back_and_handed_in_again(window):
    two_orders(window)
    approved(window)
    found = clearing.draw_up(window.street, last_month(), by=window.chen)
    clearing.send_back(found, by=window.han, reason="请附纸质清单")
    clearing.hand_in(found, by=window.chen, reason="已附")
    clearing.approve(found, by=window.han)
    for change in (
        lambda: found.rows.update(spent=1),
        lambda: Clearing.objects.filter(pk=found.pk).update(state=C.DRAWN),
        lambda: Clearing.objects.filter(pk=found.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            change()


def test_nobody_approves_the_table_they_drew_up(window):
    from orgs import posts
    from orgs.positions import Position

    two_orders(window)
    approved(window)
    found = clearing.draw_up(window.street, last_month(), by=window.chen)
    posts.appoint(
        window.chen,
        window.office,
        Position.SUBDISTRICT_LEADER,
        area=None,
        starts_on=timezone.localdate(),
        reason="代理",
    )
    access.forget(window.chen)
    with pytest.raises(SamePerson):
        clearing.approve(found, by=window.chen)


@pytest.mark.django_db(transaction=True)
def test_two_approvals_of_a_clearing_at_once_post_once(window, together):
    two_orders(window)
    approved(window)
    found = clearing.draw_up(window.street, last_month(), by=window.chen)

    def approve():
        row = Clearing.objects.get(pk=found.pk)
        return clearing.approve(row, by=type(window.han).objects.get(pk=window.han.pk))

    answers = together(approve, approve)
    assert sorted(type(answer).__name__ for answer in answers) == ["ClearingStep", "WrongState"]
    assert all_balances() == 0


# --- whatever meets in whatever order ------------------------------------------------------------

ORDER = st.tuples(
    st.sampled_from(["wang", "qian"]),  # who
    st.integers(0, 2),  # where
    st.integers(1, 3),  # how many
    st.integers(1, 28),  # on which day
)
FATES = st.sampled_from(["ok", "uphold", "put_off", "reverse"])
MONTH = st.tuples(
    st.lists(ORDER, max_size=5),
    st.lists(FATES, min_size=1, max_size=4),
    st.booleans(),  # is everything approved before the next month, or one?
    st.booleans(),  # is what can be cleared cleared?
)


class Year:
    """Months of an exchange, driven by any acts; what cannot be done is passed over."""

    def __init__(self, window):
        self.window, self.number = window, 0
        self.month = last_month().replace(month=1, year=2025)
        small = exchange_window.item(window, "E30", "肥皂一块", "goods", 7)
        outlets = (window.merchant, window.shop, window.counter)
        self.offers = [exchange_window.offer(outlet, small) for outlet in outlets]
        self.servers = [window.shang, window.sun, window.chen]

    @property
    def now(self) -> datetime:
        return noon(self.month + timedelta(days=27))

    def order(self, who, place, quantity, day):
        at = noon(self.month + timedelta(days=day - 1))
        self.number += 1
        try:
            placed = self.place(who, place, quantity, at)
        except (InsufficientPoints, OverYear):
            return
        orders.issue(placed, by=self.servers[place], at=at)

    def place(self, who, place, quantity, at):
        window = self.window
        home = window.home if who == "wang" else window.home_elsewhere
        person = getattr(window, who)
        return orders.place(
            self.offers[place],
            account=getattr(window, f"{who}_points"),
            person=person,
            household=home,
            by=person,
            key=f"year-{self.number}",
            quantity=quantity,
            at=at,
        )

    def pass_month(self):
        self.month = settled.next_month(self.month)
        settlement.draw_up_due(at=noon(self.month))

    def server(self, found):
        bodies = (self.window.merchant_shop, self.window.committee, self.window.office)
        return self.servers[[body.pk for body in bodies].index(found.organization_id)]

    def judge(self, fates):
        """Disputed, agreed and answered line by line."""
        at, told = noon(self.month), {}
        lines = SettlementLine.objects.filter(settlement__state="sent").order_by("pk")
        for number, line in enumerate(lines):
            fate = fates[number % len(fates)]
            if fate != "ok":
                by = self.server(line.settlement)
                settlement.dispute(line, by=by, reason="有出入", at=at)
                told[line.pk] = fate
        for found in Settlement.objects.filter(state="sent").order_by("pk"):
            settlement.confirm(found, by=self.server(found), at=at)
        said = {"by": self.window.chen, "reason": "核实过", "at": at}
        for pk, fate in told.items():
            line = SettlementLine.objects.get(pk=pk)
            if fate != "reverse":
                getattr(settlement, fate)(line, **said)
                continue
            settlement.ask_reversal(line, **said)
            settlement.reverse(line, by=self.window.han, at=at)

    def approve(self, most: int):
        for found in Settlement.objects.filter(state="ready").order_by("pk")[:most]:
            settlement.submit(found, by=self.window.chen, at=self.now)
            settlement.approve(found, by=self.window.han, at=self.now)

    def clear(self) -> bool:
        street = self.window.street
        due = list(settlement.due(self.now, path=street.path))
        months = clearing.open_months(street, due=due)
        if not months or clearing.missing(street, months[0], due=due):
            return False
        found = clearing.draw_up(street, months[0], by=self.window.chen, at=self.now)
        clearing.approve(found, by=self.window.han, at=self.now)
        return True

    def check(self):
        done = Settlement.objects.filter(approved_at__isnull=False)
        cleared = Clearing.objects.filter(state=C.POSTED)
        points = sum(row.points for row in done)
        assert all_balances() == points - sum(row.points for row in cleared)
        for row in cleared:
            assert sum(line.net for line in row.rows.all()) == 0
        # Settled vouchers are captured holds, one to one.
        lines = SettlementLine.objects.filter(settlement__in=done, state__in=COUNTED)
        ended = [line.order.ending for line in lines.select_related("order__ending")]
        assert {row.kind for row in ended} <= {TransferKind.CAPTURE}
        assert len({row.pending_of_id for row in ended}) == len(ended)
        assert sum(row.amount for row in ended) == points
        kept = sum(row.posted for row in Account.objects.filter(kind=AccountKind.MERCHANT))
        issued_points = Order.objects.filter(state=OrderState.ISSUED).values_list("points")
        assert kept == sum(row[0] for row in issued_points) - points

    def go(self, ordered, fates, settles_all, clears):
        for one in ordered:
            self.order(*one)
        self.pass_month()
        self.judge(fates)
        self.approve(99 if settles_all else 1)
        while clears and self.clear():
            continue
        self.check()


@given(months=st.lists(MONTH, min_size=2, max_size=4))
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_was_ordered_given_back_and_settled_the_clearing_sums_to_zero(window, months):
    from points import telling

    point = transaction.savepoint()
    try:
        with telling.silently():
            year = Year(window)
            for month in months:
                year.go(*month)
            for _last in range(2):  # what was put off in the last month comes with one more
                year.go([], ["uphold"], True, True)
        assert not Settlement.objects.filter(approved_at=None).exists()
        due = list(settlement.due(year.now, path=window.street.path))
        assert clearing.open_months(window.street, due=due) == []
        assert all_balances() == 0
        assert not Account.objects.filter(kind=AccountKind.MERCHANT, posted__gt=0).exists()
        assert verification.check(full=True).findings == []
    finally:
        transaction.savepoint_rollback(point)
