"""The cast with a chain below its branch: groups, contact households, a hosted group, residents."""

from datetime import timedelta

from django.utils import timezone

from orgs import posts
from orgs.models import (
    Area,
    Household,
    Linkage,
    Membership,
    Organization,
    OrganizationKind,
    Residence,
)
from orgs.positions import Position
from tests import cast
from tests.cast import LONG_AGO, person
from tests.snapshot import Snapshot

K = OrganizationKind


def furnish(street):
    """Add to the cast what the chain pages draw; hands the cast back with more names on it."""
    street.joint = body(
        K.JOINT_COMMUNITY_COMMITTEE, "梧桐里社区大党委", street.community, street.party
    )
    street.hosted = body(
        K.HOSTED_GROUP,
        "青桐物业党小组",
        street.community,
        street.branch,
        host=street.property_company,
    )
    street.group = body(K.BUILDING_GROUP, "1栋党小组", street.building, street.branch)
    street.contact = body(
        K.CONTACT_HOUSEHOLD, "1栋301中心户", street.building, street.group, household=street.home
    )
    street.neighbour_home = Household.objects.create(
        area=street.building, stairwell="1", room="302", contact_household=street.contact
    )
    street.leader = give_post("何组长", "10000000030", street.group, Position.GROUP_LEADER)
    street.host = give_post("吕户主", "10000000031", street.contact, Position.CONTACT_HOST)
    street.head = give_post(
        "施楼长", "10000000032", street.committee, Position.BUILDING_LEADER, street.building
    )
    street.branch_secretary = give_post(
        "张支书", "10000000033", street.branch, Position.PARTY_SECRETARY
    )
    street.former = person("孔前任", "10000000034")
    post = posts.appoint(
        street.former,
        street.committee,
        Position.COMMITTEE_DIRECTOR,
        starts_on=LONG_AGO,
        reason="选举",
    )
    posts.relieve(post, on=LONG_AGO + timedelta(days=400), reason="换届离任")
    Membership.objects.create(
        person=street.wang, organization=street.branch, starts_on=LONG_AGO, kind="retired"
    )
    for one, phone in ((street.committee, "0990-5550101"), (street.office, "0990-5550100")):
        one.contact_phone = phone
        one.save(update_fields=["contact_phone"])
    return street


def furnished():
    """The furnished cast, put back as it was first written."""
    return _furnished.enter()


def with_next_door():
    """The furnished cast beside another street, in which 邓 has the same right as 陈 has here."""
    return _with_next_door.enter()


def _next_door():
    street = furnish(cast.write())
    district = Area.objects.get(pk=street.district.pk)
    street.next_door = Area.objects.add_child(
        district, {"level": "subdistrict", "code": "990203006", "name": "白榆街道"}
    )
    office = body("subdistrict_office", "白榆街道办事处", street.next_door)
    street.deng = give_post("邓外街", "10000000040", office, Position.SUBDISTRICT_OPERATOR)
    street.branch2 = body("grid_branch", "第二网格党支部", street.grid2, street.party)
    return street


_furnished = Snapshot(lambda: furnish(cast.write()))
_with_next_door = Snapshot(_next_door)


def body(kind, name, area, superior=None, **more):
    return Organization.objects.create(
        kind=kind, name=name, area=area, superior=superior, founded_on=LONG_AGO, **more
    )


def give_post(name, phone, organization, position, area=None):
    someone = person(name, phone)
    posts.appoint(someone, organization, position, area=area, starts_on=LONG_AGO, reason="测试任命")
    return someone


def add_grid(street, number: int):
    """One more grid with all that hangs on it, from its worker to its linkage."""
    community = Area.objects.get(pk=street.community.pk)
    code = f"{community.code}{number:03}"
    grid = Area.objects.add_child(
        community, {"level": "grid", "code": code, "name": f"第{number}网格"}
    )
    building = Area.objects.add_child(
        grid, {"level": "building", "code": f"{code}001", "name": "1栋"}
    )
    home = Household.objects.create(area=building, stairwell="1", room="101")
    branch = body(K.GRID_BRANCH, f"第{number}网格党支部", grid, street.party)
    group = body(K.BUILDING_GROUP, f"第{number}网格1栋党小组", building, branch)
    body(K.CONTACT_HOUSEHOLD, f"第{number}网格中心户", building, group, household=home)
    owners = body(K.OWNERS_COMMITTEE, f"第{number}小区业委会", grid)
    give_post(f"员{number}", f"1000002{number:04}", street.committee, Position.GRID_WORKER, grid)
    give_post(f"书{number}", f"1000003{number:04}", branch, Position.PARTY_SECRETARY)
    linkage = Linkage.objects.create(
        name=f"第{number}小区",
        community=community,
        party_branch=branch,
        residents_committee=street.committee,
        owners_body=owners,
        property_company=street.property_company,
    )
    linkage.grids.add(grid)
    return grid


def pending(someone, household, kind="tenant"):
    return Residence.objects.create(
        person=someone, household=household, kind=kind, starts_on=timezone.localdate()
    )
