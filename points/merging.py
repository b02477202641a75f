"""Two communities become one: what was earned in the one that goes is kept in the other.

What is over stays where it was: posted claims, their batches and the transfers behind them belong
to the books of the community that closed. What is under way goes along: claims that are not paid
wait for the survivor's next batch and its people; deductions too. Points go back to issuance in
the one books and are issued in the other, each lot with its age; the fund's rest and the pool as
well. Not over
clearing: that account says what merchants are owed elsewhere (``exchange.clearing``).
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.areas import CannotMerge
from orgs.models import Area, AreaLevel
from points import accounts, batches, ledger, lots
from points.models import (
    Account,
    AccountKind,
    Batch,
    BatchState,
    Claim,
    ClaimState,
    Deduction,
    DeductionState,
    PanelMember,
    TransferKind,
)

logger = logging.getLogger(__name__)

AT_ONCE = 1000  # transfers in one call of the ledger
CARRIED = (*lots.GROW_OLD, AccountKind.ESCROW)
OVER = (ClaimState.POSTED, ClaimState.REVERSED)


def on_merging(sender, area: Area, into: Area, by, reason: str, **_more) -> None:
    """Receiver of ``orgs.signals.merging``."""
    if area.level != AreaLevel.COMMUNITY:
        return
    shown = Batch.objects.filter(
        area=area, state__in=[BatchState.NOTICED, BatchState.OBJECTED, BatchState.POSTING]
    )
    if batch := shown.order_by("month").first():
        text = _("%(name)s %(month)s 的积分正在公示或入账，入账以后才能合并")
        raise CannotMerge(text % {"name": area.name, "month": f"{batch.month:%Y-%m}"})
    for batch in Batch.objects.filter(area=area).exclude(state=BatchState.POSTED).order_by("pk"):
        batches.dissolve(batch, reason=_("社区合并：%(reason)s") % {"reason": reason})
    _leave_seats(area, into)
    carry(area, into, by=by)


def _leave_seats(area: Area, into: Area) -> None:
    """Who sits in both points groups keeps the seat in the one that stays."""
    there = PanelMember.objects.filter(area=into, ends_on=None).values("person")
    twice = PanelMember.objects.filter(area=area, ends_on=None, person__in=there)
    twice.update(ends_on=timezone.localdate())


@transaction.atomic
def carry(area: Area, into: Area, *, by=None, at: datetime | None = None) -> int:
    """What is under way, and every available point, from one community to the other.

    Run again it carries what has come free meanwhile (a hold that was released). How many points.
    """
    Claim.objects.filter(community=area).exclude(state__in=OVER).update(community=into)
    Deduction.objects.filter(community=area).exclude(
        state__in=[DeductionState.POSTED, DeductionState.DROPPED]
    ).update(community=into)
    full = list(
        Account.objects.select_for_update(no_key=True)
        .filter(community=area, kind__in=CARRIED, posted__gt=F("held"))
        .order_by("pk")
    )
    moves = []  # (from, to, points, lot, key)
    people = accounts.of_people({a.person_id for a in full if a.person_id}, into)
    homes = accounts.of_households({a.household_id for a in full if a.household_id}, into)
    today = timezone.localdate(at)
    parts = lots.lots_of([account.pk for account in full if account.kind in lots.GROW_OLD])
    for account in full:
        if account.kind == AccountKind.ESCROW:  # the pool, which does not grow old
            key = f"merged:{area.pk}:{account.pk}:{account.seq}"
            pool = accounts.escrow_of(into).pk
            moves.append((account.pk, pool, account.available, today, key))
            continue
        target = (
            people[account.person_id]
            if account.kind == AccountKind.PERSON
            else homes[account.household_id]
        )
        for n, (lot_on, points) in enumerate(parts[account.pk], 1):
            key = f"merged:{area.pk}:{account.pk}:{account.seq}:{n}"
            moves.append((account.pk, target, points, lot_on, key))
    carried = sum(points for _source, _target, points, _lot, _key in moves)
    fund = accounts.fund_of(area)
    if (rest := accounts.balance(fund)) > 0:
        number = fund.debits.filter(kind=TransferKind.CLEAR).count()
        key = f"merged:{area.pk}:fund:{number}"
        moves.append((fund.pk, accounts.fund_of(into).pk, rest, today, key))
    _post(area, into, moves, by=by, at=at)
    return carried


def _post(area: Area, into: Area, moves, *, by, at) -> None:
    """Each move twice: back to issuance in the one books, issued anew in the other."""
    out, back = accounts.issuance_of(area).pk, accounts.issuance_of(into).pk
    given = {
        "kind": TransferKind.CLEAR,
        "happened_on": timezone.localdate(at),
        "actor": by and by.pk,
        "at": at,
    }
    left = _("社区合并，转到%(name)s") % {"name": into.name}
    came = _("社区合并，从%(name)s转来") % {"name": area.name}
    postings = []
    for source, target, points, lot_on, key in moves:
        same = {"amount": points, "lot_on": lot_on, "key": key, **given}
        postings += [
            ledger.Posting(community=area.pk, debit=source, credit=out, reason=left, **same),
            ledger.Posting(community=into.pk, debit=back, credit=target, reason=came, **same),
        ]
    for start in range(0, len(postings), AT_ONCE):
        ledger.post_many(postings[start : start + AT_ONCE])


def carry_rests(now: datetime | None = None) -> int:
    """What came free, or was filed at the moment of the merge, goes after; how many communities."""
    with_points = Account.objects.filter(kind__in=CARRIED, posted__gt=F("held"))
    open_claims = Claim.objects.exclude(state__in=OVER)
    left = Area.objects.filter(
        Q(pk__in=with_points.values("community")) | Q(pk__in=open_claims.values("community")),
        level=AreaLevel.COMMUNITY,
        merged_into__isnull=False,
    )
    done = 0
    for area in left.select_related("merged_into").order_by("pk"):
        try:
            carry(area, _survivor(area), at=now)
        except Exception:
            logger.exception("what is left of %s could not be carried over", area)
            continue
        done += 1
    return done


def _survivor(area: Area) -> Area:
    """A survivor may itself have gone up in another."""
    while area.merged_into_id is not None:
        area = area.merged_into
    return area
