import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization, Placed
from publicity.models.notices import around


class Every(models.TextChoices):
    MONTH = "month", _("每月")
    QUARTER = "quarter", _("每季度")
    HALF_YEAR = "half_year", _("每半年")
    ONCE = "once", _("一次")


class Schedule(Placed):
    """What a body has to disclose about a place, how often, and by which day after the period."""

    kind = models.CharField(_("类型"), max_length=40)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("公开单位")
    )
    every = models.CharField(_("周期"), max_length=10, choices=Every, default=Every.MONTH)
    due_day = models.PositiveSmallIntegerField(_("期满后第几日前公开"), default=10)
    starts_on = models.DateField(_("自哪天起"))
    due_on = models.DateField(_("一次性公开的期限"), null=True, blank=True)
    ends_on = models.DateField(_("停止日期"), null=True, blank=True)
    made_until = models.DateField(null=True, editable=False)  # periods over by then have rows
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("公开计划")
        verbose_name_plural = _("公开计划")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "organization", "area"],
                condition=Q(ends_on=None),
                name="publicity_schedule_once",
                violation_error_message=_("这一单位在这一区域已有这一类公开计划"),
            ),
            models.CheckConstraint(
                name="publicity_schedule_once_has_a_day",
                condition=Q(every="once", due_on__isnull=False)
                | (~Q(every="once") & Q(due_on=None)),
                violation_error_message=_("一次性公开须写明期限"),
            ),
            models.CheckConstraint(
                name="publicity_schedule_due_day", condition=Q(due_day__range=(1, 28))
            ),
            models.CheckConstraint(
                name="publicity_schedule_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self):
        return f"{self.kind} · {self.area} · {self.get_every_display()}"


class DisclosureQuerySet(models.QuerySet):
    def published(self):
        return self.exclude(published_at=None)

    def missing(self):
        """Due and not there yet."""
        return self.filter(published_at=None)

    def concerning(self, path: str):
        """Of a place: of it, of something in it, or of something around it."""
        return self.filter(Q(area_path__startswith=path) | Q(area_path__in=around(path)))


class Disclosure(Placed):
    """公开: what has to be told about one period, at the latest by a day. Nobody objects to it.

    A row without ``published_at`` is still owed. ``is_late`` is written once and never improves.
    The words change by ``publicity.disclosures.correct`` only, which keeps the former ones.
    """

    schedule = models.ForeignKey(
        Schedule, models.PROTECT, null=True, blank=True, related_name="disclosures"
    )
    kind = models.CharField(_("类型"), max_length=40)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("公开单位")
    )
    period = models.CharField(_("所属时期"), max_length=20)
    due_on = models.DateField(_("应公开日期"), null=True, blank=True)
    title = models.CharField(_("标题"), max_length=80, blank=True)
    text = models.TextField(_("说明"), max_length=8000, blank=True)
    table = models.JSONField(_("明细"), default=dict, blank=True)
    published_at = models.DateTimeField(_("公开时间"), null=True, editable=False)
    published_on = models.DateField(_("公开日期"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("公开人"),
    )
    is_late = models.BooleanField(_("逾期"), null=True, editable=False)
    version = models.PositiveSmallIntegerField(_("版本"), default=1, editable=False)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("公开")
        verbose_name_plural = _("公开")
        default_permissions = ()
        permissions = [("publish_disclosure", _("发布、更正公开"))]
        indexes = [
            models.Index(fields=["area_path", "-published_at"], name="publicity_discl_place"),
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(published_at__isnull=False),
                name="publicity_discl_newest",
            ),
            models.Index(
                fields=["due_on"], condition=Q(published_at=None), name="publicity_discl_owed"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "organization", "area", "period"],
                name="publicity_disclosure_once",
                violation_error_message=_("这一时期已经公开过"),
            ),
            models.CheckConstraint(
                name="publicity_disclosure_published_whole",
                condition=Q(published_at=None, published_on=None, version=1)
                | (
                    Q(published_at__isnull=False, published_on__isnull=False, is_late__isnull=False)
                    & ~Q(title="")
                ),
            ),
            models.CheckConstraint(
                name="publicity_disclosure_lateness_is_true",
                condition=Q(is_late=None)
                | Q(is_late=True, due_on__isnull=False)
                & (Q(published_on=None) | Q(published_on__gt=F("due_on")))
                | Q(is_late=False) & (Q(due_on=None) | Q(published_on__lte=F("due_on"))),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="lateness_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.is_late IS NOT NULL AND (NEW.is_late IS DISTINCT FROM OLD.is_late"
                    " OR NEW.due_on IS DISTINCT FROM OLD.due_on)"
                ),
            ),
            pgtrigger.Protect(
                name="words_change_by_correction",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.published_at IS NOT NULL AND"
                    " (NEW.published_at IS DISTINCT FROM OLD.published_at"
                    " OR NEW.published_on IS DISTINCT FROM OLD.published_on"
                    " OR (NEW.version <> OLD.version + 1 AND"
                    " (NEW.title IS DISTINCT FROM OLD.title OR NEW.text IS DISTINCT FROM OLD.text"
                    ' OR NEW."table" IS DISTINCT FROM OLD."table")))'
                ),
            ),
            pgtrigger.Protect(
                name="published_stays",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
            ),
        ]

    def __str__(self):
        return self.title or f"{self.kind} {self.period}"

    def get_absolute_url(self) -> str:
        return f"/notices/disclosures/{self.pk}/"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


class Correction(models.Model):
    """What was changed in a disclosure, why and by whom; with the words as they were before."""

    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="corrections")
    version = models.PositiveSmallIntegerField(_("更正前版本"))
    what = models.CharField(_("更正内容"), max_length=300)
    why = models.CharField(_("更正原因"), max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("更正人"),
    )
    at = models.DateTimeField(_("更正时间"))
    title_before = models.CharField(max_length=80)
    text_before = models.TextField(blank=True)
    table_before = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("更正")
        verbose_name_plural = _("更正")
        default_permissions = ()
        ordering = ["version"]
        constraints = [
            models.UniqueConstraint(
                fields=["disclosure", "version"], name="publicity_correction_once"
            ),
            models.CheckConstraint(
                name="publicity_correction_says_why", condition=~Q(what="") & ~Q(why="")
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return self.what
