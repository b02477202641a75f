"""Points within a household: moved between its accounts, each lot with its own age.

One transfer per lot, so moving points back and forth does not make them young. Nothing leaves the
household: both accounts belong to one, by verified residence (domain 2.12: no transfer outside).
"""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Residence
from points import ledger, lots, who
from points.ledger import InsufficientPoints, LedgerError, NothingMoves, Posted, Posting
from points.models import Account, AccountKind, Transfer
from points.models import TransferKind as K


class NotOneHousehold(LedgerError):
    def __init__(self):
        super().__init__(_("积分只能在同一户已核验的成员和家庭账户之间转移"))


class NotHouseholds(LedgerError):
    def __init__(self):
        super().__init__(_("只有两个不同的家庭账户才能合并或拆分"))


class NotTheirs(LedgerError):
    def __init__(self):
        super().__init__(_("只能转出自己的或本户家庭账户的积分，未成年人由家里成年人办理"))


class StillHeld(LedgerError):
    def __init__(self, held: int):
        self.held = held
        super().__init__(_("还有 %(held)d 分冻结未了结，请先兑付或解冻") % {"held": held})


@transaction.atomic
def share(
    source: Account, target: Account, points: int, *, by, reason: str, key: str, at=None
) -> list[Posted]:
    """Move points between accounts of one household, the oldest first; one transfer per lot.

    ``key`` names the act (a form's token): with the same key again, nothing moves. Raises
    NotOneHousehold, NotTheirs, InsufficientPoints.
    """
    today = timezone.localdate(at)
    homes = _homes(source, today) & _homes(target, today)
    if not homes or source.pk == target.pk:
        raise NotOneHousehold
    if not _may_give(by, source, today):
        raise NotTheirs
    if done := _done_before(source, target, key):
        return done
    parts, left = [], _whole(points)
    for lot_on, there in _available(source, points):
        if part := min(left, there):
            parts.append((lot_on, part))
            left -= part
    return _move(source, target, parts, K.SHARE, key, reason=reason, by=by, at=at)


@transaction.atomic
def merge(
    source: Account, target: Account, *, by, approver=None, reason: str, key: str, at=None
) -> list[Posted]:
    """Move all of one household's account into another's: two doors became one.

    Whether they did is for the caller to know. Raises NotHouseholds, StillHeld while something of
    it is promised. With the same key again, nothing moves.
    """
    _check_households(source, target)
    if done := _done_before(source, target, key):
        return done
    if source.held:
        raise StillHeld(source.held)
    parts = lots.open_lots(source)
    return _move(
        source, target, parts, K.MERGE, key, reason=reason, by=by, approver=approver, at=at
    )


@transaction.atomic
def split(
    source: Account,
    target: Account,
    points: int,
    *,
    by,
    approver=None,
    reason: str,
    key: str,
    at=None,
) -> list[Posted]:
    """Give a household that moved out its part: of each lot the same share, so neither is younger.

    Raises NotHouseholds, InsufficientPoints. With the same key again, nothing moves.
    """
    _check_households(source, target)
    if done := _done_before(source, target, key):
        return done
    there = _available(source, _whole(points))
    available = sum(part for _lot_on, part in there)
    parts, before = [], 0
    for lot_on, part in there:
        # The running sum is rounded, not each lot: no point is left over at the end.
        upto = before + part
        if given := upto * points // available - before * points // available:
            parts.append((lot_on, given))
        before = upto
    return _move(
        source, target, parts, K.MERGE, key, reason=reason, by=by, approver=approver, at=at
    )


def _whole(points: int) -> int:
    if type(points) is not int or points <= 0:
        raise NothingMoves
    return points


def _available(source: Account, need: int) -> list[lots.Lot]:
    found = lots.open_lots(source)
    have = sum(part for _lot_on, part in found)
    if have < need:
        raise InsufficientPoints(account_id=source.pk, have=have, need=need)
    return found


def _done_before(source: Account, target: Account, key: str) -> list[Posted]:
    """Lock both accounts, so that the lots stay as they are looked at; then what the key did."""
    pair = [source.pk, target.pk]
    list(Account.objects.select_for_update(no_key=True).filter(pk__in=pair).order_by("pk"))
    source.refresh_from_db(fields=["posted", "held", "seq"])
    done = Transfer.objects.filter(
        community=source.community_id, key__startswith=f"{key}:", debit=source, credit=target
    )
    return [Posted(pk, False) for pk in done.order_by("pk").values_list("pk", flat=True)]


def _move(source, target, parts, kind, key, *, reason, by, approver=None, at) -> list[Posted]:
    today = timezone.localdate(at)
    return ledger.post_many(
        [
            Posting(
                community=source.community_id,
                debit=source.pk,
                credit=target.pk,
                amount=part,
                key=f"{key}:{place}",
                kind=kind,
                happened_on=today,
                lot_on=lot_on,
                reason=reason,
                actor=by and by.pk,
                approver=approver and approver.pk,
                at=at,
            )
            for place, (lot_on, part) in enumerate(parts, 1)
        ]
    )


# --- whose ---------------------------------------------------------------------------------------


def _homes(account: Account, today: date) -> set[int]:
    """The households an account belongs to today: its own, or where its person is verified."""
    if account.kind == AccountKind.HOUSEHOLD:
        return {account.household_id}
    if account.kind != AccountKind.PERSON:
        return set()
    homes = Residence.objects.verified(today).filter(person=account.person_id)
    return set(homes.values_list("household", flat=True))


def _may_give(by, source: Account, today: date) -> bool:
    """One's own, or as a grown member of the household."""
    if source.kind == AccountKind.PERSON:
        return source.person_id == by.pk
    member = Residence.objects.verified(today).filter(person=by, household=source.household_id)
    return member.exists() and not who.may_be_minor(by, today)


def _check_households(source: Account, target: Account) -> None:
    if {source.kind, target.kind} != {AccountKind.HOUSEHOLD} or source.pk == target.pk:
        raise NotHouseholds
