"""Settlement and clearing on their pages: each side its buttons, no names, no stranger."""

from copy import copy
from datetime import timedelta
from io import BytesIO
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from exchange import clearing, settlement, settlement_files
from exchange.models import (
    LineState,
    Order,
    Settlement,
    SettlementLine,
    SettlementState,
    StatementLog,
)
from exchange.settlement_flow import lines_of
from points.models import Transfer, TransferKind
from tests.browser import assert_valid_html
from tests.exchange.settling import (
    agreed,
    approved,
    drawn,
    issued,
    last_month,
    submitted,
    two_orders,
)
from ui import papers

S = SettlementState
LIST, CLEARINGS = "/exchange/settlements/", "/exchange/clearing/"


def as_(client, person):
    client.force_login(person)
    return client


def line_url(line) -> str:
    return f"/exchange/settlements/{line.settlement_id}/lines/{line.pk}/"


def state_of(row) -> str:
    return type(row).objects.values_list("state", flat=True).get(pk=row.pk)


def read(answer) -> str:
    text = answer.content.decode()
    assert_valid_html(text)
    return text


def test_a_month_goes_through_its_pages(client, window):
    two_orders(window)
    answer = as_(client, window.chen).post("/exchange/settlements/draw/", follow=True)
    assert "已生成 1 张结算单" in answer.content.decode()
    found = Settlement.objects.get()
    first, second = found.lines.order_by("pk")
    url = found.get_absolute_url()

    as_(client, window.shang)
    assert "梧桐便民超市" in read(client.get(LIST))
    page = read(client.get(url))
    assert "抽纸一提" in page
    assert first.order.code_spaced in page
    assert "核对完毕" in page
    assert "批准" not in page.split('id="main"')[1].split("经过")[0]
    assert "提出异议" in read(client.get(line_url(first)))
    client.post(line_url(first), {"verb": "dispute", "dispute-reason": "当天没有发放"})
    assert state_of(first) == LineState.DISPUTED
    client.post(url, {"verb": "miss", "miss-reason": "还发过一箱牛奶", "miss-code": ""})
    client.post(url, {"verb": "confirm"})
    assert state_of(found) == S.DISPUTED

    as_(client, window.chen)
    omission = found.omissions.get()
    missing = f"{url}omissions/{omission.pk}/"
    assert missing in read(client.get(url))
    assert "还发过一箱牛奶" in read(client.get(missing))
    client.post(missing, {"reason": "目录里没有牛奶"})
    answer = {"verb": "answer", "answer-outcome": "ask_reversal", "answer-reason": "照片不符"}
    assert "答复异议" in read(client.get(line_url(first)))
    client.post(line_url(first), answer)
    assert state_of(first) == LineState.REVERSING
    assert "批准退回积分" not in client.get(line_url(first)).content.decode()

    as_(client, window.han)
    assert "批准退回积分" in read(client.get(line_url(first)))
    client.post(line_url(first), {"verb": "judge", "judge-outcome": "reverse"})
    assert (state_of(first), state_of(found)) == (LineState.REVERSED, S.READY)

    as_(client, window.chen).post(url, {"verb": "submit"})
    assert "相符" in read(client.get(url))
    as_(client, window.han)
    assert "三处一致" in read(client.get(url))
    client.post(url, {"verb": "approve"})
    assert state_of(found) == S.APPROVED
    today = timezone.localdate().isoformat()
    as_(client, window.chen)
    client.post(url, {"verb": "pay", "pay-paid_on": today, "pay-voucher": "青财118"})
    assert state_of(found) == S.PAID
    page = read(client.get(url))
    assert "青财118" in page
    assert "更正付款登记" in page
    assert read(client.get(line_url(second))).count("商家结算") >= 2  # down to the transfer


def test_bad_input_is_answered_beside_its_field(client, window):
    two_orders(window)
    found = drawn(window)
    line = found.lines.first()
    as_(client, window.shang)
    answer = client.post(line_url(line), {"verb": "dispute", "dispute-reason": "  "})
    assert answer.status_code == 422
    assert "请写明哪里不对" in answer.content.decode()
    assert client.post(found.get_absolute_url(), {"verb": "approve"}).status_code == 422
    assert client.post(found.get_absolute_url(), {"verb": "dispute"}).status_code == 404
    assert client.post(line_url(line), {"verb": "reverse"}).status_code == 404
    assert state_of(line) == LineState.OK

    settlement.confirm(found, by=window.shang)
    settlement.submit(found, by=window.chen)
    settlement.approve(found, by=window.han)
    as_(client, window.chen)
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    given = {"verb": "pay", "pay-paid_on": tomorrow, "pay-voucher": "青财118"}
    answer = client.post(found.get_absolute_url(), given)
    assert answer.status_code == 422
    assert "付款日期不能早于批准之日" in answer.content.decode()
    assert 'value="青财118"' in answer.content.decode()


def test_a_second_click_is_told_and_changes_nothing(client, window):
    two_orders(window)
    found = submitted(window)
    as_(client, window.han)
    url = found.get_absolute_url()
    assert client.post(url, {"verb": "approve"}).status_code == 302
    answer = client.post(url, {"verb": "approve"})
    assert answer.status_code == 422
    assert "可能已有人处理" in answer.content.decode()
    assert Transfer.objects.filter(kind=TransferKind.SETTLE).count() == 2


def seen(page, name: str) -> str:
    """What a form holds of the page it stands on."""
    return page.context["forms"][name].initial["after"]


def test_what_is_missing_is_told_once_by_two_clicks(client, window):
    two_orders(window)
    found = drawn(window)
    url = found.get_absolute_url()
    after = seen(as_(client, window.shang).get(url), "miss")
    given = {"verb": "miss", "miss-reason": "还发过一箱牛奶", "miss-after": after}
    assert [client.post(url, given).status_code for _click in range(2)] == [302, 422]
    assert found.omissions.count() == 1


def test_what_changed_since_the_page_was_drawn_is_not_approved(client, window):
    two_orders(window)
    found = submitted(window)
    url = found.get_absolute_url()
    after = seen(as_(client, window.han).get(url), "approve")
    settlement.send_back(found, by=window.han, reason="再看一遍")
    settlement.submit(found, by=window.chen)
    answer = client.post(url, {"verb": "approve", "approve-after": after})
    assert answer.status_code == 422
    assert "页面打开后该事项已有新的进展" in answer.content.decode()
    assert state_of(found) == S.SUBMITTED
    after = seen(client.get(url), "approve")
    assert client.post(url, {"verb": "approve", "approve-after": after}).status_code == 302


def test_who_submitted_sees_no_button_to_approve(client, window):
    two_orders(window)
    found = submitted(window)
    page = as_(client, window.chen).get(found.get_absolute_url()).content.decode()
    assert 'value="approve"' not in page
    page = as_(client, window.han).get(found.get_absolute_url()).content.decode()
    assert 'value="approve"' in page


def test_merchants_read_codes_and_goods_and_no_name(client, window):
    two_orders(window)
    found = approved(window)
    as_(client, window.shang)
    texts = [
        client.get(found.get_absolute_url()),
        *map(client.get, map(line_url, found.lines.all())),
    ]
    for answer in texts:
        text = read(answer)
        for name in ("王居民", "钱居民", "陈街道", "韩领导", "账本流水", "兑付流水"):
            assert name not in text


STRANGERS = ("sun", "zhou", "wang", "qian", "wu", "li", "zhao", "newcomer")


@pytest.mark.parametrize("somebody", STRANGERS)
def test_a_stranger_meets_404_everywhere(client, window, somebody):
    two_orders(window)
    found = approved(window)
    table = clearing.draw_up(window.street, last_month(), by=window.chen)
    as_(client, getattr(window, somebody))
    url = found.get_absolute_url()
    for address in (
        url,
        f"{url}statement.xlsx",
        f"{url}statement.pdf",
        line_url(found.lines.first()),
        f"{url}lines/999999/",
        f"{url}omissions/1/",
        table.get_absolute_url(),
        f"{table.get_absolute_url()}table.csv",
        f"{table.get_absolute_url()}table.xlsx",
        f"{table.get_absolute_url()}{window.community.pk}/",
        CLEARINGS,
    ):
        assert client.get(address).status_code == 404, address
    assert client.post(url, {"verb": "pay"}).status_code == 404
    assert client.post(f"{url[:-1]}9999/", {"verb": "confirm"}).status_code == 404
    assert not StatementLog.objects.exists()


def test_a_line_of_another_settlement_is_not_there(client, window):
    issued(window, window.tissue_shop)
    two_orders(window)
    other = drawn(window, organization=window.committee)
    found = drawn(window)
    address = f"{found.get_absolute_url()}lines/{other.lines.get().pk}/"
    for somebody in (window.shang, window.chen):
        assert as_(client, somebody).get(address).status_code == 404


def test_auditors_and_the_district_read_and_have_no_buttons(client, window):
    two_orders(window)
    found = submitted(window)
    for somebody in (window.chu, window.auditor):
        as_(client, somebody)
        assert '<button type="submit" class="btn" name="verb"' not in read(
            client.get(found.get_absolute_url())
        )
        assert client.post(found.get_absolute_url(), {"verb": "approve"}).status_code == 422
        assert client.get(CLEARINGS).status_code == 200
    assert state_of(found) == S.SUBMITTED


# --- files ---------------------------------------------------------------------------------------


def test_a_statement_as_excel_adds_up_and_is_noted(client, window):
    first, _second = two_orders(window)
    found = agreed(window)
    window.tissue.name = "=cmd|' /C calc'!A0\x0b"
    window.tissue.save()
    answer = as_(client, window.shang).get(f"{found.get_absolute_url()}statement.xlsx")
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.content))
    cells = [[cell.value for cell in row] for row in book["明细"].iter_rows()]
    (line,) = [row for row in cells if row[0] == first.code_spaced]
    assert line[1].startswith("'=cmd")
    assert line[4:8] == [1, 60, 6, "梧桐里社区"]
    total = next(row for row in cells if row[0] == "合计（只计入结算的）")
    assert total[4:7] == [2, 120, 12]
    books = [[cell.value for cell in row] for row in book["按社区"].iter_rows()]
    assert books[1:] == [
        ["梧桐里社区", 1, 60, 6],
        ["银杏湾社区", 1, 60, 6],
        ["合计", 2, 120, 12],
    ]
    text = as_(client, window.chen).get(found.get_absolute_url()).content.decode()
    assert "下载过的人" in text
    assert "商店主" in text.split("下载过的人")[1]
    noted = StatementLog.objects.get()
    assert (noted.by, noted.format, noted.count) == (window.shang, "xlsx", 2)


def test_a_statement_on_a4(client, window, monkeypatch):
    two_orders(window)
    found = approved(window)
    url = f"{found.get_absolute_url()}statement.pdf"
    answer = as_(client, window.han).get(url)
    if answer.status_code == 200:  # a machine with a Chinese font
        assert answer.content.startswith(b"%PDF")
        assert StatementLog.objects.get().format == "pdf"
    said = settlement_files.paper(found, settlement_files.lines_of(found))
    assert said["totals"] == ["2", "120", "12.00"]
    assert [row[2:] for row in said["books"]] == [["60", "6.00"], ["60", "6.00"]]

    issued(window, window.tissue_shop)
    shop = drawn(window, organization=window.committee)
    free = settlement_files.paper(shop, settlement_files.lines_of(shop))
    assert (free["totals"], free["facts"][-1][1]) == (["1", "60", "—"], "实物核销，不付款")

    def none(*args):
        raise papers.NoChineseFont

    monkeypatch.setattr(papers, "write", none)
    answer = client.get(url)
    assert answer.status_code == 422
    assert "没有中文字体" in answer.content.decode()


# --- clearing ------------------------------------------------------------------------------------


def test_communities_are_cleared_on_their_page(client, window):
    two_orders(window)
    found = submitted(window)
    as_(client, window.chen)
    page = read(client.get(CLEARINGS))
    assert "还不能清算" in page
    assert "梧桐便民超市" in page
    given = {"area": window.street.pk, "month": f"{last_month():%Y-%m}"}
    answer = client.post(CLEARINGS, given)
    assert (answer.status_code, "没有批准" in answer.content.decode()) == (422, True)

    settlement.approve(found, by=window.han)
    assert "编制清算表" in read(client.get(CLEARINGS))
    answer = client.post(CLEARINGS, given)
    url = answer.url
    page = read(client.get(url))
    assert "合计为零" in page
    assert "−60" in page
    assert "+60" in page
    assert 'value="approve"' not in page
    as_(client, window.han)
    client.post(url, {"verb": "send_back", "send_back-reason": "再核一遍"})
    as_(client, window.chen).post(url, {"verb": "hand_in", "hand_in-reason": "核过"})
    as_(client, window.han).post(url, {"verb": "approve"})
    page = read(client.get(url))
    assert "已清算" in page
    opened = read(client.get(f"{url}{window.elsewhere.pk}/"))
    assert f"{found.get_absolute_url()}?payer={window.elsewhere.pk}#lines" in opened
    lines = client.get(f"{found.get_absolute_url()}?payer={window.elsewhere.pk}").content.decode()
    assert lines.count("/lines/") == 1

    table = client.get(f"{url}table.csv").content.decode("utf-8-sig")
    assert table.splitlines()[-1] == "合计,0,60,60,60"
    book = load_workbook(BytesIO(client.get(f"{url}table.xlsx").content))
    rows = [[cell.value for cell in row][:5] for row in book["社区清算"].iter_rows()]
    assert ["银杏湾社区", -60, 0, 60, 0] in rows
    assert StatementLog.objects.count() == 2


def test_only_the_operator_draws_up(client, window):
    two_orders(window)
    approved(window)
    given = {"area": window.street.pk, "month": f"{last_month():%Y-%m}"}
    answer = as_(client, window.han).post(CLEARINGS, given)
    assert answer.status_code == 422
    assert as_(client, window.han).post("/exchange/settlements/draw/").status_code == 404
    for month in ("", "2026-13", "1900-01"):
        answer = as_(client, window.chen).post(CLEARINGS, {**given, "month": month})
        assert answer.status_code == 404


# --- how much it costs ---------------------------------------------------------------------------


def more_lines(window, found, count: int) -> None:
    """Orders handed over after the list was drawn up, written into it all the same."""
    day = last_month().replace(day=6)
    for number in range(count):
        who = ("wang", "qian")[number % 2]
        placed = issued(window, window.haircut_here, on=day, who=who)
        lines_of(found, [Order.objects.select_related("offer__outlet").get(pk=placed.pk)])


def copies(order, count: int) -> list[Order]:
    """As many orders like this one, with holds and captures of their own, but no entries."""

    def copied(row, **changes):
        row = copy(row)
        row.pk = row.id = None
        for name, value in changes.items():
            setattr(row, name, value)
        return row

    hold, ending = order.hold, order.ending
    holds = Transfer.objects.bulk_create(copied(hold, key=f"copy:{n}") for n in range(1, count + 1))
    endings = Transfer.objects.bulk_create(
        copied(ending, key=f"copy:{n}:issue", pending_of_id=held.pk)
        for n, held in enumerate(holds, 1)
    )
    codes = ("".join(letters) for letters in product("3479ACDEFH", repeat=4))
    return Order.objects.bulk_create(
        copied(order, key=f"copy-{n}", code=f"XXXX{next(codes)}", hold=held, ending=end)
        for n, (held, end) in enumerate(zip(holds, endings, strict=True), 1)
    )


@pytest.fixture
def no_limits(monkeypatch):
    from exchange import limits

    monkeypatch.setattr(limits, "check", lambda *args, **kwargs: None)


def test_queries_do_not_grow_with_lines(client, window, no_limits):
    issued(window, window.tissue_here)
    found = drawn(window)
    more_lines(window, found, 2)
    counts = {}
    for lines in (3, 12):
        if lines == 12:
            more_lines(window, found, 9)
        for name, person, url in (
            ("merchant", window.shang, found.get_absolute_url()),
            ("operator", window.chen, found.get_absolute_url()),
            ("list", window.chen, LIST),
            ("excel", window.chen, f"{found.get_absolute_url()}statement.xlsx"),
            ("clearing", window.chen, CLEARINGS),
        ):
            as_(client, person)
            client.get(url)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert client.get(url).status_code == 200
            counts.setdefault(name, []).append(len(queries))
    assert all(few == many for few, many in counts.values()), counts
    assert max(counts["operator"] + counts["merchant"] + counts["list"]) <= 10, counts


def test_a_thousand_lines_are_paged(client, window):
    issued(window, window.tissue_here)
    found = drawn(window)
    order = found.lines.select_related("order__hold", "order__ending").get().order
    SettlementLine.objects.bulk_create(
        SettlementLine(
            settlement=found,
            order=more,
            payer=window.community,
            books=window.community,
            points=more.points,
        )
        for more in copies(order, 1000)
    )
    as_(client, window.shang)
    seen, address = 0, found.get_absolute_url()
    for _page in range(30):
        page = client.get(address)
        assert len(page.content) < 100_000
        seen += page.content.decode().count("/lines/")
        following = page.context["following"]
        if not following:
            break
        address = f"{found.get_absolute_url()}{following}"
    assert seen == 1001


def test_the_desk_says_what_waits(client, window):
    two_orders(window)
    issued(window, window.tissue_shop)
    found = drawn(window)
    shop = drawn(window, organization=window.committee)
    assert LIST in as_(client, window.shang).get(LIST).content.decode()  # the keeper's own places
    as_(client, window.sun)
    doors = {row.title: row.count for row in client.get("/desk/").context["desk"].doors}
    assert doors["待核对的结算单"] == 1
    settlement.confirm(shop, by=window.sun)
    settlement.submit(shop, by=window.chen)
    settlement.approve(shop, by=window.han)
    settlement.confirm(found, by=window.shang)
    settlement.submit(found, by=window.chen)
    as_(client, window.han)
    doors = {row.title: row.count for row in client.get("/desk/").context["desk"].doors}
    assert (doors["待批准的结算"], doors["社区清算"]) == (1, 0)
    settlement.approve(found, by=window.han)
    doors = as_(client, window.chen).get("/desk/").context["desk"].doors
    assert {row.title: row.count for row in doors}["商家结算"] == 1  # to be paid
    clearing.draw_up(window.street, last_month(), by=window.chen)
    as_(client, window.han)
    doors = {row.title: row.count for row in client.get("/desk/").context["desk"].doors}
    assert (doors["待批准的结算"], doors["社区清算"]) == (0, 1)
