"""Residents say where they live; whoever works the place verifies it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs import access, contacts, residence
from orgs.access import allowed, signed_in
from orgs.forms import EndResidenceForm, RefusalForm, ResidenceForm
from orgs.models import Area, AreaLevel, Household, Residence
from orgs.residence import RIGHT, ResidenceRefused

PAGE = 30


# --- the resident's own ----------------------------------------------------------------------


@signed_in
@require_safe
def mine(request):
    """Where I have said I live, and what became of it."""
    rows = request.user.residences.select_related("household__area", "verified_by")
    rows = list(rows.order_by("-pk")[:20])
    stands = any(row.ends_on is None and row.state != Residence.State.REFUSED for row in rows)
    return render(request, "orgs/residence.html", {"rows": rows, "lives_somewhere": stands})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request):
    """Community → grid → building → stairwell → door, one choice after the other.

    The choices travel in the address, so that it works without JavaScript and with the back
    button; htmx swaps the form at every choice.
    """
    chosen = _chosen(request.GET)
    form = None
    if "households" in chosen:
        data = request.POST if request.method == "POST" else None
        form = ResidenceForm(data, households=chosen["households"])
    elif request.method == "POST":
        return redirect(request.get_full_path())
    if form is not None and form.is_valid():
        try:
            residence.declare(
                request.user, form.cleaned_data["household"], form.cleaned_data["kind"]
            )
        except ResidenceRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("已登记，网格员核验后会通知您。"))
            return redirect("orgs:residence")
    page = "orgs/residence_new.html"
    if request.htmx and request.method == "GET":
        page += "#picker"
    status = 422 if form is not None and form.errors else 200
    answer = render(request, page, {"form": form, **chosen}, status=status)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _chosen(query) -> dict:
    """What has been chosen so far, and the choices of the next step; nonsense is not chosen."""
    open_areas = Area.objects.open()
    communities = open_areas.filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
    chosen = {"communities": communities.only("code", "name", "path", "level")}
    above = None
    for step, level in (
        ("community", AreaLevel.COMMUNITY),
        ("grid", AreaLevel.GRID),
        ("building", AreaLevel.BUILDING),
    ):
        areas = open_areas.filter(level=level)
        if above is not None:
            areas = areas.within(above)
            chosen[f"{step}s"] = areas
        code = query.get(step, "")
        area = areas.filter(code=code).first() if code.isdecimal() else None
        if area is None:
            return chosen
        chosen[step] = above = area
    doors = Household.objects.filter(area=above)
    chosen["stairwells"] = _in_order(set(doors.values_list("stairwell", flat=True)))
    stairwell = query.get("stairwell", "")
    if len(chosen["stairwells"]) == 1:
        stairwell = chosen["stairwells"][0]
    if stairwell in chosen["stairwells"]:
        chosen["stairwell"] = stairwell
        chosen["households"] = doors.filter(stairwell=stairwell).order_by("room")
    return chosen


def _in_order(names) -> list[str]:
    """1, 2, 10 rather than 1, 10, 2."""
    return sorted(names, key=lambda name: (not name.isdecimal(), name.zfill(8)))


@signed_in
@require_POST
def withdraw(request, pk):
    one = get_object_or_404(Residence, pk=pk, person=request.user)
    try:
        residence.withdraw(one, by=request.user)
    except ResidenceRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("已撤回登记。"))
    return redirect("orgs:residence")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def move_out(request, pk):
    one = get_object_or_404(
        Residence.objects.current().select_related("household__area"), pk=pk, person=request.user
    )
    return _end(request, one, back="orgs:residence")


# --- who works the place ---------------------------------------------------------------------


@allowed(RIGHT)
@require_safe
def queue(request):
    """Declarations of my places: waiting ones, oldest first; ``?state=verified`` the others."""
    state = request.GET.get("state", "")
    rows = _in_scope(request)
    if state == "verified":
        rows = rows.verified().order_by("-pk")
    else:
        state, rows = "", rows.filter(state=Residence.State.PENDING, ends_on=None).order_by("pk")
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after)) if state else rows.filter(pk__gt=int(after))
    rows = list(rows[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    names = _lineage(rows)
    rights = access.rights_of(request.user)
    for row in rows:
        row.place = names.get(row.household.area_path[: -Area.steplen], "")
        row.may_reveal = rights.may(contacts.RIGHT, area_path=row.household.area_path)
    context = {
        "rows": rows,
        "state": state,
        "following": f"?state={state}&after={rows[-1].pk}" if more else "",
        "refusal": RefusalForm(),
    }
    return render(request, "orgs/residences.html", context)


def _in_scope(request):
    rows = Residence.objects.select_related("person", "household__area")
    return access.scope(rows, request.user, RIGHT, path_field="household__area_path")


def _lineage(rows) -> dict[str, str]:
    """Grid path → community and grid in words; one query for all rows."""
    grids = {row.household.area_path[: -Area.steplen] for row in rows}
    wanted = grids | {path[: -Area.steplen] for path in grids}
    names = dict(Area.objects.filter(path__in=wanted).values_list("path", "name"))
    return {path: names.get(path[: -Area.steplen], "") + names.get(path, "") for path in grids}


@allowed(RIGHT)
@require_POST
def verify(request, pk):
    one = get_object_or_404(_in_scope(request), pk=pk)
    try:
        residence.verify(one, by=request.user)
    except ResidenceRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("已通过核验，并已通知居民。"))
    return redirect("orgs:residences")


@allowed(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request, pk):
    one = get_object_or_404(_in_scope(request), pk=pk)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            residence.refuse(one, by=request.user, reason=form.cleaned_data["reason"])
        except ResidenceRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("已登记为未通过，并已通知居民。"))
            return redirect("orgs:residences")
    context = {"residence": one, "form": form}
    return render(
        request, "orgs/residence_refuse.html", context, status=422 if form.errors else 200
    )


@allowed(RIGHT)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request, pk):
    one = get_object_or_404(_in_scope(request), pk=pk)
    if one.state != Residence.State.VERIFIED:
        raise Http404
    return _end(request, one, back="orgs:residences")


def _end(request, one, *, back):
    form = EndResidenceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            residence.end(
                one,
                on=form.cleaned_data["on"],
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except residence.WrongDay as refused:
            form.add_error("on", str(refused))
        except ResidenceRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("已登记迁出。"))
            return redirect(back)
    context = {"residence": one, "form": form, "back": back}
    return render(request, "orgs/residence_end.html", context, status=422 if form.errors else 200)
