"""Who is told what when an issue moves; in the verb's transaction, once per step and audience.

Functions named ``of_…`` are the ``tells`` column of the table in ``grids.flow``. No message
says who the reporter is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from grids import dispatch
from grids.limits import due_text
from inbox import outbox
from orgs import access

PROGRESS, ANSWER, TASK = "grids.issue_progress", "grids.issue_answer", "grids.issue_task"
_silent: ContextVar[bool] = ContextVar("grids_handling_silent", default=False)


@contextmanager
def silently() -> Iterator[None]:
    """Tell nobody: a seed or an import writes what happened long ago."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _tell(issue, move, people, kind, audience, title, text="") -> None:
    people = [person for person in people if _may_be_told(issue, person, audience)]
    if not people or _silent.get():
        return
    outbox.tell(
        people,
        kind=kind,
        title=title % {"number": issue.number, "title": issue.title},
        text=text,
        url=issue.get_absolute_url(),
        key=f"issue:{issue.pk}:{move.step.pk}:{audience}",
    )


def _may_be_told(issue, person, audience) -> bool:
    """Who stands aside hears of it as its reporter only."""
    return audience in {"reporter", "aside"} or person.pk not in issue.recused_ids


def _tell_reporter(issue, move, title, text="", kind=PROGRESS):
    _tell(issue, move, [issue.reporter], kind, "reporter", title, text)


def _aside(issue) -> set[int]:
    return {pk for pk in (issue.reporter_id, issue.handler_id) if pk}


def of_posting(issue, move):
    text = _("我们已收到“%(title)s”。%(file)s前会立案，承诺%(due)s前办结。") % {
        "title": issue.title,
        "file": due_text(issue.due_at),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("已收到您反映的事项 %(number)s"), text)
    near = dispatch.nearest("grids.file_issue", issue.area_path, excluding=[issue.reporter_id])
    text = _("%(category)s，请在%(due)s前立案。") % {
        "category": issue.category,
        "due": due_text(issue.due_at),
    }
    _tell(issue, move, near, TASK, "workers", _("待立案：%(title)s"), text)


def of_acknowledging(issue, move):
    _tell_reporter(issue, move, _("网格员已看到您反映的事项 %(number)s"))


def of_filing(issue, move):
    text = _("类别：%(category)s；承诺%(due)s前办结。") % {
        "category": issue.category,
        "due": due_text(issue.promised_at),
    }
    if move.reason:
        text += _("说明：%(reason)s") % {"reason": move.reason}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已立案"), text)
    near = dispatch.nearest(
        "grids.dispatch_issue",
        dispatch.node_path(issue),
        excluding=[issue.reporter_id, move.by.pk],
    )
    if not access.rights_of(move.by).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    ):
        _tell(issue, move, near, TASK, "dispatchers", _("待派单：%(title)s"))


def of_dispatch(issue, move):
    text = _("由%(lead)s承办，承诺%(due)s前办结。") % {
        "lead": issue.lead.name,
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已派单"), text)
    handlers = dispatch.members(issue.lead, excluding=[issue.reporter_id])
    text = _("请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    _tell(issue, move, handlers, TASK, "handlers", _("待签收：%(title)s"), text)


def of_signing(issue, move):
    text = _("%(lead)s已签收，承办人%(name)s会与您联系。") % {
        "lead": issue.lead.name,
        "name": issue.handler.name,
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已签收"), text)


def of_taking_over(issue, move):
    text = _("现由%(name)s承办。") % {"name": issue.handler.name}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 换了承办人"), text)
    before = move.data.get("before")
    if before is not None:
        _tell(issue, move, [before], TASK, "before", _("已由同事接手：%(title)s"), move.reason)


def of_contact(issue, move):
    title = _("承办人已记录与您联系：%(number)s")
    _tell_reporter(issue, move, title, move.data.get("note", ""))


def of_note(issue, move):
    if move.data.get("for_reporter"):
        _tell_reporter(issue, move, _("关于您反映的事项 %(number)s 的说明"), move.data["note"])
    elif issue.handler_id and issue.handler_id != move.by.pk:
        title = _("有新的工作记录：%(title)s")
        _tell(issue, move, [issue.handler], TASK, "handler", title, move.data["note"])


def of_reporting(issue, move):
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已办理，正在核验"), move.data["result"])
    near = dispatch.nearest("grids.verify_issue", issue.area_path, excluding=_aside(issue))
    text = _("请在%(due)s前核验。") % {"due": due_text(issue.due_at)}
    _tell(issue, move, near, TASK, "verifiers", _("待核验：%(title)s"), text)


def of_rework(issue, move):
    text = _("核验未通过，%(due)s前重新办理。") % {"due": due_text(issue.promised_at)}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 需要返工"), text)
    text = _("原因：%(reason)s。请在%(due)s前办结。") % {
        "reason": move.reason.rstrip("。"),
        "due": due_text(issue.promised_at),
    }
    _tell(issue, move, [issue.handler], TASK, "handler", _("返工：%(title)s"), text)


def of_closing(issue, move):
    text = _("请告诉我们问题是否解决，%(due)s前可以评价。没有解决的，可以要求上一级重新办理一次。")
    text = issue.result + "\n" + text % {"due": due_text(issue.due_at)}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已办结，请评价"), text, kind=ANSWER)
    _tell(issue, move, [issue.handler], TASK, "handler", _("已核验办结：%(title)s"))


def of_rating(issue, move):
    text = _("%(solved)s，%(stars)d 星。%(comment)s") % {
        "solved": _("已解决") if issue.solved else _("没有解决"),
        "stars": issue.stars,
        "comment": issue.rating_comment,
    }
    people = [person for person in (issue.handler, issue.verifier) if person is not None]
    _tell(issue, move, people, TASK, "handlers", _("收到评价：%(title)s"), text)


def of_reopening(issue, move):
    text = _("已提到%(level)s，承诺%(due)s前办结。") % {
        "level": issue.get_level_display(),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 将重新办理"), text)
    near = dispatch.nearest(
        "grids.dispatch_issue", dispatch.node_path(issue), excluding=[issue.reporter_id]
    )
    title = _("重新办理，请派单：%(title)s")
    _tell(issue, move, near, TASK, "dispatchers", title, move.reason)
    last = move.data.get("lead_before")
    if last is not None:
        told = {person.pk for person in near} | {issue.reporter_id}
        handlers = dispatch.members(last, excluding=told)
        _tell(issue, move, handlers, TASK, "handlers", _("反映人要求重新办理：%(title)s"))


def of_recusal(issue, move, *, aside):
    if aside.pk != move.by.pk:
        title = _("请回避：%(title)s")
        _tell(issue, move, [aside], TASK, "aside", title, _("原因：") + move.reason)
    if move.from_state == move.to_state:
        return
    _tell_reporter(
        issue, move, _("您反映的事项 %(number)s 由他人承办"), _("原承办人回避，请稍候。")
    )
    handlers = dispatch.members(issue.lead, excluding=[issue.reporter_id, *issue.recused_ids])
    text = _("原承办人回避，请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    _tell(issue, move, handlers, TASK, "handlers", _("待签收：%(title)s"), text)
    if not handlers:
        near = dispatch.nearest(
            "grids.dispatch_issue",
            dispatch.node_path(issue),
            excluding=[issue.reporter_id, *issue.recused_ids],
        )
        text = _("原承办人回避，承办单位没有其他人可以承办，请改派。")
        _tell(issue, move, near, TASK, "dispatchers", _("待改派：%(title)s"), text)
