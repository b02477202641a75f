"""What stands behind a counter: at which outlet, what a code is in large words, today's figures.

Nothing here names who ordered: behind the counter there are codes and goods.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.cache import cache
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from exchange import drawings, orders, who
from exchange.models import Order, OrderState, Outlet
from exchange.orders import CodeIs, Found

CHOSEN = "exchange_outlet"  # in the session: where somebody who serves several stands
LAST, LAST_DAYS = 10, 30
MOST_WRONG, WRONG_SECONDS = 20, 10 * 60  # of one person, before codes are answered no more

_TONES = {
    CodeIs.GOOD: ("ok", L("可以发放")),
    CodeIs.USED: ("bad", L("已领取，不能再发")),
    CodeIs.ENDED: ("bad", L("已取消，不能发放")),
    CodeIs.EXPIRED: ("bad", L("已过期，不能发放")),
    CodeIs.NOT_TODAY: ("warn", L("今天不发放")),
    CodeIs.OWN: ("warn", L("请由他人发放")),
    CodeIs.ELSEWHERE: ("warn", L("别的兑换点的取货码")),
    CodeIs.UNKNOWN: ("bad", L("没有这个取货码")),
    CodeIs.UNREADABLE: ("bad", L("这不是取货码")),
}


class TooManyWrong(Exception):
    """Somebody typed so many codes that do not exist that they are told nothing for a while."""


# --- where --------------------------------------------------------------------------------------


def outlets_of(person) -> list[Outlet]:
    """Those somebody stands behind, open ones first. One query."""
    return sorted(
        who.served_by(person),
        key=lambda outlet: (outlet.closed_on is not None, outlet.name, outlet.pk),
    )


def standing(session, outlets: list[Outlet]) -> Outlet | None:
    """The only one, or the one that was chosen; None while there is a choice to make."""
    if len(outlets) == 1:
        return outlets[0]
    chosen = session.get(CHOSEN)
    return next((outlet for outlet in outlets if outlet.pk == chosen), None)


# --- what a code is -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """A code as it is shown: ``title`` in large letters, ``text`` below; the goods, never whose."""

    kind: str
    tone: str
    title: str
    text: str = ""
    order: Order | None = None

    @property
    def is_good(self) -> bool:
        return self.kind == CodeIs.GOOD

    @property
    def may_refuse(self) -> bool:
        return self.kind in {CodeIs.GOOD, CodeIs.NOT_TODAY}

    @property
    def other(self) -> Outlet | None:
        """The outlet of the person's own where this code is taken."""
        if self.kind == CodeIs.ELSEWHERE and self.order is not None:
            return self.order.offer.outlet
        return None

    @property
    def drawing(self) -> str:
        return drawings.of(self.order.offer.item)


def look(text: str, *, person, outlet: Outlet | None) -> Found:
    """``orders.find``, with wrong codes counted. Raises TooManyWrong."""
    if is_blocked(person):
        raise TooManyWrong
    found = orders.find(text, person=person, outlet=outlet)
    if found.order is None and found.kind != CodeIs.UNREADABLE:
        key = _wrong(person)
        cache.add(key, 0, WRONG_SECONDS)
        cache.incr(key)
    return found


def is_blocked(person) -> bool:
    return cache.get(_wrong(person), 0) >= MOST_WRONG


def _wrong(person) -> str:
    return f"exchange:wrong:{person.pk}"


def verdict(found: Found, person) -> Verdict:
    tone, title = _TONES[found.kind]
    order, text = found.order, found.why
    if found.kind == CodeIs.USED and order.issued_by_id == person.pk:
        text = _("%(text)s。是您发放的。") % {"text": text}
    elif found.kind == CodeIs.ENDED and order.state == OrderState.REFUSED:
        title = _("已退回，不能发放")
    return Verdict(found.kind, tone, str(title), text, order)


def handed(order: Order) -> Verdict:
    text = _("积分已扣，居民会收到消息。")
    return Verdict("handed", "ok", _("已发放"), text, order)


def given_back(order: Order) -> Verdict:
    text = _("积分和库存已退回，居民会收到消息，看到您写的原因。")
    return Verdict("given_back", "plain", _("没有发放"), text, order)


# --- the day ------------------------------------------------------------------------------------


def day_at(outlet: Outlet, now: datetime | None = None) -> dict:
    """Orders issued today, their pieces, orders waiting, and the last ones issued. Three queries.

    Those waiting are counted from the offers, those issued by their day: each has its index.
    """
    now = now or timezone.now()
    today = timezone.make_aware(datetime.combine(timezone.localdate(now), time.min))
    here = Order.objects.filter(offer__outlet=outlet)
    issued = here.filter(state=OrderState.ISSUED)
    counted = issued.filter(ended_at__gte=today).aggregate(n=Count("pk"), pieces=Sum("quantity"))
    return {
        "issued": counted["n"],
        "pieces": counted["pieces"] or 0,
        "waiting": here.filter(state=OrderState.RESERVED, due_at__gte=now).count(),
        "last": list(
            issued.filter(ended_at__gte=today - timedelta(days=LAST_DAYS))
            .select_related("offer__item")
            .only("code", "quantity", "ended_at", "photo", "offer__item__name")
            .order_by("-ended_at", "-pk")[:LAST]
        ),
    }
