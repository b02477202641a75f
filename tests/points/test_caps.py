"""Caps: per person, household and pair, in windows of days, also when two come at once."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from points import accounts, batches, caps, claims, posting
from points.flow import NothingLeft
from points.models import (
    Cap,
    Claim,
    ClaimState,
    Decision,
    RuleVersion,
    Transfer,
)
from publicity import notices
from tests.points import claiming
from tests.points.claiming import certified, days_ago, file, paper, rule


@pytest.mark.parametrize(
    ("window", "first", "after"),
    [
        ("day", date(2026, 12, 31), date(2027, 1, 1)),
        ("month", date(2026, 12, 1), date(2027, 1, 1)),
        ("quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
        ("ever", None, None),
    ],
)
def test_windows_of_days(window, first, after):
    assert caps.window_of(window, date(2026, 12, 31)) == (first, after)


def test_each_star_once_and_never_again(points):
    assert file(points, "P08", grade=0, evidence=[paper(points)]).points == 50
    assert file(points, "P08", grade=1, evidence=[paper(points)]).points == 80
    with pytest.raises(NothingLeft, match="每档最多 1 次"):
        file(points, "P08", grade=1, evidence=[paper(points)], happened_on=days_ago(60))


def test_of_honours_of_a_year_the_highest_counts(points):
    year = timezone.localdate().replace(month=1, day=1)
    day = max(year, days_ago(40))
    first = file(points, "P21", grade=0, evidence=[paper(points)], happened_on=day)
    second = file(points, "P21", grade=2, evidence=[paper(points)], happened_on=day)
    assert (first.points, second.points) == (30, 50)
    assert "同项取高" in second.steps.get().reason
    with pytest.raises(NothingLeft):
        file(points, "P21", grade=1, evidence=[paper(points)], happened_on=day)


def test_a_pair_has_its_own_cap_whoever_of_the_two_claims(points):
    day = batches.last_month()
    for back in range(3):
        given = {"person": points.wang, "partner": points.neighbour}
        claim = file(points, "P17", happened_on=day + timedelta(days=back), **given)
        assert claim.points == 8
    other = file(points, "P17", person=points.neighbour, partner=points.wang, happened_on=day)
    assert other.points == 8
    with pytest.raises(NothingLeft, match="每对每月最多 32 分"):
        file(points, "P17", partner=points.neighbour, happened_on=day)
    third = claiming.resident(points, "丁老人")
    assert file(points, "P17", partner=third, happened_on=day).points == 8


def test_what_was_refused_or_withdrawn_counts_no_more(points):
    first = file(points, quantity=4)
    with pytest.raises(NothingLeft):
        file(points)
    claims.withdraw(first, by=points.wang)
    second = file(points, quantity=4)
    assert second.points == 40
    claims.refuse(second, refusal_code="not_so", reason="没有这次活动", by=points.sun)
    third = file(points, quantity=4)
    claims.appeal(second, reason="有签到表", by=points.wang)
    with pytest.raises(NothingLeft):
        claims.answer_appeal(second, stands=True, reason="属实", by=points.jian)
    claims.withdraw(third, by=points.wang)
    claims.answer_appeal(second, stands=True, reason="属实", by=points.jian)
    assert (second.state, second.points) == (ClaimState.CERTIFIED, 40)
    assert second.certifier == points.jian


def test_caps_reach_over_the_versions_of_a_rule(points):
    version = rule(points, "P05").versions.get()
    RuleVersion.objects.filter(pk=version.pk).update(effective_to=days_ago(5))
    fields = {
        name: getattr(version, name)
        for name in ("title", "measure", "sources", "certifiers", "certifier_label", "evidence")
    }
    newer = RuleVersion.objects.create(
        rule=version.rule, number=2, amounts=[10], effective_from=days_ago(4), **fields
    )
    Cap.objects.create(version=newer, subject="person", window="ever", limit=45)
    file(points, quantity=4, happened_on=days_ago(6))
    assert file(points, quantity=4, happened_on=days_ago(3)).points == 5


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_pass_a_cap(points, together):
    answers = together(*(lambda: file(points, quantity=3) for _n in range(3)))
    got = sorted(claim.points for claim in answers if isinstance(claim, Claim))
    assert got == [10, 30]
    assert sum(isinstance(answer, NothingLeft) for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_and_two_workers_meet_at_the_batch(points, together):
    day = batches.last_month()
    ids = [
        certified(points, happened_on=day).pk,
        certified(points, "P14", text="培训", happened_on=day).pk,
    ]
    batch = batches.open(points.community, day)
    mine, theirs = batches.Batch.objects.get(), batches.Batch.objects.get()
    together(
        lambda: batches.approve(mine, ids, by=points.zhou),
        lambda: batches.refuse(theirs, ids, refusal_code="other", reason="存疑", by=points.gao),
    )
    decided = set(Claim.objects.values_list("decision", "approver__name"))
    assert decided in ({("approved", "周书记")}, {("refused", "高主任")})
    if ("refused", "高主任") in decided:
        batches.approve(batch, ids, by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    Claim.objects.filter(pk__in=ids).update(state="reviewed")
    assert set(Claim.objects.values_list("decision", flat=True)) == {Decision.APPROVED}
    batches.publish(batch, by=points.zhou)
    notices.close_due(timezone.now() + timedelta(days=40))
    paid = together(
        lambda: posting.post(batches.Batch.objects.get(), chunk=1),
        lambda: posting.post(batches.Batch.objects.get(), chunk=1),
    )
    assert sum(paid) == 2
    assert Transfer.objects.filter(key__startswith="claim:").count() == 2
    assert accounts.balance(accounts.of_person(points.wang, points.community)) == 15
