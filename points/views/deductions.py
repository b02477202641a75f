"""``/points/deductions/``: reported, established, heard, decided, judged; each by another person.

Nobody but the one concerned and those who work on it finds these pages.
"""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orgs import access
from orgs.access import allowed, signed_in
from orgs.uploads import writing
from points import deduction_desk as desk
from points import deductions, evidence, terms, who
from points.deduction_forms import (
    AnswerForm,
    AppealForm,
    DecideForm,
    DropForm,
    FactForm,
    HearForm,
    JudgeForm,
    ReportForm,
)
from points.models import DeductionState
from rules import clocks
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
D = DeductionState


@signed_in
@require_safe
def deduction_list(request):
    """The person's own; for staff what waits for them and what is on its way, by deadline."""
    person = request.user
    rights = access.rights_of(person)
    works = rights.has_any(*desk.STAFF_RIGHTS)
    show = request.GET.get("show", "")
    show = show if show in {"open", "done"} else ""
    page = _page(request.GET.get("page", ""))
    lines, more = [], False
    if works:
        rows = {"": desk.waiting_rows, "open": desk.open_rows, "done": desk.done_rows}[show](person)
        first = (page - 1) * desk.PAGE
        found = list(rows[first : first + desk.PAGE + 1])
        more = len(found) > desk.PAGE
        lines = [desk.line_of(row) for row in found[: desk.PAGE]]
    context = {
        "works": works,
        "own": [desk.line_of(row, named=False) for row in desk.of_party(person)[: desk.PAGE]],
        "show": show,
        "heading": {"": _("等我办理"), "open": _("在办"), "done": _("已办结")}[show],
        "lines": lines,
        "previous": f"?show={show}&page={page - 1}" if page > 1 else "",
        "following": f"?show={show}&page={page + 1}" if more else "",
        "may_report": rights.has(who.REPORT),
    }
    return render(request, "points/deductions.html", context)


def _page(text: str) -> int:
    return min(max(int(text), 1), 500) if text.isascii() and text.isdigit() and text else 1


@allowed(who.REPORT)
@require_http_methods(FORM)
def report(request):
    """Report under one's own name; nothing is taken by it."""
    bound = request.POST if request.method == "POST" else None
    form = ReportForm(bound, person=request.user)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            found = deductions.report(
                form.chosen,
                person=form.party,
                happened_on=given["happened_on"],
                text=given["text"],
                by=request.user,
                claim=form.false_claim,
            )
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已报告，等待另一人认定事实。"))
            return redirect(found)
    status = 422 if form.errors else 200
    return render(request, "points/deduction_new.html", {"form": form}, status=status)


@signed_in
@require_http_methods(FORM)
def deduction(request, pk):
    """One deduction, as the reader may see it, with what they may do now."""
    rows = desk.visible_to(request.user).select_related(
        *("rule_version__rule", "person", "household__area", "community", "clock", "claim"),
        *("establisher", "hearer", "decider", "judge", "reporter"),
    )
    found = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        return _advance(request, found)
    return _page_of(request, found)


_FORMS = {
    "establish": FactForm,
    "answer": AnswerForm,
    "hear": HearForm,
    "decide": DecideForm,
    "drop": DropForm,
    "appeal": AppealForm,
    "judge": JudgeForm,
}


def _form(verb: str, found, person, *data):
    more = {}
    if verb == "establish":
        more = {"person": person}
    elif verb == "decide":
        more = {"most": deductions.most_points(found)}
    return _FORMS[verb](*data, prefix=verb, **more)


def _advance(request, found):
    """The pressed button's verb, or on the same page why not, with what was typed."""
    verb = request.POST.get("verb", "")
    if verb not in _FORMS:
        raise Http404
    form = _form(verb, found, request.user, request.POST, request.FILES)
    if form.is_valid():
        try:
            _do(verb, found, form, request.user)
        except Refused as refused:
            form.refuse(refused)
            found = get_object_or_404(desk.visible_to(request.user), pk=found.pk)
        else:
            done = {
                "establish": _("事实已录入，已通知当事人陈述意见。"),
                "answer": _("您的意见已收到。"),
                "hear": _("口头意见已录入，已告知当事人。"),
                "decide": _("决定已作出，已通知当事人。"),
                "drop": _("已结束，不扣减。"),
                "appeal": _("申诉已收到，将由另外的人复核。"),
                "judge": _("复核完成，已通知当事人。"),
            }
            messages.success(request, done[verb])
            return redirect(found)
    if verb == "establish":
        form.keep_drafts()
    return _page_of(request, found, tried=(verb, form), status=422)


def _do(verb: str, found, form, person) -> None:
    given = form.cleaned_data
    match verb:
        case "establish":
            with writing():
                documents = form.drafts + evidence.keep(
                    form.pictures.ready, draft_key=given["key"], by=person
                )
                deductions.establish(
                    found,
                    by=person,
                    basis=given["basis"],
                    issuer=given["issuer"],
                    document_number=given["document_number"],
                    documents=documents,
                )
        case "answer":
            deductions.answer(found, by=person, text=given["answer"])
        case "hear":
            deductions.hear(found, by=person, text=given["answer"], spoken_on=given["spoken_on"])
        case "decide":
            deductions.decide(found, by=person, reason=given["reason"], points=given["points"])
        case "drop":
            deductions.drop(found, by=person, reason=given["reason"])
        case "appeal":
            deductions.appeal(found, by=person, reason=given["reason"])
        case "judge":
            deductions.judge(found, by=person, stands=given["stands"], reason=given["reason"])


def _page_of(request, found, *, tried=None, status: int = 200):
    person = request.user
    seen = desk.seen_as(found, person)
    verbs, why = desk.offered(found, person)
    if {"uphold", "overrule"} & set(verbs):
        verbs = [verb for verb in verbs if verb not in {"uphold", "overrule"}] + ["judge"]
    forms = {verb: _form(verb, found, person) for verb in verbs}
    refusal, lost = "", ""
    if tried is not None:
        verb, form = tried
        if verb in forms:
            forms[verb] = form
        else:  # somebody was faster, or the term is over: what was typed is shown once more
            refusal = " ".join(form.non_field_errors()) or _("现在不能办理这一步。")
            words = (form.data.get(form.add_prefix(name), "") for name in ("answer", "reason"))
            lost = next(filter(None, words), "")
    sees_all = seen != desk.REPORTER
    due = found.clock.due_at if found.state in desk.WITH_TERM and found.clock else None
    context = {
        "deduction": found,
        "seen": seen,
        "is_party": seen == desk.PARTY,
        "sees_all": sees_all,
        "state": found.get_state_display(),
        "tone": desk.TONES[D(found.state)],
        "due": due,
        "forms": forms,
        "why": why if seen == desk.STAFF else [],
        "refusal": refusal,
        "lost": lost,
        "photos": list(found.evidence.all()) if sees_all else [],
        "steps": desk.step_words(found, seen=seen) if sees_all else [],
        "suspension": getattr(found, "suspension", None) if found.state == D.POSTED else None,
    }
    if seen == desk.PARTY:
        params = terms.at(found.community).params
        for term in ("hearing", "appeal"):
            context[term] = clocks.describe(params[term]["unit"], params[term]["amount"])
    name = "points/deduction_own.html" if seen == desk.PARTY else "points/deduction.html"
    return render(request, name, context, status=status)
