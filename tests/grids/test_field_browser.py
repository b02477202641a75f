"""Tools of the field in a real browser: drawing black boxes; a patrol on a phone."""

import io

import pytest
from PIL import Image

from grids import photos
from grids.models import Issue
from tests.browser import assert_accessible, shot
from tests.grids import loop
from tests.grids import pictures as drawn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_black_boxes_are_drawn_by_mouse_and_by_keys(browser_page, street):
    ready = photos.read(drawn.upload(drawn.jpeg((800, 600), colour="#d9e2d0")))
    issue = loop.post(street, pictures=[ready])
    photo = issue.photos.get()
    page = browser_page(width=1280, person=street.li)
    page.goto(f"/issues/photos/{photo.token}/redact/")
    assert_accessible(page)

    frame = page.locator(".canvas svg").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.1, frame["y"] + frame["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.3, frame["y"] + frame["height"] * 0.3)
    page.mouse.up()

    page.get_by_role("button", name="加一个黑框").press("Enter")
    for _press in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="加一个黑框").press("Enter")
    page.keyboard.press("Delete")
    shot(page, "redact-1280")
    page.get_by_role("button", name="涂黑并保存").press("Enter")
    page.get_by_text("大家只看得到涂黑后的这一张").wait_for()
    assert_accessible(page)

    photo.refresh_from_db()
    by_mouse, by_keys = photo.redactions.get().boxes
    assert all(
        abs(got - wanted) <= 3 for got, wanted in zip(by_mouse, [80, 60, 240, 180], strict=True)
    )
    assert by_keys == [320 + 39, 240, 480 + 39, 360 + 13]
    with photos.default_storage.open(photos.public_path(photo.redacted_token, "large")) as file:
        shown = Image.open(io.BytesIO(file.read())).convert("RGB")
    assert max(shown.getpixel((160, 120))) <= 6
    assert min(shown.getpixel((700, 500))) > 150


def test_a_patrol_on_a_phone_with_a_photo(browser_page, street, tmp_path):
    picture = tmp_path / "现场.jpg"
    picture.write_bytes(drawn.jpeg((1200, 900)))
    page = browser_page(width=390, person=street.li)
    page.goto("/issues/patrols/")
    assert_accessible(page)
    shot(page, "patrols-390")
    page.get_by_role("button", name="第一网格").click()
    page.get_by_role("button", name="1栋").click()
    page.get_by_role("button", name="1栋", pressed=True).wait_for()
    assert_accessible(page)
    shot(page, "patrol-390")

    report = page.get_by_role("link", name="拍照上报")
    within_reach(page, report)
    report.click()
    page.set_input_files("input[type=file]", picture)
    page.locator(".kinds label").first.click()
    send = page.get_by_role("button", name="上报")
    within_reach(page, send)
    shot(page, "patrol-found-390")
    assert_accessible(page)
    send.click()
    page.get_by_text("路上发现 1 件").wait_for()
    page.get_by_role("button", name="结束这次巡查").click()
    page.get_by_text("巡查已结束").wait_for()
    issue = Issue.objects.get()
    assert (issue.source, issue.photos.count()) == ("grid", 1)


def within_reach(page, button):
    """On the screen without scrolling, in its lower third, and big enough for a thumb."""
    box = button.bounding_box()
    assert 844 * 2 / 3 < box["y"] < box["y"] + box["height"] <= 844 - 56
    assert box["height"] >= 60
