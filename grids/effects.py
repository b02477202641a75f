"""What a verb changes in an issue: the ``effect`` column of the table in ``grids.flow``."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from grids import (
    cohandling,
    deidentify,
    delays,
    dispatch,
    limits,
    numbers,
    photos,
    responsibilities,
    roster,
)
from grids.models import CoHandling, DeskEntry, Issue, Level, Order, RefusalCode, State
from grids.refusals import (
    AcceptedAfterReview,
    Arbitrated,
    CalledDepartment,
    NoSuchParent,
    NotACandidate,
    NotDissatisfied,
    NotYet,
    ObjectedBefore,
    ObjectionOver,
    RatingOver,
    ReopenedBefore,
    ReturnOver,
    StillPrivate,
    TooLateToReopen,
)
from orgs.models import Organization
from rules import clocks, profiles
from rules.workflow import Missing

FILED_FIELDS = ("level", "urgency", "area", "place_text")
PUBLIC_FIELDS = ("public_title", "public_summary", "public_place")


def of_filing(issue, move):
    data = move.data
    issue.category = data["category"]
    for name in FILED_FIELDS:
        if data.get(name):
            setattr(issue, name, data[name])
    for name in PUBLIC_FIELDS:
        setattr(issue, name, (data.get(name) or "").strip())
    issue.is_public = bool(data.get("publish", True) and issue.category.is_public)
    if issue.is_public:
        issue.public_title = issue.public_title or deidentify.mask(issue.title)
        _refuse_private(*(getattr(issue, name) for name in PUBLIC_FIELDS))
    issue.filed_at = move.at
    photos.approve(issue, data.get("public_photos") or (), by=move.by)


def _refuse_private(*texts: str) -> None:
    kinds = dict.fromkeys(kind for text in texts for kind in deidentify.left_in(text))
    if kinds:
        raise StillPrivate(list(kinds))


def of_dispatching(issue, move):
    lead = move.data["lead"]
    if (answer := responsibilities.may_lead(lead, issue.category, issue.area)) is not True:
        raise responsibilities.NotOnDutyList(answer)
    there = dispatch.choices(issue, move.by)
    if lead.pk not in {one.organization.pk for one in there.bodies if not one.barred}:
        raise NotACandidate(lead)
    issue.lead, issue.handler, issue.dispatched_at = lead, None, move.at
    issue.signed_at = issue.contacted_at = None
    cohandling.dismiss(issue, [lead], on=move.at)  # who leads needs no invitation
    _ask_for_help(issue, move, there)
    roster.hand_out(issue, at=move.at)
    if issue.assignee is not None:
        move.data["assignee"] = issue.assignee


def _ask_for_help(issue, move, there):
    """Whom the dispatcher asks to assist: the table's bodies, a community that may not lead."""
    helpers = [body for body in move.data.get("assists") or () if body.pk != issue.lead.pk]
    possible = {body.pk for body in there.assists} | {one.organization.pk for one in there.bodies}
    for body in helpers:
        if body.pk not in possible:
            raise NotACandidate(body)
    reason = move.reason or _("派单时请求协办")
    role = CoHandling.Role.ASSIST
    cohandling.invite(issue, helpers, role=role, by=move.by, on=move.at, reason=reason)


def of_assigning(issue, move):
    """The named member may sign; of an order in progress they become the handler."""
    person = move.data["assignee"]
    if person.pk not in {one.pk for one in roster.able(issue)}:
        raise roster.NotAMember(person.name)
    in_progress = issue.state == State.IN_PROGRESS
    if person.pk == (issue.handler_id if in_progress else issue.assignee_id):
        raise roster.HandlesItAlready(person.name)
    move.data["before"] = issue.handler if in_progress else issue.assignee
    issue.assignee = person
    if in_progress:
        issue.handler = person
    roster.note_turn(issue, person, at=move.at)


def of_calling(issue, move):
    """The whistle chose and approved the lead (``grids.whistles``)."""
    issue.level, issue.lead, issue.handler = Level.L4, move.data["lead"], None
    issue.dispatched_at, issue.signed_at = move.at, None
    cohandling.dismiss(issue, [issue.lead], on=move.at)
    roster.hand_out(issue, at=move.at)


def of_uncalling(issue, move):
    """Back to the subdistrict, to be dispatched; the promise to the resident stays."""
    issue.level = Level.L3


def of_signing(issue, move):
    issue.handler, issue.signed_at = move.by, move.at


def of_taking_over(issue, move):
    move.data["before"] = issue.handler
    issue.handler = move.by


def of_contact(issue, move):
    issue.contacted_at = issue.contacted_at or move.at


def of_reporting(issue, move):
    pictures = move.data.get("photos") or ()
    without = (move.data.get("no_photo_reason") or "").strip()
    if not pictures and not without:
        raise Missing({"photos": _("办理后照片，或没有照片的原因")})
    issue.result = move.data["result"].strip()
    issue.no_photo_reason = "" if pictures else without
    issue.public_result = deidentify.mask(issue.result)
    issue.handled_at = move.at
    delays.lapse(issue, at=move.at)


def of_closing(issue, move):
    issue.verifier, issue.closed_at = move.by, move.at
    if (words := (move.data.get("public_result") or "").strip()) and issue.is_public:
        issue.public_result = words
    if issue.is_public:
        _refuse_private(issue.public_result)
    if (tokens := move.data.get("public_photos")) is not None:
        photos.approve(issue, tokens, by=move.by)


def of_rework(issue, move):
    issue.rework_count += 1
    issue.handled_at = None


def _keep_rating(issue, move):
    if issue.reporter_id is None:  # somebody rang up whoever has no account
        move.data["on_behalf"] = True
        DeskEntry.objects.filter(issue=issue).update(rated_by=move.by)
    issue.solved = bool(move.data["solved"])
    issue.stars = int(move.data["stars"])
    issue.rating_comment = (move.data.get("comment") or move.reason or "").strip()
    issue.rated_at = move.at


def _refuse_late_rating(issue, move):
    if issue.due_at is not None and move.at > issue.due_at:
        raise RatingOver


def of_rating(issue, move):
    _refuse_late_rating(issue, move)
    _keep_rating(issue, move)


def of_reopening(issue, move):
    """Not solved, within the time for rating; or new facts, within thirty days of closing."""
    if issue.reopened_count:
        raise ReopenedBefore
    if move.data.get("new_facts"):
        term = issue.clock_rules["params"]["reopen_new_facts"]
        if move.at > clocks.reckon(term["unit"], term["amount"], issue.closed_at).due:
            raise TooLateToReopen
    else:
        _refuse_late_rating(issue, move)
        if move.data.get("stars") is not None and move.data.get("solved") is not None:
            _keep_rating(issue, move)
        if issue.solved is None:
            raise Missing({"solved": _("是否解决"), "stars": _("满意度")})
        if not issue.is_dissatisfied:
            raise NotDissatisfied
    issue.reopened_count += 1
    _rise(issue, move)
    issue.verifier = None
    issue.handled_at = issue.closed_at = None


def _rise(issue, move):
    """One level up, to be dispatched anew."""
    move.data["level_before"] = issue.level
    issue.level = Level(issue.level).above
    move.data["lead_before"] = issue.lead
    issue.handler = issue.assignee = None
    issue.arbitrated_at = None


# --- off the straight road -----------------------------------------------------------------------


def of_submitting(issue, move):
    """A draft gets its number and its rules on the day it is handed in."""
    series = numbers.lock_series(issue.area)
    issue.number = numbers.take(series, timezone.localdate(move.at))
    issue.reported_at = move.at
    rules = profiles.in_force(limits.RULES, place=issue.area.code, on=timezone.localdate(move.at))
    issue.clock_rules = rules.freeze()


def of_merging(issue, move):
    """The parent must be open and of the same community; what was merged before comes along."""
    parent = move.data["parent"]
    community = issue.community
    fits = (
        isinstance(parent, Issue)
        and parent.pk != issue.pk
        and community is not None
        and parent.area_path.startswith(community.path)
    )
    if fits:
        parent = Issue.objects.select_for_update().get(pk=parent.pk)
        fits = not parent.is_ended and parent.state not in {State.DRAFT, State.OBJECTED}
    if not fits:
        raise NoSuchParent
    issue.parent = move.data["parent"] = parent
    issue.is_public = False
    issue.merged.update(parent=parent)


def of_withdrawing(issue, move):
    """What an order was before anybody was sent; its number at the partner's is free again."""
    issue.refusal_code = RefusalCode.WITHDRAWN
    issue.is_public = False
    Order.objects.filter(issue=issue).update(withdrawn_at=move.at)


NEEDS_CHANNEL = frozenset({RefusalCode.OTHER_ROUTE, RefusalCode.OUTSIDE})


def of_not_accepting(issue, move):
    if issue.objected_at is not None:
        raise AcceptedAfterReview
    code = RefusalCode(move.data["refusal_code"])
    channel = (move.data.get("right_channel") or "").strip()
    if code in NEEDS_CHANNEL and not channel:
        raise Missing({"right_channel": _("应走的途径")})
    issue.refusal_code, issue.right_channel = code, channel


def of_objecting(issue, move):
    if issue.objected_at is not None:
        raise ObjectedBefore
    if issue.due_at is None or move.at > issue.due_at:
        raise ObjectionOver
    issue.objected_at = move.at


def of_overruling(issue, move):
    issue.refusal_code = issue.right_channel = ""


def of_sending_back(issue, move):
    if issue.arbitrated_at is not None:
        raise Arbitrated
    if move.at > limits.return_ends(issue):
        raise ReturnOver
    issue.returned_count += 1
    issue.assignee = None


def of_arbitrating(issue, move):
    of_dispatching(issue, move)
    issue.arbitrated_at = move.at


def of_asking(issue, move):
    move.data["delay"] = delays.ask(issue, by=move.by, at=move.at, **_delay_given(move))


def _delay_given(move) -> dict:
    given = {name: move.data[name] for name in ("kind", "reason_code")}
    return {**given, "amount": move.data.get("amount") or None, "reason": move.reason}


def of_granting(issue, move):
    asked = delays.decide(issue, granted=True, move=move)
    move.data["delay"], move.data["delay_reason"] = asked, asked.reason_code


def of_denying(issue, move):
    move.data["delay"] = delays.decide(issue, granted=False, move=move)


def of_escalating(issue, move):
    delays.lapse(issue, at=move.at)
    _rise(issue, move)
    issue.escalated_at = move.at
    if (below := move.data["lead_before"]) is not None:
        cohandling.invite(
            issue,
            [below],
            role=CoHandling.Role.FOLLOW,
            by=move.by,
            on=move.at,
            reason=_("升级前的承办单位，继续跟进"),
        )


def of_inviting(issue, move):
    bodies: list[Organization] = list(move.data["organizations"])
    cohandling.invite(
        issue,
        bodies,
        role=move.data.get("role") or CoHandling.Role.ASSIST,
        by=move.by,
        on=move.at,
        ends_on=move.data.get("ends_on"),
        reason=move.reason,
    )


def of_dismissing(issue, move):
    called = issue.whistles.binding().filter(
        calls__organization__in=move.data["organizations"], calls__removed_at=None
    )
    if called.exists():
        raise CalledDepartment
    cohandling.dismiss(issue, list(move.data["organizations"]), on=move.at)


def of_archiving(issue, move):
    term = issue.clock_rules["params"]["archive"]
    if move.at <= clocks.reckon(term["unit"], term["amount"], issue.closed_at).due:
        raise NotYet
    issue.archived_at = move.at
    cohandling.dismiss(issue, None, on=move.at + timedelta(days=1))
