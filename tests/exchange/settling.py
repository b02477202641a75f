"""Short words for settling: orders handed over, at moments of one's choosing."""

from datetime import date, datetime, time, timedelta
from itertools import count

from django.utils import timezone

from exchange import orders, settlement
from exchange.models import Settlement

_numbers = count(1)


def last_month() -> date:
    return (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def issued(window, offer=None, *, on: date | None = None, quantity=1, who="wang", by=None):
    """Ordered and handed over on a day, by default the fifth of last month."""
    at = noon(on or last_month().replace(day=5))
    offer = offer or window.haircut_here
    people = {
        "wang": (window.wang, window.wang_points, window.home),
        "qian": (window.qian, window.qian_points, window.home_elsewhere),
    }
    person, account, home = people[who]
    placed = orders.place(
        offer,
        account=account,
        person=person,
        household=home,
        by=person,
        key=f"settling-{next(_numbers)}",
        quantity=quantity,
        at=at,
    )
    servers = {"merchant": window.shang, "shop": window.sun, "counter": window.chen}
    orders.issue(placed, by=by or servers[offer.outlet.kind], at=at + timedelta(hours=1))
    return placed


def two_orders(window):
    """Of two communities' people, at the merchant's, last month: 60 and 60 points."""
    return issued(window, window.tissue_here), issued(window, window.tissue_here, who="qian")


def drawn(window, organization=None, month=None) -> Settlement:
    organization = organization or window.merchant_shop
    return settlement.draw_up(organization, window.street, month or last_month())


def agreed(window, **more) -> Settlement:
    found = drawn(window, **more)
    by = window.shang if found.organization_id == window.merchant_shop.pk else None
    if found.organization_id == window.committee.pk:
        by = window.sun
    settlement.confirm(found, by=by or window.chen)
    return found


def submitted(window, **more) -> Settlement:
    found = agreed(window, **more)
    settlement.submit(found, by=window.chen)
    return found


def approved(window, **more) -> Settlement:
    found = submitted(window, **more)
    settlement.approve(found, by=window.han)
    return found
