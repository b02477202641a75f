"""What communities owe each other: points of one spent at outlets of another, month by month.

    draw_up → (send_back → hand_in) → approve

Settling leaves in each community's clearing account what its people spent; clearing takes out what
its outlets earned. What remains there is what it spent at others less what it earned from them:
over all communities nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as T

from exchange import settlement, who
from exchange import settlement_telling as telling
from exchange.models import (
    COUNTED,
    SETTLED,
    Clearing,
    ClearingRow,
    ClearingState,
    Settlement,
    SettlementLine,
)
from exchange.models.settlement import month_text
from exchange.settlement_flow import SamePerson
from orgs import access
from orgs.models import Area, AreaLevel, Organization
from points import accounts, ledger
from points.ledger import Posting
from points.models import POINTS, Account, AccountKind, TransferKind
from rules.refusals import Refused
from rules.workflow import NotAllowed, Step, Transition, Workflow

C = ClearingState


class NotAllSettled(Refused):
    """``missing`` names what is not approved, or not even drawn up."""

    def __init__(self, missing: list["Missing"]):
        self.missing = missing
        names = "、".join(row.organization.name for row in missing[:5])
        text = _("还有 %(count)d 张结算单没有批准：%(names)s")
        super().__init__(text % {"count": len(missing), "names": names})


class NothingToClear(Refused):
    def __init__(self):
        super().__init__(_("这个月没有结算过的兑换"))


class OutOfOrder(Refused):
    def __init__(self, month: date):
        self.month = month
        text = _("请先完成%(month)s的清算") % {"month": month_text(month)}
        super().__init__(text)


class DrawnBefore(Refused):
    def __init__(self):
        super().__init__(_("这个月的清算表已经编制"))


class NotZero(Refused):
    def __init__(self):
        super().__init__(_("各社区净额合计不为零，不能入账；请查明原因"))


@dataclass(frozen=True)
class Missing:
    """What a clearing waits for: a settlement that is not approved, or is not there (None)."""

    organization: Organization
    settlement: Settlement | None = None


@dataclass(frozen=True)
class Row:
    """One community in a month that is not drawn up yet; the names of ``ClearingRow``."""

    community: Area
    spent: int = 0
    earned: int = 0
    own: int = 0

    spent_elsewhere = ClearingRow.spent_elsewhere
    earned_from_elsewhere = ClearingRow.earned_from_elsewhere
    net = ClearingRow.net
    net_text = ClearingRow.net_text


# --- reading -------------------------------------------------------------------------------------


def missing(area: Area, month: date, *, due: list | None = None) -> list[Missing]:
    """Why ``month`` cannot be cleared yet; empty when all is settled.

    ``due`` is ``settlement.due`` of the area, for callers who have it already.
    """
    rows = Settlement.objects.filter(area=area, month=month).exclude(state__in=SETTLED)
    rows = rows.select_related("organization").order_by("organization__name", "pk")
    found = [Missing(row.organization, row) for row in rows]
    found += [
        Missing(organization)
        for organization, of_area, of_month in _due(area, due)
        if of_month == month and of_area.pk == area.pk
    ]
    return found


def open_months(area: Area, *, cleared=None, due: list | None = None) -> list[date]:
    """Months with something settled or waiting that are not cleared, the oldest first."""
    if cleared is None:
        cleared = Clearing.objects.filter(area=area).values_list("month", flat=True)
    cleared = set(cleared)
    months = set(Settlement.objects.filter(area=area).values_list("month", flat=True))
    last = max(cleared, default=date.min)
    for _organization, of_area, month in _due(area, due):
        if of_area.pk == area.pk and month > last:
            months.add(month)
    return sorted(months - cleared)


def _due(area: Area, due: list | None) -> list:
    return list(settlement.due(timezone.now(), path=area.path)) if due is None else due


def rows_of(area: Area, month: date) -> list[Row]:
    """Every community of the subdistrict, and whatever else keeps books there; by code."""
    spent, earned, own = defaultdict(int), defaultdict(int), defaultdict(int)
    lines = (
        SettlementLine.objects.filter(
            settlement__area=area,
            settlement__month=month,
            settlement__state__in=SETTLED,
            state__in=COUNTED,
        )
        .order_by()
        .values_list("payer", "books")
        .annotate(total=Sum("points"))
    )
    for payer, books, total in lines:
        spent[payer] += total
        earned[books] += total
        if payer == books:
            own[payer] += total
    known = Q(pk__in={*spent, *earned})
    communities = Q(level=AreaLevel.COMMUNITY, path__startswith=area.path, closed_on=None)
    places = Area.objects.filter(known | communities).order_by("code")
    return [Row(place, spent[place.pk], earned[place.pk], own[place.pk]) for place in places]


def balances(area: Area) -> dict[int, int]:
    """Community → what its clearing account holds now."""
    rows = Account.objects.filter(
        unit=POINTS, kind=AccountKind.CLEARING, community__path__startswith=area.path
    )
    return {row.community_id: accounts.balance(row) for row in rows}


@dataclass(frozen=True)
class Part:
    """What of a clearing's row comes from one settlement."""

    settlement: Settlement
    spent: int
    earned: int
    own: int


def parts(area: Area, month: date, community: Area) -> Iterator[Part]:
    """A community's row, opened down to settlements. Two queries."""
    of_row = Q(payer=community) | Q(books=community)
    sums = (
        SettlementLine.objects.filter(of_row, settlement__area=area, settlement__month=month)
        .filter(settlement__state__in=SETTLED, state__in=COUNTED)
        .order_by("settlement")
        .values_list("settlement")
        .annotate(
            spent=Sum("points", filter=Q(payer=community), default=0),
            earned=Sum("points", filter=Q(books=community), default=0),
            own=Sum("points", filter=Q(payer=community, books=community), default=0),
        )
    )
    sums = list(sums)
    rows = Settlement.objects.select_related("organization").in_bulk([row[0] for row in sums])
    for pk, spent, earned, own in sums:
        yield Part(rows[pk], spent, earned, own)


# --- the table -----------------------------------------------------------------------------------


def _approve(clearing, move):
    """Out of each clearing account what its outlets earned, all books or none."""
    if clearing.drawn_by_id == move.by.pk:
        raise SamePerson
    rows = list(clearing.rows.select_related("community").order_by("community__code"))
    settled_points = (
        Settlement.objects.filter(area=clearing.area_id, month=clearing.month)
        .filter(state__in=SETTLED)
        .aggregate(total=Sum("points", default=0))["total"]
    )
    sums = {sum(row.spent for row in rows), sum(row.earned for row in rows), clearing.points}
    if sums != {settled_points}:
        raise NotZero
    ledger.post_many(
        [
            Posting(
                community=row.community_id,
                debit=accounts.clearing_of(row.community).pk,
                credit=accounts.issuance_of(row.community).pk,
                amount=row.earned,
                key=f"clear:{clearing.pk}:{row.community_id}",
                kind=TransferKind.CLEAR,
                happened_on=timezone.localdate(move.at),
                reason=str(clearing),
                actor=clearing.drawn_by_id,
                approver=move.by.pk,
                at=move.at,
            )
            for row in rows
            if row.earned
        ]
    )
    clearing.approved_by, clearing.approved_at = move.by, move.at


def _hand_in(clearing, move):
    clearing.drawn_by, clearing.drawn_at = move.by, move.at


flow = Workflow(
    "clearing",
    step_model="exchange.ClearingStep",
    transitions=[
        Transition(
            "approve",
            (C.DRAWN,),
            C.POSTED,
            who=who.approves,
            label=T("批准入账"),
            tone="main",
            effect=_approve,
            tells=telling.of_clearing_posted,
        ),
        Transition(
            "send_back",
            (C.DRAWN,),
            C.RETURNED,
            who=who.approves,
            needs=(("reason", T("退回的原因")),),
            label=T("退回经办"),
            tells=telling.of_clearing_returned,
        ),
        Transition(
            "hand_in",
            (C.RETURNED,),
            C.DRAWN,
            who=who.settles,
            needs=(("reason", T("说明")),),
            label=T("重新提交"),
            tone="main",
            effect=_hand_in,
            tells=telling.of_clearing_drawn,
        ),
    ],
)


@transaction.atomic
def draw_up(area: Area, month: date, *, by, at: datetime | None = None) -> Clearing:
    """The net table of a month, once all that was handed over in it is settled.

    Raises NotAllSettled, OutOfOrder, NothingToClear, DrawnBefore, NotAllowed.
    """
    at = at or timezone.now()
    if not access.rights_of(by).may(who.SETTLE, area_path=area.path):
        raise NotAllowed(verb="draw_up", label=_("编制清算表"))
    with connection.cursor() as cursor:  # whoever draws up a settlement here waits, or we do
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"clearing:{area.pk}"]
        )
    if Clearing.objects.filter(area=area, month=month).exists():
        raise DrawnBefore
    due = list(settlement.due(at, path=area.path))
    waiting = open_months(area, due=due)
    if month not in waiting:
        raise NothingToClear
    undone = Clearing.objects.filter(area=area, month__lt=month).exclude(state=C.POSTED)
    earlier = [*undone.values_list("month", flat=True), *(m for m in waiting if m < month)]
    if earlier:
        raise OutOfOrder(min(earlier))
    if found := missing(area, month, due=due):
        raise NotAllSettled(found)
    rows = rows_of(area, month)
    points = sum(row.spent for row in rows)  # nothing, where all was put off or given back
    clearing = Clearing(area=area, month=month, points=points, drawn_by=by, drawn_at=at)
    flow.open(
        clearing,
        by=by,
        verb="draw_up",
        at=at,
        effect=lambda record, _move: ClearingRow.objects.bulk_create(
            [
                ClearingRow(
                    clearing=record,
                    community=row.community,
                    spent=row.spent,
                    earned=row.earned,
                    own=row.own,
                )
                for row in rows
            ]
        ),
        tells=telling.of_clearing_drawn,
    )
    return clearing


def approve(clearing: Clearing, *, by, at=None) -> Step:
    """A second person; it is posted. Raises SamePerson, NotZero."""
    return flow.advance(clearing, "approve", by=by, at=at)


def send_back(clearing: Clearing, *, by, reason: str, at=None) -> Step:
    return flow.advance(clearing, "send_back", by=by, reason=reason, at=at)


def hand_in(clearing: Clearing, *, by, reason: str, at=None) -> Step:
    return flow.advance(clearing, "hand_in", by=by, reason=reason, at=at)
