"""A body of the chain: who holds its posts, where it stands, what happened to it."""

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orgs import access, chain, chronicle, contacts, disclosure, residence
from orgs.access import allowed, public
from orgs.models import Linkage, Organization, OrganizationKind
from orgs.positions import Position

MEMBERS_PAGE = 50
# The order in which posts stand on the page.
ORDER = {position: number for number, position in enumerate(Position)}
# A community has one of them for every building: folded.
MANY = frozenset({Position.BUILDING_LEADER, Position.RESIDENTS_GROUP_LEADER})


@public
@require_safe
def organizations(request):
    """The entry of the navigation: staff come to their list, everybody else to the chain."""
    if access.rights_of(request.user).has_any(disclosure.INSIDE, "orgs.manage_organizations"):
        return redirect("orgs:staff_organizations")
    return redirect("orgs:divisions")


def open_one(request, pk) -> tuple[Organization, bool]:
    """The body and whether this reader is in charge of its place; 404 for what is not shown."""
    body = get_object_or_404(
        Organization.objects.select_related("area", "superior", "host", "merged_into"), pk=pk
    )
    inside = disclosure.sees_inside(request.user, body.area)
    if body.kind in disclosure.HIDDEN_KINDS and not inside:
        raise Http404
    return body, inside


@public
@require_safe
def organization(request, pk):
    body, inside = open_one(request, pk)
    rights = access.rights_of(request.user)
    place = {"area_path": body.area.path, "organization_id": body.pk}
    current, past = _posts(body, inside, lives_here=_lives_here(request, body, inside))
    many = [line for line in current if line["position"] in MANY]
    subordinates = body.subordinates.open().order_by("kind", "area__path", "pk")
    hosted = body.hosted_groups.open()
    if not inside:
        subordinates = subordinates.exclude(kind__in=disclosure.HIDDEN_KINDS)
    context = {
        "organization": body,
        "inside": inside,
        "current": [line for line in current if line not in many],
        "many": many,
        "past": past,
        "served": body.served_areas.values_list("code", "name"),
        "subordinates": subordinates.values_list("pk", "name", "kind"),
        "hosted": hosted.values_list("pk", "name"),
        "linkages": _linkages(body),
        "may_manage": rights.may("orgs.manage_organizations", **place),
        "may_serve": body.kind in chain.SERVED_LEVEL,
        "may_appoint": rights.may("orgs.appoint_people", **place),
        "may_reveal": rights.may(contacts.RIGHT, area_path=body.area.path),
    }
    if body.kind == OrganizationKind.CONTACT_HOUSEHOLD:
        context["has_plate"] = body.pk in disclosure.plated([body.pk])
        context["may_plate"] = rights.may(residence.RIGHT, area_path=body.area.path)
    if inside:
        context["members"] = chain.count_members(body) if body.is_party else None
        context["warnings"] = chain.warnings(body)
    return render(request, "orgs/organization.html", context)


def _lives_here(request, body, inside) -> bool:
    return not inside and disclosure.is_neighbour(request.user, body.area)


def _posts(body, inside, lives_here) -> tuple[list[dict], list[dict]]:
    """Who holds a post today, and who held one; names as this reader may see them."""
    today = timezone.localdate()
    rows = body.appointments.select_related("person", "area").order_by("-starts_on", "-pk")
    current, past = [], []
    for row in rows:
        name = disclosure.shown_name(
            row.person.name, row.position, inside=inside, neighbour=lives_here
        )
        if not name:
            continue
        over = row.ends_on is not None and row.ends_on <= today
        line = {
            "pk": row.pk,
            "name": name,
            "post": row.get_position_display(),
            "position": row.position,
            "order": ORDER[row.position],
            "area": row.area,
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
            "begins_later": row.starts_on > today,
            "person": row.person if inside else None,
        }
        (past if over else current).append(line)
    current.sort(key=lambda line: line["order"])
    return current, past


def _linkages(body):
    mine = Q(party_branch=body) | Q(residents_committee=body)
    mine |= Q(owners_body=body) | Q(property_company=body)
    parties = ("party_branch", "residents_committee", "owners_body", "property_company")
    return Linkage.objects.filter(mine).select_related("community", *parties)


@public
@require_safe
def history(request, pk):
    """Every change: what and when for everybody, who and why for those in charge."""
    body, inside = open_one(request, pk)
    lines = chronicle.of_organization(body, inside=inside)
    context = {"organization": body, "inside": inside, "lines": lines}
    return render(request, "orgs/history.html", context)


@allowed(disclosure.INSIDE)
@require_safe
def members(request, pk):
    """Party members of a body, names masked: membership is sensitive, so staff only."""
    body, inside = open_one(request, pk)
    if not inside or not body.is_party:
        raise Http404
    rows = body.memberships.in_force().select_related("person").order_by("pk")
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__gt=int(after))
    rows = list(rows[: MEMBERS_PAGE + 1])
    context = {
        "organization": body,
        "rows": rows[:MEMBERS_PAGE],
        "following": f"?after={rows[MEMBERS_PAGE - 1].pk}" if len(rows) > MEMBERS_PAGE else "",
        "total": body.memberships.in_force().count(),
        "within": chain.count_members(body),
    }
    return render(request, "orgs/members.html", context)
