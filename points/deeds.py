"""A deed, before it is counted: may this person claim it, under which version, and why not.

Everything that can be said without the caps, for one or for a list of people at once. Counting and
writing is ``points.claims``.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from orgs.models import Area, Household, Residence
from orgs.positions import Position as P
from points import matters, terms, who
from points.models import (
    Cap,
    CapSubject,
    Evidence,
    GuardianConsent,
    Rule,
    RuleKind,
    RuleVersion,
    Source,
    Suspension,
)
from rules.models import RuleProfile
from rules.refusals import Refused

# Who may bring a list of people, or a household, over the place where it was.
LEADERS = frozenset(
    {
        *(P.SOCIAL_WORKER, P.GRID_LEAD, P.COMMITTEE_DIRECTOR, P.COMMITTEE_MEMBER),
        *(P.PARTY_SECRETARY, P.PARTY_DEPUTY, P.PARTY_COMMITTEE_MEMBER, P.GROUP_LEADER),
        *(P.BUILDING_LEADER, P.RESIDENTS_GROUP_LEADER, P.UNIT_CONTACT, P.SUPERVISOR),
    }
)
WORKERS = frozenset({P.GRID_WORKER, P.GRID_LEAD})
MOST_QUANTITY = Decimal(999)


class FilingRefused(Refused):
    """Why something cannot be claimed; its text may be shown."""


class NotOpen(FilingRefused):
    def __init__(self, rule: Rule, day: date):
        text = _("%(code)s 在 %(day)s 没有施行中的规则")
        super().__init__(text % {"code": rule.code, "day": day.isoformat()})


class NotYet(FilingRefused):
    def __init__(self):
        super().__init__(_("发生日期不能晚于今天"))


class TooLate(FilingRefused):
    def __init__(self, days: int):
        super().__init__(_("只能申报 %(days)d 天以内的事") % {"days": days})


class NotYours(FilingRefused):
    def __init__(self, label: str = ""):
        text = _("这一规则不能由您申报")
        super().__init__(f"{text}（{label}）" if label else text)


class OwnDuty(FilingRefused):
    def __init__(self):
        super().__init__(_("这属于本职工作，本职人员不得申报"))


class OnlyFor(FilingRefused):
    def __init__(self, labels: str):
        super().__init__(_("这一规则仅限%(labels)s") % {"labels": labels})


class AdultsOnly(FilingRefused):
    def __init__(self):
        super().__init__(_("这一规则限已满18周岁的成年人；出生年份未登记的，请先登记"))


class ConsentMissing(FilingRefused):
    def __init__(self):
        super().__init__(_("未成年人的积分计入家庭账户，须先由同住的监护人同意"))


class Suspended(FilingRefused):
    def __init__(self, ends_on: date):
        super().__init__(_("已暂停申报，%(day)s 起恢复") % {"day": ends_on.isoformat()})


class EvidenceMissing(FilingRefused):
    def __init__(self, label: str):
        super().__init__(_("请附上佐证：%(label)s") % {"label": label})


class PartnerMissing(FilingRefused):
    def __init__(self):
        super().__init__(_("请选择结对对象，且不能是本人"))


class NoHousehold(FilingRefused):
    def __init__(self):
        super().__init__(_("须先有本社区已核验的居住关系"))


class TooLittle(FilingRefused):
    def __init__(self):
        super().__init__(_("数量折算不足 1 分"))


class KeyTaken(FilingRefused):
    def __init__(self):
        super().__init__(_("这份申报已为另一个人提交过，请重新打开页面"))


class WrongQuantity(FilingRefused):
    def __init__(self):
        super().__init__(_("数量须大于零，最多一位小数"))


# --- what is claimed ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What is claimed, for everybody on the list alike."""

    version: RuleVersion
    day: date
    today: date
    quantity: Decimal
    grade: int
    asked: int
    partner: object
    area: Area | None
    by: object
    source: str
    text: str
    caps: tuple[Cap, ...]


def wanted(
    rule: Rule, *, day, today, quantity, grade, text, partner, area, evidence, by, source
) -> Wanted:
    """What is wrong for everybody on the list is raised: rule, day, words, how many, evidence."""
    matters.refuse_forbidden(text)
    version = version_on(rule, day)
    if day > today:
        raise NotYet
    quantity = quantity_of(quantity)
    check_grade(version, grade)
    if source not in version.sources:
        raise NotYours(str(Source(source).label))
    asked = asked_of(version, quantity, grade)
    if asked < 1:
        raise TooLittle
    caps = tuple(version.caps.all())
    if any(cap.subject == CapSubject.PAIR for cap in caps) and partner is None:
        raise PartnerMissing
    if source != Source.SYSTEM:
        check_evidence(version, text, evidence)
    return Wanted(
        version=version,
        day=day,
        today=today,
        quantity=quantity,
        grade=grade,
        asked=asked,
        partner=partner,
        area=area,
        by=by,
        source=source,
        text=text,
        caps=caps,
    )


def check_grade(version: RuleVersion, grade: int) -> None:
    if not 0 <= grade < len(version.amounts):
        raise FilingRefused(_("没有这一档次"))


def asked_of(version: RuleVersion, quantity: Decimal, grade: int) -> int:
    """What the rule gives, rounded down, before any cap."""
    check_grade(version, grade)
    return int((quantity * version.amounts[grade]).to_integral_value(ROUND_DOWN))


@dataclass(frozen=True)
class Deed:
    """Of one person, checked: ready to be counted against the caps and written."""

    person: object
    household: Household | None
    to_household: bool
    area: Area
    community: Area


def version_on(rule: Rule, day: date) -> RuleVersion:
    version = rule.versions.on(day).select_related("rule").first()
    if version is None or rule.kind != RuleKind.EARN:
        raise NotOpen(rule, day)
    return version


def quantity_of(value) -> Decimal:
    try:
        quantity = Decimal(str(value))
    except ArithmeticError:
        raise WrongQuantity from None
    if not quantity.is_finite() or not 0 < quantity <= MOST_QUANTITY:
        raise WrongQuantity
    if quantity != quantity.quantize(Decimal("0.1")):
        raise WrongQuantity
    return quantity


def check_evidence(version: RuleVersion, text: str, evidence) -> None:
    match version.evidence:
        case Evidence.TEXT if not text.strip():
            raise EvidenceMissing(str(Evidence.TEXT.label))
        case Evidence.PHOTO | Evidence.DOCUMENT if not evidence:
            raise EvidenceMissing(str(Evidence(version.evidence).label))


def homes_on(people, day: date, rule: Rule, area: Area | None = None) -> dict[int, Household]:
    """Person → the household within the rule's subdistrict they lived in that day. One query.

    Of several the one nearest to ``area``, then the latest.
    """
    rows = (
        Residence.objects.verified(day)
        .filter(person__in=people, household__area_path__startswith=rule.area_path)
        .select_related("household__area")
        .order_by("starts_on", "pk")
    )
    homes: dict[int, Household] = {}
    for row in rows:
        known = homes.get(row.person_id)
        if known is None or _near(row.household, area) >= _near(known, area):
            homes[row.person_id] = row.household
    return homes


def _near(household: Household, area: Area | None) -> int:
    """How many levels of the way down the two have in common."""
    if area is None:
        return 0
    steps = range(Area.steplen, len(area.path) + 1, Area.steplen)
    return sum(household.area_path[:end] == area.path[:end] for end in steps)


# --- of each person ------------------------------------------------------------------------------


@dataclass
class Background:
    """What is known of all people of a list: read at once, so that it costs as much for fifty."""

    posts: dict[int, list[tuple[str, str]]]  # those the rule asks about, held on the day
    suspended: dict[int, date]
    guardians: dict[tuple[int, int], int]  # (minor, household) → who agreed
    terms: dict[int, RuleProfile] = field(default_factory=dict)

    def terms_of(self, community: Area, day: date) -> RuleProfile:
        if community.pk not in self.terms:
            self.terms[community.pk] = terms.at(community, day)
        return self.terms[community.pk]

    def holds(self, person, positions, path: str) -> bool:
        return any(
            position in positions and path.startswith(place)
            for position, place in self.posts.get(person.pk, ())
        )


def background_of(wanted: Wanted, people) -> Background:
    version, day, today = wanted.version, wanted.day, wanted.today
    consents = GuardianConsent.objects.given().filter(minor__in=people)
    stops = Suspension.objects.filter(
        Q(starts_on__lte=today, ends_on__gt=today) | Q(starts_on__lte=day, ends_on__gt=day),
        person__in=people,
    )
    return Background(
        posts=who.posts_on(people, [*version.excluded, *version.only_for], day),
        suspended=dict(stops.order_by("ends_on").values_list("person_id", "ends_on")),
        guardians={
            (minor, household): guardian
            for minor, household, guardian in consents.values_list(
                "minor_id", "household_id", "guardian_id"
            )
        },
    )


def deed_of(wanted: Wanted, person, home: Household | None, background: Background) -> Deed:
    """Everything that can be said of one person before counting. Raises FilingRefused."""
    version, day = wanted.version, wanted.day
    place = wanted.area or (home.area if home else None)
    if place is None or not place.path.startswith(version.rule.area_path):
        raise NoHousehold
    community = place.community
    if community is None:
        raise NoHousehold
    latest = background.terms_of(community, day).params["claim_within_days"]
    if day < wanted.today - timedelta(days=latest):
        raise TooLate(latest)
    if wanted.partner is not None and wanted.partner.pk == person.pk:
        raise PartnerMissing
    if home is not None and not home.area_path.startswith(community.path):
        home = None  # another community's door: what is earned here is the person's own
    minor = who.may_be_minor(person, day)
    guardian = background.guardians.get((person.pk, home and home.pk)) if minor else None
    _check_filer(wanted, person, guardian, place)
    if background.holds(person, version.excluded, place.path):
        raise OwnDuty
    if version.only_for and not background.holds(person, version.only_for, place.path):
        raise OnlyFor("、".join(str(P(position).label) for position in version.only_for))
    if version.adults_only and (minor or person.birth_year is None):
        raise AdultsOnly
    to_household = version.to_household or minor
    if home is None and to_household:
        raise NoHousehold
    if minor and guardian is None:
        raise ConsentMissing
    if (ends_on := background.suspended.get(person.pk)) is not None:
        raise Suspended(ends_on)
    return Deed(person, home, to_household, place, community)


def _check_filer(wanted: Wanted, person, guardian: int | None, place: Area) -> None:
    by = wanted.by
    match wanted.source:
        case Source.SYSTEM if by is None:
            return
        case Source.SELF if by is not None and by.pk in {person.pk, guardian}:
            return
        case Source.LEADER if by is not None and who.holds(by, LEADERS, place.path):
            return
        case Source.GRID_WORKER if by is not None and who.holds(by, WORKERS, place.path):
            return
    raise NotYours
