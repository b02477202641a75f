"""Whom to call: for residents at once, for visitors after picking a place, on paper for anybody."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs.models import Residence
from tests.browser import assert_accessible, assert_valid_html
from tests.orgs.neighbourhood import add_grid, furnished, pending

URL = "/mygrid/"


@pytest.fixture
def quarter(db):
    return furnished()


def read(client, url, **query) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert_valid_html(page)
    return page


def test_a_resident_reads_who_serves_their_door(client, quarter):
    client.force_login(quarter.wang)
    page = read(client, URL)

    for name in ("李网格", "施楼长", "周书记", "张支书", "孙社工", "吴物业", "郑业委"):
        assert name in page
    assert "0990-5550101" in page
    assert "0990-5550100" in page  # supervision: the street, as no committee has a telephone
    assert "赵网格" not in page
    assert "****" not in page


def test_a_pending_resident_is_told_so_and_sees_no_building_leader_by_name(client, quarter):
    pending(quarter.newcomer, quarter.neighbour_home)
    client.force_login(quarter.newcomer)
    page = read(client, URL)

    assert "正在核验" in page
    assert "李网格" in page
    assert "施*" in page
    assert "施楼长" not in page


def test_without_a_home_one_is_asked_to_register(client, quarter):
    client.force_login(quarter.newcomer)
    page = read(client, URL)
    assert reverse("orgs:residence_new") in page
    assert "梧桐里社区" in page


def test_a_visitor_picks_community_and_grid(client, quarter):
    page = read(client, URL)
    assert f"?community={quarter.community.code}" in page
    page = read(client, URL, community=quarter.community.code)
    assert f"?grid={quarter.grid.code}" in page
    page = read(client, URL, grid=quarter.grid.code)
    assert "李网格" in page
    assert "****" not in page
    assert "没有找到社区" in read(client, URL, q="没有这个")


@pytest.mark.parametrize("query", [{"grid": "123"}, {"community": "990203"}])
def test_a_place_that_is_none_is_not_found(client, quarter, query):
    assert client.get(URL, query).status_code == 404


def test_staff_see_phones_masked_with_a_way_to_reveal(client, quarter):
    client.force_login(quarter.sun)
    page = read(client, URL, grid=quarter.grid.code)
    assert "100****0001" in page
    assert reverse("orgs:reveal_person", args=[quarter.li.public_id]) in page

    client.force_login(quarter.zhao)
    assert "****" not in read(client, URL, grid=quarter.grid.code)


def test_the_card_prints_the_same_contacts(client, quarter):
    page = read(client, "/mygrid/card/", grid=quarter.grid.code)
    for words in ("李网格", "0990-5550101", "监督电话"):
        assert words in page
    client.force_login(quarter.wang)
    assert "施楼长" in read(client, "/mygrid/card/")


def test_it_costs_the_same_in_a_bigger_community(client, quarter):
    client.force_login(quarter.wang)

    def queries():
        client.get(URL)
        with CaptureQueriesContext(connection) as seen:
            client.get(URL)
        return len(seen)

    before = queries()
    for number in (11, 12, 13):
        add_grid(quarter, number)
    assert queries() == before


def test_who_moved_out_is_a_visitor_again(client, quarter):
    Residence.objects.filter(person=quarter.wang).update(ends_on="2024-01-01")
    client.force_login(quarter.wang)
    assert "您还没有登记住处" in read(client, URL)


@pytest.mark.browser
@pytest.mark.parametrize("mode", ["light", "elder"])
def test_it_is_accessible(browser_page, quarter, mode):
    page = browser_page(width=390, mode=mode, person=quarter.wang)
    for url in (URL, f"/mygrid/card/?grid={quarter.grid.code}"):
        page.goto(url)
        assert_accessible(page)
