"""What lies at an outlet: a running count, and its lines. ``exchange.stock`` writes them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from exchange.models.catalogue import Item, Outlet

PERSON = settings.AUTH_USER_MODEL


class OfferQuerySet(models.QuerySet):
    def low(self):
        """``Offer.is_low``, of what is offered."""
        return self.filter(
            is_counted=True,
            is_offered=True,
            item__is_offered=True,
            on_hand__lte=F("reserved") + F("low_mark"),
        )


class Offer(models.Model):
    """An item at an outlet. ``reserved`` of what is ``on_hand`` is promised to open orders.

    Services and rights may go uncounted: then there is always one more. ``seq`` is the number of
    the last line.
    """

    outlet = models.ForeignKey(Outlet, models.PROTECT, related_name="offers")
    item = models.ForeignKey(Item, models.PROTECT, related_name="offers")
    is_counted = models.BooleanField(_("计库存"), default=True)
    is_offered = models.BooleanField(_("在此兑换"), default=True)
    on_hand = models.PositiveIntegerField(_("在库"), default=0, editable=False)
    reserved = models.PositiveIntegerField(_("已预留"), default=0, editable=False)
    low_mark = models.PositiveIntegerField(_("低于此数提醒"), default=0)
    seq = models.PositiveIntegerField(default=0, editable=False)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("兑换点的兑换品")
        verbose_name_plural = _("兑换点的兑换品")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["outlet", "item"], name="exchange_offer_once"),
            models.CheckConstraint(
                name="exchange_offer_covered",
                condition=Q(is_counted=False) | Q(reserved__lte=F("on_hand")),
                violation_error_message=_("库存不足"),
            ),
        ]

    def __str__(self):
        return f"{self.outlet}：{self.item}"

    @property
    def available(self) -> int | None:
        """Pieces nobody is promised; None where nothing is counted."""
        return self.on_hand - self.reserved if self.is_counted else None

    @property
    def is_low(self) -> bool:
        return self.is_counted and self.on_hand - self.reserved <= self.low_mark


class StockKind(models.TextChoices):
    RECEIVED = "received", _("进货")
    DONATED = "donated", _("接受捐赠")
    RESERVED = "reserved", _("预留")
    RELEASED = "released", _("释放")
    ISSUED = "issued", _("发放")
    RETURNED = "returned", _("退回")
    DAMAGED = "damaged", _("损耗")
    COUNTED = "counted", _("盘点")


# What an order does to its offer: one line of a kind at most.
OF_ORDERS = (StockKind.RESERVED, StockKind.RELEASED, StockKind.ISSUED, StockKind.RETURNED)


class StockEntry(models.Model):
    """One line: what changed, and how the offer stood afterwards. Never edited."""

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="entries", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(_("种类"), max_length=8, choices=StockKind)
    on_hand_delta = models.IntegerField(_("在库变化"))
    reserved_delta = models.IntegerField(_("预留变化"))
    on_hand = models.PositiveIntegerField(_("在库"))
    reserved = models.PositiveIntegerField(_("已预留"))
    order = models.ForeignKey(
        "exchange.Order", models.PROTECT, null=True, related_name="stock_entries", db_index=False
    )
    reason = models.CharField(_("说明"), max_length=200, blank=True)
    key = models.CharField(max_length=60, blank=True, editable=False)  # of the form: sent twice
    actor = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("库存流水")
        verbose_name_plural = _("库存流水")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["offer", "seq"], name="exchange_stock_in_order"),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(order__isnull=False),
                name="exchange_stock_once_per_order",
            ),
            models.UniqueConstraint(
                fields=["key"], condition=~Q(key=""), name="exchange_stock_once_per_form"
            ),
            models.CheckConstraint(
                name="exchange_stock_of_orders",
                condition=Q(kind__in=OF_ORDERS, order__isnull=False)
                | (~Q(kind__in=OF_ORDERS) & Q(order=None)),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.offer_id}/{self.seq}: {self.on_hand_delta:+d}"
