"""A merchant's keeper has a portal of codes and goods, and nothing else of the staff's."""

import re

import pytest
from django.urls import get_resolver

from exchange import orders
from exchange.models import Outlet
from tests.exchange.test_counter import said
from tests.exchange.test_orders import order
from tests.portal.test_entrances import every_view

BEHIND = {
    "exchange/counter/",
    "exchange/donations/",
    "exchange/settlements/",
    "exchange/outlets/<int:pk>/list/",
    "exchange/outlets/<int:pk>/list/enter/",
    "exchange/outlets/<int:pk>/stock/",
    "exchange/outlets/<int:pk>/stock.csv",
    "exchange/outlets/<int:pk>/stock/<int:offer_pk>/",
}


def places(page) -> list[str]:
    nav = page.content.decode().split('<nav class="places"')[1].split("</nav>")[0]
    return re.findall(r'href="([^"]+)"', nav)


def test_a_keeper_reaches_what_residents_reach_and_the_counter(client, window):
    """Every address there is; where it wants a number, those of the outlet, an item and an order.

    ``newcomer`` holds no post and lives nowhere: what they read, anybody who signed in reads.
    """
    placed = order(window)
    numbers = {"pk": window.merchant.pk, "offer_pk": window.tissue_here.pk, "size": "small"}
    numbers |= {"code": placed.code, "number": placed.pk, "token": "x"}

    def read_by(person) -> set[str]:
        client.force_login(person)
        found = set()
        for address, view in every_view(get_resolver("portal.urls").url_patterns):
            if address.startswith(("^", "accounts/", "ui/")):
                continue
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(numbers.get(m[1], 1)), address)
            asked = view.who_may_enter.startswith("allowed:") or "<" not in address
            if asked and client.get(f"/{path}").status_code == 200:
                found.add(address)
        return found

    keeper = read_by(window.shang)
    assert keeper - read_by(window.newcomer) == BEHIND


@pytest.mark.parametrize("who", ["shang", "sun", "wang"])
def test_the_navigation_is_as_large_as_what_one_does(client, window, who):
    client.force_login(getattr(window, who))
    there = places(client.get("/messages/"))
    keepers = [
        *("/exchange/counter/", "/exchange/stock/", "/exchange/settlements/"),
        *("/messages/", "/accounts/profile/"),
    ]
    assert (there == keepers) == (who == "shang")
    assert ("/exchange/counter/" in there) == (who == "shang")


def test_the_place_one_is_in_is_marked(client, window):
    client.force_login(window.shang)
    for address, place in (
        (f"/exchange/outlets/{window.merchant.pk}/stock/", "/exchange/stock/"),
        ("/exchange/donations/", "/exchange/stock/"),
        (f"/exchange/pick/{order(window).code}/", "/exchange/counter/"),
    ):
        nav = client.get(address).content.decode()
        assert f'href="{place}" aria-current="true"' in nav, address


def test_a_keepers_desk_is_the_counter_and_others_find_it_on_theirs(client, window):
    placed = order(window, window.tissue_shop)
    client.force_login(window.shang)
    answer = client.get("/desk/")
    assert (answer.status_code, answer["Location"]) == (302, "/exchange/counter/")
    client.force_login(window.sun)
    assert "1单待领取" in said(client.get("/desk/"))
    orders.issue(placed, by=window.sun)
    desk = client.get("/desk/")
    assert "待领取" not in said(desk)
    assert "兑换点核销" in said(desk)
    Outlet.objects.filter(pk=window.shop.pk).update(organization=window.merchant_shop)
    assert "兑换点核销" not in said(client.get("/desk/"))
