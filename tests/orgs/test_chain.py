"""Bodies stand in legal places; sizes and terms warn; what goes keeps its past."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from orgs import access, chain, linkage, posts
from orgs.models import Household, Linkage, Membership, Organization, Person
from orgs.models import OrganizationKind as Kind
from orgs.positions import Position

WHY = "青工委〔2026〕7号"


def members(organization, number, *, full=True, start=0):
    people = Person.objects.bulk_create(
        Person(name=f"党员{start + n}", is_demo=True) for n in range(number)
    )
    Membership.objects.bulk_create(
        Membership(person=person, organization=organization, is_full=full, starts_on="2020-01-01")
        for person in people
    )
    return people


def codes(place):
    return {
        (advice.code, advice.organization and advice.organization.name)
        for advice in chain.warnings(place)
    }


def group(street, name="1栋党小组", **more):
    return chain.found(
        Kind.BUILDING_GROUP, name, street.building, superior=street.branch, reason=WHY, **more
    )


# --- founding and moving -----------------------------------------------------------------------


def test_the_whole_chain_down_to_a_door(street):
    made = group(street, by=street.chen)
    door = chain.found(
        Kind.CONTACT_HOUSEHOLD,
        "王家中心户",
        street.building,
        superior=made,
        household=street.home,
        by=street.chen,
        reason=WHY,
    )
    assert (door.superior, made.superior) == (made, street.branch)
    assert chain.check(door) == []
    assert made.events.get().pgh_context.metadata == {"reason": WHY, "person": street.chen.pk}


@pytest.mark.parametrize(
    ("kind", "area", "superior", "says"),
    [
        (Kind.GRID_BRANCH, "community", "party", "须设在网格"),
        (Kind.GRID_BRANCH, "grid2", None, "须有上级组织"),
        (Kind.GRID_BRANCH, "grid2", "branch", "不能以第一网格党支部"),
        (Kind.GRID_BRANCH, "grid_elsewhere", "party", "不在上级组织梧桐里社区党委的区域内"),
        (Kind.COMMUNITY_COMMITTEE, "elsewhere", "office", "不能以青桐街道办事处"),
        (Kind.BUILDING_GROUP, "building", "party", "不能以梧桐里社区党委"),
        (Kind.HOSTED_GROUP, "community", "party", "须设在"),
        (Kind.CONTACT_HOUSEHOLD, "building", "branch", "须对应一户"),
        (Kind.PLATFORM, "grid", None, "不能设在第一网格"),
        (Kind.PLATFORM, "street", None, "不能设在青桐街道"),
    ],
)
def test_illegal_places_are_refused_in_words(street, kind, area, superior, says):
    above = getattr(street, superior) if superior else None
    with pytest.raises(chain.IllegalPlace, match=says):
        chain.found(kind, "试验组织", getattr(street, area), superior=above, reason=WHY)
    assert not Organization.objects.filter(name="试验组织").exists()


def test_every_kind_has_its_rule_and_its_posts():
    assert set(chain.RULES) == set(Kind) == set(posts.POSTS_OF)


def test_a_hosted_group_sits_in_the_company(street):
    hosted = chain.found(
        Kind.HOSTED_GROUP,
        "物业党小组",
        street.community,
        superior=street.party,
        host=street.property_company,
        reason=WHY,
    )
    with pytest.raises(chain.StillInUse, match="物业党小组"):
        chain.close(street.property_company, reason=WHY)
    chain.close(hosted, reason=WHY)
    chain.close(street.property_company, reason=WHY)
    street.linkage.refresh_from_db()
    assert street.linkage.property_company is None


def test_names_are_used_once_per_place_and_kind(street):
    group(street)
    with pytest.raises(chain.NameTaken, match="1栋党小组"):
        group(street)


def test_strangers_to_the_place_found_nothing(street):
    for who in ("li", "zhou", "wang", "security_admin"):
        with pytest.raises(chain.NotEntitled):
            group(street, by=getattr(street, who))
    with pytest.raises(chain.ReasonMissing):
        chain.close(street.branch, by=street.chen, reason="")


def test_a_body_never_stands_under_itself(street):
    lower = Organization.objects.create(
        kind=Kind.DISTRICT_GOVERNMENT,
        name="下属局",
        area=street.district,
        superior=street.office.superior,
    )
    with pytest.raises(chain.WouldCircle):
        chain.move(street.office.superior, superior=lower, reason=WHY)


def test_moving_takes_people_and_rights_along(street):
    branch2 = chain.found(
        Kind.GRID_BRANCH, "第二网格党支部", street.grid2, superior=street.party, reason=WHY
    )
    made = group(street)
    posts.appoint(street.newcomer, made, Position.GROUP_LEADER, reason=WHY)
    with pytest.raises(chain.IllegalPlace, match="不在上级组织"):
        chain.move(made, superior=branch2, reason=WHY)
    moved = chain.move(made, superior=branch2, area=street.grid2, by=street.chen, reason=WHY)
    assert (moved.superior, moved.area) == (branch2, street.grid2)
    assert street.newcomer.appointments.in_force().get().jurisdiction == street.grid2


def test_rights_follow_the_compounds_a_company_serves(street):
    from orgs.models import Grant

    def places():
        rows = Grant.objects.filter(user=street.sun, content_type__model="area")
        return set(rows.values_list("object_pk", flat=True))

    assert places() == {str(street.community.pk)}
    chain.serve(street.committee, [street.grid2], by=street.chen, reason=WHY)
    assert places() == {str(street.grid2.pk)}
    access.forget(street.sun)
    rights = access.rights_of(street.sun)
    assert not rights.may("orgs.verify_residence", area_path=street.grid.path)


def test_amending_changes_facts_only(street):
    chain.amend(street.branch, name="梧桐里第一党支部", by=street.chen, reason=WHY)
    street.branch.refresh_from_db()
    assert street.branch.name == "梧桐里第一党支部"
    with pytest.raises(TypeError):
        chain.amend(street.branch, superior=None, reason=WHY)
    today = timezone.localdate()
    with pytest.raises(chain.WrongTerm):
        chain.amend(street.branch, term_starts_on=today, term_ends_on=today, reason=WHY)


# --- merging and closing -----------------------------------------------------------------------


def test_merging_hands_everything_over_and_keeps_the_past(street):
    into = chain.found(
        Kind.GRID_BRANCH, "第二网格党支部", street.grid2, superior=street.party, reason=WHY
    )
    both, *others = members(street.branch, 4)
    Membership.objects.create(person=both, organization=into, starts_on="2020-01-01")
    posts.appoint(others[0], street.branch, Position.PARTY_SECRETARY, reason=WHY)
    hosted = chain.found(
        Kind.HOSTED_GROUP,
        "物业党小组",
        street.grid,
        superior=street.branch,
        host=street.property_company,
        reason=WHY,
    )

    with pytest.raises(chain.CannotMerge, match="物业党小组"):
        chain.merge(street.branch, into, by=street.chen, reason=WHY)
    chain.move(hosted, superior=street.party, reason=WHY)
    gone = chain.merge(street.branch, into, by=street.chen, reason=WHY)

    assert (gone.closed_on, gone.merged_into) == (timezone.localdate(), into)
    assert chain.count_members(into) == 4
    assert into.memberships.in_force().count() == 4
    yesterday = timezone.localdate() - timedelta(days=1)
    assert street.branch.memberships.in_force(on=yesterday).count() == 4
    assert not street.branch.appointments.in_force().exists()
    assert street.branch.appointments.get().relief_reason == WHY
    assert Linkage.objects.get().party_branch == into
    with pytest.raises(chain.OrganizationClosed):
        chain.close(street.branch, reason=WHY)


def test_only_bodies_of_one_sort_merge(street):
    with pytest.raises(chain.CannotMerge):
        chain.merge(street.branch, street.party, reason=WHY)
    with pytest.raises(chain.CannotMerge):
        chain.merge(street.branch, street.branch, reason=WHY)


def test_closing_refuses_while_bodies_stand_under_it(street):
    with pytest.raises(chain.StillInUse, match="第一网格党支部"):
        chain.close(street.party, by=street.chen, reason=WHY)


def test_closing_a_group_hands_members_to_the_branch_and_ends_posts(street):
    made = group(street)
    people = members(made, 3)
    posts.appoint(people[0], made, Position.GROUP_LEADER, reason=WHY)
    Household.objects.filter(pk=street.home.pk).update(contact_household=None)

    chain.close(made, by=street.chen, reason=WHY)

    assert street.branch.memberships.in_force().count() == 3
    assert not people[0].appointments.in_force().exists()
    assert Membership.objects.filter(organization=made, ends_on=timezone.localdate()).count() == 3


def test_members_need_somewhere_to_go(street):
    working = street.working_committee
    lone = chain.found(
        Kind.COMMUNITY_BRANCH, "银杏湾社区党支部", street.elsewhere, superior=working, reason=WHY
    )
    members(lone, 2)
    with pytest.raises(chain.StillInUse, match="接收党员关系"):
        chain.close(lone, members_to=street.committee, reason=WHY)
    chain.close(lone, members_to=street.party, reason=WHY)
    assert street.party.memberships.in_force().count() == 2


# --- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "full", "expected"),
    [
        (2, True, {"too_few"}),
        (3, True, {"secretary_only"}),
        (6, True, {"secretary_only"}),
        (7, True, set()),
        (7, False, set()),
        (50, True, set()),
        (51, True, {"too_many"}),
    ],
)
def test_branch_sizes(street, number, full, expected):
    members(street.branch, number, full=full)
    found = {code for code, _name in codes(street.branch)} - {"vacant_head"}
    assert found == expected


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        (Kind.COMMUNITY_COMMITTEE, 99, {"too_few"}),
        (Kind.COMMUNITY_COMMITTEE, 100, set()),
        (Kind.GENERAL_BRANCH, 49, {"too_few"}),
        (Kind.GENERAL_BRANCH, 94, set()),
        (Kind.GENERAL_BRANCH, 96, {"could_rise_soon"}),
        (Kind.GENERAL_BRANCH, 100, {"could_rise"}),
    ],
)
def test_the_committee_counts_everybody_below_it(street, kind, number, expected):
    Organization.objects.filter(pk=street.party.pk).update(kind=kind)
    street.party.refresh_from_db()
    made = group(street)
    people = members(made, number)
    # in two bodies of the subtree, still one person
    Membership.objects.create(person=people[0], organization=street.branch, starts_on="2020-01-01")
    assert {code for code, _name in codes(street.party)} == expected
    assert chain.count_members(street.party) == number


def test_the_hint_tells_how_many_are_missing(street):
    Organization.objects.filter(pk=street.party.pk).update(kind=Kind.GENERAL_BRANCH)
    street.party.refresh_from_db()
    members(street.branch, 96)
    assert "再增加 4 名" in chain.warnings(street.party)[0].text


def test_terms_and_vacant_heads(street):
    today = timezone.localdate()
    cases = {today: "term_over", today + timedelta(days=90): "term_ending"}
    for day, code in cases.items():
        chain.amend(street.owners, term_ends_on=day, reason=WHY)
        street.owners.refresh_from_db()
        assert codes(street.owners) == {(code, "梧桐里一期业委会")}
    chain.amend(street.owners, term_ends_on=today + timedelta(days=91), reason=WHY)
    street.owners.refresh_from_db()
    assert codes(street.owners) == set()
    posts.relieve(street.zheng.appointments.get(), reason=WHY)
    assert codes(street.owners) == {("vacant_head", "梧桐里一期业委会")}


def test_grids_outside_the_norm_and_the_number_of_queries(street, django_assert_num_queries):
    Household.objects.bulk_create(
        Household(area=street.building, area_path=street.building.path, stairwell="9", room=f"{n}")
        for n in range(299)
    )
    found = {(a.code, a.area.name) for a in chain.warnings(street.community) if a.area}
    assert found == {("grid_too_small", "第二网格")}
    group(street, "0号党小组")
    with django_assert_num_queries(8):
        chain.warnings(street.community)
    for n in range(1, 4):
        group(street, f"{n}号党小组")
    with django_assert_num_queries(8):
        chain.warnings(street.community)


@pytest.mark.django_db(transaction=True)
def test_two_merges_into_each_other_leave_one_body():
    from tests import cast

    street = cast.build()
    other = chain.found(
        Kind.GRID_BRANCH, "第二网格党支部", street.grid2, superior=street.party, reason=WHY
    )

    def merge(pair):
        try:
            chain.merge(*pair, reason=WHY)
            return "merged"
        except (chain.OrganizationClosed, chain.CannotMerge):
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(merge, [(street.branch, other), (other, street.branch)]))
    assert sorted(answers) == ["merged", "refused"]
    assert Organization.objects.open().filter(kind=Kind.GRID_BRANCH).count() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_is_appointed_to_a_body_that_closes_meanwhile():
    from tests import cast

    street = cast.build()
    made = group(street)

    def close(_):
        try:
            chain.close(made, reason=WHY)
        finally:
            connection.close()

    def appoint(_):
        try:
            posts.appoint(street.newcomer, made, Position.GROUP_LEADER, reason=WHY)
        except posts.OrganizationClosed:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(close, 1), pool.submit(appoint, 1)]:
            done.result(timeout=20)
    assert not made.appointments.in_force().exists()


# --- linkage -----------------------------------------------------------------------------------


def test_a_linkage_ties_fitting_bodies_only(street):
    made = linkage.tie(
        "梧桐里二期",
        street.community,
        grids=[street.grid2],
        party_branch=street.branch,
        residents_committee=street.committee,
        by=street.chen,
        reason=WHY,
    )
    assert linkage.of_grid(street.grid2) == made
    with pytest.raises(linkage.WrongBody, match="业委会或物管会"):
        linkage.change(made, owners_body=street.property_company, reason=WHY)
    with pytest.raises(linkage.WrongBody, match="不是梧桐里社区的网格"):
        linkage.change(made, grids=[street.grid_elsewhere], reason=WHY)
    with pytest.raises(linkage.NotEntitled):
        linkage.change(made, note="试点", by=street.zhou, reason=WHY)
    with pytest.raises(linkage.NameTaken):
        linkage.change(made, name="梧桐里一期", reason=WHY)
    changed = linkage.change(made, owners_body=street.owners, by=street.chen, reason=WHY)
    assert [event.owners_body_id for event in changed.events.order_by("pk")] == [
        None,
        street.owners.pk,
    ]
