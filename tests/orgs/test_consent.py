"""Answers to notices: the latest holds, one row per change of mind."""

import pytest

from orgs import consent

pytestmark = pytest.mark.django_db


def test_the_latest_answer_holds(street):
    assert not consent.holds(street.wang, "privacy")
    assert consent.standing(street.wang, "privacy") is None
    consent.give(street.wang, "privacy", version=1)
    assert consent.holds(street.wang, "privacy")
    consent.withdraw(street.wang, "privacy", version=1)
    assert not consent.holds(street.wang, "privacy")
    assert consent.standing(street.wang, "privacy").answer == "withdrawn"
    assert not consent.holds(street.qian, "privacy")


def test_the_same_answer_again_is_the_first_one(street):
    first = consent.give(street.wang, "privacy", version=1)
    assert consent.give(street.wang, "privacy", version=1) == first
    assert consent.give(street.wang, "privacy", version=2) != first
    assert street.wang.consents.count() == 2


def test_an_older_consent_holds_until_it_is_taken_back(street):
    consent.give(street.wang, "privacy", version=1)
    consent.decline(street.wang, "privacy", version=2)
    assert not consent.holds(street.wang, "privacy")


def test_it_is_written_down_how_it_was_given(street):
    row = consent.give(street.wang, "privacy", version=1, channel=consent.Channel.ASSISTED)
    assert row.get_channel_display() == "由工作人员代办"
