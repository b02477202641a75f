"""What holds for a person in all claims: suspended, a guardian's consent, how the name is shown."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models import Household
from orgs.models.organizations import InForceQuerySet

PERSON = settings.AUTH_USER_MODEL


class Suspension(models.Model):
    """Somebody may not claim from a day to a day (``ends_on`` is the first day they may)."""

    person = models.ForeignKey(PERSON, models.PROTECT, related_name="point_suspensions")
    starts_on = models.DateField(_("自哪天起"))
    ends_on = models.DateField(_("到哪天止"))
    reason = models.CharField(_("原因"), max_length=200)
    deduction = models.OneToOneField(
        "points.Deduction", models.PROTECT, null=True, blank=True, related_name="suspension"
    )
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("暂停申报")
        verbose_name_plural = _("暂停申报")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="points_suspension_ends_after_start", condition=Q(ends_on__gt=F("starts_on"))
            )
        ]

    def __str__(self):
        return f"{self.person} {self.starts_on}–{self.ends_on}"


class ConsentQuerySet(models.QuerySet):
    def given(self):
        return self.filter(withdrawn_at=None)


class GuardianConsent(models.Model):
    """A guardian agrees that a minor earns points into the account of their household."""

    minor = models.ForeignKey(
        PERSON, models.CASCADE, related_name="point_consents", verbose_name=_("未成年人")
    )
    guardian = models.ForeignKey(PERSON, models.CASCADE, related_name="+", verbose_name=_("监护人"))
    household = models.ForeignKey(Household, models.PROTECT, related_name="+", verbose_name=_("户"))
    given_at = models.DateTimeField(_("同意时间"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("监护人同意")
        verbose_name_plural = _("监护人同意")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["minor", "household"],
                condition=Q(withdrawn_at=None),
                name="points_consent_once",
                violation_error_message=_("已经同意过"),
            ),
            models.CheckConstraint(
                name="points_consent_by_another",
                condition=~Q(minor=F("guardian")),
                violation_error_message=_("须由监护人同意"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="consent_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_at"]),
            )
        ]

    def __str__(self):
        return f"{self.guardian} · {self.minor}"


class NameChoice(models.Model):
    """How a person appears in public lists of points.

    ``is_protected`` is set by staff (minors, people on welfare) and never says why: neither name
    nor rank, whatever the person chose.
    """

    person = models.OneToOneField(PERSON, models.CASCADE, related_name="point_name")
    hide_name = models.BooleanField(_("公示只显示编号"), default=False)
    off_rankings = models.BooleanField(_("不参加排行"), default=False)
    is_protected = models.BooleanField(_("受保护"), default=False)
    protected_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("积分显示方式")
        verbose_name_plural = _("积分显示方式")
        default_permissions = ()
        permissions = [("protect_names", _("设置积分公示保护"))]

    def __str__(self):
        return str(self.person_id)

    @property
    def shows_number_only(self) -> bool:
        return self.hide_name or self.is_protected

    @property
    def is_ranked(self) -> bool:
        return not (self.off_rankings or self.hide_name or self.is_protected)
