"""The rule catalogue: what earns or costs points, how much, how often, who says it was so."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    RangeBoundary,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Placed
from orgs.positions import Position
from rules.models.profiles import DateRange


class Only(Func):
    """A number as a one-point range: GiST compares those without the btree_gist extension."""

    function = "INT8RANGE"
    output_field = BigIntegerRangeField()

    def __init__(self, column, **extra):
        super().__init__(column, column, Value("[]"), **extra)


class RuleKind(models.TextChoices):
    EARN = "earn", _("加分")
    DEDUCT = "deduct", _("扣分")


class Source(models.TextChoices):
    """Who brings a claim."""

    SELF = "self", _("本人申报")
    LEADER = "leader", _("负责人集中申报")
    GRID_WORKER = "grid_worker", _("网格员代报")
    SYSTEM = "system", _("系统自动提出")


class Evidence(models.TextChoices):
    NONE = "none", _("不需要")
    TEXT = "text", _("文字说明")
    PHOTO = "photo", _("照片")
    DOCUMENT = "document", _("证书、文书照片")


class Rule(Placed):
    """One line of the catalogue of a subdistrict; what it says stands in its versions."""

    code = models.CharField(_("代码"), max_length=6)
    kind = models.CharField(_("类别"), max_length=6, choices=RuleKind, default=RuleKind.EARN)

    class Meta:
        verbose_name = _("积分规则")
        verbose_name_plural = _("积分规则")
        default_permissions = ()
        permissions = [("edit_rules", _("制定积分规则"))]
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "code"],
                name="points_rule_once",
                violation_error_message=_("这一代码已有规则"),
            ),
            models.CheckConstraint(
                name="points_rule_code",
                condition=Q(code__regex=r"^[PN][0-9]{2}$"),
                violation_error_message=_("代码为P或N加两位数字，如P01"),
            ),
        ]

    def __str__(self):
        return self.code

    @classmethod
    def following(cls, area, into):
        """Codes that ``into`` has keep its meaning; the other stays with its claims."""
        there = cls.objects.filter(area=into).values_list("code", flat=True)
        return super().following(area, into).exclude(code__in=list(there))


class RuleVersionQuerySet(models.QuerySet):
    def on(self, day=None):
        """In force on a day (default today). ``effective_to`` is the last day."""
        day = day or timezone.localdate()
        return self.filter(effective_from__lte=day).filter(
            Q(effective_to=None) | Q(effective_to__gte=day)
        )


class RuleVersion(models.Model):
    """What a rule says from a day to a day. Claims keep the version of the day of the deed.

    ``amounts`` has one number, or one per ``grades`` (五星; 社区、街道、区级). ``certifiers`` and
    ``excluded`` are positions over the place; ``certifier_label`` is how the field calls them.
    """

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("版本"))
    title = models.CharField(_("行为"), max_length=60)
    measure = models.CharField(_("单位"), max_length=6)  # 次、小时、件
    amounts = ArrayField(models.PositiveIntegerField(), verbose_name=_("分值"))
    grades = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    to_household = models.BooleanField(_("计入家庭账户"), default=False)
    evidence = models.CharField(_("佐证"), max_length=8, choices=Evidence, default=Evidence.TEXT)
    sources = ArrayField(
        models.CharField(max_length=12, choices=Source), verbose_name=_("谁来申报")
    )
    certifiers = ArrayField(
        models.CharField(max_length=32, choices=Position),
        default=list,
        blank=True,
        verbose_name=_("谁来认证"),
    )
    certifier_label = models.CharField(_("认证人称呼"), max_length=30)
    excluded = ArrayField(
        models.CharField(max_length=32, choices=Position),
        default=list,
        blank=True,
        verbose_name=_("本职人员不得申报"),
    )
    only_for = ArrayField(
        models.CharField(max_length=32, choices=Position),
        default=list,
        blank=True,
        verbose_name=_("仅限"),
    )
    adults_only = models.BooleanField(_("限成年人"), default=False)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    basis = models.CharField(_("依据"), max_length=200, blank=True)
    effective_from = models.DateField(_("施行日期"))
    effective_to = models.DateField(_("失效日期"), null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(_("修订原因"), max_length=200, blank=True)

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分规则版本")
        verbose_name_plural = _("积分规则版本")
        default_permissions = ()
        ordering = ["rule", "number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="points_rule_version_once"),
            ExclusionConstraint(
                name="points_rule_version_one_at_a_time",
                expressions=[
                    (Only("rule"), RangeOperators.OVERLAPS),
                    (
                        DateRange(
                            "effective_from",
                            "effective_to",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("同一规则同一天只能有一个版本施行"),
            ),
            models.CheckConstraint(
                name="points_rule_version_amounts",
                condition=Q(amounts__len__gt=0)
                & (Q(grades__len=0, amounts__len=1) | Q(grades__len=F("amounts__len"))),
                violation_error_message=_("每个档次须有一个分值"),
            ),
            models.CheckConstraint(
                name="points_rule_version_dates",
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                violation_error_message=_("失效日期不能早于施行日期"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["effective_to"]),
            ),
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.rule} {self.title}"


class RuleEnding(models.Model):
    """Somebody set the last day of a rule's newest version, and why. Never changed: an earlier day
    is another row.
    """

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="endings")
    last_day = models.DateField(_("最后一天"))
    reason = models.CharField(_("停止原因"), max_length=200)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("积分规则停止")
        verbose_name_plural = _("积分规则停止")
        default_permissions = ()
        ordering = ["version", "pk"]
        constraints = [
            models.CheckConstraint(name="points_rule_ending_says_why", condition=~Q(reason=""))
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.version} {self.last_day}"


class CapSubject(models.TextChoices):
    PERSON = "person", _("每人")
    HOUSEHOLD = "household", _("每户")
    PAIR = "pair", _("每对")


class CapWindow(models.TextChoices):
    DAY = "day", _("每日")
    MONTH = "month", _("每月")
    QUARTER = "quarter", _("每季")
    YEAR = "year", _("每年")
    EVER = "ever", _("终身")


class Cap(models.Model):
    """At most so many points by one version of a rule, for a subject in a window.

    ``per_grade``: counted for each grade by itself (每星一次); then ``limit`` counts times.
    ``takes_highest``: together they give what the highest grade gives (同项取高).
    """

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="caps")
    subject = models.CharField(_("对象"), max_length=9, choices=CapSubject)
    window = models.CharField(_("期间"), max_length=7, choices=CapWindow)
    limit = models.PositiveIntegerField(_("上限"))
    per_grade = models.BooleanField(_("每档分别计次"), default=False)
    takes_highest = models.BooleanField(_("同项取高"), default=False)

    class Meta:
        verbose_name = _("积分上限")
        verbose_name_plural = _("积分上限")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["version", "subject", "window"],
                name="points_cap_once",
                violation_error_message=_("同一对象同一期间只能有一个上限"),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.get_subject_display()}{self.get_window_display()} {self.limit}"
