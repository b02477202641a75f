"""Two people spend the pool, for a purpose without names; what is not fetched goes back."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from exchange import orders, pool, pool_requests
from exchange.models import OrderState, PoolRequest, PoolState
from exchange.pool_requests import NotThePicker, PoolShort
from points import accounts
from publicity.words import StillPrivate
from rules.workflow import NotAllowed
from tests.browser import assert_valid_html
from tests.exchange.accounting import staffed
from tests.points.books import state

ROOM = "/exchange/pool/"


@pytest.fixture
def room(window):
    staffed(window)
    pool.give(window.pool, window.wang_points, window.wang, 3, by=window.wang, key="gift")
    return window


def ask(room, **more):
    given = {
        "quantity": 2,
        "purpose": "给独居老人送抽纸",
        "people": 6,
        "picker": room.lv,
        "by": room.sun,
        "key": "ask-1",
        **more,
    }
    return pool_requests.ask(room.community, given.pop("offer", room.tissue_here), **given)


def in_pool(room):
    return state(accounts.escrow_of(room.community))[:2]


def test_one_asks_another_approves_and_a_third_fetches(room):
    request = ask(room)
    assert ask(room).pk == request.pk
    assert in_pool(room) == (300, 0)
    with pytest.raises(NotAllowed):
        pool_requests.approve(request, by=room.sun)
    pool_requests.approve(request, by=room.xu)
    assert (request.state, request.order.hold.approver) == (PoolState.APPROVED, room.xu)
    assert in_pool(room) == (300, 120)
    with pytest.raises(NotAllowed):
        orders.issue(request.order, by=room.sun)
    orders.issue(request.order, by=room.shang)
    assert in_pool(room) == (180, 0)
    with pytest.raises(NotAllowed):
        pool_requests.flow.advance(request, "cancel", by=room.sun, reason="不要了")


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_what_is_not_fetched_goes_back_to_the_pool(room, how):
    request = ask(room)
    pool_requests.approve(request, by=room.xu)
    if how == "cancel":
        pool_requests.flow.advance(request, "cancel", by=room.lv, reason="老人住院了")
        assert request.state == PoolState.CANCELLED
    else:
        orders.expire_due(at=timezone.now() + timedelta(days=30))
    request.order.refresh_from_db()
    assert request.order.state in {OrderState.CANCELLED, OrderState.EXPIRED}
    assert in_pool(room) == (300, 0)
    room.tissue_here.refresh_from_db()
    assert room.tissue_here.available == 5


def test_what_cannot_be_is_refused_with_nothing_written(room):
    with pytest.raises(PoolShort):
        ask(room, quantity=6)
    with pytest.raises(StillPrivate):
        ask(room, purpose="给李奶奶，电话13912345678")
    with pytest.raises(NotThePicker):
        ask(room, picker=room.wang)
    with pytest.raises(NotAllowed):
        ask(room, by=room.li)
    assert not pool_requests.seen_by(room.sun).exists()


def test_a_pool_spent_meanwhile_approves_nothing(room):
    from points.ledger import InsufficientPoints

    first, second = ask(room), ask(room, key="ask-2", offer=room.tissue_shop, quantity=5)
    pool_requests.approve(first, by=room.xu)
    with pytest.raises(InsufficientPoints):
        pool_requests.approve(second, by=room.xu)
    second.refresh_from_db()
    assert (second.state, second.order) == (PoolState.ASKED, None)


def test_the_pages_walk_from_asking_to_the_slip(client, room):
    client.force_login(room.sun)
    html = client.get(f"{ROOM}new/").content.decode()
    assert_valid_html(html)
    given = {
        "area": room.community.code,
        "key": "form-1",
        "offer": room.tissue_here.pk,
        "quantity": 1,
        "people": 2,
        "purpose": "送到1栋2单元301",
        "picker": room.lv.pk,
    }
    refused = client.post(f"{ROOM}new/", given)
    assert refused.status_code == 422
    assert "送到1栋" in refused.content.decode()
    made = client.post(f"{ROOM}new/", {**given, "purpose": "给两位独居老人"})
    page = made.url
    assert client.get(f"{page}slip/").status_code == 404
    client.force_login(room.xu)
    assert_valid_html(client.get(page).content.decode())
    assert client.post(page, {"verb": "refuse", "refuse-reason": ""}).status_code == 422
    assert client.post(page, {"verb": "approve"}).status_code == 302
    request = pool_requests.seen_by(room.xu).get()
    assert request.order.code_spaced not in client.get(page).content.decode()
    client.force_login(room.lv)
    slip = client.get(f"{page}slip/").content.decode()
    assert_valid_html(slip)
    assert request.order.code_spaced in slip
    assert "吕主任" in slip
    html = client.get(ROOM).content.decode()
    assert_valid_html(html)
    assert "给两位独居老人" in html


def test_strangers_and_the_community_next_door_see_nothing(client, room):
    request = ask(room)
    for somebody in (room.wang, room.li, room.shang, room.zhao):
        client.force_login(somebody)
        for address in (ROOM, f"{ROOM}new/", request.get_absolute_url()):
            assert client.get(address).status_code == 404
    client.force_login(room.sun)
    assert client.get(f"{ROOM}new/?area={room.elsewhere.code}").status_code == 404


def test_the_desk_counts_what_waits(client, room):
    ask(room)
    client.force_login(room.xu)
    html = client.get("/desk/").content.decode()
    assert "公益池" in html
    assert "兑换核实" in html
    assert re.search(r"公益池.{0,200}1", html, re.S)
    client.force_login(room.wang)
    assert "公益池" not in client.get("/desk/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_ask_once(room, together):
    first, second = together(lambda: ask(room), lambda: ask(room))
    assert first.pk == second.pk
    assert PoolRequest.objects.count() == 1
