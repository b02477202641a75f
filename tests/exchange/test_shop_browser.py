"""A resident orders, sees the code, and cancels; every page in the modes people use."""

import pytest

from exchange import orders, pool, stock
from exchange.models import Favourite, Order, OrderState
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.exchange.test_shop_window import put
from tests.exchange.window import item, offer
from tests.points.books import state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MODES = ((390, "light"), (390, "dark"), (1280, "light"), (390, "elder"))
WHOLLY = {"window", "form", "order", "gift", "help-item"}  # the others in light and elder
MORE = (
    ("E02", "香皂一块", "goods", 30),
    ("E04", "洗衣液2kg", "goods", 150),
    ("E11", "鸡蛋15枚", "goods", 160),
    ("E12", "LED灯泡两只", "goods", 90),
    ("E18", "法律咨询30分钟", "service", 80),
    ("E20", "长者食堂午餐券", "service", 150),
    ("E21", "社区球场1小时", "right", 100),
    ("E24", "图书借阅延期卡", "right", 30),
)


def fill(window):
    put(window)
    window.merchant.address, window.merchant.hours = "梧桐路12号", "每天 8:00—20:00"
    window.merchant.weekdays, window.merchant.month_days = [3], [28]
    window.merchant.save()
    for number, (code, name, kind, points) in enumerate(MORE):
        thing = item(window, code, name, kind, points, door=2)
        here = offer(window.merchant, thing, number + 1 if kind == "goods" else None, by=window.sun)
        if name == "鸡蛋15枚":
            stock.damage(here, number + 1, by=window.shang, reason="破损")
            window.eggs = thing
        if name == "香皂一块":
            window.soap = thing
    Favourite.objects.create(person=window.wang, item=window.rice)


def test_a_resident_orders_sees_the_code_and_cancels(browser_page, window):
    fill(window)
    page = browser_page(390, "light", person=window.wang)
    page.goto("/points/")
    page.get_by_role("link", name="兑换", exact=True).click()
    page.get_by_role("button", name="收藏抽纸一提").click()
    page.get_by_role("button", name="取消收藏抽纸一提").wait_for()
    page.get_by_role("link", name="抽纸一提", exact=True).click()
    page.get_by_label("数量").fill("2")
    page.get_by_label("数量").blur()
    page.get_by_text("要用 120 分，兑换后这个账户还剩 880 分").wait_for()
    assert not Order.objects.exists()
    page.get_by_role("button", name="确定兑换").click()
    page.wait_for_url("**/exchange/orders/*/")
    order = Order.objects.get()
    assert page.locator(".code").inner_text() == order.code_spaced
    assert state(window.wang_points)[:2] == (1000, 120)
    page.get_by_role("link", name="取消兑换").click()
    page.get_by_role("button", name="确定取消").click()
    page.get_by_text("120 分已退回原账户。").wait_for()
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    assert state(window.wang_points)[:2] == (1000, 0)
    everything_in_every_mode(browser_page, window)


def everything_in_every_mode(browser_page, window):
    def order(offered, **more):
        given = {"account": window.wang_points, "person": window.wang, "household": window.home}
        given |= {"by": window.wang, "key": f"form-{offered.pk}"}
        return orders.place(offered, **(given | more))

    waiting = order(window.tissue_here, quantity=2)
    issued = order(window.haircut_here)
    orders.issue(issued, by=window.shang)
    helped = order(window.rice_here, by=window.li, consent="当面同意", account=window.home_points)
    gift = pool.give(window.pool, window.wang_points, window.wang, 2, by=window.wang, key="b")
    person = f"/exchange/for/{window.wang.public_id}/"
    pages = {
        "mine": "/points/",
        "window": "/exchange/",
        "item": window.tissue_shop.item.get_absolute_url(),
        "form": window.soap.get_absolute_url(),
        "gone": window.eggs.get_absolute_url(),
        "gift-item": window.pool.get_absolute_url(),
        "gift-new": f"{window.pool.get_absolute_url()}give/",
        "gift": gift.get_absolute_url(),
        "orders": "/exchange/orders/",
        "order": waiting.get_absolute_url(),
        "receipt": issued.get_absolute_url(),
        "cancel": f"{waiting.get_absolute_url()}cancel/",
    }
    of_staff = {
        "help": "/exchange/for/?q=王",
        "help-window": person,
        "help-item": f"{person}items/{window.soap.pk}/",
        "slip": f"{helped.get_absolute_url()}slip/",
    }
    for modes in by_size(*MODES):
        for somebody, addresses in ((window.wang, pages), (window.li, of_staff)):
            page = browser_page(*modes[0], person=somebody)
            for name, address in addresses.items():
                page.goto(address)
                looked_at = modes if name in WHOLLY else modes[:1]
                for width, mode in in_modes(page, looked_at):
                    assert_accessible(page)
                    shot(page, f"{name}-{width}-{mode}")
