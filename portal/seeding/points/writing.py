"""Claims and their histories into rows, table by table, by COPY."""

import json
from collections.abc import Iterable, Iterator

from django.db import connection, models

from points.models import Claim, ClaimStep
from portal.seeding.issues.writing import copy_in, give_keys
from portal.seeding.points.story import Running, Story
from rules.models import Clock

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
STEP_COLUMNS = (
    *("verb", "from_state", "to_state", "actor_id", "at", "reason", "clock_effect", "data"),
    "id",
)


def write_claims(stories: list[Story]) -> None:
    """Clocks, claims, steps. Claims have their keys already."""
    _write_clocks([clock for story in stories for clock in story.clocks])
    for story in stories:  # their keys are there now
        claim = story.claim
        claim.clock_id = story.clocks[-1].pk
        claim.batch_id = claim.batch and claim.batch.pk
    copy_in(Claim, [story.claim for story in stories])
    rows = [(story.claim.pk, step) for story in stories for step in story.steps]
    write_steps(ClaimStep, "claim_id", rows)


CLOCK_COLUMNS = (
    *("id", "unit", "amount", "started_at", "nominal_due_at", "due_at", "profile_id"),
    *("stopped_at", "on_time", "paused_time", "extension_reason", "cancelled_reason"),
)


def _write_clocks(rows: list[Running]) -> None:
    for row, pk in zip(rows, _keys(Clock, len(rows)), strict=True):
        row.pk = pk
    null = r"\N"
    lines = (
        f"{row.pk}\t{row.unit}\t{row.amount}\t{row.started_at}\t{row.nominal_due_at}"
        f"\t{row.due_at}\t{row.profile_id}\t{row.stopped_at or null}"
        f"\t{null if row.on_time is None else row.on_time}\t0\t\t\n"
        for row in rows
    )
    copy_lines(Clock, CLOCK_COLUMNS, lines)


def write_steps(model: type[models.Model], record: str, rows: list[tuple]) -> None:
    """(key of the record, Told) in the order of their moments, as their keys tell it too."""
    rows.sort(key=lambda row: row[1].at)
    copy_lines(model, (record, *STEP_COLUMNS), _lines(rows, _keys(model, len(rows))))


def _lines(rows: list[tuple], keys: list[int]) -> Iterator[str]:
    for (record, step), pk in zip(rows, keys, strict=True):
        actor = step.actor if step.actor is not None else r"\N"
        reason = step.reason.translate(_ESCAPES) if step.reason else ""
        data = json.dumps(step.data, ensure_ascii=False).translate(_ESCAPES) if step.data else "{}"
        yield (
            f"{record}\t{step.verb}\t{step.from_state}\t{step.to_state}\t{actor}\t{step.at}"
            f"\t{reason}\t{step.clock_effect}\t{data}\t{pk}\n"
        )


def copy_lines(model: type[models.Model], columns: tuple[str, ...], lines: Iterable[str]) -> None:
    quote = connection.ops.quote_name
    into = f"COPY {quote(model._meta.db_table)} ({','.join(map(quote, columns))}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        chunk = []
        for line in lines:
            chunk.append(line)
            if len(chunk) == 2000:
                copy.write("".join(chunk))
                chunk.clear()
        copy.write("".join(chunk))


def _keys(model: type[models.Model], count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


__all__ = ["copy_in", "copy_lines", "give_keys", "write_claims", "write_steps"]
