"""The portal's addresses and the bare page its own are measured against."""

from django.shortcuts import render
from django.urls import include, path

from orgs.access import public
from orgs.models import Area


@public
def bare(request):
    """One indexed query of 20 rows in a template without layout: the unit of all page costs."""
    areas = Area.objects.filter(level="community").order_by("path")[:20]
    return render(request, "portal/bare.html", {"areas": areas})


urlpatterns = [path("bare/", bare), path("", include("portal.urls"))]
