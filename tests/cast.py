"""One small cast for all tests: a street with two communities, and people who hold posts in it.

李 (li) works grid 1 of 梧桐里, 赵 (zhao) works a grid of 银杏湾 and sees nothing of it, 王 (wang)
lives in 梧桐里 grid 1, 钱 (qian) lives in 银杏湾. Names of fields are the roles.
"""

from datetime import date
from functools import cache
from types import SimpleNamespace

from django.contrib.auth.hashers import make_password

from orgs import posts
from orgs.models import (
    Area,
    Household,
    Linkage,
    Organization,
    Person,
    Residence,
)
from orgs.models import (
    OrganizationKind as Kind,
)
from orgs.positions import Position
from tests.snapshot import Snapshot

LONG_AGO = date(2020, 1, 1)
PASSWORD = "Qingtong-2026-ok"


@cache
def _hashed() -> str:
    """Hashed once per run: the real hasher takes a fifth of a second, for each of the cast."""
    return make_password(PASSWORD)


def person(name: str, phone: str) -> Person:
    someone = Person(name=name, password=_hashed(), is_demo=True)
    someone.phone = phone
    someone.save()
    return someone


def build() -> SimpleNamespace:
    """Put the cast into the database and hand it back by role."""
    return _cast.enter()


def write() -> SimpleNamespace:
    city = Area.objects.add_root({"level": "city", "code": "9902", "name": "江澜市"})
    district = Area.objects.add_child(
        city, {"level": "district", "code": "990203", "name": "望汐区"}
    )
    street = Area.objects.add_child(
        district, {"level": "subdistrict", "code": "990203005", "name": "青桐街道"}
    )
    community = Area.objects.add_child(
        street, {"level": "community", "code": "990203005001", "name": "梧桐里社区"}
    )
    elsewhere = Area.objects.add_child(
        street, {"level": "community", "code": "990203005002", "name": "银杏湾社区"}
    )
    grid = Area.objects.add_child(
        community, {"level": "grid", "code": "990203005001001", "name": "第一网格"}
    )
    grid2 = Area.objects.add_child(
        community, {"level": "grid", "code": "990203005001002", "name": "第二网格"}
    )
    grid_elsewhere = Area.objects.add_child(
        elsewhere, {"level": "grid", "code": "990203005002001", "name": "第一网格"}
    )
    building = Area.objects.add_child(
        grid, {"level": "building", "code": "990203005001001001", "name": "1栋"}
    )
    building_elsewhere = Area.objects.add_child(
        grid_elsewhere, {"level": "building", "code": "990203005002001001", "name": "1栋"}
    )
    for area in (city, district, street, community, elsewhere, grid, grid2, grid_elsewhere):
        area.refresh_from_db()

    def body(kind, name, area, superior=None, **more):
        return Organization.objects.create(
            kind=kind, name=name, area=area, superior=superior, founded_on=LONG_AGO, **more
        )

    district_office = body(Kind.DISTRICT_GOVERNMENT, "望汐区社会工作部", district)
    platform = body(Kind.PLATFORM, "平台运行管理", district)
    office = body(Kind.SUBDISTRICT_OFFICE, "青桐街道办事处", street, district_office)
    working_committee = body(Kind.WORKING_COMMITTEE, "青桐街道党工委", street)
    department = body(Kind.DEPARTMENT, "青桐街道综合执法队", street, office)
    party = body(Kind.COMMUNITY_COMMITTEE, "梧桐里社区党委", community, working_committee)
    branch = body(Kind.GRID_BRANCH, "第一网格党支部", grid, party)
    committee = body(Kind.RESIDENTS_COMMITTEE, "梧桐里社区居委会", community, office)
    committee_elsewhere = body(Kind.RESIDENTS_COMMITTEE, "银杏湾社区居委会", elsewhere, office)
    owners = body(Kind.OWNERS_COMMITTEE, "梧桐里一期业委会", grid)
    property_company = body(Kind.PROPERTY_COMPANY, "青桐物业服务公司", community)
    property_company.served_areas.add(grid)
    merchant_shop = body(Kind.MERCHANT, "梧桐便民超市", community)
    linkage = Linkage.objects.create(
        name="梧桐里一期",
        community=community,
        party_branch=branch,
        residents_committee=committee,
        owners_body=owners,
        property_company=property_company,
    )
    linkage.grids.add(grid)

    def post(name, phone, organization, position, area=None):
        someone = person(name, phone)
        posts.appoint(
            someone, organization, position, area=area, starts_on=LONG_AGO, reason="测试任命"
        )
        return someone

    home = Household.objects.create(area=building, stairwell="1", room="301")
    home_elsewhere = Household.objects.create(area=building_elsewhere, stairwell="1", room="101")
    cast = SimpleNamespace(
        city=city,
        district=district,
        street=street,
        community=community,
        elsewhere=elsewhere,
        grid=grid,
        grid2=grid2,
        grid_elsewhere=grid_elsewhere,
        building=building,
        home=home,
        home_elsewhere=home_elsewhere,
        district_office=district_office,
        platform=platform,
        working_committee=working_committee,
        office=office,
        department=department,
        party=party,
        branch=branch,
        committee=committee,
        committee_elsewhere=committee_elsewhere,
        owners=owners,
        property_company=property_company,
        merchant_shop=merchant_shop,
        linkage=linkage,
        li=post("李网格", "10000000001", committee, Position.GRID_WORKER, grid),
        sun=post("孙社工", "10000000002", committee, Position.SOCIAL_WORKER),
        zhou=post("周书记", "10000000003", party, Position.PARTY_SECRETARY),
        wu=post("吴物业", "10000000004", property_company, Position.PROPERTY_MANAGER),
        zheng=post("郑业委", "10000000005", owners, Position.OWNERS_DIRECTOR),
        feng=post("冯执法", "10000000006", department, Position.DEPARTMENT_OFFICER),
        chen=post("陈街道", "10000000007", office, Position.SUBDISTRICT_OPERATOR),
        chu=post("褚区级", "10000000008", district_office, Position.DISTRICT_OFFICER),
        shang=post("商店主", "10000000009", merchant_shop, Position.MERCHANT_KEEPER),
        system_admin=post("卫系统", "10000000010", platform, Position.SYSTEM_ADMIN),
        security_admin=post("蒋安全", "10000000011", platform, Position.SECURITY_ADMIN),
        auditor=post("沈审计", "10000000012", platform, Position.AUDITOR),
        zhao=post(
            "赵网格", "10000000013", committee_elsewhere, Position.GRID_WORKER, grid_elsewhere
        ),
        han=post("韩领导", "10000000014", office, Position.SUBDISTRICT_LEADER),
        wang=person("王居民", "10000000020"),
        qian=person("钱居民", "10000000021"),
        newcomer=person("新来的", "10000000022"),
    )
    for someone, household in ((cast.wang, home), (cast.qian, home_elsewhere)):
        Residence.objects.create(
            person=someone,
            household=household,
            kind=Residence.Kind.OWNER,
            state=Residence.State.VERIFIED,
            starts_on=LONG_AGO,
            verified_by=cast.li,
        )
    return cast


_cast = Snapshot(write)
