"""Carrying e-mails and short messages out: claim, commit, send, mark.

The database row is the truth. A claim is a lease (``claimed_until``): a worker that dies leaves
it to expire and another takes over, so an outside channel gets everything at least once, with
the same dedupe key at every try. Nothing is sent while a transaction is open.
"""

import logging
import random
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox import channels, quiet
from inbox.models import Channel, Delivery

logger = logging.getLogger(__name__)

BATCH = 10  # claimed at once: small, so that several workers share a long queue
RUN_SECONDS = 10  # one task's share; longer would keep heartbeats and other tasks waiting
# After the first, second … failed try; then it stays failed. About a day in all.
BACK_OFF_SECONDS = (30, 120, 600, 1800, 7200, 21600, 43200)
MAX_ATTEMPTS = len(BACK_OFF_SECONDS) + 1


def run(seconds: float = RUN_SECONDS) -> tuple[int, bool]:
    """Deliver what is due for about ``seconds``; (how many were tried, is more waiting).

    One batch is served in any case, so a run on a slow machine never comes back with nothing done.
    """
    end = time.monotonic() + seconds
    tried = 0
    tidy()
    with channels.Mailer() as mailer:
        while True:
            claimed = claim()
            for at, delivery in enumerate(claimed):
                # A slow gateway may use up the lease: give the rest back before it ends.
                if timezone.now() > delivery.claimed_until - _margin():
                    release(claimed[at:])
                    return tried, True
                carry(delivery, mailer=mailer)
                tried += 1
            if len(claimed) < BATCH:
                return tried, False
            if time.monotonic() >= end:
                return tried, True


def claim(limit: int = BATCH) -> list[Delivery]:
    """Take up to ``limit`` due deliveries; nobody else gets them before their lease ends.

    Leases that ran out come first: their people have waited longest.
    """
    now = timezone.now()
    state = Delivery.State
    due = Delivery.objects.select_related("message", "person")
    if quiet.over_at(now) > now:
        due = due.exclude(_RINGS)  # a retry, or a backlog, that fell into the night
    expired = due.filter(state=state.CLAIMED, claimed_until__lte=now, attempts__lt=MAX_ATTEMPTS)
    waiting = due.filter(state=state.WAITING, next_try_at__lte=now)
    with transaction.atomic():
        rows = list(_locked(expired.order_by("claimed_until"))[:limit])
        if len(rows) < limit:
            rows += _locked(waiting.order_by("next_try_at"))[: limit - len(rows)]
        for row in rows:
            row.state, row.next_try_at = state.CLAIMED, None
            row.claimed_until = now + timedelta(seconds=settings.DELIVERY_CLAIM_SECONDS)
            row.attempts += 1
        Delivery.objects.bulk_update(rows, ["state", "claimed_until", "next_try_at", "attempts"])
    return rows


@transaction.atomic
def tidy() -> None:
    """Give up what kills its workers, and put off until morning what may not ring at night."""
    now = timezone.now()
    state = Delivery.State
    expired = Delivery.objects.filter(state=state.CLAIMED, claimed_until__lte=now)
    worn_out = _locked(expired.filter(attempts__gte=MAX_ATTEMPTS)).values_list("pk", flat=True)
    if pks := list(worn_out):
        Delivery.objects.filter(pk__in=pks).update(
            state=state.FAILED, claimed_until=None, reason=_("发送多次中断")
        )
        logger.error("deliveries %s failed: their workers died", pks)

    morning = quiet.over_at(now)
    if morning > now:
        late = Delivery.objects.filter(_RINGS, state=state.WAITING, next_try_at__lte=now)
        pks = list(_locked(late).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=pks).update(next_try_at=morning)


_RINGS = Q(channel=Channel.SMS, message__urgent=False)


def _locked(deliveries):
    """Rows that another worker holds are left to it; nobody waits, nothing can deadlock."""
    return deliveries.select_for_update(skip_locked=True, of=("self",), no_key=True)


def carry(delivery: Delivery, *, mailer: channels.Mailer) -> None:
    """Send one claimed delivery and write down how it went."""
    try:
        channels.send(delivery, mailer=mailer)
    except channels.Refused as refused:
        _fail(delivery, channels.why(refused))
    except Exception as error:  # a gateway may raise anything; every reason is kept in the row
        _try_again(delivery, error)
    else:
        # Whoever holds the lease by now: it is out, and nobody shall send it again.
        Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.SENT).update(
            state=Delivery.State.SENT,
            sent_at=timezone.now(),
            claimed_until=None,
            next_try_at=None,
            reason="",
        )


def release(claimed: list[Delivery]) -> None:
    """Give unsent deliveries back at once; the try does not count."""
    for delivery in claimed:
        _held(delivery).update(
            state=Delivery.State.WAITING,
            claimed_until=None,
            next_try_at=timezone.now(),
            attempts=delivery.attempts - 1,
        )


def _try_again(delivery: Delivery, error: Exception) -> None:
    reason = channels.why(error)
    if delivery.attempts >= MAX_ATTEMPTS:
        _fail(delivery, reason)
        return
    seconds = BACK_OFF_SECONDS[delivery.attempts - 1] * random.uniform(1, 1.2)  # noqa: S311 spreads retries, no secret
    _held(delivery).update(
        state=Delivery.State.WAITING,
        claimed_until=None,
        next_try_at=timezone.now() + timedelta(seconds=seconds),
        reason=reason,
    )
    logger.warning("delivery %s, try %s: %s", delivery.pk, delivery.attempts, reason)


def _fail(delivery: Delivery, reason: str) -> None:
    _held(delivery).update(
        state=Delivery.State.FAILED, claimed_until=None, next_try_at=None, reason=reason
    )
    logger.error("delivery %s failed after %s tries: %s", delivery.pk, delivery.attempts, reason)


def _held(delivery: Delivery):
    """The row as long as this lease is still ours: its end is the token, later leases end later."""
    return Delivery.objects.filter(
        pk=delivery.pk, state=Delivery.State.CLAIMED, claimed_until=delivery.claimed_until
    )


def _margin() -> timedelta:
    # Room for one slow send (EMAIL_TIMEOUT 10 s) or a quarter of a short lease.
    return timedelta(seconds=min(15, settings.DELIVERY_CLAIM_SECONDS / 4))
