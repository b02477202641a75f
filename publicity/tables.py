"""Rows under headings, as notices and disclosures carry them: ``{"columns": […], "rows": […]}``.

Every cell is text. In columns of names only the family name stays (王*); a telephone or a door
anywhere is refused.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from publicity.words import masked_name, refuse_private
from rules.refusals import Refused

MOST_COLUMNS, MOST_ROWS, MOST_CELL = 12, 500, 200
_OF_NAMES = re.compile(r"姓名|户主|联系人|申请人|受益人|收款人|领取人|志愿者|获奖人|当选人|候选人")
_OF_NUMBERS = re.compile(r"数|率|量|占比|单位|电话")
_NUMBER = re.compile(r"^[+-]?\d[\d,]*(\.\d+)?%?$")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class TableRefused(Refused):
    """Why rows cannot be shown; its text may be shown."""


def clean(table: Mapping | None, *, most_rows: int = MOST_ROWS) -> dict:
    """The table as it is kept: texts of bounded length, whole rows, masked names; {} for none.

    Raises TableRefused or StillPrivate.
    """
    if not table or not table.get("columns"):
        return {}
    columns = [_cell(label) for label in table["columns"]]
    rows = [[_cell(value) for value in row] for row in table.get("rows", ())]
    if len(columns) > MOST_COLUMNS:
        raise TableRefused(_("表格最多 %(n)d 列") % {"n": MOST_COLUMNS})
    if len(rows) > most_rows:
        raise TableRefused(_("表格最多 %(n)d 行") % {"n": most_rows})
    if any(not label for label in columns):
        raise TableRefused(_("表格的每一列都要有标题"))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            text = _("表格第 %(row)d 行有 %(have)d 格，应有 %(want)d 格")
            raise TableRefused(text % {"row": number, "have": len(row), "want": len(columns)})
    for at, label in enumerate(columns):
        if _OF_NAMES.search(label) and not _OF_NUMBERS.search(label):
            for row in rows:
                row[at] = masked_name(row[at])
    refuse_private(*columns, *(cell for row in rows for cell in row))
    return {"columns": columns, "rows": rows}


def _cell(value) -> str:
    text = re.sub(r"\s+", " ", "" if value is None else str(value)).strip()
    if len(text) > MOST_CELL:
        raise TableRefused(_("表格的每一格最多 %(n)d 字") % {"n": MOST_CELL})
    return text


def read_csv(text: str) -> dict:
    """A table from what people paste out of a spreadsheet: commas or tabs, first line headings."""
    text = text.strip().lstrip("\ufeff")
    if not text:
        return {}
    first = text.splitlines()[0]
    delimiter = "\t" if "\t" in first else ","
    if delimiter == "," and "," not in first and "，" in first:
        text = text.replace("，", ",")
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise TableRefused(_("表格读不出来，请检查引号和逗号")) from error
    return {"columns": lines[0], "rows": lines[1:]} if lines else {}


def write_csv(table: Mapping) -> str:
    """For a spreadsheet: with a mark that says UTF-8, and without anything it would calculate."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_harmless(table["columns"]))
    writer.writerows(_harmless(row) for row in table["rows"])
    return "\ufeff" + out.getvalue()


def _harmless(cells: Iterable[str]) -> list[str]:
    return [
        f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.match(cell) else cell
        for cell in cells
    ]


def is_number(cell: str) -> bool:
    return bool(_NUMBER.match(cell))
