"""Queries compiled once and run with other values, for the pages that are opened most.

Django builds and compiles a condition anew for every request; over all a person may do where,
that costs several times what running it does. A function marked ``prepared`` writes the queryset
as ever, but for somebody who stands for everybody with the same rights (``Anybody``): their key,
their places and bodies are blanks, filled in when it runs. Nothing that was read is kept, only
the SQL; and so that nothing else can be, the function may read nothing and knows no day::

    @prepared
    def _late(person, *, now):
        return Issue.objects.workable_by(person).filter(promised_at__lt=now)[:5]

    rows = _late(request.user, now=timezone.now())
"""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Expression, QuerySet

from orgs import access

# Django wants numbers in a list of keys: these stand for the bodies, counted downward.
FIRST_BODY = -(2**62)
MOST = 1000  # outlines kept per query; some dozens are usual


class Unprepared(TypeError):
    """What a prepared function may not do: it would be kept for others."""


class Blank(Expression):
    """A value not known yet, where a queryset wants one."""

    contains_aggregate = contains_over_clause = contains_column_references = False

    def __init__(self, name: str, place: int | None = None):
        super().__init__()
        self.name, self.place = name, place

    def as_sql(self, compiler, connection):
        return "%s", [self]

    def get_group_by_cols(self):
        return []

    def filled(self, values: dict[str, Any]):
        value = values[self.name]
        return value if self.place is None else value[self.place]


class Anybody(Blank):
    """In the place of a person, with the rights of all who share this outline."""

    is_authenticated = True

    def __init__(self, outline: "Outline"):
        super().__init__("person")
        self._rights = AnyRights(outline)

    @property
    def pk(self):
        return self


class Outline:
    """How rights are shaped, without saying where: equal for two grid workers of one post."""

    def __init__(self, rights: access.Rights):
        on_areas, on_organizations = rights.permissions
        areas = {name: rights.area_paths(name) for name in on_areas}
        bodies = {name: sorted(rights.organization_ids(name)) for name in on_organizations}
        self.paths = sorted({path for paths in areas.values() for path in paths})
        self.bodies = sorted({pk for pks in bodies.values() for pk in pks})
        self.levels = tuple(str(rights.level_of(path)) for path in self.paths)
        path_at = {path: at for at, path in enumerate(self.paths)}
        body_at = {pk: at for at, pk in enumerate(self.bodies)}
        self.areas = {name: tuple(path_at[path] for path in paths) for name, paths in areas.items()}
        self.organizations = {
            name: tuple(body_at[pk] for pk in pks) for name, pks in bodies.items()
        }
        self.key = (
            self.levels,
            tuple(self.areas.items()),
            tuple(self.organizations.items()),
        )


class AnyRights(access.Rights):
    """``access.Rights`` whose places are blanks; numbers stand for its bodies."""

    def __init__(self, outline: Outline):
        paths = [Blank("paths", at) for at in range(len(outline.paths))]
        bodies = [FIRST_BODY - at for at in range(len(outline.bodies))]
        super().__init__(
            {name: frozenset(paths[at] for at in ats) for name, ats in outline.areas.items()},
            {
                name: frozenset(bodies[at] for at in ats)
                for name, ats in outline.organizations.items()
            },
            dict(zip(paths, outline.levels, strict=True)),
        )
        self._in_order = {
            name: tuple(paths[at] for at in ats) for name, ats in outline.areas.items()
        }

    def area_paths(self, permission: str) -> tuple:
        return self._in_order.get(permission, ())

    def may(self, permission, **where):
        raise Unprepared("a place that is not known cannot be compared")


class _Compiled:
    """One queryset as SQL with blanks. ``sql`` is None where nothing can ever be found."""

    def __init__(self, queryset: QuerySet):
        self._queryset = queryset
        self._compiler = queryset.query.get_compiler(using=queryset.db)
        try:
            self._sql, params = self._compiler.as_sql()
        except EmptyResultSet:
            self._sql, params = None, ()
        self._params = tuple(_as_blank(param) for param in params)

    def rows(self, values: dict[str, Any]) -> list:
        if self._sql is None:
            return []
        filled = tuple(_fill(param, values) for param in self._params)
        compiler = copy.copy(self._compiler)
        compiler.connection = connections[compiler.using]  # one per thread
        compiler.as_sql = lambda *args, **kwargs: (self._sql, filled)
        query = copy.copy(self._queryset.query)
        query.get_compiler = lambda *args, **kwargs: compiler
        like = self._queryset
        rows = type(like)(model=like.model, query=query, using=like.db)
        for name in ("_iterable_class", "_fields", "_prefetch_related_lookups"):
            setattr(rows, name, getattr(like, name))
        return list(rows)


def _as_blank(param):
    if isinstance(param, int) and not isinstance(param, bool) and param <= FIRST_BODY:
        return Blank("bodies", FIRST_BODY - param)
    if isinstance(param, date) or (isinstance(param, int) and not isinstance(param, bool)):
        raise Unprepared(f"{param!r} would be kept for others: hand it in by name")
    return param


def _fill(param, values):
    return param.filled(values) if isinstance(param, Blank) else param


def _read_nothing(*args):
    raise Unprepared("a prepared query is written without reading anything")


class Prepared:
    """``build(person, **values)`` → queryset; the call → its rows, in a list.

    ``build`` gets blanks for the values named in the call. It runs once per outline of rights,
    so it may branch on what somebody may do, never on who or where they are.
    """

    def __init__(self, build: Callable[..., QuerySet]):
        self._build = build
        self._compiled: dict[Any, _Compiled] = {}
        self.__doc__, self.__name__ = build.__doc__, build.__name__

    def __call__(self, person, **values) -> list:
        outline = outline_of(person)
        compiled = self._compiled.get(outline.key)
        if compiled is None:
            if len(self._compiled) >= MOST:
                self._compiled.clear()
            compiled = self._compiled[outline.key] = self._compile(outline, values)
        values |= {"person": person.pk, "paths": outline.paths, "bodies": outline.bodies}
        return compiled.rows(values)

    def _compile(self, outline: Outline, names) -> _Compiled:
        with connections["default"].execute_wrapper(_read_nothing):
            return _Compiled(self._build(Anybody(outline), **{name: Blank(name) for name in names}))


prepared = Prepared


def outline_of(person) -> Outline:
    """Worked out once per request, like the rights."""
    rights = access.rights_of(person)
    if rights.outline is None:
        rights.outline = Outline(rights)
    return rights.outline
