"""What people enter into the stock is entered once; what is given keeps its giver's wish."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from exchange import codes, donations, orders, stock
from exchange.models import GoodsDonation, StockEntry, StockKind
from exchange.orders import CodeIs
from tests.exchange.test_orders import order, pieces


def give(window, pieces_given=4, **more):
    given = {
        "by": window.shang,
        "donor_name": "钱大善",
        "is_body": False,
        "wish": "surname",
        "thanks": "谢谢您的大米",
        "received_on": date(2026, 11, 3),
        "key": "gift-1",
        **more,
    }
    return donations.receive(window.rice_here, pieces_given, **given)


@pytest.mark.parametrize("verb", ["receive", "damage", "count"])
def test_the_same_form_twice_is_one_line(window, verb):
    number = {"receive": 3, "damage": 1, "count": 4}[verb]
    lines = [
        getattr(stock, verb)(window.tissue_here, number, by=window.shang, reason="测试", key="k1")
        for _click in range(2)
    ]
    assert lines[0].pk == lines[1].pk
    assert pieces(window.tissue_here)[0] == {"receive": 8, "damage": 4, "count": 4}[verb]
    with pytest.raises(stock.FormSpent):
        stock.receive(window.rice_here, 1, by=window.shang, key="k1")


def test_a_mark_is_no_line(window):
    lines = StockEntry.objects.count()
    stock.set_low_mark(window.tissue_here, 5)
    window.tissue_here.refresh_from_db()
    assert window.tissue_here.is_low
    assert StockEntry.objects.count() == lines
    with pytest.raises(stock.WrongCount):
        stock.set_low_mark(window.tissue_here, -1)


def test_a_gift_is_stock_and_its_giver_is_named_as_they_wish(window):
    gift, again = give(window), give(window)
    assert gift.pk == again.pk
    assert pieces(window.rice_here) == (6, 0)
    assert gift.entry.kind == StockKind.DONATED
    assert "钱" not in gift.entry.reason
    assert donations.names_to(gift, window.shang) == "钱*"
    assert donations.names_to(gift, window.chen) == "钱大善"
    donations.change(gift, wish="hidden", thanks="")
    assert gift.public_name == "一位热心居民"
    assert list(donations.seen_by(window.shang)) == list(donations.seen_by(window.chen)) == [gift]
    for stranger in (window.sun, window.zhao, window.wang):
        assert not donations.seen_by(stranger).exists()


def test_a_body_has_a_name_and_no_surname(window):
    gift = give(window, donor_name="梧桐粮油店", is_body=True, wish="named")
    assert gift.public_name == "梧桐粮油店"
    with pytest.raises(ValidationError, match="单位没有姓氏"):
        donations.change(gift, wish="surname", thanks="")
    with pytest.raises(IntegrityError), transaction.atomic():
        GoodsDonation.objects.filter(pk=gift.pk).update(wish="surname")
    for change in ({"pieces": 9}, {"offer": window.tissue_here}):
        with pytest.raises(DatabaseError), transaction.atomic():
            GoodsDonation.objects.filter(pk=gift.pk).update(**change)


def test_a_code_is_of_one_kind(window):
    def kind(text, person=window.shang, **more):
        return orders.find(text, person=person, **more).kind

    placed = order(window)
    assert kind(placed.code) == CodeIs.GOOD
    assert kind("ABC") == CodeIs.UNREADABLE
    assert kind(codes.new()) == CodeIs.UNKNOWN
    assert kind(placed.code, window.sun) == CodeIs.ELSEWHERE
    assert kind(placed.code, outlet=window.shop) == CodeIs.ELSEWHERE
    assert kind(placed.code, outlet=window.merchant) == CodeIs.GOOD
    assert kind(placed.code, at=placed.due_at + timedelta(minutes=1)) == CodeIs.EXPIRED
    orders.refuse(placed, by=window.shang, reason="破损")
    assert kind(placed.code) == CodeIs.ENDED
    second = order(window, key="form-2")
    orders.issue(second, by=window.shang)
    assert kind(second.code) == CodeIs.USED
    orders.expire_due(at=order(window, key="form-3").due_at + timedelta(minutes=1))
    third = window.wang.orders.latest("pk")
    assert kind(third.code) == CodeIs.EXPIRED


def test_a_code_says_that_it_is_not_the_day(window):
    placed = order(window)
    tomorrow = timezone.localdate() + timedelta(days=1)
    window.merchant.weekdays = [tomorrow.isoweekday()]
    window.merchant.only_on_days = True
    window.merchant.save()
    found = orders.find(placed.code, person=window.shang)
    assert found.kind == CodeIs.NOT_TODAY
    assert "兑换日" in found.why
