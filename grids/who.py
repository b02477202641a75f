"""Who may do what with an issue: the ``who`` column of the table in ``grids.flow``.

Each answers True, False, or a sentence that says why this person must stand aside.
"""

from dataclasses import replace

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch, roster
from grids.models import (
    ClockKind,
    CoHandling,
    DelayRequest,
    Level,
    Roster,
    Source,
    State,
    WhistleState,
)
from orgs import access
from orgs.models import AreaLevel


def over_place(right: str):
    def who(issue, person):
        return person is not None and access.rights_of(person).may(right, area_path=issue.area_path)

    return who


def at_level(issue, person):
    return person is not None and access.rights_of(person).may(
        "grids.dispatch_issue", area_path=dispatch.node_path(issue)
    )


def in_lead(issue, person) -> bool:
    return (
        person is not None
        and issue.lead_id is not None
        and issue.lead_id in access.rights_of(person).organization_ids("grids.handle_issue")
    )


def lead_member(issue, person):
    if not in_lead(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事承办")
    return True


def signer(issue, person):
    """Any member of the lead; once somebody is named, or has to be, only they."""
    answer = lead_member(issue, person)
    if answer is not True:
        return answer
    if issue.assignee_id == person.pk:
        return True
    if roster.is_held(issue):
        return _("已指派给%(name)s，由其签收") % {"name": issue.assignee.name}
    if roster.mode_of(issue) == Roster.Mode.ASSIGN:
        return _("本单位由负责人指派承办人，请等候指派")
    return True


def assigner(issue, person):
    """The head of the lead body, or who dispatches at this level."""
    return roster.is_head(issue, person) or at_level(issue, person)


def is_handler(issue, person):
    return in_lead(issue, person) and person.pk == issue.handler_id


def reports(issue, person):
    """The handler; where departments were called, only when each of them is done."""
    if not is_handler(issue, person):
        return False
    if issue.level == Level.L4 and _called(issue, but=[WhistleState.JOINT_DONE]):
        return _("各部门的任务都完成后才能上报结果，请在吹哨页面查看进度")
    return True


def _called(issue, *, but=()) -> bool:
    return issue.whistles.binding().exclude(state__in=but).exists()


def at_level_uncalled(issue, person):
    """Redirecting stops where departments were called: nobody leaves before it is done."""
    answer = at_level(issue, person)
    if answer is True and issue.level == Level.L4 and _called(issue):
        return _("已吹哨的事项不能改派；增减报到部门，请街道领导在吹哨页面办理")
    return answer


def at_level_unasked(issue, person):
    """At L4 the subdistrict whistles, or sends it to one department; not both."""
    answer = at_level(issue, person)
    if answer is True and issue.level == Level.L4 and issue.whistles.open().exists():
        return _("这件事项正在吹哨：请在吹哨页面写明原因和部门，由领导批准后派出")
    return answer


def lead_member_uncalled(issue, person):
    answer = lead_member(issue, person)
    if answer is True and issue.level == Level.L4 and _called(issue):
        return _("吹哨叫到的部门不能退回；确实与本部门无关的，请街道领导撤下")
    return answer


def colleague(issue, person):
    return lead_member(issue, person) if not is_handler(issue, person) else False


def other_than_handler(issue, person):
    if not over_place("grids.verify_issue")(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事核验")
    if person.pk == issue.handler_id:
        return _("承办人不能核验自己的办理结果，请由他人核验")
    took_part = issue.steps.filter(
        Q(verb__in=["sign", "take_over", "report"], actor=person)
        | Q(verb="assign", from_state=State.IN_PROGRESS, data__assignee__id=person.pk),
        at__gte=issue.dispatched_at,
    )
    if issue.dispatched_at and took_part.exists():
        return _("您参与过这件事项的办理，请由他人核验")
    return True


def invited(issue, person) -> bool:
    """Does ``person`` act for a body that was asked to co-handle, and still is?"""
    if person is None or issue.pk is None:
        return False
    bodies = access.rights_of(person).organization_ids("grids.handle_issue")
    return bool(bodies) and (
        CoHandling.objects.in_force().filter(issue=issue, organization__in=bodies).exists()
    )


def anybody_on_it(issue, person):
    """Handler, lead, invited bodies and workers over the place may add a note."""
    return (
        in_lead(issue, person)
        or over_place("grids.file_issue")(issue, person)
        or invited(issue, person)
    )


def minds_order(issue, person):
    """The platform an order came from (its account), or who takes its orders in there."""
    if person is None or issue.source != Source.HOTLINE or not hasattr(issue, "order"):
        return False
    return person.pk == issue.reporter_id or over_place("grids.import_orders")(issue, person)


def is_reporter(issue, person):
    return person is not None and person.pk == issue.reporter_id


def speaks_for_reporter(issue, person):
    """The reporter; or, for one without an account, a worker over the place who rings them up.

    Never the handler, nor anybody of the lead: they would rate themselves.
    """
    if is_reporter(issue, person):
        return True
    rings_up = issue.reporter_id is None and issue.caller_id is not None and not issue.anonymous
    if not rings_up or not over_place("grids.file_issue")(issue, person):
        return False
    if person.pk in {issue.handler_id, issue.verifier_id} or in_lead(issue, person):
        return _("承办、核验的人不能代反映人评价，请由他人回访")
    return True


def system(issue, person) -> bool:
    return person is None


# --- the subdistrict, and one level up -----------------------------------------------------------


def over_street(issue, person) -> bool:
    """The subdistrict's operator: holds the right over the whole subdistrict."""
    street = issue.area.ancestor(AreaLevel.SUBDISTRICT)
    return (
        person is not None
        and street is not None
        and access.rights_of(person).may("grids.dispatch_issue", area_path=street.path)
    )


def reviewer(issue, person):
    """Who looks again at a refusal is not who refused."""
    if not over_street(issue, person):
        return False
    if issue.steps.filter(verb="not_accept", actor=person).exists():
        return _("您作出了不予受理的决定，应由他人复核")
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事复核")
    return True


def arbiter(issue, person):
    if not over_street(issue, person):
        return False
    if person.pk == issue.reporter_id:
        return _("您是反映人，应当回避，请由同事裁定")
    if in_lead(issue, person):
        return _("您所在单位提出了退回，应由他人裁定")
    return True


def one_level_up(issue, person) -> bool:
    """Who may grant time: the community for the grid, the subdistrict for the community, its
    leaders (or the district) for what the subdistrict and departments handle."""
    if person is None:
        return False
    rights = access.rights_of(person)
    if issue.level in {Level.L3, Level.L4}:
        return rights.may("grids.grant_high_delay", area_path=issue.area_path)
    above = dispatch.above(issue)
    return above is not None and rights.may("grids.grant_delay", area_path=above.path)


def delay_judge(issue, person):
    if not one_level_up(issue, person):
        return False
    asked = issue.delays.filter(state=DelayRequest.State.PENDING).first()
    if asked is None:
        return False
    if person.pk in {asked.asked_by_id, issue.handler_id}:
        return _("申请人和承办人不能审批自己的申请")
    return True


def waker(issue, person) -> bool:
    """The handler, whoever may grant pauses, and the sweep when the allowance is used up."""
    return person is None or is_handler(issue, person) or one_level_up(issue, person)


# --- upwards -------------------------------------------------------------------------------------


def dispatcher_upwards(issue, person):
    if person is None:
        return is_overdue(issue)
    return at_level(issue, person) and issue.level in {Level.L1, Level.L2}


def handler_upwards(issue, person):
    if person is None:
        return is_overdue(issue)
    return is_handler(issue, person) and issue.level in {Level.L1, Level.L2}


def is_overdue(issue) -> bool:
    """Its whole limit has passed and there is a level above; what the timer asks."""
    if issue.level == Level.L4:
        return False
    row = issue.clocks.filter(kind=ClockKind.HANDLE).select_related("clock").order_by("-round")
    last = row.first()
    return last is not None and last.clock.is_running and last.clock.due_at < timezone.now()


def convener(issue, person):
    """Who may ask further bodies to join: the dispatcher of its level, or the handler."""
    return at_level(issue, person) or is_handler(issue, person)


# --- standing aside ------------------------------------------------------------------------------

# What somebody does as the reporter, who may well be a worker that had to stand aside.
BY_REPORTER = frozenset({"submit", "object", "rate", "reopen"})


def is_recused(issue, person) -> bool:
    return getattr(person, "pk", None) in issue.recused_ids


def unless_recused(row):
    """The row of the table, closed to those who stand aside (``grids.recusal``)."""

    def who(issue, person):
        answer = row.who(issue, person)
        own = row.verb in BY_REPORTER and is_reporter(issue, person)
        if answer is not False and is_recused(issue, person) and not own:
            return _("您已回避这件事项，不能再办理")
        return answer

    return replace(row, who=who)
