"""What the page of the public account shows: sentences, charts and tables from the figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from grids import account, figures
from grids.account import Account, Line
from orgs.models import Area, AreaLevel
from ui import dates
from ui.charts import Point

TOP, EARLIEST_YEAR = 5, 2000
# Figures drawn as columns, and shares drawn as lines; each with what it says of itself.
DRAWN = (
    ("received", L("收到"), L("每个月收到多少件")),
    ("closed", L("办结"), L("每个月办结多少件")),
    ("on_time", L("按时办结率"), L("到期的，有多少按承诺的时间办结")),
    ("solving", L("解决率"), L("评价了的，有多少说已解决")),
    ("satisfaction", L("满意率"), L("评价了的，有多少打四星五星")),
    ("again", L("返工和重办"), L("核验没通过的，加上要求重新办的")),
)


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense is left out."""

    month: date
    area: Area | None
    communities: list[tuple[str, str]]

    @classmethod
    def read(cls, query) -> "Asked":
        this_month = figures.month_of(timezone.now())
        code = query.get("community", "")
        places = communities()
        area = next((place for place in places if place.code == code), None)
        month = min(_month(query.get("month", "")) or this_month, this_month)
        return cls(month, area, [(place.code, place.name) for place in places])

    def address(self, *, month: date | None = None) -> str:
        asked = {
            "month": f"{month or self.month:%Y-%m}",
            "community": self.area.code if self.area else "",
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})


def communities() -> list[Area]:
    """Communities with grids, to choose from."""
    with_grids = Area.objects.open().filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    return list(with_grids.only("code", "name", "path", "level")[:200])


def _month(text: str) -> date | None:
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if month.year >= EARLIEST_YEAR else None


def month_name(month: date) -> str:
    return _("%(year)d年%(month)d月") % {"year": month.year, "month": month.month}


def context(asked: Asked) -> dict:
    """What the page needs around its figures: two queries."""
    first, counted_at = account.bounds()
    return {
        "asked": asked,
        "first": first,
        "counted_at": counted_at,
        "title": month_name(asked.month),
        "place": asked.area.name if asked.area else _("全部社区"),
        "months": _months(first, asked.month),
        "earlier": _turn(asked, -1) if first and asked.month > first else None,
        "later": _turn(asked, 1) if asked.month < figures.month_of(timezone.now()) else None,
        "here": asked.address(),
    }


_bodies: dict[tuple, SafeString] = {}
KEPT_BODIES = 64


def body(asked: Asked, first: date, counted_at: datetime, *, big: bool) -> SafeString:
    """The figures of the page as markup, drawn once per process for each count.

    The key names the count, so a new count is a new page; names changed since wait for it.
    """
    key = (asked.month, asked.area and asked.area.path, first, counted_at, big)
    if key not in _bodies:
        while len(_bodies) >= KEPT_BODIES:
            _bodies.pop(next(iter(_bodies)))
        shown = account.read(asked.month, area=asked.area, counted_at=counted_at)
        _bodies[key] = render_to_string(
            "grids/parts/account_body.html", {**_figures(asked, shown), "big": big}
        )
    return _bodies[key]


def _figures(asked: Asked, shown: Account) -> dict:
    return {
        "title": month_name(asked.month),
        "sentence": sentence(shown),
        "further": further(shown),
        "stats": stats(shown),
        "charts": [_chart(shown, code, label, what) for code, label, what in DRAWN],
        "kinds": shown.by_category[:TOP],
        "kinds_rest": _rest(shown.by_category[TOP:]),
        "communities": shown.by_community,
        "shares": [_share(shown, share) for share in figures.SHARES],
        "figures": [
            (figure.label, figure.meaning, shown.of_month[figure.code], shown.of_year[figure.code])
            for figure in figures.FIGURES
        ],
    }


def _turn(asked: Asked, steps: int) -> tuple[str, str]:
    """Address and name of another month."""
    month = figures.month_after(asked.month, steps)
    return asked.address(month=month), month_name(month)


def _months(first: date | None, chosen: date) -> list[tuple[str, str, bool]]:
    """The choices of the month picker, the newest first: three years at most."""
    newest = figures.month_of(timezone.now())
    oldest = min(first or newest, chosen)
    found, month = [], newest
    while month >= oldest and len(found) < 36:
        found.append((f"{month:%Y-%m}", month_name(month), month == chosen))
        month = figures.month_after(month, -1)
    return found


# --- words ---------------------------------------------------------------------------------------


def sentence(shown: Account) -> str:
    """本月收到 212 件，办结 203 件；评价的 190 件中，187 件说已解决。"""
    counts = shown.of_month
    if not (counts["received"] or counts["closed"]):
        return _("%(month)s没有收到事项。") % {"month": _month_words(shown)}
    text = _("%(month)s收到 %(received)d 件，办结 %(closed)d 件。") % {
        "month": _month_words(shown),
        **counts,
    }
    if not counts["rated"]:
        return text + _("还没有人评价。")
    return text + _("反映人评价了 %(rated)d 件，其中 %(solved)d 件说已经解决。") % counts


def _month_words(shown: Account) -> str:
    name = month_name(shown.month)
    if shown.counted_at and figures.month_of(shown.counted_at) == shown.month:
        day = dates.local(shown.counted_at).day
        return _("%(month)s（到%(day)d日）") % {"month": name, "day": day}
    return name


def further(shown: Account) -> list[str]:
    """The bad news and the fine print, said as plainly."""
    counts = shown.of_month
    said = []
    if late := counts["due"] - counts["due_closed"]:
        said.append(_("有 %(n)d 件到了承诺的时间还没有办结。") % {"n": late})
    if overdue := counts["due_closed"] - counts["due_on_time"]:
        said.append(_("有 %(n)d 件办结了，但是超期。") % {"n": overdue})
    if unsolved := counts["rated"] - counts["solved"]:
        said.append(_("有 %(n)d 件反映人说没有解决。") % {"n": unsolved})
    if counts["merged"]:
        said.append(_("%(merged)d 件是同一件事，合并办理，只算一次。") % counts)
    if counts["not_accepted"]:
        said.append(_("%(not_accepted)d 件不予受理，已告知该找谁。") % counts)
    return said


@dataclass(frozen=True)
class Stat:
    label: str
    value: str
    unit: str
    note: str


def stats(shown: Account) -> list[Stat]:
    """The six figures on top, each beside what it is a share of or how it was a month ago."""
    counts = shown.of_month
    before = shown.months[-2][1]
    found = []
    for code in ("received", "closed"):
        found.append(
            Stat(
                str(figures.LABELS[code]),
                str(counts[code]),
                _("件"),
                _("上月 %(n)d 件") % {"n": before[code]},
            )
        )
    for code in ("on_time", "solving", "satisfaction", "self_finding"):
        part = figures.part(counts, code)
        is_share = part.denominator >= figures.LEAST
        found.append(
            Stat(
                str(figures.SHARE[code].label),
                part.text if is_share else "—",
                "",
                part.of if is_share else part.text,
            )
        )
    return found


# --- charts and tables ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Chart:
    title: str
    what: str
    kind: str  # bars | line
    points: list[Point]
    heads: tuple[str, ...]
    label: str


def _chart(shown: Account, code: str, title: str, what: str) -> Chart:
    points = []
    for month, counts in shown.months:
        name, now = _("%(n)d月") % {"n": month.month}, month == shown.month
        if code in figures.SHARE:
            part = figures.part(counts, code)
            value = None if part.permille is None else part.permille / 10
            short = "" if value is None else f"{value:.1f}".removesuffix(".0")
            points.append(Point(name, value, part.text, short, (part.of,), now))
        elif code == "again":
            again = counts["rework"] + counts["reopened"]
            cells = (str(counts["rework"]), str(counts["reopened"]))
            points.append(Point(name, again, str(again), cells=cells, now=now))
        else:
            points.append(Point(name, counts[code], str(counts[code]), now=now))
    label = _("%(title)s，%(first)s到%(last)s：%(values)s") % {
        "title": title,
        "first": month_name(shown.months[0][0]),
        "last": month_name(shown.month),
        "values": "、".join(point.text for point in points),
    }
    if code in figures.SHARE:
        share = figures.SHARE[code]
        parts = f"{figures.LABELS[share.numerator]}/{figures.LABELS[share.denominator]}"
        heads = (_("月份"), title, parts)
    elif code == "again":
        heads = (_("月份"), _("合计"), figures.LABELS["rework"], figures.LABELS["reopened"])
    else:
        heads = (_("月份"), _("件数"))
    return Chart(title, what, "line" if code in figures.SHARE else "bars", points, heads, label)


def _rest(lines: list[Line]) -> Line | None:
    """All other kinds in one line."""
    if not lines:
        return None
    return Line(
        _("其余 %(n)d 类") % {"n": len(lines)}, figures.total(line.counts for line in lines)
    )


@dataclass(frozen=True)
class ShareRow:
    label: str
    meaning: str
    month: figures.Part
    year: figures.Part


def _share(shown: Account, share: figures.Share) -> ShareRow:
    return ShareRow(
        share.label,
        share.meaning,
        figures.part(shown.of_month, share.code),
        figures.part(shown.of_year, share.code),
    )


# --- the CSV -------------------------------------------------------------------------------------


def csv_rows(first: date, last: date, area: Area | None) -> Iterator[list]:
    yield [_("月份"), _("社区"), _("类别"), *(str(figures.LABELS[code]) for code in figures.CODES)]
    for row in account.table(first, last, area=area):
        yield [
            f"{row['month']:%Y-%m}",
            _harmless(row["community"]),
            _harmless(row["category"]),
            *(row[code] for code in figures.CODES),
        ]


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@\t\r") else text
