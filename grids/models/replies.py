import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from grids.models.categories import Category
from orgs.models import Area


@pghistory.track()
class ReplyTemplate(models.Model):
    """Words for a step that are written often: inserted into the form, read, then sent.

    ``area`` owns it: a community or a subdistrict, for all issues below. ``category`` None: any.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("适用地区"))
    verb = models.CharField(_("用于"), max_length=20)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("类别")
    )
    title = models.CharField(_("名称"), max_length=40)
    text = models.TextField(_("内容"), max_length=500)
    is_active = models.BooleanField(_("使用中"), default=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("回复模板")
        verbose_name_plural = _("回复模板")
        default_permissions = ()
        permissions = [("write_templates", _("编写回复模板"))]
        ordering = ["verb", "title", "pk"]
        indexes = [models.Index(fields=["area", "verb"], name="grids_template_where")]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "verb", "category", "title"],
                nulls_distinct=False,
                name="grids_template_title_once",
                violation_error_message=_("这里已有同名的模板"),
            )
        ]

    def __str__(self):
        return self.title
