"""The monthly statement: opening, in, out, closing; the household's; on paper."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orgs.models import Residence
from points import accounts, statements
from points.models import Period, Statement
from tests.browser import assert_valid_html
from tests.points.claiming import today
from tests.points.paid import award
from ui import papers
from ui.dates import SHANGHAI


def month_before(months=1):
    first = today().replace(day=1)
    for _n in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def noon(month, day=10):
    return datetime(month.year, month.month, day, 12, tzinfo=SHANGHAI)


@pytest.fixture
def books(points):
    """王: 30 two months ago, 12 last month, 5 this month; the household 8 last month."""
    points.mine = accounts.of_person(points.wang, points.community)
    points.ours = accounts.of_household(points.home, points.community)
    two, one = month_before(2), month_before(1)
    award(points, points.mine, 30, on=two, key="s:1", at=noon(two))
    award(points, points.mine, 12, on=one, key="s:2", at=noon(one))
    award(points, points.ours, 8, on=one, key="s:3", at=noon(one, 11))
    award(points, points.mine, 5, key="s:4")
    return points


def figures(person, month):
    found = statements.of(person, month)
    return [(book.label, book.opening, book.came, book.went, book.closing) for book in found.books]


def test_opening_in_out_and_closing_follow_one_another(books):
    two, one = month_before(2), month_before(1)
    assert figures(books.wang, two) == [("我的账户", 0, 30, 0, 30), ("家庭账户", 0, 0, 0, 0)]
    assert figures(books.wang, one) == [("我的账户", 30, 12, 0, 42), ("家庭账户", 0, 8, 0, 8)]
    assert figures(books.wang, today().replace(day=1)) == [
        ("我的账户", 42, 5, 0, 47),
        ("家庭账户", 8, 0, 0, 8),
    ]
    before = month_before(3)
    assert [row[1:] for row in figures(books.wang, before)] == [(0, 0, 0, 0)] * 2


def test_a_closed_month_says_so_and_later_ones_begin_with_its_statement(books):
    two, one = month_before(2), month_before(1)
    wanted = figures(books.wang, one)
    assert not statements.of(books.wang, two).is_closed
    now = timezone.now()
    period = Period.objects.create(
        community=books.community, month=two, horizon=1, shut_at=now, closed_at=now
    )
    # Another closing than the entries give, to see that it is the one read.
    Statement.objects.create(
        period=period, account=books.mine, opening=100, credited=30, debited=0, closing=130
    )
    assert statements.of(books.wang, two).is_closed
    assert figures(books.wang, one) == [("我的账户", 130, 12, 0, 142), wanted[1]]
    assert figures(books.wang, today().replace(day=1))[0][1:] == (142, 5, 0, 147)


def test_who_moved_in_later_reads_no_lines_from_before(books):
    one = month_before(1)
    Residence.objects.create(
        person=books.qian,
        household=books.home,
        kind="tenant",
        state="verified",
        starts_on=one + timedelta(days=19),
        verified_by=books.li,
    )
    book = next(b for b in statements.of(books.qian, one).books if b.account == books.ours)
    assert (book.opening, book.came, book.closing, book.lines) == (8, 0, 8, [])
    assert books.ours not in [b.account for b in statements.of(books.qian, month_before(2)).books]


def test_the_page_shows_it_and_strangers_see_their_own(client, books):
    client.force_login(books.wang)
    one = month_before(1)
    html = client.get(f"/points/statement/{one:%Y-%m}/").content.decode()
    assert_valid_html(html)
    assert "+12" in html
    assert "上个月" in html
    client.force_login(books.neighbour)
    html = client.get(f"/points/statement/{one:%Y-%m}/").content.decode()
    assert "+12" not in html
    assert "这个月没有积分" in html
    client.logout()
    assert client.get(f"/points/statement/{one:%Y-%m}/").status_code == 302


@pytest.mark.parametrize("month", ["2019-12", "2026-13", "9999-01", "2026-1", "abc", "２０２６-01"])
def test_what_is_no_month_is_404(client, points, month):
    client.force_login(points.wang)
    assert client.get(f"/points/statement/{month}/").status_code == 404
    assert client.get(f"/points/statement/{month}/pdf/").status_code == 404


def test_the_paper_is_a_pdf_with_a_chinese_font(client, books):
    client.force_login(books.wang)
    answer = client.get(f"/points/statement/{month_before(1):%Y-%m}/pdf/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert b"CJK" in answer.content or b"Song" in answer.content


def test_what_people_typed_is_no_markup_on_paper(books):
    books.wang.name = '#panic("x") *王*'
    found = statements.of(books.wang, month_before(1))
    said = statements.paper(found, books.wang, "梧桐里社区")
    assert papers.write("points/papers/statement.typ", said).startswith(b"%PDF-")


def test_without_a_chinese_font_the_page_says_so(client, books, monkeypatch):
    def nothing():
        raise papers.NoChineseFont

    monkeypatch.setattr(papers, "families", nothing)
    client.force_login(books.wang)
    answer = client.get(f"/points/statement/{month_before(1):%Y-%m}/pdf/")
    assert answer.status_code == 422
    assert "没有中文字体" in answer.content.decode()


def test_queries_do_not_grow_with_lines(client, books):
    client.force_login(books.wang)
    address = f"/points/statement/{today():%Y-%m}/"

    def count():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = count()
    for n in range(9):
        award(books, books.mine, 2, key=f"more:{n}")
    assert count() == few <= 10
