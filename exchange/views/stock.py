"""What lies at an outlet: per item, its lines, and what is entered by those who serve it."""

from django.contrib import messages
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import donations, stock, stock_sheet, who
from exchange.models import Offer
from exchange.outlet_forms import CountForm, DamageForm, DonateForm, MarkForm, ReceiveForm
from orgs.access import allowed
from rules.refusals import Refused

FORMS = {
    "receive": ReceiveForm,
    "donate": DonateForm,
    "damage": DamageForm,
    "count": CountForm,
    "mark": MarkForm,
}


@allowed(who.SERVE, who.VIEW)
@require_safe
def home(request):
    """The stock of the only outlet one sees; of several how many items run low."""
    outlets = stock_sheet.outlets_seen_by(request.user)
    if len(outlets) == 1:
        return redirect("exchange:stock", outlets[0].pk)
    return render(request, "exchange/stock_outlets.html", {"outlets": outlets})


@allowed(who.SERVE, who.VIEW)
@require_safe
def sheet(request, pk):
    """All items of an outlet; what runs low stands first."""
    outlet = get_object_or_404(who.outlets_seen_by(request.user), pk=pk)
    offers = list(stock_sheet.offers_of(outlet))
    low = [offer for offer in offers if stock_sheet.is_pressing(offer)]
    context = {
        "outlet": outlet,
        "low": low,
        "rest": [offer for offer in offers if offer not in low],
        "serves": who.serves(outlet, request.user),
    }
    return render(request, "exchange/stock.html", context)


@allowed(who.SERVE, who.VIEW)
@require_safe
def sheet_csv(request, pk):
    outlet = get_object_or_404(who.outlets_seen_by(request.user), pk=pk)
    answer = StreamingHttpResponse(
        stock_sheet.write_csv(outlet), content_type="text/csv; charset=utf-8"
    )
    name = f"stock-{outlet.pk}-{timezone.localdate():%Y%m%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@allowed(who.SERVE, who.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def item(request, pk, offer_pk):
    """One item of an outlet: its lines, and one form at a time (``?do=``)."""
    offers = Offer.objects.select_related("outlet", "item")
    offers = offers.filter(outlet__in=who.outlets_seen_by(request.user))
    offer = get_object_or_404(offers, pk=offer_pk, outlet=pk)
    serves = who.serves(offer.outlet, request.user)
    verb = request.GET.get("do", "")
    if verb and verb not in FORMS:
        raise Http404
    if request.method == "POST":
        if not (serves and verb and offer.is_counted):
            raise Http404
        form = FORMS[verb](request.POST)
        if form.is_valid():
            try:
                said = _enter(offer, verb, form.cleaned_data, request.user)
            except Refused as refused:
                form.refuse(refused, "pieces")
            else:
                messages.success(request, said)
                return redirect("exchange:stock_item", pk, offer_pk)
        offer.refresh_from_db()  # a refused verb leaves the row as it locked it
        return _page(request, offer, verb, form, status=422)
    verb, form = verb or "receive", None
    if serves and offer.is_counted:
        form = FORMS[verb](initial={"pieces": offer.low_mark} if verb == "mark" else None)
    return _page(request, offer, verb, form)


def _page(request, offer, verb, form, *, status=200):
    before = request.GET.get("before", "")
    before = int(before) if before.isdecimal() and len(before) < 10 else 0
    lines = stock_sheet.lines_of(offer, before=before)
    following = ""
    if len(lines) > stock_sheet.PAGE:
        lines = lines[: stock_sheet.PAGE]
        following = f"?before={lines[-1].seq}#lines"
    tabs = (
        ("receive", _("进货")),
        ("donate", _("接受捐赠")),
        ("damage", _("损耗")),
        ("count", _("盘点")),
        ("mark", _("提醒线")),
    )
    context = {
        "offer": offer,
        "outlet": offer.outlet,
        "verb": verb,
        "form": form,
        "tabs": tabs,
        "lines": lines,
        "before": before,
        "following": following,
    }
    return render(request, "exchange/stock_item.html", context, status=status)


def _enter(offer, verb: str, given: dict, person) -> str:
    """One line, and what to say of it. Raises Refused."""
    pieces = given.pop("pieces")
    match verb:
        case "mark":
            stock.set_low_mark(offer, pieces)
            return _("低于或等于 %(n)d 件时提醒") % {"n": pieces}
        case "donate":
            donations.receive(offer, pieces, by=person, **given)
            said = _("已登记捐赠 %(n)d 件")
        case "damage":
            stock.damage(offer, pieces, by=person, **given)
            said = _("已登记损耗 %(n)d 件")
        case "count":
            stock.count(offer, pieces, by=person, **given)
            said = _("已登记盘点 %(n)d 件")
        case _:
            stock.receive(offer, pieces, by=person, **given)
            said = _("已登记进货 %(n)d 件")
    return said % {"n": pieces}
