"""How orders reach the members of a body: grabbed, assigned, by turn."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import dispatch, handling, roster
from grids.models import Absence, Issue, Roster, State
from grids.waiting import waiting_for
from orgs import posts
from orgs.positions import Position
from rules.workflow import NotAllowed
from tests import cast
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db

ROSTER = "/issues/roster/"


def today():
    return timezone.localdate()


@pytest.fixture
def crew(street):
    """The property company with three: its manager 吴, and 许 and 何."""
    for name, given, phone in (("xu", "许物业", "10000000031"), ("he", "何物业", "10000000032")):
        someone = cast.person(given, phone)
        posts.appoint(
            someone,
            street.property_company,
            Position.PROPERTY_STAFF,
            starts_on=cast.LONG_AGO,
            reason="测试任命",
        )
        setattr(street, name, someone)
    return street


def work_by(street, mode):
    roster.set_mode(street.property_company, mode, by=street.wu)


def sent(street, **more):
    return loop.to_state(street, "dispatched", issue=loop.post(street, **more))


def away(street, person, days=2, starts_on=None):
    start = starts_on or today()
    return roster.note_absence(
        street.property_company,
        person,
        starts_on=start,
        ends_on=start + timedelta(days=days),
        by=street.wu,
    )


def waits(person):
    return set(handling_waiting(person))


def handling_waiting(person):
    from grids.waiting import waiting_for

    return waiting_for(person).filter(state=State.DISPATCHED)


# --- grab ----------------------------------------------------------------------------------------


def test_any_member_signs_until_told_otherwise(crew):
    issue = sent(crew)
    assert issue.assignee is None
    assert waits(crew.wu) == waits(crew.xu) == waits(crew.he) == {issue}
    handling.advance(issue, "sign", by=crew.he)
    assert issue.handler == crew.he


# --- assign --------------------------------------------------------------------------------------


def test_the_head_names_who_signs(crew):
    work_by(crew, "assign")
    issue = sent(crew)
    assert waits(crew.xu) == set()
    assert waits(crew.wu) == {issue}
    assert "待指派承办人" in loop.told(crew.wu)[0].title
    with pytest.raises(NotAllowed, match="等候指派"):
        handling.advance(issue, "sign", by=crew.xu)
    with pytest.raises(NotAllowed):
        handling.advance(issue, "assign", by=crew.xu, assignee=crew.xu)
    handling.advance(issue, "assign", by=crew.wu, assignee=crew.xu)
    assert "已指派给您" in loop.told(crew.xu)[0].title
    assert waits(crew.xu) == {issue}
    assert waits(crew.wu) == waits(crew.he) == set()
    for person in (crew.he, crew.wu):
        with pytest.raises(NotAllowed, match="已指派给许物业"):
            handling.advance(issue, "sign", by=person)
    with pytest.raises(roster.HandlesItAlready):
        handling.advance(issue, "assign", by=crew.wu, assignee=crew.xu)
    handling.advance(issue, "assign", by=crew.li, assignee=crew.he)  # the dispatcher, too
    assert "已改由同事承办" in loop.told(crew.xu)[0].title
    handling.advance(issue, "sign", by=crew.he)
    assert (issue.handler, issue.state) == (crew.he, "in_progress")


def test_naming_another_in_progress_takes_a_reason(client, crew):
    issue = loop.to_state(crew, "in_progress")
    client.force_login(crew.wu)
    data = {"verb": "assign", "assignee": crew.xu.pk}
    answer = client.post(issue.get_absolute_url(), data)
    assert answer.status_code == 422
    assert "请写明为什么换人" in answer.content.decode()
    answer = client.post(issue.get_absolute_url(), {**data, "reason": "吴经理出差"})
    assert answer.status_code == 302
    issue.refresh_from_db()
    assert (issue.handler, issue.assignee) == (crew.xu, crew.xu)
    handling.advance(issue, "report", by=crew.xu, result="已换新灯", no_photo_reason="夜间")
    assert "指派许物业承办" in client.get(issue.get_absolute_url()).content.decode()


def test_who_held_it_does_not_verify_it(street):
    issue = loop.to_state(street, "dispatched", lead=street.committee)
    handling.advance(issue, "sign", by=street.li)
    handling.advance(issue, "assign", by=street.zhou, assignee=street.sun, reason="李请假")
    handling.advance(issue, "assign", by=street.zhou, assignee=street.li, reason="李回来了")
    handling.advance(issue, "report", by=street.li, result="已办好了", no_photo_reason="无")
    with pytest.raises(NotAllowed, match="参与过"):
        handling.advance(issue, "verify", by=street.sun, how="on_site")


def test_only_members_without_an_interest(client, crew):
    issue = sent(crew, reporter=crew.xu)
    for person in (crew.xu, crew.zheng, crew.wang):
        with pytest.raises(roster.NotAMember):
            handling.advance(issue, "assign", by=crew.wu, assignee=person)
        client.force_login(crew.wu)
        data = {"verb": "assign", "assignee": person.pk}
        assert client.post(issue.get_absolute_url(), data).status_code == 422
    handling.advance(issue, "recuse", by=crew.he, person=crew.he, reason="反映的是我家")
    with pytest.raises(roster.NotAMember):
        handling.advance(issue, "assign", by=crew.wu, assignee=crew.he)


# --- by turn -------------------------------------------------------------------------------------


def test_turns_go_round(crew):
    work_by(crew, "rotate")
    got = [sent(crew, text=f"第{n}盏灯不亮了").assignee for n in range(6)]
    assert got == [crew.wu, crew.xu, crew.he] * 2
    issue = Issue.objects.filter(assignee=crew.xu).first()
    with pytest.raises(NotAllowed, match="已指派给许物业"):
        handling.advance(issue, "sign", by=crew.wu)
    assert "待签收" in loop.told(crew.xu)[0].title
    assert not loop.told(crew.xu).filter(text__contains="吴物业")


def test_the_fewest_open_first_then_the_longest_waiting(crew):
    busy = loop.to_state(crew, "in_progress")  # by 吴, before turns were taken
    work_by(crew, "rotate")
    assert [sent(crew, text=f"第{n}盏灯").assignee for n in range(3)] == [crew.xu, crew.he, crew.wu]
    handling.advance(busy, "report", by=crew.wu, result="已换新灯", no_photo_reason="夜间")
    # All hold one: the one who waited longest.
    assert sent(crew, text="又一盏灯不亮").assignee == crew.xu


def test_who_is_away_or_must_not_is_passed(crew):
    work_by(crew, "rotate")
    away(crew, crew.wu)
    assert sent(crew).assignee == crew.xu
    away(crew, crew.xu, starts_on=today() + timedelta(days=3))  # not yet
    assert sent(crew, reporter=crew.he).assignee == crew.xu
    away(crew, crew.xu, days=0)
    away(crew, crew.he)
    assert sent(crew, text="谁也不在").assignee is None  # anybody who comes in may sign


def test_who_stands_aside_passes_it_on(crew):
    work_by(crew, "rotate")
    issue = sent(crew)
    assert issue.assignee == crew.wu
    handling.advance(issue, "recuse", by=crew.wu, person=crew.wu, reason="反映的是我弟弟")
    assert issue.assignee == crew.xu
    handling.advance(issue, "sign", by=crew.xu)
    handling.advance(issue, "recuse", by=crew.xu, person=crew.xu, reason="也有关系")
    assert (issue.state, issue.assignee, issue.handler) == ("dispatched", crew.he, None)


def test_members_of_the_place_come_first(street):
    """A grid worker is not given what lies in another's grid."""
    roster.set_mode(street.committee, "rotate", by=street.sun)
    issue = loop.post(street, area=street.grid2)
    loop.file(issue, street.sun)
    handling.advance(issue, "dispatch", by=street.sun, lead=street.committee)
    assert street.li in dispatch.members(street.committee)
    assert issue.assignee == street.sun


def test_who_left_holds_nothing(crew):
    work_by(crew, "rotate")
    issue = sent(crew)
    assert issue.assignee == crew.wu
    assert issue not in waiting_for(crew.xu)
    posts.relieve(crew.wu.appointments.get(), reason="离职")
    assert issue in waiting_for(crew.xu)
    handling.advance(issue, "sign", by=crew.xu)
    assert issue.handler == crew.xu


def test_a_redirect_starts_anew(crew):
    work_by(crew, "rotate")
    issue = sent(crew)
    handling.advance(issue, "redirect", by=crew.li, lead=crew.committee, reason="由社区办")
    assert issue.assignee is None
    handling.advance(issue, "sign", by=crew.sun)


@pytest.mark.django_db(transaction=True)
def test_two_orders_at_once_go_to_two_members(crew, together):
    work_by(crew, "rotate")
    issues = [
        loop.to_state(crew, "filed", issue=loop.post(crew, text=f"灯{n}坏了")) for n in (1, 2)
    ]

    def send(pk, by):
        issue = Issue.objects.get(pk=pk)
        return handling.advance(issue, "dispatch", by=by, lead=crew.property_company)

    answers = together(lambda: send(issues[0].pk, crew.li), lambda: send(issues[1].pk, crew.sun))
    assert [type(answer).__name__ for answer in answers] == ["IssueStep", "IssueStep"]
    got = set(Issue.objects.filter(pk__in=[one.pk for one in issues]).values_list("assignee"))
    assert got == {(crew.wu.pk,), (crew.xu.pk,)}


# --- the page ------------------------------------------------------------------------------------


def test_the_heads_page(client, crew):
    address = f"{ROSTER}{crew.property_company.pk}/"
    for person in (None, crew.wang, crew.xu, crew.li, crew.zheng, crew.auditor):
        client.logout()
        if person is not None:
            client.force_login(person)
        status = 302 if person is None else 404
        assert client.get(address).status_code == status, person
        assert client.post(address, {"do": "mode", "mode": "rotate"}).status_code == status
    client.force_login(crew.wu)
    assert client.get(ROSTER).url == address
    assert f'href="{ROSTER}"' in client.get("/desk/").content.decode()
    loop.to_state(crew, "in_progress", issue=loop.late_post(crew))
    sent(crew)
    page = client.get(address).content.decode()
    assert_valid_html(page)
    for words in ("在办 1 件", "超期 1 件", "未指派", "抢单"):
        assert words in page
    assert client.post(address, {"do": "mode", "mode": "rotate"}).status_code == 302
    assert Roster.objects.get().mode == "rotate"
    assert client.post(address, {"do": "mode", "mode": "dice"}).status_code == 422
    assert client.post(address, {"do": "nonsense"}).status_code == 404


def test_absences_are_written_and_taken_back(client, crew):
    address = f"{ROSTER}{crew.property_company.pk}/"
    client.force_login(crew.wu)
    given = {
        "do": "away",
        "person": crew.xu.pk,
        "starts_on": f"{today():%Y-%m-%d}",
        "ends_on": f"{today() + timedelta(days=3):%Y-%m-%d}",
    }
    assert client.post(address, given).status_code == 302
    for change, words in (
        ({}, "已登记不在岗"),
        ({"person": crew.li.pk}, "请从本单位人员里选择"),
        ({"starts_on": "2026-99-01"}, "日期"),
        ({"ends_on": "2020-01-01"}, "结束日期"),
    ):
        answer = client.post(address, given | change)
        assert answer.status_code == 422, change
        assert words in answer.content.decode(), change
    page = client.get(address).content.decode()
    assert_valid_html(page)
    assert "不在岗" in page
    row = Absence.objects.get()
    elsewhere = roster.note_absence(
        crew.committee, crew.sun, starts_on=today(), ends_on=today(), by=crew.chen
    )
    assert client.post(address, {"do": "back", "absence": elsewhere.pk}).status_code == 404
    assert client.post(address, {"do": "back", "absence": "x"}).status_code == 404
    assert client.post(address, {"do": "back", "absence": row.pk}).status_code == 302
    assert list(Absence.objects.all()) == [elsewhere]


def test_more_members_and_orders_cost_the_same(client, crew):
    address = f"{ROSTER}{crew.property_company.pk}/"
    client.force_login(crew.wu)
    sent(crew)

    def cost():
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = cost()
    work_by(crew, "rotate")
    for n in range(3):
        sent(crew, text=f"第{n}盏灯不亮了")
    away(crew, crew.xu)
    assert cost() == few <= 14


def test_the_issue_and_the_queue_name_the_assignee(client, crew):
    work_by(crew, "rotate")
    issue = sent(crew)
    client.force_login(crew.wu)
    assert "指派给吴物业" in client.get("/issues/queue/").content.decode()
    assert "已指派给" in client.get(issue.get_absolute_url()).content.decode()
