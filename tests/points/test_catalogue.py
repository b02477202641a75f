"""The rule catalogue: shipped once, changed by dated versions, tried out before."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from points import batches, catalogue, claims, deeds
from points.matters import ForbiddenMatter
from points.models import Cap, Rule, RuleVersion
from rules.workflow import Missing
from tests.points import claiming
from tests.points.claiming import file, rule

TOMORROW = timedelta(days=1)


def write(points, code, draft, **more):
    given = {
        "by": points.chen,
        "reason": "居民代表会议讨论通过",
        "effective_from": timezone.localdate() + TOMORROW,
        **more,
    }
    return catalogue.write_version(rule(points, code), draft, **given)


def test_twenty_five_rules_are_shipped_once(points):
    assert Rule.objects.filter(area=points.street).count() == 25
    before = list(RuleVersion.objects.values_list("pk", flat=True))
    assert catalogue.ship(points.street) == 0
    assert list(RuleVersion.objects.values_list("pk", flat=True)) == before
    with pytest.raises(ValueError, match="no subdistrict"):
        catalogue.ship(points.community)
    lines = {
        version.rule.code: version
        for version in RuleVersion.objects.select_related("rule").prefetch_related("caps")
    }
    assert sorted(lines) == sorted(
        [f"P{n:02d}" for n in range(1, 23)] + [f"N{n:02d}" for n in range(1, 4)]
    )
    assert lines["P08"].amounts == [50, 80, 120, 200, 300]
    assert {(c.subject, c.window, c.limit) for c in lines["P05"].caps.all()} == {
        ("person", "day", 40),
        ("person", "month", 200),
    }
    assert lines["P07"].adults_only
    assert {code for code, v in lines.items() if v.to_household} == {
        *("P09", "P10", "P11", "P20", "P21", "P22", "N01", "N02")
    }
    for code, version in lines.items():
        assert version.certifiers or code in {"P04", "N01", "N02", "N03"}


def test_the_command_ships_to_a_subdistrict_by_its_code(street, capsys):
    call_command("ship_rules", street.street.code)
    call_command("ship_rules", street.street.code)
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "25 rules added",
        "0 rules added",
    ]
    with pytest.raises(CommandError, match="no subdistrict"):
        call_command("ship_rules", street.community.code)


def test_a_new_version_begins_on_its_day_and_the_old_one_ends_before(points):
    draft = {"amounts": [8], "caps": [{"subject": "person", "window": "month", "limit": 100}]}
    newer = write(points, "P05", draft)
    older = newer.rule.versions.get(number=1)
    assert older.effective_to == newer.effective_from - TOMORROW
    assert (newer.number, newer.amounts, newer.title) == (2, [8], older.title)
    assert [cap.limit for cap in newer.caps.all()] == [100]
    assert older.caps.count() == 2
    assert file(points).points == 10
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.filter(pk=older.pk).update(amounts=[99])
    with pytest.raises(DatabaseError), transaction.atomic():
        Cap.objects.filter(version=older).update(limit=99)


@pytest.mark.parametrize(
    ("draft", "more", "error"),
    [
        ({}, {"effective_from": timezone.localdate() - TOMORROW}, catalogue.InThePast),
        ({}, {"reason": " "}, Missing),
        ({"title": "无偿献血奖励"}, {}, ForbiddenMatter),
        ({"note": "向教会捐款100元"}, {}, ForbiddenMatter),
        ({"title": "举报邻居违规"}, {}, ForbiddenMatter),
        ({"certifiers": []}, {}, catalogue.NobodyCertifies),
        ({"amounts": []}, {}, ValidationError),
        ({"grades": ["甲", "乙"]}, {}, ValidationError),
        ({"caps": [{"subject": "person", "window": "week", "limit": 1}]}, {}, ValidationError),
    ],
)
def test_what_may_not_be_written(points, draft, more, error):
    with pytest.raises(error), transaction.atomic():
        write(points, "P05", draft, **more)
    assert rule(points, "P05").versions.count() == 1
    assert rule(points, "P05").versions.get().effective_to is None


def test_only_the_subdistrict_writes_rules(points):
    for person in (points.zhou, points.sun, points.auditor, points.wang):
        with pytest.raises(catalogue.NotEntitled):
            write(points, "P05", {"amounts": [8]}, by=person)
    first = write(points, "P05", {"amounts": [8]})
    with pytest.raises(catalogue.NotAfter):
        write(points, "P05", {"amounts": [9]})
    later = first.effective_from + TOMORROW
    assert write(points, "P05", {"amounts": [9]}, effective_from=later).number == 3


def test_a_rule_ends_on_its_last_day(points):
    p05 = rule(points, "P05")
    catalogue.end(p05, by=points.chen, last_day=timezone.localdate(), reason="试点结束")
    assert file(points, happened_on=timezone.localdate()).points == 10
    with pytest.raises(deeds.NotOpen):
        deeds.version_on(p05, timezone.localdate() + TOMORROW)


def test_a_draft_is_tried_on_last_months_claims(points):
    month = batches.last_month()
    file(points, quantity=4, happened_on=month)
    file(points, quantity=2, happened_on=month + TOMORROW)
    file(points, person=points.neighbour, quantity=1, happened_on=month + TOMORROW)
    refused = file(points, quantity=1, happened_on=month + 2 * TOMORROW)
    claims.refuse(refused, refusal_code="other", reason="不算", by=points.sun)
    p05 = rule(points, "P05")
    same = catalogue.preview(p05, {})
    assert (same.before, same.after, same.people, same.changed) == (70, 70, 0, [])
    draft = {"amounts": [10], "caps": [{"subject": "person", "window": "month", "limit": 45}]}
    tried = catalogue.preview(p05, draft)
    assert (tried.before, tried.after, tried.people) == (70, 55, 1)
    assert [(row.before, row.after) for row in tried.changed] == [(20, 5)]
    half = catalogue.preview(p05, {"amounts": [5]}, month)
    assert (half.after, half.people) == (35, 2)
    assert claiming.rule(points, "P05").versions.count() == 1


def test_trying_out_asks_as_often_for_three_claims_as_for_one(points, django_assert_num_queries):
    month = batches.last_month()
    p05 = rule(points, "P05")
    file(points, happened_on=month)
    with django_assert_num_queries(3):
        catalogue.preview(p05, {"amounts": [5]})
    file(points, happened_on=month + TOMORROW)
    file(points, happened_on=month + 2 * TOMORROW)
    with django_assert_num_queries(3):
        catalogue.preview(p05, {"amounts": [5]})


def test_an_ending_says_why_stays_and_is_never_put_off(points):
    p05, day = rule(points, "P05"), timezone.localdate() + 9 * TOMORROW
    with pytest.raises(Missing):
        catalogue.end(p05, by=points.chen, last_day=day, reason=" ")
    version = catalogue.end(p05, by=points.chen, last_day=day, reason="试点结束")
    for later in (day, day + TOMORROW):
        with pytest.raises(catalogue.EndsBefore, match=day.isoformat()):
            catalogue.end(p05, by=points.chen, last_day=later, reason="再等等")
    catalogue.end(p05, by=points.chen, last_day=day - TOMORROW, reason="提前")
    assert list(version.endings.values_list("last_day", "reason", "ended_by")) == [
        (day, "试点结束", points.chen.pk),
        (day - TOMORROW, "提前", points.chen.pk),
    ]
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        version.endings.update(reason="别的")


def test_a_rule_of_a_new_code(points):
    draft = catalogue.draft_of(rule(points, "P05").versions.get()) | {"title": "邻里调解"}
    given = {"by": points.chen, "reason": "新设", "effective_from": timezone.localdate()}
    assert catalogue.next_code(points.street) == "P23"
    version = catalogue.write_rule(points.street, "P23", draft, **given)
    assert (version.number, version.rule.kind, version.caps.count()) == (1, "earn", 2)
    assert file(points, "P23", happened_on=timezone.localdate()).points == 10
    assert catalogue.next_code(points.street) == "P24"
    for code, refusal in (
        ("P23", catalogue.CodeTaken),
        ("X1", ValidationError),
        ("P024", ValidationError),
    ):
        with pytest.raises(refusal):
            catalogue.write_rule(points.street, code, draft, **given)
    with pytest.raises(ForbiddenMatter):
        catalogue.write_rule(points.street, "P24", draft | {"title": "无偿献血"}, **given)
    with pytest.raises(catalogue.NotEntitled):
        catalogue.write_rule(points.street, "P24", draft, **given | {"by": points.zhou})
    assert not Rule.objects.filter(code="P24").exists()
