"""A month with a merchant, and a clearing table, as files: Excel, CSV, and on A4.

Codes, goods and sums; never who it was for. Every file is noted before it leaves.
"""

import csv
from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO, StringIO

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from exchange import settled
from exchange.models import Clearing, LineState, Settlement, StatementLog
from ui.dates import local

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_LINES = ("order__offer__item", "order__offer__outlet", "payer")


def note(person, format: str, count: int, *, settlement=None, clearing=None) -> None:
    """Who took what out. Written before the file is made."""
    StatementLog.objects.create(
        settlement=settlement,
        clearing=clearing,
        by=person,
        format=format,
        count=count,
        at=timezone.now(),
    )


def _money(cents: int) -> Decimal:
    """Yuan, exactly."""
    return Decimal(cents).scaleb(-2)


def _in_money(settlement: Settlement, points: int):
    """What a merchant is paid for them; nothing where nothing is paid."""
    return _money(points * settlement.face_value_cents) if settlement.pays else ""


def harmless(cell):
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_ACTIVE) else cell


# --- a statement ---------------------------------------------------------------------------------


def title_of(settlement: Settlement) -> str:
    return _("%(month)s商家结算单") % {"month": settlement.month_text}


def lines_of(settlement: Settlement) -> list:
    return list(settlement.lines.select_related(*_LINES).order_by("order__ended_at", "pk"))


def _heads() -> list[str]:
    return [
        *(_("取货码"), _("兑换品"), _("兑换点"), _("日期"), _("件数"), _("积分")),
        *(_("金额（元）"), _("积分所属社区"), _("情况")),
    ]


def _cells(settlement: Settlement, line) -> list:
    order = line.order
    counts = line.is_counted
    return [
        order.code_spaced,
        order.offer.item.name,
        order.offer.outlet.name,
        f"{local(order.ended_at):%Y-%m-%d}",
        order.quantity,
        line.points,
        _in_money(settlement, line.points) if counts else "",
        line.payer.name,
        "" if line.state == LineState.OK else line.get_state_display(),
    ]


def books_of(lines) -> list[tuple[str, int, int]]:
    """(community, orders, points) of the lines that count, by code."""
    found: dict[str, list] = {}
    for line in lines:
        if line.is_counted:
            row = found.setdefault(line.payer.code, [line.payer.name, 0, 0])
            row[1] += 1
            row[2] += line.points
    return [tuple(found[code]) for code in sorted(found)]


def _facts(settlement: Settlement) -> list[tuple[str, str]]:
    said = settled.totals(settlement)
    facts = [
        (_("商家"), settlement.organization.name),
        (_("月份"), settlement.month_text),
        (_("状态"), settlement.get_state_display()),
        (_("笔数、件数"), _("%(orders)d 笔，%(pieces)d 件") % vars(said)),
        (_("积分合计"), _("%(points)d 分") % {"points": said.points}),
    ]
    if not settlement.pays:
        return [*facts, (_("结算方式"), _("实物核销，不付款"))]
    rate = settled.yuan(settlement.face_value_cents)
    facts.append(
        (_("折合金额"), _("%(yuan)s 元（每分 %(rate)s 元）") % {"yuan": said.yuan, "rate": rate})
    )
    if settlement.paid_on:
        paid = {"day": f"{settlement.paid_on:%Y-%m-%d}", "voucher": settlement.voucher}
        facts.append((_("付款"), _("%(day)s，凭证号 %(voucher)s") % paid))
    return facts


def _signatures() -> list[str]:
    return [_("商家（盖章）"), _("经办人"), _("批准人"), _("日期")]


def excel(settlement: Settlement, lines) -> bytes:
    """Two sheets: lines, and totals per community."""
    book = Workbook()
    sheet = book.active
    sheet.title = _("明细")
    _head(sheet, title_of(settlement), _facts(settlement))
    _table(sheet, _heads(), [_cells(settlement, line) for line in lines])
    said = settled.totals(settlement)
    sheet.append([])
    _append(
        sheet,
        [
            _("合计（只计入结算的）"),
            "",
            "",
            "",
            said.pieces,
            said.points,
            _in_money(settlement, said.points),
        ],
        bold=True,
    )
    sheet.append([])
    _append(sheet, _signatures())
    _widths(sheet, (14, 22, 22, 12, 8, 10, 12, 16, 18))

    sheet = book.create_sheet(_("按社区"))
    rows = books_of(lines)
    heads = [_("积分所属社区"), _("笔数"), _("积分"), _("金额（元）")]
    _table(sheet, heads, [[*row, _in_money(settlement, row[2])] for row in rows])
    money = _in_money(settlement, said.points)
    _append(sheet, [_("合计"), said.orders, said.points, money], bold=True)
    _widths(sheet, (20, 10, 12, 14))
    return _saved(book)


def paper(settlement: Settlement, lines) -> dict:
    """What ``exchange/papers/settlement.typ`` reads."""
    said = settled.totals(settlement)

    def yuan(points: int) -> str:
        cents = points * settlement.face_value_cents
        return settled.yuan(cents) if settlement.pays else "—"

    def row(line) -> list[str]:
        *_before, pieces, points, _yuan, _community, state = _cells(settlement, line)
        money = yuan(line.points) if line.is_counted else "—"
        day = f"{local(line.order.ended_at):%m-%d}"
        place = line.order.offer.outlet.name
        name = line.order.offer.item.name
        if state:
            name = f"{name}（{state}）"
        return [line.order.code_spaced, name, place, day, str(pieces), str(points), money]

    return {
        "title": title_of(settlement),
        "issuer": settlement.area.name,
        "facts": [list(fact) for fact in _facts(settlement)],
        "columns": _heads()[:7],
        "lines": [row(line) for line in lines],
        "totals": [str(said.pieces), f"{said.points:,}", yuan(said.points)],
        "total": _("合计（只计入结算的）"),
        "book_columns": [_("积分所属社区"), _("笔数"), _("积分"), _("金额（元）")],
        "books": [
            [name, str(count), f"{points:,}", yuan(points)]
            for name, count, points in books_of(lines)
        ],
        "signatures": _signatures(),
        "footer": _("积分按面值折合，由街道与商家结算；居民之间不能买卖"),
    }


# --- a clearing ----------------------------------------------------------------------------------


def clearing_table(clearing: Clearing) -> tuple[list[str], list[list]]:
    """Heads, and a row a community; the last one adds up."""
    heads = [_("社区"), _("净额（收减用）"), _("收外社区"), _("用在外社区"), _("本社区自用")]
    rows = list(clearing.rows.select_related("community").order_by("community__code"))
    cells = [
        [
            row.community.name,
            row.net,
            row.earned_from_elsewhere,
            row.spent_elsewhere,
            row.own,
        ]
        for row in rows
    ]
    sums = [sum(column) for column in zip(*(cell[1:] for cell in cells), strict=True)]
    return heads, [*cells, [_("合计"), *sums]]


def clearing_csv(clearing: Clearing) -> bytes:
    heads, rows = clearing_table(clearing)
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def clearing_excel(clearing: Clearing) -> bytes:
    heads, rows = clearing_table(clearing)
    book = Workbook()
    sheet = book.active
    sheet.title = _("社区清算")
    title = _("%(area)s%(month)s社区清算表")
    words = {"area": clearing.area.name, "month": clearing.month_text}
    _head(sheet, title % words, [(_("状态"), clearing.get_state_display())])
    _table(sheet, heads, rows[:-1])
    _append(sheet, rows[-1], bold=True)
    sheet.append([])
    _append(sheet, [_("编制人"), "", _("批准人"), "", _("日期")])
    _widths(sheet, (20, 16, 16, 16, 18))
    return _saved(book)


# --- sheets --------------------------------------------------------------------------------------


def _head(sheet, title: str, facts: Iterable[tuple[str, str]]) -> None:
    _append(sheet, [title], bold=True)
    sheet.cell(sheet.max_row, 1).font = Font(bold=True, size=14)
    for label, value in facts:
        _append(sheet, [label, value])
    sheet.append([])


def _table(sheet, heads: list[str], rows: list[list]) -> None:
    _append(sheet, heads, bold=True)
    sheet.freeze_panes = f"A{sheet.max_row + 1}"
    sheet.print_title_rows = f"{sheet.max_row}:{sheet.max_row}"
    for row in rows:
        _append(sheet, row)


def _append(sheet, cells: list, *, bold: bool = False) -> None:
    sheet.append([_written(cell) for cell in cells])
    for at, cell in enumerate(cells, 1):
        written = sheet.cell(sheet.max_row, at)
        if bold:
            written.font = Font(bold=True)
        if isinstance(cell, Decimal):
            written.number_format = "#,##0.00"
        elif isinstance(cell, int):
            written.number_format = "#,##0"
        else:
            written.alignment = Alignment(vertical="top")


def _written(cell):
    """Excel's format has no place for control characters."""
    return harmless(ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell)


def _widths(sheet, widths: Iterable[int]) -> None:
    for at, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _saved(book: Workbook) -> bytes:
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
