"""What the pages of a whistle show: its forms by person, its steps in words, rows of lists."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import listing, whistles
from grids.models import (
    WHISTLE_BINDING,
    Issue,
    Level,
    Whistle,
    WhistleCall,
    WhistleState,
    WhistleStep,
)
from grids.whistle_forms import FORMS, AskForm, WhistleForm
from orgs import access
from orgs.models import Area, AreaLevel

S = WhistleState
TONES = {
    S.DRAFT: "warn",
    S.ASKED: "warn",
    S.REFUSED: "bad",
    S.CALLED: "warn",
    S.REPORTED_IN: "info",
    S.JOINT_PLAN: "info",
    S.JOINT_DONE: "ok",
    S.RATING: "info",
    S.ENDED: "ok",
    S.LAPSED: "plain",
}
ROAD = (S.ASKED, S.CALLED, S.REPORTED_IN, S.JOINT_PLAN, S.JOINT_DONE, S.RATING)
PER_CALL = {"report_in", "finish", "rate_department", "rate_necessity"}
DAYS_SHOWN = 365  # by figures and export


# --- who -----------------------------------------------------------------------------------------


def may_ask(issue: Issue, person) -> bool:
    """Is there a whistle to ask for, and may this person?"""
    draft = Whistle(issue=issue, opened_at=issue.reported_at)
    return whistles.flow.transition("ask", S.DRAFT).refuses(draft, person) is None


@dataclass(frozen=True)
class Section:
    """What the issue's page says of its whistle."""

    whistle: Whistle | None
    state: str = ""
    tone: str = "plain"
    calls: list = field(default_factory=list)
    asks: bool = False


def section(issue: Issue, person) -> Section | None:
    """None where there is nothing to say to this person; two queries, none below L3."""
    if issue.level not in {Level.L3, Level.L4}:
        return None
    whistle = next(iter(whistles.of_issue(issue)), None)
    asks = (whistle is None or not whistle.is_open) and may_ask(issue, person)
    if whistle is None or not whistles.sees(whistle, person):
        return Section(None, asks=True) if asks else None
    return Section(
        whistle,
        state=whistle.get_state_display(),
        tone=TONES[whistle.state],
        calls=[_Call(call, whistle) for call in whistle.standing()],
        asks=asks,
    )


# --- one page ------------------------------------------------------------------------------------


class _Call:
    """One department's line: where it stands, in a pill."""

    def __init__(self, call: WhistleCall, whistle: Whistle):
        self.row, self.name = call, call.organization.name
        now = timezone.now()
        if whistle.state in {S.DRAFT, S.ASKED, S.REFUSED, S.LAPSED} and not call.called_at:
            self.state, self.tone = _("拟叫"), "plain"
        elif call.done_at:
            self.state, self.tone = _("任务完成"), "ok"
        elif call.reported_in_at and call.on_time:
            self.state, self.tone = _("按时报到"), "ok"
        elif call.reported_in_at:
            self.state, self.tone = _("报到超时"), "bad"
        elif call.report_due_at and call.report_due_at < now:
            self.state, self.tone = _("逾期未报到"), "bad"
        else:
            self.state, self.tone = _("待报到"), "warn"


def context(issue: Issue, found: list[Whistle], person, *, asks: bool, bound=None) -> dict:
    """``found``: the issue's whistles, the latest first."""
    whistle = found[0] if found else None
    forms = list(_forms(issue, whistle, person, asks, bound))
    base = {
        "issue": issue,
        "whistle": whistle,
        "forms": forms,
        "has_more": any(row.tone != "main" or form.is_change for row, form in forms),
    }
    if whistle is None:
        return base
    steps = list(whistle.steps.select_related("actor").order_by("at", "pk"))
    now = timezone.now()
    return {
        **base,
        "state": whistle.get_state_display(),
        "tone": TONES[whistle.state],
        "is_late": whistle.is_open and whistle.due_at is not None and whistle.due_at < now,
        "calls": [_Call(call, whistle) for call in whistle.standing()],
        "removed": [call for call in whistle.calls.all() if call.removed_at],
        "why_not": _why_not(whistle, person),
        "after": steps[-1].pk,
        "entries": [_Entry(step) for step in reversed(steps)],
        "clocks": whistle.clocks.select_related("clock", "call__organization").order_by("pk"),
        "step": ROAD.index(whistle.state) + 1 if whistle.state in ROAD else 0,
        "road": [_("批准"), _("报到"), _("定方案"), _("联合办理"), _("上报核验"), _("互评")],
        "earlier": found[1:],
        "now": now,
    }


def _forms(issue, whistle, person, asks, bound) -> Iterator[tuple]:
    """(row of the table, form), what presses most first."""
    if asks:
        row = whistles.flow.transition("ask", S.DRAFT)
        fresh = isinstance(bound, AskForm)
        yield row, bound if fresh else AskForm(issue=issue, whistle=None, call=None)
    if whistle is None:
        return
    rows = whistles.flow.available(whistle, person)
    # A plan that stands is changed below, not as the next thing to do.
    rows.sort(key=lambda row: row.tone != "main" or _is_change(whistle, row))
    for row in rows:
        calls = whistles.calls_of(whistle, row.verb, person) if row.verb in PER_CALL else [None]
        for call in calls:
            if _is_of(bound, row.verb, call):
                form = bound
            else:
                form = FORMS[row.verb](issue=issue, whistle=whistle, call=call)
            form.is_change = _is_change(whistle, row)
            yield row, form


def _is_change(whistle, row) -> bool:
    return row.verb == "plan" and whistle.state == S.JOINT_PLAN


def _is_of(bound: WhistleForm | None, verb: str, call) -> bool:
    if bound is None or bound.verb != verb:
        return False
    return call is None or (bound.call is not None and bound.call.pk == call.pk)


def _why_not(whistle: Whistle, person) -> list[str]:
    said = (
        row.refuses(whistle, person)
        for row in whistles.flow.transitions
        if whistle.state in row.sources
    )
    return list(dict.fromkeys(text for text in said if text))


class _Entry:
    """One step of the history."""

    def __init__(self, step: WhistleStep):
        self.at, self.note = step.at, step.clock_effect
        self.who = step.actor.name if step.actor_id else _("系统")
        self.title, self.text = _title(step), _text(step)
        self.tone = "warn" if step.verb in {"refuse", "remove", "start_over"} else "plain"


def _department(step: WhistleStep) -> str:
    call = step.data.get("call")
    return call.get("text", "") if isinstance(call, dict) else ""


def _title(step: WhistleStep) -> str:
    name = {"name": _department(step)}
    match step.verb:
        case "open":
            return _("街道级时限已到，自动升级") if step.actor_id is None else _("发起吹哨")
        case "ask":
            return _("送领导批准")
        case "approve":
            return _("批准，吹哨")
        case "refuse":
            return _("不批准")
        case "report_in":
            return _("%(name)s报到") % name
        case "plan":
            return _("定联合办理方案") if step.from_state != S.JOINT_PLAN else _("调整方案")
        case "finish":
            return _("%(name)s完成任务") % name
        case "add":
            return _("增加%(name)s") % name
        case "remove":
            return _("撤下%(name)s") % name
        case "start_over":
            return _("没有办好，重新办理")
        case "open_ratings":
            return _("事项办结，开始互相评价")
        case "rate_department":
            return _("评价%(name)s") % name
        case "rate_necessity":
            return _("%(name)s评价吹哨") % name
        case "end":
            return _("评价期满，结束")
    return _("作废")


def _text(step: WhistleStep) -> str:
    data = step.data
    parts = [step.reason, data.get("result", "")]
    if "necessary" in data:
        parts.append(_("有必要") if data["necessary"] else _("没有必要"))
    if "stars" in data:
        parts.append(_("%(n)d 星") % {"n": int(data["stars"])})
    parts.append(data.get("comment", ""))
    return "\n".join(part for part in parts if part)


# --- lists ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    href: str
    number: str
    title: str
    where: str
    state: str
    tone: str
    late: bool
    due_at: datetime | None
    departments: str
    came: str


def rows(found) -> list[Row]:
    """Rows of a list; three queries for any number."""
    calls = Prefetch("calls", WhistleCall.objects.select_related("organization"))
    found = list(found.select_related("issue").prefetch_related(calls))
    names = listing.place_names([whistle.issue for whistle in found])
    now = timezone.now()
    return [_row(whistle, names, now) for whistle in found]


def _row(whistle: Whistle, names: dict[str, str], now: datetime) -> Row:
    calls = whistle.standing()
    came = sum(call.reported_in_at is not None for call in calls)
    said = ""
    if whistle.state in WHISTLE_BINDING:
        said = _("%(came)d / %(all)d 个部门已报到") % {"came": came, "all": len(calls)}
    return Row(
        href=whistle.get_absolute_url(),
        number=whistle.issue.number,
        title=whistle.issue.title,
        where=names.get(whistle.issue.area_path, ""),
        state=whistle.get_state_display(),
        tone=TONES[whistle.state],
        late=whistle.is_open and whistle.due_at is not None and whistle.due_at < now,
        due_at=whistle.due_at if whistle.is_open else None,
        departments="、".join(call.organization.name for call in calls),
        came=said,
    )


def figures(person) -> dict[str, int]:
    """Of the last year, within reach: calls, how many came in time, and what was said of them."""
    now = timezone.now()
    seen = Whistle.objects.seen_by(person).filter(called_at__gte=now - timedelta(days=DAYS_SHOWN))
    calls = WhistleCall.objects.standing().filter(whistle__in=seen.order_by().values("pk"))
    unanswered = Q(reported_in_at=None, report_due_at__lt=now)
    return calls.aggregate(
        whistles=Count("whistle", distinct=True),
        answered=Count("pk", filter=Q(reported_in_at__isnull=False)),
        punctual=Count("pk", filter=Q(on_time=True)),
        late=Count("pk", filter=Q(on_time=False) | unanswered),
        judged=Count("pk", filter=Q(necessary__isnull=False)),
        unnecessary=Count("pk", filter=Q(necessary=False)),
    )


@dataclass(frozen=True)
class WaitingRow:
    href: str
    number: str
    title: str
    label: str
    late: bool
    due_at: datetime | None


def waiting_rows(person) -> list[WaitingRow]:
    """``whistles.waiting_for`` as rows of the queue and the desk."""
    now = timezone.now()
    return [
        WaitingRow(
            href=one.whistle.get_absolute_url(),
            number=one.whistle.issue.number,
            title=one.whistle.issue.title,
            label=one.label,
            late=one.due_at is not None and one.due_at < now,
            due_at=one.due_at,
        )
        for one in whistles.waiting_for(person)
    ]


def unanswered_rows(person, now: datetime) -> list[list[str]]:
    """Calls of the last year that were not answered in time, without a word of the matter."""
    paths = access.rights_of(person).area_paths("grids.watch_whistle")
    reach = Q(pk__in=[])
    for path in paths:
        reach |= Q(whistle__issue__area_path__startswith=path)
    late = Q(on_time=False) | Q(reported_in_at=None, whistle__state__in=WHISTLE_BINDING)
    calls = (
        WhistleCall.objects.standing()
        .filter(
            reach,
            late,
            report_due_at__lt=now,
            report_due_at__gte=now - timedelta(days=DAYS_SHOWN),
        )
        .select_related("organization", "officer", "whistle__issue__category")
        .order_by("report_due_at", "pk")
    )
    found = list(calls)
    places = _places({call.whistle.issue.area_path for call in found})
    return [_unanswered(call, places) for call in found]


def _places(paths: set[str]) -> dict[tuple[str, str], str]:
    """(area path, level) → name of the subdistrict or community around it."""
    step = Area.steplen
    around = {path[:end] for path in paths for end in range(step, len(path) + 1, step)}
    levels = [AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY]
    named = Area.objects.filter(path__in=around, level__in=levels)
    return {(path, level): name for path, level, name in named.values_list("path", "level", "name")}


def _unanswered(call: WhistleCall, places) -> list[str]:
    issue = call.whistle.issue

    def around(level):
        for (path, at), name in places.items():
            if at == level and issue.area_path.startswith(path):
                return name
        return ""

    def text(moment):
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""

    return [
        issue.number,
        issue.category.name,
        around(AreaLevel.SUBDISTRICT),
        around(AreaLevel.COMMUNITY),
        call.organization.name,
        _("是") if call.is_lead else _("否"),
        call.whistle.get_scene_display(),
        text(call.called_at),
        text(call.report_due_at),
        text(call.reported_in_at) or _("至今未报到"),
        call.officer.name if call.officer else "",
    ]
