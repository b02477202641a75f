"""Locks after failed sign-ins: of the account, and separately of the network address.

axes counts in its table; here it learns that an account is a phone (by keyed digest, so that the
table shows no numbers), that many neighbours share one address, and that one's own success
does not wash away failures made at other people's accounts.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import encryption
from orgs.models import Person, Unlock
from portal.sign_in import sessions


def account_of(request, credentials) -> str | None:
    """For axes: whom the attempt is about."""
    phone = (credentials or {}).get("phone")
    return encryption.digest(phone) if phone else None


def address_of(request) -> str:
    """For axes: where the attempt comes from; the same answer that allauth's limits use."""
    if "REMOTE_ADDR" not in request.META:  # a session made without a browser
        return "127.0.0.1"
    return get_adapter().get_client_ip(request)


class Lockouts(AxesDatabaseHandler):
    def get_failures(self, request, credentials=None) -> int:
        """Failures of the account; those of the address once they pass their own limit."""
        by_account, by_address = (
            attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        if by_address >= settings.LOCKOUT_ADDRESS_FAILURES:
            return max(by_account, settings.AXES_FAILURE_LIMIT)
        return by_account

    def get_user_attempts(self, request, credentials=None):
        attempts, addresses = super().get_user_attempts(request, credentials)
        if account_of(request, credentials) is None:
            attempts = attempts.none()
        return [attempts, addresses]

    def user_logged_in(self, sender, request, user, **kwargs):
        super().user_logged_in(sender, request, user, **kwargs)
        if user.phone_digest:
            AccessAttempt.objects.filter(username=user.phone_digest).delete()


@dataclass(frozen=True)
class Lock:
    """Of an account (``person`` may be unknown to us) or of an address."""

    until: datetime
    failures: int
    account: str = ""
    address: str = ""
    person: Person | None = None

    @property
    def key(self) -> str:
        return self.account or self.address

    @property
    def minutes_left(self) -> int:
        return max(1, math.ceil((self.until - timezone.now()).total_seconds() / 60))


def _recent():
    threshold = timezone.now() - settings.AXES_COOLOFF_TIME
    return AccessAttempt.objects.filter(attempt_time__gte=threshold)


def _locks(field: str, limit: int, **only) -> list[tuple[str, int, datetime]]:
    rows = (
        _recent()
        .filter(**only)
        .exclude(**{field: None})
        .order_by()
        .values(field)
        .annotate(total=Sum("failures_since_start"), last=Max("attempt_time"))
        .filter(total__gte=limit)
        .order_by("-last")
    )
    return [(row[field], row["total"], row["last"] + settings.AXES_COOLOFF_TIME) for row in rows]


def lock_on(request, credentials) -> Lock | None:
    """The lock that stands in this visitor's way; the longer one when there are two."""
    account, address = account_of(request, credentials), address_of(request)
    found = [
        Lock(until, total, address=value)
        for value, total, until in _locks(
            "ip_address", settings.LOCKOUT_ADDRESS_FAILURES, ip_address=address
        )
    ]
    if account:
        found += [
            Lock(until, total, account=value)
            for value, total, until in _locks(
                "username", settings.AXES_FAILURE_LIMIT, username=account
            )
        ]
    return max(found, key=lambda lock: lock.until, default=None)


def locks() -> list[Lock]:
    """All locks of this moment, accounts first."""
    accounts = _locks("username", settings.AXES_FAILURE_LIMIT)
    people = {
        person.phone_digest: person
        for person in Person.objects.filter(phone_digest__in=[account for account, *_ in accounts])
    }
    return [
        Lock(until, total, account=account, person=people.get(account))
        for account, total, until in accounts
    ] + [
        Lock(until, total, address=address)
        for address, total, until in _locks("ip_address", settings.LOCKOUT_ADDRESS_FAILURES)
    ]


class OwnLock(Exception):
    def __init__(self):
        super().__init__(_("不能为自己解锁或重置，请另一位安全管理员处理。"))


def lifted() -> list[Unlock]:
    """The last locks that were lifted by hand."""
    return list(Unlock.objects.select_related("person", "by").order_by("-pk")[:20])


@transaction.atomic
def unlock(lock: Lock, *, by: Person, reason: str) -> None:
    """Lift ``lock`` now and write down who did it and why.

    Raises OwnLock: two people, not one (MLPS). An account that no person has is lifted with a
    row that names nobody.
    """
    if lock.person == by:
        raise OwnLock
    if lock.address:
        AccessAttempt.objects.filter(ip_address=lock.address).delete()
    else:
        AccessAttempt.objects.filter(username=lock.account).delete()
    Unlock.objects.create(person=lock.person, address=lock.address or None, by=by, reason=reason)


@transaction.atomic
def reset_factor(person: Person, *, by: Person, reason: str) -> None:
    """Take away a second factor that is lost, sign the person out, write down who and why.

    Raises OwnLock for one's own.
    """
    if person == by:
        raise OwnLock
    Authenticator.objects.filter(user=person).delete()
    sessions.end_all(person)
    Unlock.objects.create(person=person, by=by, reason=_("重置动态口令：%s") % reason)
