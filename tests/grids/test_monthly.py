"""The month's figures become a disclosure once, after any standstill, and changes a correction."""

from contextlib import contextmanager
from datetime import date, datetime
from random import Random
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine

from grids import handling, monthly
from grids.models import Issue
from portal.seeding.figures import seed_figures
from publicity import disclosures
from publicity.models import Correction, Disclosure
from tests.grids import loop

HERE = ZoneInfo("Asia/Shanghai")


@contextmanager
def on(month, day, hour=10):
    with time_machine.travel(datetime(2026, month, day, hour, tzinfo=HERE), tick=False):
        yield


@pytest.fixture
def september(street):
    """An issue closed in September 2026, and the schedule that begins there."""
    with on(9, 15):
        issue = loop.to_state(street, "closed")
        assert monthly.publish_due() == 0
    return issue


def test_a_month_is_published_once_when_it_has_settled(street, september, client):
    with on(10, 2):
        assert monthly.publish_due() == 0
    with on(10, 3):
        assert monthly.publish_due() == 1
        assert monthly.publish_due() == 0
    disclosure = Disclosure.objects.get()
    assert disclosure.title == "梧桐里社区2026年9月事项办理情况"
    assert "收到 1 件，办结 1 件" in disclosure.text
    assert (disclosure.period, disclosure.is_late) == ("2026-09", False)
    assert disclosure.published_by is None
    assert ["办结", "1"] in [row[:2] for row in disclosure.table["rows"]]
    page = client.get(disclosure.get_absolute_url()).content.decode()
    assert "事项办理情况" in page


def test_after_standing_still_every_month_follows_and_says_it_is_late(street, september):
    with on(11, 24):
        assert monthly.publish_due() == 2
        assert monthly.publish_due() == 0
    rows = Disclosure.objects.order_by("period").values_list("period", "is_late")
    assert list(rows) == [("2026-09", True), ("2026-10", True)]


def test_what_changed_since_is_a_correction_beside_the_former_words(street, september):
    with on(10, 3):
        monthly.publish_due()
    disclosure = Disclosure.objects.get()
    Issue.objects.filter(pk=september.pk).update(title="灯")  # nothing that is counted
    with on(9, 18):
        handling.advance(
            september, "reopen", by=street.wang, reason="又不亮", solved=False, stars=1
        )
    with on(10, 5):
        assert monthly.publish_due() == 0
    assert not Correction.objects.exists()  # told with the next month, not every day

    with on(11, 3):
        assert monthly.publish_due() == 1
        assert monthly.publish_due() == 0
    correction = Correction.objects.get()
    assert "办结 1→0" in correction.what
    assert ["办结", "1"] in [row[:2] for row in correction.table_before["rows"]]
    disclosure.refresh_from_db()
    assert ["办结", "0"] in [row[:2] for row in disclosure.table["rows"]]
    with on(12, 3):
        monthly.publish_due()
    assert Correction.objects.count() == 1


def test_whom_staff_have_stopped_stays_stopped(street, september):
    plan = disclosures.Schedule.objects.get()
    with on(9, 20):
        disclosures.stop(plan, by=street.sun)
    with on(11, 3):
        assert monthly.publish_due() == 0
    assert not Disclosure.objects.exists()


def test_a_place_without_a_committee_is_left_out_and_named_in_the_log(street, september, caplog):
    street.committee.closed_on = datetime(2026, 9, 20, tzinfo=HERE).date()
    street.committee.save()
    with on(10, 3):
        assert monthly.publish_due() == 0
    assert "no residents' committee" in caplog.text


def test_the_demo_has_four_months_and_a_correction(street):
    with on(11, 24):
        assert seed_figures(SimpleNamespace(street=street.street), Random(1), date(2026, 11, 24))
        assert monthly.publish_due() == 0
    periods = ["2026-07", "2026-08", "2026-09", "2026-10"]
    for area in (street.community, street.elsewhere):
        rows = Disclosure.objects.filter(area=area).order_by("period")
        assert list(rows.values_list("period", flat=True)) == periods
        assert not rows.filter(is_late=True).exists()
    assert Correction.objects.get().disclosure.area == street.elsewhere
