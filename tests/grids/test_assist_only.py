"""只协办: another body leads, the community sees the record and helps."""

import pytest

from grids import handling, responsibilities
from grids.models import CoHandling, DutyItem
from grids.refusals import NotACandidate
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.test_responsibilities import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def filed(street):
    DutyItem.objects.create(category=loop.category(), area=street.community, role="assist")
    return loop.to_state(street, "filed")


def send(client, issue, **more):
    answer = client.post(issue.get_absolute_url(), {"verb": "dispatch", **more})
    issue.refresh_from_db()
    return answer


def test_the_form_says_why_and_offers_it(client, street, filed):
    client.force_login(street.sun)
    page = client.get(filed.get_absolute_url()).content.decode()
    assert_valid_html(page)
    assert "梧桐里社区居委会不能主办，只能协办" in page
    assert "派单，请梧桐里社区居委会只协办" in page
    answer = send(client, filed, lead=street.committee.pk)
    assert answer.status_code == 422
    assert filed.state == "filed"


def test_the_button_adds_the_community(client, street, filed):
    client.force_login(street.sun)
    committee = street.committee.pk
    assert send(client, filed, assist_only=committee).status_code == 422  # who leads?
    answer = send(client, filed, lead=street.property_company.pk, assist_only=committee)
    assert answer.status_code == 302
    assert (filed.state, filed.lead) == ("dispatched", street.property_company)
    grant = CoHandling.objects.get(issue=filed)
    assert (grant.organization, grant.role, grant.ends_on) == (street.committee, "assist", None)
    assert grant.granted_by == street.sun
    assert loop.told(street.li).filter(title__startswith="请协办").exists()
    page = client.get(filed.get_absolute_url()).content.decode()
    assert "请梧桐里社区居委会协办" in page
    for person in (street.qian, street.wu):  # it opened nothing for others
        client.force_login(person)
        assert send(client, filed, lead=committee).status_code in {404, 422}


def test_what_is_on_neither_list_offers_nothing(client, street):
    DutyItem.objects.create(category=loop.category(), area=street.community, role="none")
    issue = loop.to_state(street, "filed")
    client.force_login(street.sun)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "不在社区职责清单上" in page
    assert "只协办" not in page
    send(client, issue, lead=street.property_company.pk, assist_only=street.committee.pk)
    assert not CoHandling.objects.exists()


def test_the_tables_helpers_are_ticked(client, street):
    write(street, organization=street.office, assists=[street.property_company])
    issue = loop.to_state(street, "filed")
    client.force_login(street.chen)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "请谁协办" in page
    send(client, issue, lead=street.office.pk, assists=[street.property_company.pk])
    assert CoHandling.objects.get().organization == street.property_company
    # Who is made lead needs no grant any more.
    handling.advance(
        issue, "redirect", by=street.chen, lead=street.property_company, reason="由物业办"
    )
    assert not issue.cohandlings.in_force().exists()


def test_strangers_cannot_be_called(street, filed):
    with pytest.raises(NotACandidate):
        handling.advance(
            filed,
            "dispatch",
            by=street.sun,
            lead=street.property_company,
            assists=[street.committee_elsewhere],
        )
    assert filed.cohandlings.count() == 0


def test_an_arbitration_meets_the_gate(client, street):
    issue = loop.to_state(street, "returned")
    DutyItem.objects.create(category=loop.category(), area=street.community, role="none")
    client.force_login(street.chen)
    given = {"verb": "arbitrate", "lead": street.committee.pk, "reason": "请社区办"}
    answer = client.post(issue.get_absolute_url(), given)
    assert answer.status_code == 422
    assert "不在社区职责清单上" in answer.content.decode()
    with pytest.raises(responsibilities.NotOnDutyList):
        handling.advance(
            issue, "arbitrate", by=street.chen, lead=street.committee, reason="请社区办"
        )
