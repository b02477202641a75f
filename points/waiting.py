"""What waits for a person: claims to certify, appeals, batches, deductions. As querysets.

Each leaves out what the person must leave to others, as far as a query can tell; the tables
(``who``) have the last word.
"""

from collections import defaultdict

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orgs import access
from points import who
from points.models import (
    Batch,
    BatchState,
    Claim,
    ClaimState,
    Deduction,
    DeductionState,
    Signature,
)

B, D = BatchState, DeductionState
NOTHING = Q(pk__in=[])


def _not_mine(person) -> Q:
    """Not about the person, not filed by them, not of a household they live in."""
    today = timezone.localdate()
    homes = [home for home, starts, _ends in who.homes_of(person) if starts <= today]
    # NOT of a comparison with NULL is NULL: say what may be empty.
    return (
        ~Q(person=person)
        & (Q(partner=None) | ~Q(partner=person))
        & (Q(claimant=None) | ~Q(claimant=person))
        & (Q(household=None) | ~Q(household__in=homes))
    )


def _over(person, right: str, path_field: str = "area_path") -> Q:
    reach = NOTHING
    for path in access.rights_of(person).area_paths(right):
        reach |= Q(**{f"{path_field}__startswith": path})
    return reach


def _certifying(person) -> Q:
    """Under rules that name one of the person's posts, at the places of those posts."""
    by_place: dict[str, set[str]] = defaultdict(set)
    for position, path in who.posts_of(person):
        by_place[path].add(position)
    reach = NOTHING
    for path, positions in by_place.items():
        reach |= Q(area_path__startswith=path, rule_version__certifiers__overlap=sorted(positions))
    return reach & Q(state=ClaimState.CLAIMED)


def to_certify(person) -> QuerySet[Claim]:
    """Claims the person may certify by one of their posts, and has no part in."""
    return Claim.objects.filter(_certifying(person), _not_mine(person))


def certifying(person) -> tuple[int, int]:
    """(claims the person may certify, those they would but for a part in them). One query."""
    found = Claim.objects.filter(_certifying(person)).aggregate(
        every=Count("pk"), own=Count("pk", filter=_not_mine(person))
    )
    return found["own"], found["every"] - found["own"]


def appeals(person) -> QuerySet[Claim]:
    """Appeals the person may answer."""
    found = Claim.objects.filter(
        _over(person, who.ANSWER), _not_mine(person), state=ClaimState.APPEALED
    )
    for role in ("certifier", "approver", "refused_by"):
        found = found.filter(Q(**{role: None}) | ~Q(**{role: person}))
    return found


def batches_to_decide(person) -> QuerySet[Batch]:
    """Batches whose next step is the secretary's: to decide, to publish, to look at objections."""
    return Batch.objects.filter(
        _over(person, who.DECIDE),
        state__in=[B.COLLECTING, B.DECIDING, B.REVIEWING, B.OBJECTED],
    )


def batches_to_sign(person) -> QuerySet[Batch]:
    """Batches under review in communities where the person sits, not signed by them yet."""
    signed = Signature.objects.filter(batch=OuterRef("pk"), person=person, is_void=False)
    return Batch.objects.filter(~Exists(signed), area__in=who.seats_of(person), state=B.REVIEWING)


def deductions(person) -> QuerySet[Deduction]:
    """Deductions the person should establish, decide or judge; or answer and may appeal."""
    parts = {
        D.REPORTED: _over(person, who.ESTABLISH),
        D.HEARD: _over(person, who.DECIDE_DEDUCTION, "community__path"),
        D.APPEALED: _over(person, who.ANSWER),
    }
    wanted = Q(person=person, state__in=[D.ESTABLISHED, D.DECIDED])
    others = ~Q(person=person) & ~Q(reporter=person)
    others &= Q(establisher=None) | ~Q(establisher=person)
    others &= Q(decider=None) | ~Q(decider=person)
    for state, reach in parts.items():
        wanted |= Q(state=state) & reach & others
    return Deduction.objects.filter(wanted)


def of_person(person) -> QuerySet[Claim]:
    """What was claimed for the person, and by a guardian for their minors; newest first."""
    return (
        Claim.objects.filter(Q(person=person) | Q(claimant=person, source="self"))
        .select_related("rule_version__rule", "batch", "clock")
        .order_by("-pk")
    )
