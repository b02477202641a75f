"""A resident on the phone: claim, see it pending, read the statement; the pages in every mode."""

import re

import pytest

from points import accounts, claims
from points.models import Claim, GuardianConsent
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.points.claiming import days_ago, file, today
from tests.points.paid import award

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MODES = ((390, "light"), (1280, "light"), (390, "dark"), (390, "elder"))


def test_claim_pending_statement(browser_page, points):
    GuardianConsent.objects.create(
        minor=points.daughter, guardian=points.wang, household=points.home
    )
    award(points, accounts.of_person(points.wang, points.community), 30, key="b:1")
    award(points, accounts.of_household(points.home, points.community), 12, key="b:2")
    old = days_ago(24 * 31 - 20)
    award(points, accounts.of_person(points.wang, points.community), 7, on=old, key="b:3")
    refused = file(points, "P19", text="教邻居剪纸")
    claims.refuse(refused, by=points.sun, refusal_code="no_evidence", reason="请补一张课堂照片")

    page = browser_page(person=points.wang)
    page.goto("/")
    page.get_by_role("link", name=re.compile("我的积分")).first.click()
    page.get_by_role("link", name="申报积分").click()
    page.get_by_label("找一找").fill("巡逻")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name=re.compile("夜间平安巡逻")).click()
    page.get_by_label("几次").fill("2")
    page.get_by_label("做了什么").fill("周二周四晚上巡逻")
    page.get_by_role("button", name="先看能得多少分").click()
    page.get_by_text("这次计 24 分").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="提交申报").click()
    page.get_by_text("等网格长认证").wait_for()
    claim = Claim.objects.get(text="周二周四晚上巡逻")
    page.goto("/points/")
    page.get_by_role("link", name=re.compile("夜间平安巡逻")).wait_for()
    page.get_by_role("link", name="对账单").click()
    page.get_by_role("heading", name=re.compile("积分对账单")).wait_for()

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
    page = browser_page(390, "light", person=points.sun)
    for name, address in (("move", "/points/household/move/"), ("protect", "/points/protect/")):
        page.goto(address)
        assert_accessible(page)
        shot(page, f"points-{name}-390-light")
