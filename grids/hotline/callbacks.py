"""Telling a partner what became of its order: written with the change, carried out afterwards.

The same way as ``inbox.delivery``: the row is the truth, a claim is a lease, a killed worker's
row is taken over with the same dedupe key. Of one issue the rows leave in order.
"""

import http.client
import json
import logging
import random
import socket
import ssl
import threading
import time
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import timeline
from grids.hotline import addresses, mapping, signatures
from grids.models import Callback, Issue, IssueStep, Order
from inbox import channels, nudge
from rules.refusals import Refused

logger = logging.getLogger(__name__)

TASK = "grids.tasks.deliver_callbacks"
BATCH = 10
RUN_SECONDS = 10
ANSWER_SECONDS = 10  # one silent partner must not hold a worker
WHOLE_SECONDS = 20  # nor one that answers a byte at a time
BACK_OFF_SECONDS = (30, 120, 600, 1800, 7200, 21600, 43200)
MAX_ATTEMPTS = len(BACK_OFF_SECONDS) + 1
KEPT_DAYS = 180
# Told although the state stays: the partner has to tell the caller.
TOLD_BESIDES = {"acknowledge", "contact", "grant_delay", "redirect"}


class NotTaken(Exception):
    """The partner answered, but not with yes."""


# --- writing -----------------------------------------------------------------------------------


def on_move(sender, *, record: Issue, move, **_more) -> None:
    """Receiver of ``grids.signals.moved``: in the transaction of the change.

    Orders merged into this issue follow it. At posting the order is not there yet: ``take_in``
    queues that one.
    """
    told = (
        move.from_state != move.to_state
        or move.verb in TOLD_BESIDES
        or (move.verb == "note" and move.data.get("for_reporter"))
    )
    if not told or move.verb == "submit":
        return
    orders = Order.objects.filter(Q(issue=record) | Q(issue__parent=record))
    for order in orders.select_related("partner", "issue"):
        # What is said to the other reporter is not for this one: only how the matter stands.
        if order.issue_id == record.pk or move.from_state != move.to_state:
            queue(order, move.step, record)


def queue(order: Order, step: IssueStep, moved: Issue) -> None:
    """Write one callback, once per step; nothing where the partner has no address."""
    if not order.partner.callback_url:
        return
    payload = payload_of(order, step, moved)
    given = {"partner": order.partner, "payload": payload}
    Callback.objects.get_or_create(issue=order.issue, step=step, defaults=given)
    transaction.on_commit(wake, robust=True)


def payload_of(order: Order, step: IssueStep, moved: Issue) -> dict:
    """What the partner reads: what a reporter would, without a handler's name or any phone.

    ``moved``: the order's issue, or the one it was merged into.
    """
    if moved.pk == order.issue_id:
        entry = timeline.entries(moved, [step], [], audience=timeline.REPORTER)
        said = entry[0].text if entry else ""
    else:
        said = moved.public_result if step.verb in {"report", "verify"} else ""
    return {
        "event": "state",
        "order": order.number,
        "number": order.issue.number,
        "merged_into": moved.number if moved.pk != order.issue_id else "",
        "sequence": step.pk,
        "at": instant(step.at),
        "verb": step.verb,
        "state": mapping.state_word(order.partner, moved.state),
        "state_code": str(moved.state),
        "text": channels.hide_numbers(said),
        "lead": moved.lead.name if moved.lead else "",
        "promised_at": instant(moved.promised_at),
        "on_time": moved.on_time,
    }


def instant(at: datetime | None) -> str:
    """ISO 8601 with our offset, to the second; empty for never."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def wake() -> None:
    """Wake a worker; when the broker is gone the sweep does it."""
    nudge.worker(TASK)


# --- carrying out --------------------------------------------------------------------------------


def run(seconds: float = RUN_SECONDS) -> tuple[int, bool]:
    """Call back what is due for about ``seconds``; (how many were tried, is more waiting)."""
    end = time.monotonic() + seconds
    tried = 0
    tidy()
    while True:
        claimed = claim()
        for at, callback in enumerate(claimed):
            if timezone.now() > callback.claimed_until - _margin():
                release(claimed[at:])
                return tried, True
            carry(callback)
            tried += 1
        # What waited behind a callback just sent is due now: only an empty claim is the end.
        if not claimed:
            return tried, False
        if time.monotonic() >= end:
            return tried, True


def claim(limit: int = BATCH) -> list[Callback]:
    """Up to ``limit`` due callbacks, at most one of each issue and its earliest unsent one."""
    now = timezone.now()
    state = Callback.State
    earlier = Callback.objects.filter(
        issue=OuterRef("issue"), pk__lt=OuterRef("pk"), state__in=[state.WAITING, state.CLAIMED]
    )
    due = Callback.objects.select_related("partner").filter(~Exists(earlier))
    due = due.filter(
        Q(state=state.CLAIMED, claimed_until__lte=now, attempts__lt=MAX_ATTEMPTS)
        | Q(state=state.WAITING, next_try_at__lte=now)
    )
    with transaction.atomic():
        rows = list(_locked(due.order_by("pk"))[:limit])
        for row in rows:
            row.state, row.next_try_at = state.CLAIMED, None
            row.claimed_until = now + timedelta(seconds=settings.DELIVERY_CLAIM_SECONDS)
            row.attempts += 1
        Callback.objects.bulk_update(rows, ["state", "claimed_until", "next_try_at", "attempts"])
    return rows


@transaction.atomic
def tidy() -> None:
    """Give up what kills its workers."""
    expired = Callback.objects.filter(
        state=Callback.State.CLAIMED,
        claimed_until__lte=timezone.now(),
        attempts__gte=MAX_ATTEMPTS,
    )
    if pks := [row.pk for row in _locked(expired)]:
        Callback.objects.filter(pk__in=pks).update(
            state=Callback.State.FAILED, claimed_until=None, reason=_("发送多次中断")
        )
        logger.error("callbacks %s failed: their workers died", pks)


def _locked(callbacks):
    return callbacks.select_for_update(skip_locked=True, of=("self",), no_key=True)


def carry(callback: Callback) -> None:
    """Send one claimed callback and write down how it went. Never in a transaction."""
    try:
        send(callback)
    except addresses.BadAddress as refused:
        _fail(callback, str(refused))
    except NotSent as refused:
        _fail(callback, str(refused))
    except Exception as error:  # sockets and TLS raise many things; each is kept in the row
        _try_again(callback, error)
    else:
        # Whoever holds the lease by now: it is out, and nobody shall send it again.
        Callback.objects.filter(pk=callback.pk).exclude(state=Callback.State.SENT).update(
            state=Callback.State.SENT,
            sent_at=timezone.now(),
            claimed_until=None,
            next_try_at=None,
            reason="",
        )


def drop_old() -> int:
    """Forget what arrived long ago: the words in it stay with the issue; how many."""
    old = timezone.now() - timedelta(days=KEPT_DAYS)
    count, _each = Callback.objects.filter(state=Callback.State.SENT, sent_at__lt=old).delete()
    return count


def release(claimed: list[Callback]) -> None:
    """Give unsent ones back at once; the try does not count."""
    for callback in claimed:
        _held(callback).update(
            state=Callback.State.WAITING,
            claimed_until=None,
            next_try_at=timezone.now(),
            attempts=callback.attempts - 1,
        )


def resend(callback: Callback) -> bool:
    """Try a given-up one again from the start, with the same key; False when it was not one."""
    again = Callback.objects.filter(pk=callback.pk, state=Callback.State.FAILED).update(
        state=Callback.State.WAITING, next_try_at=timezone.now(), attempts=0, reason=""
    )
    if again:
        transaction.on_commit(wake, robust=True)
    return bool(again)


def _try_again(callback: Callback, error: Exception) -> None:
    reason = str(error)[:200] if isinstance(error, NotTaken) else channels.why(error)
    if callback.attempts >= MAX_ATTEMPTS:
        _fail(callback, reason)
        return
    seconds = BACK_OFF_SECONDS[callback.attempts - 1] * random.uniform(1, 1.2)  # noqa: S311 spreads retries, no secret
    _held(callback).update(
        state=Callback.State.WAITING,
        claimed_until=None,
        next_try_at=timezone.now() + timedelta(seconds=seconds),
        reason=reason,
    )
    logger.warning("callback %s, try %s: %s", callback.pk, callback.attempts, reason)


def _fail(callback: Callback, reason: str) -> None:
    _held(callback).update(
        state=Callback.State.FAILED, claimed_until=None, next_try_at=None, reason=reason[:200]
    )
    logger.error("callback %s failed after %s tries: %s", callback.pk, callback.attempts, reason)


def _held(callback: Callback):
    """The row as long as this lease is still ours: its end is the token, later leases end later."""
    return Callback.objects.filter(
        pk=callback.pk, state=Callback.State.CLAIMED, claimed_until=callback.claimed_until
    )


def _margin() -> timedelta:
    return timedelta(seconds=min(WHOLE_SECONDS + 5, settings.DELIVERY_CLAIM_SECONDS / 4))


# --- the request ---------------------------------------------------------------------------------


class NotSent(Refused):
    """Trying again would not help."""


def send(callback: Callback) -> None:
    """POST it, signed. Raises NotSent or BadAddress (final), NotTaken or OSError (try again)."""
    partner = callback.partner
    if not partner.is_active or not partner.callback_url:
        raise NotSent(_("对接已停用，或没有填写回传地址"))
    keys = signatures.usable(partner)
    if not keys:
        raise NotSent(_("没有生成密钥，无法签名"))
    body = json.dumps(callback.payload, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp, delivery = str(int(time.time())), str(callback.dedupe_key)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        signatures.TIMESTAMP: timestamp,
        signatures.DELIVERY: delivery,
        signatures.SIGNATURE: signatures.signature(
            keys[0], signatures.OUT, timestamp, delivery, body
        ),
    }
    status = post(partner.callback_url, body, headers)
    if not 200 <= status < 300:
        raise NotTaken(_("对方答复 HTTP %(status)d") % {"status": status})


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; its body is not read and redirects are not followed."""
    address, port = addresses.resolve(url)
    parts = urlsplit(url)
    connection = _Pinned(parts.hostname, port, address, secure=parts.scheme == "https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    timer = threading.Timer(WHOLE_SECONDS, connection.cut)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        timer.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Speaks to ``host`` at an address looked up before; the certificate is the host's."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool):
        super().__init__(host, port, timeout=ANSWER_SECONDS)
        self._address, self._secure = address, secure
        self.default_port = 443 if secure else 80

    def connect(self):
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End a conversation that takes too long; the one who waits gets an OSError."""
        if self.sock is not None:
            self.sock.shutdown(socket.SHUT_RDWR)
