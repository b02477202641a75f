"""What a community may award in a period: set by one, approved by another, then in the fund.

What is left of it when the period is over goes back the same way.
"""

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area, AreaLevel
from points import accounts, ledger, liability, telling
from points.models import BatchState, Budget, BudgetKind, Claim, TransferKind
from rules.refusals import Refused
from rules.workflow import Missing

SET, APPROVE = "points.set_budget", "points.approve_budget"


class NotEntitled(Refused):
    def __init__(self, area: Area):
        super().__init__(_("您没有%(name)s积分预算的权限") % {"name": area.name})


class TwoPeople(Refused):
    def __init__(self):
        super().__init__(_("编制人与批准人不能是同一人"))


class ApprovedBefore(Refused):
    def __init__(self):
        super().__init__(_("这份预算已经批准"))


class WithdrawnBefore(Refused):
    def __init__(self):
        super().__init__(_("这份预算已经撤回"))


class NotYours(Refused):
    def __init__(self):
        super().__init__(_("只有编制人可以撤回"))


class TooMuchToReturn(Refused):
    """More than the ended budgets have left beside what is claimed."""

    def __init__(self, *, have: int, need: int):
        self.have, self.need = have, need
        text = _("已结束的预算最多可退 %(have)d 分，申请退 %(need)d 分；在办的申报须先留足")
        super().__init__(text % {"have": have, "need": need})


class WrongBudget(Refused):
    def __init__(self):
        super().__init__(_("预算须大于零，截止日期不早于起始日期"))


class OverBudget(Refused):
    """The fund does not cover a batch."""

    def __init__(self, *, have: int, need: int):
        self.have, self.need = have, need
        text = _("积分预算不足：可用 %(have)d 分，需要 %(need)d 分，请先追加预算")
        super().__init__(text % {"have": have, "need": need})


@transaction.atomic
def propose(
    community: Area,
    *,
    points: int,
    starts_on: date,
    ends_on: date,
    reason: str,
    by,
    at: datetime | None = None,
) -> Budget:
    """Set a budget; it is worth nothing until another person approves it."""
    if community.level != AreaLevel.COMMUNITY:
        raise ValueError(f"{community} is no community")
    if not access.rights_of(by).may(SET, area_path=community.path):
        raise NotEntitled(community)
    if not reason.strip():
        raise Missing({"reason": _("依据")})
    if points < 1 or ends_on < starts_on:
        raise WrongBudget
    budget = Budget.objects.create(
        area=community,
        points=points,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip()[:200],
        set_by=by,
        set_at=at or timezone.now(),
    )
    telling.of_budget(budget)
    return budget


@transaction.atomic
def ask_return(
    community: Area, *, points: int, reason: str, by, at: datetime | None = None
) -> Budget:
    """Ask that what ended budgets have left goes back to issuance; another person approves.

    Raises TooMuchToReturn: running budgets, and whatever is claimed and not yet paid, are kept.
    """
    if not access.rights_of(by).may(SET, area_path=community.path):
        raise NotEntitled(community)
    if not reason.strip():
        raise Missing({"reason": _("依据")})
    if points < 1:
        raise WrongBudget
    _check_return(community, points)
    ended = (
        Budget.objects.filter(
            area=community,
            kind=BudgetKind.ALLOT,
            approved_at__isnull=False,
            ends_on__lt=timezone.localdate(),
        )
        .order_by("ends_on", "pk")
        .last()
    )
    budget = Budget.objects.create(
        area=community,
        kind=BudgetKind.RETURN,
        points=points,
        starts_on=ended.starts_on,
        ends_on=ended.ends_on,
        reason=reason.strip()[:200],
        set_by=by,
        set_at=at or timezone.now(),
    )
    telling.of_budget(budget)
    return budget


def _check_return(community: Area, points: int) -> None:
    have = liability.purses([community])[community.pk].returnable
    if have < points:
        raise TooMuchToReturn(have=have, need=points)


@transaction.atomic
def withdraw(budget: Budget, *, by, at: datetime | None = None) -> Budget:
    """Who proposed it takes it back, until it is approved; the row stays and says so."""
    _lock(budget)
    if budget.set_by_id != by.pk:
        raise NotYours
    budget.withdrawn_at = at or timezone.now()
    budget.save(update_fields=["withdrawn_at"])
    telling.of_budget_withdrawn(budget)
    return budget


def _lock(budget: Budget) -> None:
    budget.refresh_from_db(from_queryset=Budget.objects.select_for_update(of=("self",)))
    if budget.approved_at is not None:
        raise ApprovedBefore
    if budget.withdrawn_at is not None:
        raise WithdrawnBefore


@transaction.atomic
def approve(budget: Budget, *, by, at: datetime | None = None) -> Budget:
    """Approve it: the points go from issuance into the community's fund, once; of a return back.

    A return is checked anew: raises TooMuchToReturn when claims have come meanwhile.
    """
    _lock(budget)
    if not access.rights_of(by).may(APPROVE, area_path=budget.area_path):
        raise NotEntitled(budget.area)
    if budget.set_by_id == by.pk:
        raise TwoPeople
    source, target = accounts.issuance_of(budget.area), accounts.fund_of(budget.area)
    kind = TransferKind.ALLOT
    if budget.kind == BudgetKind.RETURN:
        source, target, kind = target, source, TransferKind.RETURN
        # Two returns at once would each see all of it: the second one waits here.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"points-return:{budget.area_id}"],
            )
        _check_return(budget.area, budget.points)
    posted = ledger.post(
        ledger.Posting(
            community=budget.area_id,
            debit=source.pk,
            credit=target.pk,
            amount=budget.points,
            key=f"budget:{budget.pk}",
            kind=kind,
            happened_on=timezone.localdate(at),
            reason=budget.reason,
            actor=budget.set_by_id,
            approver=by.pk,
            at=at,
        )
    )
    budget.approved_by, budget.approved_at = by, at or timezone.now()
    budget.transfer_id = posted.transfer_id
    budget.save(update_fields=["approved_by", "approved_at", "transfer"])
    telling.of_budget_approved(budget)
    return budget


def promised(community: Area, *, without_batch: int | None = None) -> int:
    """Points in batches under notice or being posted, not yet paid."""
    waiting = Claim.objects.filter(
        community=community,
        state__in=["noticed", "objected"],
        batch__state__in=[BatchState.NOTICED, BatchState.OBJECTED, BatchState.POSTING],
    )
    if without_batch is not None:
        waiting = waiting.exclude(batch=without_batch)
    return waiting.aggregate(total=Sum("points"))["total"] or 0


def check(community: Area, need: int, *, without_batch: int | None = None) -> None:
    """Does the fund cover ``need`` beside what is promised already? Raises OverBudget."""
    have = accounts.balance(accounts.fund_of(community)) - promised(
        community, without_batch=without_batch
    )
    if have < need:
        raise OverBudget(have=have, need=need)
