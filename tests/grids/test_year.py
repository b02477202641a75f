"""The demo's year: its shares, and that a told issue is what the verbs would have left."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from grids import handling
from grids.models import DONE, ENDED, Issue, IssueClock, IssueStep, Level, Source, State
from orgs.models import Residence
from portal.seeding.issues import moments, writing, year
from portal.seeding.issues.cast import Cast
from rules import calendar

FIELDS = (
    *("state", "level", "urgency", "lead_id", "handler_id", "verifier_id", "reporter_id"),
    *("promised_at", "due_at", "on_time", "filed_at", "dispatched_at", "signed_at"),
    *("contacted_at", "handled_at", "closed_at", "escalated_at", "archived_at", "rated_at"),
    *("result", "no_photo_reason", "public_title", "public_summary", "public_place"),
    *("public_result", "is_public", "solved", "stars", "rating_comment", "rework_count"),
    *("refusal_code", "right_channel", "parent_id"),
    *("reopened_count", "returned_count", "area_path", "place_text", "title", "description"),
)
CLOCK = (
    *("unit", "amount", "started_at", "due_at", "nominal_due_at", "stopped_at", "on_time"),
    *("cancelled_reason", "profile_id", "paused_at"),
)


@pytest.fixture
def teller(street):
    for someone in (street.newcomer, street.qian):
        Residence.objects.create(
            person=someone, household=street.home, state="verified", verified_by=street.li
        )
    return make(street, random.Random(11))


def make(street, rng, days=0):
    now = timezone.now() - timedelta(days=days)
    with calendar.steady():
        cast = Cast(street.street, rng)
        cast.communities = [street.community]
        return year.Teller(cast, rng, now, "QT")


def row_of(step):
    return (
        *(step.verb, step.from_state, step.to_state, step.actor_id, step.at, step.reason),
        *(step.clock_effect, step.data),
    )


def clock_of(row):
    return (row.kind, row.round, *(getattr(row.clock, name) for name in CLOCK))


def through_the_verbs(story) -> Issue:
    told = story.issue
    issue = handling.post(
        reporter=told.reporter,
        category=told.category,
        area=told.area,
        text=told.description,
        place_text=told.place_text,
        title=told.title,
        anonymous=told.anonymous,
        source=told.source,
        at=told.reported_at,
    )
    for step in story.told[1:]:
        handling.advance(issue, step.verb, by=step.by, at=step.at, **step.given)
    issue.refresh_from_db()
    return issue


@pytest.mark.parametrize(
    ("fate", "ends"),
    [
        (year.Fate(Level.L1, Source.GRID), State.ARCHIVED),
        (year.Fate(Level.L2, Source.RESIDENT, rating=(True, 5)), State.ARCHIVED),
        (year.Fate(Level.L2, Source.HOTLINE, late=True, rating=(False, 2)), State.ARCHIVED),
        (year.Fate(Level.L3, Source.RESIDENT, late=True), State.ARCHIVED),
        (year.Fate(Level.L3, Source.RESIDENT, reopened=True, rating=(True, 4)), State.ARCHIVED),
        (year.Fate(Level.L4, Source.DEVICE, late=True, rework=True), State.ARCHIVED),
        (year.Fate(Level.L4, Source.GRID, stuck=True), State.IN_PROGRESS),
        (year.Fate(Level.L1, Source.RESIDENT, refused=True), State.NOT_ACCEPTED),
    ],
)
def test_a_told_issue_is_what_the_verbs_leave(teller, fate, ends):
    """Every word of every step, every instant of every clock."""
    with calendar.steady():
        story = teller.tell(fate, moments.at(date(2026, 3, 12), moments.time(9, 40)))
        assert story.issue.state == ends
        issue = through_the_verbs(story)
        writing.write([story])

    def read(issue):
        issue = Issue.objects.get(pk=issue.pk)
        steps = [row_of(step) for step in issue.steps.order_by("pk")]
        clocks = [clock_of(row) for row in issue.clocks.select_related("clock").order_by("pk")]
        grants = issue.cohandlings.order_by("pk").values_list(
            "organization", "role", "starts_on", "ends_on", "reason", "granted_by"
        )
        fields = {name: getattr(issue, name) for name in FIELDS}
        return steps, clocks, list(grants), fields

    for told, done in zip(read(story.issue), read(issue), strict=True):
        assert told == done


def test_urgent_ones_are_told_with_somebody_on_site(teller, street):
    """Danger to life has a clock of its own; all matters there are go the whole way."""
    posted = moments.at(date(2026, 7, 9), moments.time(22, 15))
    with calendar.steady():
        stories = [teller.tell(year.Fate(level, Source.RESIDENT), posted) for level in Level] * 2
        for story in stories[:4]:
            issue = through_the_verbs(story)
            assert [step.clock_effect for step in issue.steps.order_by("pk")] == [
                step.clock_effect for step in story.steps
            ]


def test_the_shares_of_the_plan():
    found = year.fates(1000, random.Random(3))
    assert Counter(fate.level for fate in found) == {"L1": 620, "L2": 220, "L3": 110, "L4": 50}
    assert Counter(fate.source for fate in found) == {
        Source.GRID: 540,
        Source.RESIDENT: 270,
        Source.HOTLINE: 150,
        Source.DEVICE: 40,
    }
    assert sum(fate.merged for fate in found) == 25
    assert sum(fate.refused for fate in found) == 12
    matters = 1000 - 25 - 12
    assert sum(fate.late for fate in found) == round(matters * 0.042)
    assert sum(fate.rework for fate in found) == round(matters * 0.021)
    assert sum(fate.reopened for fate in found) == round(matters * 0.014)
    ratings = [fate.rating for fate in found if fate.rating]
    assert sum(solved for solved, _stars in ratings) / len(ratings) == pytest.approx(0.87, abs=0.01)
    assert sum(stars >= 4 for _, stars in ratings) / len(ratings) == pytest.approx(0.92, abs=0.01)
    assert year.volume(18_000) == 6480


def test_what_is_written_has_the_shares(teller, street):
    with calendar.steady():
        stories = teller.stories(400)
        writing.write(stories)
    done = Issue.objects.filter(state__in=DONE)
    matters = Issue.objects.exclude(state__in=[State.MERGED, State.NOT_ACCEPTED]).count()
    assert done.count() / matters > 0.96  # the last days of 400 weigh as much as those of 6 480
    late = done.filter(on_time=False).count() / done.count()
    assert late == pytest.approx(year.LATE, abs=0.012)
    assert done.filter(rework_count__gt=0).count() == pytest.approx(8, abs=2)
    assert done.filter(reopened_count=1).count() == pytest.approx(6, abs=2)
    assert not Issue.objects.exclude(created_at=F("reported_at")).exists()
    merged = Issue.objects.filter(state=State.MERGED).select_related("parent", "category")
    assert merged.count() == pytest.approx(10, abs=4)
    for issue in merged:
        assert issue.category == issue.parent.category
        step = issue.steps.get(verb="merge")
        assert step.data["parent"]["id"] == issue.parent_id
        assert issue.parent.reported_at < step.at
        assert not issue.parent.steps.filter(to_state__in=ENDED, at__lt=step.at).exists()
        assert issue.reporter_id == issue.parent.reporter_id or issue.parent.follows.filter(
            person=issue.reporter, why="merged", also_affects_me=True
        )
    refused = Issue.objects.filter(state=State.NOT_ACCEPTED)
    assert refused.count() >= 4
    assert not refused.filter(refusal_code="other_route", right_channel="").exists()
    numbers = list(Issue.objects.values_list("number", flat=True))
    assert len(set(numbers)) == 400
    assert IssueStep.objects.filter(at__gt=timezone.now()).count() == 0
    assert not IssueClock.objects.filter(warn_at__lt=timezone.now()).exists()
    assert Issue.objects.filter(words__public="").count() < 400  # the triggers ran
    days = Counter(timezone.localdate(story.issue.reported_at).weekday() for story in stories)
    assert days[0] > days[6]
