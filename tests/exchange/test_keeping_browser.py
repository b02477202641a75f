"""What the subdistrict keeps of the exchange, on a phone and at a desk: axe finds nothing."""

import pytest
from django.urls import reverse

from tests.browser import assert_accessible, by_size, in_modes, shot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MODES = by_size((390, "light"), (1280, "dark"), (390, "elder"))


def test_items_outlets_and_stops_are_accessible(browser_page, window):
    rooms = {
        "catalogue": reverse("exchange:catalogue"),
        "item-new": reverse("exchange:item_new"),
        "item-keep": reverse("exchange:keep_item", args=[window.tissue.pk]),
        "outlets": reverse("exchange:outlets"),
        "outlet-keep": reverse("exchange:keep_outlet", args=[window.merchant.pk]),
        "outlet-new": reverse("exchange:outlet_new"),
        "stops": reverse("exchange:stops"),
    }
    for modes in MODES:
        page = browser_page(*modes[0], person=window.chen)
        for name, address in rooms.items():
            page.goto(address)
            for width, mode in in_modes(page, modes):
                assert_accessible(page)
                shot(page, f"keep-{name}-{width}-{mode}")
