"""The monitors notice once and accuse nobody; others judge a case, two of them when it is bad."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exchange import cases, orders, watch
from exchange.models import Case, CaseKind, CaseState
from inbox.models import Message
from orgs.models import Residence
from rules.models import RuleProfile
from rules.workflow import Missing, NotAllowed
from tests.browser import assert_valid_html
from tests.cast import LONG_AGO
from tests.exchange import settling
from tests.exchange.accounting import staffed

ROOM = "/exchange/cases/"


@pytest.fixture
def room(window):
    return staffed(window)


def marks(**changed):
    """Lower thresholds, so that a handful of orders is noticed."""
    profile = RuleProfile.objects.get(code="EXCHANGE", effective_to=None)
    params = {**profile.params, **{f"watch_{name}": value for name, value in changed.items()}}
    RuleProfile.objects.filter(pk=profile.pk).update(params=params)


def buy(window, offer=None, *, who="wang", at=None, by=None):
    people = {
        "wang": (window.wang, window.wang_points, window.home),
        "qian": (window.qian, window.qian_points, window.home_elsewhere),
    }
    person, account, home = people[who]
    return orders.place(
        offer or window.tissue_here,
        account=account,
        person=person,
        household=home,
        by=by or person,
        consent="当面同意" if by else "",
        key=f"watch-{timezone.now().timestamp()}",
        at=at,
    )


def of(kind):
    return list(Case.objects.filter(kind=kind))


def test_many_orders_of_one_door_on_a_day_open_one_case(room):
    for offer in (room.tissue_here, room.rice_here):
        buy(room, offer)
    watch.look()
    assert of(CaseKind.SPEED) == []
    buy(room, room.haircut_here)
    assert watch.look() == 1
    assert watch.look() == 0
    (case,) = of(CaseKind.SPEED)
    assert (case.area, case.household, case.state) == (room.community, room.home, CaseState.OPEN)
    assert case.facts == {"times": 3, "points": 480, "mark": 3}
    assert case.orders.count() == 3
    told = Message.objects.get(kind="exchange.case").deliveries.filter(channel="site")
    people = set(told.values_list("person", flat=True))
    assert people == {room.xu.pk, room.he.pk, room.chen.pk}


def test_the_same_two_people_again_and_again(room):
    marks(same_pair_per_month=2, orders_per_day=9)
    day = settling.last_month().replace(day=5)
    settling.issued(room, room.tissue_here, on=day)
    settling.issued(room, room.tissue_shop, on=day)  # by another server
    watch.look()
    assert of(CaseKind.PAIR) == []
    settling.issued(room, room.rice_here, on=day + timedelta(days=3))
    watch.look()
    (case,) = of(CaseKind.PAIR)
    assert (case.person, case.server, case.facts["times"]) == (room.wang, room.shang, 2)
    assert case.orders.count() == 2


def test_who_lives_with_the_keeper_is_noticed_and_others_are_not(room):
    marks(staff_per_month=1)
    buy(room)
    watch.look()
    assert of(CaseKind.STAFF) == []
    Residence.objects.create(
        person=room.shang,
        household=room.home,
        kind=Residence.Kind.OWNER,
        state=Residence.State.VERIFIED,
        starts_on=LONG_AGO,
        verified_by=room.li,
    )
    watch.look()
    (case,) = of(CaseKind.STAFF)
    assert (case.person, case.outlet) == (room.wang, room.merchant)


def test_one_outlet_that_takes_most_of_a_month_when_it_is_over(room):
    marks(outlet_at_least=3, outlet_share_percent=60, orders_per_day=9, same_pair_per_month=9)
    settling.issued(room, room.tissue_shop)
    settling.issued(room, room.tissue_here)
    watch.look()
    assert of(CaseKind.OUTLET) == []
    settling.issued(room, room.rice_here)
    watch.look()
    (case,) = of(CaseKind.OUTLET)
    assert case.outlet == room.merchant
    assert (case.facts["percent"], case.facts["all"]) == (86, 440)


def test_one_worker_who_orders_for_most(room):
    marks(helper_at_least=2, helper_share_percent=50, orders_per_day=9)
    at = settling.noon(settling.last_month().replace(day=6))
    buy(room, at=at)
    buy(room, at=at, by=room.li)
    watch.look()
    assert of(CaseKind.HELPER) == []
    buy(room, room.haircut_here, at=at, by=room.li)
    watch.look()
    (case,) = of(CaseKind.HELPER)
    assert (case.server, case.facts["percent"]) == (room.li, 100)


@pytest.fixture
def case(room) -> Case:
    for offer in (room.tissue_here, room.rice_here, room.haircut_here):
        buy(room, offer)
    watch.look()
    return Case.objects.get()


def test_what_is_bad_is_said_by_two_and_why(room, case):
    with pytest.raises(NotAllowed):
        cases.flow.advance(case, "look", by=room.zhou)
    cases.flow.advance(case, "look", by=room.xu)
    with pytest.raises(Missing):
        cases.flow.advance(case, "explain", by=room.xu)
    cases.flow.advance(case, "propose", by=room.xu, reason="三单都说不清")
    with pytest.raises(NotAllowed, match="另一人"):
        cases.flow.advance(case, "confirm", by=room.xu, reason="我确认")
    cases.flow.advance(case, "confirm", by=room.he, reason="问过本人，属实")
    case.refresh_from_db()
    assert (case.state, case.ended_at is not None) == (CaseState.CONFIRMED, True)
    cases.flow.advance(case, "follow", by=room.chen, reason="提醒了本人")
    assert case.steps.count() == 5


def test_who_has_a_part_in_it_leaves_it_to_others(client, room, case):
    Residence.objects.create(
        person=room.xu,
        household=room.home,
        kind=Residence.Kind.OWNER,
        state=Residence.State.VERIFIED,
        starts_on=LONG_AGO,
        verified_by=room.li,
    )
    assert "家里人" in cases.investigates(case, room.xu)
    client.force_login(room.xu)
    assert client.get(case.get_absolute_url()).status_code == 404
    assert case.get_kind_display() not in client.get(ROOM).content.decode()
    counter = buy(room, room.tissue_counter)
    case.orders.add(counter)
    assert "经办" in cases.investigates(case, room.chen)  # 陈 serves the counter
    assert cases.investigates(case, room.he) is True


def test_the_pages_show_it_and_refuse_beside_the_field(client, room, case):
    client.force_login(room.he)
    html = client.get(ROOM).content.decode()
    assert_valid_html(html)
    assert "请核实" in html
    page = case.get_absolute_url()
    assert client.post(page, {"verb": "look"}).status_code == 302
    answer = client.post(page, {"verb": "explain", "explain-reason": "电话13912345678"})
    assert answer.status_code == 422
    assert "13912345678" in answer.content.decode()  # what was typed is kept
    html = client.get(page).content.decode()
    assert_valid_html(html)
    assert "王居民" not in html
    client.post(page, {"verb": "explain", "explain-reason": "三样东西给三个人用"})
    case.refresh_from_db()
    assert case.state == CaseState.EXPLAINED
    assert client.post(page, {"verb": "look"}).status_code == 422
    assert client.post(page, {"verb": "burn"}).status_code == 404
    assert "已说明" in client.get(f"{ROOM}?state=explained").content.decode()


def test_strangers_see_no_case(client, room, case):
    for somebody in (room.wang, room.zhou, room.sun, room.shang):
        client.force_login(somebody)
        assert client.get(ROOM).status_code == 404
        assert client.get(case.get_absolute_url()).status_code == 404


def test_queries_do_not_grow_with_cases(client, room, case):
    client.force_login(room.he)
    counts = []
    for turn in range(2):
        for address in (ROOM, case.get_absolute_url()):
            client.get(address)
            with CaptureQueriesContext(connection) as caught:
                client.get(address)
            counts.append(len(caught))
        if turn == 0:
            for n in range(12):
                cases.open_for(
                    room.community,
                    kind=CaseKind.SPEED,
                    key=f"more:{n}",
                    since=timezone.localdate(),
                    facts=case.facts,
                    orders=[],
                    at=timezone.now(),
                )
    assert counts[:2] == counts[2:]
    assert max(counts) <= 10, counts
