"""Patrols: of the own grid, one at a time; what is found is the grid's own discovery."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grids import patrols
from grids.models import Issue, Patrol, Source
from orgs.models import Area
from tests.grids import loop
from tests.grids import pictures as drawn

pytestmark = pytest.mark.django_db
LIST = "/issues/patrols/"


def start(client, person, grid):
    client.force_login(person)
    return client.post(LIST + "start/", {"grid": grid.code})


def test_a_patrol_from_setting_out_to_coming_back(client, street):
    answer = start(client, street.li, street.grid)
    patrol = Patrol.objects.get()
    page = reverse("grids:patrol", args=[patrol.pk])
    assert answer.url == page
    stop = patrol.stops.get()
    assert (stop.building, stop.seen_at) == (street.building, None)

    assert client.post(page + "tick/", {"stop": stop.pk, "seen": "yes"}).status_code == 302
    stop.refresh_from_db()
    assert stop.seen_at is not None
    assert "到过 1/1 栋" in client.get(page).content.decode()

    given = {
        "key": "00000000-0000-4000-8000-000000000007",
        "category": loop.category("环境卫生").pk,
        "place": street.building.pk,
    }
    for _press in range(2):
        sent = client.post(page + "found/", {**given, "photos": [drawn.upload()]})
        assert sent.url == page
    issue = Issue.objects.get()
    assert (issue.source, issue.patrol, issue.area, issue.reporter) == (
        Source.GRID,
        patrol,
        street.building,
        street.li,
    )
    assert issue.description == "巡查发现：环境卫生"
    assert issue.photos.count() == 1

    assert client.post(page + "end/", {"note": "楼道干净"}).status_code == 302
    patrol.refresh_from_db()
    assert (patrol.is_open, patrol.note) == (False, "楼道干净")
    shown = client.get(page).content.decode()
    assert "楼道干净" in shown
    assert issue.title in shown
    assert "拍照上报" not in shown


def test_after_the_end_nothing_can_be_added(client, street):
    patrol = patrols.start(street.grid, by=street.li)
    stop = patrol.stops.get()
    patrols.end(patrol)
    client.force_login(street.li)
    page = reverse("grids:patrol", args=[patrol.pk])
    for path, given in (
        ("tick/", {"stop": stop.pk}),
        ("end/", {"note": "又来"}),
        ("found/", {"text": "看到的"}),
    ):
        answer = client.post(page + path, given)
        assert answer.status_code == 422
        assert "已经结束" in answer.content.decode()
    assert not Issue.objects.exists()
    patrol.refresh_from_db()
    assert patrol.note == ""


def test_one_at_a_time_and_twice_the_same_is_one(street, client):
    first = patrols.start(street.grid, by=street.sun)
    assert patrols.start(street.grid, by=street.sun) == first
    answer = start(client, street.sun, street.grid2)
    assert answer.url == reverse("grids:patrol", args=[first.pk])
    assert Patrol.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_set_out_once(street, together):
    made = together(*[lambda: patrols.start(street.grid, by=street.li)] * 2)
    assert made[0] == made[1]
    assert Patrol.objects.count() == 1


@pytest.mark.parametrize("who", ["wu", "wang", "zhao", "feng", "auditor"])
def test_nobody_else_sets_out_here(client, street, who):
    assert start(client, getattr(street, who), street.grid).status_code == 404
    assert not Patrol.objects.exists()


def test_a_patrol_is_seen_by_those_over_the_place_and_changed_by_its_own_person(client, street):
    patrol = patrols.start(street.grid, by=street.li)
    page = reverse("grids:patrol", args=[patrol.pk])
    stop = patrol.stops.get()
    for who, status in (("sun", 200), ("chen", 200), ("zhao", 404), ("wu", 404), ("wang", 404)):
        client.force_login(getattr(street, who))
        assert client.get(page).status_code == status, who
        assert client.post(page + "tick/", {"stop": stop.pk}).status_code == 404
        assert client.post(page + "end/").status_code == 404
        assert client.get(page + "found/").status_code == 404
    client.force_login(street.zhao)
    assert "李网格" not in client.get(LIST).content.decode()


def test_a_stop_of_another_patrol_cannot_be_ticked(client, street):
    mine = patrols.start(street.grid, by=street.li)
    other = patrols.start(street.grid_elsewhere, by=street.zhao)
    client.force_login(street.li)
    tick = reverse("grids:patrol_tick", args=[mine.pk])
    for stop in (other.stops.get().pk, "x", "9" * 30, ""):
        assert client.post(tick, {"stop": stop}).status_code == 404


def test_what_is_found_needs_a_picture_or_words_and_the_picture_is_kept(client, street):
    patrol = patrols.start(street.grid, by=street.li)
    client.force_login(street.li)
    page = reverse("grids:patrol_found", args=[patrol.pk])
    shown = client.get(page).content.decode()
    assert 'capture="environment"' in shown
    answer = client.post(page, {"category": loop.category().pk, "place": street.grid.pk})
    assert answer.status_code == 422
    assert "请拍一张照片，或写一两句说明" in answer.content.decode()
    key = "00000000-0000-4000-8000-000000000006"
    answer = client.post(page, {"key": key, "place": street.grid.pk, "photos": [drawn.upload()]})
    assert answer.status_code == 422
    assert "已传照片" in answer.content.decode()
    given = {"key": key, "place": street.grid.pk, "category": loop.category().pk}
    assert client.post(page, given).status_code == 302
    assert Issue.objects.get().photos.count() == 1


def test_a_place_outside_the_grid_cannot_be_named(client, street):
    patrol = patrols.start(street.grid, by=street.li)
    client.force_login(street.li)
    given = {
        "category": loop.category().pk,
        "place": street.grid_elsewhere.pk,
        "text": "那边的垃圾满了",
    }
    page = reverse("grids:patrol_found", args=[patrol.pk])
    assert client.post(page, given).status_code == 422
    assert not Issue.objects.exists()


def test_kinds_found_most_come_first(street):
    for _n in range(2):
        loop.post(street, reporter=street.li, kind="文明养犬", source=Source.GRID)
    loop.post(street, reporter=street.wang, kind="噪声扰民")
    usual, others = patrols.usual_categories(street.grid)
    assert usual[0].name == "文明养犬"
    assert len(usual) == patrols.SUGGESTED
    assert not set(usual) & set(others)


def test_the_share_found_by_the_grid_itself(client, street):
    patrol = patrols.start(street.grid, by=street.li)
    patrols.report(patrol, category=loop.category(), area=street.grid, text="门禁坏了")
    for _n in range(2):
        loop.post(street)
    loop.post(street, reporter=street.qian, area=street.grid_elsewhere)
    since = timezone.now() - timedelta(days=1)
    assert patrols.self_discovery([street.community.path], since=since) == {"all": 3, "found": 1}
    assert patrols.self_discovery([], since=since) == {"all": 0, "found": 0}
    client.force_login(street.sun)
    assert "33" in client.get(LIST).content.decode()


def test_the_list_costs_the_same_with_more_patrols(client, street, django_assert_num_queries):
    def walk(times):
        for _n in range(times):
            patrol = patrols.start(street.grid, by=street.li)
            patrols.report(patrol, category=loop.category(), area=street.grid, text="灯不亮了")
            patrols.end(patrol)

    walk(3)
    client.force_login(street.sun)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    walk(9)
    Area.objects.add_child(
        street.grid, {"level": "building", "code": "990203005001001002", "name": "2栋"}
    )
    with django_assert_num_queries(len(few)):
        shown = client.get(LIST).content.decode()
    assert shown.count("发现 1 件") == 12
    assert len(few) <= 15
