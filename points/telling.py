"""Who is told what about points; in the verb's transaction, once per event.

Nobody but the one concerned is told a name, and nobody is told of another's deduction.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from inbox import outbox
from orgs import access
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
    text = _("理由：%(code)s。%(reason)s")
    return text % {"code": claim.get_refusal_code_display(), "reason": claim.refusal_reason}


def of_refusal(claim, move) -> None:
    title = _("积分申报未通过：%(rule)s") % {"rule": claim.rule_version.title}
    text = refusal_words(claim)
    if not claim.has_appealed and claim.clock_id is not None:
        text += _("。如有不同意见，请在%(due)s前申诉。") % {"due": day_words(claim.clock.due_at)}
    tell(
        {claim.person, claim.claimant or claim.person},
        kind="points.refused",
        title=title,
        text=text,
        url=claim.get_absolute_url(),
        key=f"claim:{claim.pk}:refused:{move.step.pk}",
    )


def of_appeal(claim, move) -> None:
    aside = [
        *(claim.person_id, claim.claimant_id, claim.certifier_id),
        *(claim.approver_id, claim.refused_by_id),
    ]
    tell(
        nearest("points.answer_appeal", claim.area_path, excluding=aside),
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
