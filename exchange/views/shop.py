"""The window and one thing in it: anybody reads, who lives here orders."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exchange import favourites, goods, pictures, pool, shop
from exchange.goods import Cards, Stars
from exchange.models import Item, ItemKind
from exchange.resident_forms import OrderForm
from exchange.shop import Customer, Row, Wanted
from exchange.who import HELP
from orgs import access
from orgs.access import public, signed_in
from rules.refusals import Refused

PAGE = 24
HERE = "/exchange/"


@public
@require_safe
def window(request):
    """What there is, near before far; filters in the address."""
    today = timezone.localdate()
    shopper = shop.customer(request.user)
    others = [] if shopper.path else _look_at(request, shopper)
    wanted, page = Wanted.read(request.GET), _page_number(request)
    found = shop.window(shopper, wanted, today=today, first=(page - 1) * PAGE, most=PAGE)
    at = {"street": shopper.street.code} if shopper.street else {}

    def address(**change) -> str:
        said = {name: value for name, value in (wanted.pairs() | at | change).items() if value}
        return f"{HERE}?{urlencode(said)}" if said else HERE

    context = {
        "found": found,
        "goods": Cards(request, is_visitor=shopper.person is None).all(found.rows),
        "shopper": shopper,
        "wanted": wanted,
        "others": others,
        "is_filtered": bool(wanted.pairs()),
        "everything": f"{HERE}?{urlencode(at)}" if at else HERE,
        "kinds": [("", _("全部"), address(kind=""))]
        + [(kind.value, kind.label, address(kind=kind.value)) for kind in ItemKind],
        "previous": address(page=page - 1) if page > 1 else "",
        "following": address(page=page + 1) if found.has_more else "",
        "may_help": access.rights_of(request.user).has(HELP),
    }
    return render(request, "exchange/window.html", context)


def _look_at(request, shopper: Customer) -> list:
    """A visitor looks into the window of a subdistrict: the one asked for, or the first."""
    streets = shop.streets()
    asked = request.GET.get("street", "")
    chosen = next((one for one in streets if one.code == asked), None)
    shopper.street = chosen or (streets[0] if streets else None)
    return streets if len(streets) > 1 else []


def _page_number(request) -> int:
    said = request.GET.get("page", "")
    return min(max(int(said), 1), 500) if said.isdecimal() and len(said) < 5 else 1


# --- one thing -----------------------------------------------------------------------------------


@public
@require_http_methods(["GET", "HEAD", "POST"])
def item(request, pk):
    """What it is, what it costs, where it lies; ordering it."""
    posted = request.method == "POST"
    if posted and not request.user.is_authenticated:
        return redirect_to_login(request.path)
    shopper = shop.customer(request.user)
    row = row_or_404(pk, shopper)
    if row.is_gift:
        return redirect("exchange:gift_new", pk) if posted else _gift(request, row, shopper)
    form = order_form(request, row, shopper)
    if posted and form is not None:
        if request.POST.get("do") == "preview":
            return preview(request, form) or _item_page(request, row, shopper, form)
        if form.is_valid() and (order := place(form, by=request.user)) is not None:
            messages.success(request, _("已为您留好，到兑换点出示取货码就能领"))
            return redirect(order)
    return _item_page(request, row, shopper, form)


def row_or_404(pk: int, shopper: Customer) -> Row:
    row = shop.one(pk, shopper, timezone.localdate())
    if row is None:
        raise Http404
    return row


def order_form(request, row: Row, shopper: Customer, **more) -> OrderForm | None:
    """None where there is nothing to fill in. What was posted is always looked at, so that it is
    refused with its reason, or known again.
    """
    if not shopper.accounts:
        return None
    if request.method == "POST":
        return OrderForm(request.POST, row=row, shopper=shopper, **more)
    return OrderForm(row=row, shopper=shopper, **more) if row.may_order else None


def place(form: OrderForm, *, by):
    """The order, or None when it was refused: the form says why."""
    try:
        return form.place(by=by)
    except Refused as refused:
        form.refuse(refused)
        return None


def preview(request, form: OrderForm):
    """What it would cost, for htmx; None for a page. Nothing is ordered."""
    form.is_valid()
    if not request.htmx:
        return None
    return render(request, "exchange/parts/order_form.html#cost", {"form": form})


def _item_page(request, row: Row, shopper: Customer, form):
    refused = request.method == "POST" and (form is None or form.errors)
    context = {"row": row, "shopper": shopper, "form": form} | _looks(request, row, shopper)
    return render(request, "exchange/item.html", context, status=422 if refused else 200)


def _looks(request, row: Row, shopper: Customer) -> dict:
    """Its picture, and the star of whoever signed in."""
    star = ""
    if shopper.person is not None:
        stars = Stars(request, row.item.get_absolute_url())
        star = stars(row.item, is_kept=row.is_favourite)
    return {"look": goods.look(row.item, "large"), "star": star}


def _gift(request, row: Row, shopper: Customer):
    own = pool.own_accounts(shopper)
    place = own[0].community if own else None
    context = {"row": row, "shopper": shopper, "own": own} | _looks(request, row, shopper)
    if place is not None:
        context["pool"] = pool.of(place)
    return render(request, "exchange/item.html", context)


@public
@require_safe
def picture(request, pk, size):
    """The picture of an item."""
    found = get_object_or_404(Item, pk=pk)
    return pictures.answer(found.picture, size, is_public=True)


# --- keeping -------------------------------------------------------------------------------------


@signed_in
@require_POST
def favourite(request, pk):
    """☆ or ★, as the button said."""
    found = get_object_or_404(Item, pk=pk)
    is_kept = request.POST.get("keep") == "1"
    favourites.keep(found, request.user, is_kept=is_kept)
    if request.htmx:
        return HttpResponse(Stars(request, _back(request))(found, is_kept=is_kept))
    return redirect(_back(request) or found)


@signed_in
@require_POST
def news(request, pk):
    """到货提醒, on or off."""
    found = get_object_or_404(Item, pk=pk)
    is_waiting = request.POST.get("wait") == "1"
    favourites.wait(found, request.user, is_waiting=is_waiting)
    text = _("有货了会给您发消息") if is_waiting else _("不再提醒")
    messages.success(request, text)
    return redirect(found)


def _back(request) -> str:
    """Where the star stood: an address of this site, or nothing."""
    said = request.POST.get("next", "")
    safe = said.startswith("/") and url_has_allowed_host_and_scheme(said, None)
    return said if safe else ""
