"""What of points waits for somebody, to be counted with all else on the desk in one query.

Written for ``orgs.prepared``: nothing of the person is read here. ``points.waiting`` answers the
same for one person whose posts are known.
"""

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import StartsWith

from orgs import access
from orgs.compiled import Among
from orgs.models import Appointment, Residence
from orgs.posts import WITHOUT_PLACE
from points import who
from points.models import Batch, BatchState, Claim, ClaimState, PanelMember, Signature


def waiting(person, *, today) -> dict[str, QuerySet]:
    """Name → what waits. ``person`` may be a blank; ``today`` too."""
    rights = access.rights_of(person)
    found = {"to_sign": to_sign(person, today=today)}
    if rights.has(who.CERTIFY):
        found["to_certify"] = to_certify(person, today=today)
    if rights.has(who.DECIDE):
        undecided = Claim.objects.filter(state=ClaimState.BATCHED, decision="")
        found["to_decide"] = access.scope(undecided, person, who.DECIDE)
    return found


def to_certify(person, *, today) -> QuerySet[Claim]:
    """Within the person's places, under rules that name a post they hold there; not their own."""
    posts = (
        Appointment.objects.in_force(today)
        .filter(person=person)
        .exclude(organization__kind__in=WITHOUT_PLACE)
        .annotate(place=Coalesce("area__path", "organization__area__path"))
        .filter(
            Among(F("position"), OuterRef("rule_version__certifiers")),
            StartsWith(OuterRef("area_path"), F("place")),
        )
    )
    homes = Residence.objects.filter(
        person=person,
        state=Residence.State.VERIFIED,
        household=OuterRef("household"),
        starts_on__lte=today,
    )
    claims = (
        Claim.objects.alias(post=_first(posts), home=_first(homes))
        .filter(~Q(person=person), state=ClaimState.CLAIMED, post__isnull=False, home__isnull=True)
        .filter(Q(partner=None) | ~Q(partner=person))
        .filter(Q(claimant=None) | ~Q(claimant=person))
    )
    return access.scope(claims, person, who.CERTIFY)


def to_sign(person, *, today) -> QuerySet[Batch]:
    """Under review where the person sits in the points group, and not signed by them."""
    seats = PanelMember.objects.in_force(today).filter(person=person, area=OuterRef("area"))
    signed = Signature.objects.filter(batch=OuterRef("pk"), person=person, is_void=False)
    return Batch.objects.alias(seat=_first(seats), mine=_first(signed)).filter(
        seat__isnull=False, mine__isnull=True, state=BatchState.REVIEWING
    )


def _first(rows: QuerySet) -> Subquery:
    """For "there is one": EXISTS selects a number, which a query compiled once may not hold."""
    return Subquery(rows.order_by().values("pk")[:1])
