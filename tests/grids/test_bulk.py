"""Bulk dispatch: what can go goes, what cannot stays and says why."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids import bulk
from grids.models import DutyItem
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db

BULK, QUEUE = "/issues/bulk/", "/issues/queue/"


def filed(street, **more):
    return loop.to_state(street, "filed", issue=loop.post(street, **more))


def address(*issues):
    return BULK + "?" + "&".join(f"n={issue.number}" for issue in issues)


def post(client, issues, **more):
    return client.post(BULK, {"n": [issue.number for issue in issues], **more})


def test_from_the_queue_to_the_result(client, street):
    issues = [filed(street), filed(street, text="围墙裂缝能伸进手指")]
    client.force_login(street.li)
    page = client.get(QUEUE).content.decode()
    assert_valid_html(page)
    for issue in issues:
        assert f'name="n" value="{issue.number}"' in page.replace("\n", " ")
    page = client.get(address(*issues)).content.decode()
    assert_valid_html(page)
    assert "责任清单写明由它承办的 2 件" in page
    answer = post(client, issues, lead=street.property_company.pk, reason="请今天看")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert_valid_html(page)
    assert "派出 2 件，没有派出 0 件" in page
    for issue in issues:
        issue.refresh_from_db()
        assert (issue.state, issue.lead) == ("dispatched", street.property_company)
        assert issue.steps.last().reason == "请今天看"
    again = post(client, issues, lead=street.property_company.pk)
    assert again.status_code == 422
    assert "不用派单" in again.content.decode()


def test_one_that_cannot_go_leaves_the_others(client, street):
    DutyItem.objects.create(
        category=loop.category("停车管理"), area=street.community, role="assist"
    )
    repairs, dogs = filed(street), filed(street, kind="文明养犬", text="遛狗不牵绳")
    parking = filed(street, kind="停车管理", text="车位被占")
    gone = loop.to_state(street, "dispatched")
    issues = [repairs, dogs, parking, gone]
    client.force_login(street.sun)
    page = client.get(address(*issues)).content.decode()
    assert "其中 1 件不能由它主办" in page
    assert "现在是“已派单”" in page
    answer = post(client, issues, lead=street.committee.pk)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "派出 2 件，没有派出 2 件" in page
    assert "只能协办" in page
    states = []
    for issue in issues:
        issue.refresh_from_db()
        states.append(issue.state)
    assert states == ["dispatched", "dispatched", "filed", "dispatched"]
    assert gone.lead == street.property_company


def test_only_bodies_that_serve_all_of_them(client, street):
    here, beside = filed(street), loop.post(street, area=street.grid2)
    loop.file(beside, street.sun)
    client.force_login(street.sun)
    shared = [one.organization for one in bulk.shared([here, beside], street.sun)]
    assert shared == [street.committee]
    answer = post(client, [here, beside], lead=street.property_company.pk)
    assert answer.status_code == 422
    assert "请从列出的单位里选择" in answer.content.decode()
    assert post(client, [here, beside]).status_code == 422
    here.refresh_from_db()
    assert here.state == "filed"


def test_what_the_gate_bars_for_all_cannot_be_chosen(client, street):
    DutyItem.objects.create(category=loop.category(), area=street.community, role="none")
    issues = [filed(street), filed(street)]
    client.force_login(street.sun)
    answer = post(client, issues, lead=street.committee.pk)
    assert answer.status_code == 422
    assert "不在社区职责清单上" in answer.content.decode()


def test_strangers_and_other_levels(client, street):
    issue = filed(street)
    high = filed(street, kind="道路设施", text="路面塌陷")
    for person in (street.wang, street.wu, street.auditor, street.qian):
        client.force_login(person)
        assert client.get(address(issue)).status_code == 404
        assert post(client, [issue], lead=street.committee.pk).status_code == 404
    client.force_login(street.zhao)  # dispatches, but elsewhere
    assert client.get(address(issue)).status_code == 404
    assert post(client, [issue], lead=street.committee.pk).status_code == 404
    client.force_login(street.li)
    page = client.get(address(issue, high)).content.decode()
    assert "这一级的事项不由您派单" in page
    post(client, [high], lead=street.office.pk)
    high.refresh_from_db()
    assert high.state == "filed"
    assert client.get(BULK).status_code == 422
    assert client.get(f"{BULK}?n=QT-0").status_code == 404


def test_twelve_cost_what_three_cost(client, street):
    issues = [filed(street, text=f"第{n}盏灯不亮了") for n in range(12)]
    issues[0].level = issues[7].level = "L3"
    for issue in issues[:8:7]:
        issue.save(update_fields=["level"])
    client.force_login(street.chen)

    def cost(some):
        client.get(address(*some))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(*some)).status_code == 200
        return len(captured)

    assert cost(issues[:3]) == cost(issues) <= 16
