"""The queue: what waits for this person, by deadline."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone

from grids import handling, listing
from orgs import access
from orgs.access import signed_in

MOST = 100


@signed_in
def queue(request):
    rights = access.rights_of(request.user)
    if not rights.has_any("grids.file_issue", "grids.verify_issue", "grids.handle_issue"):
        raise Http404
    now = timezone.now()
    issues = list(handling.waiting_for(request.user, now=now).exclude(state="closed")[: MOST + 1])
    rows = listing.rows(issues[:MOST], public=False)
    context = {
        "groups": _by_urgency(rows, now),
        "count": len(rows),
        "more": len(issues) > MOST,
    }
    return render(request, "grids/queue.html", context)


def _by_urgency(rows, now):
    """(title, tone, rows): late, due today, later."""
    today = timezone.localdate(now)
    late = [row for row in rows if row.due_at and row.due_at < now]
    soon = [
        row
        for row in rows
        if row.due_at and row.due_at >= now and timezone.localdate(row.due_at) == today
    ]
    rest = [row for row in rows if row not in late and row not in soon]
    return [("late", late), ("today", soon), ("later", rest)]
