"""``/exchange/public/``: the month's account for everybody, to read on the wall too."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from exchange import openness
from exchange.models.settlement import month_text
from exchange.settled import first_of, month_before
from orgs.access import public
from points.statements import read_month
from ui.charts import Point

MONTHS = 12


def _points(rows) -> list[Point]:
    """As columns, under names that fit below one; in the elder mode three letters do."""
    short = {_("捐进公益池"): _("捐公益"), _("到期没用"): _("过期"), openness.rest(): _("其他")}
    return [
        Point(name=short.get(name, name), value=int(points.replace(",", "")), text=points)
        for _part, name, points, _words in rows
    ]


@public
@require_safe
def public_account(request):
    """The last month that is over, unless another is asked for."""
    rows = openness.with_books()
    places = openness.places(rows)
    code = request.GET.get("area", "")
    area = next((row for row in places if row.code == code or not code), None)
    if code and area is None:
        raise Http404
    text = request.GET.get("month", "")
    today = timezone.localdate()
    month = read_month(text)
    is_wrong = bool(text) and month is None
    month = month or month_before(today)
    found = openness.read(area, month, rows) if area else None
    context = {
        "places": places,
        "area": area,
        "found": found,
        "month": month,
        "months": _months(today),
        "is_wrong": is_wrong,
        "is_running": month >= first_of(today),
        "points": _points(found.part(openness.WENT)) if found else [],
        "heads": (_("去向"), _("积分")),
    }
    return render(request, "exchange/public_account.html", context, status=422 if is_wrong else 200)


def _months(today) -> list[tuple[str, str]]:
    month, found = first_of(today), []
    for _n in range(MONTHS):
        found.append((f"{month:%Y-%m}", month_text(month)))
        month = month_before(month)
    return found
