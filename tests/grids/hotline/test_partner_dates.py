"""The partner's date: shown, told of when it is the earlier one, and never moving our clocks."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from grids import handling
from grids.hotline import partner_dates
from grids.models import Issue, Order
from tests.grids import loop
from tests.grids.hotline.conftest import line
from tests.grids.hotline.test_importing import taken_in

pytestmark = pytest.mark.django_db


def order(hotline, number="H001", **earlier):
    """An order whose partner wants it so much before our promise."""
    taken_in(hotline, line(number))
    issue = Issue.objects.get(order__number=number)
    Order.objects.filter(issue=issue).update(due_at=issue.promised_at - timedelta(**earlier))
    return issue.order


def titles(person):
    return [m.title for m in loop.told(person) if "对方期限" in m.title]


def test_an_earlier_date_is_told_before_and_after_once_each(hotline):
    late = order(hotline, days=2)
    promised = late.issue.promised_at
    partner_dates.tell()
    assert titles(hotline.li) == []
    with time_machine.travel(late.due_at - timedelta(hours=3), tick=False):
        assert (partner_dates.tell(), partner_dates.tell()) == (1, 0)
    assert titles(hotline.li) == [f"对方期限将到：{late.issue.title}"]
    assert titles(hotline.chen) == []
    with time_machine.travel(late.due_at + timedelta(hours=1), tick=False):  # also after standstill
        assert (partner_dates.tell(), partner_dates.tell()) == (1, 0)
    assert titles(hotline.li)[0] == f"已过对方期限：{late.issue.title}"
    assert titles(hotline.chen) == [f"已过对方期限：{late.issue.title}"]
    late.issue.refresh_from_db()
    assert late.issue.promised_at == promised


def test_nobody_is_told_of_a_date_later_than_our_promise_or_of_what_is_done(hotline):
    later = order(hotline, "H001", days=-3)
    done = order(hotline, "H002", days=2)
    loop.to_state(hotline, "handled", issue=done.issue)
    gone = order(hotline, "H003", days=2)
    handling.advance(gone.issue, "withdraw", by=hotline.chen, reason="撤回")
    with time_machine.travel(later.due_at + timedelta(days=1), tick=False):
        assert partner_dates.tell() == 0


def test_the_page_says_when_the_partner_presses(client, hotline):
    client.force_login(hotline.wu)
    for number, days, presses in (("H001", -1, True), ("H002", 1, False)):
        one = order(hotline, number)
        promised = loop.to_state(hotline, "dispatched", issue=one.issue).promised_at
        Order.objects.filter(pk=one.pk).update(due_at=promised + timedelta(days=days))
        page = client.get(one.issue.get_absolute_url()).content.decode()
        assert "市12345热线要求" in page
        assert ("早于承诺时间" in page) is presses
    client.force_login(hotline.chen)
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=False):
        client.force_login(hotline.chen)
        assert client.get("/issues/orders/").content.decode().count("超过对方要求") == 2
