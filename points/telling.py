"""Who is told what about points; in the verb's transaction, once per event.

Nobody but the one concerned is told a name, and nobody is told of another's deduction.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from inbox import outbox
from orgs import access
from orgs.models import Person
from points.models import BudgetKind, PanelMember
from ui.dates import day_text, local

_silent: ContextVar[bool] = ContextVar("points_silent", default=False)


@contextmanager
def silently() -> Iterator[None]:
    """Tell nobody: a seed or an import writes what happened long ago."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    return _silent.get()


def tell(people: Iterable, **message) -> None:
    people = list(people)
    if people and not _silent.get():
        outbox.tell(people, **message)


def day_words(moment) -> str:
    return day_text(local(moment).date(), full=True)


def nearest(right: str, path: str, *, excluding: Iterable[int] = ()) -> list:
    """The nearest who hold ``right`` at a place and need not stand aside."""
    rungs = access.ladder(right, path, excluding={pk for pk in excluding if pk})
    return rungs[0] if rungs else []


# --- claims --------------------------------------------------------------------------------------


def refusal_words(claim) -> str:
    text = _("理由：%(code)s。%(reason)s。")
    reason = claim.refusal_reason.rstrip("。")
    return text % {"code": claim.get_refusal_code_display(), "reason": reason}


def of_refusal(claim, move) -> None:
    title = _("积分申报未通过：%(rule)s") % {"rule": claim.rule_version.title}
    text = refusal_words(claim)
    if not claim.has_appealed and claim.clock_id is not None:
        text += _("如有不同意见，请在%(due)s前申诉。") % {"due": day_words(claim.clock.due_at)}
    tell(
        {claim.person, claim.claimant or claim.person},
        kind="points.refused",
        title=title,
        text=text,
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:refused:{move.step.pk}",
    )


LATE_APPEAL = "points-appeal-late:"


def _had_a_part(claim) -> set[int]:
    roles = (
        *(claim.person_id, claim.claimant_id, claim.certifier_id),
        *(claim.approver_id, claim.refused_by_id),
    )
    return {pk for pk in roles if pk}


def of_late_appeal(claim) -> None:
    rungs = access.ladder("points.answer_appeal", claim.area_path, excluding=_had_a_part(claim))
    tell(
        [person for rung in rungs[:2] for person in rung],
        kind="points.appeal_task",
        title=_("积分申诉超期未答复：%(rule)s") % {"rule": claim.rule_version.title},
        text=_("应于%(due)s前答复，请尽快处理。") % {"due": day_words(claim.clock.due_at)},
        url=claim.get_absolute_url(),
        key=f"{LATE_APPEAL}{claim.pk}",
    )


def of_appeal(claim, move) -> None:
    tell(
        nearest("points.answer_appeal", claim.area_path, excluding=_had_a_part(claim)),
        kind="points.appeal_task",
        title=_("有积分申诉待答复：%(rule)s") % {"rule": claim.rule_version.title},
        text=_("请在%(due)s前答复。") % {"due": day_words(claim.clock.due_at)},
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:appeal",
    )


def of_appeal_answer(claim, move) -> None:
    outcome = _("申诉成立，将进入下一批") if move.verb == "overrule" else _("维持不通过")
    tell(
        [claim.person],
        kind="points.appeal_answered",
        title=_("积分申诉已有答复：%(rule)s") % {"rule": claim.rule_version.title},
        text=_("%(outcome)s。%(reason)s") % {"outcome": outcome, "reason": move.reason},
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:appeal-answer",
    )


def of_correction(claim, move) -> None:
    tell(
        [claim.person],
        kind="points.corrected",
        title=_("公示期间更正为%(points)d分：%(rule)s")
        % {"points": claim.points, "rule": claim.rule_version.title},
        text=move.reason,
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:corrected:{move.step.pk}",
    )


def of_reversal(claim, move) -> None:
    asked = claim.steps.filter(verb="ask_reversal").order_by("-pk").first()
    tell(
        [claim.person],
        kind="points.reversed",
        title=_("%(points)d分已冲正：%(rule)s")
        % {"points": claim.points, "rule": claim.rule_version.title},
        text=asked.reason,
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:reversed",
    )


def of_late_certifying(path: str, count: int, people: Iterable, *, key: str) -> None:
    tell(
        people,
        kind="points.to_certify",
        title=_("有 %(count)d 项积分申报超期未认证") % {"count": count},
        text=_("请尽快认证，或写明理由不予认证。"),
        url="/points/certify/",
        key=key,
    )


# --- batches -------------------------------------------------------------------------------------


def _month(batch) -> str:
    return _("%(year)d年%(month)d月") % {"year": batch.month.year, "month": batch.month.month}


def of_batch_to_decide(batch, move) -> None:
    tell(
        nearest("points.decide_claims", batch.area_path, excluding=[getattr(move.by, "pk", None)]),
        kind="points.to_decide",
        title=_("%(month)s积分待审批") % {"month": _month(batch)},
        text=_("共 %(count)d 项。") % {"count": batch.claims.count()},
        url=batch.get_absolute_url(),
        key=f"batch:{batch.pk}:decide",
    )


def of_batch_to_sign(batch, move) -> None:
    seats = PanelMember.objects.in_force().filter(area=batch.area_id).select_related("person")
    tell(
        [seat.person for seat in seats],
        kind="points.to_sign",
        title=_("%(month)s积分待审议") % {"month": _month(batch)},
        text=_("请积分小组成员审议并签署意见。与本人、家人有关的自动回避。"),
        url=batch.get_absolute_url(),
        key=f"batch:{batch.pk}:sign:{move.step.pk}",
    )


def of_batch_refusals(batch, claims) -> None:
    """One message for each reason given, to all it was given to: they are few, claims are many."""
    by_reason: dict[tuple[str, str], list] = {}
    for claim in claims:
        by_reason.setdefault((claim.refusal_code, claim.refusal_reason), []).append(claim)
    for same in by_reason.values():
        first = same[0]
        due = day_words(first.clock.due_at) if first.clock_id else ""
        if len(same) == 1:
            title = _("积分申报未通过：%(rule)s") % {"rule": first.rule_version.title}
        else:
            title = _("有积分申报未通过（%(month)s）") % {"month": _month(batch)}
        text = refusal_words(first)
        if due:
            text += _("如有不同意见，请在%(due)s前申诉。") % {"due": due}
        tell(
            [claim.person for claim in same],
            kind="points.refused",
            title=title,
            text=text,
            url=first.get_absolute_url() if len(same) == 1 else "/points/",
            key=f"batch:{batch.pk}:refused:{first.pk}:{first.clock_id}",
        )


def of_batch_objection(batch, move) -> None:
    objection = move.data["objection_id"]
    tell(
        nearest("points.decide_claims", batch.area_path),
        kind="points.objection",
        title=_("%(month)s积分公示收到异议") % {"month": _month(batch)},
        text=_("请核对有关申报；有误的在公示结束前更正。异议由发布人以外的人答复。"),
        url=batch.get_absolute_url(),
        key=f"batch:{batch.pk}:objection:{objection}",
    )


def of_batch_posted(batch, move) -> None:
    people = Person.objects.filter(point_claims__batch=batch, point_claims__state="posted")
    tell(
        people.distinct(),
        kind="points.posted",
        title=_("%(month)s的积分已到账") % {"month": _month(batch)},
        text=_("公示已经结束，积分已记入账户。"),
        url="/points/",
        key=f"batch:{batch.pk}:posted",
    )


def of_no_budget(batch, day) -> None:
    people = [
        *nearest("points.set_budget", batch.area_path),
        *nearest("points.decide_claims", batch.area_path),
    ]
    tell(
        people,
        kind="points.no_budget",
        title=_("%(month)s积分因预算不足未能入账") % {"month": _month(batch)},
        text=batch.problem,
        url=batch.get_absolute_url(),
        key=f"batch:{batch.pk}:budget:{day.isoformat()}",
    )


# --- budgets -------------------------------------------------------------------------------------


def _of_budget(budget, people, title: str, text: str, event: str) -> None:
    told = {"name": budget.area.name, "points": budget.points}
    tell(
        people,
        kind="points.budget",
        title=title % told,
        text=text,
        url="/points/budgets/",
        key=f"budget:{budget.pk}:{event}",
    )


def _approvers(budget) -> list:
    return nearest("points.approve_budget", budget.area_path, excluding=[budget.set_by_id])


def of_budget(budget) -> None:
    title = _("%(name)s积分预算 %(points)d 分待批准")
    if budget.kind == BudgetKind.RETURN:
        title = _("%(name)s退回预算结余 %(points)d 分待批准")
    text = _("依据：%(reason)s") % {"reason": budget.reason}
    _of_budget(budget, _approvers(budget), title, text, "set")


def of_budget_withdrawn(budget) -> None:
    title = _("%(name)s积分预算 %(points)d 分已由编制人撤回")
    if budget.kind == BudgetKind.RETURN:
        title = _("%(name)s退回预算结余 %(points)d 分的申请已撤回")
    _of_budget(budget, _approvers(budget), title, _("不用再批准。"), "withdrawn")


def of_budget_approved(budget) -> None:
    people = nearest("points.decide_claims", budget.area_path)
    if budget.set_by is not None:
        people = [*people, budget.set_by]
    title = _("%(name)s积分预算 %(points)d 分已批准")
    text = _("已进入社区的积分池。")
    if budget.kind == BudgetKind.RETURN:
        title, text = _("%(name)s预算结余 %(points)d 分已退回"), _("已从社区的积分池退出。")
    _of_budget(budget, people, title, text, "approved")


# --- deductions ----------------------------------------------------------------------------------


def _to_party(deduction, move, title: str, text: str) -> None:
    tell(
        [deduction.person],
        kind="points.deduction",
        title=title,
        text=text,
        url=deduction.get_absolute_url(),
        key=f"deduction:{deduction.pk}:{move.verb}:{move.step.pk}",
    )


def _to_staff(deduction, move, right: str, title: str) -> None:
    aside = [
        *(deduction.person_id, deduction.reporter_id, deduction.establisher_id),
        deduction.decider_id,
    ]
    tell(
        nearest(right, deduction.area_path, excluding=aside),
        kind="points.deduction_task",
        title=title,
        text=_("规则：%(rule)s。") % {"rule": deduction.rule_version.title},
        url=deduction.get_absolute_url(),
        key=f"deduction:{deduction.pk}:{move.verb}:{move.step.pk}:task",
    )


def of_deduction_report(deduction, move) -> None:
    _to_staff(deduction, move, "points.establish_deduction", _("有积分扣减事项待认定事实"))


def of_hearing(deduction, move) -> None:
    due = day_words(deduction.clock.due_at)
    _to_party(
        deduction,
        move,
        _("拟扣减积分，请陈述意见：%(rule)s") % {"rule": deduction.rule_version.title},
        _("请在%(due)s前陈述意见；不陈述不影响以后申诉。") % {"due": due},
    )


def of_heard(deduction, move) -> None:
    _to_staff(deduction, move, "points.decide_deduction", _("有积分扣减事项待决定"))


def of_spoken(deduction, move) -> None:
    text = _("%(name)s已按您%(day)s所说代为录入：%(answer)s。如有出入，请尽快联系社区。")
    _to_party(
        deduction,
        move,
        _("您的口头意见已录入：%(rule)s") % {"rule": deduction.rule_version.title},
        text
        % {
            "name": move.by.name,
            "day": day_text(deduction.spoken_on, full=True),
            "answer": deduction.answer.rstrip("。"),
        },
    )
    of_heard(deduction, move)


def of_deduction_decided(deduction, move) -> None:
    text = _("决定扣减 %(points)d 分：%(reason)s。不服的，可在%(due)s前申诉；期满未申诉即扣减。")
    _to_party(
        deduction,
        move,
        _("积分扣减决定：%(rule)s") % {"rule": deduction.rule_version.title},
        text
        % {
            "points": deduction.points,
            "reason": deduction.decision.rstrip("。"),
            "due": day_words(deduction.clock.due_at),
        },
    )


def of_deduction_dropped(deduction, move) -> None:
    if deduction.established_at is None:
        return  # they have not been told of it
    _to_party(
        deduction,
        move,
        _("不予扣减：%(rule)s") % {"rule": deduction.rule_version.title},
        move.reason,
    )


def of_deduction_appeal(deduction, move) -> None:
    _to_staff(deduction, move, "points.answer_appeal", _("有积分扣减申诉待复核"))


def of_deduction_posted(deduction, move) -> None:
    text = _("已扣减 %(taken)d 分。") % {"taken": deduction.taken}
    if deduction.taken < deduction.points:
        text += _("应扣 %(points)d 分，账户不足，扣到零为止。") % {"points": deduction.points}
    if move.reason:
        text = f"{move.reason.rstrip('。')}。{text}"
    _to_party(
        deduction,
        move,
        _("积分已扣减：%(rule)s") % {"rule": deduction.rule_version.title},
        text,
    )
