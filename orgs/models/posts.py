import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionAbstract

from orgs.models.areas import Area
from orgs.models.organizations import InForceQuerySet, Organization
from orgs.positions import Position


@pghistory.track()
class Appointment(models.Model):
    """A person holds a position in an organization from a day to a day; never overwritten.

    ``area`` narrows the jurisdiction (a grid worker's grid, a building leader's building);
    empty means the organization's own area. ``ends_on`` is the first day without the post.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="appointments",
        verbose_name=_("人员"),
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="appointments", verbose_name=_("组织")
    )
    position = models.CharField(_("职务"), max_length=24, choices=Position)
    area = models.ForeignKey(
        Area,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="appointments",
        verbose_name=_("负责区域"),
    )
    starts_on = models.DateField(_("任职日期"))
    ends_on = models.DateField(_("离任日期"), null=True, blank=True)
    reason = models.CharField(_("任职依据"), max_length=200, blank=True)
    relief_reason = models.CharField(_("离任原因"), max_length=200, blank=True)
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    relieved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [
            models.CheckConstraint(
                name="orgs_appointment_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("离任日期不能早于任职日期"),
            ),
            models.UniqueConstraint(
                fields=["person", "organization", "position", "area"],
                condition=Q(ends_on=None),
                nulls_distinct=False,
                name="orgs_appointment_once",
                violation_error_message=_("此人已担任这一职务"),
            ),
        ]

    def __str__(self):
        return f"{self.person} · {self.organization} · {self.get_position_display()}"

    @property
    def jurisdiction(self) -> Area:
        return self.area or self.organization.area


class Grant(UserObjectPermissionAbstract):
    """A right on one Area or Organization node, held through one appointment.

    guardian's own row plus the appointment: it counts only on the days the appointment is in
    force (``orgs.access`` asks in the query), so rights start and end by themselves.
    """

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="grants")

    class Meta(UserObjectPermissionAbstract.Meta):
        abstract = False
        unique_together = []
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "permission", "content_type", "object_pk"],
                name="orgs_grant_once_per_appointment",
            )
        ]
        indexes = [models.Index(fields=["user"], name="orgs_grant_user")]
