"""Staff pages of the responsibility table and of the communities' duty list.

Who may edit sees the rows of the own places and of those around; who dispatches reads them.
"""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import responsibilities
from grids.models import Category, DutyItem, Responsibility
from grids.table_forms import (
    DutyForm,
    EndRowForm,
    ResponsibilityForm,
    TableFilter,
    places_of,
    scope_paths,
)
from orgs import access
from orgs.access import allowed
from orgs.models import Area
from rules.refusals import Refused

EDIT, READ = responsibilities.RIGHT, "grids.dispatch_issue"
PAGE = 40
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- the table -----------------------------------------------------------------------------------


@allowed(EDIT, READ)
@require_safe
def table(request):
    paths = scope_paths(request.user, EDIT, READ)
    form = TableFilter(request.GET, places=places_of(paths, down_to_grids=False))
    asked = form.asked
    rows = _rows_around(paths if asked["area"] is None else [asked["area"].path])
    if asked["category"] is not None:
        rows = rows.filter(category=asked["category"])
    if not asked["over"]:
        rows = rows.not_over()
    start = _page(request.GET.get("page", ""))
    rows = list(
        rows.select_related("category", "area", "organization")
        .prefetch_related("assists")
        .order_by("category__position", "category_id", "area__path", "-effective_from", "pk")[
            start : start + PAGE + 1
        ]
    )
    rights = access.rights_of(request.user)
    for row in rows:
        row.may_edit = row.area_id is not None and rights.may(EDIT, area_path=row.area.path)
    context = {
        "form": form,
        "rows": rows[:PAGE],
        "may_edit": rights.has(EDIT),
        "previous": _address(request, start - PAGE) if start else "",
        "following": _address(request, start + PAGE) if len(rows) > PAGE else "",
    }
    return render(request, "grids/responsibilities.html", context)


def _rows_around(paths):
    """Rows that speak of a place in ``paths``: there, below, above, and everywhere."""
    found = Q(area=None)
    for path in paths:
        found |= Q(area__path__in=responsibilities.around(path)) | Q(area__path__startswith=path)
    return Responsibility.objects.filter(found)


def _page(text: str) -> int:
    """The first row of a page, from the address; nonsense is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _address(request, start: int) -> str:
    query = request.GET.copy()
    query["page"] = max(start, 0)
    return f"?{query.urlencode()}"


# --- one row -------------------------------------------------------------------------------------


@allowed(EDIT)
@get_or_post
def new(request):
    paths = scope_paths(request.user, EDIT)
    place = _place_in_scope(paths, request.GET.get("area", ""))
    initial = {
        "category": request.GET.get("category", ""),
        "area": place.code if place else "",
    }
    form = ResponsibilityForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        paths=paths,
        place=place,
    )
    return _write(request, form, {"row": None})


@allowed(EDIT)
@get_or_post
def row(request, pk):
    """Change a row from a day on, or end it; a row that is over can only be read."""
    paths = scope_paths(request.user, EDIT)
    rows = access.scope(
        Responsibility.objects.select_related("category", "area", "organization"),
        request.user,
        EDIT,
        path_field="area__path",
    )
    found = get_object_or_404(rows, pk=pk)
    ending = request.POST.get("do", "").endswith("end")
    data = request.POST if request.method == "POST" else None
    form = ResponsibilityForm(None if ending else data, paths=paths, row=found, place=found.area)
    end_form = EndRowForm(data if ending else None)
    context = {"row": found, "end_form": end_form, "history": _history(found)}
    if found.is_over:
        return render(request, "grids/responsibility.html", {"form": form, **context})
    if ending:
        return _end(request, found, form, context)
    return _write(request, form, context)


def _write(request, form, context):
    """Preview first (``do=preview``), then save (``do=save``)."""
    found = context["row"]
    if form.is_bound and form.is_valid():
        try:
            if request.POST.get("do") == "save":
                responsibilities.write(by=request.user, replaces=found, **form.given)
                messages.success(request, _("责任清单已更新"))
                return redirect("grids:responsibilities")
            context["preview"] = _preview(form, found)
        except Refused as refused:
            field = getattr(refused, "field", "lead")
            form.add_error(field if field in form.fields else None, str(refused))
    status = 422 if form.errors else 200
    return render(request, "grids/responsibility.html", {"form": form, **context}, status=status)


def _preview(form, found):
    given = form.given
    shown = Responsibility(
        category=given["category"],
        area=given["area"],
        organization=given["organization"],
        kind=given["kind"],
    )
    responsibilities.refuse_barred(shown)
    return responsibilities.preview(
        category=given["category"],
        area=given["area"],
        row=shown,
        leaving_out=[found.pk] if found else (),
    )


def _end(request, found, form, context):
    end_form = context["end_form"]
    if end_form.is_valid():
        given = end_form.cleaned_data
        try:
            if request.POST["do"] == "end":
                responsibilities.end(
                    found, on=given["effective_to"], by=request.user, reason=given["reason"]
                )
                messages.success(request, _("这一行到期停止，历史仍可查"))
                return redirect("grids:responsibilities")
            context["end_preview"] = responsibilities.preview(
                category=found.category, area=found.area, row=None, leaving_out=[found.pk]
            )
        except Refused as refused:
            field = getattr(refused, "field", "")
            end_form.add_error(field if field in end_form.fields else None, str(refused))
    status = 422 if end_form.errors else 200
    return render(request, "grids/responsibility.html", {"form": form, **context}, status=status)


def _history(found):
    """The rows that held here before and after, the newest first."""
    rows = Responsibility.objects.filter(category=found.category, area=found.area)
    return rows.select_related("organization", "written_by").order_by("-effective_from", "-pk")[:20]


def _place_in_scope(paths, code: str) -> Area | None:
    """The place of an address, when it lies where one may write; else none."""
    if not (code.isdigit() and len(code) <= 18):
        return None
    area = Area.objects.open().filter(code=code).first()
    if area is None or not any(area.path.startswith(path) for path in paths):
        return None
    return area


# --- the duty list -------------------------------------------------------------------------------


@allowed(EDIT, READ)
@get_or_post
def duties(request):
    """The duty list of one place (``?area=`` its code), to read or to write."""
    paths = scope_paths(request.user, EDIT, READ)
    places = [
        area
        for area in places_of(paths, down_to_grids=False)
        if responsibilities.may_have_duties(area)
    ]
    if not places:
        places = _communities_around(paths)
    code = request.GET.get("area", "")
    area = next((place for place in places if place.code == code), None)
    if code and area is None:
        raise Http404
    if area is None and places:
        area = places[0]
    if area is None:
        raise Http404
    may_edit = access.rights_of(request.user).may(EDIT, area_path=area.path)
    if request.method == "POST" and not may_edit:
        raise Http404
    form = DutyForm(request.POST if request.method == "POST" else None, area=area)
    if form.is_bound and form.is_valid():
        try:
            count = responsibilities.set_duties(
                area, form.roles, by=request.user, reason=form.cleaned_data["reason"]
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            text = _("已更新 %(count)d 项") if count else _("没有变化")
            messages.success(request, text % {"count": count} if count else text)
            return redirect(f"{request.path}?area={area.code}")
    context = {
        "form": form,
        "area": area,
        "places": places,
        "may_edit": may_edit,
        "groups": _by_role(area),
    }
    status = 422 if form.errors else 200
    return render(request, "grids/duties.html", context, status=status)


def _communities_around(paths) -> list[Area]:
    """For people of a grid: the community whose list counts there."""
    wanted = {above for path in paths for above in responsibilities.around(path)}
    return list(Area.objects.filter(path__in=wanted, level="community"))


def _by_role(area: Area):
    """What counts in ``area``: the names of the categories under each role."""
    categories = list(Category.objects.filter(is_active=True))
    counts = responsibilities.Duties([category.pk for category in categories], [area.path])
    groups = {role: [] for role in DutyItem.Role}
    for category in categories:
        groups[DutyItem.Role(counts.role(category.pk, area.path))].append(category.name)
    return [(role.label, names) for role, names in groups.items()]
