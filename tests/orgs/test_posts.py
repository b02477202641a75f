"""Posts are taken up and left; what one may do comes and goes with them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from orgs import access, areas, positions, posts
from orgs.models import Appointment, Grant, Organization
from orgs.positions import Position

WHY = "青街任〔2026〕5号"


def rights(person):
    access.forget(person)
    return access.rights_of(person)


def test_an_appointment_brings_the_rights_of_its_position_on_its_area(street):
    made = posts.appoint(
        street.newcomer,
        street.committee,
        Position.GRID_WORKER,
        area=street.grid2,
        by=street.chen,
        reason=WHY,
    )
    assert (made.appointed_by, made.reason) == (street.chen, WHY)
    now = access.rights_of(street.newcomer)
    assert now.may("orgs.verify_residence", area_path=street.grid2.path)
    assert not now.may("orgs.verify_residence", area_path=street.grid.path)
    assert not now.may("orgs.verify_residence", area_path=street.community.path)
    assert not now.has("orgs.appoint_people")


def test_a_company_has_its_rights_over_what_it_serves_not_where_it_sits(street):
    manager = street.wu.appointments.get()
    assert posts.places_of(manager) == [street.grid.pk]
    positions.register("orgs.verify_residence", Position.PROPERTY_MANAGER)
    try:
        posts.sync_grants()
        assert rights(street.wu).area_paths("orgs.verify_residence") == (street.grid.path,)
    finally:
        positions._rights["orgs.verify_residence"].discard(Position.PROPERTY_MANAGER)


@pytest.mark.parametrize(
    ("organization", "position", "area", "refusal"),
    [
        ("department", Position.GRID_WORKER, None, posts.WrongPost),
        ("committee", Position.SYSTEM_ADMIN, None, posts.WrongPost),
        ("committee", Position.GRID_WORKER, "grid_elsewhere", posts.OutsideJurisdiction),
        ("committee", Position.SOCIAL_WORKER, "street", posts.OutsideJurisdiction),
        ("property_company", Position.PROPERTY_STAFF, "grid_elsewhere", posts.OutsideJurisdiction),
    ],
)
def test_posts_that_do_not_fit_are_refused(street, organization, position, area, refusal):
    with pytest.raises(refusal):
        posts.appoint(
            street.newcomer,
            getattr(street, organization),
            position,
            area=area and getattr(street, area),
            reason=WHY,
        )
    assert not street.newcomer.appointments.exists()
    assert not Grant.objects.filter(user=street.newcomer).exists()


def test_nobody_is_appointed_twice(street):
    with pytest.raises(posts.AlreadyAppointed, match="李网格已在梧桐里社区居委会担任网格员"):
        posts.appoint(
            street.li, street.committee, Position.GRID_WORKER, area=street.grid, reason=WHY
        )
    # another grid is another post
    posts.appoint(street.li, street.committee, Position.GRID_WORKER, area=street.grid2, reason=WHY)
    assert street.li.appointments.count() == 2


def test_a_post_may_follow_itself_but_not_overlap(street):
    today = timezone.localdate()
    first = posts.appoint(
        street.newcomer,
        street.committee,
        Position.SOCIAL_WORKER,
        ends_on=today + timedelta(days=30),
        reason=WHY,
    )
    with pytest.raises(posts.AlreadyAppointed):
        posts.appoint(
            street.newcomer,
            street.committee,
            Position.SOCIAL_WORKER,
            starts_on=today + timedelta(days=29),
            reason=WHY,
        )
    posts.appoint(
        street.newcomer,
        street.committee,
        Position.SOCIAL_WORKER,
        starts_on=first.ends_on,
        reason=WHY,
    )


@pytest.mark.parametrize("other", [Position.SECURITY_ADMIN, Position.AUDITOR])
def test_three_administrators_are_three_people(street, other):
    with pytest.raises(posts.SeparateAdministrators, match="三类管理员须分别由不同的人担任"):
        posts.appoint(street.system_admin, street.platform, other, reason=WHY)


def test_an_administrator_has_no_other_post_and_the_other_way_round(street):
    with pytest.raises(posts.SeparateAdministrators):
        posts.appoint(street.auditor, street.committee, Position.SOCIAL_WORKER, reason=WHY)
    with pytest.raises(posts.SeparateAdministrators):
        posts.appoint(street.li, street.platform, Position.AUDITOR, reason=WHY)
    # a post to come counts too
    soon = timezone.localdate() + timedelta(days=10)
    posts.appoint(
        street.newcomer, street.committee, Position.SOCIAL_WORKER, starts_on=soon, reason=WHY
    )
    with pytest.raises(posts.SeparateAdministrators):
        posts.appoint(street.newcomer, street.platform, Position.AUDITOR, reason=WHY)


def test_nobody_appoints_or_relieves_themselves(street):
    with pytest.raises(posts.OneselfRefused):
        posts.appoint(
            street.chen,
            street.office,
            Position.SUBDISTRICT_LEADER,
            by=street.chen,
            reason=WHY,
        )
    with pytest.raises(posts.OneselfRefused):
        posts.relieve(street.chen.appointments.get(), by=street.chen, reason=WHY)


@pytest.mark.parametrize("who", ["li", "zhou", "wang", "system_admin", "zhao"])
def test_only_those_entitled_over_the_place_appoint(street, who):
    someone = getattr(street, who)
    with pytest.raises(posts.NotEntitled):
        posts.appoint(
            street.newcomer, street.committee, Position.SOCIAL_WORKER, by=someone, reason=WHY
        )
    with pytest.raises(posts.NotEntitled):
        posts.relieve(street.sun.appointments.get(), by=someone, reason=WHY)


def test_the_subdistrict_does_not_appoint_the_administrators_above_it(street):
    with pytest.raises(posts.NotEntitled):
        posts.appoint(
            street.newcomer, street.platform, Position.AUDITOR, by=street.chen, reason=WHY
        )
    posts.appoint(street.newcomer, street.platform, Position.AUDITOR, by=street.chu, reason=WHY)


def test_a_closed_body_takes_nobody(street):
    Organization.objects.filter(pk=street.merchant_shop.pk).update(closed_on=timezone.localdate())
    with pytest.raises(posts.OrganizationClosed):
        posts.appoint(street.newcomer, street.merchant_shop, Position.MERCHANT_KEEPER, reason=WHY)


def test_a_closed_place_gets_nobody(street):
    areas.close(street.grid2, reason="并入第一网格")
    with pytest.raises(posts.AreaClosed):
        posts.appoint(
            street.newcomer, street.committee, Position.GRID_WORKER, area=street.grid2, reason=WHY
        )


def test_days_and_reasons_have_to_make_sense(street):
    today = timezone.localdate()
    with pytest.raises(posts.ReasonMissing):
        posts.appoint(street.newcomer, street.committee, Position.SOCIAL_WORKER, reason=" ")
    with pytest.raises(posts.WrongDay):
        posts.appoint(
            street.newcomer,
            street.committee,
            Position.SOCIAL_WORKER,
            starts_on=today,
            ends_on=today,
            reason=WHY,
        )
    with pytest.raises(posts.WrongDay):
        posts.relieve(street.li.appointments.get(), on=today - timedelta(days=9999), reason=WHY)


def test_relieved_today_means_no_rights_from_today(street):
    post = street.li.appointments.get()
    assert rights(street.li).has("orgs.verify_residence")
    relieved = posts.relieve(post, by=street.chen, reason="调离")

    assert relieved.ends_on == timezone.localdate()
    assert (relieved.relieved_by, relieved.relief_reason) == (street.chen, "调离")
    assert not rights(street.li).has("orgs.verify_residence")
    assert Appointment.objects.in_force(on=timezone.localdate() - timedelta(days=1)).filter(
        pk=post.pk
    )
    with pytest.raises(posts.AlreadyRelieved):
        posts.relieve(post, by=street.chen, reason="调离")


def test_a_post_given_up_for_a_later_day_can_still_be_ended_now(street):
    post = street.li.appointments.get()
    posts.relieve(post, on=timezone.localdate() + timedelta(days=30), reason="届满")
    assert rights(street.li).has("orgs.verify_residence")
    posts.relieve(post, reason="提前调离")
    assert not rights(street.li).has("orgs.verify_residence")


def test_a_post_that_has_not_begun_never_does(street):
    soon = timezone.localdate() + timedelta(days=10)
    post = posts.appoint(
        street.newcomer, street.committee, Position.SOCIAL_WORKER, starts_on=soon, reason=WHY
    )
    assert posts.relieve(post, reason="另有安排").ends_on == soon
    assert not Appointment.objects.in_force(on=soon).filter(pk=post.pk).exists()


def test_sync_follows_the_code_and_changes_nothing_the_second_time(street):
    posts.sync_grants()
    grants = set(Grant.objects.values_list("user", "permission", "object_pk"))
    Grant.objects.filter(user=street.li).delete()
    stray = Grant.objects.filter(user=street.auditor).first()
    stray.pk, stray.object_pk = None, str(street.grid.pk)
    Grant.objects.bulk_create([stray])

    added, removed = posts.sync_grants()

    assert added > 0
    assert removed == 1
    assert set(Grant.objects.values_list("user", "permission", "object_pk")) == grants
    assert posts.sync_grants() == (0, 0)


def test_posts_that_are_over_keep_no_grants(street):
    posts.relieve(street.li.appointments.get(), reason="调离")
    assert Grant.objects.filter(user=street.li).exists()
    posts.sync_grants()
    assert not Grant.objects.filter(user=street.li).exists()


def test_migrate_and_the_command_bring_grants_in_line(street, capsys):
    posts.sync_grants()
    whole = Grant.objects.count()
    Grant.objects.all().delete()
    call_command("sync_grants")
    assert f"新增 {whole} 项" in capsys.readouterr().out
    Grant.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert Grant.objects.count() == whole


def test_every_registered_right_is_a_permission(db):
    assert positions.known_rights() <= set(posts._permissions())


@pytest.mark.django_db(transaction=True)
def test_two_administrator_posts_at_once_leave_one():
    from tests import cast

    street = cast.build()

    def appoint(position):
        try:
            posts.appoint(street.newcomer, street.platform, position, reason=WHY)
            return "appointed"
        except posts.SeparateAdministrators:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(appoint, [Position.SYSTEM_ADMIN, Position.SECURITY_ADMIN]))
    assert sorted(answers) == ["appointed", "refused"]


@pytest.mark.django_db(transaction=True)
def test_a_double_click_appoints_once():
    from tests import cast

    street = cast.build()

    def appoint(_click):
        try:
            posts.appoint(street.newcomer, street.committee, Position.SOCIAL_WORKER, reason=WHY)
            return "appointed"
        except posts.AlreadyAppointed:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(appoint, range(2)))
    assert sorted(answers) == ["appointed", "refused"]
    assert street.newcomer.appointments.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_place_that_closes_meanwhile_is_not_left_with_a_worker():
    from tests import cast

    street = cast.build()

    def attempt(verb):
        try:
            verb()
            return "done"
        except (posts.AreaClosed, areas.StillInUse):
            return "refused"
        finally:
            connection.close()

    verbs = [
        lambda: areas.close(street.grid2, reason=WHY),
        lambda: posts.appoint(
            street.newcomer, street.committee, Position.GRID_WORKER, area=street.grid2, reason=WHY
        ),
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(attempt, verbs))
    assert sorted(answers) == ["done", "refused"]


@pytest.mark.parametrize("kind", ["joint_branch", "joint_working_committee"])
def test_the_secretary_of_a_joint_body_has_no_rights_over_the_street(street, kind):
    """Companies and units sit in it; residents' reports and phones are not theirs."""
    joint = Organization.objects.create(
        kind=kind,
        name="两新联合支部",
        area=street.street,
        superior=street.working_committee,
        founded_on=timezone.localdate() - timedelta(days=900),
    )
    posts.appoint(street.newcomer, joint, Position.PARTY_SECRETARY, reason=WHY)
    assert access.rights_of(street.newcomer).is_empty
    assert posts.rights_at(joint, Position.PARTY_SECRETARY) == {}
    assert posts.rights_at(street.party, Position.PARTY_SECRETARY)
    posts.sync_grants()
    access.forget(street.newcomer)
    assert access.rights_of(street.newcomer).is_empty
