import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs.models.areas import Area


class OrganizationKind(models.TextChoices):
    # the Party chain
    WORKING_COMMITTEE = "working_committee", _("街道党工委")
    JOINT_WORKING_COMMITTEE = "joint_working_committee", _("街道大工委")
    COMMUNITY_COMMITTEE = "community_committee", _("社区党委")
    GENERAL_BRANCH = "general_branch", _("社区党总支")
    COMMUNITY_BRANCH = "community_branch", _("社区党支部")
    JOINT_COMMUNITY_COMMITTEE = "joint_community_committee", _("社区大党委")
    GRID_BRANCH = "grid_branch", _("网格（小区）党支部")
    COMMITTEE_BRANCH = "committee_branch", _("居委会党支部")
    JOINT_BRANCH = "joint_branch", _("“三新”联合党支部")
    BUILDING_GROUP = "building_group", _("楼栋（单元）党小组")
    HOSTED_GROUP = "hosted_group", _("横向党小组")
    CONTACT_HOUSEHOLD = "contact_household", _("党员中心户")
    # self-government and linkage
    RESIDENTS_COMMITTEE = "residents_committee", _("居民委员会")
    SUPERVISION_COMMITTEE = "supervision_committee", _("居务监督委员会")
    RESIDENTS_GROUP = "residents_group", _("居民小组")
    OWNERS_COMMITTEE = "owners_committee", _("业主委员会")
    MANAGEMENT_COMMISSION = "management_commission", _("物业管理委员会")
    PROPERTY_COMPANY = "property_company", _("物业服务企业")
    # government
    DISTRICT_GOVERNMENT = "district_government", _("区级机关")
    SUBDISTRICT_OFFICE = "subdistrict_office", _("街道办事处")
    DEPARTMENT = "department", _("职能部门（站所）")
    # around them
    RESIDENT_UNIT = "resident_unit", _("驻区单位")
    PARTNER_UNIT = "partner_unit", _("共建单位")
    PAIRED_UNIT = "paired_unit", _("包联单位")
    SOCIAL_ORGANIZATION = "social_organization", _("社会组织")
    VOLUNTEER_TEAM = "volunteer_team", _("志愿服务队")
    THREE_NEW_BODY = "three_new_body", _("“三新”组织")
    MERCHANT = "merchant", _("兑换商家")
    PLATFORM = "platform", _("平台管理")


K = OrganizationKind
PARTY_KINDS = frozenset(
    {
        K.WORKING_COMMITTEE,
        K.JOINT_WORKING_COMMITTEE,
        K.COMMUNITY_COMMITTEE,
        K.GENERAL_BRANCH,
        K.COMMUNITY_BRANCH,
        K.JOINT_COMMUNITY_COMMITTEE,
        K.GRID_BRANCH,
        K.COMMITTEE_BRANCH,
        K.JOINT_BRANCH,
        K.BUILDING_GROUP,
        K.HOSTED_GROUP,
        K.CONTACT_HOUSEHOLD,
    }
)


class OrganizationQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_on=None)

    def within(self, area: Area):
        """Organizations seated in ``area`` or below."""
        return self.filter(area__path__startswith=area.path)


@pghistory.track()
class Organization(models.Model):
    """A body of the chain or around it, with its seat, its superior and its life span."""

    kind = models.CharField(_("类型"), max_length=28, choices=OrganizationKind)
    name = models.CharField(_("名称"), max_length=80)
    area = models.ForeignKey(
        Area, models.PROTECT, related_name="organizations", verbose_name=_("管辖区域")
    )
    served_areas = models.ManyToManyField(
        Area, related_name="served_by", blank=True, verbose_name=_("服务区域")
    )
    superior = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="subordinates",
        verbose_name=_("上级组织"),
    )
    host = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="hosted_groups",
        verbose_name=_("所在单位"),
    )
    household = models.ForeignKey(
        "orgs.Household",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="contact_organizations",
        verbose_name=_("中心户所在户"),
    )
    contact_phone = models.CharField(_("公开电话"), max_length=20, blank=True)
    address = models.CharField(_("办公地点"), max_length=120, blank=True)
    introduction = models.TextField(_("简介"), blank=True)
    term_starts_on = models.DateField(_("本届起始"), null=True, blank=True)
    term_ends_on = models.DateField(_("本届届满"), null=True, blank=True)
    founded_on = models.DateField(_("成立日期"), default=timezone.localdate)
    closed_on = models.DateField(_("撤销日期"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="absorbed"
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("组织")
        verbose_name_plural = _("组织")
        indexes = [models.Index(fields=["area", "kind"], name="orgs_organization_area_kind")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "area", "name"],
                condition=Q(closed_on=None),
                name="orgs_organization_name_once",
                violation_error_message=_("同一区域已有同类同名组织"),
            ),
            models.CheckConstraint(
                name="orgs_organization_not_its_own_superior",
                condition=Q(superior=None) | ~Q(superior=F("id")),
                violation_error_message=_("组织不能是自己的上级"),
            ),
            models.CheckConstraint(
                name="orgs_contact_household_has_a_door",
                condition=Q(kind="contact_household", household__isnull=False)
                | (~Q(kind="contact_household") & Q(household=None)),
                violation_error_message=_("党员中心户须对应一户，其他组织不对应住户"),
            ),
            models.CheckConstraint(
                name="orgs_organization_closed_after_founding",
                condition=Q(closed_on=None) | Q(closed_on__gte=F("founded_on")),
                violation_error_message=_("撤销日期不能早于成立日期"),
            ),
            models.CheckConstraint(
                name="orgs_organization_merged_only_when_closed",
                condition=Q(merged_into=None) | Q(closed_on__isnull=False),
                violation_error_message=_("已合并的组织须有撤销日期"),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_party(self) -> bool:
        return self.kind in PARTY_KINDS


class InForceQuerySet(models.QuerySet):
    def in_force(self, on=None):
        """Rows that hold on a day (default today): begun, not yet ended."""
        on = on or timezone.localdate()
        return self.filter(starts_on__lte=on).filter(Q(ends_on=None) | Q(ends_on__gt=on))


@pghistory.track()
class Membership(models.Model):
    """A Party member belongs to a Party organization. Sensitive: 特定身份, PIPL art. 28."""

    class Kind(models.TextChoices):
        IN_SERVICE = "in_service", _("在职党员")
        RETIRED = "retired", _("退休党员")
        FLOATING = "floating", _("流动党员")
        LOCAL = "local", _("社区党员")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships")
    kind = models.CharField(_("党员类型"), max_length=10, choices=Kind, default=Kind.LOCAL)
    is_full = models.BooleanField(_("正式党员"), default=True)
    starts_on = models.DateField(_("起始日期"))
    ends_on = models.DateField(_("终止日期"), null=True, blank=True)

    objects = InForceQuerySet.as_manager()

    class Meta:
        verbose_name = _("党员关系")
        verbose_name_plural = _("党员关系")
        constraints = [
            models.CheckConstraint(
                name="orgs_membership_ends_after_start",
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("终止日期须晚于起始日期"),
            ),
            models.UniqueConstraint(
                fields=["person", "organization"],
                condition=Q(ends_on=None),
                name="orgs_membership_once",
                violation_error_message=_("已是该组织党员"),
            ),
        ]

    def __str__(self):
        return f"{self.person} · {self.organization}"


@pghistory.track()
class Linkage(models.Model):
    """三方联动: who stands together for one compound under the lead of its Party branch."""

    name = models.CharField(_("小区"), max_length=60)
    community = models.ForeignKey(Area, models.PROTECT, related_name="linkages")
    grids = models.ManyToManyField(Area, related_name="+", verbose_name=_("网格"))
    party_branch = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("党支部")
    )
    residents_committee = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("居委会")
    )
    owners_body = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("业委会或物管会"),
    )
    property_company = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("物业服务企业"),
    )
    note = models.CharField(_("说明"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("三方联动")
        verbose_name_plural = _("三方联动")
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="orgs_linkage_once")
        ]

    def __str__(self):
        return self.name


# The sets of areas are part of the past too: which compounds a company served, and until when.


@pghistory.track(
    pghistory.InsertEvent("added"),
    pghistory.DeleteEvent("removed"),
    obj_field=None,
    model_name="ServedAreaEvent",
)
class ServedArea(Organization.served_areas.through):
    class Meta:
        proxy = True


@pghistory.track(
    pghistory.InsertEvent("added"),
    pghistory.DeleteEvent("removed"),
    obj_field=None,
    model_name="LinkageGridEvent",
)
class LinkageGrid(Linkage.grids.through):
    class Meta:
        proxy = True
