"""Where buildings stand, and the drawings of grids made of it."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.html import escape
from django.utils.translation import gettext as _

from orgs import access
from orgs.history import because
from orgs.models import Area, AreaLevel, GridPlan, Site
from rules.refusals import Refused

RIGHT = "orgs.place_buildings"
PADDING = 9  # metres around the outermost walls of a grid


class NotEntitled(Refused):
    def __init__(self, area: Area):
        super().__init__(_("您没有标注%(name)s楼栋位置的权限") % {"name": area.name})


class NotABuilding(Refused):
    def __init__(self, area: Area):
        super().__init__(_("%(name)s不是在用的楼栋") % {"name": area.name})


@transaction.atomic
def place(positions: dict[Area, tuple[int, int] | None], *, by) -> int:
    """Put buildings on the sheet, or take them off (None); how many changed.

    The same again changes nothing. Raises NotEntitled or NotABuilding, with nothing written.
    """
    changed = 0
    there = {site.building_id: site for site in Site.objects.filter(building__in=positions)}
    with because(_("标注楼栋位置"), by=by):
        for building, at in positions.items():
            _check(building, by)
            changed += _put(building, at, there.get(building.pk))
    if changed:
        for grid in {building.path[: -Area.steplen] for building in positions}:
            redraw(grid)
    return changed


def _check(building: Area, by) -> None:
    if building.level != AreaLevel.BUILDING or building.closed_on:
        raise NotABuilding(building)
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=building.path):
        raise NotEntitled(building)


def _put(building: Area, at: tuple[int, int] | None, site: Site | None) -> bool:
    if at is None:
        if site is None:
            return False
        site.delete()
        return True
    if site is None:
        Site.objects.create(building=building, x_metres=at[0], y_metres=at[1])
        return True
    if (site.x_metres, site.y_metres) == at:
        return False
    site.x_metres, site.y_metres = at
    site.save(update_fields=["x_metres", "y_metres"])
    return True


# --- drawing -------------------------------------------------------------------------------------


@transaction.atomic
def redraw(path: str) -> int:
    """Draw again every grid at or below ``path``; how many have a drawing."""
    grids = Area.objects.filter(path__startswith=path, level=AreaLevel.GRID)
    sites: dict[str, list[Site]] = {}
    standing = Site.objects.filter(
        building__path__startswith=path, building__closed_on=None
    ).select_related("building")
    for site in standing.order_by("building__path"):
        sites.setdefault(site.building.path[: -Area.steplen], []).append(site)
    GridPlan.objects.filter(grid__in=grids).delete()
    plans = [plan_of(grid, sites[grid.path]) for grid in grids if grid.path in sites]
    GridPlan.objects.bulk_create(plans)
    return len(plans)


def plan_of(grid: Area, sites: Iterable[Site]) -> GridPlan:
    corners, walls = [], []
    for site in sites:
        wide, deep = site.wide_metres, site.deep_metres
        left, top = site.x_metres - wide // 2, site.y_metres - deep // 2
        walls.append(f"M{left} {top}h{wide}v{deep}h-{wide}z")
        corners += [
            (x, y)
            for x in (left - PADDING, left + wide + PADDING)
            for y in (top - PADDING, top + deep + PADDING)
        ]
    around = hull(corners)
    xs, ys = [x for x, _y in around], [y for _x, y in around]
    return GridPlan(
        grid=grid,
        outline="M" + "L".join(f"{x} {y}" for x, y in around) + "Z",
        buildings="".join(walls),
        x_metres=(min(xs) + max(xs)) // 2,
        y_metres=(min(ys) + max(ys)) // 2,
        left=min(xs),
        top=min(ys),
        right=max(xs),
        bottom=max(ys),
    )


def hull(points: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The convex line around ``points`` (Andrew's monotone chain), from the leftmost on."""
    ordered = sorted(set(points))

    def half(walk):
        line: list[tuple[int, int]] = []
        for point in walk:
            while len(line) > 1 and _turns_right(line[-2], line[-1], point):
                line.pop()
            line.append(point)
        return line[:-1]

    return half(ordered) + half(reversed(ordered)) if len(ordered) > 2 else ordered


def _turns_right(a, b, c) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0


# --- the sheet to click on -----------------------------------------------------------------------

SHEET_PIXELS = 320  # as wide on every screen, so that a click says where
ROOM = 60  # metres of free ground around what stands there
START = (0, 0, 600)  # a sheet where nothing stands yet


def sheet_of(grid: Area) -> tuple[int, int, int]:
    """Left, top and side in metres: a square around the grid, else around its community."""
    plans = GridPlan.objects.filter(grid=grid) or GridPlan.objects.filter(
        grid__path__startswith=grid.path[: -Area.steplen]
    )
    boxes = [(plan.left, plan.top, plan.right, plan.bottom) for plan in plans]
    if not boxes:
        return START
    left, top = (max(0, min(box[at] for box in boxes) - ROOM) for at in (0, 1))
    right, bottom = (max(box[at] for box in boxes) + ROOM for at in (2, 3))
    return left, top, max(right - left, bottom - top)


def metres_of(click: tuple[int, int], sheet: tuple[int, int, int]) -> tuple[int, int]:
    """The place on the ground that a click on the drawn sheet means."""
    left, top, side = sheet
    x, y = (min(max(pixel, 0), SHEET_PIXELS) for pixel in click)
    return left + round(x * side / SHEET_PIXELS), top + round(y * side / SHEET_PIXELS)


def drawing(grid: Area, sheet: tuple[int, int, int]) -> str:
    """The sheet as a picture of its own: neighbours pale, the grid's buildings with their names."""
    left, top, side = sheet
    around = grid.path[: -Area.steplen]
    parts = []
    for plan in GridPlan.objects.filter(grid__path__startswith=around).select_related("grid"):
        ground = "#f4efea" if plan.grid_id != grid.pk else "#e0f1ff"
        parts.append(
            f'<path d="{plan.outline}" fill="{ground}" stroke="#857970"/>'
            f'<path d="{plan.buildings}" fill="#fff" stroke="#857970"/>'
        )
    for site in Site.objects.filter(building__path__startswith=grid.path).select_related(
        "building"
    ):
        parts.append(
            f'<text x="{site.x_metres}" y="{site.y_metres + side / 80:.0f}" text-anchor="middle"'
            f' font-size="{side / 28:.0f}" font-family="sans-serif">'
            f"{escape(site.building.name)}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SHEET_PIXELS}" height="{SHEET_PIXELS}"'
        f' viewBox="{left} {top} {side} {side}"><rect x="{left}" y="{top}" width="{side}"'
        f' height="{side}" fill="#fff"/>{"".join(parts)}</svg>'
    )
