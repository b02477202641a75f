"""The catalogue's pages: everybody reads it, the subdistrict writes it and tries it out first."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from points import catalogue
from points.models import RuleVersion
from tests.browser import assert_valid_html
from tests.points import claiming
from tests.points.claiming import days_ago, today

RULES = "/points/rules/"


def new(code="P05"):
    return reverse("points:rule_new", args=[code])


def ending(code="P05"):
    return reverse("points:rule_end", args=[code])


def last_month() -> date:
    return today().replace(day=1) - timedelta(days=1)


def typed(page, **changes) -> dict:
    """What the browser would send: the form as it stands, with ``changes``."""
    form = page.context["form"]
    data = {bound.html_name: bound.value() for bound in form}
    for bound in form.caps.management_form:
        data[bound.html_name] = bound.value()
    for row in form.caps:
        data |= {bound.html_name: bound.value() for bound in row}
    data["mark"] = page.context["mark"]
    data |= changes
    return {name: value for name, value in data.items() if value is not None and value is not False}


# --- everybody -----------------------------------------------------------------------------------


def test_a_visitor_reads_every_rule_in_plain_words(client, points):
    page = client.get(RULES)
    text = page.content.decode()
    assert_valid_html(text)
    assert [key for key, _title, _lines in page.context["groups"]] == [
        "earn-person",
        "earn-household",
        "deduct-person",
        "deduct-household",
    ]
    assert sum(len(lines) for _key, _title, lines in page.context["groups"]) == 25
    assert "每小时 10 分" in text
    assert "每人每日最多 40 分" in text
    assert "五星 300 分" in text
    assert "按该笔积分的 2 倍扣回" in text
    assert "每次扣 50 分" in text
    assert "仅限：楼栋长、党员中心户户主" in text
    assert "限年满 18 周岁的成年人" in text
    for never in ("献血", "宗教活动", "捐钱", "举报特定邻居"):
        assert never in text
    assert "写新版本" not in text


def test_the_catalogue_of_a_day(client, points):
    rule = claiming.rule(points, "P05")
    start = today() + timedelta(days=3)
    catalogue.write_version(
        rule, {"amounts": [12]}, by=points.chen, reason="试点", effective_from=start
    )
    assert "每小时 10 分" in client.get(RULES).content.decode()
    assert "即将施行" in client.get(RULES).content.decode()
    later = client.get(RULES, {"on": start.isoformat()}).content.decode()
    assert "每小时 12 分" in later
    assert "每小时 10 分" not in later
    before = client.get(RULES, {"on": "2019-12-31"}).content.decode()
    assert "这一天没有施行中的规则" in before


def test_a_day_that_is_none_is_said_beside_the_field(client, points):
    page = client.get(RULES, {"on": "昨天"})
    assert page.status_code == 422
    assert "昨天" in page.content.decode()


def test_the_sheet_for_the_notice_board(client, points):
    page = client.get(reverse("points:rules_sheet"))
    text = page.content.decode()
    assert_valid_html(text)
    assert "青桐街道积分规则" in text
    assert "data:image/svg+xml" in text
    assert "/points/rules/" in page.context["address"]
    assert client.get(reverse("points:rules_sheet"), {"on": "x"}).status_code == 404


def test_a_rule_shows_its_versions_and_who_wrote_them_to_its_writers_only(client, points):
    rule = claiming.rule(points, "P05")
    catalogue.write_version(
        rule, {"amounts": [12]}, by=points.chen, reason="试点一年", effective_from=today()
    )
    page = client.get(reverse("points:rule", args=["P05"]))
    text = page.content.decode()
    assert_valid_html(text)
    assert [row.state for row in page.context["versions"]] == ["now", "past"]
    assert "试点一年" in text
    assert points.chen.name not in text
    client.force_login(points.chen)
    text = client.get(reverse("points:rule", args=["P05"])).content.decode()
    assert points.chen.name in text
    assert "写新版本" in text


@pytest.mark.parametrize("code", ["P99", "p05", "x", "sheet2"])
def test_no_such_rule(client, points, code):
    assert client.get(f"{RULES}{code}/").status_code == 404


def test_no_such_place(client, points):
    assert client.get(RULES, {"place": "123"}).status_code == 404
    assert client.get(RULES, {"place": points.street.code}).status_code == 200


def test_pages_cost_the_same_for_any_number_of_rules(
    client, points, django_assert_max_num_queries, django_assert_num_queries
):
    with django_assert_num_queries(4):
        client.get(RULES)
    with django_assert_num_queries(3):
        client.get(RULES, {"on": "2019-12-31"})
    for n in range(3, 12):
        catalogue.write_version(
            claiming.rule(points, "P05"),
            {"amounts": [n]},
            by=points.chen,
            reason="逐日调整",
            effective_from=today() + timedelta(days=n),
        )
    client.force_login(points.chen)
    with django_assert_max_num_queries(10):
        page = client.get(reverse("points:rule", args=["P05"]))
    assert len(page.context["versions"]) == 10


# --- who may write -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["wang", "sun", "zhou", "han", "auditor"])
@pytest.mark.parametrize("address", [new, ending])
def test_others_find_no_page_to_write_on(client, points, who, address):
    client.force_login(getattr(points, who))
    assert client.get(address()).status_code == 404
    assert client.post(address(), {}).status_code == 404
    assert RuleVersion.objects.filter(rule__code="P05").count() == 1


def test_a_visitor_is_asked_to_sign_in(client, points):
    assert client.get(new()).status_code == 302


# --- a new version -------------------------------------------------------------------------------


def test_preview_then_confirm(client, points):
    for days in (0, 1):
        claiming.file(points, happened_on=last_month() - timedelta(days=days), quantity=3)
    client.force_login(points.chen)
    page = client.get(new())
    assert_valid_html(page.content.decode())

    tried = client.post(new(), typed(page, amounts="12", reason="提高鼓励"))
    assert tried.status_code == 200
    text = tried.content.decode()
    assert_valid_html(text)
    preview = tried.context["preview"].found
    assert (preview.before, preview.after, preview.people) == (60, 72, 1)
    assert "每月多支出 12 分（折 1.20 元）" in text
    assert points.wang.name not in text
    assert RuleVersion.objects.filter(rule__code="P05").count() == 1

    done = client.post(new(), typed(tried, confirm="1"))
    assert done.status_code == 302
    version = RuleVersion.objects.get(rule__code="P05", number=2)
    assert version.amounts == [12]
    assert version.effective_from == today() + timedelta(days=1)
    assert version.reason == "提高鼓励"
    assert version.written_by == points.chen
    assert sorted(version.caps.values_list("window", "limit")) == [("day", 40), ("month", 200)]


def test_what_was_changed_after_the_preview_is_previewed_again(client, points):
    client.force_login(points.chen)
    tried = client.post(new(), typed(client.get(new()), amounts="12", reason="提高鼓励"))
    page = client.post(new(), typed(tried, confirm="1", amounts="120"))
    assert page.status_code == 422
    assert "试算后改动过" in page.content.decode()
    assert not RuleVersion.objects.filter(rule__code="P05", number=2).exists()


def test_grades_and_caps_are_read_from_their_boxes(client, points):
    client.force_login(points.chen)
    page = client.get(new("P08"))
    assert page.context["form"]["amounts"].value().startswith("一星 50\n二星 80")
    changes = {"amounts": "一星 60\n二星：90 分", "reason": "合并档次", "caps-1-limit": "2"}
    changes |= {"caps-1-subject": "household", "caps-1-window": "year"}
    tried = client.post(new("P08"), typed(page, **changes))
    client.post(new("P08"), typed(tried, confirm="1"))
    version = RuleVersion.objects.get(rule__code="P08", number=2)
    assert (version.amounts, version.grades) == ([60, 90], ["一星", "二星"])
    assert sorted(version.caps.values_list("subject", "window", "limit", "per_grade")) == [
        ("household", "year", 2, False),
        ("person", "ever", 1, True),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": "无偿献血一次"}, "title", "献血"),
        ({"note": "举报楼上邻居"}, "note", "举报"),
        ({"amounts": "甲 十分"}, "amounts", "看不懂"),
        ({"amounts": "0"}, "amounts", "大于零"),
        ({"amounts": "10\n20"}, "amounts", "档次名称"),
        ({"reason": ""}, "reason", "修订原因"),
        ({"effective_from": "2020-02-01"}, "effective_from", "最早从今天起"),
        ({"certifiers": []}, "certifiers", "由谁认证"),
        ({"sources": []}, "sources", ""),
    ],
)
def test_refusals_stand_beside_their_field_and_keep_the_input(
    client, points, changes, field, words
):
    client.force_login(points.chen)
    sent = typed(client.get(new()), **{"reason": "调整", "basis": "留着的依据", **changes})
    page = client.post(new(), sent)
    assert page.status_code == 422
    assert words in "".join(page.context["form"].errors[field])
    text = page.content.decode()
    assert_valid_html(text)
    assert "留着的依据" in text
    assert RuleVersion.objects.filter(rule__code="P05").count() == 1


def test_two_caps_for_one_window_are_refused_beside_the_row(client, points):
    client.force_login(points.chen)
    changes = {"reason": "调整", "caps-2-limit": "9", "caps-2-subject": "person"}
    page = client.post(new(), typed(client.get(new()), **changes, **{"caps-2-window": "day"}))
    assert page.status_code == 422
    assert "只能有一个上限" in page.content.decode()


def test_a_version_written_meanwhile_stops_an_old_page(client, points):
    client.force_login(points.chen)
    tried = client.post(new(), typed(client.get(new()), amounts="12", reason="提高鼓励"))
    catalogue.write_version(
        claiming.rule(points, "P05"),
        {"amounts": [11]},
        by=points.chen,
        reason="先到",
        effective_from=today(),
    )
    page = client.post(new(), typed(tried, confirm="1"))
    assert page.status_code == 422
    assert "已有第 2 版" in page.content.decode()
    assert RuleVersion.objects.filter(rule__code="P05").count() == 2


# --- ending --------------------------------------------------------------------------------------


def test_a_rule_ends_after_its_last_day(client, points):
    client.force_login(points.chen)
    assert_valid_html(client.get(ending()).content.decode())
    last = today() + timedelta(days=5)
    assert (
        client.post(
            ending(), {"seen": 1, "last_day": last.isoformat(), "reason": "试点结束"}
        ).status_code
        == 302
    )
    assert RuleVersion.objects.get(rule__code="P05").effective_to == last
    after = client.get(RULES, {"on": (last + timedelta(days=1)).isoformat()})
    assert "一般志愿服务" not in after.content.decode()


def test_nothing_ends_in_the_past(client, points):
    client.force_login(points.chen)
    page = client.post(ending(), {"seen": 1, "last_day": days_ago(1).isoformat(), "reason": "试"})
    assert page.status_code == 422
    assert "最早从今天起" in page.content.decode()
    assert RuleVersion.objects.get(rule__code="P05").effective_to is None


def test_an_ended_rule_is_not_brought_back_by_another_last_day(client, points):
    RuleVersion.objects.filter(rule__code="P05").update(effective_to=days_ago(10))
    client.force_login(points.chen)
    page = client.post(ending(), {"seen": 1, "last_day": today().isoformat(), "reason": "试"})
    assert page.status_code == 422
    assert RuleVersion.objects.get(rule__code="P05").effective_to == days_ago(10)


def test_why_a_rule_ends_stands_on_its_page_and_the_day_is_not_put_off(client, points):
    client.force_login(points.chen)
    last = today() + timedelta(days=5)
    sent = {"seen": 1, "last_day": last.isoformat(), "reason": ""}
    page = client.post(ending(), sent)
    assert page.status_code == 422
    assert "请写明停止原因" in str(page.context["form"].errors["reason"])
    assert client.post(ending(), sent | {"reason": "并入P06"}).status_code == 302
    page = client.post(
        ending(), sent | {"reason": "再等等", "last_day": (last + timedelta(days=9)).isoformat()}
    )
    assert page.status_code == 422
    assert "只能再提前" in str(page.context["form"].errors["last_day"])
    assert "再等等" in page.content.decode()
    text = client.get(reverse("points:rule", args=["P05"])).content.decode()
    assert_valid_html(text)
    assert "并入P06" in text
    assert points.chen.name in text
    client.logout()
    text = client.get(reverse("points:rule", args=["P05"])).content.decode()
    assert "并入P06" in text
    assert points.chen.name not in text


# --- a new code ----------------------------------------------------------------------------------

CREATE = "/points/rules/new/"


def said(page, **changes) -> dict:
    words = {
        "title": "调解邻里纠纷",
        "measure": "次",
        "amounts": "15",
        "reason": "居民议事会提出",
        "certifier_label": "居委会",
        "certifiers": ["committee_member"],
    }
    return typed(page, **words | changes)


def test_the_subdistrict_writes_a_rule_of_a_new_code(client, points):
    client.force_login(points.chen)
    assert CREATE in client.get(RULES).content.decode()
    page = client.get(CREATE)
    assert_valid_html(page.content.decode())
    assert page.context["form"]["code"].value() == "P23"
    tried = client.post(CREATE, said(page))
    assert tried.status_code == 200
    assert_valid_html(tried.content.decode())
    assert "P23 是新规则" in tried.content.decode()
    assert not RuleVersion.objects.filter(rule__code="P23").exists()
    changed = client.post(CREATE, typed(tried, confirm="1", amounts="150"))
    assert (changed.status_code, "试算后改动过" in changed.content.decode()) == (422, True)
    assert client.post(CREATE, typed(tried, confirm="1")).status_code == 302
    version = RuleVersion.objects.get(rule__code="P23")
    assert (version.number, version.amounts, version.written_by) == (1, [15], points.chen)
    page = client.get(reverse("points:rule", args=["P23"]))
    assert "居民议事会提出" in page.content.decode()
    again = client.post(CREATE, typed(tried, confirm="1"))
    assert again.status_code == 422
    assert "已有规则" in str(again.context["form"].errors["code"])


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"code": "P05"}, "code", "已有规则"),
        ({"code": "p23"}, "code", "加两位数字"),
        ({"title": "无偿献血"}, "title", "献血"),
        ({"title": "教堂活动义工"}, "title", "宗教"),
        ({"note": "捐款200元以上"}, "note", "捐钱"),
        ({"amounts": "甲 5\n举报邻居 10"}, "amounts", "举报"),
        ({"certifiers": []}, "certifiers", "由谁认证"),
        ({"effective_from": "2020-02-01"}, "effective_from", "最早从今天起"),
    ],
)
def test_a_new_code_is_refused_beside_its_field(client, points, changes, field, words):
    client.force_login(points.chen)
    page = client.post(CREATE, said(client.get(CREATE), **{"basis": "留着的依据", **changes}))
    assert page.status_code == 422
    assert words in "".join(page.context["form"].errors[field])
    assert "留着的依据" in page.content.decode()


@pytest.mark.parametrize("name", ["wang", "sun", "zhou", "han"])
def test_nobody_else_writes_a_new_code(client, points, name):
    client.force_login(getattr(points, name))
    assert client.get(CREATE).status_code == 404
    assert client.post(CREATE, {}).status_code == 404
    assert CREATE not in client.get(RULES).content.decode()
