"""What waits for a person: the queue, the desk."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils import timezone

from grids import dispatch, roster
from grids.models import DelayRequest, Issue, IssueStep, Level, Roster
from grids.models import State as S
from orgs import access
from orgs.models import AreaLevel


def waiting_for(person, *, now: datetime | None = None, rows: QuerySet | None = None):
    """Issues that need ``person`` now, the most pressing first; ``issue.waits_for`` is the verb.

    ``rows`` says what to read of them (whole rows: None): the condition is long, and every
    further call on the queryset would copy it. Two queries at most, whatever is found.
    People of the subdistrict see their own level's matters, and of the communities' only what
    is late.
    """
    now = now or timezone.now()
    needed = ("grids.file_issue", "grids.dispatch_issue", "grids.verify_issue")
    levels = dispatch.levels_of(person, *needed)
    file, send, verify = (dispatch.reach(person, right, levels=levels) for right in needed)
    leads = access.rights_of(person).organization_ids("grids.handle_issue")
    local, late = Q(level__in=[Level.L1, Level.L2]), Q(due_at__lt=now)
    mine, handles = Q(reporter=person), Q(handler=person)
    again = Q(state__in=[S.REOPENED, S.ESCALATED])

    # What waits where, so that each place is asked for once.
    there: dict[tuple[str, ...], Q] = defaultdict(Q)
    there[file.near] |= Q(state=S.SUBMITTED)
    there[send.near] |= Q(state=S.FILED) & local
    there[send.community] |= again & local
    there[verify.near] |= Q(state=S.HANDLED) & ~handles & ~mine
    there[file.high] |= Q(state=S.SUBMITTED) & late
    if send.high:
        refused = IssueStep.objects.filter(verb="not_accept", actor=person).values("issue")
        there[send.high] |= (
            (Q(state=S.FILED) & (~local | late))
            | (again & ~local)
            | (Q(state=S.OBJECTED) & ~mine & ~Q(pk__in=refused))
            | (Q(state=S.RETURNED) & ~mine & ~Q(lead__in=leads))
        )
    there[verify.high] |= Q(state=S.HANDLED) & (~local | late) & ~handles & ~mine

    waits = mine & (
        Q(state=S.CLOSED, due_at__gte=now)
        | Q(state=S.NOT_ACCEPTED, objected_at=None, due_at__gte=now)
        | Q(state=S.DRAFT)
    )
    for paths, condition in there.items():
        if paths:
            waits |= _under(paths) & condition
    if leads:
        waits |= Q(state=S.DISPATCHED, lead__in=leads) & ~mine & _mine_to_sign(person, leads)
        waits |= Q(state=S.IN_PROGRESS) & handles
    if asked := _asked_of(person):
        waits |= asked
    # Of what somebody else has in hand, only requests for time come up here.
    asks_for_time = Q(state=S.IN_PROGRESS) & ~handles
    if rows is None:
        rows = Issue.objects.select_related("category", "lead", "assignee").defer(
            "clock_rules", "description", "public_summary", "public_result", "result"
        )
    return (
        rows.annotate(asks_for_time=ExpressionWrapper(asks_for_time, output_field=BooleanField()))
        .order_by("due_at", "pk")
        .filter(waits, mine | ~Q(recused_ids__contains=[person.pk]))
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
    """Handed to ``person``; or to nobody, where members take them or ``person`` hands them out.

    Who left the body holds nothing any more.
    """
    headed = access.rights_of(person).organization_ids(roster.RIGHT)
    by_name = Roster.objects.filter(mode=Roster.Mode.ASSIGN, organization__in=leads - headed)
    there = access.holders_of("grids.handle_issue", leads)
    free = (Q(assignee=None) | ~Q(assignee__in=there)) & ~Q(lead__in=by_name.values("organization"))
    return Q(assignee=person) | free


def _under(paths: Iterable[str]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(area_path__startswith=path)
    return condition
