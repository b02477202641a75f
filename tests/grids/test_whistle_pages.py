"""The pages of a whistle: each person's buttons, refusals beside their field, 404 for outsiders."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from grids import whistle_pages, whistles
from grids.models import Whistle, WhistleCall
from grids.models import WhistleState as S
from grids.whistle_forms import FORMS
from tests.browser import assert_valid_html
from tests.grids import loop, whistling

pytestmark = pytest.mark.django_db

BY_SYSTEM = {"start_over", "open_ratings", "end", "lapse"}
LIST, EXPORT = "/issues/whistles/", "/issues/whistles/unanswered.csv"


@pytest.fixture
def street(street):
    return whistling.crew(street)


def address(whistle):
    return f"{whistle.issue.get_absolute_url()}whistle/"


def page_of(client, person, url):
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert_valid_html(page)
    return page


def verbs(page):
    return set(re.findall(r'name="verb"\s+value="(\w+)"', page))


BUTTONS = [
    (S.DRAFT, {"chen": {"ask"}, "leader": set()}),
    (S.ASKED, {"chen": set(), "leader": {"approve", "refuse"}, "chu": set(), "li": set()}),
    (S.CALLED, {"leader": {"add", "remove"}, "feng": {"report_in"}, "shi": {"report_in"}}),
    (S.REPORTED_IN, {"feng": {"plan"}, "shi": set(), "chen": set()}),
    (S.JOINT_PLAN, {"feng": {"finish", "plan"}, "shi": {"finish"}, "leader": {"add", "remove"}}),
    (S.JOINT_DONE, {"feng": set(), "shi": set(), "chen": set()}),
    (S.RATING, {"chen": {"rate_department"}, "feng": {"rate_necessity"}, "auditor": set()}),
    (S.ENDED, {"chen": set(), "feng": set(), "shi": set()}),
]


def _possible(state):
    rows = [row.verb for row in whistles.flow.transitions if state in row.sources]
    return rows[0] if rows else "ask"


@pytest.mark.parametrize(("state", "people"), BUTTONS)
def test_everybody_finds_their_buttons_and_outsiders_nothing(client, street, state, people):
    whistle = whistling.to_state(street, state)
    for name, expected in people.items():
        page = page_of(client, getattr(street, name), address(whistle))
        assert verbs(page) == expected, f"{name} at {state}"
        assert whistle.issue.title in page
        assert "王居民" not in page
    outsiders = [street.wang, street.qian, street.zhao, street.wu, street.newcomer, street.xiao]
    if state in {S.DRAFT, S.ASKED}:
        outsiders += [street.feng, street.shi]  # not called yet
    for person in outsiders:
        client.force_login(person)
        assert client.get(address(whistle)).status_code == 404
        verb = _possible(state)
        answer = client.post(address(whistle), {"verb": verb, "reason": "x", "stars": 5})
        assert answer.status_code == 404, f"{person.name}: {verb}"
    client.logout()
    assert client.get(address(whistle)).status_code == 302
    whistle.refresh_from_db()
    assert whistle.state == state


def test_an_outsider_has_no_verb_at_all(client, street):
    whistle = whistling.to_state(street, S.CALLED)
    client.force_login(street.xiao)
    for verb in (*whistles.flow.verbs, "nonsense"):
        answer = client.post(address(whistle), {"verb": verb, "reason": "x", "stars": 5})
        assert answer.status_code == 404, verb
    assert set(FORMS) | BY_SYSTEM == set(whistles.flow.verbs)
    client.force_login(street.leader)
    for verb in BY_SYSTEM:  # nobody presses what only happens
        assert client.post(address(whistle), {"verb": verb}).status_code == 404


def test_the_diagram_in_the_docs_is_the_table():
    docs = Path(settings.BASE_DIR, "docs", "whistle.md").read_text("utf-8")
    assert whistles.flow.diagram(Whistle) in docs


def test_asking_from_the_issue_s_page(client, street):
    issue = whistling.issue_at_street(street)
    page = page_of(client, street.chen, issue.get_absolute_url())
    assert "申请吹哨" in page
    assert "申请吹哨" not in page_of(client, street.li, issue.get_absolute_url())
    url = f"{issue.get_absolute_url()}whistle/"
    client.force_login(street.li)
    assert client.get(url).status_code == 404
    assert verbs(page_of(client, street.chen, url)) == {"ask"}
    bad = {
        "verb": "ask",
        "why_failed": "两次约谈无效，街道无处罚权",
        "scene": "normal",
        "departments": [street.market.pk],
        "lead": street.department.pk,
    }
    answer = client.post(url, bad)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert_valid_html(page)
    assert "请写明部门职责的依据" in page
    assert "须是上面勾选的部门之一" in page
    assert "两次约谈无效，街道无处罚权" in page
    assert not Whistle.objects.exists()
    good = {**bad, "duty_basis": "市容管理条例", "lead": street.market.pk}
    assert client.post(url, good).status_code == 302
    whistle = Whistle.objects.get()
    assert (whistle.state, whistle.asked_by) == (S.ASKED, street.chen)
    assert "吹哨报到" in page_of(client, street.leader, issue.get_absolute_url())


def press(client, person, whistle, verb, *, call=None, **given):
    page = page_of(client, person, address(whistle))
    assert verb in verbs(page)
    after = re.search(r'name="after"\s+value="(\d+)"', page).group(1)
    given = {**given, "call": call.pk} if call else given
    return client.post(address(whistle), {"verb": verb, "after": after, **given})


def test_a_refusal_needs_its_reason_and_a_page_left_open_does_nothing(client, street):
    whistle = whistling.to_state(street, S.ASKED)
    answer = press(client, street.leader, whistle, "refuse", reason=" ")
    assert answer.status_code == 422
    assert "请写明为什么不批准" in answer.content.decode()
    seen = whistles.flow.last_step_id(whistle)
    whistles.advance(whistle, "approve", by=street.deputy)
    client.force_login(street.leader)
    answer = client.post(address(whistle), {"verb": "approve", "after": seen})
    assert answer.status_code == 422
    assert "可能已有人处理" in answer.content.decode()
    whistle.refresh_from_db()
    assert (whistle.state, whistle.approved_by) == (S.CALLED, street.deputy)


def test_a_plan_with_a_day_too_late_is_answered_beside_its_field(client, street):
    whistle = whistling.to_state(street, S.REPORTED_IN)
    lead, market = whistle.standing()
    given = {
        f"task_{lead.pk}": "清理占道摊点",
        f"due_{lead.pk}": f"{timezone.localdate() + timedelta(days=90):%Y-%m-%d}",
        f"task_{market.pk}": "核查证照",
        f"due_{market.pk}": f"{timezone.localdate():%Y-%m-%d}",
    }
    answer = press(client, street.feng, whistle, "plan", **given)
    assert answer.status_code == 422
    assert "日期须在今天至" in answer.content.decode()
    assert "清理占道摊点" in answer.content.decode()
    given[f"due_{lead.pk}"] = f"{timezone.localdate():%Y-%m-%d}"
    assert press(client, street.feng, whistle, "plan", **given).status_code == 302
    whistle.refresh_from_db()
    assert whistle.state == S.JOINT_PLAN


def test_a_call_of_another_whistle_is_not_found(client, street):
    mine, other = whistling.to_state(street, S.CALLED), whistling.to_state(street, S.CALLED)
    client.force_login(street.feng)
    foreign = other.standing()[0].pk
    answer = client.post(address(mine), {"verb": "report_in", "call": foreign})
    assert answer.status_code == 404
    assert not WhistleCall.objects.filter(reported_in_at__isnull=False).exists()


def test_poor_ratings_say_why(client, street):
    whistle = whistling.to_state(street, S.RATING)
    lead = whistle.standing()[0]
    answer = press(client, street.chen, whistle, "rate_department", call=lead, stars=1)
    assert answer.status_code == 422
    assert "两星及以下请写明原因" in answer.content.decode()
    given = {"necessary": "no", "stars": 4}
    answer = press(client, street.feng, whistle, "rate_necessity", call=lead, **given)
    assert answer.status_code == 422
    assert "认为没有必要的，请写明原因" in answer.content.decode()


# --- the departments on the issue's page ---------------------------------------------------------


def test_a_called_department_works_on_the_issue_without_learning_the_reporter(client, street):
    whistle = whistling.to_state(street, S.REPORTED_IN)
    page = page_of(client, street.shi, whistle.issue.get_absolute_url())
    assert whistle.issue.description in page
    assert "note" in verbs(page)
    assert "王居民" not in page
    assert "吹哨页面" in page
    hidden = whistling.issue_at_street(street, anonymous=True)
    whistles.advance(whistling.ask(street, issue=hidden), "approve", by=street.leader)
    for person in (street.feng, street.shi):
        page = page_of(client, person, hidden.get_absolute_url())
        assert "匿名居民" in page
        assert "王居民" not in page


def test_the_public_reads_which_departments_came_and_nothing_else_of_it(client, street):
    whistle = whistling.to_state(street, S.JOINT_PLAN)
    page = client.get(whistle.issue.get_absolute_url()).content.decode()
    assert "街道吹哨，青桐街道综合执法队牵头、望汐区市场监管所参加" in page
    assert whistling.WHY not in page
    assert "冯执法" not in page


# --- lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 12])
def test_the_list_costs_the_same_for_any_number(
    client, street, count, django_assert_max_num_queries
):
    for n in range(count):
        whistling.to_state(street, S.CALLED if n % 2 else S.ASKED)
    client.force_login(street.leader)
    client.get(LIST)
    with django_assert_max_num_queries(8):
        page = client.get(LIST).content.decode()
    assert page.count('class="row"') == count
    assert_valid_html(page)


def test_a_page_costs_ten_queries_at_most(client, street, django_assert_max_num_queries):
    whistle = whistling.to_state(street, S.RATING)
    for person in (street.feng, street.leader):
        client.force_login(person)
        client.get(address(whistle))
        with django_assert_max_num_queries(10):
            client.get(address(whistle))


def test_each_sees_their_own_in_the_list(client, street):
    asked, called = whistling.to_state(street, S.ASKED), whistling.to_state(street, S.CALLED)
    ended = whistling.to_state(street, S.ENDED)
    for name, query, expected in [
        ("chen", "", {asked, called}),
        ("chu", "?show=all", {asked, called, ended}),
        ("shi", "", {called}),
        ("shi", "?show=all", {called, ended}),
        ("xiao", "?show=all", set()),
        ("zhao", "?show=all", set()),
    ]:
        page = page_of(client, getattr(street, name), LIST + query)
        found = {one for one in (asked, called, ended) if one.issue.number in page}
        assert found == expected, f"{name} {query}"


def test_the_list_says_who_came_in_time_and_what_was_thought_of_it(client, street, time_machine):
    whistling.to_state(street, S.ENDED)
    whistle = whistling.to_state(street, S.CALLED, scene="enforcement")
    whistles.advance(whistle, "report_in", by=street.feng)
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert whistle_pages.figures(street.leader) == {
        "whistles": 2,
        "answered": 3,
        "punctual": 3,
        "late": 1,
        "judged": 2,
        "unnecessary": 0,
    }
    assert whistle_pages.figures(street.zhao)["whistles"] == 0
    page = page_of(client, street.leader, LIST)
    assert "报到超时或未报到" in page
    assert LIST in page_of(client, street.shi, "/desk/")
    assert LIST not in page_of(client, street.xiao, "/desk/")


def test_what_waits_stands_in_the_queue_and_on_the_desk(client, street):
    whistle = whistling.to_state(street, S.ASKED)
    for url in ("/issues/queue/", "/desk/"):
        page = page_of(client, street.leader, url)
        assert address(whistle) in page
        assert "批准并吹哨" in page
        assert address(whistle) not in page_of(client, street.feng, url)


# --- the export ----------------------------------------------------------------------------------


def read(client, person):
    client.force_login(person)
    answer = client.get(EXPORT)
    assert answer.status_code == 200
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text))), text


def test_unanswered_calls_go_to_the_district_s_platform(client, street, time_machine):
    street.market.name = "=HYPERLINK(0)"
    street.market.save()
    whistle = whistling.to_state(street, S.CALLED, scene="enforcement")
    whistles.advance(whistle, "report_in", by=street.feng)
    assert read(client, street.leader)[0] == []
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    rows, text = read(client, street.chu)
    assert [row["部门"] for row in rows] == ["'=HYPERLINK(0)"]
    row = rows[0]
    assert (row["事项编号"], row["实际报到时间"]) == (whistle.issue.number, "至今未报到")
    assert (row["街道"], row["社区"]) == ("青桐街道", "梧桐里社区")
    assert whistle.issue.title not in text
    assert "王居民" not in text
    whistles.advance(whistle, "report_in", by=street.shi)
    assert read(client, street.leader)[0][0]["报到人"] == "施市场"  # late for good
    for person in (street.chen, street.feng, street.li, street.wang):
        client.force_login(person)
        assert client.get(EXPORT).status_code == 404


def test_a_community_matter_has_no_whistle_page(client, street):
    issue = loop.to_state(street, "filed")
    for person in (street.chen, street.leader, street.li):
        client.force_login(person)
        assert client.get(f"{issue.get_absolute_url()}whistle/").status_code == 404
