"""Pictures of items, and of what was handed over: where their files lie, and writing them.

Taken in by ``orgs.uploads``. ``Item.picture`` and ``Order.photo`` hold the token, and are the rows
a file needs: what none of them names is a stray.
"""

import secrets
from datetime import timedelta

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.utils import timezone

from exchange.models import Item, Order
from orgs.uploads import Ready, store

FOLDER = "exchange"
SIZES = ("large", "small")
STRAYS_LIVE = timedelta(days=1)


def path_of(token: str, size: str) -> str:
    return f"{FOLDER}/{token[:2]}/{token}.{size}.jpg"


def keep(picture: Ready) -> str:
    """Write both sizes, inside ``uploads.writing``; the token to remember."""
    token = secrets.token_hex(12)
    for size in SIZES:
        store(path_of(token, size), getattr(picture, size))
    return token


def answer(token: str, size: str, *, is_public: bool = False) -> FileResponse:
    """The file, for somebody who may see it; nobody on the way keeps it unless ``is_public``.

    Raises Http404 when it is not there.
    """
    if not token or size not in SIZES:
        raise Http404
    try:
        opened = default_storage.open(path_of(token, size))
    except FileNotFoundError:
        raise Http404 from None
    found = FileResponse(opened, content_type="image/jpeg", filename=f"{token}.jpg")
    found["Cache-Control"] = "public, max-age=3600" if is_public else "private, no-store"
    found["X-Content-Type-Options"] = "nosniff"
    found["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return found


def drop_strays(now=None) -> int:
    """Files nothing names (replaced, or a process died before its commit), older than a day."""
    before = (now or timezone.now()) - STRAYS_LIVE
    if not default_storage.exists(FOLDER):
        return 0
    dropped = 0
    for folder in default_storage.listdir(FOLDER)[0]:
        names = default_storage.listdir(f"{FOLDER}/{folder}")[1]
        tokens = {name.split(".")[0] for name in names}
        known = set(Order.objects.filter(photo__in=tokens).values_list("photo", flat=True))
        known |= set(Item.objects.filter(picture__in=tokens).values_list("picture", flat=True))
        for name in names:
            path = f"{FOLDER}/{folder}/{name}"
            if name.split(".")[0] in known or default_storage.get_modified_time(path) > before:
                continue
            default_storage.delete(path)
            dropped += 1
    return dropped
