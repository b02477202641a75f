"""What keeps coming back, proposed as topics: read, and decide that there shall be none."""

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from grids import listing, proposals
from grids.models import Issue, TopicProposal
from grids.voice_forms import DismissForm
from orgs.access import allowed
from rules.refusals import Refused

MOST, DECIDED = 50, 20


@allowed("grids.decide_topic")
@require_safe
def proposal_list(request):
    return _page(request)


@allowed("grids.decide_topic")
@require_POST
def dismiss(request, pk):
    mine = TopicProposal.objects.decidable_by(request.user)
    found = get_object_or_404(mine.select_related("area", "category"), pk=pk)
    form = DismissForm(request.POST, auto_id=f"id_{found.pk}_%s")
    refusal = ""
    if form.is_valid():
        try:
            proposals.dismiss(found, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refused:
            refusal = str(refused)
        else:
            return redirect("grids:proposals")
    return _page(request, bound={found.pk: form}, refusal=refusal, status=422)


def _page(request, *, bound=None, refusal="", status=200):
    """Open ones with their issues, then those decided lately; six queries whatever there is."""
    mine = TopicProposal.objects.decidable_by(request.user).select_related("area", "category")
    open_ones = list(mine.open().order_by("-made_at", "-pk")[: MOST + 1])
    decided = list(mine.exclude(state="open").order_by("-decided_at", "-pk")[:DECIDED])
    rows = _rows_of(open_ones[:MOST])
    places = listing.place_names([*open_ones, *decided])
    context = {
        "cards": [
            {
                "proposal": one,
                "where": places.get(one.area_path, one.area.name),
                "rows": rows.get(one.pk, []),
                "form": (bound or {}).get(one.pk) or DismissForm(auto_id=f"id_{one.pk}_%s"),
            }
            for one in open_ones[:MOST]
        ],
        "decided": [
            {"proposal": one, "where": places.get(one.area_path, one.area.name)} for one in decided
        ],
        "more": len(open_ones) > MOST,
        "most": MOST,
        "refusal": refusal,
    }
    return render(request, "grids/proposals.html", context, status=status)


def _rows_of(found: list[TopicProposal]) -> dict[int, list[listing.Row]]:
    """The issues of each proposal as list rows, in three queries for all."""
    links = TopicProposal.issues.through.objects.filter(topicproposal__in=found)
    pairs = list(links.values_list("topicproposal_id", "issue_id"))
    issues = list(
        Issue.objects.filter(pk__in={issue for _proposal, issue in pairs})
        .select_related("category")
        .only(*listing.ROW_FIELDS)
        .order_by("-filed_at", "-pk")
    )
    ready = dict(zip([i.pk for i in issues], listing.rows(issues, public=False), strict=True))
    by_proposal: dict[int, list[listing.Row]] = {}
    order = {issue.pk: n for n, issue in enumerate(issues)}
    for proposal, issue in sorted(pairs, key=lambda pair: order.get(pair[1], 0)):
        by_proposal.setdefault(proposal, []).append(ready[issue])
    return by_proposal
