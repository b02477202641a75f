"""Role × state × verb of claims and batches, as the tables say and as people meet it."""

import pytest

from orgs import posts
from points import batches, claims, posting
from points.models import Batch, BatchState, Claim, ClaimState
from rules.workflow import NotAllowed, WrongState, matrix
from tests import cast
from tests.points import claiming
from tests.points.claiming import file

BY_SYSTEM = {
    *("vouch", "collect", "reject", "review", "reopen", "notice", "take_down", "post"),
    *("void", "annul"),
}
CLAIM_ROLES = {
    "beneficiary": {"appeal", "withdraw"},
    "certifier": {"certify", "refuse"},
    "other_certifier": {"certify", "refuse"},
    "approver": {"approve", "turn_down", "undo", "carry", "contest", "correct", "strike"}
    | {"ask_reversal"},
    "director": {"approve", "turn_down", "undo", "carry", "contest", "correct", "strike"}
    | {"ask_reversal"},
    "supervisor": {"uphold", "overrule"},
    "resident": set(),
    "worker_elsewhere": set(),
    "subdistrict": {"uphold", "overrule"},
    "auditor": set(),
    "system": BY_SYSTEM,
}


def in_state(points, state: str) -> Claim:
    """A claim of 王 taken there by 孙 (certifier) and 周 (approver), as it would go."""
    if state in {"claimed", "withdrawn", "refused", "appealed"}:
        claim = file(points, "P18", text="微心愿")
        if state == "withdrawn":
            claims.withdraw(claim, by=points.wang)
        if state in {"refused", "appealed"}:
            claims.refuse(claim, refusal_code="not_so", reason="没有", by=points.sun)
        if state == "appealed":
            claims.appeal(claim, reason="有的", by=points.wang)
        return claim
    if state in {"posted", "reversed"}:
        claim = claiming.paid(points, "P14", text="反诈培训", certifier=points.sun)
        if state == "reversed":
            posting.ask_reversal(claim, reason="错", by=points.zhou)
            posting.reverse_claim(claim, by=points.gao)
        return claim
    claim = claiming.certified(points, "P18", text="微心愿", happened_on=batches.last_month())
    if state == "certified":
        return claim
    batch = batches.open(points.community, batches.last_month())
    claim.refresh_from_db()
    if state == "batched":
        return claim
    batches.approve(batch, [claim.pk], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in (points.he, points.neighbour, points.jian):
        batches.sign(batch, by=someone)
    if state != "reviewed":
        batches.publish(batch, by=points.zhou)
    if state == "objected":
        batches.contest(batch, [claim.pk])
    claim.refresh_from_db()
    return claim


@pytest.mark.parametrize("state", ClaimState.values)
def test_who_may_do_what_with_a_claim(points, state):
    claim = in_state(points, state)
    assert claim.state == state
    people = {
        "beneficiary": points.wang,
        "certifier": points.sun,
        "other_certifier": points.worker2,
        "approver": points.zhou,
        "director": points.gao,
        "supervisor": points.jian,
        "resident": points.neighbour,
        "worker_elsewhere": points.zhao,
        "subdistrict": points.chen,
        "auditor": points.auditor,
        "system": None,
    }
    for role, at, verb, in_table in matrix(claims.flow, CLAIM_ROLES):
        if at != state:
            continue
        may = verb in {row.verb for row in claims.flow.available(claim, people[role])}
        expected = in_table and verb in CLAIM_ROLES[role]
        assert may is expected, (role, state, verb)
        if not may and (in_table or role == "beneficiary"):
            steps = claim.steps.count()
            with pytest.raises((WrongState, NotAllowed)):
                claims.flow.advance(claim, verb, by=people[role], reason="x", refusal_code="other")
            assert claim.steps.count() == steps


BATCH_ROLES = {
    "secretary": {"decide", "close_decisions", "send_back", "publish"},
    "director": {"decide", "close_decisions", "send_back", "publish"},
    "member": {"sign"},
    "signed": set(),
    "resident": set(),
    "social_worker": set(),
    "worker_elsewhere": set(),
    "subdistrict": set(),
    "auditor": set(),
    "system": {"decide", "object", "take_down", "pay", "finish", "dissolve"},
}


def test_who_may_do_what_with_a_batch(points):
    claim = in_state(points, "batched")
    batch = claim.batch
    batches.approve(batch, [claim.pk], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    batches.sign(batch, by=points.he)
    people = {
        "secretary": points.zhou,
        "director": points.gao,
        "member": points.jian,
        "signed": points.he,
        "resident": points.wang,
        "social_worker": points.sun,
        "worker_elsewhere": points.zhao,
        "subdistrict": points.chen,
        "auditor": points.auditor,
        "system": None,
    }
    for role, state, verb, in_table in matrix(batches.flow, BATCH_ROLES):
        batch.state = state  # asked only, not written
        may = verb in {row.verb for row in batches.flow.available(batch, people[role])}
        assert may is (in_table and verb in BATCH_ROLES[role]), (role, state, verb)


def test_a_branch_of_one_grid_decides_nothing(points):
    """周 is secretary of the community; a grid branch's secretary has the same post, below."""
    someone = cast.person("支部书记", "10000000299")
    posts.appoint(
        someone, points.branch, "party_secretary", starts_on=cast.LONG_AGO, reason="测试任命"
    )
    claim = in_state(points, "batched")
    with pytest.raises(NotAllowed):
        batches.approve(claim.batch, [claim.pk], by=someone)
    with pytest.raises(NotAllowed):
        batches.close_decisions(claim.batch, by=someone)
    assert Batch.objects.get().state == BatchState.COLLECTING
