"""Emptying the database behind a transactional test: only the tables that have rows.

Django truncates all of them (2,000 files with their indexes, most of them empty) and numbers every
content type and permission anew. Here rows are deleted, with the triggers asleep that forbid it,
and content types and permissions stay as long as no test has changed them; what depends on their
numbers, like the rows of ``tests.snapshot``, stays good.
"""

from collections.abc import Callable

import pgtrigger
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, connection, transaction

RIGHTS = {ContentType._meta.db_table: ContentType, Permission._meta.db_table: Permission}


class Sweep:
    """Made before the first test, to know how it was; ``flush`` is what Django does."""

    def __init__(self, flush: Callable):
        self._flush = flush
        self._rights = _rights()
        self._tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )

    def after(self, case) -> None:
        """The test case of a transactional test is done."""
        kept = RIGHTS if _rights() == self._rights else {}
        try:
            self._delete(kept)
        except DatabaseError:  # rows whose trigger does not sleep, the ledger's
            kept = {}
            self._flush(case)
        else:
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        if not kept:
            self._rights = _rights()
        # Known as if a cast had been written by its verbs: the next test may count its queries.
        ContentType.objects.get_for_models(*apps.get_models())

    @transaction.atomic
    def _delete(self, kept) -> None:
        with pgtrigger.ignore(), connection.cursor() as cursor:
            names = ", ".join(f'"{table}"' for table in self._tables)
            # A request that is still being answered commits first, and its rows are seen.
            cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
            asked = (
                f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")"  # noqa: S608
                for table in self._tables
                if table not in kept
            )
            cursor.execute(" UNION ALL ".join(asked))
            for (table,) in cursor.fetchall():
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608


def _rights() -> list:
    return [sorted(model.objects.values_list()) for model in RIGHTS.values()]
