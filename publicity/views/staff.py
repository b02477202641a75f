"""What those in charge do: publish by hand, answer, close, withdraw, correct, plan."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgs import access, deidentify
from orgs.access import allowed
from publicity import disclosures, listing, notices, periods
from publicity.forms import (
    AnswerForm,
    CloseForm,
    CorrectionForm,
    DisclosureForm,
    NoticeForm,
    ScheduleForm,
    WithdrawForm,
    WordsForm,
)
from publicity.models import Disclosure, Notice, Schedule
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]


# --- notices -------------------------------------------------------------------------------------


@allowed(notices.PUBLISH)
@require_http_methods(FORM)
def new_notice(request):
    """Publish a notice that no app stands behind."""
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = NoticeForm(*data, person=request.user)
    if form.is_bound and form.is_valid():
        try:
            found = form.publish()
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("公示已发布，可以打印楼栋张贴单。"))
            return redirect(found)
    status = 422 if form.errors else 200
    return render(request, "publicity/notice_new.html", {"form": form}, status=status)


@allowed(notices.PUBLISH, notices.ANSWER)
@require_http_methods(FORM)
def work(request, pk):
    """Objections to answer, and the end of the notice: whoever's it is, on one page."""
    found = get_object_or_404(
        access.scope(
            Notice.objects.select_related("area"), request.user, notices.PUBLISH, notices.ANSWER
        ),
        pk=pk,
    )
    if request.method == "POST":
        return _advance(request, found)
    return _work_page(request, found)


def _work_page(request, found: Notice, *, bound=None, refusal: str = "", status: int = 200):
    person = request.user
    bound = bound or {}
    rows = [notices.flow.transition(verb, found.state) for verb in ("close", "withdraw")]
    verbs = {row.verb for row in rows if row is not None and row.refuses(found, person) is None}
    sees = notices.sees_objectors(found, person)
    objections = list(found.objections.select_related("clock", "objector", "answerer"))
    waiting = [row for row in objections if not row.is_answered]
    is_over = timezone.localdate() > found.ends_on
    context = {
        "notice": found,
        "place": listing.place_names([found.area])[found.area_id],
        "state": listing.state_words(found, timezone.localdate()),
        "tone": listing.TONES[found.state],
        "sees": sees,
        "waiting": [(row, bound.get(("answer", row.pk)) or _answer_form(row)) for row in waiting]
        if sees
        else [],
        "waiting_count": len(waiting),
        "answered": [row for row in objections if row.is_answered],
        "close": bound.get("close") or (CloseForm() if "close" in verbs and is_over else None),
        "withdraw": bound.get("withdraw") or (WithdrawForm() if "withdraw" in verbs else None),
        "is_over": is_over,
        "last_step": notices.flow.last_step_id(found),
        "refusal": refusal,
        "now": timezone.now(),
    }
    return render(request, "publicity/work.html", context, status=status)


def _answer_form(objection, data=None) -> AnswerForm:
    initial = {"public_text": deidentify.mask(objection.text)}
    return AnswerForm(data, initial=initial, prefix=f"o{objection.pk}")


def _advance(request, found: Notice):
    """The pressed button's verb, or on the same page why not."""
    verb, person = request.POST.get("verb", ""), request.user
    seen = {"after": _number(request.POST.get("after", ""))}
    if verb == "answer":
        return _answer(request, found)
    form_class = {"close": CloseForm, "withdraw": WithdrawForm}.get(verb)
    if form_class is None:
        raise Http404
    form = form_class(request.POST)
    if form.is_valid():
        try:
            getattr(notices, verb)(found, by=person, **form.cleaned_data, **seen)
        except Refused as refused:
            form.refuse(refused)
        else:
            done = {"close": _("公示已结束。"), "withdraw": _("公示已撤回。")}
            messages.success(request, done[verb])
            return redirect(found)
    found.refresh_from_db()
    return _work_page(request, found, bound={verb: form}, status=422)


def _answer(request, found: Notice):
    number = _number(request.POST.get("objection", ""))
    if not notices.sees_objectors(found, request.user):
        raise Http404
    objection = get_object_or_404(found.objections.select_related("objector"), pk=number or 0)
    objection.notice = found
    form, refusal = _answer_form(objection, request.POST), ""
    if form.is_valid():
        try:
            notices.answer(objection, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
            found.refresh_from_db()
            refusal = str(refused) if objection.is_answered else ""
        else:
            messages.success(request, _("已答复，异议人会收到消息。"))
            return redirect("publicity:work", found.pk)
    found.refresh_from_db()
    bound = {("answer", objection.pk): form}
    return _work_page(request, found, bound=bound, refusal=refusal, status=422)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# --- disclosures ---------------------------------------------------------------------------------


def _mine(person):
    return access.scope(
        Disclosure.objects.select_related("area", "organization"), person, disclosures.PUBLISH
    )


@allowed(disclosures.PUBLISH)
@require_http_methods(FORM)
def new_disclosure(request):
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = DisclosureForm(*data, person=request.user)
    if form.is_bound and form.is_valid():
        try:
            found = form.publish()
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已公开。"))
            return redirect(found)
    status = 422 if form.errors else 200
    return render(request, "publicity/disclosure_new.html", {"form": form}, status=status)


@allowed(disclosures.PUBLISH)
@require_http_methods(FORM)
def publish_owed(request, pk):
    """Fulfil what a schedule owes."""
    found = get_object_or_404(_mine(request.user), pk=pk)
    if found.is_published:
        return redirect(found)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = WordsForm(*data, initial={"title": disclosures.name_of(found)})
    if form.is_bound and form.is_valid():
        try:
            found = disclosures.publish(
                kind=found.kind,
                area=found.area,
                organization=found.organization,
                period=found.period,
                by=request.user,
                **form.words,
            )
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已公开。"))
            return redirect(found)
    state, tone = listing.lateness_words(found, timezone.localdate())
    context = {
        "form": form,
        "disclosure": found,
        "name": disclosures.name_of(found),
        "state": state,
        "tone": tone,
        "is_automatic": found.kind not in {kind.code for kind in disclosures.kinds_by_hand()},
    }
    status = 422 if form.errors else 200
    return render(request, "publicity/disclosure_publish.html", context, status=status)


@allowed(disclosures.PUBLISH)
@require_http_methods(FORM)
def correct(request, pk):
    found = get_object_or_404(_mine(request.user).filter(published_at__isnull=False), pk=pk)
    initial = {
        "title": found.title,
        "text": found.text,
        "rows": _as_lines(found.table),
        "version": found.version,
    }
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = CorrectionForm(*data, initial=initial)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            disclosures.correct(
                found,
                what=given["what"],
                why=given["why"],
                seen_version=given["version"],
                by=request.user,
                **form.words,
            )
        except Refused as refused:
            form.refuse(refused)
            found.refresh_from_db()
        else:
            messages.success(request, _("已更正，原内容仍可查看。"))
            return redirect(found)
    status = 422 if form.errors else 200
    context = {"form": form, "disclosure": found}
    return render(request, "publicity/correct.html", context, status=status)


def _as_lines(table: dict) -> str:
    """As people paste it out of a spreadsheet: tabs between cells."""
    if not table:
        return ""
    return "\n".join("\t".join(row) for row in [table["columns"], *table["rows"]])


@allowed(disclosures.PUBLISH)
@require_http_methods(FORM)
def schedules(request):
    """What is owed regularly, and a new plan."""
    form = ScheduleForm(request.POST if request.method == "POST" else None, person=request.user)
    if form.is_bound and form.is_valid():
        try:
            form.schedule()
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("公开计划已保存，到期前会提醒。"))
            return redirect("publicity:schedules")
    plans = list(
        access.scope(Schedule.objects.filter(ends_on=None), request.user, disclosures.PUBLISH)
        .select_related("area", "organization")
        .order_by("area_path", "kind")[:200]
    )
    names = listing.place_names(plan.area for plan in plans)
    context = {
        "form": form,
        "plans": [
            (plan, disclosures.kind_label(plan.kind), names[plan.area_id], _when(plan))
            for plan in plans
        ],
    }
    status = 422 if form.errors else 200
    return render(request, "publicity/schedules.html", context, status=status)


def _when(plan: Schedule) -> str:
    if plan.due_on:
        return _("%(day)s 前") % {"day": periods.label(plan.due_on.isoformat())}
    return _("%(every)s，期满后 %(n)d 号前") % {
        "every": plan.get_every_display(),
        "n": plan.due_day,
    }


@allowed(disclosures.PUBLISH)
@require_POST
def stop_schedule(request, pk):
    plan = get_object_or_404(
        access.scope(Schedule.objects.select_related("area"), request.user, disclosures.PUBLISH),
        pk=pk,
    )
    disclosures.stop(plan, by=request.user)
    messages.success(request, _("已停止这项公开计划；已经到期的仍须公开。"))
    return redirect("publicity:schedules")
