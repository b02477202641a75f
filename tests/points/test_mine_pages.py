"""My points at a glance: balance, what is on its way, what was refused, lines without names."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from points import accounts, batches, claims
from tests.browser import assert_valid_html
from tests.points.claiming import certified, days_ago, file, live, today
from tests.points.paid import award, pay
from tests.points.test_deductions import established


def page(client, person, address="/points/"):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()


def test_balance_of_person_and_household_stand_in_large(client, points):
    award(points, accounts.of_person(points.wang, points.community), 30, key="a:1")
    award(points, accounts.of_household(points.home, points.community), 12, key="a:2")
    html = page(client, points.wang)
    assert "<strong>42<small>分" in html.replace("\n", "").replace("  ", "")
    assert "我的账户 30" in html
    assert "家庭账户 12" in html
    assert_valid_html(html)
    assert ">42<" not in page(client, points.neighbour)


def test_what_is_pending_says_where_it_stands_and_until_when(client, points):
    claim = file(points)
    html = page(client, points.wang)
    assert "等项目负责人认证" in html
    assert "最晚" in html
    claims.certify(claim, by=points.sun)
    assert "已认证" in page(client, points.wang)


def test_what_was_refused_says_why_and_is_appealed_once(client, points):
    claim = file(points)
    claims.refuse(claim, by=points.sun, refusal_code="no_evidence", reason="看不出是哪天")
    html = page(client, points.wang)
    assert "看不出是哪天" in html
    address = claim.get_absolute_url()
    assert "提交申诉" in page(client, points.wang, address)
    empty = client.post(f"{address}appeal/", {"reason": " "})
    assert empty.status_code == 422
    assert "请写明理由" in empty.content.decode()
    assert client.post(f"{address}appeal/", {"reason": "那天有照片"}).status_code == 302
    assert "提交申诉" not in page(client, points.wang, address)
    assert client.post(f"{address}appeal/", {"reason": "再来一次"}).status_code == 422
    # The refuser may not answer; the supervisor may.
    assert "答复申诉" not in page(client, points.sun, address)
    assert "答复申诉" in page(client, points.jian, address)
    client.post(f"{address}answer/", {"stands": "yes", "reason": "照片清楚"})
    assert "申诉成立" in page(client, points.wang, address)


def test_what_expires_is_told_with_its_day(client, points):
    account = accounts.of_person(points.wang, points.community)
    old = today() - timedelta(days=24 * 30.44 + 5)
    award(points, account, 7, on=old, key="old")
    award(points, account, 9, key="new")
    html = page(client, points.wang)
    assert "快到期的积分" in html
    assert "7 分，" in html
    assert "9 分，" not in html


def test_lines_are_plain_chinese_and_never_another_name(client, points):
    day = batches.last_month() + timedelta(days=9)
    claim = certified(points, "P15", quantity=2, happened_on=day, certifier=points.hao)
    shared = certified(points, "P22", person=points.wang, text="喜事新办", happened_on=day)
    pay(points)
    html = page(client, points.wang)
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert f"{day.month}月 夜间平安巡逻（不少于1小时） 2次 +24" in text
    assert claim.get_absolute_url() in html
    assert "郝网格" not in html
    # Somebody who shares the household reads the line, and neither a name nor a way to it.
    live(points.qian, points.home, points.li)
    theirs = page(client, points.qian)
    assert "喜事新办、文明祭扫承诺履行 1次" in theirs
    assert "夜间平安巡逻" not in theirs
    assert shared.get_absolute_url() not in theirs
    assert "王居民" not in theirs
    assert client.get(shared.get_absolute_url()).status_code == 404


def test_a_deduction_that_may_be_answered_is_on_top(client, points):
    found = established(points)
    html = page(client, found.person)
    assert f"/points/deductions/{found.pk}/" in html
    assert "听取意见中" in html
    assert "请您说说意见" not in page(client, points.neighbour)


def test_a_stranger_meets_404(client, points):
    claim = file(points)
    address = claim.get_absolute_url()
    for stranger in (points.neighbour, points.qian, points.zhao, points.wu):
        client.force_login(stranger)
        assert client.get(address).status_code == 404
        for verb in ("withdraw", "appeal", "answer"):
            assert client.post(f"{address}{verb}/", {"reason": "试试"}).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302
    assert client.get("/points/").status_code == 302
    claim.refresh_from_db()
    assert claim.state == "claimed"


def test_a_claim_is_withdrawn_while_it_may_be(client, points):
    claim = file(points)
    html = page(client, points.wang, claim.get_absolute_url())
    assert "撤回这项申报" in html
    assert_valid_html(html)
    client.post(f"{claim.get_absolute_url()}withdraw/")
    claim.refresh_from_db()
    assert claim.state == "withdrawn"
    assert "撤回这项申报" not in page(client, points.wang, claim.get_absolute_url())


@pytest.mark.parametrize("address", ["/points/", "/points/claims/"])
def test_queries_do_not_grow_with_rows(client, points, address):
    def fill(number, offset):
        for n in range(number):
            file(points, "P16", quantity=1, happened_on=days_ago(2)) if n + offset < 2 else file(
                points, "P05", quantity="0.5", happened_on=days_ago(4 + (n + offset) % 20)
            )
            account = accounts.of_person(points.wang, points.community)
            award(points, account, 3, key=f"fill:{n + offset}")

    def count():
        page(client, points.wang, address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return [query["sql"] for query in queries]

    fill(3, 0)
    few = count()
    fill(9, 3)
    assert len(count()) == len(few)
    assert len(few) <= 10, "\n".join(sql[:300] for sql in few)


def test_the_list_is_chosen_by_state(client, points):
    kept, gone = file(points), file(points, "P19")
    claims.withdraw(gone, by=points.wang)
    html = page(client, points.wang, "/points/claims/?state=open")
    assert kept.get_absolute_url() in html
    assert gone.get_absolute_url() not in html
    assert gone.get_absolute_url() in page(client, points.wang, "/points/claims/?state=refused")
