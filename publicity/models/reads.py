from django.db import models
from django.utils.translation import gettext_lazy as _

from publicity.models.disclosures import Disclosure
from publicity.models.notices import Notice


class ReadsOfDay(models.Model):
    """How many browsers opened it on a day: one row per day, no trace of who."""

    day = models.DateField(_("日期"))
    count = models.PositiveIntegerField(_("阅读"), default=0)

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self):
        return f"{self.day}: {self.count}"


class NoticeReads(ReadsOfDay):
    of = models.ForeignKey(Notice, models.CASCADE, related_name="reads")

    class Meta(ReadsOfDay.Meta):
        verbose_name = _("公示阅读数")
        verbose_name_plural = _("公示阅读数")
        constraints = [
            models.UniqueConstraint(fields=["of", "day"], name="publicity_noticereads_once")
        ]


class DisclosureReads(ReadsOfDay):
    of = models.ForeignKey(Disclosure, models.CASCADE, related_name="reads")

    class Meta(ReadsOfDay.Meta):
        verbose_name = _("公开阅读数")
        verbose_name_plural = _("公开阅读数")
        constraints = [
            models.UniqueConstraint(fields=["of", "day"], name="publicity_disclosurereads_once")
        ]
