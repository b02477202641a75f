"""The chain as a picture: open to all, homes and members to nobody but those in charge."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import posts
from orgs.models import Area, Consent, Organization
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.orgs.neighbourhood import add_grid, furnished


@pytest.fixture
def quarter(db):
    return furnished()


def chain_of(area) -> str:
    return reverse("orgs:chain", args=[area.code])


def read(client, url, **how) -> str:
    answer = client.get(url, **how)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_community_shows_its_chain_to_everybody(client, quarter):
    page = read(client, chain_of(quarter.community))

    for name in (
        "梧桐里社区党委",
        "书记 周书记",
        "第一网格党支部",
        "书记 张支书",
        "青桐物业党小组",
    ):
        assert name in page
    assert "青桐物业党小组" in page
    assert "设在青桐物业服务公司" in page
    assert "1 个党小组 · 1 户中心户" in page
    assert "梧桐里社区大党委" in page
    assert "主任 郑业委" in page
    assert_valid_html(page)


@pytest.mark.parametrize("place", ["community", "grid", "building"])
def test_the_picture_is_markup_when_drawn_and_when_kept(client, quarter, place):
    """Not its source as text, which is valid HTML and holds all the names as well."""
    for _time in range(2):
        page = read(client, chain_of(getattr(quarter, place)))
        assert "&lt;" not in page
        assert '<ul class="tree">' in page or place == "building"


def test_the_public_never_reads_who_is_a_contact_household(client, quarter):
    page = read(client, chain_of(quarter.community), data={"branch": quarter.branch.pk})

    assert "1栋党小组" in page
    assert "党员中心户 1 户" in page
    for hidden in ("吕户主", "301", "***", "何组长", "中心户</a>"):
        assert hidden not in page
    assert_valid_html(page)


def test_a_neighbour_reads_the_door_masked_once_the_host_agreed_to_a_plate(client, quarter):
    url = reverse("orgs:plate", args=[quarter.contact.pk])
    opened = {"branch": quarter.branch.pk}
    client.force_login(quarter.wang)
    page = read(client, chain_of(quarter.community), data=opened)
    assert "组长 何组长" in page
    assert "党员中心户 1 户" in page
    assert "***" not in page

    client.force_login(quarter.li)
    assert "户主尚未同意挂牌" in read(
        client, reverse("orgs:organization", args=[quarter.contact.pk])
    )
    assert client.post(url, {"plate": "yes"}).status_code == 302
    client.force_login(quarter.wang)
    page = read(client, chain_of(quarter.community), data=opened)
    assert "1栋1单元***室" in page
    assert "联系 1 户" in page
    assert "吕户主" not in page

    client.force_login(quarter.li)
    client.post(url, {"plate": "no"})
    client.force_login(quarter.wang)
    assert "***" not in read(client, chain_of(quarter.community), data=opened)


@pytest.mark.parametrize(("who", "status"), [("zhao", 404), ("wang", 404), (None, 302)])
def test_only_those_who_work_the_place_record_a_plate(client, quarter, who, status):
    if who:
        client.force_login(getattr(quarter, who))
    url = reverse("orgs:plate", args=[quarter.contact.pk])
    assert client.post(url, {"plate": "yes"}).status_code == status
    assert not Consent.objects.filter(notice="plate").exists()


@pytest.mark.parametrize("who", ["qian", "newcomer", "zhao"])
def test_people_from_elsewhere_read_what_the_public_reads(client, quarter, who):
    client.force_login(getattr(quarter, who))
    page = read(client, chain_of(quarter.community), data={"branch": quarter.branch.pk})

    assert "***" not in page
    assert "提醒" not in page


@pytest.mark.parametrize("place", ["community", "street", "district", "city"])
def test_asking_by_way_of_a_larger_place_shows_no_more(client, quarter, place):
    """Somebody of the next community lives in the same street, and is no neighbour for that."""
    client.force_login(quarter.li)
    client.post(reverse("orgs:plate", args=[quarter.contact.pk]), {"plate": "yes"})
    client.force_login(quarter.qian)
    url = chain_of(getattr(quarter, place))
    opened = {"branch": quarter.branch.pk}
    page = read(client, url, data=opened, headers={"HX-Request": "true"})
    assert "1栋党小组" in page
    for hidden in ("何组长", "***"):
        assert hidden not in page


def test_htmx_gets_only_what_is_below_the_branch(client, quarter):
    answer = client.get(
        chain_of(quarter.community),
        {"branch": quarter.branch.pk},
        headers={"HX-Request": "true"},
    )
    fragment = answer.content.decode()

    assert fragment.strip().startswith("<details open>")
    assert "1栋党小组" in fragment
    assert "HX-Request" in answer["Vary"]


def test_a_branch_of_another_place_is_not_here(client, quarter):
    for how in ({}, {"headers": {"HX-Request": "true"}}):
        answer = client.get(chain_of(quarter.elsewhere), {"branch": quarter.branch.pk}, **how)
        assert answer.status_code == 404
    assert client.get(reverse("orgs:chain", args=["123456"])).status_code == 404


def test_staff_see_warnings_others_do_not(client, quarter):
    url = reverse("orgs:warnings", args=[quarter.community.code])
    client.force_login(quarter.sun)
    assert url in read(client, chain_of(quarter.community))
    assert "第一网格党支部现有党员 1 名" in read(client, url)

    for stranger in (quarter.zhao, quarter.wang):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
        assert url not in read(client, chain_of(quarter.community))
    client.logout()
    assert client.get(url).status_code == 302


def queries(client, url) -> int:
    client.get(url)  # session, content types
    body = Organization.objects.first()
    body.address = f"{body.address}一"
    body.save(update_fields=["address"])  # what was drawn before no longer holds
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


@pytest.mark.parametrize("place", ["community", "street", "grid"])
def test_more_grids_cost_no_more_queries(client, quarter, place):
    url = chain_of(getattr(quarter, place))
    before = queries(client, url)
    for number in (11, 12, 13):
        add_grid(quarter, number)
    after = queries(client, url)

    assert before == after
    assert after <= 10


def test_opening_a_branch_costs_the_same_for_one_group_and_for_many(client, quarter):
    client.force_login(quarter.wang)
    url = f"{chain_of(quarter.community)}?branch={quarter.branch.pk}"
    before = queries(client, url)
    for number in range(11, 14):
        grid = add_grid(quarter, number)
        grid.organizations.filter(kind="grid_branch").get().subordinates.update(
            superior=quarter.branch
        )
        below = Area.objects.get(path__startswith=grid.path, level="building")
        below.organizations.filter(kind="building_group").update(superior=quarter.branch)
    page = read(client, url)
    assert "第12网格1栋党小组" in page
    assert queries(client, url) == before


def test_a_change_shows_at_once_though_the_picture_is_kept(client, quarter):
    url = chain_of(quarter.community)
    read(client, url)
    with CaptureQueriesContext(connection) as kept:
        read(client, url)
    assert len(kept) <= 3

    Organization.objects.filter(pk=quarter.branch.pk).update(name="启明党支部")
    assert "启明党支部" in read(client, url)
    post = quarter.branch.appointments.get()
    posts.relieve(post, reason="调离")
    assert "张支书" not in read(client, url)


def test_the_subdistrict_shows_its_communities_with_figures(client, quarter):
    page = read(client, chain_of(quarter.street))

    assert "青桐街道党工委" in page
    assert "梧桐里社区" in page
    assert "银杏湾社区" in page
    assert_valid_html(page)


def test_a_building_shows_its_group_and_leader(client, quarter):
    page = read(client, chain_of(quarter.building))
    assert "1栋党小组" in page
    assert "施*" in page
    client.force_login(quarter.wang)
    assert "施楼长" in read(client, chain_of(quarter.building))
    assert_valid_html(page)


def test_a_real_division_without_bodies_says_so(client, quarter):
    district = Area.objects.add_root({"level": "city", "code": "4206", "name": "襄阳市"})
    district = Area.objects.add_child(
        district, {"level": "district", "code": "420602", "name": "襄城区"}
    )
    street = Area.objects.add_child(
        district, {"level": "subdistrict", "code": "420602001", "name": "真武山街道"}
    )
    bare = Area.objects.add_child(
        street, {"level": "community", "code": "420602001001", "name": "空社区"}
    )
    for place in (district, street, bare):
        page = read(client, chain_of(place))
        assert "尚未建立组织" in page
        assert_valid_html(page)
    assert "空社区" in read(client, chain_of(street))


# --- the tree of divisions -------------------------------------------------------------------


def test_the_tree_unfolds_down_to_the_place_asked_for(client, quarter):
    url = reverse("orgs:divisions")
    first = read(client, url)
    assert "望汐区" in first
    assert "银杏湾社区" not in first

    page = read(client, url, data={"open": quarter.street.code})
    assert "银杏湾社区" in page
    assert "青桐街道" in page
    assert_valid_html(page)

    fragment = read(client, url, data={"open": quarter.street.code}, headers={"HX-Request": "true"})
    assert "银杏湾社区" in fragment
    assert "<html" not in fragment


@pytest.mark.parametrize(
    ("words", "found"),
    [("银杏", "银杏湾社区"), ("990203005002", "银杏湾社区"), ("没有这样的地方", "没有找到")],
)
def test_places_are_found_by_name_and_by_code(client, quarter, words, found):
    page = read(client, reverse("orgs:divisions"), data={"q": words})
    assert found in page
    assert_valid_html(page)


def test_the_tree_costs_the_same_with_more_places(client, quarter):
    url = f"{reverse('orgs:divisions')}?open={quarter.community.code}"
    before = queries(client, url)
    add_grid(quarter, 14)
    assert queries(client, url) == before <= 10


@pytest.mark.browser
@pytest.mark.parametrize(
    "modes",
    by_size((390, "light"), (390, "dark"), (390, "elder")),
    ids=lambda modes: modes[0][1],
)
def test_the_picture_is_accessible_and_opens_a_branch(browser_page, quarter, modes):
    page = browser_page(*modes[0])
    page.goto(chain_of(quarter.community))
    page.locator(f"#fold-{quarter.branch.pk}").click()
    page.get_by_text("1栋党小组").wait_for()
    for _width, mode in in_modes(page, modes):
        assert_accessible(page)
        shot(page, f"test-chain-390-{mode}")
    page.goto(reverse("orgs:divisions"))
    for _mode in in_modes(page, modes):
        assert_accessible(page)
