"""Where buildings stand: staff of the place put them on the sheet, by numbers or by a click."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orgs import access, sites
from orgs.access import allowed
from orgs.forms import ClickForm, SitesForm
from orgs.models import Area, AreaLevel, Site

RIGHT = sites.RIGHT
MOST = 300


def _grids(request):
    mine = access.scope(Area.objects.open(), request.user, RIGHT, path_field="path")
    return mine.filter(level=AreaLevel.GRID)


@allowed(RIGHT)
@require_safe
def grids(request):
    """The grids of this person, with how many of their buildings have a place."""
    found = list(_grids(request)[: MOST + 1])
    paths = {grid.path: grid for grid in found[:MOST]}
    counts = dict.fromkeys(paths, (0, 0))
    buildings = Area.objects.open().filter(level=AreaLevel.BUILDING)
    buildings = access.scope(buildings, request.user, RIGHT, path_field="path")
    for path, has_site in buildings.values_list("path", "site"):
        grid = path[: -Area.steplen]
        if grid in counts:
            placed, all_of_them = counts[grid]
            counts[grid] = placed + (has_site is not None), all_of_them + 1
    communities = dict(
        Area.objects.filter(path__in={path[: -Area.steplen] for path in paths}).values_list(
            "path", "name"
        )
    )
    rows = [
        (grid, communities.get(path[: -Area.steplen], ""), *counts[path])
        for path, grid in paths.items()
    ]
    return render(request, "orgs/staff/sites.html", {"rows": rows, "more": len(found) > MOST})


@allowed(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def grid(request, code):
    """Two numbers per building; a click on the sheet puts one building there."""
    place = get_object_or_404(_grids(request), code=code)
    buildings = list(
        Area.objects.open()
        .filter(path__startswith=place.path, level=AreaLevel.BUILDING)
        .order_by("path")
    )
    there = {site.building_id: site for site in Site.objects.filter(building__in=buildings)}
    clicked = request.method == "POST" and "building" in request.POST
    sheet = sites.sheet_of(place)
    click = ClickForm(
        request.POST if clicked else None,
        buildings=buildings,
        initial={
            "left": sheet[0],
            "top": sheet[1],
            "side": sheet[2],
            "building": _next(buildings, there),
        },
    )
    numbers = SitesForm(
        request.POST if request.method == "POST" and not clicked else None,
        buildings=buildings,
        standing=there,
    )
    form = click if clicked else numbers
    if form.is_bound and form.is_valid():
        changed = sites.place(form.positions(), by=request.user)
        messages.success(request, _("已保存 %(n)d 栋楼的位置。") % {"n": changed})
        return redirect("orgs:site_grid", place.code)
    context = {
        "grid": place,
        "community": place.community,
        "numbers": numbers,
        "click": click,
        "sheet": sheet,
        "placed": len(there),
        "buildings": buildings,
    }
    status = 422 if form.errors else 200
    return render(request, "orgs/staff/site_grid.html", context, status=status)


def _next(buildings, there):
    """The first building without a place, so that one clicks through them."""
    return next((area.pk for area in buildings if area.pk not in there), None)


@allowed(RIGHT)
@require_safe
def sheet(request, code):
    place = get_object_or_404(_grids(request), code=code)
    drawn = sites.drawing(place, sites.sheet_of(place))
    return HttpResponse(drawn, content_type="image/svg+xml")
