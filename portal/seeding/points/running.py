"""What is still under way, led by the verbs; and what the demo's accounts meet when they sign in.

The secretary's month has something of every kind worth a second look; claims wait for the grid
worker; the resident has a refusal under appeal, points about to expire and a household account.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from orgs.models import Appointment
from orgs.positions import STAFF
from points import accounts, batches, claims, ledger, posting
from points.models import Claim, Source, TransferKind
from portal.seeding.issues import moments
from portal.seeding.points import setting, year
from portal.seeding.points.cast import Cast, Neighbour, Place
from portal.seeding.points.deeds import Deed, Months
from portal.seeding.points.setting import months_back
from portal.seeding.points.story import Story
from publicity import notices
from rules import calendar

LESS = 10  # points that a correction takes
SOON = (12, 41)  # days until these openings expire
EXPIRY_MONTHS = 24


@dataclass(frozen=True)
class Opening:
    """What somebody brought along from the trial, two years ago."""

    place: Place
    who: Neighbour
    day: date
    points: int


def openings(cast: Cast, today: date) -> list[Opening]:
    """The first community tried points out before; what people had was taken over."""
    place = cast.places[0]
    found = []
    for days, number in zip(SOON, (max(3, len(place.volunteers) // 8), 3), strict=True):
        day = months_back(today.replace(day=1), EXPIRY_MONTHS)
        day += timedelta(days=today.day - 1 + days)
        able = [one for one in place.volunteers[:number] if one.since < day]
        found += [Opening(place, one, day, cast.rng.choice([18, 24, 30, 45])) for one in able]
    return found


def events(cast: Cast, found: list[Opening]) -> list[tuple]:
    """(moment, what happens then)."""
    by = setting.nearest("points.set_budget", cast.street.path)
    approver = setting.nearest("points.approve_budget", cast.street.path, but=[by])
    area = cast.places[0].area
    fund = accounts.fund_of(area).pk
    wallets = accounts.of_people({one.who.pk for one in found}, area)
    days: dict[date, list[ledger.Posting]] = defaultdict(list)
    for one in found:
        at = moments.at(one.day, time(10, 0))
        posting_ = ledger.Posting(
            community=area.pk,
            debit=fund,
            credit=wallets[one.who.pk],
            amount=one.points,
            key=f"opening:{one.who.pk}:{one.day:%y%m%d}",
            kind=TransferKind.AWARD,
            happened_on=one.day,
            reason="试点期积分转入",
            actor=by.pk,
            approver=approver.pk,
            at=at,
        )
        days[one.day].append(posting_)
    return [(some[0].at, lambda some=some: ledger.post_many(some)) for some in days.values()]


# --- what must be among the deeds ----------------------------------------------------------------


class Late:
    """Deeds that somebody is to find, and the steps of single claims after all was written."""

    def __init__(self, cast: Cast, months: Months, rng: Random, now: datetime, last: date):
        self.cast, self.months, self.rng, self.now, self.last = cast, months, rng, now, last
        self.place = cast.places[0]
        self.month = calendar.local_day(now).replace(day=1)
        mine = [one for one in self.place.volunteers if one.pk == getattr(cast.resident, "pk", 0)]
        self.mine = mine[0] if mine else None
        self.trial: Deed | None = None

    def _day(self, month: date, number: int) -> date:
        return min(month + timedelta(days=number - 1), calendar.local_day(self.now))

    def _be(self, deed: Deed) -> None:
        key = (self.place.area.pk, deed.day.replace(day=1))
        self.months.certain.setdefault(key, []).append(deed)

    def prepare(self) -> None:
        place, one, day = self.place, self.months.one, self._day
        last, pool = self.last, [p for p in self.place.volunteers if p is not self.mine]
        if self.mine is not None:
            for back in range(12):
                month = months_back(self.month, back)
                if self.mine.since < month and back % 2 == 0:
                    self._be(one("P11", place, self.mine, day(month, 26), way=Source.LEADER))
                if self.mine.since < month and back % 3 == 0:
                    self._be(one("P05", place, self.mine, day(month, 5), tenths=20))
        # The same two again and again.
        visitor, elder = pool[0], (place.elders or [pool[1]])[0]
        for back in range(3):
            for number in (3, 10, 17, 24):
                at = day(months_back(last, back), number)
                self._be(one("P17", place, visitor, at, partner=elder.pk))
        # Five claims on one day; a cap used up in four evenings, and one beyond it.
        for code in ("P01", "P05", "P14", "P15", "P19"):
            self._be(one(code, place, pool[2], day(last, 12)))
        for number in (2, 6, 9, 13, 16):
            self._be(one("P15", place, pool[3], day(last, number)))
        self._be(one("P05", place, pool[4], day(last, 14), tenths=60))
        if near := self._beside_staff():
            self._be(one("P05", place, near, day(last, 19), way=Source.LEADER, tenths=30))

    def _beside_staff(self) -> Neighbour | None:
        """Somebody whose family works here."""
        path = self.place.area.path
        rows = Appointment.objects.in_force().filter(
            position__in=STAFF, organization__area__path__startswith=path
        )
        staff = set(rows.values_list("person_id", flat=True))
        homes = {home for person in staff for home in self.cast.homes.get(person, ())}
        year_ = self.last.year
        grown = range(year_ - 75, year_ - 21)
        for one in self.place.neighbours:
            is_free = one.pk not in self.cast.appointed and one.since < self.last
            if one.household in homes and is_free and one.born in grown:
                return one
        return None

    def told(self, teller: "year.Teller") -> list["year.Month"]:
        """Claims of the last days in the grid worker's grid; a batch of the trial's last month."""
        place, today = self.place, calendar.local_day(self.now)
        grid = place.grid_of(self.mine.path) if self.mine else place.grids[0]
        near = [one for one in place.neighbours if one.path.startswith(grid.path)]
        near = [
            one
            for one in near
            if one.pk not in self.cast.appointed and today.year - 70 <= one.born <= today.year - 25
        ]
        waiting = teller.empty(place, self.month)
        day = max(today - timedelta(days=1), self.month)
        codes = ("P09", "P10", "P09", "P13", "P09", "P10")
        for who, code in zip(self.rng.sample(near, min(len(near), 6)), codes, strict=False):
            if who.since < day and who.pk != getattr(self.cast.resident, "pk", 0):
                self._add(teller, waiting, self.months.one(code, place, who, day), year.WAITS)
        trial = teller.empty(place, months_back(self.month, 13))
        who = next(
            one
            for one in reversed(place.neighbours)
            if one.since < trial.month
            and one.pk not in {*place.panel, *self.cast.appointed}
            and all(one.pk != other.pk for other in place.volunteers)
            and 1950 < one.born < 2000
        )
        self.trial = self.months.one(
            "P05", place, who, self._day(trial.month, 11), way=Source.LEADER, tenths=20
        )
        self._add(teller, trial, self.trial, "")
        again = self.months.one("P01", place, who, self._day(trial.month, 9))
        self._add(teller, trial, again, year.WITHDRAWN)
        teller.close(trial)
        return [waiting, trial]

    def _add(self, teller, month, deed: Deed, fate: str) -> None:
        able = self.months.has_judges(deed, month.place)
        if able and self.months.rulebook.admit(deed):
            story = Story(deed, month.place.area, month.terms, fate)
            month.stories.append(story)
            teller.certify(month, story)

    # --- after all was written

    def lead(self) -> None:
        self._reverse()
        if self.mine is not None:
            self._appeal()

    def _reverse(self) -> None:
        """The trial's claim was paid for a cancelled shift: two people take it back."""
        claim = Claim.objects.filter(
            person=self.trial.who.pk, happened_on=self.trial.day, state="posted"
        ).first()
        at = moments.at(months_back(self.month, 12) + timedelta(days=27), time(15, 5))
        secretary, deputy = (
            self.cast.person(pk) for pk in (self.place.secretary, self.place.deputy)
        )
        posting.ask_reversal(
            claim,
            by=secretary,
            reason="核对排班，当天活动因雨取消，签到表登记有误。",
            at=max(at, claim.transfer.posted_at + timedelta(minutes=30)),
        )
        posting.reverse_claim(
            claim, by=deputy, at=max(at, claim.transfer.posted_at) + timedelta(hours=2)
        )

    def _appeal(self) -> None:
        """The resident's patrol was not certified; the appeal waits for its answer."""
        days = [calendar.read().add_days(calendar.local_day(self.now), -n) for n in (4, 3, 1)]
        filed, refused, appealed = (
            min(moments.at(day, time(hour, 10)), self.now - timedelta(minutes=90 - 40 * n))
            for n, (day, hour) in enumerate(zip(days, (21, 10, 19), strict=True))
        )
        if self.mine.since >= days[0]:
            return
        rule = self.months.rulebook.version("P15", days[0]).rule
        claim = claims.file(
            rule,
            person=self.cast.resident,
            happened_on=days[0],
            by=self.cast.resident,
            text="周末夜间巡逻一小时，和楼栋长一起检查了充电棚。",
            at=filed,
        )
        aside = {self.place.secretary, self.place.deputy, *self.place.panel}
        able = self.cast.holders(claim.rule_version.certifiers, claim.area_path, days[0])
        by = next(
            pk for pk in able if pk not in aside and not self.cast.at_home(pk, claim.household_id)
        )
        code, reason = year.REFUSALS[0]
        claims.refuse(claim, by=self.cast.person(by), refusal_code=code, reason=reason, at=refused)
        claims.appeal(
            claim,
            by=self.cast.resident,
            reason="当晚的签到写在楼栋长的本子上，本子在楼栋长家，可以去看。",
            at=appealed,
        )


# --- batches under way ---------------------------------------------------------------------------


def lead(cast: Cast, told: "year.Month", stage: str, rng: Random, now: datetime) -> None:
    """Take a month's certified claims as far as ``stage`` says."""
    place, times = told.place, told.times
    certified = [s.claim.certified_at for s in told.stories if s.claim.state == "certified"]
    if not certified:
        return
    opened = max(times.open_at, max(map(year.tick_after, certified)))
    batch = batches.open(place.area, told.month, at=opened)
    batches.start_deciding(batch, by=None, at=max(times.decide_at, opened))
    ids = list(batch.claims.order_by("pk").values_list("pk", flat=True))
    secretary, deputy = cast.person(place.secretary), cast.person(place.deputy)
    if stage == "deciding":
        seen = ids[: len(ids) // 5]
        at = min(times.decided_at[-1], now - timedelta(hours=1))
        _approve(batch, seen[:-2], (secretary, deputy), at)
        _refuse(batch, seen[-2:], (secretary, deputy), at)
        return
    refused = ids[len(ids) // 3 :: 60]
    if stage == "corrected":  # this one is paid to the point: only what was to be is turned down
        refused = [s.claim.pk for s in told.stories if s.fate == year.TURNED and s.claim.pk in ids]
    judges, at = (secretary, deputy), times.decided_at[0]
    _approve(batch, [pk for pk in ids if pk not in refused], judges, at)
    _refuse(batch, refused, judges, times.decided_at[-1])
    batches.close_decisions(batch, by=secretary, at=times.close_at)
    waits = len(cast.places) > 2 and place is cast.places[1]  # for a third signature
    seats = place.panel[:2] if waits else place.panel
    for pk, at in zip(seats, times.signed_at, strict=False):
        batches.sign(batch, by=cast.person(pk), at=at)
    if stage == "reviewing":
        return
    if stage == "corrected":
        batches.publish(batch, by=secretary, at=times.publish_at)
        _correct(cast, told, batch)
        return
    days = 2 if stage == "objected" else 1
    at = max(times.publish_at, moments.at(_working_day_before(now, days), time(10, 12)))
    at = min(at, now - timedelta(minutes=50))
    batches.publish(batch, by=secretary, at=at)
    if stage == "objected":
        at = max(now - timedelta(hours=5), batch.notice.published_at + timedelta(minutes=20))
        _object(cast, place, batch, min(at, now))


def _approve(batch, ids: list[int], judges, at: datetime) -> None:
    """What concerns the first is left to the second."""
    for by in judges:
        if not ids:
            return
        try:
            ids = [pk for pk, _why in batches.approve(batch, ids, by=by, at=at).aside]
        except batches.NotAllowed:
            continue


def _refuse(batch, ids: list[int], judges, at: datetime) -> None:
    for number, pk in enumerate(ids):
        code, reason = year.TURNED_DOWN[number % len(year.TURNED_DOWN)]
        for by in judges:
            try:
                batches.refuse(batch, [pk], refusal_code=code, reason=reason, by=by, at=at)
            except batches.NotAllowed:
                continue
            break


def _working_day_before(now: datetime, days: int) -> date:
    return calendar.read().add_days(calendar.local_day(now), -days)


def _object(cast: Cast, place: Place, batch, at: datetime):
    """A neighbour objects to one line, by its number: (claim, objection)."""
    mine = batch.claims.filter(state="noticed", points__gt=LESS).order_by("pk")
    claim = mine.filter(rule_version__rule__code="P05").first() or mine.first()
    aside = {claim.person_id, *place.panel, place.secretary, place.deputy}
    objector = next(
        one
        for one in place.neighbours
        if one.pk not in aside and one.pk not in cast.appointed and 1950 < one.born < 1996
    )
    objection = notices.object(
        batch.notice,
        text=f"编号{claim.pk}写的时间不对，那天下雨活动提前结束了，请核对签到表。",
        by=cast.person(objector.pk),
        at=at,
    )
    return claim, objection


def _correct(cast: Cast, told: "year.Month", batch) -> None:
    """The objection was right: an hour less, and the rest is paid when the notice is over."""
    place, at = told.place, told.times.publish_at + timedelta(days=1)
    claim, objection = _object(cast, place, batch, at)
    claim.refresh_from_db()
    batches.correct(
        claim,
        by=cast.person(place.secretary),
        points=claim.points - LESS,
        reason="签到表写明提前一小时结束，按实际时间计。",
        at=at + timedelta(hours=3),
    )
    aside = [cast.person(pk) for pk in (place.secretary, objection.objector_id)]
    notices.answer(
        objection,
        answer="查过签到表，确实提前一小时结束，已减记十分。",
        is_accepted=True,
        by=setting.nearest(notices.ANSWER, place.area.path, but=aside),
        at=at + timedelta(hours=4),
    )
    batch.refresh_from_db()
    closed_at = told.times.pay_at + timedelta(hours=9)
    batches.close_notice(batch, by=cast.person(place.secretary), at=closed_at)
    posting.post(batch, at=closed_at + timedelta(minutes=1))
