"""One notice: its page, the sheet for the door, its table as a file, and the objection box."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs import access
from orgs.access import public, signed_in
from publicity import listing, notices, reading, sheets, tables
from publicity.forms import ObjectionForm
from publicity.models import STAFF_RIGHTS, Notice, NoticeReads, NoticeState
from rules.refusals import Refused


def readable(request, pk: int) -> Notice:
    """The notice, if this reader may read it; 404 otherwise."""
    found = Notice.objects.readable_by(request.user)
    return get_object_or_404(found.select_related("area", "organization", "publisher"), pk=pk)


@public
@require_safe
def notice(request, pk):
    found = readable(request, pk)
    objections = list(found.objections.select_related("clock"))
    person, today = request.user, timezone.localdate()
    result, result_tone = listing.result_words(found, len(objections))
    context = {
        "notice": found,
        "kind": notices.kind_label(found.kind),
        "place": listing.place_names([found.area])[found.area_id],
        "state": listing.state_words(found, today),
        "tone": listing.TONES[NoticeState(found.state)],
        "result": result,
        "result_tone": result_tone,
        "days_left": listing.days_left(found, today),
        "answered": [row for row in objections if row.is_answered],
        "waiting": [row for row in objections if not row.is_answered],
        "mine": _own(objections, person),
        "entries": _entries(found),
        "takes_objections": found.takes_objections(on=today),
        "reads": reading.total(found),
        "now": timezone.now(),
        "works": person.is_authenticated and _works(found, person),
    }
    return render(request, "publicity/notice.html", context)


def _own(objections, person):
    return next((row for row in objections if row.objector_id == person.pk), None)


def _works(found: Notice, person) -> bool:
    rights = access.rights_of(person)
    return any(rights.may(right, area_path=found.area_path) for right in STAFF_RIGHTS[1:])


def _entries(found: Notice) -> list[dict]:
    """The history as everybody may read it: nobody's name but the body's."""
    words = {
        "publish": (_("发布公示"), "info"),
        "object": (_("收到一条异议"), "warn"),
        "answer": (_("答复一条异议"), "info"),
        "close": (_("公示结束"), "ok"),
        "expire": (_("期满无异议，公示结束"), "ok"),
        "withdraw": (_("撤回公示"), "plain"),
    }
    return [
        {"title": words[step.verb][0], "tone": words[step.verb][1], "at": step.at}
        | {"text": step.reason}
        for step in found.steps.all()
        if step.verb in words
    ]


@public
@require_safe
def sheet(request, pk):
    found = readable(request, pk)
    where = sheets.address(request, found.get_absolute_url())
    context = {
        "notice": found,
        "place": listing.place_names([found.area])[found.area_id],
        "address": where,
        "qr": sheets.qr_picture(where),
    }
    return render(request, "publicity/notice_sheet.html", context)


@public
@require_safe
def table(request, pk):
    found = readable(request, pk)
    return as_file(found.table, f"notice-{found.pk}.csv")


def as_file(rows: dict, name: str) -> HttpResponse:
    if not rows:
        raise Http404
    answer = HttpResponse(tables.write_csv(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@public
@require_POST
def read(request, pk):
    """The page says that a browser has shown it."""
    found = readable(request, pk)
    answer = HttpResponse(status=204)
    reading.count(request, answer, NoticeReads, found.pk)
    return answer


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def object_to(request, pk):
    """The objection box: one per resident of the place, while the window is open."""
    found = readable(request, pk)
    person = request.user
    form = ObjectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            notices.object(found, text=form.cleaned_data["text"], by=person)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("异议已收到，答复后会发消息给您。"))
            return redirect(f"{found.get_absolute_url()}#objections")
        found.refresh_from_db()
    row = notices.flow.transition("object", found.state)
    why_not = ""
    if not found.takes_objections():
        why_not = _("公示期已过，或公示已经结束，不能再提异议。")
    elif row is not None and (said := row.refuses(found, person)) is not None:
        why_not = said or _("您不能提出异议。")
    context = {"notice": found, "form": form, "why_not": why_not, "term": _term(found)}
    return render(request, "publicity/object.html", context, status=422 if form.errors else 200)


def _term(found: Notice) -> str:
    from rules import clocks

    term = found.rules["params"][found.answer_term]
    return clocks.describe(term["unit"], term["amount"])
