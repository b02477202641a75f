"""The year before: its volume and shares (domain 4.1), each issue told as far as time allows.

Shares are dealt like cards, so that a small demo has them as well as a large one. What goes wrong
is dealt too: late ones rise a level by the timer, some come back, some are not solved, a few lie
with a department past their day.
"""

import uuid
from collections import Counter, deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from grids import deidentify, limits, numbers
from grids.models import Issue, Level, NumberCount, Source, State, Urgency
from orgs.models import Area
from portal.seeding.issues import moments, texts
from portal.seeding.issues.cast import Cast
from portal.seeding.issues.story import NotYet, Story
from portal.seeding.world import by_weight
from rules import calendar, clocks, profiles

VOLUME, LEAST = 6480, 240  # issues in the year of the whole street; of a small one
PLANNED_HOUSEHOLDS = 18_000

LEVELS = {Level.L1: 62, Level.L2: 22, Level.L3: 11, Level.L4: 5}
SOURCES = {Source.GRID: 54, Source.RESIDENT: 27, Source.HOTLINE: 15, Source.DEVICE: 4}
LATE, REWORK, REOPENED, STUCK = 0.042, 0.021, 0.014, 0.002  # of the matters, without the next:
MERGED, REFUSED = 0.025, 0.012
REMEMBERS = 200  # the last stories, into one of which a report of the same may be merged
RATE = 0.7  # of those whom a resident reported
RATINGS = {  # (solved, stars): 87 % solved, 92 % with four stars or five
    (True, 5): 62,
    (True, 4): 23,
    (True, 3): 2,
    (False, 4): 7,
    (False, 3): 1,
    (False, 2): 3,
    (False, 1): 2,
}
_BELOW = {Level.L2: Level.L1, Level.L3: Level.L2}
_BY_RESIDENTS = frozenset({Source.RESIDENT, Source.HOTLINE})
_HIGH = frozenset({Level.L3, Level.L4})


def volume(households: int) -> int:
    return max(LEAST, round(VOLUME * households / PLANNED_HOUSEHOLDS))


@dataclass
class Fate:
    """What will become of one issue. ``level`` is the one at which it is settled."""

    level: str
    source: str
    late: bool = False
    rework: bool = False
    reopened: bool = False
    stuck: bool = False
    merged: bool = False
    refused: bool = False
    rating: tuple[bool, int] | None = None

    @property
    def filed_at(self) -> str:
        """The level at filing: what is late below the departments rises, what comes back too."""
        rises = self.level in _BELOW and (self.late or self.reopened)
        return _BELOW[self.level] if rises else self.level


def deal(weights: dict, count: int, rng) -> list:
    """``count`` of the keys in proportion to their weights, shuffled."""
    dealt = by_weight(count, list(weights.values()))
    cards = [key for key, many in zip(weights, dealt, strict=True) for _n in range(many)]
    rng.shuffle(cards)
    return cards


def fates(count: int, rng) -> list[Fate]:
    """Of ``count`` issues, in the order of their reports."""
    levels, sources = deal(LEVELS, count, rng), deal(SOURCES, count, rng)
    found = [Fate(level, source) for level, source in zip(levels, sources, strict=True)]

    def mark(name, many, able) -> None:
        free = [fate for fate in found if able(fate) and not (fate.late or fate.reopened)]
        free = [fate for fate in free if not (fate.merged or fate.refused)]
        for fate in rng.sample(free, min(len(free), round(many))):
            setattr(fate, name, True)

    mark("merged", count * MERGED, lambda one: one.source in _BY_RESIDENTS)
    mark("refused", count * REFUSED, lambda one: one.source in _BY_RESIDENTS)
    count -= sum(one.merged or one.refused for one in found)
    mark(
        "reopened",
        count * REOPENED,
        lambda one: one.source in _BY_RESIDENTS and one.level in _BELOW,
    )
    mark("late", count * LATE, lambda one: one.level != Level.L1)
    mark("rework", count * REWORK, lambda one: True)
    recent = set(map(id, found[-len(found) // 12 :]))  # nobody would believe it of a whole year
    mark("stuck", count * STUCK, lambda one: id(one) in recent and one.level == Level.L4)
    speak = [
        one
        for one in found
        if one.source in _BY_RESIDENTS and not (one.stuck or one.merged or one.refused)
    ]
    rated = [one for one in speak if one.reopened or rng.random() < RATE]
    for fate, rating in zip(rated, deal(RATINGS, len(rated), rng), strict=True):
        fate.rating = rating
    return found


# --- telling -------------------------------------------------------------------------------------


class Teller:
    """Tells the stories of a year with the people of ``cast``."""

    def __init__(self, cast: Cast, rng, now: datetime, prefix: str):
        self.cast, self.rng, self.now, self.prefix = cast, rng, now, prefix
        self.year = moments.Year(now, rng)
        self.grids = cast.all_grids
        self.busy = [rng.uniform(0.6, 1.5) for _grid in self.grids]
        self.per_day: Counter[date] = Counter()
        self._rules: dict[date, dict] = {}
        self._told: deque[Story] = deque(maxlen=REMEMBERS)
        self._to_merge = 0

    def stories(self, count: int, *, without: int = 0) -> list[Story]:
        """Of ``count`` issues; ``without`` so many of the departments', told elsewhere."""
        known = fates(count, self.rng)
        plain = [one for one in known if one.level == Level.L4 and not (one.late or one.stuck)]
        plain = [one for one in plain if not (one.merged or one.refused)]
        elsewhere = set(map(id, plain[:without]))
        known = [fate for fate in known if id(fate) not in elsewhere]
        reports = self.year.reports(len(known))
        return [self.tell(fate, at) for fate, at in zip(known, reports, strict=True)]

    def tell(self, fate: Fate, posted: datetime) -> Story:
        """From posting as far as the time up to now allows."""
        parent = self._parent_for(fate, posted)
        story = Story(self._issue(fate, posted, like=parent), self.now)
        self._told.append(story)
        try:
            story.submit()
            if parent is not None:
                self._merge(story, parent)
                return story
            if fate.refused:
                self._refuse(story)
                return story
            self._file(story, fate)
            self._handle(story, late=fate.late, stuck=fate.stuck)
            if fate.rework:
                self._rework(story)
            self._verify(story)
            if fate.reopened:
                self._reopen(story)
            if fate.rating:
                self._rate(story, *fate.rating)
            self._archive(story)
        except NotYet:
            pass
        story.warn()
        return story

    def _parent_for(self, fate: Fate, posted: datetime) -> Story | None:
        """What was reported before and still goes on; where nothing does, a later report merges."""
        self._to_merge += fate.merged
        plain = not (fate.late or fate.rework or fate.reopened or fate.stuck or fate.refused)
        if not self._to_merge or not plain or fate.source not in _BY_RESIDENTS:
            return None
        soon = posted + timedelta(hours=30)
        able = [one for one in self._told if one.issue.parent is None and one.is_open_at(soon)]
        if not able:
            return None
        self._to_merge -= 1
        return self.rng.choice(able)

    def _merge(self, story: Story, parent: Story) -> None:
        worker = self.cast.nearest("grids.file_issue", story.issue.area_path)
        at = self._later(story.issue.reported_at, 30, 150)
        if parent.is_open_at(at):
            story.merge(worker, at, parent)
        else:  # a holiday lay between, and it was done by then
            story.not_accept(worker, at, **texts.DONE_ALREADY)

    def _refuse(self, story: Story) -> None:
        worker = self.cast.nearest("grids.file_issue", story.issue.area_path)
        at = self._later(story.issue.reported_at, 40, 200)
        given = {title: given for _name, title, _words, given in texts.REFUSED}
        story.not_accept(worker, at, **given[story.issue.title])

    def _issue(self, fate: Fate, posted: datetime, *, like: Story | None = None) -> Issue:
        rng, day = self.rng, timezone.localdate(posted)
        self.per_day[day] += 1
        [grid] = rng.choices(self.grids, self.busy)
        if like is not None:
            grid = like.issue.area
            name, title = like.issue.category.name, like.issue.title
            words = rng.choice(texts.ALSO)
        elif fate.refused:
            name, title, words, _given = rng.choice(texts.REFUSED)
        else:
            name, title, words = self._matter(fate.filed_at, day, grid)
        category = self.cast.categories[name]
        by_resident = fate.source in _BY_RESIDENTS
        worker = self.cast.nearest("grids.file_issue", grid.path)
        spot = rng.choice(texts.SPOTS)
        text = f"{spot}，{words}"
        return Issue(
            number=f"{self.prefix}{day:%y%m%d}{self.per_day[day]:04d}",
            posting_key=uuid.UUID(int=rng.getrandbits(128), version=4),
            reported_at=posted,
            source=fate.source,
            reporter=self.cast.reporter(grid.community) if by_resident else worker,
            anonymous=by_resident and rng.random() < 0.2,
            category=category,
            area=grid,
            area_path=grid.path,
            place_text=spot,
            title=title,
            description=text,
            level=category.default_level,
            urgency=Urgency.URGENT
            if deidentify.sounds_dangerous(text)
            else category.default_urgency,
            clock_rules=self._rules_of(day),
        )

    def _matter(self, level: str, day: date, grid: Area) -> tuple[str, str, str]:
        """By the season; on the days of a storm mostly water. Somebody must be there to lead."""
        high, categories = level in _HIGH, self.cast.categories
        kinds = [
            kind
            for kind in texts.AGAIN[level]
            if self.cast.leads(categories[kind[0]], grid, high=high)
        ]
        weights = [texts.SEASONS.get(name, {}).get(day.month, 1) for name, *_words in kinds]
        if day in self.year.storms:
            more = [texts.IN_A_STORM.get(name, 1) for name, *_words in kinds]
            weights = [weight * times for weight, times in zip(weights, more, strict=True)]
        return self.rng.choices(kinds, weights)[0]

    def _rules_of(self, day: date) -> dict:
        if day not in self._rules:
            found = profiles.in_force(limits.RULES, place=self.cast.street.code, on=day)
            self._rules[day] = found.freeze()
        return self._rules[day]

    def _later(self, at: datetime, least: int, most: int) -> datetime:
        """Working minutes later."""
        return calendar.add_working_minutes(at, self.rng.randint(least, most))

    def _file(self, story: Story, fate: Fate) -> None:
        issue, rng = story.issue, self.rng
        worker = self.cast.nearest("grids.file_issue", issue.area_path)
        at, urgent = issue.reported_at, issue.urgency == Urgency.URGENT
        if urgent:
            at += timedelta(minutes=rng.randint(3, 15))
        elif rng.random() < 0.3:
            at = self._later(at, 5, 60)
            story.acknowledge(worker, at)
        story.file(
            worker,
            at if urgent else self._later(at, 10, 170),
            level=fate.filed_at,
            public_title=deidentify.mask(issue.title),
            public_summary=deidentify.mask(issue.description),
            public_place="",
        )

    def _handle(self, story: Story, *, late: bool = False, stuck: bool = False) -> None:
        """Dispatch, sign, contact, report; what is late below the street rises and begins anew."""
        issue, rng = story.issue, self.rng
        self._hand_over(story)
        handler = issue.handler
        begins, due = story.limit
        if rng.random() < 0.7:
            soon = moments.share(story.steps[-1].at, due, rng.uniform(0.03, 0.15))
            at = min(self._later(issue.signed_at, 5, 90), soon)
            at = max(at, story.steps[-1].at + timedelta(minutes=3))
            story.contact(handler, at, rng.choice(texts.CALLED))
        if stuck:
            raise NotYet
        if late and issue.level not in _HIGH:
            story.escalate(due + timedelta(minutes=rng.randint(1, 5)))
            self._handle(story)
            return
        part = rng.uniform(1.1, 1.9) if late else rng.uniform(0.35, 0.85)
        at = max(moments.share(begins, due, part), story.steps[-1].at + timedelta(minutes=8))
        self._report(story, handler, at)

    def _hand_over(self, story: Story) -> None:
        """Danger to life does not wait for office hours; where nobody can lead, it rises."""
        issue, rng = story.issue, self.rng
        while (chosen := self._choose(story)) is None:
            if issue.level in _HIGH:
                raise NotYet
            story.escalate(story.limit[1] + timedelta(minutes=rng.randint(1, 5)))
        by, lead, handler = chosen
        since = story.steps[-1].at
        begins, due = story.limit
        if issue.urgency == Urgency.URGENT:
            sent = since + timedelta(minutes=rng.randint(1, 6))
            signed = sent + timedelta(minutes=rng.randint(1, 8))
        else:
            sent = min(self._later(since, 5, 60), moments.share(begins, due, 0.08))
            sent = max(sent, since + timedelta(minutes=2))
            signed = min(self._later(sent, 10, 180), moments.share(begins, due, 0.2))
            signed = max(signed, sent + timedelta(minutes=2))
        story.dispatch(by, sent, lead)
        story.sign(handler, signed)
        if story.is_awaited:
            arrived = sent + timedelta(minutes=rng.randint(12, 33))  # now and then too late
            story.arrive(handler, arrived, rng.choice(texts.ON_SITE))

    def _choose(self, story: Story) -> tuple | None:
        """Who sends it, the body in the lead, who handles it."""
        issue, cast = story.issue, self.cast
        high = issue.level in _HIGH
        if high:
            path = cast.street.path
        elif issue.state in {State.REOPENED, State.ESCALATED}:
            path = issue.area.community.path
        else:
            path = issue.area_path
        by = cast.nearest("grids.dispatch_issue", path)
        able = []
        for lead in cast.leads(issue.category, issue.area, high=high):
            people = [one for one in cast.members(lead) if one.pk != issue.reporter.pk]
            able += [(lead, people)] if people else []
        if by is None or not able:
            return None
        lead, people = able[0] if self.rng.random() < 0.85 else self.rng.choice(able)
        return by, lead, self.rng.choice(people)

    def _report(self, story: Story, handler, at: datetime) -> None:
        result = texts.RESULTS.get(story.issue.category.name, texts.USUAL)
        story.report(handler, at, result=result, no_photo_reason=texts.NO_PHOTO)

    def _checker(self, story: Story):
        issue = story.issue
        aside = {issue.reporter.pk, issue.handler.pk}
        found = self.cast.nearest("grids.verify_issue", issue.area_path, aside)
        if found is None:
            raise NotYet
        return found

    def _rework(self, story: Story) -> None:
        at = self._later(story.steps[-1].at, 30, 240)
        story.rework(self._checker(story), at, self.rng.choice(texts.REWORK))
        begins, due = story.limit
        self._report(story, story.issue.handler, moments.share(begins, due, 0.6))

    def _verify(self, story: Story) -> None:
        story.verify(self._checker(story), self._later(story.steps[-1].at, 20, 260))

    def _reopen(self, story: Story) -> None:
        at = moments.some_evening(story.issue.closed_at, self.rng, most=5)
        stars = self.rng.choice([1, 2])
        story.reopen(at, stars=stars, reason=self.rng.choice(texts.AGAIN_NEEDED))
        self._handle(story)
        self._verify(story)

    def _rate(self, story: Story, solved: bool, stars: int) -> None:
        if not solved:
            said = texts.KIND if stars > 3 else texts.UNSOLVED
        else:
            said = texts.COMMENTS if stars > 3 else texts.SO_SO
        at = moments.some_evening(story.issue.closed_at, self.rng, most=5)
        story.rate(at, solved=solved, stars=stars, comment=self.rng.choice(said))

    def _archive(self, story: Story) -> None:
        """In the night after its time, as the timer does."""
        issue = story.issue
        term = issue.clock_rules["params"]["archive"]
        ends = clocks.reckon(term["unit"], term["amount"], issue.closed_at).due
        night = moments.at(timezone.localdate(ends), time(3, self.rng.randint(20, 29)))
        story.archive(night if night > ends else night + timedelta(days=1))


def seed(
    cast: Cast, rng, now: datetime, *, count: int, prefix: str, without: int = 0
) -> list[Story]:
    """Tell ``count`` issues of the year before ``now``; the counts of its days are kept."""
    teller = Teller(cast, rng, now, prefix)
    stories = teller.stories(count, without=without)
    series = numbers.lock_series(cast.street)
    NumberCount.objects.bulk_create(
        NumberCount(series=series, day=day, last=last) for day, last in teller.per_day.items()
    )
    return stories
