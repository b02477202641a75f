"""``/chain/<area code>/``: the organizations of a place as a picture one can walk."""

from django.core.cache import cache
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from orgs import access, disclosure, linkage, picture
from orgs import chain as chain_rules
from orgs.access import allowed, public
from orgs.models import Area, AreaLevel, Household

KEPT_SECONDS = 60
FIRST_WARNINGS = 6
DIVISIONS = {AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT}


@public
@require_safe
def chain(request, code):
    """One place. ``?branch=<pk>`` opens a branch; htmx gets only what is below it."""
    area = get_object_or_404(Area, code=code)
    inside = disclosure.sees_inside(request.user, area)
    branch_pk = _branch_asked_for(request)
    if branch_pk and request.htmx:
        answer = _below(request, area, branch_pk, inside)
    elif area.level in DIVISIONS:
        answer = _division(request, area, inside)
    else:
        answer = _community(request, area, inside, branch_pk)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _branch_asked_for(request) -> int | None:
    asked = request.GET.get("branch", "")
    return int(asked) if asked.isdecimal() and len(asked) < 19 else None


def _below(request, area, branch_pk, inside):
    node = picture.branch_in(area, branch_pk)
    if node is None:
        raise Http404
    _open(request, area, node, inside)
    return render(request, "orgs/picture.html#below", {"node": node})


def _open(request, area, node, inside):
    neighbour = not inside and disclosure.is_neighbour(request.user, area)
    node.opened = picture.below(branch=node.pk, inside=inside, neighbour=neighbour)


def _division(request, area, inside):
    drawn, places = _kept(area, "division", lambda: _read_division(area))
    context = {
        **_shared(request, area, inside, drawn),
        "organized": [place for place in places if place["organized"]],
        "rest": [place for place in places if not place["organized"]],
        "totals": {
            name: sum(place[name] for place in places)
            for name in ("grids", "branches", "groups", "homes")
        },
    }
    return render(request, "orgs/division.html", context)


def _community(request, area, inside, branch_pk):
    if branch_pk:
        drawn = picture.read(area)
        if branch_pk not in drawn.nodes:
            raise Http404
        _open(request, area, drawn.nodes[branch_pk], inside)
        parts = _draw(area, drawn)
    elif area.level == AreaLevel.BUILDING:
        sees = {"inside": inside, "neighbour": disclosure.is_neighbour(request.user, area)}
        parts = _draw(
            area,
            picture.read(area),
            households=Household.objects.filter(area=area).count(),
            leader=picture.building_leader(area, **sees),
            below=picture.below(building=area, **sees),
        )
    else:
        parts = _kept(area, "markup", lambda: _draw(area, picture.read(area)))
    context = _shared(request, area, inside, None) | {"parts": parts}
    return render(request, "orgs/chain.html", context)


def _kept(area, what: str, make):
    """What is the same for every reader (the picture with its branches closed) is made once per
    change of the chain."""
    key = f"orgs:{what}:{area.pk}:{get_language()}:{picture.stamp()}"
    kept = cache.get(key)
    if kept is None:
        kept = make()
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _read_division(area) -> tuple[picture.Picture, list[dict]]:
    return picture.read(area, own_only=True), picture.cards(area)


def _draw(area, drawn, **more) -> dict[str, str]:
    if area.level == AreaLevel.GRID:
        buildings = Area.objects.open().within(area).filter(level=AreaLevel.BUILDING)
        more["buildings"] = buildings.values_list("code", "name")
    context = {"area": area, "picture": drawn, **more}
    drawn_parts = {
        part: render_to_string(f"orgs/picture.html#{part}", context)
        for part in ("main", "compounds", "side")
    }
    # Markup stays markup: strip() would make plain text of it. An empty part is nothing.
    return {part: markup if markup.strip() else "" for part, markup in drawn_parts.items()}


def _shared(request, area, inside, drawn):
    rights = access.rights_of(request.user)
    home = area.community if rights.has(linkage.RIGHT) else None
    ties = home is not None and rights.may(linkage.RIGHT, area_path=home.path)
    return {
        "area": area,
        "crumbs": _above(area),
        "picture": drawn,
        "inside": inside,
        "may_manage": rights.may("orgs.manage_organizations", area_path=area.path),
        "linkages_url": f"{reverse('orgs:linkages')}?community={home.code}" if ties else "",
    }


def _above(area: Area):
    """The way up, outermost first: one query."""
    steps = range(Area.steplen, len(area.path), Area.steplen)
    paths = [area.path[:end] for end in steps]
    return list(Area.objects.filter(path__in=paths).values_list("code", "name")) if paths else []


@allowed(disclosure.INSIDE)
@require_safe
def warnings(request, code):
    """What to look after in a place: for those in charge; htmx fetches it into the picture."""
    areas = access.scope(Area.objects.all(), request.user, disclosure.INSIDE, path_field="path")
    area = get_object_or_404(areas, code=code)
    found = chain_rules.warnings(area)
    page, shown = "orgs/warnings.html", found
    if request.htmx:
        page, shown = "orgs/warnings.html#list", found[:FIRST_WARNINGS]
    context = {"area": area, "warnings": found, "shown": shown, "more": len(shown) < len(found)}
    answer = render(request, page, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
