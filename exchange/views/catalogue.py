"""``/exchange/catalogue/``: what is exchanged, on which terms; kept by the subdistrict."""

from django.contrib import messages
from django.db.models import Count, OuterRef, Q, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exchange import catalogue, pictures, who
from exchange.catalogue_forms import ItemForm, TermsForm, WordsForm
from exchange.models import Item, ItemKind, ItemTerms
from orgs import access, uploads
from orgs.access import allowed
from orgs.forms import ReasonForm
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]


def _places(person):
    rows = Area.objects.open().filter(level=AreaLevel.SUBDISTRICT)
    return access.scope(rows, person, who.EDIT, path_field="path")


def _items(person):
    return access.scope(Item.objects.select_related("area"), person, who.EDIT)


@allowed(who.EDIT)
@require_safe
def items(request):
    """All items with what they cost today, and at how many outlets one gets them."""
    today = timezone.localdate()
    terms = ItemTerms.objects.filter(item=OuterRef("pk"), starts_on__lte=today)
    now = terms.order_by("-starts_on")
    coming = ItemTerms.objects.filter(item=OuterRef("pk"), starts_on__gt=today)
    offered = Q(offers__is_offered=True, offers__outlet__closed_on=None)
    rows = (
        _items(request.user)
        .annotate(
            points=Subquery(now.values("points")[:1]),
            household_monthly=Subquery(now.values("household_monthly")[:1]),
            changes_on=Subquery(coming.order_by("starts_on").values("starts_on")[:1]),
            outlets=Count("offers", filter=offered),
        )
        .order_by("area_path", "code")
    )
    groups: dict[str, list] = {}
    for row in rows:
        groups.setdefault(str(ItemKind(row.kind).label), []).append(row)
    return render(request, "exchange/catalogue.html", {"groups": groups})


@allowed(who.EDIT)
@require_http_methods(FORM)
def new(request):
    """An item that was not there, with its first terms."""
    form = ItemForm(request.POST or None, places=_places(request.user))
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            item = catalogue.add(
                given["area"],
                code=given["code"],
                name=given["name"],
                kind=given["kind"],
                text=given["text"],
                by=request.user,
                **form.terms,
            )
        except Refused as refused:
            form.beside = {catalogue.CodeTaken: "code", catalogue.InThePast: "starts_on"}
            form.refuse(refused)
        else:
            messages.success(request, _("已加入目录，请选择在哪些兑换点可以兑换。"))
            return redirect("exchange:keep_item", item.pk)
    status = 422 if form.errors else 200
    return render(request, "exchange/item_new.html", {"form": form}, status=status)


@allowed(who.EDIT)
@require_safe
def item(request, pk):
    return _page(request, get_object_or_404(_items(request.user), pk=pk))


def _page(request, item, *, words=None, terms=None, offered=None, status=200):
    today = timezone.localdate()
    history = list(item.terms.select_related("set_by").order_by("-starts_on"))
    context = {
        "item": item,
        "words": words or WordsForm(initial={"name": item.name, "text": item.text}),
        "terms_form": terms or TermsForm(initial=_last(history)),
        "offered_form": offered or ReasonForm(),
        "history": history,
        "now": next((row for row in history if row.starts_on <= today), None),
        "today": today,
        "offers": item.offers.filter(is_offered=True, outlet__closed_on=None)
        .select_related("outlet")
        .order_by("outlet__area_path", "outlet__name"),
    }
    return render(request, "exchange/item_keep.html", context, status=status)


def _last(history) -> dict:
    if not history:
        return {}
    names = ("points", "household_monthly", "person_monthly")
    return {name: getattr(history[0], name) for name in names}


@allowed(who.EDIT)
@require_POST
def words(request, pk):
    """Name, text and picture."""
    item = get_object_or_404(_items(request.user), pk=pk)
    form = WordsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, item, words=form, status=422)
    given = form.cleaned_data
    with uploads.writing():
        token = pictures.keep(given["picture"]) if given["picture"] else ""
        catalogue.describe(
            item, name=given["name"], text=given["text"], picture=token, by=request.user
        )
    messages.success(request, _("已保存。"))
    return redirect("exchange:keep_item", item.pk)


@allowed(who.EDIT)
@require_POST
def terms(request, pk):
    """What it costs from a day on."""
    item = get_object_or_404(_items(request.user), pk=pk)
    form = TermsForm(request.POST)
    if form.is_valid():
        try:
            row = catalogue.set_terms(item, by=request.user, **form.terms)
        except Refused as refused:
            form.beside = {
                catalogue.InThePast: "starts_on",
                catalogue.TermsThatDay: "starts_on",
            }
            form.refuse(refused)
        else:
            text = _("从%(day)s起 %(points)d 分；此前下的单不受影响。")
            said = {"day": row.starts_on.isoformat(), "points": row.points}
            messages.success(request, text % said)
            return redirect("exchange:keep_item", item.pk)
    return _page(request, item, terms=form, status=422)


@allowed(who.EDIT)
@require_POST
def offered(request, pk):
    """Into the window or out of it."""
    item = get_object_or_404(_items(request.user), pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, item, offered=form, status=422)
    wanted = request.POST.get("offered") == "yes"
    catalogue.set_offered(item, wanted, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("已上架。") if wanted else _("已下架，已有的取货码照常领取。"))
    return redirect("exchange:keep_item", item.pk)
