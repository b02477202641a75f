"""Who may claim: minors with consent, the suspended, staff on duty; guardians, names, the group."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orgs.models import Person
from points import claims, deeds, panel, people, reminders, waiting
from points.models import Claim, NameChoice, Suspension
from rules import calendar
from rules.refusals import Refused
from tests.points import claiming
from tests.points.claiming import certified, days_ago, file, rule
from tests.publicity.board import told


def born(person, years_ago: int) -> Person:
    Person.objects.filter(pk=person.pk).update(birth_year=claiming.today().year - years_ago)
    person.refresh_from_db()
    return person


def test_a_minor_earns_into_the_household_with_a_guardians_consent(points):
    with pytest.raises(deeds.ConsentMissing):
        file(points, "P14", person=points.daughter, text="反诈培训")
    for someone in (points.neighbour, points.daughter):
        with pytest.raises(people.ConsentRefused):
            people.give_consent(points.daughter, points.home, by=someone)
    consent = people.give_consent(points.daughter, points.home, by=points.wang)
    assert people.give_consent(points.daughter, points.home, by=points.wang) == consent
    assert people.minors_of(points.wang) == [(points.daughter, points.home, consent)]
    claim = file(points, "P14", person=points.daughter, by=points.wang, text="反诈培训")
    assert (claim.to_household, claim.household, claim.claimant) == (
        True,
        points.home,
        points.wang,
    )
    with pytest.raises(deeds.NotYours):
        file(points, "P14", person=points.daughter, by=points.neighbour, text="反诈培训")
    with pytest.raises(deeds.NotYours):  # grown up: for themselves
        file(points, "P18", person=born(points.daughter, 19), by=points.wang, text="微心愿")
    born(points.daughter, 12)
    people.withdraw_consent(consent, by=points.wang)
    with pytest.raises(deeds.ConsentMissing):
        file(points, "P14", person=points.daughter, text="反诈培训", happened_on=days_ago(1))


def test_only_who_is_surely_grown_up_serves_in_an_emergency(points):
    def serve(person):
        return claims.file_for(
            rule(points, "P07"), [person], happened_on=days_ago(1), by=points.gao, text="防汛"
        )

    for years in (17, 18):
        (_person, why) = serve(born(points.neighbour, years)).refused[0]
        assert "18周岁" in why
    assert serve(born(points.neighbour, 19)).claims[0].points == 15
    Person.objects.filter(pk=points.neighbour.pk).update(birth_year=None)
    points.neighbour.refresh_from_db()
    assert "出生年份" in serve(points.neighbour).refused[0][1]


def test_a_list_names_who_got_no_claim_and_why_and_twice_is_one_list(points):
    Suspension.objects.create(
        person=points.neighbour, starts_on=days_ago(9), ends_on=days_ago(-9), reason="虚报"
    )
    stranger = points.newcomer
    given = {
        "happened_on": days_ago(2),
        "by": points.sun,
        "text": "集中清扫",
        "source_key": "form:1",
    }
    listed = [points.wang, points.neighbour, stranger, points.wang]
    first = claims.file_for(rule(points, "P05"), listed, **given)
    assert [claim.person for claim in first.claims] == [points.wang]
    assert [(person, "暂停" in why) for person, why in first.refused] == [
        (points.neighbour, True),
        (stranger, False),
    ]
    again = claims.file_for(rule(points, "P05"), listed, **given)
    assert (again.claims, Claim.objects.count()) == (first.claims, 1)


def test_the_system_proposes_once_and_not_to_those_on_duty(points):
    p13 = rule(points, "P13")
    given = {"happened_on": days_ago(1), "text": "电线裸露", "area": points.building}
    first = claims.propose(p13, person=points.wang, source_key="issue:31", **given)
    assert claims.propose(p13, person=points.wang, source_key="issue:31", **given) == first
    assert (first.claimant, first.source, first.state) == (None, "system", "claimed")
    assert claims.propose(p13, person=points.li, source_key="issue:32", **given) is None
    survey = claims.propose(
        rule(points, "P04"), person=points.wang, happened_on=days_ago(1), source_key="survey:1"
    )
    assert (survey.state, survey.certifier) == ("certified", None)
    claims.certify(first, by=points.hao)
    assert first.certifier == points.hao


def test_a_grid_worker_claims_for_a_household_and_another_certifies(points):
    photo = claiming.paper(points, by=points.li)
    claim = claims.file(
        rule(points, "P09"),
        person=points.wang,
        happened_on=days_ago(1),
        by=points.li,
        source="grid_worker",
        evidence=[photo],
    )
    assert (claim.to_household, claim.household, list(claim.evidence.all())) == (
        True,
        points.home,
        [photo],
    )
    assert list(waiting.to_certify(points.li)) == []
    assert list(waiting.to_certify(points.hao)) == [claim]
    assert list(waiting.to_certify(points.zhao)) == []
    with pytest.raises(deeds.NotYours):
        claims.file(
            rule(points, "P09"),
            person=points.neighbour,
            happened_on=days_ago(1),
            by=points.zhao,
            source="grid_worker",
            evidence=[claiming.paper(points, by=points.zhao)],
        )


def test_names_are_hidden_by_choice_or_by_staff_without_a_word_why(points):
    people.choose_display(points.wang, hide_name=False, off_rankings=True)
    choice = NameChoice.objects.get(person=points.wang)
    assert (choice.shows_number_only, choice.is_ranked) == (False, False)
    with pytest.raises(people.NotEntitled):
        people.protect(points.wang, True, by=points.li)
    assert people.protect(points.wang, True, by=points.sun).shows_number_only
    people.choose_display(points.wang, hide_name=False, off_rankings=False)
    choice.refresh_from_db()
    assert (choice.shows_number_only, choice.is_ranked) == (True, False)


def test_seats_of_the_group_fit_who_sits_in_them(points):
    seats = {
        "supervisor": [points.he, points.wang],
        "resident": [points.sun, points.qian, points.newcomer],
        "member": [points.he],  # sits already
    }
    for role, wrong in seats.items():
        for person in wrong:
            with pytest.raises(panel.WrongSeat):
                panel.seat(points.community, person, role, by=points.zhou)
    with pytest.raises(panel.NotEntitled):
        panel.seat(points.community, points.wang, "resident", by=points.sun)
    seat = panel.seat(points.community, points.wang, "resident", by=points.zhou)
    panel.unseat(seat, by=points.zhou)
    assert points.wang.point_panels.in_force().count() == 0


def test_late_certifying_is_told_to_the_nearest_once_a_day(points):
    file(points, "P09", evidence=[claiming.paper(points)])
    file(points, "P13", text="电线裸露")
    file(points, "P14", text="反诈培训")
    late = timezone.now() + timedelta(days=20)
    while not calendar.read().works(calendar.local_day(late)):
        late += timedelta(days=1)
    reminders.of_certifying()
    assert told(points.li) == []
    for _run in range(2):
        reminders.of_certifying(late)
    assert told(points.li) == ["有 2 项积分申报超期未认证"]
    assert told(points.sun) == ["有 1 项积分申报超期未认证"]
    assert told(points.zhao) == []


def test_what_waits_for_whom(points):
    first = certified(points)
    second = file(points, "P14", text="反诈培训")
    claims.refuse(second, refusal_code="not_so", reason="没有名单", by=points.sun)
    claims.appeal(second, reason="有签到", by=points.wang)
    assert list(waiting.appeals(points.jian)) == [second]
    assert list(waiting.appeals(points.sun)) == []
    assert list(waiting.of_person(points.wang)) == [second, first]
    assert told(points.jian) == ["有积分申诉待答复：消防、反诈培训合格"]
    claims.answer_appeal(second, stands=False, reason="名单无此人", by=points.jian)
    with pytest.raises(Refused, match="一次"):
        claims.appeal(second, reason="再看看", by=points.wang)
    assert told(points.wang)[-1].startswith("积分申诉已有答复")


def test_an_appeal_comes_in_time(points):
    claim = file(points)
    claims.refuse(claim, refusal_code="not_so", reason="没有", by=points.sun)
    with pytest.raises(Refused, match="申诉期已于"):
        claims.appeal(claim, reason="迟了", by=points.wang, at=timezone.now() + timedelta(days=30))


def test_who_has_two_homes_earns_for_the_one_where_it_was(points):
    claiming.live(points.wang, points.home_elsewhere, points.li)
    claim = file(points, "P22", text="喜事新办", area=points.building)
    assert (claim.household, claim.community) == (points.home, points.community)
    other = file(points, "P14", text="培训", area=points.home_elsewhere.area)
    assert (other.household, other.community) == (points.home_elsewhere, points.elsewhere)


def test_a_long_list_costs_a_few_statements_a_head(points):
    def count(number, day):
        people_ = [claiming.resident(points, f"邻{day}{n}") for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            filed = claims.file_for(
                rule(points, "P15"),
                people_,
                happened_on=days_ago(day),
                by=points.sun,
                text="夜间巡逻",
            )
        assert len(filed.claims) == number
        return len(queries)

    count(1, 1)  # what is read once per person filing
    few, many = count(2, 2), count(12, 3)
    assert (many - few) / 10 <= 10


def test_a_key_belongs_to_one_person(points):
    first = file(points, source_key="form:a")
    assert file(points, source_key="form:a") == first
    with pytest.raises(deeds.KeyTaken):
        file(points, person=points.neighbour, source_key="form:a")
