"""The demo's table and ways of handing out."""

import random
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grids import replies, responsibilities
from grids.models import Absence, ReplyTemplate, Responsibility, Roster
from portal.seeding import dispatching
from tests.grids import loop

pytestmark = pytest.mark.django_db


def test_the_demo_dispatches_by_its_table(street):
    world = SimpleNamespace(
        street=street.street, departments=[street.department], operators=[street.chen]
    )
    street.department.name = "青桐综合行政执法队"
    street.department.save(update_fields=["name"])
    today = timezone.localdate()
    dispatching.seed_table(world, random.Random(1), today)
    row = Responsibility.objects.get(area=street.street)  # of the departments that are there
    assert (row.category.code, row.organization) == ("fumes", street.department)
    issue = loop.post(street, kind="油烟噪声", text="夜间烧烤油烟")
    assert responsibilities.propose(issue).lead == street.department
    dispatching.seed_rosters(world, random.Random(1), today)
    modes = dict(Roster.objects.values_list("organization__kind", "mode"))
    assert modes == {"property_company": "rotate", "department": "assign"}
    assert Absence.objects.on(today).count() == 1
    for template in ReplyTemplate.objects.all():
        assert replies.unknown_in(template.text) == []
