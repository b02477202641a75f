"""``/``: what a visitor, a resident and somebody at work see first."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from grids import figures, listing
from grids.models import Issue
from orgs import access, residence
from orgs.access import public
from publicity.listing import running

LATEST, MINE = 6, 4
# What a row of one's own shows; an issue has many more columns, and most of the time is in them.
OWN = ("number", "state", "promised_at", "reported_at", "category__name", "title")


@public
@require_safe
def home(request):
    context = {"issues": latest_public(), "week": figures.public_figures()}
    person = request.user
    context["notices"] = running(person)
    if person.is_authenticated:
        context["mine"] = (
            Issue.objects.reported_by(person)
            .select_related("category")
            .only(*OWN)
            .order_by("-reported_at")[:MINE]
        )
        if access.rights_of(person).is_empty:
            context["home"] = residence.home_of(person)
            context["asks_for_home"] = context["home"] is None
    return render(request, "portal/home.html", context)


def latest_public():
    """The newest issues anyone may read, as the list of all of them shows them."""
    newest = (
        Issue.objects.visible_to_public()
        .select_related("category")
        .only(*listing.ROW_FIELDS)
        .order_by("-reported_at", "-pk")[:LATEST]
    )
    return listing.rows(list(newest), public=True)
