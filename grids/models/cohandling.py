from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization


class CoHandlingQuerySet(models.QuerySet):
    def in_force(self, on=None):
        on = on or timezone.localdate()
        return self.filter(starts_on__lte=on).filter(Q(ends_on=None) | Q(ends_on__gt=on))


class CoHandling(models.Model):
    """A dated grant: a body beside the lead sees one issue and adds to its record.

    The three of a linkage on one matter (三方联动), a community that only assists, or the lower
    level that follows what it handed up. ``ends_on`` is the first day without the grant.
    """

    class Role(models.TextChoices):
        ASSIST = "assist", _("协办")
        FOLLOW = "follow", _("跟进")

    issue = models.ForeignKey("grids.Issue", models.PROTECT, related_name="cohandlings")
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("单位")
    )
    role = models.CharField(_("角色"), max_length=6, choices=Role, default=Role.ASSIST)
    starts_on = models.DateField(_("开始日期"), default=timezone.localdate)
    ends_on = models.DateField(_("结束日期"), null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("邀请人"),
    )
    reason = models.CharField(_("原因"), max_length=200)

    objects = CoHandlingQuerySet.as_manager()

    class Meta:
        verbose_name = _("联办")
        verbose_name_plural = _("联办")
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "ends_on"], name="grids_cohandling_body")]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "organization"],
                condition=Q(ends_on=None),
                name="grids_cohandling_once",
            ),
            models.CheckConstraint(
                name="grids_cohandling_days_in_order",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self):
        return f"{self.organization} {self.get_role_display()}"
