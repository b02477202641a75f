from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery.signals import task_postrun, task_prerun
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from hypothesis import given
from hypothesis import strategies as st

from rules import calendar
from rules.calendar import Days, official
from rules.models import CalendarNotice, WorkingDayOverride

SHANGHAI = ZoneInfo("Asia/Shanghai")
BUILT_IN = Days({})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def days_of(text: str, year: int) -> set[date]:
    """ "01-28…02-04; 04-04" → dates, as the domain table writes them."""
    found = set()
    for part in text.split(";"):
        first, _, last = part.strip().partition("…")
        begin = date.fromisoformat(f"{year}-{first}")
        if len(last) == 2:
            last = f"{first[:2]}-{last}"
        end = date.fromisoformat(f"{year}-{last}") if last else begin
        found |= {begin + timedelta(days=n) for n in range((end - begin).days + 1)}
    return found


TABLE = {
    2025: (
        "01-01; 01-28…02-04; 04-04…06; 05-01…05; 05-31…06-02; 10-01…08",
        "01-26; 02-08; 04-27; 09-28; 10-11",
    ),
    2026: (
        "01-01…03; 02-15…23; 04-04…06; 05-01…05; 06-19…21; 09-25…27; 10-01…07",
        "01-04; 02-14; 02-28; 05-09; 09-20; 10-10",
    ),
}


@pytest.mark.parametrize("year", TABLE)
def test_every_day_of_the_year_is_as_the_state_council_said(year):
    off, worked = (days_of(text, year) for text in TABLE[year])
    day = date(year, 1, 1)
    while day.year == year:
        expected = day in worked or (day not in off and day.weekday() < 5)
        assert BUILT_IN.works(day) is expected, day
        day += timedelta(days=1)


def test_five_working_days_over_a_worked_sunday():
    received = date(2026, 9, 18)
    walked = [BUILT_IN.add_days(received, n) for n in range(1, 6)]
    assert walked == [date(2026, 9, day) for day in (20, 21, 22, 23, 24)]


def test_five_working_days_over_the_national_holiday():
    received = date(2026, 9, 30)
    walked = [BUILT_IN.add_days(received, n) for n in range(1, 6)]
    assert walked == [date(2026, 10, day) for day in (8, 9, 10, 12, 13)]


def test_thirty_natural_days_roll_over_the_spring_festival(db):
    assert calendar.add_natural_days(date(2026, 1, 17), 30) == date(2026, 2, 24)


def test_natural_days_stay_on_a_working_day(db):
    assert calendar.add_natural_days(date(2026, 3, 2), 7) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2026, 3, 31), 3, date(2026, 6, 30)),  # no 31 June
        (date(2025, 12, 16), 2, date(2026, 2, 24)),  # 16 February is Spring Festival
        (date(2025, 11, 30), 3, date(2026, 2, 28)),  # a worked Saturday
        (date(2026, 1, 5), -1, date(2025, 12, 5)),
    ],
)
def test_months_end_on_the_same_date_or_the_last(db, start, months, expected):
    assert calendar.add_months(start, months) == expected


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2026-03-02T08:30", 120, "2026-03-02T10:30"),
        ("2026-03-02T11:00", 120, "2026-03-02T15:00"),  # over lunch
        ("2026-03-02T10:00", 120, "2026-03-02T12:00"),  # noon, not two o'clock
        ("2026-03-02T03:00", 30, "2026-03-02T09:00"),  # before opening
        ("2026-03-06T17:00", 60, "2026-03-09T09:00"),  # over a weekend
        ("2026-03-06T23:59", 60, "2026-03-09T09:30"),
        ("2026-02-14T17:00", 60, "2026-02-24T09:00"),  # worked Saturday, then the festival
        ("2026-12-31T17:00", 60, "2027-01-04T09:00"),  # year end
        ("2026-03-09T09:00", -60, "2026-03-06T17:00"),
    ],
)
def test_working_minutes(db, start, minutes, expected):
    assert calendar.add_working_minutes(at(start), minutes) == at(expected)


def test_a_full_day_has_seven_hours(db):
    assert calendar.working_minutes_between(at("2026-03-02T00:00"), at("2026-03-03T00:00")) == 420
    assert calendar.working_minutes_between(at("2026-03-03T00:00"), at("2026-03-02T00:00")) == -420


def test_a_datetime_keeps_its_hour(db):
    assert calendar.add_working_days(at("2026-09-18T16:00"), 5) == at("2026-09-24T16:00")


def test_hours_come_from_the_settings(db, settings):
    settings.WORKING_HOURS = "09:00-12:00, 13:00-18:00"
    assert calendar.working_day_length() == timedelta(hours=8)
    assert calendar.add_working_minutes(at("2026-03-02T11:30"), 60) == at("2026-03-02T13:30")


@pytest.mark.parametrize(
    "nonsense", ["8-12", "12:00-08:30", "08:30-12:00,11:00-17:30", "08:30", "上午"]
)
def test_nonsense_hours_are_refused(settings, nonsense):
    settings.WORKING_HOURS = nonsense
    with pytest.raises(ImproperlyConfigured, match="WORKING_HOURS"):
        calendar.working_hours()


# --- overrides ------------------------------------------------------------


def test_an_override_wins_both_ways(db):
    WorkingDayOverride.objects.create(day=date(2026, 10, 1), works=True, source="试")
    WorkingDayOverride.objects.create(day=date(2026, 3, 3), works=False, source="试")
    assert calendar.is_working_day(date(2026, 10, 1))
    assert not calendar.is_working_day(date(2026, 3, 3))
    assert calendar.add_working_days(date(2026, 3, 2), 1) == date(2026, 3, 4)


def test_outside_of_a_request_an_edit_is_seen_at_once(db):
    day = date(2026, 3, 3)
    assert calendar.is_working_day(day)
    WorkingDayOverride.objects.create(day=day, works=False, source="试")
    assert not calendar.is_working_day(day)


def test_a_request_reads_the_table_once_and_the_next_reads_again(db, django_assert_num_queries):
    day = date(2026, 3, 3)
    calendar.open_scope()
    with django_assert_num_queries(1):
        for _row in range(100):
            assert calendar.is_working_day(day)
    WorkingDayOverride.objects.create(day=day, works=False, source="试")
    calendar.close_scope()

    calendar.open_scope()
    assert not calendar.is_working_day(day)
    calendar.close_scope()


def test_requests_and_tasks_open_and_close_their_reading():
    for begins in (request_started, task_prerun):
        assert _listens(begins, "rules.calendar.open")
    for ends in (request_finished, task_postrun):
        assert _listens(ends, "rules.calendar.close")


def _listens(signal, name: str) -> bool:
    return any(name in str(key) for key, *_rest in signal.receivers)


def test_a_page_without_terms_asks_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        calendar.open_scope()
        calendar.close_scope()


def test_2027_is_provisional_until_its_notice_is_recorded(db):
    assert not calendar.is_provisional(2026)
    assert calendar.is_provisional(2027)
    part = CalendarNotice.objects.create(year=2027, source="试", is_complete=False)
    assert calendar.is_provisional(2027)
    part.delete()
    notice = CalendarNotice.objects.create(year=2027, source="国办发明电", is_complete=True)
    assert not calendar.is_provisional(2027)
    notice.undone_at = datetime.now(SHANGHAI)
    notice.save()
    assert calendar.is_provisional(2027)


def test_the_forecast_of_2027_rests_on_the_holidays_of_the_law():
    assert len(official(2027).statutory) == 13
    assert not BUILT_IN.works(date(2027, 10, 1))


def test_every_announced_year_has_its_statutory_days():
    for year in (2025, 2026):
        assert official(year).is_announced
        assert len(official(year).statutory) == 13, year


def test_the_month_grid_begins_on_monday():
    weeks = calendar.month_grid(2026, 10, BUILT_IN)
    assert [cell and cell.day.day for cell in weeks[0]] == [None, None, None, 1, 2, 3, 4]
    assert weeks[0][3].name == "国庆节"
    assert [cell.day.day for cell in weeks[1] if cell.works] == [8, 9, 10]
    assert weeks[1][5].name == "调休上班"
    assert len({len(week) for week in weeks}) == 1


# --- properties ------------------------------------------------------------

moments = st.integers(0, 73_000_000).map(  # seconds: November 2024 to February 2027
    lambda seconds: at("2024-11-01T00:00") + timedelta(seconds=seconds)
)
calendars = st.dictionaries(
    st.dates(date(2025, 12, 20), date(2026, 3, 1)), st.booleans(), max_size=20
).map(Days)
amounts = st.integers(1, 20_000).map(lambda minutes: timedelta(minutes=minutes))


@given(calendars, moments, moments, moments)
def test_working_time_is_additive(days, a, b, c):
    assert days.time_between(a, b) + days.time_between(b, c) == days.time_between(a, c)


@given(calendars, moments, amounts)
def test_adding_takes_exactly_that_much_working_time(days, start, amount):
    end = days.add_time(start, amount)
    assert days.time_between(start, end) == amount
    assert days.time_between(start, end - timedelta(seconds=1)) < amount  # the first such instant


@given(calendars, moments, amounts)
def test_subtracting_undoes_adding(days, start, amount):
    back = days.add_time(days.add_time(start, amount), -amount)
    assert days.time_between(start, back) == timedelta()
    works_now = any(opens <= start < closes for opens, closes in days.spans(start.date()))
    if works_now:
        assert back == start


@given(calendars, moments, amounts, amounts)
def test_more_time_never_ends_earlier(days, start, one, more):
    assert days.add_time(start, one) < days.add_time(start, one + more)
    assert days.add_time(days.add_time(start, one), more) == days.add_time(start, one + more)


@given(calendars, st.dates(date(2025, 11, 1), date(2027, 2, 1)), st.integers(1, 60))
def test_working_days_are_counted_without_the_first(days, start, n):
    end = days.add_days(start, n)
    assert days.works(end)
    assert days.days_between(start, end) == n
    assert days.days_between(end, start) == -n
    if days.works(start):
        assert days.add_days(end, -n) == start


@given(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.integers(0, 400))
def test_rolling_never_ends_on_a_rest_day(start, n):
    end = BUILT_IN.next_working(start + timedelta(days=n))
    assert BUILT_IN.works(end)
    assert end >= start + timedelta(days=n)
    between = (end - start).days - n
    assert not any(BUILT_IN.works(start + timedelta(days=n + k)) for k in range(between))
