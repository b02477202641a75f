"""Orders, gifts, stock and the ledger, written in bulk as the verbs would have left them."""

from collections import defaultdict
from datetime import timedelta

from django.utils import timezone

from exchange.models import Gift, Offer, Order, OrderState, OrderStep, StockEntry, StockKind
from exchange.orders import HOLD
from points import accounts, ledger
from points.models import TransferKind
from portal.seeding.exchange.year import CONSENTS, Teller, Told
from portal.seeding.points.writing import copy_in, give_keys

VERBS = {
    OrderState.ISSUED: "issue",
    OrderState.CANCELLED: "cancel",
    OrderState.REFUSED: "refuse",
    OrderState.EXPIRED: "expire",
}
REASONS = {OrderState.REFUSED: "到货时包装破损，暂时没有货", OrderState.EXPIRED: ""}
LABELS = {
    OrderState.CANCELLED: "取消兑换",
    OrderState.EXPIRED: "逾期未领，退回",
}
ORDERED = {
    OrderState.ISSUED: StockKind.ISSUED,
    OrderState.CANCELLED: StockKind.RELEASED,
    OrderState.REFUSED: StockKind.RELEASED,
    OrderState.EXPIRED: StockKind.RELEASED,
}


def write(teller: Teller, told: list[Told]) -> None:
    told.sort(key=lambda one: one.at)
    gifts = [one for one in told if one.stall is None]
    orders = [one for one in told if one.stall is not None]
    _rows(teller, orders)
    _post(orders, gifts)
    copy_in(Order, [one.row for one in orders])
    _write_gifts(teller, gifts)
    _steps(orders)
    _stock(teller, orders)


def _rows(teller: Teller, orders: list[Told]) -> None:
    for one in orders:
        wallet, community = one.wallet, one.wallet.account.community
        one.row = Order(
            area=community,
            area_path=community.path,
            created_at=one.at,
            code=teller.code(),
            account=wallet.account,
            person_id=wallet.person,
            household_id=wallet.household,
            offer=one.stall.offers[one.item.code],
            terms=one.terms,
            quantity=one.quantity,
            points=one.points,
            state=one.state,
            placed_by_id=one.helper or wallet.person,
            placed_at=one.at,
            consent=teller.rng.choice(CONSENTS) if one.helper else "",
            due_at=one.due_at,
            ended_at=one.ended_at,
            issued_by_id=one.actor if one.state == OrderState.ISSUED else None,
        )
    give_keys(Order, [one.row for one in orders])
    for one in orders:
        one.row.key = f"seed:{one.row.pk}"


def _post(orders: list[Told], gifts: list[Told]) -> None:
    """Holds first, then what ended them: each in the order of time, a community at a time."""
    merchants: dict[tuple, int] = {}
    holds: dict[int, list] = defaultdict(list)
    for one in orders:
        organization, community = one.stall.outlet.organization, one.wallet.account.community
        where = organization.pk, community.pk
        if where not in merchants:
            merchants[where] = accounts.of_merchant(organization, community).pk
        holds[community.pk].append((one, merchants[where]))
    for some in holds.values():
        answers = ledger.post_many([_hold(one, merchant) for one, merchant in some])
        ends = []
        for (one, merchant), answer in zip(some, answers, strict=True):
            one.row.hold_id = answer.transfer_id
            if one.ended_at is not None:
                ends.append((one, merchant))
        ends.sort(key=lambda pair: pair[0].ended_at)
        answers = ledger.post_many([_ending(one, merchant) for one, merchant in ends])
        for (one, _merchant), answer in zip(ends, answers, strict=True):
            one.row.ending_id = answer.transfer_id
    by_community: dict[int, list[Told]] = defaultdict(list)
    for one in gifts:
        by_community[one.wallet.account.community_id].append(one)
    for some in by_community.values():
        pool = accounts.escrow_of(some[0].wallet.account.community).pk
        postings = [_donation(one, pool, number) for number, one in enumerate(some)]
        for one, answer in zip(some, ledger.post_many(postings), strict=True):
            one.transfer = answer.transfer_id


def _hold(one: Told, merchant: int) -> ledger.Posting:
    row = one.row
    return ledger.Posting(
        community=row.area_id,
        debit=row.account_id,
        credit=merchant,
        amount=row.points,
        key=f"{HOLD}{row.pk}",
        kind=TransferKind.HOLD,
        happened_on=timezone.localdate(one.at),
        due_at=row.due_at,
        reason=f"{one.item.name}×{row.quantity}",
        actor=row.placed_by_id,
        at=one.at,
    )


def _ending(one: Told, merchant: int) -> ledger.Posting:
    row, issued = one.row, one.state == OrderState.ISSUED
    return ledger.Posting(
        community=row.area_id,
        debit=row.account_id,
        credit=merchant,
        amount=row.points,
        key=f"{HOLD}{row.pk}:{VERBS[one.state]}",
        kind=TransferKind.CAPTURE if issued else TransferKind.VOID,
        happened_on=timezone.localdate(one.ended_at),
        lot_on=timezone.localdate(one.at),
        pending_of=row.hold_id,
        reason="" if issued else (REASONS.get(one.state) or LABELS[one.state]),
        at=one.ended_at,
    )


def _donation(one: Told, pool: int, number: int) -> ledger.Posting:
    account = one.wallet.account
    return ledger.Posting(
        community=account.community_id,
        debit=account.pk,
        credit=pool,
        amount=one.points,
        key=f"gift:seed:{account.pk}:{number}",
        kind=TransferKind.DONATE,
        happened_on=timezone.localdate(one.at),
        reason=one.item.name,
        actor=one.wallet.person,
        at=one.at,
    )


def _write_gifts(teller: Teller, gifts: list[Told]) -> None:
    rows = [
        Gift(
            area=one.wallet.account.community,
            area_path=one.wallet.account.community.path,
            created_at=one.at,
            person_id=one.wallet.person,
            item=one.item,
            points=one.points,
            transfer_id=one.transfer,
            is_named=teller.rng.random() < 0.4,
            given_at=one.at,
        )
        for one in gifts
    ]
    copy_in(Gift, rows)


def _steps(orders: list[Told]) -> None:
    steps = []
    for one in orders:
        row = one.row
        steps.append(
            OrderStep(
                order=row, verb="place", to_state="reserved", actor_id=row.placed_by_id, at=one.at
            )
        )
        if one.ended_at is not None:
            steps.append(
                OrderStep(
                    order=row,
                    verb=VERBS[one.state],
                    from_state="reserved",
                    to_state=one.state,
                    actor_id=one.actor,
                    at=one.ended_at,
                    reason=REASONS.get(one.state, ""),
                )
            )
    steps.sort(key=lambda step: step.at)
    copy_in(OrderStep, steps)


# --- stock ---------------------------------------------------------------------------------------


def _stock(teller: Teller, orders: list[Told]) -> None:
    """What the orders took, and the deliveries that were there in time."""
    events: dict[int, list[tuple]] = defaultdict(list)
    for one in orders:
        offer = one.row.offer
        events[offer.pk].append((one.at, StockKind.RESERVED, one))
        if one.ended_at is not None:
            events[offer.pk].append((one.ended_at, ORDERED[one.state], one))
    lines: list[StockEntry] = []
    changed = []
    for stall in teller.stalls:
        for offer in stall.offers.values():
            story = sorted(events[offer.pk], key=lambda event: event[0])
            lines += _Shelf(teller, stall, offer).tell(story)
            changed.append(offer)
    copy_in(StockEntry, lines)
    Offer.objects.bulk_update(changed, ["on_hand", "reserved", "seq"], batch_size=200)


class _Shelf:
    """One offer through the year: filled up before it runs out, counted now and then."""

    def __init__(self, teller: Teller, stall, offer: Offer):
        self.teller, self.stall, self.offer = teller, stall, offer
        self.lines: list[StockEntry] = []

    def tell(self, story: list[tuple]) -> list[StockEntry]:
        rng, offer = self.teller.rng, self.offer
        if offer.is_counted:
            first = story[0][0] if story else self.teller.now - timedelta(days=rng.randint(40, 200))
            self._receive(first - timedelta(days=rng.randint(2, 9)), rng.randint(12, 24))
        for at, kind, one in story:
            pieces = one.quantity
            if kind == StockKind.RESERVED:
                if offer.is_counted and offer.on_hand - offer.reserved < pieces:
                    self._receive(at - timedelta(minutes=50), rng.randint(12, 30))
                self._line(at, kind, 0, pieces, one)
            elif kind == StockKind.RELEASED:
                self._line(at, kind, 0, -pieces, one)
            else:
                self._line(at, kind, -pieces if offer.is_counted else 0, -pieces, one)
        if offer.is_counted and rng.random() < 0.3:
            self._count()
        return self.lines

    def _receive(self, at, pieces: int) -> None:
        donated = self.teller.rng.random() < 0.12
        kind = StockKind.DONATED if donated else StockKind.RECEIVED
        self._line(at, kind, pieces, 0, None, "共建单位捐赠" if donated else "采购入库")

    def _count(self) -> None:
        """Now and then a count finds one less than there should be."""
        missing = self.teller.rng.random() < 0.25 and self.offer.on_hand > self.offer.reserved
        reason = "盘点少一件，原因待查" if missing else ""
        at = self.teller.now - timedelta(hours=1)
        self._line(at, StockKind.COUNTED, -1 if missing else 0, 0, None, reason)

    def _line(self, at, kind, on_hand: int, reserved: int, one: Told | None, reason="") -> None:
        offer = self.offer
        offer.on_hand += on_hand
        offer.reserved += reserved
        offer.seq += 1
        actor = one.actor if one is not None and kind == StockKind.ISSUED else None
        if one is None:
            actor = self.stall.hands[0] if self.stall.hands else None
        self.lines.append(
            StockEntry(
                offer=offer,
                seq=offer.seq,
                kind=kind,
                on_hand_delta=on_hand,
                reserved_delta=reserved,
                on_hand=offer.on_hand,
                reserved=offer.reserved,
                order=one and one.row,
                reason=reason,
                actor_id=actor,
                at=at,
            )
        )
