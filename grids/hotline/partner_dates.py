"""The partner's own date: shown beside our promise, and told of when it is the earlier one.

It moves no clock: what residents are promised follows the rule profile, whoever rang.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import lateness
from grids.hotline import callers
from grids.limits import due_text
from grids.models import ENDED, Issue, Order, Source
from inbox import outbox
from inbox.models import Message
from rules import clocks
from rules.models import Unit

SOON, PAST = "order-due-soon:", "order-due-past:"


@dataclass(frozen=True)
class Beside:
    """What the issue's page says of its order."""

    order: Order
    demand: str  # 市12345热线要求 11月30日 23:59 前办结
    presses: bool  # the partner's date is the earlier one, or past
    caller: str  # masked; empty for who may not know


def beside(issue: Issue, person) -> Beside | None:
    """For a worker's page; nothing for issues of residents. Three queries at most."""
    if issue.source != Source.HOTLINE or not hasattr(issue, "order"):
        return None
    order = issue.order
    demand = ""
    if order.due_at:
        demand = _("%(partner)s要求 %(due)s 前办结") % {
            "partner": order.partner.name,
            "due": due_text(order.due_at),
        }
    caller = ""
    if issue.caller_id and callers.may_see(issue, person):
        caller = f"{issue.caller.name_masked} {issue.caller.phone_masked}".strip()
    open_still = issue.state not in ENDED and issue.handled_at is None
    return Beside(order, demand, open_still and order.asks_earlier, caller)


def tell(now: datetime | None = None, *, most: int = 500) -> int:
    """Tell of dates that come within a working day, and of those that passed; how many.

    Once each, where they are earlier than our own promise (of which ``lateness`` tells). Right
    after a day of standing still too.
    """
    now = now or timezone.now()
    soon = clocks.reckon(Unit.WORKING_DAYS, 1, now).due
    told = _tell_each(PAST, Q(due_at__lte=now), most)
    return told + _tell_each(SOON, Q(due_at__gt=now, due_at__lte=soon), most)


def _tell_each(prefix: str, due: Q, most: int) -> int:
    key = Concat(Value(prefix), Cast(OuterRef("pk"), CharField()))
    orders = (
        Order.objects.open()
        .filter(due, ~Exists(Message.objects.filter(key=key)))
        .filter(Q(issue__promised_at=None) | Q(due_at__lt=F("issue__promised_at")))
        .exclude(issue__state__in=ENDED)
        .select_related("partner", "issue__area", "issue__lead", "issue__handler")
        .order_by("due_at")[:most]
    )
    count = 0
    for order in orders:
        with transaction.atomic():
            _tell(order, prefix)
        count += 1
    return count


def _tell(order: Order, prefix: str) -> None:
    issue = order.issue
    people = lateness.whose_turn(issue)
    if prefix == PAST:
        people = [*people, *lateness.above(issue)]
    title = _("已过对方期限：%(title)s") if prefix == PAST else _("对方期限将到：%(title)s")
    text = _("%(partner)s要求 %(due)s 前办结，早于本平台的承诺时间。") % {
        "partner": order.partner.name,
        "due": due_text(order.due_at),
    }
    outbox.tell(
        people,
        kind=lateness.KIND,
        title=title % {"title": issue.title},
        text=text,
        url=issue.get_absolute_url(),
        key=f"{prefix}{order.pk}",
    )
