"""The queue: what waits for this person, by deadline."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import listing, waiting, whistle_pages
from grids.models import Issue, State
from orgs import access
from orgs.access import signed_in
from orgs.prepared import prepared

MOST = 100


@signed_in
def queue(request):
    rights = access.rights_of(request.user)
    if not rights.has_any(
        "grids.file_issue", "grids.verify_issue", "grids.handle_issue", "grids.approve_whistle"
    ):
        raise Http404
    now = timezone.now()
    issues = _issues(request.user, now=now)
    rows = listing.rows(issues[:MOST], public=False)
    whistles = whistle_pages.waiting_rows(request.user)
    context = {
        "may_enter": rights.has("grids.file_issue"),
        "may_patrol": rights.has_any("grids.patrol", "grids.view_issue"),
        "whistles": whistles,
        "groups": _by_urgency(rows, now),
        "count": len(rows),
        "more": len(issues) > MOST,
        "may_bulk": any(row.waits_for == "dispatch" for row in rows),
    }
    return render(request, "grids/queue.html", context)


@prepared
def _issues(person, *, now):
    # Whole rows of three tables would cost more than all the rest of the page.
    wanted = Issue.objects.exclude(state=State.CLOSED).select_related("category", "assignee")
    wanted = wanted.only(*listing.ROW_FIELDS, "assignee__name")
    return waiting.waiting_for(person, now=now, rows=wanted)[: MOST + 1]


def _by_urgency(rows, now):
    """Late, due today, later; each row with the verb it waits for in words."""
    today = timezone.localdate(now)
    groups = {
        "late": {"title": _("已到期"), "tone": "bad", "rows": []},
        "today": {"title": _("今天到期"), "tone": "warn", "rows": []},
        "later": {"title": _("以后到期"), "tone": "info", "rows": []},
    }
    for row in rows:
        if row.due_at is not None and row.due_at < now:
            name = "late"
        elif row.due_at is not None and timezone.localdate(row.due_at) == today:
            name = "today"
        else:
            name = "later"
        groups[name]["rows"].append(row)
    return list(groups.values())
