"""Pages of notices and disclosures: who reads what, what forms keep, what they cost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs import deidentify
from publicity import disclosures, notices
from publicity.models import Disclosure, Notice, NoticeReads, Objection, Schedule
from tests.browser import assert_valid_html
from tests.publicity import board

BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0"}


def body(answer) -> str:
    return answer.content.decode()


# --- reading -------------------------------------------------------------------------------------


def test_everybody_reads_what_is_public_and_neighbours_what_is_theirs(client, street):
    public = board.notice(street, title="公开的一份")
    theirs = board.notice(street, title="辖区的一份", scope="residents")
    owners = board.notice(street, title="业主的一份", kind="owners", area=street.grid)
    seen = {
        None: {public},
        street.wang: {public, theirs, owners},
        street.qian: {public},
        street.li: {public, theirs, owners},
        street.auditor: {public, theirs, owners},
        street.zhao: {public},
    }
    for person, readable in seen.items():
        client.logout()
        if person is not None:
            client.force_login(person)
        listed = body(client.get("/notices/"))
        for found in (public, theirs, owners):
            expected = 200 if found in readable else 404
            url = found.get_absolute_url()
            assert client.get(url).status_code == expected, (person, url)
            if found == theirs:
                assert client.get(f"{url}sheet/").status_code == expected, (person, url)
            assert client.post(f"{url}read/", **BROWSER).status_code in {expected, 204}
            assert (found.title in listed) is (found in readable)
    rows = NoticeReads.objects.filter(of=theirs)
    assert sum(rows.values_list("count", flat=True)) == 3


def test_a_page_shows_what_was_said_but_not_by_whom(client, street):
    found = board.notice(street, table={"columns": ["姓名", "积分"], "rows": [["王小明", "-3"]]})
    notices.object(found, text="王小明家是301室，少记了", by=street.wang)
    page = body(client.get(found.get_absolute_url()))
    assert_valid_html(page)
    assert "王*" in page
    for hidden in ("王小明", "王居民", "少记了"):
        assert hidden not in page
    assert "待答复" in page

    client.force_login(street.wang)
    assert "少记了" in body(client.get(found.get_absolute_url()))
    mine = Objection.objects.get()
    notices.answer(
        mine,
        answer="已补记",
        is_accepted=True,
        by=street.zhou,
        public_text=deidentify.mask(mine.text),
    )
    client.logout()
    page = body(client.get(found.get_absolute_url()))
    assert "少记了" in page
    assert "301" not in page
    assert "王居民" not in page


def test_a_stranger_and_wrong_posts_meet_404(client, street):
    found = board.to_state(street, "objected")
    row = board.disclosure(street)
    work = [
        f"/notices/{found.pk}/work/",
        f"/notices/disclosures/{row.pk}/correct/",
        f"/notices/disclosures/{row.pk}/publish/",
        "/notices/new/",
        "/notices/disclosures/new/",
        "/notices/schedules/",
    ]
    for name in ("wang", "li", "zhao", "auditor", "wu"):
        client.force_login(getattr(street, name))
        for url in work:
            assert client.get(url).status_code == 404, (name, url)
            assert client.post(url, {"verb": "withdraw", "reason": "x"}).status_code == 404
    hidden = board.notice(street, scope="residents")
    client.force_login(street.qian)
    url = hidden.get_absolute_url()
    assert client.get(f"{url}object/").status_code == 404
    assert client.post(f"{url}object/", {"text": "x"}).status_code == 404
    assert client.get(f"{url}table.csv").status_code == 404
    assert client.get("/notices/999999/").status_code == 404


def test_a_file_for_the_spreadsheet_calculates_nothing(client, street):
    table = {
        "columns": ["=1+1", "金额"],
        "rows": [["@SUM(A1)", "-12.5"], ["-2+3", "1,200"]],
    }
    found = board.disclosure(street, table=table)
    answer = client.get(f"{found.get_absolute_url()}table.csv")
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "'=1+1,金额",
        "'@SUM(A1),-12.5",
        '\'-2+3,"1,200"',
    ]
    assert "attachment" in answer["Content-Disposition"]
    assert client.get(f"{board.notice(street).get_absolute_url()}table.csv").status_code == 404


def test_a_reading_counts_once_per_visit_and_not_for_robots(client, street):
    found = board.notice(street)
    url = f"{found.get_absolute_url()}read/"
    for _reload in range(3):
        assert client.post(url, **BROWSER).status_code == 204
    client.cookies.clear()
    client.post(url, **BROWSER)
    client.cookies.clear()
    client.post(url, HTTP_USER_AGENT="ExampleBot/1.0 (+crawler)")
    client.get(found.get_absolute_url(), **BROWSER)
    assert NoticeReads.objects.get(of=found).count == 2
    assert "阅读 2 次" in body(client.get(found.get_absolute_url()))
    assert client.get(url).status_code == 405


def test_the_sheet_has_a_code_that_leads_to_the_page(client, street, settings):
    settings.PUBLIC_URL = "https://portal.example"
    for found in (board.notice(street), board.disclosure(street)):
        page = body(client.get(f"{found.get_absolute_url()}sheet/"))
        assert_valid_html(page)
        assert 'src="data:image/svg+xml;base64,' in page
        assert f"https://portal.example{found.get_absolute_url()}" in page


def test_a_withdrawn_sheet_says_not_to_hang_it(client, street):
    found = board.to_state(street, "withdrawn")
    assert "请不要张贴" in body(client.get(f"{found.get_absolute_url()}sheet/"))
    late = board.to_state(street, "objected")
    assert "超期未答复" in body(client.get("/notices/"))
    assert "超期未答复" in body(client.get(late.get_absolute_url()))


# --- the list ------------------------------------------------------------------------------------


def test_the_list_of_a_place_has_what_is_around_and_within(client, street):
    here = board.notice(street, title="第一网格的", area=street.grid)
    above = board.notice(
        street, title="全街道的", area=street.street, organization=street.office, by=street.chen
    )
    beside = board.notice(
        street,
        title="银杏湾的",
        area=street.elsewhere,
        organization=street.committee_elsewhere,
        by=street.chen,
    )
    page = body(client.get(f"/notices/?place={street.community.code}"))
    assert_valid_html(page)
    assert (here.title in page, above.title in page, beside.title in page) == (True, True, False)
    everything = body(client.get(f"/notices/?place={street.street.code}"))
    assert beside.title in everything
    for nonsense in ("?place=x", "?place=99&after=1-", "?before=9-9-9", "?show=x&state=y"):
        assert client.get(f"/notices/{nonsense}").status_code == 200


def test_tabs_keep_current_past_published_and_missing_apart(client, street):
    titles = {
        "": board.notice(street, title="正在公示的").title,
        "?state=past": board.to_state(street, "closed", title="已经结束的").title,
        "?show=disclosures": board.disclosure(street, title="公开了的").title,
    }
    disclosures.schedule(
        kind="party_affairs",
        area=street.community,
        organization=street.party,
        every="month",
        starts_on=board.ago(90).date(),
    )
    disclosures.make_due()
    titles["?show=disclosures&state=past"] = "党务公开（"
    for address in titles:
        page = body(client.get(f"/notices/{address}"))
        for other, title in titles.items():
            assert (title in page) is (other == address), (address, title)


@pytest.mark.parametrize("show", ["", "?show=disclosures"])
def test_pages_of_twenty_lead_on_and_back(client, street, show):
    for n in range(22):
        if show:
            board.disclosure(street, period=f"20{n + 10}-01", title=f"第{n}份。", at=board.ago(n))
        else:
            board.notice(street, title=f"第{n}份。", kind="general", by=None)
    first = body(client.get(f"/notices/{show}"))
    assert len(re.findall(r"第\d+份。", first)) == 20
    older = re.search(r'rel="next"\s+href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = body(client.get(f"/notices/{older}"))
    assert len(re.findall(r"第\d+份。", second)) == 2
    newer = re.search(r'rel="prev"\s+href="([^"]+)"', second)[1].replace("&amp;", "&")
    again = body(client.get(f"/notices/{newer}"))
    assert re.findall(r"第\d+份。", again) == re.findall(r"第\d+份。", first)


def cost(client, path) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_more_rows_cost_no_more_queries(client, street):
    def fill(count):
        for n in range(count):
            found = board.notice(street, kind="decision", at=board.ago(30))
            notices.object(found, text=f"{n}", by=street.wang, at=board.ago(29))
            board.disclosure(street, period=f"20{Disclosure.objects.count() + 10}-01")

    fill(3)
    one = Notice.objects.first()
    paths = [
        "/notices/",
        "/notices/?show=disclosures",
        one.get_absolute_url(),
        Disclosure.objects.first().get_absolute_url(),
        f"/notices/{one.pk}/work/",
        "/notices/schedules/",
        "/desk/",
    ]
    client.force_login(street.zhou)
    before = {path: cost(client, path) for path in paths}
    client.logout()
    public = {path: cost(client, path) for path in paths[:4]}
    fill(9)
    assert {path: cost(client, path) for path in paths[:4]} == public
    client.force_login(street.zhou)
    assert {path: cost(client, path) for path in paths} == before
    assert max(before.values()) <= 10, before
    assert max(public.values()) <= 7, public


# --- the objection box ---------------------------------------------------------------------------


def test_objecting_from_the_page_and_pressing_twice(client, street):
    found = board.notice(street)
    url = f"{found.get_absolute_url()}object/"
    assert client.get(url).url.startswith("/accounts/login/")
    client.force_login(street.wang)
    page = body(client.get(url))
    assert_valid_html(page)
    assert client.post(url, {"text": " "}).status_code == 422
    for _press in range(2):
        answer = client.post(url, {"text": "第二行不对"})
        assert answer.url == f"{found.get_absolute_url()}#objections"
    assert Objection.objects.count() == 1
    again = client.post(url, {"text": "还有第三行"})
    assert again.status_code == 422
    assert "已对这份公示提出过异议" in body(again)
    assert "还有第三行" in body(again)  # what was typed stays


def test_who_may_not_object_is_told_why(client, street):
    found = board.notice(street)
    url = f"{found.get_absolute_url()}object/"
    client.force_login(street.qian)
    assert "只有这一范围内已核验的居民" in body(client.get(url))
    answer = client.post(url, {"text": "我住别处"})
    assert answer.status_code == 422
    assert "只有这一范围内已核验的居民" in body(answer)
    over = board.notice(street, at=board.ago(30))
    client.force_login(street.wang)
    assert "公示期已过" in body(client.get(f"{over.get_absolute_url()}object/"))
    assert client.post(f"{over.get_absolute_url()}object/", {"text": "晚"}).status_code == 422
    assert not Objection.objects.exists()


# --- staff ---------------------------------------------------------------------------------------


def form_key(page: str) -> str:
    return re.search(r'name="key"\s+value="([^"]+)"', page)[1]


def test_publishing_by_hand_once_with_a_pasted_table(client, street):
    client.force_login(street.sun)
    page = body(client.get("/notices/new/"))
    assert_valid_html(page)
    given = {
        "key": form_key(page),
        "kind": "general",
        "title": "楼道粉刷排期",
        "body": "从本周六开始。",
        "rows": "楼栋\t联系人\n1栋\t王小明",
        "area": street.community.pk,
        "organization": street.committee.pk,
        "scope": "public",
        "days": "",
    }
    for bad, words in (
        ({"body": "找13812345678"}, "电话号码"),
        ({"days": "2"}, "公示期不能少于5个工作日"),
        ({"rows": "甲,乙\n1"}, "第 1 行"),
        ({"area": street.elsewhere.pk}, "area"),
    ):
        answer = client.post("/notices/new/", {**given, **bad})
        assert answer.status_code == 422, bad
        assert words in body(answer)
        assert "楼道粉刷排期" in body(answer)
    assert not Notice.objects.exists()
    for _press in range(2):
        answer = client.post("/notices/new/", given)
        assert answer.status_code == 302
    found = Notice.objects.get()
    assert found.table["rows"] == [["1栋", "王*"]]
    assert (found.publisher, found.organization) == (street.sun, street.committee)


def test_answering_and_closing_on_the_page(client, street):
    found = board.to_state(street, "objected")
    objection = found.objections.get()
    url = f"{found.get_absolute_url()}work/"

    client.force_login(street.sun)  # the publisher sees neither who nor what
    page = body(client.get(url))
    assert_valid_html(page)
    assert objection.text not in page
    assert "王居民" not in page
    assert "发布人不能答复" in page
    given = {
        "verb": "answer",
        "objection": objection.pk,
        f"o{objection.pk}-is_accepted": "yes",
        f"o{objection.pk}-answer": "补记",
        f"o{objection.pk}-public_text": "有一行不对",
    }
    assert client.post(url, given).status_code == 404

    client.force_login(street.zhou)
    page = body(client.get(url))
    assert_valid_html(page)
    assert "王居民" in page
    bad = client.post(url, {**given, f"o{objection.pk}-answer": "请打13812345678"})
    assert bad.status_code == 422
    assert "13812345678" in body(bad)
    early = client.post(url, {"verb": "close", "result": "upheld"})
    assert early.status_code == 422
    assert "不能“结束公示”" in body(early)
    assert client.post(url, given).status_code == 302
    assert client.post(url, given).status_code == 422  # pressed again: answered before
    missing = client.post(url, {"verb": "close", "result": "corrected", "correction": ""})
    assert missing.status_code == 422
    assert "请填写：更正内容" in body(missing)
    done = client.post(url, {"verb": "close", "result": "corrected", "correction": "第三行加2分"})
    assert done.url == found.get_absolute_url()
    page = body(client.get(done.url))
    assert "第三行加2分" in page
    assert client.post(url, {"verb": "expire"}).status_code == 404
    late = client.post(url, {"verb": "withdraw", "reason": "x"})
    assert late.status_code == 422


def test_a_stale_page_does_not_withdraw(client, street):
    found = board.notice(street)
    url = f"{found.get_absolute_url()}work/"
    client.force_login(street.zhou)
    seen = re.search(r'name="after"\s+value="(\d+)"', body(client.get(url)))[1]
    notices.object(found, text="有问题", by=street.wang)
    answer = client.post(url, {"verb": "withdraw", "reason": "不想公示了", "after": seen})
    assert answer.status_code == 422
    assert "已有新的进展" in body(answer)
    assert "不想公示了" in body(answer)
    found.refresh_from_db()
    assert found.state == "objected"


def test_a_disclosure_by_hand_its_correction_and_its_former_words(client, street):
    client.force_login(street.sun)
    page = body(client.get("/notices/disclosures/new/"))
    assert_valid_html(page)
    period = re.search(r'<option value="(\d{4}-\d{2})"', page)[1]
    given = {
        "kind": "finance",
        "period": period,
        "title": "居务收支",
        "text": "一笔一笔列出。",
        "rows": "项目,金额\n活动,320",
        "area": street.community.pk,
        "organization": street.committee.pk,
    }
    done = client.post("/notices/disclosures/new/", given)
    found = Disclosure.objects.get()
    assert done.url == found.get_absolute_url()
    again = client.post("/notices/disclosures/new/", {**given, "title": "另一份"})
    assert again.status_code == 422
    assert "已经公开" in body(again)

    url = f"{found.get_absolute_url()}correct/"
    page = body(client.get(url))
    assert_valid_html(page)
    change = {
        "title": "居务收支",
        "text": "一笔一笔列出。",
        "rows": "项目\t金额\n活动\t380",
        "version": "1",
        "what": "活动金额",
    }
    assert client.post(url, change).status_code == 422  # says not why
    assert client.post(url, {**change, "why": "漏记"}).status_code == 302
    stale = client.post(url, {**change, "why": "又改", "text": "再改"})
    assert stale.status_code == 422
    client.logout()
    page = body(client.get(found.get_absolute_url()))
    assert ("380" in page, "320" in page, "漏记" in page) == (True, False, True)
    assert "320" in body(client.get(f"{found.get_absolute_url()}versions/1/"))
    assert client.get(f"{found.get_absolute_url()}versions/2/").status_code == 404


def test_what_is_owed_is_public_and_published_from_its_page(client, street, monkeypatch):
    client.force_login(street.zhou)
    given = {
        "kind": "party_affairs",
        "area": street.community.pk,
        "organization": street.party.pk,
        "every": "once",
        "due_day": 10,
        "due_on": "",
    }
    assert client.post("/notices/schedules/", given).status_code == 422
    given["due_on"] = board.ago(2).date().isoformat()
    assert client.post("/notices/schedules/", given).status_code == 302
    disclosures.make_due()
    disclosures.mark_late()
    found = Disclosure.objects.get()
    client.logout()
    assert "逾期" in body(client.get(found.get_absolute_url()))
    assert client.get(f"{found.get_absolute_url()}sheet/").status_code == 404
    client.force_login(street.sun)
    url = f"{found.get_absolute_url()}publish/"
    page = body(client.get(url))
    assert_valid_html(page)
    assert "由系统自动公开" not in page
    monkeypatch.setattr(disclosures, "kinds_by_hand", list)
    assert "由系统自动公开" in body(client.get(url))
    assert client.post(url, {"title": "党务"}).status_code == 422
    assert client.post(url, {"title": "党务", "text": "三会一课"}).status_code == 302
    found.refresh_from_db()
    assert found.is_late is True
    plan = Schedule.objects.get()
    client.post(f"/notices/schedules/{plan.pk}/stop/")
    plan.refresh_from_db()
    assert plan.ends_on is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("项目,金额\n活动,320\n".encode("gb18030"), None),
        ("\ufeff项目,金额\n活动,320\n".encode(), None),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "文件读不出来"),
        (b"a" * 600_000, "不能超过 500 KB"),
    ],
)
def test_a_file_from_a_spreadsheet(client, street, content, words):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(street.sun)
    answer = client.post(
        "/notices/new/",
        {
            "kind": "general",
            "title": "收支",
            "area": street.community.pk,
            "organization": street.committee.pk,
            "scope": "public",
            "file": SimpleUploadedFile("表.csv", content),
        },
    )
    if words:
        assert answer.status_code == 422
        assert words in body(answer)
    else:
        assert answer.status_code == 302
        assert Notice.objects.get().table["rows"] == [["活动", "320"]]
