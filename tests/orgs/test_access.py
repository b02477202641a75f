"""Insider, colleague, outsider: rights hold on a place, from a day to a day, and nowhere else."""

from datetime import datetime, time, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse
from django.utils import timezone

from orgs import access, posts
from orgs.models import Household, Organization, Person
from orgs.positions import Position

RIGHT = "orgs.verify_residence"
WHY = "测试任命"


def doors(person, *permissions):
    rows = access.scope(Household.objects.all(), person, *(permissions or (RIGHT,)))
    return set(rows.values_list("pk", flat=True))


def test_the_insider_sees_the_grid_the_colleague_the_community_the_outsider_nothing(street):
    street.building.refresh_from_db()
    near = Household.objects.create(area=street.building, stairwell="2", room="101")
    own = {street.home.pk, near.pk}

    assert doors(street.li) == own
    assert doors(street.sun) == own  # the generalist, over the whole community
    assert doors(street.zhao) == {street.home_elsewhere.pk}
    for outsider in (street.wang, street.wu, street.shang, street.auditor, AnonymousUser()):
        assert doors(outsider) == set()


def test_a_path_that_only_begins_alike_is_another_place(street):
    rights = access.rights_of(street.li)
    assert rights.may(RIGHT, area_path=street.grid.path)
    assert rights.may(RIGHT, area_path=street.building.path)
    assert not rights.may(RIGHT, area_path=street.grid2.path)
    assert not rights.may(RIGHT, area_path=street.community.path)
    assert not rights.may(RIGHT, area_path="")
    assert not rights.may(RIGHT)


def test_a_second_post_widens_the_scope_and_prefixes_stay_outermost(street):
    posts.appoint(street.li, street.committee, Position.SOCIAL_WORKER, reason=WHY)
    assert access.rights_of(street.li).area_paths(RIGHT) == (street.community.path,)
    posts.appoint(
        street.zhao, street.committee, Position.GRID_WORKER, area=street.grid2, reason=WHY
    )
    assert access.rights_of(street.zhao).area_paths(RIGHT) == tuple(
        sorted([street.grid2.path, street.grid_elsewhere.path])
    )


def test_rights_on_a_body_reach_its_rows_only(street):
    rights = access.Rights({}, {"grids.x": frozenset({street.department.pk})})
    person = Person(name="有权者")
    person._rights = rights
    bodies = access.scope(
        Organization.objects.all(),
        person,
        "grids.x",
        path_field="area__path",
        organization_field="pk",
    )
    assert list(bodies) == [street.department]
    assert rights.may("grids.x", organization_id=street.department.pk)
    assert not rights.may("grids.x", organization_id=street.office.pk)
    assert not rights.may("grids.x", area_path=street.street.path)
    # where rows know no organization, a right on a body shows none of them
    assert not access.scope(Household.objects.all(), person, "grids.x").exists()


def test_any_of_several_rights_opens(street):
    assert doors(street.chen, RIGHT, "orgs.appoint_people") == {
        street.home.pk,
        street.home_elsewhere.pk,
    }
    assert doors(street.chen) == set()


# --- days --------------------------------------------------------------------------------------


def test_rights_begin_and_end_on_their_days_with_nothing_running(street):
    today = timezone.localdate()
    begins, ends = today + timedelta(days=10), today + timedelta(days=20)
    posts.appoint(
        street.newcomer,
        street.committee,
        Position.GRID_WORKER,
        area=street.grid,
        starts_on=begins,
        ends_on=ends,
        reason=WHY,
    )

    def verifier_on(day):
        noon = timezone.make_aware(datetime.combine(day, time(12)))
        with time_machine.travel(noon, tick=False):
            access.forget(street.newcomer)
            may = access.rights_of(street.newcomer).may(RIGHT, area_path=street.grid.path)
            held = street.newcomer in access.holders(RIGHT, area=street.grid)
        assert may == held
        return may

    day = timedelta(days=1)
    found = [verifier_on(when) for when in (begins - day, begins, ends - day, ends)]
    assert found == [False, True, True, False]


# --- holders -----------------------------------------------------------------------------------


def test_holders_are_those_over_the_place_and_around_it(street):
    assert set(access.holders(RIGHT, area=street.building)) == {street.li, street.sun}
    assert set(access.holders(RIGHT, area=street.grid2)) == {street.sun}
    assert set(access.holders(RIGHT, area=street.grid_elsewhere)) == {street.zhao}
    assert set(access.holders(RIGHT, area=street.street)) == set()


def test_who_left_or_is_locked_out_holds_nothing(street):
    Person.objects.filter(pk=street.sun.pk).update(is_active=False)
    posts.relieve(street.li.appointments.get(), reason="调离")
    assert not access.holders(RIGHT, area=street.building).exists()


def test_rights_are_read_once_in_one_query(street, django_assert_num_queries):
    for area in (street.grid2, street.building):
        posts.appoint(street.li, street.committee, Position.GRID_WORKER, area=area, reason=WHY)
    fresh = Person.objects.get(pk=street.li.pk)
    with django_assert_num_queries(1):
        for _question in range(3):
            access.rights_of(fresh).may(RIGHT, area_path=street.grid.path)


# --- separate administrators -------------------------------------------------------------------


def test_each_administrator_may_what_the_others_may_not(street):
    system = access.rights_of(street.system_admin)
    security = access.rights_of(street.security_admin)
    audit = access.rights_of(street.auditor)
    assert audit.has("orgs.audit_contact_reveals")
    assert not system.has("orgs.audit_contact_reveals")
    assert not security.has("orgs.audit_contact_reveals")
    assert security.has("orgs.unlock_accounts")
    assert not system.has("orgs.unlock_accounts")
    for administrator in (system, security, audit):
        for right in (RIGHT, "orgs.appoint_people", "orgs.reveal_contacts"):
            assert not administrator.has(right)


def test_nobody_is_staff_or_superuser_in_the_django_way(street):
    for person in (street.system_admin, street.chu, street.li):
        assert not person.is_staff
        assert not person.is_superuser
    assert street.li.has_perm(RIGHT)
    assert not street.wang.has_perm(RIGHT)


# --- doors of views ----------------------------------------------------------------------------


@pytest.fixture
def ask(rf):
    def _ask(view, person):
        request = rf.get("/somewhere/?page=2")
        request.user = person
        return view(request)

    return _ask


def page(request):
    return HttpResponse("in")


def test_allowed_lets_holders_in_and_tells_strangers_nothing(street, ask):
    view = access.allowed(RIGHT, "orgs.appoint_people")(page)
    assert ask(view, street.li).content == b"in"
    assert ask(view, street.chen).content == b"in"
    with pytest.raises(Http404):
        ask(view, street.wang)
    sent = ask(view, AnonymousUser())
    assert sent.status_code == 302
    assert sent.url == "/accounts/login/?next=/somewhere/%3Fpage%3D2"
    assert view.who_may_enter == f"allowed:{RIGHT},orgs.appoint_people"


def test_signed_in_and_public_say_so(street, ask):
    view = access.signed_in(page)
    assert ask(view, street.wang).content == b"in"
    assert ask(view, AnonymousUser()).status_code == 302
    open_view = access.public(page)
    assert ask(open_view, AnonymousUser()).content == b"in"
    assert (view.who_may_enter, open_view.who_may_enter) == ("signed_in", "public")


def test_somebody_unknown_has_no_rights():
    nobody = SimpleNamespace(is_authenticated=False)
    assert access.rights_of(nobody).is_empty
