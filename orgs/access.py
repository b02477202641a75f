"""Who may do what where: the one place that answers.

An appointment carries grants (guardian rows) on Area or Organization nodes. They are read once
per request, in one query, and rows are filtered by path prefix or organization. Denied unless
granted; strangers get 404 so that ids tell nothing.
"""

from functools import reduce, wraps
from operator import or_

from django.contrib.auth.views import redirect_to_login
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    BigIntegerField,
    Case,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, Now, TruncDate
from django.http import Http404
from django.utils import timezone

from orgs.compiled import compiled
from orgs.models import Area, Grant, Organization

_NOBODY: dict[str, frozenset] = {}


class Rights:
    """What one person may do where, today. Cheap to ask; read in one query."""

    def __init__(
        self,
        areas: dict[str, frozenset[str]],
        organizations: dict[str, frozenset[int]],
        levels: dict[str, str] | None = None,
    ):
        self._areas = areas
        self._organizations = organizations
        self._levels = levels or {}
        self._outer: dict[str, tuple[str, ...]] = {}
        self.outline = None  # for orgs.prepared

    def has(self, permission: str) -> bool:
        """Somewhere, on any node."""
        return permission in self._areas or permission in self._organizations

    def has_any(self, *permissions: str) -> bool:
        return any(self.has(permission) for permission in permissions)

    def area_paths(self, permission: str) -> tuple[str, ...]:
        """Path prefixes, the outermost only."""
        if permission not in self._outer:
            outer: list[str] = []
            for path in sorted(self._areas.get(permission, ())):
                if not outer or not path.startswith(outer[-1]):
                    outer.append(path)
            self._outer[permission] = tuple(outer)
        return self._outer[permission]

    def organization_ids(self, permission: str) -> frozenset[int]:
        return self._organizations.get(permission, frozenset())

    def level_of(self, path: str) -> str:
        """The level of an area on which some right is held (one of ``area_paths``)."""
        return self._levels[path]

    def may(
        self, permission: str, *, area_path: str = "", organization_id: int | None = None
    ) -> bool:
        """On this very place or organization?"""
        if area_path and any(area_path.startswith(path) for path in self.area_paths(permission)):
            return True
        return organization_id is not None and organization_id in self.organization_ids(permission)

    @property
    def is_empty(self) -> bool:
        return not (self._areas or self._organizations)

    @property
    def permissions(self) -> tuple[list[str], list[str]]:
        """Held on areas, held on organizations; in order."""
        return sorted(self._areas), sorted(self._organizations)


def rights_of(person) -> Rights:
    """The person's rights, read once per request and kept on the instance."""
    if not person.is_authenticated:
        return Rights(_NOBODY, _NOBODY)
    if not hasattr(person, "_rights"):
        person._rights = _read(person)
    return person._rights


def forget(person) -> None:
    """Read again at the next question (after an appointment in the same request)."""
    person.__dict__.pop("_rights", None)


def _read(person) -> Rights:
    area_type = ContentType.objects.get_for_model(Area).pk
    areas: dict[str, set[str]] = {}
    organizations: dict[str, set[int]] = {}
    levels: dict[str, str] = {}
    for content_type, pk, permissions, path, level in _nodes(
        person=person.pk, today=timezone.localdate(), area_type=area_type
    ):
        if content_type != area_type:
            for permission in permissions:
                organizations.setdefault(permission, set()).add(int(pk))
        elif path is not None:
            levels[path] = level
            for permission in permissions:
                areas.setdefault(permission, set()).add(path)
    return Rights(
        {permission: frozenset(paths) for permission, paths in areas.items()},
        {permission: frozenset(ids) for permission, ids in organizations.items()},
        levels,
    )


@compiled
def _nodes(*, person, today, area_type):
    """The nodes ``person`` holds rights on: type, key, rights; of areas also path and level."""
    area = Area.objects.filter(pk=Cast(OuterRef("object_pk"), BigIntegerField())).order_by()
    here = Q(content_type=area_type)
    right = Concat("permission__content_type__app_label", Value("."), "permission__codename")
    return (
        # A grant's appointment is its holder's own: said again, it is found by the index.
        Grant.objects.filter(user=person, appointment__person=person)
        .filter(appointment__starts_on__lte=today)
        .filter(Q(appointment__ends_on=None) | Q(appointment__ends_on__gt=today))
        .order_by()
        .values("content_type_id", "object_pk")
        .annotate(
            rights=ArrayAgg(right),
            path=Case(When(here, Subquery(area.values("path")))),
            level=Case(When(here, Subquery(area.values("level")))),
        )
        .values_list("content_type_id", "object_pk", "rights", "path", "level")
    )


def scope(
    queryset: QuerySet,
    person,
    *permissions: str,
    path_field: str = "area_path",
    organization_field: str | None = None,
) -> QuerySet:
    """Only the rows on which ``person`` holds one of ``permissions``; none when they hold none."""
    rights = rights_of(person)
    paths = dict.fromkeys(path for right in permissions for path in rights.area_paths(right))
    conditions = [Q(**{f"{path_field}__startswith": path}) for path in paths]
    if organization_field:
        ids = frozenset().union(*(rights.organization_ids(right) for right in permissions))
        if ids:
            conditions.append(Q(**{f"{organization_field}__in": ids}))
    return queryset.filter(reduce(or_, conditions)) if conditions else queryset.none()


def holders(permission: str, *, area: Area | None = None, organization: Organization | None = None):
    """People who hold ``permission`` today over ``area`` (or around it) or ``organization``.

    Nearest first is not promised; callers who want the nearest narrow the permission.
    """
    from orgs.models import Person

    today = timezone.localdate()
    app, codename = permission.split(".")
    grants = Grant.objects.filter(
        permission__content_type__app_label=app,
        permission__codename=codename,
        appointment__starts_on__lte=today,
        user__is_active=True,
    ).filter(Q(appointment__ends_on=None) | Q(appointment__ends_on__gt=today))
    nodes = Q(pk__in=[])
    if area is not None:
        around = [area.path[:end] for end in range(Area.steplen, len(area.path) + 1, Area.steplen)]
        ids = [str(pk) for pk in Area.objects.filter(path__in=around).values_list("pk", flat=True)]
        nodes |= Q(content_type=ContentType.objects.get_for_model(Area), object_pk__in=ids)
    if organization is not None:
        nodes |= Q(
            content_type=ContentType.objects.get_for_model(Organization),
            object_pk=str(organization.pk),
        )
    return Person.objects.filter(pk__in=grants.filter(nodes).values("user"))


def holders_of(permission: str, organizations) -> QuerySet:
    """Keys of the people who hold ``permission`` today on one of ``organizations`` (keys).

    The day is the database's, so that the query may be compiled once (``orgs.compiled``).
    """
    app, codename = permission.split(".")
    today = TruncDate(Now())
    return (
        Grant.objects.annotate(body=Cast("object_pk", BigIntegerField()))
        .filter(
            permission__content_type__app_label=app,
            permission__codename=codename,
            content_type__app_label="orgs",
            content_type__model="organization",
            body__in=organizations,
            appointment__starts_on__lte=today,
        )
        .filter(Q(appointment__ends_on=None) | Q(appointment__ends_on__gt=today))
        .values("user")
    )


def ladder(permission: str, path: str, *, excluding=()) -> list[list]:
    """Who holds ``permission`` at the place and above it, rung by rung, the nearest first.

    Rungs on which nobody is left are left out; ``excluding``: pks of those who must stand aside.
    Three queries.
    """
    from orgs.models import Person

    today = timezone.localdate()
    app, codename = permission.split(".")
    around = [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]
    areas = {str(pk): p for pk, p in Area.objects.filter(path__in=around).values_list("pk", "path")}
    grants = (
        Grant.objects.filter(
            permission__content_type__app_label=app,
            permission__codename=codename,
            content_type=ContentType.objects.get_for_model(Area),
            object_pk__in=areas,
            appointment__starts_on__lte=today,
            user__is_active=True,
        )
        .filter(Q(appointment__ends_on=None) | Q(appointment__ends_on__gt=today))
        .exclude(user__in=set(excluding))
        .values_list("user_id", "object_pk")
    )
    rungs: dict[str, set[int]] = {}
    for user, pk in grants:
        rungs.setdefault(areas[pk], set()).add(user)
    people = Person.objects.in_bulk(set().union(*rungs.values()))
    return [
        [people[pk] for pk in sorted(rungs[at]) if pk in people]
        for at in sorted(rungs, key=len, reverse=True)
    ]


# --- entering: every view says who may -------------------------------------------------------


def public(view):
    """Anyone may enter."""
    return _marked(view, "public")


def signed_in(view):
    """Anyone who has signed in; a visitor is sent to sign in first."""

    @wraps(view)
    def entered(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return _marked(entered, "signed_in")


def allowed(*permissions: str):
    """Holders of one of ``permissions`` anywhere; the view then narrows to the rows in scope.

    A visitor is sent to sign in; anyone else meets 404.
    """

    def decorate(view):
        @wraps(view)
        def entered(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not rights_of(request.user).has_any(*permissions):
                raise Http404
            return view(request, *args, **kwargs)

        return _marked(entered, "allowed:" + ",".join(permissions))

    return decorate


def _marked(view, who: str):
    view.who_may_enter = who
    return view
