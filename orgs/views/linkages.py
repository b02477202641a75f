"""三方联动 of the compounds: who stands together, tied and changed over one's own communities.

Every page narrows to the communities the right covers; another's compound is a 404.
"""

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orgs import access, chronicle, linkage
from orgs.access import allowed
from orgs.forms import LinkageForm
from orgs.models import Area, AreaLevel, Linkage, Organization
from orgs.views.staff import PAGE, answer, around, get_or_post, posted

RIGHT = linkage.RIGHT
PARTS = ("name", *linkage.ROLES, "note")


def _managed(request):
    rows = Linkage.objects.select_related("community", *linkage.ROLES).prefetch_related("grids")
    return access.scope(rows, request.user, RIGHT, path_field="community__path")


def _communities(request):
    places = Area.objects.filter(level=AreaLevel.COMMUNITY)
    return access.scope(places, request.user, RIGHT, path_field="path")


def _asked_for(request, communities) -> Area | None:
    """The community in the address; 404 for one that is not the person's."""
    code = request.GET.get("community", "")
    if not code:
        return None
    if not code.isdecimal():
        raise Http404
    return get_object_or_404(communities, code=code)


@allowed(RIGHT)
@require_safe
def linkages(request):
    """Compounds of my places, or of one community; ``?after=<pk>`` goes on behind one."""
    communities = _communities(request)
    community = _asked_for(request, communities)
    rows = _managed(request).order_by("pk")
    if community is not None:
        rows = rows.filter(community=community)
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    rows = list(rows[: PAGE + 1])
    following = ""
    if len(rows) > PAGE:
        query = request.GET.copy()
        query["after"] = rows[PAGE - 1].pk
        following = f"?{query.urlencode()}"
    context = {
        "rows": rows[:PAGE],
        "following": following,
        "community": community,
        "communities": communities.open(),
    }
    return render(request, "orgs/staff/linkages.html", context)


@allowed(RIGHT)
@require_safe
def one(request, pk):
    """Who stands in it now, and everybody who stood in it before."""
    row = get_object_or_404(_managed(request), pk=pk)
    roles = [(linkage.ROLE_LABELS[role], getattr(row, role)) for role in linkage.ROLES]
    context = {"linkage": row, "roles": roles, "lines": chronicle.of_linkage(row)}
    return render(request, "orgs/staff/linkage.html", context)


@allowed(RIGHT)
@get_or_post
def tie(request):
    """The community first (in the address), then who stands together there."""
    communities = _communities(request).open()
    community = _asked_for(request, communities)
    if community is None:
        missing = request.method == "POST" or "community" in request.GET
        context = {"communities": communities, "missing": missing}
        status = 422 if missing else 200
        return render(request, "orgs/staff/linkage_start.html", context, status=status)
    form = LinkageForm(posted(request), grids=_grids(community), bodies=_bodies(community))
    context = {
        "title": _("登记小区"),
        "button": _("确认登记"),
        "community": community,
    }
    return answer(
        request,
        "orgs/staff/linkage_form.html",
        form,
        context,
        verb=lambda data: linkage.tie(community=community, by=request.user, **data),
        told=_("三方联动已登记。"),
        to=_to_linkage,
    )


@allowed(RIGHT)
@get_or_post
def change(request, pk):
    row = get_object_or_404(_managed(request), pk=pk)
    before = {name: getattr(row, name) for name in PARTS} | {"grids": list(row.grids.all())}
    form = LinkageForm(
        posted(request),
        initial=before,
        grids=_grids(row.community, row),
        bodies=_bodies(row.community, row),
    )

    def verb(data):
        """Only what was changed here: a colleague's change of another part stays."""
        changed = {name: data[name] for name in PARTS if data[name] != before[name]}
        if set(data["grids"]) != set(before["grids"]):
            changed["grids"] = data["grids"]
        if not changed:
            return row
        return linkage.change(row, by=request.user, reason=data["reason"], **changed)

    context = {
        "title": _("调整三方联动"),
        "button": _("确认调整"),
        "community": row.community,
        "linkage": row,
    }
    return answer(
        request,
        "orgs/staff/linkage_form.html",
        form,
        context,
        verb=verb,
        told=_("三方联动已更新。"),
        to=_to_linkage,
    )


def _to_linkage(row):
    return redirect("orgs:linkage", row.pk)


def _grids(community: Area, row: Linkage | None = None):
    grids = Area.objects.within(community).filter(level=AreaLevel.GRID)
    tied = [grid.pk for grid in row.grids.all()] if row else []
    return grids.filter(Q(closed_on=None) | Q(pk__in=tied))


def _bodies(community: Area, row: Linkage | None = None) -> dict:
    """Role → bodies seated in the community or around it, or serving it; and who is in it now."""
    here = Q(area__path__startswith=community.path) | Q(area__path__in=around(community))
    here |= Q(served_areas__path__startswith=community.path)
    here |= Q(served_areas__path__in=around(community))
    return {
        role: Organization.objects.open()
        .filter(here | Q(pk=getattr(row, f"{role}_id", None)), kind__in=kinds)
        .distinct()
        .order_by("area__path", "pk")
        for role, (kinds, _needed) in linkage.ROLES.items()
    }
