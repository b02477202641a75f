"""Who is responsible for what where: the responsibility table and the communities' duty list."""

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grids.models.categories import Category
from orgs.models import Area, Organization, OrganizationKind
from rules.models.profiles import DateRange, Same


class ResponsibilityQuerySet(models.QuerySet):
    def in_force(self, on=None):
        on = on or timezone.localdate()
        return self.filter(effective_from__lte=on).filter(
            Q(effective_to=None) | Q(effective_to__gt=on)
        )

    def not_over(self, on=None):
        """In force, or to come."""
        on = on or timezone.localdate()
        return self.filter(Q(effective_to=None) | Q(effective_to__gt=on)).exclude(
            effective_to=F("effective_from")
        )


@pghistory.track()
class Responsibility(models.Model):
    """In this place, matters of this category are led by that body (or that kind of body).

    ``area`` None is everywhere: the list that comes with the portal. The most specific place
    wins. A row is never rewritten: a change ends it and begins another (``effective_to`` is the
    first day without it; equal to ``effective_from`` it never held).
    """

    category = models.ForeignKey(Category, models.PROTECT, related_name="responsibilities")
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("地点")
    )
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("承办单位"),
    )
    kind = models.CharField(
        _("承办单位类型"), max_length=28, choices=OrganizationKind, blank=True, default=""
    )
    assists = models.ManyToManyField(
        Organization, blank=True, related_name="+", verbose_name=_("协办单位")
    )
    effective_from = models.DateField(_("施行日期"))
    effective_to = models.DateField(_("停止日期"), null=True, blank=True)
    basis = models.CharField(_("依据"), max_length=120, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField(auto_now_add=True)

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("责任清单")
        verbose_name_plural = _("责任清单")
        default_permissions = ()
        permissions = [("edit_responsibilities", _("维护责任清单和社区职责清单"))]
        indexes = [models.Index(fields=["category", "area"], name="grids_responsibility_where")]
        constraints = [
            models.CheckConstraint(
                name="grids_responsibility_names_one",
                condition=(Q(organization=None) & ~Q(kind=""))
                | (Q(organization__isnull=False) & Q(kind="")),
                violation_error_message=_("承办单位与承办单位类型须填一项，且只填一项"),
            ),
            models.CheckConstraint(
                name="grids_responsibility_ends_after_start",
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                violation_error_message=_("停止日期不能早于施行日期"),
            ),
            ExclusionConstraint(
                name="grids_responsibility_one_at_a_time",
                expressions=[
                    (
                        Same(F("category"), Coalesce(F("area"), Value(0))),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        DateRange("effective_from", "effective_to", RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("同一类别在同一地点的施行期间不能重叠"),
            ),
        ]

    def __str__(self):
        return f"{self.category} → {self.lead_name}"

    @property
    def lead_name(self) -> str:
        return self.organization.name if self.organization_id else self.get_kind_display()

    @property
    def place_name(self) -> str:
        return self.area.name if self.area_id else str(_("各地通用"))

    @property
    def is_over(self) -> bool:
        return self.effective_to is not None and self.effective_to <= timezone.localdate()

    @property
    def is_to_come(self) -> bool:
        return not self.is_over and self.effective_from > timezone.localdate()


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent("removed"))
class DutyItem(models.Model):
    """May the communities of this place lead such a matter, or only assist? Absent: neither.

    ``area`` is a community or above, None is everywhere; the most specific place wins, and
    ``none`` takes away what a place above grants. Source: 北京市接诉即办工作条例 第十七条.
    """

    class Role(models.TextChoices):
        DUTY = "duty", _("可以主办")
        ASSIST = "assist", _("只能协办")
        NONE = "none", _("不承担")

    category = models.ForeignKey(Category, models.PROTECT, related_name="duties")
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("地点")
    )
    role = models.CharField(_("社区职责"), max_length=6, choices=Role)

    class Meta:
        verbose_name = _("社区职责清单")
        verbose_name_plural = _("社区职责清单")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["category", "area"], nulls_distinct=False, name="grids_dutyitem_once"
            )
        ]

    def __str__(self):
        return f"{self.category}: {self.get_role_display()}"
