"""Behind the counter: a code is answered at once, names nobody, and cannot be guessed."""

import re
from datetime import timedelta

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from exchange import codes, counter, handing, orders, pictures, tasks
from exchange.models import Order, OrderState, Outlet
from orgs.uploads import read, store, writing
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.exchange.test_orders import order, pieces
from tests.exchange.window import item, offer
from tests.grids.pictures import jpeg
from tests.points.books import state

HX = {"HX-Request": "true"}
COUNTER = "/exchange/counter/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def typed(client, text, **more):
    return client.get(COUNTER, {"code": text}, **more)


def said(answer) -> str:
    """The text between the tags, without the spaces."""
    return re.sub(r"<[^>]+>|\s+", "", answer.content.decode())


def issue(client, placed, **more):
    return client.post(reverse("exchange:counter_issue"), {"code": placed.code, **more})


def test_a_good_code_shows_goods_and_never_whose(client, window):
    placed = order(window, quantity=2)
    client.force_login(window.shang)
    for answer in (
        typed(client, f" {placed.code[:4].lower()}－{placed.code[4:]}"),
        client.get(f"/exchange/pick/{placed.code}/"),
    ):
        words = said(answer)
        for there in ("可以发放", "抽纸一提", "×2", "梧桐便民超市", placed.code):
            assert there in words
        for secret in (window.wang.name, "王", window.wang.phone_masked, "301", "1栋"):
            assert secret not in words.replace("商店主", "")
        assert_valid_html(answer.content.decode())


def test_issued_once_and_said_so_the_second_time(client, window):
    placed = order(window, quantity=2)
    client.force_login(window.shang)
    assert issue(client, placed).status_code == 302
    placed.refresh_from_db()
    assert (placed.state, placed.issued_by) == (OrderState.ISSUED, window.shang)
    assert pieces(window.tissue_here) == (3, 0)
    page = client.get(COUNTER)
    assert "已发放：抽纸一提×2" in said(page)
    again = issue(client, placed)
    assert again.status_code == 422
    assert "已领取，不能再发" in said(again)
    assert "是您发放的" in said(typed(client, placed.code))
    assert pieces(window.tissue_here) == (3, 0)


def test_an_empty_field_says_so_and_leaves_what_was_shown(client, window):
    client.force_login(window.shang)
    for headers in ({}, HX):
        answer = typed(client, " ", headers=headers)
        html = answer.content.decode()
        assert (answer.status_code, "请输入取货码" in said(answer)) == (422, True)
        assert ('class="verdict"' in html, "查下一个" in html) == (False, False)
        assert 'aria-invalid="true"' in html
        assert ("HX-Retarget" in answer, "hx-swap-oob" in html) == (bool(headers), False)
    assert "请输入取货码" not in said(client.get(COUNTER))


def test_htmx_gets_the_answer_the_empty_field_and_the_new_figures(client, window):
    placed = order(window)
    client.force_login(window.shang)
    found = client.get(COUNTER, {"code": placed.code}, headers=HX)
    assert "<html" not in found.content.decode()
    assert 'id="day"' not in found.content.decode()
    assert 'value=""' in found.content.decode()
    done = client.post(reverse("exchange:counter_issue"), {"code": placed.code}, headers=HX)
    assert done.status_code == 200
    assert "已发放1单" in said(done)
    assert 'hx-swap-oob="true"' in done.content.decode()
    assert 'name="code" type="text"' not in " ".join(done.content.decode().split())


@pytest.mark.parametrize("end", ["cancelled", "refused", "expired", "late", "elsewhere", "unknown"])
def test_whatever_is_wrong_is_said_at_once(client, window, end):
    placed = order(window)
    text, words = placed.code, ""
    match end:
        case "cancelled":
            orders.cancel(placed, by=window.wang)
            words = "已取消，不能发放"
        case "refused":
            orders.refuse(placed, by=window.shang, reason="破损")
            words = "已退回，不能发放"
        case "expired":
            orders.expire_due(at=placed.due_at + timedelta(seconds=1))
            words = "已过期，不能发放"
        case "elsewhere":
            text = order(window, window.tissue_shop, key="there").code
            words = "这是梧桐里积分超市的取货码"
        case "unknown":
            text, words = codes.new(), "没有这个取货码"
        case "late":
            Order.objects.filter(pk=placed.pk).update(due_at=timezone.now() - timedelta(hours=1))
            words = "积分会退回"
    client.force_login(window.shang)
    answer = typed(client, text)
    assert words in said(answer)
    assert 'action="/exchange/counter/issue/"' not in answer.content.decode()
    posted = client.post(reverse("exchange:counter_issue"), {"code": text})
    assert posted.status_code == 422
    assert words in said(posted)
    assert not Order.objects.filter(state=OrderState.ISSUED).exists()


def test_what_is_no_code_is_kept_and_counts_as_no_guess(client, window):
    client.force_login(window.shang)
    for _try in range(counter.MOST_WRONG + 1):
        answer = typed(client, "K7H0")
    assert answer.status_code == 422
    assert 'value="K7H0"' in answer.content.decode()


def test_ones_own_is_for_somebody_else_to_hand_over(client, window):
    window.shang.residences.create(
        household=window.home,
        state="verified",
        starts_on=timezone.localdate() - timedelta(days=9),
        verified_by=window.li,
    )
    placed = order(window)
    client.force_login(window.shang)
    assert "请由他人发放" in said(typed(client, placed.code))
    assert issue(client, placed).status_code == 422


def test_it_is_given_back_with_a_reason_for_the_resident(client, window):
    placed = order(window)
    client.force_login(window.shang)
    url = reverse("exchange:counter_refuse")
    for data, words in (
        ({}, "请选择原因"),
        ({"why": "other"}, "请写明原因"),
        ({"why": "other", "words": "太" * 101}, "100"),
    ):
        answer = client.post(url, {"code": placed.code, **data})
        assert (answer.status_code, words in said(answer)) == (422, True)
    client.post(url, {"code": placed.code, "why": "damaged", "words": "下周到新货"})
    placed.refresh_from_db()
    assert placed.state == OrderState.REFUSED
    assert placed.steps.latest("pk").reason == "包装破损，下周到新货"
    assert state(window.wang_points)[:2] == (1000, 0)


def test_a_picture_is_kept_with_the_order_and_shown_to_whom_it_concerns(client, window):
    placed = order(window)
    client.force_login(window.shang)
    bad = SimpleUploadedFile("x.jpg", b"<script>", content_type="image/jpeg")
    refused = issue(client, placed, photo=bad)
    assert (refused.status_code, "不是可用的照片" in said(refused)) == (422, True)
    assert pieces(window.tissue_here) == (5, 1)
    good = SimpleUploadedFile("x.jpg", jpeg(), content_type="image/jpeg")
    assert issue(client, placed, photo=good).status_code == 302
    placed.refresh_from_db()
    url = reverse("exchange:handed_photo", args=[placed.photo, "small"])
    for person, status in (
        (window.shang, 200),
        (window.wang, 200),
        (window.chen, 200),
        (window.zhou, 200),
        (window.qian, 404),
        (window.sun, 404),
        (window.zhao, 404),
    ):
        client.force_login(person)
        answer = client.get(url)
        assert answer.status_code == status, person.name
        assert answer.get("Cache-Control", "private, no-store") == "private, no-store"
    assert client.get(url.replace("small", "original")).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302


def test_nothing_is_left_of_a_picture_whose_handing_over_is_refused(window):
    placed = order(window)
    orders.cancel(placed, by=window.wang)
    ready = handing_picture()
    with pytest.raises(orders.WrongState):
        handing.issue(placed, by=window.shang, picture=ready)
    folders = default_storage.listdir(pictures.FOLDER)[0]
    assert not any(default_storage.listdir(f"{pictures.FOLDER}/{one}")[1] for one in folders)


def test_pictures_of_no_order_go_after_a_day(window, time_machine):
    placed = order(window)
    handing.issue(placed, by=window.shang, picture=handing_picture())
    with writing():
        store(pictures.path_of("ffstray", "large"), b"x")
    tasks.sweep_handed()
    assert default_storage.exists(pictures.path_of("ffstray", "large"))
    time_machine.move_to(timezone.now() + timedelta(days=2))
    tasks.sweep_handed()
    assert not default_storage.exists(pictures.path_of("ffstray", "large"))
    assert default_storage.exists(pictures.path_of(placed.photo, "large"))


def handing_picture():
    return read(SimpleUploadedFile("x.jpg", jpeg(), content_type="image/jpeg"))


# --- who -----------------------------------------------------------------------------------------


def test_the_qr_leads_who_ordered_to_the_order_and_others_nowhere(client, window):
    placed = order(window, by=window.li, consent="当面同意")
    url = f"/exchange/pick/{placed.code}/"
    for person in (window.wang, window.li):
        client.force_login(person)
        answer = client.get(url)
        assert (answer.status_code, answer["Location"]) == (302, f"/exchange/orders/{placed.pk}/")
    for person in (window.qian, window.zhao, window.feng, window.zhou):
        client.force_login(person)
        assert client.get(url).status_code == 404, person.name
        assert client.get(f"/exchange/pick/{codes.new()}/").status_code == 404
    client.force_login(window.sun)
    assert "这是梧桐便民超市的取货码" in said(client.get(url))
    client.logout()
    assert client.get(url).status_code == 302


def test_nobody_but_those_who_serve_comes_behind_the_counter(client, window):
    placed = order(window)
    for person in (window.wang, window.li, window.zhou, window.feng, window.han):
        client.force_login(person)
        assert client.get(COUNTER).status_code == 404, person.name
        assert issue(client, placed).status_code == 404
        assert client.post(reverse("exchange:counter_refuse"), {}).status_code == 404
    client.force_login(window.sun)
    assert issue(client, placed).status_code == 422  # the shop next door
    assert (
        client.post(reverse("exchange:counter_stand"), {"outlet": window.merchant.pk}).status_code
        == 404
    )
    assert pieces(window.tissue_here) == (5, 1)


def test_codes_cannot_be_guessed(client, window, monkeypatch):
    # Of its own, as tests beside this one may empty the cache they share.
    monkeypatch.setattr(counter, "cache", LocMemCache("guesses", {}))
    placed = order(window)
    client.force_login(window.shang)
    ways = (
        lambda: typed(client, codes.new()),
        lambda: client.get(f"/exchange/pick/{codes.new()}/"),
        lambda: client.post(reverse("exchange:counter_issue"), {"code": codes.new()}),
    )
    for number in range(counter.MOST_WRONG):
        assert ways[number % 3]().status_code in {200, 422}
    for answer in (
        typed(client, placed.code),
        client.get(COUNTER),
        client.get(f"/exchange/pick/{placed.code}/"),
        issue(client, placed),
    ):
        assert answer.status_code == 429
        assert "为防有人猜取货码" in said(answer)
    quick = client.get(COUNTER, {"code": placed.code}, headers=HX)
    assert (quick.status_code, quick["HX-Redirect"]) == (429, COUNTER)
    placed.refresh_from_db()
    assert placed.state == OrderState.RESERVED
    client.force_login(window.sun)  # counted by person
    assert typed(client, placed.code).status_code == 200


def test_who_serves_several_outlets_chooses_once(client, window):
    second = Outlet.objects.create(
        kind="merchant",
        name="便民超市分店",
        area=window.community,
        books=window.community,
        organization=window.merchant_shop,
    )
    placed = order(window)
    client.force_login(window.shang)
    assert "您现在在哪个兑换点" in said(client.get(COUNTER))
    assert "可以发放" in said(client.get(f"/exchange/pick/{placed.code}/"))
    client.post(reverse("exchange:counter_stand"), {"outlet": second.pk})
    assert "便民超市分店" in said(client.get(COUNTER))
    there = typed(client, placed.code)
    assert "我在梧桐便民超市" in said(there)
    assert issue(client, placed).status_code == 422
    moved = client.post(
        reverse("exchange:counter_stand"), {"outlet": window.merchant.pk, "code": placed.code}
    )
    assert "可以发放" in said(client.get(moved.url))


def test_a_body_without_an_outlet_is_told_so(client, window):
    Outlet.objects.filter(pk=window.counter.pk).update(organization=window.committee)
    client.force_login(window.chen)
    assert "您的单位还没有兑换点" in said(client.get(COUNTER))


@pytest.mark.parametrize("rows", [3, 12])
def test_the_page_costs_the_same_with_more_orders(client, window, rows, django_assert_num_queries):
    sweet = item(window, "E98", "糖果一包", "goods", 5)
    sweets = offer(window.merchant, sweet, 40, by=window.shang)
    for number in range(rows):
        orders.issue(order(window, sweets, key=f"k{number}"), by=window.shang)
    placed = order(window)
    client.force_login(window.shang)
    with django_assert_num_queries(9):
        page = client.get(COUNTER, {"code": placed.code})
    assert page.content.decode().count("糖果一包 × 1") == min(rows, counter.LAST)


# --- in a browser --------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_keeper_types_issues_and_types_again(browser_page, window):
    """Pictures and axe leave empty style attributes, which htmx would carry on: they come last."""
    placed = order(window, quantity=2)
    page = browser_page(390, person=window.shang)
    page.goto(COUNTER)
    assert page.evaluate("document.activeElement.id") == "code"
    page.keyboard.type(placed.code_spaced.lower())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="可以发放").wait_for()
    assert page.url.endswith(COUNTER)  # by htmx
    assert page.locator("#code").input_value() == ""
    page.locator("#code").press("Enter")
    page.get_by_text("请输入取货码").wait_for()
    assert page.evaluate("document.activeElement.id") == "code"
    underway = []
    page.route("**/counter/issue/", lambda route: underway.append(route))
    page.get_by_role("button", name="发放", exact=True).click()
    page.locator("#code").click()
    page.keyboard.type(placed.code[:4])
    page.wait_for_timeout(50)
    underway[0].continue_()
    page.get_by_role("heading", name="已发放").wait_for()
    assert page.locator("#day").get_by_text("抽纸一提 × 2").is_visible()
    page.keyboard.type(placed.code[4:])
    assert page.locator("#code").input_value() == placed.code
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="已领取，不能再发").wait_for()
    for width, mode in in_modes(page, [(390, "light"), (390, "dark")]):
        assert_accessible(page)
        shot(page, f"counter-used-{width}-{mode}")
    page.goto(f"{COUNTER}?code=")
    assert_accessible(page)
    shot(page, "counter-empty")
    waiting = order(window, window.rice_here, key="form-2")
    modes = by_size((390, "light"), (390, "dark"), (1280, "light"), (390, "elder"))
    for size in modes:
        page = browser_page(*size[0], person=window.shang)
        page.goto(f"/exchange/pick/{waiting.code}/")
        for width, mode in in_modes(page, size):
            assert_accessible(page)
            shot(page, f"counter-good-{width}-{mode}")
