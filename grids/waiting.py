"""What waits for a person: the queue, the desk."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import BooleanField, Case, Q, Value, When
from django.utils import timezone

from grids import dispatch, roster
from grids.models import DelayRequest, Issue, IssueStep, Level, Roster
from grids.models import State as S
from orgs import access
from orgs.models import AreaLevel


def waiting_for(person, *, now: datetime | None = None):
    """Issues that need ``person`` now, the most pressing first; ``issue.waits_for`` is the verb.

    Two queries at most, whatever is found. People of the subdistrict see their own level's
    matters, and of the communities' only what is late.
    """
    now = now or timezone.now()
    needed = ("grids.file_issue", "grids.dispatch_issue", "grids.verify_issue")
    levels = dispatch.levels_of(person, *needed)
    file, send, verify = (dispatch.reach(person, right, levels=levels) for right in needed)
    leads = access.rights_of(person).organization_ids("grids.handle_issue")
    local, late = Q(level__in=[Level.L1, Level.L2]), Q(due_at__lt=now)
    mine = Q(reporter=person)
    again = Q(state__in=[S.REOPENED, S.ESCALATED])
    waits = Q(state=S.CLOSED, due_at__gte=now) & mine
    waits |= Q(state=S.NOT_ACCEPTED, objected_at=None, due_at__gte=now) & mine
    waits |= Q(state=S.DRAFT) & mine
    if file.near:
        waits |= Q(state=S.SUBMITTED) & _under(file.near)
    if send.near:
        waits |= Q(state=S.FILED) & local & _under(send.near)
    if send.community:
        waits |= again & local & _under(send.community)
    if verify.near:
        waits |= Q(state=S.HANDLED) & _under(verify.near) & ~Q(handler=person) & ~mine
    if file.high:
        waits |= Q(state=S.SUBMITTED) & late & _under(file.high)
    if send.high:
        waits |= Q(state=S.FILED) & (~local | late) & _under(send.high)
        waits |= again & ~local & _under(send.high)
        refused = IssueStep.objects.filter(verb="not_accept", actor=person).values("issue")
        waits |= Q(state=S.OBJECTED) & _under(send.high) & ~mine & ~Q(pk__in=refused)
        waits |= Q(state=S.RETURNED) & _under(send.high) & ~mine & ~Q(lead__in=leads)
    if verify.high:
        others = ~Q(handler=person) & ~mine
        waits |= Q(state=S.HANDLED) & (~local | late) & _under(verify.high) & others
    if leads:
        waits |= Q(state=S.DISPATCHED, lead__in=leads) & ~mine & _mine_to_sign(person, leads)
        waits |= Q(state=S.IN_PROGRESS, handler=person)
    asked = _asked_of(person)
    return (
        Issue.objects.filter(waits | asked if asked else waits)
        .filter(mine | ~Q(recused_ids__contains=[person.pk]))
        .annotate(
            asks_for_time=Case(
                When(asked, then=Value(True)), default=Value(False), output_field=BooleanField()
            )
            if asked
            else Value(False, output_field=BooleanField())
        )
        .select_related("category", "lead", "assignee")
        .defer("clock_rules", "description", "public_summary", "public_result", "result")
        .order_by("due_at", "pk")
    )


def _asked_of(person) -> Q:
    """Requests for time that wait for ``person``, who stands one level up."""
    rights = access.rights_of(person)
    low, high = rights.area_paths("grids.grant_delay"), rights.area_paths("grids.grant_high_delay")
    place = Q()
    for path in low:
        levels = (
            [Level.L1] if rights.level_of(path) == AreaLevel.COMMUNITY else [Level.L1, Level.L2]
        )
        place |= Q(area_path__startswith=path, level__in=levels)
    for path in high:
        place |= Q(area_path__startswith=path, level__in=[Level.L3, Level.L4])
    if not place:
        return place
    pending = DelayRequest.objects.filter(state=DelayRequest.State.PENDING).exclude(asked_by=person)
    return Q(state=S.IN_PROGRESS, pk__in=pending.values("issue")) & ~Q(handler=person) & place


def _mine_to_sign(person, leads) -> Q:
    """Handed to ``person``; or to nobody, where members take them or ``person`` hands them out."""
    headed = access.rights_of(person).organization_ids(roster.RIGHT)
    by_name = Roster.objects.filter(mode=Roster.Mode.ASSIGN, organization__in=leads - headed)
    free = Q(assignee=None) & ~Q(lead__in=by_name.values("organization"))
    return Q(assignee=person) | free


def _under(paths: Iterable[str]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(area_path__startswith=path)
    return condition
