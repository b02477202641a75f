from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grids.models.issues import Issue


class DeskEntry(models.Model):
    """A report that a worker wrote down for somebody: how it came, who it was held to be."""

    class How(models.TextChoices):
        COUNTER = "counter", _("到窗口")
        PHONE = "phone", _("打电话")
        VISIT = "visit", _("上门走访")
        LETTER = "letter", _("来信")

    class Identity(models.TextChoices):
        CARD = "card", _("看过身份证件")
        CALLED = "called", _("回拨电话核对过")
        KNOWN = "known", _("工作人员认识本人")
        UNCHECKED = "unchecked", _("没有核对")

    issue = models.OneToOneField(Issue, models.PROTECT, related_name="desk_entry")
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("代录人")
    )
    key = models.UUIDField(editable=False)  # of the form: its button may be pressed twice
    how = models.CharField(_("怎样反映的"), max_length=8, choices=How)
    identity = models.CharField(_("身份核对"), max_length=10, choices=Identity)
    consented = models.BooleanField(_("已说明用途并征得同意"), default=False)
    told_at = models.DateTimeField(_("告知结果时间"), null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    told_note = models.CharField(_("告知情况"), max_length=200, blank=True)
    rated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("社区代录")
        verbose_name_plural = _("社区代录")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entered_by", "key"], name="grids_deskentry_once"),
            models.CheckConstraint(
                name="grids_deskentry_told_by_somebody",
                condition=Q(told_at=None, told_by=None)
                | Q(told_at__isnull=False, told_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.issue_id} {self.get_how_display()}"
