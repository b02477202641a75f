"""The points group of a community: who sits in it, who has signed, what a claim still lacks.

A signature counts for a claim only when its signer has no part in it: not the beneficiary or
their partner, not who filed, certified or approved it, nobody of the same household. Nobody has
to declare that: it is counted so.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.compiled import Among, compiled
from orgs.models import Area, Residence
from orgs.positions import STAFF
from orgs.positions import Position as P
from points import terms, who
from points.models import (
    Batch,
    Claim,
    ClaimState,
    Decision,
    PanelMember,
    PanelRole,
    Signature,
)
from rules.refusals import Refused

RIGHT = "points.edit_panel"
PARTS = ("person", "partner", "claimant", "certifier", "approver")  # whose part it is in a claim


class NotEntitled(Refused):
    def __init__(self):
        super().__init__(_("您没有确定积分小组成员的权限"))


class WrongSeat(Refused):
    pass


class NotReviewed(Refused):
    """Claims that lack signatures; ``lacking`` maps their numbers to what is missing."""

    def __init__(self, lacking: dict[int, str]):
        self.lacking = lacking
        words = "；".join(
            _("编号%(n)d：%(what)s") % {"n": pk, "what": what}
            for pk, what in list(lacking.items())[:3]
        )
        text = _("还有 %(count)d 项审议人数不够（%(words)s）")
        super().__init__(text % {"count": len(lacking), "words": words})


@transaction.atomic
def seat(
    community: Area, person, role: str, *, by=None, starts_on: date | None = None
) -> PanelMember:
    """Let ``person`` sit in the group. A supervisor holds that post; a resident has no post."""
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=community.path):
        raise NotEntitled
    posts = {position for position, path in who.posts_of(person) if community.path.startswith(path)}
    if role == PanelRole.SUPERVISOR and P.SUPERVISOR not in posts:
        raise WrongSeat(_("监督委员须由居务监督委员会委员担任"))
    if role == PanelRole.RESIDENT:
        lives = Residence.objects.verified().filter(
            person=person, household__area_path__startswith=community.path
        )
        works = any(
            position in STAFF and path.startswith(community.path[: -Area.steplen])
            for position, path in who.posts_of(person)
        )
        if works or not lives.exists():
            raise WrongSeat(_("居民代表须是本社区已核验、不任职的居民"))
    if PanelMember.objects.filter(area=community, person=person, ends_on=None).exists():
        raise WrongSeat(_("此人已是积分小组成员"))
    return PanelMember.objects.create(
        area=community,
        person=person,
        role=role,
        starts_on=starts_on or timezone.localdate(),
        seated_by=by,
    )


@transaction.atomic
def unseat(member: PanelMember, *, by) -> PanelMember:
    """From today on no longer in the group; what was signed stays."""
    if not access.rights_of(by).may(RIGHT, area_path=member.area_path):
        raise NotEntitled
    member.ends_on = timezone.localdate()
    member.save(update_fields=["ends_on"])
    return member


# --- counting ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Signatures that count for one claim."""

    members: int
    residents: int
    supervisors: int

    def lacks(self, wanted) -> str:
        """What is missing, in words; empty when the claim is reviewed."""
        missing = []
        if self.members < wanted["members"]:
            missing.append(_("还差 %(n)d 人") % {"n": wanted["members"] - self.members})
        if self.residents < wanted["residents"]:
            missing.append(_("缺居民代表"))
        if self.supervisors < wanted["supervisors"]:
            missing.append(_("缺监督委员"))
        return "、".join(missing)


def signing(batch: Batch) -> list[Signature]:
    """Who agreed, and no longer doubts since. One query."""
    return list(batch.signatures.filter(agrees=True, is_void=False))


def standings(batch: Batch, claims) -> dict[int, Standing]:
    """Claim → its signatures that count. Two queries, whatever the number of claims."""
    signed = signing(batch)
    homes: dict[int, list] = defaultdict(list)
    rows = Residence.objects.filter(
        person__in=[one.person_id for one in signed], state=Residence.State.VERIFIED
    )
    for person, household, ends in rows.values_list("person_id", "household_id", "ends_on"):
        homes[household].append((person, ends))
    found = {}
    for claim in claims:
        aside = {getattr(claim, f"{part}_id") for part in PARTS}
        aside |= {
            person
            for person, ends in homes.get(claim.household_id, ())
            if ends is None or ends > claim.happened_on
        }
        found[claim.pk] = _standing(signed, aside)
    return found


def _standing(signed: list[Signature], aside=frozenset()) -> Standing:
    roles = Counter(one.role for one in signed if one.person_id not in aside)
    return Standing(
        members=sum(roles.values()),
        residents=roles[PanelRole.RESIDENT],
        supervisors=roles[PanelRole.SUPERVISOR],
    )


def approved(batch):
    """Claims of the batch that wait for the group, or have passed it."""
    return Claim.objects.filter(
        batch=batch,
        decision=Decision.APPROVED,
        state__in=[ClaimState.BATCHED, ClaimState.REVIEWED],
    ).order_by("pk")


def lacking(batch: Batch) -> dict[int, str]:
    """Approved claims that lack signatures → what is missing."""
    words, found = missing(batch, signing(batch), terms.at(batch.area).params["panel"])
    if words:
        found = dict.fromkeys(waiting(batch).values_list("pk", flat=True), words) | found
    return {pk: words for pk, words in found.items() if words}


def waiting(batch):
    """Approved, and not yet reviewed."""
    return approved(batch).filter(state=ClaimState.BATCHED)


def missing(batch: Batch, signed: list[Signature], wanted) -> tuple[str, dict[int, str]]:
    """What claims lack in which no signer has a part; and those with one → what they lack.

    The database finds the latter, which are few; the former need not be read. ``signed``: from
    ``signing``; ``wanted``: the numbers of the place. One query. Words are empty for nothing.
    """
    signers, found = [one.person_id for one in signed], {}
    if signers:
        for pk, at_home, *people in _apart(batch=batch.pk, signers=signers):
            found[pk] = _standing(signed, {*people, *at_home}).lacks(wanted)
    return _standing(signed).lacks(wanted), found


@compiled
def _apart(*, batch, signers):
    """Waiting claims in which one of ``signers`` has a part: who lives there, whose they are."""
    homes = Residence.objects.filter(
        Among("person", signers), state=Residence.State.VERIFIED
    ).order_by()
    living = homes.filter(
        Q(ends_on=None) | Q(ends_on__gt=OuterRef("happened_on")), household=OuterRef("household")
    )
    apart = Q(household__in=homes.values("household"))
    for part in PARTS:
        apart |= Q(Among(part, signers))
    rows = waiting(batch).filter(apart).annotate(living=ArraySubquery(living.values("person")))
    return rows.values_list("pk", "living", *PARTS)
