"""Two departments through a whole whistle in Chromium, and its pages on phone, dark and elder."""

import pytest
from playwright.sync_api import expect

from grids import whistles
from grids.models import WhistleState as S
from tests.browser import assert_accessible, by_size, in_modes, shot
from tests.grids import loop, whistling

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def street(street):
    return whistling.crew(street)


def test_a_whistle_with_two_departments_and_mutual_rating(browser_page, street):
    issue = whistling.issue_at_street(street)
    url = f"{issue.get_absolute_url()}whistle/"

    browsers = {}

    def on(person, path=url):
        if person.pk not in browsers:
            browsers[person.pk] = browser_page(person=person)
        page = browsers[person.pk]
        page.goto(path)
        return page

    def press(page, name):
        page.get_by_role("button", name=name, exact=True).click()

    # the operator asks, from the issue
    page = on(street.chen, issue.get_absolute_url())
    page.get_by_role("link", name="申请吹哨").click()
    page.get_by_label("街道为什么办不成").fill("两次约谈无效，街道没有处罚权")
    page.get_by_label("职责依据").fill("市容管理条例第三十六条")
    page.get_by_text("执法现场").click()
    for name in ("青桐街道综合执法队", "望汐区市场监管所"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("牵头部门").select_option(label="青桐街道综合执法队")
    press(page, "送领导批准")
    expect(page.locator(".head .pill").first).to_have_text("待批准")

    # the leader finds it on the desk and approves
    page = on(street.leader, "/desk/")
    page.get_by_role("link", name=issue.title).first.click()
    press(page, "批准并吹哨")
    expect(page.locator(".head .pill").first).to_have_text("已吹哨")

    # both departments come; the lead plans
    for person in (street.shi, street.feng):
        page = on(person, "/issues/queue/")
        page.get_by_role("link", name=issue.title).first.click()
        press(page, "报到")
    expect(page.locator(".head .pill").first).to_have_text("已报到")
    tasks = page.locator("textarea[name^=task_]")
    tasks.nth(0).fill("清理占道摊点，依法查处")
    tasks.nth(1).fill("核查证照和食材来源")
    press(page, "定联合办理方案")
    expect(page.locator(".head .pill").first).to_have_text("联合办理中")

    # nothing is reported before both are done
    page = on(street.feng, issue.get_absolute_url())
    expect(page.get_by_text("各部门的任务都完成后才能上报结果")).to_be_visible()
    expect(page.get_by_role("button", name="上报结果")).to_have_count(0)
    for person, words in ((street.shi, "证照齐全，已约谈"), (street.feng, "摊点已清走")):
        page = on(person)
        page.get_by_label("完成情况").fill(words)
        press(page, "完成本部门任务")
    expect(page.locator(".head .pill").first).to_have_text("联合办理完成")

    # reported by the lead, verified by another person
    page = on(street.feng, issue.get_absolute_url())
    page.get_by_label("办理结果").fill("占道烧烤已清走，每晚值守")
    page.get_by_label("没有照片的原因").fill("夜间拍不清")
    press(page, "上报结果")
    page = on(street.sun, issue.get_absolute_url())
    page.get_by_text("到现场看过").click()
    press(page, "核验通过，办结")

    # both sides rate
    page = on(street.chen)
    for _department in range(2):
        form = page.locator("form:has(button[value=rate_department])").first
        form.get_by_text("五星").click()
        form.get_by_role("button", name="评价部门").click()
    for person in (street.shi, street.feng):
        page = on(person)
        page.get_by_text("有必要", exact=True).click()
        page.get_by_text("四星").click()
        press(page, "评价这次吹哨")
    expect(page.locator(".head .pill").first).to_have_text("已结束")
    assert_accessible(page)

    whistle = whistles.of_issue(issue)[0]
    assert whistle.state == S.ENDED
    rated = [(c.stars, c.necessary, c.necessity_stars, c.on_time) for c in whistle.standing()]
    assert rated == [(5, True, 4, True)] * 2
    issue.refresh_from_db()
    assert (issue.state, issue.level, issue.handler) == ("closed", "L4", street.feng)


def test_the_pages_in_every_mode(browser_page, street):
    ready = whistling.issue_at_street(street)
    planned = whistling.to_state(street, S.REPORTED_IN)
    rated = whistling.to_state(street, S.RATING)
    late = whistling.to_state(street, S.CALLED)
    whistles.advance(
        late, "remove", by=street.leader, call=late.standing()[1].pk, reason="证照齐全，不用来"
    )
    stops = [
        (street.chen, f"{ready.get_absolute_url()}whistle/", "ask"),
        (street.chen, ready.get_absolute_url(), "issue"),
        (street.feng, f"{planned.issue.get_absolute_url()}whistle/", "plan"),
        (street.chen, f"{rated.issue.get_absolute_url()}whistle/", "rate"),
        (street.leader, f"{late.issue.get_absolute_url()}whistle/", "leader"),
        (street.leader, "/issues/whistles/?show=all", "list"),
        (street.feng, "/issues/queue/", "queue"),
    ]
    for modes in by_size((390, "light"), (1280, "light"), (390, "dark"), (390, "elder")):
        pages = {}
        for person, path, name in stops:
            if person.pk not in pages:
                pages[person.pk] = browser_page(*modes[0], person=person)
            page = pages[person.pk]
            page.goto(path)
            for width, mode in in_modes(page, modes):
                assert_accessible(page)
                shot(page, f"whistle-{name}-{width}-{mode}")
    assert loop.told(street.feng).exists()
