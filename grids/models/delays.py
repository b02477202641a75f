from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DelayReason(models.TextChoices):
    """Recorded reasons for which a limit may stand still or be lengthened."""

    WEATHER = "weather", _("天气或不可抗力")
    PARTS = "parts", _("等待配件、物资")
    THIRD_PARTY = "third_party", _("等待第三方（供电、供水、检测等）")
    REPORTER = "reporter", _("等待反映人配合")
    PROCEDURE = "procedure", _("法定程序需要时间")
    FUNDS = "funds", _("等待资金拨付")
    COMPLEX = "complex", _("情况复杂，工作量大")


class DelayRequest(models.Model):
    """A handler asks to pause or to extend; somebody one level up decides."""

    class Kind(models.TextChoices):
        PAUSE = "pause", _("暂停")
        EXTEND = "extend", _("延期")

    class State(models.TextChoices):
        PENDING = "pending", _("待审批")
        GRANTED = "granted", _("已同意")
        DENIED = "denied", _("不同意")
        LAPSED = "lapsed", _("已失效")

    issue = models.ForeignKey("grids.Issue", models.PROTECT, related_name="delays")
    kind = models.CharField(_("申请"), max_length=6, choices=Kind)
    reason_code = models.CharField(_("理由"), max_length=12, choices=DelayReason)
    reason = models.CharField(_("说明"), max_length=200)
    # Of the limit's own unit; for an extension only.
    amount = models.PositiveIntegerField(_("延长"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.PENDING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("申请人")
    )
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("审批人"),
    )
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    decision = models.CharField(_("审批意见"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("暂停与延期申请")
        verbose_name_plural = _("暂停与延期申请")
        default_permissions = ()
        permissions = [
            ("grant_delay", _("审批网格、社区级事项的暂停和延期")),
            ("grant_high_delay", _("审批街道、部门级事项的暂停和延期")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["issue"], condition=Q(state="pending"), name="grids_delay_one_pending"
            ),
            models.CheckConstraint(
                name="grids_delay_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                violation_error_message=_("申请人不能审批自己的申请"),
            ),
            models.CheckConstraint(
                name="grids_delay_granted_by_somebody",
                condition=~Q(state__in=["granted", "denied"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_delay_extends_by_something",
                condition=Q(kind="pause", amount=None) | Q(kind="extend", amount__gt=0),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.get_state_display()}"
