"""Deductions: only from an established or admitted fact, after hearing; never public by name."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Area, Household, Placed
from points.models.claims import Claim, people_differ
from points.models.ledger import Transfer
from points.models.rules import RuleVersion
from points.models.triggers import changed_but
from rules.models import Clock
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


class DeductionState(models.TextChoices):
    REPORTED = "reported", _("待认定事实")
    ESTABLISHED = "established", _("听取意见中")
    HEARD = "heard", _("待决定")
    DECIDED = "decided", _("已决定，可申诉")
    APPEALED = "appealed", _("申诉中")
    POSTED = "posted", _("已扣减")
    DROPPED = "dropped", _("不予扣减")


class FactBasis(models.TextChoices):
    DOCUMENT = "document", _("有权机关文书")
    ADMISSION = "admission", _("本人书面承认")


D = DeductionState


class Deduction(Placed):
    """One deduction on its way. Moved by ``points.deductions`` only.

    ``points`` is what the rule takes; ``taken`` what was there to take when it was posted, both
    positive. ``claim`` is the false claim of N03. ``clock`` is the term that runs now: for the
    answer, then for the appeal, then for the decision on it. What was said by word of mouth is
    entered by ``hearer``, who heard it on ``spoken_on``.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("社区"))
    rule_version = models.ForeignKey(
        RuleVersion, models.PROTECT, related_name="deductions", verbose_name=_("规则")
    )
    person = models.ForeignKey(
        PERSON, models.PROTECT, related_name="point_deductions", verbose_name=_("当事人")
    )
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在户")
    )
    claim = models.OneToOneField(
        Claim,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deduction",
        verbose_name=_("虚报的申报"),
    )
    happened_on = models.DateField(_("发生日期"))
    text = models.CharField(_("情况"), max_length=500)
    state = models.CharField(
        _("状态"), max_length=12, choices=DeductionState, default=D.REPORTED, editable=False
    )
    clock = models.ForeignKey(
        Clock, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    reporter = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("报告人"))
    basis = models.CharField(_("事实依据"), max_length=10, choices=FactBasis, blank=True)
    issuer = models.CharField(_("认定机关"), max_length=60, blank=True)
    document_number = models.CharField(_("文书编号"), max_length=60, blank=True)
    establisher = models.ForeignKey(
        PERSON,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("认定人"),
    )
    established_at = models.DateTimeField(null=True, editable=False)
    answer = models.TextField(_("当事人意见"), max_length=2000, blank=True)
    heard_at = models.DateTimeField(null=True, editable=False)
    hearer = models.ForeignKey(
        PERSON,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("听取人"),
    )
    spoken_on = models.DateField(_("口头陈述日期"), null=True, editable=False)
    decider = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("决定人")
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    points = models.PositiveIntegerField(_("扣减积分"), null=True, blank=True)
    decision = models.CharField(_("决定理由"), max_length=300, blank=True)
    appeal = models.TextField(_("申诉理由"), max_length=2000, blank=True)
    appealed_at = models.DateTimeField(null=True, editable=False)
    judge = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("复核人")
    )
    judged_at = models.DateTimeField(null=True, editable=False)
    judgement = models.CharField(_("复核意见"), max_length=300, blank=True)
    taken = models.PositiveIntegerField(_("实际扣减"), null=True, editable=False)
    transfer = models.OneToOneField(
        Transfer, models.PROTECT, null=True, blank=True, related_name="deduction", editable=False
    )
    posted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("积分扣减")
        verbose_name_plural = _("积分扣减")
        default_permissions = ()
        permissions = [
            ("report_deduction", _("报告扣减事项")),
            ("establish_deduction", _("录入扣减事实依据")),
            ("decide_deduction", _("决定积分扣减")),
        ]
        indexes = [
            models.Index(fields=["area_path", "-id"], name="points_deduction_place"),
            models.Index(fields=["person", "-id"], name="points_deduction_person"),
        ]
        constraints = [
            *people_differ(
                "points_deduction",
                "person",
                "reporter",
                "establisher",
                "decider",
                "judge",
                message=_("报告、认定、决定、复核须由不同的人办理"),
            ),
            models.CheckConstraint(
                name="points_deduction_fact",
                condition=Q(state__in=[D.REPORTED, D.DROPPED])
                | Q(establisher__isnull=False, established_at__isnull=False)
                & (
                    Q(basis=FactBasis.ADMISSION)
                    | Q(basis=FactBasis.DOCUMENT) & ~Q(issuer="") & ~Q(document_number="")
                ),
                violation_error_message=_("须有有权机关文书或本人书面承认"),
            ),
            models.CheckConstraint(
                name="points_deduction_heard",
                condition=Q(state__in=[D.REPORTED, D.ESTABLISHED, D.DROPPED])
                | Q(heard_at__isnull=False),
            ),
            models.CheckConstraint(
                name="points_deduction_spoken",
                condition=Q(hearer=None, spoken_on=None)
                | Q(hearer__isnull=False, spoken_on__isnull=False)
                & ~Q(answer="")
                & ~Q(hearer=F("person"))
                & ~Q(hearer=F("reporter")),
                violation_error_message=_("听取人不能是当事人或报告人"),
            ),
            models.CheckConstraint(
                name="points_deduction_decided",
                condition=~Q(state__in=[D.DECIDED, D.APPEALED, D.POSTED])
                | Q(decider__isnull=False, decided_at__isnull=False, points__gt=0)
                & ~Q(decision=""),
            ),
            models.CheckConstraint(
                name="points_deduction_posted",
                condition=Q(state=D.POSTED, taken__isnull=False, posted_at__isnull=False)
                & Q(taken__lte=F("points"))
                | ~Q(state=D.POSTED) & Q(taken=None, transfer=None),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="deduction_posted_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state IN ('posted', 'dropped') AND " + changed_but("area_id", "area_path")
                ),
            ),
            pgtrigger.Protect(name="deduction_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.rule_version} {self.person}"

    def get_absolute_url(self) -> str:
        return f"/points/deductions/{self.pk}/"


class DeductionStep(Step):
    deduction = models.ForeignKey(Deduction, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("积分扣减步骤")
        verbose_name_plural = _("积分扣减步骤")
        indexes = [models.Index(fields=["deduction", "at"], name="points_deductionstep_record")]
