"""What the beat does for whistles: departments that did not answer, ratings whose time is over."""

from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch, whistles
from grids import whistle_telling as telling
from grids.limits import due_text
from grids.models import Whistle, WhistleCall, WhistleState
from inbox import outbox
from inbox.models import Message
from orgs.models import AreaLevel, Person
from rules.workflow import WrongState

KEY = "whistle-unanswered:"


def tell_unanswered(now: datetime | None = None, *, most: int = 500) -> int:
    """Tell leader and district, once, of each department that let its term pass; how many.

    Safe to run twice, beside itself and after a standstill: one message per call.
    """
    now = now or timezone.now()
    key = Concat(Value(KEY), Cast(OuterRef("pk"), CharField()))
    late = (
        WhistleCall.objects.unanswered(now)
        .filter(~Exists(Message.objects.filter(key=key)))
        .select_related("organization", "whistle__issue__area")
        .order_by("report_due_at", "pk")[:most]
    )
    told = 0
    for call in late:
        with transaction.atomic():
            _tell(call)
        told += 1
    return told


def _tell(call: WhistleCall) -> None:
    issue = call.whistle.issue
    text = _("%(name)s应于%(due)s前报到，至今没有人报到。请督办；名单可导出报区级平台。") % {
        "name": call.organization.name,
        "due": due_text(call.report_due_at),
    }
    outbox.tell(
        _watchers(call.whistle),
        kind=telling.UNANSWERED,
        title=_("部门逾期未报到：%(title)s") % {"title": issue.title},
        text=text,
        url=call.whistle.get_absolute_url(),
        key=f"{KEY}{call.pk}",
    )


def _watchers(whistle: Whistle) -> list[Person]:
    """The leaders of the subdistrict, and the district."""
    aside = {whistle.issue.reporter_id}
    people = dispatch.nearest(
        "grids.approve_whistle", telling.street_path(whistle), excluding=aside
    )
    district = whistle.issue.area.ancestor(AreaLevel.DISTRICT)
    if district is not None:
        people += dispatch.nearest("grids.watch_whistle", district.path, excluding=aside)
    return people


def end_ratings(now: datetime | None = None) -> int:
    """End whistles whose time for rating is over: who said nothing gave no rating."""
    now = now or timezone.now()
    ended = 0
    for whistle in Whistle.objects.filter(state=WhistleState.RATING, due_at__lt=now):
        try:
            whistles.advance(whistle, "end", by=None, at=now)
        except WrongState:  # the last rating came this moment
            continue
        ended += 1
    return ended
