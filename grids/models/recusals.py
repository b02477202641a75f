from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grids.models.issues import Issue


class Recusal(models.Model):
    """Somebody with an interest stands aside from one issue, for good. Written by its verb.

    ``Issue.recused_ids`` repeats who, so that every check reads the row it has locked anyway.
    """

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="recusals")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("回避人")
    )
    reason = models.CharField(_("回避原因"), max_length=200)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提出人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("回避")
        verbose_name_plural = _("回避")
        default_permissions = ()
        permissions = [("name_recusal", _("要求他人回避某件事项"))]
        constraints = [
            models.UniqueConstraint(fields=["issue", "person"], name="grids_recusal_once"),
            models.CheckConstraint(name="grids_recusal_says_why", condition=~models.Q(reason="")),
        ]

    def __str__(self):
        return f"{self.person} {self.issue_id}"
