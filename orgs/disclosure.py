"""What of the spine is shown to whom.

Public are bodies and the names of those who hold public office. Party membership and home are
personal (PIPL art. 28: 特定身份): contact households, members and group leaders are never named
to the public; a neighbour sees a masked door, staff in charge of the place see masked names.
"""

from orgs.access import rights_of
from orgs.models import Appointment, Area, Consent, Organization, OrganizationKind, Residence
from orgs.positions import Position as P

INSIDE = "orgs.view_staff_details"

# Bodies that the public never opens.
HIDDEN_KINDS = frozenset({OrganizationKind.CONTACT_HOUSEHOLD, OrganizationKind.PLATFORM})

# Public office: named to everybody.
PUBLIC_POSITIONS = frozenset(
    {
        P.PARTY_SECRETARY,
        P.PARTY_DEPUTY,
        P.PARTY_COMMITTEE_MEMBER,
        P.JOINT_MEMBER,
        P.COMMITTEE_DIRECTOR,
        P.COMMITTEE_MEMBER,
        P.SUPERVISOR,
        P.SOCIAL_WORKER,
        P.GRID_LEAD,
        P.GRID_WORKER,
        P.OWNERS_DIRECTOR,
        P.OWNERS_MEMBER,
        P.PROPERTY_MANAGER,
        P.SUBDISTRICT_LEADER,
    }
)
# Known to those who live there, masked to everybody else.
NEIGHBOUR_POSITIONS = frozenset({P.BUILDING_LEADER, P.RESIDENTS_GROUP_LEADER, P.GROUP_LEADER})
# Never shown outside: a Party member's home.
HIDDEN_POSITIONS = frozenset({P.CONTACT_HOST})


def sees_inside(person, area: Area) -> bool:
    """Staff in charge of this very place."""
    return rights_of(person).may(INSIDE, area_path=area.path)


def is_neighbour(person, area: Area) -> bool:
    """A verified resident of the community around this place; nobody is, of anything larger."""
    around = area.community
    if around is None or not person.is_authenticated:
        return False
    mine = Residence.objects.verified().filter(person=person)
    return mine.filter(household__area_path__startswith=around.path).exists()


def may_open(person, organization: Organization) -> bool:
    return organization.kind not in HIDDEN_KINDS or sees_inside(person, organization.area)


def plated(contact_pks) -> set[int]:
    """Of these contact households, those whose host agreed to a plate at the door: neighbours
    read of no other. Two queries."""
    hosts = dict(
        Appointment.objects.in_force()
        .filter(organization__in=contact_pks, position=P.CONTACT_HOST)
        .values_list("person_id", "organization_id")
    )
    answers = Consent.objects.filter(person__in=hosts, notice=Consent.Notice.PLATE)
    latest = answers.order_by("person_id", "-pk").distinct("person_id")
    return {hosts[answer.person_id] for answer in latest if answer.is_given}


def shown_name(name: str, position: str, *, inside: bool = False, neighbour: bool = False) -> str:
    """The name of a holder as this reader may see it: whole, 王*, or nothing."""
    if position in PUBLIC_POSITIONS or inside:
        return name
    if position in HIDDEN_POSITIONS:
        return ""
    if neighbour and position in NEIGHBOUR_POSITIONS:
        return name
    return f"{name[:1]}*"
