"""Deductions of the demo, by the verbs: 1,340 points in a year, and some on their way.

Nothing is taken without a document or an admission, and nobody is named anywhere.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from orgs import access
from points import deductions, who
from points.models import Claim, Deduction, Rule
from portal.seeding.issues import moments
from portal.seeding.points.cast import Cast, Place
from portal.seeding.points.pictures import Album
from portal.seeding.points.year import Month
from rules import calendar

# Rule → how many were taken in the year; a false claim costs twice its points.
FULL, SMALL = {"N01": 16, "N02": 15, "N03": 3}, {"N02": 1, "N03": 1}
FALSE_POINTS = {True: 40, False: 20}
TAKES = {"N01": 50, "N02": 20}
WORDS = {
    "N01": "高空抛物，社区民警已出具认定书。",
    "N02": "电动车进楼充电，书面劝导后逾期未改。",
    "N03": "签到表与现场照片对不上，当天并未到场。",
}
ISSUERS = {"N01": ("青桐派出所", "青公认字"), "N02": ("青桐街道消防工作站", "青消劝字")}
ANSWERS = (
    "是我家孩子不懂事，已经教育，认罚。",
    "楼下充电棚当晚坏了，今后不再推进楼。",
    "情况属实，没有意见。",
)
DECISION = "事实清楚，已听取本人意见，按规则扣减。"


def total(is_full: bool) -> int:
    """What is taken in the year, by the verbs' own rules."""
    plan = FULL if is_full else SMALL
    false = 2 * FALSE_POINTS[is_full] * plan["N03"]
    return false + sum(TAKES[code] * plan.get(code, 0) for code in TAKES)


@dataclass(frozen=True)
class Plan:
    """One deduction to be taken from a household that can bear it."""

    code: str
    place: Place
    person: int
    household: int
    path: str
    happened_on: date


class Deducting:
    def __init__(self, cast: Cast, album: Album, rng, now: datetime, *, is_full: bool):
        self.cast, self.album, self.rng, self.now = cast, album, rng, now
        self.is_full, self.days = is_full, calendar.read()
        found = Rule.objects.filter(area=cast.street, code__startswith="N")
        self.rules = {rule.code: rule for rule in found}
        self._rights: dict[tuple, list] = {}

    # --- what is taken in the course of the year

    def events(self, told: list[Month]) -> list[tuple]:
        """(moment, what happens then), to be mixed with the payments of the year."""
        wallets: dict[int, list[tuple[datetime, int, Place]]] = defaultdict(list)
        for one in told:
            if one.batch is not None:
                for story in one.paid:
                    if story.claim.to_household:
                        paid = (one.times.finish_at, story.claim.points, one.place)
                        wallets[story.claim.household_id].append(paid)
        homes = {
            one.household: one
            for place in self.cast.places
            for one in place.neighbours
            if one.pk not in self.cast.appointed and one.born <= self.now.year - 25
        }
        mine = self.cast.homes.get(getattr(self.cast.resident, "pk", 0), set())
        events = []
        plan = FULL if self.is_full else SMALL
        wanted = [code for code in TAKES for _n in range(plan.get(code, 0))]
        able = [home for home in wallets if home in homes and home not in mine]
        self.rng.shuffle(able)
        for home in able:
            if not wanted:
                break
            held = 0
            for at, points, place in sorted(wallets[home], key=lambda paid: paid[0]):
                held += points
                if held < TAKES[wanted[0]]:
                    continue
                # Ten weeks before now at least: a term for each to answer and to appeal.
                latest = timezone.localdate(self.now) - timedelta(days=70)
                happened_on = timezone.localdate(at) + timedelta(days=self.rng.randint(1, 20))
                one = homes[home]
                if happened_on > latest or one.since >= happened_on:
                    break
                code = wanted.pop(0)
                plan_ = Plan(code, place, one.pk, home, one.path, happened_on)
                events.append((self._ends(plan_), lambda plan_=plan_: self._take(plan_)))
                break
        if wanted:
            raise LookupError(f"no household can bear {wanted}")
        return events

    def _ends(self, plan: Plan) -> datetime:
        return self._at(plan.happened_on, 22)

    def _at(self, day: date, working_days: int, hour: int = 10) -> datetime:
        return moments.at(self.days.add_days(day, working_days), time(hour, 12))

    def _take(self, plan: Plan) -> None:
        """From the report to the ledger, when nobody objects."""
        one, day = self.report(plan.code, plan, at=self._at(plan.happened_on, 1))
        self.establish(one, at=self._at(day, 3, 15))
        if self.rng.random() < 0.7:
            self.answer(one, at=self._at(day, 5, 20))
        else:
            deductions.flow.advance(one, "hearing_over", by=None, at=self._at(day, 9, 3))
        self.decide(one, at=self._at(day, 11, 16))
        deductions.flow.advance(one, "appeal_over", by=None, at=self._ends(plan))

    # --- the verbs, each by somebody who may

    def report(self, code: str, plan: Plan, *, at: datetime, claim=None):
        by = self._who(who.REPORT, plan.path, plan)
        one = deductions.report(
            self.rules[code],
            person=self.cast.person(plan.person),
            happened_on=plan.happened_on,
            text=WORDS[code],
            by=by,
            claim=claim,
            at=at,
        )
        return one, plan.happened_on

    def establish(self, one: Deduction, *, at: datetime) -> None:
        by = self._who(who.ESTABLISH, one.area_path, one)
        photo = self.album.photo(by.pk, at)
        photo.save()
        issuer, series = ISSUERS.get(one.rule_version.rule.code, ("", ""))
        deductions.establish(
            one,
            by=by,
            basis="document" if issuer else "admission",
            documents=[photo],
            issuer=issuer,
            document_number=f"{series}〔{at.year}〕{one.pk}号" if issuer else "",
            at=at,
        )

    def answer(self, one: Deduction, *, at: datetime) -> None:
        by = self.cast.person(one.person_id)
        deductions.answer(one, by=by, text=self.rng.choice(ANSWERS), at=at)

    def decide(self, one: Deduction, *, at: datetime) -> None:
        by = self._who(who.DECIDE_DEDUCTION, one.community.path, one)
        deductions.decide(one, by=by, reason=DECISION, at=at)

    def _who(self, right: str, path: str, of):
        """The nearest with the right and no part in it."""
        if (right, path) not in self._rights:
            self._rights[right, path] = [
                person.pk
                for rung in access.ladder(right, path)
                for person in sorted(rung, key=lambda person: person.pk)
            ]
        taken = {
            getattr(of, name, None)
            for name in ("person", "person_id", "reporter_id", "establisher_id", "decider_id")
        }
        home = of.household if isinstance(of, Plan) else of.household_id
        pk = next(
            pk
            for pk in self._rights[right, path]
            if pk not in taken and not self.cast.at_home(pk, home)
        )
        return self.cast.person(pk)

    # --- after all was written: false claims, and what is on its way

    def lead(self) -> None:
        plan = FULL if self.is_full else SMALL
        for claim in self._false(plan["N03"]):
            self._false_claim(claim)
        self._under_way()

    def _false(self, count: int) -> list[Claim]:
        """Paid long enough ago to be looked into; people who have done nothing since, if any."""
        today = timezone.localdate(self.now)
        claims = Claim.objects.filter(
            state="posted",
            rule_version__rule__code__in=["P05", "P01", "P06", "P16", "P18", "P19"],
            source__in=["self", "leader"],
            points=FALSE_POINTS[self.is_full],
            to_household=False,
            transfer__credit__posted__gte=2 * FALSE_POINTS[self.is_full],
            transfer__posted_at__gte=moments.at(today - timedelta(days=330), time(0)),
            transfer__posted_at__lt=moments.at(today - timedelta(days=40), time(0)),
        ).exclude(person=getattr(self.cast.resident, "pk", None))
        since = Claim.objects.filter(
            person=OuterRef("person"), claimed_at__gt=OuterRef("decided_at")
        )
        claims = claims.annotate(went_on=Exists(since)).order_by("went_on", "-decided_at", "pk")
        found: dict[int, Claim] = {}
        for claim in claims.select_related("transfer")[: count * 20]:
            found.setdefault(claim.person_id, claim)
        if len(found) < count:
            raise LookupError("too few claims could have been false")
        return list(found.values())[:count]

    def _false_claim(self, claim: Claim) -> None:
        day = timezone.localdate(self.now) - timedelta(days=38)
        place = next(p for p in self.cast.places if p.area.pk == claim.community_id)
        plan = Plan(
            "N03", place, claim.person_id, claim.household_id, claim.area_path, claim.happened_on
        )
        one, _day = self.report("N03", plan, at=self._at(day, 1), claim=claim)
        self.establish(one, at=self._at(day, 3, 15))
        self.answer(one, at=self._at(day, 5, 20))
        self.decide(one, at=self._at(day, 7, 16))
        deductions.flow.advance(one, "appeal_over", by=None, at=self._at(day, 13, 3))

    def _under_way(self) -> None:
        """In the first community: reported, in hearing, decided, under appeal, dropped."""
        place, today = self.cast.places[0], timezone.localdate(self.now)
        mine = self.cast.homes.get(getattr(self.cast.resident, "pk", 0), set())
        able = [
            one
            for one in place.neighbours
            if one.pk not in self.cast.appointed
            and one.household not in mine
            and today.year - 70 <= one.born <= today.year - 30
            and one.since < today - timedelta(days=60)
        ]
        people = self.rng.sample(able, 6)

        def begin(days: int, code: str):
            someone, day = people.pop(), self.days.add_days(today, -days)
            plan = Plan(code, place, someone.pk, someone.household, someone.path, day)
            return self.report(code, plan, at=self._at(day, 0, 17))

        def at(day: date, n: int, hour: int) -> datetime:
            return min(self._at(day, n, hour), self.now - timedelta(minutes=20))

        begin(1, "N02")
        for number, days in enumerate((3, 6, 9, 12, 14)):
            one, day = begin(days, ("N02", "N01")[number % 2])
            self.establish(one, at=at(day, 1, 10))
            if number == 0:
                continue
            if number == 4:
                self.answer(one, at=at(day, 2, 19))
                by = self._who(who.DECIDE_DEDUCTION, place.area.path, one)
                why = "监控显示不是这一户，不予扣减。"
                deductions.drop(one, by=by, reason=why, at=at(day, 4, 11))
                continue
            self.answer(one, at=at(day, 3, 19))
            if number == 1:
                continue
            self.decide(one, at=at(day, 5 + number, 15))
            if number == 3:
                why = "那几天家里没人，车是亲戚借去的，请再核实。"
                party = self.cast.person(one.person_id)
                deductions.appeal(one, by=party, reason=why, at=at(day, 10, 20))
