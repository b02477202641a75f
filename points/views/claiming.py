"""Claiming points: choosing a rule, filing, and one claim with its history."""

from datetime import date

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs import access
from orgs.access import signed_in
from orgs.models import Person
from orgs.uploads import writing
from points import claims, earning, evidence, mine, standing, who
from points.flow import flow
from points.mine_forms import AnswerForm, AppealForm, ClaimForm, WorthForm
from points.models import Claim, ClaimState, RuleVersion, Source
from rules.refusals import Refused

PAGE = 20
FORM = ["GET", "HEAD", "POST"]


@signed_in
@require_safe
def pick(request):
    """The rules of one's place that may be claimed, searched by words."""
    today = timezone.localdate()
    home = earning.home_of(request.user, today)
    wanted = request.GET.get("q", "").strip()[:40]
    rows = [] if home is None else earning.chances(request.user, home, today)
    rows = [row for row in rows if not row.by_itself]
    if wanted:
        rows = [row for row in rows if _matches(row, wanted)]
    groups = [
        (_("记入我的账户"), [row for row in rows if not row.version.to_household]),
        (_("记入家庭账户"), [row for row in rows if row.version.to_household]),
    ]
    context = {
        "home": home,
        "wanted": wanted,
        "groups": [(label, found) for label, found in groups if found],
    }
    return render(request, "points/claim_pick.html", context)


def _matches(chance, wanted: str) -> bool:
    said = f"{chance.code}{chance.version.title}{chance.version.note}".upper()
    return all(word in said for word in wanted.upper().split())


@signed_in
@require_http_methods(FORM)
def new(request, code):
    """The form of one rule: first what it would give, then filed. Sent twice, it is one claim."""
    home, version, given = _asked(request, code)
    if request.method != "POST":
        return _form_page(request, ClaimForm(**given), version, home)
    form = ClaimForm(request.POST, request.FILES, **given)
    shown = None
    if form.is_valid():
        if request.POST.get("do") == "preview":
            shown = _preview(form, version)
        elif (claim := _file(request, form, version)) is not None:
            messages.success(request, _("已申报，接下来的步骤见本页"))
            return redirect(claim)
    form.keep_drafts()
    return _form_page(request, form, version, home, shown=shown)


def _asked(request, code: str):
    """(home, version, what every form of this rule is made with), or 404."""
    today = timezone.localdate()
    home = earning.home_of(request.user, today)
    version = _version(home, code, today)
    people = [request.user, *Person.objects.filter(pk__in=mine.wards_of(request.user))]
    return home, version, {"version": version, "people": people, "person": request.user}


@signed_in
@require_safe
def worth(request, code):
    """What the claim would give as the form stands: asked for while it is filled in."""
    _home, version, given = _asked(request, code)
    form = WorthForm(request.GET, **given)
    shown = _preview(form, version) if form.is_valid() else None
    wrong = [error for errors in form.errors.values() for error in errors]
    context = {"worth": shown, "wrong": wrong, "version": version}
    status = 422 if wrong else 200
    return render(request, "points/claim_new.html#worth", context, status=status)


def _version(home, code: str, day: date) -> RuleVersion:
    if home is None:
        raise Http404
    for version in earning.rules_at(home.area_path, day):
        if version.rule.code == code and Source.SELF in version.sources:
            return version
    raise Http404


def _said(form) -> dict:
    given = form.cleaned_data
    return {
        "happened_on": given["happened_on"],
        "quantity": given["quantity"],
        "grade": given.get("grade", 0),
        "partner": form.partner,
    }


def _preview(form, version) -> dict | None:
    try:
        asked, left = claims.preview(version.rule, person=form.beneficiary, **_said(form))
    except Refused as refused:
        form.add_error(None, str(refused))
        return None
    points = asked if left.points is None else min(asked, left.points)
    return {"asked": asked, "points": points, "left": left, "cut": points < asked}


def _file(request, form, version) -> Claim | None:
    try:
        with writing(), transaction.atomic():
            sent = evidence.keep(
                form.pictures.ready, draft_key=form.cleaned_data["key"], by=request.user
            )
            return claims.file(
                version.rule,
                person=form.beneficiary,
                by=request.user,
                text=form.cleaned_data["text"],
                evidence=[*form.drafts, *sent],
                source_key=f"self:{request.user.pk}:{form.cleaned_data['key']}",
                **_said(form),
            )
    except Refused as refused:
        form.add_error(None, str(refused))
        return None


def _form_page(request, form, version, home, *, shown=None):
    free = earning.allowances(
        [version],
        person_id=request.user.pk,
        household_id=home.pk,
        day=timezone.localdate(),
    )[version.pk]
    chance = earning.Chance(
        version=version,
        gives=earning.gives_words(version),
        needs=earning.needs_words(version),
        left=free,
        by_itself=False,
    )
    context = {"form": form, "chance": chance, "version": version, "shown": shown}
    status = 422 if form.errors else 200
    return render(request, "points/claim_new.html", context, status=status)


# --- own ones ------------------------------------------------------------------------------------


@signed_in
@require_safe
def own(request):
    """All I claimed or that came by itself, newest first; by state."""
    rows = mine.own_claims(request.user).select_related(*mine.ALONG)
    chosen = request.GET.get("state", "")
    states = {
        "open": [*mine.PENDING],
        "posted": [ClaimState.POSTED],
        "refused": [ClaimState.REFUSED, ClaimState.WITHDRAWN, ClaimState.REVERSED],
    }
    if chosen in states:
        rows = rows.filter(state__in=states[chosen])
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows.order_by("-pk")[: PAGE + 1])
    more = f"?state={chosen}&before={rows[PAGE - 1].pk}" if len(rows) > PAGE else ""
    context = {
        "rows": [(row, standing.of(row)) for row in rows[:PAGE]],
        "chosen": chosen,
        "choices": [
            ("", _("全部")),
            ("open", _("在办")),
            ("posted", _("已入账")),
            ("refused", _("未通过、撤回")),
        ],
        "following": more,
    }
    return render(request, "points/claims.html", context)


def _readable(request, pk) -> Claim:
    rows = mine.readable_claims(request.user)
    along = (*mine.ALONG, "partner", "community", "area", "household", "transfer")
    return get_object_or_404(rows.select_related(*along), pk=pk)


@signed_in
@require_safe
def claim(request, pk):
    """One claim: what, where it stands, its way so far, and what the reader may do."""
    return _claim_page(request, _readable(request, pk))


def _claim_page(request, found, *, status=200, appeal=None, answer=None):
    person = request.user
    verbs = {row.verb for row in flow.available(found, person)}
    own_one = person.pk in {found.person_id, found.claimant_id}
    context = {
        "claim": found,
        "quantity": mine.quantity_of(found),
        "stands": standing.of(found),
        "stations": standing.stations(),
        "photos": list(found.evidence.all()),
        "entries": _entries(found, person),
        "for_other": found.person_id != person.pk,
        "is_own": own_one,
        "may_withdraw": "withdraw" in verbs,
        "appeal": appeal
        or (AppealForm() if "appeal" in verbs and standing.may_still_appeal(found) else None),
        "answer": answer or (AnswerForm() if "overrule" in verbs else None),
    }
    return render(request, "points/claim.html", context, status=status)


_TITLES = {
    "file": L("申报"),
    "certify": L("认证通过"),
    "vouch": L("系统核实"),
    "refuse": L("没有通过认证"),
    "withdraw": L("撤回"),
    "appeal": L("提出申诉"),
    "overrule": L("申诉成立"),
    "uphold": L("维持不通过"),
    "collect": L("汇总进名单"),
    "approve": L("审批同意"),
    "reject": L("审批没有通过"),
    "carry": L("转入下一批"),
    "review": L("积分小组审议通过"),
    "notice": L("开始公示"),
    "take_down": L("公示撤下重办"),
    "contest": L("公示中有异议"),
    "correct": L("公示期间更正"),
    "strike": L("异议成立，不予积分"),
    "post": L("记入账户"),
    "reverse": L("冲正"),
}
_TONES = {
    **dict.fromkeys(("refuse", "reject", "strike"), "bad"),
    **dict.fromkeys(("certify", "vouch", "overrule", "approve", "post", "review"), "ok"),
    **dict.fromkeys(("contest", "correct", "reverse"), "warn"),
}


_FINAL = {
    *(ClaimState.REVIEWED, ClaimState.NOTICED, ClaimState.OBJECTED),
    *(ClaimState.POSTED, ClaimState.REVERSED),
}


def _entries(found, reader) -> list[dict]:
    """The history, each step with the office that took it; decisions only once they are final.

    Names are for those who read the claim by office, not for who claimed or their guardian.
    """
    steps = list(found.steps.select_related("actor"))
    shown = [step for step in steps if step.verb in _TITLES and step.verb != "approve"]
    if found.state in _FINAL:
        shown += [step for step in steps if step.verb == "approve"][-1:]
        shown.sort(key=lambda step: (step.at, step.pk))
    by_office = reader.pk not in {found.person_id, found.claimant_id} and access.rights_of(
        reader
    ).may(who.VIEW, area_path=found.area_path)
    return [
        {
            "title": str(_TITLES[step.verb]),
            "tone": _TONES.get(step.verb, "info"),
            "at": step.at,
            "by": _by(found, step, reader, by_office=by_office),
            "text": step.reason,
            "clock": step.clock_effect,
        }
        for step in shown
    ]


def _by(found, step, reader, *, by_office: bool) -> str:
    """Who took a step, as far as the reader is told."""
    if step.verb == "review":
        return _("积分小组")
    if step.actor is None:
        return _("系统")
    if step.actor_id == reader.pk:
        return _("您")
    if by_office:
        return step.actor.name
    match step.verb:
        case "file" | "withdraw" | "appeal":
            if step.actor_id == found.person_id:
                return _("本人")
            return _("监护人") if found.source == Source.SELF else found.get_source_display()
        case "certify" | "refuse":
            return found.rule_version.certifier_label
        case "overrule" | "uphold":
            return _("申诉答复人")
    return _("社区")


@signed_in
@require_POST
def withdraw(request, pk):
    found = get_object_or_404(mine.own_claims(request.user).select_related(*mine.ALONG), pk=pk)
    try:
        claims.withdraw(found, by=request.user)
        messages.success(request, _("已撤回"))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(found)


@signed_in
@require_POST
def appeal(request, pk):
    found = get_object_or_404(mine.own_claims(request.user).select_related(*mine.ALONG), pk=pk)
    form = AppealForm(request.POST)
    if form.is_valid():
        try:
            claims.appeal(found, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("申诉已提交，答复后会通知您"))
            return redirect(found)
    return _claim_page(request, _readable(request, pk), status=422, appeal=form)


@signed_in
@require_POST
def answer(request, pk):
    """An appeal is answered by somebody who had no part in the claim."""
    found = _readable(request, pk)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            claims.answer_appeal(found, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("已答复，申诉人会收到通知"))
            return redirect(found)
    return _claim_page(request, _readable(request, pk), status=422, answer=form)
