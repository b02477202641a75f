"""The pages of a resident in every mode; ``test_walk_browser`` uses them."""

import pytest

from points import accounts, claims
from points.models import GuardianConsent
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.points.claiming import days_ago, file, today
from tests.points.paid import award

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MODES = ((390, "light"), (1280, "dark"), (390, "elder"))


def test_my_points_in_every_mode(browser_page, points):
    GuardianConsent.objects.create(
        minor=points.daughter, guardian=points.wang, household=points.home
    )
    award(points, accounts.of_person(points.wang, points.community), 30, key="b:1")
    award(points, accounts.of_household(points.home, points.community), 12, key="b:2")
    old = days_ago(24 * 31 - 20)
    award(points, accounts.of_person(points.wang, points.community), 7, on=old, key="b:3")
    refused = file(points, "P19", text="教邻居剪纸")
    claims.refuse(refused, by=points.sun, refusal_code="no_evidence", reason="请补一张课堂照片")
    claim = file(points, "P15", quantity=2, text="周二周四晚上巡逻")

    addresses = {
        "mine": "/points/",
        "pick": "/points/claim/",
        "new": "/points/claim/P17/",
        "claims": "/points/claims/",
        "claim": claim.get_absolute_url(),
        "refused": refused.get_absolute_url(),
        "statement": f"/points/statement/{today():%Y-%m}/",
        "earn": "/points/earn/",
        "household": "/points/household/",
        "ranking": "/points/ranking/",
    }
    for modes in by_size(*MODES):
        page = browser_page(*modes[0], person=points.wang)
        for name, address in addresses.items():
            page.goto(address)
            for width, mode in in_modes(page, modes):
                assert_accessible(page)
                shot(page, f"points-{name}-{width}-{mode}")
    page = browser_page(390, "light", person=points.wang)
    page.goto("/points/claim/P15/")
    page.locator("#worth").get_by_text("计 12 分").wait_for()
    page.fill("#id_quantity", "2")
    page.locator("#worth").get_by_text("计 24 分").wait_for()
    page.fill("#id_quantity", "0")
    page.locator("#worth").get_by_text("数量须大于零").wait_for()
    shot(page, "points-worth-390-light")
    page = browser_page(390, "light", person=points.sun)
    for name, address in (("move", "/points/household/move/"), ("protect", "/points/protect/")):
        page.goto(address)
        assert_accessible(page)
        shot(page, f"points-{name}-390-light")
