"""Who really sent it: HMAC-SHA256 with a key that only the partner and we know.

Signed is ``direction.timestamp.delivery.body``: the direction, so that nothing we sent can be
turned against us; the delivery, so that a copy cannot pass as a second order (docs/hotline.md).
"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import Partner, PartnerSecret
from orgs import encryption
from rules.refusals import Refused

IN, OUT = "in", "out"
TIMESTAMP, DELIVERY, SIGNATURE = "X-Linli-Timestamp", "X-Linli-Delivery", "X-Linli-Signature"
WINDOW_SECONDS = 300
OVERLAP = timedelta(days=7)
DELIVERY_PATTERN = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
_NOBODY = secrets.token_hex(16)  # compared with when there is nothing to compare with


class ChangedMeanwhile(Refused):
    def __init__(self):
        super().__init__(_("密钥已经更换过（可能是重复点击），没有再换"))


def signature(secret: str, direction: str, timestamp: str, delivery: str, body: bytes) -> str:
    """sha256=<64 hex digits>"""
    signed = f"{direction}.{timestamp}.{delivery}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_genuine(
    partner: Partner | None, given: str, *, timestamp: str, delivery: str, body: bytes
) -> bool:
    """Signed with one of the partner's keys in force? As slow for a partner that does not exist."""
    keys = usable(partner) if partner is not None and partner.is_active else []
    genuine = False
    for key in keys or [_NOBODY]:
        expected = signature(key, IN, timestamp, delivery, body)
        genuine |= hmac.compare_digest(expected.encode(), given.encode())
    return genuine and bool(keys)


def is_fresh(timestamp: str) -> bool:
    """Seconds since 1970, no more than five minutes from now in either direction."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    return abs(timezone.now().timestamp() - int(timestamp)) <= WINDOW_SECONDS


def usable(partner: Partner) -> list[str]:
    """Keys in force, the newest first."""
    rows = partner.secrets.filter(Q(retires_at=None) | Q(retires_at__gt=timezone.now()))
    return [encryption.decrypt(row.cipher) for row in rows]


@transaction.atomic
def rotate(partner: Partner, *, by, after: int | None) -> str:
    """A new key, in clear for this once. The old one stays good for a week.

    ``after``: the key the page showed as current (None: none yet). Raises ChangedMeanwhile when
    it no longer is, so a second click does not retire a key nobody has seen.
    """
    Partner.objects.select_for_update().get(pk=partner.pk)
    current = partner.secrets.filter(retires_at=None).first()
    if (current.pk if current else None) != after:
        raise ChangedMeanwhile
    if current is not None:
        current.retires_at = timezone.now() + OVERLAP
        current.save(update_fields=["retires_at"])
    key = secrets.token_urlsafe(32)
    PartnerSecret.objects.create(partner=partner, cipher=encryption.encrypt(key), created_by=by)
    return key


def end_overlap(partner: Partner) -> int:
    """Retire old keys now, because one leaked or the partner has changed over; how many."""
    now = timezone.now()
    return partner.secrets.filter(retires_at__gt=now).update(retires_at=now)
