"""The demo's patrols, entries on behalf and recusal, written by the verbs."""

import random
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids import desk
from grids.models import DeskEntry, Issue, Patrol, Recusal, State
from inbox.models import Message
from orgs.models import Residence
from portal.seeding import field
from tests.grids import whistling

pytestmark = pytest.mark.django_db


def test_the_demo_has_been_outside_and_at_the_counter(street):
    whistling.crew(street)
    for person in (street.newcomer, street.qian):
        Residence.objects.create(
            person=person, household=street.home, state="verified", verified_by=street.li
        )
    world, today = SimpleNamespace(street=street.street, resident=street.wang), timezone.localdate()
    count = field.seed_field(world, random.Random(7), today)

    now = timezone.now()
    ended = Patrol.objects.exclude(ended_at=None).with_counts()
    assert ended.count() >= len(field.WALKS)
    for patrol in ended:
        assert patrol.found_count == 1
        assert 0 < patrol.seen_count <= patrol.stop_count
        assert patrol.started_at < patrol.ended_at <= now
    for issue in Issue.objects.prefetch_related("steps"):
        times = [step.at for step in issue.steps.all()]
        assert times == sorted(times)
        assert times[-1] <= now
        assert issue.created_at == issue.reported_at

    assert set(DeskEntry.objects.values_list("how", flat=True)) == {"counter", "phone", "visit"}
    assert DeskEntry.objects.count() == len(field.CALLS)
    assert DeskEntry.objects.exclude(told_at=None).count() == 1
    waiting = DeskEntry.objects.filter(issue__state=State.CLOSED, told_at=None)
    assert any(desk.is_to_be_told(entry) for entry in waiting)
    aside = Recusal.objects.get()
    assert aside.issue.recused_ids == [aside.person_id]
    assert aside.issue.handler_id != aside.person_id
    assert not Message.objects.exists()  # old news is not told
    assert field.seed_field(world, random.Random(8), today) == count
