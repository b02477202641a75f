"""The only module that writes stock: every change is one line, and the offer says where it ended.

The offer's row is locked first, so lines follow one another and nothing is promised twice.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import telling
from exchange.models import Offer, Order, StockEntry, StockKind
from rules.refusals import Refused

MOST = 100_000  # pieces in one line


class StockRefused(Refused):
    """Why the stock cannot change so; its text may be shown."""


class SoldOut(StockRefused):
    def __init__(self, *, have: int, need: int):
        self.have, self.need = have, need
        text = _("这里只剩 %(have)d 件") % {"have": have} if have else _("这里已经兑完了")
        super().__init__(text)


class NotCounted(StockRefused):
    def __init__(self):
        super().__init__(_("这一项不计库存"))


class WrongCount(StockRefused):
    def __init__(self):
        super().__init__(_("数量须为大于零的整数，且不超过 10 万"))


class ReasonMissing(StockRefused):
    def __init__(self):
        super().__init__(_("请写明原因"))


class FormSpent(StockRefused):
    def __init__(self):
        super().__init__(_("这张表已用于另一次登记，请刷新后再试"))


class Promised(StockRefused):
    """What is taken away or not found lies ready for somebody."""

    def __init__(self, reserved: int):
        self.reserved = reserved
        text = _(
            "有 %(count)d 件已为居民预留，在库不能少于这个数；请先与居民商量，把做不到的兑换单退回"
        )
        super().__init__(text % {"count": reserved})


class _Change(NamedTuple):
    on_hand: int = 0
    reserved: int = 0


def lock(offer: Offer) -> Offer:
    """Read the row again, and keep it until the transaction ends."""
    offer.refresh_from_db(from_queryset=Offer.objects.select_for_update(of=("self",)))
    return offer


# --- by people -----------------------------------------------------------------------------------


# ``key`` is the form's: the same form sent again gives the line it made, and changes nothing.


@transaction.atomic
def receive(offer: Offer, pieces: int, *, by, reason: str = "", donated=False, key="", at=None):
    """Goods came in: bought, or ``donated`` (``exchange.donations`` keeps who gave them)."""
    _counted(offer, pieces)
    kind = StockKind.DONATED if donated else StockKind.RECEIVED
    if known := _known(lock(offer), kind, key):
        return known
    return _write(offer, kind, _Change(on_hand=pieces), by=by, reason=reason, key=key, at=at)


@transaction.atomic
def damage(offer: Offer, pieces: int, *, by, reason: str, key="", at=None):
    """Broken, spoiled or lost, with the reason. Raises Promised below what is reserved."""
    _counted(offer, pieces)
    if not reason.strip():
        raise ReasonMissing
    if known := _known(lock(offer), StockKind.DAMAGED, key):
        return known
    if offer.on_hand - pieces < offer.reserved:
        raise Promised(offer.reserved)
    change = _Change(on_hand=-pieces)
    return _write(offer, StockKind.DAMAGED, change, by=by, reason=reason, key=key, at=at)


@transaction.atomic
def count(offer: Offer, found: int, *, by, reason: str = "", key="", at=None):
    """What was found when counting: the difference becomes a line, also when there is none.

    A difference needs a reason. Raises Promised when less was found than is reserved.
    """
    if not offer.is_counted:
        raise NotCounted
    if type(found) is not int or not 0 <= found <= MOST:
        raise WrongCount
    if known := _known(lock(offer), StockKind.COUNTED, key):
        return known
    difference = found - offer.on_hand
    if difference and not reason.strip():
        raise ReasonMissing
    if found < offer.reserved:
        raise Promised(offer.reserved)
    change = _Change(on_hand=difference)
    return _write(offer, StockKind.COUNTED, change, by=by, reason=reason, key=key, at=at)


@transaction.atomic
def set_low_mark(offer: Offer, mark: int) -> None:
    """From when on the outlet is told to fill up; no line, as no piece moves."""
    if type(mark) is not int or not 0 <= mark <= MOST:
        raise WrongCount
    lock(offer).low_mark = mark
    offer.save(update_fields=["low_mark"])


def _known(offer: Offer, kind: str, key: str) -> StockEntry | None:
    """The line this form has made; with the offer locked."""
    known = StockEntry.objects.filter(key=key).first() if key else None
    if known is not None and (known.offer_id, known.kind) != (offer.pk, kind):
        raise FormSpent
    return known


def _counted(offer: Offer, pieces: int) -> None:
    if not offer.is_counted:
        raise NotCounted
    if type(pieces) is not int or not 0 < pieces <= MOST:
        raise WrongCount


# --- by orders: ``exchange.orders`` calls these, with the offer locked ---------------------------


def reserve(offer: Offer, order: Order, *, at) -> None:
    """Promise the pieces. Raises SoldOut."""
    if offer.is_counted and offer.on_hand - offer.reserved < order.quantity:
        raise SoldOut(have=offer.on_hand - offer.reserved, need=order.quantity)
    _of_order(offer, StockKind.RESERVED, order, reserved=order.quantity, at=at)


def release(offer: Offer, order: Order, *, at) -> None:
    """The promise is over, the pieces stay."""
    _of_order(offer, StockKind.RELEASED, order, reserved=-order.quantity, at=at)


def issue(offer: Offer, order: Order, *, by, at) -> None:
    """Handed over."""
    on_hand = -order.quantity if offer.is_counted else 0
    change = {"on_hand": on_hand, "reserved": -order.quantity}
    _of_order(offer, StockKind.ISSUED, order, by=by, at=at, **change)


def take_back(offer: Offer, order: Order, *, by, at) -> None:
    """What was handed over lies in the outlet again."""
    on_hand = order.quantity if offer.is_counted else 0
    _of_order(offer, StockKind.RETURNED, order, by=by, at=at, on_hand=on_hand)


def _of_order(offer, kind, order, *, on_hand=0, reserved=0, by=None, at) -> None:
    _write(offer, kind, _Change(on_hand, reserved), by=by, at=at, order=order)


def _write(
    offer: Offer,
    kind: str,
    change: _Change,
    *,
    by=None,
    reason: str = "",
    key: str = "",
    at: datetime | None = None,
    order: Order | None = None,
) -> StockEntry:
    had, was_low = offer.available, offer.is_low
    offer.on_hand += change.on_hand
    offer.reserved += change.reserved
    offer.seq += 1
    offer.save(update_fields=["on_hand", "reserved", "seq"])
    if had == 0 and offer.available:
        telling.of_arrival(offer)
    elif offer.is_low and not was_low:
        telling.of_low(offer)
    return StockEntry.objects.create(
        offer=offer,
        seq=offer.seq,
        kind=kind,
        on_hand_delta=change.on_hand,
        reserved_delta=change.reserved,
        on_hand=offer.on_hand,
        reserved=offer.reserved,
        order=order,
        reason=reason.strip()[:200],
        key=key,
        actor=by,
        at=at or timezone.now(),
    )
