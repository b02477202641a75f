import pytest

from tests.grids import loop

pytestmark = pytest.mark.django_db


def test_the_straight_road(street):
    issue = loop.to_state(street, "rated")
    assert [step.verb for step in issue.steps.all()] == [
        "submit",
        "file",
        "dispatch",
        "sign",
        "report",
        "verify",
        "rate",
    ]
    assert issue.on_time is True


def test_reopen(street):
    issue = loop.to_state(street, "reopened")
    assert issue.level == "L3"
