"""The pages of an issue in Chromium: every mode, axe, no side scrolling, photos chosen and kept."""

import pytest

from grids import handling
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.grids import loop
from tests.grids.pictures import jpeg

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Each width, theme, size and contrast at least once; others of the suite look at the rest.
MODES = [(390, "light"), (390, "elder"), (390, "huge"), (390, "high-dark"), (1280, "dark")]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "灯.jpg"
    path.write_bytes(jpeg((1200, 900)))
    return path


def look(page, name, modes):
    assert_valid_html(page.content())
    for width, mode in in_modes(page, modes):
        assert_accessible(page)
        shot(page, f"{name}-{width}-{mode}")


def test_every_page_in_every_mode(browser_page, street):
    mine = loop.post(street, pictures=loop.pictures(2))
    done = loop.to_state(street, "closed", issue=loop.post(street, text="东门路灯坏了"))
    late = loop.to_state(street, "in_progress", issue=loop.late_post(street))
    rated = loop.to_state(street, "rated", issue=loop.post(street, text="垃圾亭满了两天"))

    for modes in by_size(*MODES):
        page = browser_page(*modes[0])
        page.goto("/issues/")
        look(page, "list", modes)
        page.goto(rated.get_absolute_url())
        look(page, "public", modes)

        page = browser_page(*modes[0], person=street.wang)
        page.goto("/issues/new/")
        look(page, "new", modes)
        page.click("button.wide")
        look(page, "new-errors", modes)
        page.goto(f"{mine.get_absolute_url()}posted/")
        look(page, "posted", modes)
        page.goto(done.get_absolute_url())
        look(page, "reporter-rating", modes)
        page.goto(late.get_absolute_url())
        look(page, "reporter-late", modes)
        page.goto("/issues/?show=mine")
        look(page, "mine", modes)

        page = browser_page(*modes[0], person=street.li)
        page.goto("/issues/queue/")
        look(page, "queue", modes)
        page.goto(mine.get_absolute_url())
        look(page, "worker-file", modes)

        page = browser_page(*modes[0], person=street.wu)
        page.goto(late.get_absolute_url())
        look(page, "worker-report", modes)


def test_a_resident_posts_from_a_phone(browser_page, street, file):
    page = browser_page(width=390, person=street.wang)
    page.goto("/issues/new/")
    again = page.locator(".call-again")
    page.get_by_text("燃气安全", exact=True).click()
    assert again.is_visible()  # 110, 119, 120 once more, without any script
    page.get_by_text("物业维修", exact=True).click()
    assert again.is_hidden()
    page.get_by_label("具体位置").fill("3栋2单元")
    page.set_input_files("input[name=photos]", [str(file)])
    page.click("button.wide")

    # The words are missing: the photo need not be chosen again.
    assert page.get_by_text("请写一两句话").first.is_visible()
    assert page.locator(".drafts img").count() == 1
    page.get_by_label("发生了什么？").fill(loop.WORDS)
    page.click("button.wide")

    page.wait_for_url("**/posted/")
    issue = handling.Issue.objects.get()
    assert issue.number in page.content()
    assert issue.photos.count() == 1
