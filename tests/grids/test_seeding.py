"""The demo's issues hold what the verbs would leave: states, steps, clocks, bad news."""

import random
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids.models import ClockKind, Issue, State
from inbox.models import Message
from orgs.models import Residence
from portal.seeding.issues import seed_issues


@pytest.fixture
def seeded(street):
    for someone, household in ((street.newcomer, street.home), (street.qian, street.home)):
        Residence.objects.create(
            person=someone, household=household, state="verified", verified_by=street.li
        )
    world = SimpleNamespace(street=street.street, resident=street.wang)
    assert seed_issues(world, random.Random(7), timezone.localdate()) >= 50
    return world


def test_issues_of_the_demo_are_whole(seeded, street):
    assert set(Issue.objects.values_list("state", flat=True)) == set(State.values)
    now = timezone.now()
    for issue in Issue.objects.prefetch_related("steps", "clocks__clock"):
        steps = list(issue.steps.all())
        assert steps[0].verb == "submit"
        assert steps[-1].to_state == issue.state
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at <= now
        for before, after in pairwise(steps):
            assert after.from_state == before.to_state
        running = [row.kind for row in issue.clocks.all() if row.clock.is_running]
        wanted = {
            State.SUBMITTED: {ClockKind.FILE, ClockKind.ACKNOWLEDGE},
            State.HANDLED: {ClockKind.VERIFY},
            State.CLOSED: {ClockKind.RATE},
            State.RATED: set(),
        }.get(issue.state, {ClockKind.HANDLE, ClockKind.CONTACT})
        assert set(running) <= wanted
        assert ClockKind.HANDLE in running or issue.state not in {
            State.FILED,
            State.DISPATCHED,
            State.IN_PROGRESS,
            State.REOPENED,
        }
    assert Issue.objects.late().exists()
    assert Issue.objects.filter(reporter=street.wang).exists()


def test_seeding_twice_writes_once_and_old_news_is_not_told(seeded, street):
    before = Counter(Issue.objects.values_list("number", flat=True))
    seed_issues(seeded, random.Random(8), timezone.localdate())
    assert Counter(Issue.objects.values_list("number", flat=True)) == before
    assert 0 < Message.objects.count() < 80
