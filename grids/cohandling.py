"""Several bodies on one matter with one lead: dated grants to see it and to add to its record."""

from collections.abc import Iterable
from datetime import date, datetime

from django.utils import timezone

from grids import dispatch
from grids.models import CoHandling, Issue
from grids.refusals import CannotCoHandle
from orgs.models import Linkage, Organization


def possible(issue: Issue, person) -> list[Organization]:
    """Bodies that may be asked to join, the three of the linkage first."""
    taken = set(issue.cohandlings.in_force().values_list("organization_id", flat=True)) | {
        issue.lead_id
    }
    linked = linked_bodies(issue)
    found = [one.organization for one in dispatch.bodies_once(issue, person)]
    found = [organization for organization in found if organization.pk not in taken]
    return sorted(found, key=lambda organization: organization.pk not in linked)


def grants(issue: Issue) -> list[CoHandling]:
    """Who works on it beside the lead now; read once for all that a page asks."""
    kept = issue.__dict__
    if "_grants" not in kept:
        found = issue.cohandlings.in_force().select_related("organization")
        kept["_grants"] = list(found.order_by("pk"))
    return kept["_grants"]


def linked_bodies(issue: Issue) -> set[int]:
    """Residents' committee, owners' body and property company of the compound (三方联动)."""
    bodies = Linkage.objects.filter(grids__path__in=dispatch.around(issue.area_path)).values_list(
        "residents_committee_id", "owners_body_id", "property_company_id"
    )
    return {pk for row in bodies for pk in row if pk}


def invite(
    issue: Issue,
    organizations: Iterable[Organization],
    *,
    role: str,
    by,
    on: datetime,
    reason: str,
    ends_on: date | None = None,
) -> list[CoHandling]:
    """Grant each body the record from today; who has it already keeps it.

    Raises CannotCoHandle for a body without anybody to act for it.
    """
    day = timezone.localdate(on)
    made = []
    there = set(issue.cohandlings.in_force(day).values_list("organization_id", flat=True))
    for organization in organizations:
        if organization.pk in there:
            continue
        if not dispatch.members(organization):
            raise CannotCoHandle(organization.name)
        made.append(
            CoHandling.objects.create(
                issue=issue,
                organization=organization,
                role=role,
                starts_on=day,
                ends_on=ends_on,
                granted_by=by,
                reason=reason[:200],
            )
        )
    return made


def dismiss(issue: Issue, organizations: list[Organization] | None, *, on: datetime) -> int:
    """End the grants of these bodies (of all: None) as of that day; how many there were."""
    day = timezone.localdate(on)
    grants = issue.cohandlings.in_force(day)
    if organizations is not None:
        grants = grants.filter(organization__in=organizations)
    return grants.update(ends_on=day)
