"""Rankings: who stands there, who never does, and off with one tap."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs.models import Person
from points import batches, people, ranking
from points.models import GuardianConsent, NameChoice
from tests.browser import assert_valid_html
from tests.points.claiming import certified, resident
from tests.points.paid import pay

PAGE = "/points/ranking/"


@pytest.fixture
def month(points):
    """Last month: 王 30, 邻居 10, the daughter 20, 甲 10 (no year of birth), all paid."""
    points.day = batches.last_month() + timedelta(days=9)
    GuardianConsent.objects.create(
        minor=points.daughter, guardian=points.wang, household=points.home
    )
    points.unknown = resident(points, "甲某某")
    for person, quantity in (
        *((points.wang, 3), (points.neighbour, 1), (points.daughter, 2)),
        (points.unknown, 1),
    ):
        certified(points, person=person, quantity=quantity, happened_on=points.day)
    points.span = f"{points.day:%Y-%m}"
    pay(points)
    return points


def page(client, person, query=""):
    client.force_login(person)
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def named(points, viewer=None):
    span = ranking.span_on("month", points.day)
    rows = ranking.people(points.community, span, viewer=viewer or points.wang)
    return [(row.place, row.name, row.points, row.is_me) for row in rows]


def test_masked_and_without_minors_and_those_of_unknown_age(client, month):
    assert named(month) == [(1, "王*", 30, True), (2, "邻*", 10, False)]
    html = page(client, month.neighbour, f"span={month.span}")
    assert_valid_html(html)
    assert "王*" in html
    assert "王居民" not in html
    assert "王小妹" not in html
    assert "甲*" not in html
    assert "出生年份没有登记" in page(client, month.unknown, f"span={month.span}")
    assert "未满18周岁" in page(client, month.daughter, f"span={month.span}")


@pytest.mark.parametrize("age", [17, 18])
def test_who_may_still_be_a_minor_is_left_out(month, age):
    Person.objects.filter(pk=month.neighbour.pk).update(birth_year=month.day.year - age)
    assert [row[1] for row in named(month)] == ["王*"]


def test_off_with_one_tap_and_at_once(client, month):
    client.force_login(month.wang)
    client.post(f"{PAGE}choose/", {"off": "1"})
    assert named(month) == [(1, "邻*", 10, False)]
    assert "您选择了不参加排行" in page(client, month.wang)
    client.post(f"{PAGE}choose/", {"off": "0"})
    assert named(month)[0][1] == "王*"


def test_going_off_keeps_what_else_was_chosen(client, month):
    people.choose_display(month.wang, hide_name=True, off_rankings=False)
    assert [row[1] for row in named(month)] == ["邻*"]
    client.force_login(month.wang)
    client.post(f"{PAGE}choose/", {"off": "1"})
    choice = NameChoice.objects.get(person=month.wang)
    assert (choice.hide_name, choice.off_rankings) == (True, True)
    client.post(f"{PAGE}choose/", {"hide": "0"})
    choice.refresh_from_db()
    assert (choice.hide_name, choice.off_rankings) == (False, True)


def test_staff_protect_somebody_without_saying_why(client, month):
    address = "/points/protect/"
    given = {"phone": month.neighbour.phone, "protect": "yes"}
    for stranger in (month.wang, month.li, month.jian):
        client.force_login(stranger)
        assert client.get(address).status_code == 404
        assert client.post(address, given).status_code == 404
    client.force_login(month.sun)
    html = client.get(address).content.decode()
    assert_valid_html(html)
    assert client.post(address, given).status_code == 302
    assert [row[1] for row in named(month)] == ["王*"]
    # Somebody of another community is not hers to protect, and looks like nobody.
    for phone in (month.qian.phone, "19900000000"):
        answer = client.post(address, {**given, "phone": phone})
        assert answer.status_code == 422
        assert "没有找到您辖区内的这位居民" in answer.content.decode()
    client.post(address, {**given, "protect": "no"})
    assert len(named(month)) == 2


def test_buildings_show_from_three_people_on(client, month):
    span = ranking.span_on("month", month.day)
    rows = ranking.buildings(month.community, span)
    assert [(row.place, row.name, row.points) for row in rows] == [(1, "第一网格1栋", 70)]
    later = ranking.span_on("month", month.day + timedelta(days=40))
    assert ranking.buildings(month.community, later) == []
    assert "第一网格1栋" in page(client, month.wang, f"of=buildings&span={month.span}")


def test_of_ones_own_community_only(client, month):
    html = page(client, month.qian, f"span={month.span}")
    assert "银杏湾社区" in html
    assert "王*" not in html
    client.force_login(month.qian)
    assert client.get(f"{PAGE}?place={month.community.code}").status_code == 404
    assert "请先登记并核验住址" in page(client, month.newcomer)
    client.logout()
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize(
    "query", ["span=2026-13", "span=9999-01", "span=2026-Q1", "by=quarter&span=2026-05", "span=x"]
)
def test_what_is_no_span_is_404(client, points, query):
    client.force_login(points.wang)
    assert client.get(f"{PAGE}?{query}").status_code == 404


def test_a_quarter_adds_its_months(month):
    span = ranking.span_on("quarter", month.day)
    assert ranking.read_span("quarter", span.key) == span
    assert ranking.people(month.community, span, viewer=month.wang)[0].points == 30
    assert span.first <= month.day < span.after
    assert span.previous.after == span.first


@pytest.mark.parametrize("number", [2, 9])
@pytest.mark.parametrize("of", ["people", "buildings"])
def test_queries_do_not_grow_with_people(client, points, number, of):
    day = batches.last_month() + timedelta(days=9)
    for n in range(number):
        someone = resident(points, f"居民{n}")
        Person.objects.filter(pk=someone.pk).update(birth_year=1960)
        certified(points, person=someone, happened_on=day)
    pay(points)
    client.force_login(points.wang)
    address = f"{PAGE}?of={of}&span={day:%Y-%m}"
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        html = client.get(address).content.decode()
    assert html.count('class="place"') == (number if of == "people" else int(number >= 3))
    assert len(queries) <= 10, [query["sql"][:100] for query in queries]


def test_without_a_month_the_newest_with_points_is_shown(client, month):
    html = page(client, month.neighbour, "")
    assert f"{month.day.year}年{month.day.month}月" in html
    assert "还没有排行" not in html
