"""The tree changes without losing anything: codes, copied paths, rights and the past."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orgs import access, areas, posts, residence
from orgs.models import Appointment, Area, Household, Organization, Residence
from orgs.models import OrganizationKind as Kind
from orgs.positions import Position

WHY = "区划调整通知〔2026〕3号"


def codes(area):
    return list(Area.objects.within(Area.objects.get(pk=area.pk)).values_list("code", flat=True))


def test_a_place_is_founded_with_the_next_free_code(street):
    made = areas.create(street.community, level="grid", name="第三网格", by=street.chen, reason=WHY)

    assert made.code == "990203005001003"
    assert made.path.startswith(street.community.path)
    event = made.events.get()
    assert event.pgh_context.metadata == {"reason": WHY, "person": street.chen.pk}


def test_a_closed_place_keeps_its_code(street):
    areas.close(street.grid2, reason=WHY)
    assert areas.create(street.community, level="grid", name="新网格", reason=WHY).code.endswith(
        "003"
    )


@pytest.mark.parametrize(
    ("level", "code", "refusal"),
    [
        ("community", "990203005001", areas.WrongLevel),
        ("building", "990203005001001002", areas.WrongLevel),
        ("grid", "99020300500100", areas.WrongCode),
        ("grid", "99020300500100x", areas.WrongCode),
        ("grid", "990203005002009", areas.WrongCode),
        ("grid", "990203005001001", areas.CodeTaken),
    ],
)
def test_level_and_code_follow_the_parent(street, level, code, refusal):
    with pytest.raises(refusal):
        areas.create(street.community, level=level, code=code, name="网格", reason=WHY)
    assert Area.objects.filter(level="grid").count() == 3


def test_changes_need_a_reason_and_the_right(street):
    with pytest.raises(areas.ReasonMissing):
        areas.rename(street.grid, "北苑网格", by=street.chen, reason=" ")
    for who in ("li", "zhou", "wang", "system_admin"):
        with pytest.raises(areas.NotEntitled):
            areas.rename(street.grid, "北苑网格", by=getattr(street, who), reason=WHY)
    with pytest.raises(areas.NotEntitled):
        areas.rename(street.district, "新区", by=street.chen, reason=WHY)


def test_a_renamed_place_keeps_its_former_name_in_history(street):
    areas.rename(street.grid, "北苑网格", by=street.chen, reason=WHY)
    events = Area.objects.get(pk=street.grid.pk).events.order_by("pk")
    assert [event.name for event in events][-2:] == ["第一网格", "北苑网格"]
    assert events.last().pgh_context.metadata["person"] == street.chen.pk


def test_moving_a_grid_moves_codes_doors_and_rights(street):
    rights_before = access.rights_of(street.li)
    assert rights_before.may("orgs.verify_residence", area_path=street.building.path)
    past_paths = list(street.home.events.values_list("area_path", flat=True))

    moved = areas.move(street.grid, street.elsewhere, by=street.chen, reason=WHY)

    assert moved.code == "990203005002002"
    assert codes(moved) == ["990203005002002", "990203005002002001"]
    home = Household.objects.get(pk=street.home.pk)
    assert home.area_path == home.area.path
    assert home.area_path.startswith(street.elsewhere.path)
    assert areas.strayed() == {}
    access.forget(street.li)
    assert access.rights_of(street.li).may("orgs.verify_residence", area_path=home.area_path)
    assert residence.is_verified_resident_of(street.wang, street.elsewhere)
    assert not residence.is_verified_resident_of(street.wang, street.community)
    # history tables keep where things stood
    assert list(home.events.order_by("pk").values_list("area_path", flat=True))[:-1] == past_paths
    # numchild stays right: a later child gets its own path
    areas.create(street.community, level="grid", name="补建网格", reason=WHY)
    areas.create(street.elsewhere, level="grid", name="再建网格", reason=WHY)
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_moving_to_a_parent_of_another_level_is_refused(street):
    with pytest.raises(areas.WrongLevel):
        areas.move(street.grid, street.street, reason=WHY)


def test_merging_grids_redirects_everything_current(street):
    made = posts.appoint(
        street.newcomer, street.committee, Position.GRID_WORKER, area=street.grid2, reason="任命"
    )
    Organization.objects.create(kind=Kind.GRID_BRANCH, name="第二党支部", area=street.grid2)

    gone = areas.merge(street.grid, street.grid2, by=street.chen, reason=WHY)

    into = Area.objects.get(pk=street.grid2.pk)
    assert (gone.closed_on, gone.merged_into) == (timezone.localdate(), into)
    assert {body.name for body in into.organizations.all()} == {
        "第一网格党支部",
        "第二党支部",
        "梧桐里一期业委会",
    }
    home = Household.objects.get(pk=street.home.pk)
    assert home.area.ancestor("grid") == into
    assert list(street.linkage.grids.all()) == [into]
    assert list(street.property_company.served_areas.all()) == [into]
    assert Appointment.objects.get(person=street.li).area == into
    for worker in (street.li, street.newcomer):
        access.forget(worker)
        rights = access.rights_of(worker)
        assert rights.may("orgs.verify_residence", area_path=home.area_path)
    assert made.pk
    assert areas.strayed() == {}
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_merging_buildings_with_the_same_door_is_refused(street):
    other = areas.create(street.grid, level="building", name="2栋", reason=WHY)
    Household.objects.create(area=other, stairwell="1", room="301")
    with pytest.raises(areas.CannotMerge, match="1 户"):
        areas.merge(other, street.building, reason=WHY)


def test_merging_bodies_of_one_name_is_refused_by_name(street):
    Organization.objects.create(kind=Kind.GRID_BRANCH, name="第一网格党支部", area=street.grid2)
    with pytest.raises(areas.CannotMerge, match="第一网格党支部"):
        areas.merge(street.grid, street.grid2, reason=WHY)
    street.grid.refresh_from_db()
    assert street.grid.closed_on is None


def test_closing_names_what_is_still_there(street):
    with pytest.raises(areas.StillInUse) as refused:
        areas.close(street.grid, by=street.chen, reason=WHY)
    text = str(refused.value)
    for word in ("1栋", "第一网格党支部", "1 户仍有人居住", "1 项任职", "梧桐里一期"):
        assert word in text
    street.grid.refresh_from_db()
    assert street.grid.closed_on is None


def test_an_empty_place_closes_once(street):
    areas.close(street.grid2, by=street.chen, reason=WHY)
    with pytest.raises(areas.AreaClosed):
        areas.close(street.grid2, by=street.chen, reason=WHY)
    with pytest.raises(areas.AreaClosed):
        areas.create(street.grid2, level="building", name="9栋", reason=WHY)


def test_a_building_closes_when_the_last_home_has_ended(street):
    mine = street.wang.residences.get()
    residence.end(mine, by=street.wang, reason="迁出", on=timezone.localdate())
    assert areas.close(street.building, reason=WHY).closed_on == timezone.localdate()
    assert Residence.objects.filter(household__area=street.building).exists()


@pytest.mark.django_db(transaction=True)
def test_a_door_written_while_its_grid_moves_lands_where_the_grid_went():
    from tests import cast

    street = cast.build()

    def write_door():
        try:
            stale = Area.objects.get(pk=street.building.pk)
            with transaction.atomic():
                return Household.objects.create(area=stale, stairwell="1", room="999").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            areas.move(street.grid, street.elsewhere, reason=WHY)
            pending = pool.submit(write_door)
            with pytest.raises(TimeoutError):
                pending.result(timeout=0.5)
        pending.result(timeout=10)
    assert areas.strayed() == {}


@pytest.mark.django_db(transaction=True)
def test_two_moves_of_one_grid_follow_each_other():
    from tests import cast

    street = cast.build()

    def go(parent):
        try:
            return areas.move(street.grid, parent, reason=WHY).code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(go, [street.elsewhere, street.community]))
    assert Area.objects.find_problems() == ([], [], [], [], [])
    assert areas.strayed() == {}
