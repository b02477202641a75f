"""Deductions as a table: reported, a fact established, heard, decided, appealed, posted.

Never from an anonymous photo: somebody reports under their name, another establishes the fact
from a document of a competent body or a written admission, the one concerned is heard, a third
decides, a fourth judges the appeal. Stops at a zero balance. Never public.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import access
from orgs.models import Area
from points import accounts, caps, ledger, telling, terms, who
from points.flow import flow as claim_flow
from points.models import (
    Account,
    CapSubject,
    Claim,
    ClaimEvidence,
    ClaimState,
    Deduction,
    DeductionState,
    FactBasis,
    RefusalCode,
    Rule,
    RuleKind,
    Suspension,
    TransferKind,
)
from rules import calendar, clocks
from rules.refusals import Refused
from rules.workflow import Missing, NotAllowed, Transition, Workflow, system

logger = logging.getLogger(__name__)

FALSE_CLAIM = "N03"


class NotADeduction(Refused):
    def __init__(self, code: str):
        super().__init__(_("%(code)s 在那一天没有施行中的扣分规则") % {"code": code})


class ClaimMissing(Refused):
    def __init__(self):
        super().__init__(_("虚报冒领须指明是哪一项申报，且当事人就是申报或受益的人"))


class ReportedBefore(Refused):
    def __init__(self):
        super().__init__(_("这一项申报已有扣减事项"))


class DocumentMissing(Refused):
    def __init__(self):
        super().__init__(_("须附文书或书面承认的照片；有权机关文书还须写明机关和编号"))


class StillHearing(Refused):
    def __init__(self, due_at: datetime):
        day = timezone.localtime(due_at).date().isoformat()
        super().__init__(_("当事人可以在 %(day)s 前陈述意见") % {"day": day})


class StillOpen(Refused):
    def __init__(self, due_at: datetime):
        day = timezone.localtime(due_at).date().isoformat()
        super().__init__(_("申诉期到 %(day)s 为止，期满后才能扣减") % {"day": day})


class TermOver(Refused):
    def __init__(self, due_at: datetime):
        day = timezone.localtime(due_at).date().isoformat()
        super().__init__(_("期限已于 %(day)s 结束") % {"day": day})


class WrongDay(Refused):
    def __init__(self, first: date):
        text = _("须在通知当事人（%(day)s）以后、今天以前")
        super().__init__(text % {"day": first.isoformat()})


class OwnFamily(NotAllowed):
    def __init__(self):
        super().__init__(
            verb="report",
            label=_("报告"),
            reason=_("不能报告同住的家人；确有其事的，请由不与当事人同住的人报告"),
        )


class WrongPoints(Refused):
    def __init__(self, most: int):
        super().__init__(_("扣减须在 1 到 %(most)d 分之间") % {"most": most})


# --- effects -------------------------------------------------------------------------------------


def _clock(name: str):
    def start(deduction, move):
        _stop(deduction, move)
        deduction.clock = clocks.start_term(terms.at(deduction.community), name, at=move.at)
        return _("限时%(term)s") % {
            "term": clocks.describe(deduction.clock.unit, deduction.clock.amount)
        }

    return start


def _stop(deduction, move):
    if deduction.clock_id is not None:
        clocks.stop(deduction.clock, move.at, by=move.by)


def _in_time(deduction, move):
    if move.at > deduction.clock.due_at:
        raise TermOver(deduction.clock.due_at)


def _establish(deduction, move):
    basis = FactBasis(move.data["basis"])
    issuer = (move.data.get("issuer") or "").strip()
    number = (move.data.get("document_number") or "").strip()
    photos: Sequence[ClaimEvidence] = move.data["documents"]
    if basis == FactBasis.DOCUMENT and not (issuer and number):
        raise DocumentMissing
    pks = [photo.pk for photo in photos]
    kept = ClaimEvidence.objects.filter(pk__in=pks, deduction=None).update(deduction=deduction)
    if kept != len(pks):
        raise DocumentMissing
    deduction.basis, deduction.issuer, deduction.document_number = basis, issuer, number
    deduction.establisher, deduction.established_at = move.by, move.at


def _answer(deduction, move):
    _in_time(deduction, move)
    deduction.answer, deduction.heard_at = move.data["answer"].strip(), move.at


def _spoken(deduction, move):
    """Said in time, it may be written down after the term, until the beat goes on."""
    day = move.data["spoken_on"]
    first = calendar.local_day(deduction.established_at)
    if not first <= day <= calendar.local_day(move.at):
        raise WrongDay(first)
    if day > calendar.local_day(deduction.clock.due_at):
        raise TermOver(deduction.clock.due_at)
    deduction.answer, deduction.heard_at = move.data["answer"].strip(), move.at
    deduction.hearer, deduction.spoken_on = move.by, day


def _no_answer(deduction, move):
    if move.at <= deduction.clock.due_at:
        raise StillHearing(deduction.clock.due_at)
    deduction.heard_at = move.at


def _decide(deduction, move):
    most = most_points(deduction)
    points = move.data.get("points")
    points = most if points is None else points
    if most < 1:
        raise Refused(_("本月对这一户的扣减已到上限"))
    if not 1 <= points <= most:
        raise WrongPoints(most)
    deduction.points, deduction.decision = points, move.reason[:300]
    deduction.decider, deduction.decided_at = move.by, move.at


def _appeal(deduction, move):
    _in_time(deduction, move)
    deduction.appeal, deduction.appealed_at = move.reason, move.at


def _judge(deduction, move):
    deduction.judge, deduction.judged_at = move.by, move.at
    deduction.judgement = move.reason[:300]


def _uphold(deduction, move):
    _judge(deduction, move)
    _post(deduction, move)


def _appeal_over(deduction, move):
    if move.at <= deduction.clock.due_at:
        raise StillOpen(deduction.clock.due_at)
    _post(deduction, move)


def most_points(deduction: Deduction) -> int:
    """What the rule takes, or what its caps leave of it; of a false claim twice its points."""
    version = deduction.rule_version
    if deduction.claim_id is not None:
        return version.amounts[0] * deduction.claim.points
    most = version.amounts[0]
    for cap in version.caps.all():
        if cap.subject == CapSubject.PAIR:
            continue
        first, after = caps.window_of(cap.window, deduction.happened_on)
        same = Deduction.objects.filter(
            rule_version__rule=version.rule_id, state__in=[D.DECIDED, D.APPEALED, D.POSTED]
        ).exclude(pk=deduction.pk)
        same = (
            same.filter(household=deduction.household_id)
            if cap.subject == CapSubject.HOUSEHOLD
            else same.filter(person=deduction.person_id)
        )
        if first is not None:
            same = same.filter(happened_on__gte=first, happened_on__lt=after)
        most = min(most, cap.limit - sum(same.values_list("points", flat=True)))
    return max(most, 0)


def _account_of(deduction: Deduction):
    """Where it is taken: where the false claim was paid, else as the rule says."""
    claim = deduction.claim
    to_household = claim.to_household if claim else deduction.rule_version.to_household
    household = claim.household if claim else deduction.household
    if to_household and household is not None:
        return accounts.of_household(household, deduction.community)
    return accounts.of_person(deduction.person, deduction.community)


def _post(deduction, move):
    """Take what is there, at most what was decided, and say how much that was.

    A false claim that was paid is reversed where its points are still there: that is the first
    half of the double. One on its way is struck; then only the other half is taken.
    """
    need = deduction.points
    taken = 0
    if deduction.claim_id is not None:
        taken, unpaid = _undo_claim(deduction, move)
        need -= taken + unpaid
        if unpaid:
            deduction.points -= unpaid
            move.notes.append(
                _("申报的 %(unpaid)d 分没有入账，另扣 %(rest)d 分")
                % {"unpaid": unpaid, "rest": deduction.points}
            )
    account = Account.objects.select_for_update().get(pk=_account_of(deduction).pk)
    amount = max(min(need, account.available - (account.floor or 0)), 0)
    if amount:
        posted = ledger.post(
            ledger.Posting(
                community=deduction.community_id,
                debit=account.pk,
                credit=accounts.fund_of(deduction.community).pk,
                amount=amount,
                key=f"deduction:{deduction.pk}",
                kind=TransferKind.DEDUCT,
                happened_on=deduction.happened_on,
                reason=deduction.rule_version.title,
                actor=deduction.decider_id,
                approver=deduction.judge_id or deduction.establisher_id,
                rule_version=deduction.rule_version_id,
                at=move.at,
            )
        )
        deduction.transfer_id = posted.transfer_id
    deduction.taken, deduction.posted_at = taken + amount, move.at
    if deduction.taken < deduction.points:
        move.notes.append(
            _("应扣 %(points)d 分，账户只有 %(taken)d 分，扣到零为止")
            % {"points": deduction.points, "taken": deduction.taken}
        )
    if deduction.rule_version.rule.code == FALSE_CLAIM:
        _suspend(deduction, move)


def _undo_claim(deduction, move) -> tuple[int, int]:
    """(points paid and taken back, points of a claim that is not or no longer paid)."""
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=deduction.claim_id)
    if claim.state == ClaimState.POSTED:
        try:
            ledger.reverse(
                claim.transfer,
                key=f"claim:{claim.pk}:reverse",
                reason=_("虚报冒领"),
                actor=deduction.decider,
                approver=deduction.judge or deduction.establisher,
                at=move.at,
            )
        except ledger.InsufficientPoints:
            return 0, 0  # spent already: what is left is taken by the deduction itself
        claim_flow.advance(claim, "annul", by=None, at=move.at, reason=_("虚报冒领，积分收回"))
        return claim.points, 0
    if claim_flow.transition("void", claim.state) is not None:
        claim_flow.advance(
            claim,
            "void",
            by=None,
            at=move.at,
            reason=_("虚报冒领"),
            refusal_code=RefusalCode.FALSE,
        )
        return 0, claim.points
    return 0, claim.points


def _suspend(deduction, move):
    months = terms.at(deduction.community).params["suspension_months"]
    today = calendar.local_day(move.at)
    Suspension.objects.create(
        person=deduction.person,
        starts_on=today,
        ends_on=terms.months_after(today, months),
        reason=_("虚报冒领积分"),
        deduction=deduction,
        decided_by=deduction.decider,
    )


# --- the table -----------------------------------------------------------------------------------

D = DeductionState
L = gettext_lazy
flow = Workflow(
    "deduction",
    step_model="points.DeductionStep",
    transitions=[
        Transition(
            "establish",
            (D.REPORTED,),
            D.ESTABLISHED,
            who=who.establishes,
            needs=(("basis", L("事实依据")), ("documents", L("文书或承认书的照片"))),
            label=L("认定事实"),
            tone="main",
            clock=_clock("hearing"),
            effect=_establish,
            tells=telling.of_hearing,
        ),
        Transition(
            "answer",
            (D.ESTABLISHED,),
            D.HEARD,
            who=who.is_party,
            needs=(("answer", L("您的意见")),),
            label=L("陈述意见"),
            tone="main",
            clock=_stop,
            effect=_answer,
            tells=telling.of_heard,
        ),
        Transition(
            "hear",
            (D.ESTABLISHED,),
            D.HEARD,
            who=who.hears,
            needs=(("answer", L("当事人说了什么")), ("spoken_on", L("哪天说的"))),
            label=L("录入口头意见"),
            clock=_stop,
            effect=_spoken,
            tells=telling.of_spoken,
        ),
        Transition(
            "hearing_over",
            (D.ESTABLISHED,),
            D.HEARD,
            who=system,
            label=L("逾期未陈述"),
            clock=_stop,
            effect=_no_answer,
            tells=telling.of_heard,
        ),
        Transition(
            "decide",
            (D.HEARD,),
            D.DECIDED,
            who=who.decides_deduction,
            needs=(("reason", L("决定理由")),),
            label=L("决定扣减"),
            tone="main",
            clock=_clock("appeal"),
            effect=_decide,
            tells=telling.of_deduction_decided,
        ),
        Transition(
            "drop",
            (D.REPORTED, D.ESTABLISHED, D.HEARD),
            D.DROPPED,
            who=who.drops,
            needs=(("reason", L("不扣减的原因")),),
            label=L("不予扣减"),
            clock=_stop,
            tells=telling.of_deduction_dropped,
        ),
        Transition(
            "appeal",
            (D.DECIDED,),
            D.APPEALED,
            who=who.is_party,
            needs=(("reason", L("申诉理由")),),
            label=L("申诉"),
            tone="main",
            clock=_clock("appeal_answer"),
            effect=_appeal,
            tells=telling.of_deduction_appeal,
        ),
        Transition(
            "uphold",
            (D.APPEALED,),
            D.POSTED,
            who=who.judges,
            needs=(("reason", L("复核意见")),),
            label=L("维持决定"),
            clock=_stop,
            effect=_uphold,
            tells=telling.of_deduction_posted,
        ),
        Transition(
            "overrule",
            (D.APPEALED,),
            D.DROPPED,
            who=who.judges,
            needs=(("reason", L("复核意见")),),
            label=L("撤销决定"),
            tone="main",
            clock=_stop,
            effect=_judge,
            tells=telling.of_deduction_dropped,
        ),
        Transition(
            "appeal_over",
            (D.DECIDED,),
            D.POSTED,
            who=system,
            label=L("逾期未申诉，扣减"),
            clock=_stop,
            effect=_appeal_over,
            tells=telling.of_deduction_posted,
        ),
    ],
)


# --- verbs ---------------------------------------------------------------------------------------


@transaction.atomic
def report(
    rule: Rule,
    *,
    person,
    happened_on: date,
    text: str,
    by,
    area: Area | None = None,
    claim: Claim | None = None,
    at: datetime | None = None,
) -> Deduction:
    """Report under one's own name what a rule takes points for; nothing is taken by it.

    ``claim`` is the false one, for N03 only. Raises NotADeduction, ClaimMissing, NotAllowed (or
    OwnFamily: who lives with the one concerned), ReportedBefore or Missing.
    """
    at = at or timezone.now()
    if not text.strip():
        raise Missing({"text": _("情况")})
    version = rule.versions.on(happened_on).select_related("rule").first()
    if version is None or rule.kind != RuleKind.DEDUCT or happened_on > calendar.local_day(at):
        raise NotADeduction(rule.code)
    if rule.code == FALSE_CLAIM:
        if claim is None or person.pk not in {claim.person_id, claim.claimant_id}:
            raise ClaimMissing
        if Deduction.objects.filter(claim=claim).exists():
            raise ReportedBefore
        area = claim.area
    elif claim is not None:
        raise ClaimMissing
    home = (
        person.residences.verified(happened_on)
        .filter(household__area_path__startswith=rule.area_path)
        .select_related("household__area")
        .order_by("starts_on")
        .first()
    )
    area = area or (home.household.area if home else None)
    if area is None or area.community is None or not area.path.startswith(rule.area_path):
        raise Missing({"area": _("位置")})
    if not access.rights_of(by).may(who.REPORT, area_path=area.path):
        raise NotAllowed(verb="report", label=_("报告"))
    if by.pk == person.pk:
        raise NotAllowed(verb="report", label=_("报告"), reason=_("不能报告自己"))
    doors = {home and home.household_id, claim and claim.household_id}
    if any(who.lives_there(by, door, happened_on) for door in doors):
        raise OwnFamily
    deduction = Deduction(
        area=area,
        community=area.community,
        rule_version=version,
        person=person,
        household=home.household if home else None,
        claim=claim,
        happened_on=happened_on,
        text=text.strip()[:500],
        reporter=by,
    )
    flow.open(deduction, by=by, verb="report", at=at, tells=telling.of_deduction_report)
    return deduction


def establish(
    deduction: Deduction,
    *,
    by,
    basis: str,
    documents: Sequence[ClaimEvidence],
    issuer: str = "",
    document_number: str = "",
    at: datetime | None = None,
) -> Deduction:
    """Enter the fact: a document of a competent body (who, number, photo) or a written admission.

    The one concerned is told and may answer within the term. Raises DocumentMissing or Missing.
    """
    flow.advance(
        deduction,
        "establish",
        by=by,
        at=at,
        basis=basis,
        documents=list(documents),
        issuer=issuer,
        document_number=document_number,
    )
    return deduction


def answer(deduction: Deduction, *, by, text: str, at: datetime | None = None) -> Deduction:
    """What the one concerned says. Raises TermOver."""
    flow.advance(deduction, "answer", by=by, at=at, answer=text)
    return deduction


def hear(
    deduction: Deduction, *, by, text: str, spoken_on: date, at: datetime | None = None
) -> Deduction:
    """Write down what the one concerned said to ``by`` on a day; they are told the words.

    Raises WrongDay, TermOver (said after the term), NotAllowed.
    """
    flow.advance(deduction, "hear", by=by, at=at, answer=text, spoken_on=spoken_on)
    return deduction


def decide(
    deduction: Deduction, *, by, reason: str, points: int | None = None, at: datetime | None = None
) -> Deduction:
    """Decide how much is taken, by default what the rule says, never more. Raises WrongPoints."""
    flow.advance(deduction, "decide", by=by, at=at, reason=reason, points=points)
    return deduction


def drop(deduction: Deduction, *, by, reason: str, at: datetime | None = None) -> Deduction:
    flow.advance(deduction, "drop", by=by, at=at, reason=reason)
    return deduction


def appeal(deduction: Deduction, *, by, reason: str, at: datetime | None = None) -> Deduction:
    """Raises TermOver."""
    flow.advance(deduction, "appeal", by=by, at=at, reason=reason)
    return deduction


def judge(
    deduction: Deduction, *, by, stands: bool, reason: str, at: datetime | None = None
) -> Deduction:
    """``stands``: the appeal is right, nothing is taken. Otherwise it is posted at once."""
    flow.advance(deduction, "overrule" if stands else "uphold", by=by, at=at, reason=reason)
    return deduction


def tend(now: datetime | None = None) -> int:
    """Hearings nobody answered and decisions nobody appealed against go on; how many did."""
    now = now or timezone.now()
    verbs = {D.ESTABLISHED: "hearing_over", D.DECIDED: "appeal_over"}
    due = Deduction.objects.filter(state__in=verbs, clock__due_at__lt=now).order_by("pk")
    done = 0
    for deduction in due:
        try:
            flow.advance(deduction, verbs[deduction.state], by=None, at=now)
        except Refused:
            continue
        except Exception:
            logger.exception("deduction %s stands still", deduction.pk)
            continue
        done += 1
    return done
