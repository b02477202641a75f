"""What settlements are made of, read set-based: orders that wait, totals, checks."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from exchange.models import (
    COUNTED,
    SETTLED,
    LineState,
    Order,
    OrderState,
    Settlement,
    SettlementLine,
)
from orgs.models import Area
from points.models import POINTS, Account, AccountKind, Transfer, TransferKind


def first_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def month_before(day: date) -> date:
    return first_of(first_of(day) - timedelta(days=1))


def begins(month: date) -> datetime:
    """The first moment of a month, here."""
    return timezone.make_aware(datetime.combine(month, time.min))


def waiting(before: datetime) -> QuerySet[Order]:
    """Handed over before a moment, and counted in no settlement."""
    counted = SettlementLine.objects.filter(order=OuterRef("pk")).exclude(state=LineState.PUT_OFF)
    issued = Order.objects.filter(state=OrderState.ISSUED, ended_at__lt=before)
    return issued.filter(~Exists(counted))


def of_organization(orders: QuerySet[Order], organization, area: Area) -> QuerySet[Order]:
    """Of these, those handed over by an organization for a subdistrict."""
    return orders.filter(offer__outlet__organization=organization, offer__item__area=area)


@dataclass(frozen=True)
class Totals:
    orders: int
    pieces: int
    points: int
    cents: int

    @property
    def yuan(self) -> str:
        return yuan(self.cents)


def yuan(cents: int) -> str:
    """Integer arithmetic to the last: 1,234.50."""
    return f"{cents // 100:,}.{cents % 100:02d}"


def totals(settlement: Settlement) -> Totals:
    """Of the lines that count; as frozen once it is submitted. One query before."""
    if settlement.points is not None:
        return Totals(settlement.orders, settlement.pieces, settlement.points, settlement.cents)
    found = settlement.lines.filter(state__in=COUNTED).aggregate(
        orders=Count("pk"),
        pieces=Sum("order__quantity", default=0),
        points=Sum("points", default=0),
    )
    return Totals(**found, cents=found["points"] * settlement.face_value_cents)


@dataclass(frozen=True)
class BookCheck:
    """One community's books in a settlement: what must be equal."""

    account: Account
    lines: int  # counted lines
    captured: int  # what their holds paid into the merchant's account, and was not taken back
    balance: int  # what is in the account now
    unsettled: int  # all that was handed over and is in no approved settlement
    moved: int  # what the settlement took out of the account

    is_settled: bool

    @property
    def community(self) -> Area:
        return self.account.community

    @property
    def other(self) -> int:
        """Of later months, or put off."""
        return self.unsettled if self.is_settled else self.unsettled - self.lines

    @property
    def fits(self) -> bool:
        moved = self.lines if self.is_settled else 0
        return (
            self.lines == self.captured and self.balance == self.unsettled and (self.moved == moved)
        )


def checks(settlement: Settlement) -> list[BookCheck]:
    """Per community whose points were spent there; one statement, so one moment's truth."""
    of_books = {"payer": OuterRef("community"), "settlement": settlement, "state__in": COUNTED}
    lines = SettlementLine.objects.filter(**of_books).order_by().values("payer")
    paid = Q(
        order__ending__kind=TransferKind.CAPTURE,
        order__ending__credit=OuterRef("pk"),
        order__ending__reversals=None,
    )
    settled = SettlementLine.objects.filter(
        order=OuterRef("pk"), state__in=COUNTED, settlement__state__in=SETTLED
    )
    open_ones = (
        Order.objects.filter(
            ~Exists(settled),
            state=OrderState.ISSUED,
            area=OuterRef("community"),
            offer__outlet__organization=settlement.organization_id,
        )
        .order_by()
        .values("area")
    )
    key = Concat(Value(f"settle:{settlement.pk}:"), Cast(OuterRef("community"), CharField()))
    moved = Transfer.objects.filter(
        community=OuterRef("community"), key=key, debit=OuterRef("pk"), kind=TransferKind.SETTLE
    ).values("amount")
    rows = (
        Account.objects.filter(
            unit=POINTS,
            kind=AccountKind.MERCHANT,
            organization=settlement.organization_id,
        )
        .filter(
            # A community may have moved to another subdistrict since.
            Q(community__path__startswith=settlement.area_path)
            | Q(community__in=settlement.lines.values("payer"))
        )
        .select_related("community")
        .annotate(
            of_lines=_number(lines.annotate(n=Sum("points")).values("n")),
            of_captures=_number(
                lines.filter(paid).annotate(n=Sum("order__ending__amount")).values("n")
            ),
            of_open=_number(open_ones.annotate(n=Sum("points")).values("n")),
            of_moves=_number(moved),
        )
        .order_by("community__code")
    )
    found = [
        BookCheck(
            account=row,
            lines=row.of_lines,
            captured=row.of_captures,
            balance=row.posted,
            unsettled=row.of_open,
            moved=row.of_moves,
            is_settled=settlement.is_settled,
        )
        for row in rows
    ]
    return [row for row in found if row.lines or not row.fits]


def _number(rows) -> Coalesce:
    return Coalesce(Subquery(rows, output_field=BigIntegerField()), Value(0))


def adds_up(settlement: Settlement, rows: list[BookCheck], said: Totals) -> bool:
    """All books fit, and together they are what the statement says."""
    return all(row.fits for row in rows) and sum(row.lines for row in rows) == said.points
