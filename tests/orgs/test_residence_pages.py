"""Residents register where they live; the grid worker of that very grid verifies."""

import pytest
from django.urls import reverse

from orgs.models import Residence
from tests.browser import assert_accessible, assert_valid_html
from tests.orgs.neighbourhood import furnished, pending

NEW = "/residence/new/"
QUEUE = "/staff/residences/"


@pytest.fixture
def quarter(db):
    return furnished()


def steps(street, **more) -> dict:
    return {
        "community": street.community.code,
        "grid": street.grid.code,
        "building": street.building.code,
        **more,
    }


def read(client, url, query=None, **how) -> str:
    answer = client.get(url, query or {}, **how)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_visitor_signs_in_first(client, quarter):
    for url in (NEW, "/residence/"):
        assert client.get(url).status_code == 302


def test_the_steps_lead_from_community_to_door_without_javascript(client, quarter):
    client.force_login(quarter.newcomer)
    page = read(client, NEW)
    assert "梧桐里社区" in page
    assert "第一网格" not in page
    assert "第一网格" in read(client, NEW, {"community": quarter.community.code})
    page = read(client, NEW, steps(quarter))
    assert "302室" in page
    assert_valid_html(page)
    fragment = read(client, NEW, steps(quarter), headers={"HX-Request": "true"})
    assert "302室" in fragment
    assert "<html" not in fragment


def test_a_choice_that_does_not_fit_the_one_above_is_not_taken(client, quarter):
    client.force_login(quarter.newcomer)
    page = read(client, NEW, steps(quarter, grid=quarter.grid_elsewhere.code))
    assert "1栋" not in page


def test_registering_waits_for_the_grid_worker(client, quarter):
    client.force_login(quarter.newcomer)
    url = f"{NEW}?community={quarter.community.code}&grid={quarter.grid.code}"
    url += f"&building={quarter.building.code}&stairwell=1"
    answer = client.post(url, {"household": quarter.neighbour_home.pk, "kind": "tenant"})
    assert answer.status_code == 302

    residence = Residence.objects.get(person=quarter.newcomer)
    assert (residence.state, residence.kind) == ("pending", "tenant")
    assert residence.household == quarter.neighbour_home
    page = read(client, "/residence/")
    assert "待核验" in page
    assert_valid_html(page)

    again = client.post(url, {"household": quarter.home.pk, "kind": "tenant"})
    assert again.status_code == 422
    assert "正在核验" in again.content.decode()


def test_another_buildings_door_is_refused_beside_the_field(client, quarter):
    client.force_login(quarter.newcomer)
    url = f"{NEW}?community={quarter.community.code}&grid={quarter.grid.code}"
    url += f"&building={quarter.building.code}&stairwell=1"
    answer = client.post(url, {"household": quarter.home_elsewhere.pk, "kind": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "这个单元没有这一户" in page
    assert_valid_html(page)
    assert not Residence.objects.filter(person=quarter.newcomer).exists()


def test_a_declaration_is_withdrawn_by_its_person_only(client, quarter):
    one = pending(quarter.newcomer, quarter.neighbour_home)
    url = reverse("orgs:residence_withdraw", args=[one.pk])
    client.force_login(quarter.qian)
    assert client.post(url).status_code == 404
    client.force_login(quarter.newcomer)
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 302
    one.refresh_from_db()
    assert one.state == "refused"


def test_whoever_is_registered_is_not_pressed_to_register(client, quarter):
    url = reverse("orgs:residence")
    client.force_login(quarter.wang)
    page = client.get(url).content.decode()
    assert "登记另一处" in page
    assert 'class="btn" href' not in page
    client.force_login(quarter.qian)
    quarter.qian.residences.update(ends_on="2024-05-01")
    page = client.get(url).content.decode()
    assert 'class="btn" href' in page
    assert "登记另一处" not in page


def test_a_resident_moves_out(client, quarter):
    one = quarter.wang.residences.get()
    url = reverse("orgs:move_out", args=[one.pk])
    client.force_login(quarter.qian)
    assert client.get(url).status_code == 404
    client.force_login(quarter.wang)
    early = client.post(url, {"on": "2019-01-01", "reason": "搬家"})
    assert early.status_code == 422
    assert client.post(url, {"on": "2024-05-01", "reason": "搬家"}).status_code == 302
    one.refresh_from_db()
    assert str(one.ends_on) == "2024-05-01"


# --- the worker's side -----------------------------------------------------------------------


def test_the_queue_shows_my_grid_only_and_doors_masked(client, quarter):
    pending(quarter.newcomer, quarter.neighbour_home)
    client.force_login(quarter.li)
    page = read(client, QUEUE)
    assert "新来的" in page
    assert "1单元***室" in page
    assert "302" not in page
    assert "100****0022" in page
    assert_valid_html(page)

    client.force_login(quarter.zhao)
    assert "新来的" not in read(client, QUEUE)
    for nobody in (quarter.wang, quarter.wu, quarter.feng):
        client.force_login(nobody)
        assert client.get(QUEUE).status_code == 404
    client.logout()
    assert client.get(QUEUE).status_code == 302


@pytest.mark.parametrize("verb", ["verify", "refuse", "end"])
@pytest.mark.parametrize(("who", "status"), [("zhao", 404), ("wang", 404), (None, 302)])
def test_another_grids_worker_decides_nothing_here(client, quarter, verb, who, status):
    one = pending(quarter.newcomer, quarter.neighbour_home)
    if who:
        client.force_login(getattr(quarter, who))
    url = reverse(f"orgs:residence_{verb}", args=[one.pk])
    assert client.post(url, {"reason": "不认识此人", "on": "2026-01-01"}).status_code == status
    one.refresh_from_db()
    assert one.state == "pending"


def test_the_worker_verifies(client, quarter):
    one = pending(quarter.newcomer, quarter.neighbour_home)
    client.force_login(quarter.li)
    assert client.post(reverse("orgs:residence_verify", args=[one.pk])).status_code == 302
    one.refresh_from_db()
    assert (one.state, one.verified_by) == ("verified", quarter.li)


def test_a_refusal_needs_its_reason(client, quarter):
    one = pending(quarter.newcomer, quarter.neighbour_home)
    url = reverse("orgs:residence_refuse", args=[one.pk])
    client.force_login(quarter.li)
    answer = client.post(url, {"reason": ""})
    assert answer.status_code == 422
    assert "请写明原因" in answer.content.decode()
    assert_valid_html(answer.content.decode())
    assert client.post(url, {"reason": "房主说没有此人"}).status_code == 302
    one.refresh_from_db()
    assert (one.state, one.refusal_reason) == ("refused", "房主说没有此人")


def test_the_worker_ends_a_verified_residence(client, quarter):
    one = quarter.wang.residences.get()
    client.force_login(quarter.li)
    assert "王居民" in read(client, QUEUE, {"state": "verified"})
    url = reverse("orgs:residence_end", args=[one.pk])
    assert client.post(url, {"on": "2025-01-01", "reason": "房屋出售"}).status_code == 302
    one.refresh_from_db()
    assert str(one.ends_on) == "2025-01-01"
    assert client.get(url).status_code == 200  # looked at again: the verb refuses, not the page
    assert client.post(url, {"on": "2025-02-01", "reason": "再来"}).status_code == 422


@pytest.mark.browser
def test_choosing_a_door_in_a_browser(browser_page, quarter):
    page = browser_page(width=390, person=quarter.newcomer)
    page.goto(NEW)
    for label, place in (
        ("社区", quarter.community),
        ("网格（小区）", quarter.grid),
        ("楼栋", quarter.building),
    ):
        page.get_by_label(label).select_option(place.code)
        page.wait_for_timeout(300)  # htmx listens 20 ms after it has swapped
    page.get_by_label("房号").select_option(str(quarter.neighbour_home.pk))
    assert_accessible(page)
    page.get_by_text("租户").click()
    page.get_by_role("button", name="提交登记").click()
    page.get_by_text("待核验").first.wait_for()
    assert Residence.objects.get(person=quarter.newcomer).household == quarter.neighbour_home
    assert_accessible(page)
