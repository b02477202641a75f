"""Read counts: how many browsers opened a notice or disclosure, per day, and nothing about who.

Counted is a page that was really opened in a browser: it asks for it itself once it is shown
(so link scanners and crawlers do not count), and a cookie of this visit keeps a reload from
counting again. One row per record and day; a visitor costs one upsert and no session.
"""

import re

from django.conf import settings
from django.core.signing import BadSignature
from django.db.models import F, Sum
from django.utils import timezone

from publicity.models import DisclosureReads, NoticeReads

COOKIE, MOST_KEPT = "seen", 80
_ROBOT = re.compile(r"bot|crawl|spider|slurp|preview", re.IGNORECASE)
_LETTERS = {NoticeReads: "n", DisclosureReads: "d"}


def count(request, response, model, pk: int) -> bool:
    """Note this visit's reading of record ``pk`` on ``response``'s cookie; True if it is new."""
    day = timezone.localdate()
    seen = _seen(request, day.isoformat())
    mark = f"{_LETTERS[model]}{pk}"
    if mark in seen or _ROBOT.search(request.headers.get("User-Agent", "robot")):
        return False
    # Most readings find the row of the day; the first one of it may meet another first one.
    if not model.objects.filter(of=pk, day=day).update(count=F("count") + 1):
        _row, created = model.objects.get_or_create(of_id=pk, day=day, defaults={"count": 1})
        if not created:
            model.objects.filter(of=pk, day=day).update(count=F("count") + 1)
    kept = [*seen, mark][-MOST_KEPT:]
    response.set_signed_cookie(
        COOKIE,
        f"{day.isoformat()}:{'.'.join(kept)}",
        salt="publicity.reading",
        httponly=True,
        samesite="Lax",
        secure=settings.COOKIES_SECURE,
    )
    return True


def _seen(request, day: str) -> list[str]:
    try:
        text = request.get_signed_cookie(COOKIE, default="", salt="publicity.reading")
    except BadSignature:
        return []
    of_day, _colon, marks = text.partition(":")
    return marks.split(".") if of_day == day and marks else []


def total(record) -> int:
    return record.reads.aggregate(n=Sum("count"))["n"] or 0
