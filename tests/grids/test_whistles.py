"""吹哨报到: who may do what in every state, what the database refuses, two at once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from grids import whistles
from grids.models import Issue, Whistle, WhistleCall, WhistleStep
from grids.models import WhistleState as S
from orgs import access, posts
from orgs.positions import Position
from rules.clocks import Refused
from rules.models import Clock
from rules.workflow import Missing, NotAllowed, WrongState, matrix
from tests import cast
from tests.grids import whistling

pytestmark = pytest.mark.django_db

LEADERS, OPERATORS = {"leader", "deputy"}, {"chen", "cheng"}
ENFORCERS, MARKET = {"feng", "yan"}, {"shi"}
ROLES = [
    *("chen", "cheng", "leader", "deputy", "feng", "yan", "shi", "xiao"),
    *("li", "sun", "wu", "chu", "auditor", "zhao", "wang", "qian", "system"),
]
SYSTEM = {"system"}
RUNNING = (S.CALLED, S.REPORTED_IN, S.JOINT_PLAN)
# verb → state → who may. In `called` and later both departments are asked as the straight road
# leaves them: in `reported_in` both are there, in `joint_plan` both have their task.
MAY = {
    "ask": {S.DRAFT: OPERATORS},
    "approve": {S.ASKED: LEADERS},
    "refuse": {S.ASKED: LEADERS},
    "report_in": {S.CALLED: ENFORCERS | MARKET, S.JOINT_PLAN: set()},
    "plan": {S.REPORTED_IN: ENFORCERS, S.JOINT_PLAN: ENFORCERS},
    "finish": {S.JOINT_PLAN: ENFORCERS | MARKET},
    "add": {S.CALLED: LEADERS, S.REPORTED_IN: LEADERS, S.JOINT_PLAN: LEADERS},
    "remove": {S.CALLED: LEADERS, S.REPORTED_IN: LEADERS, S.JOINT_PLAN: LEADERS},
    "start_over": {S.JOINT_DONE: SYSTEM, S.RATING: SYSTEM},
    "open_ratings": {S.JOINT_DONE: SYSTEM},
    "rate_department": {S.RATING: OPERATORS | LEADERS},
    "rate_necessity": {S.RATING: ENFORCERS | MARKET},
    "end": {S.RATING: SYSTEM},
    "lapse": dict.fromkeys(
        (S.DRAFT, S.ASKED, S.CALLED, S.REPORTED_IN, S.JOINT_PLAN, S.JOINT_DONE), SYSTEM
    ),
}


@pytest.fixture
def street(street):
    return whistling.crew(street)


def test_the_matrix_names_every_verb():
    assert set(MAY) == set(whistles.flow.verbs)
    assert set(whistles.flow.states) == set(S.values)


@pytest.mark.parametrize("state", S.values)
def test_every_cell_of_the_matrix(street, state):
    whistle = whistling.to_state(street, state)
    assert whistle.state == state
    cells = [cell for cell in matrix(whistles.flow, ROLES) if cell[1] == state]
    assert len(cells) == len(ROLES) * len(whistles.flow.verbs)
    for role, _state, verb, in_table in cells:
        assert in_table == (state in MAY[verb]), f"{verb} from {state}"
        if not in_table:
            continue  # the workflow refuses it whoever asks: tests/rules/test_workflow.py
        expected = role in MAY[verb][state]
        assert _goes(street, whistle, verb, role) is expected, f"{role}: {verb} at {state}"


def _goes(street, whistle, verb, role) -> bool:
    """Tried for real, then undone: refused for person or state, or not."""
    person = getattr(street, role)
    try:
        with transaction.atomic():
            whistles.flow.advance(whistle, verb, by=person)
            transaction.set_rollback(True)
    except NotAllowed:
        return False
    except (Missing, whistles.WhichDepartment):
        return True
    return True


# --- asking and approving ------------------------------------------------------------------------


def test_who_asked_cannot_approve(street):
    both = cast.person("兼职领导", "10000000050")
    for position in (Position.SUBDISTRICT_OPERATOR, Position.SUBDISTRICT_LEADER):
        posts.appoint(both, street.office, position, starts_on=cast.LONG_AGO, reason="测试任命")
    issue = whistling.issue_at_street(street)
    whistle = whistles.ask(issue, by=both, **whistling.given(street))
    for verb in ("approve", "refuse"):
        with pytest.raises(NotAllowed, match="申请人不能批准"):
            whistles.advance(whistle, verb, by=both, reason="同意")
    with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
        Whistle.objects.filter(pk=whistle.pk).update(
            state="called", approved_by=both, called_at=timezone.now()
        )
    whistles.advance(whistle, "approve", by=street.leader)
    assert (whistle.asked_by, whistle.approved_by) == (both, street.leader)


@pytest.mark.parametrize("missing", ["why_failed", "duty_basis", "departments", "lead"])
def test_nothing_is_asked_without_its_reasons(street, missing):
    empty = [] if missing == "departments" else None if missing == "lead" else " "
    issue = whistling.issue_at_street(street)
    with pytest.raises(Missing):
        whistles.ask(issue, by=street.chen, **whistling.given(street, **{missing: empty}))
    assert not Whistle.objects.exists()


def test_only_one_whistle_is_open_for_an_issue(street):
    whistle = whistling.ask(street)
    with pytest.raises(WrongState):
        whistles.ask(whistle.issue, by=street.chen, **whistling.given(street))
    with pytest.raises(IntegrityError, match="one_open"), transaction.atomic():
        Whistle.objects.create(issue=whistle.issue, opened_at=timezone.now())
    whistles.advance(whistle, "refuse", by=street.leader, reason="先约谈")
    again = whistling.ask(street, issue=whistle.issue)
    assert again.pk != whistle.pk


def test_a_community_matter_is_not_whistled_for(street):
    from tests.grids import loop

    issue = loop.to_state(street, "filed")
    with pytest.raises(NotAllowed, match="街道级"):
        whistles.ask(issue, by=street.chen, **whistling.given(street))
    assert not Whistle.objects.exists()


def test_only_departments_of_the_place_that_have_somebody_are_called(street):
    for wrong in (street.property_company, street.office, street.committee):
        issue = whistling.issue_at_street(street)
        given = whistling.given(street, departments=[wrong], lead=wrong)
        with pytest.raises(whistles.NotCallable):
            whistles.ask(issue, by=street.chen, **given)
    with pytest.raises(whistles.LeadNotCalled):
        whistles.ask(issue, by=street.chen, **whistling.given(street, lead=street.fire))


# --- reporting in --------------------------------------------------------------------------------


def test_each_department_reports_in_by_a_named_officer_in_time_or_not(street, time_machine):
    whistle = whistling.to_state(street, S.CALLED, scene="enforcement")
    enforcers, market = whistle.standing()
    assert enforcers.report_due_at - enforcers.called_at == timedelta(minutes=30)
    whistles.advance(whistle, "report_in", by=street.feng)
    assert whistle.state == S.CALLED
    time_machine.move_to(timezone.now() + timedelta(minutes=40))
    whistles.advance(whistle, "report_in", by=street.shi)
    assert whistle.state == S.REPORTED_IN
    enforcers.refresh_from_db()
    market.refresh_from_db()
    assert (enforcers.officer, enforcers.on_time) == (street.feng, True)
    assert (market.officer, market.on_time) == (street.shi, False)
    for change in ({"on_time": True}, {"reported_in_at": market.called_at}):
        with pytest.raises(Exception, match="report_in_is_final"), transaction.atomic():
            WhistleCall.objects.filter(pk=market.pk).update(**change)


@pytest.mark.django_db(transaction=True)
def test_two_officers_of_one_department_report_in_at_once(street, together):
    whistle = whistling.to_state(street, S.CALLED)
    answers = together(
        *(
            lambda who=who: whistles.advance(
                Whistle.objects.get(pk=whistle.pk), "report_in", by=who
            )
            for who in (street.feng, street.yan)
        )
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NotAllowed", "WhistleStep"]
    step = next(answer for answer in answers if isinstance(answer, WhistleStep))
    call = whistle.standing()[0]
    assert call.officer_id == step.actor_id
    whistle.issue.refresh_from_db()
    assert whistle.issue.handler_id == step.actor_id
    whistle.refresh_from_db()
    assert whistle.state == S.CALLED


# --- the departments stay ------------------------------------------------------------------------


def test_only_a_leader_takes_a_department_out_and_says_why(street):
    whistle = whistling.to_state(street, S.CALLED)
    enforcers, market = whistle.standing()
    with pytest.raises(Missing):
        whistles.advance(whistle, "remove", by=street.leader, call=market.pk)
    with pytest.raises(whistles.LeadNotCalled):
        whistles.advance(whistle, "remove", by=street.leader, call=enforcers.pk, reason="另有警情")
    whistles.advance(whistle, "report_in", by=street.feng)
    whistles.advance(whistle, "remove", by=street.leader, call=market.pk, reason="证照齐全")
    assert whistle.state == S.REPORTED_IN  # all who are left are there
    assert not Clock.objects.filter(stopped_at=None, amount=30).exists()
    with pytest.raises(whistles.LastDepartment):
        whistles.advance(whistle, "remove", by=street.leader, call=enforcers.pk, reason="不需要")
    market.refresh_from_db()
    assert (market.removed_reason, market.on_time) == ("证照齐全", None)


def test_a_department_joins_while_it_runs(street):
    whistle = whistling.to_state(street, S.REPORTED_IN)
    whistles.advance(
        whistle, "add", by=street.leader, department=street.fire, reason="发现液化气罐"
    )
    assert whistle.state == S.CALLED
    with pytest.raises(whistles.CalledAlready):
        whistles.advance(whistle, "add", by=street.leader, department=street.fire, reason="再叫")
    whistles.advance(whistle, "report_in", by=street.xiao)
    assert whistle.state == S.REPORTED_IN
    whistles.advance(whistle, "plan", by=street.feng, tasks=whistling.tasks(whistle))
    for officer in (street.feng, street.shi):
        whistles.advance(whistle, "finish", by=officer, result="已办好")
    assert whistle.state == S.JOINT_PLAN
    whistles.advance(whistle, "finish", by=street.xiao, result="气罐已收走")
    assert whistle.state == S.JOINT_DONE


def test_who_comes_late_to_a_running_plan_gets_a_task_by_the_lead(street):
    whistle = whistling.to_state(street, S.JOINT_PLAN)
    whistles.advance(whistle, "finish", by=street.shi, result="已核查证照")
    whistles.advance(whistle, "add", by=street.leader, department=street.fire, reason="有气罐")
    whistles.advance(whistle, "report_in", by=street.xiao)
    assert whistle.state == S.JOINT_PLAN
    with pytest.raises(NotAllowed):
        whistles.advance(whistle, "finish", by=street.xiao, result="还没有任务")
    whistles.advance(whistle, "plan", by=street.feng, tasks=whistling.tasks(whistle))
    done = {call.organization: call.done_at is not None for call in whistle.standing()}
    assert done == {street.department: False, street.market: True, street.fire: False}


def test_a_plan_stays_inside_the_issue_s_limit_and_leaves_nobody_out(street):
    whistle = whistling.to_state(street, S.REPORTED_IN)
    tasks = whistling.tasks(whistle)
    first = next(iter(tasks))
    with pytest.raises(Missing, match="任务和日期"):
        whistles.advance(whistle, "plan", by=street.feng, tasks={first: tasks[first]})
    for days in (-1, 60):
        day = timezone.localdate() + timedelta(days=days)
        with pytest.raises(whistles.DateOutside):
            whistles.advance(whistle, "plan", by=street.feng, tasks={**tasks, first: ("巡查", day)})
    whistle.refresh_from_db()
    assert whistle.state == S.REPORTED_IN
    assert not any(call.task for call in whistle.standing())


def test_rights_end_with_the_appointment(street):
    whistle = whistling.to_state(street, S.CALLED)
    posts.relieve(street.shi.appointments.get(), reason="调离")
    access.forget(street.shi)
    with pytest.raises(NotAllowed):
        whistles.advance(whistle, "report_in", by=street.shi)


def test_a_reporter_who_works_there_stands_aside(street):
    issue = whistling.issue_at_street(street, reporter=street.feng)
    whistle = whistling.ask(street, issue=issue)
    whistles.advance(whistle, "approve", by=street.leader)
    with pytest.raises(NotAllowed, match="回避"):
        whistles.advance(whistle, "report_in", by=street.feng)
    whistles.advance(whistle, "report_in", by=street.yan)
    assert [one.whistle for one in whistles.waiting_for(street.feng)] == []


def test_who_has_an_interest_stands_aside(street):
    whistle = whistling.to_state(street, S.CALLED)
    Issue.objects.filter(pk=whistle.issue_id).update(recused_ids=[street.shi.pk])
    whistle.refresh_from_db()
    with pytest.raises(NotAllowed, match="已回避"):
        whistles.advance(whistle, "report_in", by=street.shi)
    assert whistles.waiting_for(street.shi) == []


# --- what waits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (S.DRAFT, {"chen": "ask", "cheng": "ask"}),
        (S.ASKED, {"leader": "approve", "deputy": "approve"}),
        (S.CALLED, {"feng": "report_in", "yan": "report_in", "shi": "report_in"}),
        (S.REPORTED_IN, {"feng": "plan", "yan": "plan"}),
        (S.JOINT_PLAN, {"feng": "finish", "yan": "finish", "shi": "finish"}),
        (S.JOINT_DONE, {}),
        (
            S.RATING,
            {
                "chen": "rate_department",
                "cheng": "rate_department",
                "feng": "rate_necessity",
                "yan": "rate_necessity",
                "shi": "rate_necessity",
            },
        ),
        (S.ENDED, {}),
    ],
)
def test_everybody_is_waited_for_in_turn(street, state, expected, django_assert_max_num_queries):
    whistling.to_state(street, state)
    found = {}
    for role in ROLES:
        person = getattr(street, role)
        if person is None:
            continue
        access.rights_of(person)
        with django_assert_max_num_queries(2):
            waiting = whistles.waiting_for(person)
        for one in waiting:
            found[role] = one.verb
            assert one.due_at is not None
    assert found == expected


# --- any order -----------------------------------------------------------------------------------


def test_steps_are_never_changed(street):
    whistle = whistling.to_state(street, S.ASKED)
    with pytest.raises(Exception, match="append_only"), transaction.atomic():
        WhistleStep.objects.filter(whistle=whistle).update(reason="改写")


def test_a_stale_page_changes_nothing(street):
    whistle = whistling.to_state(street, S.CALLED)
    seen = whistles.flow.last_step_id(whistle)
    whistles.advance(whistle, "report_in", by=street.feng, after=seen)
    with pytest.raises(Refused, match="已有新的进展"):
        whistles.advance(whistle, "report_in", by=street.shi, after=seen)
