"""The spine: places, households, organizations, people, and who holds what from when to when."""

from orgs.models.areas import Area, AreaLevel, Placed
from orgs.models.consent import Consent
from orgs.models.contacts import ContactReveal
from orgs.models.credentials import OldPassword, Unlock
from orgs.models.households import Household, Residence
from orgs.models.organizations import (
    PARTY_KINDS,
    Linkage,
    LinkageGrid,
    Membership,
    Organization,
    OrganizationKind,
    ServedArea,
)
from orgs.models.people import Person
from orgs.models.posts import Appointment, Grant
from orgs.models.sites import GridPlan, Site

__all__ = [
    "PARTY_KINDS",
    "Appointment",
    "Area",
    "AreaLevel",
    "Consent",
    "ContactReveal",
    "Grant",
    "GridPlan",
    "Household",
    "Linkage",
    "LinkageGrid",
    "Membership",
    "OldPassword",
    "Organization",
    "OrganizationKind",
    "Person",
    "Placed",
    "Residence",
    "ServedArea",
    "Site",
    "Unlock",
]
