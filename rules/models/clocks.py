from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Unit(models.TextChoices):
    MINUTES = "minutes", _("分钟")
    WORKING_MINUTES = "working_minutes", _("工作分钟")
    WORKING_DAYS = "working_days", _("个工作日")
    NATURAL_DAYS = "natural_days", _("天")


class ClockQuerySet(models.QuerySet):
    def running(self):
        """Started, neither stopped nor paused."""
        return self.filter(stopped_at=None, paused_at=None)

    def paused(self):
        return self.filter(stopped_at=None, paused_at__isnull=False)

    def due_before(self, moment):
        """Running and due earlier than ``moment``: the late ones, when it is now."""
        return self.running().filter(due_at__lt=moment)


class Clock(models.Model):
    """One term that runs: so much time of one unit from ``started_at`` to ``due_at``.

    ``due_at`` is stored when it is reckoned, so a later change of the calendar never moves it.
    ``nominal_due_at`` is the same instant before a natural-day term rolls over rest days.
    ``on_time`` is written once, by stopping; the database then lets nobody touch the row.
    Change clocks through ``rules.clocks`` only.
    """

    unit = models.CharField(_("单位"), max_length=16, choices=Unit)
    amount = models.PositiveIntegerField(_("时限"))
    started_at = models.DateTimeField(_("起算时间"))
    due_at = models.DateTimeField(_("到期时间"))
    nominal_due_at = models.DateTimeField(editable=False)
    profile = models.ForeignKey(
        "rules.RuleProfile",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("采用的规则"),
    )

    paused_at = models.DateTimeField(_("暂停时间"), null=True, blank=True)
    pause_ends_by = models.DateTimeField(_("最迟恢复时间"), null=True, blank=True)
    paused_time = models.DurationField(_("累计暂停（按时限单位计时）"), default=timedelta)

    extended_amount = models.PositiveIntegerField(_("延长"), null=True, blank=True)
    extended_at = models.DateTimeField(_("延长时间"), null=True, blank=True)
    extended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    extension_reason = models.CharField(_("延长原因"), max_length=200, blank=True)

    stopped_at = models.DateTimeField(_("停止时间"), null=True, blank=True)
    on_time = models.BooleanField(_("按时"), null=True)
    cancelled_reason = models.CharField(_("作废原因"), max_length=200, blank=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("时钟")
        verbose_name_plural = _("时钟")
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(stopped_at=None, paused_at=None),
                name="rules_clock_running",
            ),
            models.Index(
                fields=["pause_ends_by"],
                condition=Q(stopped_at=None, paused_at__isnull=False),
                name="rules_clock_paused",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="rules_clock_has_time", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="rules_clock_due_after_start",
                condition=Q(nominal_due_at__gte=F("started_at"), due_at__gte=F("nominal_due_at")),
            ),
            models.CheckConstraint(
                name="rules_clock_answer_is_true",
                condition=Q(stopped_at=None, on_time=None, cancelled_reason="")
                | Q(stopped_at__lte=F("due_at"), on_time=True, cancelled_reason="")
                | Q(stopped_at__gt=F("due_at"), on_time=False, cancelled_reason="")
                | (Q(stopped_at__lte=F("due_at"), on_time=None) & ~Q(cancelled_reason="")),
            ),
            models.CheckConstraint(
                name="rules_clock_extended_at_most_double",
                condition=Q(extended_amount=None)
                | Q(extended_amount__gt=0, extended_amount__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="rules_clock_stopped_is_not_paused",
                condition=Q(stopped_at=None) | Q(paused_at=None),
            ),
            models.CheckConstraint(
                name="rules_clock_stops_after_start",
                condition=Q(stopped_at=None) | Q(stopped_at__gte=F("started_at")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="answer_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__stopped_at__isnull=False),
            )
        ]

    def __str__(self):
        return self.describe()

    def describe(self) -> str:
        """The term in words: 3个工作日, 2个工作小时, 7天; an extension follows in brackets."""
        from rules.clocks import describe

        text = describe(self.unit, self.amount)
        if self.extended_amount:
            more = describe(self.unit, self.extended_amount)
            return _("%(text)s（另延长%(more)s）") % {"text": text, "more": more}
        return text

    def share_used(self, now=None):
        """How much of the term is used, as a Fraction; above 1 when late, frozen when stopped.

        Time on pause does not count. Measured in the clock's own time: working time or wall
        time.
        """
        from rules.clocks import share_used

        return share_used(self, now)

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None

    @property
    def is_paused(self) -> bool:
        return self.stopped_at is None and self.paused_at is not None


class Pause(models.Model):
    """Why, by whom and how long a clock stood still."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="pauses")
    reason = models.CharField(_("暂停原因"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(_("开始"))
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    counted = models.DurationField(_("占用的工作时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("暂停")
        verbose_name_plural = _("暂停")
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clock"],
                condition=Q(ended_at=None),
                name="rules_pause_one_open",
            ),
            models.CheckConstraint(
                name="rules_pause_ends_after_start",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
            ),
            models.CheckConstraint(name="rules_pause_has_reason", condition=~Q(reason="")),
        ]
        triggers = [
            pgtrigger.Protect(
                name="ended_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            )
        ]

    def __str__(self):
        return self.reason
