"""Where a person may report: their own grid first, then the grids of their subdistrict."""

from dataclasses import dataclass

from orgs.models import Area, AreaLevel, Residence


@dataclass(frozen=True)
class Places:
    grids: list[Area]
    communities: dict[str, Area]  # by path
    own: Area | None  # the grid the person lives in
    street: Area | None
    streets: list[Area]  # others one may choose instead


def home_grid(person) -> Area | None:
    """The grid of the person's latest residence, verified or not."""
    residence = (
        Residence.objects.current()
        .filter(person=person)
        .select_related("household__area")
        .order_by("-state", "-starts_on", "-pk")
        .first()
    )
    return residence.household.area.ancestor(AreaLevel.GRID) if residence else None


def for_posting(person, street_code: str = "") -> Places:
    """The grids of the street asked for, else of the person's, else of the first."""
    own = home_grid(person)
    open_grids = Area.objects.open().filter(level=AreaLevel.GRID)
    streets = _streets()
    street = next((area for area in streets if area.code == street_code), None)
    if street is None and own is not None:
        street = next((area for area in streets if own.path.startswith(area.path)), None)
    if street is None and len(streets) >= 1:
        street = streets[0]
    if street is None:
        return Places([], {}, own, None, streets)
    grids = list(open_grids.within(street))
    communities = {
        area.path: area
        for area in Area.objects.within(street).filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    }
    return Places(grids, communities, own, street, streets)


def _streets() -> list[Area]:
    """Subdistricts with a community that has grids."""
    communities = Area.objects.open().filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    above = {path[: -Area.steplen] for path in communities.values_list("path", flat=True)}
    return list(Area.objects.filter(path__in=above, level=AreaLevel.SUBDISTRICT))
