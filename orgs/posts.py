"""Taking up and leaving posts: an appointment, and the rights that come and go with it.

``appoint`` writes the appointment and one grant per right of its position; ``relieve`` writes the
last day. Nothing has to run when that day comes: ``orgs.access`` reads the dates.
"""

from collections.abc import Iterable
from datetime import date

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.history import because
from orgs.models import Appointment, Area, Grant, Organization, OrganizationKind, Person
from orgs.positions import ADMINISTRATORS, Position, rights_of_position

K, P = OrganizationKind, Position

_PARTY_TEAM = {P.PARTY_SECRETARY, P.PARTY_DEPUTY, P.PARTY_COMMITTEE_MEMBER}
_OWNERS_TEAM = {P.OWNERS_DIRECTOR, P.OWNERS_MEMBER}
_CONTACT = {P.UNIT_CONTACT}

# Which posts a body has.
POSTS_OF: dict[str, frozenset[str]] = {
    kind: frozenset(positions)
    for kind, positions in {
        K.WORKING_COMMITTEE: _PARTY_TEAM | {P.SUBDISTRICT_LEADER},
        K.JOINT_WORKING_COMMITTEE: _PARTY_TEAM | {P.JOINT_MEMBER},
        K.COMMUNITY_COMMITTEE: _PARTY_TEAM,
        K.GENERAL_BRANCH: _PARTY_TEAM,
        K.COMMUNITY_BRANCH: _PARTY_TEAM,
        K.JOINT_COMMUNITY_COMMITTEE: _PARTY_TEAM | {P.JOINT_MEMBER},
        K.GRID_BRANCH: _PARTY_TEAM,
        K.COMMITTEE_BRANCH: _PARTY_TEAM,
        K.JOINT_BRANCH: _PARTY_TEAM,
        K.BUILDING_GROUP: {P.GROUP_LEADER},
        K.HOSTED_GROUP: {P.GROUP_LEADER},
        K.CONTACT_HOUSEHOLD: {P.CONTACT_HOST},
        K.RESIDENTS_COMMITTEE: {
            P.COMMITTEE_DIRECTOR,
            P.COMMITTEE_MEMBER,
            P.SOCIAL_WORKER,
            P.GRID_LEAD,
            P.GRID_WORKER,
            P.BUILDING_LEADER,
            P.RESIDENTS_GROUP_LEADER,
        },
        K.SUPERVISION_COMMITTEE: {P.SUPERVISOR},
        K.RESIDENTS_GROUP: {P.RESIDENTS_GROUP_LEADER, P.BUILDING_LEADER},
        K.OWNERS_COMMITTEE: _OWNERS_TEAM,
        K.MANAGEMENT_COMMISSION: _OWNERS_TEAM,
        K.PROPERTY_COMPANY: {P.PROPERTY_MANAGER, P.PROPERTY_STAFF},
        K.DISTRICT_GOVERNMENT: {P.DISTRICT_OFFICER, P.DEPARTMENT_OFFICER},
        K.SUBDISTRICT_OFFICE: {P.SUBDISTRICT_OPERATOR, P.SUBDISTRICT_LEADER},
        K.DEPARTMENT: {P.DEPARTMENT_OFFICER},
        K.RESIDENT_UNIT: _CONTACT,
        K.PARTNER_UNIT: _CONTACT,
        K.PAIRED_UNIT: _CONTACT,
        K.SOCIAL_ORGANIZATION: _CONTACT,
        K.VOLUNTEER_TEAM: _CONTACT,
        K.THREE_NEW_BODY: _CONTACT,
        K.MERCHANT: {P.MERCHANT_KEEPER},
        K.PLATFORM: set(ADMINISTRATORS),
    }.items()
}


# Bodies that bring others together and govern no place: their posts carry no rights over one.
WITHOUT_PLACE = frozenset(
    {K.JOINT_WORKING_COMMITTEE, K.JOINT_COMMUNITY_COMMITTEE, K.JOINT_BRANCH, K.HOSTED_GROUP}
)


class PostRefused(Exception):
    """Why somebody cannot take up or leave a post; its text may be shown."""


class WrongPost(PostRefused):
    def __init__(self, organization: Organization, position: str):
        text = _("%(kind)s没有“%(position)s”这一职务")
        super().__init__(
            text % {"kind": organization.get_kind_display(), "position": Position(position).label}
        )


class OutsideJurisdiction(PostRefused):
    def __init__(self, organization: Organization, area: Area):
        text = _("%(area)s不在%(organization)s的管辖或服务区域内")
        super().__init__(text % {"area": area.name, "organization": organization.name})


class OrganizationClosed(PostRefused):
    def __init__(self, organization: Organization):
        text = _("%(organization)s已于%(day)s撤销，不能再任职")
        super().__init__(
            text % {"organization": organization.name, "day": f"{organization.closed_on:%Y-%m-%d}"}
        )


class AreaClosed(PostRefused):
    def __init__(self, area: Area):
        text = _("%(area)s已于%(day)s撤销，不能再任职")
        super().__init__(text % {"area": area.name, "day": f"{area.closed_on:%Y-%m-%d}"})


class AlreadyAppointed(PostRefused):
    def __init__(self, appointment: Appointment):
        text = _("%(person)s已在%(organization)s担任%(position)s")
        super().__init__(
            text
            % {
                "person": appointment.person.name,
                "organization": appointment.organization.name,
                "position": appointment.get_position_display(),
            }
        )


class SeparateAdministrators(PostRefused):
    """MLPS 2.0: three administrators are three people, with no other post."""

    def __init__(self, person, held: Appointment):
        text = _(
            "三类管理员须分别由不同的人担任，且不兼任其他职务：%(person)s现任%(organization)s%(position)s"
        )
        super().__init__(
            text
            % {
                "person": person.name,
                "organization": held.organization.name,
                "position": held.get_position_display(),
            }
        )


class OneselfRefused(PostRefused):
    def __init__(self):
        super().__init__(_("不能任免自己，请由其他有权人员办理"))


class NotEntitled(PostRefused):
    def __init__(self, organization: Organization):
        text = _("您没有任免%(organization)s人员的权限")
        super().__init__(text % {"organization": organization.name})


class WrongDay(PostRefused):
    pass


class ReasonMissing(PostRefused):
    def __init__(self):
        super().__init__(_("请写明任免依据"))


class AlreadyRelieved(PostRefused):
    def __init__(self, appointment: Appointment):
        text = _("%(person)s已于%(day)s离任")
        super().__init__(
            text % {"person": appointment.person.name, "day": f"{appointment.ends_on:%Y-%m-%d}"}
        )


# --- verbs -------------------------------------------------------------------------------------


@transaction.atomic
def appoint(
    person: Person,
    organization: Organization,
    position: str,
    *,
    area: Area | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    by: Person | None = None,
    reason: str,
) -> Appointment:
    """Give ``person`` the post, with its rights, from ``starts_on`` (default today).

    ``area`` narrows the jurisdiction. ``ends_on`` is the first day without the post. ``by`` must
    hold orgs.appoint_people over the organization; None is the machinery (seed, import).
    Raises PostRefused, with nothing written.
    """
    starts_on = starts_on or timezone.localdate()
    if not reason.strip():
        raise ReasonMissing
    if position not in POSTS_OF[organization.kind]:
        raise WrongPost(organization, position)
    if ends_on is not None and ends_on <= starts_on:
        raise WrongDay(_("离任日期须晚于任职日期"))
    _check_entitled(by, person, organization)

    # Person, area, organization, in this order everywhere: two appointments of one person meet
    # here, and so do closings.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if area is not None:
        area = Area.objects.select_for_update(no_key=True).get(pk=area.pk)
        if area.closed_on is not None:
            raise AreaClosed(area)
    organization = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if organization.closed_on is not None and (
        organization.closed_on <= starts_on or organization.closed_on <= timezone.localdate()
    ):
        raise OrganizationClosed(organization)
    if area is not None and not reaches(organization, area):
        raise OutsideJurisdiction(organization, area)

    others = Appointment.objects.filter(person=person).filter(
        Q(ends_on=None) | Q(ends_on__gt=starts_on)
    )
    if ends_on is not None:
        others = others.filter(starts_on__lt=ends_on)
    others = others.select_related("person", "organization")
    same = others.filter(organization=organization, position=position, area=area).first()
    if same is not None:
        raise AlreadyAppointed(same)
    conflict = others if position in ADMINISTRATORS else others.filter(position__in=ADMINISTRATORS)
    if (held := conflict.first()) is not None:
        raise SeparateAdministrators(person, held)

    appointment = Appointment(
        person=person,
        organization=organization,
        position=position,
        area=area,
        starts_on=starts_on,
        ends_on=ends_on,
        appointed_by=by,
        reason=reason.strip(),
    )
    with because(reason, by=by):
        try:
            with transaction.atomic():
                appointment.save()
        except IntegrityError as error:
            raise AlreadyAppointed(appointment) from error
        Grant.objects.bulk_create(grants_of([appointment]))
    access.forget(person)
    return appointment


@transaction.atomic
def relieve(
    appointment: Appointment,
    *,
    on: date | None = None,
    by: Person | None = None,
    reason: str,
) -> Appointment:
    """End the post: ``on`` (default today) is the first day without it, and without its rights.

    A post that has not begun ends on the day it would have begun.
    """
    if not reason.strip():
        raise ReasonMissing
    mine = Appointment.objects.select_for_update(of=["self"]).select_related(
        "person", "organization"
    )
    appointment = mine.get(pk=appointment.pk)
    on = on or max(timezone.localdate(), appointment.starts_on)
    _check_entitled(by, appointment.person, appointment.organization)
    if appointment.ends_on is not None and appointment.ends_on <= max(on, timezone.localdate()):
        raise AlreadyRelieved(appointment)
    if on < appointment.starts_on:
        raise WrongDay(_("离任日期不能早于任职日期"))
    end(appointment, on=on, by=by, reason=reason)
    return appointment


def end(appointment: Appointment, *, on: date, by: Person | None, reason: str) -> None:
    """Write the last day of a locked appointment, unasked: for verbs that close its body."""
    appointment.ends_on = on
    appointment.relieved_by = by
    appointment.relief_reason = reason.strip()[:200]
    with because(reason, by=by):
        appointment.save(update_fields=["ends_on", "relieved_by", "relief_reason"])
    access.forget(appointment.person)


def _check_entitled(by, person, organization) -> None:
    if by is None:
        return
    if by.pk == person.pk:
        raise OneselfRefused
    if not access.rights_of(by).may(
        "orgs.appoint_people",
        area_path=organization.area.path,
        organization_id=organization.pk,
    ):
        raise NotEntitled(organization)


def reaches(organization: Organization, area: Area) -> bool:
    """Inside the organization's own area or one it serves."""
    paths = [organization.area.path, *organization.served_areas.values_list("path", flat=True)]
    return any(area.path.startswith(path) for path in paths)


# --- grants ------------------------------------------------------------------------------------


def places_of(appointment: Appointment) -> list[int]:
    """Areas (pks) on which the area rights of the post hold.

    Its own area, else what the organization serves (a property company has rights over its
    compounds, not over the community its office stands in), else the organization's area.
    """
    if appointment.area_id is not None:
        return [appointment.area_id]
    served = [area.pk for area in appointment.organization.served_areas.all()]
    return served or [appointment.organization.area_id]


def rights_at(organization: Organization, position: str) -> dict[str, bool]:
    """What this post of this body carries: permission → is it granted on the body itself."""
    rights = rights_of_position(position)
    if organization.kind in WITHOUT_PLACE:
        return {
            right: on_organization for right, on_organization in rights.items() if on_organization
        }
    return rights


def grants_of(appointments: Iterable[Appointment]) -> list[Grant]:
    """The grants that ``appointments`` (saved) carry by the rights of their positions, unsaved."""
    permissions = _permissions()
    area_type = ContentType.objects.get_for_model(Area)
    organization_type = ContentType.objects.get_for_model(Organization)
    grants = []
    for appointment in appointments:
        places = None
        rights = rights_at(appointment.organization, appointment.position)
        for right, on_organization in rights.items():
            permission_id = permissions.get(right)
            if permission_id is None:
                raise LookupError(f"right {right!r} stands in no model's Meta.permissions")
            if on_organization:
                nodes = [(organization_type, appointment.organization_id)]
            else:
                places = places if places is not None else places_of(appointment)
                nodes = [(area_type, pk) for pk in places]
            grants += [
                Grant(
                    appointment=appointment,
                    user_id=appointment.person_id,
                    permission_id=permission_id,
                    content_type=content_type,
                    object_pk=str(pk),
                )
                for content_type, pk in nodes
            ]
    return grants


@transaction.atomic
def sync_grants(appointments=None) -> tuple[int, int]:
    """Bring grants in line with the rights their positions carry today; (added, removed).

    After the code changed the rights of a position, or an area or service area of an
    organization changed. Posts that are over keep no grants. Running twice changes nothing.
    """
    if appointments is None:
        appointments = Appointment.objects.all()
    today = timezone.localdate()
    alive = appointments.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    alive = alive.select_related("organization").prefetch_related("organization__served_areas")

    def key(grant):
        return (
            grant.appointment_id,
            grant.permission_id,
            grant.content_type_id,
            grant.object_pk,
        )

    wanted = {key(grant): grant for grant in grants_of(alive)}
    there = {
        key(grant): grant.pk
        for grant in Grant.objects.filter(appointment__in=appointments.values("pk"))
    }
    stale = [pk for known, pk in there.items() if known not in wanted]
    missing = [grant for known, grant in wanted.items() if known not in there]
    Grant.objects.filter(pk__in=stale).delete()
    Grant.objects.bulk_create(missing, batch_size=2000, ignore_conflicts=True)
    return len(missing), len(stale)


_permission_pks: dict[str, int] = {}


def _permissions() -> dict[str, int]:
    """Right → permission pk, kept until the next migrate (which may renumber them)."""
    if not _permission_pks:
        rows = Permission.objects.values_list("content_type__app_label", "codename", "pk")
        _permission_pks.update({f"{app}.{codename}": pk for app, codename, pk in rows})
    return _permission_pks


def forget_permissions() -> None:
    _permission_pks.clear()
