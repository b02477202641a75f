"""A month is closed when nobody can write into it any more, and its statements add up."""

import threading
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection, transaction

from points import accounts, ledger, periods
from points.models import Period, Statement, TransferKind
from tests.points.books import move

SHARE, HOLD = TransferKind.SHARE, TransferKind.HOLD
FEBRUARY, MARCH, APRIL = date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)


def at(month: int, day: int = 10) -> datetime:
    return datetime(2026, month, day, 4, tzinfo=UTC)


@pytest.fixture
def spring():
    with time_machine.travel(at(5), tick=False):
        yield


@pytest.fixture
def months(spring, books):
    """王 earns 30 in March, promises 5, gives 10 away in April; the budget came in February."""
    move(
        accounts.issuance_of(books.community),
        books.fund,
        500,
        key="feb",
        kind=TransferKind.ALLOT,
        at=at(2),
    )
    move(books.fund, books.wang_points, 30, key="claim:1", at=at(3))
    move(
        books.wang_points, books.home_points, 5, key="hold:1", kind=HOLD, due_at=at(6), at=at(3, 20)
    )
    move(books.wang_points, books.home_points, 10, key="share:1", kind=SHARE, at=at(4))
    return books


def lines(account) -> list[tuple]:
    rows = Statement.objects.filter(account=account).order_by("period__month")
    return list(
        rows.values_list("period__month", "opening", "credited", "debited", "closing", "held")
    )


def close(community, month) -> Period:
    period = periods.shut(community, month)
    assert periods.close(period)
    period.refresh_from_db()
    return period


def test_statements_follow_one_another(months):
    for month in (FEBRUARY, MARCH, APRIL):
        close(months.community, month)
    assert lines(months.wang_points) == [
        (MARCH, 0, 30, 0, 30, 5),
        (APRIL, 30, 0, 10, 20, 5),
    ]
    assert lines(months.fund) == [
        (FEBRUARY, 0, 500, 0, 500, 0),
        (MARCH, 500, 0, 30, 470, 0),
        (APRIL, 470, 0, 0, 470, 0),
    ]
    assert accounts.balance(months.fund) == 10_470  # the budget of May is not closed yet


def test_a_shut_month_takes_nothing_and_neither_do_those_before(months):
    periods.shut(months.community, MARCH)
    for month in (2, 3):
        with pytest.raises(ledger.PeriodShut):
            move(months.fund, months.wang_points, 1, key="late", at=at(month))
    move(months.fund, months.wang_points, 1, key="in time", at=at(4))


def test_closing_again_changes_nothing(months):
    period = close(months.community, MARCH)
    assert periods.close(period)
    assert len(lines(months.wang_points)) == 1
    assert periods.shut(months.community, MARCH) == period


def test_only_a_month_that_is_over_is_shut(months):
    with pytest.raises(periods.NotOver):
        periods.shut(months.community, date(2026, 5, 1))


def test_months_close_in_order(months):
    march, april = (periods.shut(months.community, month) for month in (MARCH, APRIL))
    with pytest.raises(periods.OutOfOrder, match="2026-03"):
        periods.close(april)
    with pytest.raises(periods.OutOfOrder):
        periods.shut(months.community, FEBRUARY)
    assert periods.close(march)
    assert periods.close(april)


def test_after_a_downtime_all_months_are_closed_in_order(months):
    assert periods.close_due() == 3
    assert periods.close_due() == 0
    closed = Period.objects.filter(community=months.community).order_by("month")
    assert [period.month for period in closed] == [FEBRUARY, MARCH, APRIL]
    assert all(period.closed_at for period in closed)


def test_a_month_stays_open_for_late_papers(months):
    with time_machine.travel(at(5, 4), tick=False):
        assert periods.close_due(grace_days=5) == 2  # February and March
    with time_machine.travel(at(5, 6), tick=False):
        assert periods.close_due(grace_days=5) == 1


def test_a_line_from_another_server_is_drawn_anew(months):
    period = periods.shut(months.community, MARCH)
    Period.objects.filter(pk=period.pk).update(horizon=2**50)  # the dump's server was far ahead
    assert periods.close(period)
    period.refresh_from_db()
    assert 0 < period.horizon < 2**50


@pytest.mark.django_db(transaction=True)
def test_who_looked_before_is_waited_for(months):
    """A transfer posted before the month was shut, and committed after, stands in its statement."""
    posted, shut = threading.Event(), threading.Event()

    def slow_poster():
        with transaction.atomic():
            move(months.fund, months.wang_points, 7, key="slow", at=at(3))
            posted.set()
            assert shut.wait(10)
        connection.close()

    thread = threading.Thread(target=slow_poster)
    thread.start()
    assert posted.wait(10)
    period = periods.shut(months.community, MARCH)
    assert not periods.close(period)
    assert not periods.close(period)
    assert not Statement.objects.exists()
    shut.set()
    thread.join()
    assert periods.close(period)
    assert lines(months.wang_points) == [(MARCH, 0, 37, 0, 37, 5)]
