"""One history, told three ways: to everybody, to the reporter, to those who work on it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from grids.models import Issue, IssueStep, Level, Photo

PUBLIC, REPORTER, WORKER = "public", "reporter", "worker"

_TONES = {"verify": "ok", "rework": "warn", "reopen": "warn", "rate": "ok", "report": "info"}
_NOT_PUBLIC = {"acknowledge", "contact", "note", "take_over", "recuse"}


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
        if audience == REPORTER and step.verb == "recuse":
            continue
        if audience == REPORTER and step.verb == "note" and not step.data.get("for_reporter"):
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
            return _("反映")
        case "acknowledge":
            return _("网格员已看到")
        case "file":
            return _("立案")
        case "dispatch":
            return _("派给%(lead)s") % {"lead": lead}
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
        case "recuse":
            return _("%(name)s回避") % {"name": _named(step, "person")}
        case "verify":
            return _("核验通过，办结")
        case "rework":
            return _("核验未通过，返工")
        case "rate":
            return _("评价：%(solved)s，%(stars)s") % _rating(step)
        case "reopen":
            return _("重新办理")
    return step.verb


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
        text = _("反映人认为没有解决，提到%(level)s重新办理。") % {"level": level}
        return text if audience == PUBLIC else f"{text}\n{step.reason}"
    if audience == PUBLIC:
        return ""
    parts = [data.get("note", ""), data.get("result", "")]
    if step.verb == "report" and data.get("no_photo_reason"):
        parts.append(_("没有照片：%(reason)s") % {"reason": data["no_photo_reason"]})
    if step.verb == "rate":
        parts.append(data.get("comment", ""))
    if step.verb == "verify":
        parts.append(_how(data.get("how", "")))
    if audience == WORKER or step.verb in {"file", "rework", "verify", "take_over"}:
        parts.append(step.reason)
    return "\n".join(part for part in parts if part)


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
        return _("系统")
    if step.actor_id == issue.reporter_id:
        return _("您") if audience == REPORTER else _("反映人")
    return step.actor.name
