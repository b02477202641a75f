"""Rows that many tests start from: written by the verbs once per run, copied back after that.

The copy holds the history rows that triggers wrote, and the triggers sleep while it is put back,
so a test meets what the verbs would have left. Nothing is committed for tests that did not ask.
"""

import pickle
from collections.abc import Callable

import pgtrigger
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import GeneratedField, Max


class Snapshot:
    """What ``write`` leaves in the database, and what it returns."""

    def __init__(self, write: Callable[[], object]):
        self._write = write
        self._rights: tuple | None = None
        self._rows: list[tuple[str, bytes]] = []  # COPY command, rows
        self._returned = b""

    @transaction.atomic
    def enter(self):
        """Put the rows in; returns a copy of what ``write`` returned, fresh each time.

        Keys are the same each time: the sequences have passed them, and a flush leaves those be.
        """
        rights = _rights()
        if rights == self._rights:
            self._put_back()
        else:  # the first time, or a transactional test's flush has numbered the rights anew
            self._take()
            self._rights = rights
        return pickle.loads(self._returned)  # noqa: S301

    def _take(self) -> None:
        before = _keys()
        self._returned = pickle.dumps(self._write())
        self._rows = []
        with connection.cursor() as cursor:
            for model, keys in _keys().items():
                new = ",".join(f"'{key}'" for key in keys - before[model])
                if not new:
                    continue
                table, key = model._meta.db_table, model._meta.pk.column
                columns = ",".join(f'"{name}"' for name in _columns(model))
                rows = f'SELECT {columns} FROM "{table}" WHERE "{key}" IN ({new})'  # noqa: S608
                with cursor.copy(f"COPY ({rows}) TO STDOUT") as copy:
                    self._rows.append((f'COPY "{table}" ({columns}) FROM STDIN', b"".join(copy)))

    def _put_back(self) -> None:
        with pgtrigger.ignore(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # carries the word to the triggers
            for command, rows in self._rows:
                with cursor.copy(command) as copy:
                    copy.write(rows)


def _rights() -> tuple:
    last = Permission.objects.aggregate(right=Max("pk"), type=Max("content_type"))
    return connection.settings_dict["NAME"], last["right"], last["type"]


def _keys() -> dict:
    return {
        model: set(model._base_manager.values_list("pk", flat=True))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model not in (Permission, ContentType)
    }


def _columns(model) -> list[str]:
    fields = model._meta.concrete_fields
    return [field.column for field in fields if not isinstance(field, GeneratedField)]
