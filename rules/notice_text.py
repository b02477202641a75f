"""Reading a holiday notice: rows of ``date,off|work``, or the State Council's own sentences.

Nothing is written here. Every row remembers its line, and what is wrong with it in words fit to
show, so that the person can correct the text on the page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.translation import gettext as _

WEEKDAYS = "一二三四五六日"
OFF_WORDS = {"off", "休", "休息", "放假", "假"}
WORK_WORDS = {"work", "班", "上班", "工作"}
HEADER = re.compile(r"^\s*(date|日期)\s*[,，\t]", re.IGNORECASE)
DATE_LIKE = re.compile(r"^\d[\d\-/. ]{4,}$")
DAY = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$|^(\d{4})(\d{2})(\d{2})$")
SIGNATURE = re.compile(r"^\s*(\d{4}年)?\d{1,2}月\d{1,2}日\s*$")
# One token of a sentence: a date with its remark in brackets, a range word, or what happens.
TOKEN = re.compile(
    r"(?:(?P<year>\d{4})年)?(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})日(?:[（(](?P<remark>[^）)]*)[）)])?"
    r"|(?P<until>至|到|—+|–|~|～|-)"
    r"|(?P<off>放假|补休|休息)"
    r"|(?P<work>上班)"
)
NAMED_WEEKDAY = re.compile(r"(?:周|星期)([一二三四五六日天])")


@dataclass
class Row:
    """One day the notice speaks of (or one line that could not be read)."""

    line: int
    text: str
    day: date | None = None
    works: bool | None = None
    errors: list[str] = field(default_factory=list)

    @property
    def weekday(self) -> str:
        return f"周{WEEKDAYS[self.day.weekday()]}" if self.day else ""


def read(text: str, year: int) -> list[Row]:
    """The rows of ``text`` as a notice for ``year``; faulty ones carry their errors."""
    rows = [row for line in _lines(text) for row in _read_line(*line, year)]
    _compare(rows, year)
    return rows


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not HEADER.match(line) and not SIGNATURE.match(line):
            yield number, line.strip()


def _read_line(number: int, line: str, year: int) -> list[Row]:
    cells = [cell.strip().strip('"').strip() for cell in re.split(r"[,，\t]", line)]
    if len(cells) > 1 and (DATE_LIKE.match(cells[0]) or cells[1].lower() in OFF_WORDS | WORK_WORDS):
        return [_table_row(number, line, *cells[:2])]
    return list(_sentences(number, line, year))


def _table_row(number: int, line: str, day: str, what: str) -> Row:
    row = Row(number, line)
    parts = DAY.match(day)
    if parts is None:
        row.errors.append(_("日期须写作 2027-01-01"))
    else:
        row.day = _date(row, *(int(part) for part in parts.groups() if part))
    word = what.lower()
    if word in OFF_WORDS | WORK_WORDS:
        row.works = word in WORK_WORDS
    else:
        row.errors.append(_("第二列须为 off（休）或 work（班）"))
    return row


def _date(row: Row, year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        row.errors.append(_("没有 %(month)d 月 %(day)d 日这一天") % {"month": month, "day": day})
        return None


def _sentences(number: int, line: str, year: int) -> Iterator[Row]:
    """1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。"""
    for sentence in re.split(r"[。；;]", line):
        pending: list[Row] = []
        in_year, month, ranging = year, 0, False
        for token in TOKEN.finditer(sentence):
            if token["day"]:
                in_year = int(token["year"] or in_year)
                month = int(token["month"] or month)
                row = Row(number, token[0])
                row.day = _date(row, in_year, month, int(token["day"]))
                _check_weekday(row, token["remark"] or "")
                if ranging and pending:
                    pending += _fill(pending[-1], row)
                pending.append(row)
                ranging = False
            elif token["until"]:
                ranging = bool(pending)
            else:
                for row in pending:
                    row.works = token["work"] is not None
                yield from pending
                pending, ranging = [], False
        for row in pending:
            row.errors.append(_("没有写明“放假”还是“上班”"))
            yield row


def _check_weekday(row: Row, remark: str) -> None:
    named = NAMED_WEEKDAY.search(remark)
    if row.day and named and named[1].replace("天", "日") != WEEKDAYS[row.day.weekday()]:
        row.errors.append(
            _("%(day)s 是%(is)s，通知写的是周%(said)s，请核对年份和日期")
            % {"day": row.day.isoformat(), "is": row.weekday, "said": named[1]}
        )


def _fill(first: Row, last: Row) -> list[Row]:
    """The days between two ends of a range."""
    if not (first.day and last.day):
        return []
    span = (last.day - first.day).days
    if not 0 < span <= 31:
        last.errors.append(_("起止日期颠倒或相隔过长"))
        return []
    return [Row(last.line, last.text, first.day + timedelta(days=n)) for n in range(1, span)]


def _compare(rows: list[Row], year: int) -> None:
    """Faults that show only beside the other rows or the calendar itself."""
    seen: dict[date, Row] = {}
    for row in rows:
        if row.day is None:
            continue
        if row.day.year != year and (row.day.year, row.day.month) != (year - 1, 12):
            row.errors.append(_("不在 %(year)d 年内") % {"year": year})
        if earlier := seen.get(row.day):
            row.errors.append(
                _("与第 %(line)d 行重复")
                if earlier.works == row.works
                else _("与第 %(line)d 行矛盾")
            )
            row.errors[-1] %= {"line": earlier.line}
        seen.setdefault(row.day, row)
        if row.works and row.day.weekday() < 5:
            row.errors.append(
                _("%(weekday)s本来就上班，通知只列调休上班的周末") % {"weekday": row.weekday}
            )
