"""Dispatch in Chromium: a community is asked only to assist, and the rest goes in bulk."""

import re

import pytest
from playwright.sync_api import expect

from grids.models import CoHandling, DutyItem
from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids import loop
from tests.grids.test_replies import template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_assist_only_then_the_rest_in_bulk(browser_page, street):
    DutyItem.objects.create(category=loop.category(), area=street.community, role="assist")
    lamps = [loop.post(street, text=f"第{n}盏灯不亮了") for n in range(3)]
    for issue in lamps:
        loop.file(issue, street.li)
    template(street, verb="contact", text="您好，{编号}由{承办单位}承办。")

    page = browser_page(width=390, person=street.sun)
    page.goto(lamps[0].get_absolute_url())
    barred = page.locator(f"#do-dispatch input[name=lead][value='{street.committee.pk}']")
    expect(barred).to_be_disabled()
    expect(page.locator("#do-dispatch")).to_contain_text("不能主办，只能协办")
    assert_accessible(page)
    assert_valid_html(page.content())
    shot(page, "dispatch-390")
    page.get_by_label(re.compile("青桐物业服务公司")).check()
    page.get_by_role("button", name=re.compile("只协办")).click()
    page.wait_for_url("**#timeline")
    lamps[0].refresh_from_db()
    assert (lamps[0].state, lamps[0].lead) == ("dispatched", street.property_company)
    assert CoHandling.objects.get(issue=lamps[0]).organization == street.committee

    page.goto("/issues/queue/")
    for issue in lamps[1:]:
        page.get_by_label(re.compile("选中：")).and_(
            page.locator(f"input[value='{issue.number}']")
        ).check()
    page.get_by_role("button", name="批量派单").click()
    page.get_by_label(re.compile("青桐物业服务公司")).check()
    assert_accessible(page)
    shot(page, "bulk-390")
    page.get_by_role("button", name="全部派单").click()
    expect(page.locator("main")).to_contain_text("已派出")
    expect(page.get_by_text("派出 2 件，没有派出 0 件")).to_be_visible()
    for issue in lamps[1:]:
        issue.refresh_from_db()
        assert issue.state == "dispatched"

    # The company's people sign, and insert a template that they read before it goes.
    loop.handling.advance(lamps[1], "sign", by=street.wu)
    page = browser_page(width=1280, person=street.wu)
    page.goto(lamps[1].get_absolute_url())
    page.locator("#do-contact summary").click()
    page.locator("#do-contact select").select_option(label="已电话联系")
    page.locator("#do-contact button[name=insert]").click()
    field = page.locator("#do-contact textarea")
    expect(field).to_have_value(f"您好，{lamps[1].number}由青桐物业服务公司承办。")
    assert not lamps[1].steps.filter(verb="contact").exists()
