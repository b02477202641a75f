"""Who is told what when an issue moves; in the verb's transaction, once per step and audience.

Functions named ``of_…`` are the ``tells`` column of the table in ``grids.flow``. No message
says who the reporter is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from grids import dispatch, roster
from grids.limits import due_text
from grids.models import Roster, State
from inbox import outbox
from orgs import access
from orgs.models import AreaLevel

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


def is_silent() -> bool:
    """For receivers of ``grids.signals.moved``: does a seed or an import write history?"""
    return _silent.get()


def _tell_reporter(issue, move, title, text="", kind=PROGRESS):
    if issue.reporter is not None:
        _tell(issue, move, [issue.reporter], kind, "reporter", title, text)
    elif issue.caller_id and kind == ANSWER:
        _tell_caller(issue, move, title)


def _tell_caller(issue, move, title):
    """By short message when that was agreed; else whoever wrote it down has to ring them up."""
    if _silent.get():
        return
    if issue.caller.wants_sms:
        outbox.tell_outside(
            f"caller:{issue.caller_id}",
            kind=ANSWER,
            title=title % {"number": issue.number, "title": issue.title},
            url=issue.get_absolute_url() if issue.is_public else "",
            key=f"issue:{issue.pk}:{move.step.pk}:caller",
        )
    elif issue.caller.phone_digest and issue.caller.recorded_by is not None:
        text = _("反映人没有账号，请打电话告知结果，并在事项页记录。")
        people = [issue.caller.recorded_by]
        _tell(issue, move, people, TASK, "desk", _("请告知反映人：%(title)s"), text)


def _out_of_it(issue) -> list[int]:
    """Who gets no task of it: the reporter, and who stands aside. Others are asked instead."""
    return [pk for pk in (issue.reporter_id, *issue.recused_ids) if pk]


def _aside(issue) -> set[int]:
    return {pk for pk in (*_out_of_it(issue), issue.handler_id) if pk}


def of_posting(issue, move):
    text = _("我们已收到“%(title)s”。%(file)s前会立案，承诺%(due)s前办结。") % {
        "title": issue.title,
        "file": due_text(issue.due_at),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("已收到您反映的事项 %(number)s"), text)
    near = dispatch.nearest("grids.file_issue", issue.area_path, excluding=_out_of_it(issue))
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
        excluding=[*_out_of_it(issue), move.by.pk],
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
    _tell_members(issue, move)
    for body in move.data.get("assists") or ():
        people = dispatch.members(body, excluding=_out_of_it(issue))
        text = _("由%(lead)s承办，请协助并在记录里写明情况。") % {"lead": issue.lead.name}
        _tell(issue, move, people, TASK, f"body-{body.pk}", _("请协办：%(title)s"), text)


def _tell_members(issue, move):
    """Whoever is to sign: the one it was handed to, the head who has to name one, or all."""
    text = _("请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    title = _("待签收：%(title)s")
    if issue.assignee is not None:
        handlers = [issue.assignee]
    elif roster.mode_of(issue) == Roster.Mode.ASSIGN and (heads := roster.heads(issue.lead)):
        handlers, title = heads, _("待指派承办人：%(title)s")
        text = _("请指派承办人，%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    else:
        handlers = dispatch.members(issue.lead, excluding=_out_of_it(issue))
    _tell(issue, move, handlers, TASK, "handlers", title, text)


def of_assigning(issue, move):
    title = _("已指派给您：%(title)s")
    if move.from_state == State.DISPATCHED:
        text = _("请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    else:
        text = _("请接着办理，%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    people = [issue.assignee] if issue.assignee_id != move.by.pk else []
    _tell(issue, move, people, TASK, "assignee", title, text + move.reason)
    before = move.data.get("before")
    if before is not None and before.pk != move.by.pk:
        _tell(issue, move, [before], TASK, "before", _("已改由同事承办：%(title)s"), move.reason)
    if move.from_state == State.IN_PROGRESS:
        text = _("现由%(name)s承办。") % {"name": issue.assignee.name}
        _tell_reporter(issue, move, _("您反映的事项 %(number)s 换了承办人"), text)


def of_calling(issue, move):
    """The departments themselves are told by the whistle."""
    others = len(move.data.get("departments") or ())
    text = _("街道已吹哨，由%(lead)s牵头、共 %(count)d 个部门一起办理，承诺%(due)s前办结。") % {
        "lead": issue.lead.name,
        "count": others + 1,
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已由部门联合办理"), text)


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


def of_supplementing(issue, move):
    """What the caller added: to the handler, or to those who have to take the next step."""
    people = [issue.handler] if issue.handler_id else _next_at(issue)
    people = [person for person in people if move.by is None or person.pk != move.by.pk]
    title = _("来件有补充：%(title)s")
    _tell(issue, move, people, TASK, "handlers", title, move.data["note"])


def of_withdrawing(issue, move):
    near = dispatch.nearest("grids.file_issue", issue.area_path)
    _tell(issue, move, near, TASK, "workers", _("来件单位撤回：%(title)s"), move.reason)


def _next_at(issue):
    if issue.lead_id and issue.state in {State.DISPATCHED, State.IN_PROGRESS}:
        return dispatch.members(issue.lead)
    right = "grids.file_issue" if issue.state == State.SUBMITTED else "grids.dispatch_issue"
    path = issue.area_path if issue.state == State.SUBMITTED else dispatch.node_path(issue)
    return dispatch.nearest(right, path)


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
        "grids.dispatch_issue", dispatch.node_path(issue), excluding=_out_of_it(issue)
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
    handlers = dispatch.members(issue.lead, excluding=_out_of_it(issue))
    text = _("原承办人回避，请签收，并在%(due)s前办结。") % {"due": due_text(issue.promised_at)}
    _tell(issue, move, handlers, TASK, "handlers", _("待签收：%(title)s"), text)
    if not handlers:
        near = dispatch.nearest(
            "grids.dispatch_issue",
            dispatch.node_path(issue),
            excluding=_out_of_it(issue),
        )
        text = _("原承办人回避，承办单位没有其他人可以承办，请改派。")
        _tell(issue, move, near, TASK, "dispatchers", _("待改派：%(title)s"), text)


# --- off the straight road -----------------------------------------------------------------------


def of_merging(issue, move):
    text = _("和 %(number)s“%(title)s”是同一件事，已合并办理，进展会一样告诉您。") % {
        "number": issue.parent.number,
        "title": issue.parent.public_title or issue.category.name,
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已合并办理"), text)


def of_not_accepting(issue, move):
    text = _("理由：%(code)s。%(reason)s") % {
        "code": issue.get_refusal_code_display(),
        "reason": move.reason,
    }
    if issue.right_channel:
        text += "\n" + _("您可以通过这个途径解决：%(channel)s") % {"channel": issue.right_channel}
    text += "\n" + _("不同意的，%(due)s前可以提出一次异议，由街道复核。") % {
        "due": due_text(issue.due_at)
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 不予受理"), text, kind=ANSWER)


def of_objecting(issue, move):
    _tell_reporter(issue, move, _("已收到您对 %(number)s 的异议"), _("街道会在一个工作日内复核。"))
    street = issue.area.ancestor(AreaLevel.SUBDISTRICT)
    if street is not None:
        refused_by = issue.steps.filter(verb="not_accept").values_list("actor", flat=True)
        people = dispatch.nearest(
            "grids.dispatch_issue", street.path, excluding=[*_out_of_it(issue), *refused_by]
        )
        title = _("不予受理的异议，请复核：%(title)s")
        _tell(issue, move, people, TASK, "reviewers", title, move.reason)


def of_overruling(issue, move):
    title = _("您的异议成立，事项 %(number)s 已受理")
    _tell_reporter(issue, move, title, move.reason)
    near = dispatch.nearest("grids.file_issue", issue.area_path, excluding=_out_of_it(issue))
    _tell(issue, move, near, TASK, "workers", _("异议成立，请立案：%(title)s"), move.reason)


def of_upholding(issue, move):
    text = move.reason
    if issue.right_channel:
        text += "\n" + _("您可以通过这个途径解决：%(channel)s") % {"channel": issue.right_channel}
    _tell_reporter(issue, move, _("复核后维持：事项 %(number)s 不予受理"), text, kind=ANSWER)


def of_arriving(issue, move):
    _tell_reporter(issue, move, _("已有人到现场：%(number)s"), move.data.get("note", ""))


def of_sending_back(issue, move):
    text = _("%(lead)s认为不属于本单位职责：%(reason)s。请在%(due)s前裁定。") % {
        "lead": issue.lead.name,
        "reason": move.reason.rstrip("。"),
        "due": due_text(issue.due_at),
    }
    street = issue.area.ancestor(AreaLevel.SUBDISTRICT)
    if street is not None:
        people = dispatch.nearest("grids.dispatch_issue", street.path, excluding=_out_of_it(issue))
        _tell(issue, move, people, TASK, "arbiters", _("退回，请裁定：%(title)s"), text)
    title = _("您反映的事项 %(number)s 正在确定承办单位")
    _tell_reporter(issue, move, title, _("承诺办结时间不变。"))


def of_arbitrating(issue, move):
    text = _("街道裁定由%(lead)s承办，承诺%(due)s前办结。") % {
        "lead": issue.lead.name,
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已确定承办单位"), text)
    handlers = dispatch.members(issue.lead, excluding=_out_of_it(issue))
    text = _("裁定由贵单位承办，不能再退回。理由：%(reason)s") % {"reason": move.reason}
    _tell(issue, move, handlers, TASK, "handlers", _("待签收：%(title)s"), text)


def of_asking(issue, move):
    asked = move.data["delay"]
    text = _("%(lead)s：%(code)s。%(reason)s") % {
        "lead": issue.lead.name,
        "code": asked.get_reason_code_display(),
        "reason": asked.reason,
    }
    title = _("申请暂停，请审批：%(title)s")
    if asked.kind == asked.Kind.EXTEND:
        title = _("申请延期，请审批：%(title)s")
    _tell(issue, move, judges(issue), TASK, "judges", title, text)


def judges(issue) -> list:
    """Who may grant time for ``issue``, one level up."""
    aside = {pk for pk in (issue.reporter_id, issue.handler_id) if pk}
    if issue.level in {"L3", "L4"}:
        return dispatch.nearest("grids.grant_high_delay", issue.area_path, excluding=aside)
    above = dispatch.above(issue)
    if above is None:
        return []
    return dispatch.nearest("grids.grant_delay", above.path, excluding=aside)


def of_granting(issue, move):
    asked = move.data["delay"]
    why = f"{asked.get_reason_code_display()}：{asked.reason}"
    if asked.kind == asked.Kind.PAUSE:
        text = _("原因：%(why)s。恢复办理时会告诉您新的承诺时间。") % {"why": why.rstrip("。")}
        _tell_reporter(issue, move, _("您反映的事项 %(number)s 暂停办理"), text)
    else:
        text = _("原因：%(why)s。新的承诺时间是%(due)s。") % {
            "why": why.rstrip("。"),
            "due": due_text(issue.promised_at),
        }
        _tell_reporter(issue, move, _("您反映的事项 %(number)s 延期办理"), text)
    title = _("申请已同意：%(title)s")
    _tell(issue, move, [asked.asked_by], TASK, "handler", title, move.reason)


def of_denying(issue, move):
    asked = move.data["delay"]
    title = _("申请未同意：%(title)s")
    _tell(issue, move, [asked.asked_by], TASK, "handler", title, move.reason)


def of_resuming(issue, move):
    text = _("新的承诺时间是%(due)s。") % {"due": due_text(issue.promised_at)}
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 恢复办理"), text)
    if move.by is None or move.by.pk != issue.handler_id:
        title = _("暂停结束，请继续办理：%(title)s")
        _tell(issue, move, [issue.handler], TASK, "handler", title, text)


def of_escalating(issue, move):
    text = _("已升到%(level)s办理，承诺%(due)s前办结。") % {
        "level": issue.get_level_display(),
        "due": due_text(issue.promised_at),
    }
    _tell_reporter(issue, move, _("您反映的事项 %(number)s 已升级办理"), text)
    before = move.data["lead_before"]
    unassigned = before is None
    near = dispatch.nearest(
        "grids.dispatch_issue", dispatch.node_path(issue), excluding=_out_of_it(issue)
    )
    title = _("已升级，请派单：%(title)s")
    if move.by is None:
        title = _("超期未派单，已自动升级：%(title)s")
        if not unassigned:
            title = _("超期，已自动升级，请派单：%(title)s")
    _tell(issue, move, near, TASK, "dispatchers", title, move.reason)
    if before is not None:
        told = {person.pk for person in near} | {issue.reporter_id}
        handlers = dispatch.members(before, excluding=told)
        title = _("已升级到上一级，请继续跟进：%(title)s")
        _tell(issue, move, handlers, TASK, "handlers", title, move.reason)


def of_inviting(issue, move):
    text = _("牵头单位：%(lead)s。%(reason)s") % {
        "lead": issue.lead.name if issue.lead else _("待派单"),
        "reason": move.reason,
    }
    for organization in move.data["organizations"]:
        people = dispatch.members(organization, excluding=_out_of_it(issue))
        title = _("请联办：%(title)s")
        _tell(issue, move, people, TASK, f"body-{organization.pk}", title, text)


def of_dismissing(issue, move):
    for organization in move.data["organizations"]:
        people = dispatch.members(organization, excluding=_out_of_it(issue))
        title = _("联办结束：%(title)s")
        _tell(issue, move, people, TASK, f"body-{organization.pk}", title, move.reason)
