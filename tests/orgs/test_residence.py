"""A resident says where they live, a worker of the place confirms it, nobody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from inbox.models import Delivery
from orgs import areas, contacts, residence
from orgs.models import Area, ContactReveal, Household, Residence


def told(person) -> list[str]:
    rows = Delivery.objects.filter(person=person, channel="site")
    return list(rows.order_by("pk").values_list("message__kind", flat=True))


def test_a_newcomer_declares_and_the_grid_worker_is_told(street):
    declared = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)

    assert declared.state == Residence.State.PENDING
    assert not residence.is_verified_resident_of(street.newcomer, street.community)
    assert residence.home_of(street.newcomer) == declared
    assert told(street.li) == ["orgs.residence_declared"]
    assert told(street.zhao) == []
    message = Delivery.objects.get(person=street.li, channel="site").message
    assert "新*" in message.text
    assert "301" not in message.text


def test_where_no_grid_worker_serves_the_social_worker_is_told(street):
    from orgs import posts

    posts.relieve(street.li.appointments.get(), reason="轮岗")
    residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    assert told(street.sun) == ["orgs.residence_declared"]
    assert told(street.li) == []


def test_verified_by_the_worker_of_the_place(street):
    declared = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    verified = residence.verify(declared, by=street.li)

    assert (verified.state, verified.verified_by) == (Residence.State.VERIFIED, street.li)
    assert residence.is_verified_resident_of(street.newcomer, street.grid)
    assert residence.is_verified_resident_of(street.newcomer, street.street)
    assert not residence.is_verified_resident_of(street.newcomer, street.elsewhere)
    assert told(street.newcomer) == ["orgs.residence_decided"]
    with pytest.raises(residence.AlreadyDecided, match="已核验"):
        residence.verify(declared, by=street.sun)


@pytest.mark.parametrize("who", ["zhao", "wang", "wu", "auditor", "newcomer"])
def test_strangers_to_the_place_cannot_verify(street, who):
    declared = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    with pytest.raises(residence.NotEntitled):
        residence.verify(declared, by=getattr(street, who))
    declared.refresh_from_db()
    assert declared.state == Residence.State.PENDING


def test_nobody_verifies_themselves_or_their_own_household(street):
    mine = residence.declare(street.li, street.home, Residence.Kind.OWNER)
    family = residence.declare(street.newcomer, street.home, Residence.Kind.FAMILY)
    for pending in (mine, family):
        with pytest.raises(residence.OneselfRefused):
            residence.verify(pending, by=street.li)
    residence.verify(mine, by=street.sun)


def test_refused_with_a_reason_and_may_declare_again(street):
    declared = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    with pytest.raises(residence.ReasonMissing):
        residence.refuse(declared, by=street.li, reason="  ")
    refused = residence.refuse(declared, by=street.li, reason="房号不符")

    assert refused.refusal_reason == "房号不符"
    assert residence.home_of(street.newcomer) is None
    again = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    assert again.pk != declared.pk
    event = refused.events.order_by("pk").last()
    assert event.pgh_context.metadata == {"reason": "房号不符", "person": street.li.pk}


def test_one_declaration_at_a_time_unless_taken_back(street):
    first = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    with pytest.raises(residence.AlreadyDeclared):
        residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)
    with pytest.raises(residence.OneAtATime):
        residence.declare(street.newcomer, street.home_elsewhere, Residence.Kind.TENANT)
    with pytest.raises(residence.NotEntitled):
        residence.withdraw(first, by=street.wang)
    residence.withdraw(first, by=street.newcomer)
    residence.declare(street.newcomer, street.home_elsewhere, Residence.Kind.TENANT)


def test_a_worker_declares_for_somebody_only_in_their_own_place(street):
    residence.declare(street.newcomer, street.home, Residence.Kind.TENANT, by=street.li)
    with pytest.raises(residence.NotEntitled):
        residence.declare(street.qian, street.home, Residence.Kind.TENANT, by=street.zhao)


def test_nobody_moves_into_a_building_that_is_gone(street):
    areas.create(street.grid, level="building", name="2栋", reason="新建")
    gone = Area.objects.get(name="2栋")
    door = Household.objects.create(area=gone, stairwell="1", room="101")
    areas.close(gone, reason="拆除")
    with pytest.raises(residence.PlaceClosed, match="2栋已撤销"):
        residence.declare(street.newcomer, door, Residence.Kind.OWNER)


def test_the_verified_home_comes_first(street):
    other = residence.declare(street.wang, street.home_elsewhere, Residence.Kind.OWNER)
    assert residence.home_of(street.wang).household == street.home
    residence.end(street.wang.residences.get(household=street.home), by=street.wang, reason="迁出")
    assert residence.home_of(street.wang) == other


def test_moving_out_ends_the_vote_and_keeps_the_past(street):
    mine = street.wang.residences.get()
    with pytest.raises(residence.NotEntitled):
        residence.end(mine, by=street.zhao, reason="迁出")
    with pytest.raises(residence.WrongDay):
        residence.end(mine, on=mine.starts_on, by=street.wang, reason="迁出")
    residence.end(mine, by=street.li, reason="房屋出售")

    assert not residence.is_verified_resident_of(street.wang, street.community)
    assert told(street.wang) == ["orgs.residence_decided"]
    yesterday = timezone.localdate() - timedelta(days=1)
    assert street.wang.residences.verified(on=yesterday).exists()
    with pytest.raises(residence.AlreadyEnded):
        residence.end(mine, by=street.li, reason="房屋出售")


@pytest.mark.django_db(transaction=True)
def test_two_workers_decide_at_once_and_one_decision_stands():
    from tests import cast

    street = cast.build()
    declared = residence.declare(street.newcomer, street.home, Residence.Kind.TENANT)

    def decide(verb):
        try:
            return verb().state
        except residence.AlreadyDecided:
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                decide,
                [
                    lambda: residence.verify(declared, by=street.li),
                    lambda: residence.refuse(declared, by=street.sun, reason="不是本人"),
                ],
            )
        )
    declared.refresh_from_db()
    assert sorted([*answers]) == sorted(["too late", declared.state])
    assert told(street.newcomer) == ["orgs.residence_decided"]


# --- full contacts -----------------------------------------------------------------------------


def test_a_reveal_is_logged_with_its_reason(street):
    assert contacts.reveal(street.wang, by=street.li, reason="漏水需联系住户") == "10000000020"
    assert contacts.reveal(street.home, by=street.li, reason="上门核验居住") == "1单元301室"

    rows = ContactReveal.objects.order_by("pk")
    assert [(row.seen_by, row.what, row.person, row.household, row.reason) for row in rows] == [
        (street.li, "phone", street.wang, None, "漏水需联系住户"),
        (street.li, "door", None, street.home, "上门核验居住"),
    ]
    assert {row.area for row in rows} == {street.building}


def test_a_reveal_asks_for_a_reason_and_for_the_right_over_the_place(street):
    with pytest.raises(contacts.ReasonTooShort):
        contacts.reveal(street.wang, by=street.li, reason=" 看  看 ")
    for who in ("zhao", "wu", "qian", "auditor", "system_admin"):
        with pytest.raises(contacts.NotEntitled):
            contacts.reveal(street.wang, by=getattr(street, who), reason="漏水需联系住户")
    assert not ContactReveal.objects.exists()


def test_a_worker_of_the_place_is_reached_through_their_post(street):
    assert contacts.reveal(street.li, by=street.zhou, reason="夜间紧急联络") == "10000000001"


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_log_cannot_be_rewritten(street, change):
    contacts.reveal(street.wang, by=street.li, reason="漏水需联系住户")
    rows = ContactReveal.objects.all()
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        rows.update(reason="别的原因") if change == "update" else rows.delete()
    assert ContactReveal.objects.get().reason == "漏水需联系住户"
