"""``/points/ranking/``: who did most, for neighbours; off with one tap."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs.access import allowed, signed_in
from points import people, ranking
from points.mine_forms import ProtectForm
from points.models import NameChoice
from points.ranking import MONTH, QUARTER
from rules.refusals import Refused

PEOPLE, BUILDINGS = "people", "buildings"


@signed_in
@require_safe
def rankings(request):
    """Of the community where one lives; another's is not shown."""
    today = timezone.localdate()
    kind = QUARTER if request.GET.get("by") == QUARTER else MONTH
    of = BUILDINGS if request.GET.get("of") == BUILDINGS else PEOPLE
    span = ranking.read_span(kind, request.GET.get("span", ""))
    if span is None:
        raise Http404
    places = ranking.communities_of(request.user, today)
    wanted = request.GET.get("place", "")
    place = next((area for area in places if area.code == wanted), None)
    if wanted and place is None:
        raise Http404
    place = place or (places[0] if places else None)
    rows = []
    if place is not None:
        if not request.GET.get("span"):
            span = ranking.newest(place, span)
        rows = (
            ranking.buildings(place, span)
            if of == BUILDINGS
            else ranking.people(place, span, viewer=request.user)
        )
    context = {
        "rows": rows,
        "place": place,
        "places": places if len(places) > 1 else [],
        "span": span,
        "of": of,
        "by": kind,
        "why_not": ranking.standing_of(request.user),
        "choice": NameChoice.objects.filter(person=request.user).first(),
    }
    return render(request, "points/ranking.html", context)


@signed_in
@require_POST
def choose(request):
    """Off the rankings, or back, at once; and whether public lists show more than a number."""
    choice = NameChoice.objects.filter(person=request.user).first() or NameChoice()
    hide, off = choice.hide_name, choice.off_rankings
    if "hide" in request.POST:
        hide = request.POST["hide"] == "1"
        said = _("公示只列您的编号，以后的公示生效") if hide else _("公示列您遮盖的名字")
    else:
        off = request.POST.get("off") == "1"
        said = _("已不参加排行，马上生效") if off else _("已参加排行")
    people.choose_display(request.user, hide_name=hide, off_rankings=off)
    messages.success(request, said)
    return redirect("points:ranking")


@allowed(people.PROTECT)
@require_http_methods(["GET", "HEAD", "POST"])
def protect(request):
    """Keep somebody out of public names and rankings; nobody has to say why."""
    form = ProtectForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            people.protect(form.person, form.cleaned_data["protect"], by=request.user)
        except Refused:
            form.add_error("phone", _("没有找到您辖区内的这位居民"))
        else:
            messages.success(request, _("已保存，马上生效"))
            return redirect("points:protect")
    status = 422 if form.errors else 200
    return render(request, "points/protect.html", {"form": form}, status=status)
