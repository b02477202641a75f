"""An order with its code, its list, cancelling it, and the slip for whoever has no phone."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L
from django.views.decorators.http import require_http_methods, require_safe

from exchange import orders as verbs
from exchange import shop, who
from exchange.models import Order, OrderState
from orgs.access import signed_in
from publicity.sheets import address, qr_picture
from rules.refusals import Refused

PAGE = 20
S = OrderState
ALONG = ("offer__item", "offer__outlet", "account__community")
TONES = {S.RESERVED: "info", S.ISSUED: "ok", S.EXPIRED: "warn", S.REFUSED: "warn"}


@signed_in
@require_safe
def own(request):
    """What one ordered, the household's, and what one ordered for others; newest first."""
    rows = Order.objects.readable_by(request.user).select_related(*ALONG, "person", "placed_by")
    chosen = request.GET.get("state", "")
    if chosen == "open":
        rows = rows.filter(state=S.RESERVED)
    elif chosen == "done":
        rows = rows.exclude(state=S.RESERVED)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows.order_by("-pk")[: PAGE + 1])
    last = rows[PAGE - 1].pk if len(rows) > PAGE else None
    context = {
        "rows": [(row, tone_of(row)) for row in rows[:PAGE]],
        "chosen": chosen if chosen in {"open", "done"} else "",
        "choices": [("", _("全部")), ("open", _("待领取")), ("done", _("已了结"))],
        "following": f"?state={chosen}&before={last}" if last else "",
    }
    return render(request, "exchange/orders.html", context)


def tone_of(order: Order) -> str:
    return TONES.get(order.state, "plain")


def _readable(request, pk) -> Order:
    """Not joined to people: who reads is mostly who ordered, and each join costs planning."""
    found = get_object_or_404(Order.objects.readable_by(request.user).select_related(*ALONG), pk=pk)
    for part in ("person", "placed_by"):
        if getattr(found, f"{part}_id") == request.user.pk:
            setattr(found, part, request.user)
    return found


@signed_in
@require_safe
def order(request, pk):
    """The code to show, where and until when; afterwards the receipt. Always the way so far."""
    return _page(request, _readable(request, pk))


def _page(request, found: Order, *, refused: str = ""):
    outlet, today = found.offer.outlet, timezone.localdate()
    is_open = found.state == S.RESERVED
    context = {
        "order": found,
        "tone": tone_of(found),
        "outlet": outlet,
        "is_open": is_open,
        "is_own": found.person_id == request.user.pk,
        "days": shop.days_words(outlet),
        "when": shop.when_words(outlet, today),
        "qr": qr_picture(address(request, found.pick_path)) if is_open else "",
        "may_cancel": _may_cancel(found, request.user),
        "entries": _entries(found, request.user),
        "refused": refused,
    }
    return render(request, "exchange/order.html", context, status=422 if refused else 200)


def _may_cancel(found: Order, person) -> bool:
    return found.state == S.RESERVED and who.cancels(found, person) is True


_TITLES = {
    "place": L("下单，积分和物品已留好"),
    "issue": L("已领取"),
    "cancel": L("取消，积分已退回"),
    "refuse": L("兑换点未能发放，积分已退回"),
    "expire": L("逾期未领，积分已退回"),
    "reverse": L("更正，积分已退回"),
}
_STEP_TONES = {"issue": "ok", "refuse": "warn", "expire": "warn", "reverse": "warn"}


def _entries(found: Order, reader) -> list[dict]:
    """Who did it is told by part, not by name."""
    return [
        {
            "title": str(_TITLES[step.verb]),
            "tone": _STEP_TONES.get(step.verb, "info"),
            "at": step.at,
            "by": _by(found, step, reader),
            "text": step.reason,
        }
        for step in found.steps.all()
        if step.verb in _TITLES
    ]


def _by(found: Order, step, reader) -> str:
    if step.actor_id is None:
        return _("系统")
    if step.actor_id == reader.pk:
        return _("您")
    if step.actor_id == found.person_id:
        return _("本人")
    if step.verb == "place":
        return _("工作人员代办")
    return found.offer.outlet.name if step.verb in {"issue", "refuse"} else _("家里人或代办人")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request, pk):
    """Asks once more, then points and pieces go back."""
    found = _readable(request, pk)
    if not _may_cancel(found, request.user):
        if request.method == "POST":
            return _page(request, found, refused=_("这一单已经了结，不能再取消"))
        return redirect(found)
    if request.method != "POST":
        return render(request, "exchange/order_cancel.html", {"order": found})
    try:
        verbs.cancel(found, by=request.user)
    except Refused as refused:
        found.refresh_from_db()
        return _page(request, found, refused=str(refused))
    text = _("已取消，%(points)d 分已退回原账户") % {"points": found.points}
    messages.success(request, text)
    return redirect(found)


@signed_in
@require_safe
def slip(request, pk):
    """One sheet with the code in large type, for whoever has no phone with them."""
    found = _readable(request, pk)
    if found.state != S.RESERVED:
        raise Http404
    context = {
        "order": found,
        "outlet": found.offer.outlet,
        "days": shop.days_words(found.offer.outlet),
        "qr": qr_picture(address(request, found.pick_path)),
    }
    return render(request, "exchange/order_slip.html", context)
