"""Goods that were given: who gave what, and how they wish to be thanked."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import donations, who
from exchange.outlet_forms import WishForm
from orgs.access import allowed

PAGE = 30


@allowed(who.VIEW, who.SERVE)
@require_safe
def gifts(request):
    """The newest first. Behind the counter a donor stands as they wish to be named."""
    rows = donations.seen_by(request.user).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows[: PAGE + 1])
    for gift in rows:
        gift.shown_name = donations.names_to(gift, request.user)
    context = {
        "gifts": rows[:PAGE],
        "following": f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "before": before,
    }
    return render(request, "exchange/donations.html", context)


@allowed(who.VIEW, who.SERVE)
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request, pk):
    """The donor thought again: another wish, or other words of thanks."""
    found = get_object_or_404(donations.seen_by(request.user), pk=pk)
    may_change = donations.may_change(found, request.user)
    if request.method == "POST" and not may_change:
        raise Http404
    form = WishForm(request.POST or None, initial={"wish": found.wish, "thanks": found.thanks})
    form.is_body, form.donor_name = found.is_body, found.donor_name
    if request.method == "POST" and form.is_valid():
        donations.change(found, wish=form.cleaned_data["wish"], thanks=form.cleaned_data["thanks"])
        messages.success(request, _("已按捐赠人的意愿更改"))
        return redirect("exchange:donations")
    found.shown_name = donations.names_to(found, request.user)
    context = {"gift": found, "form": form, "may_change": may_change}
    return render(request, "exchange/donation.html", context, status=422 if form.errors else 200)
