"""What a transactional test leaves behind is gone, and what migrations shipped is as it was."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError

from grids.models import Category, CategoryEvent, Issue, IssueStep, Responsibility
from orgs.models import Person
from points.models import Account, Transfer, Unit
from rules.models import RuleProfile
from tests.grids import loop
from tests.points.books import fund_with
from tests.sweep import Sweep, Untidy

pytestmark = pytest.mark.django_db(transaction=True)
SHIPPED = (Category, CategoryEvent, Responsibility, RuleProfile, Unit)


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
    fund = fund_with(street.community)
    assert IssueStep.objects.exists()  # triggers forbid deleting these
    assert Transfer.objects.filter(credit=fund).exists()
    sweep.after(None)
    assert flushed == []
    for model in (Person, Issue, IssueStep, Account, Transfer):
        assert not model.objects.exists()
    assert rights() == before


def test_a_right_that_a_test_made_does_not_stay(sweep):
    before = rights()
    kind = ContentType.objects.get_for_model(Person)
    Permission.objects.create(codename="odd", name="odd", content_type=kind)
    ContentType.objects.create(app_label="odd", model="odd")
    sweep.after(None)
    assert rights() == before
    assert not ContentType.objects.filter(model="odd").exists()


def test_what_migrations_shipped_stays_or_comes_back_as_it_was(sweep):
    before = {model: list(model.objects.order_by("pk").values()) for model in SHIPPED}
    assert all(before.values())
    Category.objects.filter(code="other").update(name="别的")  # and the triggers note it
    Responsibility.objects.all().delete()
    Unit.objects.create(code="odd", label="另一种", suffix="个")
    sweep.after(None)
    after = {model: list(model.objects.order_by("pk").values()) for model in SHIPPED}
    assert after == before


def test_what_cannot_be_deleted_is_flushed(sweep, flushed, monkeypatch):
    before = rights()
    monkeypatch.setattr(sweep, "_flush", lambda case: flushed.append(case) or refusing.undo())
    with pytest.MonkeyPatch.context() as refusing:
        refusing.setattr(sweep, "_restore", refuse)
        sweep.after("the case")
    assert flushed == ["the case"]
    assert rights() == before


def test_a_database_that_was_left_behind_is_refused(street):
    with pytest.raises(Untidy, match="--create-db"):
        Sweep(flush=None)


def refuse():
    raise DatabaseError
