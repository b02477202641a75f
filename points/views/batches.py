"""The months of a community, and the page on which one is dealt with, claim by claim or by group.

Everything is a form that works without scripts; ``static/js/deal.js`` adds keys, htmx saves the
journey. Decisions may be taken back until they are closed.
"""

from functools import cache

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orgs import access
from orgs.access import allowed, signed_in
from orgs.models import AreaLevel
from points import anomalies, batches, dealing, who
from points.models import Batch, BatchState, Claim, ClaimState, Decision
from points.rows import Rows
from points.staff_forms import CarryForm, CorrectForm, RefuseForm
from rules.refusals import Refused

MONTHS = 12
BELOW = (AreaLevel.GRID, AreaLevel.BUILDING)
MOST = 5000  # claims in one action
MOST_NAMED = 8
SHOWN = (ClaimState.NOTICED, ClaimState.OBJECTED)
S = BatchState
TONES = {
    S.COLLECTING: "plain",
    S.DECIDING: "warn",
    S.REVIEWING: "info",
    S.NOTICED: "info",
    S.OBJECTED: "warn",
    S.POSTING: "info",
    S.POSTED: "ok",
}
ROAD = (S.COLLECTING, S.DECIDING, S.REVIEWING, S.NOTICED, S.POSTING, S.POSTED)


def road_of(batch: Batch) -> dict:
    """The steps of a month and where this one stands, for ``{% steps %}``."""
    words = [_("收集"), _("审批"), _("审议"), _("公示"), _("入账")]
    state = S.NOTICED if batch.state == S.OBJECTED else batch.state
    at = len(words) + 1 if state == S.POSTED else ROAD.index(state) + 1
    return {"items": words, "at": at}


# --- the months ----------------------------------------------------------------------------------


@signed_in
@require_safe
def months(request):
    """The months of the person's communities, newest first, and how far each is.

    Members of a points group see those they were asked to review.
    """
    seats = list(who.seats_of(request.user))
    if not seats and not _reads_months(access.rights_of(request.user)):
        raise Http404
    reads = dealing.visible_to(request.user)
    asked = Q(area__in=seats) & ~Q(state__in=[S.COLLECTING, S.DECIDING])
    found = Batch.objects.filter(Q(pk__in=reads.values("pk")) | asked).select_related("area")
    found = found.order_by("-month", "area_path")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        last = get_object_or_404(found, pk=int(before))
        found = found.filter(
            Q(month__lt=last.month) | Q(month=last.month, area_path__gt=last.area_path)
        )
    rows = list(found[: MONTHS + 1])
    shown = rows[:MONTHS]
    counted = {
        row["batch"]: row
        for row in Claim.objects.filter(batch__in=[one.pk for one in shown])
        .order_by()
        .values("batch")
        .annotate(
            count=Count("pk"),
            undecided=Count("pk", filter=dealing.UNDECIDED),
            approved=Count("pk", filter=Q(decision=Decision.APPROVED)),
            granted=Sum("points", filter=Q(decision=Decision.APPROVED), default=0),
        )
    }
    context = {
        "rows": [
            {**counted.get(one.pk, {}), "batch": one, "tone": TONES[one.state]} for one in shown
        ],
        "many_places": len({one.area_id for one in shown}) > 1,
        "following": f"?before={shown[-1].pk}" if len(rows) > MONTHS else "",
    }
    return render(request, "points/batches.html", context)


def _reads_months(rights) -> bool:
    """Over a community or more; who works one grid meets the certifying queue instead."""
    paths = {*rights.area_paths(who.DECIDE), *rights.area_paths(who.VIEW)}
    return any(rights.level_of(path) not in BELOW for path in paths)


# --- one month -----------------------------------------------------------------------------------


def _batch(request, pk: int) -> Batch:
    """The batch, if the person may read it; its secretary has ``decides``."""
    batch = dealing.read_by(request.user, pk)
    if batch is None:
        raise Http404
    batch.decides = who.over_batch(batch, request.user)
    return batch


@signed_in
@require_safe
def batch(request, pk):
    """For who decides or reads; a member of the points group is led to the review."""
    try:
        found = _batch(request, pk)
    except Http404:
        if who.seats_of(request.user):
            return redirect("points:review", pk)
        raise
    return _page(request, found)


def _page(
    request,
    batch: Batch,
    *,
    form: RefuseForm | None = None,
    correct: CorrectForm | None = None,
    picked=(),
    refusal: str = "",
    status: int = 200,
):
    filters = dealing.Filters.read(request.GET)
    found = anomalies.of_batch(batch)
    shown = dealing.overview(batch, filters, found)
    dealing.open_groups(shown, request.GET.get("open", ""))
    picked = {*picked, *_numbers(request.GET.getlist("pick"))}
    after = _number(request.GET.get("after", ""))
    following = dealing.fill(batch, shown, filters, found, after=after)
    takes = batch.decides and batch.takes_decisions
    corrects = batch.decides and batch.state == S.OBJECTED
    ending = batches.ending(batch, by=request.user) if batch.decides else None
    query, here = filters.query, request.GET.urlencode()
    stem = f"{query}&" if query else ""
    draw = Rows(batch, found, request.user, takes, corrects, picked, here, stem)
    for rule in shown.rules:
        rule.head = draw.head(rule, is_alone=len(shown.rules) == 1)
        for group in rule.groups:
            group.rows = [draw(claim, group.key) for claim in group.claims]
    context = {
        "batch": batch,
        "tone": TONES[batch.state],
        "road": road_of(batch),
        "filters": filters,
        "query": query,
        "stem": stem,
        "here": here,
        "options": _options(filters, shown),
        "shown": shown,
        "totals": shown.totals,
        "budget": _budget(batch, shown.totals) if batch.takes_decisions else {},
        "flagged": len(found),
        "takes": takes,
        "refuse_fields": _fields(form) if takes else "",
        "refusing": form is not None or "refuse" in request.GET,
        "may_correct": corrects,
        "may_contest": corrects and shown.count and filters.show != "contested",
        "correct": correct,
        "correcting": _correcting(request, batch) if corrects or correct else None,
        "chosen": sorted(picked)[:MOST_NAMED] if len(picked) <= MOST_NAMED else [],
        "following": _address(request, after=following) if following else "",
        "first_page": _address(request, after="") if request.GET.get("after") else "",
        "last": _last(request, batch) if takes else [],
        "refusal": refusal,
        "next": _next(batch, shown.totals, ending),
        "ending": ending,
    }
    if corrects and context["correcting"] and correct is None:
        context["correct"] = CorrectForm()
    return render(request, "points/batch.html", context, status=status)


def _correcting(request, batch: Batch) -> Claim | None:
    """The claim that the address asks to correct, if it can be."""
    if not (number := _number(request.GET.get("correct", ""))):
        return None
    claims = batch.claims.filter(state__in=SHOWN).select_related("person", "rule_version")
    return claims.filter(pk=number).first()


def _fields(form: RefuseForm | None) -> SafeString:
    """Reason and words for a refusal; ``None``: nobody has begun one."""
    if form is None:
        return _empty_fields(get_language())
    return render_to_string("points/parts/refuse_fields.html", {"form": form})


@cache
def _empty_fields(language: str) -> SafeString:
    """The same for everybody, so drawn once."""
    return _fields(RefuseForm())


SELECTED = SafeString(" selected")


def _options(filters: dealing.Filters, shown: dealing.Overview) -> dict[str, SafeString]:
    """What each list of the filters offers."""
    show = {"undecided": _("待审批"), "approved": _("同意"), "refused": _("不同意")}
    if shown.totals.contested or filters.show == "contested":
        show["contested"] = _("有异议")
    flags = {"any": _("有提示"), **anomalies.CODES, "none": _("没有提示")}
    offered = {
        "rule": shown.rule_choices,
        "grid": shown.grid_choices,
        "source": dealing.sources(),
        "flag": flags.items(),
        "show": show.items(),
    }
    return {
        name: format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (value, SELECTED if value == getattr(filters, name) else "", words)
                for value, words in pairs
            ),
        )
        for name, pairs in offered.items()
    }


def _budget(batch: Batch, totals) -> dict:
    left = batch.left
    return {"left": left, "short": max(totals.points - left, 0)}


def _next(batch: Batch, totals, ending: batches.Ending | None) -> str:
    """What is to be done now, in one sentence."""
    match batch.state:
        case S.NOTICED | S.OBJECTED if ending is not None and not ending.against:
            return _("公示已期满，可以结束公示，开始入账。")
        case S.COLLECTING:
            return _("认证仍在进行，已认证的可以先审批；收集结束后不再加入新的申报。")
        case S.DECIDING if totals.undecided:
            return _("逐组审批，先看有提示的；没有提示的可以整组同意。")
        case S.DECIDING:
            return _("全部审批完了，可以结束审批，提交积分小组审议。")
        case S.REVIEWING:
            return _("积分小组正在审议，签够后公示。")
        case S.NOTICED:
            return _("名单正在公示，期满没有异议即入账。")
        case S.OBJECTED:
            return _("公示收到异议：核对有异议的各项，需要更正的在这里更正，再答复异议。")
        case S.POSTING:
            return batch.problem or _("公示已结束，正在入账。")
        case S.POSTED:
            return _("这一批已经办完。")
    return ""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _numbers(texts) -> list[int]:
    return [number for number in map(_number, texts[:MOST]) if number]


def _address(request, **changes) -> str:
    query = request.GET.copy()
    for name in ("pick", "refuse", "correct"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


# --- deciding ------------------------------------------------------------------------------------

ONE = {"approve", "undo"}


@allowed(who.DECIDE)
@require_POST
def decide(request, pk):
    """The pressed button: for one row, for what is ticked, for a group, or back again."""
    batch = _batch(request, pk)
    if not batch.decides:
        raise Http404
    verb, chosen = _asked(request, batch)
    form = RefuseForm(request.POST) if verb == "refuse" else None
    if verb == "carry":
        form = CarryForm(request.POST)
    if not chosen:
        return _page(request, batch, form=_kept(request, verb), refusal=_none(), status=422)
    changed = dealing.changed_since(chosen, _number(request.POST.get("seen", "")), request.user)
    ready = [number for number in chosen if number not in changed]
    refusal = _said(changed)
    if form is not None and not form.is_valid():
        kept = form if verb == "refuse" else _kept(request, verb, error=True)
        return _page(request, batch, form=kept, picked=chosen, status=422)
    if not ready:
        return _page(request, batch, form=_kept(request, verb), refusal=refusal, status=422)
    try:
        done, aside = _do(batch, verb, ready, form, request.user)
    except Refused as refused:
        batch = _batch(request, pk)
        kept = _kept(request, verb)
        return _page(request, batch, form=kept, picked=chosen, refusal=str(refused), status=422)
    _tell(request, verb, done, aside, refusal)
    if verb in {"approve", "refuse"} and done:
        request.session[_session_key(batch)] = done
    else:
        request.session.pop(_session_key(batch), None)
    return redirect(_back(request, batch))


def _asked(request, batch: Batch) -> tuple[str, list[int]]:
    """The verb and the claims it is for. Only claims of this batch, whatever was sent."""
    post = request.POST
    if one := post.get("one"):
        verb, _colon, number = one.partition(":")
        if verb not in ONE:
            raise Http404
        wanted = batch.claims.filter(pk=_number(number))
    elif group := post.get("all"):
        verb, wanted = "approve", _clean(request, batch, group)
    elif "last" in post:
        verb = "undo"
        wanted = batch.claims.filter(pk__in=_last(request, batch))
    else:
        verb = post.get("verb", "")
        if verb not in {"approve", "refuse", "undo", "carry"}:
            raise Http404
        wanted = batch.claims.filter(pk__in=_numbers(post.getlist("claim")))
        for key in post.getlist("group")[:200]:
            wanted |= _matching(request, batch, key).filter(dealing.UNDECIDED)
    return verb, list(wanted.order_by("pk").values_list("pk", flat=True)[:MOST])


def _matching(request, batch: Batch, key: str, *, anew: bool = False):
    """Of a group, what the filters of the page show."""
    found = anomalies.of_batch(batch, anew=anew)
    return dealing.in_group(batch, key, dealing.Filters.read(request.GET), found)


def _clean(request, batch: Batch, key: str):
    """Of a group, what is undecided and without a flag, looked through anew."""
    matching = _matching(request, batch, key, anew=True)
    return matching.filter(dealing.UNDECIDED).exclude(pk__in=list(anomalies.of_batch(batch)))


def _do(batch, verb, ready, form, person) -> tuple[list[int], list[tuple[int, str]]]:
    if verb == "carry":
        batches.carry(batch, ready, by=person, **form.cleaned_data)
        anomalies.forget(batch)
        return ready, []
    given = form.cleaned_data if form is not None else {}
    decided = getattr(batches, verb)(batch, ready, by=person, **given)
    return decided.done, decided.aside


def _kept(request, verb: str, *, error: bool = False) -> RefuseForm | None:
    """What was written stays, unbound where nothing of it was wrong."""
    if verb not in {"refuse", "carry"}:
        return None
    if error:
        form = RefuseForm(request.POST)
        form.errors.pop("refusal_code", None)
        return form
    return RefuseForm(
        initial={name: request.POST.get(name, "") for name in ("refusal_code", "reason")}
    )


def _none() -> str:
    return _("没有选中任何一项。请先勾选，或在某一项上直接审批。")


def _said(changed) -> str:
    """What others did meanwhile, by number."""
    if not changed:
        return ""
    lines = [
        _("编号%(n)d：%(who)s已“%(what)s”")
        % {"n": pk, "who": step.actor or _("系统"), "what": _verb_words(step.verb)}
        for pk, step in list(changed.items())[:5]
    ]
    text = _("页面打开后有 %(count)d 项已由他人办理，没有改动（%(lines)s）。")
    return text % {"count": len(changed), "lines": "；".join(lines)}


def _verb_words(verb: str) -> str:
    from points.flow import flow

    return next((row.text for row in flow.transitions if row.verb == verb), verb)


def _tell(request, verb, done, aside, refusal) -> None:
    words = {
        "approve": _("已同意 %(count)d 项。"),
        "refuse": _("已定为不同意 %(count)d 项，结束审批后通知申报人。"),
        "undo": _("已撤销 %(count)d 项审批。"),
        "carry": _("已转入下一批 %(count)d 项。"),
    }
    if done:
        messages.success(request, words[verb] % {"count": len(done)})
    elif not aside:
        messages.info(request, _("这些项已经是这样，没有改动。"))
    if aside:
        text = ngettext(
            "有 %(count)d 项须由他人办理：编号%(n)d，%(why)s",
            "有 %(count)d 项须由他人办理，如编号%(n)d：%(why)s",
            len(aside),
        )
        number, why = aside[0]
        messages.warning(request, text % {"count": len(aside), "n": number, "why": why})
    if refusal:
        messages.warning(request, refusal)


def _session_key(batch: Batch) -> str:
    return f"points-batch-{batch.pk}"


def _last(request, batch: Batch) -> list[int]:
    """What this person decided last on this page, to take it back."""
    return request.session.get(_session_key(batch), [])


def _back(request, batch: Batch) -> str:
    return reverse("points:batch", args=[batch.pk]) + _address(request)


# --- the batch as a whole ------------------------------------------------------------------------


@allowed(who.DECIDE)
@require_POST
def advance(request, pk):
    """Start, close; after the notice, end it. What is refused is said on the same page."""
    batch = _batch(request, pk)
    if not batch.decides:
        raise Http404
    verb, after = request.POST.get("verb", ""), _number(request.POST.get("after", ""))
    try:
        match verb:
            case "decide":
                batches.flow.advance(batch, "decide", by=request.user, after=after)
                messages.success(request, _("已结束收集，开始审批。"))
            case "close_decisions":
                batches.close_decisions(batch, by=request.user, after=after)
                request.session.pop(_session_key(batch), None)
                messages.success(request, _("审批已结束，不通过的已通知申报人。"))
                if batch.state == S.REVIEWING:
                    return redirect("points:review", batch.pk)
            case "close_notice" if batch.notice is not None:
                batches.close_notice(batch, by=request.user)
                messages.success(request, _("公示已结束，正在入账。"))
            case _:
                raise Http404
    except Refused as refused:
        return _page(request, _batch(request, pk), refusal=str(refused), status=422)
    return redirect("points:batch", batch.pk)


@allowed(who.DECIDE)
@require_POST
def contest(request, pk):
    """Mark what is ticked as met by an objection."""
    batch = _batch(request, pk)
    if not batch.decides:
        raise Http404
    try:
        count = batches.contest(batch, _numbers(request.POST.getlist("claim")), by=request.user)
    except Refused as refused:
        return _page(request, _batch(request, pk), refusal=str(refused), status=422)
    if not count:
        return _page(request, batch, refusal=_none(), status=422)
    messages.success(request, _("已列为有异议 %(count)d 项。") % {"count": count})
    return redirect(_back(request, batch))


@allowed(who.DECIDE)
@require_POST
def correct(request, pk, number):
    """After an objection: fewer points for one claim, or none."""
    batch = _batch(request, pk)
    if not batch.decides:
        raise Http404
    claim = get_object_or_404(batch.claims.filter(state__in=SHOWN), pk=number)
    form = CorrectForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        what = (
            {"points": given["points"]}
            if given["outcome"] == "points"
            else {"refusal_code": given["refusal_code"]}
        )
        try:
            batches.correct(claim, by=request.user, reason=given["reason"], **what)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("编号%(n)d 已更正，已通知本人。") % {"n": number})
            return redirect(_back(request, batch))
    request.GET = request.GET.copy()
    request.GET["correct"] = str(number)
    return _page(request, _batch(request, pk), correct=form, status=422)
