"""A month with a merchant: agreed line by line, approved by two, moved once, and paid."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from exchange import orders, settled, settlement
from exchange.models import (
    LineState,
    Omission,
    OrderState,
    Settlement,
    SettlementLine,
    SettlementState,
)
from exchange.settlement_flow import (
    DoesNotAddUp,
    NotToAdd,
    SamePerson,
    TermOver,
    WrongLine,
    WrongPayDay,
)
from inbox.models import Message
from points import accounts, ledger, verification
from points.models import Transfer, TransferKind
from rules.workflow import NotAllowed, WrongState
from tests.exchange.settling import (
    agreed,
    approved,
    drawn,
    issued,
    last_month,
    noon,
    submitted,
    two_orders,
)
from tests.points.books import state

S = SettlementState


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def of_merchant(window, community) -> int:
    account = accounts.of_merchant(window.merchant_shop, community)
    return ledger.balance(account)


def clearing(community) -> int:
    return ledger.balance(accounts.clearing_of(community))


def clean() -> bool:
    return verification.run(full=True).findings == []


def test_a_month_is_drawn_up_agreed_approved_and_paid(window):
    first, second = two_orders(window)
    issued(window, window.tissue_here, on=timezone.localdate())  # of this month: not yet
    found = drawn(window)
    assert (found.state, found.pays, found.face_value_cents) == (S.SENT, True, 10)
    assert {line.order_id for line in found.lines.all()} == {first.pk, second.pk}
    assert Message.objects.filter(kind="exchange.statement").count() == 1

    settlement.confirm(found, by=window.shang)
    settlement.submit(found, by=window.chen)
    assert (found.orders, found.pieces, found.points, found.cents) == (2, 2, 120, 1200)
    assert of_merchant(window, window.community) == 120

    settlement.approve(found, by=window.han)
    assert found.state == S.APPROVED
    assert of_merchant(window, window.community) == 60  # this month's
    assert of_merchant(window, window.elsewhere) == 0
    assert (clearing(window.community), clearing(window.elsewhere)) == (60, 60)
    moved = Transfer.objects.filter(kind=TransferKind.SETTLE)
    assert {(row.actor, row.approver, row.amount) for row in moved} == {
        (window.chen, window.han, 60)
    }

    today = timezone.localdate()
    settlement.pay(found, by=window.chen, paid_on=today, voucher="青财 2026-118")
    assert (found.state, found.paid_by) == (S.PAID, window.chen)
    settlement.correct(
        found, by=window.chen, paid_on=today, voucher="青财 2026-181", reason="凭证号写反"
    )
    last = found.steps.last()
    assert (last.reason, last.data["before"]) == ("凭证号写反", f"{today:%Y-%m-%d} 青财 2026-118")
    assert clean()


def test_a_communitys_shop_hands_out_what_is_public_and_is_not_paid(window):
    issued(window, window.tissue_shop, who="qian")
    found = approved(window, organization=window.committee)
    assert (found.state, found.pays) == (S.CLOSED, False)
    with pytest.raises(WrongState):
        settlement.pay(found, by=window.chen, paid_on=timezone.localdate(), voucher="1")


def test_drawing_up_twice_is_once_and_makes_up_for_a_downtime(window):
    two_months_ago = last_month() - timedelta(days=1)
    issued(window, on=two_months_ago)
    issued(window, window.tissue_shop)
    two_orders(window)
    assert settlement.draw_up_due() == 3
    assert settlement.draw_up_due() == 0
    months = Settlement.objects.filter(organization=window.merchant_shop).order_by("month")
    assert [(row.month, row.lines.count()) for row in months] == [
        (two_months_ago.replace(day=1), 1),
        (last_month(), 2),
    ]
    assert drawn(window) == months[1]


def test_a_month_that_still_runs_is_not_drawn_up(window):
    issued(window, on=timezone.localdate())
    assert settlement.draw_up_due() == 0
    assert drawn(window, month=timezone.localdate()) is None


def test_silence_is_agreement_and_is_marked(window):
    two_orders(window)
    found = drawn(window)
    line = found.lines.first()
    settlement.dispute(line, by=window.shang, reason="这一单没有发放")
    assert settlement.lapse_due(at=found.dispute_due_at) == 0
    late = found.dispute_due_at + timedelta(seconds=1)
    with pytest.raises(TermOver):
        settlement.dispute(found.lines.last(), by=window.shang, reason="也没有", at=late)
    assert settlement.lapse_due(at=late) == 1
    found.refresh_from_db()
    assert (found.is_silent, found.confirmed_by, found.state) == (True, None, S.DISPUTED)


def disputed(window) -> SettlementLine:
    """The first of two lines, disputed by the merchant who then said so."""
    two_orders(window)
    found = drawn(window)
    line = found.lines.order_by("pk").first()
    settlement.dispute(line, by=window.shang, reason="当天缺货，没有发放")
    settlement.confirm(found, by=window.shang)
    assert found.state == S.DISPUTED
    return fresh(line)


def test_a_disputed_line_stands(window):
    line = disputed(window)
    with pytest.raises(WrongState):
        settlement.submit(line.settlement, by=window.chen)
    settlement.uphold(line, by=window.chen, reason="有发放照片")
    assert (fresh(line).state, line.settlement.state) == (LineState.UPHELD, S.READY)
    assert settled.totals(line.settlement).points == 120


def test_a_line_put_off_comes_with_the_next_month(window, time_machine):
    line = disputed(window)
    settlement.put_off(line, by=window.chen, reason="等商家补交小票")
    settlement.submit(line.settlement, by=window.chen)
    settlement.approve(line.settlement, by=window.han)
    assert line.settlement.points == 60
    assert of_merchant(window, window.community) == 60
    assert settlement.draw_up_due() == 0

    month = timezone.localdate().replace(day=1)
    time_machine.move_to(noon(settled.next_month(month)), tick=False)
    assert settlement.draw_up_due() == 1
    later = Settlement.objects.get(month=month)
    assert [row.order_id for row in later.lines.all()] == [line.order_id]
    with pytest.raises(IntegrityError), transaction.atomic():
        SettlementLine.objects.filter(pk=line.pk).update(state=LineState.UPHELD)


@pytest.mark.parametrize("is_returned", [True, False])
def test_points_go_back_when_two_people_want_it(window, is_returned):
    line = disputed(window)
    held = state(window.wang_points)[0]
    settlement.ask_reversal(line, by=window.chen, reason="没有发放", is_returned=is_returned)
    assert line.settlement.state == S.DISPUTED
    with pytest.raises(NotAllowed):
        settlement.reverse(line, by=window.chen)
    settlement.reverse(line, by=window.han)
    line = fresh(line)
    assert (line.state, line.order.state) == (LineState.REVERSED, OrderState.REVERSED)
    assert line.settlement.state == S.READY
    assert state(window.wang_points)[0] == held + 60
    window.tissue_here.refresh_from_db()
    assert window.tissue_here.on_hand == (4 if is_returned else 3)
    back = Transfer.objects.get(kind=TransferKind.REVERSE)
    assert (back.actor, back.approver) == (window.chen, window.han)

    settlement.submit(line.settlement, by=window.chen)
    settlement.approve(line.settlement, by=window.han)
    assert line.settlement.points == 60
    assert of_merchant(window, window.community) == 0
    assert clean()


def test_a_reversal_that_is_declined_waits_for_another_answer(window):
    line = disputed(window)
    settlement.ask_reversal(line, by=window.chen, reason="没有发放")
    settlement.decline(line, by=window.han, reason="照片上有居民签名")
    assert fresh(line).state == LineState.DISPUTED
    settlement.uphold(line, by=window.chen, reason="按领导意见计入")
    assert line.settlement.state == S.READY
    with pytest.raises(WrongState):
        settlement.reverse(line, by=window.han)


def test_what_the_subdistrict_doubts_is_answered_too(window):
    two_orders(window)
    found = agreed(window)
    line = found.lines.first()
    settlement.question(line, by=window.chen, reason="居民来电说没有领到")
    assert line.settlement.state == S.DISPUTED
    with pytest.raises(WrongLine):
        settlement.reverse(line, by=window.han)
    settlement.uphold(line, by=window.chen, reason="已与居民核实，家人代领")


def test_what_is_missing_is_explained_or_added(window):
    first, _second = two_orders(window)
    found = drawn(window)
    open_one = orders.place(
        window.haircut_here,
        account=window.wang_points,
        person=window.wang,
        household=window.home,
        by=window.wang,
        key="open",
    )
    late = issued(window, window.haircut_here, who="qian")  # came in after the list was drawn up
    for code in (open_one.code, first.code, late.code, ""):
        settlement.miss(found, by=window.shang, text="发了但不在清单上", code=code)
    settlement.confirm(found, by=window.shang)
    not_issued, listed, added, none = found.omissions.all()
    for omission in (not_issued, listed, none):
        with pytest.raises(NotToAdd):
            settlement.answer(omission, by=window.chen, reason="补入", is_added=True)
        settlement.answer(omission, by=window.chen, reason="系统里没有发放记录")
    settlement.answer(added, by=window.chen, reason="补入本月", is_added=True)
    assert Omission.objects.get(pk=added.pk).line.order == late
    assert (added.settlement.state, settled.totals(found).points) == (S.READY, 220)


def test_who_submits_does_not_approve(window):
    two_orders(window)
    found = submitted(window)
    for somebody in (window.chen, window.shang, window.zhou, window.chu, window.wang):
        with pytest.raises(NotAllowed):
            settlement.approve(found, by=somebody)
    with pytest.raises(IntegrityError), transaction.atomic():
        Settlement.objects.filter(pk=found.pk).update(
            state=S.APPROVED, approved_by=window.chen, approved_at=timezone.now()
        )
    settlement.send_back(found, by=window.han, reason="附件不全")
    assert (found.state, found.points, found.submitted_by) == (S.READY, None, None)
    settlement.submit(found, by=window.chen)
    settlement.approve(found, by=window.han)


def test_nobody_approves_what_they_submitted_whatever_posts_they_hold(window):
    from orgs import access, posts
    from orgs.positions import Position

    two_orders(window)
    found = submitted(window)
    today = timezone.localdate()
    posts.appoint(
        window.chen,
        window.office,
        Position.SUBDISTRICT_LEADER,
        area=None,
        starts_on=today,
        reason="代理",
    )
    access.forget(window.chen)
    with pytest.raises(SamePerson):
        settlement.approve(found, by=window.chen)


def test_what_does_not_add_up_is_not_submitted(window):
    two_orders(window)
    found = agreed(window)
    merchant = accounts.of_merchant(window.merchant_shop, window.community)
    from tests.points.books import move

    move(merchant, window.wang_points, 5, key="wrong", kind=TransferKind.SHARE)
    rows = settled.checks(found)
    assert [(row.fits, row.balance, row.unsettled) for row in rows] == [
        (False, 55, 60),
        (True, 60, 60),
    ]
    with pytest.raises(DoesNotAddUp):
        settlement.submit(found, by=window.chen)


def test_what_is_paid_says_when_and_by_which_voucher(window):
    two_orders(window)
    found = approved(window)
    today = timezone.localdate()
    for day in (today + timedelta(days=1), today - timedelta(days=1)):
        with pytest.raises(WrongPayDay):
            settlement.pay(found, by=window.chen, paid_on=day, voucher="1")
    with pytest.raises(NotAllowed):
        settlement.pay(found, by=window.shang, paid_on=today, voucher="1")


def test_what_is_approved_stays(window):
    two_orders(window)
    found = approved(window)
    line = found.lines.first()
    for change in (
        lambda: Settlement.objects.filter(pk=found.pk).update(points=1, cents=10),
        lambda: Settlement.objects.filter(pk=found.pk)._raw_delete("default"),
        lambda: SettlementLine.objects.filter(pk=line.pk).update(points=1),
        lambda: SettlementLine.objects.filter(pk=line.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            change()


def test_an_order_is_in_one_settlement(window):
    first, _second = two_orders(window)
    found = drawn(window)
    other = Settlement.objects.create(
        area=window.street,
        organization=window.committee,
        month=last_month(),
        pays=False,
        face_value_cents=10,
        dispute_due_at=timezone.now(),
    )
    with pytest.raises(IntegrityError, match="counted_once"), transaction.atomic():
        SettlementLine.objects.create(
            settlement=other,
            order=first,
            payer=window.community,
            books=window.community,
            points=60,
        )
    assert found.lines.count() == 2


def test_who_keeps_it_waiting_is_reminded_once(window, time_machine):
    two_orders(window)
    found = drawn(window)
    time_machine.move_to(found.dispute_due_at - timedelta(hours=4), tick=False)
    assert settlement.remind() == 1
    settlement.remind()
    assert Message.objects.filter(key=f"settlement:{found.pk}:term").count() == 1
    settlement.confirm(found, by=window.shang)
    settlement.submit(found, by=window.chen)
    monday = timezone.now() + timedelta(days=7 - timezone.localdate().weekday() + 7)
    time_machine.move_to(monday, tick=False)
    settlement.remind()
    settlement.remind()
    late = Message.objects.filter(key__startswith="settlements-late:")
    assert [set(row.deliveries.values_list("person", flat=True)) for row in late] == [
        {window.han.pk}
    ]


# --- two at once, and killed ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_post_once(window, together):
    two_orders(window)
    found = submitted(window)
    answers = together(*[lambda: settlement.approve(fresh(found), by=fresh(window.han))] * 2)
    assert sorted(type(answer).__name__ for answer in answers) == ["SettlementStep", "WrongState"]
    assert Transfer.objects.filter(kind=TransferKind.SETTLE).count() == 2
    assert clearing(window.community) == 60
    assert clean()


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_draw_up_once(window, together):
    two_orders(window)
    together(settlement.draw_up_due, settlement.draw_up_due)
    assert Settlement.objects.count() == 1
    assert SettlementLine.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_killed_between_approval_and_commit_leaves_nothing(window, together, monkeypatch):
    two_orders(window)
    found = submitted(window)

    def killed(settlement, move):
        with connection.cursor() as cursor:  # the server drops us, everything is written
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    row = settlement.flow.transition("approve", S.SUBMITTED)
    monkeypatch.setitem(row.__dict__, "tells", killed)
    (answer,) = together(lambda: settlement.approve(fresh(found), by=window.han))
    assert "terminating connection" in str(answer)
    monkeypatch.undo()
    assert fresh(found).state == S.SUBMITTED
    assert not Transfer.objects.filter(kind=TransferKind.SETTLE).exists()
    assert of_merchant(window, window.community) == 60
    settlement.approve(fresh(found), by=window.han)
    assert clearing(window.community) == 60
    assert clean()


def test_the_diagrams_in_the_docs_are_the_tables():
    from exchange import clearing
    from exchange.models import Clearing, ClearingState

    text = Path(settings.BASE_DIR, "docs", "exchange-settlement.md").read_text("utf-8")
    assert settlement.flow.diagram(Settlement) in text
    assert clearing.flow.diagram(Clearing) in text
    assert set(settlement.flow.states) == set(S.values)
    assert set(clearing.flow.states) == set(ClearingState.values)
