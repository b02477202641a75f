"""The demo's issues hold what the verbs would leave: states, steps, clocks, bad news."""

import random
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

from django.utils import timezone

from grids.models import WORKING, ClockKind, Issue, Level, State, Whistle, WhistleCall
from grids.models import WhistleState as S
from inbox.models import Message
from orgs.models import Residence
from portal.seeding import issues
from tests.grids import whistling

TO_CLOCK = {
    State.SUBMITTED: {ClockKind.FILE, ClockKind.ACKNOWLEDGE},
    State.NOT_ACCEPTED: {ClockKind.OBJECT},
    State.OBJECTED: {ClockKind.REVIEW},
    State.HANDLED: {ClockKind.VERIFY},
    State.CLOSED: {ClockKind.RATE},
    State.DRAFT: set(),
    State.RATED: set(),
    State.MERGED: set(),
    State.ARCHIVED: set(),
}
BESIDES = {ClockKind.HANDLE, ClockKind.CONTACT, ClockKind.ARBITRATE, ClockKind.ARRIVE}


def test_issues_of_the_demo(street, monkeypatch):
    """In every state, whole, and written once."""
    whistling.crew(street)
    for someone, household in ((street.newcomer, street.home), (street.qian, street.home)):
        Residence.objects.create(
            person=someone, household=household, state="verified", verified_by=street.li
        )
    monkeypatch.setattr(issues.year, "LEAST", 90)
    world = SimpleNamespace(street=street.street, resident=street.wang)
    assert issues.seed_issues(world, random.Random(7), timezone.localdate()) == 90

    assert set(Issue.objects.values_list("state", flat=True)) == set(State.values)
    now = timezone.now()
    for issue in Issue.objects.prefetch_related("steps", "clocks__clock"):
        steps = list(issue.steps.all())
        assert steps[0].verb == ("draft" if issue.state == State.DRAFT else "submit")
        assert steps[-1].to_state == issue.state
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at <= now
        for before, after in pairwise(steps):
            assert after.from_state == before.to_state
        running = {row.kind for row in issue.clocks.all() if row.clock.stopped_at is None}
        assert running - {ClockKind.ARRIVE} <= TO_CLOCK.get(issue.state, BESIDES), issue.state
        assert (ClockKind.HANDLE in running) == (issue.state in {*WORKING, State.PAUSED})
    below = Issue.objects.exclude(level=Level.L4).filter(state__in=WORKING)
    assert not below.filter(promised_at__lt=now).exists()  # the timer would have raised it
    assert Issue.objects.late().filter(state__in=WORKING, level=Level.L4).exists()
    assert set(Whistle.objects.values_list("state", flat=True)) >= {
        *(S.DRAFT, S.ASKED, S.REFUSED, S.CALLED, S.REPORTED_IN, S.JOINT_PLAN, S.ENDED),
    }
    assert WhistleCall.objects.filter(on_time=None, report_due_at__lt=now, removed_at=None).exists()
    assert WhistleCall.objects.exclude(rated_at=None).exclude(necessity_rated_at=None).exists()
    assert Issue.objects.filter(reporter=street.wang).count() > 2

    before = Counter(Issue.objects.values_list("number", flat=True))
    issues.seed_issues(world, random.Random(8), timezone.localdate())
    assert Counter(Issue.objects.values_list("number", flat=True)) == before
    assert 0 < Message.objects.count() < 120  # old news is not told
