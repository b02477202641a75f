"""Giving points to the pool for the old and the young, and the thanks for it."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from exchange import pool, shop
from exchange.models import Gift
from exchange.resident_forms import GiftForm
from exchange.views.shop import row_or_404
from orgs.access import signed_in
from rules.refusals import Refused


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, pk):
    """How many shares, from which own account, with the name or without."""
    shopper = shop.customer(request.user)
    row = row_or_404(pk, shopper)
    if not row.is_gift or not row.item.is_offered:
        raise Http404
    form = GiftForm(request.POST or None, accounts=pool.own_accounts(shopper))
    if form.is_bound and form.is_valid() and (gift := _give(form, row, request.user)) is not None:
        return redirect(gift)
    context = {"row": row, "form": form}
    return render(request, "exchange/gift_new.html", context, status=422 if form.errors else 200)


def _give(form: GiftForm, row, person) -> Gift | None:
    given = form.cleaned_data
    try:
        return pool.give(
            row.item,
            form.accounts[given["account"]],
            person,
            given["times"],
            by=person,
            key=f"{person.pk}:{given['key']}",
            is_named=given["is_named"],
        )
    except Refused as refused:
        form.refuse(refused)
        return None


@signed_in
@require_safe
def gift(request, pk):
    """Thanks, and what the pool did. The giver's own."""
    mine = Gift.objects.filter(person=request.user).select_related("area", "item")
    found = get_object_or_404(mine, pk=pk)
    return render(request, "exchange/gift.html", {"gift": found, "pool": pool.of(found.area)})
