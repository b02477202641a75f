"""Changing the working calendar: whole notices, single days, and taking either back.

Due dates already reckoned are stored with their clocks and stay; only what starts, resumes or is
extended afterwards uses the new calendar. Writers queue up behind one lock.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pghistory
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from rules import calendar, notice_text
from rules.calendar import Days, official
from rules.models import CalendarNotice, Clock, NoticeLine, Unit, WorkingDayOverride
from rules.notice_text import Row
from rules.refusals import Refused


class NoticeFaulty(Refused):
    """The notice cannot be taken in; ``draft`` says which lines are wrong."""

    def __init__(self, draft: "Draft"):
        self.draft = draft
        super().__init__(_("通知中有 %(n)d 处错误，未导入任何内容") % {"n": draft.error_count})


class NotText(Refused):
    def __init__(self):
        super().__init__(_("文件不是文本（请用 UTF-8 或 GB18030 编码的 CSV 或 TXT）"))


class AlreadyUndone(Refused):
    def __init__(self):
        super().__init__(_("这份通知已经撤销"))


class NotTheLatest(Refused):
    def __init__(self):
        super().__init__(_("同一年份之后还导入过通知，请先撤销较新的一份"))


class ReasonMissing(Refused):
    def __init__(self):
        super().__init__(_("请写明原因"))


class Change(NamedTuple):
    day: date
    works: bool
    before: bool  # did the day work until now?
    listed: bool  # named by the notice, or following from its silence


@dataclass
class Draft:
    """What a notice would do; shown before anything is written."""

    year: int
    rows: list[Row]
    faults: list[str] = field(default_factory=list)  # of the notice as a whole
    changes: list[Change] = field(default_factory=list)  # rows of the override table
    clocks_differing: int = 0  # running clocks that would be due on another day; they stay

    @property
    def error_count(self) -> int:
        return len(self.faults) + sum(len(row.errors) for row in self.rows)

    @property
    def moved(self) -> list[Change]:
        """The days that really turn from work to rest or back."""
        return [change for change in self.changes if change.works != change.before]


def draft(text: str, year: int, *, is_complete: bool = True) -> Draft:
    """Read ``text`` as a notice for ``year`` and reckon what it would change. Writes nothing."""
    result = Draft(year, notice_text.read(text, year))
    if not result.rows:
        result.faults.append(_("没有读到任何日期"))
    listed = {row.day: row.works for row in result.rows if row.day and not row.errors}
    if result.rows and is_complete:
        result.faults += _silent_about(year, listed)
    if result.error_count:
        return result
    now = calendar.read()
    stored = {row.day: row for row in WorkingDayOverride.objects.all()}
    wanted = {**_following(year, listed, stored, now), **listed} if is_complete else listed
    result.changes = [
        Change(day, works, now.works(day), day in listed)
        for day, works in sorted(wanted.items())
        if day not in stored or stored[day].works != works
    ]
    if result.moved:
        after = Days({**now.overrides, **wanted})
        result.clocks_differing = count_differing(result.moved, after)
    return result


def _silent_about(year: int, listed: dict[date, bool]) -> list[str]:
    """A notice of the whole year arranges every holiday of the law."""
    return [
        _("没有安排%(name)s（%(day)s）：若只是个别调整，请取消“全年安排”")
        % {"name": official(year).names[day], "day": day.isoformat()}
        for day in sorted(official(year).statutory)
        if listed.get(day) is not False
    ]


def _following(year: int, listed, stored, now: Days) -> dict[date, bool]:
    """Days a complete notice does not name: a plain weekday or weekend, whatever was forecast.

    Days set by hand stay as they are.
    """
    wanted = {}
    day = date(year, 1, 1)
    while day.year == year:
        by_hand = day in stored and stored[day].notice_id is None
        plain = day.weekday() < 5
        if day not in listed and not by_hand and now.works(day) != plain:
            wanted[day] = plain
        day += timedelta(days=1)
    return wanted


def count_differing(moved: list[Change], after: Days) -> int:
    """Open clocks whose stored due would be another under the calendar ``after``."""
    days = sorted(change.day for change in moved)
    zone = timezone.get_default_timezone()
    first = datetime.combine(days[0], time.min, tzinfo=zone)
    last = datetime.combine(days[-1], time.max, tzinfo=zone)
    now, before = timezone.now(), calendar.read()
    touched = Clock.objects.filter(
        stopped_at=None, due_at__gte=max(first, now), started_at__lte=last
    ).exclude(unit=Unit.MINUTES)
    differing = 0
    for clock in touched.iterator():
        if clock.unit == Unit.NATURAL_DAYS:
            nominal = calendar.local_day(clock.nominal_due_at)
            differs = before.next_working(nominal) != after.next_working(nominal)
        else:
            span = (clock.started_at, clock.due_at)
            differs = before.time_between(*span) != after.time_between(*span)
        differing += differs
    return differing


def decode(raw: bytes | str) -> str:
    """The text of an uploaded file: UTF-8 (with or without mark) or GB 18030, as Excel saves it.

    Raises NotText.
    """
    if isinstance(raw, str):
        return raw
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise NotText


# --- verbs ---------------------------------------------------------------------------------------


@transaction.atomic
def take_in(
    text: str, year: int, *, source: str, reason: str, by, is_complete: bool = True
) -> CalendarNotice | None:
    """Apply a notice as a whole, or not at all: raises NoticeFaulty with the faulty lines.

    The same notice again changes nothing and returns None.
    """
    _queue(reason)
    plan = draft(text, year, is_complete=is_complete)
    if plan.error_count:
        raise NoticeFaulty(plan)
    known = CalendarNotice.objects.filter(year=year, undone_at=None, is_complete=is_complete)
    if not plan.changes and known.exists():
        return None
    with _because(reason, by):
        notice = CalendarNotice.objects.create(
            year=year,
            source=source,
            text=text,
            is_complete=is_complete,
            reason=reason,
            imported_by=by,
        )
        stored = WorkingDayOverride.objects.in_bulk(
            [change.day for change in plan.changes], field_name="day"
        )
        lines, fresh = [], []
        for change in plan.changes:
            line = NoticeLine(notice=notice, day=change.day, works=change.works)
            if old := stored.get(change.day):
                line.was_works, line.was_source = old.works, old.source
                line.was_notice_id = old.notice_id
                old.works, old.source, old.notice = change.works, source, notice
                old.save(update_fields=["works", "source", "notice", "changed_at"])
            else:
                fresh.append(
                    WorkingDayOverride(
                        day=change.day, works=change.works, source=source, notice=notice
                    )
                )
            lines.append(line)
        NoticeLine.objects.bulk_create(lines)
        WorkingDayOverride.objects.bulk_create(fresh)
    calendar.forget()
    return notice


@transaction.atomic
def undo(notice: CalendarNotice, *, reason: str, by) -> int:
    """Put back what stood before ``notice``; returns how many days.

    Days changed by hand since then stay. Raises AlreadyUndone, or NotTheLatest.
    """
    _queue(reason)
    notice.refresh_from_db(from_queryset=CalendarNotice.objects.select_for_update())
    if notice.undone_at is not None:
        raise AlreadyUndone
    if CalendarNotice.objects.filter(year=notice.year, undone_at=None, pk__gt=notice.pk).exists():
        raise NotTheLatest
    mine = {row.day: row for row in notice.overrides.all()}
    back = [line for line in notice.lines.all() if line.day in mine]
    with _because(reason, by):
        for line in back:
            row = mine[line.day]
            if line.was_works is None:
                row.delete()
                continue
            row.works, row.source = line.was_works, line.was_source
            row.notice_id = line.was_notice_id
            row.save(update_fields=["works", "source", "notice", "changed_at"])
        notice.undone_at, notice.undone_by, notice.undo_reason = timezone.now(), by, reason
        notice.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    return len(back)


@transaction.atomic
def set_day(day: date, works: bool, *, source: str, reason: str, by) -> WorkingDayOverride:
    """Let one day work, or not, by hand; stands above every notice until it is cleared."""
    _queue(reason)
    with _because(reason, by):
        row, _created = WorkingDayOverride.objects.update_or_create(
            day=day, defaults={"works": works, "source": source, "notice": None}
        )
    return row


@transaction.atomic
def clear_day(day: date, *, reason: str, by) -> bool:
    """Take the override of ``day`` away; the built-in calendar speaks again."""
    _queue(reason)
    with _because(reason, by):
        row = WorkingDayOverride.objects.filter(day=day).first()
        if row is None:
            return False
        row.delete()
    return True


def _queue(reason: str) -> None:
    """One writer at a time, and nobody without a reason; the calendar is read afresh after."""
    if not reason.strip():
        raise ReasonMissing
    table = connection.ops.quote_name(WorkingDayOverride._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    calendar.forget()
    transaction.on_commit(calendar.forget)


def _because(reason: str, by):
    """The same keys as ``orgs.history.because``, which this floor cannot import."""
    return pghistory.context(reason=str(reason), person=getattr(by, "pk", None))
