"""What the pages on settlements show, put together with a fixed number of queries."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, Count, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from exchange import settled, who
from exchange.models import (
    COUNTED,
    OPEN,
    LineState,
    Settlement,
    SettlementLine,
    SettlementState,
)
from exchange.settlement_flow import flow
from orgs import access

S, L = SettlementState, LineState
STAFF = (who.SETTLE, who.APPROVE, who.VIEW)
PAGE, LINES, STEPS = 30, 50, 60
TONES = {
    S.SENT: "info",
    S.DISPUTED: "warn",
    S.READY: "info",
    S.SUBMITTED: "warn",
    S.APPROVED: "info",
    S.PAID: "ok",
    S.CLOSED: "ok",
}
LINE_TONES = {
    L.OK: "plain",
    L.DISPUTED: "warn",
    L.UPHELD: "ok",
    L.PUT_OFF: "info",
    L.REVERSING: "warn",
    L.REVERSED: "bad",
}


def readable(person) -> QuerySet[Settlement]:
    """Of the places of one's office, and of the bodies whose counters one stands behind."""
    rows = Settlement.objects.select_related("organization", "area")
    return access.scope(rows, person, *STAFF, who.SERVE, organization_field="organization")


def is_staff(settlement: Settlement, person) -> bool:
    """Reads it by office: with names and books. Others see what they handed over."""
    rights = access.rights_of(person)
    return any(rights.may(right, area_path=settlement.area_path) for right in STAFF)


def listed(rows: QuerySet[Settlement]) -> QuerySet[Settlement]:
    """With ``now_orders`` and ``now_points``: of the lines that count as it stands."""
    lines = SettlementLine.objects.filter(settlement=OuterRef("pk"), state__in=COUNTED)
    lines = lines.order_by().values("settlement")
    open_ones = SettlementLine.objects.filter(settlement=OuterRef("pk"), state__in=OPEN)
    return rows.annotate(
        now_orders=_number(lines.annotate(n=Count("pk")).values("n")),
        now_points=_number(lines.annotate(n=Sum("points")).values("n")),
        open_lines=_number(
            open_ones.order_by().values("settlement").annotate(n=Count("pk")).values("n")
        ),
    ).order_by("-month", "-pk")


def _number(rows) -> Coalesce:
    return Coalesce(Subquery(rows, output_field=BigIntegerField()), Value(0))


def dress(row: Settlement) -> Settlement:
    row.tone = TONES[row.state]
    row.now_yuan = settled.yuan(row.now_points * row.face_value_cents) if row.pays else ""
    return row


def counts(rows: QuerySet[Settlement]) -> list[tuple[str, str, int]]:
    """(state, its name, how many), those with any; one query."""
    found = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    return [(state, S(state).label, found[state]) for state in S.values if state in found]


@dataclass
class Lines:
    """One page of a settlement's lines."""

    rows: list[SettlementLine]
    following: str = ""


def lines(
    settlement: Settlement, *, only: str = "", payer: int = 0, books: int = 0, after: int = 0
):
    """A page of lines by their numbers; ``only`` "open" or "said": those somebody spoke about."""
    found = settlement.lines.select_related("order__offer__item", "order__offer__outlet", "payer")
    if only == "open":
        found = found.filter(state__in=OPEN)
    elif only == "said":
        found = found.exclude(state=L.OK)
    if payer:
        found = found.filter(payer=payer)
    if books:
        found = found.filter(books=books)
    rows = list(found.filter(pk__gt=after).order_by("pk")[: LINES + 1])
    more, rows = len(rows) > LINES, rows[:LINES]
    for row in rows:
        dress_line(row, settlement)
    return Lines(rows, str(rows[-1].pk) if more else "")


def dress_line(row: SettlementLine, settlement: Settlement) -> SettlementLine:
    row.tone = LINE_TONES[row.state]
    row.yuan = ""
    if settlement.pays and row.is_counted:
        row.yuan = settled.yuan(row.points * settlement.face_value_cents)
    return row


@dataclass(frozen=True)
class Told:
    """A step in words."""

    pk: int
    title: str
    at: object
    by: str
    reason: str


def history(record, workflow=flow, *, first: str, names: bool) -> list[Told]:
    """What happened, in order; the last ``STEPS``. ``names``: of those who did it."""
    labels = {row.verb: row.text for row in workflow.transitions}
    steps = record.steps.select_related("actor").order_by("-at", "-pk")[:STEPS]
    return [
        Told(
            pk=step.pk,
            title=labels.get(step.verb, first),
            at=step.at,
            by=step.actor.name if names and step.actor else "",
            reason=_reason(step),
        )
        for step in reversed(steps)
    ]


def _reason(step) -> str:
    before = step.data.get("before", "")
    return f"{step.reason}（{before}）" if before else step.reason


def exports(record) -> list:
    """Who took it out as a file, the latest first."""
    return list(record.exports.select_related("by")[:5])
