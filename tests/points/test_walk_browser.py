"""One deed from its photo to the account, in one browser, each step by somebody else.

王 sweeps a stairwell and claims it with a photo; 李, the grid worker, certifies; 周, the secretary,
and 高, the director, approve; 何, 邻居 and 监 of the points group sign, 江 where 何 has a part;
周 publishes, 方 objects, 周 corrects, 高 answers. When the notice is over 周 ends it, the worker
pays, and 王 reads it all. Whoever has a part in something is refused in words they can see.
"""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from points import batches, claims, panel, tasks, verification
from points.models import Batch, Claim
from publicity.models import Notice
from tests.browser import assert_accessible, shot, sign_in
from tests.grids import pictures
from tests.points import claiming
from tests.points.claiming import file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def saying(page, words: str):
    return page.get_by_text(words).first.wait_for()


def test_from_a_photo_to_the_account(browser_page, points, time_machine):
    fang = claiming.resident(points, "方居民")
    panel.seat(points.community, points.jiang, "supervisor", by=points.gao)
    claiming.live(points.zhou, claiming.another_door(points), points.li)
    day = batches.last_month() + timedelta(days=20)
    hers = claims.certify(
        file(points, person=points.zhou, by=points.zhou, happened_on=day), by=points.he
    )
    listed = file(
        points,
        "P09",
        person=fang,
        by=points.li,
        happened_on=day,
        source="grid_worker",
        evidence=[claiming.paper(points)],
    )

    # 王, at the door of the stairwell
    wang = browser_page(390, person=points.wang)
    wang.goto("/")
    wang.get_by_role("link", name=re.compile("我的积分")).first.click()
    wang.get_by_role("link", name="申报积分").click()
    wang.get_by_label("找一找").fill("三清")
    wang.get_by_role("button", name="查找").click()
    wang.get_by_role("link", name=re.compile("楼道“三清”达标")).click()
    wang.get_by_label("哪天做的").fill(day.isoformat())
    wang.get_by_label("几次").fill("2")
    wang.get_by_label("做了什么").fill("清走三楼到五楼的杂物")
    photo = {"name": "楼道.jpg", "mimeType": "image/jpeg", "buffer": pictures.jpeg()}
    wang.get_by_label(re.compile("照片")).first.set_input_files(files=[photo])
    wang.get_by_role("button", name="先看能得多少分").click()
    saying(wang, "这次计 16 分")
    assert wang.get_by_alt_text("已传照片 1").is_visible()
    assert_accessible(wang)
    shot(wang, "walk-1-preview")
    wang.get_by_role("button", name="提交申报").click()
    saying(wang, "等网格员认证")
    claim = Claim.objects.get(text="清走三楼到五楼的杂物")

    # 李, on the way
    li = browser_page(390, person=points.li)
    li.goto("/points/certify/")
    assert li.locator(f"#c{claim.pk} .thumbs img").count() == 1
    assert li.locator(f"#c{listed.pk}").count() == 0
    assert li.get_by_text("另有 1 项与您有关，由他人认证").is_visible()
    li.locator(f"#c{claim.pk}").get_by_role("button", name="认证").click()
    saying(li, "已认证 1 项")

    batches.open_due()  # the beat collects the month

    # 周, who has a claim of his own in it
    batch = Batch.objects.get()
    zhou = browser_page(1280, person=points.zhou)
    zhou.goto("/points/batches/")
    zhou.locator(f"a[href='{batch.get_absolute_url()}']").first.click()
    zhou.get_by_role("button", name="结束收集，开始审批").click()
    saying(zhou, "已结束收集，开始审批")
    zhou.goto(f"{batch.get_absolute_url()}?q={hers.pk}")
    assert zhou.locator(f"#c{hers.pk} .aside").inner_text() == "这是您本人的积分，请由他人办理"
    assert zhou.locator(f"#c{hers.pk} button").count() == 0
    zhou.goto(f"{batch.get_absolute_url()}?q={claim.pk}")
    zhou.locator(f"#c{claim.pk} button[value^='approve:']").click()
    saying(zhou, "已同意 1 项")

    gao = browser_page(1280, person=points.gao)
    gao.goto(f"{batch.get_absolute_url()}?q={hers.pk}")
    gao.locator(f"#c{hers.pk} button[value^='approve:']").click()
    saying(gao, "已同意 1 项")

    zhou.goto(batch.get_absolute_url())
    zhou.get_by_role("button", name="结束审批，提交审议").click()
    saying(zhou, "签够以后才能公示")

    # The points group: 何 certified 周's deed, so 江 signs too
    review = zhou.url
    for number, member in enumerate((points.he, points.neighbour, points.jian, points.jiang)):
        page = browser_page(390, person=member)
        page.goto(review)
        aside = page.get_by_role("heading", name="您的签署对这些项不起作用")
        assert aside.count() == (1 if member == points.he else 0)
        page.get_by_label("同意", exact=True).check()
        page.get_by_role("button", name="签署", exact=True).click()
        saying(page, "已签署")
        if number == 2:
            zhou.reload()
            saying(zhou, "还有 1 项签署人数不够")
            assert zhou.get_by_role("button", name="公示名单").count() == 0
    zhou.reload()
    zhou.get_by_role("button", name="公示名单").click()
    saying(zhou, "已开始公示")

    # 方 objects; 周, who published, neither objects nor answers
    notice = Notice.objects.get()
    page = browser_page(390, person=fang)
    page.goto(notice.get_absolute_url())
    assert page.get_by_text(points.wang.name).count() == 0
    page.get_by_role("link", name="提出异议").click()
    page.get_by_label("哪里不对").fill(f"编号{claim.pk}只清了一次")
    page.get_by_role("button", name=re.compile("提交|提出")).click()
    saying(page, "异议已收到")
    zhou.goto(f"{notice.get_absolute_url()}object/")
    saying(zhou, "您是发布人，不能对自己发布的公示提出异议")
    zhou.goto(f"{notice.get_absolute_url()}work/")
    saying(zhou, "发布人不能答复")
    assert zhou.get_by_text(fang.name).count() == 0

    # 周 corrects, 高 answers
    zhou.goto(f"{batch.get_absolute_url()}?show=contested")
    saying(zhou, "还有 1 条异议没有答复")
    zhou.locator(f"#c{claim.pk}").get_by_role("link", name="更正").click()
    zhou.get_by_label("减少积分").check()
    zhou.get_by_label("更正后的积分").fill("8")
    zhou.locator("#correct").get_by_label("给申报人的说明").fill("核实为一次")
    assert_accessible(zhou)
    shot(zhou, "walk-2-correcting")
    zhou.get_by_role("button", name="更正").click()
    saying(zhou, f"编号{claim.pk} 已更正")
    gao.goto(f"{notice.get_absolute_url()}work/")
    gao.get_by_label("采纳，结束时更正").check()
    gao.get_by_label("答复", exact=True).fill("经核实为一次，已更正为 8 分。")
    gao.get_by_role("button", name="答复").click()
    saying(gao, "已答复")

    zhou.goto(batch.get_absolute_url())
    saying(zhou, "期满后才能结束")
    assert zhou.get_by_role("button", name="结束公示，开始入账").count() == 0

    # When the days have passed everybody signs in again
    time_machine.move_to(timezone.now() + timedelta(days=(notice.ends_on - day).days))
    sign_in(zhou, points.zhou)
    zhou.goto(batch.get_absolute_url())
    saying(zhou, f"编号{claim.pk}：更正为8分")
    assert_accessible(zhou)
    shot(zhou, "walk-3-ending")
    zhou.get_by_role("button", name="结束公示，开始入账").click()
    saying(zhou, "公示已结束，正在入账")
    tasks.post_batch(batch.pk)
    tasks.post_batch(batch.pk)  # delivered twice
    zhou.reload()
    saying(zhou, "这一批已经办完")

    # 王 reads it all
    sign_in(wang, points.wang)
    wang.goto("/points/")
    assert wang.locator(".balance strong").inner_text() == "8分"
    claim.refresh_from_db()
    month = timezone.localtime(claim.transfer.posted_at)
    wang.goto(f"/points/statement/{month:%Y-%m}/")
    line = wang.get_by_role("row", name=re.compile("楼道“三清”达标"))
    assert line.get_by_role("cell").last.inner_text() == "+8"
    line.get_by_role("link").click()
    told = [
        (item.locator("strong").inner_text(), item.locator(".who").inner_text())
        for item in wang.locator(".timeline li").all()
    ]
    assert told == [
        ("申报", "您"),
        ("认证通过", "网格员"),
        ("汇总进名单", "系统"),
        ("审批同意", "社区"),
        ("积分小组审议通过", "积分小组"),
        ("开始公示", "社区"),
        ("公示中有异议", "系统"),
        ("公示期间更正", "社区"),
        ("记入账户", "系统"),
    ]
    saying(wang, "16 分更正为 8 分")
    assert_accessible(wang)
    shot(wang, "walk-4-history")
    sign_in(page, fang)
    page.goto(notice.get_absolute_url())
    saying(page, f"编号{claim.pk}：更正为8分")
    assert claiming.balance(points, points.zhou) == hers.points
    assert not verification.run(full=True).findings
