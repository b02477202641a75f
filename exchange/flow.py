"""An order's way from the window to the hand, as a table.

    reserved → issued → (reversed)

beside it: cancelled by who ordered, refused by the outlet, expired. Whatever ends an order ends
its hold in the ledger and its promise in the stock, in the same transaction.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import stock, telling, who
from exchange.models import OrderState as S
from points import ledger
from rules.refusals import Refused
from rules.workflow import Transition, Workflow, system
from ui.dates import day_text


class TooLate(Refused):
    def __init__(self, due_at):
        day = day_text(timezone.localdate(due_at), full=True)
        super().__init__(_("领取期限已于%(day)s结束，积分会退回") % {"day": day})


class NotToday(Refused):
    """Handed over on redemption days only; ``day`` is the next."""

    def __init__(self, day):
        self.day = day
        text = _("这里只在兑换日发放，下一个兑换日是%(day)s")
        super().__init__(text % {"day": day_text(day, full=True)})


class NotDue(Refused):
    def __init__(self):
        super().__init__(_("领取期限还没有到"))


def next_day(outlet, today):
    """The next redemption day, today included."""
    day = today
    while not outlet.is_day(day):
        day += timedelta(days=1)
    return day


def not_today(outlet, at) -> NotToday | None:
    """The refusal of an outlet that hands over on its redemption days only."""
    today = timezone.localdate(at)
    if outlet.only_on_days and not outlet.is_day(today):
        return NotToday(next_day(outlet, today))
    return None


def _end(order, move, posted) -> None:
    order.ending_id, order.ended_at = posted.transfer_id, move.at


def _issue(order, move):
    if move.at > order.due_at:
        raise TooLate(order.due_at)
    if refused := not_today(order.offer.outlet, move.at):
        raise refused
    order.issued_by = move.by
    order.photo = move.data.get("photo", "")
    stock.issue(stock.lock(order.offer), order, by=move.by, at=move.at)
    _end(order, move, ledger.capture(order.hold, key=f"order:{order.pk}:issue", at=move.at))


def _release(order, move):
    stock.release(stock.lock(order.offer), order, at=move.at)
    reason = move.reason or move.transition.text
    released = ledger.void(
        order.hold, key=f"order:{order.pk}:{move.verb}", reason=reason[:200], at=move.at
    )
    _end(order, move, released)


def _expire(order, move):
    if move.at <= order.due_at:
        raise NotDue
    _release(order, move)


def _reverse(order, move):
    """The points go back; the pieces too, where they lie in the outlet again."""
    if move.data.get("is_returned"):
        offer, asked_by = stock.lock(order.offer), move.data.get("asked_by")
        stock.take_back(offer, order, by=asked_by, at=move.at)
    ledger.reverse(
        order.ending,
        key=f"order:{order.pk}:reverse",
        reason=move.reason[:200],
        actor=move.data.get("asked_by"),
        approver=move.data.get("confirmed_by"),
        at=move.at,
    )


flow = Workflow(
    "order",
    step_model="exchange.OrderStep",
    transitions=[
        Transition(
            "issue",
            (S.RESERVED,),
            S.ISSUED,
            who=who.issues,
            label=L("发放"),
            tone="main",
            effect=_issue,
            tells=telling.of_issue,
        ),
        Transition(
            "cancel",
            (S.RESERVED,),
            S.CANCELLED,
            who=who.cancels,
            label=L("取消兑换"),
            effect=_release,
            tells=telling.of_release,
        ),
        Transition(
            "refuse",
            (S.RESERVED,),
            S.REFUSED,
            who=who.refuses,
            needs=(("reason", L("为什么不能发放")),),
            label=L("不能发放，退回积分"),
            effect=_release,
            tells=telling.of_release,
        ),
        Transition(
            "expire",
            (S.RESERVED,),
            S.EXPIRED,
            who=system,
            label=L("逾期未领，退回"),
            effect=_expire,
            tells=telling.of_release,
        ),
        # Asked for and confirmed in a settlement's dispute, by two people (exchange.settlement).
        Transition(
            "reverse",
            (S.ISSUED,),
            S.REVERSED,
            who=system,
            needs=(("reason", L("原因")),),
            label=L("更正：退回积分"),
            effect=_reverse,
            tells=telling.of_release,
        ),
    ],
)
