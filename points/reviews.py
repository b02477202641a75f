"""What the page of the points group reads of a month, whatever the number of claims.

Every query is compiled once (``orgs.compiled``): written anew for each request, they cost more
than the page they are for.
"""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import JSONObject
from django.utils import timezone

from orgs.compiled import compiled
from orgs.models import Residence
from points import dealing, panel, terms
from points.models import Batch, Claim, ClaimState, Decision, PanelMember, Signature

PAGE = 25
FIRST = 30  # of what waits, to name them while they are few

_ROW = (
    *("quantity", "grade", "points", "happened_on", "text", "source", "household"),
    *("person", "partner", "claimant", "certifier", "approver"),
    *("area__name", "rule_version__title", "rule_version__measure", "rule_version__grades"),
)


def read(pk: int) -> Batch | None:
    """The batch with its notice and last steps; two queries. With it come

    ``totals`` of what is approved, ``waiting`` (the first of those not yet reviewed), what is
    ``left`` of the fund, the ``terms`` of the place, and the ``seats`` of its group.
    """
    today = timezone.localdate()
    found = _read(pk=pk, today=today, beginning=dealing.BEGINNING, nothing=0)
    if not found:
        return None
    (batch,) = found
    batch.totals = batch.totals or {"count": 0, "points": 0, "waiting": 0}
    batch.left, batch.terms = batch.left or 0, terms.found(batch.terms, batch.area, today)
    batch.seats = _seats(area=batch.area_id, today=today)
    return batch


@compiled
def _read(*, pk, today, beginning, nothing):
    approved = _listed(OuterRef("pk"))
    waiting = Q(state=ClaimState.BATCHED)
    totals = (
        approved.order_by()
        .values(all=Value(""))
        .annotate(
            found=JSONObject(
                count=Count("pk"), points=Sum("points"), waiting=Count("pk", filter=waiting)
            )
        )
    )
    first = approved.filter(waiting).order_by("pk").values("pk")[:FIRST]
    area = OuterRef("area")
    left = dealing.funds(area, OuterRef(area), OuterRef(OuterRef("pk")), beginning, nothing)
    return (
        dealing.with_last_steps(Batch.objects.select_related("area", "notice"))
        .filter(pk=pk)
        .annotate(
            totals=Subquery(totals.values("found")),
            waiting=ArraySubquery(first),
            left=Subquery(left.values("left")[:1]),
            terms=terms.params_around(OuterRef("area__code"), today),
        )
    )


def _listed(batch) -> QuerySet[Claim]:
    """What the group is asked to pass, or has passed."""
    claims = Claim.objects.filter(batch=batch, decision=Decision.APPROVED)
    return claims.exclude(state=ClaimState.REFUSED)


@compiled
def _seats(*, area, today):
    seats = PanelMember.objects.in_force(today).filter(area=area)
    return seats.select_related("person").only("area", "role", "person__name").order_by("pk")


def claims(batch: Batch, *, after: int) -> list[Claim]:
    """One page from a key on, and one claim more if there are; with people and evidence."""
    return dealing.named(_claims(batch=batch.pk, after=after))


@compiled
def _claims(*, batch, after):
    claims = _listed(batch).filter(pk__gt=after).select_related("area", "rule_version").only(*_ROW)
    return dealing.with_people(claims.order_by("pk"))[: PAGE + 1]


def signed(batch: Batch) -> list[Signature]:
    """Who has signed and still stands to it, in order."""
    return _signed(batch=batch.pk)


@compiled
def _signed(*, batch):
    signatures = Signature.objects.filter(batch=batch, is_void=False).select_related("person")
    return signatures.only("batch", "role", "agrees", "opinion", "at", "person__name")


def with_part(batch: Batch, person) -> list[Claim]:
    """Claims ``person`` has a part in, the few; ``is_home`` where they live in the household."""
    return _with_part(batch=batch.pk, person=person.pk, today=timezone.localdate())


@compiled
def _with_part(*, batch, person, today):
    homes = Residence.objects.filter(person=person, state=Residence.State.VERIFIED).order_by()
    living = homes.filter(
        Q(ends_on=None) | Q(ends_on__gt=OuterRef("happened_on")), starts_on__lte=today
    )
    own = is_home = Q(household__in=living.values("household"))
    for part in panel.PARTS:
        own |= Q(**{part: person})
    is_home = Case(When(is_home, then=True), default=False)
    found = _listed(batch).annotate(is_home=is_home).filter(own).order_by("pk")
    return found.select_related("rule_version").only(*panel.PARTS, "rule_version__title")
