"""The statistical divisions of a real city, from a file into the territory tree.

``read`` looks at the whole file and reports every bad line; ``load`` writes all or nothing.
Nothing is ever deleted: a second file adds places and updates names, with the former names kept
in the history.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from orgs.areas import ROOT_LEVELS, lock_structure
from orgs.history import because
from orgs.models import Area, AreaLevel
from orgs.models.areas import CODE_LENGTH, PARENT_LEVEL

COLUMNS = ("code", "name", "level", "parent_code")
LEVELS = (
    AreaLevel.PROVINCE,
    AreaLevel.CITY,
    AreaLevel.DISTRICT,
    AreaLevel.SUBDISTRICT,
    AreaLevel.COMMUNITY,
)
NAME_LENGTH = 80
SHOWN_MISTAKES = 20
BATCH = 500


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    code: str
    name: str
    level: str
    parent_code: str


@dataclass(frozen=True, slots=True)
class Mistake:
    line: int
    text: str

    def __str__(self):
        return _("第 %(line)d 行：%(text)s") % {"line": self.line, "text": self.text}


class BadFile(Exception):
    """``mistakes``: every line that is wrong; the text names the first ones."""

    def __init__(self, mistakes: list[Mistake]):
        self.mistakes = sorted(mistakes, key=lambda mistake: mistake.line)
        lines = [str(mistake) for mistake in self.mistakes[:SHOWN_MISTAKES]]
        if len(self.mistakes) > SHOWN_MISTAKES:
            more = len(self.mistakes) - SHOWN_MISTAKES
            lines.append(_("另有 %(more)d 处错误") % {"more": more})
        lines.append(_("文件未导入，请更正后重试"))
        super().__init__("\n".join(lines))


@dataclass(slots=True)
class Outcome:
    added: int = 0
    renamed: int = 0
    unchanged: int = 0


# --- reading -----------------------------------------------------------------------------------


def read(content: bytes) -> list[Row]:
    """Rows of a CSV file (UTF-8, with or without a byte order mark), all of them sound.

    Raises BadFile naming every mistake with its line. A parent may come later in the file, or be
    in the database already.
    """
    rows, mistakes = _rows(_decoded(content))
    known = dict(Area.objects.filter(level__in=LEVELS).values_list("code", "level"))
    in_file: dict[str, Row] = {}
    for row in rows:
        if row.code in in_file:
            text = _("区划代码%(code)s与第 %(line)d 行重复")
            first = in_file[row.code].line
            mistakes.append(Mistake(row.line, text % {"code": row.code, "line": first}))
        else:
            in_file[row.code] = row
    for row in rows:
        if text := _wrong_with(row, in_file, known):
            mistakes.append(Mistake(row.line, text))
    if mistakes:
        raise BadFile(mistakes)
    if not rows:
        raise BadFile([Mistake(2, _("文件里没有数据"))])
    return rows


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        try:
            content.decode("gb18030")
        except UnicodeDecodeError:
            text = _("不是 UTF-8 编码的文本文件")
        else:
            text = _("文件像是 GBK 编码，请另存为 UTF-8 编码的 CSV")
        raise BadFile([Mistake(line, text)]) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadFile([Mistake(line, _("不是文本文件（含有空字符）"))])
    return text


def _rows(text: str) -> tuple[list[Row], list[Mistake]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    mistakes: list[Mistake] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if missing := [column for column in COLUMNS if column not in header]:
            text = _("缺少列：%(columns)s；首行须为 %(all)s")
            facts = {"columns": "、".join(missing), "all": ",".join(COLUMNS)}
            raise BadFile([Mistake(1, text % facts)])
        places = [header.index(column) for column in COLUMNS]
        last = reader.line_num
        for cells in reader:
            line, last = last + 1, reader.line_num  # a quoted cell may span lines
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                text = _("应有 %(wanted)d 列，实有 %(found)d 列")
                facts = {"wanted": len(header), "found": len(cells)}
                mistakes.append(Mistake(line, text % facts))
                continue
            rows.append(Row(line, *(cells[place].strip() for place in places)))
    except csv.Error as error:
        mistakes.append(Mistake(reader.line_num, _("引号或分隔符有误")))
        raise BadFile(mistakes) from error
    return rows, mistakes


def _wrong_with(row: Row, in_file: dict[str, Row], known: dict[str, str]) -> str:
    """The first thing wrong with a row, in words, or nothing."""
    if row.level not in LEVELS:
        levels = "、".join(LEVELS)
        text = _("层级“%(level)s”不正确，应为 %(levels)s 之一")
        return text % {"level": row.level, "levels": levels}
    label, length = AreaLevel(row.level).label, CODE_LENGTH[row.level]
    if not (row.code.isascii() and row.code.isdigit()):
        return _("区划代码“%(code)s”只能由数字组成") % {"code": row.code}
    if len(row.code) != length:
        text = _("%(level)s的区划代码须为 %(length)d 位，“%(code)s”为 %(found)d 位")
        facts = {"level": label, "length": length, "code": row.code, "found": len(row.code)}
        return text % facts
    if not row.name:
        return _("名称为空")
    if len(row.name) > NAME_LENGTH:
        return _("名称超过 %(length)d 个字") % {"length": NAME_LENGTH}
    if known.get(row.code, row.level) != row.level:
        text = _("区划代码%(code)s已登记为另一层级")
        return text % {"code": row.code}
    if not row.parent_code:
        if row.level in ROOT_LEVELS:
            return ""
        return _("%(level)s须有上级代码") % {"level": label}
    parent = in_file.get(row.parent_code)
    parent_level = parent.level if parent else known.get(row.parent_code)
    if parent_level is None:
        text = _("上级代码%(code)s既不在文件中，也未登记")
        return text % {"code": row.parent_code}
    if PARENT_LEVEL.get(row.level) != parent_level:
        text = _("%(level)s的上级不能是%(parent)s（%(code)s）")
        parent_label = dict(AreaLevel.choices).get(parent_level, parent_level)
        return text % {"level": label, "parent": parent_label, "code": row.parent_code}
    if not row.code.startswith(row.parent_code):
        text = _("区划代码%(code)s须以上级代码%(parent)s开头")
        return text % {"code": row.code, "parent": row.parent_code}
    return ""


# --- loading -----------------------------------------------------------------------------------


@transaction.atomic
def load(
    rows: list[Row], *, reason: str, by=None, progress: Callable[[int], None] = lambda count: None
) -> Outcome:
    """Write sound rows: new places join the tree, known ones take the file's name.

    Running twice changes nothing. Paths are worked out here and written in bulk (2,958 places in
    a second; one by one treebeard needs minutes). ``progress`` hears how many more are done.
    """
    lock_structure()
    there = {area.code: area for area in Area.objects.filter(level__in=LEVELS)}
    outcome = Outcome()
    with because(reason, by=by):
        renamed = []
        for row in rows:
            area = there.get(row.code)
            if area is None:
                continue
            if area.name == row.name:
                outcome.unchanged += 1
            else:
                area.name = row.name
                renamed.append(area)
        Area.objects.bulk_update(renamed, ["name"], batch_size=BATCH)
        outcome.renamed = len(renamed)
        progress(outcome.renamed + outcome.unchanged)

        added = _placed([row for row in rows if row.code not in there], there)
        for start in range(0, len(added), BATCH):
            batch = added[start : start + BATCH]
            Area.objects.bulk_create(batch)
            progress(len(batch))
        outcome.added = len(added)
    return outcome


def _placed(rows: list[Row], there: dict[str, Area]) -> list[Area]:
    """New areas with their paths, parents first, siblings in the order of their codes."""
    last_step: dict[str, int] = defaultdict(int)
    for path in Area.objects.filter(depth__lte=len(LEVELS)).values_list("path", flat=True):
        above, step = path[: -Area.steplen], Area._str2int(path[-Area.steplen :])
        last_step[above] = max(last_step[above], step)
    areas, children = dict(there), defaultdict(int)
    added = []
    for row in sorted(rows, key=lambda row: (len(row.code), row.code)):
        parent = areas[row.parent_code] if row.parent_code else None
        above, depth = (parent.path, parent.depth + 1) if parent else ("", 1)
        last_step[above] += 1
        area = Area(
            level=row.level,
            code=row.code,
            name=row.name,
            depth=depth,
            path=Area._get_path(above, depth, last_step[above]),
            numchild=0,
        )
        areas[row.code] = area
        added.append(area)
        if parent is not None:
            children[row.parent_code] += 1
    for code, number in children.items():
        if code in there:
            Area.objects.filter(pk=there[code].pk).update(numchild=F("numchild") + number)
        else:
            areas[code].numchild = number
    return added
