"""公开: what a body tells about each period, by a day; its lateness and its corrections.

No objection box: that is a notice. An app announces its kind in ``AppConfig.ready`` with
``register_kind``, lets ``schedule`` say what is owed, and calls ``publish`` when it has it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.models import Message
from orgs import access
from orgs.models import Area, Organization
from publicity import periods, tables, telling
from publicity.models import Correction, Disclosure, Every, Schedule
from publicity.words import refuse_private
from rules import calendar
from rules.refusals import Refused
from rules.workflow import Missing

logger = logging.getLogger(__name__)

PUBLISH = "publicity.publish_disclosure"
REMIND_DAYS = 3
DUE_KEY, DISCLOSURE_LATE_KEY = "disclosure-due:", "disclosure-late:"


class UnknownKind(Exception):
    """A mistake in the calling code, not of a person."""


class NotEntitled(Refused):
    def __init__(self, area: Area):
        super().__init__(_("您没有在%(name)s发布公开信息的权限") % {"name": area.name})


class AlreadyPublished(Refused):
    def __init__(self, disclosure: Disclosure):
        self.disclosure = disclosure
        text = _("%(period)s的内容已经公开；如有错误，请用“更正”")
        super().__init__(text % {"period": periods.label(disclosure.period)})


class NotPublished(Refused):
    def __init__(self):
        super().__init__(_("还没有公开，不能更正"))


class NothingChanged(Refused):
    def __init__(self):
        super().__init__(_("内容和原来一样，没有要更正的"))


class CorrectedMeanwhile(Refused):
    def __init__(self):
        super().__init__(_("页面打开后已有人更正过，请刷新后再看"))


class ScheduleExists(Refused):
    def __init__(self):
        super().__init__(_("这一单位在这一区域已有这一类公开计划，请先停止原来的"))


# --- kinds -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    code: str
    label: object  # lazy text
    by_hand: bool  # may staff publish it from the page, without an app behind it


_kinds: dict[str, Kind] = {}


def register_kind(code: str, label, *, by_hand: bool = False) -> Kind:
    """Announce a kind of disclosure, from ``AppConfig.ready()``."""
    kind = Kind(code, label, by_hand)
    if _kinds.setdefault(code, kind) != kind:
        raise ValueError(f"kind of disclosure {code} is registered twice, with different rules")
    return kind


def kind_of(code: str) -> Kind:
    try:
        return _kinds[code]
    except KeyError:
        raise UnknownKind(f"kind of disclosure {code!r} is not registered") from None


def kind_label(code: str) -> str:
    return str(_kinds[code].label) if code in _kinds else code


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kinds_by_hand() -> list[Kind]:
    return [kind for kind in _kinds.values() if kind.by_hand]


def name_of(disclosure: Disclosure) -> str:
    """What it is called before it has a title: 居务公开（2026年10月）."""
    if disclosure.title:
        return disclosure.title
    return _("%(kind)s（%(period)s）") % {
        "kind": kind_label(disclosure.kind),
        "period": periods.label(disclosure.period),
    }


# --- schedules ---------------------------------------------------------------------------------


@transaction.atomic
def schedule(
    *,
    kind: str,
    area: Area,
    organization: Organization,
    every: str,
    due_day: int = 10,
    starts_on: date | None = None,
    due_on: date | None = None,
    by=None,
) -> Schedule:
    """Say what is owed: from the period of ``starts_on`` on, by ``due_day`` of the month after it.

    ``every="once"`` takes ``due_on`` instead. A due day on a rest day moves to the next working
    day (CC 203). The same again returns the first. Raises ScheduleExists or NotEntitled.
    """
    kind_of(kind)
    _check_right(by, area)
    starts_on = starts_on or timezone.localdate()
    if every == Every.ONCE and due_on is None:
        raise Missing({"due_on": _("公开期限")})
    _one_at_a_time(f"schedule:{kind}:{area.pk}:{organization.pk}")
    wanted = {"every": str(every), "due_day": due_day, "due_on": due_on}
    there = Schedule.objects.filter(
        kind=kind, area=area, organization=organization, ends_on=None
    ).first()
    if there is not None:
        if any(getattr(there, name) != value for name, value in wanted.items()):
            raise ScheduleExists
        return there
    return Schedule.objects.create(
        kind=kind,
        area=area,
        organization=organization,
        starts_on=starts_on,
        created_by=by,
        **wanted,
    )


@transaction.atomic
def stop(plan: Schedule, *, by, on: date | None = None) -> Schedule:
    """No period that ends later than ``on`` is owed any more; what is owed already stays so."""
    _check_right(by, plan.area)
    on = max(on or timezone.localdate(), plan.starts_on)
    if Schedule.objects.filter(pk=plan.pk, ends_on=None).update(ends_on=on):
        plan.ends_on = on
    return plan


def _check_right(by, area: Area) -> None:
    if by is not None and not access.rights_of(by).may(PUBLISH, area_path=area.path):
        raise NotEntitled(area)


def _one_at_a_time(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _due_on(plan: Schedule, after: date) -> date:
    """``after``: the first day after the period."""
    return calendar.next_working_day(after.replace(day=plan.due_day))


# --- publishing --------------------------------------------------------------------------------


@transaction.atomic
def publish(
    *,
    kind: str,
    area: Area,
    period: str,
    title: str,
    text: str = "",
    table: Mapping | None = None,
    by=None,
    organization: Organization | None = None,
    at: datetime | None = None,
) -> Disclosure:
    """Disclose one period of a kind; the same again returns the first.

    ``period``: "2026-10", "2026-Q3", "2026-H1" or a day. Fulfils what a schedule owes, and says
    whether that was late, once and for all. ``organization`` may be left out where exactly one
    schedule of that kind stands for the area.
    ``by=None`` is the system. Raises AlreadyPublished (with other words: ``correct`` them),
    NotEntitled, StillPrivate, TableRefused or Missing, with nothing written.
    """
    kind_of(kind)
    _check_right(by, area)
    at = at or timezone.now()
    title, text, table = _words(title, text, table)
    plan = _plan(kind, area, organization)
    organization = organization or plan.organization
    _one_at_a_time(f"disclosure:{kind}:{area.pk}:{organization.pk}:{period}")
    found = Disclosure.objects.select_for_update().filter(
        kind=kind, area=area, organization=organization, period=period
    )
    disclosure = found.first() or _owed(plan, kind, area, period, organization)
    if disclosure.is_published:
        if (disclosure.title, disclosure.text, disclosure.table) != (title, text, table):
            raise AlreadyPublished(disclosure)
        return disclosure
    day = calendar.local_day(at)
    disclosure.title, disclosure.text, disclosure.table = title, text, table
    disclosure.published_at, disclosure.published_on = at, day
    disclosure.published_by = by
    if disclosure.is_late is None:
        disclosure.is_late = disclosure.due_on is not None and day > disclosure.due_on
    disclosure.save()
    return disclosure


def _words(title: str, text: str, table) -> tuple[str, str, dict]:
    title, text = title.strip(), text.strip()
    if not title:
        raise Missing({"title": _("标题")})
    refuse_private(title, text)
    table = tables.clean(table)
    if not (text or table):
        raise Missing({"text": _("说明或明细")})
    return title, text, table


def _plan(kind: str, area: Area, organization: Organization | None) -> Schedule | None:
    """The schedule in force; without ``organization`` there must be exactly one."""
    plans = Schedule.objects.filter(kind=kind, area=area, ends_on=None)
    plans = plans.select_related("organization")
    if organization is not None:
        return plans.filter(organization=organization).first()
    found = list(plans[:2])
    if len(found) != 1:
        raise ValueError(f"{kind} of area {area.pk} has {len(found)} schedules: name organization")
    return found[0]


def _owed(plan: Schedule | None, kind: str, area: Area, period: str, organization) -> Disclosure:
    """A new row for a period nobody has made yet, due as its schedule says."""
    due_on = None
    if plan is not None and plan.every == Every.ONCE:
        due_on = plan.due_on if period == plan.due_on.isoformat() else None
    elif plan is not None:
        first = periods.begins(period)
        if first is not None and periods.code_of(plan.every, first) == period:
            due_on = _due_on(plan, periods.following(plan.every, first))
    return Disclosure(
        schedule=plan if due_on else None,
        kind=kind,
        area=area,
        organization=organization,
        period=period,
        due_on=due_on,
    )


@transaction.atomic
def correct(
    disclosure: Disclosure,
    *,
    what: str,
    why: str,
    by,
    title: str | None = None,
    text: str | None = None,
    table: Mapping | None = None,
    seen_version: int | None = None,
    at: datetime | None = None,
) -> Correction:
    """Change the words of a disclosure and keep the former ones readable, with what and why.

    What is left out stays. ``seen_version``: the version the person corrected; another one since
    raises CorrectedMeanwhile. Also NotPublished, NothingChanged, NotEntitled, Missing,
    StillPrivate.
    """
    disclosure.refresh_from_db(from_queryset=Disclosure.objects.select_for_update())
    _check_right(by, disclosure.area)
    if not disclosure.is_published:
        raise NotPublished
    if seen_version is not None and seen_version != disclosure.version:
        raise CorrectedMeanwhile
    what, why = what.strip(), why.strip()
    if not what:
        raise Missing({"what": _("更正了什么")})
    if not why:
        raise Missing({"why": _("为什么更正")})
    refuse_private(what, why)
    before = (disclosure.title, disclosure.text, disclosure.table)
    now = _words(
        disclosure.title if title is None else title,
        disclosure.text if text is None else text,
        disclosure.table if table is None else table,
    )
    if now == before:
        raise NothingChanged
    correction = Correction.objects.create(
        disclosure=disclosure,
        version=disclosure.version,
        what=what,
        why=why,
        by=by,
        at=at or timezone.now(),
        title_before=before[0],
        text_before=before[1],
        table_before=before[2],
    )
    disclosure.title, disclosure.text, disclosure.table = now
    disclosure.version += 1
    disclosure.save(update_fields=["title", "text", "table", "version"])
    return correction


# --- the beat ----------------------------------------------------------------------------------


def make_due(today: date | None = None) -> int:
    """Write the rows that schedules owe by now; how many were new.

    Correct after standing still: every period that ended meanwhile gets its row, once.
    """
    today = today or timezone.localdate()
    plans = Schedule.objects.filter(starts_on__lte=today).filter(
        Q(made_until=None) | Q(made_until__lt=today.replace(day=1))
    )
    made = 0
    for plan in plans.filter(Q(ends_on=None) | Q(made_until=None) | Q(ends_on__gt=F("made_until"))):
        try:
            with transaction.atomic():
                made += _make(plan, today)
        except Exception:
            logger.exception("schedule %s: its periods are not written down yet", plan.pk)
    return made


def _make(plan: Schedule, today: date) -> int:
    plan.refresh_from_db(from_queryset=Schedule.objects.select_for_update())
    if plan.every == Every.ONCE:
        owed = [(plan.due_on.isoformat(), plan.due_on)]
    else:
        since = plan.made_until or plan.starts_on
        until = min(today, plan.ends_on + timedelta(days=1)) if plan.ends_on else today
        owed = [
            (code, _due_on(plan, after)) for code, after in periods.ended(plan.every, since, until)
        ]
    new = 0
    for code, due_on in owed:
        _row, created = Disclosure.objects.get_or_create(
            kind=plan.kind,
            area=plan.area,
            organization=plan.organization,
            period=code,
            defaults={"schedule": plan, "due_on": due_on},
        )
        new += created
    plan.made_until = today.replace(day=1)
    plan.save(update_fields=["made_until"])
    return new


def remind(today: date | None = None, *, most: int = 500) -> int:
    """Tell of what is due within three days, once, those nearest who may publish it."""
    today = today or timezone.localdate()
    owed = _untold(DUE_KEY).filter(
        is_late=None, due_on__gte=today, due_on__lte=today + timedelta(days=REMIND_DAYS)
    )
    told = 0
    for disclosure in owed.order_by("due_on", "pk")[:most]:
        with transaction.atomic():
            telling.of_due_disclosure(
                disclosure, name=name_of(disclosure), key=f"{DUE_KEY}{disclosure.pk}"
            )
        told += 1
    return told


def mark_late(today: date | None = None, *, most: int = 500) -> int:
    """Write down what was not published in time, and tell those nearest and the level above.

    Exactly once: the row is locked and read again, and the database keeps the answer.
    """
    today = today or timezone.localdate()
    owed = Disclosure.objects.missing().filter(is_late=None, due_on__lt=today)
    marked = 0
    for pk in list(owed.order_by("due_on", "pk").values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            disclosure = owed.select_for_update().filter(pk=pk).first()
            if disclosure is None:  # published, or marked by another worker
                continue
            disclosure.is_late = True
            disclosure.save(update_fields=["is_late"])
            telling.of_late_disclosure(
                disclosure, name=name_of(disclosure), key=f"{DISCLOSURE_LATE_KEY}{disclosure.pk}"
            )
        marked += 1
    return marked


def _untold(key: str):
    told = Concat(Value(key), Cast(OuterRef("pk"), CharField()))
    return Disclosure.objects.missing().filter(~Exists(Message.objects.filter(key=told)))
