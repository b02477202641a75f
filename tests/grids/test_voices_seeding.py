"""The demo's voices, written by the verbs."""

import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids.models import Comment, Follow, Issue, Moderation, TopicProposal, Urge
from inbox.models import Message
from portal.seeding.voices import seed_voices
from tests.grids import loop
from tests.grids.test_voices_follow import neighbour

pytestmark = pytest.mark.django_db


def test_the_demo_speaks_once_and_in_silence(street):
    world = SimpleNamespace(street=street.street, resident=street.wang)
    for n in range(12):
        neighbour(street, n)
    ago = timezone.now() - timedelta(days=2)
    for _n in range(3):
        loop.to_state(street, "in_progress", issue=loop.post(street, reporter=street.qian))
    Issue.objects.update(reported_at=ago)
    told = Message.objects.count()
    count = seed_voices(world, random.Random(7), timezone.localdate())
    assert count == Comment.objects.count() > 3
    assert Follow.objects.filter(person=street.wang, also_affects_me=True).count() == 1
    assert set(Comment.objects.values_list("state", flat=True)) == {"visible", "held", "hidden"}
    assert set(Comment.objects.values_list("role", flat=True)) == {"resident", "handler"}
    assert Moderation.objects.filter(action="object", answer=None).count() == 1
    assert Urge.objects.count() == 1
    assert TopicProposal.objects.open().count() == 1
    assert Comment.objects.latest("at").at <= timezone.now()
    assert Message.objects.count() == told
    assert seed_voices(world, random.Random(7), timezone.localdate()) == count
