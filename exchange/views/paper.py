"""The list of codes on paper, and entering what was handed over by it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import paper, who
from exchange.outlet_forms import HandedForm
from orgs.access import allowed
from rules.refusals import Refused


@allowed(who.SERVE)
@require_safe
def sheet(request, pk):
    """For ``?day=``, one of those a list is printed for."""
    outlet = get_object_or_404(who.served_by(request.user), pk=pk)
    days = paper.days_of(outlet, timezone.localdate())
    day = _day(request.GET.get("day", ""))
    day = day if day in days else days[-1]
    rows = list(paper.open_codes(outlet, day)[: paper.MOST + 1])
    context = {
        "outlet": outlet,
        "day": day,
        "days": days,
        "orders": rows[: paper.MOST],
        "more": len(rows) > paper.MOST,
        "pieces": sum(order.quantity for order in rows[: paper.MOST]),
        "printed_at": timezone.now(),
    }
    return render(request, "exchange/paper.html", context)


def _day(text: str):
    try:
        return parse_date(text)
    except ValueError:
        return None


@allowed(who.SERVE)
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request, pk):
    """Tick what was handed over; each for itself, what could not be entered says why."""
    outlet = get_object_or_404(who.served_by(request.user), pk=pk)
    if request.method != "POST":
        return _page(request, outlet, HandedForm())
    form = HandedForm(request.POST)
    ticked = [int(n) for n in request.POST.getlist("order") if n.isdecimal() and len(n) < 18]
    if not ticked:
        form.add_error(None, _("没有勾选任何一单，请先勾选。"))
    left = []
    if form.is_valid():
        try:
            outcomes = paper.enter(outlet, ticked, at=form.cleaned_data["at"], by=request.user)
        except Refused as refused:
            form.refuse(refused, "at")
        else:
            left = [outcome for outcome in outcomes if outcome.why]
            if not outcomes:
                form.add_error(None, _("没有勾选这里的任何一单，请先勾选。"))
            if done := len(outcomes) - len(left):
                messages.success(request, _("已补录 %(n)d 单。") % {"n": done})
            if outcomes and not left:
                return redirect("exchange:paper_enter", pk)
    return _page(request, outlet, form, ticked=ticked, left=left, status=422)


def _page(request, outlet, form, *, ticked=(), left=(), status=200):
    rows = list(paper.open_codes(outlet)[: paper.MOST + 1])
    context = {
        "outlet": outlet,
        "form": form,
        "orders": rows[: paper.MOST],
        "more": len(rows) > paper.MOST,
        "ticked": set(ticked),
        "left": left,
    }
    return render(request, "exchange/paper_enter.html", context, status=status)
