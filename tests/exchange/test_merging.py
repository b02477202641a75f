"""Communities become one, or move, while orders are held: each is still ended once and settled."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from exchange import liability, orders, pool
from orgs import areas
from orgs.models import Area
from points import accounts, ledger, merging, verification
from tests.exchange import settling
from tests.exchange.test_orders import fresh, order, pieces
from tests.exchange.window import item
from tests.points.books import state


def merge(window) -> Area:
    into = fresh(window.elsewhere)
    areas.merge(fresh(window.community), into, reason="社区规模调整")
    return fresh(into)


def another(window) -> Area:
    """A second subdistrict."""
    above = Area.objects.get(path=window.street.path[: -Area.steplen])
    return areas.create(above, level=window.street.level, name="东湖街道", reason="测试")


def clean() -> bool:
    return verification.run(full=True).findings == []


def test_an_order_is_handed_over_and_settled_in_the_books_that_hold_its_points(window):
    at = settling.noon(settling.last_month().replace(day=5))
    placed = order(window, quantity=2, at=at)
    into = merge(window)
    window.merchant.refresh_from_db()
    assert (window.merchant.area, window.merchant.books) == (into, into)
    placed, window.shang = fresh(placed), fresh(window.shang)
    assert placed.area == window.community
    orders.issue(placed, by=window.shang, at=at + timedelta(hours=1))
    settled = settling.approved(window)
    lines = settled.lines.values_list("payer", "books", "points")
    assert list(lines) == [(window.community.pk, into.pk, 120)]
    assert accounts.of_merchant(window.merchant_shop, window.community).posted == 0
    assert clean()


def test_what_an_order_gives_back_goes_after_its_owner(window):
    placed = order(window, quantity=2)
    into = merge(window)
    there = accounts.of_person(window.wang, into)
    assert there.posted == 880
    orders.cancel(fresh(placed), by=window.wang)
    merging.carry_rests()
    assert state(there)[0] == 1000
    assert pieces(window.tissue_here) == (5, 0)
    again = order(window, account=fresh(there), key="form-2")
    assert again.area == into
    assert clean()


def test_the_pool_goes_along(window):
    window.wang_points.refresh_from_db()
    pool.give(window.pool, window.wang_points, window.wang, 3, by=window.wang, key="a")
    into = merge(window)
    assert ledger.balance(accounts.escrow_of(into)) == 300
    assert (pool.of(into).given, pool.of(into).left) == (300, 300)
    books = liability.read([window.community, into]).books.values()
    assert [(book.fits, book.pool) for book in books] == [(True, 0), (True, 300)]
    assert merging.carry_rests() == 0
    assert clean()


def test_subdistricts_with_two_catalogues_are_not_merged(window):
    areas.merge(another(window), fresh(window.street), reason="没有目录的可以合并")
    other = another(window)
    item(SimpleNamespace(street=other), "E01", "抽纸", "goods", 60)
    with pytest.raises(areas.CannotMerge, match="各有兑换目录"):
        areas.merge(other, fresh(window.street), reason="测试")


def test_a_community_that_moved_away_is_still_settled_where_its_points_were_spent(window):
    settling.issued(window, window.tissue_here)
    areas.move(fresh(window.community), another(window), reason="区划调整")
    window.shang = fresh(window.shang)
    assert settling.approved(window).points == 60
    assert clean()
