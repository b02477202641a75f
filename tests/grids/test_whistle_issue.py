"""A whistle and its issue move together: call, report, rework, reopening, the beat, the limits."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grids import handling, limits, tasks, whistle_watch, whistles
from grids.models import ClockKind, Issue, State, Whistle
from grids.models import WhistleState as S
from grids.refusals import CalledDepartment
from inbox.models import Delivery, Message
from rules import clocks
from rules.workflow import NotAllowed
from tests.grids import loop, whistling

pytestmark = pytest.mark.django_db


@pytest.fixture
def street(street):
    return whistling.crew(street)


def at(whistle) -> Issue:
    return Issue.objects.get(pk=whistle.issue_id)


# --- the call ------------------------------------------------------------------------------------


def test_a_call_gives_the_issue_to_the_lead_department_within_the_total(street, time_machine):
    issue = whistling.issue_at_street(street)
    params = issue.clock_rules["params"]
    total = clocks.reckon(
        params["L4_total"]["unit"], params["L4_total"]["amount"], issue.filed_at
    ).due
    whistle = whistling.ask(street, issue=issue)
    now = clocks.reckon("working_days", 12, issue.filed_at).due - timedelta(hours=1)
    time_machine.move_to(now)
    whistles.advance(whistle, "approve", by=street.leader)
    issue = at(whistle)
    assert (issue.state, issue.level, issue.lead) == (State.DISPATCHED, "L4", street.department)
    assert issue.promised_at <= total < clocks.reckon("working_days", 5, now).due
    assert issue.promised_at > now
    handling_clocks = [row.clock for row in issue.clocks.filter(kind=ClockKind.HANDLE)]
    assert [clock.stopped_at is None for clock in handling_clocks] == [False, True]
    assert issue.on_time is False  # the street's own limit had passed before the call


def test_the_limit_of_departments_runs_from_the_call(street):
    whistle = whistling.to_state(street, S.CALLED)
    issue = at(whistle)
    clock = limits.clock_of(issue, ClockKind.HANDLE)
    assert (clock.unit, clock.amount) == ("working_days", 5)
    assert clock.started_at == whistle.called_at
    assert issue.on_time is None


def test_the_officer_of_the_lead_is_the_handler_and_the_others_are_not(street):
    whistle = whistling.to_state(street, S.CALLED)
    whistles.advance(whistle, "report_in", by=street.shi)
    assert at(whistle).state == State.DISPATCHED
    whistles.advance(whistle, "report_in", by=street.yan)
    issue = at(whistle)
    assert (issue.state, issue.handler) == (State.IN_PROGRESS, street.yan)
    handling.advance(issue, "take_over", by=street.feng, reason="严去开会")
    assert whistle.standing()[0].officer == street.feng


def test_who_signs_the_issue_for_the_lead_has_reported_in(street):
    whistle = whistling.to_state(street, S.CALLED)
    handling.advance(at(whistle), "sign", by=street.feng)
    lead, market = whistle.standing()
    assert (lead.officer, lead.on_time) == (street.feng, True)
    assert market.reported_in_at is None
    assert whistle.steps.filter(verb="report_in").count() == 1


# --- nobody leaves before it is done -------------------------------------------------------------


@pytest.mark.parametrize("state", [S.REPORTED_IN, S.JOINT_PLAN])
def test_nothing_is_reported_before_every_department_is_done(street, state):
    whistle = whistling.to_state(street, state)
    issue = at(whistle)
    assert issue.handler == street.feng
    with pytest.raises(NotAllowed, match="各部门的任务都完成后"):
        handling.advance(issue, "report", by=street.feng, result="已清走", no_photo_reason="夜间")
    assert "report" not in [row.verb for row in handling.available(issue, street.feng)]
    assert any("各部门" in text for text in handling.why_not(issue, street.feng))


def test_the_lead_reports_when_all_are_done(street):
    whistle = whistling.to_state(street, S.JOINT_DONE)
    issue = at(whistle)
    handling.advance(issue, "report", by=street.feng, result="已清走", no_photo_reason="夜间")
    assert issue.state == State.HANDLED


def test_called_departments_are_neither_redirected_nor_sent_back_nor_dismissed(street):
    whistle = whistling.to_state(street, S.CALLED)
    issue = at(whistle)
    with pytest.raises(NotAllowed, match="不能改派"):
        handling.advance(issue, "redirect", by=street.chen, lead=street.market, reason="换一家")
    with pytest.raises(NotAllowed, match="不能退回"):
        handling.advance(issue, "send_back", by=street.feng, reason="不是我们的事")
    with pytest.raises(CalledDepartment):
        handling.advance(
            issue, "dismiss", by=street.chen, organizations=[street.market], reason="不用来"
        )


def test_another_department_leads_when_the_lead_is_taken_out(street):
    whistle = whistling.to_state(street, S.REPORTED_IN)
    before = at(whistle)
    lead, market = whistle.standing()
    whistles.advance(
        whistle, "remove", by=street.leader, call=lead.pk, lead=market.pk, reason="非其职责"
    )
    issue = at(whistle)
    assert (issue.lead, issue.handler) == (street.market, street.shi)
    assert (issue.state, issue.promised_at) == (State.IN_PROGRESS, before.promised_at)
    assert [call.organization for call in whistle.standing()] == [street.market]
    assert not handling.is_worker(issue, street.feng)


# --- who sees the issue --------------------------------------------------------------------------


def test_the_other_departments_see_the_issue_and_add_notes_until_the_whistle_ends(street):
    whistle = whistling.ask(street)
    assert not handling.is_worker(at(whistle), street.shi)
    whistles.advance(whistle, "approve", by=street.leader)
    issue = at(whistle)
    assert handling.is_worker(issue, street.shi)
    assert not handling.is_worker(issue, street.xiao)
    handling.advance(issue, "note", by=street.shi, note="证照齐全，无食品问题")
    ended = whistling.to_state(street, S.ENDED)
    assert not handling.is_worker(at(ended), street.shi)
    assert ended.state == S.ENDED


# --- escalation ----------------------------------------------------------------------------------


def escalated(street, time_machine):
    issue = whistling.issue_at_street(street)
    handling.advance(issue, "dispatch", by=street.chen, lead=street.department)
    time_machine.move_to(issue.promised_at + timedelta(minutes=1))
    handling.advance(issue, "escalate", by=None, reason="超期")
    assert (issue.state, issue.level) == (State.ESCALATED, "L4")
    return issue


def test_a_street_limit_that_passed_leaves_a_draft_for_the_operator(street, time_machine):
    issue = escalated(street, time_machine)
    whistle = Whistle.objects.get(issue=issue)
    assert (whistle.state, whistle.asked_by) == (S.DRAFT, None)
    assert [one.verb for one in whistles.waiting_for(street.chen)] == ["ask"]
    assert loop.told(street.chen).filter(kind="grids.whistle").count() == 1
    with pytest.raises(NotAllowed, match="正在吹哨"):
        handling.advance(issue, "dispatch", by=street.chen, lead=street.market)
    again = whistles.ask(issue, by=street.chen, **whistling.given(street))
    assert again.pk == whistle.pk
    whistles.advance(again, "approve", by=street.leader)
    assert (at(again).state, at(again).lead) == (State.DISPATCHED, street.department)


def test_a_refused_draft_gives_the_issue_back_to_the_street(street, time_machine):
    issue = escalated(street, time_machine)
    whistle = whistles.ask(issue, by=street.chen, **whistling.given(street))
    promised = at(whistle).promised_at
    whistles.advance(whistle, "refuse", by=street.leader, reason="先由街道联合约谈")
    issue = at(whistle)
    assert (issue.level, issue.promised_at) == ("L3", promised)
    handling.advance(issue, "dispatch", by=street.chen, lead=street.office)
    assert issue.state == State.DISPATCHED
    assert [one.whistle for one in whistles.waiting_for(street.chen)] == []


def test_an_issue_that_is_settled_meanwhile_needs_no_departments(street):
    issue = whistling.issue_at_street(street)
    handling.advance(issue, "dispatch", by=street.chen, lead=street.department)
    handling.advance(issue, "sign", by=street.feng)
    whistle = whistling.ask(street, issue=issue)
    handling.advance(issue, "report", by=street.feng, result="已清走", no_photo_reason="夜间")
    whistle.refresh_from_db()
    assert (whistle.state, whistle.due_at) == (S.LAPSED, None)


# --- rework and reopening ------------------------------------------------------------------------


def reported(street):
    whistle = whistling.to_state(street, S.JOINT_DONE)
    issue = at(whistle)
    handling.advance(issue, "report", by=street.feng, result="已清走", no_photo_reason="夜间")
    return whistle, issue


def test_rework_opens_every_task_again(street):
    whistle, issue = reported(street)
    handling.advance(issue, "rework", by=street.sun, reason="晚上又摆出来了")
    whistle.refresh_from_db()
    assert whistle.state == S.JOINT_PLAN
    assert not any(call.done_at for call in whistle.standing())
    with pytest.raises(NotAllowed):
        handling.advance(issue, "report", by=street.feng, result="又清", no_photo_reason="夜间")
    for officer in (street.feng, street.shi):
        whistles.advance(whistle, "finish", by=officer, result="已驻点值守")
    handling.advance(issue, "report", by=street.feng, result="已驻点", no_photo_reason="夜间")
    handling.advance(issue, "verify", by=street.sun, how="on_site")
    whistle.refresh_from_db()
    assert whistle.state == S.RATING


def test_who_is_not_content_calls_the_same_departments_back(street):
    whistle = whistling.to_state(street, S.RATING)
    lead = whistle.standing()[0]
    whistles.advance(whistle, "rate_department", by=street.chen, call=lead.pk, stars=5)
    issue = at(whistle)
    handling.advance(issue, "reopen", by=street.wang, reason="还在摆", solved=False, stars=1)
    whistle.refresh_from_db()
    assert whistle.state == S.JOINT_PLAN
    assert (issue.state, issue.lead) == (State.IN_PROGRESS, street.department)
    assert issue.handler == street.feng
    assert whistle.standing()[0].stars is None
    assert whistle.steps.filter(verb="rate_department").count() == 1  # not forgotten


# --- rating --------------------------------------------------------------------------------------


def test_both_sides_rate_and_then_it_ends(street):
    whistle = whistling.to_state(street, S.RATING)
    lead, market = whistle.standing()
    whistles.advance(whistle, "rate_department", by=street.chen, call=lead.pk, stars=5)
    with pytest.raises(whistles.WhichDepartment):
        whistles.advance(whistle, "rate_department", by=street.chen, call=lead.pk, stars=1)
    whistles.advance(
        whistle, "rate_department", by=street.leader, call=market.pk, stars=2, comment="来得晚"
    )
    whistles.advance(
        whistle, "rate_necessity", by=street.shi, necessary=False, stars=2, comment="证照无问题"
    )
    assert whistle.state == S.RATING
    whistles.advance(whistle, "rate_necessity", by=street.feng, necessary=True, stars=4)
    assert (whistle.state, whistle.due_at) == (S.ENDED, None)
    market.refresh_from_db()
    assert (market.stars, market.necessary, market.necessity_stars) == (2, False, 2)


def test_silence_is_no_rating(street, time_machine):
    whistle = whistling.to_state(street, S.RATING)
    time_machine.move_to(whistle.due_at - timedelta(minutes=1))
    assert whistle_watch.end_ratings() == 0
    time_machine.move_to(whistle.due_at + timedelta(minutes=1))
    tasks.watch_whistles()
    whistle.refresh_from_db()
    assert whistle.state == S.ENDED
    assert [(call.stars, call.necessary) for call in whistle.standing()] == [(None, None)] * 2
    assert not handling.is_worker(at(whistle), street.shi)


# --- no answer -----------------------------------------------------------------------------------


def test_no_answer_is_told_once_after_a_day_without_the_beat(street, time_machine):
    whistle = whistling.to_state(street, S.CALLED, scene="enforcement")
    whistles.advance(whistle, "report_in", by=street.feng)
    time_machine.move_to(timezone.now() + timedelta(days=1))
    for _beat in range(3):
        tasks.watch_whistles()
    messages = Message.objects.filter(kind="grids.whistle_unanswered")
    people = Delivery.objects.filter(message__in=messages, channel="site")
    assert messages.count() == 1
    assert "望汐区市场监管所" in messages.get().text
    told = set(people.values_list("person__name", flat=True))
    assert told == {"韩领导", "卢主任", "吕副主任", "褚区级"}


def test_who_answers_in_time_is_not_reported(street):
    whistling.to_state(street, S.CALLED)
    assert whistle_watch.tell_unanswered() == 0


# --- the reporter --------------------------------------------------------------------------------


def test_no_message_of_a_whistle_says_who_reported(street):
    whistling.to_state(street, S.ENDED)
    assert Message.objects.filter(kind="grids.whistle").count() > 8
    for message in Message.objects.filter(kind__startswith="grids.whistle"):
        assert "王居民" not in message.title + message.text
