"""Patrols: the list of them, the one under way, and reporting what was found."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grids import listing, patrols
from grids.field_forms import EndPatrolForm, FoundForm
from grids.models import Patrol, PatrolStop
from grids.models.patrols import RIGHT
from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

PAGE = 20
SHARE_DAYS = 30


@allowed(RIGHT, "grids.view_issue")
@require_safe
def patrol_list(request):
    """Where one may set out, and the patrols of the places one looks after, newest first."""
    rights = access.rights_of(request.user)
    rows = Patrol.objects.visible_to(request.user).select_related("person", "area").with_counts()
    code = request.GET.get("grid", "")
    grid = None
    if code:
        grid = get_object_or_404(Area, code=code[:18], level=AreaLevel.GRID)
        rows = rows.filter(area=grid)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows.order_by("-pk")[: PAGE + 1])
    older = f"?grid={code}&before={rows[PAGE - 1].pk}" if len(rows) > PAGE else ""
    own = patrols.own_grids(request.user)
    last = patrols.last_ended(own) if own else {}
    under_way = Patrol.objects.filter(person=request.user, ended_at=None).select_related("area")
    paths = {*rights.area_paths(RIGHT), *rights.area_paths("grids.view_issue")}
    figures = patrols.self_discovery(paths, since=timezone.now() - timedelta(days=SHARE_DAYS))
    names = listing.place_names([*rows, *(_Spot(one.path) for one in own)])
    for row in rows:
        row.where = names[row.area_path]
    context = {
        "rows": rows[:PAGE],
        "older": older,
        "grid": grid,
        "own": [(one, names[one.path], last.get(one.pk)) for one in own],
        "under_way": under_way.first(),
        "figures": figures,
        "share": _percent(figures),
        "days": SHARE_DAYS,
    }
    return render(request, "grids/patrols.html", context)


class _Spot:
    """A grid where ``place_names`` wants something placed."""

    def __init__(self, path: str):
        self.area_path = path


def _percent(figures) -> int | None:
    return round(100 * figures["found"] / figures["all"]) if figures["all"] else None


@allowed(RIGHT)
@require_POST
def start(request):
    code = request.POST.get("grid", "")
    grid = get_object_or_404(Area.objects.open(), code=code[:18], level=AreaLevel.GRID)
    if not access.rights_of(request.user).may(RIGHT, area_path=grid.path):
        raise Http404
    try:
        patrol = patrols.start(grid, by=request.user)
    except patrols.OutAlready as refused:
        messages.error(request, str(refused))
        patrol = refused.patrol
    return redirect("grids:patrol", patrol.pk)


@allowed(RIGHT, "grids.view_issue")
@require_safe
def patrol(request, pk):
    return _page(request, _visible(request, pk))


def _visible(request, pk) -> Patrol:
    return get_object_or_404(
        Patrol.objects.visible_to(request.user).select_related("area", "person"), pk=pk
    )


def _mine(request, pk) -> Patrol:
    found = _visible(request, pk)
    if found.person_id != request.user.pk:
        raise Http404
    return found


def _page(request, found: Patrol, *, form=None, refusal="", status=200):
    stops = list(found.stops.select_related("building"))
    issues = list(found.issues.select_related("category").order_by("-pk"))
    context = {
        "patrol": found,
        "mine": found.person_id == request.user.pk and found.is_open,
        "stops": stops,
        "seen": sum(stop.seen_at is not None for stop in stops),
        "rows": listing.rows(issues, public=False),
        "form": form or EndPatrolForm(initial={"note": found.note}),
        "refusal": refusal,
    }
    return render(request, "grids/patrol.html", context, status=status)


@allowed(RIGHT)
@require_POST
def tick(request, pk):
    """One tap on a building: been there; another tap takes it back."""
    found = _mine(request, pk)
    number = request.POST.get("stop", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    stop = get_object_or_404(PatrolStop, pk=number, patrol=found)
    try:
        patrols.tick(found, stop, seen=request.POST.get("seen") != "no")
    except Refused as refused:
        return _page(request, found, refusal=str(refused), status=422)
    return redirect(f"/issues/patrols/{found.pk}/#stops")


@allowed(RIGHT)
@require_POST
def end(request, pk):
    found = _mine(request, pk)
    form = EndPatrolForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        patrols.end(found, note=form.cleaned_data["note"])
    except Refused as refused:
        return _page(request, found, refusal=str(refused), status=422)
    messages.success(request, _("巡查已结束，辛苦了。"))
    return redirect("grids:patrol", found.pk)


@allowed(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def found(request, pk):
    """Picture first; the kinds that patrols here find most come first."""
    patrol = _mine(request, pk)
    if not patrol.is_open:
        return _page(request, patrol, refusal=str(patrols.OverAlready()), status=422)
    places = [patrol.area, *(stop.building for stop in patrol.stops.select_related("building"))]
    given = {"person": request.user, "places": places}
    if request.method == "POST":
        form = FoundForm(request.POST, request.FILES, **given)
        if form.is_valid() and (issue := _report(patrol, form)) is not None:
            messages.success(request, _("已上报：%(number)s") % {"number": issue.number})
            return redirect("grids:patrol", patrol.pk)
        form.keep_drafts()
    else:
        form = FoundForm(initial={"place": patrol.area_id}, **given)
    usual, others = patrols.usual_categories(patrol.area)
    context = {
        "patrol": patrol,
        "form": form,
        "usual": usual,
        "others": others,
        "chosen": str(form["category"].value() or ""),
    }
    context["open_others"] = context["chosen"] in {str(one.pk) for one in others}
    return render(request, "grids/patrol_found.html", context, status=422 if form.errors else 200)


def _report(patrol, form):
    given = form.cleaned_data
    try:
        return patrols.report(
            patrol,
            category=given["category"],
            area=given["place"],
            place_text=given["place_text"],
            text=given["text"],
            pictures=form.pictures.ready,
            key=given["key"],
        )
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
