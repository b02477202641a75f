"""The public map: open public issues per grid or building, never closer, and who may draw it."""

import re

import pytest

from grids import handling
from grids.models import Issue
from orgs import sites
from orgs.models import Area, GridPlan, Household
from tests.grids import loop


def draw(street):
    """Two buildings of grid 1 on the sheet, one with six doors, one with one."""
    small = Area.objects.add_child(
        Area.objects.get(pk=street.grid.pk),
        {"level": "building", "code": "990203005001001002", "name": "2栋"},
    )
    for number in range(5):
        Household.objects.create(area=street.building, stairwell="2", room=f"{number}01")
    Household.objects.create(area=small, stairwell="1", room="101")
    street.small = small
    sites.place({street.building: (100, 100), small: (300, 200)}, by=street.li)


def marks(page):
    return re.findall(r'<a href="([^"]+)" class="mark (\w+)" aria-label="([^"]+)"', page)


def test_the_street_has_one_mark_per_grid_with_the_worst_on_top(client, street):
    draw(street)
    loop.to_state(street, "filed")
    loop.to_state(street, "handled", issue=loop.post(street))
    loop.to_state(street, "in_progress", issue=loop.late_post(street))
    page = client.get("/issues/map/").content.decode()
    assert marks(page) == [
        (
            f"/issues/?community={street.grid.code}&amp;state=late",
            "late",
            "梧桐里社区第一网格：已超期 1 件，办理中 1 件，待核实 1 件",
        )
    ]
    listed = client.get(f"/issues/?community={street.grid.code}&state=late").content.decode()
    assert listed.count("<h3>") == 1


def test_a_community_shows_buildings_but_none_with_few_doors(client, street):
    draw(street)
    for place in (street.building, street.small):
        issue = loop.to_state(street, "filed", issue=loop.post(street))
        Issue.objects.filter(pk=issue.pk).update(area=place, area_path=place.path)
    page = client.get("/issues/map/", {"community": street.community.code}).content.decode()
    shapes = re.findall(r'class="mark open".*?<path d="M([\d.]+) ([\d.]+)', page)
    assert len(shapes) == 2
    middle = GridPlan.objects.get(grid=street.grid)
    rows = sorted(float(y) for _x, y in shapes)
    assert rows == sorted([100, middle.y_metres])  # that of 2栋 stands at the grid's middle
    assert "2栋" not in page


def test_the_map_tells_nothing_that_is_not_public(client, street):
    draw(street)
    loop.post(street)  # not filed
    hidden = loop.post(street, kind="民生关爱", text="301室的王居民<script>alert(1)</script>")
    loop.file(hidden, street.li)
    loop.to_state(street, "closed", issue=loop.post(street))
    street.community.name = "<b>梧桐里</b>"
    street.community.save()
    page = client.get("/issues/map/").content.decode()
    assert marks(page) == []
    for secret in ("301", "王居民", "<script>alert", "<b>梧", hidden.number):
        assert secret not in page


def test_a_hostile_report_stays_words_on_list_map_and_account(client, street):
    draw(street)
    text = "</text><script>x</script>\"'301室13812345678"
    issue = loop.post(street, text=f"井盖坏了。{text}")
    loop.file(issue, street.li, public_title="<svg onload=x>井盖", public_summary="坏了")
    for address in ("/issues/", "/issues/map/", "/issues/account/", "/issues/?q=井盖"):
        page = client.get(address).content.decode()
        assert "<script>x" not in page
        assert "<svg onload" not in page
        assert "13812345678" not in page
        assert "301室" not in page


def test_without_drawings_the_list_still_tells(client, street):
    loop.to_state(street, "filed")
    page = client.get("/issues/map/").content.decode()
    assert "这里还没有画图" in page
    assert f'href="/issues/?community={street.grid.code}"' in page


@pytest.mark.parametrize("query", ["community=0", "community=%27", "community=990203005"])
def test_nonsense_shows_the_whole_street(client, street, query):
    assert client.get(f"/issues/map/?{query}").status_code == 200


def test_the_map_costs_the_same_with_few_and_many(client, street, django_assert_max_num_queries):
    draw(street)
    for rows in (3, 12):
        while Issue.objects.count() < rows:
            place = street.grid if Issue.objects.count() % 2 else street.grid2
            loop.file(loop.post(street, area=place), street.sun)
        for query in ("", f"?community={street.community.code}"):
            with django_assert_max_num_queries(8):
                assert client.get(f"/issues/map/{query}").status_code == 200


def test_a_closed_issue_leaves_the_map(client, street):
    draw(street)
    issue = loop.to_state(street, "handled")
    assert marks(client.get("/issues/map/").content.decode())[0][1] == "verifying"
    handling.advance(issue, "verify", by=street.sun, how="on_site")
    assert marks(client.get("/issues/map/").content.decode()) == []
