"""Closing a month of a community's books: shut it, wait for who is still inside, write statements.

Shutting refuses new transfers of the month at once, without waiting for anybody. A transaction that
looked before may still write into it; its number is below the ``horizon`` that is noted in a later
transaction than the shutting one (docs/ledger.md tells why the order matters), and the statements
are written when all of those have ended.
"""

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area
from points.ledger import LedgerError
from points.models import Period, Transfer

GRACE_DAYS = 5  # how long after its end a month stays open for late papers


class NotOver(LedgerError):
    def __init__(self, month: date):
        self.month = month
        super().__init__(_("%(month)s 尚未结束，不能停止入账") % {"month": f"{month:%Y-%m}"})


class OutOfOrder(LedgerError):
    def __init__(self, month: date):
        self.month = month
        super().__init__(_("请先结清 %(month)s") % {"month": f"{month:%Y-%m}"})


def first_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return first_of(month + timedelta(days=31))


@transaction.atomic(durable=True)
def shut(community, month: date) -> Period:
    """Take no more transfers of ``month`` and of the months before it. Shutting again is the same.

    Raises NotOver for a month that is not past, OutOfOrder when a later one was shut already.
    """
    month = first_of(month)
    if month >= first_of(timezone.localdate()):
        raise NotOver(month)
    period, created = Period.objects.get_or_create(
        community=community, month=month, defaults={"horizon": 0, "shut_at": timezone.now()}
    )
    if created and Period.objects.filter(community=community, month__gt=month).exists():
        raise OutOfOrder(month)
    return period


@transaction.atomic(durable=True)
def close(period: Period) -> bool:
    """Write the statements of a shut month, once. False: somebody is still inside, ask again.

    One for each account that moved in it, and for each of the big ones; a statement holds until
    the account's next one. Raises OutOfOrder while an earlier month is only shut.
    """
    period = Period.objects.select_for_update().get(pk=period.pk)
    if period.closed_at is not None:
        return True
    earlier = Period.objects.filter(community=period.community_id, month__lt=period.month)
    if waiting := earlier.filter(closed_at=None).order_by("month").first():
        raise OutOfOrder(waiting.month)
    period.horizon = drawn(period.horizon)
    if inside := is_inside(period.horizon):
        period.save(update_fields=["horizon"])
    else:
        last = earlier.order_by("-month").values_list("month", flat=True).first()
        _write(period, since=last)
        period.closed_at = timezone.now()
        period.save(update_fields=["horizon", "closed_at"])
    return not inside


def drawn(horizon: int) -> int:
    """The line itself, or a new one here and now if there is none that this server drew.

    To be called after what was written above the line can be read, in a transaction that writes:
    everybody who may not have read it has a smaller number. A line ahead of our own number comes
    from another server by way of a dump, and who was inside there is not inside here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (own,) = cursor.fetchone()
    return horizon if 0 < horizon <= own else own


def is_inside(horizon: int) -> bool:
    """Does a transaction from before the line still run? What it writes cannot be read yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT points_inside(%s)", [horizon])
        return cursor.fetchone()[0]


_STATEMENTS = """
INSERT INTO points_statement (period_id, account_id, opening, credited, debited, closing, held)
SELECT %(period)s, a.id, coalesce(l.closing, 0), coalesce(m.came, 0), coalesce(m.went, 0),
       coalesce(l.closing, 0) + coalesce(m.came, 0) - coalesce(m.went, 0),
       CASE WHEN a.floor IS NULL THEN 0 ELSE coalesce(l.held, 0) + coalesce(m.held, 0) END
  FROM points_account a
  LEFT JOIN points_turnover(%(community)s, %(since)s::date, %(month)s::date) m ON m.account = a.id
  LEFT JOIN LATERAL (
       SELECT s.closing, s.held
         FROM points_statement s JOIN points_period p ON p.id = s.period_id
        WHERE s.account_id = a.id ORDER BY p.month DESC LIMIT 1) l ON true
 WHERE a.community_id = %(community)s AND (a.floor IS NULL OR m.account IS NOT NULL)
"""


def _write(period: Period, *, since: date | None) -> None:
    values = {
        "period": period.pk,
        "community": period.community_id,
        "since": since or "-infinity",
        "month": period.month,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS, values)


def close_due(*, grace_days: int = GRACE_DAYS) -> int:
    """Shut and close every month of every community that ended ``grace_days`` ago or longer.

    In order, from each community's first transfer on, so a long downtime is made up for. Returns
    how many were closed; a month with somebody inside is left for the next time.
    """
    due = first_of(timezone.localdate() - timedelta(days=grace_days))
    closed = 0
    for community, first in _first_open_months():
        month = first
        while month < due:
            if not close(shut(community, month)):
                break
            closed += 1
            month = next_month(month)
    return closed


def _first_open_months() -> list[tuple]:
    """(community, first month without statements) wherever something was ever posted."""
    last = dict(
        Period.objects.exclude(closed_at=None)
        .values_list("community")
        .annotate(last=Max("month"))
        .order_by()
    )
    first = dict(
        Transfer.objects.exclude(community__in=last)
        .values_list("community")
        .annotate(first=Min("period"))
        .order_by()
    )
    months = {**first, **{pk: next_month(month) for pk, month in last.items()}}
    return [(area, months[area.pk]) for area in Area.objects.filter(pk__in=months).order_by("pk")]
