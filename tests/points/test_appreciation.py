"""What was held long grows once a year, within the fund, where the rules say so; else nothing."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import Message
from points import accounts, appreciation, lots, mine, tasks, verification
from points.lots import Terms
from points.models import Transfer, TransferKind
from rules.models import RuleProfile
from rules.wording import LABELS, leaves
from tests.points.books import move, state

TODAY = date(2025, 3, 4)


@pytest.fixture
def grown(books):
    """王 has 150 of January 2024, 60 of June 2024; 2 % in March for what was held 12 months."""
    profile = RuleProfile.objects.get(code="EXCHANGE", place="", effective_to=None)
    params = {**profile.params, "appreciation_percent": 2, "appreciation_month": 3}
    RuleProfile.objects.filter(pk=profile.pk).update(params=params)
    move(books.fund, books.wang_points, 150, key="jan", on=date(2024, 1, 10))
    move(books.fund, books.wang_points, 60, key="june", on=date(2024, 6, 10))
    return books


def test_what_was_held_long_grows_once_rounded_down(grown):
    before = state(grown.wang_points)[0]
    old = sum(points for day, points in lots.open_lots(grown.wang_points) if day < date(2024, 3, 2))
    assert appreciation.grow(grown.community, TODAY) == old * 2 // 100 == 3
    assert appreciation.grow(grown.community, TODAY.replace(day=20)) == 0
    assert state(grown.wang_points)[0] == before + 3
    posted = Transfer.objects.get(kind=TransferKind.APPRECIATE)
    assert posted.key == f"appreciate:{grown.wang_points.pk}:2025"
    assert (posted.debit, posted.reason) == (grown.fund, "持有满 12 个月，增值 2%")
    assert lots.open_lots(grown.wang_points)[-1] == (TODAY, 3)
    entry = posted.entries.get(account=grown.wang_points)
    assert mine.line_of(entry, grown.wang).text == "持有满 12 个月，增值 2%"
    assert verification.run(full=True).findings == []
    assert appreciation.grow(grown.community, TODAY.replace(year=2026)) > 0  # next year again


def test_another_month_or_no_percent_posts_nothing(grown):
    assert appreciation.grow(grown.community, TODAY.replace(month=4)) == 0
    profile = RuleProfile.objects.get(code="EXCHANGE", place="", effective_to=None)
    off = {**profile.params, "appreciation_percent": 0}
    RuleProfile.objects.filter(pk=profile.pk).update(params=off)
    assert appreciation.grow(grown.community, TODAY) == 0
    assert not Transfer.objects.filter(kind=TransferKind.APPRECIATE).exists()


def test_a_fund_that_falls_short_posts_nothing_and_says_so_once(grown):
    rest = grown.fund
    move(
        rest,
        accounts.issuance_of(grown.community),
        accounts.balance(rest) - 2,
        key="rest",
        kind=TransferKind.RETURN,
    )
    for _again in range(2):
        assert appreciation.grow(grown.community, TODAY) == 0
    told = Message.objects.get(kind="points.budget", key__startswith="appreciate-short:")
    assert "可用 2 分，增值需要 3 分" in told.text
    move(accounts.issuance_of(grown.community), rest, 10, key="more", kind=TransferKind.ALLOT)
    assert appreciation.grow(grown.community, TODAY) == 3


def test_the_beat_twice_grows_once(grown):
    assert appreciation.held_before(date(2025, 3, 1), 12) == date(2024, 3, 1)
    month = timezone.localdate().month
    profile = RuleProfile.objects.get(code="EXCHANGE", place="", effective_to=None)
    params = {**profile.params, "appreciation_month": month}
    RuleProfile.objects.filter(pk=profile.pk).update(params=params)
    for _again in range(2):
        tasks.grow_points()
    assert Transfer.objects.filter(kind=TransferKind.APPRECIATE).count() == 1


def test_the_year_that_is_over_is_gone_on_the_first_of_january(grown):
    rules = Terms(mode="yearly_reset")
    assert lots.expire(grown.community, date(2024, 12, 31), rules=rules) == 0
    before = state(grown.wang_points)[0]
    assert lots.expire(grown.community, date(2025, 1, 1), rules=rules) == before
    assert state(grown.wang_points)[0] == 0


def test_the_page_of_the_rules_says_both_in_words(client, books):
    for code, words in (
        ("EXCHANGE", ("保值增值每年（%）", "保值增值在几月", "持有满几个月才增值")),
        ("POINTS", ("积分怎样到期", "按月数到期")),
    ):
        profile = RuleProfile.objects.get(code=code, place="", effective_to=None)
        html = client.get(reverse("rule", args=[profile.pk])).content.decode()
        assert [word for word in words if word not in html] == []
    exchange = RuleProfile.objects.get(code="EXCHANGE", place="", effective_to=None)
    assert [name for name in exchange.params if name not in LABELS] == []
    assert list(leaves(exchange.params))
