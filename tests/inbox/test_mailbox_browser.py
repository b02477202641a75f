"""The mailbox in Chromium: the receipt that the page sends, and what axe says of every screen."""

import pytest
from django.db import transaction
from django.urls import reverse

from inbox import outbox
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("kinds", "noon", "nudges"),
]


def tell(person, key, title, kind="test.quiet", **more):
    with transaction.atomic():
        message = outbox.tell([person], kind=kind, title=title, key=key, **more)
    return message.deliveries.get(channel="site")


def test_showing_a_message_receipts_it(browser_page, people):
    mine = tell(people.li, "k1", "停水通知", text="明天九点停水。", url="/preferences/")
    page = browser_page(person=people.li)
    page.goto("/messages/")
    page.get_by_role("link", name="停水通知").click()
    page.get_by_role("status").get_by_text("已读").wait_for()
    page.get_by_role("link", name="去查看").click()
    page.wait_for_url("**/preferences/")
    mine.refresh_from_db()
    assert mine.read_at is not None


def test_a_legal_message_waits_for_its_button(browser_page, people):
    mine = tell(people.li, "k1", "公示开始", kind="test.legal")
    page = browser_page(person=people.li)
    page.goto(reverse("mailbox_message", args=[mine.pk]))
    page.wait_for_load_state("networkidle")
    assert outbox.unread_count(people.li) == 1
    page.get_by_role("button", name="我已收到并看完").click()
    page.get_by_role("status").get_by_text("已读").wait_for()
    assert outbox.unread_count(people.li) == 0


@pytest.mark.parametrize(
    "modes",
    by_size((390, "light"), (390, "huge"), (1280, "dark"), (1280, "high")),
    ids=lambda modes: modes[0][1],
)
def test_every_screen_is_accessible(browser_page, people, modes):
    legal = tell(
        people.li,
        "k1",
        "梧桐里一期公共收益使用方案公示，请在七日内提出意见",
        kind="test.legal",
        text="公示期为七日。\n\n可在线或到社区服务中心提出意见。",
        url="/preferences/",
    )
    tell(people.li, "k2", "您反映的“南门路灯不亮”已受理")
    outbox.mark_read(tell(people.li, "k3", "明天九点停水"))
    page = browser_page(*modes[0], person=people.li)
    screens = {
        "list": reverse("mailbox"),
        "message": reverse("mailbox_message", args=[legal.pk]),
        "notice": reverse("mailbox_notice", args=[legal.pk]),
        "preferences": reverse("mailbox_preferences"),
    }
    for name, address in screens.items():
        answer = page.goto(address)
        assert_valid_html(answer.text())
        for width, mode in in_modes(page, modes):
            assert_accessible(page)
            shot(page, f"mailbox-{name}-{width}-{mode}")
