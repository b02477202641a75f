"""How orders reach the members of a body, and who is away."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization


@pghistory.track()
class Roster(models.Model):
    """A body's way of handing orders out. Its row is the lock between two that take turns."""

    class Mode(models.TextChoices):
        GRAB = "grab", _("抢单：谁先签收谁承办")
        ASSIGN = "assign", _("指派：由负责人指定承办人")
        ROTATE = "rotate", _("轮派：派给在办最少的人")

    organization = models.OneToOneField(Organization, models.PROTECT, related_name="roster")
    mode = models.CharField(_("派单方式"), max_length=6, choices=Mode, default=Mode.GRAB)

    class Meta:
        verbose_name = _("派单方式")
        verbose_name_plural = _("派单方式")
        default_permissions = ()
        permissions = [("manage_roster", _("安排本单位的承办人"))]

    def __str__(self):
        return f"{self.organization}: {self.get_mode_display()}"


class RosterTurn(models.Model):
    """When a member last got an order by turn or by name; who waited longest is next."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="turns")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("轮派记录")
        verbose_name_plural = _("轮派记录")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["roster", "person"], name="grids_rosterturn_once")
        ]

    def __str__(self):
        return f"{self.person} {self.last_at:%Y-%m-%d}"


class AbsenceQuerySet(models.QuerySet):
    def on(self, day=None):
        day = day or timezone.localdate()
        return self.filter(starts_on__lte=day, ends_on__gte=day)


class Absence(models.Model):
    """A member is away from a day to a day, both included; no order comes by turn meanwhile."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    starts_on = models.DateField(_("开始日期"))
    ends_on = models.DateField(_("结束日期"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("不在岗")
        verbose_name_plural = _("不在岗")
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "ends_on"], name="grids_absence_body")]
        constraints = [
            models.CheckConstraint(
                name="grids_absence_ends_after_start",
                condition=Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("结束日期不能早于开始日期"),
            )
        ]

    def __str__(self):
        return f"{self.person} {self.starts_on}–{self.ends_on}"
