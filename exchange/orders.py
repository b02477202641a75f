"""Ordering for points, and how an order ends.

    place → (issue | cancel | refuse | expire)

Everything in one transaction: the limit's lock, the offer's row, then the accounts in the ledger,
always in this order. Points are held until they are paid; stock is promised until it is handed
over; whatever ends the order ends both.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import codes, limits, stock, telling, terms, who
from exchange.flow import flow, next_day, not_today
from exchange.models import (
    ItemKind,
    ItemTerms,
    Offer,
    Order,
    OrderState,
    Outlet,
    RedemptionStop,
)
from orgs import access
from orgs.models import Area, Household, Person
from points import accounts, ledger
from points.ledger import Posting
from points.models import Account, AccountKind, TransferKind
from rules import clocks
from rules.refusals import Refused
from rules.workflow import NotAllowed, Step, WrongState
from ui.dates import day_text, moment_text

logger = logging.getLogger(__name__)
HOLD = "order:"  # how the keys of our holds begin: ``points.ledger`` leaves them to us
MOST_PIECES = 99


class OrderRefused(Refused):
    """Why something cannot be ordered; its text may be shown."""


class NotOffered(OrderRefused):
    def __init__(self):
        super().__init__(_("这一项现在不能在这里兑换，请看看别的兑换点"))


class Stopped(OrderRefused):
    def __init__(self, stop: RedemptionStop):
        self.stop = stop
        text = _("%(day)s起停止兑换：%(reason)s")
        day = day_text(stop.starts_on, full=True)
        super().__init__(text % {"day": day, "reason": stop.reason})


class NotTheirAccount(OrderRefused):
    def __init__(self):
        super().__init__(_("只能用本人的账户，或同住成年人用家庭账户"))


class OtherArea(OrderRefused):
    def __init__(self):
        super().__init__(_("这个兑换点不在您积分所属的街道"))


class ConsentMissing(OrderRefused):
    def __init__(self):
        super().__init__(_("代办须本人同意，请写明本人怎样同意的，如“当面同意”“电话同意”"))


class WrongQuantity(OrderRefused):
    def __init__(self):
        super().__init__(_("数量须为 1 至 99 的整数"))


class KeyTaken(OrderRefused):
    def __init__(self):
        super().__init__(_("这张表已用于另一次兑换，请刷新后再试"))


# --- ordering ------------------------------------------------------------------------------------


def place(
    offer: Offer,
    *,
    account: Account,
    person: Person,
    household: Household | None,
    by: Person,
    key: str,
    quantity: int = 1,
    consent: str = "",
    at: datetime | None = None,
) -> Order:
    """Reserve ``quantity`` pieces and hold their points until the code runs out.

    ``person`` is who it is for and whose ``account`` pays (or the household's, with its grown
    members); ``household`` where they live (limits count by door); ``by`` somebody else needs
    the right to help there and the person's ``consent`` in words. ``key`` is the form's: the same
    again gives the same order. Raises NotOffered, Stopped, NotTheirAccount, OtherArea,
    ConsentMissing, OverLimit, OverYear, SoldOut or InsufficientPoints, with nothing written.
    """
    if type(quantity) is not int or not 1 <= quantity <= MOST_PIECES:
        raise WrongQuantity
    if not who.spends(person, account):
        raise NotTheirAccount
    consent = "" if by.pk == person.pk else _consent(account, person, by, consent)
    order = Order(
        key=key,
        account=account,
        person=person,
        household=household,
        offer=offer,
        quantity=quantity,
        placed_by=by,
        consent=consent,
    )
    return _place(order, at=at or timezone.now())


def place_for_pool(
    offer: Offer, *, community: Area, quantity: int, purpose: str, by, approver, key: str, at=None
) -> Order:
    """Spend the pool's points (一老一小): for a purpose, asked by one and approved by another.

    Raises OnePerson, NotAllowed, and what ``place`` does for a thing at an outlet.
    """
    if by.pk == approver.pk:
        raise ledger.OnePerson
    for person, right in ((by, who.SPEND_POOL), (approver, who.APPROVE_POOL)):
        if not access.rights_of(person).may(right, area_path=community.path):
            raise NotAllowed(verb="place_for_pool", label=_("使用公益池"))
    order = Order(
        key=key,
        account=accounts.escrow_of(community),
        offer=offer,
        quantity=quantity,
        placed_by=by,
        purpose=purpose.strip()[:100],
    )
    return _place(order, at=at or timezone.now(), approver=approver)


def _consent(account, person, by, words: str) -> str:
    """By somebody who may help where the points are, and with the person's word."""
    if not who.helps(by, account.community.path):
        raise NotAllowed(verb="place", label=_("代居民兑换"))
    if not words.strip():
        raise ConsentMissing
    return words.strip()[:100]


@transaction.atomic
def _place(order: Order, *, at: datetime, approver=None) -> Order:
    if known := Order.objects.filter(key=order.key).first():
        return _same(known, order)
    today = timezone.localdate(at)
    offer, item = order.offer, order.offer.item
    limits.lock(order.household_id, order.person_id)
    stock.lock(offer)
    if known := Order.objects.filter(key=order.key).first():  # who held the lock was the same form
        return _same(known, order)
    _check_open(offer, order.account.community, today)
    order.terms = ItemTerms.objects.in_force(today).get(item=item)
    order.points = order.terms.points * order.quantity
    if order.person is not None:
        limits.check(order, item=item, community=order.account.community, on=today)
    # The order is numbered before the hold, so that the hold can name it.
    order.pk = _next_number()
    order.area, order.placed_at = order.account.community, at
    pick_up = terms.at(order.account.community, today).params["pick_up"]
    order.due_at = _due(offer.outlet, clocks.reckon(pick_up["unit"], pick_up["amount"], at).due, at)
    order.hold_id = ledger.hold(_hold_of(order, approver)).transfer_id
    order.code = _new_code()
    flow.open(order, by=order.placed_by, verb="place", at=at, tells=telling.of_order)
    stock.reserve(offer, order, at=at)
    return order


def _due(outlet: Outlet, due: datetime, at: datetime) -> datetime:
    """Where things are handed over on redemption days only, the next one is within the term."""
    if not outlet.only_on_days:
        return due
    day = next_day(outlet, timezone.localdate(at) + timedelta(days=1))
    return due + max(day - timezone.localdate(due), timedelta())


def _same(known: Order, order: Order) -> Order:
    """The order a form made already; refused when the form says something else now."""
    said = ("account_id", "person_id", "offer_id", "quantity", "placed_by_id")
    if any(getattr(known, name) != getattr(order, name) for name in said):
        raise KeyTaken
    return known


def _hold_of(order: Order, approver) -> Posting:
    merchant = accounts.of_merchant(order.offer.outlet.organization, order.account.community)
    return Posting(
        community=order.account.community_id,
        debit=order.account_id,
        credit=merchant.pk,
        amount=order.points,
        key=f"{HOLD}{order.pk}",
        kind=TransferKind.HOLD,
        happened_on=timezone.localdate(order.placed_at),
        due_at=order.due_at,
        reason=order.what,
        actor=order.placed_by_id,
        approver=approver and approver.pk,
        at=order.placed_at,
    )


def _check_open(offer: Offer, community: Area, today) -> None:
    outlet, item = offer.outlet, offer.item
    if item.kind == ItemKind.DONATION or not (offer.is_offered and item.is_offered):
        raise NotOffered
    if outlet.closed_on is not None and outlet.closed_on <= today:
        raise NotOffered
    if not community.path.startswith(item.area_path):
        raise OtherArea
    if not ItemTerms.objects.in_force(today).filter(item=item).exists():
        raise NotOffered
    if stop := stops_at(community.path, today).filter(Q(item=None) | Q(item=item)).first():
        raise Stopped(stop)


def stops_at(path: str, on):
    """Stops in force on a day at a place: announced for it, or for what it lies in."""
    around = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
    return (
        RedemptionStop.objects.filter(area_path__in=around, starts_on__lte=on, lifted_on=None)
        .filter(Q(ends_on=None) | Q(ends_on__gt=on))
        .order_by("starts_on", "pk")
    )


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('exchange_order', 'id'))")
        return cursor.fetchone()[0]


def _new_code() -> str:
    """One that no order ever had."""
    while Order.objects.filter(code=(code := codes.new())).exists():
        continue
    return code


# --- how it ends ---------------------------------------------------------------------------------


def issue(order: Order, *, by, photo: str = "", at=None) -> Step:
    """Hand it over: the points are paid. Raises WrongState when it was ended before, NotAllowed
    for one's own, TooLate, NotToday."""
    data = {"photo": photo} if photo else {}
    return flow.advance(order, "issue", by=by, at=at, **data)


def cancel(order: Order, *, by, at=None) -> Step:
    return flow.advance(order, "cancel", by=by, at=at)


def refuse(order: Order, *, by, reason: str, at=None) -> Step:
    """The outlet cannot: broken, not delivered. Points and stock go back."""
    return flow.advance(order, "refuse", by=by, reason=reason, at=at)


def expire_due(*, at: datetime | None = None, limit: int = 500) -> int:
    """End open orders past their time, one transaction each; how many. The beat calls it.

    One that meets somebody faster, or fails, does not keep the others.
    """
    at = at or timezone.now()
    due = Order.objects.filter(state=OrderState.RESERVED, due_at__lt=at).order_by("due_at", "pk")
    expired = 0
    for order in due[:limit]:
        try:
            flow.advance(order, "expire", by=None, at=at)
        except WrongState:
            continue
        except Exception:
            logger.exception("expire_due: order %s stays open", order.pk)
            continue
        expired += 1
    return expired


# --- what a code is ------------------------------------------------------------------------------


class CodeIs(StrEnum):
    """What somebody behind a counter is told of a code; all but GOOD are handed nothing."""

    GOOD = "good"
    USED = "used"
    ENDED = "ended"  # cancelled, refused or taken back
    EXPIRED = "expired"
    NOT_TODAY = "not_today"  # handed over on redemption days only
    OWN = "own"  # their own, or their family's
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Found:
    """What a scanned or typed code is for whoever stands behind a counter.

    ``order`` is None for a code of nobody here; ``why`` says at once why nothing is handed over,
    empty when all is well.
    """

    order: Order | None
    why: str = ""
    kind: CodeIs = CodeIs.GOOD


def find(text: str, *, person, outlet: Outlet | None = None, at: datetime | None = None) -> Found:
    """Look a code up for somebody who serves outlets. One query, and those of their rights.

    ``outlet``: where they stand, of those they serve. What it says of a code of another outlet in
    the same subdistrict is its name; of any other subdistrict nothing, as of a code that does not
    exist.
    """
    if not (code := codes.read(text)):
        words = _("请输入 8 位取货码，只有字母和数字，没有 0、1、2、5、6、8")
        return Found(None, words, CodeIs.UNREADABLE)
    nobody = Found(None, _("没有这个取货码，请核对后再输一次"), CodeIs.UNKNOWN)
    along = ("offer__outlet", "offer__item__area", "account", "terms")
    order = Order.objects.filter(code=code).select_related(*along).first()
    if order is None:
        return nobody
    its = order.offer.outlet
    serves = who.serves(its, person)
    if not serves:
        near = any(
            own.area_path.startswith(order.offer.item.area_path) for own in who.served_by(person)
        )
        if not near:
            return nobody
    if not serves or (outlet is not None and its.pk != outlet.pk):
        words = _("这是%(outlet)s的取货码，请到那里领取") % {"outlet": its.name}
        return Found(order if serves else None, words, CodeIs.ELSEWHERE)
    return _standing(order, person, at or timezone.now())


def _standing(order: Order, person, at: datetime) -> Found:
    if order.state != OrderState.RESERVED:
        kind = CodeIs.ENDED
        if order.state in {OrderState.ISSUED, OrderState.REVERSED}:
            kind = CodeIs.USED
        elif order.state == OrderState.EXPIRED:
            kind = CodeIs.EXPIRED
        text = _("这个取货码%(state)s（%(at)s），不能再用")
        said = {"state": order.get_state_display(), "at": moment_text(order.ended_at)}
        return Found(order, text % said, kind)
    if at > order.due_at:
        return Found(order, _("这个取货码已过期，积分会退回"), CodeIs.EXPIRED)
    answer = who.issues(order, person)
    if isinstance(answer, str):
        return Found(order, answer, CodeIs.OWN)
    if refused := not_today(order.offer.outlet, at):
        return Found(order, str(refused), CodeIs.NOT_TODAY)
    return Found(order)


def payers(person) -> list[Account]:
    """The accounts somebody may pay from: their own, and the household's. One query or two."""
    own = Account.objects.filter(person=person, kind=AccountKind.PERSON)
    rows = list(own.select_related("community").order_by("community"))
    homes = person.residences.verified().values("household")
    for account in (
        Account.objects.filter(household__in=homes, kind=AccountKind.HOUSEHOLD)
        .select_related("community")
        .order_by("community", "pk")
    ):
        if who.spends(person, account):
            rows.append(account)
    return rows
