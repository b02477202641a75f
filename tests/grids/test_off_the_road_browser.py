"""Off the straight road in Chromium: merged; returned, arbitrated, not solved, up a level."""

import pytest

from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids import loop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page, name):
    assert_accessible(page)
    assert_valid_html(page.content())
    shot(page, name)


def act(page, verb):
    """Press the button of a verb, whose form is open or opens."""
    form = page.locator(f"#do-{verb}")
    if form.locator("summary").count() and form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator(f"button[value={verb}]").click()


def test_the_second_report_joins_the_first(browser_page, street):
    first = loop.to_state(street, "in_progress")
    second = loop.post(street, reporter=street.qian, text="楼道的灯又黑了")
    page = browser_page(width=390, person=street.li)
    page.goto(second.get_absolute_url())
    page.get_by_role("link", name="合并").click()
    page.get_by_text(first.number).click()
    look(page, "merge-390")
    act(page, "merge")
    assert page.get_by_text("已合并办理").first.is_visible()

    page = browser_page(width=390, mode="elder", person=street.qian)
    page.goto(second.get_absolute_url())
    look(page, "merged-reporter-elder")
    page.get_by_role("link", name="看那一件的进展").click()
    page.wait_for_url(f"**{first.get_absolute_url()}")


def test_returned_arbitrated_not_solved_and_up_a_level(browser_page, street):
    issue = loop.to_state(street, "dispatched")
    address = issue.get_absolute_url()

    page = browser_page(width=390, person=street.wu)
    page.goto(address)
    page.locator("#do-send_back summary").click()
    page.locator("#do-send_back").get_by_label("为什么不属于本单位职责").fill("线路归供电所")
    act(page, "send_back")
    assert page.get_by_text("等待街道裁定").first.is_visible()
    look(page, "returned-390")

    page = browser_page(width=1280, mode="dark", person=street.chen)
    page.goto(address)
    form = page.locator("#do-arbitrate")
    act(page, "arbitrate")  # nothing said: what is missing stands beside the field
    assert page.get_by_text("请写明裁定理由").first.is_visible()
    form.get_by_label("青桐物业服务公司").check()
    form.get_by_label("裁定理由").fill("公共照明按合同归物业")
    look(page, "arbitrate-1280-dark")
    act(page, "arbitrate")

    page = browser_page(width=390, person=street.wu)
    page.goto(address)
    assert page.locator("#do-send_back").count() == 0
    act(page, "sign")
    page.locator("#do-report").get_by_label("办理结果").fill("换了灯泡")
    page.locator("#do-report").get_by_label("没有照片的原因").fill("夜里拍不清")
    act(page, "report")

    page = browser_page(width=1280, person=street.sun)
    page.goto(address)
    page.locator("#do-verify").get_by_label("到现场看过").check()
    act(page, "verify")

    page = browser_page(width=390, mode="elder", person=street.wang)
    page.goto(address)
    page.get_by_label("没有解决", exact=True).check()
    page.get_by_label("两星").check()
    page.get_by_label("想说的话").fill("第二天又不亮了")
    look(page, "rate-elder")
    act(page, "rate")
    assert page.get_by_text("重新办理").first.is_visible()

    issue.refresh_from_db()
    assert (issue.state, issue.level, issue.reopened_count) == ("reopened", "L3", 1)
    page = browser_page(width=1280, person=street.chen)
    page.goto(address)
    assert page.locator("#do-dispatch").is_visible()
    look(page, "reopened-street-1280")
