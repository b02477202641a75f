"""A verified hazard proposes points to who reported it first; nothing else does."""

import pytest

from grids import handling, rewards, telling
from grids.models import Category, Issue
from orgs import posts
from points import catalogue
from points.models import Claim
from tests.grids import loop


@pytest.fixture
def scheme(street):
    catalogue.ship(street.street)
    return street


def closed(street, kind="消防安全", **more) -> Issue:
    return loop.to_state(street, "closed", issue=loop.post(street, kind=kind, **more))


def test_the_first_reporter_is_proposed_once(scheme, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        issue = closed(scheme)
    assert [c for c in callbacks if c.__qualname__.startswith("on_move.<locals>.nudge")]
    assert rewards.sweep() == 1
    assert rewards.sweep() == 0
    claim = rewards.propose(issue)
    assert Claim.objects.get() == claim
    assert (claim.person, claim.source, claim.points) == (scheme.wang, "system", 5)
    assert claim.source_key == f"issue:{issue.pk}"
    assert issue.number in claim.text


def test_of_merged_reports_the_earliest_counts(scheme):
    first = loop.post(scheme, reporter=scheme.qian, kind="消防安全")
    second = loop.post(scheme, kind="消防安全")
    handling.advance(first, "merge", by=scheme.sun, parent=second)
    issue = loop.to_state(scheme, "closed", issue=second)
    claim = rewards.propose(issue)
    assert claim.person == scheme.qian


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "物业维修"},
        {"anonymous": True},
        {"about_lead": True},
        {"by_worker": True},
    ],
)
def test_who_is_not_proposed(scheme, given):
    if given.pop("by_worker", False):
        given["reporter"] = scheme.zheng
        posts.appoint(
            scheme.zheng,
            scheme.property_company,
            "property_staff",
            area=scheme.grid,
            reason="测试任命",
        )
    issue = closed(scheme, **given)
    assert rewards.propose(issue) is None
    assert rewards.sweep() == 0
    assert not Claim.objects.exists()


def test_a_category_that_hides_its_reporters_names_none_by_a_claim(scheme):
    Category.objects.filter(name="消防安全").update(hides_reporter=True)
    assert rewards.propose(closed(scheme)) is None
    assert not Claim.objects.exists()


def test_a_street_without_a_scheme_and_history_written_by_a_seed_propose_nothing(
    street, django_capture_on_commit_callbacks
):
    with telling.silently(), django_capture_on_commit_callbacks(execute=False) as callbacks:
        issue = closed(street)
    assert not [c for c in callbacks if "nudge" in c.__qualname__ and "on_move" in c.__qualname__]
    assert rewards.propose(issue) is None
