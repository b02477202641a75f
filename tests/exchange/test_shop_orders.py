"""From the page of a thing to the code, its list, cancelling and the receipt."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import orders, stock
from exchange.models import Order, OrderState, RedemptionStop
from tests.browser import assert_valid_html
from tests.exchange.test_shop_window import read
from tests.points.books import state

LIST = "/exchange/orders/"


def send(client, window, thing=None, *, person=None, **more):
    client.force_login(person or window.wang)
    offered = more.pop("offer", window.tissue_here)
    given = {
        "key": uuid.uuid4(),
        "offer": offered.pk,
        "quantity": 1,
        "account": window.wang_points.pk,
        "do": "order",
        **more,
    }
    return client.post((thing or offered.item).get_absolute_url(), given)


def ordered(window, **more) -> Order:
    given = {
        "account": window.wang_points,
        "person": window.wang,
        "household": window.home,
        "by": window.wang,
        "key": f"k{uuid.uuid4()}",
        **more,
    }
    return orders.place(given.pop("offer", window.tissue_here), **given)


def refused(answer) -> str:
    assert answer.status_code == 422, answer.status_code
    html = answer.content.decode()
    assert_valid_html(html)
    return html


# --- the page of a thing -------------------------------------------------------------------------


def test_the_page_says_where_it_lies_and_on_which_terms(client, window):
    window.shop.hours, window.shop.address = "周一至周六 9:00—18:00", "梧桐路12号"
    window.shop.weekdays = [3]
    window.shop.month_days = [28]
    window.shop.save()
    html = read(client, window.tissue.get_absolute_url(), person=window.wang)
    for words in (
        "梧桐里积分超市",
        "梧桐路12号",
        "9:00—18:00",
        "每周三、每月28日",
        "每户每月最多 2 件",
    ):
        assert words in html
    assert "要用 <strong>60 分</strong>，兑换后这个账户还剩 940 分" in html
    assert_valid_html(html)
    client.logout()
    visitor = read(client, window.tissue.get_absolute_url())
    assert "登录后兑换" in visitor
    assert "940" not in visitor


def test_a_thing_that_is_not_there_is_a_404(client, window):
    assert client.get("/exchange/items/999999/").status_code == 404


def test_an_order_leads_to_its_code(client, window):
    answer = send(client, window, quantity=2)
    order = Order.objects.get()
    assert answer.url == order.get_absolute_url()
    assert state(window.wang_points)[:2] == (1000, 120)
    html = client.get(answer.url).content.decode()
    assert order.code_spaced in html
    assert "data:image/svg+xml;base64," in html
    assert "梧桐便民超市" in html
    assert_valid_html(html)


def test_the_same_form_twice_is_one_order(client, window):
    key = uuid.uuid4()
    first, second = send(client, window, key=key), send(client, window, key=key)
    assert first.url == second.url
    assert Order.objects.count() == 1
    assert "这张表已经下过一单" in refused(send(client, window, key=key, quantity=2))


def test_the_last_piece_sent_twice_is_still_that_order(client, window):
    stock.damage(window.tissue_here, 4, by=window.shang, reason="受潮")
    key = uuid.uuid4()
    first, second = send(client, window, key=key), send(client, window, key=key)
    assert (second.status_code, first.url) == (302, second.url)


def test_nothing_is_ordered_by_looking_at_what_it_costs(client, window):
    answer = send(client, window, quantity=2, do="preview")
    assert "要用 <strong>120 分</strong>，兑换后这个账户还剩 880 分" in answer.content.decode()
    client.force_login(window.wang)
    fragment = client.post(
        window.rice.get_absolute_url(),
        {"quantity": 2, "account": window.home_points.pk, "do": "preview"},
        headers={"HX-Request": "true"},
    )
    assert "还差 140 分" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": "0"}, "数量须为 1 至 99 的整数"),
        ({"quantity": "x"}, "数量须为 1 至 99 的整数"),
        ({"quantity": ""}, "请填写数量"),
        ({"offer": ""}, "请选择兑换点"),
        ({"offer": "999999"}, "请选择兑换点"),
        ({"account": ""}, "请选择账户"),
        ({"account": "999999"}, "请选择账户"),
        ({"quantity": "3"}, "本月还可以兑换 2 件"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client, window, change, words):
    client.force_login(window.wang)
    given = {"offer": window.tissue_here.pk, "quantity": 1, "account": window.wang_points.pk}
    answer = client.post(window.tissue.get_absolute_url(), given | change)
    assert words in refused(answer)
    assert not Order.objects.exists()


def test_points_that_are_missing_are_counted_and_the_way_to_earn_is_shown(client, window):
    for thing in (window.rice_here, window.haircut_here):
        ordered(window, account=window.home_points, offer=thing)
    html = refused(
        send(client, window, offer=window.tissue_shop, quantity=2, account=window.home_points.pk)
    )
    assert "可用 80 分，需要 120 分，还差 40 分" in html
    assert "/points/earn/" in html


def test_sold_out_meanwhile_is_said_at_the_outlet(client, window):
    stock.damage(window.tissue_here, 5, by=window.shang, reason="受潮")
    assert "这里已经兑完了" in refused(send(client, window))


def test_a_stop_is_said(client, window):
    today = timezone.localdate()
    RedemptionStop.objects.create(
        area=window.street,
        starts_on=today,
        reason="年底盘点",
        announced_by=window.chen,
        announced_on=today - timedelta(days=31),
    )
    assert "确定兑换" not in read(client, window.tissue.get_absolute_url(), person=window.wang)
    assert "年底盘点" in refused(send(client, window))


def test_nobody_pays_from_anothers_account(client, window):
    answer = send(client, window, account=window.qian_points.pk)
    assert "请选择账户" in refused(answer)
    assert not Order.objects.exists()


def test_who_has_no_points_learns_how_to_get_some(client, window):
    html = read(client, window.tissue.get_absolute_url(), person=window.newcomer)
    assert "登记并核验住址后" in html
    answer = send(client, window, person=window.newcomer)
    assert "登记并核验住址后" in refused(answer)
    client.logout()
    assert "login" in client.post(window.tissue.get_absolute_url(), {}).url


def test_a_door_that_had_its_share_is_told_so(client, window):
    ordered(window, quantity=2)
    html = read(client, window.tissue.get_absolute_url(), person=window.wang)
    assert "这个月已经兑满" in html
    assert "每户每月最多 2 件，本月还可以兑换 0 件" in refused(
        send(client, window, offer=window.tissue_shop)
    )


def test_the_page_of_a_thing_costs_few_queries(client, window):
    client.force_login(window.wang)
    address = window.tissue.get_absolute_url()
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) <= 10, "\n".join(query["sql"][:200] for query in queries)


# --- an order ------------------------------------------------------------------------------------


def test_a_stranger_meets_404(client, window):
    order = ordered(window)
    for stranger in (window.qian, window.zhao, window.newcomer, window.li, window.shang):
        client.force_login(stranger)
        for way in ("", "cancel/", "slip/"):
            assert client.get(order.get_absolute_url() + way).status_code == 404, way
        assert client.post(f"{order.get_absolute_url()}cancel/").status_code == 404
        assert order.code_spaced not in read(client, LIST)
    client.logout()
    assert client.get(order.get_absolute_url()).status_code == 302
    order.refresh_from_db()
    assert order.state == OrderState.RESERVED


def test_the_household_sees_what_its_account_pays(client, window):
    own, shared = ordered(window), ordered(window, account=window.home_points)

    def moves_in(person, days_ago, **more):
        for name, value in more.items():
            setattr(person, name, value)
        person.save()
        person.residences.create(
            household=window.home,
            state="verified",
            starts_on=timezone.localdate() - timedelta(days=days_ago),
            verified_by=window.li,
        )

    moves_in(window.newcomer, 9)
    html = read(client, LIST, person=window.newcomer)
    assert shared.code_spaced in html
    assert own.code_spaced not in html
    assert client.get(shared.get_absolute_url()).status_code == 200
    assert client.get(own.get_absolute_url()).status_code == 404
    moves_in(window.qian, 9, birth_year=timezone.localdate().year - 12)
    assert shared.code_spaced not in read(client, LIST, person=window.qian)
    # Who moves in later does not read what was before.
    moves_in(window.wu, 0)
    yesterday = ordered(
        window,
        account=window.home_points,
        offer=window.haircut_here,
        at=timezone.now() - timedelta(days=1),
    )
    client.force_login(window.wu)
    assert client.get(yesterday.get_absolute_url()).status_code == 404


def test_cancelling_asks_once_more_and_gives_the_points_back(client, window):
    order = ordered(window)
    html = read(client, f"{order.get_absolute_url()}cancel/", person=window.wang)
    assert "确定取消" in html
    assert_valid_html(html)
    assert state(window.wang_points)[:2] == (1000, 60)
    client.post(f"{order.get_absolute_url()}cancel/")
    assert state(window.wang_points)[:2] == (1000, 0)
    html = read(client, order.get_absolute_url())
    assert "60 分已退回原账户" in html
    assert "data:image/svg" not in html
    assert client.get(f"{order.get_absolute_url()}cancel/").status_code == 302
    assert "已经了结" in refused(client.post(f"{order.get_absolute_url()}cancel/"))


def test_the_receipt_says_when_and_where(client, window):
    order = ordered(window)
    orders.issue(order, by=window.shang, photo="abcdef0123456789abcdef01")
    html = read(client, order.get_absolute_url(), person=window.wang)
    assert "/exchange/handed/abcdef0123456789abcdef01/small/" in html
    for words in ("领取回执", "梧桐便民超市", "60 分", "已领取"):
        assert words in html
    assert "商店主" not in html
    assert client.get(f"{order.get_absolute_url()}slip/").status_code == 404


def test_the_slip_has_the_code_and_no_name(client, window):
    order = ordered(window)
    html = read(client, f"{order.get_absolute_url()}slip/", person=window.wang)
    assert order.code_spaced in html
    assert "王居民" not in re.sub(r"<header.*?</header>", "", html, flags=re.DOTALL)
    assert_valid_html(html)


def test_the_list_is_chosen_by_state_and_goes_on(client, window):
    gone = ordered(window)
    orders.cancel(gone, by=window.wang)
    kept = ordered(window)
    assert gone.get_absolute_url() not in read(client, f"{LIST}?state=open", person=window.wang)
    done = read(client, f"{LIST}?state=done")
    assert gone.get_absolute_url() in done
    assert kept.get_absolute_url() not in done
    for _number in range(20):
        orders.cancel(ordered(window, offer=window.tissue_counter), by=window.wang)
    assert gone.get_absolute_url() not in read(client, LIST)
    assert gone.get_absolute_url() in read(client, f"{LIST}?before={kept.pk}")


@pytest.mark.parametrize("address", [LIST, "{order}"])
def test_queries_do_not_grow_with_orders(client, window, address):
    order = ordered(window)

    def count() -> list[str]:
        at = address.format(order=order.get_absolute_url())
        client.get(at)
        with CaptureQueriesContext(connection) as queries:
            client.get(at)
        return [query["sql"][:200] for query in queries]

    client.force_login(window.wang)
    few = count()
    for _number in range(10):
        orders.cancel(ordered(window, offer=window.haircut_here), by=window.wang)
    assert len(count()) == len(few)
    assert len(few) <= 10, "\n".join(few)
