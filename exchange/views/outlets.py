"""``/exchange/outlets/``: where codes are taken, and what each place has."""

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exchange import outlets, who
from exchange.catalogue_forms import NewOutletForm, OutletForm
from exchange.models import Item, ItemKind, Offer, Outlet
from orgs import access
from orgs.access import allowed
from orgs.forms import ReasonForm
from orgs.models import Area, AreaLevel, Organization
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
PAGE = 50


def _outlets(person):
    rows = Outlet.objects.select_related("area", "books", "organization", "building")
    return access.scope(rows, person, who.EDIT)


def _buildings(person):
    rows = Area.objects.open().filter(level=AreaLevel.BUILDING)
    return access.scope(rows, person, who.EDIT, path_field="path")


def _bodies(person):
    kinds = [kind for kind, _level in outlets.BODIES.values()]
    rows = Organization.objects.filter(kind__in=kinds, closed_on=None).order_by("kind", "name")
    return access.scope(rows, person, who.EDIT, path_field="area__path")


@allowed(who.EDIT)
@require_safe
def outlet_list(request):
    """Outlets by kind, the closed ones last."""
    after = request.GET.get("after", "")
    rows = _outlets(request.user).annotate(
        items=Count("offers", filter=Q(offers__is_offered=True)),
        low=Count(
            "offers",
            filter=Q(offers__is_offered=True, offers__is_counted=True) & Q(offers__on_hand__lte=0),
        ),
    )
    if after.isascii() and after.isdigit() and len(after) <= 18:
        rows = rows.filter(pk__gt=after)
    rows = list(rows.order_by("pk")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    groups: dict[str, list] = {}
    for row in sorted(rows, key=lambda row: (row.closed_on is not None, row.kind, row.name)):
        title = _("已停业") if row.closed_on else row.get_kind_display()
        groups.setdefault(str(title), []).append(row)
    following = f"?after={rows[-1].pk}" if more else ""
    return render(request, "exchange/outlets.html", {"groups": groups, "following": following})


@allowed(who.EDIT)
@require_http_methods(FORM)
def new(request):
    form = NewOutletForm(
        request.POST or None,
        buildings=_buildings(request.user),
        organizations=_bodies(request.user),
    )
    if form.is_bound and form.is_valid():
        given = dict(form.cleaned_data)
        kind, organization = given.pop("kind"), given.pop("organization")
        try:
            outlet = outlets.open_outlet(organization, kind, by=request.user, **given)
        except Refused as refused:
            form.beside = _BESIDE
            form.refuse(refused)
        else:
            messages.success(request, _("兑换点已开设，请选择这里有哪些兑换品。"))
            return redirect("exchange:keep_outlet", outlet.pk)
    status = 422 if form.errors else 200
    return render(request, "exchange/outlet_new.html", {"form": form}, status=status)


_BESIDE = {
    outlets.WrongBody: "organization",
    outlets.NoPlace: "organization",
    outlets.NameTaken: "name",
    outlets.DaysMissing: "weekdays",
}


@allowed(who.EDIT)
@require_http_methods(FORM)
def outlet(request, pk):
    """Its words, what it has, and closing it."""
    found = get_object_or_404(_outlets(request.user), pk=pk)
    form = None
    if request.method == "POST":
        form = OutletForm(request.POST, buildings=_buildings(request.user))
        if form.is_valid():
            try:
                outlets.change(found, by=request.user, **form.cleaned_data)
            except Refused as refused:
                form.beside = _BESIDE
                form.refuse(refused)
            else:
                messages.success(request, _("已保存。"))
                return redirect("exchange:keep_outlet", found.pk)
    return _page(request, found, form=form, status=422 if form else 200)


def _page(request, found, *, form=None, closing=None, refusal="", status=200):
    offers = {offer.item_id: offer for offer in Offer.objects.filter(outlet=found)}
    items = Item.objects.exclude(kind=ItemKind.DONATION).order_by("code")
    around = found.area_path
    rows = [(item, offers.get(item.pk)) for item in items if around.startswith(item.area_path)]
    context = {
        "outlet": found,
        "form": form
        or OutletForm(initial=OutletForm.initial_of(found), buildings=_buildings(request.user)),
        "closing": closing or ReasonForm(),
        "rows": rows,
        "refusal": refusal,
    }
    return render(request, "exchange/outlet_keep.html", context, status=status)


@allowed(who.EDIT)
@require_POST
def stock_items(request, pk):
    """What can be had here: ticked, and whether it is counted."""
    found = get_object_or_404(_outlets(request.user), pk=pk)
    numbers = [number for number in request.POST.getlist("item") if number.isascii()]
    chosen = {int(number) for number in numbers if number.isdigit() and len(number) <= 18}
    uncounted = set(request.POST.getlist("uncounted"))
    items = [
        item
        for item in Item.objects.filter(pk__in=chosen).exclude(kind=ItemKind.DONATION)
        if found.area_path.startswith(item.area_path)
    ]
    offered = {item: str(item.pk) not in uncounted for item in items}
    changed = outlets.stock_items(found, offered, by=request.user)
    text = _("已保存，改动 %(count)d 项。") if changed else _("没有改动。")
    messages.success(request, text % {"count": changed} if changed else text)
    return redirect("exchange:keep_outlet", found.pk)


@allowed(who.EDIT)
@require_POST
def close(request, pk):
    """Close it, or open it again."""
    found = get_object_or_404(_outlets(request.user), pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, found, closing=form, status=422)
    verb = outlets.reopen if found.closed_on else outlets.close
    try:
        verb(found, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refused:
        return _page(request, found, closing=form, refusal=str(refused), status=422)
    messages.success(request, _("已停业。") if found.closed_on else _("已恢复营业。"))
    return redirect("exchange:keep_outlet", found.pk)
