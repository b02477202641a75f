"""Spending the pool 一老一小: asked by one, approved by another, fetched with a code.

    asked → approved → (cancelled)
          └→ refused, withdrawn

Approval orders and holds the points of the pool; what the order then becomes (issued, expired,
refused by the outlet) stands with the order, and whatever is not handed over goes back.
"""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import orders
from exchange.models import ItemKind, ItemTerms, Offer, OrderState, PoolRequest
from exchange.models import PoolState as S
from exchange.orders import MOST_PIECES, KeyTaken, NotOffered, WrongQuantity
from exchange.telling import tell
from orgs import access
from orgs.models import Area, Person
from points import accounts
from publicity.words import refuse_private
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, Step, Transition, Workflow

SPEND, APPROVE, VIEW = "exchange.spend_pool", "exchange.approve_pool", "exchange.view_exchange"


class PoolShort(Refused):
    def __init__(self, *, have: int, need: int):
        self.have, self.need = have, need
        text = _("公益池现有 %(have)d 分，需要 %(need)d 分")
        super().__init__(text % {"have": have, "need": need})


class NobodyServed(Refused):
    def __init__(self):
        super().__init__(_("受益人数须为 1 至 9999"))


class NotThePicker(Refused):
    def __init__(self):
        super().__init__(_("领取人须是本社区可以申请公益池的工作人员"))


def left(community: Area) -> int:
    """What may be spent now: what is there and not promised."""
    return accounts.escrow_of(community).available


def pickers(community: Area):
    """Staff who may fetch things bought with the pool's points."""
    return access.holders(SPEND, area=community).order_by("name", "pk")


def offers(community: Area):
    """What the pool may buy: anything in a window of the subdistrict that is no gift itself."""
    return (
        Offer.objects.filter(
            is_offered=True,
            item__is_offered=True,
            outlet__closed_on=None,
            item__area_path__in=[community.path[: -community.steplen], community.path],
        )
        .exclude(item__kind=ItemKind.DONATION)
        .select_related("item", "outlet")
        .order_by("outlet__name", "item__code")
    )


@transaction.atomic
def ask(
    community: Area,
    offer: Offer,
    *,
    quantity: int,
    purpose: str,
    people: int,
    picker: Person,
    by: Person,
    key: str,
    at: datetime | None = None,
) -> PoolRequest:
    """Ask for it. The same ``key`` again gives the same request.

    Raises NotAllowed, WrongQuantity, NobodyServed, Missing, StillPrivate (names of doors and
    telephones do not belong there), NotThePicker, NotOffered, PoolShort or KeyTaken.
    """
    at = at or timezone.now()
    if not access.rights_of(by).may(SPEND, area_path=community.path):
        raise NotAllowed(verb="ask", label=_("申请使用公益池"))
    if type(quantity) is not int or not 1 <= quantity <= MOST_PIECES:
        raise WrongQuantity
    if type(people) is not int or not 1 <= people <= 9999:
        raise NobodyServed
    if not purpose.strip():
        raise Missing({"purpose": _("用途")})
    refuse_private(purpose)
    with connection.cursor() as cursor:  # a second click waits and finds what the first made
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"pool:{key}"])
    if known := PoolRequest.objects.filter(key=key).first():
        if (known.area_id, known.offer_id, known.quantity) != (community.pk, offer.pk, quantity):
            raise KeyTaken
        return known
    if not pickers(community).filter(pk=picker.pk).exists():
        raise NotThePicker
    terms = ItemTerms.objects.in_force(timezone.localdate(at)).filter(item=offer.item).first()
    if terms is None or not offers(community).filter(pk=offer.pk).exists():
        raise NotOffered
    need = terms.points * quantity
    if (have := left(community)) < need:
        raise PoolShort(have=have, need=need)
    request = PoolRequest(
        area=community,
        key=key,
        offer=offer,
        quantity=quantity,
        points=need,
        purpose=purpose.strip()[:100],
        people=people,
        picker=picker,
        asked_by=by,
        asked_at=at,
    )
    flow.open(request, by=by, verb="ask", at=at, tells=_tell_approvers)
    return request


# --- the table -----------------------------------------------------------------------------------


def approves(request, person):
    if person is None or not access.rights_of(person).may(APPROVE, area_path=request.area_path):
        return False
    if person.pk in {request.asked_by_id, request.picker_id}:
        return _("申请人、领取人不能自己批准，请由他人批准")
    return True


def asked(request, person):
    return person is not None and person.pk == request.asked_by_id


def cancels(request, person):
    """Who asked, who fetches and who approved, while the code is not used."""
    parts = {request.asked_by_id, request.picker_id, request.decided_by_id}
    return (
        person is not None
        and person.pk in parts
        and request.order is not None
        and request.order.state == OrderState.RESERVED
    )


def _approve(request, move):
    """The order is placed and its points are held, or nothing is approved."""
    request.order = orders.place_for_pool(
        request.offer,
        community=request.area,
        quantity=request.quantity,
        purpose=request.purpose,
        by=request.asked_by,
        approver=move.by,
        key=f"pool-request:{request.pk}",
        at=move.at,
    )
    request.points = request.order.points  # terms may have changed since
    request.decided_by, request.decided_at = move.by, move.at


def _decide(request, move):
    request.decided_by, request.decided_at = move.by, move.at


def _cancel(request, move):
    orders.cancel(request.order, by=request.asked_by, at=move.at)


def _say(people, request, title, text, move):
    tell(
        people,
        kind="exchange.pool",
        title=title,
        text=text,
        url=request.get_absolute_url(),
        key=f"pool-request:{request.pk}:{move.step.pk}",
    )


def _tell_approvers(request, move):
    people = [
        person
        for person in access.holders(APPROVE, area=request.area)
        if approves(request, person) is True
    ]
    title = _("公益池申请待批准：%(item)s") % {"item": request.offer.item.name}
    _say(people, request, title, request.purpose, move)


def _tell_asker(request, move):
    parties = {request.asked_by, request.picker}
    title = {
        S.APPROVED: _("公益池申请已批准：%(item)s"),
        S.REFUSED: _("公益池申请未批准：%(item)s"),
        S.CANCELLED: _("公益池领取已取消：%(item)s"),
    }[request.state] % {"item": request.offer.item.name}
    text = move.reason or _("请凭取货码领取。")
    _say(sorted(parties, key=lambda one: one.pk), request, title, text, move)


flow = Workflow(
    "pool",
    step_model="exchange.PoolStep",
    transitions=[
        Transition(
            "approve",
            (S.ASKED,),
            S.APPROVED,
            who=approves,
            label=L("批准"),
            tone="main",
            effect=_approve,
            tells=_tell_asker,
        ),
        Transition(
            "refuse",
            (S.ASKED,),
            S.REFUSED,
            who=approves,
            needs=(("reason", L("不批准的原因")),),
            label=L("不批准"),
            effect=_decide,
            tells=_tell_asker,
        ),
        Transition("withdraw", (S.ASKED,), S.WITHDRAWN, who=asked, label=L("撤回")),
        Transition(
            "cancel",
            (S.APPROVED,),
            S.CANCELLED,
            who=cancels,
            needs=(("reason", L("为什么取消")),),
            label=L("取消领取，积分退回池里"),
            effect=_cancel,
            tells=_tell_asker,
        ),
    ],
)


def approve(request: PoolRequest, *, by, at=None) -> Step:
    """Raises what ``orders.place_for_pool`` does, with nothing written."""
    return flow.advance(request, "approve", by=by, at=at)


# --- reading -------------------------------------------------------------------------------------


def seen_by(person):
    return access.scope(PoolRequest.objects.all(), person, SPEND, APPROVE, VIEW)


def waiting(person):
    """For the desk: requests somebody may approve."""
    rows = PoolRequest.objects.filter(state=S.ASKED).exclude(asked_by=person)
    return access.scope(rows, person, APPROVE)
