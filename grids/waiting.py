"""What waits for a person: the queue, the desk."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from grids import dispatch
from grids.models import Issue, Level
from grids.models import State as S
from orgs import access


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
    waits = Q(state=S.CLOSED, due_at__gte=now) & mine
    if file.near:
        waits |= Q(state=S.SUBMITTED) & _under(file.near)
    if send.near:
        waits |= Q(state=S.FILED) & local & _under(send.near)
    if send.community:
        waits |= Q(state=S.REOPENED) & local & _under(send.community)
    if verify.near:
        waits |= Q(state=S.HANDLED) & _under(verify.near) & ~Q(handler=person) & ~mine
    if file.high:
        waits |= Q(state=S.SUBMITTED) & late & _under(file.high)
    if send.high:
        waits |= Q(state=S.FILED) & (~local | late) & _under(send.high)
        waits |= Q(state=S.REOPENED) & ~local & _under(send.high)
    if verify.high:
        others = ~Q(handler=person) & ~mine
        waits |= Q(state=S.HANDLED) & (~local | late) & _under(verify.high) & others
    if leads:
        waits |= Q(state=S.DISPATCHED, lead__in=leads) & ~mine
        waits |= Q(state=S.IN_PROGRESS, handler=person)
    return (
        Issue.objects.filter(waits)
        .filter(mine | ~Q(recused_ids__contains=[person.pk]))
        .select_related("category", "lead")
        .defer("clock_rules", "description", "public_summary", "public_result", "result")
        .order_by("due_at", "pk")
    )


def _under(paths: Iterable[str]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(area_path__startswith=path)
    return condition
