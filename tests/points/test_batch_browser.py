"""A month dealt with by keyboard and with the mouse, looked at in every mode."""

import pytest
from django.core.cache import cache

from points import batches
from points.models import Claim
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.points.dealt import heap

pytestmark = pytest.mark.browser
MODES = ((1280, "light"), (390, "dark"), (390, "elder"))


def decided(batch) -> list[int]:
    return sorted(batch.claims.exclude(decision="").values_list("pk", flat=True))


def test_a_month_is_dealt_with(browser_page, points):
    cache.clear()
    batch = heap(points, 48, people=8)
    batches.start_deciding(batch, by=points.zhou)
    Claim.objects.filter(pk=batch.claims.order_by("pk")[0].pk).update(points=3)
    url = batch.get_absolute_url()

    for modes in by_size(*MODES):
        page = browser_page(*modes[0], person=points.zhou)
        page.goto(url)
        for width, mode in in_modes(page, modes):
            assert_accessible(page)
            shot(page, f"batch-{width}-{mode}")

    page = browser_page(width=1280, person=points.zhou)
    page.goto(url)
    rows = page.locator("[data-row]")
    first, second, third = (int(rows.nth(at).get_attribute("data-row")) for at in range(3))
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.row") == str(first)
    page.keyboard.press("a")
    page.get_by_text("已同意 1 项").wait_for()
    assert decided(batch) == [first]
    page.wait_for_function(f"document.activeElement.dataset.row === '{second}'")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    page.locator("#refuse select").select_option("no_evidence")
    page.locator("#refuse textarea").fill("没有签到")
    page.get_by_role("button", name="不同意选中的").click()
    page.get_by_text("已定为不同意 1 项").wait_for()
    assert decided(batch) == [first, second]
    page.locator("[data-row]").first.focus()
    page.keyboard.press("u")
    page.get_by_text("已撤销 1 项审批").wait_for()
    assert decided(batch) == [second]
    page.keyboard.press("?")
    assert page.locator("#keys").get_attribute("open") is not None

    page.locator(f"#c{third} button[value^='approve:']").click()
    page.get_by_text("已同意 1 项").wait_for()
    assert decided(batch) == [second, third]
    page.get_by_role("button", name="撤销刚才的 1 项").click()
    page.get_by_text("已撤销 1 项审批").wait_for()
    page.locator("button[name=all]").first.click()
    page.get_by_text("已同意").first.wait_for()
    assert len(decided(batch)) > 2
    page.keyboard.press("j")
    page.keyboard.press("r")
    assert_accessible(page)  # last, as pictures and axe leave style marks that a swap would copy
    page.evaluate("scrollTo(0, 0)")
    shot(page, "batch-refusing-1280")
