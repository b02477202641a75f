"""Giving to the pool: one's own points only, once per form, with thanks and what the pool did."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchange import orders, pool
from exchange.models import Gift
from inbox.models import Message
from points import accounts, verification
from points.ledger import InsufficientPoints
from tests.browser import assert_valid_html
from tests.exchange.accounting import staffed
from tests.exchange.test_shop_orders import refused
from tests.exchange.test_shop_window import read
from tests.points.books import state


def give(window, times=1, **more) -> Gift:
    given = {"account": window.wang_points, "person": window.wang, "by": window.wang, **more}
    key = given.pop("key", "form-1")
    return pool.give(
        given.pop("item", window.pool),
        given.pop("account"),
        given.pop("person"),
        times,
        key=key,
        **given,
    )


def in_pool(window) -> int:
    return state(accounts.escrow_of(window.community))[0]


def test_points_go_to_the_pool_of_the_givers_community(window):
    gift = give(window, 3, is_named=True)
    assert (gift.points, gift.is_named) == (300, True)
    assert state(window.wang_points)[:2] == (700, 0)
    assert in_pool(window) == 300
    assert Message.objects.filter(kind="exchange.given").count() == 1
    assert verification.run(full=True).findings == []


def test_the_same_form_twice_gives_once(window):
    assert give(window, 2).pk == give(window, 2).pk
    assert in_pool(window) == 200
    with pytest.raises(pool.GiftKeyTaken):
        give(window, 3)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_give_once(window, together):
    first, second = together(lambda: give(window), lambda: give(window))
    assert first.pk == second.pk
    assert in_pool(window) == 100


def test_nobody_gives_what_is_not_theirs(window):
    for account, person, by in (
        (window.home_points, window.wang, window.wang),
        (window.qian_points, window.wang, window.wang),
        (window.wang_points, window.wang, window.li),
    ):
        with pytest.raises(pool.NotTheirs):
            give(window, account=account, person=person, by=by)
    assert not Gift.objects.exists()


def test_nothing_is_given_that_is_not_there_or_not_a_gift(window):
    with pytest.raises(InsufficientPoints):
        give(window, 11)
    with pytest.raises(orders.NotOffered):
        give(window, item=window.tissue)
    for times in (0, -1, 100, True):
        with pytest.raises(orders.WrongQuantity):
            give(window, times)
    assert in_pool(window) == 0


def form(window, **more):
    return {"key": uuid.uuid4(), "times": 2, "account": window.wang_points.pk, **more}


def test_the_page_gives_once_and_thanks(client, window):
    address = f"/exchange/items/{window.pool.pk}/give/"
    html = read(client, window.pool.get_absolute_url(), person=window.wang)
    assert address in html
    assert_valid_html(html)
    page = read(client, address)
    assert "家庭账户，可用" not in page
    assert_valid_html(page)
    given = form(window)
    first, second = client.post(address, given), client.post(address, given)
    assert first.url == second.url
    assert in_pool(window) == 200
    html = read(client, first.url)
    assert "谢谢您" in html
    assert "200" in html
    assert_valid_html(html)
    assert read(client, first.url, person=window.qian, status=404)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": "0"}, "份数须为 1 至 99 的整数"),
        ({"times": ""}, "请填写份数"),
        ({"account": "1"}, "请选择账户"),
        ({"times": "11"}, "还差 100 分"),
    ],
)
def test_what_is_wrong_is_said(client, window, change, words):
    client.force_login(window.wang)
    answer = client.post(f"/exchange/items/{window.pool.pk}/give/", form(window, **change))
    assert words in refused(answer)
    assert not Gift.objects.exists()


def test_the_pool_tells_what_it_did(client, window):
    give(window, 5)
    orders.place_for_pool(
        window.tissue_here,
        community=window.community,
        quantity=2,
        purpose="给独居老人送抽纸",
        by=window.sun,
        approver=staffed(window).xu,
        key="pool-1",
    )
    address = window.pool.get_absolute_url()
    html = read(client, address, person=window.wang)
    assert "给独居老人送抽纸" in html
    found = pool.of(window.community)
    assert (found.given, found.spent, found.left) == (500, 120, 380)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 10, "\n".join(query["sql"][:200] for query in queries)


def test_only_a_gift_is_given(client, window):
    client.force_login(window.wang)
    assert client.get(f"/exchange/items/{window.tissue.pk}/give/").status_code == 404
    client.logout()
    assert client.get(f"/exchange/items/{window.pool.pk}/give/").status_code == 302
