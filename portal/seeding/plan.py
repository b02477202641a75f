"""How much of what, community by community: the demo's table, in full and in small."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from orgs.models import OrganizationKind as K

LISTS = Path(__file__).parents[2] / "data" / "demo_lists.json"


@dataclass(frozen=True)
class Zone:
    """A compound. ``company``: which of the community's property companies, by its place."""

    name: str
    company: int | None
    owners: str | None = None  # kind of the owners' body
    note: str = ""


@dataclass(frozen=True)
class Community:
    code: str
    name: str
    introduction: str
    built: int
    households: int
    people: int
    buildings: int
    stairwells: int
    grids: int
    members: int
    elder_percent: int
    zones: tuple[Zone, ...]
    companies: tuple[str, ...]
    groups: int  # building Party groups
    residents_groups: int
    generalists: int
    committee_branch: int  # members
    joint_branches: int
    hosted_in_company: bool
    tenants_percent: int
    building_name: str
    party_kind: str = K.COMMUNITY_COMMITTEE

    @property
    def short(self) -> str:
        return self.name.removesuffix("社区")


@dataclass(frozen=True)
class Plan:
    size: str
    communities: tuple[Community, ...]
    resident_units: int
    paired_units: int
    partner_units: int
    institutions: int
    social_organizations: int
    volunteer_teams: int
    merchants: int
    departments: int
    department_officers: int
    subdistrict_staff: int


_COMMISSION, _COMMITTEE = K.MANAGEMENT_COMMISSION, K.OWNERS_COMMITTEE
_PREPARING = "业委会筹备中"

_ZONES = {
    "001": (
        Zone("梧桐里一村", None, note="准物业，社区代管"),
        Zone("梧桐里二村", 0, _COMMISSION, "红色物业"),
        Zone("梧桐里三村", 0, _COMMISSION, "红色物业"),
        Zone("桐荫巷片区", None, note="暂无物业服务"),
        Zone("纺机宿舍", None, note="暂无物业服务"),
    ),
    "002": (
        Zone("银杏湾一期", 0, _COMMITTEE),
        Zone("银杏湾二期", 0, _COMMITTEE),
        Zone("杏林苑", 1, _COMMITTEE),
        Zone("望江公寓", 1, note="未成立业主大会"),
    ),
    "003": (
        Zone("汀兰苑东区", 0, _COMMITTEE),
        Zone("汀兰苑西区", 0, _COMMITTEE),
        Zone("云汀府", 1, note=_PREPARING),
    ),
    "004": (
        Zone("石榴园南苑", 0, _COMMISSION),
        Zone("石榴园北苑", 0, _COMMISSION),
        Zone("石榴园东苑", 0, _COMMISSION),
        Zone("榴花里", 1, note="未成立业主大会"),
    ),
    "005": (
        Zone("晴雪坊街区", None, note="社区代管"),
        Zone("文庙巷院落", None, note="社区代管"),
    ),
    "006": (
        Zone("松涛路一号院", 0, _COMMISSION, "红色物业"),
        Zone("松涛路二号院", 0, _COMMISSION, "红色物业"),
        Zone("松涛路三号院", 0, _COMMISSION, "红色物业"),
        Zone("听松花园", None, _COMMITTEE, "业主自管"),
        Zone("机械厂东院", None, note="单位自管"),
        Zone("机械厂西院", None, note="单位自管"),
    ),
    "007": (
        Zone("百荷塘新村", 0, note="集体物业"),
        Zone("荷塘安置区", 0, note="集体物业"),
        Zone("塘西片区", None, note="暂无物业服务"),
    ),
    "008": (
        Zone("新芽公寓", 0, note=_PREPARING),
        Zone("人才家园", 0, note="未成立业主大会"),
        Zone("创客里", 1, note="未成立业主大会"),
    ),
}

# What the table leaves open: companies, Party groups, residents' groups, generalists, members of
# the committee branch, joint branches, groups inside companies, share of tenants, building names.
_REST = {
    "001": (("青桐红色物业梧桐里服务站",), 24, 43, 6, 8, 0, True, 12, "{}栋"),
    "002": (("澜岸物业银杏湾项目部", "望江物业杏林苑项目部"), 28, 54, 6, 8, 1, True, 12, "{}栋"),
    "003": (("云栖物业汀兰苑项目部", "澜岸物业云汀府项目部"), 24, 61, 6, 8, 1, True, 16, "{}栋"),
    "004": (("望汐安居物业石榴园项目部", "榴花里物业服务部"), 24, 48, 5, 8, 0, True, 18, "{}栋"),
    "005": (("青桐红色物业晴雪坊服务站",), 20, 33, 5, 7, 0, True, 20, "{}号院"),
    "006": (("青桐红色物业松涛路服务站",), 24, 46, 6, 9, 1, True, 14, "{}栋"),
    "007": (("百荷塘集体物业服务部",), 23, 39, 5, 4, 0, False, 62, "{}号楼"),
    "008": (("新芽园区物业服务中心", "创客里物业服务部"), 19, 36, 5, 8, 2, True, 58, "{}栋"),
}


def _communities() -> tuple[Community, ...]:
    rows = json.loads(LISTS.read_text())["communities"]
    return tuple(
        Community(
            code,
            name,
            introduction,
            int(built),
            *numbers[:7],
            _ZONES[code],
            *_REST[code],
            party_kind=K.GENERAL_BRANCH if code == "007" else K.COMMUNITY_COMMITTEE,
        )
        for code, name, introduction, built, *numbers in rows
    )


def full() -> Plan:
    """18,000 households: the whole table."""
    return Plan(
        "full",
        _communities(),
        24,
        16,
        11,
        6,
        14,
        22,
        6,
        departments=9,
        department_officers=18,
        subdistrict_staff=12,
    )


def small() -> Plan:
    """240 households in two communities: for tests. Its grids are under the norm on purpose."""
    communities = tuple(
        replace(
            community,
            households=120,
            people=300,
            buildings=6,
            stairwells=12,
            grids=2,
            members=34,
            zones=zones,
            companies=community.companies[:1],
            groups=4,
            residents_groups=4,
            generalists=2,
            committee_branch=6,
            joint_branches=0,
        )
        for community, zones in zip(
            _communities()[:2], (_ZONES["001"][1:2], _ZONES["002"][:1]), strict=True
        )
    )
    return Plan(
        "small",
        communities,
        3,
        2,
        2,
        2,
        2,
        3,
        2,
        departments=3,
        department_officers=3,
        subdistrict_staff=4,
    )


PLANS = {"small": small, "full": full}
