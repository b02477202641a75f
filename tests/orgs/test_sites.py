"""Where buildings stand: who may say so, by numbers or a click, and what is drawn of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgs import areas, sites
from orgs.models import Area, GridPlan, Site


@pytest.fixture
def page(street):
    return f"/staff/sites/{street.grid.code}/"


def fields(street, x="", y=""):
    return {f"x{street.building.pk}": x, f"y{street.building.pk}": y}


def test_a_grid_worker_fills_in_two_numbers(client, street, page):
    client.force_login(street.li)
    assert "第一网格" in client.get("/staff/sites/").content.decode()
    answer = client.post(page, fields(street, "120", "80"), follow=True)
    assert "已保存 1 栋楼的位置" in answer.content.decode()
    site = Site.objects.get()
    assert (site.building, site.x_metres, site.y_metres) == (street.building, 120, 80)
    assert GridPlan.objects.get(grid=street.grid).buildings == "M108 74h24v12h-24z"
    client.post(page, fields(street))
    assert not Site.objects.exists()
    assert not GridPlan.objects.exists()


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        ("12", "", "两个数字要一起填"),
        ("-1", "5", "0"),
        ("20001", "5", "20000"),
        ("一百", "5", "整数"),
    ],
)
def test_bad_numbers_are_answered_beside_the_field(client, street, page, x, y, why):
    client.force_login(street.li)
    answer = client.post(page, fields(street, x, y))
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert f'value="{x}"' in answer.content.decode()
    assert not Site.objects.exists()


def click(street, **more):
    given = {
        "building": street.building.pk,
        "left": 0,
        "top": 0,
        "side": 640,
        "at.x": 160,
        "at.y": 32,
    }
    return {**given, **more}


def test_a_click_on_the_sheet_says_where(client, street, page):
    client.force_login(street.li)
    sheet = client.get(f"{page}sheet.svg")
    assert sheet["Content-Type"] == "image/svg+xml"
    client.post(page, click(street))
    assert Site.objects.values_list("x_metres", "y_metres").get() == (320, 64)
    assert "1栋" in client.get(f"{page}sheet.svg").content.decode()


@pytest.mark.parametrize(
    "more",
    [{"at.x": "0", "at.y": "0"}, {"at.x": "x"}, {"building": ""}, {"side": "0"}, {"left": "99999"}],
)
def test_a_click_that_says_nothing_is_refused(client, street, page, more):
    client.force_login(street.li)
    assert client.post(page, click(street, **more)).status_code == 422
    assert not Site.objects.exists()


def test_strangers_meet_nothing_and_another_grids_building_is_no_choice(client, street, page):
    other = Area.objects.get(code="990203005002001001")
    for person in (street.wang, street.wu, street.zhao):
        client.force_login(person)
        for address in (page, f"{page}sheet.svg"):
            assert client.get(address).status_code == 404
        assert client.post(page, fields(street, "1", "1")).status_code == 404
    client.force_login(street.li)
    assert client.post(page, click(street, building=other.pk)).status_code == 422
    with pytest.raises(sites.NotEntitled):
        sites.place({other: (1, 1)}, by=street.li)
    assert not Site.objects.exists()


def test_the_same_again_changes_nothing(street):
    assert sites.place({street.building: (5, 6)}, by=street.li) == 1
    assert sites.place({street.building: (5, 6)}, by=street.li) == 0
    assert Site.pgh_event_model.objects.count() == 1


def test_a_building_that_moves_or_closes_takes_its_drawing_along(street):
    sites.place({street.building: (50, 60)}, by=street.li)
    areas.move(street.building, street.grid2, by=street.chen, reason="区划调整")
    assert GridPlan.objects.get().grid == street.grid2
    empty = areas.create(street.grid2, level="building", name="9栋", by=street.chen, reason="新建")
    sites.place({empty: (500, 500)}, by=street.chen)
    assert GridPlan.objects.get().right > 500
    areas.close(empty, by=street.chen, reason="拆除")
    assert GridPlan.objects.get().right < 500


POINTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=20)


@given(POINTS)
def test_the_outline_holds_every_corner(points):
    around = sites.hull(points)
    assert set(around) <= set(points)
    for x, y in points:  # on one side of every edge
        sides = [
            (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            for (ax, ay), (bx, by) in zip(around, around[1:] + around[:1], strict=True)
        ]
        assert min(sides) >= 0 or max(sides) <= 0


def test_the_list_costs_the_same_with_few_and_many(client, street, django_assert_max_num_queries):
    client.force_login(street.li)
    for buildings in (3, 12):
        while (
            Area.objects.filter(path__startswith=street.grid.path, level="building").count()
            < buildings
        ):
            areas.create(
                street.grid, level="building", name=f"{buildings}栋", by=street.chen, reason="建"
            )
        with django_assert_max_num_queries(10):
            client.get("/staff/sites/")
        with django_assert_max_num_queries(10):
            client.get(f"/staff/sites/{street.grid.code}/")
