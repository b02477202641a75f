"""Whatever meets in whatever order, the ledger keeps its promises.

A model in plain Python does the same sums; after each step both must agree, and at the end of each
sequence the books are proved from scratch.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orgs.models import Household
from points import accounts, ledger, lots, periods, seal, sharing, verification
from points.lots import Terms
from points.models import Account, Entry, Period, Transfer, TransferKind
from tests.points.books import posting

K = TransferKind
RULES = Terms(months=2)
POINTS = st.integers(1, 40)


class Books(RuleBasedStateMachine):
    cast = None  # set by the test

    holds = Bundle("holds")
    moved = Bundle("moved")  # transfers that may be reversed, with their sides

    def __init__(self):
        super().__init__()
        b = self.cast
        self.savepoint = transaction.savepoint()
        self.now = datetime(2025, 1, 15, 4, tzinfo=UTC)
        self.clock = time_machine.travel(self.now, tick=False)
        self.traveller = self.clock.start()
        second = Household.objects.create(area=b.building, stairwell="9", room="901")
        self.fund, self.shop = b.fund, accounts.of_merchant(b.merchant_shop, b.community)
        self.expired = accounts.expiry_of(b.community)
        self.members = [b.wang_points, b.home_points, b.li_points]
        self.homes = [b.home_points, accounts.of_household(second, b.community)]
        self.posted, self.held, self.count = Counter(), Counter(), 0

    def teardown(self):
        try:
            report = verification.check(full=True)
            assert report.findings == []
            assert report.transfers == Transfer.objects.count()
            out = sum(self.posted.values())
            assert accounts.balance(self.fund) + accounts.balance(self.expired) + out == 10_000
        finally:
            self.clock.stop()
            transaction.savepoint_rollback(self.savepoint)

    # --- words -----------------------------------------------------------------------------------

    def key(self) -> str:
        self.count += 1
        return f"step:{self.count}"

    def make(self, debit, credit, points, kind, **more):
        return posting(
            debit, credit, points, key=self.key(), kind=kind, on=self.today, at=self.now, **more
        )

    @property
    def today(self) -> date:
        return self.now.date()

    def free(self, account) -> int:
        return self.posted[account.pk] - self.held[account.pk]

    def note(self, debit, credit, points):
        for account, delta in ((debit, -points), (credit, points)):
            if account.pk != self.fund.pk and account.pk != self.expired.pk:
                self.posted[account.pk] += delta

    def either(self, act, *, goes: bool):
        """Do it, or be refused, as the model says."""
        try:
            done = act()
        except ledger.InsufficientPoints:
            assert not goes
            return None
        assert goes
        return done

    @initialize()
    def something_to_begin_with(self):
        for account in self.members:
            ledger.post(self.make(self.fund, account, 50, K.AWARD))
            self.note(self.fund, account, 50)

    # --- steps -----------------------------------------------------------------------------------

    @rule(target=moved, to=st.integers(0, 2), points=POINTS, age=st.integers(0, 100))
    def award(self, to, points, age):
        account = self.members[to]
        lot_on = self.today - timedelta(days=age)
        ledger.post(self.make(self.fund, account, points, K.AWARD, lot_on=lot_on))
        self.note(self.fund, account, points)
        return Transfer.objects.latest("pk").pk, self.fund, account, points

    @rule(to=st.lists(st.tuples(st.integers(0, 2), POINTS), min_size=2, max_size=6))
    def award_many(self, to):
        rows = [self.make(self.fund, self.members[n], points, K.AWARD) for n, points in to]
        assert all(posted.is_new for posted in ledger.post_many(rows))
        assert not any(posted.is_new for posted in ledger.post_many(rows))
        for n, points in to:
            self.note(self.fund, self.members[n], points)

    @rule(target=moved, by=st.integers(0, 2), points=POINTS)
    def deduct(self, by, points):
        account = self.members[by]
        act = self.make(account, self.fund, points, K.DEDUCT)
        if self.either(lambda: ledger.post(act), goes=self.free(account) >= points) is None:
            return multiple()
        self.note(account, self.fund, points)
        return Transfer.objects.latest("pk").pk, account, self.fund, points

    @rule(target=holds, by=st.integers(0, 2), points=POINTS)
    def hold(self, by, points):
        account = self.members[by]
        due = self.now + timedelta(days=9)
        act = self.make(account, self.shop, points, K.HOLD, due_at=due)
        done = self.either(lambda: ledger.hold(act), goes=self.free(account) >= points)
        if done is None:
            return multiple()
        self.held[account.pk] += points
        return done.transfer_id, account, points

    @rule(target=moved, held=consumes(holds))
    def capture(self, held):
        pk, account, points = held
        original = Transfer.objects.get(pk=pk)
        done = ledger.capture(original, key=self.key(), at=self.now)
        self.held[account.pk] -= points
        self.note(account, self.shop, points)
        return done.transfer_id, account, self.shop, points

    @rule(held=consumes(holds))
    def void(self, held):
        pk, account, points = held
        original = Transfer.objects.get(pk=pk)
        ledger.void(original, key=self.key(), reason="取消", at=self.now)
        self.held[account.pk] -= points
        with pytest.raises(ledger.HoldEnded):
            ledger.capture(original, key=self.key(), at=self.now)

    @rule(target=moved, done=consumes(moved))
    def reverse(self, done):
        pk, debit, credit, points = done
        goes = credit.pk == self.fund.pk or self.free(credit) >= points
        original = Transfer.objects.get(pk=pk)
        act = lambda: ledger.reverse(original, key=self.key(), reason="有误", at=self.now)  # noqa: E731
        if self.either(act, goes=goes) is None:
            return done  # perhaps later
        self.note(credit, debit, points)
        return multiple()

    @rule(forth=st.booleans(), points=POINTS)
    def share(self, forth, points):
        pair = [self.cast.wang_points, self.cast.home_points]
        source, target = pair if forth else pair[::-1]
        done = self.either(
            lambda: sharing.share(
                source,
                target,
                points,
                by=self.cast.wang,
                reason="户内",
                key=self.key(),
                at=self.now,
            ),
            goes=self.free(source) >= points,
        )
        if done:
            self.note(source, target, points)

    @rule(forth=st.booleans(), points=POINTS)
    def split(self, forth, points):
        source, target = self.homes if forth else self.homes[::-1]
        done = self.either(
            lambda: sharing.split(
                source, target, points, by=self.cast.sun, reason="分户", key=self.key(), at=self.now
            ),
            goes=self.free(source) >= points,
        )
        if done:
            self.note(source, target, points)

    @rule(forth=st.booleans())
    def merge(self, forth):
        source, target = self.homes if forth else self.homes[::-1]
        before = dict(lots.open_lots(source))
        try:
            sharing.merge(
                source, target, by=self.cast.sun, reason="并户", key=self.key(), at=self.now
            )
        except sharing.StillHeld:
            assert self.held[source.pk]
            return
        assert not self.held[source.pk]
        self.note(source, target, self.free(source))
        there = Counter(dict(lots.open_lots(target)))
        assert all(there[day] >= points for day, points in before.items())

    @rule()
    def expire(self):
        old = {
            account.pk: sum(
                points
                for day, points in lots.open_lots(account)
                if RULES.expires_on(day) <= self.today
            )
            for account in {*self.members, *self.homes}
        }
        community = self.cast.community
        assert lots.expire(community, self.today, rules=RULES, at=self.now) == sum(old.values())
        assert lots.expire(community, self.today, rules=RULES, at=self.now) == 0
        for pk, points in old.items():
            self.posted[pk] -= points

    @precondition(lambda self: self.now.year < 2026)
    @rule(days=st.sampled_from([3, 31, 62]), closes=st.booleans())
    def time_goes_by(self, days, closes):
        self.now += timedelta(days=days)
        self.traveller.move_to(self.now, tick=False)
        if closes:
            self.close_months()

    def close_months(self):
        periods.close_due()
        last = Period.objects.filter(community=self.cast.community).order_by("-month").first()
        if last is not None:
            shut = datetime.combine(last.month, datetime.min.time(), UTC) + timedelta(days=3)
            with pytest.raises(ledger.PeriodShut):
                ledger.post(posting(self.fund, self.members[0], 1, key="late", at=shut))

    @rule()
    def seal_and_verify(self):
        seal.run()
        assert seal.run() == 0
        assert verification.run().is_clean

    # --- always ----------------------------------------------------------------------------------

    @invariant()
    def the_model_agrees(self):
        some = {account.pk for account in (*self.members, *self.homes, self.shop)}
        rows = {
            pk: (posted, held)
            for pk, posted, held in Account.objects.filter(pk__in=some).values_list(
                "pk", "posted", "held"
            )
        }
        assert rows == {pk: (self.posted[pk], self.held[pk]) for pk in some}
        assert all(0 <= held <= posted for posted, held in rows.values())
        left = lots.lots_of(some)
        for pk, (posted, held) in rows.items():
            assert sum(points for _day, points in left[pk]) == posted - held
            assert all(points > 0 for _day, points in left[pk])


def test_any_sequence_keeps_every_promise(books):
    Books.cast = books
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=12,
            stateful_step_count=45,
            phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes of database
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Entry.objects.count() == 0  # each sequence was rolled back
