"""What the pages of points tell of orders: those that wait to be fetched, and where lines lead."""

from django.db.models import Q
from django.utils import timezone

from exchange.models import Order, OrderState
from points import who as point_people
from points.promises import Promise

MOST = 10


def open_orders(person, accounts) -> list[Promise]:
    """Paid by the own accounts and, for its grown members, the household's. One query."""
    is_minor = point_people.may_be_minor(person, timezone.localdate())
    here = Q(pk__in=[])
    for account in accounts:
        if account.household_id is None:
            here |= Q(account=account.pk)
        elif not is_minor:
            here |= Q(account=account.pk, placed_at__date__gte=account.since)
    rows = Order.objects.filter(here, state=OrderState.RESERVED)
    return [
        Promise(
            title=order.what,
            points=order.points,
            href=order.get_absolute_url(),
            mark=order.code_spaced,
            place=order.offer.outlet.name,
            until=order.due_at,
        )
        for order in rows.select_related("offer__item", "offer__outlet").order_by("due_at")[:MOST]
    ]


def lead(transfer, viewer) -> str:
    """From order:31:issue to the order. A minor reads the household's lines, not its orders."""
    if point_people.may_be_minor(viewer, timezone.localdate()):
        return ""
    return f"/exchange/orders/{transfer.key.split(':')[1]}/"
