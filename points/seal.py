"""Sealing: blocks of transfers, chained by SHA-256, so that the past cannot be rewritten quietly.

A round draws a line under the numbers given out so far and, once nobody from before it is still
writing, puts the transfers up to the line into one block per community. Block heads leave the
house (``manage.py export_seal``): against them even the owner of the database cannot rewrite.
"""

import time
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area, AreaLevel
from points.models import Block, SealRound, Transfer
from points.periods import drawn, is_inside

AT_ONCE = 20_000  # transfers in a round; no check depends on it
START = bytes(32)  # what a community's first block follows
LOCK = 4_201_202  # any number of our own


class Head(NamedTuple):
    """The last block of a community, as it is published."""

    code: str
    name: str
    number: int
    digest: str
    sealed_at: object


def run(*, patience_seconds: float = 2.0) -> int:
    """Seal all there is; returns the number of transfers. Running twice finds nothing new.

    Waits a moment for transactions from before the line; a longer one leaves its round to the
    next run. Two runs at the same time take turns.
    """
    sealed, deadline = 0, time.monotonic() + patience_seconds
    while (count := _step()) is not None:
        sealed += count
        if not count:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
    return sealed


@transaction.atomic(durable=True)
def _step() -> int | None:
    """One round: how many transfers were sealed; 0: somebody is still inside; None: all is."""
    with connection.cursor() as cursor:
        # A lock that takes no transaction number: ours must be younger than the line we draw.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    round_ = SealRound.objects.order_by("-number").first()
    if round_ is None or round_.sealed_at is not None:
        round_ = _drawn_after(round_)
        if round_ is None:
            return None
    round_.horizon = drawn(round_.horizon)
    if is_inside(round_.horizon):
        round_.save()
        return 0
    round_.save()
    count = _write(round_)
    round_.sealed_at = timezone.now()
    round_.save(update_fields=["sealed_at"])
    return count


def _drawn_after(last: SealRound | None) -> SealRound | None:
    """The next round, up to a number that was given out before our transaction gets its own."""
    after, number = (last.up_to, last.number + 1) if last else (0, 1)
    next_ones = Transfer.objects.filter(pk__gt=after).order_by("pk")[:AT_ONCE]
    up_to = next_ones.aggregate(up_to=Max("pk"))["up_to"]
    if up_to is None:
        return None
    return SealRound(number=number, after=after, up_to=up_to, horizon=0, noted_at=timezone.now())


_BLOCKS = """
INSERT INTO points_block
       (community_id, number, round_id, previous, digest, leaves, count, sealed_at)
SELECT b.community, coalesce(l.number, 0) + 1, %(round)s, coalesce(l.digest, %(start)s),
       sha256(coalesce(l.digest, %(start)s) || b.leaves), b.leaves, b.count, clock_timestamp()
  FROM (SELECT community, string_agg(leaf, '' ORDER BY id) AS leaves, count(*) AS count
          FROM points_leaves(%(after)s, %(up_to)s) GROUP BY community) b
  LEFT JOIN LATERAL (
       SELECT number, digest FROM points_block o
        WHERE o.community_id = b.community ORDER BY number DESC LIMIT 1) l ON true
RETURNING count
"""


def _write(round_: SealRound) -> int:
    values = {
        "round": round_.number,
        "start": START,
        "after": round_.after,
        "up_to": round_.up_to,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, values)
        return sum(count for (count,) in cursor.fetchall())


# --- heads ---------------------------------------------------------------------------------------


def heads(places=None) -> list[Head]:
    """The last block of each community (of the queryset ``places``), by division code; two queries.

    Asked community by community along the index: a block more costs nothing here.
    """
    last = Block.objects.filter(community=OuterRef("pk")).order_by("-number").values("pk")[:1]
    areas = Area.objects.all() if places is None else places
    keepers = areas.exclude(level__in=[AreaLevel.GRID, AreaLevel.BUILDING])
    found = keepers.annotate(block=Subquery(last)).exclude(block=None).order_by("code")
    named = list(found.values_list("code", "name", "block"))
    blocks = Block.objects.only("number", "digest", "sealed_at").in_bulk(
        [block for _code, _name, block in named]
    )
    return [
        Head(code, name, blocks[pk].number, bytes(blocks[pk].digest).hex(), blocks[pk].sealed_at)
        for code, name, pk in named
    ]


def written(found: Iterable[Head]) -> str:
    """As it goes to the notice board: one line each, fields set apart by tabs."""
    return "".join(
        f"{head.code}\t{head.number}\t{head.digest}"
        f"\t{timezone.localtime(head.sealed_at):%Y-%m-%d}\t{head.name}\n"
        for head in found
    )


class NotAHead(ValueError):
    """A line of a file that is none of ours."""


def read(text: str) -> list[tuple[str, int, str]]:
    """(code, number, digest) from what ``written`` wrote; empty lines do not count."""
    found = []
    for place, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) < 3 or not fields[1].isdigit() or len(fields[2].strip()) != 64:
            raise NotAHead(
                _("第 %(place)d 行不是封存块：%(line)s") % {"place": place, "line": line}
            )
        found.append((fields[0].strip(), int(fields[1]), fields[2].strip().lower()))
    return found
