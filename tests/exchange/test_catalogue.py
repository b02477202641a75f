"""The catalogue: shipped once, and terms that change from a day on only."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from exchange import catalogue
from exchange.models import Item, ItemTerms
from rules.workflow import Missing


def test_a_subdistrict_gets_the_25_items_once(window, capsys):
    there = Item.objects.filter(area=window.street).count()  # with codes of the 25
    call_command("ship_items", window.street.code)
    assert f"{25 - there} items added" in capsys.readouterr().out
    assert Item.objects.filter(area=window.street).count() == 25
    assert catalogue.ship(window.street) == 0
    with pytest.raises(CommandError):
        call_command("ship_items", "000000000")


def change(window, **more):
    given = {
        "points": 70,
        "household_monthly": 2,
        "person_monthly": None,
        "starts_on": timezone.localdate() + timedelta(days=5),
        "reason": "进价上涨",
        "by": window.chen,
        **more,
    }
    return catalogue.set_terms(window.tissue, **given)


def test_terms_change_from_a_day_on_and_stay_as_they_were(window):
    new = change(window)
    today = timezone.localdate()
    in_force = ItemTerms.objects.in_force
    assert in_force(today).get(item=window.tissue).points == 60
    assert in_force(new.starts_on).get(item=window.tissue).points == 70
    with pytest.raises(DatabaseError), transaction.atomic():
        ItemTerms.objects.filter(pk=new.pk).update(points=1)


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        ({"reason": " "}, Missing),
        ({"points": 0}, catalogue.WrongTerms),
        ({"household_monthly": 0}, catalogue.WrongTerms),
        ({"starts_on": timezone.localdate() - timedelta(days=1)}, catalogue.InThePast),
    ],
)
def test_terms_that_cannot_be(window, wrong, refused):
    with pytest.raises(refused):
        change(window, **wrong)
    change(window)
    with pytest.raises(catalogue.TermsThatDay):
        change(window)
