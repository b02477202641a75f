"""The demo's 12345: a partner, orders as it would hand them in, a file that waits."""

import random
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids.hotline import importing
from grids.models import Import, Issue, Order
from inbox.models import Message
from portal.seeding.hotline import CALLS, seed_hotline

pytestmark = pytest.mark.django_db


def test_the_demo_has_orders_and_writes_them_once(street):
    world, today = SimpleNamespace(street=street.street), timezone.localdate()
    assert seed_hotline(world, random.Random(7), today) == len(CALLS)
    assert seed_hotline(world, random.Random(7), today) == 0
    assert Order.objects.count() == len(CALLS)
    states = Issue.objects.order_by("reported_at").values_list("state", flat=True)
    assert list(states) == ["filed"] * 3 + ["submitted"]
    assert importing.counts(Import.objects.get())["good"] == 1
    assert not Message.objects.exists()
