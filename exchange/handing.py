"""Handing over with a picture: drawn anew, kept with the order, shown to whom it concerns.

``Order.photo`` is its token, and the row a file needs: what no order names is a stray.
"""

import secrets
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from exchange import orders, who
from exchange.models import Order
from orgs import access
from orgs.uploads import Ready, store, writing

FOLDER = "exchange/handed"
SIZES = ("large", "small")
STRAYS_LIVE = timedelta(days=1)


def path_of(token: str, size: str) -> str:
    """Where the file lies. ``size``: large or small."""
    return f"{FOLDER}/{token[:2]}/{token}.{size}.jpg"


def issue(order: Order, *, by, picture: Ready | None = None, at=None):
    """``orders.issue``, keeping the picture; when it is refused, nothing of it is left."""
    if picture is None:
        return orders.issue(order, by=by, at=at)
    with writing():
        token = secrets.token_hex(12)
        for size in SIZES:
            store(path_of(token, size), getattr(picture, size))
        return orders.issue(order, by=by, photo=token, at=at)


def may_see(order: Order, person) -> bool:
    """Who it is for and who ordered, their grown household when it pays; the outlet; the place."""
    if who.serves(order.offer.outlet, person) or who.cancels(order, person):
        return True
    rights = access.rights_of(person)
    places = (order.area_path, order.offer.outlet.area_path)
    return any(rights.may(who.VIEW, area_path=path) for path in places)


def drop_strays(now=None) -> int:
    """Files no order names (a process died before its commit), older than a day."""
    before = (now or timezone.now()) - STRAYS_LIVE
    if not default_storage.exists(FOLDER):
        return 0
    dropped = 0
    for folder in default_storage.listdir(FOLDER)[0]:
        names = default_storage.listdir(f"{FOLDER}/{folder}")[1]
        tokens = {name.split(".")[0] for name in names}
        known = set(Order.objects.filter(photo__in=tokens).values_list("photo", flat=True))
        for name in names:
            path = f"{FOLDER}/{folder}/{name}"
            if name.split(".")[0] in known or default_storage.get_modified_time(path) > before:
                continue
            default_storage.delete(path)
            dropped += 1
    return dropped
