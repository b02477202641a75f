"""Claiming, one deed or a list of people, and the steps of one claim (``points.flow``)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area
from points import caps, deeds
from points.flow import NothingLeft, flow, start_clock
from points.models import (
    Claim,
    ClaimEvidence,
    ClaimState,
    Rule,
    Source,
)
from rules import calendar
from rules.refusals import Refused

logger = logging.getLogger(__name__)

# --- filing --------------------------------------------------------------------------------------


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
    wanted = deeds.wanted(
        rule,
        day=happened_on,
        today=calendar.local_day(at),
        quantity=quantity,
        grade=grade,
        text=text,
        partner=partner,
        area=area,
        evidence=evidence,
        by=by,
        source=source,
    )
    result = Filed()
    keys = {
        person.pk: source_key if strict or not source_key else f"{source_key}:{person.pk}"
        for person in people
    }
    with calendar.steady():
        background = deeds.background_of(wanted, people)
        ready = _ready(wanted, people, keys, background, result, strict=strict)
        caps.lock(
            wanted.version.rule_id,
            people=[*(deed.person.pk for deed in ready), partner and partner.pk],
            households=[deed.household and deed.household.pk for deed in ready],
        )
        _write_all(wanted, ready, keys, background, result, strict=strict, at=at)
    if evidence and result.claims:
        _attach(evidence, result.claims)
    return result


def _ready(wanted, people, keys, background, result: Filed, *, strict: bool) -> list[deeds.Deed]:
    """Those who may claim it and have not yet; the others go into ``result``."""
    homes = deeds.homes_on(people, wanted.day, wanted.version.rule, wanted.area)
    known = _known(keys)
    ready = []
    for person in people:
        if (claim := known.get(keys[person.pk])) is not None:
            if claim.person_id != person.pk:
                raise deeds.KeyTaken
            result.claims.append(claim)
            continue
        try:
            ready.append(deeds.deed_of(wanted, person, homes.get(person.pk), background))
        except deeds.FilingRefused as refused:
            if strict:
                raise
            result.refused.append((person, str(refused)))
    return ready


def _write_all(wanted, ready, keys, background, result: Filed, *, strict: bool, at) -> None:
    """Counted against the caps one after the other, under their lock."""
    # Who sent the same list a moment earlier had the lock before us.
    known = _known({deed.person.pk: keys[deed.person.pk] for deed in ready})
    for deed in ready:
        if (claim := known.get(keys[deed.person.pk])) is not None:
            result.claims.append(claim)
            continue
        try:
            claim = _write(
                wanted,
                deed,
                profile=background.terms_of(deed.community, wanted.day),
                source_key=keys[deed.person.pk],
                at=at,
            )
        except NothingLeft as refused:
            if strict:
                raise
            result.refused.append((deed.person, str(refused)))
            continue
        result.claims.append(claim)


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
    version = deeds.version_on(rule, happened_on)
    asked = deeds.asked_of(version, deeds.quantity_of(quantity), grade)
    home = deeds.homes_on([person], happened_on, rule).get(person.pk)
    left = caps.allowance(
        version,
        person_id=person.pk,
        household_id=home and home.pk,
        partner_id=partner and partner.pk,
        grade=grade,
        day=happened_on,
    )
    return asked, left


def _known(keys: dict[int, str]) -> dict[str, Claim]:
    wanted = [key for key in keys.values() if key]
    if not wanted:
        return {}
    found = Claim.objects.filter(source_key__in=wanted).select_related("rule_version__rule")
    return {claim.source_key: claim for claim in found}


def _write(wanted: deeds.Wanted, deed: deeds.Deed, *, profile, source_key, at) -> Claim:
    left = caps.allowance(
        wanted.version,
        person_id=deed.person.pk,
        household_id=deed.household and deed.household.pk,
        partner_id=wanted.partner and wanted.partner.pk,
        grade=wanted.grade,
        day=wanted.day,
        caps=wanted.caps,
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
        text=wanted.text.strip()[:500],
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
