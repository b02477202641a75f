"""``/points/panel/``: who sits in the points group, what it lacks, seating and ending."""

from collections import Counter

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points import panel, terms
from points.models import PanelMember, PanelRole
from points.seat_forms import SeatForm
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
MOST_PLACES, MOST_ENDED = 20, 20


def _communities(person):
    rows = Area.objects.open().filter(level=AreaLevel.COMMUNITY)
    return access.scope(rows, person, panel.RIGHT, path_field="path")


def _buildings(person):
    rows = Area.objects.open().filter(level=AreaLevel.BUILDING)
    return access.scope(rows, person, panel.RIGHT, path_field="path")


@allowed(panel.RIGHT)
@require_http_methods(FORM)
def group(request):
    """The group of each community, what it lacks, and a form to seat somebody."""
    person = request.user
    places = _communities(person)
    bound = request.POST if request.method == "POST" else None
    form = SeatForm(bound, person=person, buildings=_buildings(person), places=places)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            seat = panel.seat(given["area"], form.found, given["role"], by=person)
        except Refused as refused:
            form.refuse(refused)
        else:
            text = _("%(name)s从今天起是积分小组%(role)s。")
            said = {"name": seat.person.name, "role": seat.get_role_display()}
            messages.success(request, text % said)
            return redirect("points:panel")
    shown = list(places.order_by("path")[:MOST_PLACES])
    seats = PanelMember.objects.filter(area__in=shown).select_related("person")
    today = timezone.localdate()
    sitting = list(seats.in_force(today).order_by("role", "starts_on", "pk"))
    ended = list(seats.filter(ends_on__lte=today).order_by("-ends_on", "-pk")[:MOST_ENDED])
    context = {
        "form": form,
        "groups": [
            (
                place,
                [seat for seat in sitting if seat.area_id == place.pk],
                _lacks(place, [seat for seat in sitting if seat.area_id == place.pk]),
            )
            for place in shown
        ],
        "ended": ended,
    }
    return render(request, "points/panel.html", context, status=422 if form.errors else 200)


def _lacks(place, seats) -> list[str]:
    """What the group lacks to review a month."""
    wanted = terms.at(place).params["panel"]
    roles = Counter(seat.role for seat in seats)
    said = []
    if len(seats) < wanted["members"]:
        text = _("不足 %(most)d 人，还差 %(n)d 人")
        said.append(text % {"most": wanted["members"], "n": wanted["members"] - len(seats)})
    if roles[PanelRole.RESIDENT] < wanted["residents"]:
        said.append(_("缺居民代表"))
    if roles[PanelRole.SUPERVISOR] < wanted["supervisors"]:
        said.append(_("缺监督委员"))
    return said


@allowed(panel.RIGHT)
@require_POST
def unseat(request, pk):
    """From today on no longer in the group."""
    rows = access.scope(PanelMember.objects.select_related("person"), request.user, panel.RIGHT)
    seat = get_object_or_404(rows, pk=pk)
    name = seat.person.name
    if seat.ends_on is not None and seat.ends_on <= timezone.localdate():
        messages.info(request, _("%(name)s已经不是积分小组成员。") % {"name": name})
    else:
        panel.unseat(seat, by=request.user)
        messages.success(request, _("%(name)s从今天起不再是积分小组成员。") % {"name": name})
    return redirect("points:panel")
