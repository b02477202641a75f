"""Orders out of the portal: masked, harmless in a spreadsheet, logged, and streamed.

Never who called, and of the words only what is masked. The queries are as many for 50,000 orders
as for one: names are read before, rows come through one cursor.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from grids import deidentify, dispatch
from grids.hotline import mapping
from grids.models import ExportLog, Order, Partner
from orgs import access
from orgs.models import Area, AreaLevel

RIGHT = "grids.export_orders"
CSV, JSON = "csv", "json"
FORMATS = (CSV, JSON)
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Filters:
    """What is asked for; what makes no sense is left out."""

    state: str = ""
    partner: Partner | None = None
    since: date | None = None
    until: date | None = None

    def as_said(self) -> dict[str, str]:
        """For the log."""
        return {
            "state": self.state,
            "partner": self.partner.code if self.partner else "",
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }


def orders_for(person, filters: Filters, *rights: str) -> QuerySet[Order]:
    """Orders whose issue lies where ``person`` may take them out, or holds one of ``rights``."""
    rights = rights or (RIGHT,)
    orders = access.scope(Order.objects.all(), person, *rights, path_field="issue__area_path")
    if filters.partner is not None:
        orders = orders.filter(partner=filters.partner)
    if filters.state:
        orders = orders.filter(issue__state=filters.state)
    if filters.since:
        orders = orders.filter(taken_in_at__gte=_start(filters.since))
    if filters.until:
        orders = orders.filter(taken_in_at__lt=_start(filters.until + timedelta(days=1)))
    return orders


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def log(person, filters: Filters, format: str) -> tuple[QuerySet[Order], ExportLog]:
    """Write who takes out what before anything leaves, and hand back what it is."""
    orders = orders_for(person, filters)
    rights = access.rights_of(person)
    entry = ExportLog.objects.create(
        by=person,
        format=format,
        filters=filters.as_said(),
        count=orders.count(),
        area_path=rights.area_paths(RIGHT)[0],
    )
    return orders, entry


# --- rows ----------------------------------------------------------------------------------------


def records(orders: QuerySet[Order]) -> Iterator[dict[str, object]]:
    """One dictionary an order; names in Chinese, as in the header of the CSV."""
    communities = _communities(orders)
    rows = orders.select_related("partner", "issue__category", "issue__lead").defer(
        "issue__clock_rules"
    )
    for order in rows.order_by("pk").iterator(chunk_size=500):
        yield _record(order, communities)


def _communities(orders: QuerySet[Order]) -> dict[str, str]:
    """Path → name of the communities around the orders."""
    paths = set(orders.order_by().values_list("issue__area_path", flat=True).distinct())
    around = {path for full in paths for path in dispatch.around(full)}
    return dict(
        Area.objects.filter(level=AreaLevel.COMMUNITY, path__in=around).values_list("path", "name")
    )


def _record(order: Order, communities: dict[str, str]) -> dict[str, object]:
    return {str(label): read(order, communities) for label, read in COLUMNS}


def _community(order: Order, communities: dict[str, str]) -> str:
    around = dispatch.around(order.issue.area_path)
    return next((communities[path] for path in around if path in communities), "")


COLUMNS = (
    (L("来源单位"), lambda order, _c: order.partner.name),
    (L("工单编号"), lambda order, _c: order.number),
    (L("本平台编号"), lambda order, _c: order.issue.number),
    (L("标题"), lambda order, _c: deidentify.mask(order.issue.title)),
    (L("诉求内容"), lambda order, _c: deidentify.mask(order.issue.description)),
    (L("类别"), lambda order, _c: order.issue.category.name),
    (L("社区"), _community),
    (L("层级"), lambda order, _c: order.issue.get_level_display()),
    (L("状态"), lambda order, _c: order.issue.get_state_display()),
    (L("对方状态"), lambda order, _c: mapping.state_word(order.partner, order.issue.state)),
    (L("来电时间"), lambda order, _c: _when(order.called_at)),
    (L("接收时间"), lambda order, _c: _when(order.taken_in_at)),
    (L("对方要求办结"), lambda order, _c: _when(order.due_at)),
    (L("承诺办结"), lambda order, _c: _when(order.issue.promised_at)),
    (L("承办单位"), lambda order, _c: order.issue.lead.name if order.issue.lead else ""),
    (L("办理结果"), lambda order, _c: deidentify.mask(order.issue.result)),
    (L("办结时间"), lambda order, _c: _when(order.issue.closed_at)),
    (L("按时办结"), lambda order, _c: _yes_no(order.issue.on_time)),
    (L("是否解决"), lambda order, _c: _yes_no(order.issue.solved)),
    (L("满意度"), lambda order, _c: order.issue.stars or ""),
    (L("催单次数"), lambda order, _c: order.urged_count),
    (L("撤单时间"), lambda order, _c: _when(order.withdrawn_at)),
)


def _when(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def _yes_no(answer: bool | None) -> str:
    return "" if answer is None else _("是") if answer else _("否")


# --- formats -------------------------------------------------------------------------------------


def harmless(cell) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_ACTIVE) else cell


class _Line:
    """What csv.writer writes to: hands the line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    """With the mark by which spreadsheets know UTF-8."""
    writer, names = csv.writer(_Line()), [str(label) for label, _read in COLUMNS]
    yield "\ufeff" + writer.writerow(names)
    for row in rows:
        yield writer.writerow([harmless(row[name]) for name in names])


def as_json(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    """One list, an order a line."""
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"
