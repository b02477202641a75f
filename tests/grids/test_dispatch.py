"""Who may lead, who stands nearest."""

import pytest

from grids import dispatch, handling, refusals
from orgs import posts
from orgs.models import Area, Organization, OrganizationKind
from orgs.positions import Position
from tests import cast
from tests.grids import loop

pytestmark = pytest.mark.django_db


def names(issue, person):
    return [one.organization.name for one in dispatch.candidates(issue, person)]


def test_bodies_that_serve_the_place(street):
    issue = loop.post(street)
    assert names(issue, street.li) == ["青桐物业服务公司", "梧桐里社区居委会", "梧桐里一期业委会"]
    assert dispatch.candidates(issue, street.li)[0].suggested
    other = loop.post(street, area=street.grid2)  # the company does not serve it
    assert names(other, street.sun) == ["梧桐里社区居委会"]


def test_offices_and_departments_are_for_the_street_to_send_to(street):
    issue = loop.post(street, kind="油烟噪声", text="夜间烧烤油烟")
    assert "青桐街道综合执法队" not in names(issue, street.sun)
    found = names(issue, street.chen)
    assert found[:2] == ["青桐街道综合执法队", "青桐街道办事处"]


def test_nobody_elsewhere_is_offered(street):
    issue = loop.post(street, area=street.grid_elsewhere)
    assert names(issue, street.zhao) == ["银杏湾社区居委会"]


def test_a_body_without_people_cannot_lead(street):
    posts.relieve(street.wu.appointments.get(), reason="离职")
    issue = loop.to_state(street, "filed")
    assert "青桐物业服务公司" not in names(issue, street.li)
    with pytest.raises(refusals.NotACandidate):
        handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)


def test_a_body_whose_only_one_is_the_reporter_cannot_lead(street):
    issue = loop.post(street, reporter=street.wu)
    assert "青桐物业服务公司" not in names(issue, street.li)


def test_a_closed_body_is_not_offered(street):
    issue = loop.post(street)
    Organization.objects.filter(pk=street.owners.pk).update(closed_on="2026-01-01")
    assert "梧桐里一期业委会" not in names(issue, street.li)


def test_workload_is_counted(street):
    loop.to_state(street, "in_progress")
    loop.to_state(street, "closed")
    counts = {
        one.organization.pk: one.open_count
        for one in dispatch.candidates(loop.post(street), street.li)
    }
    assert counts[street.property_company.pk] == 1


def test_the_nearest_are_told(street):
    def near(path, *aside):
        found = dispatch.nearest("grids.file_issue", path, excluding=[one.pk for one in aside])
        return {person.name for person in found}

    assert near(street.grid.path) == {"李网格"}
    assert near(street.building.path) == {"李网格"}
    assert near(street.grid2.path) == {"孙社工", "周书记"}
    assert near(street.grid.path, street.li) == {"孙社工", "周书记"}
    assert near(street.grid.path, street.li, street.sun, street.zhou) == {"陈街道"}
    assert near(street.grid_elsewhere.path) == {"赵网格"}
    assert near(street.city.path) == set()


def test_a_department_of_the_district_may_be_sent_to(street):
    bureau = Organization.objects.create(
        kind=OrganizationKind.DEPARTMENT, name="望汐区城管局", area=street.district
    )
    officer = cast.person("何城管", "10000000040")
    posts.appoint(officer, bureau, Position.DEPARTMENT_OFFICER, reason="测试任命")
    issue = loop.post(street, kind="道路照明", text="路灯不亮")
    assert "望汐区城管局" in names(issue, street.chen)
    loop.file(issue, street.li)
    handling.advance(issue, "dispatch", by=street.chen, lead=bureau)
    handling.advance(issue, "sign", by=officer)
    assert issue.handler == officer


def test_around_names_every_area_above():
    assert dispatch.around("00010002") == ["0001", "00010002"]
    assert len(dispatch.around("0001" * 7)) == 28 // Area.steplen
