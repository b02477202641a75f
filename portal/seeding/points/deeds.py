"""What people did in a month: deeds by rule, in the order they were claimed, within every cap.

Volunteering (P05) comes last and fills the month up to the point.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from orgs.models import Area
from points import caps as point_caps
from points.models import RuleVersion, Source
from portal.seeding.issues import moments
from portal.seeding.points.cast import Cast, Neighbour, Place
from portal.seeding.points.texts import TEXTS
from rules.calendar import Days

LEAST = 5  # half an hour
LEADERS = ("social_worker", "committee_member", "unit_contact", "residents_group_leader")
SELF, LEADER, WORKER, SYSTEM = Source.SELF, Source.LEADER, Source.GRID_WORKER, Source.SYSTEM


@dataclass(frozen=True)
class Kind:
    """How deeds of a rule come about. ``share`` of a month's points, in thousandths."""

    code: str
    share: int
    ways: tuple[str, ...] = (SELF,)
    together: tuple[int, int] = (1, 1)  # how many people in a list
    tenths: tuple[int, ...] = (10,)  # of the rule's measure
    hour: tuple[int, int] = (9, 17)
    months: tuple[int, ...] = tuple(range(1, 13))


KINDS = (
    Kind("P12", 160, (LEADER,), (8, 40)),
    Kind("P15", 48, (LEADER, LEADER, SELF), (3, 8), hour=(19, 21)),
    Kind("P06", 50, (SELF, LEADER), (2, 4), (20, 30, 40)),
    Kind("P17", 22, (SELF, SELF, LEADER), (2, 6)),
    Kind("P01", 24, (LEADER,), (6, 24), hour=(14, 19)),
    Kind("P09", 16, (WORKER, LEADER, SELF), (4, 10)),
    Kind("P11", 18, (WORKER, LEADER), (6, 14)),
    Kind("P10", 22, (WORKER, SELF), (2, 5)),
    Kind("P08", 24, (LEADER, SELF), (1, 3)),
    Kind("P18", 20),
    Kind("P16", 18),
    Kind("P21", 16, (LEADER, SELF), (1, 4)),
    Kind("P19", 15),
    Kind("P02", 14),
    Kind("P07", 34, (LEADER,), (5, 15), (30, 40, 60), months=(6, 7, 8)),
    Kind("P14", 7, (LEADER,), (6, 16)),
    Kind("P03", 9),
    Kind("P20", 7, (SELF, SELF, LEADER), (2, 4), (10, 20, 30)),
    Kind("P22", 16, (SELF, LEADER), (1, 3), months=(4, 5, 10)),
    Kind("P04", 2, (SYSTEM,), (8, 20)),
)
FILLING = Kind(
    "P05", 0, (LEADER, LEADER, LEADER, SELF), (6, 16), (15, 20, 25, 30, 30, 35, 40, 40)
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Deed:
    """One claim to be: ``points`` is what caps left of ``asked``."""

    code: str
    who: Neighbour
    day: date
    area: int
    path: str
    version: RuleVersion
    source: str
    claimant: int | None
    claimed_at: datetime
    text: str = ""
    tenths: int = 10
    grade: int = 0
    partner: int | None = None
    source_key: str = ""
    to_household: bool = False
    asked: int = 0
    points: int = 0
    cap: object = None  # what cut it
    certifier: int | None = None
    approver: int | None = None
    sheet: int = 0  # those of one list share their pictures


@dataclass(frozen=True, slots=True)
class Report:
    """A hazard that somebody was the first to report, verified ``at``."""

    issue: int
    who: Neighbour
    area: int
    path: str
    at: datetime
    text: str


class Rulebook:
    """Versions by day, and what is left under their caps."""

    def __init__(self, street: Area):
        found = RuleVersion.objects.filter(rule__area=street).select_related("rule")
        self.versions: dict[str, list[RuleVersion]] = {}
        for version in found.prefetch_related("caps").order_by("rule__code", "number"):
            self.versions.setdefault(version.rule.code, []).append(version)
        self.used: Counter[tuple] = Counter()

    def version(self, code: str, day: date) -> RuleVersion:
        for version in self.versions[code]:
            if version.effective_to is None or day <= version.effective_to:
                return version
        raise LookupError(f"{code} does not hold on {day}")

    def admit(self, deed: Deed) -> bool:
        """Count it, cut to what its caps leave; False when that is nothing."""
        left, keys = deed.asked, []
        for cap in deed.version.caps.all():
            match cap.subject:
                case "person":
                    subject = deed.who.pk
                case "household":
                    subject = deed.who.household
                case _:
                    subject = frozenset((deed.who.pk, deed.partner))
            first, _after = point_caps.window_of(cap.window, deed.day)
            key = (deed.code, cap.subject, subject, first)
            if cap.per_grade or cap.takes_highest:  # here: once each
                key = (*key, deed.grade if cap.per_grade else "")
                if self.used[key]:
                    return False
                keys.append((key, 1))
                continue
            free = cap.limit - self.used[key]
            if free < left:
                left, deed.cap = free, cap
            keys.append((key, 0))
        if left < 1:
            return False
        deed.points = left
        for key, times in keys:
            self.used[key] += times or left
        return True


class Months:
    """Tells the deeds of one community and month after the other."""

    def __init__(self, cast: Cast, rulebook: Rulebook, rng, days: Days, now: datetime):
        self.cast, self.rulebook, self.rng, self.days, self.now = cast, rulebook, rng, days, now
        self.sheets = 0
        self.found: dict[tuple, list[Report]] = {}  # (community, month) → verified hazards
        self.certain: dict[tuple, list[Deed]] = {}  # (community, month) → what must be among them
        self._visits: dict[int, Neighbour] = {}
        self._starred: Counter[int] = Counter()

    def tell(self, place: Place, month: date, target: int, *, until: date | None = None):
        """Deeds worth ``target`` points exactly, in the order in which they were claimed."""
        after = (month + timedelta(days=31)).replace(day=1)
        last = min(after - timedelta(days=1), until or after)
        span = [month + timedelta(days=n) for n in range((last - month).days + 1)]
        drafts: list[Deed] = []
        for kind in KINDS:
            if month.month in kind.months:
                drafts += self._some(kind, place, span, target * kind.share / 1000)
        drafts += self._first_reports(place, month, target // 8)
        certain = self.certain.pop((place.area.pk, month), [])
        chosen, total = [], 0
        for deed in sorted([*drafts, *certain], key=lambda deed: deed.claimed_at):
            fits = total + deed.asked <= target - LEAST or deed in certain
            if fits and self.has_judges(deed, place) and self.rulebook.admit(deed):
                chosen.append(deed)
                total += deed.points
        chosen += self._fill(place, span, target - total)
        return sorted(chosen, key=lambda deed: (deed.claimed_at, deed.code, deed.who.pk))

    def more(self, place: Place, month: date, count: int, *, until: date | None = None):
        """Deeds that will not be paid: they are under no cap, and no part of the target."""
        after = (month + timedelta(days=31)).replace(day=1)
        last = min(after - timedelta(days=1), until or after)
        span = [month + timedelta(days=n) for n in range((last - month).days + 1)]
        plain = [kind for kind in (*KINDS, FILLING) if kind.code in {"P01", "P05", "P15", "P18"}]
        chosen: list[Deed] = []
        for _try in range(count * 3):
            if len(chosen) < count:
                chosen += self._list(self.rng.choice(plain), place, span)[:1]
        for deed in chosen:
            deed.points = deed.asked
        return [deed for deed in chosen if self.has_judges(deed, place)]

    def _fill(self, place: Place, span: list[date], missing: int) -> list[Deed]:
        chosen, tries = [], 0
        while missing > 0 and tries < 400:
            tries += 1
            for deed in self._list(FILLING, place, span):
                if missing <= 0:
                    break
                if deed.asked > missing:
                    deed.tenths = deed.asked = missing
                elif missing - deed.asked < LEAST:
                    deed.tenths = deed.asked = missing - LEAST or missing
                if self.has_judges(deed, place) and self.rulebook.admit(deed):
                    chosen.append(deed)
                    missing -= deed.points
        return chosen

    def _some(self, kind: Kind, place: Place, span: list[date], wanted: float) -> list[Deed]:
        """About ``wanted`` points of a kind; what is less than one deed comes up now and then."""
        deeds: list[Deed] = []
        while wanted > 0:
            some = self._list(kind, place, span)
            if not some:
                break
            for deed in some:
                if deed.asked > wanted and self.rng.random() * deed.asked > wanted:
                    return deeds
                deeds.append(deed)
                wanted -= deed.asked
        return deeds

    def _list(self, kind: Kind, place: Place, span: list[date]) -> list[Deed]:
        """One deed of somebody, or one list of people for the same deed."""
        rng = self.rng
        day = rng.choice(span)
        if kind.code == "P12":
            return self._duty(kind, place, span[-1])
        way = rng.choice(kind.ways)
        number = 1 if way == SELF else rng.randint(*kind.together)
        number = min(number, len(place.volunteers))
        people = {one.pk: one for one in rng.choices(place.volunteers, place.weights, k=number)}
        grid = rng.choice(place.grids)
        tenths, text = rng.choice(kind.tenths), rng.choice(TEXTS[kind.code])
        version = self.rulebook.version(kind.code, day)
        if kind.code == "P05" and place.children and rng.random() < 0.05:
            child, _guardian = rng.choice(place.children)
            people[child.pk] = child
        claimant, at = self._filer(way, place, grid, day, kind.hour)
        if claimant is None and way in {LEADER, WORKER}:
            return []
        self.sheets += 1
        deeds = []
        for one in people.values():
            if one.since >= day or claimant == one.pk:
                continue
            if way == WORKER and not one.path.startswith(grid.path):
                continue
            at_home = way in {SELF, SYSTEM}
            building = (one.building, one.path)
            minor = day.year - one.born <= 18
            if minor and (kind.code != "P05" or one.born > self.cast.today.year - 8):
                continue
            deed = Deed(
                code=kind.code,
                who=one,
                day=day,
                area=building[0] if at_home else grid.pk,
                path=building[1] if at_home else grid.path,
                version=version,
                source=way,
                claimant=one.pk if way == SELF else claimant,
                claimed_at=at,
                text=text,
                tenths=tenths,
                to_household=version.to_household or minor,
                sheet=self.sheets,
            )
            if self._complete(deed, place):
                deeds.append(deed)
        return deeds

    def one(
        self, code: str, place: Place, who: Neighbour, day: date, *, way=SELF, tenths=10, partner=0
    ) -> Deed:
        """A certain deed of somebody; it is counted when its month is told."""
        version = self.rulebook.version(code, day)
        grid = place.grid_of(who.path)
        claimant, at = self._filer(way, place, grid, day, (17, 20))
        self.sheets += 1
        deed = Deed(
            code=code,
            who=who,
            day=day,
            area=grid.pk if way == LEADER else who.building,
            path=grid.path if way == LEADER else who.path,
            version=version,
            source=way,
            claimant=who.pk if way == SELF else claimant,
            claimed_at=at,
            text=TEXTS[code][0],
            tenths=tenths,
            to_household=version.to_household,
            sheet=self.sheets,
        )
        self._complete(deed, place)
        deed.partner = partner or deed.partner
        return deed

    def _complete(self, deed: Deed, place: Place) -> bool:
        """Grades, partners and keys of the rules that have them; what the rule gives."""
        rng, who = self.rng, deed.who
        match deed.code:
            case "P08":
                if self._starred[who.pk] >= 3:
                    return False
                deed.grade = self._starred[who.pk]
                self._starred[who.pk] += 1
            case "P21":
                [deed.grade] = rng.choices([0, 1, 2], [70, 25, 5])
            case "P17":
                if not place.elders:
                    return False
                deed.partner = self._visits.setdefault(who.pk, rng.choice(place.elders)).pk
            case "P04":
                deed.source_key = f"survey:{deed.day:%y%m%d}:{who.pk}"
        deed.asked = deed.tenths * deed.version.amounts[deed.grade] // 10
        return True

    def has_judges(self, deed: Deed, place: Place) -> bool:
        """Choose who certifies and who approves: the nearest who may and has no part in it.

        The group and who decides do not certify.
        """
        deed.approver = next(
            (pk for pk in (place.secretary, place.deputy) if self._may_judge(pk, deed)), None
        )
        if not deed.version.certifiers:
            return deed.approver is not None
        others = {place.secretary, place.deputy, *place.panel}
        able = [
            pk
            for pk in self.cast.holders(deed.version.certifiers, deed.path, deed.day)
            if pk not in others and self._may_judge(pk, deed)
        ]
        if able:
            deed.certifier = self.rng.choice(able[: 1 + len(able) // 2])
        return bool(able) and deed.approver is not None

    def _may_judge(self, pk: int, deed: Deed) -> bool:
        has_part = pk in {deed.claimant, deed.who.pk, deed.partner}
        return not has_part and not self.cast.at_home(pk, deed.who.household)

    def _duty(self, kind: Kind, place: Place, last: date) -> list[Deed]:
        """At the end of the month the branch looks at who did their round."""
        rng = self.rng
        able = [host for host in place.hosts if host[3] <= last.replace(day=1)]
        some = rng.sample(able, min(len(able), rng.randint(*kind.together)))
        if not some:
            return []
        version = self.rulebook.version(kind.code, last)
        day = last
        self.sheets += 1
        deeds = []
        for one, area, path, _since in some:
            grid = place.grid_of(path)
            claimant, at = self._filer(LEADER, place, grid, day, (15, 17))
            if claimant in {None, one.pk} or one.since >= day:
                continue
            deeds.append(
                Deed(
                    code=kind.code,
                    who=one,
                    day=day,
                    area=area,
                    path=path,
                    version=version,
                    source=LEADER,
                    claimant=claimant,
                    claimed_at=at,
                    text=TEXTS[kind.code][0],
                    asked=version.amounts[0],
                    sheet=self.sheets,
                )
            )
        return deeds

    def _first_reports(self, place: Place, month: date, most: int) -> list[Deed]:
        """What the system proposes of verified issues about danger, one claim per issue."""
        deeds, worth = [], 0
        for report in self.found.pop((place.area.pk, month), ()):
            day = report.at.date()
            version = self.rulebook.version("P13", day)
            if worth + version.amounts[0] > most:
                break
            worth += version.amounts[0]
            deeds.append(
                Deed(
                    code="P13",
                    who=report.who,
                    day=day,
                    area=report.area,
                    path=report.path,
                    version=version,
                    source=SYSTEM,
                    claimant=None,
                    claimed_at=report.at,
                    text=report.text,
                    source_key=f"issue:{report.issue}",
                    asked=version.amounts[0],
                )
            )
        return deeds

    def _filer(
        self, way, place: Place, grid: Area, day: date, hours
    ) -> tuple[int | None, datetime]:
        """Who brings it, and when: on the day itself or within the next ones, before now."""
        rng = self.rng
        clock = time(min(rng.randint(*hours) + 2, 22), rng.randint(0, 59), rng.randint(0, 59))
        at = moments.at(day + timedelta(days=rng.choice([0, 0, 1, 1, 2])), clock)
        latest = (day + timedelta(days=31)).replace(day=1)
        if at.date() > latest:
            at = moments.at(latest, clock)
        if at >= self.now:
            at = min(moments.at(day, clock), self.now - timedelta(minutes=rng.randint(30, 300)))
        if way not in {LEADER, WORKER}:
            return None, at
        positions = LEADERS if way == LEADER else ("grid_worker",)
        judges = {place.secretary, place.deputy, *place.panel}
        able = [pk for pk in self.cast.holders(positions, grid.path, day) if pk not in judges]
        return (rng.choice(able) if able else None), at
