"""``/desk/``: what needs this person today, put together from what each app says is waiting."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Q
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grids import handling
from grids.models import DONE, WORKING, Issue
from inbox.models import Delivery
from orgs import access
from orgs.access import signed_in
from orgs.models import Residence
from rules import calendar

SHOWN = 12
# What a row shows; an issue has many more columns, and most of a list's time is in them.
ROW = (
    *("number", "title", "state", "promised_at", "due_at", "place_text"),
    *("category__name", "area__name"),
)


@dataclass(frozen=True)
class Door:
    """One further thing to do or to look at, with its count."""

    title: str
    href: str
    icon: str
    count: int = 0
    unit: str = ""
    tone: str = "plain"


@dataclass
class Desk:
    waiting: list = field(default_factory=list)  # issues, the most pressing first
    more_waiting: bool = False
    doors: list[Door] = field(default_factory=list)
    figures: dict | None = None
    unread: list = field(default_factory=list)


@signed_in
@require_safe
def desk(request):
    return render(request, "portal/desk.html", {"desk": _lay(request.user)})


def _lay(person) -> Desk:
    rights = access.rights_of(person)
    waiting = list(
        handling.waiting_for(person)
        .select_related(None)
        .select_related("category", "area")
        .only(*ROW)[: SHOWN + 1]
    )
    for issue in waiting:
        issue.wants = handling.flow.transition(issue.waits_for, issue.state).label
    laid = Desk(
        waiting=waiting[:SHOWN],
        more_waiting=len(waiting) > SHOWN,
        unread=list(
            Delivery.objects.in_mailbox_of(person)
            .unread()
            .select_related("message")
            .order_by("-pk")[:4]
        ),
    )
    if rights.has_any("grids.view_issue", "grids.handle_issue"):
        laid.figures = _figures(person)
    laid.doors = _doors(person, rights)
    return laid


def _figures(person) -> dict[str, int]:
    """Issues within the person's reach: open, late, and what the last 30 days brought."""
    now = timezone.now()
    month_ago = now - timedelta(days=30)
    mine = Issue.objects.workable_by(person).filter(
        Q(state__in=WORKING) | Q(reported_at__gte=month_ago)
    )
    return mine.aggregate(
        working=Count("pk", filter=Q(state__in=WORKING)),
        late=Count("pk", filter=Q(state__in=WORKING, promised_at__lt=now)),
        reported=Count("pk", filter=Q(reported_at__gte=month_ago)),
        closed=Count("pk", filter=Q(reported_at__gte=month_ago, state__in=DONE)),
    )


def _doors(person, rights) -> list[Door]:
    doors = []
    if rights.has("orgs.verify_residence"):
        pending = access.scope(
            Residence.objects.filter(state=Residence.State.PENDING, ends_on=None),
            person,
            "orgs.verify_residence",
            path_field="household__area_path",
        ).count()
        doors.append(
            Door(
                title=_("待核验的住址"),
                href="/staff/residences/",
                icon="home",
                count=pending,
                unit=_("户"),
                tone="warn" if pending else "plain",
            )
        )
    if rights.has_any("orgs.manage_organizations", "orgs.appoint_people"):
        doors.append(Door(title=_("组织与任免"), href="/staff/", icon="building-library"))
    if rights.has("orgs.unlock_accounts"):
        doors.append(Door(title=_("被锁定的账号"), href="/staff/lockouts/", icon="lock-closed"))
    if rights.has("orgs.view_reveals"):
        doors.append(Door(title=_("查看完整信息的记录"), href="/staff/reveals/", icon="eye"))
    if rights.has("rules.edit_calendar"):
        next_year = timezone.localdate().year + 1
        provisional = calendar.is_provisional(next_year)
        doors.append(
            Door(
                title=_("导入 %(year)d 年放假安排") % {"year": next_year}
                if provisional
                else _("工作日历"),
                href="/rules/calendar/import/" if provisional else "/rules/calendar/",
                icon="calendar-days",
                tone="warn" if provisional else "plain",
            )
        )
    if rights.has("rules.edit_rules"):
        doors.append(Door(title=_("规则与依据"), href="/rules/", icon="scale"))
    return doors
