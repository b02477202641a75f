"""Querysets compiled once and run with other values.

Django builds and compiles a queryset anew for every request, which often costs more than running
it. A function marked ``compiled`` is given blanks for its arguments, writes the queryset, and is
never asked again: each call fills the blanks in and gives the rows, in a list. Only SQL is kept;
so that nothing else can be, the function may read nothing, and what changes (a key, a day) has to
be an argument::

    @compiled
    def _unread(*, person):
        return Delivery.objects.in_mailbox_of(person).unread()[:4]

    rows = _unread(person=request.user.pk)

What may be left out has a default, and is written into the query only when it is given: every
set of names is a query of its own.

``orgs.prepared`` does this for what depends on somebody's rights.
"""

import copy
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BooleanField, Expression, Func, JSONField, QuerySet

# Django wants numbers in a list of keys: these stand for ``bodies`` (orgs.prepared).
FIRST_BODY = -(2**62)


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


class Among(Func):
    """``…__in`` for a blank whose value will be a list: ``filter(Among("path", paths))``."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


class JSONArray(Func):
    """Several columns of a subquery as one value: days are written as JSON has them."""

    function = "JSONB_BUILD_ARRAY"
    output_field = JSONField()


class Compiled:
    """One queryset as SQL with blanks. ``sql`` is None where nothing can ever be found."""

    def __init__(self, build: Callable[[], QuerySet]):
        with connections["default"].execute_wrapper(_read_nothing):
            self._queryset = queryset = build()
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


def compiled(build: Callable[..., QuerySet]) -> Callable[..., list]:
    """``build(**blanks)`` → queryset; the call with values → its rows."""
    kept: dict[frozenset[str], Compiled] = {}

    @wraps(build)
    def rows(**values) -> list:
        names = frozenset(values)
        if (query := kept.get(names)) is None:
            query = Compiled(lambda: build(**{name: Blank(name) for name in names}))
            kept[names] = query
        return query.rows(values)

    return rows
