"""Objections by hand, and claims left to the next batch, through the secretary's page."""

import pytest
from django.urls import reverse
from django.utils import timezone

from points import batches
from points.models import BatchState, PanelMember
from publicity import notices
from tests.browser import assert_valid_html
from tests.points import claiming
from tests.points.claiming import certified


@pytest.fixture
def month(points):
    """Two claims of last month, to be decided."""
    points.month = batches.last_month()
    points.first = certified(points, quantity=2, happened_on=points.month)
    points.second = certified(
        points, "P14", happened_on=points.month, text="反诈培训", certifier=points.he
    )
    points.batch = batches.open(points.community, points.month)
    return points


@pytest.fixture
def noticed(month):
    """The list hangs; 罗, who lives next door, may object."""
    month.luo = claiming.resident(month, "罗居民")
    batches.approve(month.batch, [month.first.pk, month.second.pk], by=month.zhou)
    batches.close_decisions(month.batch, by=month.zhou)
    for someone in (month.he, month.neighbour, month.jian, month.gao):
        seat(month, someone)
        batches.sign(month.batch, by=someone)
    batches.publish(month.batch, by=month.zhou)
    return month


def seat(points, person) -> None:
    """高 signs where 何 has certified: a seat for who has none."""
    if not PanelMember.objects.filter(person=person).exists():
        PanelMember.objects.create(
            area=points.community,
            person=person,
            role="member",
            starts_on=claiming.days_ago(200),
            seated_by=points.zhou,
        )


def page_of(batch) -> str:
    return reverse("points:batch", args=[batch.pk])


def contest(client, person, batch, *claims, status=302):
    client.force_login(person)
    answer = client.post(
        reverse("points:contest", args=[batch.pk]), {"claim": [claim.pk for claim in claims]}
    )
    assert answer.status_code == status
    return answer.content.decode()


def carry(client, person, batch, *claims, reason="佐证待补", status=302):
    client.force_login(person)
    data = {"verb": "carry", "claim": [claim.pk for claim in claims], "reason": reason}
    answer = client.post(reverse("points:decide", args=[batch.pk]), data | {"seen": 10**9})
    assert answer.status_code == status
    return answer.content.decode()


def states(*claims) -> list[str]:
    for claim in claims:
        claim.refresh_from_db()
    return [claim.state for claim in claims]


# --- objections ----------------------------------------------------------------------------------


def test_what_an_objection_means_without_numbers_is_marked_by_hand(client, noticed):
    batch, first, second = noticed.batch, noticed.first, noticed.second
    refused = contest(client, noticed.zhou, batch, first, status=422)
    assert "当前状态为“公示中”，不能“列为有异议”" in refused
    assert states(first) == ["noticed"]
    notices.object(batch.notice, by=noticed.luo, text="王家那天没有参加清扫")
    batch.refresh_from_db()
    assert (batch.state, states(first, second)) == (BatchState.OBJECTED, ["noticed", "noticed"])
    assert "没有选中任何一项" in contest(client, noticed.zhou, batch, status=422)
    contest(client, noticed.zhou, batch, first)
    assert states(first, second) == ["objected", "noticed"]
    step = first.steps.last()
    assert (step.verb, step.actor) == ("contest", noticed.zhou)
    shown = client.get(f"{page_of(batch)}?show=contested").content.decode()
    assert_valid_html(shown)
    assert f"correct={first.pk}" in shown
    assert f"correct={second.pk}" not in shown
    assert "没有选中任何一项" in contest(client, noticed.zhou, batch, first, status=422)  # twice
    client.force_login(noticed.wang)
    own = client.get(first.get_absolute_url()).content.decode()
    assert "公示中有异议" in own
    assert noticed.luo.name not in own


def test_numbers_in_the_words_mark_by_themselves(client, noticed):
    notices.object(noticed.batch.notice, by=noticed.luo, text=f"编号{noticed.second.pk}没有办过")
    assert states(noticed.first, noticed.second) == ["noticed", "objected"]


def test_who_does_not_decide_marks_nothing(client, noticed):
    notices.object(noticed.batch.notice, by=noticed.luo, text="都不对")
    for someone in (noticed.sun, noticed.luo, noticed.wang, noticed.zhao):
        contest(client, someone, noticed.batch, noticed.first, status=404)
    assert states(noticed.first) == ["noticed"]


def test_a_number_of_another_batch_marks_nothing(client, noticed):
    notices.object(noticed.batch.notice, by=noticed.luo, text="都不对")
    other = certified(noticed, person=noticed.neighbour, happened_on=claiming.today())
    contest(client, noticed.zhou, noticed.batch, other, status=422)
    assert states(other) == ["certified"]


def test_a_struck_claim_is_not_paid_and_its_person_may_appeal(client, noticed):
    batch, first = noticed.batch, noticed.first
    notices.object(batch.notice, by=noticed.luo, text=f"编号{first.pk}没有参加")
    client.force_login(noticed.zhou)
    answer = client.post(
        reverse("points:correct", args=[batch.pk, first.pk]),
        {"outcome": "refuse", "refusal_code": "not_so", "reason": "签到表上没有"},
    )
    assert answer.status_code == 302
    assert states(first) == ["refused"]
    client.force_login(noticed.wang)
    answer = client.post(
        reverse("points:claim_appeal", args=[first.pk]), {"reason": "那天在二组，签到在另一张"}
    )
    assert answer.status_code == 302
    assert states(first) == ["appealed"]


# --- left to the next batch ----------------------------------------------------------------------


def test_a_claim_is_left_to_the_next_batch_with_a_reason(client, month):
    batch, first, second = month.batch, month.first, month.second
    shown = carry(client, month.zhou, batch, first, reason="", status=422)
    assert_valid_html(shown)
    assert states(first) == ["batched"]
    assert "没有选中任何一项" in carry(client, month.zhou, batch, status=422)
    carry(client, month.zhou, batch, first)
    assert states(first, second) == ["certified", "batched"]
    assert first.batch is None
    step = first.steps.last()
    assert (step.verb, step.reason, step.actor) == ("carry", "佐证待补", month.zhou)
    client.force_login(month.wang)
    own = client.get(first.get_absolute_url()).content.decode()
    assert "转入下一批" in own
    assert "佐证待补" in own
    # The month it is taken into is another one, and there it is decided like any other.
    batches.start_deciding(batch, by=None)
    following = batches.open(month.community, timezone.localdate().replace(day=1))
    assert following != batch
    assert (states(first), first.batch) == (["batched"], following)


def test_an_approved_claim_is_carried_without_its_approval(client, month):
    batches.approve(month.batch, [month.first.pk], by=month.zhou)
    carry(client, month.gao, month.batch, month.first)
    month.first.refresh_from_db()
    assert (month.first.decision, month.first.approver) == ("", None)


def test_nothing_is_carried_from_under_a_notice_nor_by_others(client, noticed):
    shown = carry(client, noticed.zhou, noticed.batch, noticed.first, status=422)
    assert "当前状态为“公示中”，不能“转入下一批”" in shown
    assert states(noticed.first) == ["noticed"]
    for someone in (noticed.sun, noticed.wang, noticed.zhao):
        carry(client, someone, noticed.batch, noticed.first, status=404)
