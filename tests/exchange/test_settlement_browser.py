"""A month with a merchant in a browser: disputed behind the counter, answered, approved, paid, and
cleared between the communities."""

import pytest

from exchange import settlement
from exchange.models import Settlement
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.exchange.settling import issued, two_orders

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MODES = by_size((390, "light"), (1280, "light"), (390, "dark"), (390, "elder"))


def looked_at(browser_page, person, url, name, modes=MODES):
    for group in modes:
        page = browser_page(*group[0], person=person)
        page.goto(url)
        for width, mode in in_modes(page, group):
            assert_accessible(page)
            shot(page, f"{name}-{width}-{mode}")


def test_from_a_dispute_to_the_payment_and_the_clearing(browser_page, window):
    two_orders(window)
    issued(window, window.tissue_counter)
    settlement.draw_up_due()
    counter = Settlement.objects.get(organization=window.office)
    settlement.confirm(counter, by=window.chen)
    found = Settlement.objects.get(organization=window.merchant_shop)
    url = found.get_absolute_url()
    looked_at(browser_page, window.shang, url, "settle-merchant")

    shang = browser_page(390, person=window.shang)
    shang.goto("/exchange/settlements/")
    shang.get_by_role("link", name="梧桐便民超市").click()
    shang.get_by_role("link", name="抽纸一提").first.click()
    shang.get_by_role("button", name="提出异议").click()  # without a word
    shang.get_by_text("请写明哪里不对").first.wait_for()
    assert_accessible(shang)
    shang.get_by_label("异议", exact=True).fill("当天缺货，没有发放")
    shang.get_by_role("button", name="提出异议").click()
    shang.get_by_text("已记下").wait_for()
    shang.get_by_label("取货码").fill("k7hm 3qwd")
    shang.get_by_label("情况").fill("20日发过一份米，清单上没有")
    shang.get_by_role("button", name="报漏列").click()
    shang.get_by_text("街道会答复").wait_for()
    shang.get_by_role("button", name="核对完毕").click()
    shang.get_by_text("已核对").wait_for()

    chen = browser_page(1280, person=window.chen)
    chen.goto("/desk/")
    chen.get_by_role("link", name="商家结算").first.click()
    chen.get_by_role("link", name="梧桐便民超市").click()
    looked_at(browser_page, window.chen, f"{url}?only=open", "settle-operator", MODES[:1])
    chen.get_by_role("link", name="答复", exact=True).click()
    assert_accessible(chen)
    chen.get_by_label("答复").fill("系统里没有这个取货码")
    chen.get_by_role("button", name="提交答复").click()
    chen.get_by_text("已答复。").wait_for()
    chen.get_by_role("link", name="待处理的").click()
    chen.get_by_role("link", name="抽纸一提").click()
    looked_at(browser_page, window.chen, chen.url, "settle-line")
    chen.get_by_label("计入本月").check()
    chen.get_by_label("答复", exact=True).fill("发放照片上有居民签收")
    chen.get_by_role("button", name="提交答复").click()
    chen.get_by_role("button", name="提交批准").click()
    chen.get_by_text("等另一人批准").wait_for()

    han = browser_page(1280, person=window.han)
    han.goto("/desk/")
    han.get_by_role("link", name="待批准的结算").first.click()
    looked_at(browser_page, window.han, "/exchange/settlements/", "settle-list", MODES[:1])
    han.get_by_role("link", name="梧桐便民超市").click()
    looked_at(browser_page, window.han, url, "settle-leader")
    han.get_by_role("button", name="批准", exact=True).click()
    han.get_by_text("积分已从商家账户转出").wait_for()

    chen.goto(url)
    chen.get_by_label("凭证号").fill("青财 2026-118")
    chen.get_by_role("button", name="登记已付款").click()
    chen.get_by_text("已登记付款").wait_for()
    looked_at(browser_page, window.chen, url, "settle-paid", MODES[:1])

    settlement.submit(counter, by=window.chen)
    settlement.approve(counter, by=window.han)
    looked_at(browser_page, window.chen, "/exchange/clearing/", "settle-clearings", MODES[:1])
    chen.goto("/exchange/clearing/")
    chen.get_by_role("button", name="编制清算表").click()
    chen.get_by_text("等另一人批准").first.wait_for()
    looked_at(browser_page, window.han, chen.url, "settle-clearing")
    han.goto(chen.url)
    han.get_by_role("button", name="批准入账").click()
    han.get_by_text("已清算入账").wait_for()
    han.get_by_role("link", name="银杏湾社区").click()
    assert_accessible(han)
    shot(han, "settle-clearing-row")
    han.get_by_role("link", name="60", exact=True).first.click()
    assert han.get_by_role("link", name="抽纸一提").count() == 1
