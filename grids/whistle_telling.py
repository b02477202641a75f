"""Who is told what when a whistle moves. No message says who reported the matter."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from grids import dispatch, telling
from grids.limits import due_text
from grids.models import Scene, WhistleState
from inbox import outbox
from orgs.models import AreaLevel, Person

KIND, UNANSWERED = "grids.whistle", "grids.whistle_unanswered"


def _tell(whistle, move, people: Iterable[Person], audience: str, title: str, text="") -> None:
    people = [one for one in people if one is not None and one.pk != whistle.issue.reporter_id]
    if not people or telling.is_silent():
        return
    outbox.tell(
        people,
        kind=KIND,
        title=title % {"title": whistle.issue.title},
        text=text,
        url=whistle.get_absolute_url(),
        key=f"whistle:{whistle.pk}:{move.step.pk}:{audience}",
    )


def street_path(whistle) -> str:
    """Where leaders and operators of the whistle hold their rights."""
    area = whistle.issue.area
    street = area.ancestor(AreaLevel.SUBDISTRICT)
    return (street or area).path


def leaders(whistle) -> list[Person]:
    aside = {whistle.asked_by_id, whistle.issue.reporter_id}
    return dispatch.nearest("grids.approve_whistle", street_path(whistle), excluding=aside)


def operators(whistle) -> list[Person]:
    """Who asked, or all who could have."""
    if whistle.asked_by is not None:
        return [whistle.asked_by]
    return dispatch.nearest("grids.ask_whistle", street_path(whistle))


def _members(whistle, call) -> list[Person]:
    return dispatch.members(call.organization, excluding=[whistle.issue.reporter_id])


def of_opening(whistle, move):
    if move.by is None:
        text = _("街道级时限已到，事项升级。请%(due)s前写明原因和要叫的部门，送领导批准。") % {
            "due": due_text(whistle.due_at)
        }
        _tell(whistle, move, operators(whistle), "operators", _("请补全吹哨：%(title)s"), text)


def of_asking(whistle, move):
    text = _("申请原因：%(why)s 请%(due)s前批准或退回。") % {
        "why": whistle.why_failed,
        "due": due_text(whistle.due_at),
    }
    _tell(whistle, move, leaders(whistle), "leaders", _("待批准吹哨：%(title)s"), text)


def of_refusing(whistle, move):
    title = _("吹哨未获批准：%(title)s")
    _tell(whistle, move, operators(whistle), "operators", title, move.reason)


def of_approving(whistle, move):
    for call in whistle.standing():
        _call_in(whistle, move, call)
    _tell(whistle, move, operators(whistle), "operators", _("吹哨已批准：%(title)s"))


def _call_in(whistle, move, call):
    where = _("执法现场，") if whistle.scene == Scene.ENFORCEMENT else ""
    role = _("贵单位牵头。") if call.is_lead else _("贵单位配合。")
    text = _("%(where)s请%(due)s前报到，写明到场的经办人。%(role)s职责依据：%(basis)s") % {
        "where": where,
        "due": due_text(call.report_due_at),
        "role": role,
        "basis": whistle.duty_basis,
    }
    people = _members(whistle, call)
    _tell(whistle, move, people, f"call-{call.pk}", _("街道吹哨，请报到：%(title)s"), text)


def of_reporting_in(whistle, move):
    call = move.data["call"]
    title = _("%(name)s已报到") % {"name": call.organization.name} + "：%(title)s"
    _tell(whistle, move, operators(whistle), "operators", title)
    if move.to_state == WhistleState.REPORTED_IN and move.from_state != move.to_state:
        _all_in(whistle, move)


def _all_in(whistle, move):
    lead = next(call for call in whistle.standing() if call.is_lead)
    text = _("请%(due)s前定出各部门的任务和日期。") % {"due": due_text(whistle.due_at)}
    title = _("各部门都已报到，请定方案：%(title)s")
    _tell(whistle, move, [lead.officer], "lead", title, text)


def of_planning(whistle, move):
    for call in whistle.standing():
        if call.done_at is None and call.officer is not None:
            text = _("任务：%(task)s 请%(day)s前完成。") % {
                "task": call.task,
                "day": f"{call.due_on.month}月{call.due_on.day}日",
            }
            title = _("联合办理的任务：%(title)s")
            _tell(whistle, move, [call.officer], f"task-{call.pk}", title, text)


def of_finishing(whistle, move):
    lead = next(call for call in whistle.standing() if call.is_lead)
    if move.to_state == WhistleState.JOINT_DONE:
        text = _("各部门的任务都已完成，请在事项页面上报结果。")
        _tell(whistle, move, [lead.officer], "lead", _("可以上报结果了：%(title)s"), text)
    elif not move.data["call"].is_lead:
        title = _("%(name)s完成了任务") % {"name": move.data["call"].organization.name}
        _tell(whistle, move, [lead.officer], "lead", title + "：%(title)s")


def of_adding(whistle, move):
    _call_in(whistle, move, move.data["call"])


def of_removing(whistle, move):
    call = move.data["call"]
    people = _members(whistle, call)
    title = _("已撤下贵单位的报到任务：%(title)s")
    _tell(whistle, move, people, "removed", title, move.reason)
    if move.to_state == WhistleState.REPORTED_IN and move.from_state != move.to_state:
        _all_in(whistle, move)
    elif move.to_state == WhistleState.JOINT_DONE:
        of_finishing(whistle, move)


def of_starting_over(whistle, move):
    officers = [call.officer for call in whistle.standing()]
    text = _("%(reason)s 请%(due)s前重新完成各自的任务。") % {
        "reason": move.reason,
        "due": due_text(whistle.due_at),
    }
    _tell(whistle, move, officers, "officers", _("没有办好，请继续办理：%(title)s"), text)


def of_opening_ratings(whistle, move):
    due = due_text(whistle.due_at)
    people = [call.officer for call in whistle.standing()]
    text = _("请%(due)s前评价这次吹哨是否必要。") % {"due": due}
    _tell(whistle, move, people, "officers", _("事项已办结，请评价吹哨：%(title)s"), text)
    text = _("请%(due)s前评价各部门的办理。") % {"due": due}
    _tell(whistle, move, operators(whistle), "operators", _("请评价部门：%(title)s"), text)


def of_lapsing(whistle, move):
    called = [] if whistle.called_at is None else whistle.standing()
    people = [call.officer for call in called]
    title = _("吹哨作废：%(title)s")
    _tell(whistle, move, [*people, whistle.asked_by], "all", title, move.reason)
