"""What the pages of points tell of the exchange: open orders on top, lines with what was had."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import orders, pool
from points import origins, promises
from tests.browser import assert_valid_html
from tests.exchange.test_shop_orders import ordered
from tests.exchange.test_shop_window import read

MINE = "/points/"


def statement() -> str:
    return f"/points/statement/{timezone.localdate():%Y-%m}/"


def grows_up_in(window, person, years: int):
    person.birth_year = timezone.localdate().year - years
    person.save()
    person.residences.create(
        household=window.home,
        state="verified",
        starts_on=timezone.localdate() - timedelta(days=9),
        verified_by=window.li,
    )


def test_what_waits_to_be_fetched_stands_on_my_points(client, window):
    order = ordered(window, quantity=2)
    html = read(client, MINE, person=window.wang)
    for words in (
        "等您去领的",
        "抽纸一提×2",
        order.code_spaced,
        order.get_absolute_url(),
        "/exchange/",
    ):
        assert words in html
    assert_valid_html(html)
    assert "等您去领的" not in read(client, MINE, person=window.qian)
    orders.cancel(order, by=window.wang)
    assert "等您去领的" not in read(client, MINE, person=window.wang)


def test_the_households_orders_are_for_its_grown_members(client, window):
    own, shared = ordered(window), ordered(window, account=window.home_points)
    grows_up_in(window, window.newcomer, 40)
    html = read(client, MINE, person=window.newcomer)
    assert shared.code_spaced in html
    assert own.code_spaced not in html
    grows_up_in(window, window.qian, 12)
    assert shared.code_spaced not in read(client, MINE, person=window.qian)


def test_a_line_says_what_was_had_and_leads_to_it(client, window):
    order = ordered(window, account=window.home_points, quantity=2)
    orders.issue(order, by=window.shang)
    pool.give(window.pool, window.wang_points, window.wang, 1, by=window.wang, key="a")
    for address in (MINE, statement()):
        html = read(client, address, person=window.wang)
        assert "兑换：抽纸一提×2" in html
        assert "捐给一老一小公益池" in html
    html = read(client, MINE)
    assert order.get_absolute_url() in html
    grows_up_in(window, window.newcomer, 40)
    assert order.get_absolute_url() in read(client, MINE, person=window.newcomer)
    assert client.get(order.get_absolute_url()).status_code == 200
    grows_up_in(window, window.qian, 12)
    child = read(client, MINE, person=window.qian)
    assert "兑换：抽纸一提×2" in child
    assert order.get_absolute_url() not in child


def test_who_moves_in_reads_an_order_they_read_the_line_of(client, window):
    """Ordered before they moved in, handed over after."""
    before = timezone.now() - timedelta(days=3)
    order = ordered(window, account=window.home_points, at=before)
    window.newcomer.residences.create(
        household=window.home,
        state="verified",
        starts_on=timezone.localdate(),
        verified_by=window.li,
    )
    client.force_login(window.newcomer)
    assert client.get(order.get_absolute_url()).status_code == 404
    orders.issue(order, by=window.shang)
    assert order.get_absolute_url() in read(client, MINE)
    assert client.get(order.get_absolute_url()).status_code == 200


def test_my_points_cost_the_same_with_many_orders(client, window):
    def count() -> list[str]:
        client.get(MINE)
        with CaptureQueriesContext(connection) as queries:
            client.get(MINE)
        return [query["sql"][:200] for query in queries]

    client.force_login(window.wang)
    orders.issue(ordered(window), by=window.shang)
    few = count()
    ordered(window, account=window.home_points)
    for _number in range(5):
        orders.cancel(ordered(window, offer=window.haircut_here), by=window.wang)
    orders.issue(ordered(window, offer=window.haircut_here), by=window.shang)
    assert len(count()) == len(few)
    assert len(few) <= 10, "\n".join(few)


def test_what_fails_to_answer_is_left_out(window, monkeypatch):
    def broken(person, accounts):
        raise ValueError("no")

    monkeypatch.setattr(promises, "_providers", [broken, *promises._providers])
    ordered(window)
    window.wang_points.since = None
    assert len(promises.of(window.wang, [window.wang_points])) == 1


def test_a_key_that_nobody_knows_leads_nowhere(window):
    transfer = ordered(window).hold
    assert origins.lead_of(transfer, window.wang).startswith("/exchange/orders/")
    transfer.key = "award:1"
    assert origins.lead_of(transfer, window.wang) == ""
