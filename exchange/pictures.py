"""Pictures of items: where their files lie, and writing them.

Taken in by ``orgs.uploads``. ``Item.picture`` is the token.
"""

import secrets

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

from orgs.uploads import Ready, store

FOLDER = "exchange/items"
SIZES = ("large", "small")


def path_of(token: str, size: str) -> str:
    return f"{FOLDER}/{token[:2]}/{token}.{size}.jpg"


def keep(picture: Ready) -> str:
    """Write both sizes, inside ``uploads.writing``; the token to remember."""
    token = secrets.token_hex(12)
    for size in SIZES:
        store(path_of(token, size), getattr(picture, size))
    return token


def answer(token: str, size: str) -> FileResponse:
    """The file, for anybody. Raises Http404 when it is not there."""
    if not token or size not in SIZES:
        raise Http404
    try:
        opened = default_storage.open(path_of(token, size))
    except FileNotFoundError:
        raise Http404 from None
    found = FileResponse(opened, content_type="image/jpeg", filename=f"{token}.jpg")
    found["Cache-Control"] = "public, max-age=3600"
    found["X-Content-Type-Options"] = "nosniff"
    found["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return found
