"""A settlement's way from the list to the money, as a table.

    sent → (disputed) → ready → submitted → approved → paid
                                          └→ closed, where nothing is paid

Every step locks the settlement, lines are only changed under it, so nobody answers twice and
nothing changes below what is submitted.
"""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as T

from exchange import codes, settled, who
from exchange import settlement_telling as telling
from exchange.flow import flow as order_flow
from exchange.models import OPEN, LineState, Omission, SettlementLine
from exchange.models import SettlementState as S
from points import accounts, ledger
from points.ledger import Posting
from points.models import TransferKind
from rules.refusals import Refused
from rules.workflow import Transition, Workflow, system
from ui.dates import day_text, local


class TermOver(Refused):
    def __init__(self, due_at):
        day = day_text(local(due_at).date(), full=True)
        super().__init__(_("异议期限已于%(day)s结束") % {"day": day})


class NotDue(Refused):
    def __init__(self):
        super().__init__(_("异议期限还没有到"))


class WrongLine(Refused):
    """What is asked for does not fit what the line is now."""

    def __init__(self, line: SettlementLine):
        text = _("这一笔现在是“%(state)s”，不能这样办理，请刷新后再看")
        super().__init__(text % {"state": line.get_state_display()})


class AnsweredBefore(Refused):
    def __init__(self):
        super().__init__(_("这一项已经答复"))


class NotToAdd(Refused):
    def __init__(self):
        text = _("没有这样的兑换单：须由该商家在本月底前发放、且不在任何结算单里")
        super().__init__(text)


class SamePerson(Refused):
    def __init__(self):
        super().__init__(_("提出的人不能自己批准，请由另一人办理"))


class DoesNotAddUp(Refused):
    def __init__(self):
        super().__init__(_("明细、兑付流水与商家账户对不上，不能继续；请看“核对”一栏，查明原因"))


class WrongPayDay(Refused):
    def __init__(self):
        super().__init__(_("付款日期不能早于批准之日，也不能晚于今天"))


# --- lines ---------------------------------------------------------------------------------------


def _line(settlement, move, *states) -> SettlementLine:
    """The line as it is now; its settlement is locked."""
    line = settlement.lines.select_related("order", "answered_by").get(pk=move.data["line"].pk)
    if line.state not in states:
        raise WrongLine(line)
    return line


def _dispute(settlement, move):
    if move.verb == "dispute" and move.at > settlement.dispute_due_at:
        raise TermOver(settlement.dispute_due_at)
    line = _line(settlement, move, LineState.OK, LineState.UPHELD)
    line.state, line.reason = LineState.DISPUTED, move.reason[:300]
    line.disputed_by, line.disputed_at = move.by, move.at
    line.answer, line.answered_by, line.answered_at = "", None, None
    line.save()


def _undispute(settlement, move):
    line = _line(settlement, move, LineState.DISPUTED)
    line.state, line.reason = LineState.OK, ""
    line.disputed_by = line.disputed_at = None
    line.save()


def _answer(state):
    def answer(settlement, move):
        line = _line(settlement, move, LineState.DISPUTED)
        line.state, line.answer = state, move.reason[:300]
        line.answered_by, line.answered_at = move.by, move.at
        line.is_returned = bool(move.data.get("is_returned"))
        line.save()
        move.to_state = settlement.state = _after_answers(settlement, move)

    return answer


def _reverse(settlement, move):
    line = _line(settlement, move, LineState.REVERSING)
    if line.answered_by_id == move.by.pk:
        raise SamePerson
    order_flow.advance(
        line.order,
        "reverse",
        by=None,
        reason=line.answer,
        at=move.at,
        asked_by=line.answered_by,
        confirmed_by=move.by,
        is_returned=line.is_returned,
    )
    line.state, line.reversed_by = LineState.REVERSED, move.by
    line.save()
    move.to_state = settlement.state = _after_answers(settlement, move)


def _decline(settlement, move):
    """Not so: the dispute waits for another answer. What was asked stays in the steps."""
    line = _line(settlement, move, LineState.REVERSING)
    line.state, line.answer, line.is_returned = LineState.DISPUTED, "", False
    line.answered_by = line.answered_at = None
    line.save()


# --- what is missing -----------------------------------------------------------------------------


def _miss(settlement, move):
    if move.at > settlement.dispute_due_at:
        raise TermOver(settlement.dispute_due_at)
    Omission.objects.create(
        settlement=settlement,
        code=codes.read(move.data.get("code", "")),
        text=move.reason[:300],
        said_by=move.by,
        said_at=move.at,
    )


def _answer_omission(settlement, move):
    omission = settlement.omissions.get(pk=move.data["omission"].pk)
    if omission.answer:
        raise AnsweredBefore
    if move.data.get("is_added"):
        omission.line = _added(settlement, omission)
    omission.answer = move.reason[:300]
    omission.answered_by, omission.answered_at = move.by, move.at
    omission.save()
    move.to_state = settlement.state = _after_answers(settlement, move)


def _added(settlement, omission) -> SettlementLine:
    """The order of the code, when it was handed over here in time and is counted nowhere."""
    orders = settled.waiting(settled.begins(settled.next_month(settlement.month)))
    orders = settled.of_organization(orders, settlement.organization_id, settlement.area_id)
    order = orders.filter(code=omission.code).select_related("offer__outlet").first()
    if order is None or settlement.lines.filter(order=order).exists():
        raise NotToAdd
    return lines_of(settlement, [order])[0]


def lines_of(settlement, orders) -> list[SettlementLine]:
    """Write a line for each order; ``orders`` come with their outlets."""
    return SettlementLine.objects.bulk_create(
        [
            SettlementLine(
                settlement=settlement,
                order=order,
                payer_id=order.area_id,
                books_id=order.offer.outlet.books_id,
                points=order.points,
            )
            for order in orders
        ],
        batch_size=500,
    )


# --- the whole -----------------------------------------------------------------------------------


def is_open(settlement) -> bool:
    """Is something said that nobody has answered?"""
    return (
        settlement.lines.filter(state__in=OPEN).exists()
        or settlement.omissions.filter(answer="").exists()
    )


def _after_answers(settlement, move) -> str:
    return S.DISPUTED if is_open(settlement) else S.READY


def _confirm(settlement, move):
    settlement.confirmed_by, settlement.confirmed_at = move.by, move.at


def _lapse(settlement, move):
    if move.at <= settlement.dispute_due_at:
        raise NotDue
    settlement.is_silent, settlement.confirmed_at = True, move.at


def _submit(settlement, move):
    said = settled.totals(settlement)
    if not settled.adds_up(settlement, settled.checks(settlement), said):
        raise DoesNotAddUp
    settlement.orders, settlement.pieces = said.orders, said.pieces
    settlement.points, settlement.cents = said.points, said.cents
    settlement.submitted_by, settlement.submitted_at = move.by, move.at


def _send_back(settlement, move):
    settlement.orders = settlement.pieces = settlement.points = settlement.cents = None
    settlement.submitted_by = settlement.submitted_at = None


def _approve(settlement, move):
    """Out of the merchant's accounts into the communities' clearing, all books or none."""
    if settlement.submitted_by_id == move.by.pk:
        raise SamePerson
    settlement.state = S.SUBMITTED  # nothing has moved yet: checked as it was submitted
    rows = settled.checks(settlement)
    if not settled.adds_up(settlement, rows, settled.totals(settlement)):
        raise DoesNotAddUp
    ledger.post_many(
        [
            Posting(
                community=row.account.community_id,
                debit=row.account.pk,
                credit=accounts.clearing_of(row.account.community).pk,
                amount=row.lines,
                key=f"settle:{settlement.pk}:{row.account.community_id}",
                kind=TransferKind.SETTLE,
                happened_on=timezone.localdate(move.at),
                reason=str(settlement),
                actor=settlement.submitted_by_id,
                approver=move.by.pk,
                at=move.at,
            )
            for row in rows
        ]
    )
    settlement.state = move.to_state
    settlement.approved_by, settlement.approved_at = move.by, move.at


def _after_approval(settlement, move) -> str:
    return S.APPROVED if settlement.pays and settlement.points else S.CLOSED


def _pay(settlement, move):
    paid_on = move.data["paid_on"]
    approved_on = timezone.localdate(settlement.approved_at)
    if not approved_on <= paid_on <= timezone.localdate(move.at):
        raise WrongPayDay
    if settlement.paid_at is not None:  # corrected: the step keeps what stood there
        move.data["before"] = f"{settlement.paid_on:%Y-%m-%d} {settlement.voucher}"
    settlement.paid_on, settlement.voucher = paid_on, move.data["voucher"].strip()[:40]
    settlement.paid_by, settlement.paid_at = move.by, move.at


_AFTER_ANSWERS = {"target": None, "targets": (S.DISPUTED, S.READY)}
_WHY = ("reason", T("答复"))
_PAYMENT = (("paid_on", T("付款日期")), ("voucher", T("凭证号")))

flow = Workflow(
    "settlement",
    step_model="exchange.SettlementStep",
    transitions=[
        Transition(
            "dispute",
            (S.SENT,),
            None,
            who=who.is_served,
            needs=("line", ("reason", T("异议"))),
            label=T("提出异议"),
            effect=_dispute,
        ),
        Transition(
            "undispute",
            (S.SENT,),
            None,
            who=who.is_served,
            needs=("line",),
            label=T("撤回异议"),
            effect=_undispute,
        ),
        Transition(
            "miss",
            (S.SENT,),
            None,
            who=who.is_served,
            needs=(("reason", T("情况")),),
            label=T("报漏列"),
            effect=_miss,
        ),
        Transition(
            "confirm",
            (S.SENT,),
            _after_answers,
            who=who.is_served,
            label=T("核对完毕"),
            tone="main",
            effect=_confirm,
            tells=telling.of_confirming,
            targets=(S.DISPUTED, S.READY),
        ),
        Transition(
            "lapse",
            (S.SENT,),
            _after_answers,
            who=system,
            label=T("逾期未答复，视为无异议"),
            effect=_lapse,
            tells=telling.of_confirming,
            targets=(S.DISPUTED, S.READY),
        ),
        # What the subdistrict itself doubts, though the merchant does not.
        Transition(
            "question",
            (S.READY,),
            S.DISPUTED,
            who=who.settles,
            needs=("line", ("reason", T("疑问"))),
            label=T("提出疑问"),
            effect=_dispute,
        ),
        Transition(
            "uphold",
            (S.DISPUTED,),
            who=who.settles,
            needs=("line", _WHY),
            label=T("计入"),
            effect=_answer(LineState.UPHELD),
            tells=telling.of_answers,
            **_AFTER_ANSWERS,
        ),
        Transition(
            "put_off",
            (S.DISPUTED,),
            who=who.settles,
            needs=("line", _WHY),
            label=T("转入下月"),
            effect=_answer(LineState.PUT_OFF),
            tells=telling.of_answers,
            **_AFTER_ANSWERS,
        ),
        Transition(
            "ask_reversal",
            (S.DISPUTED,),
            None,
            who=who.settles,
            needs=("line", ("reason", T("退回的理由"))),
            label=T("申请退回积分"),
            effect=_answer(LineState.REVERSING),
            tells=telling.of_asking,
        ),
        Transition(
            "reverse",
            (S.DISPUTED,),
            who=who.approves,
            needs=("line",),
            label=T("批准退回积分"),
            effect=_reverse,
            tells=telling.of_answers,
            **_AFTER_ANSWERS,
        ),
        Transition(
            "decline",
            (S.DISPUTED,),
            None,
            who=who.approves,
            needs=("line", ("reason", T("不退回的理由"))),
            label=T("不同意退回"),
            effect=_decline,
        ),
        Transition(
            "answer",
            (S.DISPUTED,),
            who=who.settles,
            needs=("omission", _WHY),
            label=T("答复漏列"),
            effect=_answer_omission,
            tells=telling.of_answers,
            **_AFTER_ANSWERS,
        ),
        Transition(
            "submit",
            (S.READY,),
            S.SUBMITTED,
            who=who.settles,
            label=T("提交批准"),
            tone="main",
            effect=_submit,
            tells=telling.of_submission,
        ),
        Transition(
            "send_back",
            (S.SUBMITTED,),
            S.READY,
            who=who.approves,
            needs=(("reason", T("退回的原因")),),
            label=T("退回经办"),
            effect=_send_back,
            tells=telling.of_return,
        ),
        Transition(
            "approve",
            (S.SUBMITTED,),
            _after_approval,
            who=who.approves,
            label=T("批准"),
            tone="main",
            effect=_approve,
            tells=telling.of_approval,
            targets=(S.APPROVED, S.CLOSED),
        ),
        Transition(
            "pay",
            (S.APPROVED,),
            S.PAID,
            who=who.settles,
            needs=_PAYMENT,
            label=T("登记已付款"),
            tone="main",
            effect=_pay,
            tells=telling.of_payment,
        ),
        Transition(
            "correct",
            (S.PAID,),
            S.PAID,
            who=who.settles,
            needs=(*_PAYMENT, ("reason", T("更正的原因"))),
            label=T("更正付款登记"),
            effect=_pay,
            tells=telling.of_payment,
        ),
    ],
)
