"""The points group of a community: who sits in it, who has signed, what a claim still lacks.

A signature counts for a claim only when its signer has no part in it: not the beneficiary or
their partner, not who filed, certified or approved it, nobody of the same household. Nobody has
to declare that: it is counted so.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area, Residence
from orgs.positions import STAFF
from orgs.positions import Position as P
from points import terms, who
from points.models import Batch, Claim, ClaimState, Decision, PanelMember, PanelRole
from rules.refusals import Refused

RIGHT = "points.edit_panel"


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


def standings(batch: Batch, claims) -> dict[int, Standing]:
    """Claim → its signatures that count. Two queries, whatever the number of claims."""
    signed = list(batch.signatures.filter(agrees=True, is_void=False))
    homes: dict[int, list] = defaultdict(list)
    rows = Residence.objects.filter(
        person__in=[one.person_id for one in signed], state=Residence.State.VERIFIED
    )
    for person, household, ends in rows.values_list("person_id", "household_id", "ends_on"):
        homes[household].append((person, ends))
    found = {}
    for claim in claims:
        aside = {
            *(claim.person_id, claim.partner_id, claim.claimant_id),
            *(claim.certifier_id, claim.approver_id),
        }
        aside |= {
            person
            for person, ends in homes.get(claim.household_id, ())
            if ends is None or ends > claim.happened_on
        }
        roles = Counter(one.role for one in signed if one.person_id not in aside)
        found[claim.pk] = Standing(
            members=sum(roles.values()),
            residents=roles[PanelRole.RESIDENT],
            supervisors=roles[PanelRole.SUPERVISOR],
        )
    return found


def approved(batch: Batch):
    """Claims of the batch that wait for the group, or have passed it."""
    return Claim.objects.filter(
        batch=batch,
        decision=Decision.APPROVED,
        state__in=[ClaimState.BATCHED, ClaimState.REVIEWED],
    ).order_by("pk")


def lacking(batch: Batch) -> dict[int, str]:
    """Approved claims that lack signatures → what is missing. For the page of the group."""
    wanted = terms.at(batch.area).params["panel"]
    claims = list(approved(batch).filter(state=ClaimState.BATCHED))
    found = {pk: one.lacks(wanted) for pk, one in standings(batch, claims).items()}
    return {pk: words for pk, words in found.items() if words}
