"""Figures of the issue loop for everybody."""

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from grids.models import Issue
from grids.models import State as S
from orgs.models import Area


def week_start(now: datetime | None = None) -> datetime:
    today = timezone.localtime(now or timezone.now())
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=today.weekday()
    )


def public_figures(*, area: Area | None = None, now: datetime | None = None) -> dict[str, int]:
    """For the home page, this week in public: received, closed, and how many are open or late."""
    now = now or timezone.now()
    since = week_start(now)
    shown = Issue.objects.visible_to_public()
    if area is not None:
        shown = shown.filter(area_path__startswith=area.path)
    return shown.aggregate(
        received=Count("pk", filter=Q(reported_at__gte=since)),
        closed=Count("pk", filter=Q(closed_at__gte=since, state__in=[S.CLOSED, S.RATED])),
        open=Count("pk", filter=~Q(state__in=[S.CLOSED, S.RATED])),
        late=Count(
            "pk",
            filter=Q(
                state__in=[S.FILED, S.DISPATCHED, S.IN_PROGRESS, S.REOPENED], promised_at__lt=now
            ),
        ),
    )
