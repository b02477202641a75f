"""The map of open issues, with the same as a list beside it."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from grids import mapping
from grids.account_page import communities
from orgs import access, sites
from orgs.access import public


@public
@require_safe
def issue_map(request):
    places = communities()
    code = request.GET.get("community", "")
    community = next((place for place in places if place.code == code), None)
    context = {
        "map": mapping.read(community),
        "community": community,
        "communities": places,
        "kinds": mapping.KINDS,
        "may_place": access.rights_of(request.user).has(sites.RIGHT),
    }
    return render(request, "grids/map.html", context)
