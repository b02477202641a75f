"""``/desk/``: what needs this person today, put together from what each app says is waiting."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, Q, Value
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grids import commenting, listing, whistle_pages
from grids.models import DONE, WORKING, Callback, Issue, TopicProposal, Whistle
from grids.waiting import waiting_for
from inbox.models import Delivery
from orgs import access
from orgs.access import signed_in
from orgs.models import Residence
from publicity import waiting as publicity_waiting
from rules import calendar

SHOWN, LATE_SHOWN = 12, 5


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
    waiting: list = field(default_factory=list)  # rows, the most pressing first
    whistles: list = field(default_factory=list)
    late: list = field(default_factory=list)  # what else is late within reach, oldest first
    more_waiting: bool = False
    publicity: list = field(default_factory=list)  # objections to answer, disclosures owed
    doors: list[Door] = field(default_factory=list)
    figures: dict | None = None
    unread: list = field(default_factory=list)


@signed_in
@require_safe
def desk(request):
    return render(request, "portal/desk.html", {"desk": _lay(request.user)})


def _lay(person) -> Desk:
    rights = access.rights_of(person)
    wanted = Issue.objects.select_related("category").only(*listing.ROW_FIELDS)
    waiting = list(waiting_for(person, rows=wanted)[: SHOWN + 1])
    laid = Desk(
        waiting=listing.rows(waiting[:SHOWN], public=False),
        whistles=whistle_pages.waiting_rows(person),
        more_waiting=len(waiting) > SHOWN,
        publicity=publicity_waiting.waiting_for(person, most=SHOWN),
        unread=list(
            Delivery.objects.in_mailbox_of(person)
            .unread()
            .select_related("message")
            .order_by("-pk")[:4]
        ),
    )
    if rights.has_any("grids.view_issue", "grids.handle_issue"):
        laid.figures = _figures(person)
        if laid.figures["late"]:
            laid.late = _late(person, but=[issue.pk for issue in waiting])
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


def _late(person, *, but: list[int]) -> list[listing.Row]:
    """What is late within the person's reach and waits for somebody else: to be pressed for."""
    late = (
        Issue.objects.workable_by(person)
        .filter(state__in=WORKING, promised_at__lt=timezone.now())
        .exclude(pk__in=but)
        .select_related("category")
        .only(*listing.ROW_FIELDS)
        .order_by("promised_at", "pk")
    )
    return listing.rows(list(late[:LATE_SHOWN]), public=False)


def _counts(person, rights) -> dict[str, int]:
    """What waits behind the doors this person has, all counted in one query."""
    waiting = {}
    if rights.has("grids.manage_partners"):
        waiting["callbacks"] = access.scope(
            Callback.objects.filter(state=Callback.State.FAILED),
            person,
            "grids.manage_partners",
            path_field="partner__area_path",
        )
    if rights.has("orgs.verify_residence"):
        waiting["residences"] = access.scope(
            Residence.objects.filter(state=Residence.State.PENDING, ends_on=None),
            person,
            "orgs.verify_residence",
            path_field="household__area_path",
        )
    if rights.has("grids.handle_issue"):
        waiting["whistles"] = Whistle.objects.seen_by(person)
    if rights.has("grids.moderate_comments"):
        waiting["comments"] = commenting.waiting(person)
    if rights.has("grids.decide_topic"):
        waiting["topics"] = TopicProposal.objects.decidable_by(person).open()
    found = [
        queryset.order_by().values(name=Value(name)).annotate(n=Count("pk"))
        for name, queryset in waiting.items()
    ]
    if not found:
        return {}
    first, *others = found
    return {row["name"]: row["n"] for row in first.union(*others, all=True)}


def _doors(person, rights) -> list[Door]:
    doors = []
    counts = defaultdict(int, _counts(person, rights))
    if rights.has_any("grids.export_orders", "grids.import_orders"):
        doors.append(Door(title=_("外部工单"), href="/issues/orders/", icon="inbox-arrow-down"))
    if rights.has("grids.manage_partners"):
        failed = counts["callbacks"]
        doors.append(
            Door(
                title=_("未送达的回传") if failed else _("对接单位"),
                href="/issues/partners/",
                icon="link",
                count=failed,
                unit=_("条") if failed else "",
                tone="warn" if failed else "plain",
            )
        )
    if rights.has("orgs.verify_residence"):
        pending = counts["residences"]
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
    if (
        rights.has_any("grids.ask_whistle", "grids.approve_whistle", "grids.watch_whistle")
        or (counts["whistles"])
    ):
        doors.append(Door(title=_("吹哨报到"), href="/issues/whistles/", icon="megaphone"))
    doors += _voices(rights, counts)
    if rights.has_any("orgs.manage_organizations", "orgs.appoint_people"):
        doors.append(
            Door(title=_("组织与任免"), href="/staff/organizations/", icon="building-library")
        )
    if rights.has("grids.manage_roster"):
        doors.append(Door(title=_("人员与派单方式"), href="/issues/roster/", icon="users"))
    if rights.has("grids.edit_responsibilities"):
        doors.append(
            Door(
                title=_("责任清单"),
                href="/issues/responsibilities/",
                icon="clipboard-document-list",
            )
        )
    if rights.has("grids.write_templates"):
        doors.append(Door(title=_("回复模板"), href="/issues/templates/", icon="document-text"))
    if rights.has("orgs.unlock_accounts"):
        doors.append(Door(title=_("被锁定的账号"), href="/staff/lockouts/", icon="lock-closed"))
    if rights.has("orgs.audit_contact_reveals"):
        doors.append(Door(title=_("查看完整信息的记录"), href="/staff/reveals/", icon="eye"))
        doors.append(
            Door(title=_("来电人查看与工单导出"), href="/issues/looks/", icon="arrow-down-tray")
        )
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


def _voices(rights, counts) -> list[Door]:
    """Comments to look at and topics to decide about, while there are any."""
    doors = []
    if count := counts["comments"]:
        doors.append(
            Door(
                title=_("待审看的评论"),
                href="/issues/comments/",
                icon="chat-bubble-left-right",
                count=count,
                unit=_("条"),
                tone="warn",
            )
        )
    if rights.has("grids.decide_topic"):
        count = counts["topics"]
        doors.append(
            Door(
                title=_("议题建议"),
                href="/issues/proposals/",
                icon="light-bulb",
                count=count,
                unit=_("条"),
                tone="warn" if count else "plain",
            )
        )
    return doors
