"""The points group looks at a month: what it is asked to pass, and who has signed."""

from collections import Counter, defaultdict

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orgs import access
from orgs.access import signed_in
from points import batches, panel, reviews, who
from points.models import Batch, BatchState, PanelRole
from points.reviews import PAGE
from points.rows import ReviewRows
from points.staff_forms import SendBackForm, SignForm
from points.views.batches import TONES, road_of
from rules.refusals import Refused

MOST_ASIDE, MOST_LACKING = 50, 8


def _batch(request, pk: int) -> Batch:
    """For members of its group, who decides, and who reads the claims of the community."""
    batch = reviews.read(pk)
    if batch is None:
        raise Http404
    rights = access.rights_of(request.user)
    batch.decides = who.over_batch(batch, request.user)
    mine = (seat for seat in batch.seats if seat.person_id == request.user.pk)
    batch.seat = next(mine, None)
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
    rows, totals = reviews.claims(batch, after=after), batch.totals
    is_review = batch.state == BatchState.REVIEWING
    signed = reviews.signed(batch)
    agreed = [one for one in signed if one.agrees]
    wanted = batch.terms["panel"]
    lacking = _lacking(batch, totals, agreed, wanted) if is_review else []
    parts = _parts(batch, request.user) if batch.seat else {}
    mine = next((one for one in signed if one.person_id == request.user.pk), None)
    draw = ReviewRows()
    context = {
        "batch": batch,
        "tone": TONES[batch.state],
        "road": road_of(batch),
        "totals": totals,
        "rows": [draw(claim, is_aside=claim.pk in parts) for claim in rows[:PAGE]],
        "following": f"?after={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "parts": list(parts.values())[:MOST_ASIDE],
        "lacking": lacking,
        "lacking_count": sum(one["count"] for one in lacking),
        "signed": signed,
        "unsigned": [
            seat for seat in batch.seats if seat.person_id not in {one.person_id for one in signed}
        ],
        "wanted": wanted,
        "has": {
            "members": sum(one.agrees for one in signed),
            "residents": _agreeing(signed, PanelRole.RESIDENT),
            "supervisors": _agreeing(signed, PanelRole.SUPERVISOR),
        },
        "mine": mine,
        "sign": sign or (SignForm() if is_review and batch.seat and mine is None else None),
        "back": back or (SendBackForm() if is_review and batch.decides else None),
        "may_publish": is_review and batch.decides and not lacking and totals["count"],
        "left": batch.left,
        "refusal": refusal,
        "is_review": is_review,
    }
    return render(request, "points/review.html", context, status=status)


def _lacking(batch: Batch, totals, agreed, wanted) -> list[dict]:
    """What is missing, once for all claims that miss the same; their numbers while few."""
    words, apart = panel.missing(batch, agreed, wanted)
    counts, found = Counter(apart.values()), defaultdict(list)
    counts[words] += totals["waiting"] - len(apart)
    for pk in batch.waiting:
        if pk not in apart:
            found[words].append(pk)
    for pk, lacks in apart.items():
        found[lacks].append(pk)
    return [
        {"words": lacks, "count": count, "keys": sorted(found[lacks])[:MOST_LACKING]}
        for lacks, count in counts.most_common()
        if lacks and count
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
    if claim.is_home:
        return _("您家里人的积分")
    if person.pk == claim.certifier_id:
        return _("您认证的")
    if person.pk == claim.approver_id:
        return _("您审批的")
    return ""


def _parts(batch: Batch, person) -> dict[int, dict]:
    """Claims the person has a part in, and which."""
    found = reviews.with_part(batch, person)
    return {one.pk: {"claim": one, "part": part_in(one, person)} for one in found}


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
