"""Certifying in the field, and claims for others: whose queue, what each line answers."""

import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from points import claims
from points.models import Claim, ClaimState
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.grids import pictures
from tests.points import claiming
from tests.points.claiming import days_ago, file

QUEUE, NEW = reverse("points:certify"), reverse("points:claim_for")


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()


def page(client, person, url=QUEUE, status=200) -> str:
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def send(client, person, status=302, url=QUEUE, **data) -> str:
    client.force_login(person)
    answer = client.post(url, data)
    assert answer.status_code == status, answer.content.decode()[:400]
    return answer.content.decode()


def states() -> list[str]:
    return list(Claim.objects.order_by("pk").values_list("state", flat=True))


# --- the queue -----------------------------------------------------------------------------------


def test_the_queue_holds_what_the_person_may_certify_late_first(client, points):
    young = file(points, text="清扫楼道")
    late = file(points, person=points.neighbour, text="清扫花坛")
    late.clock.started_at -= timedelta(days=9)
    late.clock.due_at = late.clock.nominal_due_at = timezone.now() - timedelta(days=1)
    late.clock.save()
    hazard = file(points, "P13", text="电线裸露")
    shown = page(client, points.sun)
    assert_valid_html(shown)
    assert shown.index("已超期") < shown.index("清扫花坛") < shown.index("清扫楼道")
    shown = page(client, points.li)  # works the grid: certifies hazards, not service
    assert f'id="c{hazard.pk}"' in shown
    assert f'id="c{young.pk}"' not in shown
    assert "现在没有等您认证的申报" in page(client, points.zhao)
    page(client, points.wang, status=404)


def test_several_are_certified_or_refused_at_once(client, points):
    first, second = file(points), file(points, person=points.neighbour)
    third = file(points, "P14", text="培训")
    send(client, points.sun, verb="certify", claim=[first.pk, second.pk])
    assert states() == ["certified", "certified", "claimed"]
    shown = send(client, points.sun, 422, verb="refuse", claim=[third.pk], reason="没有签到")
    assert "请选择理由" in shown
    assert "没有签到" in shown
    assert f'value="{third.pk}" checked' in " ".join(shown.split())
    send(client, points.sun, verb="refuse", claim=[third.pk], refusal_code="not_so", reason="缺席")
    third.refresh_from_db()
    assert (third.state, third.refusal_reason) == (ClaimState.REFUSED, "缺席")
    assert "没有选中任何一项" in send(client, points.sun, 422, verb="certify")


def test_a_stale_page_says_what_happened_and_does_the_rest(client, points):
    first, second = file(points), file(points, person=points.neighbour)
    claims.certify(first, by=points.hao)
    shown = send(client, points.sun, 422, verb="certify", claim=[first.pk, second.pk])
    assert "当前状态为“已认证”" in shown
    assert states() == ["certified", "certified"]


def test_others_claims_cannot_be_certified_by_number(client, points):
    claim = file(points)
    send(client, points.zhao, 404, one=f"certify:{claim.pk}")
    send(client, points.wang, 404, one=f"certify:{claim.pk}")
    own = claims.file_for(
        claiming.rule(points, "P14"),
        [points.neighbour],
        happened_on=days_ago(2),
        by=points.sun,
        text="培训",
    ).claims[0]
    assert "您申报的" in send(client, points.sun, 422, one=f"certify:{own.pk}")
    assert states() == ["claimed", "claimed"]


def test_queries_of_the_queue_do_not_grow(client, points, django_assert_num_queries):
    for at in range(3):
        file(points, happened_on=days_ago(at + 1))
    page(client, points.sun)
    with django_assert_num_queries(7):
        client.get(QUEUE)
    for at in range(9):
        file(points, happened_on=days_ago(at + 5))
    with django_assert_num_queries(7):
        client.get(QUEUE)


# --- for others ----------------------------------------------------------------------------------


def listing(points, **more) -> dict:
    return {
        "key": "0b6f2c8e-5b0f-4d1c-9f57-0d9d0f6f8a11",
        "happened_on": days_ago(2).isoformat(),
        "quantity": "1",
        "text": "集体清扫楼道",
        **more,
    }


def test_a_leader_files_for_a_list(client, points):
    shown = page(client, points.sun, NEW)
    assert "?rule=P05" in shown
    url = f"{NEW}?rule=P05"
    assert_valid_html(page(client, points.sun, url))
    people = f"{points.wang.name}\n{points.neighbour.phone}"
    send(client, points.sun, url=url, **listing(points, people=people))
    assert {claim.person for claim in Claim.objects.all()} == {points.wang, points.neighbour}
    assert {claim.source for claim in Claim.objects.all()} == {"leader"}
    send(client, points.sun, url=url, **listing(points, people=people))  # pressed twice
    assert Claim.objects.count() == 2


def test_every_line_answers_for_itself_and_nothing_is_half_done(client, points):
    claiming.resident(points, "同名")
    claiming.resident(points, "同名")
    people = "\n".join(
        [
            points.wang.name,
            "查无此人",
            "同名",
            f"{points.wang.name} {points.neighbour.phone}",
            points.wang.phone,
            points.qian.name,
            points.neighbour.name,
        ]
    )
    shown = send(client, points.sun, 422, f"{NEW}?rule=P05", **listing(points, people=people))
    assert_valid_html(shown)
    for words in (
        "没有叫这个名字",
        "有 2 位同名的居民",
        "手机号与姓名对不上",
        "这个人上面已经有了",
        "有 5 人不能申报",
        "集体清扫楼道",
    ):
        assert words in shown
    assert not Claim.objects.exists()


def test_a_cap_reached_by_one_stops_the_whole_list(client, points):
    file(points, quantity=4, happened_on=days_ago(2))
    people = f"{points.wang.name}\n{points.neighbour.name}"
    shown = send(client, points.sun, 422, f"{NEW}?rule=P05", **listing(points, people=people))
    assert "每人每日最多 40 分" in shown
    assert Claim.objects.count() == 1


def test_a_grid_worker_ticks_a_household_and_keeps_the_photo(client, points):
    url = f"{NEW}?rule=P09&building={points.building.pk}"
    shown = page(client, points.li, url)
    home = points.wang.residences.get()
    assert f'name="resident" value="{home.pk}"' in " ".join(shown.split())
    given = listing(points, resident=[home.pk], text="")
    shown = send(client, points.li, 422, url, **given)
    assert "请附上照片" in shown
    photo = io.BytesIO(pictures.jpeg())
    photo.name = "a.jpg"
    shown = send(client, points.li, 422, url, **{**given, "quantity": "0", "photos": photo})
    assert "已收下的照片" in shown
    send(client, points.li, url=url, **given)
    claim = Claim.objects.get()
    assert (claim.source, claim.to_household, claim.evidence.count()) == ("grid_worker", True, 1)
    token = claim.evidence.get().token
    shown = page(client, points.hao)
    assert reverse("points:photo", args=[token, "small"]) in shown
    for person, status in ((points.hao, 200), (points.zhao, 404), (points.neighbour, 404)):
        page_of = reverse("points:photo", args=[token, "large"])
        client.force_login(person)
        assert client.get(page_of).status_code == status


@pytest.mark.parametrize("who", ["wang", "auditor"])
def test_nobody_else_files_for_others(client, points, who):
    page(client, getattr(points, who), NEW, status=404)
    send(client, getattr(points, who), 404, f"{NEW}?rule=P05", **listing(points, people="王"))


def test_a_rule_one_may_not_bring_is_not_there(client, points):
    page(client, points.li, f"{NEW}?rule=P05", status=404)  # grid workers bring P09 to P11
    page(client, points.sun, f"{NEW}?rule=N01", status=404)


# --- looked at -----------------------------------------------------------------------------------


@pytest.mark.browser
def test_certifying_in_every_mode(browser_page, points):
    file(points, text="清扫三栋楼道，自带工具")
    file(points, person=points.neighbour, quantity="2.5", text="清扫花坛")
    for modes in by_size((390, "light"), (1280, "dark"), (390, "elder")):
        phone = browser_page(*modes[0], person=points.sun)
        for name, url in (("certify", QUEUE), ("list", f"{NEW}?rule=P05")):
            phone.goto(url)
            for width, mode in in_modes(phone, modes):
                assert_accessible(phone)
                shot(phone, f"{name}-{width}-{mode}")
