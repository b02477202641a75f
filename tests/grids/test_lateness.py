"""A limit that passed is told once, to those whose turn it is and to the level above."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grids import lateness
from inbox.models import Delivery, Message
from tests.grids import loop

pytestmark = pytest.mark.django_db


def told(issue):
    messages = Message.objects.filter(kind=lateness.KIND, url=issue.get_absolute_url())
    people = Delivery.objects.filter(message__in=messages, channel="site")
    return messages.count(), set(people.values_list("person__name", flat=True))


@pytest.mark.parametrize(
    ("state", "who"),
    [
        ("submitted", {"李网格", "陈街道"}),
        ("filed", {"李网格", "陈街道"}),
        ("dispatched", {"吴物业", "陈街道"}),
        ("in_progress", {"吴物业", "陈街道"}),
    ],
)
def test_late_is_told_once(street, state, who):
    issue = loop.to_state(street, state, issue=loop.late_post(street))
    lateness.tell()
    assert told(issue) == (1, who)
    lateness.tell()
    assert told(issue) == (1, who)


def test_what_stops_at_the_grid_goes_up_to_the_community(street):
    at = timezone.now() - timedelta(days=20)
    issue = loop.post(street, kind="噪声扰民", text="楼上半夜拖家具", at=at)
    lateness.tell()
    assert told(issue)[1] == {"李网格", "孙社工", "周书记"}


def test_in_time_is_not_told(street):
    for state in ("submitted", "in_progress", "handled", "rated"):
        loop.to_state(street, state)
    assert lateness.tell() == 0


def test_after_a_standstill_everything_is_told_once(street):
    for _n in range(3):
        loop.late_post(street)
    assert lateness.tell(most=2) == 2
    assert lateness.tell() == 1
    assert lateness.tell() == 0
