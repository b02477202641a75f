"""A month on its way to the ledger, with other people at every step."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orgs.models import Household, Residence
from points import (
    accounts,
    batches,
    budgets,
    claims,
    ledger,
    panel,
    posting,
    terms,
    verification,
)
from points.flow import NoObjection
from points.models import (
    Batch,
    BatchState,
    Claim,
    ClaimState,
    NameChoice,
    PanelMember,
    Signature,
    Transfer,
    TransferKind,
)
from publicity import notices
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, WrongState
from tests.points import claiming
from tests.points.claiming import balance, certified, days_ago
from tests.publicity.board import told

LONG = timedelta(days=40)


@pytest.fixture
def month(points):
    """Three claims of last month, certified: 王 twice, 邻居 once; the batch of that month."""
    last = batches.last_month()
    points.day = last + timedelta(days=9)
    points.first = certified(points, quantity=3, happened_on=points.day)
    points.second = certified(
        points, "P14", happened_on=points.day, text="反诈培训", certifier=points.he
    )
    points.third = certified(points, person=points.neighbour, happened_on=points.day)
    points.batch = batches.open(points.community, last)
    return points


def state_of(*claims_) -> list[str]:
    return [Claim.objects.values_list("state", flat=True).get(pk=claim.pk) for claim in claims_]


def reviewed(points):
    """Decided by 周, closed, signed by everybody who counts."""
    batch = points.batch
    batches.approve(batch, [c.pk for c in batch.claims.all()], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in (points.he, points.neighbour, points.jian, points.fang, points.luo):
        batches.sign(batch, by=someone)
    return batch


def noticed_and_over(points):
    batch = reviewed(points)
    batches.publish(batch, by=points.zhou)
    notices.close_due(timezone.now() + LONG)
    batch.refresh_from_db()
    assert batch.state == BatchState.POSTING
    return batch


@pytest.fixture
def group(month):
    """Two more seats, so that nobody's recusal leaves a claim short."""
    month.fang = claiming.resident(month, "方居民")
    month.luo = claiming.resident(month, "罗居民")
    panel.seat(month.community, month.fang, "resident", by=month.gao)
    panel.seat(month.community, month.luo, "resident", by=month.gao)
    panel.seat(month.community, month.jiang, "supervisor", by=month.gao)
    return month


def test_the_database_finds_what_is_missing_as_claim_by_claim(group):
    """Signers with a part of every kind; one left the household on the day, one the day after."""
    batch, ids = group.batch, [group.first.pk, group.second.pk, group.third.pk]
    home = Household.objects.get(pk=group.home.pk)
    Claim.objects.filter(pk=group.first.pk).update(household=home)
    Claim.objects.filter(pk=group.second.pk).update(partner=group.jian)
    for person, left_on in ((group.fang, group.day), (group.luo, group.day + timedelta(days=1))):
        Residence.objects.filter(person=person).update(household=home, ends_on=left_on)
    batches.approve(batch, ids, by=group.zhou)
    batches.close_decisions(batch, by=group.zhou)
    wanted = {"members": 5, "residents": 3, "supervisors": 2}
    kinds = set()
    for someone in (group.he, group.neighbour, group.jian, group.fang, group.luo, group.jiang):
        Signature.objects.create(
            batch=batch,
            member=PanelMember.objects.get(person=someone),
            person=someone,
            role=PanelMember.objects.get(person=someone).role,
            agrees=True,
            at=timezone.now(),
        )
        one_by_one = panel.standings(batch, panel.waiting(batch))
        words, apart = panel.missing(batch, panel.signing(batch), wanted)
        lacks = {pk: one.lacks(wanted) for pk, one in one_by_one.items()}
        assert {pk: apart.get(pk, words) for pk in ids} == lacks
        assert apart.keys() < set(ids) or someone is not group.he
        usual = terms.at(batch.area).params["panel"]
        short = {pk: one.lacks(usual) for pk, one in one_by_one.items()}
        assert panel.lacking(batch) == {pk: words for pk, words in short.items() if words}
        kinds.add(tuple(lacks.values()))
    assert len(kinds) == 6
    assert one_by_one[group.first.pk].members == 5  # 罗 lived there that day, 方 no longer


def test_the_whole_way(group, django_capture_on_commit_callbacks):
    batch = group.batch
    assert batches.open(group.community, batch.month).pk == batch.pk
    assert state_of(group.first, group.second, group.third) == ["batched"] * 3

    batches.approve(batch, [group.first.pk, group.second.pk], by=group.zhou)
    batches.refuse(
        batch, [group.third.pk], refusal_code="not_so", reason="当天没有这次清扫", by=group.zhou
    )
    batches.undo(batch, [group.first.pk], by=group.zhou)
    with pytest.raises(batches.Undecided, match="1 项"):
        batches.close_decisions(batch, by=group.zhou)
    batches.approve(batch, [group.first.pk], by=group.gao)
    assert told(group.neighbour) == []
    batches.close_decisions(batch, by=group.zhou)
    assert batch.state == BatchState.REVIEWING
    assert told(group.neighbour) == [
        "积分申报未通过：一般志愿服务",
        f"{batch.month.year}年{batch.month.month}月积分待审议",
    ]
    with pytest.raises(WrongState):
        batches.undo(batch, [group.second.pk], by=group.zhou)

    # 何 certified the second: her signature counts for the first only.
    for someone in (group.he, group.neighbour, group.jian):
        batches.sign(batch, by=someone)
    assert state_of(group.first, group.second) == ["reviewed", "batched"]
    assert panel.lacking(batch) == {group.second.pk: "还差 1 人"}
    with pytest.raises(panel.NotReviewed, match="还差 1 人"):
        batches.publish(batch, by=group.zhou)
    batches.sign(batch, by=group.jiang)
    batches.publish(batch, by=group.zhou)
    rows = batch.notice.table["rows"]
    assert rows == [
        [str(group.first.pk), "王*", "一般志愿服务", "30"],
        [str(group.second.pk), "王*", "消防、反诈培训合格", "5"],
    ]
    assert (batch.notice.scope, batch.notice.term) == ("residents", "5个工作日")

    objection = notices.object(
        batch.notice, text=f"编号{group.first.pk}只干了两个小时", by=group.neighbour
    )
    batch.refresh_from_db()
    assert batch.state == BatchState.OBJECTED
    assert state_of(group.first, group.second) == ["objected", "noticed"]
    group.first.refresh_from_db()
    with pytest.raises(NotAllowed):
        batches.correct(group.first, points=20, reason="核实为两小时", by=group.neighbour)
    with pytest.raises(Refused, match="少于 30 分"):
        batches.correct(group.first, points=31, reason="更多", by=group.gao)
    batches.correct(group.first, points=20, reason="核实为两小时", by=group.gao)
    notices.answer(objection, answer="经核实为两小时，已更正", is_accepted=True, by=group.jian)
    later = timezone.now() + LONG
    Claim.objects.filter(pk=group.first.pk).update(is_corrected=False)
    with pytest.raises(batches.CorrectionMissing), transaction.atomic():
        notices.close(batch.notice, result="corrected", correction="x", by=group.zhou, at=later)
    Claim.objects.filter(pk=group.first.pk).update(is_corrected=True)
    batch.notice.refresh_from_db()
    assert not Transfer.objects.filter(key__startswith="claim:").exists()
    with django_capture_on_commit_callbacks(execute=False):
        batches.close_notice(batch, by=group.zhou, at=later)
    batch.refresh_from_db()
    assert batch.notice.correction == f"编号{group.first.pk}：更正为20分"
    assert batch.state == BatchState.POSTING

    assert posting.post(batch) == 2
    assert posting.post(batch) == 0
    assert batch.state == BatchState.POSTED
    assert balance(group, group.wang) == 25
    assert balance(group, group.neighbour) == 0
    assert accounts.balance(accounts.fund_of(group.community)) == 100_000 - 25
    group.first.refresh_from_db()
    paid = group.first.transfer
    assert (paid.key, paid.amount, paid.actor_id, paid.approver_id, paid.rule_version_id) == (
        f"claim:{group.first.pk}",
        20,
        group.sun.pk,
        group.gao.pk,
        group.first.rule_version_id,
    )
    title = f"{batch.month.year}年{batch.month.month}月的积分已到账"
    assert title in told(group.wang)
    verbs = list(group.first.steps.values_list("verb", flat=True))
    assert verbs == [
        *("file", "certify", "collect", "approve", "undo", "approve", "review", "notice"),
        *("contest", "correct", "post"),
    ]


def test_a_thousand_claims_cost_as_many_statements_as_ten(points):
    def through(number, month):
        person = claiming.resident(points, f"多{number}")
        wanted = Claim.objects.filter(pk__in=claiming.many_certified(points, number, month, person))
        batch = batches.open(points.community, month)
        counted = {}

        def count(name, job):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                job()
            counted[name] = len(queries)

        ids = list(wanted.values_list("pk", flat=True))
        count("approve", lambda: batches.approve(batch, ids, by=points.zhou))
        count("close", lambda: batches.close_decisions(batch, by=points.zhou))
        for someone in (points.he, points.neighbour, points.jian):
            count(someone.name, lambda who=someone: batches.sign(batch, by=who))
        count("publish", lambda: batches.publish(batch, by=points.zhou))
        notices.close_due(timezone.now() + LONG)
        batch.refresh_from_db()
        count("post", lambda: posting.post(batch, chunk=2000))
        assert batch.state == BatchState.POSTED
        return counted, person

    months = [batches.last_month()]
    months.append((months[0] - timedelta(days=1)).replace(day=1))
    few, _person = through(10, months[0])
    many, person = through(1000, months[1])
    assert all(many[name] <= few[name] for name in few), (few, many)
    assert balance(points, person) == 1000


def test_nothing_is_corrected_without_an_objection_nor_moved_past_the_batch(group):
    batch = reviewed(group)
    batches.publish(batch, by=group.zhou)
    claim = Claim.objects.get(pk=group.first.pk)
    with pytest.raises(NoObjection):
        batches.correct(claim, points=20, reason="两小时", by=group.gao)
    with pytest.raises(RuntimeError, match="batches"), transaction.atomic():
        claims.flow.advance(claim, "post", by=None)
    assert batches.numbers_in("编号12、13只有2小时，8号也不对") == [12, 13, 8]


def test_decisions_leave_to_others_what_concerns_oneself(month):
    listed = claims.file_for(
        claiming.rule(month, "P14"),
        [month.neighbour],
        happened_on=month.day,
        by=month.zhou,
        text="反诈培训",
    ).claims[0]
    claims.certify(listed, by=month.he)
    batches.open(month.community, month.batch.month)
    result = batches.approve(month.batch, [month.first.pk, listed.pk], by=month.zhou)
    assert result.done == [month.first.pk]
    assert result.aside == [(listed.pk, "这是您申报的，请由他人办理")]
    with pytest.raises(NotAllowed, match="您申报的"):
        batches.approve(month.batch, [listed.pk], by=month.zhou)
    for stranger in (month.sun, month.li, month.wang, month.chen, month.zhao):
        with pytest.raises(NotAllowed):
            batches.approve(month.batch, [month.first.pk], by=stranger)
    with pytest.raises(Missing):
        batches.refuse(month.batch, [listed.pk], refusal_code="x", reason=" ", by=month.gao)


def test_a_month_after_downtime_and_without_claims(points):
    assert batches.open_due() == 0
    old = certified(points, happened_on=days_ago(60))
    recent = certified(points, happened_on=days_ago(0))
    assert batches.open_due() == 1 == batches.open_due() + 1 - batches.open_due()
    batch = Batch.objects.get()
    assert (batch.month, batch.state) == (batches.last_month(), BatchState.COLLECTING)
    assert state_of(old, recent) == ["batched", "certified"]
    batches.decide_due(timezone.now() + LONG)
    batch.refresh_from_db()
    assert batch.state == BatchState.DECIDING
    batches.refuse(batch, [old.pk], refusal_code="twice", reason="上月已计", by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    assert (batch.state, batch.notice) == (BatchState.POSTED, None)


def test_posting_stands_still_without_budget_and_goes_on_with_it(group):
    batch = reviewed(group)
    batches.publish(batch, by=group.zhou)
    spent = certified(group, happened_on=group.day, code="P18", text="微心愿")
    accounts_before = accounts.balance(accounts.fund_of(group.community))
    claiming.empty_fund(group, leave=39)
    notices.close_due(timezone.now() + LONG)
    batch.refresh_from_db()
    assert posting.post_due() == 0
    batch.refresh_from_db()
    assert batch.problem == "积分预算不足：可用 39 分，需要 45 分，请先追加预算"
    assert any("预算不足" in title for title in told(group.chen))
    more = budgets.propose(
        group.community,
        points=1000,
        starts_on=group.budget.starts_on,
        ends_on=group.budget.ends_on,
        reason="追加",
        by=group.chen,
    )
    with pytest.raises(Refused):
        budgets.approve(more, by=group.chen)
    budgets.approve(more, by=group.han)
    assert posting.post_due() == 1
    assert balance(group, group.wang) == 35
    assert accounts_before == 100_000
    assert state_of(spent) == ["certified"]


def test_hidden_names_and_minors_stand_as_numbers(group):
    NameChoice.objects.create(person=group.wang, hide_name=True)
    batch = reviewed(group)
    batches.publish(batch, by=group.zhou)
    assert [row[1] for row in batch.notice.table["rows"]] == ["—", "—", "邻*"]


def test_a_withdrawn_notice_goes_back_to_review_and_may_hang_again(group):
    batch = reviewed(group)
    batches.publish(batch, by=group.zhou)
    notices.withdraw(batch.notice, reason="名单有误", by=group.zhou)
    batch.refresh_from_db()
    assert (batch.state, batch.notice) == (BatchState.REVIEWING, None)
    assert state_of(group.first) == ["reviewed"]
    batches.send_back(batch, reason="重新核对", by=group.zhou)
    assert batch.signatures.filter(is_void=False).count() == 0
    assert state_of(group.first) == ["batched"]
    batches.carry(batch, [group.first.pk], reason="佐证待补", by=group.gao)
    assert state_of(group.first) == ["certified"]


def test_posting_in_chunks_pays_each_claim_once(group):
    batch = noticed_and_over(group)
    assert posting.post(batch, chunk=1) == 3
    assert posting.post(batch, chunk=1) == 0
    assert Transfer.objects.filter(key__startswith="claim:").count() == 3


def test_reversal_takes_two_people(group):
    posting.post(noticed_and_over(group))
    claim = Claim.objects.get(pk=group.first.pk)
    with pytest.raises(NotAllowed):
        posting.reverse_claim(claim, by=group.zhou)
    posting.ask_reversal(claim, reason="重复发放", by=group.zhou)
    with pytest.raises(NotAllowed, match="您申请的"):
        posting.reverse_claim(claim, by=group.zhou)
    posting.reverse_claim(claim, by=group.gao)
    assert claim.state == ClaimState.REVERSED
    assert balance(group, group.wang) == 5
    assert claim.transfer.reversals.get().key == f"claim:{claim.pk}:reverse"


def test_an_award_without_its_claim_is_found_and_named(group):
    """Every point earned has its claim, certified, approved and noticed; the audit counts that."""
    posting.post(noticed_and_over(group))
    assert verification.check(full=True).findings == []
    version = group.first.rule_version
    fund = accounts.fund_of(group.community)
    forged = ledger.post(
        ledger.Posting(
            community=group.community.pk,
            debit=fund.pk,
            credit=accounts.of_person(group.li, group.community).pk,
            amount=7,
            key="claim:999999",
            kind=TransferKind.AWARD,
            happened_on=group.day,
            rule_version=version.pk,
        )
    )
    found = verification.check(full=True).findings
    assert [(one.check, one.id) for one in found] == [("award", forged.transfer_id)]
    assert "claim:999999（7）" in found[0].text
