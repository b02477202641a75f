"""What the monitors noticed and what became of it; and requests to spend the pool."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from exchange.models.catalogue import Outlet
from exchange.models.orders import Order
from exchange.models.stock import Offer
from orgs.models import Household, Placed
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


class CaseKind(models.TextChoices):
    SPEED = "speed", _("一天兑换多次")
    PAIR = "pair", _("同一人总由同一人发放")
    STAFF = "staff", _("兑换点人员及家人在本点兑换")
    OUTLET = "outlet", _("兑换集中在一个兑换点")
    HELPER = "helper", _("代办集中在一个人")


class CaseState(models.TextChoices):
    OPEN = "open", _("待核实")
    LOOKED_INTO = "looked_into", _("核实中")
    PROPOSED = "proposed", _("待第二人确认")
    EXPLAINED = "explained", _("已说明，无问题")
    CONFIRMED = "confirmed", _("确有问题")


UNDER_WAY = (CaseState.OPEN, CaseState.LOOKED_INTO, CaseState.PROPOSED)


class Case(Placed):
    """Something to be looked into; it says what was counted and accuses nobody.

    ``key`` names the finding, once. ``person``, ``server`` and ``household`` are concerned by it;
    ``facts`` are the numbers; ``orders`` the newest of those behind it.
    """

    key = models.CharField(max_length=80, unique=True, editable=False)
    kind = models.CharField(_("类别"), max_length=8, choices=CaseKind)
    state = models.CharField(_("状态"), max_length=12, choices=CaseState, default=CaseState.OPEN)
    since = models.DateField(_("哪天、哪月"))
    person = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("涉及的人")
    )
    server = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("经办人")
    )
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="+")
    outlet = models.ForeignKey(Outlet, models.PROTECT, null=True, related_name="+")
    facts = models.JSONField(default=dict)
    orders = models.ManyToManyField(Order, related_name="cases")
    found_at = models.DateTimeField(_("发现时间"))
    due_at = models.DateTimeField(_("核实期限"))
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(_("办结时间"), null=True)

    class Meta:
        verbose_name = _("核实事项")
        verbose_name_plural = _("核实事项")
        default_permissions = ()
        permissions = [("investigate", _("核实兑换中的异常"))]
        indexes = [models.Index(fields=["area_path", "due_at"], name="exchange_case_due")]
        triggers = [
            pgtrigger.Protect(
                name="case_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "key", "kind", "since", "person", "server", "household", "outlet", "facts"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.since}"

    def get_absolute_url(self) -> str:
        return f"/exchange/cases/{self.pk}/"


class CaseStep(Step):
    case = models.ForeignKey(Case, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("核实步骤")
        verbose_name_plural = _("核实步骤")
        indexes = [models.Index(fields=["case", "at"], name="exchange_casestep_of")]


class PoolState(models.TextChoices):
    ASKED = "asked", _("待批准")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("未批准")
    WITHDRAWN = "withdrawn", _("已撤回")
    CANCELLED = "cancelled", _("已取消，积分退回池里")


class PoolRequest(Placed):
    """Somebody asks to spend points of a community's pool (``area``) for others' good.

    ``purpose`` and how many ``people`` it serves, never who. Approved by another it becomes an
    order (``order``), fetched by ``picker``.
    """

    key = models.CharField(max_length=60, unique=True, editable=False)
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+", verbose_name=_("兑换品"))
    quantity = models.PositiveSmallIntegerField(_("数量"))
    points = models.PositiveIntegerField(_("积分"))
    purpose = models.CharField(_("用途"), max_length=100)
    people = models.PositiveSmallIntegerField(_("受益人数"))
    picker = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("领取人"))
    state = models.CharField(_("状态"), max_length=10, choices=PoolState, default=PoolState.ASKED)
    asked_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("审批时间"), null=True)
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="pool_request")

    class Meta:
        verbose_name = _("公益池申请")
        verbose_name_plural = _("公益池申请")
        default_permissions = ()
        permissions = [
            ("spend_pool", _("申请使用公益池")),
            ("approve_pool", _("批准使用公益池")),
        ]
        indexes = [models.Index(fields=["area_path", "-id"], name="exchange_pool_place")]
        constraints = [
            models.CheckConstraint(
                name="exchange_pool_two_people",
                condition=Q(decided_by=None)
                | ~Q(state=PoolState.APPROVED)
                | ~Q(decided_by=F("asked_by")),
                violation_error_message=_("申请人与批准人不能是同一人"),
            ),
            models.CheckConstraint(
                name="exchange_pool_serves", condition=Q(people__gt=0, quantity__gt=0)
            ),
            models.CheckConstraint(
                name="exchange_pool_order",
                condition=Q(
                    order__isnull=False, state__in=[PoolState.APPROVED, PoolState.CANCELLED]
                )
                | (Q(order=None) & ~Q(state__in=[PoolState.APPROVED, PoolState.CANCELLED])),
            ),
        ]

    def __str__(self):
        return f"{self.offer_id}×{self.quantity}"

    def get_absolute_url(self) -> str:
        return f"/exchange/pool/{self.pk}/"


class PoolStep(Step):
    request = models.ForeignKey(PoolRequest, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("公益池申请步骤")
        verbose_name_plural = _("公益池申请步骤")
        indexes = [models.Index(fields=["request", "at"], name="exchange_poolstep_of")]
