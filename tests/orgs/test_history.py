"""Every change of the spine leaves a row that tells what, when, who and why."""

import pytest
from django.apps import apps
from django.db import connection

from orgs import chain, linkage, posts
from orgs.history import because
from orgs.models import Area, LinkageGrid, Membership, Person, ServedArea
from orgs.positions import Position

WHY = "换届选举公告"


def metadata(row):
    return row.events.order_by("pk").last().pgh_context.metadata


def test_an_appointment_and_its_end_name_who_and_why(street):
    made = posts.appoint(
        street.newcomer, street.committee, Position.SOCIAL_WORKER, by=street.chen, reason=WHY
    )
    assert metadata(made) == {"reason": WHY, "person": street.chen.pk}
    posts.relieve(made, by=street.chu, reason="任期届满")
    assert metadata(made) == {"reason": "任期届满", "person": street.chu.pk}
    assert [event.ends_on is None for event in made.events.order_by("pk")] == [True, False]


def test_what_the_machinery_does_names_no_person(street):
    made = posts.appoint(street.newcomer, street.committee, Position.SOCIAL_WORKER, reason=WHY)
    assert metadata(made) == {"reason": WHY, "person": None}


def test_changes_in_bulk_and_in_plain_sql_leave_rows_too(street):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orgs_area SET name = '南苑网格' WHERE id = %s", [street.grid.pk])
    assert Area.objects.get(pk=street.grid.pk).events.order_by("pk").last().name == "南苑网格"
    with because(WHY, by=street.chen):
        Area.objects.filter(pk=street.grid.pk).update(name="北苑网格")
    assert metadata(Area.objects.get(pk=street.grid.pk)) == {
        "reason": WHY,
        "person": street.chen.pk,
    }


def test_one_verb_is_one_context_however_many_rows(street):
    people = [Person.objects.create(name=f"党员{n}") for n in range(3)]
    for person in people:
        Membership.objects.create(person=person, organization=street.branch, starts_on="2020-01-01")
    street.linkage.delete()
    into = street.party
    chain.close(street.branch, members_to=into, by=street.chen, reason=WHY)

    contexts = {
        event.pgh_context_id
        for row in [*street.branch.memberships.all(), *into.memberships.all()]
        for event in row.events.order_by("-pk")[:1]
    }
    assert len(contexts) == 1
    assert contexts == {street.branch.events.order_by("pk").last().pgh_context_id}


def test_secrets_and_looks_are_not_in_a_persons_history(street):
    person = street.wang
    before = person.events.count()
    person.set_password("Anderes-4711-wort")
    person.theme = Person.Theme.DARK
    person.save(update_fields=["password", "theme"])
    assert person.events.count() == before
    person.name = "王更名"
    person.save(update_fields=["name"])
    assert person.events.count() == before + 1
    fields = {field.name for field in person.events.model._meta.get_fields()}
    assert not fields & {"password", "last_login", "theme"}


def test_what_a_company_served_stays_known(street):
    chain.serve(street.property_company, [street.grid2], by=street.chen, reason=WHY)
    rows = ServedArea.pgh_event_model.objects.filter(
        organization=street.property_company.pk
    ).order_by("pk")
    assert [(row.pgh_label, row.area) for row in rows] == [
        ("added", street.grid),
        ("removed", street.grid),
        ("added", street.grid2),
    ]
    assert rows.last().pgh_context.metadata == {"reason": WHY, "person": street.chen.pk}

    linkage.change(street.linkage, grids=[street.grid2], by=street.chen, reason=WHY)
    rows = LinkageGrid.pgh_event_model.objects.filter(linkage=street.linkage.pk).order_by("pk")
    assert [row.pgh_label for row in rows] == ["added", "removed", "added"]


@pytest.mark.parametrize(
    "model",
    [
        "Area",
        "Household",
        "Residence",
        "Organization",
        "Person",
        "Membership",
        "Appointment",
        "Linkage",
    ],
)
def test_every_table_of_the_spine_is_tracked(model):
    tracked = apps.get_model("orgs", model)
    labels = {trigger.name for trigger in tracked._meta.triggers}
    assert {"insert_insert", "update_update"} <= labels
