"""``/exchange/settlements/``: months with merchants, read by both sides, each with its buttons."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exchange import settled, settlement, settlement_files, settlement_forms, who
from exchange import settlement_pages as pages
from exchange.models import LineState, Order, SettlementState
from exchange.settlement_flow import flow
from orgs import access
from orgs.access import allowed
from points.models import Transfer
from points.statements import read_month
from rules.refusals import Refused
from ui import papers

FORM = ["GET", "HEAD", "POST"]
READERS = (*pages.STAFF, who.SERVE)
DONE = {
    "confirm": gettext_lazy("已核对。"),
    "miss": gettext_lazy("已记下，街道会答复。"),
    "submit": gettext_lazy("已提交，等另一人批准。"),
    "approve": gettext_lazy("已批准，积分已从商家账户转出。"),
    "send_back": gettext_lazy("已退回经办人。"),
    "pay": gettext_lazy("已登记付款。"),
    "correct": gettext_lazy("已更正，原来的登记留在经过里。"),
}


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _address(request, **changes) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}"


# --- the list ------------------------------------------------------------------------------------


@allowed(*READERS)
@require_safe
def index(request):
    person = request.user
    rows = pages.readable(person)
    choices = pages.counts(rows)
    state, month = request.GET.get("state", ""), read_month(request.GET.get("month", ""))
    if state in SettlementState.values:
        rows = rows.filter(state=state)
    if month:
        rows = rows.filter(month=month)
    at, _dash, pk = request.GET.get("after", "").partition(".")
    if (last := read_month(at)) and number(pk):
        rows = rows.filter(month__lt=last) | rows.filter(month=last, pk__lt=number(pk))
    found = list(pages.listed(rows)[: pages.PAGE + 1])
    more, found = len(found) > pages.PAGE, [pages.dress(row) for row in found[: pages.PAGE]]
    following = ""
    if more:
        following = _address(request, after=f"{found[-1].month:%Y-%m}.{found[-1].pk}")
    rights = access.rights_of(person)
    context = {
        "rows": found,
        "choices": choices,
        "state": state,
        "month": month,
        "following": following,
        "is_staff": rights.has_any(*pages.STAFF),
        "may_draw": rights.has(who.SETTLE),
    }
    return render(request, "exchange/settlements.html", context)


@allowed(who.SETTLE)
@require_POST
def draw(request):
    """What the beat does on the first of a month, at once."""
    paths = access.rights_of(request.user).area_paths(who.SETTLE)
    drawn = sum(settlement.draw_up_due(path=path, by=request.user) for path in paths)
    text = _("没有需要生成的结算单。")
    if drawn:
        text = _("已生成 %(count)d 张结算单，并通知了商家。") % {"count": drawn}
    messages.success(request, text)
    return redirect("exchange:settlements")


# --- one month of one merchant -------------------------------------------------------------------


@allowed(*READERS)
@require_http_methods(FORM)
def detail(request, pk):
    found = get_object_or_404(pages.readable(request.user), pk=pk)
    if request.method == "POST":
        return _act(request, found)
    return _detail(request, found)


def _act(request, found):
    """One of the buttons, under its verb's name."""
    verb = request.POST.get("verb", "")
    if verb not in settlement_forms.OF_SETTLEMENT:
        raise Http404
    form = settlement_forms.OF_SETTLEMENT[verb](request.POST, prefix=verb)
    if form.is_valid():
        try:
            flow.advance(found, verb, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, DONE[verb])
            return redirect(found)
        found.refresh_from_db()
    return _detail(request, found, bound={verb: form}, status=422)


def _detail(request, found, *, bound=None, no_font=False, status=200):
    person, bound = request.user, bound or {}
    staff = pages.is_staff(found, person)
    said = settled.totals(found)
    checks = settled.checks(found) if staff else []
    page = pages.lines(
        found,
        only=request.GET.get("only", ""),
        payer=number(request.GET.get("payer", "")) if staff else 0,
        books=number(request.GET.get("books", "")) if staff else 0,
        after=number(request.GET.get("after", "")),
    )
    verbs = {row.verb for row in flow.available(found, person)}
    steps = pages.history(found, first=_("生成结算单"), names=staff)
    after = steps[-1].pk if steps else None
    forms = {
        verb: bound.get(verb)
        or form(prefix=verb, initial=settlement_forms.first_values(verb, found, after=after))
        for verb, form in settlement_forms.OF_SETTLEMENT.items()
        if verb in verbs
    }
    refused = next((form for verb, form in bound.items() if verb not in forms), None)
    own = found.submitted_by_id == person.pk
    context = {
        "settlement": found,
        "tone": pages.TONES[found.state],
        "staff": staff,
        "said": said,
        "checks": checks,
        "fits": settled.adds_up(found, checks, said),
        "page": page,
        "only": request.GET.get("only", ""),
        "following": _address(request, after=page.following) if page.following else "",
        "omissions": list(found.omissions.select_related("line")[: pages.LINES]),
        "may_answer": "answer" in verbs,
        "forms": forms,
        "own": own and found.state == SettlementState.SUBMITTED and "approve" in forms,
        "refusal": " ".join(refused.non_field_errors()) if refused else "",
        "steps": steps,
        "exports": pages.exports(found) if staff else [],
        "no_font": no_font,
    }
    if context["own"]:
        forms.pop("approve")
    return render(request, "exchange/settlement.html", context, status=status)


# --- one line ------------------------------------------------------------------------------------

_ALONG = (
    *("order__offer__item", "order__offer__outlet", "order__hold", "order__ending"),
    *("payer", "books", "disputed_by", "answered_by", "reversed_by"),
)
_FREE = {LineState.OK, LineState.UPHELD}


@allowed(*READERS)
@require_http_methods(FORM)
def line(request, pk, line):
    """One order in a settlement, down to its transfers; what may be said about it."""
    found = get_object_or_404(pages.readable(request.user), pk=pk)
    row = get_object_or_404(found.lines.select_related(*_ALONG), pk=line)
    if request.method == "POST":
        return _act_on_line(request, found, row)
    return _line(request, found, row)


def _forms_of_line(found, row, person) -> dict:
    """Button's name → (form class, its verbs); by what the line is, and who looks."""
    verbs = {each.verb for each in flow.available(found, person)}
    forms = {}
    if "dispute" in verbs and row.state in _FREE:
        forms["dispute"] = settlement_forms.DisputeForm
    if "undispute" in verbs and row.state == LineState.DISPUTED:
        forms["undispute"] = settlement_forms.Nothing
    if "question" in verbs and row.state in _FREE:
        forms["question"] = settlement_forms.QuestionForm
    if "uphold" in verbs and row.state == LineState.DISPUTED:
        forms["answer"] = settlement_forms.AnswerForm
    if "reverse" in verbs and row.state == LineState.REVERSING:
        forms["judge"] = settlement_forms.ReversalForm
    return forms


_LINE_FORMS = {
    "dispute": settlement_forms.DisputeForm,
    "undispute": settlement_forms.Nothing,
    "question": settlement_forms.QuestionForm,
    "answer": settlement_forms.AnswerForm,
    "judge": settlement_forms.ReversalForm,
}


def _act_on_line(request, found, row):
    name = request.POST.get("verb", "")
    if name not in _LINE_FORMS:
        raise Http404
    form = _LINE_FORMS[name](request.POST, prefix=name)
    if form.is_valid():
        given = dict(form.cleaned_data)
        verb = given.pop("outcome", name)
        try:
            flow.advance(found, verb, by=request.user, line=row, **given)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已记下。"))
            return redirect(found)
        row.refresh_from_db()
    return _line(request, found, row, bound={name: form}, status=422)


def _line(request, found, row, *, bound=None, status=200):
    bound = bound or {}
    staff = pages.is_staff(found, request.user)
    classes = _forms_of_line(found, row, request.user)
    own = row.answered_by_id == request.user.pk and "judge" in classes
    if own:
        classes.pop("judge")
    forms = {name: bound.get(name) or form(prefix=name) for name, form in classes.items()}
    refused = next((form for name, form in bound.items() if name not in forms), None)
    context = {
        "settlement": found,
        "line": pages.dress_line(row, found),
        "staff": staff,
        "transfers": _transfers(found, row) if staff else [],
        "forms": forms,
        "own": own,
        "refusal": " ".join(refused.non_field_errors()) if refused else "",
    }
    return render(request, "exchange/settlement_line.html", context, status=status)


def _transfers(found, row) -> list[Transfer]:
    """The promise, its payment, what went back, and what the settlement moved with it."""
    order: Order = row.order
    of_order = Transfer.objects.filter(pk__in=[order.hold_id, order.ending_id])
    back = Transfer.objects.filter(reversal_of=order.ending_id)
    settle = Transfer.objects.filter(
        community=row.payer_id, key=f"settle:{found.pk}:{row.payer_id}"
    )
    rows = of_order | back
    if row.is_counted:
        rows = rows | settle
    return list(rows.order_by("pk"))


@allowed(who.SETTLE)
@require_http_methods(FORM)
def omission(request, pk, omission):
    """What the merchant misses, and what is said to it."""
    found = get_object_or_404(
        access.scope(pages.readable(request.user), request.user, who.SETTLE), pk=pk
    )
    row = get_object_or_404(found.omissions.select_related("line"), pk=omission)
    form = settlement_forms.OmissionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            settlement.answer(row, by=request.user, **given)
        except Refused as refused:
            form.refuse(refused)
            row.refresh_from_db()
        else:
            messages.success(request, _("已答复。"))
            return redirect(found)
    may_answer = not row.answer and found.state == SettlementState.DISPUTED
    context = {"settlement": found, "omission": row, "form": form, "may_answer": may_answer}
    status = 422 if form.errors else 200
    return render(request, "exchange/settlement_omission.html", context, status=status)


# --- files ---------------------------------------------------------------------------------------


@allowed(*READERS)
@require_safe
def excel(request, pk):
    found = get_object_or_404(pages.readable(request.user), pk=pk)
    lines = settlement_files.lines_of(found)
    settlement_files.note(request.user, "xlsx", len(lines), settlement=found)
    return as_file(
        settlement_files.excel(found, lines), settlement_files.XLSX, f"{_name(found)}.xlsx"
    )


@allowed(*READERS)
@require_safe
def pdf(request, pk):
    """On A4, to be signed. Where no Chinese font is installed, the page itself can be printed."""
    found = get_object_or_404(pages.readable(request.user), pk=pk)
    lines = settlement_files.lines_of(found)
    try:
        paper = papers.write("exchange/papers/settlement.typ", settlement_files.paper(found, lines))
    except papers.NoChineseFont:
        return _detail(request, found, no_font=True, status=422)
    settlement_files.note(request.user, "pdf", len(lines), settlement=found)
    return as_file(paper, "application/pdf", f"{_name(found)}.pdf")


def _name(found) -> str:
    return f"settlement-{found.month:%Y-%m}-{found.pk}"


def as_file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
