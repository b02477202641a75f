"""Founding, changing, closing; appointing and relieving; reveals: over one's own places only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import access, contacts
from orgs.models import Appointment, Area, ContactReveal, Organization, Person
from tests.browser import assert_accessible, assert_valid_html
from tests.orgs.neighbourhood import add_grid, body, with_next_door

LIST = "/staff/organizations/"
DAY = "2026-01-01"


@pytest.fixture
def quarter(db):
    return with_next_door()


def pages(street) -> dict[str, str]:
    """Every staff page of a body, a place or a post, by name."""
    post = street.committee.appointments.get(person=street.li)
    bodies = ("edit", "move", "merge", "close")
    places = ("area", "area_new", "area_rename", "area_move", "area_merge", "area_close")
    return {
        **{name: reverse(f"orgs:{name}", args=[street.branch.pk]) for name in bodies},
        **{name: reverse(f"orgs:{name}", args=[street.grid.code]) for name in places},
        "appoint": reverse("orgs:appoint", args=[street.committee.pk]),
        "relieve": reverse("orgs:relieve", args=[post.pk]),
    }


NAMES = ["edit", "move", "merge", "close", "appoint", "relieve"]
NAMES += ["area", "area_new", "area_rename", "area_move", "area_merge", "area_close"]


@pytest.mark.parametrize("name", NAMES)
def test_staff_of_the_street_enter_and_nobody_else(client, quarter, name):
    url = pages(quarter)[name]
    client.force_login(quarter.chen)
    answer = client.get(url)
    assert answer.status_code == 200
    assert_valid_html(answer.content.decode())

    for stranger in ("deng", "li", "zhou", "wang", "auditor"):
        client.force_login(getattr(quarter, stranger))
        assert client.get(url).status_code == 404, stranger
    client.logout()
    assert client.get(url).status_code == 302


@pytest.mark.parametrize("name", [name for name in NAMES if name != "area"])
def test_the_street_next_door_changes_nothing_here(client, quarter, name):
    url = pages(quarter)[name]
    client.force_login(quarter.deng)
    before = list(Organization.objects.order_by("pk").values())
    places = list(Area.objects.values())
    posts = Appointment.objects.filter(ends_on=None).count()
    data = {"name": "新名", "reason": "越权试探", "on": DAY, "superior": quarter.party.pk}
    assert client.post(url, data).status_code == 404
    assert list(Organization.objects.order_by("pk").values()) == before
    assert list(Area.objects.values()) == places
    assert Appointment.objects.filter(ends_on=None).count() == posts


@pytest.mark.parametrize("name", ["edit", "move", "close", "area_rename", "area_close", "relieve"])
def test_every_change_asks_for_a_reason(client, quarter, name):
    client.force_login(quarter.chen)
    answer = client.post(pages(quarter)[name], {"name": "新名", "on": DAY})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请写明原因" in page
    assert_valid_html(page)


# --- the list --------------------------------------------------------------------------------


def test_the_list_is_of_my_places(client, quarter):
    client.force_login(quarter.chen)
    page = client.get(LIST).content.decode()
    assert "第一网格党支部" in page
    assert "白榆" not in page
    assert_valid_html(page)
    assert "第一网格党支部" not in client.get(LIST, {"kind": "department"}).content.decode()
    assert "第一网格党支部" not in client.get(LIST, {"state": "closed"}).content.decode()

    client.force_login(quarter.deng)
    page = client.get(LIST).content.decode()
    assert "白榆街道办事处" in page
    assert "第一网格党支部" not in page
    client.force_login(quarter.wang)
    assert client.get(LIST).status_code == 404


def test_the_list_goes_on_behind_the_last_row(client, quarter):
    for number in range(40):
        body("volunteer_team", f"志愿服务{number}队", quarter.community)
    client.force_login(quarter.chen)
    first = client.get(LIST, {"kind": "volunteer_team"})
    assert len(first.context["rows"]) == 30
    second = client.get(LIST + first.context["following"])
    assert len(second.context["rows"]) == 10
    assert second.context["following"] == ""


def test_the_list_costs_the_same_for_more_rows(client, quarter):
    client.force_login(quarter.chen)

    def queries():
        client.get(LIST)
        with CaptureQueriesContext(connection) as seen:
            client.get(LIST)
        return len(seen)

    before = queries()
    add_grid(quarter, 11)
    assert queries() == before <= 10


# --- bodies ----------------------------------------------------------------------------------


def test_founding_a_body(client, quarter):
    client.force_login(quarter.chen)
    url = f"{reverse('orgs:found')}?kind=residents_group&area={quarter.community.code}"
    page = client.get(url).content.decode()
    assert "梧桐里社区居委会" in page
    assert_valid_html(page)
    missing = client.post(url, {"name": "第一居民小组", "founded_on": DAY, "reason": "选举产生"})
    assert missing.status_code == 422
    assert "须有上级组织" in missing.content.decode()

    data = {
        "name": "第一居民小组",
        "superior": quarter.committee.pk,
        "founded_on": DAY,
        "reason": "选举产生",
    }
    answer = client.post(url, data)
    group = Organization.objects.get(name="第一居民小组")
    assert answer.url == reverse("orgs:organization", args=[group.pk])
    assert (group.superior, group.area, str(group.founded_on)) == (
        quarter.committee,
        quarter.community,
        DAY,
    )


def test_a_body_is_not_founded_next_door(client, quarter):
    client.force_login(quarter.deng)
    url = f"{reverse('orgs:found')}?kind=volunteer_team&area={quarter.community.code}"
    answer = client.post(url, {"name": "外来队", "founded_on": DAY, "reason": "试试"})
    assert answer.status_code == 422
    assert not Organization.objects.filter(name="外来队").exists()


def test_the_street_makes_no_administrators(client, quarter):
    """A platform of its own would give the street administrators whose rights reach everywhere."""
    client.force_login(quarter.chen)
    url = f"{reverse('orgs:found')}?kind=platform&area={quarter.street.code}"
    answer = client.post(url, {"name": "街道平台", "founded_on": DAY, "reason": "试试"})
    assert answer.status_code == 422
    assert not Organization.objects.filter(name="街道平台").exists()
    appoint = reverse("orgs:appoint", args=[quarter.platform.pk])
    assert client.get(appoint).status_code == 404


def test_a_name_taken_is_told_and_what_was_typed_stays(client, quarter):
    client.force_login(quarter.chen)
    body("grid_branch", "已有支部", quarter.grid, quarter.party)
    answer = client.post(
        pages(quarter)["edit"], {"name": "已有支部", "address": "春芽路 8 号", "reason": "更名"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "已有同类同名组织" in page
    assert "春芽路 8 号" in page


def test_editing_contact_data(client, quarter):
    client.force_login(quarter.chen)
    data = {"name": quarter.branch.name, "contact_phone": "0990-5550199", "reason": "换号"}
    assert client.post(pages(quarter)["edit"], data).status_code == 302
    quarter.branch.refresh_from_db()
    assert quarter.branch.contact_phone == "0990-5550199"


def test_moving_under_another_superior(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:move", args=[quarter.group.pk])
    assert client.get(url).status_code == 200
    wrong = client.post(url, {"superior": quarter.committee.pk, "reason": "试试"})
    assert wrong.status_code == 422
    quarter.group.refresh_from_db()
    assert quarter.group.superior == quarter.branch


def test_merging_says_first_what_will_happen(client, quarter):
    client.force_login(quarter.chen)
    url = pages(quarter)["merge"]
    assert "第二网格党支部" in client.get(url).content.decode()
    assert client.get(url, {"into": ""}).status_code == 422
    url = f"{url}?into={quarter.branch2.pk}"
    page = client.get(url).content.decode()
    assert "党员关系 1 名转入第二网格党支部" in page
    assert "现任职务 1 项同时终止" in page

    assert client.post(url, {"reason": ""}).status_code == 422
    quarter.branch.refresh_from_db()
    assert quarter.branch.closed_on is None


def test_a_body_in_use_is_not_closed_and_says_why(client, quarter):
    client.force_login(quarter.chen)
    answer = client.post(pages(quarter)["close"], {"reason": "撤销试试"})
    assert answer.status_code == 422
    assert "1栋党小组" in answer.content.decode()

    url = reverse("orgs:close", args=[quarter.branch2.pk])
    assert client.post(url, {"reason": "网格撤并"}).status_code == 302
    quarter.branch2.refresh_from_db()
    assert quarter.branch2.closed_on is not None
    assert client.get(url).status_code == 404


# --- people ----------------------------------------------------------------------------------


def test_people_are_found_by_whole_phone_or_whole_name_only(client, quarter):
    client.force_login(quarter.chen)
    url = pages(quarter)["appoint"]
    assert "王居民" in client.get(url, {"who": "10000000020"}).content.decode()
    assert "王居民" in client.get(url, {"who": "王居民"}).content.decode()
    for words in ("王", "居民", "1000000002", "新来的"):
        assert "没有找到" in client.get(url, {"who": words}).content.decode(), words


def appointing(street, someone: Person) -> str:
    url = pages(street)["appoint"]
    return f"{url}?who={someone.phone}&person={someone.public_id}"


def test_a_person_cannot_be_picked_without_being_found(client, quarter):
    client.force_login(quarter.chen)
    url = f"{pages(quarter)['appoint']}?who=王&person={quarter.wang.public_id}"
    assert client.get(url).status_code == 404


def test_appointing_gives_the_rights_and_relieving_takes_them(client, quarter):
    client.force_login(quarter.chen)
    url = appointing(quarter, quarter.wang)
    page = client.get(url).content.decode()
    assert "核验居住关系" in page  # what the posts may do
    assert_valid_html(page)

    data = {
        "position": "grid_worker",
        "area": quarter.grid2.pk,
        "starts_on": DAY,
        "reason": "招聘录用",
    }
    assert client.post(url, data).status_code == 302
    post = Appointment.objects.get(person=quarter.wang)
    assert (post.area, post.appointed_by) == (quarter.grid2, quarter.chen)
    rights = access.rights_of(Person.objects.get(pk=quarter.wang.pk))
    assert rights.may("orgs.verify_residence", area_path=quarter.grid2.path)
    assert not rights.may("orgs.verify_residence", area_path=quarter.grid.path)

    twice = client.post(url, data)
    assert twice.status_code == 422
    assert "已在" in twice.content.decode()

    relieve = reverse("orgs:relieve", args=[post.pk])
    assert client.post(relieve, {"on": "2019-01-01", "reason": "早了"}).status_code == 422
    assert client.post(relieve, {"on": "2026-06-01", "reason": "离职"}).status_code == 302
    post.refresh_from_db()
    assert (str(post.ends_on), post.relief_reason) == ("2026-06-01", "离职")
    assert access.rights_of(Person.objects.get(pk=quarter.wang.pk)).is_empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"position": ""}, "职务"),
        ({"area": "999999"}, "不在这个组织的管辖或服务区域内"),
        ({"ends_on": "2020-01-01"}, "离任日期须晚于任职日期"),
        ({"reason": " "}, "请写明原因"),
    ],
)
def test_a_wrong_appointment_is_told_beside_the_field(client, quarter, change, words):
    client.force_login(quarter.chen)
    data = {"position": "grid_worker", "starts_on": DAY, "reason": "招聘录用", **change}
    answer = client.post(appointing(quarter, quarter.wang), data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Appointment.objects.filter(person=quarter.wang).exists()


# --- places ----------------------------------------------------------------------------------


def test_a_grid_is_founded_renamed_and_closed(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:area_new", args=[quarter.community.code])
    assert client.post(url, {"name": "第三网格", "reason": "划分网格"}).status_code == 302
    grid = Area.objects.get(name="第三网格")
    assert (grid.code, grid.level) == (f"{quarter.community.code}003", "grid")

    url = reverse("orgs:area_rename", args=[grid.code])
    assert client.post(url, {"name": "荷塘网格", "reason": "居民会议定名"}).status_code == 302
    page = client.get(reverse("orgs:area", args=[grid.code])).content.decode()
    assert "第三网格</del> → 荷塘网格" in page
    assert "居民会议定名" in page
    assert "陈街道" in page

    url = reverse("orgs:area_close", args=[grid.code])
    assert client.post(url, {"reason": "并网"}).status_code == 302
    grid.refresh_from_db()
    assert grid.closed_on is not None


def test_a_grid_in_use_says_what_stands_in_the_way(client, quarter):
    client.force_login(quarter.chen)
    answer = client.post(pages(quarter)["area_close"], {"reason": "并网"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "户仍有人居住" in page


def test_a_building_moves_to_another_grid(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:area_move", args=[quarter.building.code])
    assert "住户 2 户" in client.get(url).content.decode()
    answer = client.post(url, {"parent": quarter.grid2.pk, "reason": "网格调整"})
    moved = Area.objects.get(pk=quarter.building.pk)
    assert moved.path.startswith(Area.objects.get(pk=quarter.grid2.pk).path)
    assert answer.url == reverse("orgs:area", args=[moved.code])


def test_merging_a_grid_says_first_what_will_happen(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:area_merge", args=[quarter.grid2.code])
    page = client.get(url, {"into": quarter.grid.code}).content.decode()
    assert "组织 1 个" in page
    answer = client.post(f"{url}?into={quarter.grid.code}", {"reason": "合并网格"})
    assert answer.status_code == 302
    quarter.grid2.refresh_from_db()
    assert quarter.grid2.merged_into == quarter.grid


# --- reveals ---------------------------------------------------------------------------------


def test_a_phone_is_shown_once_against_a_reason_and_logged(client, quarter):
    url = reverse("orgs:reveal_person", args=[quarter.wang.public_id])
    client.force_login(quarter.li)
    page = client.get(url).content.decode()
    assert "10000000020" not in page
    short = client.post(url, {"reason": "看"})
    assert short.status_code == 422
    assert "10000000020" not in short.content.decode()
    assert not ContactReveal.objects.exists()

    answer = client.post(url, {"reason": "核实漏水住户"})
    assert "10000000020" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    row = ContactReveal.objects.get()
    assert (row.seen_by, row.person, row.reason) == (quarter.li, quarter.wang, "核实漏水住户")
    assert "10000000020" not in client.get(url).content.decode()


def test_a_door_is_shown_against_a_reason(client, quarter):
    url = reverse("orgs:reveal_household", args=[quarter.home.pk])
    client.force_login(quarter.li)
    assert "1单元301室" in client.post(url, {"reason": "上门核验住处"}).content.decode()
    assert ContactReveal.objects.get().household == quarter.home


@pytest.mark.parametrize("who", ["zhao", "wang", "wu", "auditor"])
def test_strangers_reveal_nothing(client, quarter, who):
    client.force_login(getattr(quarter, who))
    for url in (
        reverse("orgs:reveal_person", args=[quarter.wang.public_id]),
        reverse("orgs:reveal_household", args=[quarter.home.pk]),
    ):
        assert client.get(url).status_code == 404
        assert client.post(url, {"reason": "想看一看"}).status_code == 404
    assert not ContactReveal.objects.exists()


def test_the_log_is_for_the_auditor(client, quarter):
    contacts.reveal(quarter.wang, by=quarter.li, reason="核实漏水住户")
    client.force_login(quarter.auditor)
    page = client.get("/staff/reveals/").content.decode()
    for words in ("李网格", "核实漏水住户", "王*"):
        assert words in page
    assert "王居民" not in page
    assert_valid_html(page)
    assert "没有查看记录" in client.get("/staff/reveals/", {"q": "无关"}).content.decode()

    for stranger in ("li", "chen", "wang", "system_admin"):
        client.force_login(getattr(quarter, stranger))
        assert client.get("/staff/reveals/").status_code == 404
    client.logout()
    assert client.get("/staff/reveals/").status_code == 302


@pytest.mark.browser
def test_staff_pages_are_accessible(browser_page, quarter):
    page = browser_page(width=1280, person=quarter.chen)
    for url in (
        LIST,
        reverse("orgs:found"),
        pages(quarter)["edit"],
        pages(quarter)["area"],
        appointing(quarter, quarter.wang),
        f"{pages(quarter)['merge']}?into={quarter.branch2.pk}",
    ):
        page.goto(url)
        assert_accessible(page)
