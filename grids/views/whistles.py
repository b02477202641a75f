"""吹哨报到: its page with the buttons of each person, its list, and who did not answer."""

import csv

from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from grids import whistle_pages, whistles
from grids.models import Issue, Whistle
from grids.whistle_forms import FORMS, AskForm
from orgs import access
from orgs.access import allowed, signed_in
from rules.refusals import Refused
from rules.workflow import Missing

MOST = 100


# --- one whistle ---------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def whistle(request, number):
    """For who works on it; the operator also finds here how to ask for one."""
    found = get_object_or_404(
        Issue.objects.select_related("category", "area", "lead"), number=number
    )
    person = request.user
    there = whistles.of_issue(found)
    current = there[0] if there else None
    asks = (current is None or not current.is_open) and whistle_pages.may_ask(found, person)
    seen = current is not None and whistles.sees(current, person)
    if not (asks or seen):
        raise Http404
    if request.method == "POST":
        return _advance(request, found, current, asks=asks)
    return _page(request, found, there, asks=asks)


def _page(request, found, there, *, asks, bound=None, refusal="", status=200):
    context = whistle_pages.context(found, there, request.user, asks=asks, bound=bound)
    return render(request, "grids/whistle.html", {**context, "refusal": refusal}, status=status)


def _advance(request, found, current, *, asks):
    """Carry out the verb of the pressed button, or say on the same page why not."""
    verb = request.POST.get("verb", "")
    form_class = FORMS.get(verb)
    fresh = form_class is AskForm and asks
    if form_class is None or (current is None and not fresh):
        raise Http404
    call = None if fresh else _call(current, request.POST.get("call", ""))
    form = form_class(request.POST, issue=found, whistle=None if fresh else current, call=call)
    refusal = ""
    if form.is_valid():
        after = None if fresh else _number(request.POST.get("after", ""))
        try:
            if verb == "ask":
                whistles.ask(found, by=request.user, after=after, **form.given)
            else:
                whistles.advance(current, verb, by=request.user, after=after, **form.given)
        except Missing as missing:
            for name, label in missing.fields.items():
                text = _("请填写：%(names)s") % {"names": label}
                form.add_error(name if name in form.fields else None, text)
        except Refused as refused:
            refusal = str(refused)
        else:
            return redirect(f"{found.get_absolute_url()}whistle/")
    found.refresh_from_db()
    there = whistles.of_issue(found)
    asks = asks and not any(whistle.is_open for whistle in there)  # somebody was faster
    return _page(request, found, there, asks=asks, bound=form, refusal=refusal, status=422)


def _call(current, text):
    """The call of the form; None where the form is about none, 404 where it is not of this one."""
    pk = _number(text)
    if pk is None:
        return None
    for call in current.standing():
        if call.pk == pk:
            return call
    raise Http404


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# --- lists ---------------------------------------------------------------------------------------


@allowed("grids.view_issue", "grids.handle_issue", "grids.ask_whistle", "grids.approve_whistle")
@require_safe
def whistle_list(request):
    """Those in reach: open ones by deadline, or all, the newest first."""
    shows_all = request.GET.get("show") == "all"
    found = Whistle.objects.seen_by(request.user)
    if shows_all:
        found = found.order_by("-opened_at", "-pk")
    else:
        found = found.open().order_by(F("due_at").asc(nulls_last=True), "pk")
    rows = whistle_pages.rows(found[: MOST + 1])
    context = {
        "rows": rows[:MOST],
        "more": len(rows) > MOST,
        "count": len(rows[:MOST]),
        "shows_all": shows_all,
        "figures": whistle_pages.figures(request.user),
        "may_export": access.rights_of(request.user).has("grids.watch_whistle"),
    }
    return render(request, "grids/whistles.html", context)


@allowed("grids.watch_whistle")
@require_safe
def unanswered(request):
    """Departments that did not report in within the term, for the district's platform."""
    now = timezone.now()
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="unanswered-{now:%Y%m%d}.csv"'
    answer.write("\ufeff")  # spreadsheets read UTF-8 only with this mark
    writer = csv.writer(answer)
    writer.writerow(_columns())
    for row in whistle_pages.unanswered_rows(request.user, now):
        writer.writerow([_cell(value) for value in row])
    return answer


def _columns() -> list[str]:
    return [
        _("事项编号"),
        _("类别"),
        _("街道"),
        _("社区"),
        _("部门"),
        _("牵头"),
        _("场景"),
        _("呼叫时间"),
        _("应报到时间"),
        _("实际报到时间"),
        _("报到人"),
    ]


def _cell(value) -> str:
    """A spreadsheet takes what begins like a formula for one."""
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
