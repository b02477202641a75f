"""The month's figures as a disclosure: published by the system, corrected where they changed since.

On the third of a month, or on the first run after it, every community with issues publishes the
months that are over. When it does, the three months before are counted again; what has changed
(an issue reopened, a late one closed) becomes a correction beside the former words.
"""

import logging
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import account, account_page, figures
from grids.models import IssueMonth
from orgs.models import Area, AreaLevel, Organization, OrganizationKind
from publicity import disclosures, periods, tables
from publicity.models import Disclosure, Every, Schedule

logger = logging.getLogger(__name__)

KIND = "grids.issue_figures"
DUE_DAY, SETTLED_DAYS, CORRECTED_MONTHS = 10, 2, 3


def publish_due(now: datetime | None = None) -> int:
    """Publish every month that is over and not published yet; how many were.

    Running twice publishes once; after standing still every month that ended meanwhile follows.
    """
    now = now or timezone.now()
    account.refresh(now)
    published = 0
    for area in _places():
        published += publish_of(area, now)
    return published


def _places():
    """Open communities that have ever had an issue."""
    counted = IssueMonth.objects.values("area").distinct()
    return Area.objects.open().filter(level=AreaLevel.COMMUNITY, pk__in=counted)


@transaction.atomic
def publish_of(area: Area, now: datetime, *, starts_on: date | None = None) -> int:
    """The same for one community. ``starts_on``: the first month owed, if none was yet."""
    plan = _plan(area, starts_on or timezone.localdate(now).replace(day=1))
    if plan is None:
        return 0
    today = timezone.localdate(now)
    there = {
        disclosure.period: disclosure
        for disclosure in Disclosure.objects.published().filter(
            kind=KIND, area=area, organization=plan.organization
        )
    }
    new = [
        code
        for code, after in periods.ended(Every.MONTH, plan.starts_on, today)
        if code not in there and today >= after + timedelta(days=SETTLED_DAYS)
    ]
    for code in new:
        disclosures.publish(
            kind=KIND,
            area=area,
            period=code,
            organization=plan.organization,
            at=now,
            **words(area, periods.begins(code)),
        )
    if new:
        for disclosure in sorted(there.values(), key=lambda row: row.period)[-CORRECTED_MONTHS:]:
            correct(disclosure, now)
    return len(new)


def _plan(area: Area, starts_on: date) -> Schedule | None:
    """The schedule in force, made where there is none; None where somebody has stopped it."""
    body = (
        Organization.objects.open()
        .filter(kind=OrganizationKind.RESIDENTS_COMMITTEE, area=area)
        .order_by("pk")
        .first()
    )
    if body is None:
        logger.warning("figures of area %s: no residents' committee to publish them", area.pk)
        return None
    last = Schedule.objects.filter(kind=KIND, area=area).order_by("-pk").first()
    if last is not None and last.organization_id != body.pk and last.ends_on is None:
        disclosures.stop(last, by=None)  # another committee has taken over
    elif last is not None and last.ends_on is not None and last.organization_id == body.pk:
        return None
    return disclosures.schedule(
        kind=KIND,
        area=area,
        organization=body,
        every=Every.MONTH,
        due_day=DUE_DAY,
        starts_on=starts_on,
    )


def correct(disclosure: Disclosure, now: datetime) -> bool:
    """Correct what is published where the figures have changed since; was there anything?"""
    area = disclosure.area
    wanted = words(area, periods.begins(disclosure.period))
    if tables.clean(wanted["table"]) == disclosure.table and wanted["text"] == disclosure.text:
        return False
    disclosures.correct(
        disclosure,
        what=_changes(disclosure.table, wanted["table"]),
        why=_("公开以后，有的事项又办结、评价、合并或重新办理，按最新情况更正。"),
        by=None,
        text=wanted["text"],
        table=wanted["table"],
        at=now,
    )
    return True


def _changes(before: dict, after: dict) -> str:
    """办结 203→201；满意 180→181, as far as it fits."""
    old = {row[0]: row[1] for row in before.get("rows", ())}
    changed = [
        f"{name} {old.get(name, '—')}→{value}"
        for name, value, _note in after["rows"]
        if old.get(name) != value
    ]
    text = "；".join(changed) or _("说明的文字")
    return text if len(text) <= 300 else f"{text[:296]}……"


def words(area: Area, month: date) -> dict:
    """Title, text and table for one community and month."""
    shown = account.read(month, area=area)
    return words_of(area, month, shown)


def words_of(area: Area, month: date, shown: account.Account) -> dict:
    counts = shown.of_month
    rows = [
        [str(figure.label), str(counts[figure.code]), str(figure.meaning)]
        for figure in figures.FIGURES
    ]
    for share in figures.SHARES:
        part = figures.part(counts, share.code)
        note = _("%(meaning)s %(of)s") % {"meaning": share.meaning, "of": part.of}
        rows.append([str(share.label), part.text, note])
    title = _("%(area)s%(month)s事项办理情况")
    return {
        "title": title % {"area": area.name, "month": account_page.month_name(month)},
        "text": "\n".join([account_page.sentence(shown), *account_page.further(shown)]),
        "table": {"columns": [_("项目"), _("当月"), _("怎么算")], "rows": rows},
    }
