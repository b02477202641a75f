"""Group ``month``: the secretary's page on a month of 1,000 claims, against the bare page."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orgs import access
from orgs.models import Person
from points import anomalies, dealing, who
from points.models import Batch, BatchState, Claim, ClaimState
from portal.bench import Result
from portal.bench.pages import FIRST_PAGE_GOAL_KB, compare

CLAIMS = 1000


def month() -> list[Result]:
    batch = Batch.objects.filter(state=BatchState.DECIDING).order_by("-month").first()
    if batch is None:
        raise RuntimeError("month: the bench database holds no month that is being decided")
    secretary = access.holders(who.DECIDE, area=batch.area).order_by("pk").first()
    _fill(batch)
    url = batch.get_absolute_url()
    full = f"{url}?open={_fullest(batch, secretary)}"
    visits: dict[str, tuple[str, Person | None]] = {
        "month": (url, secretary),
        "month, 25 rows": (full, secretary),
        "month, what has a flag": (f"{url}?flag=any&show=undecided", secretary),
    }
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
        Result("month", "flags looked for anew: queries", len(captured), "queries"),
        Result("month", "markup of 25 rows", size, "kB", goal=FIRST_PAGE_GOAL_KB),
    ]


def _fill(batch: Batch) -> None:
    """Up to 1,000 claims: deeds of earlier months done once more."""
    missing = CLAIMS - batch.claims.count()
    earlier = Claim.objects.filter(
        community=batch.area, state=ClaimState.POSTED, source_key="", is_corrected=False
    )
    again = list(earlier.order_by("-pk")[: max(missing, 0)])
    for at, claim in enumerate(again):
        claim.pk = None
        claim.batch, claim.state, claim.transfer = batch, ClaimState.BATCHED, None
        claim.decision, claim.approver, claim.decided_at = "", None, None
        claim.happened_on = batch.month + timedelta(days=at % 28)
    Claim.objects.bulk_create(again)


def _fullest(batch: Batch, person: Person) -> str:
    shown = dealing.overview(dealing.read_by(person, batch.pk), dealing.Filters(), {})
    return max(shown.groups, key=lambda group: group.count).key
