"""Merged, not accepted, returned, delayed, co-handled, archived: each by its rule."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from grids import archive, cohandling, escalation, handling, limits, refusals
from grids.models import Caller, ClockKind, CoHandling, DelayRequest, Issue, State
from inbox.models import Message
from orgs import access
from rules import clocks
from rules.workflow import Missing, NotAllowed, WrongState
from tests.grids import loop

pytestmark = pytest.mark.django_db


# --- merging -------------------------------------------------------------------------------------


def test_merging_ends_the_second_report_and_says_so(street):
    first, second = loop.post(street), loop.post(street, reporter=street.qian)
    handling.advance(second, "merge", by=street.sun, parent=first)
    assert (second.state, second.parent) == (State.MERGED, first)
    assert first.number in loop.told(street.qian).first().text
    assert not second.clocks.filter(clock__stopped_at=None).exists()
    assert list(Issue.objects.counted()) == [first]  # one matter, counted once


def test_what_was_merged_before_comes_along(street):
    first, second, third = (loop.post(street) for _n in range(3))
    handling.advance(third, "merge", by=street.sun, parent=second)
    handling.advance(second, "merge", by=street.sun, parent=first)
    third.refresh_from_db()
    assert third.parent == first


@pytest.mark.parametrize("which", ["itself", "elsewhere", "ended"])
def test_only_into_another_open_one_of_the_community(street, which):
    issue = loop.post(street)
    parent = {
        "itself": lambda: issue,
        "elsewhere": lambda: loop.post(street, reporter=street.qian, area=street.grid_elsewhere),
        "ended": lambda: loop.to_state(street, "not_accepted"),
    }[which]()
    with pytest.raises(refusals.NoSuchParent):
        handling.advance(issue, "merge", by=street.sun, parent=parent)
    issue.refresh_from_db()
    assert issue.state == State.SUBMITTED


@pytest.mark.django_db(transaction=True)
def test_two_merged_into_each_other_at_once(street, together):
    one, other = loop.post(street), loop.post(street)

    def merge(pk, parent):
        issue = Issue.objects.get(pk=pk)
        return handling.advance(issue, "merge", by=street.sun, parent=Issue.objects.get(pk=parent))

    answers = together(lambda: merge(one.pk, other.pk), lambda: merge(other.pk, one.pk))
    names = sorted(type(answer).__name__ for answer in answers)
    assert names == ["IssueStep", "NoSuchParent"]
    assert Issue.objects.filter(state=State.MERGED).count() == 1


# --- not accepted --------------------------------------------------------------------------------


def test_not_accepted_names_the_reason_and_the_right_channel(street):
    issue = loop.post(street)
    given = {"refusal_code": "other_route", "reason": "属于合同纠纷"}
    with pytest.raises(Missing):
        handling.advance(issue, "not_accept", by=street.sun, **given)
    handling.advance(issue, "not_accept", by=street.sun, right_channel="人民法院诉讼", **given)
    text = loop.told(street.wang).first().text
    for words in ("应走其他法定途径", "人民法院诉讼", "属于合同纠纷", "异议"):
        assert words in text


def test_one_objection_and_another_person_decides(street):
    issue = loop.post(street)
    given = {"refusal_code": "no_facts", "reason": "没有写明地点"}
    handling.advance(issue, "not_accept", by=street.chen, **given)
    handling.advance(issue, "object", by=street.wang, reason="地点是3栋2单元")
    with pytest.raises(NotAllowed, match="由他人复核"):
        handling.advance(issue, "overrule", by=street.chen, reason="维持")


def test_an_objection_that_is_right_brings_it_back_for_good(street):
    issue = loop.to_state(street, "objected")
    handling.advance(issue, "overrule", by=street.chen, reason="应当受理")
    assert (issue.state, issue.refusal_code) == (State.SUBMITTED, "")
    with pytest.raises(refusals.AcceptedAfterReview):
        handling.advance(issue, "not_accept", by=street.sun, refusal_code="no_facts", reason="无")
    loop.file(issue, street.li)
    assert issue.state == State.FILED


def test_an_objection_that_is_not_right_ends_it(street):
    issue = loop.to_state(street, "objected")
    handling.advance(issue, "uphold", by=street.chen, reason="确属合同纠纷")
    with pytest.raises(refusals.ObjectedBefore):
        handling.advance(issue, "object", by=street.wang, reason="再说一次")
    assert handling.available(issue, street.wang) == []


def test_the_time_to_object_ends(street, time_machine):
    issue = loop.to_state(street, "not_accepted")
    time_machine.move_to(timezone.now() + timedelta(days=10))
    with pytest.raises(refusals.ObjectionOver):
        handling.advance(issue, "object", by=street.wang, reason="晚了")


# --- returned ------------------------------------------------------------------------------------


def test_returned_once_and_what_was_arbitrated_stays(street):
    issue = loop.to_state(street, "returned")
    promised = issue.promised_at
    handling.advance(
        issue, "arbitrate", by=street.chen, lead=street.property_company, reason="公共照明归物业"
    )
    assert (issue.state, issue.promised_at) == (State.DISPATCHED, promised)
    with pytest.raises(refusals.Arbitrated):
        handling.advance(issue, "send_back", by=street.wu, reason="还是不归我们")
    assert "send_back" not in [row.verb for row in handling.available(issue, street.wu)]


def test_returning_ends_after_four_working_hours(street, time_machine):
    issue = loop.to_state(street, "dispatched")
    time_machine.move_to(timezone.now() + timedelta(days=5))
    with pytest.raises(refusals.ReturnOver):
        handling.advance(issue, "send_back", by=street.wu, reason="不归我们")


def test_who_returned_it_does_not_arbitrate(street):
    issue = loop.to_state(street, "reopened", lead=street.property_company)
    handling.advance(issue, "dispatch", by=street.chen, lead=street.office)
    handling.advance(issue, "send_back", by=street.chen, reason="不归街道")
    with pytest.raises(NotAllowed, match="由他人裁定"):
        handling.advance(issue, "arbitrate", by=street.chen, lead=street.office, reason="自己判")


# --- delays --------------------------------------------------------------------------------------


def test_a_pause_is_granted_one_level_up_and_moves_the_promise(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    promised = issue.promised_at
    loop.ask_delay(street, issue)
    for person in (
        street.zhou,
        street.wu,
        street.wang,
    ):  # the community's own secretary: same level
        with pytest.raises(NotAllowed):
            handling.advance(issue, "grant_delay", by=person)
    handling.advance(issue, "grant_delay", by=street.chen, reason="同意")
    assert issue.state == State.PAUSED
    assert "灯具要从厂家调货" in loop.told(street.wang).first().text
    with pytest.raises(WrongState):
        handling.advance(issue, "report", by=street.wu, result="已换灯", no_photo_reason="无")
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert escalation.run() == 0
    handling.advance(issue, "resume", by=street.wu)
    assert issue.state == State.IN_PROGRESS
    assert issue.promised_at > promised


def test_all_pauses_together_end_after_ten_working_days(street, time_machine):
    issue = loop.to_state(street, "paused")
    time_machine.move_to(timezone.now() + timedelta(days=20))
    clocks.resume_expired()
    issue.refresh_from_db()
    assert issue.state == State.IN_PROGRESS
    assert issue.steps.order_by("-pk").first().actor is None
    clocks.resume_expired()
    assert issue.steps.filter(verb="resume").count() == 1
    with pytest.raises((clocks.PauseUsedUp, clocks.Overdue)):
        loop.ask_delay(street, issue)


def test_extended_once_before_it_is_due_and_at_most_doubled(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    with pytest.raises(clocks.ExtensionTooLong):
        loop.ask_delay(street, issue, kind="extend", amount=4)
    loop.ask_delay(street, issue, kind="extend", amount=2)
    with pytest.raises(refusals.AlreadyAsked):
        loop.ask_delay(street, issue, kind="extend", amount=1)
    promised = issue.promised_at
    handling.advance(issue, "grant_delay", by=street.chen)
    assert issue.state == State.IN_PROGRESS
    assert issue.promised_at > promised
    with pytest.raises(clocks.AlreadyExtended):
        loop.ask_delay(street, issue, kind="extend", amount=1)
    time_machine.move_to(issue.promised_at + timedelta(hours=1))
    with pytest.raises(clocks.Overdue):
        loop.ask_delay(street, issue)


def test_nobody_decides_twice_and_a_refusal_changes_nothing(street):
    issue = loop.to_state(street, "in_progress")
    promised = issue.promised_at
    loop.ask_delay(street, issue)
    handling.advance(issue, "deny_delay", by=street.chen, reason="先用备件")
    assert (issue.state, issue.promised_at) == (State.IN_PROGRESS, promised)
    with pytest.raises(NotAllowed):
        handling.advance(issue, "grant_delay", by=street.chen)
    assert loop.told(street.wu).first().text == "先用备件"


def test_the_database_knows_no_self_granted_delay(street):
    issue = loop.to_state(street, "in_progress")
    loop.ask_delay(street, issue)
    with pytest.raises(IntegrityError), transaction.atomic():
        DelayRequest.objects.update(
            decided_by=street.wu, state="granted", decided_at=timezone.now()
        )


def test_reporting_makes_a_waiting_request_pointless(street):
    issue = loop.to_state(street, "in_progress")
    loop.ask_delay(street, issue)
    handling.advance(issue, "report", by=street.wu, result="已换新灯", no_photo_reason="夜里")
    assert issue.delays.get().state == DelayRequest.State.LAPSED


# --- co-handling ---------------------------------------------------------------------------------


def test_three_bodies_on_one_matter_with_one_lead(street):
    issue = loop.to_state(street, "in_progress")
    assert not handling.is_worker(issue, street.zheng)
    handling.advance(
        issue, "invite", by=street.li, organizations=[street.owners], reason="线路要业主同意"
    )
    access.forget(street.zheng)
    assert handling.is_worker(issue, street.zheng)
    assert issue in Issue.objects.workable_by(street.zheng)
    handling.advance(issue, "note", by=street.zheng, note="已在业主群征求意见")
    assert [row.verb for row in handling.available(issue, street.zheng)] == ["note"]
    handling.advance(issue, "dismiss", by=street.li, organizations=[street.owners], reason="已议定")
    assert not handling.is_worker(issue, street.zheng)
    with pytest.raises(NotAllowed):
        handling.advance(issue, "note", by=street.zheng, note="再补一句")


def test_a_grant_ends_on_its_day(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    tomorrow = timezone.localdate() + timedelta(days=1)
    handling.advance(
        issue,
        "invite",
        by=street.li,
        organizations=[street.owners],
        ends_on=tomorrow,
        reason="只问一天",
    )
    assert handling.is_worker(issue, street.zheng)
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert not handling.is_worker(issue, street.zheng)


def test_the_linkage_is_offered_first(street):
    issue = loop.to_state(street, "in_progress")
    first, *_rest = cohandling.possible(issue, street.li)
    assert first in {street.owners, street.committee}


# --- reopening, archiving ------------------------------------------------------------------------


def test_new_facts_reopen_within_thirty_days(street, time_machine):
    issue = loop.to_state(street, "rated")
    time_machine.move_to(timezone.now() + timedelta(days=20))
    with pytest.raises(refusals.RatingOver):
        handling.advance(issue, "reopen", by=street.wang, reason="又坏了")
    handling.advance(issue, "reopen", by=street.wang, reason="同一盏又坏了", new_facts=True)
    assert (issue.state, issue.level) == (State.REOPENED, "L3")


def test_new_facts_come_too_late_after_thirty_days(street, time_machine):
    issue = loop.to_state(street, "rated")
    time_machine.move_to(timezone.now() + timedelta(days=40))
    with pytest.raises(refusals.TooLateToReopen):
        handling.advance(issue, "reopen", by=street.wang, reason="又坏了", new_facts=True)


def test_archived_thirty_days_after_closing_whether_rated_or_not(street):
    issues = [loop.to_state(street, state) for state in ("closed", "rated", "in_progress")]
    assert archive.run(timezone.now() + timedelta(days=29)) == 0
    assert archive.run(timezone.now() + timedelta(days=40)) == 2
    assert archive.run(timezone.now() + timedelta(days=40)) == 0
    for issue in issues:
        issue.refresh_from_db()
    assert [issue.state for issue in issues] == ["archived", "archived", "in_progress"]


def test_after_three_years_nothing_tells_who_it_was(street):
    issue = loop.to_state(street, "archived")
    issue.caller = Caller.objects.create(name="来电人")
    issue.save()
    later = issue.archived_at + timedelta(days=3 * 366)
    assert archive.deidentify(issue.archived_at + timedelta(days=900)) == 0
    assert archive.deidentify(later) == 1
    assert archive.deidentify(later) == 0
    issue.refresh_from_db()
    assert issue.reporter is None
    assert issue.caller.name == ""
    assert "3栋" not in issue.title + issue.description + issue.place_text
    for step in issue.steps.all():
        assert step.actor != street.wang
        assert loop.WORDS not in str(step.data)
    assert issue.public_title  # what everybody reads stays


# --- up ------------------------------------------------------------------------------------------


def late_clock(issue):
    return limits.clock_of(issue, ClockKind.HANDLE)


def test_escalating_by_hand_is_no_lateness(street):
    issue = loop.to_state(street, "escalated")
    assert (issue.level, issue.on_time) == ("L3", None)
    first = issue.clocks.filter(kind="handle").order_by("round").first().clock
    assert (first.on_time, bool(first.cancelled_reason)) == (None, True)
    follows = issue.cohandlings.get()
    assert (follows.organization, follows.role) == (street.property_company, CoHandling.Role.FOLLOW)


@pytest.mark.parametrize("state", ["filed", "dispatched", "returned", "in_progress", "reopened"])
def test_at_the_limit_it_rises_by_itself_once(street, state, time_machine):
    issue = loop.to_state(street, state)
    level = issue.level
    time_machine.move_to(late_clock(issue).due_at + timedelta(minutes=1))
    assert escalation.run() == 1
    assert escalation.run() == 0
    issue.refresh_from_db()
    kept = state == "reopened"  # answered once, on time: that stays written
    assert (issue.state, issue.on_time) == (State.ESCALATED, kept)
    assert issue.level > level
    assert issue.promised_at > timezone.now()
    assert issue.steps.filter(verb="escalate", actor=None).count() == 1


@pytest.mark.parametrize("state", ["paused", "handled", "closed", "merged"])
def test_what_waits_for_others_does_not_rise(street, state, time_machine):
    loop.to_state(street, state)
    time_machine.move_to(timezone.now() + timedelta(days=9))
    assert escalation.run() == 0


def test_after_a_day_without_beat_everything_rose_once(street, time_machine):
    issues = [loop.to_state(street, state) for state in ("filed", "dispatched", "in_progress")]
    due = max(late_clock(issue).due_at for issue in issues)
    time_machine.move_to(due + timedelta(days=1))
    assert escalation.run(most=2) == 2
    assert escalation.run(most=2) == 1
    assert escalation.run() == 0
    told = Message.objects.filter(title__contains="自动升级")
    assert told.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_raise_it_once(street, together, time_machine):
    issue = loop.to_state(street, "in_progress")
    time_machine.move_to(late_clock(issue).due_at + timedelta(minutes=1))
    assert sorted(together(escalation.run, escalation.run)) == [0, 1]
    assert issue.steps.filter(verb="escalate").count() == 1


def test_an_unassigned_one_is_said_to_be_so_one_level_up(street, time_machine):
    issue = loop.to_state(street, "filed")
    time_machine.move_to(late_clock(issue).due_at + timedelta(minutes=1))
    escalation.run()
    assert loop.told(street.chen).first().title.startswith("超期未派单")


def test_on_time_once_lost_is_never_regained(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    time_machine.move_to(late_clock(issue).due_at + timedelta(minutes=1))
    escalation.run()
    handling.advance(issue, "dispatch", by=street.chen, lead=street.department)
    handling.advance(issue, "sign", by=street.feng)
    handling.advance(issue, "report", by=street.feng, result="已修好", no_photo_reason="夜里")
    handling.advance(issue, "verify", by=street.chen, how="on_site")
    assert issue.on_time is False


def test_warned_at_half_and_at_four_fifths(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    row = issue.clocks.get(kind="handle")
    assert escalation.warn() == 0
    time_machine.move_to(row.warn_at + timedelta(seconds=1))
    assert escalation.warn() == 1
    assert escalation.warn() == 0
    assert "50%" in loop.told(street.wu).first().title
    row.refresh_from_db()
    time_machine.move_to(row.warn_at + timedelta(seconds=1))
    assert escalation.warn() == 1
    assert "80%" in loop.told(street.wu).first().title
    assert "80%" in loop.told(street.chen).first().title
    row.refresh_from_db()
    assert row.warn_at is None


def test_a_late_warning_is_given_once_and_an_overdue_one_not_at_all(street, time_machine):
    issue = loop.to_state(street, "in_progress")
    due = late_clock(issue).due_at
    time_machine.move_to(due - timedelta(minutes=1))
    assert escalation.warn() == 1
    other = loop.to_state(street, "in_progress")
    time_machine.move_to(late_clock(other).due_at + timedelta(days=1))
    assert escalation.warn() == 0


# --- urgent --------------------------------------------------------------------------------------


def test_urgent_matters_have_a_day_and_half_an_hour(street):
    issue = loop.post(street, kind="物业维修")
    loop.file(issue, street.li, urgency="urgent")
    clock = late_clock(issue)
    assert (clock.unit, clock.amount) == ("minutes", 1440)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    arrive = limits.clock_of(issue, ClockKind.ARRIVE)
    assert arrive.due_at - arrive.started_at == timedelta(minutes=30)
    handling.advance(issue, "arrive", by=street.wu, note="已围护，正在查线路")
    arrive.refresh_from_db()
    assert arrive.on_time is True
    assert "arrive" not in [row.verb for row in handling.available(issue, street.wu)]
