"""The rooms of the account in a browser: what is owed, a case, the pool and the public month."""

import pytest

from exchange import donations, openness, pool, pool_requests, watch
from exchange.models import Case
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.exchange import settling
from tests.exchange.accounting import staffed
from tests.exchange.test_cases import buy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MODES = by_size((390, "light"), (1280, "light"), (390, "dark"), (390, "elder"))


def looked_at(browser_page, person, url, name):
    for group in MODES:
        page = browser_page(*group[0], person=person)
        page.goto(url)
        for width, mode in in_modes(page, group):
            assert_accessible(page)
            shot(page, f"{name}-{width}-{mode}")


def test_account_case_pool_and_public_month(browser_page, window):
    staffed(window)
    settling.two_orders(window)
    settling.approved(window)
    at = settling.noon(settling.last_month().replace(day=9))
    given = {"by": window.wang, "key": "gift", "at": at, "is_named": True}
    pool.give(window.pool, window.wang_points, window.wang, 2, **given)
    donations.receive(
        window.tissue_shop,
        3,
        by=window.sun,
        donor_name="李大方",
        is_body=False,
        wish="surname",
        thanks="谢谢您",
        received_on=settling.last_month(),
        key="goods",
    )
    for offer in (window.tissue_here, window.rice_here, window.haircut_here):
        buy(window, offer)
    watch.look()
    openness.publish_of(window.community, settling.noon(settling.last_month()), starts_on=None)
    request = pool_requests.ask(
        window.community,
        window.tissue_shop,
        quantity=2,
        purpose="给独居老人送抽纸",
        people=6,
        picker=window.lv,
        by=window.sun,
        key="ask",
    )
    looked_at(browser_page, window.chen, "/exchange/account/", "account")
    looked_at(browser_page, None, "/exchange/public/", "public")
    looked_at(browser_page, window.he, Case.objects.get().get_absolute_url(), "case")
    page = browser_page(390, person=window.chen)
    page.goto("/exchange/account/")
    page.get_by_role("link", name="已兑换 120").click()
    page.get_by_text("合计 120 分").wait_for()
    assert_accessible(page)
    shot(page, "transfers-390")

    xu = browser_page(390, person=window.xu)
    xu.goto(request.get_absolute_url())
    assert_accessible(xu)
    shot(xu, "request-390")
    xu.get_by_role("button", name="批准", exact=True).click()
    xu.get_by_text("已办理").wait_for()
    lv = browser_page(390, person=window.lv)
    for address, name in (
        (f"{request.get_absolute_url()}slip/", "slip"),
        ("/exchange/pool/", "pool"),
        ("/exchange/pool/new/", "pool-new"),
    ):
        lv.goto(address)
        assert_accessible(lv)
        shot(lv, f"{name}-390")
    he = browser_page(390, person=window.he)
    he.goto("/exchange/cases/")
    assert_accessible(he)
    shot(he, "cases-390")
