"""What a transactional test leaves behind is gone, and the rights are as they were."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError

from grids.models import Category, Issue, IssueStep
from orgs.models import Person
from tests.grids import loop
from tests.sweep import Sweep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flushed():
    return []


@pytest.fixture
def sweep(flushed):
    return Sweep(flush=flushed.append)


def rights():
    return sorted(Permission.objects.values_list("pk", "content_type", "codename"))


def test_rows_go_those_that_only_grow_too_and_rights_keep_their_numbers(sweep, flushed, street):
    before = rights()
    loop.to_state(street, "rated")
    assert IssueStep.objects.exists()  # a trigger forbids deleting these
    sweep.after(None)
    assert flushed == []
    for model in (Person, Category, Issue, IssueStep):
        assert not model.objects.exists()
    assert rights() == before


def test_a_right_that_a_test_made_does_not_stay(sweep):
    names = {codename for _pk, _type, codename in rights()}
    kind = ContentType.objects.get_for_model(Person)
    Permission.objects.create(codename="odd", name="odd", content_type=kind)
    sweep.after(None)
    assert {codename for _pk, _type, codename in rights()} == names


def test_what_cannot_be_deleted_is_flushed(sweep, flushed, monkeypatch):
    def refuse(_kept):
        raise DatabaseError

    monkeypatch.setattr(sweep, "_delete", refuse)
    sweep.after("the case")
    assert flushed == ["the case"]
