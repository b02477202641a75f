"""Goods somebody gave, and how they wish to be thanked."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from exchange.models.stock import Offer, StockEntry
from orgs.models import Placed

PERSON = settings.AUTH_USER_MODEL


class DonorWish(models.TextChoices):
    NAMED = "named", _("公开姓名（名称）")
    SURNAME = "surname", _("只公开姓氏")
    HIDDEN = "hidden", _("不公开")


class GoodsDonation(Placed):
    """Pieces of an offer that were given, not bought. ``area`` is the outlet's place.

    ``entry`` is their line in the stock. Wish and thanks may change later; what was given stays.
    """

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="donations", db_index=False)
    donor_name = models.CharField(_("捐赠人或单位"), max_length=60)
    is_body = models.BooleanField(_("是单位"), default=False)
    pieces = models.PositiveIntegerField(_("件数"))
    wish = models.CharField(_("怎样致谢"), max_length=8, choices=DonorWish)
    thanks = models.CharField(_("感谢的话"), max_length=200, blank=True)
    received_on = models.DateField(_("收到日期"))
    entered_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", db_index=False)
    entry = models.OneToOneField(StockEntry, models.PROTECT, related_name="donation")

    class Meta:
        verbose_name = _("实物捐赠")
        verbose_name_plural = _("实物捐赠")
        default_permissions = ()
        indexes = [
            models.Index(fields=["offer", "-id"], name="exchange_donation_offer"),
            models.Index(fields=["area_path", "-id"], name="exchange_donation_place"),
        ]
        constraints = [
            models.CheckConstraint(
                name="exchange_donation_gives", condition=Q(pieces__gt=0) & ~Q(donor_name="")
            ),
            models.CheckConstraint(
                name="exchange_donation_bodies_have_no_surname",
                condition=Q(is_body=False) | ~Q(wish=DonorWish.SURNAME),
                violation_error_message=_("单位没有姓氏，请选公开名称或不公开"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="donation_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("offer", "pieces", "entry", "entered_by"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.donor_name} {self.pieces}"

    @property
    def public_name(self) -> str:
        """The donor as they wish to be named wherever anybody reads it."""
        if self.wish == DonorWish.NAMED:
            return self.donor_name
        if self.wish == DonorWish.SURNAME:
            return f"{self.donor_name[:1]}*"
        return _now("一家爱心单位") if self.is_body else _now("一位热心居民")
