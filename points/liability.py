"""What communities may still award, have promised, and owe: for a page of many, set-based."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from points import terms
from points.models import (
    POINTS,
    Account,
    AccountKind,
    BatchState,
    Budget,
    BudgetKind,
    Claim,
    ClaimState,
    Decision,
    Statement,
    Transfer,
    TransferKind,
)

# Whose points somebody can still spend, or has spent at a shop that is not settled yet.
OWED = (AccountKind.PERSON, AccountKind.HOUSEHOLD, AccountKind.ESCROW, AccountKind.MERCHANT)
LONG_AGO = date(1900, 1, 1)
SHOWN_DAYS = 365  # so long after their period budgets stay on the page
_IN_BATCH = (
    *(ClaimState.NOTICED, ClaimState.OBJECTED),
    *(ClaimState.BATCHED, ClaimState.REVIEWED),
)


@dataclass(frozen=True)
class Purse:
    """The points of one community today."""

    fund: int  # what the fund holds
    promised: int  # of batches under notice or being posted
    coming: int  # of batches that are decided and reviewed now, as far as not refused
    before: int  # of claims that are in no batch yet, as asked for
    running: int  # of budgets whose period goes on
    has_ended: bool  # is there a budget whose period is over?
    outstanding: int  # in the hands of people
    face_value_cents: int

    @property
    def left(self) -> int:
        return self.fund - self.promised

    @property
    def returnable(self) -> int:
        """What ended budgets left: awards use up the oldest budget first, and whatever is claimed
        and not yet paid is kept for it.
        """
        rest = self.left - self.coming - self.before - self.running
        return max(rest, 0) if self.has_ended else 0

    @property
    def short(self) -> int:
        """How many points are missing for the batches that come; 0 when they fit."""
        return max(self.coming - self.left, 0)

    @property
    def owed_yuan(self) -> str:
        return f"{self.outstanding * self.face_value_cents / 100:,.2f}"


def purses(communities) -> dict[int, Purse]:
    """Community → its purse. Three queries, and one for the terms of each subdistrict."""
    communities = list(communities)
    pks = [community.pk for community in communities]
    # Claims before funds: what is paid between the two looks counts twice, never as left over.
    claimed = _claimed(pks)
    funds = _funds(pks)
    owed = dict(
        Account.objects.filter(community__in=pks, unit=POINTS, kind__in=OWED)
        .order_by()
        .values("community")
        .annotate(total=Sum("posted"))
        .values_list("community", "total")
    )
    cents: dict[str, int] = {}
    found = {}
    for community in communities:
        above = community.path[: -community.steplen]
        if above not in cents:
            cents[above] = terms.at(community).params["face_value_cents"]
        found[community.pk] = Purse(
            **funds.get(community.pk, {"fund": 0, "running": 0, "has_ended": False}),
            **claimed.get(community.pk, {"promised": 0, "coming": 0, "before": 0}),
            outstanding=owed.get(community.pk, 0),
            face_value_cents=cents[above],
        )
    return found


def _funds(pks) -> dict[int, dict]:
    """As ``ledger.balance`` of each fund: the last closed month and the transfers since; and what
    of it running budgets have brought.
    """
    approved = Budget.objects.filter(
        area=OuterRef("community"), kind=BudgetKind.ALLOT, approved_at__isnull=False
    )
    today = timezone.localdate()
    running = approved.filter(ends_on__gte=today).order_by().values("area")
    last = Statement.objects.filter(account=OuterRef("pk")).order_by("-period__month")
    since = Transfer.objects.posting().filter(
        community=OuterRef("community"), period__gt=OuterRef("until")
    )
    rows = (
        Account.objects.filter(community__in=pks, unit=POINTS, kind=AccountKind.FUND)
        .annotate(
            opening=Coalesce(Subquery(last.values("closing")[:1]), Value(0)),
            until=Coalesce(Subquery(last.values("period__month")[:1]), Value(LONG_AGO)),
        )
        .annotate(
            came=_sum(since.filter(credit=OuterRef("pk"))),
            went=_sum(since.filter(debit=OuterRef("pk"))),
            running=Coalesce(Subquery(running.annotate(all=Sum("points")).values("all")), 0),
            has_ended=Exists(approved.filter(ends_on__lt=today)),
        )
    )
    return {
        row.community_id: {
            "fund": row.opening + row.came - row.went,
            "running": row.running,
            "has_ended": row.has_ended,
        }
        for row in rows
    }


def _sum(transfers):
    total = transfers.order_by().values("community").annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0))


def _claimed(pks) -> dict[int, dict[str, int]]:
    promised = Q(state__in=[ClaimState.NOTICED, ClaimState.OBJECTED])
    coming = Q(state__in=[ClaimState.BATCHED, ClaimState.REVIEWED])
    before = Q(state__in=[ClaimState.CLAIMED, ClaimState.CERTIFIED, ClaimState.APPEALED])
    rows = (
        Claim.objects.filter(promised | coming | before, community__in=pks)
        .exclude(batch__state=BatchState.POSTED, state__in=[*_IN_BATCH])
        .order_by()
        .values("community")
        .annotate(
            promised=Sum("points", filter=promised, default=0),
            coming=Sum("points", filter=coming & ~Q(decision=Decision.REFUSED), default=0),
            before=Sum("points", filter=before, default=0),
        )
    )
    return {row.pop("community"): row for row in rows}


def with_spending(budgets):
    """Budgets with ``spent``: awarded in the books of their months, less what was reversed."""
    mine = Transfer.objects.filter(
        community=OuterRef("area"),
        unit=POINTS,
        period__gte=OuterRef("month"),
        period__lte=OuterRef("ends_on"),
    )
    awarded = mine.filter(kind=TransferKind.AWARD, debit__kind=AccountKind.FUND)
    back = mine.filter(
        kind=TransferKind.REVERSE,
        credit__kind=AccountKind.FUND,
        reversal_of__kind=TransferKind.AWARD,
    )
    return budgets.annotate(month=TruncMonth("starts_on")).annotate(
        spent=_sum(awarded) - _sum(back)
    )


def listed(areas):
    """Budgets of these communities that wait, run, or ended within a year; what was returned and
    withdrawn too. One query.
    """
    since = timezone.localdate() - timedelta(days=SHOWN_DAYS)
    waiting = Q(approved_at=None, withdrawn_at=None)
    told = Q(ends_on__gte=since) & (Q(withdrawn_at=None) | Q(withdrawn_at__date__gte=since))
    rows = Budget.objects.filter(area__in=areas).filter(waiting | told)
    return (
        with_spending(rows)
        .select_related("area", "set_by", "approved_by")
        .order_by(F("approved_at").asc(nulls_first=True), "area_path", "starts_on", "pk")
    )
