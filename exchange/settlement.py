"""Settling with who handed things over: a list for each month, agreed line by line, then paid.

    draw_up → (dispute | miss) … confirm → (uphold | put_off | ask_reversal + reverse | answer) …
            → submit → approve → pay

What the list says and who may do what from which state stands in ``exchange.settlement_flow``.
Money is paid outside the portal; here stands that it was.
"""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import settled, terms, who
from exchange import settlement_telling as telling
from exchange.models import (
    Clearing,
    Omission,
    OutletKind,
    Settlement,
    SettlementLine,
    SettlementState,
)
from exchange.settlement_flow import flow, lines_of
from exchange.telling import tell
from orgs import access
from orgs.models import Area, Organization
from points import terms as point_terms
from rules import calendar, clocks
from rules.refusals import Refused
from rules.workflow import Step

logger = logging.getLogger(__name__)
REMIND_DAYS = 2  # before the merchant's term ends
LATE_DAYS = 3  # so long something may wait for the subdistrict


# --- drawing up ----------------------------------------------------------------------------------


@transaction.atomic
def draw_up(
    organization: Organization, area: Area, month: date, *, by=None, at: datetime | None = None
) -> Settlement | None:
    """List what ``organization`` handed over in subdistrict ``area`` up to the end of ``month``.

    Once per month: the same again gives the first. None when there is nothing to settle, when the
    month still runs, or when the month is cleared already: then it comes with the next one.
    """
    at = at or timezone.now()
    month = settled.first_of(month)
    ends = settled.begins(settled.next_month(month))
    if at < ends:
        return None
    _one_at_a_time(area, organization)
    known = Settlement.objects.filter(organization=organization, area=area, month=month).first()
    if known is not None:
        return known
    if Clearing.objects.filter(area=area, month__gte=month).exists():
        return None
    orders = settled.of_organization(settled.waiting(ends), organization, area)
    orders = list(orders.select_related("offer__outlet").order_by("pk"))
    if not orders:
        return None
    last_day = settled.next_month(month) - timedelta(days=1)
    term = terms.at(area, timezone.localdate(at)).params["settlement_dispute"]
    settlement = Settlement(
        area=area,
        organization=organization,
        month=month,
        pays=organization.outlets.filter(kind=OutletKind.MERCHANT).exists(),
        face_value_cents=point_terms.at(area, last_day).params["face_value_cents"],
        dispute_due_at=clocks.reckon(term["unit"], term["amount"], at).due,
    )
    flow.open(
        settlement,
        by=by,
        verb="draw_up",
        at=at,
        effect=lambda record, _move: lines_of(record, orders),
        tells=telling.of_drawing,
    )
    return settlement


def _one_at_a_time(area: Area, organization: Organization) -> None:
    """Two beats, or a beat and a button: the second waits and finds what the first made.

    A clearing of the area waits for both, so nothing is drawn up below it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0)),"
            " pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"clearing:{area.pk}", f"settlement:{area.pk}:{organization.pk}"],
        )


def due(at: datetime, *, path: str = "") -> Iterator[tuple[Organization, Area, date]]:
    """Whose months are over and not drawn up, in order; also after a downtime of months."""
    last = settled.month_before(timezone.localdate(at))
    orders = settled.waiting(settled.begins(settled.next_month(last)))
    if path:
        orders = orders.filter(offer__item__area_path__startswith=path)
    found = (
        orders.order_by("offer__outlet__organization", "offer__item__area")
        .values_list("offer__outlet__organization", "offer__item__area")
        .annotate(first=Min("ended_at"))
    )
    found = list(found)
    bodies = Organization.objects.in_bulk([row[0] for row in found])
    areas = Area.objects.in_bulk([row[1] for row in found])
    known = set(
        Settlement.objects.filter(organization__in=bodies).values_list(
            "organization", "area", "month"
        )
    )
    for organization, area, first in found:
        month = settled.first_of(timezone.localdate(first))
        while month <= last:
            if (organization, area, month) not in known:
                yield bodies[organization], areas[area], month
            month = settled.next_month(month)


def draw_up_due(*, at: datetime | None = None, path: str = "", by=None) -> int:
    """Draw up whatever is due, one transaction each; how many. The beat and the button call it."""
    at = at or timezone.now()
    drawn = 0
    for organization, area, month in due(at, path=path):
        try:
            drawn += draw_up(organization, area, month, by=by, at=at) is not None
        except Exception:  # one that fails does not keep the others
            logger.exception("draw_up_due: %s %s cannot be drawn up", organization.pk, month)
    return drawn


# --- what the merchant says ----------------------------------------------------------------------


def dispute(line: SettlementLine, *, by, reason: str, at=None) -> Step:
    """Say what is wrong with a line. Raises TermOver, WrongLine."""
    return flow.advance(line.settlement, "dispute", by=by, reason=reason, at=at, line=line)


def undispute(line: SettlementLine, *, by, at=None) -> Step:
    return flow.advance(line.settlement, "undispute", by=by, at=at, line=line)


def miss(settlement: Settlement, *, by, text: str, code: str = "", at=None) -> Step:
    """Say that something handed over is not on the list. Raises TermOver."""
    return flow.advance(settlement, "miss", by=by, reason=text, at=at, code=code)


def confirm(settlement: Settlement, *, by, at=None) -> Step:
    """All looked at: what is not disputed is agreed."""
    return flow.advance(settlement, "confirm", by=by, at=at)


# --- what the subdistrict says -------------------------------------------------------------------


def question(line: SettlementLine, *, by, reason: str, at=None) -> Step:
    """Doubt a line that the merchant does not, after the list was agreed."""
    return flow.advance(line.settlement, "question", by=by, reason=reason, at=at, line=line)


def uphold(line: SettlementLine, *, by, reason: str, at=None) -> Step:
    """It counts as it stands."""
    return flow.advance(line.settlement, "uphold", by=by, reason=reason, at=at, line=line)


def put_off(line: SettlementLine, *, by, reason: str, at=None) -> Step:
    """Not now: it comes with the next month's settlement."""
    return flow.advance(line.settlement, "put_off", by=by, reason=reason, at=at, line=line)


def ask_reversal(line: SettlementLine, *, by, reason: str, is_returned=False, at=None) -> Step:
    """Ask that the resident gets the points back; ``is_returned``: the goods lie in the outlet."""
    return flow.advance(
        line.settlement,
        "ask_reversal",
        by=by,
        reason=reason,
        at=at,
        line=line,
        is_returned=bool(is_returned),
    )


def reverse(line: SettlementLine, *, by, at=None) -> Step:
    """Another person agrees: the points go back, the order is reversed. Raises SamePerson."""
    return flow.advance(line.settlement, "reverse", by=by, at=at, line=line)


def decline(line: SettlementLine, *, by, reason: str, at=None) -> Step:
    return flow.advance(line.settlement, "decline", by=by, reason=reason, at=at, line=line)


def answer(omission: Omission, *, by, reason: str, is_added=False, at=None) -> Step:
    """Explain what is missing, or add the order of its code. Raises NotToAdd, AnsweredBefore."""
    return flow.advance(
        omission.settlement,
        "answer",
        by=by,
        reason=reason,
        at=at,
        omission=omission,
        is_added=bool(is_added),
    )


def submit(settlement: Settlement, *, by, at=None) -> Step:
    """Freeze the totals. Raises DoesNotAddUp."""
    return flow.advance(settlement, "submit", by=by, at=at)


def send_back(settlement: Settlement, *, by, reason: str, at=None) -> Step:
    return flow.advance(settlement, "send_back", by=by, reason=reason, at=at)


def approve(settlement: Settlement, *, by, at=None) -> Step:
    """A second person; the points leave the merchant's accounts.

    Raises SamePerson, DoesNotAddUp.
    """
    return flow.advance(settlement, "approve", by=by, at=at)


def pay(settlement: Settlement, *, by, paid_on: date, voucher: str, at=None) -> Step:
    """Note that the money was paid, outside. Raises WrongPayDay."""
    return flow.advance(settlement, "pay", by=by, at=at, paid_on=paid_on, voucher=voucher)


def correct(
    settlement: Settlement, *, by, paid_on: date, voucher: str, reason: str, at=None
) -> Step:
    """Mend the note; what stood there before stays in the step."""
    given = {"paid_on": paid_on, "voucher": voucher}
    return flow.advance(settlement, "correct", by=by, reason=reason, at=at, **given)


# --- the beat ------------------------------------------------------------------------------------


def lapse_due(*, at: datetime | None = None) -> int:
    """Lists nobody answered within the term count as agreed, and say so; how many."""
    at = at or timezone.now()
    late = Settlement.objects.filter(state=SettlementState.SENT, dispute_due_at__lt=at)
    lapsed = 0
    for settlement in late.order_by("pk"):
        try:
            flow.advance(settlement, "lapse", by=None, at=at)
        except Refused:  # somebody was faster
            continue
        except Exception:
            logger.exception("lapse_due: settlement %s stands still", settlement.pk)
            continue
        lapsed += 1
    return lapsed


def remind(*, at: datetime | None = None) -> int:
    """Tell who keeps a settlement waiting; on working days, once each. How many were told of."""
    at = at or timezone.now()
    today = calendar.local_day(at)
    if not calendar.read().works(today):
        return 0
    told = 0
    soon = at + timedelta(days=REMIND_DAYS)
    sent = Settlement.objects.filter(
        state=SettlementState.SENT, dispute_due_at__gt=at, dispute_due_at__lte=soon
    )
    for settlement in sent.select_related("organization").order_by("pk"):
        with transaction.atomic():
            telling.of_term(settlement)
        told += 1
    since = at - timedelta(days=LATE_DAYS)
    for state, right, began in (
        (SettlementState.DISPUTED, who.SETTLE, "confirmed_at"),
        (SettlementState.READY, who.SETTLE, "confirmed_at"),
        (SettlementState.SUBMITTED, who.APPROVE, "submitted_at"),
    ):
        late = Settlement.objects.filter(state=state, **{f"{began}__lt": since})
        counts: dict[int, int] = {}
        for area in late.order_by("area").values_list("area", flat=True):
            counts[area] = counts.get(area, 0) + 1
        for area in Area.objects.filter(pk__in=counts).order_by("pk"):
            with transaction.atomic():
                _press(area, state, right, counts[area.pk], today)
            told += counts[area.pk]
    return told


def _press(area: Area, state: str, right: str, count: int, today: date) -> None:
    label = SettlementState(state).label
    tell(
        access.holders(right, area=area),
        kind="exchange.settling",
        title=_("%(count)d 张结算单等了三天以上：%(state)s") % {"count": count, "state": label},
        text=_("请到“商家结算”办理。"),
        url=f"/exchange/settlements/?state={state}",
        key=f"settlements-late:{area.pk}:{state}:{today.isoformat()}",
    )


def tend(*, at: datetime | None = None) -> None:
    """What the beat does; twice is once."""
    draw_up_due(at=at)
    lapse_due(at=at)
    remind(at=at)
