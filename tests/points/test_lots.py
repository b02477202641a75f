"""The oldest points go first, and those whose time is over expire once."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from inbox.models import Delivery, Message
from orgs.models import Household, Residence
from points import accounts, ledger, lots, sharing, tasks
from points.lots import Terms
from points.models import Transfer, TransferKind
from rules.models import RuleProfile
from tests.points.books import move, posting, state

K = TransferKind
JAN, FEB, MAR = date(2024, 1, 10), date(2024, 2, 10), date(2024, 3, 10)
RULES = Terms(months=24)


def award(b, account, points, on, key):
    return move(b.fund, account, points, key=key, on=on)


@pytest.fixture
def aged(books):
    """王 has 10 of January, 20 of February, 30 of March."""
    award(books, books.wang_points, 10, JAN, "jan")
    award(books, books.wang_points, 20, FEB, "feb")
    award(books, books.wang_points, 30, MAR, "mar")
    return books


def due():
    return timezone.now() + timedelta(days=7)


def spend(b, points, key, **more):
    return move(b.wang_points, b.home_points, points, key=key, kind=K.DONATE, **more)


def test_the_oldest_go_first(aged):
    spend(aged, 15, "x")
    assert lots.open_lots(aged.wang_points) == [(FEB, 15), (MAR, 30)]


def test_old_points_that_come_later_do_not_make_the_others_young(aged):
    """What was spent before they came was spent of what was there then."""
    spend(aged, 60, "x")
    award(aged, aged.wang_points, 5, JAN, "late")
    assert lots.open_lots(aged.wang_points) == [(JAN, 5)]


def test_a_hold_takes_at_once_and_its_voiding_gives_the_same_back(aged):
    held = move(aged.wang_points, aged.home_points, 25, key="h", kind=K.HOLD, due_at=due())
    assert lots.open_lots(aged.wang_points) == [(FEB, 5), (MAR, 30)]
    ledger.void(held, key="v", reason="取消")
    assert lots.open_lots(aged.wang_points) == [(JAN, 10), (FEB, 20), (MAR, 30)]


def test_what_was_held_is_paid_once(aged):
    held = move(aged.wang_points, aged.home_points, 25, key="h", kind=K.HOLD, due_at=due())
    captured = Transfer.objects.get(pk=ledger.capture(held, key="c").transfer_id)
    assert lots.open_lots(aged.wang_points) == [(FEB, 5), (MAR, 30)]
    ledger.reverse(captured, key="r", reason="退货")
    assert lots.open_lots(aged.wang_points) == [(JAN, 10), (FEB, 20), (MAR, 30)]


def test_a_reversed_award_takes_back_its_own_lot(aged):
    ledger.reverse(Transfer.objects.get(key="feb"), key="r", reason="认证有误")
    assert lots.open_lots(aged.wang_points) == [(JAN, 10), (MAR, 30)]


def test_a_reversed_award_that_was_spent_takes_the_oldest_left(aged):
    spend(aged, 25, "x")  # all of January, 15 of February
    ledger.reverse(Transfer.objects.get(key="feb"), key="r", reason="认证有误")
    assert lots.open_lots(aged.wang_points) == [(MAR, 15)]


def test_many_accounts_cost_one_query(aged, django_assert_num_queries):
    some = [aged.wang_points.pk, aged.home_points.pk, aged.li_points.pk]
    with django_assert_num_queries(1):
        assert sum(points for _day, points in lots.lots_of(some)[aged.wang_points.pk]) == 60


# --- expiry --------------------------------------------------------------------------------------


def test_points_last_24_months_to_the_end_of_the_month():
    assert RULES.expires_on(date(2024, 3, 1)) == date(2026, 4, 1)
    assert RULES.expires_on(date(2024, 3, 31)) == date(2026, 4, 1)
    assert RULES.expires_on(date(2023, 12, 5)) == date(2026, 1, 1)
    assert Terms(mode="lifetime").expires_on(MAR) is None
    assert Terms(mode="yearly_reset").expires_on(MAR) == date(2025, 1, 1)


def test_what_expires_when_is_told_by_month(aged):
    assert lots.expiring(aged.wang_points, date(2026, 3, 1), rules=RULES) == [
        (date(2026, 2, 1), 10),
        (date(2026, 3, 1), 20),
    ]


def test_old_lots_expire_once(aged):
    on = date(2026, 3, 1)
    assert lots.expire(aged.community, on, rules=RULES) == 30
    assert lots.expire(aged.community, on, rules=RULES) == 0
    assert state(aged.wang_points)[:2] == (30, 0)
    assert accounts.balance(accounts.expiry_of(aged.community)) == 30
    expired = Transfer.objects.get(kind=K.EXPIRE)
    assert (expired.debit_id, expired.happened_on) == (aged.wang_points.pk, on)


def test_what_is_held_does_not_expire_until_it_comes_back(aged):
    held = move(aged.wang_points, aged.home_points, 25, key="h", kind=K.HOLD, due_at=due())
    on = date(2026, 3, 1)
    assert lots.expire(aged.community, on, rules=RULES) == 5
    ledger.void(held, key="v", reason="取消")
    assert lots.expire(aged.community, on, rules=RULES) == 25
    assert state(aged.wang_points)[:2] == (30, 0)


def test_nothing_expires_for_life_or_next_door(aged):
    on = date(2030, 1, 1)
    assert lots.expire(aged.community, on, rules=Terms(mode="lifetime")) == 0
    assert lots.expire(aged.elsewhere, on, rules=RULES) == 0


def test_the_terms_come_from_the_rules_of_the_place(aged):
    RuleProfile.objects.filter(code="POINTS").update(
        params={"expiry_months": 6, "expiry_notice_days": [30], "expiry_mode": "months"}
    )
    assert lots.terms_at(aged.community, MAR) == Terms("months", 6, (30,))


def test_owners_are_reminded_once_for_each_notice(aged):
    first_gone = date(2026, 2, 1)

    def remind(days_before):
        return lots.remind(aged.community, first_gone - timedelta(days=days_before), rules=RULES)

    assert [remind(61), remind(60), remind(59), remind(15), remind(14)] == [0, 1, 0, 2, 0]
    texts = Message.objects.filter(kind="points.expiring").order_by("pk")
    assert [m.title for m in texts] == [
        "10 分积分即将到期",
        "10 分积分即将到期",
        "20 分积分即将到期",  # February's, 43 days ahead by then
    ]
    told = Delivery.objects.filter(message__in=texts, channel="site").values_list("person")
    assert set(told) == {(aged.wang.pk,)}


def test_the_beat_expires_and_reminds(aged):
    tasks.expire_points()
    assert state(aged.wang_points)[0] == 0  # two years are over


# --- within the household ------------------------------------------------------------------------


def test_points_keep_their_age_when_they_move_to_and_fro(aged):
    def share(source, target, points, key):
        return sharing.share(source, target, points, by=aged.wang, reason="给家里", key=key)

    assert len(share(aged.wang_points, aged.home_points, 25, "s1")) == 2
    assert lots.open_lots(aged.home_points) == [(JAN, 10), (FEB, 15)]
    assert lots.open_lots(aged.wang_points) == [(FEB, 5), (MAR, 30)]
    share(aged.home_points, aged.wang_points, 25, "s2")
    assert lots.open_lots(aged.wang_points) == [(JAN, 10), (FEB, 20), (MAR, 30)]
    assert lots.open_lots(aged.home_points) == []


def test_the_same_form_twice_moves_once(aged):
    def share():
        return sharing.share(
            aged.wang_points, aged.home_points, 25, by=aged.wang, reason="给家里", key="form:1"
        )

    first, again = share(), share()
    assert [p.transfer_id for p in first] == [p.transfer_id for p in again]
    assert state(aged.home_points)[0] == 25


def test_nothing_leaves_the_household(aged):
    other = accounts.of_household(
        Household.objects.create(area=aged.building, stairwell="1", room="302"), aged.community
    )
    for target in (other, aged.li_points, accounts.of_merchant(aged.merchant_shop, aged.community)):
        with pytest.raises(sharing.NotOneHousehold):
            sharing.share(aged.wang_points, target, 1, by=aged.wang, reason="送人", key="x")


def test_only_ones_own_is_given_away_and_a_minor_gives_nothing_of_the_household(aged):
    child = Residence.objects.create(
        person=aged.newcomer,
        household=aged.home,
        kind="family",
        state="verified",
        starts_on=JAN,
        verified_by=aged.li,
    ).person
    child.birth_year = timezone.localdate().year - 12
    child.save()
    move(aged.fund, aged.home_points, 5, key="home")
    for source, by in (
        (aged.wang_points, child),
        (aged.home_points, child),
        (aged.home_points, aged.li),
    ):
        target = aged.home_points if source == aged.wang_points else aged.wang_points
        with pytest.raises(sharing.NotTheirs):
            sharing.share(source, target, 1, by=by, reason="拿走", key="x")


def test_more_than_is_free_is_refused(aged):
    move(aged.wang_points, aged.home_points, 50, key="h", kind=K.HOLD, due_at=due())
    with pytest.raises(ledger.InsufficientPoints) as refused:
        sharing.share(aged.wang_points, aged.home_points, 11, by=aged.wang, reason="给", key="x")
    assert (refused.value.have, refused.value.need) == (10, 11)


@pytest.fixture
def two_doors(books):
    books.next_door = accounts.of_household(
        Household.objects.create(area=books.building, stairwell="1", room="302"), books.community
    )
    ledger.post_many(
        [
            posting(books.fund, books.home_points, p, key=f"{d}", on=d)
            for d, p in ((JAN, 7), (FEB, 2), (MAR, 1))
        ]
    )
    return books


def test_a_household_that_splits_gives_each_part_its_share_of_every_lot(two_doors):
    b = two_doors
    b_split = {"by": b.sun, "approver": b.zhou, "reason": "分户", "key": "split:1"}
    sharing.split(b.home_points, b.next_door, 5, **b_split)
    assert lots.open_lots(b.next_door) == [(JAN, 3), (FEB, 1), (MAR, 1)]
    assert lots.open_lots(b.home_points) == [(JAN, 4), (FEB, 1)]
    sharing.split(b.home_points, b.next_door, 5, **b_split)
    assert state(b.next_door)[0] == 5


def test_households_that_merge_bring_their_lots(two_doors):
    b = two_doors
    b_merge = {"by": b.sun, "approver": b.zhou, "reason": "并户", "key": "merge:1"}
    held = move(b.home_points, b.wang_points, 1, key="h", kind=K.HOLD, due_at=due())
    with pytest.raises(sharing.StillHeld):
        sharing.merge(b.home_points, b.next_door, **b_merge)
    ledger.void(held, key="v", reason="取消")
    sharing.merge(b.home_points, b.next_door, **b_merge)
    assert lots.open_lots(b.next_door) == [(JAN, 7), (FEB, 2), (MAR, 1)]
    assert state(b.home_points)[0] == 0
    with pytest.raises(sharing.NotHouseholds):
        sharing.merge(b.home_points, b.wang_points, **{**b_merge, "key": "merge:2"})
