"""``/desk/``: what needs this person today, put together from what each app says is waiting."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Func, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from exchange import doors as exchange_doors
from exchange import who as exchange_people
from grids import commenting, listing, whistle_pages
from grids.models import DONE, WORKING, Callback, Issue, TopicProposal, Whistle
from grids.waiting import waiting_for
from inbox import outbox
from inbox.models import Delivery
from orgs import access
from orgs.access import signed_in
from orgs.compiled import compiled
from orgs.models import Person, Residence
from orgs.prepared import prepared
from points import doors as points_doors
from points.models import Verification
from publicity import waiting as publicity_waiting
from rules import calendar
from ui.dates import moment_text

SHOWN, LATE_SHOWN = 12, 5
# Who sees the whistles, be there any or not.
WHISTLING = ("grids.ask_whistle", "grids.approve_whistle", "grids.watch_whistle")


@dataclass(frozen=True)
class Door:
    """One further thing to do or to look at, with its count."""

    title: str
    href: str
    icon: str
    count: int = 0
    unit: str = ""
    tone: str = "plain"
    note: str = ""  # how it stands, where there is nothing to count


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
    if exchange_people.only_serves(request.user):
        return redirect("exchange:counter")
    counts = _counts(request.user)
    request.unread_count = counts["unread"]
    return render(request, "portal/desk.html", {"desk": _lay(request.user, counts)})


def _lay(person, counts: dict) -> Desk:
    rights = access.rights_of(person)
    now = timezone.now()
    waiting = _waiting(person, now=now)
    late = []
    if counts["figures"] and counts["figures"]["late"]:
        shown = {issue.pk for issue in waiting}
        late = _late(person, now=now, today=timezone.localdate(now))
        late = [issue for issue in late if issue.pk not in shown][:LATE_SHOWN]
    more_waiting, waiting = len(waiting) > SHOWN, waiting[:SHOWN]
    rows = listing.rows([*waiting, *late], public=False)
    return Desk(
        waiting=rows[: len(waiting)],
        whistles=whistle_pages.waiting_rows(person),
        late=rows[len(waiting) :],
        more_waiting=more_waiting,
        publicity=publicity_waiting.waiting_for(person, now=now, most=SHOWN),
        doors=_doors(rights, counts),
        figures=counts["figures"],
        unread=_unread(person=person.pk),
    )


@prepared
def _waiting(person, *, now):
    wanted = Issue.objects.select_related("category").only(*listing.ROW_FIELDS)
    return waiting_for(person, now=now, rows=wanted)[: SHOWN + 1]


@prepared
def _late(person, *, now, today):
    """What is late within the person's reach, to be pressed for; those that wait for them too."""
    return (
        Issue.objects.workable_by(person, today=today)
        .filter(state__in=WORKING, promised_at__lt=now)
        .select_related("category")
        .only(*listing.ROW_FIELDS)
        .order_by("promised_at", "pk")[: LATE_SHOWN + SHOWN + 1]
    )


@compiled
def _unread(*, person):
    return (
        Delivery.objects.in_mailbox_of(person)
        .unread()
        .select_related("message")
        .only("message__title", "message__created_at")
        .order_by("-pk")[:4]
    )


def _counts(person) -> dict:
    """Everything the desk counts, in one query: ``figures`` (or None), ``unread``, the doors'."""
    now = timezone.now()
    (found,) = _counted(
        person, now=now, month_ago=now - timedelta(days=30), today=timezone.localdate(now)
    )
    counts = defaultdict(int, {name: count or 0 for name, count in found.items()})
    nothing = dict.fromkeys(("working", "late", "reported", "closed"), 0)
    counts["figures"] = (found["figures"] or nothing) if "figures" in found else None
    return counts


@prepared
def _counted(person, *, now, month_ago, today):
    rights = access.rights_of(person)
    unread = Delivery.objects.in_mailbox_of(person).unread()[: outbox.COUNTED]
    asked = {
        "unread": Func(
            ArraySubquery(unread.values("pk")),
            function="CARDINALITY",
            output_field=IntegerField(),
        )
    }
    if rights.has_any("grids.view_issue", "grids.handle_issue"):
        mine = Issue.objects.workable_by(person, today=today)
        asked["figures"] = Subquery(_figures(mine, now, month_ago))
    behind = _behind_doors(person, rights) | points_doors.waiting(person, today=today)
    behind |= exchange_doors.waiting(person)
    for name, rows in behind.items():
        counted = rows.order_by().values(all=Value("")).annotate(n=Count("pk"))
        asked[name] = Subquery(counted.values("n"))
    return Person.objects.filter(pk=person.pk).values(**asked)


def _figures(mine, now, month_ago):
    """Of the person's issues: open, late, and what the last 30 days brought; as one value."""
    late = Q(state__in=WORKING, promised_at__lt=now)
    recent = Q(reported_at__gte=month_ago)
    figures = JSONObject(
        working=Count("pk", filter=Q(state__in=WORKING)),
        late=Count("pk", filter=late),
        reported=Count("pk", filter=recent),
        closed=Count("pk", filter=recent & Q(state__in=DONE)),
    )
    return (
        mine.filter(Q(state__in=WORKING) | recent)
        .values(all=Value(""))
        .annotate(figures=figures)
        .values("figures")
    )


def _behind_doors(person, rights) -> dict[str, QuerySet]:
    """What waits behind the doors this person has."""
    waiting = {}
    if rights.has("grids.manage_partners"):
        waiting["callbacks"] = access.scope(
            Callback.objects.filter(state=Callback.State.FAILED),
            person,
            "grids.manage_partners",
            path_field="partner__area_path",
        )
    if rights.has("orgs.verify_residence"):
        waiting["homes"] = access.scope(
            Residence.objects.filter(state=Residence.State.PENDING, ends_on=None),
            person,
            "orgs.verify_residence",
            path_field="household__area_path",
        )
    if rights.has("grids.handle_issue") and not rights.has_any(*WHISTLING):
        waiting["whistles"] = Whistle.objects.seen_by(person)
    if rights.has("grids.moderate_comments"):
        waiting["comments"] = commenting.waiting(person)
    if rights.has("grids.decide_topic"):
        waiting["topics"] = TopicProposal.objects.decidable_by(person).open()
    return waiting


def _doors(rights, counts) -> list[Door]:
    doors = []
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
        pending = counts["homes"]
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
    if rights.has_any(*WHISTLING) or counts["whistles"]:
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
    doors += _points(rights, counts)
    doors += _exchange(rights, counts)
    if rights.has("points.verify_books"):
        doors.append(_books())
    if rights.has("points.protect_names"):
        doors.append(Door(title=_("积分公示保护"), href="/points/protect/", icon="eye-slash"))
    if rights.has("orgs.verify_residence"):
        doors.append(
            Door(title=_("家庭账户合并、拆分"), href="/points/household/move/", icon="home")
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


def _points(rights, counts) -> list[Door]:
    """Claims to certify and to decide, months to sign."""
    rows = (
        ("to_certify", rights.has("points.certify_claim"), _("待认证的积分"), "certify", _("项")),
        ("to_decide", rights.has("points.decide_claims"), _("积分审批"), "batches", _("项")),
        ("to_sign", counts["to_sign"], _("待签署的积分"), "batches", _("批")),
    )
    return [
        Door(
            title=title,
            href=f"/points/{place}/",
            icon="star",
            count=counts[name],
            unit=unit,
            tone="warn" if counts[name] else "plain",
        )
        for name, has, title, place, unit in rows
        if has
    ]


def _exchange(rights, counts) -> list[Door]:
    """Codes to hand over, stock, months with merchants, what points became, cases, the pool."""
    views = rights.has("exchange.view_exchange")
    settles = rights.has_any("exchange.settle", "exchange.approve_settlement")
    approves = rights.has("exchange.approve_settlement")
    to_approve = counts["to_approve"] + counts["to_reverse"]
    pool = rights.has_any("exchange.spend_pool", "exchange.approve_pool")
    keeps, helps = rights.has("exchange.edit_catalogue"), rights.has("exchange.help_order")
    looks = rights.has("exchange.investigate")
    serves, sent = counts["outlets"], counts["statements"]
    piece, open_codes = _("件"), _("单待领取")
    rows = (
        (serves, _("兑换点核销"), "counter/", "qr-code", counts["to_hand"], open_codes),
        (views, _("兑换点库存"), "stock/", "archive-box", counts["low"], _("项不足")),
        (serves, _("待核对的结算单"), "settlements/?state=sent", "scale", sent, piece),
        (settles, _("商家结算"), "settlements/", "scale", counts["to_settle"], piece),
        (approves, _("待批准的结算"), "settlements/?state=submitted", "scale", to_approve, piece),
        (settles, _("社区清算"), "clearing/", "scale", counts["to_clear"], piece),
        (looks, _("兑换核实"), "cases/", "eye", counts["cases"], piece),
        (pool, _("公益池"), "pool/", "heart", counts["pool"], _("项")),
        (views, _("积分总账"), "account/", "calculator", 0, ""),
        (keeps, _("兑换目录"), "catalogue/", "gift", 0, ""),
        (helps, _("代居民兑换"), "for/", "hand-raised", 0, ""),
    )
    return [
        Door(
            title=title,
            href=f"/exchange/{place}",
            icon=icon,
            count=count,
            unit=unit if count else "",
            tone="warn" if count and place != "counter/" else "plain",
        )
        for has, title, place, icon, count, unit in rows
        if has
    ]


def _books() -> Door:
    """How the books stood when they were last proved."""
    last = Verification.latest()
    if last is None:
        note, tone = _("尚未核验"), "plain"
    elif last.is_clean:
        note, tone = _("%(at)s 核验，账实相符"), "plain"
    else:
        note, tone = _("%(at)s 核验，发现 %(count)d 处问题"), "warn"
    if last is not None:
        note %= {"at": moment_text(last.finished_at), "count": last.finding_count}
    return Door(title=_("账本核验"), href="/points/ledger/", icon="scale", tone=tone, note=note)


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
