"""A year of points on the demo street: 412,000 earned, 1,340 deducted, to the point.

What is over is told in memory and written by COPY, with the steps, clocks and notices the verbs
would leave; the ledger is written by its own function. What is still under way goes through the
verbs. Months are closed and sealed after the seed's transaction (``close_books``), as both need
transactions of their own. All texts and people are invented.
"""

from collections import defaultdict
from datetime import date, time, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from orgs import uploads
from orgs.models import Household
from points import telling
from points.models import Claim, Rule
from portal.seeding.issues import moments
from portal.seeding.points import running, setting, year
from portal.seeding.points.cast import HOUSEHOLDS, Cast, Place
from portal.seeding.points.deducting import Deducting
from portal.seeding.points.deeds import Months, Rulebook
from portal.seeding.points.pictures import Album, attach
from portal.seeding.points.setting import months_back
from portal.seeding.world import by_weight, settle
from publicity import telling as notice_telling
from rules import calendar

EARNED, MONTHS = 412_000, 12
# What became of the last month in one community after the other.
STAGES = (
    *("deciding", "reviewing", "objected", "posted"),
    *("noticed", "posted", "reviewing", "corrected"),
)
QUIET_MONTHS = {1: 0.92, 2: 0.72, 6: 1.06, 7: 1.14, 8: 1.12, 9: 1.04, 10: 1.05}


def seed_points(world, rng: Random, today: date) -> int:
    """Write the demo's points for ``world.street``; how many claims there are then. None twice.

    ``world`` may carry ``resident`` (the Person of the demo account).
    """
    if Claim.objects.exists() or Rule.objects.exists():
        return Claim.objects.count()
    now = min(timezone.localtime(), moments.at(today, time(23, 59)))
    with (
        calendar.steady(),
        transaction.atomic(),
        telling.silently(),
        notice_telling.silently(),
        uploads.writing(),
    ):
        _Seed(world, rng, now).write()
    return Claim.objects.count()


def earned_of(households: int) -> int:
    """What the demo earned in twelve months: to the point in the full one, less in a small one."""
    return EARNED * min(households, HOUSEHOLDS) // HOUSEHOLDS


class _Seed:
    def __init__(self, world, rng: Random, now):
        self.rng, self.now, self.today = rng, now, timezone.localdate(now)
        self.month = self.today.replace(day=1)
        self.cast = Cast(world.street, rng, self.today, getattr(world, "resident", None))
        self.days = calendar.read()

    def write(self) -> None:
        cast, rng = self.cast, self.rng
        since = months_back(self.month, MONTHS + 1)
        setting.ship_rules(cast, self.month)
        setting.choose_names(cast)
        setting.seat_panels(cast, months_back(self.month, 26))
        setting.consent(cast, since)
        for place in cast.places[:1]:
            setting.suspend(cast, place)
        months = Months(cast, Rulebook(cast.street), rng, self.days, self.now)
        months.found = year.first_reports(cast)
        teller = year.Teller(cast, months, rng, self.days, self.now)
        last = self._last(teller)
        late = running.Late(cast, months, rng, self.now, last)
        late.prepare()

        told, under_way = [], []
        for place, month, target in self._targets(last):
            corrected = (place, month) == (cast.places[-1], last) and self._corrects()
            one = teller.month(place, month, target + running.LESS * corrected)
            told.append(one)
            if corrected:  # an objection was right: the batch pays less than it showed
                under_way.append((one, "corrected"))
            else:
                teller.close(one)
        for place, month, stage in self._under_way(last):
            target = self._usual(place)
            one = teller.month(place, month, target if stage != "deciding" else target * 11 // 20)
            told.append(one)
            under_way.append((one, stage))
        for place in cast.places:
            for month in _between(months_back(last, -1), self.month):
                told.append(teller.month(place, month, self._usual(place) // 7, until=self.today))
        told += late.told(teller)
        openings = running.openings(cast, self.today)
        self._set_budgets(told, openings)
        album = Album(rng)
        is_full = self._households() > HOUSEHOLDS // 4
        deducting = Deducting(cast, album, rng, self.now, is_full=is_full)
        events = [*running.events(cast, openings), *deducting.events(told)]
        stories = year.write(cast, told, events)
        attach(album, stories, twice=cast.places[0].area.pk)
        settle()
        year.analyze("points_claim", "points_claimstep", "points_transfer")
        # A batch takes what is left of earlier months: they come first.
        for one, stage in sorted(under_way, key=lambda pair: pair[0].month):
            running.lead(cast, one, stage, rng, self.now)
        late.lead()
        deducting.lead()

    def _last(self, teller: "year.Teller") -> date:
        """The last month whose batch may be paid by now: last month, or early on the one before."""
        month = months_back(self.month, 1)
        over = teller.times(self.cast.places[0], month)
        is_over = over.finish_at + timedelta(hours=10) < self.now
        return month if is_over else months_back(self.month, 2)

    def _corrects(self) -> bool:
        return self._stage(len(self.cast.places) - 1) == "corrected"

    def _stage(self, number: int) -> str:
        return STAGES[number % len(STAGES)]

    def _under_way(self, last: date) -> list[tuple[Place, date, str]]:
        found = []
        for number, place in enumerate(self.cast.places):
            if self._stage(number) not in {"posted", "corrected"}:
                found.append((place, last, self._stage(number)))
        if len(self.cast.places) < 3:  # an objection kept the month before from being paid
            found.insert(0, (self.cast.places[-1], months_back(last, 1), "objected"))
        return found

    def _targets(self, last: date) -> list[tuple[Place, date, int]]:
        """(community, month of the deeds, points), paid in the last twelve months of the books."""
        open_ = {(place.area.pk, month) for place, month, _stage in self._under_way(last)}
        keys, weights = [], []
        for month in _between(months_back(self.month, MONTHS), last):
            for place in self.cast.places:
                if (place.area.pk, month) not in open_:
                    keys.append((place, month))
                    weights.append(self._homes(place) * QUIET_MONTHS.get(month.month, 1))
        shares = by_weight(earned_of(self._households()), weights)
        return [(*key, share) for key, share in zip(keys, shares, strict=True)]

    def _homes(self, place: Place) -> int:
        return len({one.household for one in place.neighbours})

    def _households(self) -> int:
        return Household.objects.filter(area_path__startswith=self.cast.street.path).count()

    def _usual(self, place: Place) -> int:
        return max(earned_of(self._homes(place)) // MONTHS, 150)

    def _set_budgets(self, told, openings) -> None:
        wanted: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        first = {}
        for one in told:
            paid = timezone.localdate(one.times.finish_at)
            wanted[one.place.area.pk][paid.year] += sum(s.claim.points for s in one.stories)
            first[one.place.area.pk] = min(first.get(one.place.area.pk, paid), paid)
        for place, day, points in ((o.place, o.day, o.points) for o in openings):
            wanted[place.area.pk][day.year] += points
            first[place.area.pk] = min(first[place.area.pk], day)
        setting.set_budgets(self.cast, wanted, first)


def _between(first: date, last: date) -> list[date]:
    months = []
    while first <= last:
        months.append(first)
        first = months_back(first, -1)
    return months


def close_books() -> None:
    """Close the months that are over, seal, and prove the books; in transactions of their own."""
    from points import periods, seal, verification

    periods.close_due()
    seal.run()
    verification.run(full=True)


__all__ = ["close_books", "earned_of", "seed_points"]
