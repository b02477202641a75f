"""Orders out: masked, harmless, logged, narrowed to the place, in constant queries."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from grids import handling
from grids.hotline import exporting
from grids.models import CallerReveal, ExportLog, Issue, Order, Source
from tests.grids import loop
from tests.grids.hotline.conftest import line
from tests.grids.hotline.test_importing import taken_in

pytestmark = pytest.mark.django_db
SECRETS = ("王建国", "13812345678", "138****5678", "王*")


def body(answer) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_an_export_is_masked_harmless_and_logged(client, hotline):
    taken_in(hotline, line("-H001", text="王奶奶家3栋2单元301漏水，打13900001111"))
    Order.objects.update(number="=1+1")
    client.force_login(hotline.chen)
    text = body(client.get(reverse("grids:orders_export")))
    [row] = csv.DictReader(io.StringIO(text))
    issue = Issue.objects.get()
    assert row["工单编号"] == "'=1+1"
    assert row["本平台编号"] == issue.number
    assert (row["社区"], row["状态"], row["对方状态"]) == ("梧桐里社区", "待受理", "已接收")
    for secret in (*SECRETS, "301", "13900001111", "王奶奶"):
        assert secret not in text
    entry = ExportLog.objects.get()
    assert (entry.by, entry.format, entry.count) == (hotline.chen, "csv", 1)

    [order] = json.loads(body(client.get(reverse("grids:orders_export"), {"format": "json"})))
    assert order["工单编号"] == "=1+1"
    assert list(order) == list(row)
    client.force_login(hotline.auditor)
    looks = client.get(reverse("grids:looks")).content.decode()
    assert looks.count("陈街道") == 2


def test_the_filters_of_the_list_are_those_of_the_file(client, hotline):
    taken_in(hotline, line("H001"), line("H002"))
    loop.file(Issue.objects.get(order__number="H002"), hotline.li)
    client.force_login(hotline.chen)
    for asked, count in (
        ({}, 2),
        ({"state": "filed"}, 1),
        ({"partner": hotline.hotline.pk, "state": "submitted"}, 1),
        ({"since": "2000-01-01", "until": "2000-01-02"}, 0),
        ({"since": "2000-01-01"}, 2),
    ):
        page = client.get(reverse("grids:orders"), asked).content.decode()
        assert page.count("市12345热线 H00") == count, asked
        text = body(client.get(reverse("grids:orders_export"), asked))
        assert len(text.splitlines()) == count + 1
        assert ExportLog.objects.latest("pk").count == count
    bad = client.get(reverse("grids:orders"), {"since": "2026-11-30", "until": "2026-11-01"})
    assert bad.status_code == 422
    assert "结束日期早于开始日期" in bad.content.decode()
    for asked in ({"format": "xls"}, {"state": "nonsense"}, {"partner": 0}):
        assert client.get(reverse("grids:orders_export"), asked).status_code == 404


def test_lists_and_files_cost_as_many_queries_for_more_orders(client, hotline):
    client.force_login(hotline.chen)
    costs = []
    for first, last in ((0, 3), (3, 12)):
        taken_in(hotline, *(line(f"H{n}") for n in range(first, last)))
        with CaptureQueriesContext(
            connection,
        ) as listed:
            client.get(reverse("grids:orders"))
        with CaptureQueriesContext(connection) as exported:
            body(client.get(reverse("grids:orders_export")))
        costs.append((len(listed), len(exported)))
    assert costs[0] == costs[1]
    assert costs[0][0] <= 10
    assert costs[0][1] <= 10


def test_another_places_orders_are_not_in_it(hotline):
    taken_in(hotline, line("H001"))
    filters = exporting.Filters()
    assert exporting.orders_for(hotline.chen, filters).count() == 1
    assert exporting.orders_for(hotline.chu, filters).count() == 1
    assert not exporting.orders_for(hotline.zhao, filters).exists()


def test_the_page_of_an_order_costs_hardly_more_than_a_residents(client, hotline):
    """Whether there is an order is known with the issue, however often it is asked."""
    taken_in(hotline, line("H001"))
    issues = [
        loop.post(hotline),
        loop.post(hotline, source=Source.HOTLINE),
        Issue.objects.get(order__number="H001"),
    ]
    client.force_login(hotline.chen)
    client.get(issues[0].get_absolute_url())
    costs = []
    for issue in issues:
        with CaptureQueriesContext(connection) as asked:
            client.get(issue.get_absolute_url())
        costs.append(len(asked))
    assert costs[1] == costs[0]
    assert costs[2] <= costs[0] + 1  # does a body co-handle it? then who called stays hidden


# --- privacy -----------------------------------------------------------------------------------


def test_who_handles_it_never_meets_the_caller(client, hotline):
    taken_in(hotline, line("H001", text="王建国反映物业不修灯 13812345678"))
    issue = loop.to_state(hotline, "in_progress", issue=Issue.objects.get())
    for someone in (hotline.wu, hotline.zheng, hotline.feng, hotline.chu, hotline.zhou):
        client.force_login(someone)
        for address in (
            issue.get_absolute_url(),
            reverse("grids:caller", args=[issue.number]),
            reverse("grids:orders"),
            reverse("grids:orders_export"),
            reverse("grids:orders_export") + "?format=json",
        ):
            answer = client.get(address)
            if someone == hotline.zhou and "caller" not in address:
                continue  # files issues here, sees the masked name
            text = body(answer) if answer.streaming else answer.content.decode()
            for secret in SECRETS:
                assert secret not in text, (someone.name, address)
    client.force_login(hotline.wu)
    for name in ("orders", "orders_export", "looks", "partners"):
        assert client.get(reverse(f"grids:{name}")).status_code == 404
    assert client.get(reverse("grids:caller", args=[issue.number])).status_code == 404


def test_what_12345_passed_on_for_somebody_with_an_account_stays_theirs(client, hotline):
    """No order of a partner: the rules for residents hold, and only the resident rates."""
    issue = loop.post(hotline, kind="邻里纠纷", source=Source.HOTLINE)
    loop.to_state(hotline, "in_progress", issue=issue)
    client.force_login(hotline.wu)
    assert "王居民" not in client.get(issue.get_absolute_url()).content.decode()
    other = loop.post(hotline, source=Source.HOTLINE)
    for someone in (hotline.wang, hotline.chen):
        verbs = {row.verb for row in handling.available(other, someone)}
        assert not verbs & {"withdraw", "supplement"}


def test_who_files_sees_the_caller_masked_and_in_full_against_a_reason(client, hotline):
    taken_in(hotline, line("H001", due="2026-11-30"))
    issue = Issue.objects.get()
    client.force_login(hotline.li)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "王*" in page
    assert "138****5678" in page
    assert "13812345678" not in page
    assert "市12345热线要求 11月30日 23:59 前办结" in page
    assert "H001" in page
    where = reverse("grids:caller", args=[issue.number])
    assert where in page
    short = client.post(where, {"reason": "看看"})
    assert short.status_code == 422
    assert not CallerReveal.objects.exists()
    shown = client.post(where, {"reason": "核实具体位置"})
    assert "王建国" in shown.content.decode()
    assert "13812345678" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    look = CallerReveal.objects.get()
    assert (look.seen_by, look.reason, look.issue) == (hotline.li, "核实具体位置", issue)
    client.force_login(hotline.auditor)
    log = client.get(reverse("grids:looks")).content.decode()
    assert "核实具体位置" in log
    assert "王建国" not in log


def test_who_files_but_belongs_to_the_body_in_charge_does_not(client, hotline):
    taken_in(hotline, line("H001"))
    issue = Issue.objects.get()
    loop.to_state(hotline, "dispatched", issue=issue, lead=hotline.committee)
    client.force_login(hotline.li)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "王*" not in page
    assert client.get(reverse("grids:caller", args=[issue.number])).status_code == 404
    client.force_login(hotline.chen)
    assert "王*" in client.get(issue.get_absolute_url()).content.decode()
