"""Claiming: who may, what is refused, who certifies; the same three people are three people."""

import pytest
from django.db import DatabaseError, transaction

from points import claims, matters
from points.claims import flow
from points.models import Claim, ClaimState
from rules.refusals import Refused
from rules.workflow import NotAllowed
from tests.points.claiming import certified, days_ago, file


def test_a_claim_is_counted_cut_and_says_so(points):
    first = file(points, quantity="3.5")
    assert (first.asked, first.points, first.state) == (35, 35, ClaimState.CLAIMED)
    second = file(points, quantity=2)
    assert (second.asked, second.points) == (20, 5)
    assert second.steps.get().reason == "规则给 20 分，每人每日最多 40 分，本次计 5 分"
    with pytest.raises(Refused, match="每人每日最多 40 分"):
        file(points, quantity=1)
    assert file(points, quantity=4, happened_on=days_ago(4)).points == 40


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "参加无偿献血"}, "献血"),
        ({"text": "教堂活动义工"}, "宗教"),
        ({"text": "向灾区捐款200元"}, "捐钱"),
        ({"text": "举报楼上邻居乱扔垃圾"}, "邻居"),
        ({"text": " "}, "佐证"),
        ({"happened_on": days_ago(63)}, "62 天"),
        ({"happened_on": days_ago(-1)}, "不能晚于今天"),
        ({"quantity": "0.25"}, "一位小数"),
        ({"quantity": -1}, "大于零"),
        ({"grade": 1}, "档次"),
        ({"code": "P07"}, "不能由您申报"),
        ({"code": "P09"}, "照片"),
        ({"code": "P17"}, "结对对象"),
        ({"code": "N01"}, "没有施行"),
        ({"code": "P12"}, "仅限楼栋长"),
    ],
)
def test_what_cannot_be_claimed(points, change, words):
    with pytest.raises(Refused, match=words):
        file(points, **change)
    assert not Claim.objects.exists()


def test_claimant_certifier_and_approver_are_three_people_for_the_database_too(points):
    claim = certified(points)
    assert claim.certifier == points.sun
    for change in (
        {"certifier": points.wang},
        {"approver": points.wang},
        {"approver": points.sun},
        {"certifier": points.daughter},  # lives with her
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Claim.objects.filter(pk=claim.pk).update(
                decision="approved", decided_at=claim.certified_at, **change
            )
    with pytest.raises(DatabaseError), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).delete()


def test_who_certifies_is_another_with_the_post_over_the_place(points):
    claim = file(points)
    for person in (points.wang, points.li, points.zhao, points.neighbour, points.zhou):
        with pytest.raises(NotAllowed):
            claims.certify(claim, by=person)
    listed = claims.file_for(
        claim.rule_version.rule,
        [points.neighbour],
        happened_on=days_ago(2),
        by=points.sun,
        text="集中清扫",
    ).claims[0]
    with pytest.raises(NotAllowed, match="您申报的"):
        claims.certify(listed, by=points.sun)
    claims.certify(listed, by=points.hao)
    assert {row.verb for row in flow.available(listed, points.sun)} == {"withdraw"}


def test_matters_that_may_be_claimed_are_not_mistaken():
    matters.refuse_forbidden(
        "捐赠旧书10本", "发现楼道电线裸露，报告安全隐患", "反诈宣传", "社区公益集市义工"
    )
