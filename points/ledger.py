"""The only module that writes transfers and entries: everything else calls it.

    post(Posting(community=…, debit=fund, credit=account, amount=10, key="claim:31",
                 kind=TransferKind.AWARD, happened_on=day))

A few set-based statements in the database function ``points_post``: insert the transfers in key
order, lock the accounts in the order of their numbers, move them, write the entries. Accounts of
kinds in ``DERIVED`` keep no balance and are never locked, so a community's one fund can pay any
number of people at once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import NamedTuple

from django.db import DatabaseError, connection, transaction
from django.db.models import OuterRef, Q, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from points.models import Account, Statement, Transfer, TransferKind
from rules.refusals import Refused


class LedgerError(Refused):
    """The root of what the ledger refuses; nothing of the call is written."""


class InsufficientPoints(LedgerError):
    def __init__(self, *, account_id: int, have: int, need: int):
        self.account_id, self.have, self.need = account_id, have, need
        text = _("积分不足：可用 %(have)d 分，需要 %(need)d 分")
        super().__init__(text % {"have": have, "need": need})


class KeyReused(LedgerError):
    def __init__(self, key: str):
        self.key = key
        super().__init__(_("业务编号 %(key)s 已用于另一笔内容不同的积分") % {"key": key})


class PeriodShut(LedgerError):
    def __init__(self, month: str):
        self.month = month
        super().__init__(_("%(month)s 已停止入账") % {"month": month[:7]})


class HoldEnded(LedgerError):
    def __init__(self):
        super().__init__(_("这笔冻结已经兑付或解冻"))


class ReversedBefore(LedgerError):
    def __init__(self):
        super().__init__(_("这笔积分已经冲正过"))


class NotItsMirror(LedgerError):
    def __init__(self, key: str):
        self.key = key
        super().__init__(_("%(key)s 与它要了结的那一笔对不上") % {"key": key})


class MixedBooks(LedgerError):
    def __init__(self):
        super().__init__(_("两个账户不属于同一社区的账本，或记账单位不同"))


class NothingMoves(LedgerError):
    def __init__(self):
        super().__init__(_("积分须为大于零的整数，且转出与转入账户不同"))


class OnePerson(LedgerError):
    def __init__(self):
        super().__init__(_("经办人与批准人不能是同一人"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One transfer to be: ``amount`` whole units from ``debit`` to ``credit``.

    All references are primary keys. ``lot_on`` (default ``happened_on``) is the day from which
    what arrives grows old. ``at`` is for seeding the past; it also chooses the month.
    """

    community: int
    debit: int
    credit: int
    amount: int
    key: str
    kind: str
    happened_on: date
    lot_on: date | None = None
    pending_of: int | None = None
    reversal_of: int | None = None
    due_at: datetime | None = None
    reason: str = ""
    actor: int | None = None
    approver: int | None = None
    rule_version: int | None = None
    at: datetime | None = None

    def __post_init__(self):
        # bool is an int to Python, 1.0 equals 1: neither is an amount.
        if type(self.amount) is not int or self.amount <= 0 or self.debit == self.credit:
            raise NothingMoves
        if self.actor is not None and self.actor == self.approver:
            raise OnePerson


class Posted(NamedTuple):
    transfer_id: int
    is_new: bool


def post_many(postings: Sequence[Posting]) -> list[Posted]:
    """Write all of ``postings``, or none; answers in their order.

    A key that is there already with the same contents is answered with the first transfer
    (``is_new`` False), so callers may retry. Raises KeyReused, InsufficientPoints (of the first
    account that falls short), PeriodShut, HoldEnded, ReversedBefore, NotItsMirror or MixedBooks.
    Needs READ COMMITTED. Inside a transaction the caller may go on after a refusal.
    """
    if not postings:
        return []
    batch = _ENCODER.encode([_said(posting) for posting in postings])
    try:
        if connection.in_atomic_block:
            with transaction.atomic():  # a savepoint: the refusal ends here
                rows = _call(batch)
        else:
            rows = _call(batch)
    except DatabaseError as failed:
        raise _refusal(failed, postings) from failed
    return [Posted(transfer, is_new) for transfer, is_new in rows]


# What a posting does not say is left out: a third of the text, and of the time to write it.
_SAYS = tuple(field.name for field in fields(Posting))
_ENCODER = json.JSONEncoder(
    # Its own isoformat: that of date would cut an instant down to the day it has in UTC.
    default=lambda value: value.isoformat(),
    ensure_ascii=False,
    check_circular=False,
    separators=(",", ":"),
)


def _said(posting: Posting) -> dict:
    return {name: value for name in _SAYS if (value := getattr(posting, name)) is not None}


def post(posting: Posting) -> Posted:
    """``post_many`` of one."""
    return post_many([posting])[0]


def _call(batch: str) -> list[tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT transfer, is_new FROM points_post(%s::jsonb)", [batch])
        return cursor.fetchall()


def hold(posting: Posting) -> Posted:
    """Promise ``amount`` of the debit account to the credit account until ``due_at``."""
    if posting.kind != TransferKind.HOLD or posting.due_at is None:
        raise ValueError("a hold is a posting of kind HOLD with due_at")
    return post(posting)


def capture(held: Transfer, *, key: str, actor=None, approver=None, at=None) -> Posted:
    """Pay what was held. Raises HoldEnded when it was paid or released before."""
    return post(_ending(held, TransferKind.CAPTURE, key, actor, approver, at))


def void(held: Transfer, *, key: str, reason: str, actor=None, approver=None, at=None) -> Posted:
    """Release what was held. Raises HoldEnded when it was paid or released before."""
    return post(_ending(held, TransferKind.VOID, key, actor, approver, at, reason))


def _ending(held, kind, key, actor, approver, at, reason="") -> Posting:
    return Posting(
        community=held.community_id,
        debit=held.debit_id,
        credit=held.credit_id,
        amount=held.amount,
        key=key,
        kind=kind,
        happened_on=timezone.localdate(at),
        lot_on=held.lot_on,
        pending_of=held.pk,
        reason=reason,
        actor=actor and actor.pk,
        approver=approver and approver.pk,
        at=at,
    )


def reverse(
    original: Transfer, *, key: str, reason: str, actor=None, approver=None, at=None
) -> Posted:
    """The mirror of a transfer, dated today, naming it; what it paid is taken back.

    Raises InsufficientPoints when the receiver has spent it, ReversedBefore the second time,
    NotItsMirror for a hold, its voiding or another reversal.
    """
    return post(
        Posting(
            community=original.community_id,
            debit=original.credit_id,
            credit=original.debit_id,
            amount=original.amount,
            key=key,
            kind=TransferKind.REVERSE,
            happened_on=timezone.localdate(at),
            lot_on=original.lot_on,
            reversal_of=original.pk,
            reason=reason,
            actor=actor and actor.pk,
            approver=approver and approver.pk,
            rule_version=original.rule_version_id,
            at=at,
        )
    )


# Beginnings of keys ("order:") whose holds another app ends, together with what hangs on them.
_ENDED_ELSEWHERE: set[str] = set()


def leave_holds(beginning: str) -> None:
    """Let ``void_overdue`` pass holds whose key begins so; said when an app is ready."""
    _ENDED_ELSEWHERE.add(beginning)


def void_overdue(*, at: datetime | None = None, limit: int = 500) -> int:
    """Release holds past their time, one transaction each; returns how many. The beat calls it.

    Those of ``leave_holds`` stay: who made them ends them.
    """
    at = at or timezone.now()
    elsewhere = Q()
    for beginning in _ENDED_ELSEWHERE:
        elsewhere |= Q(key__startswith=beginning)
    ended = Transfer.objects.filter(pending_of=OuterRef("pk")).values("pk")[:1]
    late = (
        Transfer.objects.filter(kind=TransferKind.HOLD, due_at__lte=at)
        .exclude(elsewhere)
        .annotate(ending=Subquery(ended))
        .filter(ending=None)
        .order_by("due_at")[:limit]
    )
    released = 0
    for held in late:
        try:
            released += void(held, key=f"void:{held.pk}", reason=_("逾期未兑付")).is_new
        except HoldEnded:  # somebody was faster
            continue
    return released


# --- refusals ------------------------------------------------------------------------------------

_BY_STATE = {
    "PT001": lambda detail: KeyReused(detail),
    "PT002": lambda detail: PeriodShut(detail),
    "PT003": lambda detail: NotItsMirror(detail),
}
_BY_CONSTRAINT = {
    "points_transfer_hold_ends_once": HoldEnded,
    "points_transfer_reversed_once": ReversedBefore,
    "points_transfer_debit_same_books": MixedBooks,
    "points_transfer_credit_same_books": MixedBooks,
    "points_transfer_two_people": OnePerson,
    "points_transfer_moves_something": NothingMoves,
}


def _refusal(failed: DatabaseError, postings: Sequence[Posting]) -> Exception:
    cause = failed.__cause__
    diag = getattr(cause, "diag", None)
    if diag is None:
        return failed
    if diag.sqlstate in _BY_STATE:
        return _BY_STATE[diag.sqlstate](diag.message_detail)
    if diag.constraint_name in _BY_CONSTRAINT:
        return _BY_CONSTRAINT[diag.constraint_name]()
    if diag.constraint_name == "points_account_floor":
        return _short(diag.message_detail or "", postings, failed)
    return failed


def _short(detail: str, postings: Sequence[Posting], failed: Exception) -> Exception:
    """Which account falls short: the row the database could not write begins with its number."""
    head = detail.partition("(")[2].partition(",")[0]
    if not head.isdigit() or connection.needs_rollback:
        return failed
    account = Account.objects.get(pk=int(head))
    need = sum(p.amount for p in postings if p.debit == account.pk and p.kind != TransferKind.VOID)
    return InsufficientPoints(
        account_id=account.pk, have=account.available - (account.floor or 0), need=need
    )


# --- balances ------------------------------------------------------------------------------------


def balance(account: Account) -> int:
    """What is in an account now, whole units.

    A stored balance is read; of the big accounts it is the last closed month's statement and the
    transfers since: two queries, whose cost does not grow with the years.
    """
    if account.keeps_balance:
        return Account.objects.values_list("posted", flat=True).get(pk=account.pk)
    last = (
        Statement.objects.filter(account=account)
        .order_by("-period__month")
        .values_list("closing", "period__month")
        .first()
    )
    since = Transfer.objects.posting().filter(community=account.community_id)
    opening = 0
    if last is not None:
        opening, month = last
        since = since.filter(period__gt=month)
    sums = since.aggregate(
        came=Sum("amount", filter=Q(credit=account), default=0),
        went=Sum("amount", filter=Q(debit=account), default=0),
    )
    return opening + sums["came"] - sums["went"]
