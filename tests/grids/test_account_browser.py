"""Account and map in Chromium: axe, no side scrolling, a mark reached by keyboard leads on."""

import pytest

from grids import account
from orgs import sites
from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids import loop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_account_and_map_are_for_everybody(browser_page, street):
    sites.place({street.building: (120, 90)}, by=street.li)
    loop.to_state(street, "rated")
    loop.to_state(street, "in_progress", issue=loop.late_post(street))
    loop.to_state(street, "handled", issue=loop.post(street))
    account.refresh()

    for width, mode in ((390, "light"), (1280, "dark"), (390, "elder")):
        page = browser_page(width, mode)
        page.goto("/issues/account/")
        page.locator("details.numbers summary").first.click()
        assert page.locator("details.numbers table").first.is_visible()
        assert page.locator("svg.plot").count() == 6
        assert_accessible(page)
        assert_valid_html(page.content())
        shot(page, f"account-{width}-{mode}")

        page.get_by_role("link", name="在图上看").click()
        page.wait_for_url("**/issues/map/**")
        assert_accessible(page)
        assert_valid_html(page.content())
        shot(page, f"map-{width}-{mode}")
        page.locator(".map a.mark").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**state=late")
        assert page.locator(".rows h3").count() == 1
