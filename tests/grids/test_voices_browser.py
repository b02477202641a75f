"""Typing, seeing what is alike, saying 也影响我; and the voices' pages in every mode."""

import re

import pytest

from grids import commenting, following, proposals
from grids.models import Follow, Issue
from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids import loop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_typing_finds_what_is_there_and_one_tap_joins_it(browser_page, street):
    issue = loop.to_state(street, "in_progress")
    page = browser_page(width=390, person=street.qian)
    page.goto("/issues/new/")
    page.select_option("select[name=place]", label="梧桐里社区第一网格")
    page.get_by_text("物业维修", exact=True).click()
    text = page.get_by_label("发生了什么？")
    text.press_sequentially("楼道感应灯又不亮了")
    page.wait_for_selector(f"#similar-{issue.number}")
    button = page.get_by_role("button", name="也影响我")
    assert_accessible(page)
    assert_valid_html(page.content())
    shot(page, "voices-typing-390-light")
    button.click()
    # A look at what was typed last may come after the answer; it says the same in other words.
    page.get_by_text(re.compile("已记下：这件事也影响您|您已表示也受影响")).wait_for()
    assert text.input_value() == "楼道感应灯又不亮了"  # nothing typed is lost
    assert Follow.objects.get(person=street.qian).also_affects_me is True
    page.click("button.wide")  # it was seen: no step in between
    page.wait_for_url("**/posted/")
    assert Issue.objects.filter(reporter=street.qian).count() == 1


def test_the_pages_are_accessible_for_the_old_and_in_the_dark(browser_page, street):
    issue = loop.to_state(street, "in_progress")
    following.also_affects(issue, person=street.qian)
    commenting.write(issue, author=street.qian, text="孩子放学回来楼道里看不见，什么时候能修好？")
    commenting.write(issue, author=street.wu, text="配件明天到，下午三点前换好。")
    rude = commenting.write(issue, author=street.newcomer, text="办事的人真是懒虫")
    commenting.hide(rude, by=street.sun, reason_code="insult", text="请就事论事")
    commenting.object_to(rude, by=street.newcomer, text="我说的是办理情况，没有骂人")
    commenting.write(issue, author=street.qian, text="楼上王大爷也这么说")
    for n in range(2):
        loop.to_state(street, "filed", issue=loop.post(street, text=f"东门{n}号路灯坏了"))
    assert proposals.consider(street.grid, issue.category) is not None
    public = issue.get_absolute_url()
    for width, mode, person, name, address in (
        (390, "elder", street.qian, "follower", public),
        (1280, "dark", street.zhou, "worker", public),
        (390, "dark", street.zhou, "comments", "/issues/comments/"),
        (390, "elder", street.zhou, "comment", f"/issues/comments/{rude.pk}/"),
        (390, "dark", street.zhou, "proposals", "/issues/proposals/"),
    ):
        page = browser_page(width=width, mode=mode, person=person)
        page.goto(address)
        page.evaluate(
            "for (const one of document.querySelectorAll('main details')) one.open = true"
        )
        assert_accessible(page)
        assert_valid_html(page.content())
        shot(page, f"voices-{name}-{width}-{mode}")
