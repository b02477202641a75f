"""Tying the bodies of a compound, what a company serves, where members go when a body closes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import chain, linkage
from orgs.models import Area, Linkage, Membership, Organization, Person
from tests.browser import assert_accessible, assert_valid_html
from tests.cast import LONG_AGO
from tests.orgs.neighbourhood import add_grid, body, with_next_door

LIST = "/staff/linkages/"


@pytest.fixture
def quarter(db):
    street = with_next_door()
    street.far = Area.objects.add_child(
        street.next_door, {"level": "community", "code": "990203006001", "name": "白榆里社区"}
    )
    street.far_grid = Area.objects.add_child(
        street.far, {"level": "grid", "code": "990203006001001", "name": "白榆网格"}
    )
    return street


def pages(street) -> dict[str, str]:
    return {
        "new": f"{reverse('orgs:linkage_new')}?community={street.community.code}",
        "one": reverse("orgs:linkage", args=[street.linkage.pk]),
        "edit": reverse("orgs:linkage_edit", args=[street.linkage.pk]),
        "of_community": f"{LIST}?community={street.community.code}",
        "serve": reverse("orgs:serve", args=[street.property_company.pk]),
    }


def tied(street, **change) -> dict:
    """What one types to tie 二期 together in grid 2."""
    return {
        "name": "梧桐里二期",
        "grids": [street.grid2.pk],
        "party_branch": street.branch2.pk,
        "residents_committee": street.committee.pk,
        "note": "2019 年交付",
        "reason": "社区联席会议",
        **change,
    }


@pytest.mark.parametrize("name", ["new", "one", "edit", "of_community", "serve"])
def test_staff_of_the_street_enter_and_nobody_else(client, quarter, name):
    url = pages(quarter)[name]
    client.force_login(quarter.chen)
    answer = client.get(url)
    assert answer.status_code == 200
    assert_valid_html(answer.content.decode())

    for stranger in ("deng", "li", "zhou", "wu", "wang", "auditor"):
        client.force_login(getattr(quarter, stranger))
        assert client.get(url).status_code == 404, stranger
    client.logout()
    assert client.get(url).url.startswith("/accounts/login/")


@pytest.mark.parametrize("name", ["new", "edit", "serve"])
def test_the_street_next_door_changes_nothing_here(client, quarter, name):
    client.force_login(quarter.deng)
    data = tied(quarter, areas=[quarter.grid2.pk])
    assert client.post(pages(quarter)[name], data).status_code == 404
    assert Linkage.objects.get().name == "梧桐里一期"
    assert list(quarter.property_company.served_areas.all()) == [quarter.grid]


# --- the list --------------------------------------------------------------------------------


def test_the_list_is_of_my_places(client, quarter):
    client.force_login(quarter.chen)
    page = client.get(LIST).content.decode()
    assert "梧桐里一期" in page
    assert "青桐物业服务公司" in page
    assert_valid_html(page)
    other = client.get(LIST, {"community": quarter.elsewhere.code}).content.decode()
    assert "梧桐里一期" not in other
    assert client.get(LIST, {"community": "不是代码"}).status_code == 404

    client.force_login(quarter.deng)
    assert "梧桐里一期" not in client.get(LIST).content.decode()


def test_the_list_costs_the_same_for_more_rows_and_goes_on(client, quarter):
    client.force_login(quarter.chen)

    def queries():
        client.get(LIST)
        with CaptureQueriesContext(connection) as seen:
            client.get(LIST)
        return len(seen)

    before = queries()
    add_grid(quarter, 11)
    assert queries() == before <= 10

    for number in range(30):
        Linkage.objects.create(
            name=f"{number}期",
            community=quarter.community,
            party_branch=quarter.branch,
            residents_committee=quarter.committee,
        )
    first = client.get(LIST)
    assert len(first.context["rows"]) == 30
    assert len(client.get(LIST + first.context["following"]).context["rows"]) == 2


def test_doors_to_the_list_stand_where_managers_look(client, quarter):
    chain_page = reverse("orgs:chain", args=[quarter.community.code])
    grid_page = reverse("orgs:chain", args=[quarter.grid.code])
    door = f'href="{pages(quarter)["of_community"]}"'
    client.force_login(quarter.chen)
    for url in (chain_page, grid_page):
        page = client.get(url).content.decode()
        assert door in page
        assert "梧桐里一期" in page
        assert_valid_html(page)
    assert f'href="{LIST}"' in client.get("/staff/organizations/").content.decode()
    nothing_yet = client.get(reverse("orgs:chain", args=[quarter.elsewhere.code]))
    assert "这里还没有登记小区" in nothing_yet.content.decode()

    for other in ("deng", "li", "wang"):
        client.force_login(getattr(quarter, other))
        page = client.get(chain_page).content.decode()
        assert LIST not in page, other
        assert "梧桐里一期" in page


# --- tying and changing ----------------------------------------------------------------------


def test_tying_asks_for_the_community_first(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:linkage_new")
    page = client.get(url).content.decode()
    assert "梧桐里社区" in page
    assert "白榆里社区" not in page
    assert_valid_html(page)
    missing = client.get(url, {"community": ""})
    assert missing.status_code == 422
    assert "请选择社区" in missing.content.decode()
    assert client.post(url, tied(quarter)).status_code == 422
    assert client.get(url, {"community": quarter.far.code}).status_code == 404


def test_tying_a_compound(client, quarter):
    client.force_login(quarter.chen)
    answer = client.post(
        pages(quarter)["new"], tied(quarter, property_company=quarter.property_company.pk)
    )
    made = Linkage.objects.get(name="梧桐里二期")
    assert answer.url == reverse("orgs:linkage", args=[made.pk])
    assert (
        made.community,
        made.party_branch,
        made.residents_committee,
        made.owners_body,
        made.property_company,
        made.note,
        list(made.grids.all()),
    ) == (
        quarter.community,
        quarter.branch2,
        quarter.committee,
        None,
        quarter.property_company,
        "2019 年交付",
        [quarter.grid2],
    )
    page = client.get(answer.url).content.decode()
    for words in ("登记", "增加网格：第二网格", "社区联席会议", "陈街道"):
        assert words in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "请填写"),
        ("name", "梧桐里一期", "社区内已有同名小区"),
        ("grids", [], "请选择小区所在网格"),
        ("grids", ["grid_elsewhere"], "有一个网格不在这个社区"),
        ("party_branch", "", "请选择党支部"),
        ("party_branch", "committee", "这个组织不在本社区"),
        ("residents_committee", "", "请选择居委会"),
        ("residents_committee", "committee_elsewhere", "这个组织不在本社区"),
        ("property_company", "owners", "这个组织不在本社区"),
        ("reason", " ", "请写明原因"),
    ],
)
def test_each_refusal_stands_beside_its_field(client, quarter, field, value, words):
    client.force_login(quarter.chen)
    if isinstance(value, list):
        value = [getattr(quarter, name).pk for name in value]
    elif hasattr(quarter, value):
        value = getattr(quarter, value).pk
    answer = client.post(pages(quarter)["new"], tied(quarter, **{field: value}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert words in "".join(answer.context["form"].errors[field])
    assert "2019 年交付" in page  # what was typed stays
    assert_valid_html(page)
    assert Linkage.objects.count() == 1


def test_a_change_keeps_who_stood_there_before(client, quarter):
    client.force_login(quarter.chen)
    company = body("property_company", "新桐物业", quarter.community)
    url = pages(quarter)["edit"]
    page = client.get(url).content.decode()
    assert 'value="梧桐里一期"' in page
    data = {
        "name": "梧桐里一期",
        "grids": [quarter.grid.pk, quarter.grid2.pk],
        "party_branch": quarter.branch.pk,
        "residents_committee": quarter.committee.pk,
        "owners_body": "",
        "property_company": company.pk,
        "note": "",
    }
    without = client.post(url, data)
    assert without.status_code == 422
    assert "请写明原因" in without.content.decode()
    quarter.linkage.refresh_from_db()
    assert quarter.linkage.property_company == quarter.property_company

    answer = client.post(url, {**data, "reason": "业主大会选聘"})
    assert answer.url == pages(quarter)["one"]
    quarter.linkage.refresh_from_db()
    assert quarter.linkage.property_company == company
    assert quarter.linkage.owners_body is None
    assert set(quarter.linkage.grids.all()) == {quarter.grid, quarter.grid2}
    page = client.get(answer.url).content.decode()
    for words in (
        "青桐物业服务公司</del> → 新桐物业",
        "梧桐里一期业委会</del> → 无",
        "增加网格：第二网格",
        "业主大会选聘",
    ):
        assert words in page


def test_a_body_that_closed_meanwhile_is_not_tied(quarter):
    stale = Organization.objects.get(pk=quarter.branch2.pk)
    chain.close(quarter.branch2, by=quarter.chen, reason="网格撤并")
    assert stale.closed_on is None
    with pytest.raises(linkage.WrongBody, match="第二网格党支部"):
        linkage.tie(
            "梧桐里二期",
            quarter.community,
            grids=[quarter.grid2],
            party_branch=stale,
            residents_committee=quarter.committee,
            by=quarter.chen,
            reason="社区联席会议",
        )
    with pytest.raises(linkage.WrongBody, match="第二网格党支部"):
        linkage.change(quarter.linkage, party_branch=stale, by=quarter.chen, reason="换届")


# --- what a company serves -------------------------------------------------------------------


def test_what_a_company_serves_is_changed_with_a_reason(client, quarter):
    client.force_login(quarter.chen)
    url = pages(quarter)["serve"]
    company = reverse("orgs:organization", args=[quarter.property_company.pk])
    assert f'href="{url}"' in client.get(company).content.decode()
    data = {"areas": [quarter.grid2.pk], "codes": quarter.grid_elsewhere.code}
    assert client.post(url, data).status_code == 422  # no reason
    assert list(quarter.property_company.served_areas.all()) == [quarter.grid]

    assert client.post(url, {**data, "reason": "新签物业合同"}).url == company
    assert set(quarter.property_company.served_areas.all()) == {
        quarter.grid2,
        quarter.grid_elsewhere,
    }
    assert "银杏湾社区第一网格" in client.get(url).content.decode()


def test_places_of_others_are_neither_added_nor_taken_away(client, quarter):
    quarter.property_company.served_areas.add(quarter.far_grid)
    client.force_login(quarter.chen)
    url = pages(quarter)["serve"]
    assert "不在您管辖范围内的服务区域保持不变：白榆街道白榆里社区白榆网格" in (
        client.get(url).content.decode()
    )
    for wrong in ({"codes": quarter.far.code}, {"areas": [quarter.far_grid.pk]}):
        answer = client.post(url, {**wrong, "reason": "越界"})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == list(wrong)
        assert "不在您的管辖范围内" in answer.content.decode()
    assert client.post(url, {"reason": "合同到期"}).status_code == 302
    assert list(quarter.property_company.served_areas.all()) == [quarter.far_grid]

    with pytest.raises(chain.NotEntitled):
        chain.serve(quarter.property_company, [quarter.grid], by=quarter.chen, reason="越界")


def test_a_group_serves_buildings(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:serve", args=[quarter.group.pk])
    data = {"areas": [quarter.building.pk], "reason": "划分楼栋"}
    assert client.post(url, data).status_code == 302
    assert list(quarter.group.served_areas.all()) == [quarter.building]
    # Neither a grid beside the list, nor one far away.
    assert client.post(url, {**data, "areas": [quarter.grid2.pk]}).status_code == 422


def test_bodies_that_serve_no_places_have_no_such_page(client, quarter):
    client.force_login(quarter.chen)
    url = reverse("orgs:serve", args=[quarter.committee.pk])
    assert client.get(url).status_code == 404
    assert client.post(url, {"areas": [quarter.grid.pk], "reason": "试试"}).status_code == 404


# --- where members go ------------------------------------------------------------------------


def member(street, organization) -> Person:
    Membership.objects.create(
        person=street.qian, organization=organization, starts_on=LONG_AGO, kind="retired"
    )
    return street.qian


def rolls(someone) -> list[str]:
    rows = Membership.objects.in_force().filter(person=someone)
    return sorted(rows.values_list("organization__name", flat=True))


def test_members_go_to_the_superior_or_to_whom_one_chose(client, quarter):
    client.force_login(quarter.chen)
    someone = member(quarter, quarter.branch2)
    url = reverse("orgs:close", args=[quarter.branch2.pk])
    answer = client.get(url)
    page = answer.content.decode()
    assert "党员关系 1 名转到梧桐里社区党委，或您另选的党组织" in page
    assert "上级党组织：梧桐里社区党委" in page
    assert_valid_html(page)
    offered = {one.name for one in answer.context["form"].fields["members_to"].queryset}
    assert "第一网格党支部" in offered
    # Neither itself, nor a joint committee, nor a home, nor a body that is not the Party's.
    assert offered.isdisjoint(
        {"第二网格党支部", "梧桐里社区大党委", "1栋301中心户", "梧桐里社区居委会"}
    )

    wrong = client.post(url, {"members_to": quarter.committee.pk, "reason": "撤并"})
    assert wrong.status_code == 422
    assert "这个组织不能接收党员关系" in wrong.content.decode()
    assert rolls(someone) == ["第二网格党支部"]

    data = {"members_to": quarter.branch.pk, "reason": "网格撤并"}
    assert client.post(url, data).status_code == 302
    assert rolls(someone) == ["第一网格党支部"]
    assert Organization.objects.get(pk=quarter.branch2.pk).closed_on is not None


def test_without_choosing_members_go_to_the_superior(client, quarter):
    client.force_login(quarter.chen)
    someone = member(quarter, quarter.branch2)
    url = reverse("orgs:close", args=[quarter.branch2.pk])
    assert client.post(url, {"reason": "网格撤并"}).status_code == 302
    assert rolls(someone) == ["梧桐里社区党委"]


def test_without_a_party_body_above_one_has_to_choose(client, quarter):
    client.force_login(quarter.chen)
    lone = body("joint_branch", "楼宇联合党支部", quarter.community)
    someone = member(quarter, lone)
    url = reverse("orgs:close", args=[lone.pk])
    assert "党员关系 1 名转到您选定的党组织" in client.get(url).content.decode()
    answer = client.post(url, {"reason": "撤销"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["members_to"] == ["请指定接收党员关系的党组织"]
    assert rolls(someone) == ["楼宇联合党支部"]
    assert client.post(url, {"members_to": quarter.party.pk, "reason": "撤销"}).status_code == 302
    assert rolls(someone) == ["梧桐里社区党委"]


def test_members_are_not_sent_to_a_body_of_others(client, quarter):
    far = body("community_committee", "白榆里社区党委", quarter.far)
    member(quarter, quarter.branch2)
    with pytest.raises(chain.NotEntitled):
        chain.close(quarter.branch2, members_to=far, by=quarter.chen, reason="越界")
    client.force_login(quarter.chen)
    url = reverse("orgs:close", args=[quarter.branch2.pk])
    assert client.post(url, {"members_to": far.pk, "reason": "越界"}).status_code == 422
    assert rolls(quarter.qian) == ["第二网格党支部"]


def test_a_body_without_members_asks_only_for_the_reason(client, quarter):
    client.force_login(quarter.chen)
    answer = client.get(reverse("orgs:close", args=[quarter.branch2.pk]))
    assert list(answer.context["form"].fields) == ["reason"]


@pytest.mark.browser
def test_the_pages_are_accessible_on_a_phone(browser_page, quarter):
    member(quarter, quarter.branch2)
    page = browser_page(width=390, person=quarter.chen)
    urls = [LIST, reverse("orgs:linkage_new"), *pages(quarter).values()]
    urls.append(reverse("orgs:close", args=[quarter.branch2.pk]))
    urls.append(reverse("orgs:chain", args=[quarter.community.code]))
    for url in urls:
        page.goto(url)
        assert_accessible(page)
        assert_valid_html(page.content())
    page.goto(pages(quarter)["new"])
    page.click("main button[type=submit]")
    page.wait_for_selector("#id_name_error")
    assert_accessible(page)
