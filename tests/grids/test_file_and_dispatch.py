"""Filing and dispatching in one go, where the responsibility table names exactly one body."""

import pytest

from grids.models import DutyItem
from orgs.models import Organization, OrganizationKind
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.test_responsibilities import write

pytestmark = pytest.mark.django_db


def send(client, issue, lead, **more):
    data = {
        "verb": "file",
        "category": issue.category_id,
        "level": issue.level,
        "urgency": issue.urgency,
        "area": issue.area_id,
        "publish": "on",
        "public_title": "楼道感应灯不亮",
        "and_dispatch": "on",
        "expected_lead": lead.pk,
        **more,
    }
    answer = client.post(issue.get_absolute_url(), data, follow=True)
    issue.refresh_from_db()
    return answer.content.decode()


def test_filed_and_dispatched(client, street):
    issue = loop.post(street)
    client.force_login(street.li)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert_valid_html(page)
    assert "立案后直接派给青桐物业服务公司" in page
    send(client, issue, street.property_company)
    assert (issue.state, issue.lead) == ("dispatched", street.property_company)
    assert [step.verb for step in issue.steps.all()] == ["submit", "file", "dispatch"]
    assert "按责任清单" in issue.steps.last().reason


def test_not_ticked_is_only_filed(client, street):
    issue = loop.post(street)
    client.force_login(street.li)
    send(client, issue, street.property_company, and_dispatch="")
    assert issue.state == "filed"


def test_a_change_that_leads_elsewhere_is_only_filed(client, street):
    issue = loop.post(street)
    client.force_login(street.li)
    dogs = loop.category("文明养犬")
    page = send(client, issue, street.property_company, category=dogs.pk)
    assert (issue.state, issue.category) == ("filed", dogs)
    assert "承办单位不同了" in page


def test_offered_only_where_it_is_clear(client, street):
    def offered(issue, person):
        client.force_login(person)
        return "立案后直接派给" in client.get(issue.get_absolute_url()).content.decode()

    road = loop.post(street, kind="道路设施", text="路面塌陷")  # L3: not the grid worker's to send
    assert not offered(road, street.li)
    assert offered(road, street.chen)
    assert not offered(loop.post(street, area=street.grid2), street.sun)  # no company there
    about = loop.post(street, about_lead=True)
    assert not offered(about, street.li)
    second = Organization.objects.create(
        kind=OrganizationKind.PROPERTY_COMPANY, name="另一家物业", area=street.community
    )
    second.served_areas.add(street.grid)
    assert not offered(loop.post(street), street.li)


def test_what_the_gate_bars_is_not_offered(client, street):
    write(street, area=street.community, organization=street.committee)
    DutyItem.objects.create(category=loop.category(), area=street.grid, role="assist")
    issue = loop.post(street)
    client.force_login(street.li)
    send(client, issue, street.committee)
    assert (issue.state, issue.lead) == ("filed", None)
