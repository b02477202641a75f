"""Where the demo's buildings stand: compounds as blocks along invented streets.

Every community builds in its own way (rows of slabs, towers, courtyards, a village); grids are
blocks on shelves, communities lie on both sides of a river, and a gentle bend keeps the streets
from being a chessboard. The same for one seed.
"""

import math
from dataclasses import dataclass
from datetime import date
from random import Random

from orgs import sites
from orgs.models import Site
from portal.seeding.world import Grid, Place, World


@dataclass(frozen=True)
class Manner:
    """Metres: the plot of one building, its walls, and how far it may stray."""

    plot: tuple[int, int]
    walls: tuple[int, int]
    stray: int = 0
    shelves: int = 3  # grids beside each other


SLABS = Manner((58, 31), (44, 11), 1)
MANNERS = {
    "001": SLABS,
    "002": Manner((61, 36), (46, 13), 1, 4),
    "003": Manner((58, 52), (27, 20), 3, 4),
    "004": Manner((60, 38), (46, 13), 1),
    "005": Manner((29, 26), (17, 14), 4),
    "006": Manner((56, 33), (42, 12), 2),
    "007": Manner((25, 24), (15, 13), 3),
    "008": Manner((74, 60), (46, 24), 2),
}
LANE, STREET, EDGE = 26, 60, 70
# Rows of communities from the north, and what lies to the south of each: the river, a main street.
BANKS = ((("001", "002", "003"), 130), (("004", "005", "006"), 90), (("007", "008"), 0))


def seed_sites(world: World, rng: Random, today: date) -> None:
    Site.objects.bulk_create(layout(world, rng))
    sites.redraw(world.street.path)


def layout(world: World, rng: Random) -> list[Site]:
    """A site for every building of the demo, not written yet."""
    rows, top = [], EDGE
    places = {place.plan.code: place for place in world.places}
    for bank, below in BANKS:
        left, deepest = EDGE, 0
        for place in (places[code] for code in bank if code in places):
            width, depth, own = _community(place, rng, left, top)
            rows += own
            left, deepest = left + width + STREET, max(deepest, depth)
        top += deepest + below
    return rows


def _community(place: Place, rng: Random, left: int, top: int):
    """(width, depth, sites): its grids in columns, each set into the shortest."""
    manner = MANNERS.get(place.plan.code, SLABS)
    wide, _deep = manner.plot
    biggest = max(_size(grid, manner)[0] for grid in place.grids)
    columns = [0] * min(manner.shelves, len(place.grids))
    found = []
    for grid in place.grids:
        at = columns.index(min(columns))
        x, y = left + at * (biggest * wide + LANE), top + columns[at]
        found += _grid(grid, manner, rng, x, y)
        columns[at] += _size(grid, manner)[1] * manner.plot[1] + LANE
    return len(columns) * (biggest * wide + LANE), max(columns), found


def _size(grid: Grid, manner: Manner) -> tuple[int, int]:
    """Buildings beside and behind each other, so that the block comes out nearly square."""
    number = len(grid.buildings)
    wide, deep = manner.plot
    across = max(1, round(math.sqrt(number * deep / wide)))
    return across, math.ceil(number / across)


def _grid(grid: Grid, manner: Manner, rng: Random, left: int, top: int) -> list[Site]:
    across, _down = _size(grid, manner)
    found = []
    for at, building in enumerate(grid.buildings):
        row, column = divmod(at, across)
        x = left + column * manner.plot[0] + manner.plot[0] / 2
        y = top + row * manner.plot[1] + manner.plot[1] / 2
        x, y = _bend(x, y)
        x += rng.randint(-manner.stray, manner.stray)
        y += rng.randint(-manner.stray, manner.stray)
        wide, deep = manner.walls
        found.append(
            Site(
                building=building.area,
                x_metres=max(0, round(x)),
                y_metres=max(0, round(y)),
                wide_metres=wide + rng.randint(-2, 2),
                deep_metres=deep,
            )
        )
    return found


def _bend(x: float, y: float) -> tuple[float, float]:
    """The river's bend, felt by every street."""
    return x + 28 * math.sin(y / 260), y + 34 * math.sin(x / 420)
