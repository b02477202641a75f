"""The public account: months of figures kept ready, and what its page says from them.

``refresh`` counts again what the triggers on the issue marked as no longer true, and the months
whose time went on; run by the beat, and exact however long it stood still.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F, Max, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy

from grids import dispatch, figures
from grids.models import Issue, IssueMonth, StaleMonths
from orgs.models import Area, AreaLevel

LOCK = 7_430_201  # advisory: one counts at a time
SHOWN = 12  # months


# --- keeping -------------------------------------------------------------------------------------


@transaction.atomic
def refresh(now: datetime | None = None) -> int:
    """Count again what has changed since the last time; how many places were counted.

    What another transaction writes meanwhile keeps its mark and is counted by the next run.
    """
    now = now or timezone.now()
    _alone()
    since = _stale_places()
    last = IssueMonth.objects.aggregate(at=Max("counted_at"))["at"]
    if last is not None:
        # Promises come due without anybody writing: the months since the last count.
        running = figures.month_of(min(last, now))
        for area in IssueMonth.objects.values_list("area", flat=True).distinct():
            since[area] = min(since.get(area, running), running)
    for area in Area.objects.filter(pk__in=since):
        _recount(area, since[area.pk], now)
    return len(since)


@transaction.atomic
def recount(now: datetime | None = None) -> int:
    """Count everything anew, from nothing: how many places there are."""
    now = now or timezone.now()
    _alone()
    StaleMonths.objects.all().delete()
    IssueMonth.objects.all().delete()
    paths = Issue.objects.values_list("area_path", flat=True).distinct()
    places = _places(set(paths))
    for area in {area.pk: area for area in places.values()}.values():
        _recount(area, None, now)
    return len(set(places.values()))


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _stale_places() -> dict[int, date]:
    """Area → the first month to count again; takes the marks that are there now."""
    marks = list(StaleMonths.objects.select_for_update(skip_locked=True))
    StaleMonths.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    places = _places({mark.area_path for mark in marks})
    since: dict[int, date] = {}
    for mark in marks:
        if area := places.get(mark.area_path):
            month = figures.month_of(mark.since)
            since[area.pk] = min(since.get(area.pk, month), month)
    return since


def _places(paths: set[str]) -> dict[str, Area]:
    """Where an issue of each path is counted: its community, else the area itself."""
    wanted = {above for path in paths for above in dispatch.around(path)}
    areas = {area.path: area for area in Area.objects.filter(path__in=wanted)}
    found = {}
    for path in paths:
        around = [areas[above] for above in dispatch.around(path) if above in areas]
        communities = [area for area in around if area.level == AreaLevel.COMMUNITY]
        if communities or path in areas:
            found[path] = communities[0] if communities else areas[path]
    return found


def place_of(area: Area) -> Q:
    """The issues counted under ``area``."""
    if area.level == AreaLevel.COMMUNITY:
        return Q(area_path__startswith=area.path)
    return Q(area_path=area.path)


def _recount(area: Area, since: date | None, now: datetime) -> None:
    counted = figures.count(place_of(area), since=since, now=now)
    kept = IssueMonth.objects.filter(area=area)
    if since is not None:
        kept = kept.filter(month__gte=since)
    kept.delete()
    IssueMonth.objects.bulk_create(
        IssueMonth(area=area, month=month, category_id=category, counted_at=now, **counts)
        for (month, category), counts in counted.items()
    )


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One row of a table: what it is about, and its figures."""

    name: str
    counts: dict[str, int]
    code: str = ""

    @property
    def on_time(self) -> str:
        return self._share("on_time")

    @property
    def solving(self) -> str:
        return self._share("solving")

    def _share(self, code: str) -> str:
        """95.8%, or so many of so many where that would say more than it knows."""
        part = figures.part(self.counts, code)
        return part.of if part.denominator and part.is_small else part.text


@dataclass(frozen=True)
class Account:
    month: date
    months: list[tuple[date, dict[str, int]]]  # the last twelve, the oldest first
    by_category: list[Line]  # of the month
    by_community: list[Line]  # of the month; empty for one community
    counted_at: datetime | None

    @property
    def of_month(self) -> dict[str, int]:
        return self.months[-1][1]

    @property
    def of_year(self) -> dict[str, int]:
        return figures.total(counts for _month, counts in self.months)


_SUMS = {code: Sum(code) for code in figures.CODES}
_NONE = dict.fromkeys(figures.CODES, 0)


def _counts(row: dict) -> dict[str, int]:
    return {code: row[code] for code in figures.CODES}


def bounds() -> tuple[date | None, datetime | None]:
    """The first month there is, and when it was counted last."""
    found = IssueMonth.objects.aggregate(first=Min("month"), at=Max("counted_at"))
    return found["first"], found["at"]


def read(month: date, *, area: Area | None = None, counted_at: datetime | None = None) -> Account:
    """The account of ``month`` and the eleven before it; of one place, or of everywhere.

    ``counted_at``: of the count that is read (``bounds``), to be told with a month still running.
    """
    rows = IssueMonth.objects.filter(month__lte=month)
    if area is not None:
        rows = rows.filter(area__path__startswith=area.path)
    oldest = figures.month_after(month, 1 - SHOWN)
    by_month = {
        row["month"]: _counts(row)
        for row in rows.filter(month__gte=oldest).values("month").order_by().annotate(**_SUMS)
    }
    months = []
    for step in range(SHOWN):
        at = figures.month_after(oldest, step)
        months.append((at, by_month.get(at, _NONE)))
    now = rows.filter(month=month).order_by()
    categories = now.values(name=F("category__name"), shown=F("category__is_public")).annotate(
        **_SUMS
    )
    communities = (
        now.values(name=F("area__name"), code=F("area__code")).annotate(**_SUMS)
        if area is None
        else ()
    )
    return Account(
        month,
        months,
        _by_category(categories),
        sorted(
            (Line(row["name"], _counts(row), row["code"]) for row in communities),
            key=lambda line: line.code,
        ),
        counted_at,
    )


HIDDEN = gettext_lazy("不公开的类别")


def _by_category(rows) -> list[Line]:
    """The most received first; categories nobody may see as one line, at the end."""
    lines, hidden = [], []
    for row in rows:
        (lines if row["shown"] else hidden).append(row)
    found = [Line(row["name"], _counts(row)) for row in lines]
    found.sort(key=lambda line: (-line.counts["received"], -line.counts["closed"], line.name))
    if hidden:
        found.append(Line(str(HIDDEN), figures.total(hidden)))
    return found


def table(month_from: date, month_to: date, *, area: Area | None = None) -> list[dict]:
    """For the CSV: month × community × category; categories nobody may see as one."""
    rows = IssueMonth.objects.filter(month__range=(month_from, month_to))
    if area is not None:
        rows = rows.filter(area__path__startswith=area.path)
    cells: dict[tuple, dict[str, int]] = defaultdict(lambda: dict.fromkeys(figures.CODES, 0))
    for row in rows.values(
        "month", "area__code", "area__name", "category__name", "category__is_public", *figures.CODES
    ).order_by():
        name = row["category__name"] if row["category__is_public"] else str(HIDDEN)
        cell = cells[row["month"], row["area__code"], row["area__name"], name]
        for code in figures.CODES:
            cell[code] += row[code]
    return [
        {"month": key[0], "community": key[2], "category": key[3], **counts}
        for key, counts in sorted(cells.items(), key=lambda item: item[0])
    ]
