"""Handing over with a picture: drawn anew, kept with the order, shown to whom it concerns."""

from exchange import orders, pictures, who
from exchange.models import Order
from orgs import access
from orgs.uploads import Ready, writing


def issue(order: Order, *, by, picture: Ready | None = None, at=None):
    """``orders.issue``, keeping the picture; when it is refused, nothing of it is left."""
    if picture is None:
        return orders.issue(order, by=by, at=at)
    with writing():
        return orders.issue(order, by=by, photo=pictures.keep(picture), at=at)


def may_see(order: Order, person) -> bool:
    """Who it is for and who ordered, their grown household when it pays; the outlet; the place."""
    if who.serves(order.offer.outlet, person) or who.cancels(order, person):
        return True
    rights = access.rights_of(person)
    places = (order.area_path, order.offer.outlet.area_path)
    return any(rights.may(who.VIEW, area_path=path) for path in places)
