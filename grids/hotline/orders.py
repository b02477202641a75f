"""What a partner does to its orders: hand one in, urge, add to it, withdraw it, rate the answer.

The issue moves by ``grids.handling`` like any other; the partner's account is its reporter.
"""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import deidentify, handling, urging
from grids.hotline import callbacks
from grids.hotline.mapping import Incoming, without_caller
from grids.models import Caller, Order, Partner, Source
from rules.refusals import Refused

_WITH = (
    *("issue__area", "issue__lead", "issue__handler", "issue__category", "issue__caller"),
    *("issue__parent__area", "issue__parent__lead", "issue__parent__handler"),
    "partner__account",
)
_KEYS = uuid.UUID(
    "6f2f0b0e-58f0-4c0e-9d1b-2c8a5a3f7d11"
)  # posting keys of orders are made under it


class KnownOrder(Refused):
    """The partner handed this order in before; ``order`` is that one."""

    def __init__(self, order: Order):
        self.order = order
        text = _("工单 %(number)s 已经接收，本平台编号 %(issue)s")
        super().__init__(text % {"number": order.number, "issue": order.issue.number})


class NoSuchOrder(Refused):
    def __init__(self, number: str):
        super().__init__(_("没有接收过工单 %(number)s") % {"number": number})


def find(partner: Partner, number: str) -> Order:
    """The order of that number, with its issue. Raises NoSuchOrder."""
    orders = partner.orders.select_related(*_WITH).filter(number=number)
    order = orders.order_by(F("withdrawn_at").desc(nulls_first=True)).first()
    if order is None:
        raise NoSuchOrder(number)
    return order


@transaction.atomic
def take_in(partner: Partner, incoming: Incoming, *, at: datetime | None = None) -> Order:
    """Make an issue of an order; number and promise are told to the partner.

    Raises KnownOrder when it came before (also when it comes twice at once), or what
    ``handling.post`` raises; then nothing is written.
    """
    if (there := _known(partner, incoming.number)) is not None:
        raise KnownOrder(there)
    earlier = partner.orders.filter(number=incoming.number).count()  # withdrawn ones
    issue = handling.post(
        reporter=partner.account,
        category=incoming.category,
        area=incoming.area,
        text=incoming.text,
        title=incoming.title,
        place_text=incoming.place_text,
        anonymous=incoming.confidential,
        key=uuid.uuid5(_KEYS, f"{partner.pk}:{incoming.number}:{earlier}"),
        source=Source.HOTLINE,
        at=at,
    )
    # Posting waited for whoever was taking in the same order: look again.
    if (there := _known(partner, incoming.number)) is not None:
        raise KnownOrder(there)
    order = Order.objects.create(
        partner=partner,
        issue=issue,
        number=incoming.number,
        category_code=incoming.category_code,
        called_at=incoming.called_at,
        due_at=incoming.due_at,
        taken_in_at=issue.reported_at,
    )
    if incoming.caller_name or incoming.caller_phone:
        issue.caller = Caller(name=incoming.caller_name, recorded_at=issue.reported_at)
        issue.caller.phone = incoming.caller_phone
        issue.caller.save()
        issue.save(update_fields=["caller"])
    callbacks.queue(order, issue.steps.get(verb="submit"), issue)
    return order


def _known(partner: Partner, number: str) -> Order | None:
    orders = partner.orders.select_related("issue")
    return orders.filter(number=number, withdrawn_at=None).first()


@transaction.atomic
def urge(order: Order, words: str = "", *, at: datetime | None = None) -> Order:
    """催单, as the reporter's: once a working day, told to whoever's turn it is.

    Raises what ``urging.urge`` raises, with nothing written.
    """
    at = at or timezone.now()
    issue = order.issue.parent or order.issue  # merged: whoever is at the other one hears of it
    text = deidentify.mask(_said(order, words))[:200]
    urging.urge(issue, person=order.partner.account, text=text, at=at)
    Order.objects.filter(pk=order.pk).update(urged_count=F("urged_count") + 1, urged_at=at)
    order.refresh_from_db(fields=["urged_count", "urged_at"])
    return order


@transaction.atomic
def supplement(order: Order, words: str) -> Order:
    """What the caller added; a step of the issue, told to whoever is at it."""
    handling.advance(order.issue, "supplement", by=order.partner.account, note=_said(order, words))
    return order


@transaction.atomic
def withdraw(order: Order, reason: str, *, by=None) -> Order:
    """The partner takes it back before anybody was sent: the issue ends, its number stays.

    ``by``: staff who undo an import; else the partner itself. The order's number is free again.
    """
    handling.advance(
        order.issue, "withdraw", by=by or order.partner.account, reason=_said(order, reason)
    )
    order.refresh_from_db(fields=["withdrawn_at"])
    return order


@transaction.atomic
def rate(order: Order, *, solved: bool, stars: int, comment: str) -> Order:
    """What the caller said when the partner rang back. Not solved: handled again, once."""
    issue, words = order.issue, _said(order, comment)
    given = {"solved": solved, "stars": stars, "comment": words}
    if not solved and not issue.reopened_count:
        handling.advance(issue, "reopen", by=order.partner.account, reason=words, **given)
    else:
        handling.advance(issue, "rate", by=order.partner.account, **given)
    return order


def _said(order: Order, words: str) -> str:
    """What came with an event, without the caller; without doors too where those tell who rang."""
    issue = order.issue
    name, phone = (issue.caller.name, issue.caller.phone) if issue.caller else ("", "")
    words = without_caller(words, name, phone)
    return deidentify.mask(words) if not issue.shows_reporter_to_handlers() else words
