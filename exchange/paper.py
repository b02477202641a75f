"""Codes on paper, for hours without a network: the list of an outlet, and entering it afterwards.

A list is as good as the codes on it: it names nobody, and only who serves the outlet prints it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import orders
from exchange.flow import next_day
from exchange.models import Order, OrderState, Outlet
from rules.refusals import Refused
from ui.dates import moment_text

MOST = 600  # on one list


class NotYetOrdered(Refused):
    def __init__(self, placed_at):
        text = _("发放时间早于下单时间（%(at)s）")
        super().__init__(text % {"at": moment_text(placed_at)})


class InTheFuture(Refused):
    def __init__(self):
        super().__init__(_("发放时间不能晚于现在"))


@dataclass(frozen=True)
class Outcome:
    """What became of one line: ``why`` is empty where it was entered."""

    order: Order
    why: str = ""


def days_of(outlet: Outlet, today: date) -> list[date]:
    """The days a list is printed for: today, and the next redemption day when that is another."""
    return list(dict.fromkeys([today, next_day(outlet, today)]))


def open_codes(outlet: Outlet, on: date | None = None) -> QuerySet[Order]:
    """What waits at an outlet, found by its code; ``on``: what may still be picked up that day."""
    waiting = Order.objects.filter(offer__outlet=outlet, state=OrderState.RESERVED)
    if on is not None:
        waiting = waiting.filter(due_at__gte=timezone.make_aware(datetime.combine(on, time.min)))
    return waiting.select_related("offer__item").order_by("code")


def enter(outlet: Outlet, numbers: list[int], *, at: datetime, by) -> list[Outcome]:
    """Issue what was handed over on paper, each order for itself; in the order of their codes.

    ``at`` is when: after the order and within its term. ``numbers`` that are no orders of this
    outlet are left out. Raises InTheFuture, and nothing is entered.
    """
    if at > timezone.now() + timedelta(minutes=1):
        raise InTheFuture
    chosen = Order.objects.filter(offer__outlet=outlet, pk__in=numbers[:MOST]).order_by("code")
    return [
        _enter(order, at, by) for order in chosen.select_related("offer__item", "offer__outlet")
    ]


def _enter(order: Order, at: datetime, by) -> Outcome:
    try:
        # People write minutes: within the minute of the order it was handed over after it.
        if at < order.placed_at.replace(second=0, microsecond=0):
            raise NotYetOrdered(order.placed_at)
        orders.issue(order, by=by, at=max(at, order.placed_at))
    except Refused as refused:
        return Outcome(order, str(refused))
    return Outcome(order)
