"""Group ``month``: pages on a month of 1,000 claims, against the bare page.

The secretary's, while it is being decided, and that of the points group, while it is reviewed.
"""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import access
from orgs.models import Person
from points import anomalies, dealing, who
from points.models import Batch, BatchState, Claim, ClaimState, Decision, PanelMember
from portal.bench import Result
from portal.bench.pages import FIRST_PAGE_GOAL_KB, QUERIES_GOAL, compare

CLAIMS = 1000


def month() -> list[Result]:
    batch = Batch.objects.filter(state=BatchState.DECIDING).order_by("-month").first()
    if batch is None:
        raise RuntimeError("month: the bench database holds no month that is being decided")
    secretary = access.holders(who.DECIDE, area=batch.area).order_by("pk").first()
    _fill(batch, decision="")
    url = batch.get_absolute_url()
    full = f"{url}?open={_fullest(batch, secretary)}"
    visits: dict[str, tuple[str, Person | None]] = {
        "month": (url, secretary),
        "month, fullest group": (full, secretary),
        "month, what has a flag": (f"{url}?flag=any&show=undecided", secretary),
    }
    visits |= _review()
    flagged = len(anomalies.of_batch(batch, anew=True))
    results = [
        Result("month", "claims", batch.claims.count(), "claims"),
        Result("month", "claims with a flag", flagged, "claims"),
        *compare("month", visits),
    ]
    client = Client()
    client.force_login(secretary)
    anomalies.forget(batch)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(full)
    size = round(len(answer.content) / 1000, 1)
    return [
        *results,
        Result(
            "month", "flags looked for anew: queries", len(captured), "queries", goal=QUERIES_GOAL
        ),
        Result("month", "markup of the fullest group", size, "kB", goal=FIRST_PAGE_GOAL_KB),
    ]


def _review() -> dict[str, tuple[str, Person | None]]:
    """The review as who decides sees it, who has signed, and who may still sign."""
    batch = Batch.objects.filter(state=BatchState.REVIEWING).order_by("-month", "pk").first()
    if batch is None:
        raise RuntimeError("month: the bench database holds no month that is being reviewed")
    _fill(batch, decision=Decision.APPROVED)
    signed = set(batch.signatures.filter(is_void=False).values_list("person", flat=True))
    seats = PanelMember.objects.in_force().filter(area=batch.area).order_by("pk")
    members = [seat.person for seat in seats.select_related("person")]
    visits: dict[str, tuple[str, Person | None]] = {}
    for name, people in {
        "review": access.holders(who.DECIDE, area=batch.area).order_by("pk"),
        "review, has signed": [one for one in members if one.pk in signed],
        "review, to sign": [one for one in members if one.pk not in signed],
    }.items():
        if people:
            visits[name] = (reverse("points:review", args=[batch.pk]), people[0])
    return visits


def _fill(batch: Batch, *, decision: str) -> None:
    """Up to 1,000 claims: deeds of earlier months done once more, all decided like that."""
    missing = CLAIMS - batch.claims.count()
    earlier = Claim.objects.filter(
        community=batch.area, state=ClaimState.POSTED, source_key="", is_corrected=False
    )
    again = list(earlier.order_by("-pk")[: max(missing, 0)])
    for at, claim in enumerate(again):
        claim.pk = None
        claim.batch, claim.state, claim.transfer = batch, ClaimState.BATCHED, None
        claim.decision = decision
        if not decision:
            claim.approver, claim.decided_at = None, None
        claim.happened_on = batch.month + timedelta(days=at % 28)
    Claim.objects.bulk_create(again)


def _fullest(batch: Batch, person: Person) -> str:
    shown = dealing.overview(dealing.read_by(person, batch.pk), dealing.Filters(), {})
    return max(shown.groups, key=lambda group: group.count).key
