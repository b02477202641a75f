"""``/exchange/cases/``: what the monitors noticed; ``/exchange/pool/``: spending the pool."""

from django.contrib import messages
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from exchange import cases, pool_requests
from exchange import settlement_pages as pages
from exchange.account_forms import Nothing, PoolForm, ReasonForm
from exchange.models import UNDER_WAY, CaseState, OrderState, PoolRequest, PoolState
from exchange.views.settlement import number
from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points.models import Account, AccountKind
from publicity.sheets import address, qr_picture
from publicity.words import masked_name
from rules.refusals import Refused

FORM = ["GET", "HEAD", "POST"]
PAGE, ORDERS = 30, 50
TONES = {
    CaseState.OPEN: "warn",
    CaseState.LOOKED_INTO: "info",
    CaseState.PROPOSED: "warn",
    CaseState.EXPLAINED: "ok",
    CaseState.CONFIRMED: "bad",
}
POOL_TONES = {
    PoolState.ASKED: "warn",
    PoolState.APPROVED: "ok",
    PoolState.REFUSED: "bad",
    PoolState.WITHDRAWN: "plain",
    PoolState.CANCELLED: "plain",
}


def _form(transition, *args):
    if "reason" in transition.fields:
        return ReasonForm(*args, prefix=transition.verb, label=transition.fields["reason"])
    return Nothing(*args, prefix=transition.verb)


def _forms(flow, record, person, bound):
    """(transition, form) of each button, and the words of what was refused without one."""
    shown = [(row, bound.get(row.verb) or _form(row)) for row in flow.available(record, person)]
    verbs = {row.verb for row, _form_ in shown}
    lost = next((form for verb, form in bound.items() if verb not in verbs), None)
    return shown, " ".join(lost.non_field_errors()) if lost else ""


def _act(request, flow, record):
    """Do what was pressed. (done, the form that was refused)."""
    verb = request.POST.get("verb", "")
    if verb not in flow.verbs:
        raise Http404
    transition = next(row for row in flow.transitions if row.verb == verb)
    form = _form(transition, request.POST)
    if form.is_valid():
        try:
            flow.advance(record, verb, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            return True, {}
    record.refresh_from_db()
    return False, {verb: form}


# --- cases ---------------------------------------------------------------------------------------


@allowed(cases.INVESTIGATE)
@require_safe
def case_list(request):
    """Under way by deadline; what is done the newest first."""
    rows = cases.seen_by(request.user).select_related("area", "outlet")
    state = request.GET.get("state", "")
    after = number(request.GET.get("after", ""))
    if state in {CaseState.EXPLAINED, CaseState.CONFIRMED}:
        rows = rows.filter(state=state).order_by("-pk")
        rows = rows.filter(pk__lt=after) if after else rows
    else:
        state = ""
        rows = rows.filter(state__in=UNDER_WAY).order_by("due_at", "pk")
        last = rows.filter(pk=after).first() if after else None
        if last is not None:
            rows = rows.filter(due_at__gte=last.due_at).exclude(due_at=last.due_at, pk__lte=last.pk)
    rows = list(rows[: PAGE + 1])
    now = timezone.now()
    for row in rows:
        row.tone, row.words = TONES[row.state], cases.words(row)
        row.is_late = row.ended_at is None and row.due_at < now
    following = ""
    if len(rows) > PAGE:
        following = f"?state={state}&after={rows[PAGE - 1].pk}"
    choices = [
        ("", _("在办")),
        *((value, CaseState(value).label) for value in ("explained", "confirmed")),
    ]
    context = {"rows": rows[:PAGE], "state": state, "choices": choices, "following": following}
    return render(request, "exchange/cases.html", context)


@allowed(cases.INVESTIGATE)
@require_http_methods(FORM)
def case(request, pk):
    rows = cases.seen_by(request.user)
    along = ("area", "outlet", "person", "server", "household__area")
    found = get_object_or_404(rows.select_related(*along), pk=pk)
    bound = {}
    if request.method == "POST":
        done, bound = _act(request, cases.flow, found)
        if done:
            messages.success(request, _("已记下。"))
            return redirect(found)
    forms, refusal = _forms(cases.flow, found, request.user, bound)
    behind = found.orders.select_related(
        "offer__item", "offer__outlet", "person", "issued_by", "placed_by", "hold", "ending"
    )
    behind = list(behind.order_by("-pk")[: ORDERS + 1])
    for order in behind:
        order.shown_person = masked_name(order.person.name) if order.person else ""
    answer = cases.investigates(found, request.user)
    context = {
        "case": found,
        "tone": TONES[found.state],
        "words": cases.words(found),
        "mark": cases.mark_words(found),
        "person": masked_name(found.person.name) if found.person else "",
        "door": f"{home.area.name} {home.stairwell}" if (home := found.household) else "",
        "orders": behind[:ORDERS],
        "more": len(behind) > ORDERS,
        "forms": forms,
        "refusal": refusal,
        "aside": answer if isinstance(answer, str) else "",
        "is_late": found.ended_at is None and found.due_at < timezone.now(),
        "steps": pages.history(found, cases.flow, first=_("系统发现"), names=True),
    }
    return render(request, "exchange/case.html", context, status=422 if bound else 200)


# --- the pool ------------------------------------------------------------------------------------

POOL = (pool_requests.SPEND, pool_requests.APPROVE, pool_requests.VIEW)


def _communities(person, *rights):
    rows = Area.objects.open().filter(level=AreaLevel.COMMUNITY)
    return access.scope(rows, person, *rights, path_field="path").order_by("code")


@allowed(*POOL)
@require_safe
def pool(request):
    """What lies in the pools, what was asked for and what became of it."""
    rows = pool_requests.seen_by(request.user).select_related(
        "area", "offer__item", "offer__outlet", "order"
    )
    if before := number(request.GET.get("before", "")):
        rows = rows.filter(pk__lt=before)
    rows = list(rows.order_by("-pk")[: PAGE + 1])
    for row in rows:
        row.tone = POOL_TONES[row.state]
    escrow = Account.objects.filter(kind=AccountKind.ESCROW)
    pools = access.scope(escrow, request.user, *POOL, path_field="community__path")
    pools = pools.annotate(name=F("community__name")).order_by("community__code")
    context = {
        "rows": rows[:PAGE],
        "pools": list(pools[:100]),
        "following": f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "may_ask": access.rights_of(request.user).has(pool_requests.SPEND),
    }
    return render(request, "exchange/pool.html", context)


@allowed(pool_requests.SPEND)
@require_http_methods(FORM)
def pool_new(request):
    places = list(_communities(request.user, pool_requests.SPEND)[:50])
    chosen = request.POST.get("area", "") or request.GET.get("area", "")
    community = next((row for row in places if row.code == chosen or not chosen), None)
    if community is None:
        raise Http404
    form = PoolForm(
        request.POST if request.method == "POST" else None,
        community=community,
        initial={"picker": request.user.pk},
    )
    if form.is_bound and form.is_valid():
        try:
            made = pool_requests.ask(community, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("已申请，等另一人批准。"))
            return redirect(made)
    context = {
        "form": form,
        "community": community,
        "places": places,
        "left": pool_requests.left(community),
    }
    return render(request, "exchange/pool_new.html", context, status=422 if form.errors else 200)


def _request(request, pk) -> PoolRequest:
    rows = pool_requests.seen_by(request.user).select_related(
        *("area", "offer__item", "offer__outlet", "order", "asked_by", "picker", "decided_by")
    )
    return get_object_or_404(rows, pk=pk)


def _shows_code(found: PoolRequest, person) -> bool:
    """To who asked and who fetches it, while it can be used."""
    return (
        found.order is not None
        and found.order.state == OrderState.RESERVED
        and person.pk in {found.asked_by_id, found.picker_id}
    )


@allowed(*POOL)
@require_http_methods(FORM)
def pool_request(request, pk):
    found, bound = _request(request, pk), {}
    if request.method == "POST":
        done, bound = _act(request, pool_requests.flow, found)
        if done:
            messages.success(request, _("已办理。"))
            return redirect(found)
    forms, refusal = _forms(pool_requests.flow, found, request.user, bound)
    context = {
        "found": found,
        "tone": POOL_TONES[found.state],
        "forms": forms,
        "refusal": refusal,
        "shows_code": _shows_code(found, request.user),
        "steps": pages.history(found, pool_requests.flow, first=_("申请"), names=True),
    }
    return render(request, "exchange/pool_request.html", context, status=422 if bound else 200)


@allowed(pool_requests.SPEND)
@require_safe
def pool_slip(request, pk):
    """The code on paper, for who fetches it."""
    found = _request(request, pk)
    if not _shows_code(found, request.user):
        raise Http404
    context = {"found": found, "qr": qr_picture(address(request, found.order.pick_path))}
    return render(request, "exchange/pool_slip.html", context)
