"""Who is told what about an order or a favourite; in the verb's transaction, once per event."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchange.models import Favourite, OrderState
from orgs import access
from points import telling as points_telling
from ui.dates import moment_text

tell = points_telling.tell  # silent while a seed writes, as all that is told of points


def _parties(order) -> list:
    """Who it is for, and the worker who ordered for them."""
    people = {person for person in (order.person, order.placed_by) if person is not None}
    return sorted(people, key=lambda person: person.pk)


def of_order(order, move) -> None:
    outlet = order.offer.outlet
    text = _("取货码 %(code)s。请在%(due)s前到%(outlet)s领取，出示取货码即可；逾期积分自动退回。")
    tell(
        _parties(order),
        kind="exchange.ordered",
        title=_("已为您留好：%(what)s") % {"what": order.what},
        text=text
        % {"code": order.code_spaced, "due": moment_text(order.due_at), "outlet": outlet.name},
        url=order.get_absolute_url(),
        key=f"order:{order.pk}:placed",
    )


def of_issue(order, move) -> None:
    tell(
        _parties(order),
        kind="exchange.issued",
        title=_("已领取：%(what)s") % {"what": order.what},
        text=_("用去 %(points)d 分。如果不是本人领取的，请马上联系社区。")
        % {"points": order.points},
        url=order.get_absolute_url(),
        key=f"order:{order.pk}:issued",
    )


_RELEASED = {
    OrderState.CANCELLED: gettext_lazy("兑换已取消：%(what)s"),
    OrderState.REFUSED: gettext_lazy("兑换点未能发放：%(what)s"),
    OrderState.EXPIRED: gettext_lazy("逾期未领，已退回：%(what)s"),
    OrderState.REVERSED: gettext_lazy("兑换已更正：%(what)s"),
}


def of_release(order, move) -> None:
    text = _("%(points)d 分已退回原账户。") % {"points": order.points}
    tell(
        _parties(order),
        kind="exchange.released",
        title=_RELEASED[order.state] % {"what": order.what},
        text=f"{move.reason.rstrip('。')}。{text}" if move.reason else text,
        url=order.get_absolute_url(),
        key=f"order:{order.pk}:{move.verb}",
    )


def of_gift(gift) -> None:
    text = _("%(points)d 分已捐给%(place)s的一老一小公益池，用在哪里会公开。")
    tell(
        [gift.person],
        kind="exchange.given",
        title=_("谢谢您的心意"),
        text=text % {"points": gift.points, "place": gift.area.name},
        url=gift.get_absolute_url(),
        key=f"gift:{gift.pk}:given",
    )


def of_arrival(offer) -> None:
    """There is some again: to all who wanted to know, once; then they no longer wait for it."""
    if not (offer.is_offered and offer.item.is_offered) or offer.outlet.closed_on is not None:
        return
    wanting = Favourite.objects.filter(item=offer.item, wants_news=True)
    people = [one.person for one in wanting.select_related("person").order_by("pk")]
    if points_telling.is_silent() or not people:
        return
    tell(
        people,
        kind="exchange.arrived",
        title=_("到货了：%(item)s") % {"item": offer.item.name},
        text=_("%(outlet)s又有货了，先到先得。") % {"outlet": offer.outlet.name},
        url=f"/exchange/items/{offer.item_id}/",
        key=f"offer:{offer.pk}:{offer.seq}:arrived",
    )
    wanting.filter(person__in=people).update(wants_news=False)


def of_low(offer) -> None:
    """Little is left: to those behind the counter, once each time it falls to the mark."""
    text = _("还剩 %(left)d 件可兑换，请补货。")
    tell(
        access.holders("exchange.serve_outlet", organization=offer.outlet.organization),
        kind="exchange.low_stock",
        title=_("%(outlet)s：%(item)s不多了")
        % {"outlet": offer.outlet.name, "item": offer.item.name},
        text=text % {"left": offer.available},
        url=f"/exchange/outlets/{offer.outlet_id}/stock/",
        key=f"offer:{offer.pk}:{offer.seq}:low",
    )
