"""Tables that point at each other are made in one operation, and go again in one."""

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from orgs.at_once import AtOnce

pytestmark = pytest.mark.django_db


def table(name: str, points_at: str) -> CreateModel:
    key = ("id", models.BigAutoField(primary_key=True))
    return CreateModel(name, [key, ("other", models.ForeignKey(points_at, models.CASCADE))])


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("once_")}


def test_tables_that_point_at_each_other():
    operation = AtOnce([table("Hen", "once.egg"), table("Egg", "once.hen")])
    before, after = ProjectState(), ProjectState()
    assert before.apps is not None  # rendered, as it is while migrating
    operation.state_forwards("once", after)

    with connection.schema_editor() as editor:
        operation.database_forwards("once", editor, before, after)
    assert tables() == {"once_hen", "once_egg"}
    with connection.cursor() as cursor:
        keys = connection.introspection.get_relations(cursor, "once_hen")
    assert keys == {"other_id": ("id", "once_egg")}

    with connection.schema_editor() as editor:
        operation.database_backwards("once", editor, after, before)
    assert tables() == set()


def test_what_was_rendered_before_does_not_stay():
    state = ProjectState()
    assert not list(state.apps.get_models())
    AtOnce([table("Hen", "once.egg"), table("Egg", "once.hen")]).state_forwards("once", state)
    assert {model.__name__ for model in state.apps.get_models()} == {"Hen", "Egg"}
