"""The subdistrict keeps items, outlets and stops through pages; nobody else sees them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exchange import orders
from exchange.models import Item, Offer, Outlet, RedemptionStop
from inbox.models import Message
from tests.exchange.window import item as make_item
from tests.grids.pictures import jpeg

PAGES = ("catalogue", "item_new", "outlets", "outlet_new", "stops")


@pytest.fixture
def chen(client, window):
    client.force_login(window.chen)
    return client


def text_of(answer) -> str:
    return answer.content.decode()


def test_only_who_keeps_the_catalogue_enters(client, window):
    rooms = [reverse(f"exchange:{name}") for name in PAGES]
    rooms += [
        reverse("exchange:keep_item", args=[window.tissue.pk]),
        reverse("exchange:keep_outlet", args=[window.merchant.pk]),
    ]
    for somebody in (window.zhou, window.shang, window.wang, window.li):
        client.force_login(somebody)
        assert {client.get(room).status_code for room in rooms} == {404}
    client.force_login(window.chen)
    assert {client.get(room).status_code for room in rooms} == {200}


def test_an_item_is_added_and_offered_where_it_is_ticked(chen, window):
    given = {
        "area": window.street.pk,
        "code": "e26",
        "name": "毛巾一条",
        "kind": "goods",
        "text": "纯棉",
        "points": "40",
        "household_monthly": "2",
        "starts_on": timezone.localdate().isoformat(),
        "reason": "居民代表会议",
    }
    refused = chen.post(reverse("exchange:item_new"), {**given, "points": "0", "reason": ""})
    assert refused.status_code == 422
    assert "毛巾一条" in text_of(refused)
    assert not Item.objects.filter(code="E26").exists()
    answer = chen.post(reverse("exchange:item_new"), given)
    towel = Item.objects.get(code="E26")
    assert answer.url == reverse("exchange:keep_item", args=[towel.pk])
    assert (towel.terms.get().points, towel.terms.get().set_by) == (40, window.chen)
    assert chen.post(reverse("exchange:item_new"), given).status_code == 422  # the code is taken

    ticked = [window.tissue.pk, window.rice.pk, window.haircut.pk, towel.pk]
    room = reverse("exchange:outlet_items", args=[window.merchant.pk])
    chen.post(room, {"item": [*ticked, "x", "９"]})
    offer = Offer.objects.get(outlet=window.merchant, item=towel)
    assert offer.is_counted
    assert offer.is_offered
    chen.post(room, {"item": ticked[1:]})
    window.tissue_here.refresh_from_db()
    assert not window.tissue_here.is_offered
    assert window.tissue_here.on_hand == 5
    with pytest.raises(orders.NotOffered):
        orders.place(
            window.tissue_here,
            account=window.wang_points,
            person=window.wang,
            household=window.home,
            by=window.wang,
            key="form",
        )


def test_terms_begin_on_a_day_and_yesterday_is_refused_beside_the_field(chen, window):
    room = reverse("exchange:item_terms", args=[window.tissue.pk])
    today = timezone.localdate()
    given = {"points": "70", "household_monthly": "2", "reason": "涨价"}
    refused = chen.post(room, {**given, "starts_on": (today - timedelta(days=1)).isoformat()})
    assert refused.status_code == 422
    assert "不能早于今天" in text_of(refused)
    chen.post(room, {**given, "starts_on": (today + timedelta(days=3)).isoformat()})
    page = text_of(chen.get(reverse("exchange:keep_item", args=[window.tissue.pk])))
    assert "将生效" in page
    assert "涨价" in page


def test_words_and_picture(chen, window):
    room = reverse("exchange:item_words", args=[window.tissue.pk])
    nonsense = SimpleUploadedFile("a.jpg", b"no picture", "image/jpeg")
    refused = chen.post(room, {"name": "抽纸一提", "text": "六包", "picture": nonsense})
    assert refused.status_code == 422
    chen.post(
        room,
        {
            "name": "抽纸一提（六包）",
            "text": "六包",
            "picture": SimpleUploadedFile("b.jpg", jpeg(), "image/jpeg"),
        },
    )
    window.tissue.refresh_from_db()
    assert window.tissue.name == "抽纸一提（六包）"
    assert window.tissue.picture
    token = window.tissue.picture
    chen.post(room, {"name": "抽纸一提", "text": "六包"})
    window.tissue.refresh_from_db()
    assert window.tissue.picture == token


def test_taken_out_of_the_window_with_a_reason(chen, window):
    room = reverse("exchange:item_offered", args=[window.tissue.pk])
    assert chen.post(room, {"reason": " "}).status_code == 422
    chen.post(room, {"reason": "供货商停产"})
    window.tissue.refresh_from_db()
    assert not window.tissue.is_offered
    chen.post(room, {"reason": "恢复供货", "offered": "yes"})
    window.tissue.refresh_from_db()
    assert window.tissue.is_offered


def outlet_words(**more) -> dict:
    return {
        "name": "梧桐里二店",
        "address": "二期门口",
        "weekdays": ["3"],
        "month_days": "8、28日",
        **more,
    }


def test_an_outlet_is_opened_by_a_body_that_may_run_it(chen, window):
    room = reverse("exchange:outlet_new")
    given = outlet_words(kind="shop", organization=window.merchant_shop.pk)
    refused = chen.post(room, given)
    assert refused.status_code == 422
    assert "积分超市须由" in text_of(refused)
    chen.post(room, {**given, "organization": window.committee.pk})
    outlet = Outlet.objects.get(name="梧桐里二店")
    assert (outlet.books, outlet.weekdays, outlet.month_days) == (window.community, [3], [8, 28])
    assert chen.post(room, {**given, "organization": window.committee.pk}).status_code == 422

    keep = reverse("exchange:keep_outlet", args=[outlet.pk])
    refused = chen.post(keep, outlet_words(weekdays=[], month_days="", only_on_days="on"))
    assert refused.status_code == 422
    assert "须写明" in text_of(refused)
    assert chen.post(keep, outlet_words(month_days="32")).status_code == 422
    chen.post(keep, outlet_words(hours="9:00—12:00"))
    outlet.refresh_from_db()
    assert outlet.hours == "9:00—12:00"


def test_an_outlet_with_codes_out_is_not_closed(chen, window):
    order = orders.place(
        window.tissue_here,
        account=window.wang_points,
        person=window.wang,
        household=window.home,
        by=window.wang,
        key="form",
    )
    room = reverse("exchange:outlet_close", args=[window.merchant.pk])
    assert chen.post(room, {"reason": ""}).status_code == 422
    refused = chen.post(room, {"reason": "装修"})
    assert refused.status_code == 422
    assert "1 张取货码" in text_of(refused)
    orders.cancel(order, by=window.wang)
    chen.post(room, {"reason": "装修"})
    window.merchant.refresh_from_db()
    assert window.merchant.closed_on == timezone.localdate()
    chen.post(room, {"reason": "装修好了"})
    window.merchant.refresh_from_db()
    assert window.merchant.closed_on is None


def test_a_stop_is_announced_thirty_days_ahead_told_and_lifted(chen, window):
    room = reverse("exchange:stops")
    first = timezone.localdate() + timedelta(days=30)
    given = {"area": window.street.pk, "reason": "年底盘点"}
    refused = chen.post(room, {**given, "starts_on": (first - timedelta(days=1)).isoformat()})
    assert refused.status_code == 422
    assert "提前 30 天" in text_of(refused)
    ends = {"ends_on": first.isoformat()}
    assert chen.post(room, {**given, "starts_on": first.isoformat(), **ends}).status_code == 422
    chen.post(room, {**given, "starts_on": first.isoformat()})
    stop = RedemptionStop.objects.get()
    told = Message.objects.get(kind="exchange.stop").deliveries.filter(channel="site")
    assert set(told.values_list("person", flat=True)) == {window.wang.pk, window.qian.pk}

    lift = reverse("exchange:stop_lift", args=[stop.pk])
    assert chen.post(lift, {"reason": ""}).status_code == 422
    chen.post(lift, {"reason": "盘点改在夜里"})
    stop.refresh_from_db()
    assert stop.lifted_by == window.chen
    assert Message.objects.filter(kind="exchange.stop").count() == 2
    assert "已经取消" in text_of(chen.post(lift, {"reason": "再来一次"}))


def test_the_lists_cost_no_more_queries_with_more_rows(chen, window):
    rooms = [reverse("exchange:catalogue"), reverse("exchange:outlets")]
    counts = []
    for turn in range(2):
        for room in rooms:
            chen.get(room)
            with CaptureQueriesContext(connection) as caught:
                chen.get(room)
            counts.append(len(caught))
        if turn == 0:
            for number in range(9):
                make_item(window, f"N{number}", f"新品{number}", "goods", 10)
                Outlet.objects.create(
                    kind="shop",
                    name=f"分店{number}",
                    area=window.community,
                    books=window.community,
                    organization=window.committee,
                )
    assert counts[:2] == counts[2:]
    assert max(counts) <= 10
