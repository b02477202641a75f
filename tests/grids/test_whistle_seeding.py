"""The demo's whistles, written by the verbs: asked for, unanswered, under way, and rated."""

import random
from collections import Counter
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids import whistle_watch
from grids.models import Whistle, WhistleCall
from inbox.models import Message
from orgs.models import Residence
from portal.seeding.whistles import seed_whistles
from tests.grids import whistling


@pytest.mark.django_db
def test_the_demo_shows_a_whistle_at_every_turn(street):
    whistling.crew(street)
    Residence.objects.create(
        person=street.newcomer, household=street.home, state="verified", verified_by=street.li
    )
    world = SimpleNamespace(street=street.street)
    today = timezone.localdate()
    assert seed_whistles(world, random.Random(7), today) == 4
    assert Counter(Whistle.objects.values_list("state", flat=True)) == Counter(
        ["asked", "called", "joint_plan", "ended"]
    )
    now = timezone.now()
    for whistle in Whistle.objects.all():
        times = list(whistle.steps.values_list("at", flat=True))
        assert times == sorted(times)
        assert times[-1] <= now
    assert WhistleCall.objects.filter(necessary=False).count() == 1
    assert not Message.objects.exists()  # old news is not told
    assert whistle_watch.tell_unanswered() == 1  # one let its half hour pass
    assert seed_whistles(world, random.Random(8), today) == 4
