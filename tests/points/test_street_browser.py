"""What the street writes (rules, budgets) and what was said at a hearing, in their modes."""

from datetime import timedelta

import pgtrigger
import pytest
from django.urls import reverse

from points import budgets, catalogue
from points.models import Budget
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.points import claiming
from tests.points.claiming import days_ago, today
from tests.points.test_deductions import established

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MODES = ((390, "elder"), (1280, "dark"))


def test_the_pages_in_every_mode(browser_page, points):
    budgets.withdraw(
        budgets.propose(
            points.community,
            points=300,
            starts_on=today(),
            ends_on=today(),
            reason="写错了",
            by=points.chen,
        ),
        by=points.chen,
    )
    with pgtrigger.ignore("points.Budget:approved_budget_stays"):
        Budget.objects.filter(pk=points.budget.pk).update(ends_on=days_ago(1))
    budgets.ask_return(points.community, points=900, reason="年度结算", by=points.chen)
    last = today() + timedelta(days=9)
    p05 = claiming.rule(points, "P05")
    catalogue.end(p05, by=points.chen, last_day=last, reason="并入新的规则")
    found = established(points)
    addresses = {
        "budgets": (points.chen, reverse("points:budgets")),
        "rule-create": (points.chen, reverse("points:rule_create")),
        "rule-ended": (points.chen, reverse("points:rule", args=["P05"])),
        "rule-end": (points.chen, reverse("points:rule_end", args=["P07"])),
        "hear": (points.worker2, found.get_absolute_url()),
    }
    for modes in by_size(*MODES):
        for name, (person, address) in addresses.items():
            page = browser_page(*modes[0], person=person)
            page.goto(address)
            for width, mode in in_modes(page, modes):
                assert_accessible(page)
                shot(page, f"ends-{name}-{width}-{mode}")
