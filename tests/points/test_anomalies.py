"""What deserves a second look is found with its reason, and what is in order is left alone."""

import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.cache import cache

from orgs import posts
from orgs.positions import Position
from points import anomalies, batches, claims
from points.models import Claim, ClaimEvidence
from rules.models import RuleProfile
from tests import cast
from tests.points import claiming
from tests.points.claiming import certified


@pytest.fixture
def month(points):
    cache.clear()
    points.month = batches.last_month()
    points.day = points.month + timedelta(days=9)
    return points


def found_in(points) -> anomalies.Found:
    return anomalies.look(batches.open(points.community, points.month))


def codes(found, claim) -> list[str]:
    return [one.code for one in found.get(claim.pk, [])]


def picture(points, *claims_, digest="a" * 64) -> ClaimEvidence:
    photo = ClaimEvidence.objects.create(
        draft_key=uuid.uuid4(), uploaded_by=points.wang, width=4, height=3, digest=digest
    )
    photo.claims.add(*claims_)
    return photo


def test_an_ordinary_month_has_no_flag(month):
    certified(month, quantity=3, happened_on=month.day)
    certified(month, "P14", happened_on=month.day, certifier=month.he)
    certified(month, person=month.neighbour, happened_on=month.day)
    assert found_in(month) == {}


def test_too_many_hours_on_one_day(month):
    first = certified(month, quantity=4, happened_on=month.day)
    second = certified(
        month, "P07", quantity=5, happened_on=month.day, source="leader", by=month.worker2
    )
    other = certified(month, quantity=4, happened_on=month.day + timedelta(days=1))
    found = found_in(month)
    (one,) = found[first.pk]
    assert (one.code, one.claims) == ("speed", (second.pk,))
    assert one.words == "当天服务时间合计 9 小时，超过 8 小时"
    assert codes(found, second) == ["speed"]
    assert codes(found, other) == []


def test_too_many_claims_on_one_day(month):
    rules = ("P01", "P05", "P14", "P15", "P18")
    made = [certified(month, code, happened_on=month.day, quantity=1) for code in rules]
    found = found_in(month)
    assert [codes(found, claim) for claim in made] == [["speed"]] * 5
    assert "5 项" in found[made[0].pk][0].words


def test_the_same_pair_again_and_again(month):
    last = certified(month, "P17", partner=month.neighbour, happened_on=month.day, quantity=1)
    visits = [last.pk]
    for back in (15, 30, 45, 60, 75):
        last.pk, last._state.adding = None, True
        last.happened_on = month.day - timedelta(days=back)
        last.save()
        visits.append(last.pk)
    found = found_in(month)
    (one,) = found[visits[0]]
    assert (one.code, one.words) == ("pair", "同一对人 90 天内第 6 次")
    assert set(one.claims) <= set(visits[1:])
    assert set(found) == {visits[0]}  # the fifth was no matter yet


def test_who_certifies_each_other(month):
    claiming.live(month.he, month.home2, month.li)
    claiming.live(month.sun, month.home, month.li)
    certified(month, "P14", person=month.he, happened_on=month.day, certifier=month.sun)
    back = certified(month, "P14", person=month.sun, happened_on=month.day, certifier=month.he)
    words = [one.words for one in found_in(month)[back.pk] if one.code == "pair"]
    assert words == ["与认证人互相认证：对方的 1 项由其认证"]


def test_staff_and_their_households(month):
    claiming.live(month.he, month.home2, month.li)
    his = certified(month, "P14", person=month.he, happened_on=month.day)
    beside = certified(month, "P14", person=month.neighbour, happened_on=month.day)
    other = certified(month, "P14", happened_on=month.day)
    far = cast.person("外职", "10000777777")
    posts.appoint(
        far,
        month.committee_elsewhere,
        Position.COMMITTEE_MEMBER,
        starts_on=cast.LONG_AGO,
        reason="测试任命",
    )
    claiming.live(far, month.home, month.li)
    found = found_in(month)
    assert found[his.pk][0].words == "受益人是居委会委员"
    assert found[beside.pk][0].words == "同住的家人是居委会委员"
    assert codes(found, other) == []  # a post in the next community is no matter here


def test_the_same_photo_sent_twice_but_not_a_list_with_one(month):
    one = certified(month, happened_on=month.day)
    two = certified(month, person=month.neighbour, happened_on=month.day)
    listed = claims.file_for(
        claiming.rule(month, "P14"),
        [month.wang, month.neighbour],
        happened_on=month.day,
        by=month.worker2,
        text="培训",
    ).claims
    for claim in listed:
        claims.certify(claim, by=month.sun)
    picture(month, *listed, digest="b" * 64)
    picture(month, one)
    assert found_in(month) == {}
    picture(month, two)
    found = anomalies.look(batches.open(month.community, month.month))
    assert found[one.pk][0].words == f"同一张照片还用于编号 {two.pk}"
    assert found[two.pk][0].claims == (one.pk,)
    assert set(found) == {one.pk, two.pk}


def test_caps_that_cut_and_caps_nearly_used_up(month):
    whole = certified(month, quantity=3, happened_on=month.day)
    cut = certified(month, quantity=3, happened_on=month.day)
    small = [
        certified(month, "P15", person=month.neighbour, happened_on=month.day + timedelta(days=at))
        for at in range(3)
    ]
    found = found_in(month)
    assert found[cut.pk][0].words == "应得 30 分，因上限计 10 分"
    assert codes(found, small[0]) == []  # 36 of 48
    assert codes(found, whole) == []
    last = certified(
        month, "P15", person=month.neighbour, happened_on=month.day + timedelta(days=3)
    )
    found = found_in(month)
    assert found[last.pk][0].words == "每人每月最多 48 分，已计 48 分"
    assert codes(found, small[0]) == ["cap"]


def test_kept_for_a_while_and_looked_at_anew_on_demand(month):
    one = certified(month, happened_on=month.day)
    batch = batches.open(month.community, month.month)
    assert anomalies.of_batch(batch) == {}
    Claim.objects.filter(pk=one.pk).update(points=1)
    assert anomalies.of_batch(batch) == {}
    assert codes(anomalies.of_batch(batch, anew=True), one) == ["cap"]
    assert codes(anomalies.of_batch(batch), one) == ["cap"]


def test_the_thresholds_are_those_of_the_place(month):
    first = certified(month, quantity=3, happened_on=month.day)
    certified(month, "P14", happened_on=month.day, certifier=month.he)
    assert codes(found_in(month), first) == []
    profile = RuleProfile.objects.get(code="POINTS")
    flags = {**profile.params["flags"], "day_claims": 1, "day_hours": 2}
    RuleProfile.objects.create(
        code="POINTS",
        place=month.street.code,
        title="本街道",
        legal_basis="街道积分办法",
        effective_from=claiming.days_ago(5),
        params={**profile.params, "flags": flags},
    )
    words = [one.words for one in found_in(month)[first.pk]]
    assert words == ["当天服务时间合计 3 小时，超过 2 小时", "当天申报 2 项，超过 1 项"]


def test_a_profile_in_use_gets_a_successor_with_the_thresholds(db):
    complete = import_module("rules.migrations.0008_points_flags").complete
    profile = RuleProfile.objects.get(code="POINTS")
    old = {name: v for name, v in profile.params.items() if name not in {"flags", "expiry_mode"}}
    RuleProfile.objects.filter(pk=profile.pk).update(params=old)
    profile.refresh_from_db()
    profile.freeze()
    complete(apps, None)
    complete(apps, None)
    kept, successor = RuleProfile.objects.filter(code="POINTS").order_by("effective_from")
    assert (kept.params, kept.effective_to) == (old, successor.effective_from)
    assert successor.effective_to is None
    assert successor.params["expiry_mode"] == "months"
    assert anomalies.Flags(**successor.params["flags"]) == anomalies.Flags()
