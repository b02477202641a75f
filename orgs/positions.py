"""Posts of the chain, and the rights each of them carries.

An app names its rights when it is ready (``register("grids.file_issue", Position.GRID_WORKER)``);
an appointment turns the rights of its position into grants on one node (``orgs.posts``).
"""

from collections import defaultdict

from django.db import models
from django.utils.translation import gettext_lazy as _


class Position(models.TextChoices):
    # Party chain
    PARTY_SECRETARY = "party_secretary", _("党组织书记")
    PARTY_DEPUTY = "party_deputy", _("党组织副书记")
    PARTY_COMMITTEE_MEMBER = "party_committee_member", _("党组织委员")
    JOINT_MEMBER = "joint_member", _("兼职委员")
    GROUP_LEADER = "group_leader", _("党小组组长")
    CONTACT_HOST = "contact_host", _("党员中心户户主")
    # community
    COMMITTEE_DIRECTOR = "committee_director", _("居委会主任")
    COMMITTEE_MEMBER = "committee_member", _("居委会委员")
    SUPERVISOR = "supervisor", _("居务监督委员")
    SOCIAL_WORKER = "social_worker", _("全科社工")
    GRID_LEAD = "grid_lead", _("网格长")
    GRID_WORKER = "grid_worker", _("网格员")
    BUILDING_LEADER = "building_leader", _("楼栋长")
    RESIDENTS_GROUP_LEADER = "residents_group_leader", _("居民小组长")
    # linkage
    OWNERS_DIRECTOR = "owners_director", _("业委会（物管会）主任")
    OWNERS_MEMBER = "owners_member", _("业委会（物管会）委员")
    PROPERTY_MANAGER = "property_manager", _("物业项目经理")
    PROPERTY_STAFF = "property_staff", _("物业工作人员")
    # units around
    UNIT_CONTACT = "unit_contact", _("单位联络员")
    MERCHANT_KEEPER = "merchant_keeper", _("兑换商家负责人")
    # government
    DEPARTMENT_OFFICER = "department_officer", _("部门经办人")
    SUBDISTRICT_OPERATOR = "subdistrict_operator", _("街道指挥中心")
    SUBDISTRICT_LEADER = "subdistrict_leader", _("街道领导")
    DISTRICT_OFFICER = "district_officer", _("区级工作人员")
    # the three administrators, never one person
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
    AUDITOR = "auditor", _("审计管理员")


ADMINISTRATORS = frozenset({Position.SYSTEM_ADMIN, Position.SECURITY_ADMIN, Position.AUDITOR})

# People at work: shorter sessions, second factor (domain: MLPS 2.0). Whoever has a right is among
# them, as every right opens other people's data.
STAFF = frozenset(
    {
        Position.PARTY_SECRETARY,
        Position.PARTY_DEPUTY,
        Position.COMMITTEE_DIRECTOR,
        Position.COMMITTEE_MEMBER,
        Position.SUPERVISOR,
        Position.SOCIAL_WORKER,
        Position.GRID_LEAD,
        Position.GRID_WORKER,
        Position.OWNERS_DIRECTOR,
        Position.OWNERS_MEMBER,
        Position.PROPERTY_MANAGER,
        Position.PROPERTY_STAFF,
        Position.MERCHANT_KEEPER,
        Position.DEPARTMENT_OFFICER,
        Position.SUBDISTRICT_OPERATOR,
        Position.SUBDISTRICT_LEADER,
        Position.DISTRICT_OFFICER,
        *ADMINISTRATORS,
    }
)

# Rights that belong to the body itself (the orders sent to a property company), granted on the
# organization; all others are granted on the area.
_rights: dict[str, set[str]] = defaultdict(set)
_on_organization: set[str] = set()


def register(permission: str, *positions: Position, on_organization: bool = False) -> None:
    """Let every holder of ``positions`` have ``permission`` ("app.codename").

    The codename must also stand in some model's ``Meta.permissions`` of that app. Calling again
    adds positions. ``on_organization``: granted on the organization instead of the area.
    """
    for position in positions:
        _rights[permission].add(position)
    if on_organization:
        _on_organization.add(permission)


def rights_of_position(position: str) -> dict[str, bool]:
    """permission → is it granted on the organization (else on the area)."""
    return {
        permission: permission in _on_organization
        for permission, holders in _rights.items()
        if position in holders
    }


def known_rights() -> frozenset[str]:
    return frozenset(_rights)
