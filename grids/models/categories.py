import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from rules.models import Unit


class Level(models.TextChoices):
    """Who can settle it: the grid at once, the community, the subdistrict, a department."""

    L1 = "L1", _("网格级")
    L2 = "L2", _("社区级")
    L3 = "L3", _("街道级")
    L4 = "L4", _("部门级")

    @property
    def above(self) -> "Level":
        """One level up; the top stays where it is."""
        order = list(Level)
        return order[min(order.index(self) + 1, len(order) - 1)]


class Urgency(models.TextChoices):
    NORMAL = "normal", _("一般")
    PRESSING = "pressing", _("较急")
    URGENT = "urgent", _("紧急")


class CategoryGroup(models.TextChoices):
    HOME = "home", _("小区物业")
    SAFETY = "safety", _("安全隐患")
    STREET = "street", _("道路市政")
    LIVING = "living", _("邻里生活")
    CARE = "care", _("关爱服务")
    OTHER = "other", _("其他")


@pghistory.track()
class Category(models.Model):
    """What an issue is about: proposes level, limit and who leads, and says who may see it."""

    code = models.SlugField(_("代码"), max_length=30, unique=True)
    name = models.CharField(_("名称"), max_length=20, unique=True)
    group = models.CharField(_("分组"), max_length=8, choices=CategoryGroup)
    position = models.PositiveSmallIntegerField(_("顺序"), default=0)
    default_level = models.CharField(_("默认层级"), max_length=2, choices=Level, default=Level.L2)
    default_urgency = models.CharField(
        _("默认紧急程度"), max_length=8, choices=Urgency, default=Urgency.NORMAL
    )
    # Its own limit at the default level; empty: the level's, from the rule profile.
    limit_unit = models.CharField(_("时限单位"), max_length=16, choices=Unit, blank=True)
    limit_amount = models.PositiveIntegerField(_("时限"), null=True, blank=True)
    # Kinds of organization that lead as a rule, the likeliest first.
    lead_kinds = models.JSONField(_("通常由谁承办"), default=list, blank=True)
    is_public = models.BooleanField(_("可以公开"), default=True)
    is_dangerous = models.BooleanField(_("先提示报警电话"), default=False)
    # The complaint is, as a rule, about whoever handles it or about a neighbour.
    hides_reporter = models.BooleanField(_("不向承办单位透露反映人"), default=False)
    is_active = models.BooleanField(_("使用中"), default=True)

    class Meta:
        verbose_name = _("事项类别")
        verbose_name_plural = _("事项类别")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="grids_category_limit_is_whole",
                condition=Q(limit_unit="", limit_amount=None)
                | (~Q(limit_unit="") & Q(limit_amount__gt=0)),
                violation_error_message=_("时限须同时有数量和单位"),
            )
        ]

    def __str__(self):
        return self.name
