"""Who is told what about notices and disclosures; in the verb's transaction, once per event.

No message says who objected: those who answer see it on the page.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from inbox import outbox
from orgs import access
from publicity.models import Disclosure, Notice, Objection, Result
from ui.dates import day_text, local

_silent: ContextVar[bool] = ContextVar("publicity_silent", default=False)

ANSWER, PUBLISH = "publicity.answer_objection", "publicity.publish_disclosure"


@contextmanager
def silently() -> Iterator[None]:
    """Tell nobody: a seed or an import writes what happened long ago."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _tell(people: Iterable, **message) -> None:
    people = list(people)
    if people and not _silent.get():
        outbox.tell(people, **message)


def day_words(moment) -> str:
    return day_text(local(moment).date(), full=True)


# --- notices -----------------------------------------------------------------------------------


def answerers(notice: Notice, *, excluding: Iterable[int] = ()) -> list[list]:
    """Who may answer objections to ``notice``, the nearest first; never its publisher."""
    aside = {pk for pk in (notice.publisher_id, *excluding) if pk}
    return access.ladder(ANSWER, notice.area_path, excluding=aside)


def _work_url(notice: Notice) -> str:
    return f"{notice.get_absolute_url()}work/"


def of_objection(notice: Notice, move, objection: Objection) -> None:
    rungs = answerers(notice, excluding=[objection.objector_id])
    _tell(
        rungs[0] if rungs else [],
        kind="publicity.objection_task",
        title=_("公示收到异议：%(title)s") % {"title": notice.title},
        text=_("请在%(due)s前答复。发布人不能答复。") % {"due": day_words(objection.clock.due_at)},
        url=_work_url(notice),
        key=f"notice:{notice.pk}:objection:{objection.pk}",
    )


def of_answer(notice: Notice, move, objection: Objection) -> None:
    outcome = _("采纳") if objection.is_accepted else _("未采纳")
    _tell(
        [objection.objector],
        kind="publicity.objection_answered",
        title=_("您的异议已有答复：%(title)s") % {"title": notice.title},
        text=_("%(outcome)s。%(answer)s") % {"outcome": outcome, "answer": objection.answer},
        url=notice.get_absolute_url(),
        key=f"notice:{notice.pk}:answer:{objection.pk}",
    )


def of_ending(notice: Notice, move) -> None:
    people = [row.objector for row in notice.objections.select_related("objector")]
    if notice.result == Result.CORRECTED:
        title, text = _("公示已更正：%(title)s"), notice.correction
    elif notice.result == Result.UPHELD:
        title, text = _("公示结束，维持原内容：%(title)s"), ""
    else:
        title, text = _("公示已撤回：%(title)s"), move.reason
    _tell(
        people,
        kind="publicity.notice_ended",
        title=title % {"title": notice.title},
        text=text,
        url=notice.get_absolute_url(),
        key=f"notice:{notice.pk}:{move.verb}:{move.step.pk}",
    )


def of_late_answer(objection: Objection, *, key: str) -> None:
    notice = objection.notice
    rungs = answerers(notice, excluding=[objection.objector_id])
    _tell(
        [person for rung in rungs[:2] for person in rung],
        kind="publicity.objection_late",
        title=_("异议超期未答复：%(title)s") % {"title": notice.title},
        text=_("应于%(due)s前答复，请尽快处理。") % {"due": day_words(objection.clock.due_at)},
        url=_work_url(notice),
        key=key,
    )


# --- disclosures -------------------------------------------------------------------------------


def _publishers(disclosure: Disclosure) -> list[list]:
    return access.ladder(PUBLISH, disclosure.area_path)


def of_due_disclosure(disclosure: Disclosure, *, name: str, key: str) -> None:
    rungs = _publishers(disclosure)
    _tell(
        rungs[0] if rungs else [],
        kind="publicity.disclosure_due",
        title=_("待公开：%(name)s") % {"name": name},
        text=_("请在%(due)s前公开。") % {"due": day_text(disclosure.due_on, full=True)},
        url=disclosure.get_absolute_url(),
        key=key,
    )


def of_late_disclosure(disclosure: Disclosure, *, name: str, key: str) -> None:
    _tell(
        [person for rung in _publishers(disclosure)[:2] for person in rung],
        kind="publicity.disclosure_late",
        title=_("逾期未公开：%(name)s") % {"name": name},
        text=_("应于%(due)s前公开，逾期已经记录，请尽快公开。")
        % {"due": day_text(disclosure.due_on, full=True)},
        url=disclosure.get_absolute_url(),
        key=key,
    )
