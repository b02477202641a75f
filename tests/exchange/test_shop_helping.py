"""代办: a worker orders for a resident of their place, with their word, and prints the code."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exchange.models import Order
from inbox.models import Delivery
from points import accounts
from points.models import TransferKind
from tests.browser import assert_valid_html
from tests.exchange.test_shop_orders import refused
from tests.exchange.test_shop_window import read
from tests.points.books import move
from tests.points.claiming import live

FIND = "/exchange/for/"


def at(window, thing=None) -> str:
    address = f"{FIND}{window.wang.public_id}/"
    return f"{address}items/{thing.pk}/" if thing else address


def form(window, **more):
    return {
        "key": uuid.uuid4(),
        "offer": window.tissue_here.pk,
        "quantity": 1,
        "account": window.wang_points.pk,
        "consent": "电话同意",
        "do": "order",
        **more,
    }


def test_the_desk_leads_there(client, window):
    assert f'href="{FIND}"' in read(client, "/desk/", person=window.li)
    assert f'href="{FIND}"' not in read(client, "/desk/", person=window.feng)


@pytest.mark.parametrize("asked", ["王居", "10000000020"])
def test_a_worker_finds_who_lives_in_their_place(client, window, asked):
    html = read(client, f"{FIND}?q={asked}", person=window.li)
    assert at(window) in html
    assert_valid_html(html)
    assert at(window) not in read(client, f"{FIND}?q={asked}", person=window.zhao)


def test_by_building(client, window):
    assert at(window) in read(client, f"{FIND}?building={window.building.pk}", person=window.li)
    assert at(window) not in read(client, FIND)
    read(client, f"{FIND}?building=x")


def test_nobody_else_enters(client, window):
    for somebody in (window.wang, window.shang, window.newcomer):
        read(client, FIND, person=somebody, status=404)
        read(client, at(window), person=somebody, status=404)
    for address in (at(window), at(window, window.tissue)):
        read(client, address, person=window.zhao, status=404)
    client.force_login(window.zhao)
    assert client.post(at(window, window.tissue), form(window)).status_code == 404
    assert not Order.objects.exists()


def test_a_worker_sees_balances_of_their_place_only(client, window):
    elsewhere = accounts.of_person(window.wang, window.elsewhere)
    fund = accounts.fund_of(window.elsewhere)
    move(fund, elsewhere, 777, key="award:elsewhere", kind=TransferKind.AWARD)
    html = read(client, at(window), person=window.li)
    assert "1000" in html
    assert "777" not in html
    assert_valid_html(html)


def test_an_order_for_somebody_is_marked_and_both_are_told(client, window):
    html = read(client, at(window, window.tissue), person=window.li)
    assert "本人怎样同意的" in html
    assert_valid_html(html)
    answer = client.post(at(window, window.tissue), form(window, note="上午十点"))
    order = Order.objects.get()
    assert answer.url == f"{order.get_absolute_url()}slip/"
    assert (order.consent, order.placed_by) == ("电话同意：上午十点", window.li)
    assert order.household == window.home
    slip = read(client, answer.url)
    assert order.code_spaced in slip
    assert "代办" in slip
    told = Delivery.objects.filter(message__kind="exchange.ordered", channel="site")
    assert set(told.values_list("person", flat=True)) == {window.wang.pk, window.li.pk}
    mine = read(client, order.get_absolute_url(), person=window.wang)
    for words in ("代办", "李网格", "电话同意：上午十点", order.code_spaced):
        assert words in mine
    assert order.code_spaced in read(client, at(window), person=window.li)


def test_without_their_word_nothing_is_ordered(client, window):
    client.force_login(window.li)
    for consent in ("", "我觉得可以"):
        html = refused(client.post(at(window, window.tissue), form(window, consent=consent)))
        assert "本人" in html
    assert not Order.objects.exists()


def test_the_same_form_twice_is_one_order(client, window):
    client.force_login(window.li)
    given = form(window)
    first = client.post(at(window, window.tissue), given)
    assert client.post(at(window, window.tissue), given).url == first.url
    assert Order.objects.count() == 1


def test_what_it_costs_without_ordering(client, window):
    client.force_login(window.li)
    answer = client.post(at(window, window.tissue), form(window, do="preview", quantity=2))
    assert "要用 <strong>120 分</strong>" in answer.content.decode()
    assert not Order.objects.exists()


def test_nobody_helps_themselves_or_gives_for_others(client, window):
    live(window.li, window.home, window.sun)
    assert window.li.public_id not in read(client, f"{FIND}?q=李", person=window.li)
    read(client, f"{FIND}{window.li.public_id}/", status=404)
    read(client, at(window, window.pool), status=404)


@pytest.mark.parametrize("address", [f"{FIND}?q=居民", "window", "item"])
def test_queries_do_not_grow(client, window, address):
    from exchange import orders

    address = {"window": at(window), "item": at(window, window.haircut)}.get(address, address)
    client.force_login(window.li)

    def count():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return [query["sql"][:200] for query in queries]

    few = count()
    live(window.newcomer, window.home, window.sun)
    for number in range(3):
        order = orders.place(
            window.tissue_here,
            account=window.wang_points,
            person=window.wang,
            household=window.home,
            by=window.li,
            consent="当面同意",
            key=f"q{number}",
        )
        if number:
            continue
        orders.cancel(order, by=window.li)
    assert len(count()) == len(few)
    assert len(few) <= 10, "\n".join(few)
