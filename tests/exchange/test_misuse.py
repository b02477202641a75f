"""What somebody might try, or do by mistake, with orders: each is refused, and says why."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from exchange import limits, orders, pool, stock, who
from exchange.models import Favourite, GoodsDonation, Order, Outlet
from inbox.models import Message
from orgs import posts
from orgs.models import Appointment
from orgs.positions import Position
from rules.workflow import NotAllowed
from tests import cast
from tests.exchange.accounting import staffed
from tests.exchange.test_orders import fresh, order
from tests.exchange.test_shop_orders import refused


def moved_out(window, household=None):
    window.wang.residences.update(ends_on=timezone.localdate())
    if household is not None:
        window.wang.residences.create(
            household=household,
            state="verified",
            starts_on=timezone.localdate(),
            verified_by=window.li,
        )


def test_moving_house_renews_no_limit(window):
    order(window, quantity=2)
    moved_out(window, window.home_elsewhere)
    with pytest.raises(limits.OverLimit, match="本月还可以兑换 0 件"):
        order(window, household=window.home_elsewhere, key="form-2")
    with pytest.raises(limits.OverLimit):
        order(window, household=None, key="form-3")
    year = {"person": window.wang, "on": timezone.localdate()}
    here = limits.left_of_year(window.community, household=window.home, **year)
    assert limits.left_of_year(window.elsewhere, household=window.home_elsewhere, **year) == here
    # The neighbours there had nothing of it.
    order(
        window,
        account=window.qian_points,
        person=window.qian,
        household=window.home_elsewhere,
        by=window.qian,
        key="form-4",
    )


def test_who_moved_out_spends_the_households_points_no_more(window):
    moved_out(window)
    with pytest.raises(orders.NotTheirAccount):
        order(window, account=window.home_points)


@pytest.mark.django_db(transaction=True)
def test_one_person_with_two_doors_cannot_pass_their_limit(window, together):
    def wants(household, key):
        return lambda: orders.place(
            fresh(window.haircut_here),
            account=fresh(window.wang_points),
            person=window.wang,
            household=household,
            by=window.wang,
            key=key,
        )

    answers = together(wants(window.home, "a"), wants(window.home_elsewhere, "b"))
    assert sorted(type(answer).__name__ for answer in answers) == ["Order", "OverLimit"]


def test_who_ordered_for_somebody_does_not_hand_it_over(window):
    posts.appoint(
        window.sun,
        window.committee,
        Position.GRID_WORKER,
        area=window.grid,
        starts_on=cast.LONG_AGO,
        reason="测试",
    )
    sun = fresh(window.sun)
    placed = order(window, window.tissue_shop, by=sun, consent="当面同意")
    with pytest.raises(NotAllowed, match="由他人发放"):
        orders.issue(placed, by=sun)


def test_a_worker_whose_post_ended_does_not_cancel(window):
    placed = order(window, by=window.li, consent="当面同意")
    assert who.cancels(placed, window.li) is True
    Appointment.objects.filter(person=window.li).update(ends_on=timezone.localdate())
    assert who.cancels(placed, fresh(window.li)) is False


def test_the_pool_is_spent_by_those_who_may(window):
    staffed(window)
    pool.give(window.pool, fresh(window.wang_points), window.wang, 1, by=window.wang, key="a")

    def spend(by, approver):
        return orders.place_for_pool(
            window.tissue_shop,
            community=window.community,
            quantity=1,
            purpose="给独居老人",
            by=by,
            approver=approver,
            key="pool-1",
        )

    for by, approver in ((window.wang, window.xu), (window.sun, window.zhou)):
        with pytest.raises(NotAllowed, match="公益池"):
            spend(by, approver)
    with pytest.raises(NotAllowed, match="公益池"):
        orders.issue(spend(window.sun, window.xu), by=window.sun)


def test_a_code_lasts_until_the_next_redemption_day(window):
    today = timezone.localdate()
    plain = order(window, window.haircut_here)
    far = today + timedelta(days=20)
    Outlet.objects.update(month_days=[far.day], only_on_days=True)
    placed = order(window, fresh(window.tissue_here), key="form-2")
    assert timezone.localdate(placed.due_at) == far
    assert placed.due_at - plain.due_at == timedelta(days=13)
    orders.issue(placed, by=window.shang, at=placed.due_at - timedelta(hours=9))


def test_nobody_is_called_for_what_they_cannot_have(window):
    Favourite.objects.create(person=window.qian, item=window.rice, wants_news=True)
    stock.damage(window.rice_here, 2, by=window.shang, reason="受潮")
    type(window.rice_here).objects.filter(pk=window.rice_here.pk).update(is_offered=False)
    stock.receive(window.rice_here, 3, by=window.shang)
    assert not Message.objects.filter(kind="exchange.arrived").exists()
    assert Favourite.objects.get().wants_news


def test_an_old_page_does_not_say_that_something_waits(client, window):
    client.force_login(window.wang)
    address = window.tissue.get_absolute_url()
    form = {
        "key": uuid.uuid4(),
        "offer": window.tissue_here.pk,
        "quantity": 1,
        "account": window.wang_points.pk,
        "do": "order",
    }
    client.post(address, form)
    orders.cancel(Order.objects.get(), by=window.wang)
    answer = client.post(address, form)
    assert "这张表已经下过一单" in refused(answer)
    assert str(form["key"]) not in answer.content.decode()


def test_who_only_reads_does_not_change_how_a_donor_is_thanked(client, window):
    client.force_login(window.shang)
    url = f"/exchange/outlets/{window.merchant.pk}/stock/{window.tissue_here.pk}/?do=donate"
    given = {"pieces": 1, "donor_name": "钱大善", "wish": "hidden"}
    client.post(url, given | {"received_on": timezone.localdate().isoformat()})
    gift = GoodsDonation.objects.get()
    page = f"/exchange/donations/{gift.pk}/"
    client.force_login(window.zhou)
    assert '<form method="post" novalidate' not in client.get(page).content.decode()
    assert client.post(page, {"wish": "named", "thanks": ""}).status_code == 404
    gift.refresh_from_db()
    assert gift.wish == "hidden"
