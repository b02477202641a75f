"""A claim's way from the deed to the ledger, as a table.

    claimed → certified → batched → reviewed → noticed → (objected) → posted → (reversed)

beside it: refused with a reason and one appeal, withdrawn by who filed it. The rows of a batch
(from ``collect`` on) are moved many at a time by ``points.batches``, under the same table.
"""

from dataclasses import replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from points import caps, ledger, telling, terms, who
from points.models import BatchState, Claim, ClaimState, RefusalCode
from rules import clocks
from rules.refusals import Refused
from rules.workflow import Missing, Transition, Workflow, system


class NothingLeft(Refused):
    def __init__(self, cap):
        self.cap = cap
        super().__init__(_("已到上限（%(cap)s），不能再申报") % {"cap": caps.describe(cap)})


class NoObjection(Refused):
    def __init__(self):
        super().__init__(_("只有收到异议的批次才能更正"))


class NotLower(Refused):
    def __init__(self, points: int):
        super().__init__(
            _("更正只能减少：须少于 %(points)d 分，且不少于 1 分") % {"points": points}
        )


class AppealOver(Refused):
    def __init__(self, due_at: datetime):
        day = timezone.localtime(due_at).date().isoformat()
        super().__init__(_("申诉期已于 %(day)s 结束") % {"day": day})


# --- clocks and effects --------------------------------------------------------------------------


def start_clock(claim: Claim, name: str, at: datetime, *, profile=None) -> str:
    """The term ``name`` of the place begins; words for the step."""
    stop_clock(claim, at)
    claim.clock = clocks.start_term(profile or terms.at(claim.community), name, at=at)
    return _("限时%(term)s") % {"term": clocks.describe(claim.clock.unit, claim.clock.amount)}


def stop_clock(claim: Claim, at: datetime, by=None) -> None:
    if claim.clock_id is not None:
        clocks.stop(claim.clock, at, by=by)


def _ended(claim, move):
    stop_clock(claim, move.at, by=move.by)


def _to_appeal(claim, move):
    return start_clock(claim, "appeal", move.at)


def _to_answer(claim, move):
    return start_clock(claim, "appeal_answer", move.at)


def _certify(claim, move):
    claim.certifier, claim.certified_at = move.by, move.at


def _refuse(claim, move):
    code = move.data["refusal_code"]
    if code not in RefusalCode.values:
        raise Missing({"refusal_code": _("理由")})
    claim.refusal_code, claim.refusal_reason = code, move.reason[:300]
    claim.refused_by = move.by


def _appeal(claim, move):
    if claim.clock_id is not None and move.at > claim.clock.due_at:
        raise AppealOver(claim.clock.due_at)
    claim.has_appealed = True


def _overrule(claim, move):
    """Back among the certified, for the next batch; what caps left meanwhile is counted anew."""
    version = claim.rule_version
    caps.lock(
        version.rule_id,
        people=[claim.person_id, claim.partner_id],
        households=[claim.household_id],
    )
    left = caps.allowance(
        version,
        person_id=claim.person_id,
        household_id=claim.household_id,
        partner_id=claim.partner_id,
        grade=claim.grade,
        day=claim.happened_on,
        excluding=claim.pk,
    )
    if left.points == 0:
        raise NothingLeft(left.cap)
    claim.points = claim.points if left.points is None else min(claim.points, left.points)
    if claim.certified_at is None:
        claim.certifier, claim.certified_at = move.by, move.at
    claim.batch, claim.decision, claim.approver, claim.decided_at = None, "", None, None
    claim.refusal_code = claim.refusal_reason = ""
    claim.refused_by = None


# Rows for ``points.moving.move``: what follows from them the batch does itself.
OF_BATCHES = {
    *("collect", "approve", "turn_down", "undo", "reject", "carry", "review", "reopen"),
    *("notice", "take_down", "contest", "post"),
}


def _many_at_once(claim, move):
    raise RuntimeError(f"“{move.verb}” is moved by points.batches")


def _guarded(row: Transition) -> Transition:
    return replace(row, effect=_many_at_once) if row.verb in OF_BATCHES else row


def _under_objection(claim):
    if claim.batch.state != BatchState.OBJECTED:
        raise NoObjection


def _correct(claim, move):
    _under_objection(claim)
    points = move.data["points"]
    if not 1 <= points < claim.points:
        raise NotLower(claim.points)
    move.notes.append(
        _("%(before)d 分更正为 %(after)d 分") % {"before": claim.points, "after": points}
    )
    claim.points, claim.is_corrected = points, True


def _strike(claim, move):
    _under_objection(claim)
    _refuse(claim, move)
    claim.is_corrected = True


def _void(claim, move):
    """Found false: the way to object to that is the appeal in the deduction, not here."""
    _refuse(claim, move)
    claim.has_appealed = True


def _reverse(claim, move):
    asked = claim.steps.filter(verb="ask_reversal").order_by("-pk").first()
    ledger.reverse(
        claim.transfer,
        key=f"claim:{claim.pk}:reverse",
        reason=asked.reason[:200],
        actor=asked.actor,
        approver=move.by,
        at=move.at,
    )


# --- the table -----------------------------------------------------------------------------------

S = ClaimState
L = gettext_lazy
flow = Workflow(
    "claim",
    step_model="points.ClaimStep",
    guard=_guarded,
    transitions=[
        Transition(
            "certify",
            (S.CLAIMED,),
            S.CERTIFIED,
            who=who.certifies,
            label=L("认证"),
            tone="main",
            clock=_ended,
            effect=_certify,
        ),
        Transition(
            "vouch",
            (S.CLAIMED,),
            S.CERTIFIED,
            who=system,
            label=L("系统认证"),
            clock=_ended,
            effect=_certify,
        ),
        Transition(
            "refuse",
            (S.CLAIMED,),
            S.REFUSED,
            who=who.certifies,
            needs=(("refusal_code", L("理由")), ("reason", L("给申报人的说明"))),
            label=L("不予认证"),
            clock=_to_appeal,
            effect=_refuse,
            tells=telling.of_refusal,
        ),
        Transition(
            "withdraw",
            (S.CLAIMED, S.CERTIFIED),
            S.WITHDRAWN,
            who=who.is_claimant,
            label=L("撤回"),
            clock=_ended,
        ),
        Transition(
            "appeal",
            (S.REFUSED,),
            S.APPEALED,
            who=who.speaks_for_beneficiary,
            needs=(("reason", L("为什么应当通过")),),
            label=L("申诉"),
            tone="main",
            clock=_to_answer,
            effect=_appeal,
            tells=telling.of_appeal,
        ),
        Transition(
            "overrule",
            (S.APPEALED,),
            S.CERTIFIED,
            who=who.answers_appeal,
            needs=(("reason", L("答复")),),
            label=L("申诉成立"),
            tone="main",
            clock=_ended,
            effect=_overrule,
            tells=telling.of_appeal_answer,
        ),
        Transition(
            "uphold",
            (S.APPEALED,),
            S.REFUSED,
            who=who.answers_appeal,
            needs=(("reason", L("答复")),),
            label=L("维持不通过"),
            clock=_ended,
            tells=telling.of_appeal_answer,
        ),
        Transition("collect", (S.CERTIFIED,), S.BATCHED, who=system, label=L("入批")),
        Transition("approve", (S.BATCHED,), None, who=who.decides, label=L("同意"), tone="main"),
        Transition(
            "turn_down",
            (S.BATCHED,),
            None,
            who=who.decides,
            needs=(("refusal_code", L("理由")), ("reason", L("给申报人的说明"))),
            label=L("不同意"),
        ),
        Transition("undo", (S.BATCHED,), None, who=who.decides, label=L("撤销审批")),
        Transition("reject", (S.BATCHED,), S.REFUSED, who=system, label=L("审批结束，不通过")),
        Transition(
            "carry",
            (S.BATCHED, S.REVIEWED),
            S.CERTIFIED,
            who=who.decides,
            needs=(("reason", L("原因")),),
            label=L("转入下一批"),
        ),
        Transition("review", (S.BATCHED,), S.REVIEWED, who=system, label=L("审议通过")),
        Transition("reopen", (S.REVIEWED,), S.BATCHED, who=system, label=L("退回审批")),
        Transition("notice", (S.REVIEWED,), S.NOTICED, who=system, label=L("开始公示")),
        Transition("take_down", (S.NOTICED, S.OBJECTED), S.REVIEWED, who=system, label=L("撤下")),
        Transition("contest", (S.NOTICED,), S.OBJECTED, who=who.decides, label=L("列为有异议")),
        Transition(
            "correct",
            (S.NOTICED, S.OBJECTED),
            None,
            who=who.decides,
            needs=(("points", L("更正后的积分")), ("reason", L("更正原因"))),
            label=L("更正积分"),
            effect=_correct,
            tells=telling.of_correction,
        ),
        Transition(
            "strike",
            (S.NOTICED, S.OBJECTED),
            S.REFUSED,
            who=who.decides,
            needs=(("refusal_code", L("理由")), ("reason", L("给申报人的说明"))),
            label=L("异议成立，不予积分"),
            clock=_to_appeal,
            effect=_strike,
            tells=telling.of_refusal,
        ),
        Transition("post", (S.NOTICED, S.OBJECTED), S.POSTED, who=system, label=L("入账")),
        Transition(
            "ask_reversal",
            (S.POSTED,),
            None,
            who=who.decides,
            needs=(("reason", L("冲正原因")),),
            label=L("申请冲正"),
        ),
        Transition(
            "reverse",
            (S.POSTED,),
            S.REVERSED,
            who=who.confirms_reversal,
            label=L("同意冲正"),
            tone="main",
            effect=_reverse,
            tells=telling.of_reversal,
        ),
        Transition(
            "keep",
            (S.POSTED,),
            None,
            who=who.confirms_reversal,
            needs=(("reason", L("不冲正的原因")),),
            label=L("不予冲正"),
        ),
        Transition(
            "void",
            (S.CLAIMED, S.CERTIFIED, S.BATCHED, S.REVIEWED, S.NOTICED, S.OBJECTED),
            S.REFUSED,
            who=system,
            needs=(("refusal_code", L("理由")), ("reason", L("原因"))),
            label=L("虚报，作废"),
            clock=_ended,
            effect=_void,
        ),
        Transition(
            "annul",
            (S.POSTED,),
            S.REVERSED,
            who=system,
            needs=(("reason", L("原因")),),
            label=L("虚报，收回"),
        ),
    ],
)
