"""What is exchanged for points, on which terms, and where it is handed over."""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Area, Organization, Placed

PERSON = settings.AUTH_USER_MODEL


class ItemKind(models.TextChoices):
    GOODS = "goods", _("实物")
    SERVICE = "service", _("服务")
    RIGHT = "right", _("权益")
    DONATION = "donation", _("公益")


@pghistory.track()
class Item(Placed):
    """One thing of a subdistrict's catalogue; what it costs stands in its ``ItemTerms``.

    ``area`` is the subdistrict. A donation (公益) is given to the pool for the old and the young
    (一老一小), not handed over anywhere.
    """

    code = models.CharField(_("编号"), max_length=8)
    name = models.CharField(_("名称"), max_length=40)
    kind = models.CharField(_("类型"), max_length=8, choices=ItemKind)
    text = models.CharField(_("说明"), max_length=300, blank=True)
    picture = models.CharField(max_length=24, blank=True, editable=False)
    is_offered = models.BooleanField(_("上架"), default=True)

    class Meta:
        verbose_name = _("兑换品")
        verbose_name_plural = _("兑换品")
        default_permissions = ()
        permissions = [
            ("edit_catalogue", _("维护兑换目录与兑换点")),
            ("view_exchange", _("查看辖区内的兑换")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "code"],
                name="exchange_item_once",
                violation_error_message=_("编号已被使用"),
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self) -> str:
        return f"/exchange/items/{self.pk}/"


class ItemTermsQuerySet(models.QuerySet):
    def in_force(self, on):
        """Of each item the terms of the day: the last that began."""
        return self.filter(starts_on__lte=on).order_by("item", "-starts_on").distinct("item")


class ItemTerms(models.Model):
    """What an item costs and how much of it one may have, from a day on. Written once.

    Limits are pieces in a calendar month; None is without limit (不限).
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="terms")
    starts_on = models.DateField(_("起始日期"))
    points = models.PositiveIntegerField(_("分值"))
    household_monthly = models.PositiveSmallIntegerField(_("每户每月上限"), null=True, blank=True)
    person_monthly = models.PositiveSmallIntegerField(_("每人每月上限"), null=True, blank=True)
    reason = models.CharField(_("依据"), max_length=200, blank=True)
    set_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(_("设定时间"))

    objects = ItemTermsQuerySet.as_manager()

    class Meta:
        verbose_name = _("兑换条件")
        verbose_name_plural = _("兑换条件")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["item", "starts_on"],
                name="exchange_terms_one_a_day",
                violation_error_message=_("这一天已有一份条件"),
            ),
            models.CheckConstraint(
                name="exchange_terms_cost_something",
                condition=Q(points__gt=0)
                & (Q(household_monthly=None) | Q(household_monthly__gt=0))
                & (Q(person_monthly=None) | Q(person_monthly__gt=0)),
                violation_error_message=_("分值和上限须大于零"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="terms_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.item} {self.points}"


class OutletKind(models.TextChoices):
    SHOP = "shop", _("积分超市")
    MERCHANT = "merchant", _("共建商家")
    COUNTER = "counter", _("全域兑换专柜")


@pghistory.track()
class Outlet(Placed):
    """Where codes are taken: a points shop, a merchant, the counter of the subdistrict.

    ``organization`` serves it and is paid for it; ``books`` is the community whose books the
    points come home to (the subdistrict for its counter). ``weekdays`` (1 is Monday) and
    ``month_days`` are the redemption days; ``only_on_days``: on others nothing is handed over.
    """

    books = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("入账社区"))
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="outlets", verbose_name=_("经办单位")
    )
    kind = models.CharField(_("类别"), max_length=8, choices=OutletKind)
    name = models.CharField(_("名称"), max_length=40)
    address = models.CharField(_("地址"), max_length=80, blank=True)
    hours = models.CharField(_("营业时间"), max_length=40, blank=True)
    phone = models.CharField(_("电话"), max_length=20, blank=True)
    building = models.ForeignKey(
        Area, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("所在楼栋")
    )
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    month_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    only_on_days = models.BooleanField(_("只在兑换日发放"), default=False)
    closed_on = models.DateField(_("停业日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("兑换点")
        verbose_name_plural = _("兑换点")
        default_permissions = ()
        permissions = [("serve_outlet", _("核销取货码、登记库存"))]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="exchange_outlet_once",
                violation_error_message=_("这个单位已有同名的兑换点"),
            ),
            models.CheckConstraint(
                name="exchange_outlet_days",
                condition=Q(weekdays__contained_by=list(range(1, 8)))
                & Q(month_days__contained_by=list(range(1, 32)))
                & (Q(only_on_days=False) | ~Q(weekdays=[]) | ~Q(month_days=[])),
                violation_error_message=_("只在兑换日发放的，须写明哪些天"),
            ),
        ]

    def __str__(self):
        return self.name

    def is_day(self, day) -> bool:
        """A redemption day; every day where none are named."""
        if not self.weekdays and not self.month_days:
            return True
        return day.isoweekday() in self.weekdays or day.day in self.month_days
