"""Points from the window to the merchant's money, in one browser, each step by whose it is.

王 orders tissues for a code, 商 takes it at the counter; 钱 of the next community takes rice there.
王 cancels a haircut, and lets a code of the shop run out. When the month is over 商 agrees to the
list, 陈 submits it, 韩 approves, 陈 notes the payment; then the communities clear, to zero.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from exchange import tasks
from exchange.models import Clearing, Order, OrderState, Settlement
from points import verification
from tests.browser import assert_accessible, shot
from tests.points.books import state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def saying(page, words: str):
    return page.get_by_text(words).first.wait_for()


def ordering(page, what: str, where: str) -> Order:
    """From the window to the code."""
    page.goto("/exchange/")
    page.get_by_role("link", name=re.compile(what)).first.click()
    page.get_by_label(re.compile(where)).check()
    page.get_by_role("button", name="确定兑换").click()
    saying(page, "取货码")
    return Order.objects.get(pk=page.url.rstrip("/").rpartition("/")[2])


def handing(page, order: Order):
    page.get_by_label("取货码").fill(order.code.lower())
    page.get_by_role("button", name="查", exact=True).click()
    page.get_by_role("button", name="发放", exact=True).click()
    page.locator(".verdict").get_by_text(order.code_spaced).wait_for()
    page.locator(".verdict[data-tone=ok]").wait_for()
    page.get_by_role("button", name="发放", exact=True).wait_for(state="detached")


def test_from_the_window_to_the_money(browser_page, window, time_machine):
    start = timezone.now().replace(day=10, hour=2)
    time_machine.move_to(start)
    wang = browser_page(390, person=window.wang)
    tissue = ordering(wang, "抽纸一提", "梧桐便民超市")
    assert wang.get_by_text(tissue.code_spaced).is_visible()
    assert_accessible(wang)
    shot(wang, "exchange-walk-code")
    qian = browser_page(390, person=window.qian)
    rice = ordering(qian, "大米5kg", "梧桐便民超市")

    shang = browser_page(390, person=window.shang)
    shang.goto("/exchange/counter/")
    handing(shang, tissue)
    assert shang.get_by_text(window.wang.name).count() == 0
    handing(shang, rice)
    shang.get_by_label("取货码").fill(tissue.code)
    shang.get_by_role("button", name="查", exact=True).click()
    saying(shang, "已领取")
    wang.goto(tissue.get_absolute_url())
    saying(wang, "什么时候")
    assert state(window.wang_points)[:2] == (940, 0)

    haircut = ordering(wang, "义务理发券", "梧桐便民超市")
    assert state(window.wang_points)[:2] == (940, 100)
    wang.get_by_role("link", name="不要了，取消兑换").click()
    wang.get_by_role("button", name="确定取消").click()
    saying(wang, "已退回原账户")
    haircut.refresh_from_db()
    assert haircut.state == OrderState.CANCELLED
    assert state(window.wang_points)[:2] == (940, 0)

    late = ordering(wang, "抽纸一提", "梧桐里积分超市")
    time_machine.move_to(late.due_at + timedelta(minutes=1))
    tasks.expire_orders()
    wang = browser_page(390, person=window.wang)  # a week later one signs in again
    wang.goto(late.get_absolute_url())
    saying(wang, "逾期")
    assert state(window.wang_points)[:2] == (940, 0)

    # The month is over
    month = timezone.localdate(start).replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    time_machine.move_to(timezone.now().replace(year=after.year, month=after.month, day=1, hour=3))
    tasks.tend_settlements()
    settlement = Settlement.objects.get()
    shang = browser_page(390, person=window.shang)
    shang.goto(settlement.get_absolute_url())
    saying(shang, "320 分")
    assert shang.get_by_text(window.qian.name).count() == 0
    assert_accessible(shang)
    shot(shang, "exchange-walk-statement")
    shang.get_by_role("button", name="核对完毕").click()

    chen = browser_page(1280, person=window.chen)
    chen.goto("/exchange/clearing/")
    saying(chen, "还不能清算")
    chen.goto(settlement.get_absolute_url())
    saying(chen, "明细、兑付流水、商家账户三处一致")
    chen.get_by_role("button", name="提交批准").click()
    saying(chen, "已提交，等另一人批准")
    assert chen.get_by_role("button", name="批准", exact=True).count() == 0
    han = browser_page(1280, person=window.han)
    han.goto(settlement.get_absolute_url())
    han.get_by_role("button", name="批准", exact=True).click()
    chen.goto(settlement.get_absolute_url())
    chen.get_by_label("付款日期").first.fill(timezone.localdate().isoformat())
    chen.get_by_label("凭证号").first.fill("兑付-0001")
    chen.get_by_role("button", name="登记已付款").click()
    saying(chen, "兑付-0001")

    chen.goto("/exchange/clearing/")
    chen.get_by_role("button", name="编制清算表，提交批准").click()
    clearing = Clearing.objects.get()
    han.goto(clearing.get_absolute_url())
    assert_accessible(han)
    shot(han, "exchange-walk-clearing")
    han.get_by_role("button", name="批准入账").click()
    saying(han, "已清算")
    nets = {row.community: row.net for row in clearing.rows.select_related("community")}
    assert (nets[window.community], nets[window.elsewhere]) == (320, -320)
    assert sum(nets.values()) == 0
    assert verification.run(full=True).findings == []
