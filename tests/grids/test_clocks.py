"""Promises: what is told at posting holds, unless a person says why not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from grids import handling
from grids.models import ClockKind, Issue
from rules.workflow import Missing
from tests.grids import loop

pytestmark = pytest.mark.django_db

# Wednesday 18 November 2026, 09:30 in Shanghai
MORNING = datetime(2026, 11, 18, 1, 30, tzinfo=UTC)


def local(moment):
    return f"{timezone.localtime(moment):%m-%d %H:%M}"


def test_the_promise_at_posting(street):
    issue = loop.post(street, at=MORNING)  # L2: three working days, filed within four hours
    assert local(issue.due_at) == "11-18 15:30"
    assert local(issue.promised_at) == "11-23 17:30"
    assert {row.kind for row in issue.clocks.all()} == {ClockKind.ACKNOWLEDGE, ClockKind.FILE}
    assert issue.clock_rules["code"] == "ISSUE-CLOCKS"


@pytest.mark.parametrize(
    ("kind", "promised"),
    [
        ("环境卫生", "11-19 10:30"),  # filing 15:30, then four working hours
        ("噪声扰民", "11-19 15:30"),  # a day and a night
        ("道路设施", "11-20 17:30"),  # two working days
        ("房屋安全", "11-25 17:30"),  # L3: five working days
    ],
)
def test_a_category_may_have_its_own_limit(street, kind, promised):
    assert local(loop.post(street, kind=kind, at=MORNING).promised_at) == promised


def test_filing_in_time_never_moves_the_promise_back(street):
    issue = loop.post(street, at=MORNING)
    promised = issue.promised_at
    loop.file(issue, street.li, at=MORNING + timedelta(minutes=20))
    assert issue.promised_at <= promised
    filing = issue.clocks.get(kind=ClockKind.FILE).clock
    assert filing.on_time is True


def test_late_filing_eats_the_time_for_handling(street):
    issue = loop.post(street, kind="环境卫生", at=MORNING)
    promised = issue.promised_at
    loop.file(issue, street.li, at=MORNING + timedelta(days=1))
    assert issue.promised_at == promised
    assert issue.clocks.get(kind=ClockKind.FILE).clock.on_time is False


def test_a_later_promise_needs_a_reason_and_is_told(street):
    issue = loop.post(street, at=MORNING)
    at = MORNING + timedelta(minutes=20)
    with pytest.raises(Missing) as missing:
        loop.file(issue, street.li, level="L3", at=at)
    assert list(missing.value.fields) == ["reason"]
    issue.refresh_from_db()
    assert issue.state == "submitted"
    loop.file(issue, street.li, level="L3", at=at, reason="要换整条线路")
    assert local(issue.promised_at) == "11-25 17:30"
    assert "要换整条线路" in loop.told(street.wang)[0].text


def test_rework_has_half_the_time(street):
    issue = loop.to_state(street, "handled")
    handling.advance(issue, "rework", by=street.sun, reason="还有一盏不亮")
    first, second = (row.clock for row in issue.clocks.filter(kind=ClockKind.HANDLE))
    assert (first.amount, second.amount, second.unit) == (3, 2, "working_days")
    assert issue.promised_at == second.due_at
    assert issue.rework_count == 1


def test_late_once_is_late_for_good(street):
    issue = loop.post(street, at=MORNING)
    loop.file(issue, street.li, at=MORNING)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company, at=MORNING)
    handling.advance(issue, "sign", by=street.wu, at=MORNING)
    late = MORNING + timedelta(days=20)
    given = {"result": "已换新灯", "no_photo_reason": "无"}
    handling.advance(issue, "report", by=street.wu, at=late, **given)
    assert issue.on_time is False
    handling.advance(issue, "rework", by=street.sun, at=late, reason="不亮")
    handling.advance(issue, "report", by=street.wu, at=late + timedelta(hours=1), **given)
    handling.advance(issue, "verify", by=street.sun, at=late + timedelta(hours=2), how="phone")
    assert issue.on_time is False
    assert list(Issue.objects.late()) == [issue]


def test_overdue_shows_while_it_is_open(street):
    issue = loop.late_post(street)
    loop.to_state(street, "in_progress", issue=issue)
    assert issue.is_overdue
    assert issue.days_taken == 21
    assert list(Issue.objects.late()) == [issue]
    assert list(Issue.objects.late().filter(state="closed")) == []


def test_contact_is_recorded(street):
    issue = loop.to_state(street, "in_progress")
    clock = issue.clocks.get(kind=ClockKind.CONTACT).clock
    assert clock.is_running
    handling.advance(issue, "contact", by=street.wu, note="电话约了明天上午")
    clock.refresh_from_db()
    assert clock.on_time is True
    assert issue.contacted_at
    assert "contact" not in {row.verb for row in handling.available(issue, street.wu)}
