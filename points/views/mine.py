"""``/points/``: my points at a glance."""

from datetime import timedelta

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orgs.access import signed_in
from points import mine, promises, standing
from points.models import Deduction, DeductionState

OPEN, LINES, REFUSED_DAYS = 30, 8, 180


@signed_in
@require_safe
def overview(request):
    """Balance, what is on its way, what was refused, what expires, and the last lines."""
    person, today = request.user, timezone.localdate()
    accounts = mine.accounts_of(person)
    purses = mine.purses(accounts, today=today)
    pending, refused = mine.open_matters(
        person, since=today - timedelta(days=REFUSED_DAYS), limit=OPEN
    )
    entries = mine.entries_of([purse.account for purse in purses])
    lines = [
        mine.line_of(entry, person)
        for entry in entries.order_by("-transfer__posted_at", "-pk")[:LINES]
    ]
    context = {
        "purses": purses,
        "total": sum(purse.available for purse in purses),
        "pending": [(row, standing.of(row, today=today)) for row in pending],
        "pending_points": sum(row.points for row in pending),
        "refused": [
            (row, standing.of(row, today=today), standing.may_still_appeal(row)) for row in refused
        ],
        "expiring": [
            (purse.label, gone_on, points) for purse in purses for gone_on, points in purse.expiring
        ],
        "lines": lines,
        "deductions": _to_answer(person),
        "promises": promises.of(person, accounts),
        "this_month": f"{today:%Y-%m}",
    }
    return render(request, "points/mine.html", context)


def _to_answer(person) -> list[Deduction]:
    """Deductions on which the person may say something now, the nearest term first."""
    asked = [DeductionState.ESTABLISHED, DeductionState.DECIDED]
    rows = Deduction.objects.filter(person=person, state__in=asked)
    return list(rows.select_related("clock").order_by("clock__due_at", "pk")[:5])
