"""The points group: seated and ended by those who may, found by nobody else."""

import pytest

from points.models import PanelMember
from tests.browser import assert_valid_html
from tests.points import claiming
from tests.points.claiming import today

PANEL = "/points/panel/"


def typed(points, **changes) -> dict:
    return {
        "area": points.community.pk,
        "role": "resident",
        "name": "王居民",
        "phone": "10000000020",
        **changes,
    }


def lacks(page) -> list[str]:
    return page.context["groups"][0][2]


def test_the_group_with_its_seats(client, points):
    client.force_login(points.zhou)
    page = client.get(PANEL)
    assert_valid_html(page.content.decode())
    assert lacks(page) == []
    for name in ("何委员", "邻居", "监委员"):
        assert name in page.content.decode()


def test_seating_and_ending(client, points):
    client.force_login(points.gao)
    assert client.post(PANEL, typed(points)).status_code == 302
    seat = PanelMember.objects.get(person=points.wang)
    assert (seat.role, seat.starts_on, seat.seated_by) == ("resident", today(), points.gao)
    for _twice in range(2):
        assert client.post(f"{PANEL}{seat.pk}/end/").status_code == 302
    seat.refresh_from_db()
    assert seat.ends_on == today()
    page = client.get(PANEL)
    assert_valid_html(page.content.decode())
    assert page.context["ended"] == [seat]


def test_what_is_missing_is_said(client, points):
    client.force_login(points.zhou)
    for role, words in (("supervisor", "缺监督委员"), ("resident", "缺居民代表")):
        client.post(f"{PANEL}{PanelMember.objects.get(role=role).pk}/end/")
        assert words in lacks(client.get(PANEL))
    assert "不足 3 人，还差 2 人" in lacks(client.get(PANEL))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"role": ""}, "role", "请选择身份"),
        ({"name": "李居民"}, "phone", "对不上"),
        ({"phone": ""}, "phone", "请填手机号"),
        ({"role": "supervisor"}, "name", "居务监督委员会"),
        ({"name": "孙社工", "phone": "10000000002"}, "name", "不任职的居民"),
        ({"name": "钱居民", "phone": "10000000021"}, "name", "本社区已核验"),
    ],
)
def test_refusals_stand_beside_their_field(client, points, changes, field, words):
    client.force_login(points.zhou)
    page = client.post(PANEL, typed(points, **changes))
    assert page.status_code == 422
    assert words in "".join(page.context["form"].errors[field])
    assert_valid_html(page.content.decode())
    assert PanelMember.objects.count() == 3


def test_somebody_who_sits_there_already(client, points):
    client.force_login(points.zhou)
    door = {"name": "邻居", "phone": "", "building": points.building.pk, "room": "302"}
    page = client.post(PANEL, typed(points, **door))
    assert page.status_code == 422
    assert "已是积分小组成员" in page.content.decode()


@pytest.mark.parametrize("name", ["wang", "sun", "li", "chen", "zhao", "auditor"])
def test_strangers_find_no_group(client, points, name):
    seat = PanelMember.objects.first()
    client.force_login(getattr(points, name))
    assert client.get(PANEL).status_code == 404
    assert client.post(PANEL, typed(points)).status_code == 404
    assert client.post(f"{PANEL}{seat.pk}/end/").status_code == 404
    assert PanelMember.objects.in_force().count() == 3


def test_another_community_s_seat_is_not_found(client, points):
    seat = PanelMember.objects.create(
        area=points.elsewhere, person=points.qian, role="resident", starts_on=today()
    )
    client.force_login(points.zhou)
    assert client.post(f"{PANEL}{seat.pk}/end/").status_code == 404
    assert client.post(PANEL, typed(points, area=points.elsewhere.pk)).status_code == 422
    assert "钱居民" not in client.get(PANEL).content.decode()


def test_queries_of_the_group_do_not_grow(
    client, points, django_assert_num_queries, django_assert_max_num_queries
):
    client.force_login(points.zhou)
    client.get(PANEL)
    with django_assert_max_num_queries(10) as three:
        client.get(PANEL)
    for n in range(9):
        PanelMember.objects.create(
            area=points.community,
            person=claiming.resident(points, f"居民{n}"),
            role="resident",
            starts_on=today(),
        )
    with django_assert_num_queries(len(three)):
        assert len(client.get(PANEL).context["groups"][0][1]) == 12
