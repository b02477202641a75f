"""Paying a batch once its notice has ended, and taking back what was paid wrongly."""

import logging
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from points import accounts, budgets, ledger, telling
from points.batches import flow
from points.flow import flow as claim_flow
from points.models import Batch, BatchState, Claim, ClaimState, ClaimStep, TransferKind
from publicity.models import NoticeState
from rules import calendar

logger = logging.getLogger(__name__)

CHUNK = 200
B, C = BatchState, ClaimState


def post(batch: Batch, *, chunk: int = CHUNK, at: datetime | None = None) -> int:
    """Pay what is left of a batch whose notice has ended; how many claims were paid now.

    Each chunk is one transaction: kill it anywhere and call it again. Two workers take turns at
    the batch's row, and a claim's key pays it once. Without budget it stops and says so.
    """
    posted = 0
    while number := _post_chunk(batch.pk, chunk, at):
        posted += number
    batch.refresh_from_db()
    return posted


@transaction.atomic
def _post_chunk(batch_id: int, chunk: int, at: datetime | None) -> int:
    moment = at or timezone.now()
    batch = (
        Batch.objects.select_for_update(of=("self",))
        .select_related("area", "notice")
        .get(pk=batch_id)
    )
    if batch.state != B.POSTING:
        return 0
    if batch.notice.state != NoticeState.CLOSED:
        raise RuntimeError(f"batch {batch.pk} would be posted before its notice has ended")
    left = Claim.objects.filter(batch=batch, state__in=[C.NOTICED, C.OBJECTED])
    need = left.aggregate(total=Sum("points"))["total"]
    if not need:
        flow.advance(batch, "finish", by=None, at=moment)
        return 0
    try:
        budgets.check(batch.area, need, without_batch=batch.pk)
    except budgets.OverBudget as short:
        batch.problem = str(short)[:200]
        batch.save(update_fields=["problem"])
        telling.of_no_budget(batch, calendar.local_day(moment))
        return 0
    if batch.problem:
        batch.problem = ""
        batch.save(update_fields=["problem"])
    claims = list(
        left.select_related("rule_version").select_for_update(of=("self",)).order_by("pk")[:chunk]
    )
    fund = accounts.fund_of(batch.area)
    people = accounts.of_people(
        {claim.person_id for claim in claims if not claim.to_household}, batch.area
    )
    homes = accounts.of_households(
        {claim.household_id for claim in claims if claim.to_household}, batch.area
    )
    today = calendar.local_day(moment)
    posted = ledger.post_many(
        [
            ledger.Posting(
                community=batch.area_id,
                debit=fund.pk,
                credit=(
                    homes[claim.household_id] if claim.to_household else people[claim.person_id]
                ),
                amount=claim.points,
                key=f"claim:{claim.pk}",
                kind=TransferKind.AWARD,
                happened_on=claim.happened_on,
                lot_on=today,
                reason=claim.rule_version.title,
                actor=claim.certifier_id,
                approver=claim.approver_id,
                rule_version=claim.rule_version_id,
                at=at,
            )
            for claim in claims
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE points_claim AS claim SET state = 'posted', transfer_id = paid.transfer"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS paid (claim, transfer)"
            " WHERE claim.id = paid.claim",
            [[claim.pk for claim in claims], [one.transfer_id for one in posted]],
        )
    ClaimStep.objects.bulk_create(
        ClaimStep(
            claim_id=claim.pk,
            verb="post",
            from_state=claim.state,
            to_state=C.POSTED,
            at=moment,
        )
        for claim in claims
    )
    return len(claims)


def post_due() -> int:
    """Go on with every batch that a dead worker or a missing budget left; how many are done."""
    done = 0
    for batch in Batch.objects.filter(state=B.POSTING).order_by("pk"):
        try:
            post(batch)
        except Exception:
            logger.exception("batch %s could not be posted and stays", batch.pk)
            continue
        done += batch.state == B.POSTED
    return done


# --- reversal ------------------------------------------------------------------------------------


def ask_reversal(claim: Claim, *, by, reason: str, at: datetime | None = None) -> Claim:
    """Ask that a posted claim be taken back; another person confirms."""
    claim_flow.advance(claim, "ask_reversal", by=by, at=at, reason=reason)
    return claim


def reverse_claim(claim: Claim, *, by, at: datetime | None = None) -> Claim:
    """Confirm what somebody else has asked: the mirror transfer is posted.

    Raises InsufficientPoints when the points are spent; NotAllowed when nobody asked.
    """
    claim_flow.advance(claim, "reverse", by=by, at=at)
    return claim


def keep_claim(claim: Claim, *, by, reason: str, at: datetime | None = None) -> Claim:
    """The claim was right: what was asked is turned down."""
    claim_flow.advance(claim, "keep", by=by, at=at, reason=reason)
    return claim
