from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError
from django.dispatch import Signal
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rules import calendar, clocks, profiles
from rules.models import Clock, Pause, Unit, WorkingDayOverride
from tests.rules.test_calendar import at, moments

MONDAY = "2026-03-02"


@pytest.fixture
def running(db):
    """Three working days from Monday ten o'clock: due Thursday, end of business."""
    return clocks.start(Unit.WORKING_DAYS, 3, at=at(f"{MONDAY}T10:00"))


# --- due ------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "amount", "start", "due"),
    [
        ("working_days", 5, "2026-09-18T16:00", "2026-09-24T17:30"),
        ("working_days", 5, "2026-09-30T16:00", "2026-10-13T17:30"),
        ("working_days", 1, "2026-12-31T20:00", "2027-01-04T17:30"),
        ("natural_days", 30, "2026-01-17T09:00", "2026-02-24T23:59:59.999999"),
        ("natural_days", 7, "2026-03-02T09:00", "2026-03-09T23:59:59.999999"),
        ("working_minutes", 120, "2026-03-06T16:30", "2026-03-09T09:30"),
        ("minutes", 1440, "2026-09-30T16:00", "2026-10-01T16:00"),
    ],
)
def test_when_a_term_ends(db, unit, amount, start, due):
    assert clocks.start(unit, amount, at=at(start)).due_at == at(due)


def test_words_of_a_term():
    assert clocks.describe("working_days", 3) == "3个工作日"
    assert clocks.describe("working_minutes", 120) == "2个工作小时"
    assert clocks.describe("working_minutes", 90) == "90个工作分钟"
    assert clocks.describe("minutes", 1440) == "24小时"
    assert clocks.describe("natural_days", 7) == "7天"


def test_a_term_of_a_profile(db):
    profile = profiles.in_force("ISSUE-CLOCKS")
    clock = clocks.start_term(profile, "L2", at=at(f"{MONDAY}T10:00"))
    assert (clock.describe(), clock.due_at) == ("3个工作日", at("2026-03-05T17:30"))
    profile.refresh_from_db()
    assert profile.is_used
    frozen = profile.freeze()
    half = clocks.start_term(frozen, "file", at=at(f"{MONDAY}T10:00"), amount=120)
    assert (half.profile, half.due_at) == (profile, at("2026-03-02T12:00"))


def test_a_later_notice_does_not_move_a_stored_due(running):
    WorkingDayOverride.objects.create(day=date(2026, 3, 4), works=False, source="试")
    running.refresh_from_db()
    assert running.due_at == at("2026-03-05T17:30")


# --- stopping ------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "answer"), [("2026-03-05T17:30", True), ("2026-03-05T17:30:01", False)]
)
def test_the_answer_is_written_when_it_stops(running, moment, answer):
    clocks.stop(running, at=at(moment))
    running.refresh_from_db()
    assert running.on_time is answer
    assert running.stopped_at == at(moment)


def test_a_second_stop_never_improves_the_answer(running):
    clocks.stop(running, at=at("2026-03-09T09:00"))
    clocks.stop(running, at=at("2026-03-03T09:00"))
    running.refresh_from_db()
    assert (running.on_time, running.stopped_at) == (False, at("2026-03-09T09:00"))


def test_a_stopped_clock_can_neither_pause_nor_grow(running, people):
    clocks.stop(running, at=at("2026-03-03T09:00"))
    for verb in (
        lambda: clocks.pause(running, reason="等", by=people.li),
        lambda: clocks.resume(running),
        lambda: clocks.extend(running, 1, "难", people.li),
    ):
        with pytest.raises(clocks.Stopped):
            verb()


@pytest.mark.parametrize(
    "change",
    [
        {"on_time": True},
        {"due_at": at("2026-12-31T00:00"), "on_time": True},
        {"stopped_at": None, "on_time": None},
        {"amount": 9},
    ],
)
def test_the_database_itself_keeps_the_answer(running, change):
    clocks.stop(running, at=at("2026-03-09T09:00"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Clock.objects.filter(pk=running.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Clock.objects.filter(pk=running.pk).delete()
    assert Clock.objects.get(pk=running.pk).on_time is False


def test_the_database_refuses_an_untrue_answer(running):
    late = {"stopped_at": at("2026-03-09T09:00"), "on_time": True}
    with pytest.raises(IntegrityError, match="answer_is_true"), transaction.atomic():
        Clock.objects.filter(pk=running.pk).update(**late)


def test_a_cancelled_clock_counts_in_no_rate(running):
    clocks.cancel(running, "并入主件", at=at("2026-03-03T09:00"))
    running.refresh_from_db()
    assert (running.on_time, running.cancelled_reason) == (None, "并入主件")
    with pytest.raises(DatabaseError), transaction.atomic():
        Clock.objects.filter(pk=running.pk).update(cancelled_reason="另一个")


def test_cancelling_does_not_hide_a_late_clock(running):
    clocks.cancel(running, "并入主件", at=at("2026-03-09T09:00"))
    running.refresh_from_db()
    assert (running.on_time, running.cancelled_reason) == (False, "")


# --- pausing ------------------------------------------------------------


def test_a_pause_moves_the_due_by_its_working_time(running, people):
    clocks.pause(running, reason="等居民在家", by=people.li, at=at("2026-03-03T10:00"))
    assert not Clock.objects.running().exists()
    clocks.resume(running, by=people.zhao, at=at("2026-03-04T15:00"))
    # 2 + 3.5 hours of Tuesday, 3.5 + 1 of Wednesday: ten hours, a day and three hours.
    assert running.due_at == at("2026-03-09T09:00") + timedelta(hours=2, minutes=30)
    pause = Pause.objects.get()
    assert (pause.reason, pause.by, pause.ended_by) == ("等居民在家", people.li, people.zhao)
    assert pause.counted == timedelta(hours=10)


def test_a_pause_over_the_weekend_costs_nothing(running, people):
    clocks.stop(running, at=at("2026-03-03T09:00"))
    clock = clocks.start(Unit.WORKING_MINUTES, 600, at=at("2026-03-06T16:30"))
    before = clock.due_at
    clocks.pause(clock, reason="等", by=people.li, at=at("2026-03-06T18:00"))
    clocks.resume(clock, at=at("2026-03-09T08:30"))
    assert clock.due_at == before


def test_a_pause_needs_a_reason_and_a_clock_that_runs(running, people):
    with pytest.raises(clocks.ReasonMissing, match="原因"):
        clocks.pause(running, reason="  ", by=people.li, at=at("2026-03-03T10:00"))
    with pytest.raises(clocks.NotPaused):
        clocks.resume(running)
    clocks.pause(running, reason="等", by=people.li, at=at("2026-03-03T10:00"))
    with pytest.raises(clocks.AlreadyPaused):
        clocks.pause(running, reason="等", by=people.li, at=at("2026-03-03T10:05"))
    with pytest.raises(clocks.BeforeStart):
        clocks.resume(running, at=at("2026-03-03T09:00"))


def test_a_late_clock_cannot_pause(running, people):
    with pytest.raises(clocks.Overdue, match="2026-03-05 17:30"):
        clocks.pause(running, reason="等", by=people.li, at=at("2026-03-06T09:00"))
    assert not Pause.objects.exists()


def test_all_pauses_together_have_a_limit(running, people):
    clocks.pause(running, reason="一", by=people.li, max_working_days=2, at=at("2026-03-03T08:30"))
    clocks.resume(running, at=at("2026-03-04T08:30"))  # one day used
    clocks.pause(running, reason="二", by=people.li, max_working_days=2, at=at("2026-03-04T08:30"))
    assert running.pause_ends_by == at("2026-03-04T17:30")
    clocks.resume(running, at=at("2026-03-05T08:30"))
    assert running.due_at == at("2026-03-09T17:30")
    with pytest.raises(clocks.PauseUsedUp, match="2 个工作日"):
        clocks.pause(
            running, reason="三", by=people.li, max_working_days=2, at=at("2026-03-06T09:00")
        )
    with pytest.raises(clocks.BeforeStart):
        clocks.pause(running, reason="倒填", by=people.li, at=at("2026-03-03T12:00"))
    assert Pause.objects.count() == 2


def test_a_pause_nobody_ends_counts_up_to_its_limit(running, people):
    clocks.pause(running, reason="等", by=people.li, max_working_days=2, at=at("2026-03-03T08:30"))
    clocks.resume(running, at=at("2026-03-20T08:30"))  # forgotten for two weeks
    assert running.due_at == at("2026-03-09T17:30")  # Thursday and two working days, no more


def test_the_sweep_resumes_what_was_forgotten(running, people, monkeypatch):
    monkeypatch.setattr(clocks, "pause_used_up", Signal())
    clocks.pause(running, reason="等", by=people.li, max_working_days=1, at=at("2026-03-03T08:30"))
    assert clocks.resume_expired(at("2026-03-03T17:29")) == 0
    told = []
    clocks.pause_used_up.connect(lambda clock, **rest: told.append(clock), weak=False)
    assert clocks.resume_expired(at("2026-03-20T09:00")) == 1
    assert told == [running]
    running.refresh_from_db()
    assert running.is_running
    assert running.due_at == at("2026-03-06T17:30")
    assert clocks.resume_expired(at("2026-03-20T09:00")) == 0


def test_stopping_on_pause_counts_the_pause(running, people):
    clocks.pause(running, reason="等", by=people.li, at=at("2026-03-05T09:00"))
    clocks.stop(running, at=at("2026-03-12T09:00"))
    running.refresh_from_db()
    assert running.on_time is True
    assert Pause.objects.get().ended_at == at("2026-03-12T09:00")


def test_an_ended_pause_is_final(running, people):
    clocks.pause(running, reason="等", by=people.li, at=at("2026-03-03T10:00"))
    clocks.resume(running, at=at("2026-03-03T11:00"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Pause.objects.update(reason="别的")


def test_a_natural_term_pauses_in_wall_time_and_rolls(db, people):
    clock = clocks.start(Unit.NATURAL_DAYS, 4, at=at(f"{MONDAY}T09:00"))  # Friday, 24:00
    clocks.pause(clock, reason="等", by=people.li, at=at("2026-03-03T09:00"))
    clocks.resume(clock, at=at("2026-03-04T09:00"))  # one day: Saturday, so Monday
    assert clock.due_at == at("2026-03-09T23:59:59.999999")
    clocks.pause(clock, reason="等", by=people.li, at=at("2026-03-05T09:00"))
    clocks.resume(clock, at=at("2026-03-07T09:00"))  # two more: Saturday + 2 = Monday
    assert clock.due_at == at("2026-03-09T23:59:59.999999")


# --- extending ------------------------------------------------------------


def test_an_extension_comes_once_and_at_most_doubles(running, people):
    for amount in (0, 4):
        with pytest.raises(clocks.ExtensionTooLong, match="最多 3"):
            clocks.extend(running, amount, "等材料", people.li, at=at("2026-03-03T09:00"))
    clocks.extend(running, 3, "等材料", people.li, at=at("2026-03-03T09:00"))
    assert running.due_at == at("2026-03-10T17:30")
    assert running.describe() == "3个工作日（另延长3个工作日）"
    with pytest.raises(clocks.AlreadyExtended):
        clocks.extend(running, 1, "再等", people.li, at=at("2026-03-03T09:00"))


def test_a_late_clock_cannot_be_extended(running, people):
    with pytest.raises(clocks.Overdue):
        clocks.extend(running, 1, "等材料", people.li, at=at("2026-03-06T09:00"))
    with pytest.raises(clocks.ReasonMissing):
        clocks.extend(running, 1, " ", people.li, at=at("2026-03-03T09:00"))


def test_a_natural_term_extends_from_its_unrolled_end(db, people):
    clock = clocks.start(Unit.NATURAL_DAYS, 5, at=at(f"{MONDAY}T09:00"))  # Saturday → Monday
    assert clock.due_at == at("2026-03-09T23:59:59.999999")
    clocks.extend(clock, 2, "难", people.li, at=at("2026-03-03T09:00"))
    assert clock.due_at == at("2026-03-09T23:59:59.999999")  # Saturday + 2


# --- warnings ------------------------------------------------------------


def test_the_share_used_counts_the_clocks_own_time(db, people):
    clock = clocks.start(Unit.WORKING_MINUTES, 240, at=at(f"{MONDAY}T08:30"))
    assert clock.share_used(at("2026-03-02T10:30")) == Fraction(1, 2)
    clocks.pause(clock, reason="等", by=people.li, at=at("2026-03-02T10:30"))
    assert clock.share_used(at("2026-03-05T10:30")) == Fraction(1, 2)
    clocks.resume(clock, at=at("2026-03-03T08:30"))
    assert clock.share_used(at("2026-03-03T09:42")) == Fraction(4, 5)
    assert clock.share_used(at("2026-03-03T10:30")) == 1
    assert clock.share_used(at("2026-03-03T14:30")) > 1
    clocks.stop(clock, at=at("2026-03-03T09:30"))
    assert clock.share_used(at("2027-01-01T00:00")) == Fraction(3, 4)


def test_a_hundred_clocks_cost_two_queries(db, django_assert_num_queries):
    for n in range(100):
        clocks.start(Unit.WORKING_DAYS, 1 + n % 5, at=at(f"{MONDAY}T10:00"))
    now = at("2026-03-04T11:00")
    with django_assert_num_queries(2), calendar.steady():
        shares = [clock.share_used(now) for clock in Clock.objects.running()]
    assert len(shares) == 100
    assert Clock.objects.due_before(now).count() == 20


# --- two at once ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_extend_at_once_extend_once(together, people):
    clock = clocks.start(Unit.WORKING_DAYS, 3, at=at(f"{MONDAY}T10:00"))

    def extend():
        mine = Clock.objects.get(pk=clock.pk)
        return clocks.extend(mine, 3, "难", people.li, at=at("2026-03-03T09:00"))

    answers = together(extend, extend)
    assert sum(isinstance(answer, clocks.AlreadyExtended) for answer in answers) == 1
    clock.refresh_from_db()
    assert clock.due_at == at("2026-03-10T17:30")


# --- properties ------------------------------------------------------------

with_database = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@with_database
@given(
    unit=st.sampled_from(Unit.values),
    amount=st.integers(1, 15),
    start=moments,
    waits=st.lists(st.integers(0, 6000), min_size=2, max_size=2),
)
def test_pausing_shifts_the_due_by_exactly_the_paused_time(db, unit, amount, start, waits):
    clock = clocks.start(unit, amount * 60 if unit.endswith("minutes") else amount, at=start)
    before = clock.nominal_due_at
    paused = start + timedelta(minutes=waits[0])
    assume(paused <= clock.due_at)
    resumed = paused + timedelta(minutes=waits[1])
    share = clock.share_used(paused)

    clocks.pause(clock, reason="等", at=paused)
    clocks.resume(clock, at=resumed)

    if unit in clocks.WORKING:
        stood = calendar.working_time_between(paused, resumed)
        assert calendar.working_time_between(before, clock.nominal_due_at) == stood
        assert clock.due_at == clock.nominal_due_at
        assert clock.share_used(resumed) == share  # no time was lost or won
    else:
        assert clock.nominal_due_at - before == resumed - paused
    assert clock.due_at >= before


@with_database
@given(
    unit=st.sampled_from(Unit.values),
    amount=st.integers(1, 60),
    start=moments,
    later=st.integers(0, 100_000),
)
def test_whoever_starts_later_is_never_due_earlier(db, unit, amount, start, later):
    days = calendar.Days({})
    one = clocks.reckon(unit, amount, start, days=days)
    two = clocks.reckon(unit, amount, start + timedelta(minutes=later), days=days)
    more = clocks.reckon(unit, amount + 1, start, days=days)
    assert one.due <= two.due
    assert one.due <= more.due
    assert one.due > start
