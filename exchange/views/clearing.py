"""``/exchange/clearing/``: what communities owe each other, month by month, down to settlements."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import clearing, settlement, settlement_files, settlement_forms, who
from exchange import settlement_pages as pages
from exchange.models import Clearing, ClearingState
from exchange.models.settlement import month_text
from exchange.views.settlement import as_file, number
from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points.statements import read_month
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
MOST_PLACES, SHOWN = 40, 24
TONES = {ClearingState.DRAWN: "warn", ClearingState.RETURNED: "bad", ClearingState.POSTED: "ok"}


def _readable(person):
    return access.scope(Clearing.objects.select_related("area"), person, *pages.STAFF)


def _place(request) -> tuple[Area, list[Area]]:
    """The subdistrict one looks at, and all one may look at. Strangers to all meet 404."""
    rows = Area.objects.open().filter(level=AreaLevel.SUBDISTRICT)
    rows = access.scope(rows, request.user, *pages.STAFF, path_field="path")
    places = list(rows.order_by("code")[:MOST_PLACES])
    chosen = number(request.GET.get("area", "") or request.POST.get("area", ""))
    for place in places:
        if place.pk == chosen or not chosen:
            return place, places
    raise Http404


@allowed(*pages.STAFF)
@require_http_methods(FORM)
def index(request):
    """Months that wait and what they lack; months that are cleared; and drawing one up."""
    area, places = _place(request)
    if request.method == "POST":
        month = read_month(request.POST.get("month", ""))
        if month is None:
            raise Http404
        try:
            found = clearing.draw_up(area, month, by=request.user)
        except Refused as refused:
            return _index(request, area, places, refusal=str(refused), status=422)
        messages.success(request, _("清算表已编制，等另一人批准。"))
        return redirect(found)
    return _index(request, area, places)


def _index(request, area, places, *, refusal="", status=200):
    now = timezone.now()
    rows = list(Clearing.objects.filter(area=area).order_by("-month"))
    due = list(settlement.due(now, path=area.path))
    months = clearing.open_months(area, cleared=[row.month for row in rows], due=due)
    waiting, missing, preview = None, [], []
    if months:
        waiting = months[0]
        missing = clearing.missing(area, waiting, due=due)
        preview = clearing.rows_of(area, waiting)
    for row in rows:
        row.tone = TONES[row.state]
    undone = any(row.state != ClearingState.POSTED for row in rows)
    context = {
        "area": area,
        "places": places,
        "rows": rows[:SHOWN],
        "waiting": waiting,
        "waiting_text": month_text(waiting) if waiting else "",
        "later": [month_text(month) for month in months[1:]],
        "missing": missing,
        "preview": preview,
        "sums": _sums(preview),
        "may_draw": waiting
        and not missing
        and not undone
        and access.rights_of(request.user).may(who.SETTLE, area_path=area.path),
        "undone": undone,
        "refusal": refusal,
    }
    return render(request, "exchange/clearing.html", context, status=status)


def _sums(rows) -> dict[str, int]:
    names = ("earned_from_elsewhere", "spent_elsewhere", "own", "net")
    return {name: sum(getattr(row, name) for row in rows) for name in names}


@allowed(*pages.STAFF)
@require_http_methods(FORM)
def detail(request, pk):
    found = get_object_or_404(_readable(request.user), pk=pk)
    if request.method != "POST":
        return _detail(request, found)
    verb = request.POST.get("verb", "")
    if verb not in settlement_forms.OF_CLEARING:
        raise Http404
    form = settlement_forms.OF_CLEARING[verb](request.POST, prefix=verb)
    if form.is_valid():
        try:
            clearing.flow.advance(found, verb, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            texts = {
                "approve": _("已批准，各社区之间的积分已清算入账。"),
                "send_back": _("已退回经办人。"),
                "hand_in": _("已重新提交，等另一人批准。"),
            }
            messages.success(request, texts[verb])
            return redirect(found)
        found.refresh_from_db()
    return _detail(request, found, bound={verb: form}, status=422)


def _detail(request, found, *, bound=None, status=200):
    person, bound = request.user, bound or {}
    rows = list(found.rows.select_related("community").order_by("community__code"))
    verbs = {row.verb for row in clearing.flow.available(found, person)}
    forms = {
        verb: bound.get(verb) or form(prefix=verb)
        for verb, form in settlement_forms.OF_CLEARING.items()
        if verb in verbs
    }
    refused = next((form for verb, form in bound.items() if verb not in forms), None)
    own = found.drawn_by_id == person.pk and "approve" in forms
    if own:
        forms.pop("approve")
    context = {
        "clearing": found,
        "tone": TONES[found.state],
        "rows": rows,
        "sums": _sums(rows),
        "forms": forms,
        "own": own,
        "refusal": " ".join(refused.non_field_errors()) if refused else "",
        "steps": pages.history(found, clearing.flow, first=_("编制清算表"), names=True),
        "exports": pages.exports(found),
    }
    return render(request, "exchange/clearing_month.html", context, status=status)


@allowed(*pages.STAFF)
@require_safe
def row(request, pk, community):
    """One community's row, opened down to the settlements it is made of."""
    found = get_object_or_404(_readable(request.user), pk=pk)
    line = get_object_or_404(found.rows.select_related("community"), community=community)
    parts = list(clearing.parts(found.area, found.month, line.community))
    context = {"clearing": found, "row": line, "parts": parts}
    return render(request, "exchange/clearing_row.html", context)


@allowed(*pages.STAFF)
@require_safe
def table(request, pk, format):
    found = get_object_or_404(_readable(request.user), pk=pk)
    name = f"clearing-{found.month:%Y-%m}-{found.pk}.{format}"
    settlement_files.note(request.user, format, found.rows.count(), clearing=found)
    if format == "csv":
        return as_file(settlement_files.clearing_csv(found), "text/csv; charset=utf-8", name)
    return as_file(settlement_files.clearing_excel(found), settlement_files.XLSX, name)
