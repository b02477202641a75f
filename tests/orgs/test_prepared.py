"""A query compiled once gives everybody their own rows, and keeps nothing of anybody."""

import threading

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from orgs import access, posts
from orgs.compiled import Among, Unprepared, compiled
from orgs.models import Appointment, Household, Organization, Person
from orgs.prepared import Prepared, outline_of

RIGHT = "orgs.verify_residence"
EVERYBODY = ["li", "zhao", "sun", "zhou", "wu", "chen", "wang", "auditor"]


def households(person, *, room):
    return access.scope(Household.objects.order_by("pk"), person, RIGHT).exclude(room=room)


def test_everybody_gets_the_rows_of_the_ordinary_query(street):
    prepared = Prepared(households)
    for _again in range(2):  # compiled the first time, kept the second
        for name in EVERYBODY:
            person = getattr(street, name)
            for room in ("none", street.home.room):
                assert prepared(person, room=room) == list(households(person, room=room)), name
    assert prepared(street.li, room="none") == [street.home]
    assert prepared(street.zhao, room="none") == [street.home_elsewhere]


def test_who_has_the_same_rights_elsewhere_shares_the_sql_and_no_row(street):
    built = []
    prepared = Prepared(lambda person, **more: built.append(person) or households(person, **more))
    assert outline_of(street.li).key == outline_of(street.zhao).key != outline_of(street.wang).key
    assert prepared(street.li, room="") != prepared(street.zhao, room="") != []
    assert len(built) == 1
    assert prepared(street.wang, room="") == []


def test_bodies_and_the_person_are_filled_in(street):
    def mine(person):
        led = access.rights_of(person).organization_ids("grids.handle_issue")
        appointments = Appointment.objects.filter(Q(organization__in=led) | Q(person=person))
        return appointments.order_by("pk").values_list("pk", "organization")

    prepared = Prepared(mine)
    for name in EVERYBODY:
        person = getattr(street, name)
        assert prepared(person) == list(mine(person)), name
    body = street.wu.appointments.get().organization_id
    assert body in dict(prepared(street.wu)).values()


def test_rights_that_ended_find_nothing(street):
    prepared = Prepared(households)
    assert prepared(street.li, room="") == [street.home]
    posts.relieve(street.li.appointments.get(), reason="调离")
    access.forget(street.li)
    assert prepared(street.li, room="") == []


@pytest.mark.parametrize(
    "build",
    [
        lambda person: Person.objects.filter(created_at__lt=timezone.now()),
        lambda person: Person.objects.filter(pk=7),
        lambda person: Person.objects.filter(pk__in=list(Organization.objects.values_list("pk"))),
        lambda person: (
            access.rights_of(person).may(RIGHT, area_path="0001") or Person.objects.all()
        ),
    ],
    ids=["an hour", "a key", "what was read", "a comparison of places"],
)
def test_what_would_be_kept_for_others_is_refused(street, build):
    with pytest.raises(Unprepared):
        Prepared(build)(street.li)


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_through_its_own_connection(street):
    prepared = Prepared(households)
    assert prepared(street.li, room="") == [street.home]
    found, ours = [], connection.connection

    def ask():
        try:
            found.append(prepared(street.li, room=""))
            found.append(connection.connection is not ours)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [[street.home], True]


def test_what_is_left_out_of_a_call_is_not_in_its_query(street):
    @compiled
    def people(*, name, among=None):
        found = Person.objects.filter(name=name).order_by("pk")
        return found if among is None else found.filter(Among("pk", among))

    namesake = Person.objects.create(name=street.wang.name)
    for _again in range(2):
        assert people(name=street.wang.name) == [street.wang, namesake]
        assert people(name=street.wang.name, among=[namesake.pk]) == [namesake]
        assert people(name=street.wang.name, among=[]) == []
        assert people(name=street.li.name, among=[street.li.pk, namesake.pk]) == [street.li]
