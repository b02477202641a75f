"""``/mygrid/``: who is my grid worker, and how to reach them; a card to print."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from orgs import access, callboard, contacts, disclosure, residence
from orgs.access import public
from orgs.models import Area, AreaLevel, Residence

MOST = 60


@public
@require_safe
def mygrid(request):
    """The person's own grid; ``?grid=<code>`` another one; a visitor picks a community."""
    home = residence.home_of(request.user) if request.user.is_authenticated else None
    context = {"home": home, "is_pending": home and home.state == Residence.State.PENDING}
    board = _board(request, home)
    if board is not None:
        may_reveal = access.rights_of(request.user).may(contacts.RIGHT, area_path=board.grid.path)
        context |= {"board": board, "may_reveal": may_reveal}
        return render(request, "orgs/mygrid.html", context)
    return render(request, "orgs/pick_grid.html", context | _choices(request))


@public
@require_safe
def card(request):
    """The same on one sheet of paper, for the door or for those without a phone."""
    home = residence.home_of(request.user) if request.user.is_authenticated else None
    board = _board(request, home)
    if board is None:
        return render(request, "orgs/pick_grid.html", {"home": home, **_choices(request)})
    return render(request, "orgs/card.html", {"board": board})


def _board(request, home) -> callboard.Callboard | None:
    """The callboard of the grid asked for, or of the person's home; None: not known yet."""
    person, code = request.user, request.GET.get("grid", "")
    if code:
        grid = get_object_or_404(Area.objects.open(), code=code, level=AreaLevel.GRID)
    elif home is not None:
        grid = home.household.area.ancestor(AreaLevel.GRID)
    else:
        return None
    mine = home is not None and home.household.area_path.startswith(grid.path)
    return callboard.of_grid(
        grid,
        building=home.household.area if mine else None,
        neighbour=mine and home.state == Residence.State.VERIFIED,
        inside=disclosure.sees_inside(person, grid),
    )


def _choices(request) -> dict:
    """Communities to pick from, then the grids of one."""
    code = request.GET.get("community", "")
    if code:
        community = get_object_or_404(Area.objects.open(), code=code, level=AreaLevel.COMMUNITY)
        grids = Area.objects.open().within(community).filter(level=AreaLevel.GRID)
        return {"community": community, "grids": grids}
    words = request.GET.get("q", "").strip()[:40]
    communities = Area.objects.open().filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    if words:
        communities = communities.filter(name__icontains=words)
    found = list(communities[: MOST + 1])
    return {"communities": found[:MOST], "more": len(found) > MOST, "words": words}
