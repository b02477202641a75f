"""Lists and the issue's page: who sees what, at a cost that does not grow."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import handling, refusals
from grids.models import Issue
from grids.views import queue
from grids.waiting import waiting_for
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db

PEOPLE = ["wang", "li", "sun", "zhou", "wu", "chen", "chu", "auditor"]


def get(client, person, address):
    client.logout()
    if person is not None:
        client.force_login(person)
    return client.get(address)


def queries(client, address) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# --- the whole loop through the browser's forms --------------------------------------------------


def press(client, person, issue, verb, **given):
    """Open the page as ``person``, then press the button with the form filled in."""
    client.force_login(person)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert re.search(rf'name="verb"\s+value="{verb}"', page), f"no button for {verb}"
    after = re.search(r'name="after"\s+value="(\d+)"', page).group(1)
    answer = client.post(issue.get_absolute_url(), {"verb": verb, "after": after, **given})
    assert answer.status_code == 302, f"{verb} was refused"
    issue.refresh_from_db()


def outsiders_meet_404(client, street, issue):
    """Neither the page nor any verb that somebody has now; at the first step no verb at all."""
    verbs = handling.flow.verbs
    if issue.state != "submitted":
        verbs = [row.verb for row in handling.flow.transitions if issue.state in row.sources]
    for person in (None, street.qian, street.zhao, street.zheng, street.newcomer):
        client.logout()
        if person is not None:
            client.force_login(person)
        if not issue.is_public:
            assert client.get(issue.get_absolute_url()).status_code == 404
        assert client.get(f"{issue.get_absolute_url()}posted/").status_code in {302, 404}
        for verb in [*verbs, "nonsense"]:
            answer = client.post(issue.get_absolute_url(), {"verb": verb, "reason": "x"})
            assert answer.status_code == 404, f"{person}: {verb} at {issue.state}"


def test_the_whole_loop(client, street):
    issue = loop.post(street, kind="民生关爱", text="7楼周奶奶一天没开门")  # never public
    outsiders_meet_404(client, street, issue)
    filing = {"category": issue.category_id, "level": "L1", "urgency": "urgent"}
    press(client, street.li, issue, "file", area=street.grid.pk, **filing)
    assert issue.is_public is False
    outsiders_meet_404(client, street, issue)
    press(client, street.li, issue, "dispatch", lead=street.committee.pk)
    outsiders_meet_404(client, street, issue)
    press(client, street.li, issue, "sign")
    press(client, street.li, issue, "contact", note="已打电话给反映人")
    press(client, street.li, issue, "note", note="邻居说去了女儿家")
    press(client, street.li, issue, "report", result="人平安，已联系上", no_photo_reason="隐私")
    outsiders_meet_404(client, street, issue)
    press(client, street.sun, issue, "rework", reason="请当面看一下")
    press(client, street.li, issue, "report", result="已当面看望，平安", no_photo_reason="隐私")
    press(client, street.sun, issue, "verify", how="phone")
    outsiders_meet_404(client, street, issue)
    press(client, street.wang, issue, "rate", solved="no", stars=2, comment="还是没人每天去看")
    assert (issue.state, issue.level, issue.reopened_count) == ("reopened", "L2", 1)
    outsiders_meet_404(client, street, issue)
    press(client, street.sun, issue, "dispatch", lead=street.committee.pk)
    press(client, street.sun, issue, "sign")
    press(client, street.sun, issue, "report", result="已排每日问候", no_photo_reason="隐私")
    press(client, street.zhou, issue, "verify", how="on_site")
    press(client, street.wang, issue, "rate", solved="yes", stars=5, comment="放心了")
    assert (issue.state, issue.stars, issue.solved) == ("rated", 5, True)
    outsiders_meet_404(client, street, issue)
    verbs = list(issue.steps.values_list("verb", flat=True))
    assert verbs[:3] == ["submit", "file", "dispatch"]
    assert verbs[-1] == "rate"


def test_a_paused_issue_names_no_date_that_no_longer_holds(client, street):
    issue = loop.to_state(street, "paused")
    for person in (None, street.wang, street.li):
        page = get(client, person, issue.get_absolute_url()).content.decode()
        facts = page.split('<dl class="facts">', 1)[1].split("</dl>")[0]
        assert "反映" in facts
        assert "承诺" not in facts, person


# --- one address, three faces --------------------------------------------------------------------


@pytest.mark.parametrize("state", ["submitted", "filed", "in_progress", "handled", "rated"])
def test_everybody_gets_their_page(client, street, state):
    issue = loop.to_state(street, state)
    address = issue.get_absolute_url()
    for name in PEOPLE:
        if name == "wu" and state in {"submitted", "filed"}:
            continue
        answer = get(client, getattr(street, name), address)
        assert answer.status_code == 200
        assert_valid_html(answer.content.decode())
        assert issue.description in answer.content.decode()
    for person in (None, street.qian, street.zhao):
        answer = get(client, person, address)
        if state == "submitted":
            assert answer.status_code == 404
        else:
            page = answer.content.decode()
            assert_valid_html(page)
            assert issue.public_title in page
            assert issue.description not in page
            assert "王居民" not in page
            assert "吴物业" not in page
            assert 'name="verb"' not in page


def test_a_stale_page_does_nothing_twice(client, street):
    issue = loop.to_state(street, "in_progress")
    client.force_login(street.wu)
    page = client.get(issue.get_absolute_url()).content.decode()
    after = re.search(r'name="after"\s+value="(\d+)"', page).group(1)
    given = {"verb": "note", "note": "灯已订货", "after": after}
    assert client.post(issue.get_absolute_url(), given).status_code == 302
    again = client.post(issue.get_absolute_url(), given)
    assert again.status_code == 422
    assert "已有新的进展" in again.content.decode()
    assert issue.steps.filter(verb="note").count() == 1


def test_a_refusal_keeps_what_was_typed(client, street):
    issue = loop.to_state(street, "in_progress")
    client.force_login(street.wu)
    answer = client.post(issue.get_absolute_url(), {"verb": "report", "result": "已换新灯泡"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请上传办理后照片" in page
    assert "已换新灯泡" in page
    issue.refresh_from_db()
    assert issue.state == "in_progress"


def test_a_crafted_jump_is_refused(client, street):
    issue = loop.post(street)
    client.force_login(street.li)
    answer = client.post(issue.get_absolute_url(), {"verb": "verify", "how": "on_site"})
    assert answer.status_code == 422
    assert "不能“核验通过，办结”" in answer.content.decode()
    assert client.post(issue.get_absolute_url(), {"verb": "archive"}).status_code == 404
    client.force_login(street.wang)
    answer = client.post(issue.get_absolute_url(), {"verb": "acknowledge"})
    assert answer.status_code == 422
    issue.refresh_from_db()
    assert issue.state == "submitted"


def test_private_words_are_not_published(client, street):
    issue = loop.post(street, text="301室王建国先生电话13812345678，灯不亮")
    client.force_login(street.li)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "***室某先生电话***" in page
    given = {
        "verb": "file",
        "category": issue.category_id,
        "level": "L2",
        "urgency": "normal",
        "area": street.grid.pk,
        "publish": "on",
        "public_title": "灯不亮",
        "public_summary": "301室的灯不亮，打13812345678",
    }
    answer = client.post(issue.get_absolute_url(), given)
    assert answer.status_code == 422
    assert "这里还有电话号码、门牌号，请删去" in answer.content.decode()
    with pytest.raises(refusals.StillPrivate):
        loop.file(issue, street.li, public_summary="打13812345678")


@pytest.mark.parametrize(
    ("more", "kind", "handler_sees"),
    [({}, "物业维修", True), ({"anonymous": True}, "物业维修", False), ({}, "物业服务", False)],
)
def test_who_learns_the_reporters_name(client, street, more, kind, handler_sees):
    issue = loop.post(street, kind=kind, text="公共收益半年没有公示", **more)
    loop.to_state(street, "dispatched", issue=issue)
    by_handler = get(client, street.wu, issue.get_absolute_url()).content.decode()
    assert ("王居民" in by_handler) is handler_sees
    assert ("100****0020" in by_handler) is handler_sees
    by_worker = get(client, street.li, issue.get_absolute_url()).content.decode()
    assert ("王居民" in by_worker) is (not more)
    for person in (None, street.qian, street.auditor, street.chu):  # no part in it, or onlookers
        page = get(client, person, issue.get_absolute_url()).content.decode()
        assert "王居民" not in page
        assert "100****0020" not in page


# --- lists ---------------------------------------------------------------------------------------


def test_the_public_list_shows_what_may_be_shown(client, street):
    loop.post(street, text="还没立案的事")
    shown = loop.to_state(street, "filed")
    care = loop.post(street, kind="民生关爱", text="周奶奶没开门")
    loop.file(care, street.li)
    page = get(client, None, "/issues/").content.decode()
    assert_valid_html(page)
    assert page.count('<h3><a href="/issues/') == 1
    assert shown.get_absolute_url() in page
    assert "办理中" in page


def test_filters(client, street):
    here = loop.to_state(street, "closed")
    there = loop.post(street, area=street.grid_elsewhere, kind="环境卫生", text="垃圾没清运")
    loop.file(there, street.zhao, public_title="垃圾没清运")
    late = loop.late_post(street)
    loop.file(late, street.li, at=late.reported_at)

    def found(query):
        page = get(client, None, f"/issues/{query}").content.decode()
        return {i.number for i in (here, there, late) if i.get_absolute_url() in page}

    assert found("") == {here.number, there.number, late.number}
    assert found("?community=990203005002") == {there.number}
    assert found("?category=cleanliness") == {there.number}
    assert found("?state=closed") == {here.number}
    assert found("?state=open") == {there.number, late.number}
    assert found("?state=late") == {late.number}
    assert found("?community=990203005001&state=open") == {late.number}
    assert found("?community=nonsense&state=nonsense&after=x-y&show=mine") == found("")
    assert found("?community=123") == set()


def test_mine_and_work(client, street):
    mine = loop.post(street)
    page = get(client, street.wang, "/issues/?show=mine").content.decode()
    assert mine.title in page
    assert "待受理" in page
    assert mine.title not in get(client, street.qian, "/issues/?show=mine").content.decode()
    assert mine.title in get(client, street.li, "/issues/?show=work").content.decode()
    for name in ("zhao", "wu", "qian"):
        page = get(client, getattr(street, name), "/issues/?show=work").content.decode()
        assert mine.title not in page


def test_late_is_said_in_public(client, street):
    late = loop.to_state(street, "in_progress", issue=loop.late_post(street))
    page = get(client, None, "/issues/").content.decode()
    assert re.search(r"已超期 \d+ 天", page)
    assert re.search(r"已超期 \d+ 天", get(client, None, late.get_absolute_url()).content.decode())


def test_keyset_pages_lose_nothing(client, street):
    same_moment = timezone.now() - timedelta(days=1)
    for n in range(45):
        issue = loop.post(street, text=f"第{n}件小事要办", at=same_moment)
        Issue.objects.filter(pk=issue.pk).update(
            state="filed", filed_at=same_moment, is_public=True, public_title=f"第{n}件"
        )
    seen, pages, address = [], 0, "/issues/"
    while address:
        page = get(client, None, address).content.decode()
        seen += re.findall(r'<h3><a href="/issues/(\w+)/"', page)
        older = re.search(r'href="(\?after=[^"]+)"', page)
        back = re.search(r'href="(\?before=[^"]+)"', page)
        address, pages = (f"/issues/{older.group(1)}" if older else ""), pages + 1
    assert pages == 3
    assert len(seen) == len(set(seen)) == 45
    page = get(client, None, f"/issues/{back.group(1)}").content.decode()
    assert re.findall(r'<h3><a href="/issues/(\w+)/"', page) == seen[20:40]


@pytest.mark.parametrize("name", [None, "wang", "li"])
@pytest.mark.parametrize("address", ["/issues/", "/issues/?show=work", "/issues/?show=mine"])
def test_a_list_costs_the_same_with_one_and_with_three(client, street, name, address):
    if name:
        client.force_login(getattr(street, name))
    loop.to_state(street, "filed")
    one = queries(client, address)
    for area in (street.grid2, street.grid_elsewhere):
        loop.file(loop.post(street, area=area, kind="环境卫生"), street.chen)
    assert queries(client, address) == one
    assert one <= (4 if name is None else 10)


def test_the_queue_costs_the_same_with_one_and_with_three(client, street):
    client.force_login(street.li)
    loop.post(street)
    one = queries(client, "/issues/queue/")
    loop.to_state(street, "filed")
    loop.to_state(street, "handled")
    assert queries(client, "/issues/queue/") == one <= 10


def test_an_issue_page_costs_the_same_with_more_steps(client, street):
    short, long = loop.to_state(street, "filed"), loop.to_state(street, "rated")
    for name, most in ((None, 6), ("sun", 21)):
        if name:
            client.force_login(getattr(street, name))
        first = queries(client, short.get_absolute_url())
        second = queries(client, long.get_absolute_url())
        assert max(first, second) <= most, (name, first, second)


# --- what waits ----------------------------------------------------------------------------------


def waiting(person):
    person.__dict__.pop("_rights", None)
    return [(issue.pk, issue.waits_for) for issue in waiting_for(person)]


def test_what_waits_for_whom(street):
    issue = loop.post(street)
    everybody = ["wang", "li", "sun", "zhou", "wu", "chen", "zhao", "qian", "auditor"]
    expected = [
        ("submitted", {"li": "file", "sun": "file", "zhou": "file"}),
        ("filed", {"li": "dispatch", "sun": "dispatch", "zhou": "dispatch"}),
        ("dispatched", {"wu": "sign"}),
        ("in_progress", {"wu": "report"}),
        ("handled", {"li": "verify", "sun": "verify", "zhou": "verify"}),
        ("closed", {"wang": "rate"}),
        ("reopened", {"chen": "dispatch"}),
    ]
    for state, who in expected:
        loop.to_state(street, state, issue=issue)
        for name in everybody:
            wanted = [(issue.pk, who[name])] if name in who else []
            assert waiting(getattr(street, name)) == wanted, f"{name} at {state}"


def test_the_queue_has_the_rows_of_the_ordinary_query(street):
    for state in (
        *("submitted", "filed", "dispatched", "returned", "in_progress", "paused", "escalated"),
        *("handled", "reopened", "closed", "objected", "not_accepted"),
    ):
        loop.to_state(street, state)
    loop.ask_delay(street, loop.to_state(street, "in_progress"))
    Issue.objects.filter(state="filed").update(level="L3")
    loop.late_post(street)
    now, seen = timezone.now(), set()
    for name in [*PEOPLE, "zhao", "qian", "shang"]:
        person = getattr(street, name)
        expected = waiting_for(person, now=now).exclude(state="closed")
        rows = [(issue.pk, issue.waits_for) for issue in queue._issues(person, now=now)]
        assert rows == [(issue.pk, issue.waits_for) for issue in expected], name
        seen |= {verb for _pk, verb in rows}
    assert {"file", "dispatch", "sign", "report", "verify", "grant_delay", "arbitrate"} <= seen


def test_the_subdistrict_sees_the_communities_late_ones(street):
    late, fresh = loop.late_post(street), loop.post(street)
    assert waiting(street.chen) == [(late.pk, "file")]
    assert waiting(street.li) == [(late.pk, "file"), (fresh.pk, "file")]


def test_the_queue_page(client, street):
    loop.late_post(street)
    loop.post(street)
    page = get(client, street.li, "/issues/queue/").content.decode()
    assert_valid_html(page)
    assert page.index("已到期") < page.index("待立案")
    assert get(client, street.wang, "/issues/queue/").status_code == 404
    assert get(client, None, "/issues/queue/").status_code == 302
    assert "没有等您办的事项" in get(client, street.wu, "/issues/queue/").content.decode()


def test_photos_of_an_earlier_try_stay_in_the_timeline(client, street):
    issue = loop.to_state(street, "in_progress")
    given = {"result": "已换新灯", "no_photo_reason": ""}
    handling.advance(issue, "report", by=street.wu, pictures=loop.pictures(1), **given)
    first = issue.photos.get()
    handling.advance(issue, "rework", by=street.sun, reason="三楼不亮")
    handling.advance(issue, "report", by=street.wu, pictures=loop.pictures(1), **given)
    second = issue.photos.last()
    page = get(client, street.wang, issue.get_absolute_url()).content.decode()
    assert_valid_html(page)
    result, history = page.split('id="timeline"')
    assert second.token in result
    assert first.token not in result
    assert first.token in history


def test_those_inside_may_look_at_the_public_face(client, street):
    issue = loop.to_state(street, "filed")
    for name in ("wang", "li"):
        page = get(client, getattr(street, name), f"{issue.get_absolute_url()}?as=public")
        assert issue.public_summary in page.content.decode()
        assert issue.description not in page.content.decode()
    hidden = loop.post(street)
    page = get(client, street.wang, f"{hidden.get_absolute_url()}?as=public").content.decode()
    assert hidden.description in page
