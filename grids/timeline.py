"""One history, told three ways: to everybody, to the reporter, to those who work on it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids.models import (
    DelayReason,
    DelayRequest,
    DeskEntry,
    Issue,
    IssueStep,
    Level,
    Photo,
    RefusalCode,
    State,
)

PUBLIC, REPORTER, WORKER = "public", "reporter", "worker"

_TONES = {
    "verify": "ok",
    "rework": "warn",
    "reopen": "warn",
    "rate": "ok",
    "report": "info",
    "not_accept": "warn",
    "send_back": "warn",
    "escalate": "warn",
    "overrule": "ok",
}
# What everybody may read of the course of things, and what the reporter reads beyond that.
_NOT_PUBLIC = {
    *("acknowledge", "contact", "note", "take_over", "assign", "recuse", "uncall"),
    *("not_accept", "object", "overrule", "uphold", "ask_delay", "deny_delay", "dismiss"),
    *("supplement", "withdraw"),
}
_NOT_FOR_REPORTER = {"recuse", "uncall", "assign", "ask_delay", "deny_delay", "dismiss"}


def is_public_step(verb: str) -> bool:
    """May everybody read that this happened?"""
    return verb not in _NOT_PUBLIC


@dataclass
class Entry:
    title: str
    at: datetime
    who: str = ""
    text: str = ""
    note: str = ""  # what happened to the limits; for workers
    tone: str = "plain"
    now: bool = False
    photos: list[Photo] = field(default_factory=list)


def entries(
    issue: Issue, steps: Iterable[IssueStep], photos: Iterable[Photo], *, audience: str
) -> list[Entry]:
    """The newest first. ``steps`` come with their actors; ``photos`` are those that may be seen."""
    by_step: dict[int, list[Photo]] = {}
    for photo in photos:
        by_step.setdefault(photo.step_id, []).append(photo)
    told = []
    for step in steps:
        if audience == PUBLIC and step.verb in _NOT_PUBLIC:
            continue
        if audience == REPORTER and (
            step.verb in _NOT_FOR_REPORTER
            or (step.verb == "note" and not step.data.get("for_reporter"))
        ):
            continue
        told.append(
            Entry(
                title=_title(step),
                at=step.at,
                who=_who(issue, step, audience),
                text=_text(step, audience),
                note=step.clock_effect if audience == WORKER else "",
                tone=_TONES.get(step.verb, "plain"),
                photos=by_step.get(step.pk, []),
            )
        )
    told.reverse()
    if told:
        told[0].now = True
    return told


def _named(step: IssueStep, key: str) -> str:
    value = step.data.get(key)
    return value.get("text", "") if isinstance(value, dict) else ""


def _title(step: IssueStep) -> str:
    lead = _named(step, "lead")
    match step.verb:
        case "submit":
            if how := step.data.get("on_behalf"):
                return _("反映（由社区代录：%(how)s）") % {"how": DeskEntry.How(how).label}
            return _("反映")
        case "acknowledge":
            return _("网格员已看到")
        case "file":
            return _("立案")
        case "dispatch":
            return _("派给%(lead)s") % {"lead": lead}
        case "call":
            names = "、".join(one["text"] for one in step.data.get("departments") or [])
            title = _("街道吹哨，%(lead)s牵头")
            if names:
                title = _("街道吹哨，%(lead)s牵头、%(names)s参加")
            return title % {"lead": lead, "names": names}
        case "redirect":
            return _("改派给%(lead)s") % {"lead": lead}
        case "sign":
            return _("签收，开始办理")
        case "contact":
            return _("已联系反映人")
        case "note":
            return _("办理说明") if step.data.get("for_reporter") else _("工作记录")
        case "report":
            return _("办理完成，等待核验")
        case "take_over":
            return _("换人承办")
        case "assign":
            return _("指派%(name)s承办") % {"name": _named(step, "assignee")}
        case "recuse":
            return _("%(name)s回避") % {"name": _named(step, "person")}
        case "verify":
            return _("核验通过，办结")
        case "rework":
            return _("核验未通过，返工")
        case "rate":
            if step.data.get("on_behalf"):
                return _("评价（电话回访代录）：%(solved)s，%(stars)s") % _rating(step)
            return _("评价：%(solved)s，%(stars)s") % _rating(step)
        case "reopen":
            return _("重新办理")
        case "merge":
            number = _named(step, "parent").split(" ")[0]
            return _("并入 %(number)s 一起办理") % {"number": number}
        case "arbitrate":
            return _("街道裁定由%(lead)s承办") % {"lead": lead}
        case "ask_delay":
            kind = DelayRequest.Kind(step.data["kind"]).label
            return _("申请%(kind)s") % {"kind": kind}
        case "grant_delay":
            return _("暂停办理") if step.to_state == State.PAUSED else _("延期办理")
        case "escalate":
            level = Level(step.data["level_before"]).above.label
            title = _("超期，自动升到%(level)s") if step.actor_id is None else _("升到%(level)s")
            return title % {"level": level}
        case "invite" | "dismiss":
            names = "、".join(one["text"] for one in step.data.get("organizations", []))
            title = _("%(names)s参加联办") if step.verb == "invite" else _("%(names)s结束联办")
            return title % {"names": names}
    return str(_TITLES.get(step.verb, step.verb))


_TITLES = {
    "not_accept": gettext_lazy("不予受理"),
    "object": gettext_lazy("提出异议"),
    "overrule": gettext_lazy("异议成立，予以受理"),
    "uphold": gettext_lazy("复核后维持不予受理"),
    "send_back": gettext_lazy("承办单位退回，待街道裁定"),
    "arrive": gettext_lazy("已有人到现场"),
    "deny_delay": gettext_lazy("申请未同意"),
    "resume": gettext_lazy("恢复办理"),
    "archive": gettext_lazy("归档"),
    "supplement": gettext_lazy("来件补充"),
    "withdraw": gettext_lazy("来件单位撤回"),
    "uncall": gettext_lazy("吹哨未获批准，由街道继续办理"),
}


def _rating(step: IssueStep) -> dict[str, str]:
    stars = int(step.data.get("stars") or 0)
    return {
        "solved": _("已解决") if step.data.get("solved") else _("没有解决"),
        "stars": _("%(n)d 星") % {"n": stars},
    }


def _text(step: IssueStep, audience: str) -> str:
    data = step.data
    if step.verb == "reopen":
        level = Level(data["level_before"]).above.label if data.get("level_before") else ""
        why = _("反映人认为没有解决，提到%(level)s重新办理。")
        if data.get("new_facts"):
            why = _("反映人说有新情况，提到%(level)s重新办理。")
        text = why % {"level": level}
        return text if audience == PUBLIC else f"{text}\n{step.reason}"
    if audience == PUBLIC:
        return _why_later(step) if step.verb == "grant_delay" else ""
    parts = [data.get("note", ""), data.get("result", "")]
    if step.verb == "report" and data.get("no_photo_reason"):
        parts.append(_("没有照片：%(reason)s") % {"reason": data["no_photo_reason"]})
    if step.verb == "rate":
        parts.append(data.get("comment", ""))
    if step.verb == "verify":
        parts.append(_how(data.get("how", "")))
    if step.verb in {"dispatch", "redirect", "arbitrate"} and audience == WORKER:
        if assignee := _named(step, "assignee"):
            parts.append(_("轮到%(name)s承办") % {"name": assignee})
        if helpers := "、".join(one["text"] for one in data.get("assists") or ()):
            parts.append(_("请%(names)s协办") % {"names": helpers})
    if step.verb == "not_accept":
        parts.append(str(RefusalCode(data["refusal_code"]).label))
        if data.get("right_channel"):
            parts.append(_("应走的途径：%(channel)s") % {"channel": data["right_channel"]})
    if step.verb == "grant_delay":
        parts.append(_why_later(step))
    if step.verb == "send_back" and audience == WORKER and data.get("suggestion"):
        parts.append(_("建议由%(who)s承办") % {"who": data["suggestion"]})
    if audience == WORKER or step.verb in _REASON_FOR_REPORTER:
        parts.append(step.reason)
    return "\n".join(part for part in parts if part)


_REASON_FOR_REPORTER = {
    *("file", "rework", "verify", "take_over", "not_accept", "object", "overrule", "uphold"),
    *("arbitrate", "escalate", "withdraw"),
}


def _why_later(step: IssueStep) -> str:
    """The recorded reason in one word; what the handler wrote beside it stays inside."""
    code = step.data.get("delay_reason")
    return str(DelayReason(code).label) if code else ""


def _how(code: str) -> str:
    return {
        "on_site": _("已到现场看过。"),
        "phone": _("已电话问过反映人。"),
        "photo": _("已看过照片和材料。"),
    }.get(code, "")


def _who(issue: Issue, step: IssueStep, audience: str) -> str:
    if audience == PUBLIC:
        return ""
    if step.actor_id is None:
        return _named(step, "approved_by") or _("系统")
    if step.actor_id == issue.reporter_id:
        return _("您") if audience == REPORTER else _("反映人")
    return step.actor.name
