"""What the ledger promises: once per key, never below the floor, and nothing is ever changed."""

import threading
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from points import accounts, ledger
from points.models import Account, Entry, Transfer, TransferKind
from tests.points.books import DAY, move, posting, state
from tests.points.flush import let_flush
from ui.dates import SHANGHAI

HOLD = TransferKind.HOLD


def test_points_go_from_the_fund_to_a_person(books):
    move(books.fund, books.wang_points, 30, key="claim:1")
    assert state(books.wang_points) == (30, 0, 1)
    assert accounts.balance(books.fund) == 9_970
    assert accounts.balance(accounts.issuance_of(books.community)) == -10_000
    entry = Entry.objects.get()
    assert (entry.delta, entry.posted, entry.held, entry.seq) == (30, 30, 0, 1)


def test_the_same_key_again_has_no_effect(books):
    first = ledger.post(posting(books.fund, books.wang_points, 30, key="claim:1"))
    again = ledger.post(posting(books.fund, books.wang_points, 30, key="claim:1"))
    assert first.is_new
    assert (again.transfer_id, again.is_new) == (first.transfer_id, False)
    assert state(books.wang_points) == (30, 0, 1)


def test_a_key_with_other_contents_is_refused_by_name(books):
    move(books.fund, books.wang_points, 30, key="claim:1")
    with pytest.raises(ledger.KeyReused, match="claim:1"):
        move(books.fund, books.wang_points, 31, key="claim:1")
    with pytest.raises(ledger.KeyReused):
        move(books.fund, books.li_points, 30, key="claim:1")
    assert state(books.wang_points) == (30, 0, 1)


def test_nobody_falls_below_nothing_and_the_caller_goes_on(books):
    move(books.fund, books.wang_points, 30, key="claim:1")
    with transaction.atomic():
        with pytest.raises(ledger.InsufficientPoints) as refused:
            move(books.wang_points, books.home_points, 31, key="x", kind=TransferKind.SHARE)
        assert (refused.value.have, refused.value.need) == (30, 31)
        move(books.wang_points, books.home_points, 30, key="y", kind=TransferKind.SHARE)
    assert state(books.wang_points) == (0, 0, 2)
    assert state(books.home_points) == (30, 0, 1)


def test_a_batch_is_whole_or_nothing(books):
    rows = [posting(books.fund, books.wang_points, 5, key=f"claim:{n}") for n in range(3)]
    over = posting(books.li_points, books.wang_points, 1, key="z", kind=TransferKind.SHARE)
    with pytest.raises(ledger.InsufficientPoints):
        ledger.post_many([*rows, over])
    assert state(books.wang_points) == (0, 0, 0)
    assert [posted.is_new for posted in ledger.post_many(rows)] == [True] * 3
    assert [posted.is_new for posted in ledger.post_many(rows)] == [False] * 3
    assert state(books.wang_points) == (15, 0, 3)


def test_no_line_of_a_batch_shows_less_than_nothing(books):
    out = posting(books.wang_points, books.home_points, 8, key="a", kind=TransferKind.SHARE)
    into = posting(books.fund, books.wang_points, 10, key="b")
    ledger.post_many([out, into])
    lines = Entry.objects.filter(account=books.wang_points).order_by("seq")
    assert list(lines.values_list("delta", "posted")) == [(10, 10), (-8, 2)]


def test_a_batch_costs_the_same_statements_whatever_its_size(books, django_assert_num_queries):
    for size in (3, 300):
        rows = [posting(books.fund, books.wang_points, 1, key=f"n{size}:{n}") for n in range(size)]
        with django_assert_num_queries(3):  # with the savepoint around it
            ledger.post_many(rows)


@pytest.mark.parametrize("amount", [0, -5, 1.0, True, "3"])
def test_only_whole_points_above_nothing_move(books, amount):
    with pytest.raises(ledger.NothingMoves):
        posting(books.fund, books.wang_points, amount, key="x")


def test_nobody_approves_what_they_asked_for(books):
    with pytest.raises(ledger.OnePerson):
        posting(books.fund, books.wang_points, 1, key="x", actor=books.li.pk, approver=books.li.pk)


def test_one_alone_is_written_as_in_a_batch(books):
    """A single posting goes its own way in the database; nobody can tell by what it leaves."""
    due, share = timezone.now() + timedelta(days=7), TransferKind.SHARE

    def said(name):
        wang, home = books.wang_points, books.home_points
        return [
            posting(books.fund, wang, 30, key=f"{name}a", reason="清扫", lot_on=DAY),
            posting(wang, home, 8, key=f"{name}b", kind=share),
            posting(home, wang, 5, key=f"{name}c", kind=HOLD, due_at=due),
        ]

    def left(name):
        keys = [f"{name}{letter}" for letter in "abc"]
        transfers = Transfer.objects.filter(key__in=keys).order_by("key")
        skipped = ("id", "key", "posted_at")
        rows = [{k: v for k, v in row.items() if k not in skipped} for row in transfers.values()]
        entries = Entry.objects.filter(transfer__in=transfers).order_by("transfer__key", "account")
        return rows, list(entries.values_list("account", "delta", "community"))

    for one in said("single:"):
        assert ledger.post(one).is_new
    assert state(books.wang_points) == (22, 0, 2)
    assert state(books.home_points) == (8, 5, 2)
    ledger.post_many(said("batch:"))
    assert left("single:") == left("batch:")
    assert state(books.wang_points) == (44, 0, 4)
    assert state(books.home_points) == (16, 10, 4)


def test_books_and_units_never_mix(books):
    there = accounts.of_person(books.wang, books.elsewhere)
    with pytest.raises(ledger.MixedBooks):
        move(books.fund, there, 1, key="x")
    cents = Account.objects.create(
        community=books.community, unit_id="cents", kind="person", person=books.wang, floor=0
    )
    with pytest.raises(ledger.MixedBooks):
        move(books.fund, cents, 1, key="x")


# --- holds and reversals -------------------------------------------------------------------------


@pytest.fixture
def held(books):
    move(books.fund, books.wang_points, 50, key="claim:1")
    books.shop = accounts.of_merchant(books.merchant_shop, books.community)
    soon = timezone.now() + timedelta(days=7)
    books.hold = move(books.wang_points, books.shop, 30, key="held:1", kind=HOLD, due_at=soon)
    return books


def test_a_hold_promises_and_moves_nothing(held):
    assert state(held.wang_points) == (50, 30, 2)
    assert state(held.shop) == (0, 0, 0)
    with pytest.raises(ledger.InsufficientPoints):
        move(held.wang_points, held.home_points, 21, key="x", kind=TransferKind.SHARE)


def test_a_hold_ends_once(held):
    first = ledger.capture(held.hold, key="issue:1")
    assert ledger.capture(held.hold, key="issue:1") == (first.transfer_id, False)
    with pytest.raises(ledger.HoldEnded):
        ledger.void(held.hold, key="cancel:1", reason="取消")
    assert state(held.wang_points) == (20, 0, 3)
    assert state(held.shop) == (30, 0, 1)


def test_an_instant_is_kept_to_the_second(books):
    """Early in the day here it is still the day before in UTC, on the 1st the month before."""
    night = datetime(2026, 3, 1, 3, 30, 15, tzinfo=SHANGHAI)
    move(books.fund, books.wang_points, 10, key="award:1")
    hold = TransferKind.HOLD
    held = move(books.wang_points, books.li_points, 5, key="h", kind=hold, at=night, due_at=night)
    assert (held.posted_at, held.due_at) == (night, night)
    assert held.period == date(2026, 3, 1)


def test_a_released_hold_gives_all_back(held):
    ledger.void(held.hold, key="cancel:1", reason="取消")
    assert state(held.wang_points) == (50, 0, 3)
    assert state(held.shop) == (0, 0, 0)


def test_holds_past_their_time_are_released_once(held):
    assert ledger.void_overdue() == 0
    later = timezone.now() + timedelta(days=8)
    assert ledger.void_overdue(at=later) == 1
    assert ledger.void_overdue(at=later) == 0
    assert state(held.wang_points) == (50, 0, 3)


def test_a_reversal_mirrors_and_happens_once(held):
    award = Transfer.objects.get(key="claim:1")
    with pytest.raises(ledger.InsufficientPoints):  # 30 of them are promised
        ledger.reverse(award, key="r", reason="认证有误")
    ledger.void(held.hold, key="cancel:1", reason="取消")
    ledger.reverse(award, key="r", reason="认证有误", actor=held.li, approver=held.zhou)
    assert state(held.wang_points)[:2] == (0, 0)
    assert accounts.balance(held.fund) == 10_000
    with pytest.raises(ledger.ReversedBefore):
        ledger.reverse(award, key="r2", reason="再冲一次")


def test_a_hold_and_a_reversal_cannot_be_reversed(held):
    with pytest.raises(ledger.NotItsMirror):
        ledger.reverse(held.hold, key="r", reason="不行")


def test_an_ending_must_match_its_hold(held):
    wrong = posting(
        held.wang_points, held.shop, 29, key="x", kind=TransferKind.CAPTURE, pending_of=held.hold.pk
    )
    with pytest.raises(ledger.NotItsMirror):
        ledger.post(wrong)
    with pytest.raises(DatabaseError, match="names_what_it_ends"), transaction.atomic():
        ledger.post(posting(held.wang_points, held.shop, 1, key="x", kind=TransferKind.CAPTURE))


# --- nothing changes -----------------------------------------------------------------------------


@contextmanager
def refused():
    with (
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        yield cursor


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE points_transfer SET amount = 1",
        "DELETE FROM points_transfer",
        "UPDATE points_entry SET posted = 1",
        "DELETE FROM points_entry",
        "DELETE FROM points_account",
        "UPDATE points_account SET person_id = NULL",
        "UPDATE points_account SET floor = -5 WHERE floor = 0",
    ],
)
def test_what_stands_in_the_books_stays(books, statement):
    move(books.fund, books.wang_points, 30, key="claim:1")
    with refused() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
def test_the_books_cannot_be_emptied():
    let_flush(asleep=False)
    for table in ("transfer", "entry", "account"):
        with refused() as cursor:
            cursor.execute(f"TRUNCATE points_{table} CASCADE")


# --- many at once --------------------------------------------------------------------------------


def at_once(*jobs):
    """Run all at the same time, each with its own connection; the exceptions they ended with."""
    failed, start = [], threading.Barrier(len(jobs))

    def run(job):
        try:
            start.wait()
            job()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_one_key_from_eight_clients_counts_once(self, books):
        def claim():
            move(books.fund, books.wang_points, 30, key="claim:1")

        assert at_once(*[claim] * 8) == []
        assert state(books.wang_points) == (30, 0, 1)
        assert Transfer.objects.filter(key="claim:1").count() == 1

    def test_eight_writers_on_one_fund_lose_nothing(self, books):
        wallets = [books.wang_points, books.li_points]

        def award(writer):
            for n in range(20):
                move(books.fund, wallets[n % 2], 1, key=f"w{writer}:{n}")

        assert at_once(*[lambda w=w: award(w) for w in range(8)]) == []
        assert [state(wallet) for wallet in wallets] == [(80, 0, 80), (80, 0, 80)]
        assert accounts.balance(books.fund) == 10_000 - 160
        for wallet in wallets:
            lines = Entry.objects.filter(account=wallet).order_by("seq")
            assert [line.posted for line in lines] == list(range(1, 81))

    def test_opposite_transfers_queue_up(self, books):
        a, b = books.wang_points, books.home_points
        ledger.post_many(
            [posting(books.fund, a, 100, key="a"), posting(books.fund, b, 100, key="b")]
        )

        def forth(debit, credit, name):
            for n in range(20):
                move(debit, credit, 3, key=f"{name}:{n}", kind=TransferKind.SHARE)

        assert at_once(lambda: forth(a, b, "ab"), lambda: forth(b, a, "ba")) == []
        assert state(a)[0] == state(b)[0] == 100

    def test_the_last_points_are_spent_once(self, books):
        move(books.fund, books.wang_points, 10, key="claim:1")

        def spend(name):
            move(books.wang_points, books.home_points, 10, key=name, kind=TransferKind.SHARE)

        failed = at_once(*[lambda n=n: spend(f"s{n}") for n in range(4)])
        assert [type(error) for error in failed] == [ledger.InsufficientPoints] * 3
        assert state(books.wang_points)[0] == 0
