"""The page of a body: public office by name, members and homes for those in charge only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import chain, posts
from orgs.models import Organization
from orgs.positions import Position
from tests.browser import assert_accessible, assert_valid_html
from tests.cast import LONG_AGO, person
from tests.orgs.neighbourhood import furnished


@pytest.fixture
def quarter(db):
    return furnished()


def page_of(body) -> str:
    return reverse("orgs:organization", args=[body.pk])


def read(client, url) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert_valid_html(page)
    return page


def test_the_public_reads_who_holds_office_and_who_did(client, quarter):
    page = read(client, page_of(quarter.committee))

    assert "李网格" in page
    assert "孙社工" in page
    assert "孔前任" in page
    assert "2021年2月4日" in page  # the day 孔 left
    assert "施*" in page
    assert "施楼长" not in page
    assert "10000000001"[:3] + "****" not in page
    assert "任职依据" not in page


def test_a_neighbour_reads_the_building_leader_a_stranger_does_not(client, quarter):
    client.force_login(quarter.wang)
    assert "施楼长" in read(client, page_of(quarter.committee))
    client.force_login(quarter.qian)
    assert "施楼长" not in read(client, page_of(quarter.committee))


def test_staff_read_members_and_warnings_others_do_not(client, quarter):
    url = reverse("orgs:members", args=[quarter.branch.pk])
    client.force_login(quarter.sun)
    page = read(client, page_of(quarter.branch))
    assert url in page
    assert "支部须有 3 名以上" in page
    assert "100****0033" in page
    members = read(client, url)
    assert "王*" in members
    assert "王居民" not in members

    for stranger in (quarter.wang, quarter.zhao, quarter.feng):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
        page = read(client, page_of(quarter.branch))
        assert url not in page
        assert "须有 3 名" not in page
    client.logout()
    assert client.get(url).status_code == 302
    assert url not in read(client, page_of(quarter.branch))


def test_a_committee_whose_members_stand_in_its_branches_says_so(client, quarter):
    client.force_login(quarter.sun)
    page = read(client, reverse("orgs:members", args=[quarter.party.pk]))
    assert "没有登记党员" not in page
    assert "党员编在下级党组织里" in page
    assert f"连同下级党组织共 {chain.count_members(quarter.party)} 人" in page
    assert page_of(quarter.party) in page


def test_a_history_tells_days_as_people_do(client, quarter):
    client.force_login(quarter.sun)
    page = read(client, reverse("orgs:history", args=[quarter.committee.pk]))
    assert "任职日期：2020年1月1日" in page
    assert "2020-01-01" not in page


@pytest.mark.parametrize("who", [None, "wang", "zhao", "zheng"])
def test_a_contact_household_is_not_there_for_the_public(client, quarter, who):
    if who:
        client.force_login(getattr(quarter, who))
    for name in ("organization", "history"):
        url = reverse(f"orgs:{name}", args=[quarter.contact.pk])
        assert client.get(url).status_code == 404
    assert "中心户" not in read(client, page_of(quarter.group))


def test_staff_open_a_contact_household(client, quarter):
    client.force_login(quarter.li)
    assert "吕户主" in read(client, page_of(quarter.contact))


def test_history_tells_what_to_all_who_and_why_to_those_in_charge(client, quarter):
    chain.amend(
        quarter.committee, name="梧桐里居委会", by=quarter.chen, reason="按批复更名〔2026〕3号"
    )
    post = quarter.committee.appointments.get(person=quarter.head)
    posts.relieve(post, by=quarter.chen, reason="本人申请辞去")
    url = reverse("orgs:history", args=[quarter.committee.pk])

    page = read(client, url)
    assert "更名" in page
    assert "梧桐里社区居委会</del> → 梧桐里居委会" in page
    assert "离任：施*" in page
    for hidden in ("陈街道", "3号", "本人申请", "施楼长"):
        assert hidden not in page

    client.force_login(quarter.sun)
    page = read(client, url)
    for told in ("陈街道", "按批复更名〔2026〕3号", "本人申请辞去", "离任：施楼长"):
        assert told in page


def test_history_tells_what_a_body_served_and_with_whom_it_stood(client, quarter):
    chain.serve(quarter.property_company, [quarter.grid2], by=quarter.chen, reason="新签物业合同")
    url = reverse("orgs:history", args=[quarter.property_company.pk])
    page = read(client, url)
    for told in ("增加服务区域：第二网格", "不再服务：第一网格", "参加三方联动：梧桐里一期"):
        assert told in page
    assert "新签物业合同" not in page
    client.force_login(quarter.chen)
    assert "新签物业合同" in read(client, url)


def test_a_merged_body_says_where_it_went(client, quarter):
    other = Organization.objects.create(
        kind="grid_branch",
        name="第二网格党支部",
        area=quarter.grid2,
        superior=quarter.party,
        founded_on=LONG_AGO,
    )
    chain.merge(other, quarter.branch, by=quarter.chen, reason="党员太少")

    page = read(client, page_of(other))
    assert "已撤销" in page
    assert f'{page_of(quarter.branch)}">第一网格党支部' in page


def test_linkage_stands_on_the_pages_of_all_four(client, quarter):
    for body in (quarter.branch, quarter.committee, quarter.owners, quarter.property_company):
        assert "梧桐里一期" in read(client, page_of(body))


def test_more_people_cost_no_more_queries(client, quarter):
    client.force_login(quarter.sun)

    def queries():
        client.get(page_of(quarter.committee))
        with CaptureQueriesContext(connection) as seen:
            client.get(page_of(quarter.committee))
        return len(seen)

    before = queries()
    for number in range(3):
        posts.appoint(
            person(f"委{number}", f"1000009000{number}"),
            quarter.committee,
            Position.COMMITTEE_MEMBER,
            starts_on=LONG_AGO,
            reason="选举",
        )
    assert queries() == before


def test_the_navigation_leads_staff_to_their_list_and_others_to_the_chain(client, quarter):
    url = reverse("orgs:organizations")
    assert client.get(url).url == reverse("orgs:divisions")
    client.force_login(quarter.wang)
    assert client.get(url).url == reverse("orgs:divisions")
    client.force_login(quarter.chen)
    assert client.get(url).url == reverse("orgs:staff_organizations")


@pytest.mark.browser
def test_the_page_and_its_history_are_accessible(browser_page, quarter):
    page = browser_page(width=390, person=quarter.sun)
    for url in (page_of(quarter.committee), reverse("orgs:history", args=[quarter.committee.pk])):
        page.goto(url)
        assert_accessible(page)
