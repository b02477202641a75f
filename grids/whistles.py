"""吹哨报到: the subdistrict calls departments to a matter, and nobody leaves before it is done.

    draft → asked → called → reported_in → joint_plan → joint_done → rating → ended

A workflow of its own beside the issue's (``docs/whistle.md``); ``grids.whistle_issue`` ties the two
together. Every verb locks the issue before the whistle, as the issue's own verbs do, so that the
two never wait for each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import dispatch, whistle_issue
from grids import whistle_telling as telling
from grids import whistle_terms as terms
from grids.models import (
    NOT_YET_CALLED,
    SEEN_BY,
    Issue,
    Scene,
    Whistle,
    WhistleCall,
    WhistleState,
)
from grids.who import is_recused
from orgs import access
from orgs.models import Organization
from orgs.models import OrganizationKind as Kind
from orgs.prepared import prepared
from rules import calendar, profiles
from rules.refusals import Refused
from rules.workflow import Missing, Transition, Workflow

RULES = "WHISTLE"
CALLED_KINDS = (Kind.DEPARTMENT, Kind.DISTRICT_GOVERNMENT)
S = WhistleState
L = gettext_lazy


class NotCallable(Refused):
    def __init__(self, organization: Organization):
        text = _("不能叫%(name)s：不管这个地点，或没有可以报到的人员")
        super().__init__(text % {"name": organization.name})


class LeadNotCalled(Refused):
    def __init__(self):
        super().__init__(_("牵头部门须是留下的报到部门之一"))


class LastDepartment(Refused):
    def __init__(self):
        super().__init__(_("只剩这一个部门，不能撤下；请先增加其他部门"))


class CalledAlready(Refused):
    def __init__(self, organization: Organization):
        super().__init__(_("%(name)s已在报到部门之中") % {"name": organization.name})


class WhichDepartment(Refused):
    def __init__(self):
        super().__init__(_("请说明是哪个部门"))


class DateOutside(Refused):
    """``most`` is the last day the issue's own limit leaves."""

    def __init__(self, organization: Organization, most: date):
        self.most = most
        text = _("%(name)s的日期须在今天至%(most)s之间")
        words = {"name": organization.name, "most": f"{most:%Y-%m-%d}"}
        super().__init__(text % words)


# --- who ---------------------------------------------------------------------------------------


def _over(right: str):
    def who(whistle, person):
        return person is not None and access.rights_of(person).may(
            right, area_path=whistle.area_path
        )

    return who


_operator, _leader = _over("grids.ask_whistle"), _over("grids.approve_whistle")


def _may_ask(whistle, person):
    answer = _operator(whistle, person)
    return answer if answer is not True else whistle_issue.why_not_ask(whistle.issue) or True


def _another_leader(whistle, person):
    answer = _leader(whistle, person)
    if answer is True and person.pk == whistle.asked_by_id:
        return _("申请人不能批准自己的吹哨，请由其他领导批准")
    return answer


def _member(condition):
    """Members of a called department whose call meets ``condition``."""

    def who(whistle, person):
        if person is None:
            return False
        mine = access.rights_of(person).organization_ids("grids.handle_issue")
        return any(c.organization_id in mine and condition(c) for c in whistle.standing())

    return who


def _has_to_come(call) -> bool:
    return call.reported_in_at is None


def _leads(call) -> bool:
    return call.is_lead and call.reported_in_at is not None


def _has_to_finish(call) -> bool:
    return call.reported_in_at is not None and call.done_at is None and call.task != ""


def _has_to_judge(call) -> bool:
    return call.necessity_rated_at is None


def _has_to_be_rated(call) -> bool:
    return call.rated_at is None


def _rates_departments(whistle, person):
    return (_operator(whistle, person) or _leader(whistle, person)) and any(
        _has_to_be_rated(call) for call in whistle.standing()
    )


def _system(whistle, person):
    return person is None


def _unless_aside(row: Transition) -> Transition:
    """Closed to who reported the matter, and to who has an interest in it (``grids.recusal``)."""

    def who(whistle, person):
        answer = row.who(whistle, person)
        if answer is True and person is not None:
            if person.pk == whistle.issue.reporter_id:
                return _("您是反映人，应当回避，请由同事办理")
            if is_recused(whistle.issue, person):
                return _("您已回避这件事项")
        return answer

    return replace(row, who=who)


MINE = {
    "report_in": _has_to_come,
    "plan": _leads,
    "finish": _has_to_finish,
    "rate_necessity": _has_to_judge,
}


def calls_of(whistle: Whistle, verb: str, person) -> list[WhistleCall]:
    """For which departments ``person`` may take ``verb`` (people rarely serve in two)."""
    if verb == "rate_department":
        return [call for call in whistle.standing() if _has_to_be_rated(call)]
    mine = access.rights_of(person).organization_ids("grids.handle_issue")
    return [c for c in whistle.standing() if c.organization_id in mine and MINE[verb](c)]


# --- which call, and what follows ----------------------------------------------------------------


def _pick(whistle, move) -> WhistleCall:
    """The call a verb is about: the one given, or the person's only one."""
    chosen = move.data.get("call")
    possible = calls_of(whistle, move.verb, move.by)
    if chosen is not None:
        pk = chosen.pk if isinstance(chosen, WhistleCall) else chosen
        possible = [call for call in possible if call.pk == pk]
    if len(possible) != 1:
        raise WhichDepartment
    move.data["call"] = possible[0]
    return possible[0]


def _others(whistle, call) -> list[WhistleCall]:
    return [other for other in whistle.standing() if other.pk != call.pk]


def _after_reporting_in(whistle, move):
    call = _pick(whistle, move)
    waiting = any(_has_to_come(other) for other in _others(whistle, call))
    return S.CALLED if waiting else S.REPORTED_IN


def _after_finishing(whistle, move):
    call = _pick(whistle, move)
    left = any(other.done_at is None for other in _others(whistle, call))
    return S.JOINT_PLAN if left else S.JOINT_DONE


def _gone(whistle, move) -> WhistleCall:
    """The call that is taken out; the last one is not."""
    gone = move.data["call"] = _standing_call(whistle, move.data["call"])
    if not _others(whistle, gone):
        raise LastDepartment
    return gone


def _when_one_less_is_waited_for(whistle, move):
    waiting = any(_has_to_come(call) for call in _others(whistle, _gone(whistle, move)))
    return S.CALLED if waiting else S.REPORTED_IN


def _when_one_less_has_to_finish(whistle, move):
    left = any(call.done_at is None for call in _others(whistle, _gone(whistle, move)))
    return S.JOINT_PLAN if left else S.JOINT_DONE


def _standing_call(whistle, chosen) -> WhistleCall:
    pk = chosen.pk if isinstance(chosen, WhistleCall) else chosen
    for call in whistle.standing():
        if call.pk == pk:
            return call
    raise WhichDepartment


def _after_rating(whistle, move):
    call = _pick(whistle, move)
    department_left = [c for c in whistle.standing() if c.rated_at is None]
    necessity_left = [c for c in whistle.standing() if c.necessity_rated_at is None]
    left = department_left if move.verb == "rate_department" else necessity_left
    left = [c for c in left if c.pk != call.pk]
    others = necessity_left if move.verb == "rate_department" else department_left
    return S.RATING if left or others else S.ENDED


# --- effects -----------------------------------------------------------------------------------


def _ask(whistle, move):
    data = move.data
    whistle.why_failed = data["why_failed"].strip()
    whistle.duty_basis = data["duty_basis"].strip()
    whistle.scene = Scene(data.get("scene") or Scene.NORMAL)
    whistle.asked_by = move.by
    wanted = list(dict.fromkeys(data["departments"]))
    if data["lead"] not in wanted:
        raise LeadNotCalled
    callable_ones = {one.pk for one in candidates(whistle.issue)}
    for organization in wanted:
        if organization.pk not in callable_ones:
            raise NotCallable(organization)
        WhistleCall.objects.create(
            whistle=whistle, organization=organization, is_lead=organization == data["lead"]
        )


def _refuse(whistle, move):
    whistle.ended_at = move.at


def _approve(whistle, move):
    whistle.approved_by, whistle.called_at = move.by, move.at


def _report_in(whistle, move):
    call = _pick(whistle, move)  # saved by the clock, together with whether it was on time
    call.officer, call.reported_in_at = move.by, move.at


def _plan(whistle, move):
    """``tasks`` maps the call's pk to (what, until which day), for every task not yet done."""
    first = calendar.local_day(move.at)
    last = max(first, calendar.local_day(whistle.issue.promised_at))
    tasks = {int(pk): given for pk, given in move.data["tasks"].items()}
    for call in whistle.standing():
        if call.done_at is not None:
            continue
        task, due_on = tasks.get(call.pk) or ("", None)
        if not task.strip() or due_on is None:
            label = _("%(name)s的任务和日期") % {"name": call.organization.name}
            raise Missing({f"task_{call.pk}": label})
        if not first <= due_on <= last:
            raise DateOutside(call.organization, last)
        call.task, call.due_on = task.strip(), due_on
        call.save(update_fields=["task", "due_on"])
    whistle.plan_on = max(call.due_on for call in whistle.standing())


def _finish(whistle, move):
    call = move.data["call"]
    call.result, call.done_at, call.done_by = move.data["result"].strip(), move.at, move.by
    call.save(update_fields=["result", "done_at", "done_by"])


def _add(whistle, move):
    organization = move.data["department"]
    if any(call.organization_id == organization.pk for call in whistle.standing()):
        raise CalledAlready(organization)
    if organization.pk not in {one.pk for one in candidates(whistle.issue)}:
        raise NotCallable(organization)
    move.data["call"] = WhistleCall.objects.create(
        whistle=whistle, organization=organization, called_at=move.at
    )


def _remove(whistle, move):
    call = _gone(whistle, move)
    lead = None
    if call.is_lead:
        lead = _standing_call(whistle, move.data["lead"]) if move.data.get("lead") else None
        if lead is None or lead.pk == call.pk:
            raise LeadNotCalled
    call.removed_at, call.removed_reason = move.at, move.reason
    call.save(update_fields=["removed_at", "removed_reason"])
    if lead is not None:
        lead.is_lead = True
        lead.save(update_fields=["is_lead"])
        move.data["lead"] = lead


def _start_over(whistle, move):
    """Every task is open again, and what was said about each other waits for the new result."""
    whistle.calls.standing().update(
        done_at=None,
        done_by=None,
        stars=None,
        comment="",
        rated_at=None,
        necessary=None,
        necessity_stars=None,
        necessity_comment="",
        necessity_rated_at=None,
        due_on=calendar.local_day(whistle.issue.promised_at),
    )
    whistle.plan_on = calendar.local_day(whistle.issue.promised_at)


def _rate_department(whistle, move):
    call = move.data["call"]
    call.stars, call.rated_at = int(move.data["stars"]), move.at
    call.comment = (move.data.get("comment") or "").strip()
    call.save(update_fields=["stars", "rated_at", "comment"])
    _end_when_over(whistle, move)


def _rate_necessity(whistle, move):
    call = move.data["call"]
    call.necessary = bool(move.data["necessary"])
    call.necessity_stars, call.necessity_rated_at = int(move.data["stars"]), move.at
    call.necessity_comment = (move.data.get("comment") or "").strip()
    call.save(
        update_fields=["necessary", "necessity_stars", "necessity_rated_at", "necessity_comment"]
    )
    _end_when_over(whistle, move)


def _end_when_over(whistle, move):
    if move.to_state == S.ENDED:
        _end(whistle, move)


def _end(whistle, move):
    whistle.ended_at = move.at


def _then(*jobs):
    """``tells`` of a row: further work in the same transaction, then the messages."""

    def do(whistle, move):
        for job in jobs:
            job(whistle, move)

    return do


# --- the table ---------------------------------------------------------------------------------

_RUNNING = (S.CALLED, S.REPORTED_IN, S.JOINT_PLAN)
# What leads elsewhere from another state; see the rows that follow each in the table.
REPORT_IN = Transition(
    "report_in",
    (S.CALLED,),
    _after_reporting_in,
    who=_member(_has_to_come),
    label=L("报到"),
    tone="main",
    clock=terms.of_reporting_in,
    effect=_report_in,
    tells=_then(whistle_issue.sign, telling.of_reporting_in),
    targets=(S.CALLED, S.REPORTED_IN),
)
ADD = Transition(
    "add",
    (S.CALLED, S.JOINT_PLAN),
    None,
    who=_leader,
    needs=(("department", L("增加的部门")), ("reason", L("为什么增加"))),
    label=L("增加报到部门"),
    clock=terms.of_adding,
    effect=_add,
    tells=_then(whistle_issue.let_in, telling.of_adding),
)
REMOVE = Transition(
    "remove",
    (S.REPORTED_IN,),
    None,
    who=_leader,
    needs=(("call", L("撤下的部门")), ("reason", L("撤下原因"))),
    label=L("撤下部门"),
    clock=terms.of_removing,
    effect=_remove,
    tells=_then(whistle_issue.let_go, telling.of_removing),
)
flow = Workflow(
    "whistle",
    step_model="grids.WhistleStep",
    guard=_unless_aside,
    transitions=[
        Transition(
            "ask",
            (S.DRAFT,),
            S.ASKED,
            who=_may_ask,
            needs=(
                ("why_failed", L("街道为什么办不成")),
                ("duty_basis", L("职责依据")),
                ("departments", L("要叫的部门")),
                ("lead", L("牵头部门")),
            ),
            label=L("送领导批准"),
            tone="main",
            clock=terms.of_asking,
            effect=_ask,
            tells=telling.of_asking,
        ),
        Transition(
            "approve",
            (S.ASKED,),
            S.CALLED,
            who=_another_leader,
            label=L("批准并吹哨"),
            tone="main",
            clock=terms.of_approving,
            effect=_approve,
            tells=_then(whistle_issue.call, telling.of_approving),
        ),
        Transition(
            "refuse",
            (S.ASKED,),
            S.REFUSED,
            who=_another_leader,
            needs=(("reason", L("不批准的原因")),),
            label=L("不批准"),
            clock=terms.of_refusing,
            effect=_refuse,
            tells=_then(whistle_issue.give_back, telling.of_refusing),
        ),
        REPORT_IN,
        replace(REPORT_IN, sources=(S.JOINT_PLAN,), target=None, targets=()),  # added late
        Transition(
            "plan",
            (S.REPORTED_IN, S.JOINT_PLAN),
            S.JOINT_PLAN,
            who=_member(_leads),
            needs=(("tasks", L("各部门的任务")),),
            label=L("定联合办理方案"),
            tone="main",
            clock=terms.of_planning,
            effect=_plan,
            tells=telling.of_planning,
        ),
        Transition(
            "finish",
            (S.JOINT_PLAN,),
            _after_finishing,
            who=_member(_has_to_finish),
            needs=(("result", L("完成情况")),),
            label=L("完成本部门任务"),
            tone="main",
            clock=terms.of_finishing,
            effect=_finish,
            tells=telling.of_finishing,
            targets=(S.JOINT_PLAN, S.JOINT_DONE),
        ),
        ADD,
        replace(ADD, sources=(S.REPORTED_IN,), target=S.CALLED),
        REMOVE,
        replace(
            REMOVE,
            sources=(S.CALLED,),
            target=_when_one_less_is_waited_for,
            targets=(S.CALLED, S.REPORTED_IN),
        ),
        replace(
            REMOVE,
            sources=(S.JOINT_PLAN,),
            target=_when_one_less_has_to_finish,
            targets=(S.JOINT_PLAN, S.JOINT_DONE),
        ),
        Transition(
            "start_over",
            (S.JOINT_DONE, S.RATING),
            S.JOINT_PLAN,
            who=_system,
            needs=(("reason", L("原因")),),
            label=L("事项返工或重新办理"),
            clock=terms.of_starting_over,
            effect=_start_over,
            tells=telling.of_starting_over,
        ),
        Transition(
            "open_ratings",
            (S.JOINT_DONE,),
            S.RATING,
            who=_system,
            label=L("事项办结，开始互相评价"),
            clock=terms.of_opening_ratings,
            tells=telling.of_opening_ratings,
        ),
        Transition(
            "rate_department",
            (S.RATING,),
            _after_rating,
            who=_rates_departments,
            needs=(("stars", L("评价")),),
            label=L("评价部门"),
            tone="main",
            clock=terms.of_rating,
            effect=_rate_department,
            tells=whistle_issue.dismiss_when_over,
            targets=(S.RATING, S.ENDED),
        ),
        Transition(
            "rate_necessity",
            (S.RATING,),
            _after_rating,
            who=_member(_has_to_judge),
            needs=(("necessary", L("是否有必要")), ("stars", L("评价"))),
            label=L("评价这次吹哨"),
            tone="main",
            clock=terms.of_rating,
            effect=_rate_necessity,
            tells=whistle_issue.dismiss_when_over,
            targets=(S.RATING, S.ENDED),
        ),
        Transition(
            "end",
            (S.RATING,),
            S.ENDED,
            who=_system,
            label=L("评价期满"),
            clock=terms.of_ending,
            effect=_end,
            tells=whistle_issue.dismiss,
        ),
        Transition(
            "lapse",
            (S.DRAFT, S.ASKED, *_RUNNING, S.JOINT_DONE),
            S.LAPSED,
            who=_system,
            needs=(("reason", L("原因")),),
            label=L("作废"),
            clock=terms.of_lapsing,
            effect=_end,
            tells=_then(whistle_issue.dismiss, telling.of_lapsing),
        ),
    ],
)


# --- verbs ---------------------------------------------------------------------------------------


def candidates(issue: Issue) -> list[Organization]:
    """Departments of the street and the district that have somebody to send, in order of name."""
    paths = dispatch.around(issue.area_path)
    found = list(
        Organization.objects.open()
        .filter(kind__in=CALLED_KINDS)
        .filter(Q(area__path__in=paths) | Q(served_areas__path__in=paths))
        .distinct()
        .order_by("name", "pk")
    )
    staffed = dispatch.staffed(found, excluding=[issue.reporter_id])
    return [organization for organization in found if organization.pk in staffed]


def rules_for(issue: Issue, *, at: datetime | None = None):
    """The terms in force at its place. Raises NoProfile."""
    on = timezone.localdate(at or timezone.now())
    return profiles.in_force(RULES, place=issue.area.code, on=on)


def lock(issue: Issue) -> None:
    """First the issue, then its whistle: the order of every verb of either."""
    issue.refresh_from_db(from_queryset=Issue.objects.select_for_update(of=("self",)))


@transaction.atomic
def open_draft(issue: Issue, *, by=None, at: datetime | None = None) -> Whistle:
    """The issue's open whistle, or a new draft; ``by=None`` when the limit passed by itself."""
    lock(issue)
    if (there := Whistle.objects.open().filter(issue=issue).first()) is not None:
        return there
    at = at or timezone.now()
    whistle = Whistle(issue=issue, opened_at=at, rules=rules_for(issue, at=at).freeze())
    flow.open(whistle, by=by, at=at, clock=terms.of_opening, tells=telling.of_opening)
    return whistle


@transaction.atomic
def ask(issue: Issue, *, by, at: datetime | None = None, after: int | None = None, **given):
    """Ask a leader to whistle: completes the draft the system opened, or begins one.

    ``given``: why_failed, duty_basis, scene, departments, lead. Raises what the table raises.
    """
    whistle = open_draft(issue, by=by, at=at)
    flow.advance(whistle, "ask", by=by, at=at, after=after, **given)
    return whistle


@transaction.atomic
def advance(whistle: Whistle, verb: str, *, by, **given):
    """``flow.advance`` under the issue's lock."""
    lock(whistle.issue)
    return flow.advance(whistle, verb, by=by, **given)


def of_issue(issue: Issue) -> list[Whistle]:
    """All there were, with their calls, the latest (the open one, if any is) first."""
    whistles = issue.whistles.select_related("asked_by", "approved_by")
    found = list(whistles.prefetch_related(_CALLS).order_by("-pk"))
    for whistle in found:
        whistle.issue = issue
    return found


def sees(whistle: Whistle, person) -> bool:
    """``WhistleQuerySet.seen_by`` for one; no query where the calls are there."""
    rights = access.rights_of(person)
    if any(rights.may(right, area_path=whistle.area_path) for right in SEEN_BY):
        return True
    mine = rights.organization_ids("grids.handle_issue")
    called = whistle.state not in NOT_YET_CALLED
    return called and any(call.organization_id in mine for call in whistle.standing())


_CALLS = Prefetch("calls", WhistleCall.objects.select_related("organization", "officer"))


# --- who has to do something ---------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """One whistle that needs the person now, and the verb."""

    whistle: Whistle
    verb: str
    label: str
    due_at: datetime | None


def waiting_for(person) -> list[Waiting]:
    """What needs ``person`` now, the most pressing first; two queries, whatever is found."""
    rights = access.rights_of(person)
    if not rights.has_any("grids.ask_whistle", "grids.approve_whistle", "grids.handle_issue"):
        return []
    found = _may_wait(person)
    waiting = [one for whistle in found for one in _waits(whistle, person)]
    far = timezone.now() + timezone.timedelta(days=3650)
    return sorted(waiting, key=lambda one: (one.due_at or far, one.whistle.pk))


@prepared
def _may_wait(person):
    """Whistles in a state and place in which they may need ``person``."""
    rights = access.rights_of(person)
    asks = _under(rights.area_paths("grids.ask_whistle"))
    approves = _under(rights.area_paths("grids.approve_whistle"))
    bodies = rights.organization_ids("grids.handle_issue")
    wanted = Q(pk__in=[])
    if asks is not None:
        wanted |= Q(state__in=[S.DRAFT, S.RATING]) & asks
    if approves is not None:
        wanted |= Q(state=S.ASKED) & approves & ~Q(asked_by=person)
    if bodies:
        mine = WhistleCall.objects.standing().filter(organization__in=bodies)
        wanted |= Q(state__in=[*_RUNNING, S.RATING], pk__in=mine.values("whistle"))
    return (
        Whistle.objects.filter(wanted)
        .exclude(issue__reporter=person)
        .select_related("issue")
        .defer(
            *("issue__clock_rules", "issue__description", "issue__public_summary"),
            *("issue__result", "issue__public_result"),
        )
        .prefetch_related("calls")
    )


_FIRST = ("ask", "approve", "report_in", "plan", "finish", "rate_department", "rate_necessity")


def _waits(whistle: Whistle, person) -> Iterable[Waiting]:
    """At most one line per whistle: the first thing to do."""
    able = {row.verb: row for row in flow.available(whistle, person)}
    for verb in _FIRST:
        if verb not in able or (verb == "plan" and whistle.state != S.REPORTED_IN):
            continue
        due = whistle.due_at
        if verb in {"report_in", "finish"}:
            call = calls_of(whistle, verb, person)[0]
            ends = calendar.end_of_day(call.due_on) if call.due_on else None
            due = call.report_due_at if verb == "report_in" else ends
        yield Waiting(whistle, verb, able[verb].text, due)
        return


def _under(paths: Iterable[str]) -> Q | None:
    condition = None
    for path in paths:
        here = Q(issue__area_path__startswith=path)
        condition = here if condition is None else condition | here
    return condition
