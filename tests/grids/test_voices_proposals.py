"""What keeps coming back is proposed as a topic: three times in thirty days, each matter once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import handling, proposals, telling
from grids.models import Issue, TopicProposal
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db
NOW = timezone.now()
MONTH = timedelta(days=30)


def filed(street, at=None, *, area=None, kind="物业维修", level="L2", by=None):
    at = at or NOW
    issue = loop.post(street, area=area or street.grid, kind=kind, at=at - timedelta(minutes=1))
    loop.file(issue, by or street.sun, level=level, at=at, reason="按实际情况调整")
    return issue


def open_ones():
    return list(TopicProposal.objects.open())


def told(person):
    return loop.told(person).filter(title__startswith="建议提为议题")


# --- when ----------------------------------------------------------------------------------------


def test_the_third_of_a_kind_in_one_grid(street):
    three = [filed(street)]
    filed(street, level="L1")
    filed(street, kind="环境卫生")
    filed(street, area=street.grid2)
    three.append(filed(street, level="L3"))
    assert open_ones() == []
    three.append(filed(street, level="L4"))
    (made,) = open_ones()
    assert (made.area, made.category.name) == (street.grid, "物业维修")
    assert set(made.issues.all()) == set(three)
    assert told(street.zhou).count() == 1
    assert told(street.zhou).get().title == "建议提为议题：第一网格的物业维修"
    assert told(street.li).count() == told(street.wang).count() == 0


def test_a_building_counts_for_its_grid(street):
    for area in (street.grid, street.building, street.building):
        filed(street, area=area)
    assert open_ones()[0].area == street.grid


def test_exactly_thirty_days_count_and_a_moment_more_does_not(street):
    filed(street, NOW - MONTH - timedelta(microseconds=1))
    filed(street, NOW - timedelta(days=3))
    filed(street, NOW)
    assert open_ones() == []
    filed(street, NOW - MONTH, kind="环境卫生")
    filed(street, NOW - timedelta(days=3), kind="环境卫生")
    filed(street, NOW, kind="环境卫生")
    assert [one.category.name for one in open_ones()] == ["环境卫生"]


def test_later_ones_join_and_asking_again_changes_nothing(street):
    for _n in range(3):
        filed(street)
    late = filed(street, NOW + timedelta(days=40))
    (made,) = open_ones()
    assert late in made.issues.all()
    for _again in range(2):
        proposals.consider(street.grid, made.category, now=NOW + timedelta(days=40))
        proposals.sweep(NOW + timedelta(days=40))
    assert open_ones() == [made]
    assert made.issues.count() == 4
    assert told(street.zhou).count() == 1


def test_what_was_merged_counts_once(street):
    first, second = filed(street), filed(street)
    handling.advance(second, "merge", by=street.li, parent=first)
    third = filed(street)
    assert open_ones() == []
    fourth = filed(street)
    (made,) = open_ones()
    assert set(made.issues.all()) == {first, third, fourth}
    handling.advance(fourth, "merge", by=street.li, parent=first)
    made.refresh_from_db()
    assert (made.state, made.decided_by) == ("dismissed", None)
    assert "不足 3 件" in made.reason
    filed(street)  # a third matter: proposed again, as nobody had decided
    assert set(open_ones()[0].issues.all()) >= {first, third}


def test_a_rise_in_level_counts_too(street):
    filed(street)
    filed(street)
    third = filed(street, level="L1")
    assert open_ones() == []
    loop.to_state(street, "reopened", issue=third)
    assert third.level == "L2"
    assert third in open_ones()[0].issues.all()


def test_history_written_in_silence_is_seen_by_the_nightly_round(street):
    with telling.silently():
        for _n in range(3):
            filed(street)
    assert open_ones() == []
    assert proposals.sweep() == 1
    assert proposals.sweep() == 1
    assert len(open_ones()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_filings_at_once_leave_one_proposal(street, together):
    filed(street)
    two = [loop.post(street), loop.post(street)]

    def file(issue):
        return lambda: loop.file(Issue.objects.get(pk=issue.pk), street.li, level="L2")

    answers = together(*(file(issue) for issue in two))
    assert [type(answer).__name__ for answer in answers] == ["IssueStep"] * 2
    (made,) = open_ones()
    assert made.issues.count() == 3


# --- deciding ------------------------------------------------------------------------------------


def test_dismissed_with_a_reason_and_not_at_once_again(client, street):
    for _n in range(3):
        filed(street)
    (made,) = open_ones()
    client.force_login(street.zhou)
    page = client.get("/issues/proposals/").content.decode()
    assert_valid_html(page)
    assert "梧桐里社区第一网格：物业维修" in page
    address = f"/issues/proposals/{made.pk}/dismiss/"
    refused = client.post(address, {"reason": "不"})
    assert refused.status_code == 422
    assert_valid_html(refused.content.decode())
    assert "请再多写几个字" in refused.content.decode()
    assert client.get(address).status_code == 405
    assert client.post(address, {"reason": "物业已列入下月检修计划"}).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.decided_by) == ("dismissed", street.zhou)
    assert "物业已列入下月检修计划" in client.get("/issues/proposals/").content.decode()
    again = client.post(address, {"reason": "再来一次试试"})
    assert again.status_code == 422
    assert "已有人研判" in again.content.decode()

    filed(street)
    filed(street)
    assert open_ones() == []  # two new ones; those decided about do not count again
    filed(street)
    assert open_ones()[0].issues.count() == 3


def test_taken_by_a_deliberation(street):
    for _n in range(3):
        filed(street)
    (made,) = open_ones()
    with pytest.raises(proposals.NotYours):
        proposals.take(made, by=street.li)
    proposals.take(made, by=street.zhou, reason="楼道照明怎么管")
    assert made.state == "taken"
    with pytest.raises(proposals.DecidedBefore):
        proposals.dismiss(made, by=street.zhou, reason="晚了")


def test_only_those_of_the_community_see_and_decide(client, street):
    for _n in range(3):
        filed(street, area=street.grid_elsewhere, by=street.zhao)
    (made,) = open_ones()
    address = f"/issues/proposals/{made.pk}/dismiss/"
    for person in (None, street.li, street.wang, street.chen):
        client.logout()
        if person is not None:
            client.force_login(person)
        status = 302 if person is None else 404
        assert client.get("/issues/proposals/").status_code == status
        assert client.post(address, {"reason": "不需要议"}).status_code == status
    client.force_login(street.zhou)  # a secretary, of the community next door
    assert "没有待研判的议题建议" in client.get("/issues/proposals/").content.decode()
    assert client.post(address, {"reason": "不需要议"}).status_code == 404
    assert open_ones() == [made]


def test_the_page_costs_the_same_with_three_and_twelve(client, street):
    client.force_login(street.zhou)

    def cost():
        client.get("/issues/proposals/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/issues/proposals/").status_code == 200
        return len(captured)

    for _n in range(3):
        filed(street)
    few = cost()
    for kind in ("环境卫生", "噪声扰民", "停车管理"):
        for _n in range(3):
            filed(street, kind=kind)
    assert len(open_ones()) == 4
    assert cost() == few <= 10
