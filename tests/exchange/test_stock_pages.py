"""The stock of an outlet: entered by who serves it, read by who looks after the place."""

import csv
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from exchange import orders, stock
from exchange.models import GoodsDonation, Outlet, StockEntry, StockKind
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.exchange.test_counter import said
from tests.exchange.test_orders import order, pieces
from tests.exchange.test_stock import give
from tests.exchange.window import item, offer


def url(name, *args):
    return reverse(f"exchange:{name}", args=args)


def sheet(window):
    return url("stock", window.merchant.pk)


def page(offer, do=""):
    at = url("stock_item", offer.outlet_id, offer.pk)
    return f"{at}?do={do}" if do else at


def test_what_runs_low_stands_first(client, window):
    stock.set_low_mark(window.rice_here, 2)
    order(window, quantity=2)
    client.force_login(window.shang)
    answer = client.get(sheet(window))
    words = said(answer)
    assert words.index("该补货了") < words.index("大米5kg") < words.index("抽纸一提")
    assert "可兑换3已预留2在库5" in words
    assert "不计库存" in words
    assert_valid_html(answer.content.decode())
    home = client.get(url("stock_home"))
    assert (home.status_code, home["Location"]) == (302, sheet(window))


def test_who_sees_several_outlets_finds_where_little_is_left(client, window):
    stock.set_low_mark(window.rice_here, 2)
    for person, rows in (
        (window.chen, ["梧桐便民超市1项不足", "梧桐里积分超市不缺货", "青桐全域兑换专柜不缺货"]),
        (window.zhou, ["梧桐便民超市1项不足", "梧桐里积分超市不缺货"]),
    ):
        client.force_login(person)
        words = said(client.get(url("stock_home")))
        places = [words.index(row) for row in rows]
        assert places == sorted(places)
        assert "兑换点库存1项不足" in said(client.get("/desk/"))
    assert "青桐全域兑换专柜" not in words
    client.force_login(window.wang)
    assert client.get(url("stock_home")).status_code == 404


def test_what_is_entered_becomes_a_line(client, window):
    client.force_login(window.shang)
    for verb, data in (
        ("receive", {"pieces": "3", "reason": "单号7"}),
        ("damage", {"pieces": "1", "reason": "受潮"}),
        ("count", {"pieces": "6", "reason": "少一件"}),
        ("mark", {"pieces": "9"}),
    ):
        sent = client.post(page(window.tissue_here, verb), data)
        assert sent.status_code == 302, verb
    lines = StockEntry.objects.filter(offer=window.tissue_here).order_by("seq")
    assert list(lines.values_list("kind", "on_hand_delta", "reason", "actor"))[1:] == [
        ("received", 3, "单号7", window.shang.pk),
        ("damaged", -1, "受潮", window.shang.pk),
        ("counted", -1, "少一件", window.shang.pk),
    ]
    window.tissue_here.refresh_from_db()
    assert window.tissue_here.low_mark == 9
    shown = client.get(page(window.tissue_here))
    assert "第4笔盘点-1" in said(shown)
    assert_valid_html(shown.content.decode())


def test_a_form_sent_twice_is_entered_once(client, window):
    client.force_login(window.shang)
    data = {"pieces": "3", "key": "6f1cb5ad-5a1e-4c8c-b9de-4b28f1f2a001"}
    for _click in range(2):
        client.post(page(window.tissue_here, "receive"), data)
    assert pieces(window.tissue_here) == (8, 0)


@pytest.mark.parametrize(
    ("verb", "data", "words"),
    [
        ("receive", {"pieces": ""}, "请填写件数"),
        ("receive", {"pieces": "0"}, "至少1件"),
        ("receive", {"pieces": "三"}, "请填写整数"),
        ("receive", {"pieces": "100001"}, "不超过10万件"),
        ("damage", {"pieces": "1"}, "请写明原因"),
        ("damage", {"pieces": "4", "reason": "受潮"}, "已为居民预留"),
        ("count", {"pieces": "1", "reason": "少了"}, "已为居民预留"),
        ("count", {"pieces": "4"}, "请写明原因"),
        ("mark", {"pieces": "-1"}, "不能是负数"),
        ("donate", {"pieces": "1"}, "请填写捐赠人"),
        ("donate", {"pieces": "1", "is_body": "on", "wish": "surname"}, "单位没有姓氏"),
        (
            "donate",
            {"pieces": "1", "donor_name": "钱善", "wish": "hidden", "thanks": "谢钱善"},
            "请去掉",
        ),
        ("donate", {"pieces": "1", "thanks": "请打13812345678"}, "不能公开"),
        ("donate", {"pieces": "1", "received_on": "2099-01-01"}, "不能晚于今天"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(client, window, verb, data, words):
    order(window, quantity=2)
    lines = StockEntry.objects.count()
    client.force_login(window.shang)
    answer = client.post(page(window.tissue_here, verb), data)
    assert (answer.status_code, words in said(answer)) == (422, True)
    assert f'value="{data["pieces"]}"' in answer.content.decode() or not data["pieces"]
    assert "在库5件" in said(answer)
    assert StockEntry.objects.count() == lines
    assert pieces(window.tissue_here) == (5, 2)


def test_a_gift_is_listed_as_its_giver_wished(client, window):
    client.force_login(window.shang)
    data = {
        "pieces": "4",
        "donor_name": "钱大善",
        "wish": "surname",
        "thanks": "谢谢您",
        "received_on": timezone.localdate().isoformat(),
    }
    assert client.post(page(window.rice_here, "donate"), data).status_code == 302
    gift = GoodsDonation.objects.get()
    assert gift.entry.kind == StockKind.DONATED
    assert "钱大善" not in said(client.get(url("donations")))
    assert "钱*：大米5kg×4" in said(client.get(url("donations")))
    changed = client.post(url("donation", gift.pk), {"wish": "hidden", "thanks": ""})
    assert changed.status_code == 302
    assert "一位热心居民" in said(client.get(url("donations")))
    bad = client.post(url("donation", gift.pk), {"wish": "hidden", "thanks": "谢谢钱大善"})
    assert bad.status_code == 422
    client.force_login(window.chen)
    assert "钱大善：大米5kg×4" in said(client.get(url("donations")))


def test_the_history_turns_its_pages(client, window):
    for number in range(32):
        stock.receive(window.rice_here, 1, by=window.shang, reason=f"第{number}车")
    client.force_login(window.shang)
    first = client.get(page(window.rice_here))
    assert "第33笔" in said(first)
    assert "第3笔" not in said(first)
    assert "?before=4#lines" in first.content.decode()
    second = client.get(page(window.rice_here), {"before": 4})
    assert [f"第{n}笔" in said(second) for n in (1, 3, 4)] == [True, True, False]


def test_the_spreadsheet_computes_nothing_and_tells_no_code(client, window):
    stock.receive(window.rice_here, 1, by=window.shang, reason="=HYPERLINK(1)")
    placed = order(window)
    orders.issue(placed, by=window.shang)
    waiting = order(window, key="form-2")
    client.force_login(window.chen)
    text = b"".join(client.get(url("stock_csv", window.merchant.pk))).decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:])))
    assert [row[11] for row in rows if "HYPERLINK" in row[11]] == ["'=HYPERLINK(1)"]
    assert [row[2:10] for row in rows if row[4] == "发放"] == [
        ["3", rows[3][3], "发放", "-1", "-1", "4", "0", str(placed.pk)]
    ]
    assert placed.code not in text
    assert waiting.code not in text
    assert window.wang.name not in text


def test_who_looks_after_the_place_reads_and_others_find_nothing(client, window):
    gift = give(window)
    reads = [
        sheet(window),
        url("stock_csv", window.merchant.pk),
        page(window.tissue_here),
        url("donation", gift.pk),
    ]
    writes = [page(window.tissue_here, verb) for verb in ("receive", "damage", "count", "mark")]
    for person, read, write in (
        (window.shang, 200, 422),
        (window.chen, 200, 404),
        (window.zhou, 200, 404),
        (window.sun, 404, 404),  # serves another outlet
        (window.zhao, 404, 404),
        (window.wang, 404, 404),
    ):
        client.force_login(person)
        assert {client.get(one).status_code for one in reads} == {read}, person.name
        assert {client.post(one).status_code for one in writes} == {write}, person.name
    client.force_login(window.shang)
    assert client.get(page(window.tissue_here, "steal")).status_code == 404
    elsewhere = url("stock_item", window.merchant.pk, window.tissue_shop.pk)
    assert client.get(elsewhere).status_code == 404
    assert "登记" not in said(client.get(page(window.haircut_here)))
    assert client.post(page(window.haircut_here, "receive"), {"pieces": 1}).status_code == 404


@pytest.mark.parametrize("rows", [3, 12])
def test_the_pages_cost_the_same_with_more_rows(client, window, rows, django_assert_num_queries):
    for number in range(rows):
        thing = item(window, f"X{number}", f"小物{number}", "goods", 5)
        given = offer(window.merchant, thing, 4, by=window.shang)
        give(window, key=f"gift-{number}")
        stock.receive(window.tissue_here, 1, by=window.shang)
        Outlet.objects.create(
            kind="shop",
            name=f"分店{number}",
            organization=window.committee,
            area=window.community,
            books=window.community,
        )
    client.force_login(window.zhou)
    with django_assert_num_queries(4):
        client.get(url("stock_home"))
    client.force_login(window.shang)
    with django_assert_num_queries(5):
        client.get(sheet(window))
    with django_assert_num_queries(5):
        client.get(page(window.tissue_here))
    with django_assert_num_queries(4):
        client.get(url("donations"))
    assert given.pk


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_stock_and_lists_in_all_modes(browser_page, window):
    stock.set_low_mark(window.rice_here, 2)
    order(window, quantity=2)
    give(window)
    stock.damage(window.tissue_here, 1, by=window.shang, reason="受潮")
    pages = {
        "stock": sheet(window),
        "stock-item": page(window.tissue_here, "count"),
        "donations": url("donations"),
        "donate": page(window.rice_here, "donate"),
        "paper": url("paper", window.merchant.pk),
        "paper-enter": url("paper_enter", window.merchant.pk),
    }
    for modes in by_size((390, "light"), (390, "dark"), (390, "elder")):
        tab = browser_page(*modes[0], person=window.shang)
        for name, address in pages.items():
            tab.goto(address)
            for width, mode in in_modes(tab, modes):
                assert_accessible(tab)
                shot(tab, f"{name}-{width}-{mode}")
