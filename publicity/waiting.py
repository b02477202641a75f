"""Notices and disclosures that need a person now, for the desk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, DateTimeField, F, Q, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import AreaLevel
from orgs.prepared import prepared
from publicity import disclosures, notices, periods
from publicity.models import Disclosure, Notice, NoticeState
from rules import calendar

BROAD = frozenset({AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT})
MOST = 50


@dataclass(frozen=True)
class Task:
    """One thing to do, in words."""

    what: str
    title: str
    href: str
    due_at: datetime
    is_late: bool


def waiting_for(person, *, now: datetime | None = None, most: int = MOST) -> list[Task]:
    """What ``person`` should answer, close or disclose, the most pressing first. One query.

    People of a whole subdistrict see what is the subdistrict's own, and of the communities' only
    what is late.
    """
    now = now or timezone.now()
    rights = access.rights_of(person)
    if not any(
        rights.area_paths(right) for right in (notices.ANSWER, notices.PUBLISH, disclosures.PUBLISH)
    ):
        return []
    today = calendar.local_day(now)
    soon = today + timedelta(days=disclosures.REMIND_DAYS)
    rows = _rows(person, now=now, today=today, soon=soon)
    return [_task(*row, now=now) for row in rows[:most]]


@prepared
def _rows(person, *, now, today, soon):
    answer = _reach(person, notices.ANSWER, Q(due_at__lt=now))
    close = _reach(person, notices.PUBLISH, None)
    publish = _reach(person, disclosures.PUBLISH, Q(due_on__lt=today))
    owed = Q()
    if answer:
        owed |= answer & Q(state=NoticeState.OBJECTED) & ~Q(publisher=person)
    if close:
        ends = Q(state=NoticeState.ANSWERED) | Q(state=NoticeState.PUBLISHED, closes_itself=False)
        owed |= close & ends & Q(ends_on__lt=today)
    parts = []
    if owed:
        parts.append(
            Notice.objects.filter(owed)
            .annotate(
                what=Cast("state", CharField()), name=F("title"), due=F("due_at"), of=F("kind")
            )
            .values_list("what", "pk", "name", "due", "of")
        )
    if publish:
        parts.append(
            Disclosure.objects.missing()
            .filter(publish, due_on__lte=soon)
            .annotate(
                what=Value("owed", output_field=CharField()),
                name=F("period"),
                due=Cast("due_on", DateTimeField()),
                of=F("kind"),
            )
            .values_list("what", "pk", "name", "due", "of")
        )
    return parts[0].union(*parts[1:], all=True).order_by("due", "pk")[:MOST]


def _reach(person, right: str, when_late: Q | None) -> Q | None:
    """Where the person's own work is: near places whole, of a large one what is its own or late."""
    rights = access.rights_of(person)
    reach = None
    for path in rights.area_paths(right):
        here = Q(area_path__startswith=path)
        if rights.level_of(path) in BROAD:
            own = Q(area_path=path)
            here = own if when_late is None else here & (own | when_late)
        reach = here if reach is None else reach | here
    return reach


def _task(what: str, pk: int, name: str, due: datetime, kind: str, *, now: datetime) -> Task:
    if what == "owed":
        # The database casts a date to its midnight in UTC: morning of the same day here.
        due = calendar.end_of_day(calendar.local_day(due))
        title = _("%(kind)s（%(period)s）") % {
            "kind": disclosures.kind_label(kind),
            "period": periods.label(name),
        }
        return Task(_("待公开"), title, f"/notices/disclosures/{pk}/publish/", due, due < now)
    words = _("待答复异议") if what == NoticeState.OBJECTED else _("待结束公示")
    return Task(words, name, f"/notices/{pk}/work/", due, what == "objected" and due < now)
