"""The public map: grids as outlines, open issues as marks, never closer than a building.

For the whole street one mark per grid, for one community one per building (or grid, where an
issue names none) and state. A building with few doors would tell who: its issues stand at the
grid's middle. Only public issues and their public state are read here.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, CharField, Count, Q, Value, When
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from grids.listing import LATE
from grids.models import STATES_OF, UNFINISHED, WORKING, Issue, PublicState
from orgs.models import Area, AreaLevel, Household, Site

FEW_DOORS = 5
MARGIN, NAMES = 24, 5  # metres around; percent of the height on top, for the names there
LETTERS = 560  # a map is so many units of letter size wide: legible on a phone
# Worst first: the shape of a mark that stands for several is that of its worst.
KINDS = (
    (LATE, L("已超期"), "◆"),
    (PublicState.OPEN, L("办理中"), "●"),
    (PublicState.VERIFYING, L("待核实"), "▲"),
)
ORDER = {str(code): at for at, (code, _label, _sign) in enumerate(KINDS)}


@dataclass
class Mark:
    """One sign on the map: what is open at one place."""

    x: int
    y: int
    grid_code: str
    place: str
    counts: dict[str, int]

    @property
    def worst(self) -> str:
        return min(self.counts, key=ORDER.__getitem__)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def words(self) -> str:
        parts = [
            _("%(state)s %(n)d 件") % {"state": label, "n": self.counts[str(code)]}
            for code, label, _sign in KINDS
            if self.counts.get(str(code))
        ]
        return _("%(place)s：%(what)s") % {"place": self.place, "what": "，".join(parts)}

    @property
    def href(self) -> str:
        return f"/issues/?community={self.grid_code}&state={self.worst}"


@dataclass(frozen=True)
class GridLine:
    """One row of the list beside the map."""

    name: str
    code: str
    community: str
    counts: dict[str, int]

    @property
    def late(self) -> int:
        return self.counts.get(LATE, 0)

    @property
    def open(self) -> int:
        return self.counts.get(str(PublicState.OPEN), 0)

    @property
    def verifying(self) -> int:
        return self.counts.get(str(PublicState.VERIFYING), 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Map:
    drawing: SafeString
    lines: list[GridLine]
    totals: dict[str, int]
    unplaced: int  # open issues in grids that have no drawing yet


class Plan(NamedTuple):
    """A grid and its drawing; without one, nothing from ``outline`` on."""

    path: str
    code: str
    name: str
    outline: str | None
    buildings: str
    x_metres: int
    y_metres: int
    left: int
    top: int
    right: int
    bottom: int


PLAN_FIELDS = (*Plan._fields[:3], *(f"plan__{name}" for name in Plan._fields[3:]))


def read(community: Area | None = None) -> Map:
    """Four queries, whatever there is; plain values, as whole rows of 49 grids took a third."""
    grids = Area.objects.open().filter(level=AreaLevel.GRID)
    if community is not None:
        grids = grids.within(community)
    known = {row[0]: Plan(*row) for row in grids.values_list(*PLAN_FIELDS)}
    plans = {path: plan for path, plan in known.items() if plan.outline is not None}
    names = dict(
        Area.objects.filter(level=AreaLevel.COMMUNITY, numchild__gt=0).values_list("path", "name")
    )
    counted = _count(known, community)
    box = _box(plans)
    scale = max(box[2:]) / LETTERS
    marks = _marks(counted, plans, names, close=community is not None, apart=27 * scale)
    return Map(
        _draw(plans, marks, names, community, box, scale),
        _lines(counted, known, names),
        _totals(counted),
        sum(
            sum(counts.values())
            for (grid, _building), counts in counted.items()
            if grid not in plans
        ),
    )


# --- counting ------------------------------------------------------------------------------------


def _count(grids: dict[str, Plan], community: Area | None) -> dict[tuple[str, str], dict]:
    """(grid path, building path or "") → kind → how many open public issues."""
    late = Q(state__in=WORKING, promised_at__lt=timezone.now())
    issues = Issue.objects.visible_to_public().filter(state__in=UNFINISHED)
    if community is not None:
        issues = issues.filter(area_path__startswith=community.path)
    kind = Case(
        When(late, then=Value(LATE)),
        When(state__in=STATES_OF[PublicState.VERIFYING], then=Value(str(PublicState.VERIFYING))),
        default=Value(str(PublicState.OPEN)),
        output_field=CharField(),
    )
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    rows = issues.annotate(kind=kind).values("area_path", "kind").order_by().annotate(n=Count("pk"))
    for row in rows:
        path = row["area_path"]
        grid = path if path in grids else path[: -Area.steplen]
        if grid in grids:
            at = found[grid, path if path != grid else ""]
            at[row["kind"]] = at.get(row["kind"], 0) + row["n"]
    return found


def _totals(counted) -> dict[str, int]:
    return {
        str(code): sum(counts.get(str(code), 0) for counts in counted.values())
        for code, _label, _sign in KINDS
    }


def _lines(counted, grids: dict[str, Plan], names: dict[str, str]) -> list[GridLine]:
    by_grid: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (path, _building), counts in counted.items():
        for kind, number in counts.items():
            by_grid[path][kind] += number
    return [
        GridLine(grids[path].name, grids[path].code, names.get(path[: -Area.steplen], ""), counts)
        for path, counts in sorted(by_grid.items())
    ]


# --- marks ---------------------------------------------------------------------------------------


def _marks(counted, plans, names, *, close: bool, apart: float) -> list[Mark]:
    """One per grid for the whole street; one per place and state when close."""
    spots = _spots([building for _grid, building in counted if building]) if close else {}
    gathered: dict[tuple, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (path, building), counts in counted.items():
        if path in plans:
            where = building if building in spots else ""
            for kind, number in counts.items():
                gathered[path, where][kind] += number
    marks = []
    for (path, where), counts in sorted(gathered.items()):
        plan = plans[path]
        x, y = spots.get(where, (plan.x_metres, plan.y_metres))
        place = f"{names.get(path[: -Area.steplen], '')}{plan.name}"
        shares = [{kind: counts[kind]} for kind in ORDER if kind in counts] if close else [counts]
        for at, share in enumerate(shares):
            aside = (at - (len(shares) - 1) / 2) * apart
            marks.append(Mark(round(x + aside), y, plan.code, place, dict(share)))
    return marks


def _spots(paths: list[str]) -> dict[str, tuple[int, int]]:
    """Where these buildings stand; those with few doors are left out."""
    if not paths:
        return {}
    doors = dict(
        Household.objects.filter(area_path__in=paths)
        .values_list("area_path")
        .order_by()
        .annotate(Count("pk"))
    )
    return {
        site.building.path: (site.x_metres, site.y_metres)
        for site in Site.objects.filter(building__path__in=paths).select_related("building")
        if doors.get(site.building.path, 0) >= FEW_DOORS
    }


# --- drawing -------------------------------------------------------------------------------------


def _box(plans: dict[str, Plan]) -> tuple[int, int, int, int]:
    """Left, top, width and height of the sheet around these grids, with room for names on top."""
    if not plans:
        return 0, 0, 1, 1
    left = min(plan.left for plan in plans.values()) - MARGIN
    top = min(plan.top for plan in plans.values()) - MARGIN
    wide = max(plan.right for plan in plans.values()) + MARGIN - left
    high = max(plan.bottom for plan in plans.values()) + MARGIN - top
    above = max(wide, high) * NAMES // 100
    return left, top - above, wide, high + above


def _draw(plans, marks, names, community: Area | None, box, scale: float) -> SafeString:
    if not plans:
        return mark_safe("")
    left, top, wide, high = box
    communities = {path: at for at, path in enumerate(sorted(_communities(plans)))}
    parts = []
    for path, plan in sorted(plans.items()):
        hue = communities[path[: -Area.steplen]] % 4
        parts.append(
            f'<path class="ground c{hue}" d="{plan.outline}"/>'
            f'<path class="walls" d="{plan.buildings}"/>'
        )
    if community is None:
        for path, inside in _communities(plans).items():
            x = (min(plan.left for plan in inside) + max(plan.right for plan in inside)) // 2
            y = min(plan.top for plan in inside) - 6 * scale
            parts.append(_label(x, y, names.get(path, "")))
    else:
        for plan in plans.values():
            parts.append(_label(plan.x_metres, plan.top - 4 * scale, plan.name))
    parts += [_mark(mark, scale) for mark in sorted(marks, key=lambda mark: mark.total)]
    name = community.name if community else _("全街道")
    label = _("%(name)s示意图：网格范围和还没有办结的事项，旁边有同样内容的表") % {"name": name}
    return mark_safe(  # noqa: S308 numbers, and texts escaped one by one
        f'<svg class="map" viewBox="{left} {top} {wide} {high}" role="group"'
        f' font-size="{18 * scale:.1f}" aria-label="{conditional_escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _communities(plans: dict[str, Plan]) -> dict[str, list[Plan]]:
    found: dict[str, list[Plan]] = defaultdict(list)
    for path, plan in plans.items():
        found[path[: -Area.steplen]].append(plan)
    return found


def _label(x: float, y: float, text: str) -> str:
    return f'<text class="place" x="{x:.0f}" y="{y:.0f}">{conditional_escape(text)}</text>'


def _mark(mark: Mark, scale: float) -> str:
    """A link with a shape of its own for each state, and how many stand behind it."""
    size = (11 + min(mark.total, 9) * 0.6) * scale
    x, y = mark.x, mark.y
    if mark.worst == LATE:
        d = round(size * 1.25, 1)
        shape = f"M{x} {y - d:g}L{x + d:g} {y}L{x} {y + d:g}L{x - d:g} {y}Z"
    elif mark.worst == PublicState.VERIFYING:
        d, foot = round(size * 1.35, 1), round(size, 1)
        shape = f"M{x} {y - d:g}L{x + d:g} {y + foot:g}L{x - d:g} {y + foot:g}Z"
    else:
        r = round(size, 1)
        shape = f"M{x - r:g} {y}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0Z"
    words = conditional_escape(mark.words)
    return (
        f'<a href="{conditional_escape(mark.href)}" class="mark {mark.worst}" aria-label="{words}">'
        f'<title>{words}</title><path d="{shape}"/>'
        f'<text x="{x}" y="{y + 6 * scale:.0f}">{mark.total}</text>'
        "</a>"
    )
