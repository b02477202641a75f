"""How much one rule may still give: per person, household or pair, in a window of days.

Counted over all versions of the rule by the day of the deed, over claims that were paid or still
may be. Who files or reopens a claim takes the lock first, so two at once cannot pass a cap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from points.models import Cap, CapSubject, CapWindow, Claim


@dataclass(frozen=True)
class Left:
    """What the tightest cap leaves. ``points`` None: nothing limits it."""

    points: int | None
    cap: Cap | None = None

    @property
    def words(self) -> str:
        """每人每月上限40分，还可以得10分."""
        if self.cap is None:
            return ""
        return _("%(cap)s，还可以得 %(left)d 分") % {"cap": describe(self.cap), "left": self.points}


def describe(cap: Cap) -> str:
    subject, window = cap.get_subject_display(), cap.get_window_display()
    if cap.per_grade:
        text = _("%(subject)s%(window)s每档最多 %(limit)d 次")
    elif cap.takes_highest:
        text = _("%(subject)s%(window)s同项取高，最多 %(limit)d 分")
    else:
        text = _("%(subject)s%(window)s最多 %(limit)d 分")
    return text % {"subject": subject, "window": window, "limit": cap.limit}


def window_of(window: str, day: date) -> tuple[date | None, date | None]:
    """First day, and first day after; None is without end."""
    match CapWindow(window):
        case CapWindow.DAY:
            return day, day + timedelta(days=1)
        case CapWindow.MONTH:
            first, months = day.replace(day=1), 1
        case CapWindow.QUARTER:
            first, months = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1), 3
        case CapWindow.YEAR:
            first, months = date(day.year, 1, 1), 12
        case CapWindow.EVER:
            return None, None
    after = first.month - 1 + months
    return first, date(first.year + after // 12, after % 12 + 1, 1)


def lock(rule_id: int, *, people: Iterable[int], households: Iterable[int | None]) -> None:
    """Wait for everybody who counts for the same people or households; until the transaction ends.

    In one order for all, so that two lists of people cannot wait for each other.
    """
    keys = {f"points:{rule_id}:person:{pk}" for pk in people if pk}
    keys |= {f"points:{rule_id}:household:{pk}" for pk in households if pk}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(k) FROM ("
            " SELECT DISTINCT hashtextextended(key, 0) AS k FROM unnest(%s::text[]) AS key"
            " ORDER BY k) AS ordered",
            [sorted(keys)],
        )


def _who(cap: Cap, person_id, household_id, partner_id) -> Q:
    match CapSubject(cap.subject):
        case CapSubject.PERSON:
            return Q(person=person_id)
        case CapSubject.HOUSEHOLD:
            return Q(household=household_id)
        case CapSubject.PAIR:
            return Q(person=person_id, partner=partner_id) | Q(person=partner_id, partner=person_id)


def allowance(
    version,
    *,
    person_id: int,
    household_id: int | None = None,
    partner_id: int | None = None,
    grade: int = 0,
    day: date,
    excluding: int | None = None,
    caps: Iterable[Cap] | None = None,
) -> Left:
    """What the caps of ``version`` leave for one more claim; one query, two with the caps.

    ``excluding``: a claim that is counted anew.
    """
    caps = list(version.caps.all() if caps is None else caps)
    caps = [cap for cap in caps if not (cap.subject == CapSubject.PAIR and partner_id is None)]
    caps = [cap for cap in caps if not (cap.subject == "household" and household_id is None)]
    if not caps:
        return Left(None)
    counts = {}
    anywhere = Q()
    for at, cap in enumerate(caps):
        first, after = window_of(cap.window, day)
        who = _who(cap, person_id, household_id, partner_id)
        anywhere |= who
        within = who if first is None else who & Q(happened_on__gte=first, happened_on__lt=after)
        if cap.per_grade:
            counts[f"used_{at}"] = Count("pk", filter=within & Q(grade=grade))
        else:
            counts[f"used_{at}"] = Sum("points", filter=within, default=0)
        if cap.takes_highest:
            counts[f"grades_{at}"] = ArrayAgg("grade", filter=within, distinct=True, default=[])
    counted = Claim.objects.counting().filter(anywhere, rule_version__rule=version.rule_id)
    if excluding is not None:
        counted = counted.exclude(pk=excluding)
    found = counted.aggregate(**counts)
    tightest = Left(None)
    for at, cap in enumerate(caps):
        used = found[f"used_{at}"]
        if cap.per_grade:
            if used < cap.limit:
                continue
            free = 0
        elif cap.takes_highest:
            grades = {*found[f"grades_{at}"], grade}
            top = max(version.amounts[g] for g in grades if g < len(version.amounts))
            free = max(min(cap.limit, top) - used, 0)
        else:
            free = max(cap.limit - used, 0)
        if tightest.points is None or free < tightest.points:
            tightest = Left(free, cap)
    return tightest
