import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.areas import Area
from orgs.models.households import Household


class ContactReveal(models.Model):
    """Somebody saw a full phone or door number, and why. Written once, by ``orgs.contacts``.

    The database refuses to change or delete a row: the log has to outlive those it speaks of.
    """

    class What(models.TextChoices):
        PHONE = "phone", _("手机号")
        DOOR = "door", _("门牌号")

    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("查看人")
    )
    what = models.CharField(_("查看内容"), max_length=8, choices=What)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="contact_reveals",
        verbose_name=_("被查看人"),
    )
    household = models.ForeignKey(
        Household,
        models.PROTECT,
        null=True,
        related_name="contact_reveals",
        verbose_name=_("被查看户"),
    )
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("位置"))
    reason = models.CharField(_("查看原因"), max_length=200)
    at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("联系方式查看记录")
        verbose_name_plural = _("联系方式查看记录")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at"], name="orgs_contactreveal_at")]
        permissions = [("audit_contact_reveals", _("审计联系方式查看记录"))]
        constraints = [
            models.CheckConstraint(
                name="orgs_contactreveal_of_one_thing",
                condition=Q(what="phone", person__isnull=False, household=None)
                | Q(what="door", person=None, household__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.seen_by} · {self.get_what_display()} · {self.at:%Y-%m-%d %H:%M}"
