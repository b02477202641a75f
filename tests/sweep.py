"""The database behind a transactional test becomes what the migrations left.

Django truncates all tables (2,000 files with their indexes, most of them empty), numbers every
content type and permission anew and forgets what data migrations shipped, which each later test
would have to write again inside its own transaction. Here the tables that have rows are emptied,
with the triggers asleep that forbid it, and shipped rows stay as long as no test has changed them
and come back with the same keys where one has; what depends on keys, like ``tests.snapshot``, stays
good.
"""

from collections.abc import Callable
from typing import NamedTuple

import pgtrigger
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction

from orgs.models import Person
from rules.models import RuleProfile

RIGHTS = {ContentType._meta.db_table, Permission._meta.db_table}


class Untidy(Exception):
    """The database is not as the migrations left it, before the first test even."""


class Shipped(NamedTuple):
    """What a table holds after the migrations."""

    digest: str
    copy: str
    rows: bytes


class Sweep:
    """Made before the first test, to know how it was; ``flush`` is what Django does."""

    def __init__(self, flush: Callable):
        self._flush = flush
        self._tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        self._only_grow = _only_growing() & set(self._tables)
        self._shipped = {table: _read(table) for table in _with_rows(self._tables)}
        there = RuleProfile._meta.db_table in self._shipped
        if not there or Person._meta.db_table in self._shipped:
            raise Untidy("an earlier run was cut off in the middle: run once with --create-db")

    def after(self, case) -> None:
        """The test case of a transactional test is done."""
        try:
            changed = self._restore()
        except DatabaseError:  # rows that nobody may delete, in a way not known here
            self._flush(case)
            changed = self._restore()
        if changed & RIGHTS:
            ContentType.objects.clear_cache()
        # Known as if a cast had been written by its verbs: the next test may count its queries.
        ContentType.objects.get_for_models(*apps.get_models())

    @transaction.atomic
    def _restore(self) -> set[str]:
        """The shipped tables that were not as shipped."""
        with pgtrigger.ignore(), connection.cursor() as cursor:
            names = ", ".join(f'"{table}"' for table in self._tables)
            # A request that is still being answered commits first, and its rows are seen.
            cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
            if grown := self._only_grow & set(_with_rows(self._tables)):
                names = ", ".join(f'"{table}"' for table in grown)
                cursor.execute(f"TRUNCATE {names} CASCADE")
            now = _digests(self._shipped)
            changed = {table for table in now if now[table] != self._shipped[table].digest}
            kept = set(self._shipped) - changed
            for table in _with_rows([one for one in self._tables if one not in kept]):
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
            for table in changed:
                with cursor.copy(self._shipped[table].copy) as copy:
                    copy.write(self._shipped[table].rows)
        return changed


def _with_rows(tables) -> list[str]:
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [table for (table,) in cursor.fetchall()]


def _only_growing() -> set[str]:
    """Tables whose rows may not be deleted; ``tests.points.flush`` lets TRUNCATE pass."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND tgtype & 32 <> 0"  # for TRUNCATE
        )
        return {table for (table,) in cursor.fetchall()}


def _digests(tables) -> dict[str, str]:
    asked = (
        f"SELECT '{table}', md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM \"{table}\" t"  # noqa: S608
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return dict(cursor.fetchall())


def _read(table: str) -> Shipped:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''",
            [f'"{table}"'],
        )
        (columns,) = cursor.fetchone()
        with cursor.copy(f'COPY "{table}" ({columns}) TO STDOUT') as copy:
            rows = b"".join(copy)
    return Shipped(_digests([table])[table], f'COPY "{table}" ({columns}) FROM STDIN', rows)
