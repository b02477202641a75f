"""Blocks are chained in the order of numbers, leave nobody out, and heads can be compared."""

import hashlib
import threading
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from points import ledger, seal, verification
from points.models import Block, SealRound, Transfer
from points.models import TransferKind as K
from tests.points.books import move, posting
from tests.points.tamper import by_hand


def test_blocks_are_chained_per_community(books):
    move(books.fund, books.wang_points, 1, key="a")
    assert seal.run() == 2
    assert seal.run() == 0
    move(books.fund, books.wang_points, 2, key="b")
    assert seal.run() == 1
    first, second = Block.objects.order_by("number")
    assert (first.number, first.count, second.number, second.count) == (1, 2, 2, 1)
    assert bytes(second.previous) == bytes(first.digest)
    assert bytes(second.digest) == hashlib.sha256(second.previous + second.leaves).digest()
    last = Transfer.objects.get(key="b").pk
    assert int.from_bytes(bytes(second.leaves)[:8]) == last


def test_what_a_leaf_says_can_be_told_again(books):
    """Outside of the database, from the row alone: the text is plain JSON."""
    transfer = move(books.fund, books.wang_points, 3, key="a", reason="楼道清扫“志愿”")
    seal.run()
    entry = transfer.entries.get()
    values = [
        transfer.pk,
        transfer.community_id,
        '"points"',
        '"a"',
        transfer.debit_id,
        transfer.credit_id,
        3,
        '"award"',
        '"2026-03-05"',
        '"2026-03-05"',
        f'"{transfer.period}"',
        "null",
        "null",
        "null",
        '"楼道清扫“志愿”"',
        "null",
        "null",
        "null",
        f'"{_utc(transfer.posted_at)}"',
        f'"{entry.account_id} 1 3 3 0 {entry.community_id}"',
    ]
    text = "[" + ", ".join(map(str, values)) + "]"
    leaf = bytes(Block.objects.get().leaves)[-16:]
    assert leaf == transfer.pk.to_bytes(8) + hashlib.sha256(text.encode()).digest()[:8]


def _utc(moment) -> str:
    text = moment.isoformat().removesuffix("+00:00")
    return text.rstrip("0") if "." in text else text


def test_the_leaves_are_the_same_in_every_time_zone(books):
    move(books.fund, books.wang_points, 3, key="a")

    def leaves():
        with connection.cursor() as cursor:
            cursor.execute("SELECT leaf FROM points_leaves(0, 9223372036854775807)")
            return cursor.fetchall()

    before = leaves()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'America/New_York'; SET LOCAL DateStyle = 'SQL, DMY'")
    assert leaves() == before


def leaves_of(function: str) -> dict[int, bytes]:
    ids = Transfer.objects.order_by("pk").values_list("pk", flat=True)
    with connection.cursor() as cursor:
        cursor.callproc(function, [ids[0] - 1, ids.last()])
        return {pk: bytes(leaf) for _community, pk, leaf in cursor.fetchall()}


@pytest.fixture
def first(books):
    """Of every kind of row one, and the function that made the leaves until November 2026."""
    b, due = books, timezone.now() + timedelta(days=3)
    move(b.fund, b.wang_points, 9, key='"a"\\', reason='引号“"”\t\n\\\x01\x7f🏮é')
    move(b.wang_points, b.home_points, 2, key="share", kind=K.SHARE)  # two entries
    held = move(b.wang_points, b.home_points, 1, key="hold", kind=K.HOLD, due_at=due)
    ledger.capture(held, key="capture")
    ledger.reverse(Transfer.objects.get(key="share"), key="reverse", reason="有误")
    many = [posting(b.fund, b.li_points, 1, key=f"n{n}", reason="清扫") for n in range(194)]
    ledger.post_many(many)
    made = import_module("points.migrations.0003_ledger_proof").LEAVES
    with connection.cursor() as cursor:
        cursor.execute(made.replace("FUNCTION points_leaves(", "FUNCTION first_leaves("))
    return b


def test_a_leaf_is_what_it_was_from_the_first(first):
    assert len(leaves_of("first_leaves")) == 200
    assert leaves_of("points_leaves") == leaves_of("first_leaves")


def test_blocks_sealed_in_the_first_way_are_still_clean_and_still_name_what_was_changed(
    first, monkeypatch
):
    with monkeypatch.context() as then:
        then.setattr(seal, "AT_ONCE", 190)
        then.setattr(seal, "_BLOCKS", seal._BLOCKS.replace("points_leaves(", "first_leaves("))
        seal.run()
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION first_leaves")
    move(first.fund, first.li_points, 2, key="later")
    seal.run()
    assert list(Block.objects.order_by("number").values_list("count", flat=True)) == [190, 10, 1]
    assert verification.check(full=True).findings == []

    changed = [Transfer.objects.get(key=key).pk for key in ("hold", "n190", "later")]
    by_hand("UPDATE points_transfer SET reason = '无' WHERE id = ANY(%(changed)s)", changed=changed)
    assert [f.id for f in verification.check(full=True).findings] == changed


def test_the_halves_are_made_by_workers_and_say_the_same(first):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        alone = leaves_of("points_leaves")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 2")
        cursor.execute("SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0")
        cursor.execute(
            "EXPLAIN SELECT * FROM points_leaves_part(0, 100)"
            " UNION ALL SELECT * FROM points_leaves_part(100, 9223372036854775807)"
        )
        assert "Parallel Append" in str(cursor.fetchall())
        cursor.execute("SET LOCAL TimeZone = 'America/New_York'; SET LOCAL DateStyle = 'SQL, DMY'")
    assert leaves_of("points_leaves") == alone


def test_a_long_ledger_is_sealed_in_rounds(books, monkeypatch):
    monkeypatch.setattr(seal, "AT_ONCE", 3)
    for n in range(7):
        move(books.fund, books.wang_points, 1, key=f"n{n}")
    assert seal.run() == 8
    assert list(Block.objects.order_by("number").values_list("count", flat=True)) == [3, 3, 2]
    assert [r.up_to > r.after for r in SealRound.objects.all()] == [True] * 3


@pytest.mark.django_db(transaction=True)
def test_a_number_given_out_before_the_line_is_waited_for(books):
    """The slow one has the smaller number and commits last: it must not be missing."""
    posted, noted = threading.Event(), threading.Event()

    def slow_poster():
        with transaction.atomic():
            move(books.fund, books.wang_points, 7, key="slow")
            posted.set()
            assert noted.wait(10)
        connection.close()

    thread = threading.Thread(target=slow_poster)
    thread.start()
    assert posted.wait(10)
    move(books.fund, books.li_points, 1, key="fast")
    assert seal.run(patience_seconds=0) == 0
    assert not Block.objects.exists()
    noted.set()
    thread.join()
    assert seal.run() == 3
    assert Block.objects.get().count == 3


# --- heads ---------------------------------------------------------------------------------------


def verify(**options) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def test_published_heads_are_compared(books, tmp_path):
    move(books.fund, books.wang_points, 1, key="a")
    seal.run()
    heads = tmp_path / "heads.txt"
    call_command("export_seal", to=heads)
    code, number, digest, _day, name = heads.read_text().rstrip("\n").split("\t")
    assert (code, number, name) == (books.community.code, "1", "梧桐里社区")
    assert digest == bytes(Block.objects.get().digest).hex()
    assert "发现 0 处问题" in verify(against=heads)

    heads.write_text(f"{code}\t1\t{'0' * 64}\n")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", stdout=out, against=heads)
    assert ended.value.code == 1
    assert f"社区 {code} 第 1 块" in out.getvalue()


def test_a_file_that_holds_no_heads_is_refused_by_its_line(books, tmp_path):
    heads = tmp_path / "heads.txt"
    heads.write_text("\nhello\n")
    with pytest.raises(CommandError, match="第 2 行"):
        verify(against=heads)
