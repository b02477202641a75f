"""Telling, once, that a limit has passed: those whose turn it is, and the level above them."""

from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch
from grids.limits import due_text
from grids.models import ClockKind, Issue, IssueClock, Level, State
from inbox import outbox
from inbox.models import Message
from orgs.models import AreaLevel, Person

KIND, KEY = "grids.issue_late", "issue-late:"
KINDS = (
    *(ClockKind.FILE, ClockKind.HANDLE, ClockKind.VERIFY),
    *(ClockKind.REVIEW, ClockKind.ARBITRATE, ClockKind.ARRIVE),
)


def tell(now: datetime | None = None, *, most: int = 500) -> int:
    """Tell of every running limit that has passed and was not told of yet; how many there were.

    Safe to run twice and after a day of standing still: one message per clock.
    """
    now = now or timezone.now()
    key = Concat(Value(KEY), Cast(OuterRef("pk"), CharField()))
    late = (
        IssueClock.objects.filter(
            ~Exists(Message.objects.filter(key=key)),
            kind__in=KINDS,
            clock__stopped_at=None,
            clock__paused_at=None,
            clock__due_at__lt=now,
        )
        .select_related("clock", "issue__area", "issue__lead", "issue__handler")
        .order_by("clock__due_at")[:most]
    )
    told = 0
    for row in late:
        with transaction.atomic():
            _tell(row)
        told += 1
    return told


def _tell(row: IssueClock) -> None:
    issue = row.issue
    text = _("%(what)s应于%(due)s前完成，请尽快处理。") % {
        "what": row.get_kind_display(),
        "due": due_text(row.clock.due_at),
    }
    outbox.tell(
        [*whose_turn(issue), *above(issue)],
        kind=KIND,
        title=_("已超期：%(title)s") % {"title": issue.title},
        text=text,
        url=issue.get_absolute_url(),
        key=f"{KEY}{row.pk}",
    )


def whose_turn(issue: Issue) -> list[Person]:
    aside = {issue.reporter_id, *issue.recused_ids}
    match issue.state:
        case State.SUBMITTED:
            return dispatch.nearest("grids.file_issue", issue.area_path, excluding=aside)
        case State.OBJECTED | State.RETURNED:
            street = issue.area.ancestor(AreaLevel.SUBDISTRICT)
            path = street.path if street is not None else issue.area_path
            return dispatch.nearest("grids.dispatch_issue", path, excluding=aside)
        case State.FILED | State.REOPENED | State.ESCALATED:
            path = dispatch.node_path(issue)
            return dispatch.nearest("grids.dispatch_issue", path, excluding=aside)
        case State.DISPATCHED:
            return dispatch.members(issue.lead, excluding=aside)
        case State.IN_PROGRESS:
            return [issue.handler]
        case State.HANDLED:
            aside.add(issue.handler_id)
            return dispatch.nearest("grids.verify_issue", issue.area_path, excluding=aside)
    return []


def above(issue: Issue) -> list[Person]:
    """One level up: the community's people, the subdistrict's, for departments the district's."""
    area = dispatch.above(issue)
    if area is None:
        return []
    right = "grids.view_issue" if issue.level == Level.L4 else "grids.dispatch_issue"
    return dispatch.nearest(right, area.path, excluding={issue.reporter_id, *issue.recused_ids})
