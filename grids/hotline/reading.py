"""A file of orders as a table of text: CSV in UTF-8 or GB18030, or JSON. Refuses what it is not.

Nothing here knows what the columns mean (``mapping``) or what the database holds (``importing``).
"""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import PurePath

from django.utils.translation import gettext as _

from rules.refusals import Refused

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5000
MOST_COLUMNS = 60
LONGEST_LINE = 20_000  # bytes
LONGEST_CELL = 4000  # characters
UTF8, GB18030 = "UTF-8", "GB18030"
# What spreadsheets run instead of showing it. A plain +86 138… or a dash before words is none.
_FORMULA = re.compile(r"[=@\t\r＝＠]|[+\-＋－]\S*[(|!=]")
# Neither PostgreSQL nor UTF-8 takes these; JSON can carry them escaped.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CHINESE = re.compile("[\u2e80-\u9fff\uff00-\uffef]")


class BadFile(Refused):
    """The file as a whole cannot be read; its text says why, and where."""


@dataclass(frozen=True)
class Table:
    """``rows``: (number as a spreadsheet counts, header → cell)."""

    headers: list[str]
    rows: list[tuple[int, dict[str, str]]]
    encoding: str


def is_formula(cell: str) -> bool:
    return _FORMULA.match(cell) is not None


def clean(text: str) -> str:
    """``text`` without what no store takes."""
    return _UNWRITABLE.sub("", text)


def read(content: bytes, file_name: str) -> Table:
    """The table in ``content``. Raises BadFile."""
    if len(content) > MOST_BYTES:
        raise TooBig(len(content))
    if not content.strip():
        raise BadFile(_("文件是空的"))
    text, encoding = decode(content)
    is_json = PurePath(file_name).suffix.lower() == ".json" or text.lstrip()[:1] in {"[", "{"}
    table = _from_json(text, encoding) if is_json else _from_csv(text, encoding)
    if not table.rows:
        raise BadFile(_("文件里只有表头，没有工单"))
    if len(table.rows) > MOST_ROWS:
        text = _("文件里有 %(count)d 行，一次最多导入 %(most)d 行，请分成几份")
        raise BadFile(text % {"count": len(table.rows), "most": MOST_ROWS})
    return table


class TooBig(BadFile):
    def __init__(self, size: int):
        text = _("文件有 %(size)d MB，一次最多 %(most)d MB，请分成几份")
        super().__init__(text % {"size": -(-size // 2**20), "most": MOST_BYTES // 2**20})


# --- encodings -------------------------------------------------------------------------------


def decode(content: bytes) -> tuple[str, str]:
    """The text and the name of its one encoding. Raises BadFile, naming the line that differs."""
    if content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise BadFile(_("这是 Excel 或压缩文件，请在表格软件里另存为 CSV（UTF-8）再上传"))
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise BadFile(_("这份文件是 UTF-16 编码，请另存为 UTF-8 或 GB18030 编码的 CSV"))
    body = content.removeprefix(b"\xef\xbb\xbf")
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            text = _("第 %(line)d 行有 %(size)d 个字节，超过 %(most)d，不像是工单")
            raise BadFile(text % {"line": number, "size": len(line), "most": LONGEST_LINE})
        if b"\0" in line:
            raise BadFile(_("第 %(line)d 行含有不是文字的内容") % {"line": number})
    try:
        return body.decode("utf-8"), UTF8
    except UnicodeDecodeError:
        pass
    _refuse_mixture(lines, has_mark=body is not content and body != content)
    return body.decode("gb18030"), GB18030


def _refuse_mixture(lines: list[bytes], *, has_mark: bool) -> None:
    """Only pure GB18030 comes back from here."""
    first: dict[str, int] = {UTF8: 1} if has_mark else {}
    for number, line in enumerate(lines, 1):
        if line.isascii():
            continue
        kind = _encoding_of(line)
        if kind is None:
            raise BadFile(
                _("第 %(line)d 行既不是 UTF-8 也不是 GB18030 编码的文字") % {"line": number}
            )
        first.setdefault(kind, number)
        if len(first) == 2:
            other = UTF8 if kind == GB18030 else GB18030
            text = _(
                "文件里混用了两种编码：第 %(line)d 行是 %(kind)s，"
                "前面第 %(before)d 行是 %(other)s。请统一另存为 UTF-8 再上传"
            )
            named = {"line": number, "kind": kind, "before": first[other], "other": other}
            raise BadFile(text % named)


def _encoding_of(line: bytes) -> str | None:
    """GB18030 bytes that happen to be UTF-8 never read as Chinese there (联通: \u0368)."""
    try:
        if _CHINESE.search(line.decode("utf-8")):
            return UTF8
    except UnicodeDecodeError:
        pass
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return GB18030


# --- CSV -------------------------------------------------------------------------------------


def _from_csv(text: str, encoding: str) -> Table:
    header_line = text.lstrip("\r\n").splitlines()[0]
    delimiter = max(",\t;", key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    headers: list[str] = []
    number = 0
    try:
        for cells in reader:
            number += 1
            if not any(cell.strip() for cell in cells):
                continue
            if not headers:
                headers = _headers(cells)
                continue
            if len(cells) > len(headers) and any(cell.strip() for cell in cells[len(headers) :]):
                text = _(
                    "第 %(row)d 行有 %(cells)d 格，表头只有 %(headers)d 列；"
                    "内容里的逗号要加英文引号"
                )
                named = {"row": number, "cells": len(cells), "headers": len(headers)}
                raise BadFile(text % named)
            rows.append((number, _row(number, dict(zip(headers, cells, strict=False)))))
    except csv.Error as error:
        text = _("第 %(row)d 行的引号没有配对，或引号后还有文字")
        raise BadFile(text % {"row": number + 1}) from error
    return Table(headers, rows, encoding)


def _headers(cells: list[str]) -> list[str]:
    headers = [cell.strip() for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if len(headers) < 2:
        raise BadFile(
            _("第一行只有一列：%(name)s。表头各列之间要用英文逗号隔开") % {"name": cells[0][:40]}
        )
    if len(headers) > MOST_COLUMNS:
        raise BadFile(
            _("表头有 %(count)d 列，最多 %(most)d 列")
            % {"count": len(headers), "most": MOST_COLUMNS}
        )
    if "" in headers:
        raise BadFile(_("表头第 %(at)d 列没有名称") % {"at": headers.index("") + 1})
    if doubled := next((name for name in headers if headers.count(name) > 1), ""):
        raise BadFile(_("表头里有两列都叫“%(name)s”") % {"name": doubled[:40]})
    return headers


def _row(number: int, row: dict[str, str]) -> dict[str, str]:
    row = {header: clean(cell) for header, cell in row.items()}
    for header, cell in row.items():
        if len(cell) > LONGEST_CELL:
            text = _("第 %(row)d 行“%(column)s”有 %(size)d 个字，最多 %(most)d 个")
            named = {"row": number, "column": header[:40], "size": len(cell), "most": LONGEST_CELL}
            raise BadFile(text % named)
    return {header: cell.strip(" \u3000\n\r") for header, cell in row.items()}


# --- JSON ------------------------------------------------------------------------------------


def _no_constant(name: str):
    raise ValueError(name)


def parse_json(text: str):
    """Strict JSON: no NaN, nothing nested out of reason. Raises BadFile, naming the line."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadFile(
            _("JSON 第 %(line)d 行第 %(column)d 列有语法错误")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadFile(_("JSON 的内容无法读取（数字过大或嵌套过深）")) from error


def _from_json(text: str, encoding: str) -> Table:
    """A list of orders, or {"orders": [ … ]}; one level of objects is written caller.name."""
    given = parse_json(text)
    if isinstance(given, dict):
        given = given.get("orders")
    if not isinstance(given, list):
        raise BadFile(_('JSON 须是工单的列表，或 {"orders": [ … ]}'))
    headers: dict[str, None] = {}
    rows = []
    for number, order in enumerate(given, 1):
        if not isinstance(order, dict):
            raise BadFile(_("JSON 里第 %(n)d 条不是一件工单") % {"n": number})
        row = flatten(order)
        headers.update(dict.fromkeys(row))
        rows.append((number, _row(number, row)))
    if len(headers) > MOST_COLUMNS:
        raise BadFile(
            _("工单一共有 %(count)d 种字段，最多 %(most)d 种")
            % {"count": len(headers), "most": MOST_COLUMNS}
        )
    return Table(list(headers), rows, encoding)


def flatten(order: dict) -> dict[str, str]:
    """{"caller": {"name": "王"}} → {"caller.name": "王"}; everything as text."""
    row: dict[str, str] = {}
    for name, value in order.items():
        inner = value if isinstance(value, dict) else {"": value}
        for part, cell in inner.items():
            key = clean(f"{name}.{part}" if part else str(name))
            if isinstance(cell, dict | list):
                cell = json.dumps(cell, ensure_ascii=False)
            row[key] = _text(cell)
    return row


def _text(cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    return clean(str(cell))
