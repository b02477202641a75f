from collections.abc import Iterator
from datetime import timedelta
from functools import reduce
from operator import or_

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    DateRangeField,
    DecimalRangeField,
    RangeBoundary,
    RangeOperators,
)
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rules.models.clocks import Unit

# What a profile says; unchangeable once something was opened under it.
FROZEN = ("code", "title", "legal_basis", "place", "effective_from", "params")
ONE_DAY = timedelta(days=1)


class Hash(Func):
    template = 'hashtextextended((%(expressions)s) COLLATE "C", 0)::numeric'
    arg_joiner = " || '|' || "
    output_field = models.DecimalField()


class Same(Func):
    """Two columns folded into a one-point range.

    GiST compares ranges without the btree_gist extension (which the embedded PostgreSQL lacks),
    so "equal" becomes "overlapping". Two different pairs clash by chance once in 2^64.
    """

    function = "NUMRANGE"
    output_field = DecimalRangeField()

    def __init__(self, *columns, **extra):
        point = Hash(*columns)
        super().__init__(point, point, Value("[]"), **extra)


class JsonKind(Func):
    function = "jsonb_typeof"
    output_field = models.CharField()


class DateRange(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


def _faults(value, at: str = "") -> Iterator[str]:
    """What is wrong with a value of ``params``, named by its path."""
    if isinstance(value, float):
        yield _("%(at)s：不能用小数，比例写作两个整数") % {"at": at}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _faults(item, f"{at}[{number}]")
    elif isinstance(value, dict):
        if "unit" in value or "amount" in value:
            amount = value.get("amount")
            if value.get("unit") not in Unit.values or type(amount) is not int or amount < 1:
                yield _("%(at)s：时限须有单位和正整数") % {"at": at}
            return
        if "share" in value:
            pair = value["share"]
            whole = isinstance(pair, list) and [type(part) for part in pair] == [int, int]
            if not whole or not 0 < pair[0] <= pair[1] or type(value.get("inclusive")) is not bool:
                yield _("%(at)s：比例须为两个正整数且不大于一，并说明是否含本数") % {"at": at}
            return
        for name, item in value.items():
            yield from _faults(item, f"{at}.{name}" if at else name)


class RuleProfileQuerySet(models.QuerySet):
    def on(self, day):
        """In force on ``day``."""
        return self.filter(effective_from__lte=day).filter(
            Q(effective_to=None) | Q(effective_to__gt=day)
        )

    def covering(self, place: str):
        """Made for ``place`` (an area code) or for something around it."""
        around = [place[:length] for length in range(len(place) + 1)]
        return self.filter(place__in=around)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class RuleProfile(models.Model):
    """A set of thresholds as they hold in one place from a day to a day.

    ``place`` is an area-code prefix ("" = the whole country), ``effective_to`` the first day on
    which it no longer holds. Once something was opened under it (``first_used_at``) it is never
    edited: ``rules.profiles.supersede`` ends it and starts the next one; the database refuses
    anything else.
    """

    code = models.CharField(
        _("规则代码"),
        max_length=32,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9-]+$", _("用大写字母、数字和连字符"))],
    )
    title = models.CharField(_("名称"), max_length=120)
    legal_basis = models.TextField(_("依据"))
    place = models.CharField(
        _("适用地区（区划代码前缀）"),
        max_length=18,
        blank=True,
        validators=[RegexValidator(r"^[0-9]*$", _("只能是数字，空白表示全国"))],
    )
    effective_from = models.DateField(_("施行日期"))
    effective_to = models.DateField(_("失效日期"), null=True, blank=True)
    params = models.JSONField(_("参数"))
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    verified_on = models.DateField(_("核对日期"), null=True, blank=True)
    first_used_at = models.DateTimeField(_("首次采用"), null=True, blank=True, editable=False)

    objects = RuleProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("规则")
        verbose_name_plural = _("规则")
        ordering = ["code", "place", "-effective_from"]
        permissions = [
            ("edit_rules", _("维护本地区的规则")),
            ("edit_national_rules", _("维护全国适用的规则")),
        ]
        constraints = [
            models.CheckConstraint(
                name="rules_profile_ends_after_start",
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")),
                violation_error_message=_("失效日期须晚于施行日期"),
            ),
            models.CheckConstraint(
                name="rules_profile_params_are_an_object",
                condition=Exact(JsonKind("params"), Value("object")),
                violation_error_message=_("参数须为对象"),
            ),
            ExclusionConstraint(
                name="rules_profile_one_at_a_time",
                expressions=[
                    (Same("code", "place"), RangeOperators.OVERLAPS),
                    (
                        DateRange("effective_from", "effective_to", RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("同一规则在同一地区的施行期间不能重叠"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="used_is_never_edited",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__first_used_at__isnull=False)
                & reduce(
                    or_,
                    (
                        pgtrigger.Q(**{f"old__{name}__df": pgtrigger.F(f"new__{name}")})
                        for name in (*FROZEN, "first_used_at")
                    ),
                ),
            ),
            pgtrigger.Protect(
                name="used_is_never_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__first_used_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    def clean(self):
        """Terms and shares inside ``params`` make sense, however deep they stand."""
        if faults := list(_faults(self.params)):
            raise ValidationError({"params": faults})

    @property
    def last_day(self):
        """The last day it holds, for people to read; None when open-ended."""
        return self.effective_to and self.effective_to - ONE_DAY

    @property
    def is_used(self) -> bool:
        return self.first_used_at is not None

    def is_in_force(self, day=None) -> bool:
        day = day or timezone.localdate()
        return self.effective_from <= day and (not self.effective_to or day < self.effective_to)

    def freeze(self) -> dict:
        """A JSON-safe copy to keep with what was opened under it; marks the profile as used."""
        if self.first_used_at is None:
            now = timezone.now()
            # Only the first of two wins; afterwards freezing costs no query.
            type(self).objects.filter(pk=self.pk, first_used_at=None).update(first_used_at=now)
            self.first_used_at = now
        return {
            "id": self.pk,
            "code": self.code,
            "title": self.title,
            "legal_basis": self.legal_basis,
            "place": self.place,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to.isoformat() if self.effective_to else None,
            "params": self.params,
            "verified_on": self.verified_on.isoformat() if self.verified_on else None,
        }
