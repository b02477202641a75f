"""The responsibility table and the communities' duty list: what they say, and the gate."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from grids import dispatch, handling, responsibilities
from grids.models import Category, DutyItem, Issue, Responsibility
from orgs.models import Organization, OrganizationKind
from rules.refusals import Refused
from tests.grids import loop

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate
FUMES = "油烟噪声"


def write(street, about="物业维修", **more):
    given = {"area": street.street, "by": street.chen, "effective_from": TODAY(), **more}
    return responsibilities.write(category=loop.category(about), **given)


def duty(kind, role, area=None):
    DutyItem.objects.update_or_create(
        category=loop.category(kind), area=area, defaults={"role": role}
    )


def lead_of(issue):
    return responsibilities.propose(issue).lead


# --- the table -----------------------------------------------------------------------------------


def test_every_category_has_a_shipped_row(street):
    rows = Responsibility.objects.in_force().filter(area=None)
    assert set(rows.values_list("category", flat=True)) == set(
        Category.objects.values_list("pk", flat=True)
    )
    for row in rows.exclude(kind="").select_related("category"):
        shown = Organization(kind=row.kind, name="某单位")
        assert responsibilities.may_lead(shown, row.category, street.grid) is True, row


def test_the_most_specific_place_wins(street):
    issue = loop.post(street)
    assert lead_of(issue) == street.property_company  # shipped, by kind
    write(street, area=street.district, organization=street.district_office, by=street.chu)
    assert lead_of(issue) == street.district_office
    write(street, area=street.community, organization=street.committee)
    assert lead_of(issue) == street.committee
    row = write(street, area=street.grid, organization=street.owners)
    proposal = responsibilities.propose(issue)
    assert (proposal.lead, proposal.row) == (street.owners, row)
    assert "第一网格" in proposal.why
    assert lead_of(loop.post(street, area=street.grid2)) == street.committee
    assert lead_of(loop.post(street, area=street.grid_elsewhere)) == street.district_office


def test_a_row_counts_from_its_day_to_its_day(street, time_machine):
    issue = loop.post(street)
    start, stop = TODAY() + timedelta(days=3), TODAY() + timedelta(days=6)
    row = write(street, organization=street.office, effective_from=start)
    responsibilities.end(row, on=stop, by=street.chen, reason="试行结束")
    seen = []
    for days in (0, 3, 5, 6):
        on = TODAY() + timedelta(days=days)
        table = responsibilities.Table([issue.category], [issue.area_path], on=on)
        seen.append(table.propose(issue.category, issue.area_path).lead)
    assert seen == [street.property_company, street.office, street.office, street.property_company]


def test_a_kind_without_a_body_there_gives_way(street):
    issue = loop.post(street, area=street.grid2)  # no property company serves it
    proposal = responsibilities.propose(issue)
    assert proposal.lead is None
    assert "没有物业服务企业" in proposal.why
    write(street, area=street.street, organization=street.office)
    write(street, area=street.community, kind=OrganizationKind.PROPERTY_COMPANY)
    proposal = responsibilities.propose(issue)
    assert proposal.lead == street.office
    assert "没有物业服务企业" in proposal.why


def test_two_bodies_of_a_kind_leave_the_choice(street):
    second = Organization.objects.create(
        kind=OrganizationKind.PROPERTY_COMPANY, name="另一家物业", area=street.community
    )
    second.served_areas.add(street.grid)
    proposal = responsibilities.propose(loop.post(street))
    assert proposal.lead is None
    assert set(proposal.several) == {second, street.property_company}


def test_a_merged_body_is_followed(street):
    write(street, area=street.grid, organization=street.department)
    Organization.objects.filter(pk=street.department.pk).update(
        closed_on=TODAY(), merged_into=street.office
    )
    assert lead_of(loop.post(street)) == street.office


def test_assists_come_from_the_row_and_from_the_duty_list(street):
    issue = loop.post(street, kind=FUMES, text="夜间烧烤油烟")  # shipped: the community assists
    assert responsibilities.propose(issue).assists == (street.committee,)
    write(street, FUMES, organization=street.department, assists=[street.office, street.department])
    assists = responsibilities.propose(issue).assists
    assert set(assists) == {street.committee, street.office}


def test_two_rows_cannot_hold_at_once(street):
    first = write(street, organization=street.office)
    with pytest.raises(responsibilities.Conflict, match="由青桐街道办事处承办"):
        write(street, organization=street.department)
    with pytest.raises(IntegrityError), transaction.atomic():
        Responsibility.objects.create(
            category=first.category,
            area=street.street,
            organization=street.department,
            effective_from=TODAY() + timedelta(days=9),
        )


def test_changing_a_row_ends_it_and_begins_another(street):
    first = write(street, organization=street.office, effective_from=TODAY())
    later = TODAY() + timedelta(days=5)
    second = write(street, organization=street.department, effective_from=later, replaces=first)
    first.refresh_from_db()
    assert (first.effective_to, second.effective_to) == (later, None)
    with pytest.raises(responsibilities.Conflict, match="才施行"):
        write(street, organization=street.office, replaces=second)
    again = write(street, organization=street.office, effective_from=later, replaces=second)
    assert list(Responsibility.objects.not_over().filter(area=street.street)) == [first, again]


def test_only_over_ones_own_places(street):
    for by, area in ((street.chen, street.district), (street.sun, street.community)):
        with pytest.raises(responsibilities.NotYours):
            write(street, area=area, organization=street.office, by=by)
    shipped = Responsibility.objects.filter(area=None).first()
    with pytest.raises(responsibilities.NotYours):
        responsibilities.end(shipped, on=TODAY(), by=street.chu, reason="不用了")


# --- the gate ------------------------------------------------------------------------------------


def test_the_most_specific_duty_wins(street):
    repairs = loop.category("物业维修")
    assert responsibilities.may_lead(street.committee, repairs, street.grid) is True
    duty("物业维修", "assist", street.street)
    assert "只能协办" in responsibilities.may_lead(street.committee, repairs, street.grid)
    duty("物业维修", "duty", street.community)
    assert responsibilities.may_lead(street.committee, repairs, street.grid) is True
    assert (
        responsibilities.may_lead(street.committee_elsewhere, repairs, street.grid_elsewhere)
        is not True
    )
    duty("物业维修", "none", street.community)
    assert "不在社区职责清单上" in responsibilities.may_lead(street.committee, repairs, street.grid)
    assert responsibilities.may_lead(street.property_company, repairs, street.grid) is True


def test_what_is_absent_is_neither(street):
    DutyItem.objects.all().delete()
    for kind in responsibilities.COMMUNITY_KINDS:
        body = Organization(kind=kind, name="某社区组织")
        answer = responsibilities.may_lead(body, loop.category(), street.grid)
        assert "不在社区职责清单上" in answer, kind


@pytest.mark.parametrize("kind", sorted(responsibilities.COMMUNITY_KINDS))
def test_no_community_body_is_sent_what_is_not_its_duty(client, street, kind):
    """By a crafted POST: the form does not offer it, the verb refuses it."""
    duty("物业维修", "assist", street.community)
    body = street.committee
    Organization.objects.filter(pk=body.pk).update(kind=kind)
    issue = loop.to_state(street, "filed")
    for person in (street.sun, street.chen):
        client.force_login(person)
        answer = client.post(issue.get_absolute_url(), {"verb": "dispatch", "lead": body.pk})
        assert answer.status_code == 422
        body.refresh_from_db()
        with pytest.raises(responsibilities.NotOnDutyList, match="只能协办"):
            handling.advance(issue, "dispatch", by=person, lead=body)
    issue.refresh_from_db()
    assert (issue.state, issue.lead) == ("filed", None)


def test_a_redirect_meets_the_gate_too(street):
    issue = loop.to_state(street, "dispatched")
    duty("物业维修", "none", street.community)
    with pytest.raises(responsibilities.NotOnDutyList):
        handling.advance(issue, "redirect", by=street.sun, lead=street.committee, reason="请社区办")


def test_a_barred_body_is_shown_with_the_reason(client, street):
    duty("物业维修", "assist", street.community)
    issue = loop.to_state(street, "filed")
    shown = {one.organization: one for one in dispatch.bodies(issue, street.sun)}
    assert "只能协办" in shown[street.committee].barred
    assert street.committee not in [
        one.organization for one in dispatch.candidates(issue, street.sun)
    ]


def test_a_row_cannot_name_a_community_for_what_it_may_not_lead(street):
    for lead in ({"kind": "residents_committee"}, {"organization": street.committee}):
        with pytest.raises(responsibilities.NotOnDutyList):
            write(street, "燃气安全", area=street.community, **lead)


def test_the_duty_list_minds_the_table(street):
    write(street, area=street.community, organization=street.committee)
    with pytest.raises(responsibilities.Conflict, match="物业维修"):
        responsibilities.set_duties(
            street.street, {loop.category(): "assist"}, by=street.chen, reason="减负"
        )
    assert not DutyItem.objects.filter(area=street.street).exists()


def test_a_duty_can_be_taken_back(street):
    repairs = loop.category()
    for role, changed in (("none", 1), ("none", 0), ("", 1), ("", 0)):
        assert changed == responsibilities.set_duties(
            street.community, {repairs: role}, by=street.chen, reason="减负"
        )
    with pytest.raises(Refused):
        responsibilities.set_duties(street.community, {repairs: "duty"}, by=street.sun, reason="")


# --- preview -------------------------------------------------------------------------------------


def test_the_preview_counts_what_would_move(street, django_assert_max_num_queries):
    for n in range(3):
        loop.post(street, text=f"楼道灯坏了第{n}盏")
    loop.post(street, area=street.grid2)
    loop.post(street, kind=FUMES, text="夜间油烟")
    loop.post(street, text="上上个月的事", at=timezone.now() - timedelta(days=40))
    row = Responsibility(
        category=loop.category(), area=street.community, organization=street.committee
    )
    with django_assert_max_num_queries(9):
        shown = responsibilities.preview(category=row.category, area=street.community, row=row)
    assert (shown.total, shown.moved) == (4, 4)
    assert [(move.count, move.before, move.after) for move in shown.moves] == [
        (3, "青桐物业服务公司", "梧桐里社区居委会"),
        (1, "由派单人选", "梧桐里社区居委会"),
    ]
    narrower = Responsibility(
        category=loop.category(), area=street.grid2, organization=street.committee
    )
    shown = responsibilities.preview(category=row.category, area=street.grid2, row=narrower)
    assert (shown.total, shown.moved) == (1, 1)
    assert Issue.objects.count() == 6


def test_the_preview_of_an_ending(street):
    row = write(street, area=street.grid, organization=street.committee)
    loop.post(street)
    shown = responsibilities.preview(
        category=row.category, area=street.grid, row=None, leaving_out=[row.pk]
    )
    assert [(move.before, move.after) for move in shown.moves] == [
        ("梧桐里社区居委会", "青桐物业服务公司")
    ]
