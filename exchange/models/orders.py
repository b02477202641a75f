"""An order from the shop window to the receipt, and gifts to the pool."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.models.catalogue import Item, ItemTerms
from exchange.models.stock import Offer
from orgs import access
from orgs.models import Household, Placed
from points import who as point_people
from points.models import Account, Transfer
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


class OrderState(models.TextChoices):
    RESERVED = "reserved", _("待领取")
    ISSUED = "issued", _("已领取")
    CANCELLED = "cancelled", _("已取消")
    REFUSED = "refused", _("兑换点未能发放")
    EXPIRED = "expired", _("逾期未领")
    REVERSED = "reversed", _("已退回")


S = OrderState
# What counts against limits: promised, or had.
COUNTING = (S.RESERVED, S.ISSUED)


class OrderQuerySet(models.QuerySet):
    def readable_by(self, person):
        """What somebody ordered, what was ordered for them, what the household's account pays
        (its grown members: what was open since they moved in), and as a worker what they ordered
        for others.
        """
        today = timezone.localdate()
        here = Q(person=person)
        if not point_people.may_be_minor(person, today):
            for home, starts, ends in point_people.homes_of(person):
                if starts <= today and (ends is None or ends > today):
                    since = Q(placed_at__date__gte=starts) | Q(ended_at__date__gte=starts)
                    here |= Q(since, account__household=home)
        if access.rights_of(person).has("exchange.help_order"):
            here |= Q(placed_by=person)
        return self.filter(here)


class Order(Placed):
    """``quantity`` of an offer for ``points`` of an account: held, then paid or given back.

    ``area`` is the community whose books pay. ``person`` is who it is for; ``placed_by`` somebody
    else when a worker helped (``consent`` says how the person agreed). ``hold`` is the promise in
    the ledger and ``ending`` what became of it: its capture or its voiding. Stock and points are
    always bound and released together.
    """

    key = models.CharField(max_length=60, unique=True, editable=False)
    code = models.CharField(_("取货码"), max_length=8, unique=True, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="orders", verbose_name=_("兑换人")
    )
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, related_name="+", verbose_name=_("所在户")
    )
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="orders")
    terms = models.ForeignKey(ItemTerms, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveSmallIntegerField(_("数量"))
    points = models.PositiveIntegerField(_("积分"))
    state = models.CharField(_("状态"), max_length=10, choices=S, default=S.RESERVED)
    placed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", db_index=False)
    placed_at = models.DateTimeField(_("下单时间"))
    consent = models.CharField(_("本人同意的方式"), max_length=100, blank=True)
    purpose = models.CharField(_("用途"), max_length=100, blank=True)
    due_at = models.DateTimeField(_("领取期限"))
    hold = models.OneToOneField(Transfer, models.PROTECT, related_name="order", editable=False)
    ending = models.OneToOneField(
        Transfer, models.PROTECT, null=True, related_name="ended_order", editable=False
    )
    ended_at = models.DateTimeField(_("了结时间"), null=True)
    issued_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False
    )
    photo = models.CharField(max_length=24, blank=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("兑换单")
        verbose_name_plural = _("兑换单")
        default_permissions = ()
        permissions = [("help_order", _("代居民兑换"))]
        indexes = [
            models.Index(fields=["person", "-id"], name="exchange_order_person"),
            models.Index(fields=["household", "placed_at"], name="exchange_order_household"),
            models.Index(fields=["offer", "state", "id"], name="exchange_order_offer"),
            models.Index(fields=["area_path", "-id"], name="exchange_order_place"),
            models.Index(
                fields=["due_at"], condition=Q(state="reserved"), name="exchange_order_due"
            ),
            # Settlement and the public account read what was handed over in a month.
            models.Index(
                fields=["ended_at"], condition=Q(state="issued"), name="exchange_order_issued"
            ),
            models.Index(
                fields=["photo"], condition=~Q(photo=""), name="exchange_order_photo"
            ),  # a picture is found by its token, and strays by there being none
        ]
        constraints = [
            models.CheckConstraint(
                name="exchange_order_counts", condition=Q(quantity__gt=0, points__gt=0)
            ),
            models.CheckConstraint(
                name="exchange_order_ended",
                condition=Q(state=S.RESERVED, ending=None, ended_at=None)
                | (~Q(state=S.RESERVED) & Q(ending__isnull=False, ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="exchange_order_issued_by_somebody",
                condition=~Q(state__in=[S.ISSUED, S.REVERSED]) | Q(issued_by__isnull=False),
            ),
            models.CheckConstraint(
                name="exchange_order_not_to_oneself",
                condition=Q(person=None) | Q(issued_by=None) | ~Q(issued_by=F("person")),
                violation_error_message=_("不能给自己发放"),
            ),
            models.CheckConstraint(
                name="exchange_order_helped_with_consent",
                condition=Q(person=None) | Q(placed_by=F("person")) | ~Q(consent=""),
                violation_error_message=_("代办须写明本人怎样同意的"),
            ),
            models.CheckConstraint(
                name="exchange_order_pool_has_purpose",
                condition=Q(person__isnull=False) | ~Q(purpose=""),
                violation_error_message=_("从公益池支出须写明用途"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="order_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    *("key", "code", "account", "person", "household", "offer", "terms"),
                    *("quantity", "points", "placed_by", "placed_at", "hold"),
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.code} {self.points}"

    @classmethod
    def following(cls, area, into):
        """An order stays with the books that pay it, also when their community is merged."""
        return cls.objects.none()

    def get_absolute_url(self) -> str:
        return f"/exchange/orders/{self.pk}/"

    @property
    def pick_path(self) -> str:
        """Where a scanned code leads those behind the counter."""
        return f"/exchange/pick/{self.code}/"

    @property
    def code_spaced(self) -> str:
        """K7HM 3QWD: as it is printed and read aloud."""
        return f"{self.code[:4]} {self.code[4:]}"

    @property
    def what(self) -> str:
        """抽纸一提×2; one piece without a number."""
        name = self.offer.item.name
        return name if self.quantity == 1 else f"{name}×{self.quantity}"

    @property
    def is_helped(self) -> bool:
        return self.person_id is not None and self.placed_by_id != self.person_id


class OrderStep(Step):
    order = models.ForeignKey(Order, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("兑换步骤")
        verbose_name_plural = _("兑换步骤")
        indexes = [models.Index(fields=["order", "at"], name="exchange_orderstep_order")]


class Gift(Placed):
    """Points given to the pool for the old and the young. ``area`` is the giver's community."""

    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    points = models.PositiveIntegerField(_("积分"))
    transfer = models.OneToOneField(Transfer, models.PROTECT, related_name="gift")
    is_named = models.BooleanField(_("公开姓氏致谢"), default=False)
    given_at = models.DateTimeField(_("捐赠时间"))

    class Meta:
        verbose_name = _("积分捐赠")
        verbose_name_plural = _("积分捐赠")
        default_permissions = ()
        indexes = [
            models.Index(fields=["person", "-id"], name="exchange_gift_person"),
            models.Index(fields=["area_path", "-id"], name="exchange_gift_place"),
        ]
        triggers = [
            pgtrigger.Protect(name="gift_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="gift_unchanged",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("person", "item", "points", "transfer"),
            ),
        ]

    def __str__(self):
        return f"{self.points}"

    @classmethod
    def following(cls, area, into):
        """What was given stands in the books of its day (``exchange.pool`` adds them up)."""
        return cls.objects.none()

    def get_absolute_url(self) -> str:
        return f"/exchange/gifts/{self.pk}/"


class Favourite(models.Model):
    """An item somebody wants to find again; ``wants_news``: tell them when it is back in stock."""

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="+")
    item = models.ForeignKey(Item, models.CASCADE, related_name="+")
    wants_news = models.BooleanField(_("到货提醒"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("收藏")
        verbose_name_plural = _("收藏")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["person", "item"], name="exchange_favourite_once")
        ]

    def __str__(self):
        return f"{self.person_id} {self.item_id}"


class RedemptionStop(Placed):
    """From a day on nothing is exchanged in ``area``: announced ahead, lifted with a reason.

    Of one ``item`` only, or of all of them.
    """

    item = models.ForeignKey(
        Item, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("兑换品")
    )
    starts_on = models.DateField(_("停止兑换日期"))
    ends_on = models.DateField(_("恢复兑换日期"), null=True, blank=True)
    reason = models.CharField(_("原因"), max_length=300)
    announced_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    announced_on = models.DateField(_("公告日期"))
    lifted_on = models.DateField(_("取消日期"), null=True, blank=True)
    lifted_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    lifted_reason = models.CharField(_("取消原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("停止兑换")
        verbose_name_plural = _("停止兑换")
        default_permissions = ()
        permissions = [("announce_stop", _("公告停止兑换"))]
        indexes = [models.Index(fields=["area_path", "starts_on"], name="exchange_stop_place")]
        constraints = [
            models.CheckConstraint(
                name="exchange_stop_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("恢复日期须晚于停止日期"),
            ),
            models.CheckConstraint(
                name="exchange_stop_lifted_whole",
                condition=Q(lifted_on=None, lifted_by=None, lifted_reason="")
                | Q(lifted_on__isnull=False, lifted_by__isnull=False) & ~Q(lifted_reason=""),
            ),
        ]

    def __str__(self):
        return f"{self.area} {self.starts_on}"
