"""A resident objects on a phone, another answers, the notice is closed; every page by axe."""

import pytest
from django.utils import timezone

from orgs.models import Residence
from publicity import disclosures, notices
from publicity.models import Disclosure, Notice, NoticeReads
from tests.browser import assert_accessible, shot
from tests.publicity import board

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLE = {
    "columns": ["序号", "姓名", "事由", "积分"],
    "rows": [[str(n), name, "小区清洁日，助老送餐", "20"] for n, name in enumerate("王李赵", 1)],
}


def look(page, path, name):
    page.goto(path)
    assert_accessible(page)
    shot(page, f"publicity-{name}")


def test_object_answer_close(browser_page, street):
    Residence.objects.create(
        person=street.newcomer, household=street.home, state="verified", verified_by=street.li
    )
    found = board.notice(street, kind="decision", table=TABLE, at=board.ago(6))
    url = found.get_absolute_url()

    phone = browser_page(width=390, person=street.wang)
    phone.goto("/notices/")
    phone.get_by_role("link", name=found.title).click()
    phone.wait_for_load_state("networkidle")  # the reading is counted and its cookie is here
    phone.get_by_role("link", name="提出异议").click()
    phone.get_by_role("button", name="提交异议").click()
    assert phone.get_by_text("请填写").first.is_visible()
    phone.get_by_label("哪里不对？").fill("第三行的分数不对")
    phone.get_by_role("button", name="提交异议").click()
    phone.wait_for_url(f"**{url}#objections")
    assert phone.get_by_text("第三行的分数不对").is_visible()

    desk = browser_page(width=1280, person=street.zhou)
    desk.goto("/desk/")
    desk.get_by_role("link", name=found.title, exact=True).click()
    desk.get_by_label("采纳，结束时更正").check()
    desk.get_by_role("textbox", name="答复").fill("已核对，补记五分")
    desk.get_by_role("button", name="答复", exact=True).click()
    desk.get_by_text("没有待答复的异议").wait_for()

    tomorrow = timezone.localdate() - found.ends_on
    assert tomorrow.days < 1  # the window is open: nobody can end it yet
    assert desk.get_by_text("公示期满后才能结束").is_visible()

    over = board.to_state(street, "answered", title="期满的一份")
    desk.goto(f"{over.get_absolute_url()}work/")
    desk.get_by_label("维持原内容").check()
    desk.get_by_role("button", name="结束公示").click()
    desk.wait_for_url(f"**{over.get_absolute_url()}")
    assert Notice.objects.get(pk=over.pk).result == "upheld"
    desk.wait_for_load_state("networkidle")
    assert NoticeReads.objects.get(of=found).count == 1  # the phone, though it looked twice


def test_every_page_is_accessible(browser_page, street):
    found = board.notice(street, table=TABLE)
    notices.object(found, text="第二行不对", by=street.wang)
    row = board.disclosure(street)
    disclosures.correct(row, text="补一句", what="补充说明", why="原来没写", by=street.zhou)
    disclosures.schedule(
        kind="party_affairs",
        area=street.community,
        organization=street.party,
        every="month",
        starts_on=board.ago(70).date(),
    )
    disclosures.make_due()
    owed = Disclosure.objects.missing().first()
    public = {
        "list": "/notices/",
        "notice": found.get_absolute_url(),
        "sheet": f"{found.get_absolute_url()}sheet/",
        "disclosure": row.get_absolute_url(),
        "owed": owed.get_absolute_url(),
    }
    staff = {
        "work": f"{found.get_absolute_url()}work/",
        "new": "/notices/new/",
        "correct": f"{row.get_absolute_url()}correct/",
        "schedules": "/notices/schedules/",
    }
    page = browser_page(width=390, mode="elder", person=street.zhou)
    for name, path in {**public, **staff}.items():
        look(page, path, f"{name}-390-elder")
    page = browser_page(width=390, mode="huge", person=street.newcomer)
    look(page, f"{found.get_absolute_url()}object/", "object-refused-390-huge")
    page = browser_page(width=1280, mode="dark")
    look(page, public["notice"], "notice-1280-dark")
