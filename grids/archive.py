"""Putting away: thirty days after closing; after three more years nothing tells who it was.

The figures, the public words and the course of things stay; what a person wrote or is called goes
(个人信息保护法 第十九条: no longer than needed).
"""

from datetime import datetime, timedelta

import pgtrigger
from django.db import transaction
from django.utils import timezone

from grids import photos, voicing
from grids.flow import flow
from grids.models import Issue, IssueStep
from grids.models import State as S
from rules import calendar
from rules.refusals import Refused

YEARS_KEPT = 3
# What a step's data may keep: codes and bodies, nothing that was written.
_KEPT = {
    *("level_before", "lead", "lead_before", "solved", "stars", "how", "refusal_code"),
    *("kind", "reason_code", "delay_reason", "level", "urgency", "category"),
}


def run(now: datetime | None = None, *, most: int = 500) -> int:
    """Archive what was closed longer ago than its rules say; how many."""
    now = now or timezone.now()
    # Thirty natural days roll over rest days: the verb itself knows the exact end.
    old = (
        Issue.objects.filter(state__in=[S.CLOSED, S.RATED], closed_at__lt=now - timedelta(days=1))
        .order_by("closed_at")
        .values_list("pk", "closed_at", "clock_rules")[:most]
    )
    put_away = 0
    with calendar.steady():
        for pk, closed_at, rules in list(old):
            if now - closed_at < timedelta(days=rules["params"]["archive"]["amount"]):
                continue
            try:
                flow.advance(Issue.objects.get(pk=pk), "archive", by=None, at=now)
            except Refused:
                continue
            put_away += 1
    return put_away


def deidentify(now: datetime | None = None, *, most: int = 200) -> int:
    """Take the persons out of what was archived three years ago; how many issues."""
    now = now or timezone.now()
    old = Issue.objects.filter(
        state=S.ARCHIVED,
        deidentified_at=None,
        archived_at__lt=_years_before(now, YEARS_KEPT),
    ).order_by("archived_at")
    pks = list(old.values_list("pk", flat=True)[:most])
    for pk in pks:
        _deidentify(pk, now)
    return len(pks)


@transaction.atomic
def _deidentify(pk: int, now: datetime) -> None:
    issue = Issue.objects.select_for_update(of=("self",)).select_related("category").get(pk=pk)
    reporter = issue.reporter_id
    issue.title = issue.public_title or issue.category.name
    issue.description = issue.public_summary
    issue.place_text = issue.public_place
    issue.result = issue.public_result
    issue.rating_comment = issue.no_photo_reason = ""
    issue.reporter, issue.deidentified_at = None, now
    issue.save()
    if issue.caller is not None and not issue.caller.issues.filter(deidentified_at=None).exists():
        issue.caller.erase(at=now)
    with pgtrigger.ignore("grids.IssueStep:append_only"):
        for step in issue.steps.all():
            kept = {name: value for name, value in step.data.items() if name in _KEPT}
            IssueStep.objects.filter(pk=step.pk).update(
                data=kept,
                reason="",
                actor=None if step.actor_id == reporter else step.actor_id,
            )
    photos.erase_private(issue)
    issue.callbacks.all().delete()
    issue.delays.update(reason="", decision="")
    voicing.forget(issue)


def _years_before(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year - years, day=28)
