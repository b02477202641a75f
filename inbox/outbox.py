"""Telling people something, in the transaction of what happened.

A verb calls ``tell`` where it writes; the message stands or falls with it. On the site it is
there at commit. E-mail and SMS leave through ``inbox.delivery``, nudged at commit and swept by
beat, so a broker may be down without anything being lost.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from inbox import nudge, quiet
from inbox.channels import hide_numbers
from inbox.models import SITE_RELATIVE, Channel, Delivery, Message, Preference

OUTSIDE = (Channel.EMAIL, Channel.SMS)
TITLE_LENGTH, TEXT_LENGTH = 120, 4000


class OutboxError(Exception):
    """A mistake in the calling code, not of a person."""


class UnknownKind(OutboxError):
    pass


class KindConflict(OutboxError):
    pass


class KeyReused(OutboxError):
    pass


class NotInTransaction(OutboxError):
    pass


# --- kinds -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    code: str  # "grids.issue_accepted"
    label: object  # lazy text, as shown on the preferences page
    default_channels: tuple[str, ...]  # outside ones; the site always has it
    urgent: bool  # rings at night too
    must_read: bool  # starts a legal period: cannot be switched off, reading is receipted


_kinds: dict[str, Kind] = {}


def register_kind(code, label, default_channels=(), *, urgent=False, must_read=False) -> Kind:
    """Announce a kind of message, from ``AppConfig.ready()``. The same again changes nothing.

    ``default_channels`` names outside channels ("email", "sms"); "site" is understood.
    """
    channels = tuple(c for c in OUTSIDE if c in default_channels)
    unknown = set(default_channels) - set(Channel.values)
    if unknown:
        raise OutboxError(f"kind {code}: no such channel {', '.join(sorted(unknown))}")
    kind = Kind(code, label, channels, urgent, must_read)
    known = _kinds.setdefault(code, kind)
    if (known.default_channels, known.urgent, known.must_read) != (channels, urgent, must_read):
        raise KindConflict(f"kind {code} is registered twice, with different rules")
    return known


def kinds() -> list[Kind]:
    """All kinds, in the order of their registration."""
    return list(_kinds.values())


def kind_of(code: str) -> Kind:
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(f"kind {code!r} is not registered (outbox.register_kind)") from None


def kind_label(code: str) -> str:
    """The label to show; an old message of a kind that is gone keeps its code."""
    return str(_kinds[code].label) if code in _kinds else code


# --- telling -----------------------------------------------------------------------------------


def tell(
    people: Iterable,
    *,
    kind: str,
    title: str,
    text: str = "",
    url: str = "",
    key: str,
    also: Iterable[str] = (),
) -> Message:
    """Tell ``people`` (persons, or a queryset of them) once per ``key``.

    Joins the caller's transaction, and refuses to run outside of one: a message that commits
    alone could tell of something that is rolled back a moment later. Everybody active gets it on
    the site; e-mail and SMS follow the kind's default channels plus ``also``, unless the person
    decided otherwise, and only where there is an address. A ``must_read`` kind asks nobody.
    The same key again writes nothing and returns the first message, so callers may retry.
    Phone and identity numbers in title and text are masked: people type them into their words.
    Seven queries for any number of people, one when the key is known.
    Raises OutboxError for mistakes in the call, with nothing written.
    """
    rules = kind_of(kind)
    also = set(also)
    if not also <= set(Channel.values):
        raise OutboxError(f"no such channel: {', '.join(sorted(also - set(Channel.values)))}")
    if url and not re.search(SITE_RELATIVE, url):
        raise OutboxError(f"url {url!r} leaves the site; give a path such as /issues/7/")
    if not title.strip() or not key:
        raise OutboxError("a message needs a title and a key")
    if not _in_callers_transaction():
        raise NotInTransaction("tell() belongs into the transaction.atomic() of what happened")

    now = timezone.now()
    message, created = Message.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "title": _shortened(title, TITLE_LENGTH),
            "text": _shortened(text, TEXT_LENGTH),
            "url": url,
            "urgent": rules.urgent,
            "must_read": rules.must_read,
            "created_at": now,
        },
    )
    if not created:
        if message.kind != kind:
            raise KeyReused(f"key {key!r} already told {message.kind}, not {kind}")
        return message

    deliveries = list(_deliveries(message, people, rules, also, now))
    Delivery.objects.bulk_create(deliveries)
    if any(d.state == Delivery.State.WAITING and d.next_try_at <= now for d in deliveries):
        transaction.on_commit(nudge.worker, robust=True)
    return message


# --- people without an account -------------------------------------------------------------------

_phone_books: dict[str, Callable[[str], str]] = {}


def register_phone_book(name: str, phone_of: Callable[[str], str]) -> None:
    """Whose phones an app keeps: ``phone_of("31")`` answers for "caller:31", "" when forgotten."""
    _phone_books[name] = phone_of


def phone_outside(key: str) -> str:
    """The phone behind an outside key, asked when it is sent: what was erased meanwhile is ""."""
    name, _colon, ident = key.partition(":")
    if name not in _phone_books:
        raise UnknownKind(f"no phone book {name!r} (outbox.register_phone_book)")
    return _phone_books[name](ident)


def tell_outside(outside: str, *, kind: str, title: str, url: str = "", key: str) -> Message:
    """Send one short message to somebody without an account, once per ``key``.

    ``outside`` names them in a phone book ("caller:31"); the phone itself is never kept here. In
    the caller's transaction; quiet hours hold. Raises OutboxError for mistakes in the call.
    """
    rules = kind_of(kind)
    if outside.partition(":")[0] not in _phone_books:
        raise UnknownKind(f"no phone book for {outside!r} (outbox.register_phone_book)")
    if not title.strip() or not key:
        raise OutboxError("a message needs a title and a key")
    if not _in_callers_transaction():
        raise NotInTransaction("tell_outside() belongs into the transaction of what happened")
    now = timezone.now()
    message, created = Message.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "title": _shortened(title, TITLE_LENGTH),
            "url": url,
            "urgent": rules.urgent,
            "must_read": False,
            "created_at": now,
        },
    )
    if created:
        delivery = Delivery.objects.create(
            message=message,
            outside=outside,
            channel=Channel.SMS,
            state=Delivery.State.WAITING,
            next_try_at=now if rules.urgent else quiet.over_at(now),
        )
        if delivery.next_try_at <= now:
            transaction.on_commit(nudge.worker, robust=True)
    return message


def _deliveries(message, people, rules, also, now):
    """One row per person and channel, people in pk order."""
    pks = (
        people.values_list("pk", flat=True)
        if isinstance(people, QuerySet)
        else [person.pk for person in people]
    )
    # Read again rather than trusted: the caller's instances may be an hour old. The digest tells
    # of a phone without decrypting 18,000 of them.
    fresh = (
        get_user_model()
        .objects.filter(pk__in=set(pks), is_active=True)
        .order_by("pk")
        .values_list("pk", "email", "phone_digest")
    )
    usual = set(rules.default_channels) | also
    wishes = {}
    if not rules.must_read:
        own = Preference.objects.filter(kind=rules.code, person__in=[pk for pk, *_rest in fresh])
        for person_id, channel, wanted in own.values_list("person", "channel", "wanted"):
            wishes[person_id, channel] = wanted
    starts_at = {
        Channel.EMAIL: now,
        Channel.SMS: now if rules.urgent else quiet.over_at(now),
    }
    for pk, email, phone_digest in fresh:
        yield Delivery(
            message=message,
            person_id=pk,
            channel=Channel.SITE,
            state=Delivery.State.SENT,
            sent_at=now,
        )
        reachable = {Channel.EMAIL: bool(email), Channel.SMS: bool(phone_digest)}
        for channel in OUTSIDE:
            if reachable[channel] and wishes.get((pk, channel), channel in usual):
                yield Delivery(
                    message=message,
                    person_id=pk,
                    channel=channel,
                    state=Delivery.State.WAITING,
                    next_try_at=starts_at[channel],
                )


def _in_callers_transaction() -> bool:
    # As atomic(durable=True) does, look through the block that a TestCase puts around every
    # test: a verb that forgot its transaction shall fail there too, not first in production.
    return any(not getattr(b, "_from_testcase", False) for b in connection.atomic_blocks)


def _shortened(text: str, length: int) -> str:
    return Truncator(hide_numbers(str(text).strip())).chars(length, truncate="…")


# --- reading -----------------------------------------------------------------------------------


COUNTED = 100  # the badge is exact up to here


def unread(person) -> QuerySet[Delivery]:
    """What the badge counts, by a partial index; ``person`` may be a blank."""
    return Delivery.objects.in_mailbox_of(person).unread()[:COUNTED]


def unread_count(person) -> int:
    """For the badge: one query."""
    return unread(person).count()


def mark_read(delivery: Delivery, *, at=None) -> bool:
    """Write the read receipt, once; False when it was read before (the first time stays)."""
    unread = Delivery.objects.filter(pk=delivery.pk, channel=Channel.SITE).unread()
    return bool(unread.update(read_at=at or timezone.now()))


def mark_all_read(person) -> int:
    """Mark everything read except what must be confirmed one by one; how many were marked."""
    mine = Delivery.objects.in_mailbox_of(person).unread().filter(message__must_read=False)
    return mine.update(read_at=timezone.now())


# --- preferences -------------------------------------------------------------------------------


def wishes_of(person) -> dict[tuple[str, str], bool]:
    """(kind, channel) → is it sent, for every kind and outside channel. One query."""
    own = {
        (kind, channel): wanted
        for kind, channel, wanted in Preference.objects.filter(person=person).values_list(
            "kind", "channel", "wanted"
        )
    }
    wishes = {}
    for kind in kinds():
        for channel in OUTSIDE:
            usual = channel in kind.default_channels
            wishes[kind.code, channel] = (
                usual if kind.must_read else own.get((kind.code, channel), usual)
            )
    return wishes


@transaction.atomic
def wish(person, wanted: dict[tuple[str, str], bool]) -> None:
    """Keep the person's choice per (kind, channel). Raises OutboxError for what has no choice."""
    for code, channel in wanted:
        if channel not in OUTSIDE or kind_of(code).must_read:
            raise OutboxError(_("这类消息不能关闭"))
    Preference.objects.bulk_create(
        [
            Preference(person=person, kind=code, channel=channel, wanted=value)
            for (code, channel), value in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["person", "kind", "channel"],
        update_fields=["wanted"],
    )
