"""Reminders the beat sends: claims and appeals that wait too long for somebody."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from inbox.models import Message
from orgs.models import Appointment, Area, AreaLevel
from points import telling
from points.models import Claim, ClaimState
from rules import calendar


def of_certifying(now: datetime | None = None) -> int:
    """Tell the nearest certifiers of what is late, once a working day; how many were told.

    One message for each place and day, however many claims wait there.
    """
    now = now or timezone.now()
    today = calendar.local_day(now)
    if not calendar.read().works(today):
        return 0
    late = Claim.objects.filter(state=ClaimState.CLAIMED, clock__due_at__lt=now).values_list(
        "area_path", "area__level", "rule_version__certifiers"
    )
    # The grid's workers share its claims: one heap for each grid and list of posts.
    heaps: dict[tuple[str, tuple], int] = defaultdict(int)
    for path, level, certifiers in late:
        grid = path[: -Area.steplen] if level == AreaLevel.BUILDING else path
        heaps[grid, tuple(sorted(certifiers))] += 1
    waiting: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    people = {}
    for (path, certifiers), count in heaps.items():
        for person in _nearest(certifiers, path):
            people[person.pk] = person
            waiting[path][person.pk] += count
    told = 0
    for path, counts in waiting.items():
        by_count: dict[int, list] = defaultdict(list)
        for pk, count in counts.items():
            by_count[count].append(people[pk])
        for count, same in by_count.items():
            with transaction.atomic():
                key = f"claims-late:{path}:{count}:{today.isoformat()}"
                telling.of_late_certifying(path, count, same, key=key)
            told += len(same)
    return told


def of_appeals(now: datetime | None = None) -> int:
    """Tell of every appeal not answered in time, once: those who may answer, and a level above."""
    now = now or timezone.now()
    key = Concat(Value(telling.LATE_APPEAL), Cast(OuterRef("pk"), CharField()))
    late = Claim.objects.filter(
        ~Exists(Message.objects.filter(key=key)),
        state=ClaimState.APPEALED,
        clock__due_at__lt=now,
    ).select_related("rule_version", "clock")
    told = 0
    for claim in late:
        with transaction.atomic():
            telling.of_late_appeal(claim)
        told += 1
    return told


def _nearest(certifiers, path: str) -> list:
    """Holders of one of the posts at the place, those of the smallest jurisdiction."""
    around = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
    posts = (
        Appointment.objects.in_force()
        .filter(position__in=certifiers, person__is_active=True)
        .select_related("person", "area", "organization__area")
    )
    found: dict[str, list] = defaultdict(list)
    for post in posts.filter(area__path__in=around) | posts.filter(
        area=None, organization__area__path__in=around
    ):
        found[post.jurisdiction.path].append(post.person)
    return found[max(found, key=len)] if found else []
