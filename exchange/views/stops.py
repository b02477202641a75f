"""``/exchange/stops/``: announcing that nothing is exchanged for a while, and taking it back."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from exchange import stops, who
from exchange.catalogue_forms import StopForm
from exchange.models import Item, RedemptionStop
from orgs import access
from orgs.access import allowed
from orgs.forms import ReasonForm
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

PAGE = 20
BESIDE = {stops.TooSoon: "starts_on", stops.WrongEnd: "ends_on", stops.NotEntitled: "area"}


def _places(person):
    levels = [AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY]
    rows = Area.objects.open().filter(level__in=levels).order_by("path")
    return access.scope(rows, person, who.STOP, path_field="path")


def _form(request, data=None):
    items = access.scope(Item.objects.order_by("code"), request.user, who.STOP)
    return StopForm(data, places=_places(request.user), items=items)


@allowed(who.STOP)
@require_http_methods(["GET", "HEAD", "POST"])
def stop_list(request):
    """What is announced, what was, and a form to announce."""
    form = _form(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            stops.announce(
                given["area"],
                item=given["item"],
                starts_on=given["starts_on"],
                ends_on=given["ends_on"],
                reason=given["reason"],
                by=request.user,
            )
        except Refused as refused:
            form.beside = BESIDE
            form.refuse(refused)
        else:
            messages.success(request, _("已公告，并通知了有积分的居民。"))
            return redirect("exchange:stops")
    return _page(request, form=form, status=422 if form.errors else 200)


def _page(request, *, form, lifting=None, pk=None, refusal="", status=200):
    rows = RedemptionStop.objects.select_related("area", "item", "announced_by", "lifted_by")
    rows = list(access.scope(rows, request.user, who.STOP).order_by("-starts_on", "-pk")[:PAGE])
    today = timezone.localdate()
    for row in rows:
        row.is_over = row.lifted_on is not None or (
            row.ends_on is not None and row.ends_on <= today
        )
        row.has_begun = row.starts_on <= today
    place = form.fields["area"].queryset.first()
    context = {
        "form": form,
        "rows": rows,
        "lifting": lifting or ReasonForm(),
        "lifting_pk": pk,
        "refusal": refusal,
        "first_day": stops.first_day(place) if place else None,
    }
    return render(request, "exchange/stops.html", context, status=status)


@allowed(who.STOP)
@require_POST
def lift(request, pk):
    rows = access.scope(RedemptionStop.objects.select_related("area"), request.user, who.STOP)
    stop = get_object_or_404(rows, pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, form=_form(request), lifting=form, pk=pk, status=422)
    try:
        stops.lift(stop, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refused:
        return _page(request, form=_form(request), refusal=str(refused), status=422)
    messages.success(request, _("公告已取消，并通知了有积分的居民。"))
    return redirect("exchange:stops")
