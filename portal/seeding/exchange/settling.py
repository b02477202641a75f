"""The months of the demo that are settled and cleared, and the last one that still is under way.

What is over is written in bulk as the verbs would have left it; the last month goes through them.
"""

from collections import defaultdict
from datetime import date, datetime, time, timedelta

from django.db import transaction

from exchange import clearing, settled, settlement
from exchange import terms as exchange_terms
from exchange.models import (
    Clearing,
    ClearingRow,
    ClearingState,
    ClearingStep,
    Order,
    OrderState,
    OutletKind,
    Settlement,
    SettlementLine,
    SettlementState,
    SettlementStep,
)
from orgs import access
from points import accounts, ledger, terms
from points.ledger import Posting
from points.models import TransferKind
from portal.seeding.issues import moments
from portal.seeding.points.writing import copy_in, give_keys
from rules import clocks


def write(street, months: list[date], rng, now: datetime) -> None:
    """Settle and clear ``months``, in order; the last by the verbs, as far as time allows."""
    writer = _Writer(street, rng, now)
    for month in months[:-1]:
        writer.past(month)
    writer.running(months[-1])


class _Writer:
    def __init__(self, street, rng, now):
        self.street, self.rng, self.now = street, rng, now
        self.operator = _holder("exchange.settle", street)
        self.leader = _holder("exchange.approve_settlement", street, but=self.operator)
        self.keepers: dict[int, object] = {}

    def past(self, month: date) -> None:
        """Everybody agreed, all was approved, merchants were paid, the communities cleared."""
        ends = settled.begins(settled.next_month(month))
        begins = settled.begins(month)
        orders = Order.objects.filter(
            state=OrderState.ISSUED, ended_at__gte=begins, ended_at__lt=ends
        ).select_related("offer__outlet__organization", "offer__outlet__books", "area")
        bodies: dict[int, list[Order]] = defaultdict(list)
        for order in orders.order_by("pk"):
            bodies[order.offer.outlet.organization_id].append(order)
        if not bodies:
            return
        rows, lines, steps, postings = [], [], [], []
        for some in bodies.values():
            rows.append(self._settlement(month, some))
        give_keys(Settlement, rows)
        for row, some in zip(rows, bodies.values(), strict=True):
            lines += self._lines(row, some)
            steps += self._steps(row)
            postings += self._postings(row, some)
        copy_in(Settlement, rows)
        copy_in(SettlementLine, lines)
        steps.sort(key=lambda step: step.at)
        copy_in(SettlementStep, steps)
        ledger.post_many(postings)
        self._clear(month, [order for some in bodies.values() for order in some])

    def _at(self, month: date, days: int) -> datetime:
        """A working hour some days into the month after."""
        day = settled.next_month(month) + timedelta(days=days)
        return moments.at(day, time(self.rng.randint(9, 16), self.rng.randint(0, 59)))

    def _settlement(self, month: date, orders: list[Order]) -> Settlement:
        organization = orders[0].offer.outlet.organization
        last_day = settled.next_month(month) - timedelta(days=1)
        face = terms.at(self.street, last_day).params["face_value_cents"]
        drawn = settled.begins(settled.next_month(month)) + timedelta(minutes=10)
        term = exchange_terms.at(self.street, last_day).params["settlement_dispute"]
        points = sum(order.points for order in orders)
        pays = orders[0].offer.outlet.kind == OutletKind.MERCHANT
        row = Settlement(
            area=self.street,
            area_path=self.street.path,
            created_at=drawn,
            organization=organization,
            month=month,
            pays=pays,
            face_value_cents=face,
            dispute_due_at=clocks.reckon(term["unit"], term["amount"], drawn).due,
            confirmed_by=self._keeper(organization),
            confirmed_at=self._at(month, self.rng.randint(1, 3)),
            orders=len(orders),
            pieces=sum(order.quantity for order in orders),
            points=points,
            cents=points * face,
            submitted_by=self.operator,
            submitted_at=self._at(month, 5),
            approved_by=self.leader,
            approved_at=self._at(month, 6),
            state=SettlementState.PAID if pays else SettlementState.CLOSED,
        )
        if pays:
            row.paid_at = self._at(month, self.rng.randint(8, 11))
            row.paid_on, row.paid_by = row.paid_at.date(), self.operator
            row.voucher = f"兑付{month:%Y%m}-{organization.pk:04d}"
        return row

    def _keeper(self, organization):
        if organization.pk not in self.keepers:
            people = access.holders("exchange.serve_outlet", organization=organization)
            self.keepers[organization.pk] = people.order_by("pk").first()
        return self.keepers[organization.pk]

    def _lines(self, row: Settlement, orders: list[Order]) -> list[SettlementLine]:
        return [
            SettlementLine(
                settlement=row,
                order=order,
                payer_id=order.area_id,
                books_id=order.offer.outlet.books_id,
                points=order.points,
            )
            for order in orders
        ]

    def _steps(self, row: Settlement) -> list[SettlementStep]:
        told = [
            ("draw_up", "", "sent", None, row.created_at),
            ("confirm", "sent", "ready", row.confirmed_by, row.confirmed_at),
            ("submit", "ready", "submitted", self.operator, row.submitted_at),
            (
                "approve",
                "submitted",
                "approved" if row.pays else "closed",
                self.leader,
                row.approved_at,
            ),
        ]
        if row.pays:
            told.append(("pay", "approved", "paid", self.operator, row.paid_at))
        return [
            SettlementStep(
                settlement=row,
                verb=verb,
                from_state=before,
                to_state=after,
                actor=actor,
                at=at,
                data={"paid_on": row.paid_on, "voucher": row.voucher} if verb == "pay" else {},
            )
            for verb, before, after, actor, at in told
        ]

    def _postings(self, row: Settlement, orders: list[Order]) -> list[Posting]:
        by_books: dict[int, list[Order]] = defaultdict(list)
        for order in orders:
            by_books[order.area_id].append(order)
        return [
            Posting(
                community=books,
                debit=accounts.of_merchant(row.organization, some[0].area).pk,
                credit=accounts.clearing_of(some[0].area).pk,
                amount=sum(order.points for order in some),
                key=f"settle:{row.pk}:{books}",
                kind=TransferKind.SETTLE,
                happened_on=row.approved_at.date(),
                reason=str(row),
                actor=self.operator.pk,
                approver=self.leader.pk,
                at=row.approved_at,
            )
            for books, some in sorted(by_books.items())
        ]

    def _clear(self, month: date, orders: list[Order]) -> None:
        at = self._at(month, 12)
        found = clearing.rows_of(self.street, month)
        clear = Clearing(
            area=self.street,
            area_path=self.street.path,
            created_at=at,
            month=month,
            state=ClearingState.POSTED,
            points=sum(order.points for order in orders),
            drawn_by=self.operator,
            drawn_at=at,
            approved_by=self.leader,
            approved_at=at + timedelta(hours=20),
        )
        copy_in(Clearing, [clear])
        copy_in(
            ClearingRow,
            [
                ClearingRow(
                    clearing=clear,
                    community=row.community,
                    spent=row.spent,
                    earned=row.earned,
                    own=row.own,
                )
                for row in found
            ],
        )
        steps = (("draw_up", "", "drawn", self.operator, at),)
        steps += (("approve", "drawn", "posted", self.leader, clear.approved_at),)
        ClearingStep.objects.bulk_create(
            ClearingStep(
                clearing=clear, verb=verb, from_state=before, to_state=after, actor=actor, at=moment
            )
            for verb, before, after, actor, moment in steps
        )
        ledger.post_many(
            [
                Posting(
                    community=row.community.pk,
                    debit=accounts.clearing_of(row.community).pk,
                    credit=accounts.issuance_of(row.community).pk,
                    amount=row.earned,
                    key=f"clear:{clear.pk}:{row.community.pk}",
                    kind=TransferKind.CLEAR,
                    happened_on=clear.approved_at.date(),
                    reason=str(clear),
                    actor=self.operator.pk,
                    approver=self.leader.pk,
                    at=clear.approved_at,
                )
                for row in found
                if row.earned
            ]
        )

    # --- the last month, by the verbs

    def running(self, month: date) -> None:
        """One stage for each: waiting, disputed, ready, submitted, approved, paid."""
        at = settled.begins(settled.next_month(month)) + timedelta(minutes=10)
        settlement.draw_up_due(at=at, path=self.street.path)
        rows = Settlement.objects.filter(area=self.street, month=month)
        for number, row in enumerate(rows.select_related("organization").order_by("pk")):
            with transaction.atomic():
                self._advance(row, number % 6)

    def _advance(self, row: Settlement, stage: int) -> None:
        keeper, month = self._keeper(row.organization), row.month
        if stage == 0 and self._at(month, 7) < self.now:
            stage = 5  # the merchant's term is over by now
        if stage == 0 or keeper is None:
            return
        day = self._at(month, 2)
        if day > self.now:
            return
        if stage == 1:
            line = row.lines.order_by("pk").first()
            reason = "这张券当天没有带走东西，请核对"
            settlement.dispute(line, by=keeper, reason=reason, at=day)
        settlement.confirm(row, by=keeper, at=day + timedelta(minutes=30))
        steps = (
            (3, 4, lambda when: settlement.submit(row, by=self.operator, at=when)),
            (4, 5, lambda when: settlement.approve(row, by=self.leader, at=when)),
            (5, 8, self._paying(row)),
        )
        for least, days, act in steps:
            when = self._at(month, days)
            if stage < least or when > self.now:
                return
            act(when)

    def _paying(self, row: Settlement):
        def pay(when: datetime) -> None:
            if row.state == SettlementState.APPROVED:
                voucher = f"兑付{row.month:%Y%m}-{row.organization_id:04d}"
                settlement.pay(row, by=self.operator, paid_on=when.date(), voucher=voucher, at=when)

        return pay


def _holder(right: str, area, *, but=None):
    people = access.holders(right, area=area).order_by("pk")
    return people.exclude(pk=getattr(but, "pk", None)).first()
