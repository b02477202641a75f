"""A month's claims of a community on their way to the ledger, and who has a say in them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization, Placed
from orgs.models.organizations import InForceQuerySet
from points.models.ledger import Transfer
from points.models.triggers import changed_but
from publicity.models import Notice
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


class BatchState(models.TextChoices):
    COLLECTING = "collecting", _("收集中")
    DECIDING = "deciding", _("审批中")
    REVIEWING = "reviewing", _("审议中")
    NOTICED = "noticed", _("公示中")
    OBJECTED = "objected", _("有异议")
    POSTING = "posting", _("入账中")
    POSTED = "posted", _("已入账")


class Batch(Placed):
    """One month of one community (``area``). Moved by ``points.batches`` only.

    ``problem`` says why posting stands still (no budget left); empty otherwise.
    """

    month = models.DateField(_("月份"))
    state = models.CharField(
        _("状态"), max_length=10, choices=BatchState, default=BatchState.COLLECTING, editable=False
    )
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("公示单位"),
    )
    notice = models.OneToOneField(
        Notice, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    closed_by = models.ForeignKey(
        PERSON,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("结束审批的人"),
    )
    closed_at = models.DateTimeField(_("结束审批时间"), null=True, editable=False)
    posted_at = models.DateTimeField(_("入账时间"), null=True, editable=False)
    problem = models.CharField(_("入账受阻"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("积分批次")
        verbose_name_plural = _("积分批次")
        default_permissions = ()
        permissions = [("edit_panel", _("确定积分小组成员"))]
        indexes = [models.Index(fields=["area_path", "-month"], name="points_batch_place")]
        constraints = [
            models.UniqueConstraint(fields=["area", "month"], name="points_batch_once"),
            models.CheckConstraint(name="points_batch_month_begins", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="points_batch_noticed",
                condition=Q(state__in=["noticed", "objected", "posting"], notice__isnull=False)
                | Q(state="posted")
                | Q(state__in=["collecting", "deciding", "reviewing"], notice=None),
            ),
        ]
        triggers = [pgtrigger.Protect(name="batch_never_deleted", operation=pgtrigger.Delete)]

    def __str__(self):
        return f"{self.area} {self.month:%Y-%m}"

    @classmethod
    def following(cls, area, into):
        """A month stays with the community that dealt with it (``points.merging``)."""
        return cls.objects.none()

    def get_absolute_url(self) -> str:
        return f"/points/batches/{self.pk}/"

    @property
    def community(self):
        return self.area

    @property
    def community_id(self) -> int:
        return self.area_id

    @property
    def takes_decisions(self) -> bool:
        return self.state in {BatchState.COLLECTING, BatchState.DECIDING}


class BatchStep(Step):
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("积分批次步骤")
        verbose_name_plural = _("积分批次步骤")
        indexes = [models.Index(fields=["batch", "at"], name="points_batchstep_batch")]


class PanelRole(models.TextChoices):
    MEMBER = "member", _("组员")
    RESIDENT = "resident", _("居民代表")
    SUPERVISOR = "supervisor", _("监督委员")


class PanelMember(Placed):
    """Somebody of the points group of a community (``area``), from a day to a day.

    ``ends_on`` is the first day they no longer are.
    """

    person = models.ForeignKey(
        PERSON, models.PROTECT, related_name="point_panels", verbose_name=_("人员")
    )
    role = models.CharField(_("身份"), max_length=10, choices=PanelRole, default=PanelRole.MEMBER)
    starts_on = models.DateField(_("自哪天起"))
    ends_on = models.DateField(_("到哪天止"), null=True, blank=True)
    seated_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分小组成员")
        verbose_name_plural = _("积分小组成员")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["area", "person"],
                condition=Q(ends_on=None),
                name="points_panel_once",
                violation_error_message=_("此人已是积分小组成员"),
            ),
            models.CheckConstraint(
                name="points_panel_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self):
        return f"{self.person} · {self.get_role_display()}"


class Signature(models.Model):
    """What one member of the group says of a batch. Written once; ``role`` is as it was then.

    It counts for a claim only where the signer has no part in it (``points.panel``).
    """

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="signatures")
    member = models.ForeignKey(PanelMember, models.PROTECT, related_name="signatures")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    role = models.CharField(_("身份"), max_length=10, choices=PanelRole)
    agrees = models.BooleanField(_("同意"))
    opinion = models.CharField(_("意见"), max_length=300, blank=True)
    at = models.DateTimeField(_("时间"))
    is_void = models.BooleanField(_("已作废"), default=False)  # the list changed after it

    class Meta:
        verbose_name = _("审议意见")
        verbose_name_plural = _("审议意见")
        default_permissions = ()
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "person"],
                condition=Q(is_void=False),
                name="points_signature_once",
                violation_error_message=_("您已经签署过这一批"),
            ),
            models.CheckConstraint(
                name="points_signature_against_with_reason",
                condition=Q(agrees=True) | ~Q(opinion=""),
                violation_error_message=_("不同意须写明意见"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="signature_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_void"]),
            ),
            pgtrigger.Protect(name="signature_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.person} · {self.batch}"


class BudgetKind(models.TextChoices):
    ALLOT = "allot", _("拨付")
    RETURN = "return", _("退回结余")


class Budget(Placed):
    """What a community (``area``) may award in a period; approving it fills the fund.

    A RETURN goes the other way: what was not spent of the period that ended. Who proposed either
    may withdraw it until it is approved; the row stays.
    """

    kind = models.CharField(
        _("类别"), max_length=6, choices=BudgetKind, default=BudgetKind.ALLOT, editable=False
    )
    starts_on = models.DateField(_("起始日期"))
    ends_on = models.DateField(_("截止日期"))
    points = models.PositiveIntegerField(_("积分"))
    reason = models.CharField(_("依据"), max_length=200)
    set_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("编制人")
    )
    set_at = models.DateTimeField(_("编制时间"))
    approved_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("批准人")
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True, editable=False)
    transfer = models.OneToOneField(
        Transfer, models.PROTECT, null=True, blank=True, related_name="budget", editable=False
    )

    class Meta:
        verbose_name = _("积分预算")
        verbose_name_plural = _("积分预算")
        default_permissions = ()
        permissions = [("set_budget", _("编制积分预算")), ("approve_budget", _("批准积分预算"))]
        indexes = [models.Index(fields=["area", "-starts_on"], name="points_budget_place")]
        constraints = [
            models.CheckConstraint(
                name="points_budget_gives",
                condition=Q(points__gt=0, ends_on__gte=F("starts_on")) & ~Q(reason=""),
                violation_error_message=_("预算须大于零、写明依据，截止日期不早于起始日期"),
            ),
            models.CheckConstraint(
                name="points_budget_two_people",
                condition=Q(approved_by=None) | Q(set_by=None) | ~Q(set_by=F("approved_by")),
                violation_error_message=_("编制人与批准人不能是同一人"),
            ),
            models.CheckConstraint(
                name="points_budget_approved_whole",
                condition=Q(approved_at=None, transfer=None, approved_by=None)
                | Q(approved_at__isnull=False, transfer__isnull=False),
            ),
            models.CheckConstraint(
                name="points_budget_ends_once",
                condition=Q(approved_at=None) | Q(withdrawn_at=None),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="approved_budget_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((OLD.approved_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL) AND "
                    + changed_but("area_id", "area_path")
                    + ")"
                ),
            ),
            pgtrigger.Protect(
                name="approved_budget_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__approved_at__isnull=False)
                | pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.area} {self.starts_on}–{self.ends_on} {self.points}"
