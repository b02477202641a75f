"""Standing aside: refused in every verb, no reporter to be seen, and the work goes on."""

import pytest
from django.db import transaction

from grids import dispatch, handling, waiting
from grids.models import Recusal, State
from orgs import posts
from orgs.positions import Position
from rules.refusals import Refused
from rules.workflow import NotAllowed, WrongState
from tests import cast
from tests.grids import loop

pytestmark = pytest.mark.django_db


def recuse(issue, person, by=None):
    handling.advance(issue, "recuse", by=by or person, person=person, reason="是被反映人的亲戚")


@pytest.fixture
def people(street):
    street.colleague = cast.person("许物业", "10000000030")
    posts.appoint(
        street.colleague,
        street.property_company,
        Position.PROPERTY_STAFF,
        starts_on=cast.LONG_AGO,
        reason="测试任命",
    )
    street.leader = cast.person("卢领导", "10000000031")
    posts.appoint(
        street.leader,
        street.office,
        Position.SUBDISTRICT_LEADER,
        starts_on=cast.LONG_AGO,
        reason="测试任命",
    )
    return street


OPEN = [state for state in State.values if handling.flow.transition("recuse", state) is not None]


def test_from_then_on_every_verb_of_the_table_is_refused(people):
    for state in OPEN:
        issue = loop.to_state(people, state)
        able = [
            role
            for role in ("li", "sun", "chen", "wu")
            if handling.flow.transition("recuse", state).refuses(issue, getattr(people, role))
            is None
        ]
        assert able, state
        for role in able:
            _refused_in_every_verb(issue, getattr(people, role))


@transaction.atomic
def _refused_in_every_verb(issue, person):
    recuse(issue, person)
    assert any("您已回避" in text for text in handling.why_not(issue, person))
    assert handling.available(issue, person) == []
    for verb in handling.flow.verbs:
        with pytest.raises((NotAllowed, WrongState)), transaction.atomic():
            handling.flow.advance(issue, verb, by=person)
    issue.dispatched_at = issue.dispatched_at or issue.reported_at
    for state in handling.flow.states:  # and in no state it may come to later
        issue.state = state
        assert handling.flow.available(issue, person) == []
    transaction.set_rollback(True)


def test_the_handler_goes_and_a_colleague_signs(people):
    issue = loop.to_state(people, "in_progress")
    recuse(issue, people.wu)
    assert (issue.state, issue.handler, issue.signed_at) == ("dispatched", None, None)
    assert loop.told(people.colleague)[0].title.startswith("待签收")
    assert not loop.told(people.wu).filter(text__contains="原承办人回避").exists()
    with pytest.raises(NotAllowed, match="您已回避"):
        handling.advance(issue, "sign", by=people.wu)
    handling.advance(issue, "sign", by=people.colleague)
    handling.advance(issue, "contact", by=people.colleague, note="已电话联系")
    handling.advance(
        issue, "report", by=people.colleague, result="已换新灯", no_photo_reason="夜间"
    )
    handling.advance(issue, "verify", by=people.sun, how="on_site")
    assert issue.state == "closed"


def test_a_result_reported_by_somebody_with_an_interest_does_not_stand(people):
    issue = loop.to_state(people, "handled")
    recuse(issue, people.wu, by=people.sun)
    assert (issue.state, issue.handler, issue.handled_at) == ("dispatched", None, None)
    assert issue.steps.last().clock_effect
    assert loop.told(people.wu)[0].title.startswith("请回避")


def test_a_worker_who_is_not_the_handler_leaves_the_state_as_it_is(people):
    issue = loop.to_state(people, "in_progress")
    recuse(issue, people.li)
    assert (issue.state, issue.handler) == ("in_progress", people.wu)
    assert not waiting.waiting_for(people.li).filter(pk=issue.pk).exists()


def test_when_the_nearest_stands_aside_the_next_ones_are_asked(people):
    issue = loop.to_state(people, "in_progress")
    recuse(issue, people.li)
    handling.advance(issue, "report", by=people.wu, result="已换新灯", no_photo_reason="夜间")
    assert not loop.told(people.li).filter(title__startswith="待核验").exists()
    assert loop.told(people.sun)[0].title.startswith("待核验")


def test_others_are_named_by_dispatchers_and_leaders_only(people):
    issue = loop.to_state(people, "in_progress")
    with pytest.raises(Refused, match="只能声明自己回避"), transaction.atomic():
        recuse(issue, people.wu, by=people.li)
    with pytest.raises(NotAllowed), transaction.atomic():
        recuse(issue, people.wu, by=people.zhao)
    with pytest.raises(Refused, match="没有参与"), transaction.atomic():
        recuse(issue, people.zhao, by=people.sun)
    recuse(issue, people.wu, by=people.leader)
    issue.refresh_from_db()
    row = Recusal.objects.get()
    assert (row.person, row.declared_by, issue.recused_ids) == (
        people.wu,
        people.leader,
        [people.wu.pk],
    )
    with pytest.raises(Refused, match="已经回避"), transaction.atomic():
        recuse(issue, people.wu, by=people.sun)


def test_who_stands_aside_sees_no_reporter_and_no_original(client, people):
    issue = loop.post(people, pictures=loop.pictures(1))
    photo = issue.photos.get()
    client.force_login(people.sun)
    page = issue.get_absolute_url()
    assert "王居民" in client.get(page).content.decode()
    recuse(issue, people.sun)
    shown = client.get(page).content.decode()
    assert "王居民" not in shown
    assert "100****0020" not in shown
    assert "您已回避" in shown
    for size in ("original", "redact"):
        assert client.get(f"/issues/photos/{photo.token}/{size}/").status_code == 404


def test_it_stands_in_the_timeline_of_workers_only(client, people):
    issue = loop.to_state(people, "in_progress")
    recuse(issue, people.li)
    page = issue.get_absolute_url()
    client.force_login(people.sun)
    assert "李网格回避" in client.get(page).content.decode()
    client.force_login(people.wang)
    assert "回避" not in client.get(page).content.decode()
    client.logout()
    assert "回避" not in client.get(page).content.decode()


def test_the_form_of_the_page_offers_oneself_and_colleagues_to_whom_may_name(client, people):
    issue = loop.to_state(people, "in_progress")
    client.force_login(people.li)
    form = issue.get_absolute_url() + "?do=recuse"
    shown = client.get(form).content.decode()
    assert "我自己" in shown
    assert "许物业" not in shown
    client.force_login(people.sun)
    assert "许物业" in client.get(form).content.decode()
    answer = client.post(
        issue.get_absolute_url(), {"verb": "recuse", "person": people.wu.pk, "reason": ""}
    )
    assert answer.status_code == 422
    assert "请写明为什么回避" in answer.content.decode()
    given = {"verb": "recuse", "person": people.wu.pk, "reason": "是楼上住户的弟弟"}
    assert client.post(issue.get_absolute_url(), given).status_code == 302
    issue.refresh_from_db()
    assert issue.recused_ids == [people.wu.pk]


def test_a_worker_who_reported_and_stands_aside_still_rates(people):
    mine = loop.post(people, reporter=people.li)
    recuse(mine, people.li)
    mine = handling.Issue.objects.get(pk=mine.pk)
    loop.file(mine, people.sun)
    handling.advance(mine, "dispatch", by=people.sun, lead=people.property_company)
    handling.advance(mine, "sign", by=people.wu)
    handling.advance(mine, "report", by=people.wu, result="已换新灯", no_photo_reason="夜间")
    handling.advance(mine, "verify", by=people.sun, how="on_site")
    handling.advance(mine, "rate", by=people.li, solved=True, stars=5)
    assert mine.state == "rated"


def test_a_body_all_of_whose_people_stand_aside_is_no_candidate(street):
    issue = loop.to_state(street, "dispatched")
    recuse(issue, street.wu)
    offered = [one.organization for one in dispatch.candidates(issue, street.chen)]
    assert street.property_company not in offered


def test_the_reporter_says_that_the_lead_is_who_it_is_about(client, street):
    client.force_login(street.wang)
    given = {
        "category": loop.category().pk,
        "place": street.grid.pk,
        "text": "物业把消防通道锁起来当仓库用",
        "about_lead": "on",
    }
    assert client.post("/issues/new/", given).status_code == 302
    issue = handling.Issue.objects.get()
    assert "承办单位看不到您是谁" in client.get(issue.get_absolute_url()).content.decode()
    loop.file(issue, street.li)
    usual, about = (
        next(one.organization for one in dispatch.candidates(issue, street.chen) if one.suggested)
        for issue.about_lead in (False, True)
    )
    assert usual == street.property_company
    assert about not in (street.property_company, None)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    client.force_login(street.wu)
    shown = client.get(issue.get_absolute_url()).content.decode()
    assert "王居民" not in shown
    assert "100****0020" not in shown
