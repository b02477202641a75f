"""A file of orders in Chromium: looked at, confirmed, taken back; and how the pages look."""

import os

import pytest
from django.urls import reverse

from grids.models import Import, Issue
from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids.hotline.conftest import line, table

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_file_is_imported_on_a_phone_and_taken_back(browser_page, hotline, tmp_path):
    file = tmp_path / "工单.csv"
    file.write_bytes(
        table(line("H001"), line("H002", place="银河社区"), line("H003", due="2026-11-30"))
    )
    page = browser_page(width=390, person=hotline.chen)
    page.goto(reverse("grids:imports"))
    look(page, "imports")
    page.set_input_files("input[type=file]", str(file))
    page.click("text=上传并预览")
    page.wait_for_selector("text=确认导入 2 件")
    look(page, "import-preview")
    assert "找不到“银河社区”" in page.content()
    page.click("text=确认导入 2 件")
    page.wait_for_selector("text=撤销这次导入")
    look(page, "import-done")
    assert Issue.objects.count() == 2

    page.fill("textarea[name=reason], input[name=reason]", "选错了文件")
    page.click("button:has-text('撤销导入')")
    page.wait_for_selector("text=已撤销 2 件")
    assert Import.objects.get().state == "undone"
    assert set(Issue.objects.values_list("state", flat=True)) == {"not_accepted"}


def look(page, name, soft=None):
    assert_accessible(page)
    assert_valid_html(page.content())
    shot(page, f"hotline-{name}")


@pytest.mark.skipif(not os.environ.get("SHOTS_DIR"), reason="pictures are taken when asked for")
@pytest.mark.parametrize(
    ("width", "mode"), [(390, "light"), (1280, "light"), (1280, "dark"), (390, "elder")]
)
def test_every_page_in_its_modes(browser_page, hotline, width, mode):
    from grids.hotline import importing
    from grids.models import Callback
    from tests.grids import loop
    from tests.grids.hotline.test_importing import taken_in, upload

    taken_in(hotline, line("H001", due="2026-11-25"), line("H002"))
    Callback.objects.filter(payload__order="H001").update(
        state="failed", reason="对方答复 HTTP 503", next_try_at=None
    )
    batch = upload(hotline, line("H003"), line("", place="x", due="明天"))
    strange = importing.upload(
        hotline.hotline, content="流水,内容\n1,灯".encode(), file_name="b.csv", by=hotline.chen
    )
    issue = Issue.objects.get(order__number="H001")
    loop.file(issue, hotline.li)
    pages = {
        "orders": reverse("grids:orders"),
        "imports": reverse("grids:imports"),
        "import": batch.get_absolute_url(),
        "import-columns": strange.get_absolute_url(),
        "partners": reverse("grids:partners"),
        "partner": hotline.hotline.get_absolute_url(),
        "partner-new": reverse("grids:partner_new"),
        "caller": reverse("grids:caller", args=[issue.number]),
        "issue": issue.get_absolute_url(),
    }
    page = browser_page(width=width, mode=mode, person=hotline.chen)
    for name, address in pages.items():
        page.goto(address)
        look(page, f"{name}-{width}-{mode}")
    page = browser_page(width=width, mode=mode, person=hotline.auditor)
    page.goto(reverse("grids:looks"))
    look(page, f"looks-{width}-{mode}")
