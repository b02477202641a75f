"""Deductions: a fact, a hearing, a decision, an appeal; each by another person."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from points import accounts, deductions, deeds
from points.models import (
    ClaimEvidence,
    ClaimState,
    Deduction,
    DeductionState,
    Suspension,
)
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, WrongState, matrix
from tests.points import claiming
from tests.points.claiming import balance, days_ago, rule
from tests.publicity.board import told

LATER = timedelta(days=30)


def papers(points):
    return [
        ClaimEvidence.objects.create(
            draft_key=uuid.uuid4(),
            uploaded_by=points.sun,
            width=1,
            height=1,
            digest=uuid.uuid4().hex,
        )
    ]


def reported(points, code="N02", **more) -> Deduction:
    given = {"person": points.wang, "happened_on": days_ago(5), "by": points.li, **more}
    return deductions.report(rule(points, code), text="占用消防通道，书面劝导逾期未改", **given)


def established(points, **more) -> Deduction:
    return deductions.establish(
        reported(points, **more),
        by=points.sun,
        basis="document",
        issuer="青桐街道综合执法队",
        document_number="青执〔2026〕12号",
        documents=papers(points),
    )


def to_state(points, state: str) -> Deduction:
    found = reported(points)
    if state == "dropped":
        return deductions.drop(found, reason="劝导后已改", by=points.sun)
    steps = {
        "established": lambda: deductions.establish(
            found, by=points.sun, basis="admission", documents=papers(points)
        ),
        "heard": lambda: deductions.answer(found, text="当天已移走", by=points.wang),
        "decided": lambda: deductions.decide(found, reason="事实清楚", by=points.zhou),
        "appealed": lambda: deductions.appeal(found, reason="处理过重", by=points.wang),
        "posted": lambda: deductions.judge(found, stands=False, reason="维持", by=points.jian),
    }
    for name, step in steps.items():
        if found.state == state:
            break
        step()
        assert found.state == name
    assert found.state == state
    return found


def pay_household(points, amount: int):
    claiming.award(points, accounts.of_household(points.home, points.community), amount)


def test_the_whole_way_stops_at_zero_and_says_so(points):
    pay_household(points, 12)
    found = to_state(points, "posted")
    assert (found.points, found.taken, found.transfer.amount) == (20, 12, 12)
    assert (found.transfer.actor, found.transfer.approver) == (points.zhou, points.jian)
    assert accounts.balance(accounts.of_household(points.home, points.community)) == 0
    step = found.steps.last()
    assert step.clock_effect == "应扣 20 分，账户只有 12 分，扣到零为止"
    assert told(points.wang)[0].startswith("拟扣减积分，请陈述意见")
    assert not [title for title in told(points.neighbour) if "扣减" in title]


def test_silence_lets_it_go_on_when_the_terms_are_over(points):
    pay_household(points, 100)
    found = established(points)
    assert deductions.tend() == 0
    assert deductions.tend(timezone.now() + LATER) == 1
    found.refresh_from_db()
    assert (found.state, found.answer) == (DeductionState.HEARD, "")
    deductions.decide(found, reason="事实清楚", points=15, by=points.zhou)
    with pytest.raises(Refused, match="期满后"):
        deductions.flow.advance(found, "appeal_over", by=None)
    assert deductions.tend(timezone.now() + LATER) == 1
    found.refresh_from_db()
    assert (found.state, found.taken, found.judge) == (DeductionState.POSTED, 15, None)
    assert found.transfer.approver == points.sun


def test_the_rules_cap_holds_for_the_household_and_month(points):
    for expected in (20, 20):
        found = to_state(points, "decided")
        assert found.points == expected
    third = to_state(points, "heard")
    with pytest.raises(Refused, match="上限"):
        deductions.decide(third, reason="再次", by=points.zhou)


def test_no_fact_without_a_paper(points):
    found = reported(points)
    for given in (
        {"basis": "document", "documents": papers(points)},
        {"basis": "document", "issuer": "执法队", "documents": papers(points)},
    ):
        with pytest.raises(deductions.DocumentMissing):
            deductions.establish(found, by=points.sun, **given)
    with pytest.raises(Missing, match="照片"):
        deductions.establish(found, by=points.sun, basis="admission", documents=[])
    with pytest.raises(DatabaseError), transaction.atomic():
        Deduction.objects.filter(pk=found.pk).update(state="heard", heard_at=timezone.now())
    with pytest.raises(NotAllowed):
        reported(points, by=points.wang)
    with pytest.raises(NotAllowed):
        reported(points, by=points.zhao)


def test_every_role_is_another_person_for_the_database_too(points):
    found = to_state(points, "decided")
    for change in (
        {"decider": points.li},
        {"decider": points.sun},
        {"judge": points.zhou},
        {"judge": points.wang},
        {"establisher": points.li},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Deduction.objects.filter(pk=found.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Deduction.objects.filter(pk=found.pk).delete()


def test_a_false_claim_costs_its_double_and_half_a_year(points):
    claim = claiming.paid(points, quantity=3)
    assert balance(points, points.wang) == 30
    claiming.award(points, accounts.of_person(points.wang, points.community), 10)
    found = deductions.report(
        rule(points, "N03"),
        person=points.wang,
        happened_on=days_ago(1),
        text="当天没有参加",
        claim=claim,
        by=points.li,
    )
    deductions.establish(found, by=points.sun, basis="admission", documents=papers(points))
    deductions.answer(found, text="记错了", by=points.wang)
    deductions.decide(found, reason="虚报", by=points.gao)
    assert found.points == 60
    deductions.appeal(found, reason="请从轻", by=points.wang)
    deductions.judge(found, stands=False, reason="维持", by=points.jian)
    claim.refresh_from_db()
    assert claim.state == ClaimState.REVERSED
    assert (found.taken, balance(points, points.wang)) == (40, 0)
    suspension = Suspension.objects.get(person=points.wang)
    assert suspension.deduction == found
    with pytest.raises(deeds.Suspended):
        claiming.file(points)
    with pytest.raises(deductions.ReportedBefore):
        deductions.report(
            rule(points, "N03"),
            person=points.wang,
            happened_on=days_ago(1),
            text="再次",
            claim=claim,
            by=points.hao,
        )


def test_a_false_claim_on_its_way_is_struck_and_only_the_other_half_taken(points):
    claim = claiming.certified(points, quantity=3)
    claiming.award(points, accounts.of_person(points.wang, points.community), 100)
    found = deductions.report(
        rule(points, "N03"),
        person=points.wang,
        happened_on=days_ago(1),
        text="当天没有参加",
        claim=claim,
        by=points.li,
    )
    deductions.establish(found, by=points.worker2, basis="admission", documents=papers(points))
    deductions.tend(timezone.now() + LATER)
    found.refresh_from_db()
    deductions.decide(found, reason="虚报", by=points.gao)
    deductions.tend(timezone.now() + LATER)
    found.refresh_from_db()
    claim.refresh_from_db()
    assert (claim.state, claim.refusal_code) == ("refused", "false")
    assert (found.points, found.taken, balance(points, points.wang)) == (30, 30, 70)
    assert found.steps.last().clock_effect == "申报的 30 分没有入账，另扣 30 分"
    assert told(points.wang)[-1].startswith("积分已扣减")


ROLES = {
    "party": {"answer", "appeal"},
    "reporter": set(),
    "establisher": {"establish", "hear", "drop"},  # drop until there is a fact
    "worker": {"establish", "hear", "drop"},
    "secretary": {"hear", "decide", "drop"},
    "supervisor": {"uphold", "overrule"},
    "resident": set(),
    "worker_elsewhere": set(),
    "auditor": set(),
    "system": {"hearing_over", "appeal_over"},
}


def test_who_may_do_what_from_which_state(points):
    people = {
        "party": points.wang,
        "reporter": points.li,
        "establisher": points.sun,
        "worker": points.worker2,
        "secretary": points.gao,
        "supervisor": points.jian,
        "resident": points.neighbour,
        "worker_elsewhere": points.zhao,
        "auditor": points.auditor,
        "system": None,
    }
    found = {}
    for state in DeductionState.values:
        found[state] = to_state(points, state)
        # Out of the month whose cap the rule has.
        Deduction.objects.exclude(state__in=["posted", "dropped"]).update(happened_on=days_ago(70))
    for role, state, verb, in_table in matrix(deductions.flow, ROLES):
        may = verb in {row.verb for row in deductions.flow.available(found[state], people[role])}
        expected = in_table and verb in ROLES[role]
        if role in {"worker", "establisher"} and verb == "drop":
            expected = state == "reported"
        assert may is expected, (role, state, verb)
    for state, record in found.items():
        for verb in deductions.flow.verbs:
            if deductions.flow.transition(verb, state) is None:
                with pytest.raises(WrongState):
                    deductions.flow.advance(record, verb, by=points.jian)


# --- said in the room ----------------------------------------------------------------------------


def test_what_was_said_in_the_room_is_entered_by_who_heard_it(points):
    found = established(points)
    deductions.hear(found, by=points.sun, text=" 当天已移走 ", spoken_on=claiming.today())
    assert (found.state, found.answer) == ("heard", "当天已移走")
    assert (found.hearer, found.spoken_on) == (points.sun, claiming.today())
    assert found.steps.last().verb == "hear"
    assert told(points.wang)[-1].startswith("您的口头意见已录入")
    assert "有积分扣减事项待决定" in told(points.zhou)
    # 孙 established and heard; deciding is still another person's.
    deductions.decide(found, reason="事实清楚", by=points.zhou)
    assert found.state == "decided"


def test_a_spoken_answer_was_given_in_time(points):
    at = timezone.now() - timedelta(days=20)
    found = deductions.establish(
        reported(points, at=at, happened_on=days_ago(25)),
        by=points.sun,
        basis="admission",
        documents=papers(points),
        at=at,
    )
    for day, refusal in (
        (days_ago(21), deductions.WrongDay),
        (claiming.today() + timedelta(days=1), deductions.WrongDay),
        (claiming.today(), deductions.TermOver),
    ):
        with pytest.raises(refusal):
            deductions.hear(found, by=points.sun, text="移走了", spoken_on=day)
    deductions.hear(found, by=points.sun, text="移走了", spoken_on=days_ago(18))
    assert found.state == "heard"


def test_neither_the_one_concerned_nor_who_reported_it_enters_the_answer(points):
    found = established(points, by=points.he)  # 何 might, for another's report
    for someone in (points.he, points.wang, points.li, None):
        with pytest.raises(NotAllowed):
            deductions.hear(found, by=someone, text="移走了", spoken_on=claiming.today())
    with pytest.raises(DatabaseError), transaction.atomic():
        Deduction.objects.filter(pk=found.pk).update(
            hearer=points.he, spoken_on=claiming.today(), answer="移走了"
        )


def test_nobody_reports_who_they_live_with(points):
    claiming.live(points.li, points.home, points.hao)
    with pytest.raises(deductions.OwnFamily, match="不能报告同住的家人"):
        reported(points)
    assert not Deduction.objects.exists()
    assert reported(points, by=points.hao).state == "reported"
