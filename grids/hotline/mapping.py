"""From a partner's words to ours: which column is which, which category, place and date is meant.

A row becomes an ``Incoming`` or a list of (column, what is wrong). Files and the webhook read
through the same ``Reader``, so an order means the same whichever way it came.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import deidentify
from grids.hotline.reading import is_formula
from grids.models import Category, Partner, State
from inbox.channels import hide_numbers
from orgs.models import Area, AreaLevel

L = gettext_lazy
LONGEST_TEXT, LONGEST_PLACE, LONGEST_TITLE, LONGEST_NUMBER = 2000, 80, 60, 40
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Column:
    """One thing an order says. ``names``: headers under which it is found without being told."""

    name: str
    label: object
    names: tuple[str, ...]
    required: bool = False
    most: int = LONGEST_PLACE


COLUMNS = (
    Column(
        "number",
        L("工单编号"),
        ("工单编号", "工单号", "受理编号", "编号", "order"),
        required=True,
        most=LONGEST_NUMBER,
    ),
    Column(
        "text",
        L("诉求内容"),
        ("诉求内容", "问题描述", "来电内容", "反映内容", "内容", "text"),
        required=True,
        most=LONGEST_TEXT,
    ),
    Column(
        "place",
        L("所属社区或网格"),
        ("所属社区", "所属网格", "社区", "网格", "区划代码", "place"),
        required=True,
    ),
    Column("place_text", L("具体地址"), ("诉求地址", "具体地址", "详细地址", "地址", "address")),
    Column("category", L("诉求类别"), ("诉求类别", "问题类别", "类别", "分类", "category")),
    Column("title", L("标题"), ("标题", "诉求标题", "title"), most=LONGEST_TITLE),
    Column("called_at", L("来电时间"), ("来电时间", "受理时间", "called_at")),
    Column("due_at", L("要求办结时间"), ("要求办结时间", "办结时限", "截止时间", "due_at")),
    Column(
        "caller_name",
        L("来电人"),
        ("来电人", "来电人姓名", "诉求人", "联系人", "caller.name"),
        most=40,
    ),
    Column(
        "caller_phone",
        L("来电号码"),
        ("来电号码", "来电电话", "联系电话", "电话", "caller.phone"),
        most=20,
    ),
    Column("confidential", L("是否保密"), ("是否保密", "保密", "caller.confidential"), most=4),
)
BY_NAME = {column.name: column for column in COLUMNS}
_YES = {"是", "保密", "y", "yes", "true", "1"}
_NO = {"", "否", "不保密", "n", "no", "false", "0"}
_NUMBER = re.compile(r"[\w.\-/#()（）〔〕\[\]]+")
_PHONE = re.compile(r"\+?[\d\- ]{5,20}")
_PLACE = re.compile(r"(?P<community>.+?(?:社区|村))\s*(?P<grid>.*)")
_STREET = re.compile(r".*?(?:街道|镇|乡)\s*")
_DAY = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[ T]*(\d{1,2})[:时：](\d{1,2})(?:[:：]\d{1,2})?分?)?"
)
_SURNAME_TITLES = "先生|女士|小姐|老师|师傅|大爷|大妈|阿姨|奶奶|爷爷|同志|某某|某"


@dataclass
class Incoming:
    """An order as we understand it."""

    number: str
    text: str
    area: Area
    category: Category
    category_code: str = ""
    place_text: str = ""
    title: str = ""
    called_at: datetime | None = None
    due_at: datetime | None = None
    caller_name: str = ""
    caller_phone: str = ""
    confidential: bool = False


Errors = list[tuple[str, str]]  # (label of the column, what is wrong)


# --- columns ---------------------------------------------------------------------------------


def match(headers: Iterable[str], saved: Mapping[str, str]) -> dict[str, str]:
    """Our field → header: as saved for the partner, else by the usual names."""
    headers = list(headers)
    found = {}
    for column in COLUMNS:
        candidates = [saved.get(column.name, ""), *column.names]
        header = next((name for name in candidates if name and name in headers), "")
        if header and header not in found.values():
            found[column.name] = header
    return found


def unmatched(columns: Mapping[str, str]) -> list[str]:
    """Labels of what an order cannot do without and no column gives."""
    return [str(c.label) for c in COLUMNS if c.required and not columns.get(c.name)]


# --- places ----------------------------------------------------------------------------------


@dataclass
class Places:
    """Communities, grids and buildings meant by the rows of one file; four queries at most."""

    by_words: dict[str, Area] = field(default_factory=dict)

    @classmethod
    def find(cls, words: Iterable[str], *, within: Area, scope: tuple[str, ...] | None) -> "Places":
        """``scope``: path prefixes outside of which a place is not known; None: no such limit."""
        words = {word for word in words if word}
        levels = [AreaLevel.COMMUNITY, AreaLevel.GRID, AreaLevel.BUILDING]
        areas = Area.objects.open().within(within)
        codes = [word for word in words if word.isascii() and word.isdigit() and len(word) <= 18]
        coded = {a.code: a for a in areas.filter(code__in=codes, level__in=levels)} if codes else {}
        named = {word: pairs for word in words if (pairs := _read_place(word))}
        communities: dict[str, list[Area]] = {}
        grids: dict[tuple[str, str], Area] = {}
        pairs = {pair for meant in named.values() for pair in meant}
        if pairs:
            names = {community for community, _grid in pairs}
            for area in areas.filter(level=AreaLevel.COMMUNITY, name__in=names):
                communities.setdefault(area.name, []).append(area)
        if names := {grid for _community, grid in pairs if grid}:
            for area in areas.filter(level=AreaLevel.GRID, name__in=names):
                grids[area.path[: -Area.steplen], area.name] = area
        found = {}
        for word in words:
            area = coded.get(word)
            for pair in named.get(word, ()):
                area = area or _named(*pair, communities, grids)
            if area is not None and (scope is None or area.path.startswith(scope)):
                found[word] = area
        return cls(found)


def _read_place(word: str) -> list[tuple[str, str]]:
    """(community, grid or nothing), as written and without the subdistrict before it."""
    pairs = []
    for text in dict.fromkeys((word, _STREET.sub("", word, count=1))):
        if (found := _PLACE.fullmatch(text)) is not None:
            pairs.append((found["community"], found["grid"]))
    return pairs


def _named(community: str, grid: str, communities, grids) -> Area | None:
    """The one community of that name, or its grid; two of one name say nothing."""
    there = communities.get(community, [])
    if len(there) != 1:
        return None
    return grids.get((there[0].path, grid)) if grid else there[0]


# --- rows ------------------------------------------------------------------------------------


class Reader:
    """Reads rows of one partner. ``words``: all places that will be asked for."""

    def __init__(
        self, partner: Partner, words: Iterable[str], *, scope: tuple[str, ...] | None = None
    ):
        self.partner = partner
        self.places = Places.find(words, within=partner.area, scope=scope)
        active = Category.objects.filter(is_active=True)
        self.by_code = {category.code: category for category in active}
        self.by_name = {category.name: category for category in self.by_code.values()}

    def read(self, given: Mapping[str, str]) -> tuple[Incoming | None, Errors]:
        """``given``: our field → text. All that is wrong, not only the first."""
        errors: Errors = []

        def wrong(name: str, text: str) -> None:
            errors.append((str(BY_NAME[name].label), text))

        cells = {}
        for column in COLUMNS:
            cell = " ".join(given.get(column.name, "").split(" ")).strip()
            cells[column.name] = cell
            if column.required and not cell:
                wrong(column.name, _("没有填写"))
            elif is_formula(cell):
                wrong(column.name, _("“%(cell)s”像是公式，请改成文字") % {"cell": cell[:20]})
                cells[column.name] = ""
            elif len(cell) > column.most:
                text = _("有 %(size)d 个字，最多 %(most)d 个")
                wrong(column.name, text % {"size": len(cell), "most": column.most})
                cells[column.name] = ""
        if cells["number"] and not _NUMBER.fullmatch(cells["number"]):
            wrong("number", _("只能有文字、数字和 - . / 等符号，中间不能有空格"))
        area = self.places.by_words.get(cells["place"])
        if cells["place"] and area is None:
            text = _(
                "找不到“%(place)s”：写社区名称（可加网格名称）或区划代码，且须在可导入的范围内"
            )
            wrong("place", text % {"place": cells["place"][:30]})
        category = self._category(cells["category"])
        if category is None:
            wrong(
                "category",
                _("“%(code)s”不在类别对照表里") % {"code": cells["category"][:30]}
                if cells["category"]
                else _("没有填写，也没有设定归入哪一类"),
            )
        times = {name: _moment(cells[name], name, wrong) for name in ("called_at", "due_at")}
        if times["called_at"] and times["due_at"] and times["due_at"] < times["called_at"]:
            wrong("due_at", _("早于来电时间"))
        if cells["caller_phone"] and not _PHONE.fullmatch(cells["caller_phone"]):
            wrong("caller_phone", _("不像电话号码"))
        if (asked := cells["confidential"].lower()) not in _YES | _NO:
            wrong("confidential", _("只能写“是”或“否”"))
        if errors:
            return None, errors
        return self._incoming(cells, times, area, category, confidential=asked in _YES), []

    def _category(self, words: str) -> Category | None:
        ours = self.by_code.get(self.partner.categories.get(words, ""))
        ours = ours or self.by_name.get(words) or self.by_code.get(words)
        if ours is None and self.partner.other_category_id:
            return next(
                (c for c in self.by_code.values() if c.pk == self.partner.other_category_id), None
            )
        return ours

    def _incoming(self, cells, times, area, category, *, confidential: bool) -> Incoming:
        words = {
            name: without_caller(cells[name], cells["caller_name"], cells["caller_phone"])
            for name in ("text", "title", "place_text")
        }
        if confidential or category.hides_reporter:
            # Where the complaint is about the handler or a neighbour, a door tells who rang.
            words = {name: deidentify.mask(text) for name, text in words.items()}
        return Incoming(
            number=cells["number"],
            area=area,
            category=category,
            category_code=cells["category"],
            caller_name=cells["caller_name"],
            caller_phone=cells["caller_phone"],
            confidential=confidential,
            **{name: text[: BY_NAME[name].most] for name, text in words.items()},
            **times,
        )


def _moment(cell: str, name: str, wrong) -> datetime | None:
    """A day without an hour: its last minute for a limit, its first for a call."""
    if not cell:
        return None
    at = None
    try:
        if (found := _DAY.fullmatch(cell)) is not None:
            year, month, day, hour, minute = found.groups()
            clock = time(int(hour), int(minute)) if hour else time(0, 0)
            if not hour and name == "due_at":
                clock = time(23, 59)
            at = datetime(int(year), int(month), int(day), clock.hour, clock.minute)  # noqa: DTZ001 made aware below
        else:
            at = parse_datetime(cell)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        wrong(name, _("“%(cell)s”不是日期，请写作 2026-11-30 17:30") % {"cell": cell[:30]})
        return None
    if not FIRST_YEAR <= at.year <= timezone.localdate().year + 2:
        wrong(name, _("年份 %(year)d 不合理") % {"year": at.year})
        return None
    if timezone.is_naive(at):
        at = timezone.make_aware(at)
    if name == "called_at" and at > timezone.now() + timedelta(days=1):
        wrong(name, _("来电时间在将来"))
        return None
    return at


def without_caller(text: str, name: str = "", phone: str = "") -> str:
    """``text`` without the caller's name and without anybody's phone or identity number."""
    caller = _("来电人")
    if len(name) >= 2:
        text = text.replace(name, caller)
        text = re.sub(rf"{re.escape(name[0])}(?:{_SURNAME_TITLES})", caller, text)
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 5:
        loose = r"[\s-]*".join(digits)
        text = re.sub(rf"(?<!\d){loose}(?!\d)", deidentify.HIDDEN, text)
    return hide_numbers(text)


# --- states ----------------------------------------------------------------------------------


def state_word(partner: Partner, state: str) -> str:
    """The partner's own word for one of our states; ours where it has none."""
    return partner.states.get(state) or str(State(state).label)
