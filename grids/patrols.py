"""Patrols of a grid: setting out, ticking off buildings, reporting what was found, coming back."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import handling
from grids.models import Category, Issue, Patrol, PatrolStop, Source
from grids.models.patrols import RIGHT
from orgs import access
from orgs.models import Area, AreaLevel, Person
from rules.refusals import Refused

SUGGESTED = 6
REMEMBERS = timedelta(days=90)


class OutAlready(Refused):
    def __init__(self, patrol: Patrol):
        self.patrol = patrol
        super().__init__(
            _("您还有一次巡查没有结束（%(grid)s），请先结束它") % {"grid": patrol.area.name}
        )


class NotYours(Refused):
    def __init__(self):
        super().__init__(_("只能巡查自己负责的网格"))


class OverAlready(Refused):
    def __init__(self):
        super().__init__(_("这次巡查已经结束，不能再改；有新发现请另开一次"))


def own_grids(person) -> list[Area]:
    """Open grids the person may patrol."""
    paths = access.rights_of(person).area_paths(RIGHT)
    if not paths:
        return []
    where = Q()
    for path in paths:
        where |= Q(path__startswith=path)
    return list(Area.objects.open().filter(where, level=AreaLevel.GRID))


@transaction.atomic
def start(grid: Area, *, by, at: datetime | None = None) -> Patrol:
    """Set out; the same grid again gives the patrol that is under way.

    Raises NotYours, or OutAlready with the patrol of another grid.
    """
    if grid.level != AreaLevel.GRID or not access.rights_of(by).may(RIGHT, area_path=grid.path):
        raise NotYours
    # The person's row is the lock between two taps on the button.
    Person.objects.select_for_update(no_key=True).get(pk=by.pk)
    there = Patrol.objects.filter(person=by, ended_at=None).select_related("area").first()
    if there is not None:
        if there.area_id != grid.pk:
            raise OutAlready(there)
        return there
    patrol = Patrol.objects.create(area=grid, person=by, started_at=at or timezone.now())
    buildings = Area.objects.open().within(grid).filter(level=AreaLevel.BUILDING)
    PatrolStop.objects.bulk_create(
        PatrolStop(patrol=patrol, building=building) for building in buildings
    )
    return patrol


def _locked(patrol: Patrol) -> Patrol:
    patrol.refresh_from_db(from_queryset=Patrol.objects.select_for_update(no_key=True))
    if not patrol.is_open:
        raise OverAlready
    return patrol


@transaction.atomic
def tick(patrol: Patrol, stop: PatrolStop, *, seen: bool) -> None:
    """Been there, or not after all. Raises OverAlready."""
    _locked(patrol)
    PatrolStop.objects.filter(pk=stop.pk, patrol=patrol).update(
        seen_at=timezone.now() if seen else None
    )


@transaction.atomic
def end(patrol: Patrol, *, note: str = "", at: datetime | None = None) -> None:
    """Come back. Raises OverAlready."""
    _locked(patrol)
    patrol.note, patrol.ended_at = note.strip(), at or timezone.now()
    patrol.save(update_fields=["note", "ended_at"])


@transaction.atomic
def report(patrol: Patrol, *, category: Category, area: Area, text: str, **more) -> Issue:
    """Post what was found on the way. Raises OverAlready and what posting raises."""
    _locked(patrol)
    return handling.post(
        reporter=patrol.person,
        category=category,
        area=area,
        text=text.strip() or _("巡查发现：%(what)s") % {"what": category.name},
        source=Source.GRID,
        patrol=patrol,
        **more,
    )


def usual_categories(grid: Area) -> tuple[list[Category], list[Category]]:
    """(what patrols of the community found most of late, all others), each in order."""
    found = dict(
        Issue.objects.filter(
            source=Source.GRID,
            area_path__startswith=grid.path[: -Area.steplen],
            reported_at__gte=timezone.now() - REMEMBERS,
        )
        .order_by()
        .values_list("category")
        .annotate(Count("pk"))
    )
    every = list(Category.objects.filter(is_active=True))
    usual = sorted(every, key=lambda one: (-found.get(one.pk, 0), one.default_level, one.position))[
        :SUGGESTED
    ]
    return usual, [one for one in every if one not in usual]


def last_ended(grids: list[Area]) -> dict[int, datetime]:
    """Grid → when its last patrol began; grids never patrolled are missing."""
    rows = Patrol.objects.filter(area__in=grids).values_list("area")
    return dict(rows.annotate(Max("started_at")).order_by())


def self_discovery(paths, *, since: datetime, until: datetime | None = None) -> dict[str, int]:
    """``found`` by the grid's own people of ``all`` reported below ``paths`` in the time."""
    where = Q()
    for path in paths:
        where |= Q(area_path__startswith=path)
    issues = Issue.objects.filter(where, reported_at__gte=since) if paths else Issue.objects.none()
    if until is not None:
        issues = issues.filter(reported_at__lt=until)
    return issues.aggregate(all=Count("pk"), found=Count("pk", filter=Q(source=Source.GRID)))
