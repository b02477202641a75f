"""Whatever is ordered, handed over, cancelled, refused and run out in whatever order: points and
stock are bound and released together, and the books prove themselves.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from exchange import limits, orders, stock
from exchange.models import COUNTING, Offer, Order, OrderState, StockEntry
from points import accounts, verification
from points.ledger import InsufficientPoints
from points.models import Transfer

PIECES = st.integers(1, 3)
START = datetime(2026, 3, 4, 2, tzinfo=UTC)


class Window(RuleBasedStateMachine):
    cast = None  # set by the test
    open_ones = Bundle("open_ones")

    def __init__(self):
        super().__init__()
        w = self.cast
        self.savepoint = transaction.savepoint()
        self.now = START
        self.clock = time_machine.travel(self.now, tick=False)
        self.traveller = self.clock.start()
        window = [w.tissue_here, w.tissue_counter, w.rice_here, w.haircut_here]
        self.offers = [Offer.objects.get(pk=offer.pk) for offer in window]
        self.keepers = [w.shang, w.chen, w.shang, w.shang]
        self.payers = [
            (w.wang_points, w.wang, w.home),
            (w.home_points, w.wang, w.home),
            (w.qian_points, w.qian, w.home_elsewhere),
        ]
        self.has = {w.wang_points.pk: 1000, w.home_points.pk: 500, w.qian_points.pk: 800}
        self.lies = {offer.pk: offer.on_hand for offer in self.offers}
        self.held, self.ready, self.paid = Counter(), Counter(), 0
        self.number = 0

    def teardown(self):
        try:
            assert verification.check(full=True).findings == []
        finally:
            self.clock.stop()
            transaction.savepoint_rollback(self.savepoint)

    def had(self, offer, home) -> int:
        first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        rows = Order.objects.filter(
            offer__item=offer.item, household=home, state__in=COUNTING, placed_at__gte=first
        )
        if offer.item.terms.get().person_monthly:
            return 99
        return sum(rows.values_list("quantity", flat=True))

    def ended(self, order) -> None:
        self.held[order.account_id] -= order.points
        self.ready[order.offer_id] -= order.quantity

    # --- steps

    @rule(target=open_ones, what=st.integers(0, 3), who=st.integers(0, 2), pieces=PIECES)
    def place(self, what, who, pieces):
        offer, (account, person, home) = self.offers[what], self.payers[who]
        self.number += 1
        cost = offer.item.terms.get().points * pieces
        try:
            order = orders.place(
                offer,
                account=account,
                person=person,
                household=home,
                by=person,
                key=f"form-{self.number}",
                quantity=pieces,
            )
        except InsufficientPoints:
            assert self.has[account.pk] - self.held[account.pk] < cost
            return multiple()
        except stock.SoldOut:
            assert self.lies[offer.pk] - self.ready[offer.pk] < pieces
            return multiple()
        except limits.OverLimit:
            assert self.had(offer, home) + pieces > offer.item.terms.get().household_monthly
            return multiple()
        self.held[account.pk] += cost
        self.ready[offer.pk] += pieces
        return order.pk, what

    @rule(one=consumes(open_ones))
    def issue(self, one):
        order = Order.objects.get(pk=one[0])
        if order.state != OrderState.RESERVED:
            return
        orders.issue(order, by=self.keepers[one[1]])
        self.ended(order)
        self.has[order.account_id] -= order.points
        self.paid += order.points
        if order.offer.is_counted:
            self.lies[order.offer_id] -= order.quantity

    @rule(one=consumes(open_ones), by_outlet=st.booleans())
    def give_up(self, one, by_outlet):
        order = Order.objects.get(pk=one[0])
        if order.state != OrderState.RESERVED:
            return
        if by_outlet:
            orders.refuse(order, by=self.keepers[one[1]], reason="没有到货")
        else:
            orders.cancel(order, by=order.person)
        self.ended(order)

    @rule(days=st.integers(1, 9))
    def time_passes(self, days):
        self.now += timedelta(days=days)
        self.traveller.move_to(self.now)
        late = Order.objects.filter(state=OrderState.RESERVED, due_at__lt=self.now)
        for order in late:
            self.ended(order)
        assert orders.expire_due() == len(late)

    @rule(what=st.integers(0, 2), pieces=PIECES)
    def receive(self, what, pieces):
        offer = self.offers[what]
        stock.receive(offer, pieces, by=self.keepers[what])
        self.lies[offer.pk] += pieces

    @rule(what=st.integers(0, 2), pieces=PIECES)
    def damage(self, what, pieces):
        offer = self.offers[what]
        try:
            stock.damage(offer, pieces, by=self.keepers[what], reason="受潮")
        except stock.Promised:
            assert self.lies[offer.pk] - pieces < self.ready[offer.pk]
        else:
            self.lies[offer.pk] -= pieces

    # --- what always holds

    @invariant()
    def points_and_pieces_are_bound_together(self):
        for account, _person, _home in self.payers:
            account.refresh_from_db()
            here = self.has[account.pk], self.held[account.pk]
            assert (account.posted, account.held) == here
        for offer in self.offers:
            offer.refresh_from_db()
            assert offer.reserved == self.ready[offer.pk]
            if offer.is_counted:
                assert offer.on_hand == self.lies[offer.pk]

    @invariant()
    def every_open_hold_is_an_open_order(self):
        held = Transfer.objects.filter(kind="hold", endings=None)
        open_ones = Order.objects.filter(state=OrderState.RESERVED)
        assert set(held.values_list("pk", flat=True)) == set(
            open_ones.values_list("hold", flat=True)
        )

    @invariant()
    def merchants_hold_what_was_handed_over(self):
        w = self.cast
        there = [
            accounts.of_merchant(body, community).posted
            for body in (w.merchant_shop, w.office)
            for community in (w.community, w.elsewhere)
        ]
        assert sum(there) == self.paid

    @invariant()
    def stock_lines_add_up(self):
        for offer in self.offers:
            lines = list(StockEntry.objects.filter(offer=offer).order_by("seq"))
            assert [line.seq for line in lines] == list(range(1, offer.seq + 1))
            assert sum(line.reserved_delta for line in lines) == offer.reserved

    @invariant()
    def no_door_has_more_than_its_limit(self):
        first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        doors = Counter()
        for order in Order.objects.filter(state__in=COUNTING, placed_at__gte=first):
            doors[order.household_id, order.offer.item_id] += order.quantity
            most = order.terms.household_monthly
            assert most is None or doors[order.household_id, order.offer.item_id] <= most


def test_any_sequence_keeps_points_and_stock_together(window):
    Window.cast = window
    run_state_machine_as_test(
        Window,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes of database
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
