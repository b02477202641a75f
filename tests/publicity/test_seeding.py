"""The demo has notices and disclosures with some bad news, written by the verbs."""

import random
from types import SimpleNamespace

from django.utils import timezone

from inbox.models import Message
from orgs import posts
from orgs.models import Residence
from orgs.positions import Position
from portal.seeding.publicity import seed_publicity
from publicity.models import Correction, Disclosure, Notice, NoticeState, Objection
from tests import cast


def test_the_demo_has_every_state_and_some_bad_news(street):
    for someone in (street.newcomer, street.qian):
        Residence.objects.create(
            person=someone, household=street.home, state="verified", verified_by=street.li
        )
    director = cast.person("别处主任", "10000000034")
    posts.appoint(
        director,
        street.committee_elsewhere,
        Position.COMMITTEE_DIRECTOR,
        starts_on=cast.LONG_AGO,
        reason="测试任命",
    )
    world = SimpleNamespace(street=street.street, resident=street.wang)
    today = timezone.localdate()
    count = seed_publicity(world, random.Random(7), today)
    assert count == Notice.objects.count() + Disclosure.objects.count() > 15
    states = set(Notice.objects.values_list("state", flat=True))
    assert states == set(NoticeState.values) - {NoticeState.ANSWERED}
    assert Notice.objects.filter(result="corrected", objections__objector=street.wang).exists()
    assert Objection.objects.filter(answered_at=None, clock__due_at__lt=timezone.now()).exists()
    assert Correction.objects.count() == 1
    assert Disclosure.objects.published().filter(is_late=True).count() == 1
    assert Disclosure.objects.missing().filter(is_late=True).count() == 1
    assert not Notice.objects.filter(published_at__gt=timezone.now()).exists()
    assert not Disclosure.objects.filter(published_at__gt=timezone.now()).exists()
    assert not Message.objects.exists()  # old news is not told

    assert seed_publicity(world, random.Random(8), today) == count
