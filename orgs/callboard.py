"""Whom to call: the people who serve one grid, and how to reach them.

A grid's name, worker, telephone and supervision telephone are published on site (rule of grid
services); the telephones are those of the bodies, never of the people.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from orgs import disclosure
from orgs.models import (
    Appointment,
    Area,
    AreaLevel,
    Linkage,
    Organization,
    OrganizationKind,
    Person,
)
from orgs.positions import Position as P

K = OrganizationKind
_COMMITTEES = (K.COMMUNITY_COMMITTEE, K.GENERAL_BRANCH, K.COMMUNITY_BRANCH)
_BODIES = (*_COMMITTEES, K.GRID_BRANCH, K.RESIDENTS_COMMITTEE, K.SUPERVISION_COMMITTEE)


@dataclass(slots=True)
class Contact:
    role: str
    name: str
    phone: str = ""
    body: Organization | None = None
    duty: str = ""
    person: Person | None = None  # only for those who may ask for the full telephone


@dataclass(slots=True)
class Callboard:
    grid: Area
    community: Area
    building: Area | None
    first: list[Contact]  # the grid's own people
    others: list[Contact]
    supervision: str


def of_grid(grid: Area, *, building=None, neighbour=False, inside=False) -> Callboard:
    """Six queries. ``neighbour``: a verified resident, who may know the building leader by name."""
    community = grid.community
    bodies = list(
        Organization.objects.open()
        .filter(area__in=[community, grid], kind__in=_BODIES)
        .order_by("pk")
    )
    at_community = [body for body in bodies if body.area_id == community.pk]
    committee = _first(at_community, *_COMMITTEES)
    residents = _first(at_community, K.RESIDENTS_COMMITTEE)
    branch = _first([body for body in bodies if body.area_id == grid.pk], K.GRID_BRANCH)
    linkage = (
        Linkage.objects.filter(grids=grid)
        .select_related("owners_body", "property_company", "party_branch")
        .first()
    )
    owners = linkage.owners_body if linkage else None
    company = linkage.property_company if linkage else None
    branch = branch or (linkage.party_branch if linkage else None)
    here = [place.pk for place in (grid, building) if place]
    posts = _posts([residents, committee, branch, owners, company], here)
    service = residents.contact_phone if residents else ""

    def contacts(role, body, position, *, places=None, phone="", duty="") -> list[Contact]:
        found = []
        for post in posts:
            if body is None or post.organization_id != body.pk or post.position != position:
                continue
            if places is not None and post.area_id not in places:
                continue
            name = disclosure.shown_name(
                post.person.name, position, inside=inside, neighbour=neighbour
            )
            person = post.person if inside else None
            found.append(Contact(role, name, phone, body, duty, person))
        return found

    first = contacts(
        _("网格员"),
        residents,
        P.GRID_WORKER,
        places={grid.pk},
        phone=service,
        duty=_("反映事项、入户走访、居住登记"),
    )
    first += contacts(_("网格长"), residents, P.GRID_LEAD, places={grid.pk}, phone=service)
    if building is not None:
        first += contacts(
            _("楼栋长"), residents, P.BUILDING_LEADER, places={building.pk}, duty=building.name
        )
    others = contacts(
        _("社区书记"),
        committee,
        P.PARTY_SECRETARY,
        phone=(committee.contact_phone if committee else "") or service,
    )
    others += contacts(
        _("网格党支部书记"), branch, P.PARTY_SECRETARY, phone=branch.contact_phone if branch else ""
    )
    social_workers = contacts(
        _("社区社工"), residents, P.SOCIAL_WORKER, phone=service, duty=_("各类事项都可以问")
    )
    others += social_workers if inside else _as_one(social_workers)
    others += _of_body(_("物业"), company, contacts, P.PROPERTY_MANAGER)
    others += _of_body(_("业主组织"), owners, contacts, P.OWNERS_DIRECTOR)
    return Callboard(
        grid=grid,
        community=community,
        building=building,
        first=first,
        others=others,
        supervision=_supervision(at_community, community),
    )


def _as_one(contacts: list[Contact]) -> list[Contact]:
    """People who do the same behind the same telephone, in one line."""
    if len(contacts) < 2:
        return contacts
    first = contacts[0]
    names = "、".join(contact.name for contact in contacts)
    return [Contact(first.role, names, first.phone, first.body, first.duty)]


def _first(bodies, *kinds):
    return next((body for kind in kinds for body in bodies if body.kind == kind), None)


def _of_body(role, body, contacts, position) -> list[Contact]:
    """The head of a body; the body itself where nobody holds the post."""
    if body is None:
        return []
    return contacts(role, body, position, phone=body.contact_phone)[:1] or [
        Contact(role, "", body.contact_phone, body)
    ]


_LOCAL = (P.GRID_WORKER, P.GRID_LEAD, P.BUILDING_LEADER)


def _posts(bodies, here) -> list[Appointment]:
    """Posts of the bodies; of the many workers and leaders of a community only those ``here``."""
    positions = (
        P.PARTY_SECRETARY,
        P.SOCIAL_WORKER,
        P.PROPERTY_MANAGER,
        P.OWNERS_DIRECTOR,
    )
    return list(
        Appointment.objects.in_force()
        .filter(organization__in=[body.pk for body in bodies if body])
        .filter(Q(position__in=positions) | Q(position__in=_LOCAL, area__in=here))
        .select_related("person")
        .order_by("position", "pk")
    )


def _supervision(at_community, community: Area) -> str:
    """Where to complain about the grid: the supervision committee, the street, the hotline."""
    watchers = _first(at_community, K.SUPERVISION_COMMITTEE)
    if watchers and watchers.contact_phone:
        return watchers.contact_phone
    street = community.ancestor(AreaLevel.SUBDISTRICT)
    office = (
        Organization.objects.open().filter(area=street, kind=K.SUBDISTRICT_OFFICE).first()
        if street
        else None
    )
    return (office.contact_phone if office else "") or settings.SERVICE_PHONE
