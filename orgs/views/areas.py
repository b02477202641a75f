"""Places: founding grids and buildings, renaming, moving, merging and closing."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orgs import access, areas, chronicle
from orgs.access import allowed
from orgs.forms import MoveAreaForm, NewAreaForm, ReasonForm, RenameForm
from orgs.models import Appointment, Area, AreaLevel, Household, Organization
from orgs.models.areas import PARENT_LEVEL

RIGHT = areas.RIGHT
get_or_post = require_http_methods(["GET", "HEAD", "POST"])
CHILD_LEVEL = {parent: child for child, parent in PARENT_LEVEL.items()}


def _mine(request):
    return access.scope(Area.objects.all(), request.user, RIGHT, path_field="path")


def _place(request, code) -> Area:
    return get_object_or_404(_mine(request).open(), code=code)


def _answer(request, form, context, *, verb, told):
    """Show the form, or run ``verb`` and go to the place it gives back."""
    if form.is_bound and form.is_valid():
        try:
            place = verb(form.cleaned_data)
        except areas.AreaRefused as refused:
            for problem in getattr(refused, "what", None) or [str(refused)]:
                form.add_error(None, problem)
        else:
            messages.success(request, told)
            return redirect("orgs:area", place.code)
    status = 422 if form.errors else 200
    return render(request, "orgs/staff/area_form.html", {"form": form, **context}, status=status)


def _posted(request):
    return request.POST if request.method == "POST" else None


@allowed(RIGHT)
@require_safe
def area(request, code):
    """A place to work on: what is in it, what can be done, what was done."""
    place = get_object_or_404(_mine(request), code=code)
    children = Area.objects.filter(path__startswith=place.path, depth=place.depth + 1)
    context = {
        "area": place,
        "children": children.open(),
        "closed": children.exclude(closed_on=None),
        "child_level": AreaLevel(CHILD_LEVEL[place.level]).label
        if place.level in CHILD_LEVEL
        else "",
        "may_move": place.level in {AreaLevel.GRID, AreaLevel.BUILDING, AreaLevel.COMMUNITY},
        "bodies": Organization.objects.open().filter(area=place).order_by("kind", "pk"),
        "lines": chronicle.of_area(place, inside=True),
    }
    return render(request, "orgs/staff/area.html", context)


@allowed(RIGHT)
@get_or_post
def new(request, code):
    parent = _place(request, code)
    level = CHILD_LEVEL.get(parent.level)
    if level is None:
        return redirect("orgs:area", code)
    label = AreaLevel(level).label
    context = {
        "area": parent,
        "title": _("新建%(level)s") % {"level": label},
        "button": _("建立"),
    }
    return _answer(
        request,
        NewAreaForm(_posted(request)),
        context,
        verb=lambda data: areas.create(parent, level=level, by=request.user, **data),
        told=_("%(level)s已建立。") % {"level": label},
    )


@allowed(RIGHT)
@get_or_post
def rename(request, code):
    place = _place(request, code)
    form = RenameForm(_posted(request), initial={"name": place.name})
    context = {"area": place, "title": _("更名"), "button": _("确认更名")}
    return _answer(
        request,
        form,
        context,
        verb=lambda data: areas.rename(place, data["name"], by=request.user, reason=data["reason"]),
        told=_("已更名，旧名称保留在变更记录里。"),
    )


@allowed(RIGHT)
@get_or_post
def move(request, code):
    place = _place(request, code)
    parents = _mine(request).open().filter(level=PARENT_LEVEL.get(place.level, ""))
    parents = parents.exclude(path=place.path[: -Area.steplen])
    form = MoveAreaForm(_posted(request), parents=_near(parents, place))
    context = {
        "area": place,
        "title": _("划归另一个上级区域"),
        "button": _("确认划转"),
        "consequences": [
            *_what_is_here(place),
            _("区划代码随上级区域改变，所有户、组织、任职和权限一起划转。"),
        ],
    }
    return _answer(
        request,
        form,
        context,
        verb=lambda data: areas.move(place, data["parent"], by=request.user, reason=data["reason"]),
        told=_("已划转。"),
    )


def _near(places, place):
    """Places of the same surroundings: the same subdistrict, that is, or the same district."""
    up = 2 if place.level in {AreaLevel.BUILDING, AreaLevel.GRID} else 1
    end = max(len(place.path) - (up + 1) * Area.steplen, Area.steplen)
    return places.filter(path__startswith=place.path[:end])


@allowed(RIGHT)
@get_or_post
def merge(request, code):
    """Choose into which (in the address), see what will happen, give the reason."""
    place = _place(request, code)
    others = _near(_mine(request).open().filter(level=place.level), place).exclude(pk=place.pk)
    into = others.filter(code=request.GET.get("into", "")).first()
    if into is None:
        missing = request.method == "POST" or "into" in request.GET
        context = {"area": place, "others": others, "missing": missing}
        return render(
            request, "orgs/staff/area_merge.html", context, status=422 if missing else 200
        )
    context = {
        "area": place,
        "title": _("并入%(name)s") % {"name": into.full_name},
        "button": _("确认并入"),
        "consequences": [
            *_what_is_here(place),
            _("以上全部划入%(name)s，%(area)s从今天起撤销。")
            % {"name": into.full_name, "area": place.name},
        ],
    }
    return _answer(
        request,
        ReasonForm(_posted(request)),
        context,
        verb=lambda data: areas.merge(place, into, by=request.user, reason=data["reason"]),
        told=_("已并入%(name)s。") % {"name": into.name},
    )


@allowed(RIGHT)
@get_or_post
def close(request, code):
    place = _place(request, code)
    context = {
        "area": place,
        "title": _("撤销"),
        "button": _("确认撤销"),
        "consequences": [
            *_what_is_here(place),
            _("仍有住户、组织或下级区域时不能撤销，请先划转。"),
        ],
    }
    return _answer(
        request,
        ReasonForm(_posted(request)),
        context,
        verb=lambda data: areas.close(place, by=request.user, reason=data["reason"]),
        told=_("已撤销。"),
    )


def _what_is_here(place) -> list[str]:
    """What a change of the place carries along, in figures."""
    below = Area.objects.open().within(place).exclude(pk=place.pk).count()
    posts = Appointment.objects.in_force().filter(area__path__startswith=place.path).count()
    facts = {
        "below": below,
        "households": Household.objects.filter(area_path__startswith=place.path).count(),
        "bodies": Organization.objects.open().within(place).count(),
        "posts": posts,
    }
    text = _(
        "涉及下级区域 %(below)d 个、住户 %(households)d 户、组织 %(bodies)d 个、任职 %(posts)d 项。"
    )
    return [text % facts]
