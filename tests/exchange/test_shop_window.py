"""The window: what there is, near before far, what one may have; anybody may look."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import orders, pictures, stock
from exchange.models import Favourite, ItemTerms, RedemptionStop
from inbox.models import Message
from orgs import uploads
from orgs.models import Area, Site
from tests.browser import assert_valid_html
from tests.exchange.window import item, offer
from tests.grids.pictures import upload

WINDOW = "/exchange/"


def read(client, address=WINDOW, *, person=None, status=200) -> str:
    if person is not None:
        client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:300]
    return answer.content.decode()


def names(html: str) -> list[str]:
    """What of the cast stands in the window, in its order."""
    known = ("抽纸一提", "大米5kg", "义务理发券一次")
    cards = html.partition('<ul class="goods">')[2]
    return sorted((name for name in known if f"{name}</a>" in cards), key=cards.index)


def put(window, *, home=(100, 100), merchant=(400, 500), shop=(100, 160)):
    """王's home, the merchant 500 metres off, the shop 60."""
    Site.objects.create(building=window.building, x_metres=home[0], y_metres=home[1])
    for number, (outlet, at) in enumerate(((window.merchant, merchant), (window.shop, shop))):
        building = Area.objects.add_child(
            window.grid,
            {"level": "building", "code": f"99020300500100180{number}", "name": f"{80 + number}栋"},
        )
        Site.objects.create(building=building, x_metres=at[0], y_metres=at[1])
        outlet.building = building
        outlet.save()


def test_anybody_looks_into_the_window(client, window):
    html = read(client)
    assert names(html) == ["抽纸一提", "义务理发券一次", "大米5kg"]  # by points: no home
    assert "登录后兑换" in html
    assert "1000" not in html
    assert_valid_html(html)


def test_a_resident_sees_the_balance_stock_and_what_limits_leave(client, window):
    html = read(client, person=window.wang)
    assert "1500<small>分" in "".join(html.split())
    assert "还有5件" in html
    assert "不限件数" in html
    assert "本月还可兑2件" in html
    assert "今天可领" in html
    assert_valid_html(html)


def test_near_stands_before_far_and_says_how_far(client, window):
    put(window)
    html = read(client, person=window.wang)
    assert names(html) == ["抽纸一提", "义务理发券一次", "大米5kg"]  # the shop has tissues
    assert "约50米" in html
    assert "约500米" in html
    stock.damage(window.tissue_shop, 5, by=window.sun, reason="受潮")
    html = read(client)
    assert "梧桐里积分超市" not in html  # what is near but sold out gives way
    assert "约50米" not in html


def test_a_card_tells_the_nearest_outlet_and_how_many_others_have_some(client, window):
    put(window)
    card = read(client, f"{WINDOW}?q=抽纸", person=window.wang).partition('class="good"')[2]
    assert "梧桐里积分超市" in card
    assert "另有2处" in card
    stock.damage(window.tissue_counter, 20, by=window.chen, reason="受潮")
    card = read(client, f"{WINDOW}?q=抽纸").partition('class="good"')[2]
    assert "另有1处" in card
    page = read(client, window.tissue.get_absolute_url())  # there all of them are told
    far = page[page.index("在哪里领") :]
    assert far.index("约50米") < far.index("约500米") < far.index("已兑完")


def test_words_are_found_in_name_and_text_whatever_their_case(client, window):
    window.rice.text = "东北产，<5KG>装"
    window.rice.save()
    assert names(read(client, f"{WINDOW}?q=5kg 东北", person=window.wang)) == ["大米5kg"]
    assert names(read(client, f"{WINDOW}?q=5KG 抽纸")) == []


def test_names_are_text_on_the_cards(client, window):
    window.rice.name = "<b>米</b>"
    window.rice.save()
    html = read(client, person=window.wang)
    assert "&lt;b&gt;米&lt;/b&gt;</a>" in html
    assert "收藏&lt;b&gt;米&lt;/b&gt;</span>" in html
    assert "<b>米" not in html


def test_without_a_place_on_the_sheet_there_is_no_distance(client, window):
    assert "米</span>" not in read(client, person=window.wang)


def test_what_is_sold_out_comes_last_and_says_so(client, window):
    for thing in (window.tissue_here, window.tissue_shop):
        stock.damage(thing, 5, by=window.shang, reason="受潮")
    stock.damage(window.tissue_counter, 20, by=window.chen, reason="受潮")
    html = read(client, person=window.wang)
    assert names(html)[-1] == "抽纸一提"
    assert "已兑完" in html


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("?kind=service", ["义务理发券一次"]),
        ("?q=大米", ["大米5kg"]),
        ("?q=没有的东西", []),
        ("?kind=nonsense&page=-3", ["抽纸一提", "义务理发券一次", "大米5kg"]),
        ("?page=99", []),
    ],
)
def test_filters_stand_in_the_address(client, window, asked, expected):
    assert names(read(client, WINDOW + asked, person=window.wang)) == expected


def test_within_reach_is_what_one_account_pays(client, window):
    html = read(client, f"{WINDOW}?can=1", person=window.wang)
    assert "大米5kg" in html
    orders.place(
        window.rice_here,
        account=window.home_points,
        person=window.wang,
        household=window.home,
        by=window.wang,
        key="a",
    )
    dear = item(window, "E99", "按摩椅", "goods", 1001)
    offer(window.shop, dear, 1, by=window.sun)
    assert "按摩椅" in read(client)
    assert "按摩椅" not in read(client, f"{WINDOW}?can=1")


def test_the_next_redemption_day_where_only_those_count(client, window):
    today = timezone.localdate()
    window.merchant.weekdays = [(today + timedelta(days=1)).isoweekday()]
    window.merchant.only_on_days = True
    window.merchant.save()
    assert "下一个兑换日明天" in read(client, person=window.wang)


def test_terms_that_begin_later_are_not_yet_the_price(client, window):
    ItemTerms.objects.create(
        item=window.rice,
        starts_on=timezone.localdate() + timedelta(days=1),
        points=999,
        set_at=timezone.now(),
    )
    assert "999" not in read(client)


def test_what_is_not_offered_is_not_in_the_window(client, window):
    window.rice.is_offered = False
    window.rice.save()
    assert "大米5kg" not in read(client)
    html = read(client, window.rice.get_absolute_url(), person=window.wang)
    assert "已经下架" in html
    assert "确定兑换" not in html


def test_an_announced_stop_is_told_ahead(client, window):
    today = timezone.localdate()
    RedemptionStop.objects.create(
        area=window.street,
        starts_on=today + timedelta(days=20),
        reason="年底盘点",
        announced_by=window.chen,
        announced_on=today,
    )
    assert "年底盘点" in read(client, person=window.wang)
    assert "确定兑换" in read(client, window.tissue.get_absolute_url())


def test_the_place_of_points_is_marked_in_the_window(client, window):
    html = read(client, person=window.wang)
    assert html.count('href="/points/" aria-current="true"') == 2
    assert 'aria-current="page"' not in html.partition("<main")[0]


def test_a_star_is_kept_and_filters(client, window):
    client.force_login(window.wang)
    address = f"/exchange/items/{window.rice.pk}/favourite/"
    for _click in range(2):
        answer = client.post(address, {"keep": "1", "next": "/exchange/?kind=goods"})
        assert answer.url == "/exchange/?kind=goods"
    assert Favourite.objects.filter(person=window.wang).count() == 1
    assert names(read(client, f"{WINDOW}?mine=1")) == ["大米5kg"]
    assert client.post(address, {"keep": "0", "next": "//evil.example/"}).url == (
        window.rice.get_absolute_url()
    )
    assert not Favourite.objects.exists()
    answer = client.post(address, {"keep": "1"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in answer.content.decode()
    client.logout()
    assert client.post(address, {"keep": "1"}).status_code == 302
    assert Favourite.objects.filter(person=window.wang).count() == 1


def test_who_waits_is_told_when_there_is_some_again(client, window):
    stock.damage(window.rice_here, 2, by=window.shang, reason="受潮")
    html = read(client, window.rice.get_absolute_url(), person=window.wang)
    assert "到货提醒" in html
    address = f"/exchange/items/{window.rice.pk}/news/"
    client.post(address, {"wait": "1"})
    assert "到货时会给您发消息" in read(client, window.rice.get_absolute_url())
    client.post(address, {"wait": "0"})
    client.post(address, {"wait": "1"})
    stock.receive(window.rice_here, 3, by=window.shang)
    assert Message.objects.filter(kind="exchange.arrived").count() == 1


def test_a_picture_is_shown_to_anybody_once_there_is_one(client, window):
    address = f"/exchange/items/{window.rice.pk}/picture/small/"
    assert client.get(address).status_code == 404
    assert address not in read(client)
    with uploads.writing():
        window.rice.picture = pictures.keep(uploads.read(upload(name="大米.jpg")))
    window.rice.save()
    assert address in read(client)
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"].startswith("public")
    assert client.get(f"/exchange/items/{window.rice.pk}/picture/huge/").status_code == 404


def test_two_streets_are_chosen_between(client, window):
    other = Area.objects.add_child(
        Area.objects.get(pk=window.district.pk),
        {"level": "subdistrict", "code": "990203006", "name": "碧波街道"},
    )
    street = type(window)(street=other)
    item(street, "E01", "酱油一瓶", "goods", 70)
    html = read(client)
    assert "碧波街道" in html
    assert "酱油一瓶" not in html
    assert "酱油一瓶" in read(client, f"{WINDOW}?street=990203006")
    assert "酱油一瓶" not in read(client, f"{WINDOW}?street=990203006", person=window.wang)


def test_queries_do_not_grow_with_things(client, window):
    put(window)

    def count(person):
        if person:
            client.force_login(person)
        client.get(WINDOW)
        with CaptureQueriesContext(connection) as queries:
            client.get(WINDOW)
        return [query["sql"][:200] for query in queries]

    few = count(window.wang)
    for number in range(12):
        thing = item(window, f"F{number:02}", f"肥皂{number}", "goods", 20 + number, door=2)
        for place in (window.merchant, window.shop, window.counter):
            offer(place, thing, 3, by=window.sun)
    assert len(count(window.wang)) == len(few)
    assert len(few) <= 10, "\n".join(few)
    client.logout()
    assert len(count(None)) <= 4


def test_the_next_page_goes_on(client, window):
    for number in range(30):
        thing = item(window, f"F{number:02}", f"肥皂{number}", "goods", 20)
        offer(window.shop, thing, 3, by=window.sun)
    first = read(client, f"{WINDOW}?q=肥皂")
    assert first.count('class="good"') == 24
    assert "page=2" in first
    second = read(client, f"{WINDOW}?q=肥皂&page=2")
    assert second.count('class="good"') == 6
    assert "page=3" not in second
