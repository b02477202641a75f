"""``/points/earn/``: how to earn near me this week."""

from datetime import timedelta

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orgs.access import signed_in
from points import earning, opportunities


@signed_in
@require_safe
def earn(request):
    today = timezone.localdate()
    week = opportunities.this_week(today)
    rows = opportunities.of(request.user, today)
    context = {
        "week": week,
        "until": week + timedelta(days=6),
        "dated": [row for row in rows if row.on is not None],
        "own": [row for row in rows if row.on is None and not row.comes_by_itself],
        "by_itself": [row for row in rows if row.on is None and row.comes_by_itself],
        "home": bool(rows) or earning.home_of(request.user, today) is not None,
    }
    return render(request, "points/earn.html", context)
