import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class CalendarNotice(models.Model):
    """One imported holiday notice: what it says, where it comes from, who took it in.

    ``is_complete``: it arranges its whole year, so that the year is no longer provisional.
    Never deleted; ``undone_at`` says that its changes were taken back.
    """

    year = models.PositiveSmallIntegerField(_("年份"))
    source = models.CharField(_("来源（文号或网址）"), max_length=200)
    text = models.TextField(_("通知内容"))
    is_complete = models.BooleanField(_("全年安排"), default=True)
    reason = models.CharField(_("导入说明"), max_length=200)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    imported_at = models.DateTimeField(_("导入时间"), auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    undo_reason = models.CharField(_("撤销原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("放假安排通知")
        verbose_name_plural = _("放假安排通知")
        ordering = ["-imported_at"]
        indexes = [models.Index(fields=["year", "-imported_at"], name="rules_notice_year")]

    def __str__(self):
        return f"{self.year} · {self.source}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class WorkingDayOverride(models.Model):
    """A day on which work is done, or not, whatever the built-in calendar says."""

    day = models.DateField(_("日期"), unique=True)
    works = models.BooleanField(_("上班"))
    source = models.CharField(_("依据"), max_length=200)
    notice = models.ForeignKey(
        CalendarNotice, models.PROTECT, null=True, blank=True, related_name="overrides"
    )
    changed_at = models.DateTimeField(_("修改时间"), auto_now=True)

    class Meta:
        verbose_name = _("工作日调整")
        verbose_name_plural = _("工作日调整")
        ordering = ["day"]
        permissions = [("edit_calendar", _("维护工作日历"))]

    def __str__(self):
        return f"{self.day:%Y-%m-%d} {_('上班') if self.works else _('休息')}"


class NoticeLine(models.Model):
    """What a notice changed on one day, and what stood there before, so that it can be undone."""

    notice = models.ForeignKey(CalendarNotice, models.CASCADE, related_name="lines")
    day = models.DateField(_("日期"))
    works = models.BooleanField(_("上班"))
    was_works = models.BooleanField(null=True)
    was_source = models.CharField(max_length=200, blank=True)
    was_notice = models.ForeignKey(CalendarNotice, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("通知所列日期")
        verbose_name_plural = _("通知所列日期")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "day"], name="rules_line_once_per_day"),
            models.CheckConstraint(
                name="rules_line_before_is_whole",
                condition=Q(was_works=None, was_source="", was_notice=None)
                | Q(was_works__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.day:%Y-%m-%d}"
