"""Queries that depend on somebody's rights, compiled once for all who have the same ones.

Over all a person may do where, compiling a condition costs several times what running it does. A
function marked ``prepared`` writes the queryset as ever, but for somebody who stands for everybody
with rights of one shape (``Anybody``): their key, their places and their bodies are blanks, as are
the other arguments (``orgs.compiled`` says what follows from that)::

    @prepared
    def _late(person, *, now):
        return Issue.objects.workable_by(person).filter(promised_at__lt=now)[:5]

    rows = _late(request.user, now=timezone.now())
"""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from orgs import access
from orgs.compiled import FIRST_BODY, Blank, Compiled, Unprepared

MOST = 1000  # outlines kept per query; some dozens are usual


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


class Prepared:
    """``build(person, **values)`` → queryset; the call → its rows, in a list.

    ``build`` gets blanks for the values named in the call. It runs once per outline of rights,
    so it may branch on what somebody may do, never on who or where they are.
    """

    def __init__(self, build: Callable[..., QuerySet]):
        self.build = build
        self._compiled: dict[Any, Compiled] = {}
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

    def _compile(self, outline: Outline, names) -> Compiled:
        blanks = {name: Blank(name) for name in names}
        return Compiled(lambda: self.build(Anybody(outline), **blanks))


prepared = Prepared


def outline_of(person) -> Outline:
    """Worked out once per request, like the rights."""
    rights = access.rights_of(person)
    if rights.outline is None:
        rights.outline = Outline(rights)
    return rights.outline
