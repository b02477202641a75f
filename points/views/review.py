"""The points group looks at a month: what it is asked to pass, and who has signed."""

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orgs import access
from orgs.access import signed_in
from points import batches, dealing, panel, terms, who
from points.models import Batch, BatchState, PanelMember, PanelRole
from points.staff_forms import SendBackForm, SignForm
from points.views.batches import TONES, road_of
from rules.refusals import Refused

PAGE, MOST_ASIDE, MOST_LACKING = 50, 50, 8
_ASIDE = (
    *("person", "partner", "claimant", "certifier", "approver", "household", "happened_on"),
    "rule_version__title",
)


def _batch(request, pk: int) -> Batch:
    """For members of its group, who decides, and who reads the claims of the community."""
    found = dealing.with_last_steps(Batch.objects.select_related("area", "notice"))
    batch = get_object_or_404(found, pk=pk)
    rights = access.rights_of(request.user)
    batch.decides = who.over_batch(batch, request.user)
    batch.seat = who.seats_of(request.user).get(batch.area_id)
    reads = rights.may(who.VIEW, area_path=batch.area_path)
    if not (batch.decides or batch.seat or reads):
        raise Http404
    if batch.takes_decisions and not (batch.decides or reads):
        raise Http404  # a member sees the month once it is theirs to review
    return batch


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def review(request, pk):
    batch = _batch(request, pk)
    if request.method == "POST":
        return _act(request, batch)
    return _page(request, batch)


def _page(request, batch: Batch, *, sign=None, back=None, refusal="", status=200):
    after = request.GET.get("after", "")
    after = int(after) if after.isdecimal() and len(after) < 18 else 0
    claims = batch.claims.filter(decision="approved").exclude(state="refused")
    totals = claims.aggregate(count=Count("pk"), points=Sum("points", default=0))
    page = dealing.with_details(claims.filter(pk__gt=after).order_by("pk"))[: PAGE + 1]
    rows = dealing.named(page)
    is_review = batch.state == BatchState.REVIEWING
    lacking = panel.lacking(batch) if is_review else {}
    signed = list(batch.signatures.filter(is_void=False).select_related("person"))
    seats = list(PanelMember.objects.in_force().filter(area=batch.area_id).select_related("person"))
    mine = next((one for one in signed if one.person_id == request.user.pk), None)
    context = {
        "batch": batch,
        "tone": TONES[batch.state],
        "road": road_of(batch),
        "totals": totals,
        "rows": [_row(claim, request.user) for claim in rows[:PAGE]],
        "following": f"?after={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "aside": _aside(batch, claims, request.user) if batch.seat else [],
        "lacking": _by_words(lacking),
        "lacking_count": len(lacking),
        "signed": signed,
        "unsigned": [
            seat for seat in seats if seat.person_id not in {one.person_id for one in signed}
        ],
        "wanted": terms.at(batch.area).params["panel"],
        "has": {
            "members": sum(one.agrees for one in signed),
            "residents": _agreeing(signed, PanelRole.RESIDENT),
            "supervisors": _agreeing(signed, PanelRole.SUPERVISOR),
        },
        "mine": mine,
        "sign": sign or (SignForm() if is_review and batch.seat and mine is None else None),
        "back": back or (SendBackForm() if is_review and batch.decides else None),
        "may_publish": is_review and batch.decides and not lacking and totals["count"],
        "left": dealing.fund_left(batch) if batch.decides and is_review else None,
        "refusal": refusal,
        "is_review": is_review,
    }
    return render(request, "points/review.html", context, status=status)


def _by_words(lacking: dict[int, str]) -> list[dict]:
    """What is missing, once for all claims that miss the same; their numbers while few."""
    found: dict[str, list[int]] = {}
    for pk, words in lacking.items():
        found.setdefault(words, []).append(pk)
    return [
        {"words": words, "count": len(keys), "keys": keys[:MOST_LACKING]}
        for words, keys in sorted(found.items(), key=lambda item: -len(item[1]))
    ]


def _agreeing(signed, role: str) -> int:
    return sum(one.agrees and one.role == role for one in signed)


def part_in(claim, person) -> str:
    """Why the person's signature does not count for a claim; as ``panel.standings`` counts."""
    if person.pk == claim.person_id:
        return _("您本人的积分")
    if person.pk == claim.partner_id:
        return _("您是结对对象")
    if person.pk == claim.claimant_id:
        return _("您申报的")
    if who.lives_there(person, claim.household_id, claim.happened_on):
        return _("您家里人的积分")
    if person.pk == claim.certifier_id:
        return _("您认证的")
    if person.pk == claim.approver_id:
        return _("您审批的")
    return ""


def _row(claim, person) -> dict:
    return {"claim": claim, "part": part_in(claim, person)}


def _aside(batch, claims, person) -> list[dict]:
    """The claims the person has a part in, with which; the few, found by the database."""
    homes = [household for household, _starts, _ends in who.homes_of(person)]
    own = Q(household__in=homes)
    for name in ("person", "partner", "claimant", "certifier", "approver"):
        own |= Q(**{name: person})
    own_claims = claims.filter(own).select_related("rule_version").only(*_ASIDE)
    rows = [_row(claim, person) for claim in own_claims.order_by("pk")[: MOST_ASIDE + 1]]
    return [row for row in rows if row["part"]]


def _act(request, batch: Batch):
    verb = request.POST.get("verb", "")
    after = request.POST.get("after", "")
    after = int(after) if after.isdecimal() and len(after) < 18 else None
    match verb:
        case "sign" if batch.seat is not None:
            return _sign(request, batch)
        case "send_back" if batch.decides:
            return _send_back(request, batch)
        case "publish" if batch.decides:
            return _publish(request, batch, after)
    raise Http404


def _sign(request, batch: Batch):
    form = SignForm(request.POST)
    if form.is_valid():
        try:
            batches.sign(batch, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
            batch = _batch(request, batch.pk)
        else:
            messages.success(request, _("已签署。"))
            return redirect("points:review", batch.pk)
    return _page(request, batch, sign=form, status=422)


def _send_back(request, batch: Batch):
    form = SendBackForm(request.POST)
    if form.is_valid():
        try:
            batches.send_back(batch, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
            batch = _batch(request, batch.pk)
        else:
            messages.success(request, _("已退回审批，先前的签署作废。"))
            return redirect("points:batch", batch.pk)
    return _page(request, batch, back=form, status=422)


def _publish(request, batch: Batch, after):
    try:
        batches.publish(batch, by=request.user, after=after)
    except Refused as refused:
        return _page(request, _batch(request, batch.pk), refusal=str(refused), status=422)
    messages.success(request, _("已开始公示，可以打印名单张贴。"))
    return redirect("points:batch", batch.pk)
