"""Two communities become one: points, claims, budgets and the points group go along."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orgs import areas
from orgs.models import Area, Person
from points import accounts, batches, deductions, ledger, lots, merging, mine, tasks, verification
from points.models import Account, Batch, BatchState, PanelMember, TransferKind
from tests.points import claiming
from tests.points.books import posting
from tests.points.test_deductions import to_state


def merge(points) -> Area:
    into = Area.objects.get(pk=points.elsewhere.pk)
    areas.merge(Area.objects.get(pk=points.community.pk), into, reason="社区规模调整")
    return Area.objects.get(pk=points.elsewhere.pk)


def their_batch(points, month) -> Batch:
    """The survivor has a batch of that month, too."""
    return Batch.objects.create(area=points.elsewhere, month=month)


def test_balances_budget_and_open_claims_go_along_and_the_books_are_clean(points):
    month = batches.last_month()
    paid = claiming.paid(points, quantity=3)
    their_batch(points, month)
    home = accounts.of_household(points.home, points.community)
    claiming.award(points, home, 7)
    open_claim = claiming.certified(points, "P14", text="反诈培训")
    appealable = to_state(points, "heard")
    before = lots.open_lots(accounts.of_person(points.wang, points.community))
    into = merge(points)

    assert accounts.balance(accounts.of_person(points.wang, into)) == 30
    assert accounts.balance(accounts.of_household(points.home, into)) == 7
    assert lots.open_lots(accounts.of_person(points.wang, into)) == before
    assert accounts.balance(accounts.fund_of(into)) == 99_963
    assert accounts.balance(accounts.issuance_of(into)) == -100_000
    assert accounts.balance(accounts.issuance_of(points.community)) == 0
    for account in Account.objects.filter(community=points.community, kind__in=lots.GROW_OLD):
        assert (account.posted, account.held) == (0, 0)
    assert sum(row.available for row in mine.accounts_of(points.wang)) == 37
    paid.refresh_from_db()
    open_claim.refresh_from_db()
    appealable.refresh_from_db()
    assert (paid.community, paid.batch.area) == (points.community, points.community)
    assert (open_claim.community, open_claim.state) == (into, "certified")
    assert appealable.community == into
    assert areas.strayed() == {}
    assert not verification.run(full=True).findings
    # The next month is the survivor's own.
    zhou = Person.objects.get(pk=points.zhou.pk)  # her rights are read anew
    deductions.drop(appealable, reason="已改正", by=zhou)
    batch = batches.open(into, timezone.localdate().replace(day=1))
    open_claim.refresh_from_db()
    assert open_claim.batch == batch


@pytest.mark.parametrize("state", ["collecting", "deciding", "reviewing"])
def test_two_open_batches_of_one_month(points, state):
    month = batches.last_month()
    claim = claiming.certified(points, happened_on=month)
    batch = batches.open(points.community, month)
    if state != "collecting":
        batches.start_deciding(batch, by=None)
        batches.approve(batch, [claim.pk], by=points.zhou)
    if state == "reviewing":
        batches.close_decisions(batch, by=points.zhou)
        batches.sign(batch, by=points.he)
    assert batch.state == state
    theirs = their_batch(points, month)
    into = merge(points)
    batch.refresh_from_db()
    claim.refresh_from_db()
    assert (batch.state, batch.area) == (BatchState.POSTED, points.community)
    assert batch.steps.last().reason == "社区合并：社区规模调整"
    assert (claim.state, claim.batch, claim.decision, claim.community) == (
        "certified",
        None,
        "",
        into,
    )
    assert claim.steps.last().verb == "carry"
    assert batches.open(into, month) == theirs
    claim.refresh_from_db()
    assert (claim.batch, claim.state) == (theirs, "batched")


def test_a_notice_is_not_cut_short_by_a_merge(points):
    claim = claiming.certified(points, happened_on=batches.last_month())
    batch = batches.open(points.community, batches.last_month())
    batches.approve(batch, [claim.pk], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in (points.he, points.neighbour, points.jian):
        batches.sign(batch, by=someone)
    batches.publish(batch, by=points.zhou)
    with pytest.raises(areas.CannotMerge, match="入账以后才能合并"):
        merge(points)
    batch.refresh_from_db()
    points.community.refresh_from_db()
    assert (batch.state, points.community.closed_on) == ("noticed", None)


def test_what_was_held_follows_when_it_comes_free(points):
    account = accounts.of_person(points.wang, points.community)
    claiming.award(points, account, 20)
    held = ledger.hold(
        posting(
            account,
            accounts.escrow_of(points.community),
            8,
            key="promise:1",
            kind=TransferKind.HOLD,
            due_at=timezone.now() + timedelta(days=3),
        )
    )
    into = merge(points)
    there = accounts.of_person(points.wang, into)
    assert accounts.balance(there) == 12
    assert merging.carry_rests() == 0
    ledger.void(account.debits.get(pk=held.transfer_id), key="promise:1:void", reason="没有领取")
    tasks.tend_batches()
    tasks.tend_batches()
    assert accounts.balance(there) == 20
    assert not verification.run(full=True).findings


def test_who_sits_in_both_groups_sits_once(points):
    seat = PanelMember.objects.get(person=points.he)
    twin = PanelMember.objects.create(
        area=points.elsewhere, person=points.he, role="member", starts_on=seat.starts_on
    )
    into = merge(points)
    seat.refresh_from_db()
    assert seat.ends_on == timezone.localdate()
    now = PanelMember.objects.in_force().filter(area=into)
    assert twin in now
    assert now.filter(person=points.he).count() == 1
    assert now.count() == 3
