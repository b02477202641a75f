"""A file of orders: upload, look, take in, take back.

``upload`` keeps the rows (encrypted) and judges each; nothing becomes an issue before ``start``.
``work`` takes rows in by the dozen, each dozen one transaction, and may be killed and called
again at any point: a row is taken in once. ``undo`` withdraws what nobody has touched.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch, telling
from grids.hotline import mapping, orders, reading
from grids.models import Import, ImportRow, Issue, Partner, State
from inbox import outbox
from orgs import access, encryption
from rules.refusals import Refused

RIGHT = "grids.import_orders"
TASK = "grids.tasks.import_orders"
AT_ONCE = 200  # more are taken in by a worker, with a page that shows how far it is
CHUNK = 25
UNDO_HOURS = 24
DRAFT_HOURS = 24
LEFT_ALONE = timedelta(seconds=60)  # a run without a sign of life for so long was killed
SHOWN_ROWS = 20

R = ImportRow.State


class NotADraft(Refused):
    def __init__(self):
        super().__init__(_("这份文件已经确认过（可能是重复点击），没有再导入"))


class NothingGood(Refused):
    def __init__(self):
        super().__init__(_("没有一行可以导入，请先改正"))


class ColumnsMissing(Refused):
    def __init__(self, labels: list[str]):
        text = _("没有对应到列：%(names)s。请在下面选择，或改正表头后重新上传")
        super().__init__(text % {"names": "、".join(labels)})


class TooLateToUndo(Refused):
    def __init__(self):
        super().__init__(_("导入已超过 %(hours)d 小时，不能再撤销") % {"hours": UNDO_HOURS})


class NotDone(Refused):
    def __init__(self):
        super().__init__(_("这份文件没有导入完成，或已经撤销"))


# --- upload --------------------------------------------------------------------------------------


@transaction.atomic
def upload(partner: Partner, *, content: bytes, file_name: str, by) -> Import:
    """Read a file and judge its rows; the columns are the partner's saved ones, or the usual.

    Raises BadFile with nothing written. Missing columns are no refusal: the page asks for them.
    """
    table = reading.read(content, file_name)
    batch = Import.objects.create(
        partner=partner,
        file_name=PurePath(file_name).name[-120:],
        encoding=table.encoding,
        headers=table.headers,
        columns=mapping.match(table.headers, partner.columns),
        by=by,
        area_path=scope_of(by)[0],
    )
    ImportRow.objects.bulk_create(
        [ImportRow(batch=batch, row=number, cipher=_seal(row)) for number, row in table.rows],
        batch_size=500,
    )
    judge(batch)
    return batch


def _seal(row: dict[str, str]) -> str:
    return encryption.encrypt(json.dumps(row, ensure_ascii=False))


def cells_of(row: ImportRow) -> dict[str, str]:
    """Header → cell; empty once the row was taken in."""
    return json.loads(encryption.decrypt(row.cipher)) if row.cipher else {}


def given(batch: Import, cells: dict[str, str]) -> dict[str, str]:
    """Our field → text."""
    return {name: cells.get(header, "") for name, header in batch.columns.items()}


def scope_of(person) -> tuple[str, ...]:
    return access.rights_of(person).area_paths(RIGHT)


@transaction.atomic
def choose_columns(batch: Import, columns: dict[str, str]) -> None:
    """Read the rows by other columns, and remember them for the partner's next file."""
    batch = _locked(batch)
    if batch.state != Import.State.DRAFT:
        raise NotADraft
    batch.columns = {name: header for name, header in columns.items() if header in batch.headers}
    batch.save(update_fields=["columns"])
    Partner.objects.filter(pk=batch.partner_id).update(columns=batch.columns)
    judge(batch)


def judge(batch: Import) -> None:
    """Say of every row whether it can be taken in. As many queries for 5,000 rows as for five."""
    rows = list(batch.rows.order_by("row"))
    read = [given(batch, cells_of(row)) for row in rows]
    reader = _reader(batch, read)
    numbers = {one.get("number", "") for one in read}
    known = dict(
        batch.partner.orders.filter(number__in=numbers, withdrawn_at=None).values_list(
            "number", "issue__number"
        )
    )
    first: dict[str, int] = {}
    label = str(mapping.BY_NAME["number"].label)
    for row, one in zip(rows, read, strict=True):
        incoming, errors = reader.read(one)
        number = one.get("number", "")[: mapping.LONGEST_NUMBER]
        row.order_number, row.errors = number, [list(error) for error in errors]
        row.state = R.GOOD if incoming is not None else R.FAULTY
        if number in known:
            text = _("已经接收过，本平台编号 %(issue)s") % {"issue": known[number]}
            row.state, row.errors = R.KNOWN, [[label, text]]
        elif number and number in first:
            text = _("与第 %(row)d 行的编号相同") % {"row": first[number]}
            row.state = R.FAULTY
            row.errors.append([label, text])
        elif number:
            first[number] = row.row
    ImportRow.objects.bulk_update(rows, ["order_number", "errors", "state"], batch_size=500)


def _reader(batch: Import, read: Iterable[dict[str, str]]) -> mapping.Reader:
    words = {one.get("place", "") for one in read}
    return mapping.Reader(batch.partner, words, scope=scope_of(batch.by))


def counts(batch: Import) -> dict[str, int]:
    """How many rows are in which state; all states are there."""
    found = dict(batch.rows.order_by().values_list("state").annotate(Count("pk")))
    return {state: found.get(state, 0) for state in R.values} | {"all": sum(found.values())}


def missing_columns(batch: Import) -> list[str]:
    return mapping.unmatched(batch.columns)


def faults(batch: Import, limit: int | None = 100):
    """Rows that are not taken in, with the reasons."""
    return batch.rows.filter(state__in=[R.FAULTY, R.KNOWN]).order_by("row")[:limit]


def taken(batch: Import, limit: int = 100):
    """Rows that became issues, with them."""
    rows = batch.rows.filter(state__in=[R.TAKEN, R.WITHDRAWN]).select_related("issue")
    return rows.defer("issue__clock_rules").order_by("row")[:limit]


@dataclass
class Preview:
    """The first rows as they will be understood; ``cells`` in the order of ``labels``."""

    labels: list[str]
    rows: list[dict]


def preview(batch: Import) -> Preview:
    names = [column.name for column in mapping.COLUMNS if batch.columns.get(column.name)]
    shown = []
    for row in batch.rows.order_by("row")[:SHOWN_ROWS]:
        one = given(batch, cells_of(row))
        shown.append({"row": row, "cells": [_masked(name, one.get(name, "")) for name in names]})
    return Preview([str(mapping.BY_NAME[name].label) for name in names], shown)


def _masked(name: str, cell: str) -> str:
    """Enough to recognise the column by; who called is nobody's business yet."""
    if name == "caller_name":
        return f"{cell[:1]}*" if cell else ""
    if name == "caller_phone":
        return f"{cell[:3]}****{cell[-4:]}" if len(cell) >= 7 else "*" * len(cell)
    return f"{cell[:40]}…" if len(cell) > 40 else cell


# --- taking in -----------------------------------------------------------------------------------


@transaction.atomic
def start(batch: Import, *, by) -> Import:
    """The person has looked and says yes. ``work`` does it, here or in a worker.

    Raises ColumnsMissing, NothingGood, or NotADraft (a second click).
    """
    batch = _locked(batch)
    if batch.state != Import.State.DRAFT:
        raise NotADraft
    if missing := mapping.unmatched(batch.columns):
        raise ColumnsMissing(missing)
    if not batch.rows.filter(state=R.GOOD).exists():
        raise NothingGood
    batch.state = Import.State.RUNNING
    batch.by = by
    batch.started_at = batch.worked_at = timezone.now()
    batch.save(update_fields=["state", "by", "started_at", "worked_at"])
    return batch


def is_large(batch: Import) -> bool:
    return batch.rows.filter(state=R.GOOD).count() > AT_ONCE


def work(batch: Import) -> None:
    """Take in what is left of a running import. Two at once share it; a killed one is resumed."""
    while _take_some(batch):
        pass


@transaction.atomic
def _take_some(batch: Import) -> bool:
    """One dozen, whole or not at all. False when the import is over, or somebody else is at it."""
    found = Import.objects.select_related("partner__area", "partner__account", "by")
    found = found.select_for_update(of=("self",), skip_locked=True).filter(pk=batch.pk)
    batch = found.first()
    if batch is None or batch.state != Import.State.RUNNING:
        return False
    rows = list(batch.rows.filter(state=R.GOOD).order_by("row")[:CHUNK])
    if not rows:
        _finish(batch)
        return False
    read = [given(batch, cells_of(row)) for row in rows]
    reader = _reader(batch, read)
    for row, one in zip(rows, read, strict=True):
        _take(batch, row, *reader.read(one))
    ImportRow.objects.bulk_update(rows, ["state", "errors", "issue", "cipher"])
    batch.worked_at = timezone.now()
    batch.save(update_fields=["worked_at"])
    return True


def _take(batch: Import, row: ImportRow, incoming, errors) -> None:
    """What was good when it was looked at may have become wrong: then it is said in the row."""
    label = str(mapping.BY_NAME["number"].label)
    if incoming is None:
        row.state, row.errors = R.FAULTY, [list(error) for error in errors]
        return
    try:
        with transaction.atomic(), telling.silently():
            order = orders.take_in(batch.partner, incoming)
    except orders.KnownOrder as known:
        row.state, row.errors = R.KNOWN, [[label, str(known)]]
    except Refused as refused:
        row.state, row.errors = R.FAULTY, [["", str(refused)]]
    else:
        row.state, row.errors, row.issue, row.cipher = R.TAKEN, [], order.issue, ""


def _finish(batch: Import) -> None:
    """Over: faulty rows lose their words too, and those nearest are told once, not per order."""
    batch.state, batch.done_at = Import.State.DONE, timezone.now()
    batch.save(update_fields=["state", "done_at"])
    batch.rows.exclude(cipher="").update(cipher="")
    by_path: dict[str, int] = {}
    taken = batch.rows.filter(state=R.TAKEN).values_list("issue__area_path", flat=True)
    for path in taken:
        by_path[path] = by_path.get(path, 0) + 1
    per_person: dict[int, int] = {}
    for path, count in by_path.items():
        for person in dispatch.nearest("grids.file_issue", path):
            per_person[person.pk] = per_person.get(person.pk, 0) + count
    by_count: dict[int, list[int]] = {}
    for pk, count in per_person.items():
        by_count.setdefault(count, []).append(pk)
    for count, pks in by_count.items():
        outbox.tell(
            batch.by.__class__.objects.filter(pk__in=pks),
            kind=telling.TASK,
            title=_("%(partner)s转来 %(count)d 件，待立案")
            % {"partner": batch.partner.name, "count": count},
            url="/issues/queue/",
            key=f"import:{batch.pk}:{count}",
        )


def resume() -> int:
    """Go on with imports whose worker was killed; how many."""
    stuck = Import.objects.filter(
        state=Import.State.RUNNING, worked_at__lt=timezone.now() - LEFT_ALONE
    )
    batches = list(stuck)
    for batch in batches:
        work(batch)
    return len(batches)


def drop_old_drafts() -> int:
    """Remove what was uploaded and never confirmed; how many."""
    old = timezone.now() - timedelta(hours=DRAFT_HOURS)
    drafts = Import.objects.filter(state=Import.State.DRAFT, created_at__lt=old)
    count = drafts.count()
    drafts.delete()
    return count


@transaction.atomic
def discard(batch: Import) -> None:
    """Not to be imported after all."""
    batch = _locked(batch)
    if batch.state != Import.State.DRAFT:
        raise NotADraft
    batch.delete()


def _locked(batch: Import) -> Import:
    found = Import.objects.select_related("partner__area", "by").select_for_update(of=("self",))
    return found.get(pk=batch.pk)


# --- taking back ---------------------------------------------------------------------------------


def untouched(batch: Import):
    """Its issues that nobody, neither worker nor partner, has done anything with."""
    issues = Issue.objects.filter(import_rows__batch=batch, import_rows__state=R.TAKEN)
    return issues.filter(state=State.SUBMITTED).annotate(n=Count("steps")).filter(n=1)


def may_undo_until(batch: Import):
    return batch.done_at + timedelta(hours=UNDO_HOURS) if batch.done_at else None


@transaction.atomic
def undo(batch: Import, *, by, reason: str) -> tuple[int, int]:
    """Withdraw the untouched issues of an import: (how many, how many stay).

    They keep their numbers and their history. Raises TooLateToUndo, NotDone or AllTouched.
    """
    batch = _locked(batch)
    if batch.state != Import.State.DONE:
        raise NotDone
    if timezone.now() > may_undo_until(batch):
        raise TooLateToUndo
    rows = list(batch.rows.filter(state=R.TAKEN).select_related(*_WITHDRAWING).order_by("row"))
    # Locked before they are looked at, so that nobody files one in between.
    pks = [row.issue_id for row in rows]
    list(
        Issue.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",)).values("pk")
    )
    free = set(untouched(batch).values_list("pk", flat=True))
    if not free:
        raise AllTouched
    words = _("撤销导入：%(reason)s") % {"reason": reason}
    for row in rows:
        if row.issue_id not in free:
            continue
        orders.withdraw(row.issue.order, words, by=by)
        row.state = R.WITHDRAWN
    withdrawn = [row for row in rows if row.state == R.WITHDRAWN]
    ImportRow.objects.bulk_update(withdrawn, ["state"])
    batch.state, batch.undone_at = Import.State.UNDONE, timezone.now()
    batch.save(update_fields=["state", "undone_at"])
    return len(withdrawn), len(rows) - len(withdrawn)


_WITHDRAWING = ("issue__order__partner__account", "issue__category", "issue__caller")


class AllTouched(Refused):
    def __init__(self):
        super().__init__(_("这些事项都已有人处理，不能撤销"))
