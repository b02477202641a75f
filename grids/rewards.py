"""积分: whoever first reported a hazard that was then verified is proposed for points (rule P13).

By a task after the verb, so that closing an issue never waits for points; once a day the beat
looks for what a lost broker left. Both find by the key "issue:<id>" what was proposed before.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import telling
from grids.models import CategoryGroup, Issue
from points import catalogue, claims
from points.models import Claim, Rule
from rules import calendar

logger = logging.getLogger(__name__)

RULE = "P13"
LOOK_BACK = timedelta(days=7)


def on_move(sender, record, move, **_more) -> None:
    """Receiver of ``grids.signals.moved``."""
    if move.verb != "verify" or record.category.group != CategoryGroup.SAFETY:
        return
    if telling.is_silent():
        return

    def nudge():
        from grids.tasks import propose_points

        try:
            propose_points.delay(record.pk)
        except Exception:
            logger.warning("issue %s waits for the sweep to propose points", record.pk)

    transaction.on_commit(nudge, robust=True)


def propose(issue: Issue) -> Claim | None:
    """A claim for who was first, the same one again; None when there is none to be had.

    Of reports merged into one the earliest counts. Who reported anonymously, or whose name is
    kept from those who handle it, is not named to anybody by a claim they did not file; they
    may still file one.
    """
    if issue.closed_at is None or issue.category.group != CategoryGroup.SAFETY:
        return None
    reports = [issue, *issue.merged.select_related("reporter", "category")]
    first = min(
        (report for report in reports if report.reporter_id),
        key=lambda report: (report.reported_at, report.pk),
        default=None,
    )
    if first is None or not first.shows_reporter_to_handlers():
        return None
    try:
        rule = catalogue.rule_of(issue.area, RULE)
    except Rule.DoesNotExist:
        return None  # no points scheme here
    return claims.propose(
        rule,
        person=first.reporter,
        happened_on=calendar.local_day(issue.closed_at),
        source_key=f"issue:{issue.pk}",
        area=issue.area,
        text=_("首报%(category)s，已核实（%(number)s）")
        % {"category": issue.category.name, "number": issue.number},
    )


def sweep(now: datetime | None = None) -> int:
    """Propose what was verified in the last days and has no claim; how many there are now."""
    since = (now or timezone.now()) - LOOK_BACK
    closed = Issue.objects.filter(
        closed_at__gte=since, verifier__isnull=False, category__group=CategoryGroup.SAFETY
    ).select_related("category", "reporter", "area")
    keys = {f"issue:{issue.pk}" for issue in closed}
    known = set(Claim.objects.filter(source_key__in=keys).values_list("source_key", flat=True))
    proposed = 0
    for issue in closed:
        if f"issue:{issue.pk}" in known:
            continue
        try:
            proposed += propose(issue) is not None
        except Exception:
            logger.exception("no points could be proposed for issue %s", issue.pk)
    return proposed
