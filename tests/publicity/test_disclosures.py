"""公开: schedules, lateness written once, corrections that keep the former words."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from orgs.models import Organization
from publicity import disclosures, periods
from publicity.models import Correction, Disclosure, Schedule
from rules.workflow import Missing
from tests.publicity import board


def plan(street, **more) -> Schedule:
    given = {
        "kind": "finance",
        "area": street.community,
        "organization": street.committee,
        "every": "month",
        "due_day": 10,
        "starts_on": date(2026, 8, 15),
        "by": street.zhou,
        **more,
    }
    return disclosures.schedule(**given)


def owed() -> list[tuple[str, str]]:
    rows = Disclosure.objects.order_by("due_on", "period")
    return [(row.period, row.due_on.isoformat()) for row in rows]


def test_what_is_owed_comes_after_each_period_also_after_standing_still(street):
    plan(street)
    assert disclosures.make_due(date(2026, 8, 20)) == 0
    assert disclosures.make_due(date(2026, 11, 3)) == 3
    # 10 Oct is a worked Saturday; nothing moves
    assert owed() == [
        ("2026-08", "2026-09-10"),
        ("2026-09", "2026-10-10"),
        ("2026-10", "2026-11-10"),
    ]
    assert disclosures.make_due(date(2026, 11, 30)) == 0
    assert disclosures.make_due(date(2026, 12, 1)) == 1


@pytest.mark.parametrize(
    ("every", "rows"),
    [
        ("quarter", [("2026-Q3", "2026-10-10"), ("2026-Q4", "2027-01-11")]),
        ("half_year", [("2026-H2", "2027-01-11")]),
    ],
)
def test_quarters_and_half_years_and_a_due_day_on_a_sunday(street, every, rows):
    plan(street, every=every)
    for day in (date(2026, 9, 1), date(2026, 10, 2), date(2026, 12, 31), date(2027, 1, 4)):
        disclosures.make_due(day)
    assert owed() == rows


def test_once_and_stopped(street):
    plan(street, every="once", due_on=date(2026, 9, 30))
    other = plan(street, kind="community_affairs")
    disclosures.stop(other, by=street.zhou, on=date(2026, 9, 30))
    disclosures.make_due(date(2026, 12, 1))
    assert owed() == [
        ("2026-08", "2026-09-10"),
        ("2026-09-30", "2026-09-30"),
        ("2026-09", "2026-10-10"),
    ]
    with pytest.raises(Missing):
        plan(street, kind="party_affairs", every="once")


def test_one_schedule_that_fails_holds_up_no_other(street, monkeypatch):
    broken = plan(street)
    plan(street, kind="party_affairs")
    make = disclosures._make

    def fail_for_one(one, today):
        if one.pk == broken.pk:
            raise RuntimeError("a calendar that cannot be read")
        return make(one, today)

    monkeypatch.setattr(disclosures, "_make", fail_for_one)
    assert disclosures.make_due(date(2026, 9, 2)) == 1
    monkeypatch.undo()
    assert disclosures.make_due(date(2026, 9, 2)) == 1


def test_the_same_schedule_once_and_only_over_ones_place(street):
    first = plan(street)
    assert plan(street) == first
    with pytest.raises(disclosures.ScheduleExists):
        plan(street, due_day=5)
    with pytest.raises(disclosures.NotEntitled):
        plan(street, kind="party_affairs", by=street.li)


def test_reminded_once_then_late_once_and_never_better(street):
    plan(street, starts_on=date(2026, 10, 1))
    disclosures.make_due(date(2026, 11, 2))
    row = Disclosure.objects.get()
    assert disclosures.remind(date(2026, 11, 6)) == 0
    assert [disclosures.remind(date(2026, 11, 7)) for _again in range(2)] == [1, 0]
    assert board.told(street.sun) == ["待公开：财务公开（2026年10月）"]
    assert board.told(street.chen) == []

    assert disclosures.mark_late(date(2026, 11, 10)) == 0
    assert [disclosures.mark_late(date(2026, 11, 14)) for _again in range(2)] == [1, 0]
    row.refresh_from_db()
    assert row.is_late is True
    title = "逾期未公开：财务公开（2026年10月）"
    assert [board.told(who).count(title) for who in (street.zhou, street.chen)] == [1, 1]

    row = board.disclosure(street, period="2026-10", at=board.at("2026-11-16 09:00"))
    assert (row.is_late, row.published_on) == (True, date(2026, 11, 16))
    for change in ({"is_late": False}, {"due_on": date(2026, 12, 1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Disclosure.objects.filter(pk=row.pk).update(**change)


@pytest.mark.parametrize(("day", "is_late"), [("10 23:30", False), ("11 00:10", True)])
def test_on_time_until_midnight_even_if_no_beat_ran(street, day, is_late):
    plan(street)
    row = board.disclosure(street, organization=None, at=board.at(f"2026-10-{day}"))
    assert (row.due_on, row.is_late) == (date(2026, 10, 10), is_late)
    assert row.organization == street.committee
    assert disclosures.mark_late(date(2026, 12, 1)) == 0


def test_published_once_per_period(street):
    first = board.disclosure(street)
    assert first.is_late is False  # nothing was owed
    assert board.disclosure(street) == first
    with pytest.raises(disclosures.AlreadyPublished, match="2026年9月"):
        board.disclosure(street, title="另一份")
    with pytest.raises(disclosures.NotEntitled):
        board.disclosure(street, period="2026-10", by=street.wang)
    with pytest.raises(ValueError, match="0 schedules"):
        board.disclosure(street, period="2026-10", organization=None)
    # another body discloses the same for the same place
    assert board.disclosure(street, organization=street.property_company).pk != first.pk


def test_a_correction_keeps_the_former_words(street):
    row = board.disclosure(street)
    given = {"what": "公益活动金额", "why": "漏记一张发票", "by": street.zhou}
    table = {"columns": ["项目", "金额（元）"], "rows": [["公益活动", "380"]]}
    disclosures.correct(row, table=table, seen_version=1, **given)
    row.refresh_from_db()
    assert (row.version, row.table["rows"]) == (2, [["公益活动", "380"]])
    kept = Correction.objects.get()
    assert (kept.version, kept.table_before["rows"]) == (1, [["公益活动", "320"]])
    assert kept.by == street.zhou

    with pytest.raises(disclosures.CorrectedMeanwhile):
        disclosures.correct(row, text="又改", seen_version=1, **given)
    with pytest.raises(disclosures.NothingChanged):
        disclosures.correct(row, table=table, **given)
    with pytest.raises(Missing):
        disclosures.correct(row, text="又改", **{**given, "why": " "})
    with pytest.raises(disclosures.NotEntitled):
        disclosures.correct(row, text="又改", **{**given, "by": street.wang})
    with pytest.raises(DatabaseError), transaction.atomic():
        Disclosure.objects.filter(pk=row.pk).update(text="悄悄改")
    with pytest.raises(DatabaseError), transaction.atomic():
        Correction.objects.filter(pk=kept.pk).update(why="别的")


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_one_period_at_once(street, together):
    answers = together(
        lambda: board.disclosure(street, title="甲"), lambda: board.disclosure(street, title="乙")
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyPublished", "Disclosure"]


def test_two_communities_that_merge_bring_their_disclosures_along(street):
    from orgs import areas

    board.disclosure(street)
    plan(street)
    other = Organization.objects.get(pk=street.committee_elsewhere.pk)
    board.disclosure(street, area=street.elsewhere, organization=other, by=street.chen)
    areas.merge(street.elsewhere, street.community, by=street.chen, reason="合并社区")
    assert Disclosure.objects.filter(area=street.community).count() == 2
    assert areas.strayed() == {}


@pytest.mark.parametrize(
    ("code", "label", "first"),
    [
        ("2026-10", "2026年10月", date(2026, 10, 1)),
        ("2026-Q3", "2026年第3季度", date(2026, 7, 1)),
        ("2026-H2", "2026年下半年", date(2026, 7, 1)),
        ("2026-11-24", "2026年11月24日", date(2026, 11, 24)),
        ("2026-13", "2026年13月", None),
        ("换届", "换届", None),
    ],
)
def test_periods(code, label, first):
    assert (periods.label(code), periods.begins(code)) == (label, first)


def test_what_can_be_chosen():
    assert periods.recent(date(2026, 1, 8)) == [
        "2025-12", "2025-11", "2025-10", "2025-Q4", "2025-Q3", "2025-H2", "2026-01-08",
    ]  # fmt: skip
