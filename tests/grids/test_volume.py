"""With a year of issues the pages ask the database as often as with a handful."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import account
from grids.models import Issue
from portal.seeding.issues import writing
from tests.grids import loop
from tests.grids.test_year import make

FEW, MANY = 12, 400
VISITS = [
    *((None, path) for path in ("/issues/", "/issues/?q=楼道", "/issues/account/", "/issues/map/")),
    *(("li", path) for path in ("/issues/queue/", "/issues/?show=work&q=楼道")),
    *(("chen", path) for path in ("/issues/queue/", "/issues/?show=work", "/issues/whistles/")),
    *(("wu", path) for path in ("/issues/queue/", "/issues/?show=work")),
    *((name, "/desk/") for name in ("li", "chen", "wu")),
    ("wang", "/issues/?show=mine"),
]


def costs(client, street) -> dict:
    found = {}
    for name, path in VISITS:
        client.logout()
        if name:
            client.force_login(getattr(street, name))
        assert client.get(path).status_code == 200  # what is read once per process is read now
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        found[name, path] = len(captured)
    return found


@pytest.mark.django_db
def test_lists_queue_search_and_figures_cost_the_same_at_volume(client, street):
    for state in ("submitted", "filed", "dispatched", "in_progress", "handled"):
        loop.to_state(street, state)  # something waits for everybody
    loop.file(loop.post(street), street.chen, level="L3", reason="须由街道办理")
    late = Issue.objects.filter(state="in_progress")  # the desk has a list of these
    late.update(promised_at=timezone.now() - timedelta(days=1))
    teller = make(street, random.Random(5))
    writing.write(teller.stories(FEW))
    account.recount()
    few = costs(client, street)

    writing.write(teller.stories(MANY))
    account.recount()
    assert Issue.objects.count() == 6 + FEW + MANY
    many = costs(client, street)
    assert {visit: count for visit, count in many.items() if count > few[visit]} == {}
    assert max(many.values()) <= 10
