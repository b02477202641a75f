"""verify_ledger finds what was bent, says which row, and is quiet about good books."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.models import Delivery, Message
from points import accounts, ledger, periods, seal, tasks, verification
from points.models import Block, Entry, SealRound, Statement, Transfer, TransferKind, Verification
from tests.points.books import fund_with, move, posting
from tests.points.tamper import by_hand

K = TransferKind


@pytest.fixture
def year(books):
    """Something of everything: awards, a share, holds in each state, a reversal, closed months."""
    then = datetime(2026, 3, 10, 4, tzinfo=UTC)
    due = timezone.now() + timedelta(days=3)
    b = books
    b.shop = accounts.of_merchant(b.merchant_shop, b.community)
    move(accounts.issuance_of(b.community), b.fund, 500, key="old", kind=K.ALLOT, at=then)
    b.award = move(b.fund, b.wang_points, 30, key="claim:1", at=then, reason="楼道清扫")
    b.share = move(b.wang_points, b.home_points, 5, key="share:1", kind=K.SHARE, at=then)
    b.other = move(b.fund, b.li_points, 12, key="claim:2")
    b.held = move(b.wang_points, b.shop, 8, key="promise:1", kind=K.HOLD, due_at=due)
    ledger.capture(b.held, key="issue:1")
    voided = move(b.wang_points, b.shop, 4, key="promise:2", kind=K.HOLD, due_at=due)
    ledger.void(voided, key="cancel:2", reason="取消")
    move(b.wang_points, b.shop, 3, key="promise:3", kind=K.HOLD, due_at=due)
    ledger.reverse(b.other, key="reverse:2", reason="认证有误")
    fund = fund_with(b.elsewhere)
    move(fund, accounts.of_person(b.qian, b.elsewhere), 9, key="claim:1")
    periods.close_due()
    return b


@pytest.fixture
def sealed(year):
    seal.run()
    return year


def found(**options) -> dict[str, list[verification.Finding]]:
    by_check: dict = {}
    for finding in verification.check(full=True, **options).findings:
        by_check.setdefault(finding.check, []).append(finding)
    return by_check


def test_good_books_are_clean(sealed):
    report = verification.check(full=True)
    assert report.findings == []
    assert (report.count, report.transfers) == (0, Transfer.objects.count())
    assert report.up_to == Transfer.objects.latest("pk").pk
    assert Statement.objects.count() >= 8


# --- tampering, as the owner of the database ------------------------------------------------------


def test_a_changed_amount_is_named(sealed):
    by_hand("UPDATE points_transfer SET amount = 300 WHERE id = %(id)s", id=sealed.award.pk)
    problems = found()
    (entry,) = problems["entries"]
    assert f"流水 {sealed.award.pk}（claim:1）" in entry.text
    assert "应记 300，实记 30" in entry.text
    assert [f.id for f in problems["leaf"]] == [sealed.award.pk]
    assert f"账户 {sealed.wang_points.pk}：" in problems["sum"][0].text
    assert [f.community for f in problems["conservation"]] == [sealed.community.pk]
    assert {f.check for f in problems["statement"]} == {"statement"}


def test_a_changed_amount_with_all_made_consistent_is_named_by_its_seal(sealed):
    """Entries, running balances, account and statements all follow: only the seal knows."""
    account, transfer = sealed.wang_points.pk, sealed.award.pk
    by_hand(
        "UPDATE points_transfer SET amount = 37 WHERE id = %(transfer)s",
        "UPDATE points_entry SET delta = 37 WHERE transfer_id = %(transfer)s",
        "UPDATE points_entry SET posted = posted + 7 WHERE account_id = %(account)s",
        "UPDATE points_account SET posted = posted + 7 WHERE id = %(account)s",
        "UPDATE points_statement SET credited = credited + 7, closing = closing + 7"
        " WHERE account_id = %(account)s",
        "UPDATE points_statement s SET debited = debited + 7, closing = closing - 7"
        "  FROM points_period p WHERE p.id = s.period_id AND s.account_id = %(fund)s"
        "   AND p.month = '2026-03-01'",
        "UPDATE points_statement s SET opening = opening - 7, closing = closing - 7"
        "  FROM points_period p WHERE p.id = s.period_id AND s.account_id = %(fund)s"
        "   AND p.month > '2026-03-01'",
        account=account,
        transfer=transfer,
        fund=sealed.fund.pk,
    )
    problems = found()
    assert set(problems) == {"leaf"}
    # The transfer, and those whose entries tell the balance after it.
    assert problems["leaf"][0].id == transfer
    assert f"流水 {transfer} 或其明细与第 1 块封存时的内容不同" in problems["leaf"][0].text


def test_a_changed_reason_is_named(sealed):
    by_hand("UPDATE points_transfer SET reason = '无' WHERE id = %(id)s", id=sealed.award.pk)
    problems = found()
    assert [(c, f.id) for c, fs in problems.items() for f in fs] == [("leaf", sealed.award.pk)]


def test_a_deleted_transfer_is_named(sealed):
    by_hand(
        "DELETE FROM points_entry WHERE transfer_id = %(id)s",
        "DELETE FROM points_transfer WHERE id = %(id)s",
        id=sealed.share.pk,
    )
    problems = found()
    assert [f.text for f in problems["leaf"]] == [
        f"流水 {sealed.share.pk} 已封存在第 1 块，现已不存在"
    ]
    (gap,) = [f for f in problems["running"] if "应为第 2 条" in f.text]
    assert f"账户 {sealed.wang_points.pk} 第 3 条明细" in gap.text
    # The household has no line left, yet a balance.
    assert sealed.home_points.pk in {f.id for f in problems["balance"]}


def test_an_added_entry_is_named(sealed):
    by_hand(
        "INSERT INTO points_entry"
        " (community_id, account_id, seq, transfer_id, delta, posted, held)"
        " VALUES (%(community)s, %(account)s, 2, %(transfer)s, 50, 55, 0)",
        "UPDATE points_account SET posted = 55, seq = 2 WHERE id = %(account)s",
        community=sealed.community.pk,
        account=sealed.home_points.pk,
        transfer=sealed.award.pk,
    )
    problems = found()
    (entry,) = problems["entries"]
    assert entry.id == Entry.objects.get(account=sealed.home_points, seq=2).pk
    assert "应记 —，实记 50" in entry.text
    assert [f.id for f in problems["sum"]] == [sealed.home_points.pk]
    assert [f.id for f in problems["leaf"]] == [sealed.award.pk]


def test_a_transfer_slipped_in_below_the_line_is_named(sealed):
    move(sealed.fund, sealed.li_points, 1, key="slipped")
    slipped = Transfer.objects.get(key="slipped")
    low = Transfer.objects.order_by("pk").first().pk
    by_hand(
        "DELETE FROM points_entry WHERE transfer_id = %(id)s",
        "UPDATE points_transfer SET id = %(low)s WHERE id = %(id)s",
        "INSERT INTO points_entry (community_id, account_id, seq, transfer_id, delta, posted, held)"
        " VALUES (%(community)s, %(account)s, 3, %(low)s, 1, 1, 0)",
        id=slipped.pk,
        low=low - 1 or -1,
        community=sealed.community.pk,
        account=sealed.li_points.pk,
    )
    problems = found()
    assert [f.text for f in problems["leaf"]] == [
        f"流水 {low - 1} 不在应当包含它的封存块中，是后来补入的"
    ]


def test_a_changed_digest_is_named(sealed):
    block = Block.objects.get(community=sealed.community)
    by_hand("UPDATE points_block SET digest = sha256('x') WHERE id = %(id)s", id=block.pk)
    assert [(f.check, f.id) for f in found()["chain"]] == [("chain", block.pk)]


def test_who_rewrites_the_whole_chain_is_found_by_the_published_heads(sealed):
    heads = seal.read(seal.written(seal.heads()))
    by_hand(
        "UPDATE points_transfer SET reason = '无' WHERE id = %(id)s",
        "UPDATE points_block b SET leaves = w.leaves, digest = sha256(b.previous || w.leaves)"
        "  FROM (SELECT community, string_agg(leaf, '' ORDER BY id) AS leaves"
        "          FROM points_leaves(0, 9223372036854775807) GROUP BY community) w"
        " WHERE w.community = b.community_id",
        id=sealed.award.pk,
    )
    assert found() == {}
    (head,) = found(against=heads)["head"]
    assert head.community == sealed.community.pk
    assert f"社区 {sealed.community.code} 第 1 块" in head.text


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE points_account SET held = 5 WHERE held = 3", "held"),
        ("UPDATE points_account SET posted = posted + 1 WHERE id = %(wang)s", "balance"),
        ("UPDATE points_entry SET posted = posted + 1 WHERE transfer_id = %(award)s", "running"),
        ("UPDATE points_transfer SET amount = 9 WHERE pending_of_id = %(held)s", "ending"),
        ("UPDATE points_transfer SET lot_on = '2020-01-01' WHERE kind = 'reverse'", "reversal"),
        ("UPDATE points_transfer SET period = '2026-02-01' WHERE id = %(award)s", "row"),
        ("UPDATE points_statement SET held = held + 1 WHERE account_id = %(wang)s", "statement"),
        ("DELETE FROM points_statement WHERE account_id = %(wang)s", "statement"),
        ("UPDATE points_period SET closed_at = '2026-03-01Z' WHERE month = '2026-03-01'", "late"),
    ],
)
def test_each_promise_is_checked(sealed, statement, check):
    ids = {
        "wang": sealed.wang_points.pk,
        "award": sealed.award.pk,
        "held": sealed.held.pk,
    }
    by_hand(statement, **ids)
    assert check in found()


def test_a_key_that_stands_twice_is_named(sealed):
    by_hand(
        "ALTER TABLE points_transfer DROP CONSTRAINT points_transfer_once_per_key",
        "UPDATE points_transfer SET key = 'claim:1' WHERE id = %(id)s",
        id=sealed.other.pk,
    )
    (twice,) = found()["key"]
    assert twice.text == (
        f"业务编号 claim:1 出现不止一次：流水 {sealed.other.pk} 与 {sealed.award.pk}"
    )


def test_a_missing_round_is_named(sealed):
    last = SealRound.objects.get()
    by_hand("UPDATE points_sealround SET after = after + 1 WHERE number = 1")
    assert [f.id for f in found()["round"]] == [last.number]


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_is_kept_and_the_next_one_looks_at_what_is_new(sealed):
    first = verification.run()
    assert (first.is_full, first.is_clean) == (True, True)
    move(sealed.fund, sealed.wang_points, 1, key="new")
    second = verification.run()
    assert (second.is_full, second.after, second.transfers) == (False, first.up_to, 1)
    assert second.is_clean
    assert Verification.latest() == second


def test_what_is_not_sealed_yet_is_looked_at_again(year):
    verification.run()
    assert verification.run().transfers == Transfer.objects.count()


def test_an_incremental_run_finds_what_is_wrong_with_the_new(sealed):
    verification.run()
    new = move(sealed.fund, sealed.wang_points, 1, key="new")
    by_hand("UPDATE points_entry SET delta = 2 WHERE transfer_id = %(id)s", id=new.pk)
    kept = verification.run()
    assert not kept.is_full
    assert {"entries", "running"} <= {finding["check"] for finding in kept.findings}


def test_findings_are_told_once_per_run(sealed):
    by_hand("UPDATE points_transfer SET reason = '无' WHERE id = %(id)s", id=sealed.award.pk)
    verification.run()
    (message,) = Message.objects.filter(kind="points.ledger_findings")
    assert message.title == "账本核验发现 1 处问题"
    told = Delivery.objects.filter(message=message, channel="site").values_list("person", flat=True)
    assert set(told) == {sealed.auditor.pk, sealed.system_admin.pk}


def test_the_command_ends_with_one_when_something_is_found(sealed):
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "全量核验" in out.getvalue()
    assert "发现 0 处问题" in out.getvalue()
    by_hand("UPDATE points_transfer SET reason = '无' WHERE id = %(id)s", id=sealed.award.pk)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", full=True, stdout=out)
    assert ended.value.code == 1
    assert f"points_transfer {sealed.award.pk} ({sealed.community.pk})" in out.getvalue()


def test_the_beat_proves_all_after_a_restore_and_once_a_week(sealed):
    tasks.verify_books()
    tasks.verify_books()
    assert list(Verification.objects.order_by("pk").values_list("is_full", flat=True)) == [
        True,
        False,
    ]
    Verification.objects.update(database=1)  # a dump of another database
    tasks.seal_books()
    assert Verification.latest().is_full
    Verification.objects.update(started_at=timezone.now() - timedelta(days=8))
    tasks.verify_books()
    assert Verification.latest().is_full


def test_checking_costs_the_same_statements_at_any_size(sealed, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        verification.check(full=True)
    ledger.post_many([posting(sealed.fund, sealed.wang_points, 1, key=f"n{n}") for n in range(50)])
    with django_assert_num_queries(len(few)):
        verification.check(full=True)
