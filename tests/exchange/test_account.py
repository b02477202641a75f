"""The screen of what is owed: the books balance, every figure opens, and strangers stay out."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exchange import liability, orders, pool
from points import accounts, ledger, periods
from points.models import Period, Transfer, TransferKind
from tests.browser import assert_valid_html
from tests.exchange import settling
from tests.exchange.accounting import staffed
from tests.points.books import move
from tests.points.tamper import by_hand

ROOM = "/exchange/account/"


def books(window) -> liability.Read:
    return liability.read([window.community, window.elsewhere, window.street])


def year(window):
    """A bit of everything in 梧桐里: awarded 1,500."""
    fund, expiry = accounts.fund_of(window.community), accounts.expiry_of(window.community)
    wang, home = window.wang_points, window.home_points
    settling.two_orders(window)
    settling.approved(window)
    move(home, fund, 30, key="deduct:1", kind=TransferKind.DEDUCT)
    move(home, expiry, 70, key="expire:1", kind=TransferKind.EXPIRE)
    move(home, wang, 15, key="share:1", kind=TransferKind.SHARE)
    wrong = move(fund, wang, 40, key="wrong:1")
    ledger.reverse(wrong, key="wrong:1:back", reason="发错了")
    pool.give(window.pool, wang, window.wang, 2, by=window.wang, key="gift")
    open_one = settling_open(window)
    orders.place_for_pool(
        window.tissue_shop,
        community=window.community,
        quantity=1,
        purpose="给独居老人",
        by=staffed(window).lv,
        approver=window.xu,
        key="pool-1",
    )
    return open_one


def settling_open(window):
    return orders.place(
        window.tissue_here,
        account=window.wang_points,
        person=window.wang,
        household=window.home,
        by=window.wang,
        key="open-1",
    )


def test_the_books_balance_and_each_figure_is_what_happened(window):
    year(window)
    found = books(window).books[window.community.pk]
    assert (found.awarded, found.deducted, found.carried) == (1500, 30, 0)
    assert (found.redeemed, found.donated, found.expired) == (60, 200, 70)
    assert (found.available, found.held) == (1500 - 30 - 60 - 200 - 70 - 60, 60)
    assert (found.pool, found.pool_spent) == (200, 0)
    assert (found.settled, found.unsettled) == (60, 0)
    assert found.fits
    whole = books(window).total
    assert (whole.awarded, whole.redeemed, whole.settled, whole.gap) == (2300, 120, 120, 0)


def test_the_pool_and_a_reversed_order_keep_the_books_level(window):
    year(window)
    bought = orders.Order.objects.get(key="pool-1")
    orders.issue(bought, by=window.sun)
    found = books(window).books[window.community.pk]
    assert (found.pool, found.pool_spent, found.unsettled, found.fits) == (140, 60, 60, True)
    ledger.reverse(Transfer.objects.get(pk=bought.ending_id), key="back", reason="坏的")
    found = books(window).books[window.community.pk]
    assert (found.pool, found.pool_spent, found.unsettled, found.fits) == (200, 0, 0, True)


def test_a_balance_that_nobody_moved_is_seen(window, client):
    year(window)
    by_hand(
        "UPDATE points_account SET posted = posted + 7 WHERE id = %(pk)s",
        pk=window.wang_points.pk,
    )
    assert books(window).total.gap == -7
    client.force_login(window.chen)
    assert "对不上" in client.get(ROOM).content.decode()


def test_a_merge_carries_points_and_both_books_stay_level(window):
    from points import merging

    merging.carry(window.elsewhere, window.community)
    found = books(window)
    gone, kept = found.books[window.elsewhere.pk], found.books[window.community.pk]
    assert (gone.carried, gone.outstanding, gone.fits) == (-800, 0, True)
    assert (kept.carried, kept.outstanding, kept.fits) == (800, 2300, True)


def test_every_figure_opens_to_transfers_that_add_up_to_it(window):
    year(window)
    found = books(window).total
    places = [window.community, window.elsewhere, window.street]
    for name in liability.FIGURES:
        assert liability.total(liability.transfers(name, places)) == getattr(found, name), name


def test_the_same_after_months_are_closed_with_fewer_rows_to_read(window):
    year(window)
    before = books(window)
    month = timezone.localdate().replace(day=1)
    for community in (window.community, window.elsewhere):
        first = Transfer.objects.filter(community=community).order_by("period").first().period
        while first < month:
            periods.shut(community, first)
            first = (first + timedelta(days=31)).replace(day=1)
    Period.objects.update(closed_at=timezone.now())
    assert books(window).total == before.total  # and keeps the closed months
    again = books(window)
    assert (again.total, again.by_month()) == (before.total, before.by_month())
    assert liability._kept(liability._closed([window.community.pk]))


def test_the_page_shows_the_place_and_a_month_of_it(client, window):
    year(window)
    client.force_login(window.chen)
    html = client.get(ROOM).content.decode()
    assert_valid_html(html)
    assert "两边相等" in html
    assert "2,300" in html
    month = f"{settling.last_month():%Y-%m}"
    only = client.get(f"{ROOM}?area={window.community.code}&month={month}").content.decode()
    assert_valid_html(only)
    assert "本月未结账" in only
    assert client.get(f"{ROOM}?month=2026-13").status_code == 422


def test_a_closed_month_is_held_against_its_statements(client, window):
    found = books(window)
    month = timezone.localdate().replace(day=1)
    both = [window.community, window.elsewhere]
    assert liability.stated(both, month) is None
    for community in both:
        shut = Period.objects.create(
            community=community, month=month, horizon=0, shut_at=timezone.now()
        )
        periods._write(shut, since=None)
        Period.objects.filter(pk=shut.pk).update(closed_at=timezone.now())
    assert sum(book.after for book in found.of_month(month)) == liability.stated(both, month)
    client.force_login(window.chen)
    assert "与结账的对账单一致" in client.get(f"{ROOM}?month={month:%Y-%m}").content.decode()


def test_the_forecast_goes_by_full_months(window):
    today = timezone.localdate()
    assert liability.forecast(books(window), today.replace(year=2020), left=0, cents=10) is None
    settling.two_orders(window)
    settling_open(window)
    seen = liability.forecast(books(window), today, left=100, cents=10)
    assert (seen.months, seen.redeemed) == (1, 360)  # 120 in the one full month
    assert seen.yuan == "36.00"
    assert (seen.lasts, seen.short) == (seen.outstanding * 3 // 360, 0)


def test_who_looks_after_the_place_reads_its_transfers_without_names(client, window):
    year(window)
    staffed(window)
    listing = reverse("exchange:account_transfers")
    for name in liability.FIGURES:
        client.force_login(window.xu)
        html = client.get(f"{listing}?figure={name}").content.decode()
        assert "王居民" not in html
        assert "王*" not in html
    assert_valid_html(html)
    client.force_login(window.auditor)
    assert "王*" in client.get(f"{listing}?figure=redeemed").content.decode()
    file = client.get(f"{reverse('exchange:account_csv')}?figure=redeemed")
    text = b"".join(file.streaming_content).decode()
    assert text.startswith("\ufeff编号,")
    assert len(text.splitlines()) == 3
    assert "王居民" not in text


def test_strangers_and_other_places_get_nothing(client, window):
    rooms = [ROOM, reverse("exchange:account_transfers"), reverse("exchange:account_csv")]
    for somebody in (window.wang, window.li, window.shang):
        client.force_login(somebody)
        assert {client.get(room).status_code for room in rooms} == {404}
    client.force_login(window.zhou)
    assert {client.get(room).status_code for room in rooms} == {200}
    for room in rooms:
        assert client.get(f"{room}?area={window.elsewhere.code}").status_code == 404
    assert "银杏湾" not in client.get(ROOM).content.decode()
    assert client.get(f"{rooms[1]}?figure=nothing").status_code == 404


@pytest.mark.parametrize("room", [ROOM, "/exchange/account/transfers/?figure=available"])
def test_queries_do_not_grow_with_rows(client, window, room):
    client.force_login(window.auditor)
    counts = []
    for turn in range(2):
        client.get(room)
        with CaptureQueriesContext(connection) as caught:
            client.get(room)
        counts.append(len(caught))
        if turn == 0:
            fund = accounts.fund_of(window.community)
            for n in range(12):
                move(fund, window.wang_points, 1, key=f"more:{n}")
    assert counts[0] == counts[1]
    assert counts[0] <= 10, "\n".join(query["sql"][:160] for query in caught)


def test_the_list_goes_on(client, window):
    fund = accounts.fund_of(window.community)
    ledger.post_many(
        [
            ledger.Posting(
                community=window.community.pk,
                debit=fund.pk,
                credit=window.wang_points.pk,
                amount=1,
                key=f"more:{n}",
                kind=TransferKind.AWARD,
                happened_on=timezone.localdate(),
            )
            for n in range(60)
        ]
    )
    client.force_login(window.chen)
    listing = f"{reverse('exchange:account_transfers')}?figure=awarded&area={window.community.code}"
    first = client.get(listing)
    assert (len(first.context["rows"]), first.context["total"]) == (50, 1560)
    second = client.get(reverse("exchange:account_transfers") + first.context["following"])
    assert (len(second.context["rows"]), second.context["following"]) == (12, "")
