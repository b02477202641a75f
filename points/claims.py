"""Claiming, one deed or a list of people, and the steps of one claim (``points.flow``)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area, Household, Residence
from orgs.positions import Position as P
from points import caps, matters, terms, who
from points.flow import NothingLeft, flow, start_clock
from points.models import (
    CapSubject,
    Claim,
    ClaimEvidence,
    ClaimState,
    Evidence,
    GuardianConsent,
    Rule,
    RuleKind,
    RuleVersion,
    Source,
    Suspension,
)
from rules import calendar
from rules.models import RuleProfile
from rules.refusals import Refused

logger = logging.getLogger(__name__)

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


# --- filing --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wanted:
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


@dataclass(frozen=True)
class Deed:
    """Of one person, checked: ready to be counted against the caps and written."""

    person: object
    household: Household | None
    to_household: bool
    area: Area
    community: Area


@dataclass
class Filed:
    """What became of a list: the claims, and of whom there is none with the reason."""

    claims: list[Claim] = field(default_factory=list)
    refused: list[tuple[object, str]] = field(default_factory=list)


def file(
    rule: Rule,
    *,
    person,
    happened_on: date,
    by,
    source: str = Source.SELF,
    quantity=1,
    grade: int = 0,
    text: str = "",
    partner=None,
    area: Area | None = None,
    evidence: Sequence[ClaimEvidence] = (),
    source_key: str = "",
    at: datetime | None = None,
) -> Claim:
    """Claim one deed for ``person``; the same ``source_key`` again gives the first claim back.

    Under the version of the day it happened. ``area`` (default: the door's building) is where;
    ``evidence`` are drafts of ``points.evidence``. What exceeds a cap is cut, and the claim's
    first step says so. Raises FilingRefused, ForbiddenMatter or NoProfile, with nothing written.
    """
    found = file_for(
        rule,
        [person],
        happened_on=happened_on,
        by=by,
        source=source,
        quantity=quantity,
        grade=grade,
        text=text,
        partner=partner,
        area=area,
        evidence=evidence,
        source_key=source_key,
        at=at,
        strict=True,
    )
    return found.claims[0]


@transaction.atomic
def file_for(
    rule: Rule,
    people: Iterable,
    *,
    happened_on: date,
    by,
    source: str = Source.LEADER,
    quantity=1,
    grade: int = 0,
    text: str = "",
    partner=None,
    area: Area | None = None,
    evidence: Sequence[ClaimEvidence] = (),
    source_key: str = "",
    at: datetime | None = None,
    strict: bool = False,
) -> Filed:
    """Claim one deed for a list of people: each gets a claim, or stands in ``refused`` with why.

    What is wrong for all of them (rule, day, words) is raised. ``source_key`` gets each person's
    number behind it, so that the list sent twice is one list. ``strict``: raise the first refusal.
    """
    at = at or timezone.now()
    people = list({person.pk: person for person in people}.values())
    day, today = happened_on, calendar.local_day(at)
    matters.refuse_forbidden(text)
    version = _version_on(rule, day)
    if day > today:
        raise NotYet
    quantity = _quantity(quantity)
    if not 0 <= grade < len(version.amounts):
        raise FilingRefused(_("没有这一档次"))
    if source not in version.sources:
        raise NotYours(str(Source(source).label))
    asked = int((quantity * version.amounts[grade]).to_integral_value(ROUND_DOWN))
    if asked < 1:
        raise TooLittle
    version_caps = list(version.caps.all())
    if any(cap.subject == CapSubject.PAIR for cap in version_caps) and partner is None:
        raise PartnerMissing
    if source != Source.SYSTEM:
        _check_evidence(version, text, evidence)

    wanted = _Wanted(
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
    )
    result = Filed()
    keys = {
        person.pk: source_key if strict or not source_key else f"{source_key}:{person.pk}"
        for person in people
    }
    deeds = []
    with calendar.steady():
        homes = _homes_on(people, day, rule, area)
        background = _background(version, people, day, today)
        known = _known(keys)
        for person in people:
            if (claim := known.get(keys[person.pk])) is not None:
                if claim.person_id != person.pk:
                    raise KeyTaken
                result.claims.append(claim)
                continue
            try:
                deeds.append(_deed(wanted, person, homes.get(person.pk), background))
            except (FilingRefused, NothingLeft) as refused:
                if strict:
                    raise
                result.refused.append((person, str(refused)))
        caps.lock(
            version.rule_id,
            people=[*(deed.person.pk for deed in deeds), partner and partner.pk],
            households=[deed.household and deed.household.pk for deed in deeds],
        )
        # Who sent the same list a moment earlier had the lock before us.
        known = _known({deed.person.pk: keys[deed.person.pk] for deed in deeds})
        for deed in deeds:
            if (claim := known.get(keys[deed.person.pk])) is not None:
                result.claims.append(claim)
                continue
            try:
                claim = _write(
                    wanted,
                    deed,
                    profile=background.terms_of(deed.community, day),
                    caps_of=version_caps,
                    text=text,
                    source_key=keys[deed.person.pk],
                    at=at,
                )
            except (FilingRefused, NothingLeft) as refused:
                if strict:
                    raise
                result.refused.append((deed.person, str(refused)))
                continue
            result.claims.append(claim)
    if evidence and result.claims:
        _attach(evidence, result.claims)
    return result


def propose(
    rule: Rule,
    *,
    person,
    happened_on: date,
    source_key: str,
    area: Area | None = None,
    quantity=1,
    grade: int = 0,
    text: str = "",
    at: datetime | None = None,
) -> Claim | None:
    """The system proposes what it knows of ("issue:31"), once per key; None when it may not be.

    A rule that nobody certifies is certified by the system itself.
    """
    if not source_key:
        raise ValueError("a proposal names its source")
    try:
        with transaction.atomic():
            claim = file(
                rule,
                person=person,
                happened_on=happened_on,
                by=None,
                source=Source.SYSTEM,
                quantity=quantity,
                grade=grade,
                text=text,
                area=area,
                source_key=source_key,
                at=at,
            )
            if claim.state == ClaimState.CLAIMED and not claim.rule_version.certifiers:
                flow.advance(claim, "vouch", by=None, at=at)
            return claim
    except Refused as refused:
        logger.info("no claim is proposed for %s: %s", source_key, refused)
        return None


def preview(rule: Rule, *, person, happened_on: date, quantity=1, grade: int = 0, partner=None):
    """(asked, Left) for the form: what the rule gives, what caps leave. Writes nothing."""
    version = _version_on(rule, happened_on)
    if not 0 <= grade < len(version.amounts):
        raise FilingRefused(_("没有这一档次"))
    asked = int((_quantity(quantity) * version.amounts[grade]).to_integral_value(ROUND_DOWN))
    home = _homes_on([person], happened_on, rule).get(person.pk)
    left = caps.allowance(
        version,
        person_id=person.pk,
        household_id=home and home.pk,
        partner_id=partner and partner.pk,
        grade=grade,
        day=happened_on,
    )
    return asked, left


def _version_on(rule: Rule, day: date) -> RuleVersion:
    version = rule.versions.on(day).select_related("rule").first()
    if version is None or rule.kind != RuleKind.EARN:
        raise NotOpen(rule, day)
    return version


def _quantity(value) -> Decimal:
    try:
        quantity = Decimal(str(value))
    except ArithmeticError:
        raise WrongQuantity from None
    if not quantity.is_finite() or not 0 < quantity <= MOST_QUANTITY:
        raise WrongQuantity
    if quantity != quantity.quantize(Decimal("0.1")):
        raise WrongQuantity
    return quantity


def _check_evidence(version: RuleVersion, text: str, evidence) -> None:
    match version.evidence:
        case Evidence.TEXT if not text.strip():
            raise EvidenceMissing(str(Evidence.TEXT.label))
        case Evidence.PHOTO | Evidence.DOCUMENT if not evidence:
            raise EvidenceMissing(str(Evidence(version.evidence).label))


def _homes_on(people, day: date, rule: Rule, area: Area | None = None) -> dict[int, Household]:
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


def _known(keys: dict[int, str]) -> dict[str, Claim]:
    wanted = [key for key in keys.values() if key]
    if not wanted:
        return {}
    found = Claim.objects.filter(source_key__in=wanted).select_related("rule_version__rule")
    return {claim.source_key: claim for claim in found}


@dataclass
class _Background:
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


def _background(version: RuleVersion, people, day: date, today: date) -> _Background:
    consents = GuardianConsent.objects.given().filter(minor__in=people)
    stops = Suspension.objects.filter(
        Q(starts_on__lte=today, ends_on__gt=today) | Q(starts_on__lte=day, ends_on__gt=day),
        person__in=people,
    )
    return _Background(
        posts=who.posts_on(people, [*version.excluded, *version.only_for], day),
        suspended=dict(stops.order_by("ends_on").values_list("person_id", "ends_on")),
        guardians={
            (minor, household): guardian
            for minor, household, guardian in consents.values_list(
                "minor_id", "household_id", "guardian_id"
            )
        },
    )


def _deed(wanted: _Wanted, person, home: Household | None, background: _Background) -> Deed:
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


def _check_filer(wanted: _Wanted, person, guardian: int | None, place: Area) -> None:
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


def _write(wanted: _Wanted, deed: Deed, *, profile, caps_of, text, source_key, at) -> Claim:
    left = caps.allowance(
        wanted.version,
        person_id=deed.person.pk,
        household_id=deed.household and deed.household.pk,
        partner_id=wanted.partner and wanted.partner.pk,
        grade=wanted.grade,
        day=wanted.day,
        caps=caps_of,
    )
    points = wanted.asked if left.points is None else min(wanted.asked, left.points)
    if points < 1:
        raise NothingLeft(left.cap)
    claim = Claim(
        area=deed.area,
        community=deed.community,
        rule_version=wanted.version,
        person=deed.person,
        household=deed.household,
        to_household=deed.to_household,
        partner=wanted.partner,
        quantity=wanted.quantity,
        grade=wanted.grade,
        asked=wanted.asked,
        points=points,
        happened_on=wanted.day,
        text=text.strip()[:500],
        source=wanted.source,
        source_key=source_key,
        claimant=wanted.by,
        claimed_at=at,
    )
    reason = ""
    if points < wanted.asked:
        reason = _("规则给 %(asked)d 分，%(cap)s，本次计 %(points)d 分") % {
            "asked": wanted.asked,
            "cap": caps.describe(left.cap),
            "points": points,
        }
    flow.open(
        claim,
        by=wanted.by,
        verb="file",
        at=at,
        reason=reason,
        clock=lambda claim, move: start_clock(claim, "certify", at, profile=profile),
    )
    return claim


def _attach(evidence: Sequence[ClaimEvidence], claims: list[Claim]) -> None:
    """Drafts become evidence of all claims of the list."""
    Through = ClaimEvidence.claims.through
    Through.objects.bulk_create(
        [
            Through(claimevidence_id=photo.pk, claim_id=claim.pk)
            for photo in evidence
            for claim in claims
        ],
        ignore_conflicts=True,
    )


# --- steps of one claim --------------------------------------------------------------------------


def certify(claim: Claim, *, by, at: datetime | None = None, **seen) -> Claim:
    flow.advance(claim, "certify", by=by, at=at, **seen)
    return claim


@transaction.atomic
def certify_many(
    claim_ids: Iterable[int], *, by, at: datetime | None = None
) -> tuple[list[Claim], list[tuple[Claim, str]]]:
    """Certify a list: those certified, and those left to others (or moved meanwhile) with why."""
    done, left = [], []
    found = Claim.objects.filter(pk__in=list(claim_ids)).select_related("rule_version")
    for claim in found.order_by("pk"):
        try:
            with transaction.atomic():
                flow.advance(claim, "certify", by=by, at=at)
        except Refused as refused:
            left.append((claim, str(refused)))
        else:
            done.append(claim)
    return done, left


def refuse(
    claim: Claim, *, by, refusal_code: str, reason: str, at: datetime | None = None, **seen
) -> Claim:
    """Refuse to certify. The beneficiary may appeal once, within the term."""
    flow.advance(claim, "refuse", by=by, at=at, reason=reason, refusal_code=refusal_code, **seen)
    return claim


def withdraw(claim: Claim, *, by, at: datetime | None = None) -> Claim:
    flow.advance(claim, "withdraw", by=by, at=at)
    return claim


def appeal(claim: Claim, *, by, reason: str, at: datetime | None = None) -> Claim:
    """Raises AppealOver, NotAllowed (a second time) or Missing."""
    flow.advance(claim, "appeal", by=by, at=at, reason=reason)
    return claim


def answer_appeal(
    claim: Claim, *, by, stands: bool, reason: str, at: datetime | None = None
) -> Claim:
    """``stands``: the appeal is right, the claim goes into the next batch."""
    flow.advance(claim, "overrule" if stands else "uphold", by=by, at=at, reason=reason)
    return claim
