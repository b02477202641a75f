"""The portal's addresses and the bare page its own are measured against."""

from django.shortcuts import render
from django.urls import include, path

from grids.models import Issue
from orgs.access import public


@public
def bare(request):
    """The unit of all page costs: 20 issues by one indexed query, in a page with nothing else.

    What a Django list costs as the tutorial writes it: whole rows, a plain template with stock
    filters, no layout, nobody asked who one is. It passes the same middleware.
    """
    issues = Issue.objects.visible_to_public().order_by("-reported_at", "-pk")[:20]
    return render(request, "portal/bare.html", {"issues": issues})


urlpatterns = [path("bare/", bare), path("", include("portal.urls"))]
