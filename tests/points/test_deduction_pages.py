"""Deductions on their pages: each step by another person, the one concerned heard, no stranger."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from points import deduction_desk, deductions
from points.models import ClaimEvidence, Deduction, DeductionState
from tests.browser import assert_accessible, assert_valid_html, shot
from tests.grids import pictures
from tests.points import claiming
from tests.points.claiming import balance, days_ago
from tests.points.test_deductions import established, papers, pay_household, reported, to_state

LIST, NEW = "/points/deductions/", "/points/deductions/new/"
STATES = [state.value for state in DeductionState]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def as_(client, person):
    client.force_login(person)
    return client


def fact(**changes) -> dict:
    return {
        "verb": "establish",
        "establish-basis": "document",
        "establish-issuer": "青桐街道综合执法队",
        "establish-document_number": "青执〔2026〕12号",
        "establish-photos": [pictures.upload()],
        **changes,
    }


def report_data(points, **changes) -> dict:
    return {
        "rule": claiming.rule(points, "N02").pk,
        "name": "王居民",
        "phone": "10000000020",
        "happened_on": days_ago(3).isoformat(),
        "text": "电动车进楼充电，书面劝导后逾期未改",
        **changes,
    }


def long_ago(points, days: int, **more) -> Deduction:
    """Established ``days`` ago."""
    at = timezone.now() - timedelta(days=days)
    found = reported(points, at=at, happened_on=days_ago(days + 2), **more)
    return deductions.establish(
        found, by=points.sun, basis="admission", documents=papers(points), at=at
    )


# --- the whole way, by its five people -----------------------------------------------------------


def test_from_report_to_the_appeal_by_five_people(client, points):
    pay_household(points, 50)
    page = as_(client, points.li).get(NEW)
    assert_valid_html(page.content.decode())
    done = client.post(NEW, report_data(points))
    found = Deduction.objects.get()
    url = found.get_absolute_url()
    assert (done.status_code, done.url) == (302, url)

    assert as_(client, points.wang).get(url).status_code == 404  # nothing is established yet
    as_(client, points.sun).post(url, fact())
    found.refresh_from_db()
    assert (found.state, found.establisher) == ("established", points.sun)
    assert found.evidence.count() == 1

    page = as_(client, points.wang).get(url)
    text = page.content.decode()
    assert_valid_html(text)
    assert "还没有决定，想先听您说" in text
    assert "您的权利" in text
    assert points.li.name not in text  # who reported is kept from the one concerned
    photo = found.evidence.get()
    assert client.get(f"/points/photos/{photo.token}/small/").status_code == 200
    client.post(url, {"verb": "answer", "answer-answer": "当天已经移走"})

    page = as_(client, points.zhou).get(url)
    assert "当天已经移走" in page.content.decode()
    assert page.context["forms"]["decide"]["points"].value() == 20
    client.post(url, {"verb": "decide", "decide-points": "15", "decide-reason": "事实清楚"})

    text = as_(client, points.wang).get(url).content.decode()
    assert "决定扣减 15 分，现在还没有扣" in text
    client.post(url, {"verb": "appeal", "appeal-reason": "是帮邻居推车"})

    assert as_(client, points.jian).get(url).context["forms"].keys() == {"judge"}
    client.post(url, {"verb": "judge", "judge-stands": "no", "judge-reason": "维持原决定"})
    found.refresh_from_db()
    assert (found.state, found.taken, found.judge) == ("posted", 15, points.jian)
    text = as_(client, points.wang).get(url).content.decode()
    assert "已扣减 15 分" in text
    assert "维持原决定" in text


def test_an_appeal_that_is_right_takes_nothing(client, points):
    found = to_state(points, "appealed")
    given = {"verb": "judge", "judge-stands": "yes", "judge-reason": "证据不足"}
    as_(client, points.jian).post(found.get_absolute_url(), given)
    found.refresh_from_db()
    assert (found.state, found.taken) == ("dropped", None)
    text = as_(client, points.wang).get(found.get_absolute_url()).content.decode()
    assert "您的积分没有因此减少" in text


def test_it_stops_at_zero_and_says_so(client, points):
    pay_household(points, 7)
    found = to_state(points, "posted")
    text = as_(client, points.wang).get(found.get_absolute_url()).content.decode()
    assert "已扣减 7 分" in text
    assert "扣到零为止" in text


def test_a_false_claim_is_reported_by_its_number_and_suspends(client, points):
    claim = claiming.file(points)
    data = report_data(points, rule=claiming.rule(points, "N03").pk, phone="")
    page = as_(client, points.li).post(NEW, data)
    assert page.status_code == 422
    assert "请填写申报编号" in page.content.decode()
    page = client.post(NEW, {**data, "claim": claim.pk + 1})
    assert page.status_code == 422
    client.post(NEW, {**data, "claim": claim.pk})
    found = Deduction.objects.get()
    assert (found.claim, found.person) == (claim, points.wang)
    url = found.get_absolute_url()
    as_(client, points.sun).post(url, fact(**{"establish-basis": "admission"}))
    as_(client, points.wang).post(url, {"verb": "answer", "answer-answer": "记错了"})
    page = as_(client, points.zhou).get(url)
    assert page.context["forms"]["decide"]["points"].value() == 2 * claim.points
    client.post(url, {"verb": "decide", "decide-points": "20", "decide-reason": "本人承认"})
    deductions.tend(timezone.now() + timedelta(days=30))
    page = as_(client, points.wang).get(url)
    assert page.context["suspension"].ends_on > days_ago(-150)
    assert "暂停申报积分到" in page.content.decode()
    assert balance(points, points.wang) == 0


# --- who sees what -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_strangers_find_nothing(client, points, state):
    found = to_state(points, state)
    url = found.get_absolute_url()
    for name in ("neighbour", "qian", "zhao", "wu", "feng", "han", "auditor", "newcomer"):
        as_(client, getattr(points, name))
        assert client.get(url).status_code == 404, name
        answer = client.post(url, {"verb": "drop", "drop-reason": "x"})
        assert answer.status_code == 404, name
        assert "王" not in client.get(LIST).content.decode().split("<main")[1], name
    client.logout()
    assert client.get(url).status_code == 302


def test_the_one_concerned_does_not_see_what_was_dropped_before_there_was_a_fact(client, points):
    found = to_state(points, "dropped")
    assert as_(client, points.wang).get(found.get_absolute_url()).status_code == 404


def test_who_reported_sees_the_report_and_no_more(client, points):
    found = to_state(points, "decided")
    page = as_(client, points.li).get(found.get_absolute_url())
    text = page.content.decode()
    assert "占用消防通道" in text
    for hidden in ("当天已移走", "事实清楚", points.zhou.name, points.sun.name):
        assert hidden not in text
    assert page.context["forms"] == {}


def test_who_lives_with_the_one_concerned_does_not_work_on_it(client, points):
    found = established(points)
    claiming.live(points.sun, points.home, points.li)
    claiming.live(points.worker2, points.home, points.li)
    assert as_(client, points.worker2).get(found.get_absolute_url()).status_code == 404
    assert as_(client, points.sun).get(found.get_absolute_url()).status_code == 404


def test_each_role_is_another_person(client, points):
    """何 reports; she may establish facts, but not this one: the page says why."""
    found = reported(points, by=points.he)
    page = as_(client, points.he).get(found.get_absolute_url())
    assert "须由不同的人办理" in page.content.decode()
    assert page.context["forms"] == {}
    page = client.post(found.get_absolute_url(), fact())
    assert page.status_code == 422
    assert "须由不同的人办理" in page.content.decode()
    found.refresh_from_db()
    assert found.state == "reported"


@pytest.mark.parametrize("name", ["wang", "wu", "feng", "han", "auditor"])
def test_only_holders_of_the_right_report(client, points, name):
    as_(client, getattr(points, name))
    assert client.get(NEW).status_code == 404
    assert client.post(NEW, report_data(points)).status_code == 404
    assert not Deduction.objects.exists()


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"rule": ""}, "rule", "请选择规则"),
        ({"text": " "}, "text", "请写明情况"),
        ({"name": "李居民"}, "phone", "对不上"),
        ({"phone": ""}, "phone", "请填手机号"),
        ({"phone": "12"}, "phone", "11 位"),
        ({"happened_on": "2019-12-31"}, None, "没有施行中的扣分规则"),
        ({"happened_on": days_ago(-2).isoformat()}, None, "没有施行中的扣分规则"),
    ],
)
def test_a_report_is_refused_beside_its_field(client, points, changes, field, words):
    page = as_(client, points.li).post(NEW, report_data(points, **changes))
    assert page.status_code == 422
    assert words in "".join(page.context["form"].errors[field or "__all__"])
    if "text" not in changes:
        assert "书面劝导后逾期未改" in page.content.decode()
    assert not Deduction.objects.exists()


def test_somebody_without_a_phone_is_found_by_the_door(client, points):
    door = {"phone": "", "building": points.building.pk, "room": "301"}
    as_(client, points.li).post(NEW, report_data(points, **door))
    assert Deduction.objects.get().person == points.wang


def test_asking_for_people_comes_to_an_end(client, points):
    as_(client, points.li)
    for _try in range(20):
        client.post(NEW, report_data(points, name="谁"))
    page = client.post(NEW, report_data(points))
    assert page.status_code == 422
    assert "次数太多" in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"establish-issuer": ""}, "issuer"),
        ({"establish-document_number": " "}, "document_number"),
        ({"establish-photos": []}, "photos"),
        ({"establish-basis": ""}, "basis"),
    ],
)
def test_no_fact_without_its_document(client, points, changes, field):
    found = reported(points)
    page = as_(client, points.sun).post(found.get_absolute_url(), fact(**changes))
    assert page.status_code == 422
    assert page.context["forms"]["establish"].errors[field]
    found.refresh_from_db()
    assert found.state == "reported"


def test_a_photo_survives_a_correction(client, points):
    found = reported(points)
    url = found.get_absolute_url()
    key = as_(client, points.sun).get(url).context["forms"]["establish"].initial["key"]
    client.post(url, fact(**{"establish-issuer": "", "establish-key": str(key)}))
    draft = ClaimEvidence.objects.get()
    client.post(url, fact(**{"establish-key": str(key), "establish-photos": []}))
    assert found.evidence.get() == draft


def test_more_than_the_rule_takes_is_refused(client, points):
    found = to_state(points, "heard")
    data = {"verb": "decide", "decide-points": "21", "decide-reason": "从重"}
    page = as_(client, points.zhou).post(found.get_absolute_url(), data)
    assert page.status_code == 422
    assert "1 到 20 分之间" in page.content.decode()
    assert "从重" in page.content.decode()


def test_an_answer_after_its_term_is_refused_and_shown_once_more(client, points):
    found = long_ago(points, 30)
    data = {"verb": "answer", "answer-answer": "我想说明一下"}
    page = as_(client, points.wang).post(found.get_absolute_url(), data)
    assert page.status_code == 422
    assert "结束" in page.content.decode()
    assert "我想说明一下" in page.content.decode()


def test_a_page_of_an_earlier_state_says_so(client, points):
    found = to_state(points, "heard")
    data = {"verb": "answer", "answer-answer": "补充一句"}
    page = as_(client, points.wang).post(found.get_absolute_url(), data)
    assert page.status_code == 422
    text = page.content.decode()
    assert "可能已有人处理" in text
    assert "补充一句" in text


@pytest.mark.parametrize("verb", ["appeal_over", "hearing_over", "uphold", "x", ""])
def test_verbs_of_the_system_are_no_buttons(client, points, verb):
    found = to_state(points, "decided")
    as_(client, points.zhou)
    assert client.post(found.get_absolute_url(), {"verb": verb}).status_code == 404


# --- lists ---------------------------------------------------------------------------------------


def test_lists_by_deadline_with_masked_names(client, points):
    early, late = established(points), long_ago(points, 20, code="N01")
    waiting = reported(points)
    page = as_(client, points.sun).get(LIST, {"show": "open"})
    assert [line.href for line in page.context["lines"]] == [
        row.get_absolute_url() for row in (late, early, waiting)
    ]
    text = page.content.decode()
    assert_valid_html(text)
    assert "已过期限" in text
    assert "王*" in text
    assert points.wang.name not in text
    mine = client.get(LIST).context["lines"]
    assert [line.href for line in mine] == [waiting.get_absolute_url()]
    own = as_(client, points.wang).get(LIST)
    assert_valid_html(own.content.decode())
    assert len(own.context["own"]) == 2
    assert own.context["lines"] == []


def test_nothing_is_public(client, points):
    found = to_state(points, "posted")
    for address in ("/", "/notices/", "/points/rules/", "/points/rules/N02/"):
        text = client.get(address).content.decode()
        assert points.wang.name not in text
        assert found.text not in text
        assert found.get_absolute_url() not in text


def test_queries_do_not_grow(
    client, points, django_assert_num_queries, django_assert_max_num_queries
):
    client.force_login(points.sun)
    for _n in range(3):
        established(points)
    client.get(LIST)
    with django_assert_max_num_queries(10) as three:
        client.get(LIST, {"show": "open"})
    for _n in range(9):
        established(points)
    with django_assert_num_queries(len(three)):
        assert len(client.get(LIST, {"show": "open"}).context["lines"]) == 12
    found = to_state(points, "appealed")
    for name in ("wang", "zhou", "jian"):
        client.force_login(getattr(points, name))
        with django_assert_max_num_queries(10):
            assert client.get(found.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("state", STATES)
def test_every_state_reads_well_for_each_role(client, points, state):
    found = to_state(points, state)
    for name in ("wang", "sun", "zhou", "jian"):
        person = getattr(points, name)
        page = as_(client, person).get(found.get_absolute_url())
        if deduction_desk.visible_to(person).filter(pk=found.pk).exists():
            assert_valid_html(page.content.decode())
        else:
            assert page.status_code == 404


# --- in a browser --------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_hearing_and_appeal_in_a_browser(browser_page, points):
    pay_household(points, 12)
    found = reported(points)
    url = found.get_absolute_url()

    def enter(person, width=1280, mode="light"):
        page = browser_page(width=width, mode=mode, person=person)
        page.goto(url)
        assert_accessible(page)
        return page

    page = enter(points.sun, mode="dark")
    page.get_by_role("button", name="认定事实").click()
    assert page.get_by_text("请选择依据").first.is_visible()
    assert_accessible(page)
    page.get_by_label("有权机关文书").check()
    page.get_by_label("认定机关").fill("青桐街道综合执法队")
    page.get_by_label("文书编号").fill("青执〔2026〕12号")
    photo = {"name": "文书.jpg", "mimeType": "image/jpeg", "buffer": pictures.jpeg()}
    page.get_by_label("文书或承认书的照片").set_input_files(files=[photo])
    page.get_by_role("button", name="认定事实").click()
    page.get_by_text("已通知当事人陈述意见").wait_for()

    phone = enter(points.wang, width=390, mode="elder")
    shot(phone, "deduction-hearing")
    phone.get_by_label("您的意见").fill("当天已经移走")
    phone.get_by_role("button", name="提交意见").click()
    phone.get_by_text("正在等待决定").wait_for()

    page = enter(points.zhou)
    page.get_by_label("决定理由").fill("事实清楚")
    page.get_by_role("button", name="决定扣减").click()
    page.get_by_text("决定已作出").wait_for()

    phone = enter(points.wang, width=390)
    phone.get_by_label("申诉理由").fill("是帮邻居推车")
    phone.get_by_role("button", name="提交申诉").click()
    phone.get_by_text("申诉已经收到").wait_for()

    page = enter(points.jian, width=390)
    page.get_by_label("维持决定，现在扣减").check()
    page.get_by_label("复核意见").fill("维持原决定")
    page.get_by_role("button", name="提交复核").click()
    page.get_by_text("复核完成").wait_for()

    phone = enter(points.wang, width=390, mode="dark")
    shot(phone, "deduction-posted")
    assert phone.get_by_role("heading", name=re.compile("扣减积分")).is_visible()
    assert phone.get_by_text("已扣减 12 分").first.is_visible()
    assert phone.get_by_text("扣到零为止，不欠分").is_visible()


# --- said in the room ----------------------------------------------------------------------------


def test_staff_enter_what_was_said_and_it_is_marked(client, points):
    found = established(points)
    url = found.get_absolute_url()
    page = as_(client, points.worker2).get(url)
    assert_valid_html(page.content.decode())
    data = {"verb": "hear", "hear-answer": "", "hear-spoken_on": claiming.today().isoformat()}
    page = client.post(url, data)
    assert page.status_code == 422
    assert "请写下当事人说的话" in page.content.decode()
    data["hear-answer"] = "当天已经移走"
    page = client.post(url, {**data, "hear-spoken_on": days_ago(300).isoformat()})
    assert page.status_code == 422
    assert "通知当事人" in str(page.context["forms"]["hear"].errors["spoken_on"])
    assert "当天已经移走" in page.content.decode()
    assert client.post(url, data).status_code == 302
    for reader in (points.worker2, points.wang):
        text = as_(client, reader).get(url).content.decode()
        assert_valid_html(text)
        assert "口头陈述，许社工听取并代为录入" in text
    page = as_(client, points.worker2).post(url, data)
    assert page.status_code == 422
    assert "当天已经移走" in page.content.decode()


def test_the_report_of_somebody_at_home_is_refused_beside_the_name(client, points):
    claiming.live(points.li, points.home, points.hao)
    page = as_(client, points.li).post(NEW, report_data(points))
    assert page.status_code == 422
    assert "不能报告同住的家人" in str(page.context["form"].errors["name"])
    assert "书面劝导后逾期未改" in page.content.decode()
