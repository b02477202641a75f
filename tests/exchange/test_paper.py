"""Codes on paper: a list for hours without a network, and each order entered for itself."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exchange import orders, paper
from exchange.models import Order, OrderState
from points import verification
from tests.browser import assert_valid_html
from tests.exchange.test_counter import said
from tests.exchange.test_orders import order, pieces
from tests.exchange.window import item, offer


def sheet(outlet) -> str:
    return reverse("exchange:paper", args=[outlet.pk])


def entering(outlet) -> str:
    return reverse("exchange:paper_enter", args=[outlet.pk])


def minute(at) -> str:
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"


def qian(window) -> dict:
    return {
        "account": window.qian_points,
        "person": window.qian,
        "household": window.home_elsewhere,
        "by": window.qian,
    }


def three(window) -> list[Order]:
    return [
        order(window, window.tissue_here, quantity=2),
        order(window, window.rice_here, key="form-2"),
        order(window, window.haircut_here, key="form-3"),
    ]


def test_the_list_has_codes_and_goods_and_no_names(client, window):
    first, second, _third = three(window)
    elsewhere = order(window, window.tissue_counter, key="there", **qian(window))
    orders.cancel(second, by=window.wang)
    client.force_login(window.shang)
    answer = client.get(sheet(window.merchant))
    words = said(answer)
    assert "共2单3件" in words
    assert first.code in words
    for gone in (second.code, elsewhere.code, window.wang.name, "301"):
        assert gone not in words
    assert_valid_html(answer.content.decode())


def test_a_list_is_for_today_or_the_next_redemption_day(client, window):
    placed = order(window)
    today = timezone.localdate()
    later = today + timedelta(days=3)
    window.merchant.weekdays = [later.isoweekday()]
    window.merchant.save()
    assert paper.days_of(window.merchant, today) == [today, later]
    client.force_login(window.shang)
    Order.objects.filter(pk=placed.pk).update(due_at=timezone.now() + timedelta(days=1))
    assert placed.code in said(client.get(sheet(window.merchant), {"day": str(today)}))
    for day in ("", str(later), "2026-13-45", "2020-01-01"):
        assert placed.code not in said(client.get(sheet(window.merchant), {"day": day}))


def test_what_was_handed_over_is_entered_at_its_time(client, window, time_machine):
    first, second, third = three(window)
    handed_at = first.placed_at + timedelta(hours=2)
    time_machine.move_to(first.placed_at + timedelta(days=1))
    client.force_login(window.shang)
    data = {"at": minute(handed_at), "order": [first.pk, second.pk]}
    assert client.post(entering(window.merchant), data).status_code == 302
    for placed, state in ((first, "issued"), (second, "issued"), (third, "reserved")):
        placed.refresh_from_db()
        assert placed.state == state
    assert minute(first.ended_at) == minute(handed_at)
    assert first.ending.happened_on == timezone.localdate(handed_at)
    assert pieces(window.tissue_here) == (3, 0)
    assert "已补录2单" in said(client.get(entering(window.merchant)))
    assert verification.run(full=True).findings == []


def test_each_is_answered_for_itself(client, window):
    first, second, third = three(window)
    orders.cancel(second, by=window.wang)
    Order.objects.filter(pk=third.pk).update(due_at=timezone.now() - timedelta(minutes=10))
    client.force_login(window.shang)
    numbers = [first.pk, second.pk, third.pk]
    answer = client.post(
        entering(window.merchant), {"at": minute(timezone.now()), "order": numbers}
    )
    words = said(answer)
    assert answer.status_code == 422
    assert "已补录1单" in words
    assert f"{second.code[:4]}{second.code[4:]}大米5kg：当前状态为“已取消”" in words
    assert "领取期限已于" in words
    states = [Order.objects.get(pk=pk).state for pk in numbers]
    assert states == ["issued", "cancelled", "reserved"]


@pytest.mark.parametrize("wrong", ["nothing", "future", "before", "no time", "another outlet"])
def test_what_makes_no_sense_is_refused_and_the_ticks_stay(client, window, wrong):
    placed = order(window)
    there = order(window, window.tissue_shop, key="there")
    now = timezone.now()
    data, words = {
        "nothing": ({"at": minute(now)}, "请先勾选"),
        "future": ({"at": minute(now + timedelta(hours=1)), "order": placed.pk}, "不能晚于现在"),
        "before": ({"at": minute(now - timedelta(hours=1)), "order": placed.pk}, "早于下单时间"),
        "no time": ({"at": "昨天", "order": placed.pk}, "正确的日期和时间"),
        "another outlet": ({"at": minute(now), "order": there.pk}, "请先勾选"),
    }[wrong]
    client.force_login(window.shang)
    answer = client.post(entering(window.merchant), data)
    assert (answer.status_code, words in said(answer)) == (422, True)
    ticks = answer.content.decode().count("checked")
    assert ticks == ("order" in data and wrong != "another outlet")
    assert not Order.objects.exclude(state=OrderState.RESERVED).exists()


def test_only_who_serves_the_outlet_has_its_codes(client, window):
    placed = order(window)
    for person in (window.sun, window.chen, window.zhou, window.zhao, window.wang):
        client.force_login(person)
        assert client.get(sheet(window.merchant)).status_code == 404, person.name
        data = {"at": minute(timezone.now()), "order": placed.pk}
        assert client.post(entering(window.merchant), data).status_code == 404
    placed.refresh_from_db()
    assert placed.state == OrderState.RESERVED


@pytest.mark.parametrize("rows", [3, 12])
def test_lists_cost_the_same_with_more_codes(client, window, rows, django_assert_num_queries):
    sweet = item(window, "E98", "糖果一包", "goods", 5)
    sweets = offer(window.merchant, sweet, 40, by=window.shang)
    for number in range(rows):
        order(window, sweets, key=f"k{number}")
    client.force_login(window.shang)
    for address in (sheet(window.merchant), entering(window.merchant)):
        with django_assert_num_queries(5):
            assert client.get(address).content.decode().count("糖果一包") == rows
