"""代办: a worker finds a resident of their place and orders for them, with their word."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import helping, shop
from exchange.models import Order, OrderState
from exchange.shop import Customer, Wanted
from exchange.views.shop import order_form, place, preview, row_or_404
from orgs.access import allowed

MOST = 60


@allowed("exchange.help_order")
@require_safe
def find(request):
    """Whom to help: by name, phone or building, within the worker's own place."""
    words = request.GET.get("q", "").strip()[:20]
    building = request.GET.get("building", "")
    rows = helping.found(request.user, words, building)
    context = {
        "words": words,
        "building": building,
        "buildings": helping.buildings(request.user),
        "rows": rows[: helping.MOST],
        "more": len(rows) > helping.MOST,
        "asked": bool(words or building),
    }
    return render(request, "exchange/help.html", context)


def _resident_or_404(request, public_id: str) -> Customer:
    shopper = helping.customer(public_id, request.user)
    if shopper is None:
        raise Http404
    return shopper


@allowed("exchange.help_order")
@require_safe
def window(request, public_id):
    """What the resident has, what waits for them, and what they could have."""
    shopper, today = _resident_or_404(request, public_id), timezone.localdate()
    person = shopper.person
    wanted = Wanted.read(request.GET)
    found = shop.window(shopper, wanted, today=today, most=MOST)
    waiting = Order.objects.filter(person=person, placed_by=request.user)
    waiting = waiting.filter(state=OrderState.RESERVED).select_related("offer__item")
    context = {
        "person": person,
        "shopper": shopper,
        "wanted": wanted,
        "rows": [row for row in found.rows if not row.is_gift],
        "waiting": list(waiting.order_by("-pk")[:10]),
    }
    return render(request, "exchange/help_window.html", context)


@allowed("exchange.help_order")
@require_http_methods(["GET", "HEAD", "POST"])
def item(request, public_id, pk):
    """One order for the resident: outlet, pieces, account, and how they agreed."""
    shopper = _resident_or_404(request, public_id)
    person = shopper.person
    row = row_or_404(pk, shopper)
    if row.is_gift:
        raise Http404
    form = order_form(request, row, shopper, is_helping=True)
    posted = request.method == "POST"
    if posted and form is not None:
        if request.POST.get("do") == "preview":
            if (fragment := preview(request, form)) is not None:
                return fragment
        elif form.is_valid() and (order := place(form, by=request.user)) is not None:
            text = _("已为%(name)s留好；本人也会收到消息。请把凭条打印给本人")
            messages.success(request, text % {"name": person.name})
            return redirect("exchange:order_slip", order.pk)
    refused = posted and (form is None or form.errors)
    context = {"person": person, "row": row, "shopper": shopper, "form": form}
    return render(request, "exchange/help_item.html", context, status=422 if refused else 200)
