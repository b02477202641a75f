"""The spine: places, households, organizations, people, and who holds what from when to when."""

from orgs.models.areas import Area, AreaLevel, Placed
from orgs.models.households import Household, Residence
from orgs.models.organizations import (
    PARTY_KINDS,
    Linkage,
    Membership,
    Organization,
    OrganizationKind,
)
from orgs.models.people import Person
from orgs.models.posts import Appointment, Grant

__all__ = [
    "PARTY_KINDS",
    "Appointment",
    "Area",
    "AreaLevel",
    "Grant",
    "Household",
    "Linkage",
    "Membership",
    "Organization",
    "OrganizationKind",
    "Person",
    "Placed",
    "Residence",
]
