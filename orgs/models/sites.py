import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

SHEET_METRES = 20_000  # as wide and high as a sheet may be


@pghistory.track()
class Site(models.Model):
    """Where a building stands on the sheet of its subdistrict, for drawn plans.

    Metres to the east and to the south of the sheet's north-west corner, to the middle of the
    building. A local sheet and no longitudes: a plan of one's neighbourhood, no survey map.
    """

    building = models.OneToOneField("orgs.Area", models.CASCADE, related_name="site")
    x_metres = models.PositiveIntegerField(_("向东（米）"))
    y_metres = models.PositiveIntegerField(_("向南（米）"))
    wide_metres = models.PositiveSmallIntegerField(_("东西宽（米）"), default=24)
    deep_metres = models.PositiveSmallIntegerField(_("南北深（米）"), default=12)

    class Meta:
        verbose_name = _("楼栋位置")
        verbose_name_plural = _("楼栋位置")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="orgs_site_on_the_sheet",
                condition=Q(x_metres__lte=SHEET_METRES, y_metres__lte=SHEET_METRES),
                violation_error_message=_("位置须在图纸范围内"),
            ),
            models.CheckConstraint(
                name="orgs_site_has_size", condition=Q(wide_metres__gt=0, deep_metres__gt=0)
            ),
        ]

    def __str__(self):
        return f"{self.building} ({self.x_metres}, {self.y_metres})"


class GridPlan(models.Model):
    """The drawing of one grid, made of its buildings' sites by ``orgs.sites.redraw``.

    A cache: two SVG paths, the point for its name, and the box around it.
    """

    grid = models.OneToOneField("orgs.Area", models.CASCADE, related_name="plan")
    outline = models.TextField()
    buildings = models.TextField()
    x_metres = models.IntegerField()
    y_metres = models.IntegerField()
    left = models.IntegerField()
    top = models.IntegerField()
    right = models.IntegerField()
    bottom = models.IntegerField()

    class Meta:
        verbose_name = _("网格示意图")
        verbose_name_plural = _("网格示意图")
        default_permissions = ()

    def __str__(self):
        return str(self.grid)
