"""TRUNCATE triggers of the ledger sleep in test databases: Django flushes tables with it."""

from importlib import import_module

from django.db import connection


def let_flush(*, asleep: bool = True) -> None:
    word = "DISABLE" if asleep else "ENABLE"
    tables = import_module("points.migrations.0002_ledger_functions").ONLY_GROWS
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE points_{table} {word} TRIGGER points_{table}_truncate")
