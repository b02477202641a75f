"""The month's account is for everybody, says nothing of few people, and stays as published."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import donations, openness, orders, pool, pool_requests
from exchange.models import Order
from orgs.models import Household, Residence
from points import accounts
from points.models import TransferKind
from publicity.models import Disclosure
from tests import cast
from tests.browser import assert_valid_html
from tests.exchange import settling
from tests.exchange.accounting import staffed
from tests.points.books import move

ROOM = "/exchange/public/"
MONTH = settling.last_month()


def day_of_month(day):
    return settling.noon(timezone.localdate().replace(day=day))


def neighbours(window, count):
    """So many more households that each had a tissue last month."""
    for n in range(count):
        home = Household.objects.create(area=window.building, stairwell="2", room=f"{n}")
        person = cast.person(f"邻居{n}", f"100000002{n:02}")
        Residence.objects.create(
            person=person,
            household=home,
            kind=Residence.Kind.OWNER,
            state=Residence.State.VERIFIED,
            starts_on=cast.LONG_AGO,
            verified_by=window.li,
        )
        account = accounts.of_person(person, window.community)
        fund = accounts.fund_of(window.community)
        move(fund, account, 100, key=f"more:{n}", at=settling.noon(MONTH))
        order = orders.place(
            window.tissue_counter,
            account=account,
            person=person,
            household=home,
            by=person,
            key=f"neighbour-{n}",
            at=settling.noon(MONTH),
        )
        orders.issue(order, by=window.chen, at=settling.noon(MONTH))


def test_few_households_are_not_broken_down(window):
    settling.issued(window, window.rice_here)
    neighbours(window, 4)
    found = openness.count(window.community, MONTH)
    assert [row[1] for row in found.part(openness.ITEMS)] == [openness.rest()]


def test_a_rest_of_few_takes_the_smallest_shown_along(window):
    neighbours(window, 6)
    assert [row[1:3] for row in openness.count(window.community, MONTH).part(openness.ITEMS)] == [
        ("抽纸一提", "360")
    ]
    settling.issued(window, window.rice_here)
    found = openness.count(window.community, MONTH)
    assert [row[1:3] for row in found.part(openness.ITEMS)] == [(openness.rest(), "680")]


def test_the_account_says_what_came_and_went(window):
    staffed(window)
    at = settling.noon(MONTH)
    settling.issued(window, window.tissue_here)
    expiry = accounts.expiry_of(window.community)
    move(window.home_points, expiry, 70, key="expire", kind=TransferKind.EXPIRE, at=at)
    pool.give(
        window.pool,
        window.wang_points,
        window.wang,
        2,
        by=window.wang,
        key="g",
        at=at,
        is_named=True,
    )
    request = pool_requests.ask(
        window.community,
        window.tissue_here,
        quantity=1,
        purpose="给独居老人送抽纸",
        people=3,
        picker=window.lv,
        by=window.sun,
        key="ask",
    )
    pool_requests.approve(request, by=window.xu)
    orders.issue(request.order, by=window.shang)
    Order.objects.filter(pk=request.order.pk).update(ended_at=at)
    for wish, is_body, name in (
        ("named", True, "青桐超市"),
        ("surname", False, "李大方"),
        ("hidden", False, "张隐名"),
    ):
        donations.receive(
            window.tissue_shop,
            1,
            by=window.sun,
            donor_name=name,
            is_body=is_body,
            wish=wish,
            thanks="电话13912345678" if wish == "hidden" else "谢谢",
            received_on=MONTH,
            key=f"gift-{wish}",
        )
    found = openness.count(window.community, MONTH)
    flows = {row[1]: row[2] for row in found.part(openness.FLOWS)}
    assert (flows["兑换用去"], flows["捐进公益池"], flows["到期没用"]) == ("60", "200", "70")
    assert ("公益池", "抽纸一提×1", "60", "给独居老人送抽纸（3 人受益）") in found.rows
    thanked = [row[1] for row in found.part(openness.THANKS)]
    assert thanked == ["青桐超市", "李*", "一位热心居民", "王*"]
    assert "139" not in str(found.rows)
    assert "张隐名" not in str(found.rows)


def test_a_published_month_stays_as_it_was(client, window):
    settling.issued(window)
    now = day_of_month(5)
    assert openness.publish_due(now) == 3  # two communities and the street
    assert openness.publish_due(now) == 0
    html = client.get(f"{ROOM}?area={window.community.code}").content.decode()
    assert_valid_html(html)
    assert "已公布" in html
    before = openness.read(window.community, MONTH).rows
    settling.issued(window, window.tissue_here)
    assert openness.read(window.community, MONTH).rows == before
    assert openness.count(window.community, MONTH).rows != before
    row = Disclosure.objects.published().filter(kind=openness.KIND, area=window.community).get()
    assert row.title == "梧桐里社区" + openness.month_text(MONTH) + "积分收支"
    assert "王居民" not in str(row.table)


def test_everybody_reads_it_and_bad_addresses_are_answered(client, window):
    settling.issued(window)
    html = client.get(f"{ROOM}?month={MONTH:%Y-%m}").content.decode()
    assert_valid_html(html)
    assert "青桐街道" in html
    assert "还没有公布" in html
    assert client.get(f"{ROOM}?month=2026-13").status_code == 422
    assert client.get(f"{ROOM}?area=1").status_code == 404


def test_without_any_books_the_page_says_so(client, db):
    assert "还没有积分账目" in client.get(ROOM).content.decode()


@pytest.mark.parametrize("is_published", [True, False])
def test_queries_do_not_grow(client, window, is_published):
    if is_published:
        openness.publish_due(day_of_month(5))
    address = f"{ROOM}?area={window.community.code}"
    counts = []
    for turn in range(2):
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            client.get(address)
        counts.append(len(caught))
        if turn == 0:
            neighbours(window, 6)
            settling.issued(window)
    assert counts[0] == counts[1]
    assert counts[0] <= (4 if is_published else 10)


def test_it_is_published_two_days_after_the_month(window):
    assert openness.publish_due(day_of_month(2)) == 0
    assert openness.publish_due(day_of_month(3)) == 3
