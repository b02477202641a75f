import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.areas import Placed


@pghistory.track()
class Household(Placed):
    """A door of a building: the leaf of the chain. ``area`` is the building."""

    stairwell = models.CharField(_("单元"), max_length=10)
    room = models.CharField(_("房号"), max_length=10)
    contact_household = models.ForeignKey(
        "orgs.Organization",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="linked_households",
        verbose_name=_("联系的党员中心户"),
    )

    class Meta:
        verbose_name = _("户")
        verbose_name_plural = _("户")
        indexes = [models.Index(fields=["area_path", "-created_at"], name="orgs_household_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "stairwell", "room"],
                name="orgs_household_one_per_door",
                violation_error_message=_("这一户已经登记"),
            )
        ]

    def __str__(self):
        return self.door

    @property
    def door(self) -> str:
        """2单元301室; personal data: mask before showing to others (``door_masked``)."""
        return f"{self.stairwell}单元{self.room}室"

    @property
    def door_masked(self) -> str:
        return f"{self.stairwell}单元***室"


class ResidenceQuerySet(models.QuerySet):
    def current(self, on=None):
        """Residences in force on a day (default today): begun, not ended, not refused."""
        on = on or timezone.localdate()
        return self.filter(starts_on__lte=on).filter(
            Q(ends_on=None) | Q(ends_on__gt=on), ~Q(state=Residence.State.REFUSED)
        )

    def verified(self, on=None):
        return self.current(on).filter(state=Residence.State.VERIFIED)


@pghistory.track()
class Residence(models.Model):
    """A person belongs to a household from a day to a day, once a grid worker has verified it.

    ``ends_on`` is the first day they no longer do.
    """

    class Kind(models.TextChoices):
        OWNER = "owner", _("业主")
        FAMILY = "family", _("家人")
        TENANT = "tenant", _("租户")

    class State(models.TextChoices):
        PENDING = "pending", _("待核验")
        VERIFIED = "verified", _("已核验")
        REFUSED = "refused", _("未通过")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="residences", verbose_name=_("人员")
    )
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="residences", verbose_name=_("户")
    )
    kind = models.CharField(_("身份"), max_length=8, choices=Kind, default=Kind.FAMILY)
    state = models.CharField(_("核验"), max_length=8, choices=State, default=State.PENDING)
    starts_on = models.DateField(_("入住日期"), default=timezone.localdate)
    ends_on = models.DateField(_("迁出日期"), null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    refusal_reason = models.CharField(_("未通过原因"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ResidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("居住关系")
        verbose_name_plural = _("居住关系")
        indexes = [
            # The few that wait for a grid worker, among the many that are settled.
            models.Index(
                fields=["household"],
                condition=Q(state="pending", ends_on=None),
                name="orgs_residence_pending",
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="orgs_residence_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("迁出日期须晚于入住日期"),
            ),
            models.CheckConstraint(
                name="orgs_residence_verified_by_another",
                condition=Q(verified_by=None) | ~Q(verified_by=F("person")),
                violation_error_message=_("不能核验自己的居住关系"),
            ),
            models.CheckConstraint(
                name="orgs_residence_refused_with_reason",
                condition=~Q(state="refused") | ~Q(refusal_reason=""),
                violation_error_message=_("未通过须说明原因"),
            ),
            models.UniqueConstraint(
                fields=["person", "household"],
                condition=Q(ends_on=None) & ~Q(state="refused"),
                name="orgs_residence_once_per_household",
                violation_error_message=_("已登记在这一户"),
            ),
        ]

    def __str__(self):
        return f"{self.person} · {self.household}"
