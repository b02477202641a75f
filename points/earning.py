"""What somebody may claim, and how much of it the caps still leave: many rules in a few queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from orgs.models import Household, Residence
from orgs.positions import Position
from points import caps, who
from points.caps import Left
from points.models import (
    CapSubject,
    CapWindow,
    Claim,
    Evidence,
    RuleKind,
    RuleVersion,
    Source,
)


@dataclass(frozen=True)
class Chance:
    """One rule as somebody who may earn by it reads it."""

    version: RuleVersion
    gives: str
    needs: str
    left: Left
    by_itself: bool
    why_not: str = ""

    @property
    def code(self) -> str:
        return self.version.rule.code

    @property
    def is_open(self) -> bool:
        return not self.why_not and self.left.points != 0

    @property
    def brings(self) -> int:
        """Points of one deed of the lowest grade, as caps stand."""
        least = min(self.version.amounts)
        return least if self.left.points is None else min(least, self.left.points)

    @property
    def free(self) -> str:
        if self.why_not:
            return self.why_not
        if self.left.points == 0:
            return _("已到上限：%(cap)s") % {"cap": caps.describe(self.left.cap)}
        if self.left.points is None:  # a cap of a pair is counted once it is known whom
            return "；".join(caps.describe(cap) for cap in self.version.caps.all())
        text = _("还可以得 %(left)d 分（%(cap)s）")
        return text % {"left": self.left.points, "cap": caps.describe(self.left.cap)}


def home_of(person, day: date) -> Household | None:
    """The household the person lives in, verified; the one moved into last. One query."""
    rows = Residence.objects.verified(day).filter(person=person)
    row = rows.select_related("household__area").order_by("-starts_on", "-pk").first()
    return row.household if row else None


def gives_words(version: RuleVersion) -> str:
    if version.grades:
        pairs = zip(version.grades, version.amounts, strict=True)
        return "、".join(f"{grade} {points} 分" for grade, points in pairs)
    text = _("每%(measure)s %(points)d 分")
    return text % {"measure": version.measure, "points": version.amounts[0]}


def needs_words(version: RuleVersion) -> str:
    match Evidence(version.evidence):
        case Evidence.NONE:
            return _("不用附材料")
        case Evidence.TEXT:
            return _("写一两句话说明")
        case Evidence.PHOTO:
            return _("拍照片")
        case Evidence.DOCUMENT:
            return _("拍下证书或文书")


def rules_at(path: str, day: date) -> list[RuleVersion]:
    """Earning rules in force around a place; two queries."""
    around = [path[:end] for end in range(4, len(path) + 1, 4)]
    rows = RuleVersion.objects.on(day).filter(rule__kind=RuleKind.EARN, rule__area_path__in=around)
    return list(rows.select_related("rule").prefetch_related("caps").order_by("rule__code"))


def chances(person, home: Household, day: date) -> list[Chance]:
    """What the person may claim themselves or what comes by itself, best first. Four queries.

    What fits comes first: open to them, then by what one deed gives.
    """
    versions = [
        version
        for version in rules_at(home.area_path, day)
        if Source.SELF in version.sources or Source.SYSTEM in version.sources
    ]
    free = allowances(versions, person_id=person.pk, household_id=home.pk, day=day)
    minor = who.may_be_minor(person, day)
    consent = who.consent_for(person, home) if minor else None
    rows = [
        Chance(
            version=version,
            gives=gives_words(version),
            needs=needs_words(version),
            left=free[version.pk],
            by_itself=Source.SELF not in version.sources,
            why_not=_why_not(person, version, home, minor=minor, consent=consent),
        )
        for version in versions
    ]
    return sorted(rows, key=_fit)


def _fit(chance: Chance):
    """Open to them, with nothing to prove by a certificate, then by what one deed gives."""
    return (
        not chance.is_open,
        chance.by_itself,
        chance.version.evidence == Evidence.DOCUMENT,
        -chance.brings,
        chance.code,
    )


def _why_not(person, version, home, *, minor: bool, consent) -> str:
    if version.adults_only and (minor or person.birth_year is None):
        return _("限已满18周岁的成年人")
    if minor and consent is None:
        return _("未成年人须先由监护人同意")
    if version.excluded and who.holds(person, version.excluded, home.area_path):
        return _("属于您的本职工作")
    if version.only_for and not who.holds(person, version.only_for, home.area_path):
        labels = "、".join(str(Position(position).label) for position in version.only_for)
        return _("仅限：%(label)s") % {"label": labels}
    return ""


def allowances(
    versions: Iterable[RuleVersion], *, person_id: int, household_id: int | None, day: date
) -> dict[int, Left]:
    """Version → what its caps leave for one more deed on ``day``, the best grade; one query.

    As ``caps.allowance``, for many rules at once. Caps of a pair need to know whom: left out.
    """
    versions = list(versions)
    wanted = {
        version.pk: [
            cap
            for cap in version.caps.all()
            if cap.subject == CapSubject.PERSON
            or (cap.subject == CapSubject.HOUSEHOLD and household_id is not None)
        ]
        for version in versions
    }
    mine = Q(person=person_id)
    if household_id is not None:
        mine |= Q(household=household_id)
    ever = [
        version.rule_id
        for version in versions
        if any(cap.window == CapWindow.EVER for cap in wanted[version.pk])
    ]
    year = Q(happened_on__gte=date(day.year, 1, 1), happened_on__lt=date(day.year + 1, 1, 1))
    rows = Claim.objects.counting().filter(mine, year | Q(rule_version__rule__in=ever))
    rows = rows.filter(rule_version__rule__in=[version.rule_id for version in versions])
    counted: dict[int, list] = {}
    columns = ("rule_version__rule", "person", "household", "happened_on", "grade", "points")
    for rule, *row in rows.values_list(*columns):
        counted.setdefault(rule, []).append(row)
    mine_of = {CapSubject.PERSON: (1, person_id), CapSubject.HOUSEHOLD: (2, household_id)}
    found = {}
    for version in versions:
        rows = counted.get(version.rule_id, [])
        grades = [
            _left(version, wanted[version.pk], rows, grade, day, mine_of)
            for grade in range(len(version.amounts))
        ]
        found[version.pk] = max(grades, key=_most)
    return found


def _most(left: Left) -> float:
    return float("inf") if left.points is None else left.points


def _left(version, wanted, rows, grade: int, day: date, mine_of) -> Left:
    tightest = Left(None)
    for cap in wanted:
        first, after = caps.window_of(cap.window, day)
        at, owner = mine_of[CapSubject(cap.subject)]
        same = [
            row
            for row in rows
            if row[at - 1] == owner and (first is None or first <= row[2] < after)
        ]
        if cap.per_grade:
            if sum(1 for row in same if row[3] == grade) < cap.limit:
                continue
            free = 0
        elif cap.takes_highest:
            seen = {row[3] for row in same} | {grade}
            top = max(version.amounts[g] for g in seen if g < len(version.amounts))
            free = max(min(cap.limit, top) - sum(row[4] for row in same), 0)
        else:
            free = max(cap.limit - sum(row[4] for row in same), 0)
        if tightest.points is None or free < tightest.points:
            tightest = Left(free, cap)
    return tightest
