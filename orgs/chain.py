"""The chain: which body may stand where and under whom, and how bodies come, change and go.

The structure is checked when a body is founded or moved. Sizes and terms only give warnings,
never blocks: reality comes first, the portal says what to look after. Table and thresholds:
docs/chain.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access, posts
from orgs.areas import lock_structure
from orgs.history import because
from orgs.models import (
    PARTY_KINDS,
    Appointment,
    Area,
    AreaLevel,
    Household,
    Linkage,
    Membership,
    Organization,
    OrganizationKind,
    Person,
)
from orgs.positions import Position

K, L, P = OrganizationKind, AreaLevel, Position
RIGHT = "orgs.manage_organizations"


# --- the table ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """Where a kind of body stands: area levels, kinds of superior (and is one needed), hosts."""

    levels: frozenset[str]
    superiors: frozenset[str] = frozenset()
    needs_superior: bool = False
    hosts: frozenset[str] = frozenset()


# A community's top Party body; its level follows the number of members.
COMMUNITY_PARTY = frozenset({K.COMMUNITY_COMMITTEE, K.GENERAL_BRANCH, K.COMMUNITY_BRANCH})
BRANCHES = frozenset({K.COMMUNITY_BRANCH, K.GRID_BRANCH, K.COMMITTEE_BRANCH, K.JOINT_BRANCH})
GROUPS = frozenset({K.BUILDING_GROUP, K.HOSTED_GROUP})
# Bodies that keep a roll of members: not the joint ones, whose members belong elsewhere, nor homes.
MEMBER_KINDS = PARTY_KINDS - {
    K.JOINT_WORKING_COMMITTEE,
    K.JOINT_COMMUNITY_COMMITTEE,
    K.CONTACT_HOUSEHOLD,
}
# Bodies that serve places, and on which level the page offers these.
SERVED_LEVEL = {
    K.PROPERTY_COMPANY: L.GRID,
    K.OWNERS_COMMITTEE: L.GRID,
    K.MANAGEMENT_COMMISSION: L.GRID,
    K.SOCIAL_ORGANIZATION: L.GRID,
    K.VOLUNTEER_TEAM: L.GRID,
    K.BUILDING_GROUP: L.BUILDING,
    K.RESIDENTS_GROUP: L.BUILDING,
}
_AROUND = frozenset({L.DISTRICT, L.SUBDISTRICT, L.COMMUNITY, L.GRID, L.BUILDING})
_HOSTS = frozenset(
    {
        K.PROPERTY_COMPANY,
        K.SOCIAL_ORGANIZATION,
        K.OWNERS_COMMITTEE,
        K.MANAGEMENT_COMMISSION,
        K.RESIDENT_UNIT,
        K.PARTNER_UNIT,
        K.THREE_NEW_BODY,
        K.VOLUNTEER_TEAM,
    }
)


def _rule(levels: Iterable, superiors: Iterable = (), *, needs=False, hosts: Iterable = ()):
    return Rule(frozenset(levels), frozenset(superiors), needs, frozenset(hosts))


RULES: dict[str, Rule] = {
    K.WORKING_COMMITTEE: _rule({L.SUBDISTRICT}, {K.DISTRICT_GOVERNMENT}),
    K.JOINT_WORKING_COMMITTEE: _rule({L.SUBDISTRICT}, {K.WORKING_COMMITTEE}, needs=True),
    K.COMMUNITY_COMMITTEE: _rule({L.COMMUNITY}, {K.WORKING_COMMITTEE}, needs=True),
    K.GENERAL_BRANCH: _rule({L.COMMUNITY}, {K.WORKING_COMMITTEE}, needs=True),
    K.COMMUNITY_BRANCH: _rule({L.COMMUNITY}, {K.WORKING_COMMITTEE}, needs=True),
    K.JOINT_COMMUNITY_COMMITTEE: _rule({L.COMMUNITY}, COMMUNITY_PARTY, needs=True),
    K.GRID_BRANCH: _rule({L.GRID}, COMMUNITY_PARTY, needs=True),
    K.COMMITTEE_BRANCH: _rule({L.COMMUNITY}, COMMUNITY_PARTY, needs=True),
    K.JOINT_BRANCH: _rule(
        {L.COMMUNITY, L.SUBDISTRICT}, COMMUNITY_PARTY | {K.WORKING_COMMITTEE}, needs=True
    ),
    K.BUILDING_GROUP: _rule({L.GRID, L.BUILDING}, {K.GRID_BRANCH, K.COMMUNITY_BRANCH}, needs=True),
    K.HOSTED_GROUP: _rule(
        {L.SUBDISTRICT, L.COMMUNITY, L.GRID}, COMMUNITY_PARTY | BRANCHES, needs=True, hosts=_HOSTS
    ),
    K.CONTACT_HOUSEHOLD: _rule({L.BUILDING}, {K.BUILDING_GROUP, K.GRID_BRANCH}, needs=True),
    K.RESIDENTS_COMMITTEE: _rule({L.COMMUNITY}, {K.SUBDISTRICT_OFFICE}),
    K.SUPERVISION_COMMITTEE: _rule({L.COMMUNITY}, {K.RESIDENTS_COMMITTEE}),
    K.RESIDENTS_GROUP: _rule(
        {L.COMMUNITY, L.GRID, L.BUILDING}, {K.RESIDENTS_COMMITTEE}, needs=True
    ),
    K.OWNERS_COMMITTEE: _rule({L.COMMUNITY, L.GRID}),
    K.MANAGEMENT_COMMISSION: _rule({L.COMMUNITY, L.GRID}),
    K.PROPERTY_COMPANY: _rule(_AROUND),
    K.DISTRICT_GOVERNMENT: _rule({L.DISTRICT, L.CITY}, {K.DISTRICT_GOVERNMENT}),
    K.SUBDISTRICT_OFFICE: _rule({L.SUBDISTRICT}, {K.DISTRICT_GOVERNMENT}),
    K.DEPARTMENT: _rule(
        {L.DISTRICT, L.SUBDISTRICT}, {K.SUBDISTRICT_OFFICE, K.DISTRICT_GOVERNMENT}, needs=True
    ),
    K.RESIDENT_UNIT: _rule(_AROUND),
    K.PARTNER_UNIT: _rule(_AROUND),
    K.PAIRED_UNIT: _rule(_AROUND),
    K.SOCIAL_ORGANIZATION: _rule(_AROUND),
    K.VOLUNTEER_TEAM: _rule(
        _AROUND, {K.RESIDENTS_COMMITTEE, K.SOCIAL_ORGANIZATION, K.SUBDISTRICT_OFFICE}
    ),
    K.THREE_NEW_BODY: _rule(_AROUND),
    K.MERCHANT: _rule(_AROUND),
    # Its administrators' rights reach everywhere: founded above those who do the daily work.
    K.PLATFORM: _rule({L.CITY, L.DISTRICT}),
}


class ChainRefused(Exception):
    """Why the chain stays as it is; its text may be shown."""


class IllegalPlace(ChainRefused):
    """``problems``: sentences, each naming one rule broken."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("；".join(problems))


class NameTaken(ChainRefused):
    def __init__(self, name: str, area: Area):
        text = _("%(area)s已有同类同名组织“%(name)s”")
        super().__init__(text % {"area": area.name, "name": name})


class NameMissing(ChainRefused):
    def __init__(self):
        super().__init__(_("请填写名称"))


class OrganizationClosed(ChainRefused):
    def __init__(self, organization: Organization):
        text = _("%(name)s已于%(day)s撤销")
        super().__init__(
            text % {"name": organization.name, "day": f"{organization.closed_on:%Y-%m-%d}"}
        )


class WouldCircle(ChainRefused):
    def __init__(self, superior: Organization, organization: Organization):
        text = _("%(superior)s在%(organization)s之下，不能作为它的上级")
        super().__init__(text % {"superior": superior.name, "organization": organization.name})


class StillInUse(ChainRefused):
    """``what``: sentences, each naming one obstacle."""

    def __init__(self, organization: Organization, what: list[str]):
        self.what = what
        text = _("%(name)s还不能撤销：%(what)s")
        super().__init__(text % {"name": organization.name, "what": "；".join(what)})


class CannotMerge(ChainRefused):
    pass


class WrongTerm(ChainRefused):
    def __init__(self):
        super().__init__(_("届满日期须晚于本届起始日期"))


class NotEntitled(ChainRefused):
    def __init__(self, place: Area):
        text = _("您没有在%(place)s调整组织的权限")
        super().__init__(text % {"place": place.name})


class ReasonMissing(ChainRefused):
    def __init__(self):
        super().__init__(_("请写明调整依据"))


# --- verbs -------------------------------------------------------------------------------------

# What `amend` may change: facts about a body that leave the chain alone.
AMENDABLE = frozenset(
    {"name", "contact_phone", "address", "introduction", "term_starts_on", "term_ends_on"}
)


@transaction.atomic
def found(
    kind: str,
    name: str,
    area: Area,
    *,
    superior: Organization | None = None,
    host: Organization | None = None,
    household: Household | None = None,
    served_areas: Iterable[Area] = (),
    founded_on: date | None = None,
    by: Person | None = None,
    reason: str,
    **details,
) -> Organization:
    """Found a body in a legal place of the chain; ``details`` as for ``amend``."""
    _begin(reason)
    _check_right(by, area)
    _check_details(details)
    if not name.strip():
        raise NameMissing
    organization = Organization(
        kind=kind,
        name=name.strip(),
        area=area,
        superior=_open(superior),
        host=_open(host),
        household=household,
        founded_on=founded_on or timezone.localdate(),
        **details,
    )
    _check_term(organization)
    if problems := check(organization):
        raise IllegalPlace(problems)
    with because(reason, by=by):
        _save(organization)
        organization.served_areas.set(served_areas)
    return organization


@transaction.atomic
def amend(
    organization: Organization, *, by: Person | None = None, reason: str, **details
) -> Organization:
    """Change facts about a body: name, public phone, address, introduction, term."""
    _begin(reason)
    _check_details(details)
    organization = _locked(organization)
    _check_right(by, organization.area)
    for field, value in details.items():
        setattr(organization, field, value.strip() if isinstance(value, str) else value)
    if not organization.name:
        raise NameMissing
    _check_term(organization)
    with because(reason, by=by):
        _save(organization, update_fields=sorted(details))
    return organization


@transaction.atomic
def serve(
    organization: Organization, areas: Iterable[Area], *, by: Person | None = None, reason: str
) -> Organization:
    """Say which areas a body serves (a company's compounds, a group's buildings).

    Posts without an area of their own have their rights over exactly these from now on, so
    whoever adds or takes away a place needs the right over that place too.
    """
    _begin(reason)
    organization = _locked(organization)
    _check_right(by, organization.area)
    areas = set(areas)
    for area in areas ^ set(organization.served_areas.all()):
        _check_right(by, area)
    with because(reason, by=by):
        organization.served_areas.set(areas)
        posts.sync_grants(Appointment.objects.filter(organization=organization))
    return organization


@transaction.atomic
def move(
    organization: Organization,
    *,
    superior: Organization | None,
    area: Area | None = None,
    by: Person | None = None,
    reason: str,
) -> Organization:
    """Put a body under another superior, and in another ``area`` if given.

    Its people keep their posts; rights move along with its area.
    """
    _begin(reason)
    organization = _locked(organization)
    _check_right(by, organization.area)
    superior = _open(superior)
    if superior is not None and organization.pk in {superior.pk, *_superiors_of(superior)}:
        raise WouldCircle(superior, organization)
    organization.superior = superior
    if area is not None:
        _check_right(by, area)
        organization.area = area
    if problems := check(organization):
        raise IllegalPlace(problems)
    with because(reason, by=by):
        _save(organization, update_fields=["superior", "area"])
        posts.sync_grants(Appointment.objects.filter(organization=organization))
    return organization


@transaction.atomic
def merge(
    organization: Organization, into: Organization, *, by: Person | None = None, reason: str
) -> Organization:
    """Let a body go up in another of its sort; returns the closed ``organization``.

    Members, subordinates, hosted groups, linked households, service areas and linkages go over
    to ``into``; posts end, since ``into`` has its own people. Everything keeps its past.
    """
    _begin(reason)
    organization, into = _locked(organization, into)
    for body in (organization, into):
        _check_right(by, body.area)
    if organization.pk == into.pk:
        raise CannotMerge(_("不能并入自己"))
    alike = organization.kind == into.kind or {organization.kind, into.kind} <= COMMUNITY_PARTY
    if not alike:
        raise CannotMerge(_("只能并入同类组织"))
    if organization.pk in _superiors_of(into):
        raise CannotMerge(_("不能并入自己的下级组织"))
    misfits = [
        below.name for below in organization.subordinates.open() if check(below, superior=into)
    ]
    if misfits:
        names = "、".join(misfits[:3])
        raise CannotMerge(_("下级组织不能随同并入，请先调整：%(names)s") % {"names": names})
    with because(reason, by=by):
        organization.subordinates.open().update(superior=into)
        organization.hosted_groups.open().update(host=into)
        organization.linked_households.update(contact_household=into)
        _transfer_members(organization, into)
        for role in LINKAGE_ROLES:
            Linkage.objects.filter(**{role: organization}).update(**{role: into})
        into.served_areas.add(*organization.served_areas.all())
        _relieve_all(organization, by=by, reason=reason)
        _shut(organization, merged_into=into)
        posts.sync_grants(Appointment.objects.filter(organization=into))
    return organization


@transaction.atomic
def close(
    organization: Organization,
    *,
    members_to: Organization | None = None,
    by: Person | None = None,
    reason: str,
) -> Organization:
    """Dissolve a body: its posts end, its members go to ``members_to`` or else the superior.

    Refuses while bodies stand under it, groups sit in it, or a linkage rests on it.
    """
    _begin(reason)
    organization = _locked(organization)
    _check_right(by, organization.area)
    if obstacles := _obstacles(organization):
        raise StillInUse(organization, obstacles)
    has_members = organization.memberships.in_force().exists()
    if members_to is not None:
        _check_right(by, members_to.area)
    heir = _open(members_to) if members_to is not None else heir_of(organization)
    if has_members and (heir is None or heir.kind not in PARTY_KINDS or heir.pk == organization.pk):
        raise StillInUse(organization, [_("请指定接收党员关系的党组织")])
    with because(reason, by=by):
        if has_members:
            _transfer_members(organization, heir)
        organization.linked_households.update(contact_household=None)
        for role in ("owners_body", "property_company"):
            Linkage.objects.filter(**{role: organization}).update(**{role: None})
        _relieve_all(organization, by=by, reason=reason)
        _shut(organization)
    return organization


# --- checks ------------------------------------------------------------------------------------


def check(organization: Organization, *, superior: Organization | None = None) -> list[str]:
    """Rules of the chain that this body breaks where it stands (or would, under ``superior``)."""
    rule = RULES[organization.kind]
    superior = superior or organization.superior
    label = organization.get_kind_display()
    problems = []
    if organization.area.level not in rule.levels:
        levels = "、".join(str(level.label) for level in L if level in rule.levels)
        text = _("%(kind)s须设在%(levels)s，不能设在%(area)s（%(level)s）")
        problems.append(
            text
            % {
                "kind": label,
                "levels": levels,
                "area": organization.area.name,
                "level": organization.area.get_level_display(),
            }
        )
    if organization.area.closed_on is not None:
        problems.append(_("%(area)s已撤销") % {"area": organization.area.name})
    if superior is None:
        if rule.needs_superior:
            text = _("%(kind)s须有上级组织：%(kinds)s")
            problems.append(text % {"kind": label, "kinds": _labels(rule.superiors)})
    elif superior.kind not in rule.superiors:
        text = _("%(kind)s不能以%(superior)s（%(superior_kind)s）为上级")
        problems.append(
            text
            % {
                "kind": label,
                "superior": superior.name,
                "superior_kind": superior.get_kind_display(),
            }
        )
    elif not posts.reaches(superior, organization.area):
        text = _("%(area)s不在上级组织%(superior)s的区域内")
        problems.append(text % {"area": organization.area.name, "superior": superior.name})
    if superior is not None and superior.closed_on is not None:
        problems.append(_("上级组织%(superior)s已撤销") % {"superior": superior.name})
    problems += _check_host(organization, rule) + _check_household(organization)
    return problems


def _check_host(organization: Organization, rule: Rule) -> list[str]:
    host = organization.host
    if not rule.hosts:
        return [_("只有横向党小组可以设在其他单位")] if host else []
    if host is None or host.kind not in rule.hosts:
        text = _("%(kind)s须设在：%(kinds)s")
        return [text % {"kind": organization.get_kind_display(), "kinds": _labels(rule.hosts)}]
    return []


def _check_household(organization: Organization) -> list[str]:
    if organization.kind != K.CONTACT_HOUSEHOLD:
        return [_("只有党员中心户对应一户")] if organization.household_id else []
    if organization.household_id is None:
        return [_("党员中心户须对应一户")]
    if organization.household.area_id != organization.area_id:
        return [_("党员中心户须与所在户在同一楼栋")]
    return []


@dataclass(frozen=True)
class Advice:
    """Something to look after; never a block."""

    code: str
    text: str
    organization: Organization | None = None
    area: Area | None = None


BRANCH_MIN, BRANCH_MAX = 3, 50
GENERAL_BRANCH_MIN, COMMITTEE_MIN = 50, 100
GROUP_MIN = 3
TEAM_MIN_FULL_MEMBERS = 7
GRID_MIN, GRID_MAX = 300, 500
TERM_NOTICE_DAYS = 90

# Who leads a kind of body; a body without them is headless.
HEAD = {
    **dict.fromkeys(COMMUNITY_PARTY | BRANCHES | {K.WORKING_COMMITTEE}, P.PARTY_SECRETARY),
    K.BUILDING_GROUP: P.GROUP_LEADER,
    K.HOSTED_GROUP: P.GROUP_LEADER,
    K.CONTACT_HOUSEHOLD: P.CONTACT_HOST,
    K.RESIDENTS_COMMITTEE: P.COMMITTEE_DIRECTOR,
    K.OWNERS_COMMITTEE: P.OWNERS_DIRECTOR,
    K.MANAGEMENT_COMMISSION: P.OWNERS_DIRECTOR,
}


def warnings(place: Organization | Area) -> list[Advice]:
    """What to look after in one body, or in everything open within an area.

    Members of a Party body are counted over its subtree. A fixed number of queries, one more per
    storey of the chain. Sources: domain rules 2.5 and 2.7.
    """
    if isinstance(place, Area):
        bodies = list(Organization.objects.open().within(place).select_related("area"))
        grids = list(Area.objects.open().within(place).filter(level=L.GRID))
    else:
        bodies, grids = [place], []
    members, full = _count_members(bodies)
    heads = _heads(bodies)
    found = []
    for body in bodies:
        found += _size_warnings(body, members[body.pk])
        found += _team_warnings(body, full[body.pk])
        found += _term_warnings(body)
        if body.kind in HEAD and HEAD[body.kind] not in heads[body.pk]:
            label = Position(HEAD[body.kind]).label
            text = _("%(name)s的%(position)s空缺")
            found.append(Advice("vacant_head", text % {"name": body.name, "position": label}, body))
    return found + _grid_warnings(grids)


def _size_warnings(body: Organization, members: int) -> list[Advice]:
    facts = {"name": body.name, "number": members}
    below = {
        K.COMMUNITY_COMMITTEE: COMMITTEE_MIN,
        K.GENERAL_BRANCH: GENERAL_BRANCH_MIN,
    }
    if body.kind in below and members < below[body.kind]:
        facts |= {"least": below[body.kind], "missing": below[body.kind] - members}
        text = _("%(name)s现有党员 %(number)d 名，一般须有 %(least)d 名以上，差 %(missing)d 名")
        return [Advice("too_few", text % facts, body)]
    if body.kind == K.GENERAL_BRANCH:
        if members >= COMMITTEE_MIN:
            text = _("%(name)s现有党员 %(number)d 名，已达到设立党委的规模")
            return [Advice("could_rise", text % facts, body)]
        if COMMITTEE_MIN - members <= 5:
            facts["missing"] = COMMITTEE_MIN - members
            text = _("%(name)s现有党员 %(number)d 名，再增加 %(missing)d 名可申请设立党委")
            return [Advice("could_rise_soon", text % facts, body)]
    if body.kind in BRANCHES:
        if members < BRANCH_MIN:
            text = _("%(name)s现有党员 %(number)d 名，支部须有 3 名以上，可考虑联合设立")
            return [Advice("too_few", text % facts, body)]
        if members > BRANCH_MAX:
            text = _("%(name)s现有党员 %(number)d 名，支部一般不超过 50 名，可考虑分设或升格")
            return [Advice("too_many", text % facts, body)]
    if body.kind in GROUPS and members < GROUP_MIN:
        text = _("%(name)s现有党员 %(number)d 名，党小组一般须有 3 名以上")
        return [Advice("too_few", text % facts, body)]
    return []


def _team_warnings(body: Organization, full_members: int) -> list[Advice]:
    if body.kind in BRANCHES and BRANCH_MIN <= full_members < TEAM_MIN_FULL_MEMBERS:
        text = _("%(name)s正式党员 %(number)d 名，不足 7 名，设书记即可，不设支部委员会")
        facts = {"name": body.name, "number": full_members}
        return [Advice("secretary_only", text % facts, body)]
    return []


def _term_warnings(body: Organization) -> list[Advice]:
    if body.term_ends_on is None:
        return []
    today = timezone.localdate()
    facts = {"name": body.name, "day": f"{body.term_ends_on:%Y-%m-%d}"}
    if body.term_ends_on <= today:
        text = _("%(name)s已于%(day)s届满，请组织换届")
        return [Advice("term_over", text % facts, body)]
    if body.term_ends_on <= today + timedelta(days=TERM_NOTICE_DAYS):
        text = _("%(name)s将于%(day)s届满，请准备换届")
        return [Advice("term_ending", text % facts, body)]
    return []


def _grid_warnings(grids: list[Area]) -> list[Advice]:
    if not grids:
        return []
    width = len(grids[0].path)
    above = {grid.path[: -Area.steplen] for grid in grids}
    communities = dict(Area.objects.filter(path__in=above).values_list("path", "name"))
    around = Q()
    for path in above:
        around |= Q(area_path__startswith=path)
    sizes = dict(
        Household.objects.filter(around)
        .order_by()
        .values_list(Left("area_path", width))
        .annotate(number=Count("pk"))
    )
    found = []
    for grid in grids:
        number = sizes.get(grid.path, 0)
        if GRID_MIN <= number <= GRID_MAX:
            continue
        text = _("%(name)s现有 %(number)d 户，一个网格一般为 300—500 户")
        code = "grid_too_small" if number < GRID_MIN else "grid_too_large"
        community = communities[grid.path[: -Area.steplen]]
        facts = {"name": community + grid.name, "number": number}
        found.append(Advice(code, text % facts, area=grid))
    return found


def _count_members(bodies: list[Organization]) -> tuple[Counter, Counter]:
    """Distinct people per body, over its whole subtree: members, and full members among them.

    Somebody in a building group is counted in its branch and committee too, once.
    """
    pks = {body.pk for body in bodies if body.kind in PARTY_KINDS}
    parents: dict[int, set[int]] = {pk: {pk} for pk in pks}  # body → the asked ones above it
    level = pks
    while level:
        below = Organization.objects.open().filter(superior__in=level, kind__in=PARTY_KINDS)
        following = set()
        # Superiors first, as they were founded: fewer rounds, and as many each time.
        for pk, superior in below.order_by("pk").values_list("pk", "superior_id"):
            above = parents.setdefault(pk, set())
            before = len(above)
            above |= parents[superior]
            if len(above) > before:
                following.add(pk)
        level = following
    people: dict[int, set[int]] = defaultdict(set)
    full: dict[int, set[int]] = defaultdict(set)
    rows = Membership.objects.in_force().filter(organization__in=parents)
    for organization, person, is_full in rows.values_list(
        "organization_id", "person_id", "is_full"
    ):
        for above in parents[organization]:
            people[above].add(person)
            if is_full:
                full[above].add(person)
    return (
        Counter({pk: len(who) for pk, who in people.items()}),
        Counter({pk: len(who) for pk, who in full.items()}),
    )


def count_members(organization: Organization) -> int:
    """Party members of the body and everything under it, each person once."""
    members, _full = _count_members([organization])
    return members[organization.pk]


def _heads(bodies: list[Organization]) -> dict[int, set[str]]:
    rows = Appointment.objects.in_force().filter(
        organization__in=[body.pk for body in bodies if body.kind in HEAD],
        position__in=set(HEAD.values()),
    )
    heads: dict[int, set[str]] = defaultdict(set)
    for organization, position in rows.values_list("organization_id", "position"):
        heads[organization].add(position)
    return heads


# --- helpers -----------------------------------------------------------------------------------

LINKAGE_ROLES = ("party_branch", "residents_committee", "owners_body", "property_company")


def _begin(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing
    lock_structure()


def _check_right(by: Person | None, area: Area) -> None:
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=area.path):
        raise NotEntitled(area)


def _check_details(details: dict) -> None:
    if unknown := set(details) - AMENDABLE:
        raise TypeError(f"cannot be amended: {', '.join(sorted(unknown))}")


def _check_term(organization: Organization) -> None:
    start, end = organization.term_starts_on, organization.term_ends_on
    if start and end and end <= start:
        raise WrongTerm


def _locked(*organizations: Organization):
    """Fresh rows under lock, in pk order; appointing to one of them waits."""
    rows = Organization.objects.select_for_update(no_key=True, of=["self"])
    rows = rows.select_related("area", "superior").order_by("pk")
    fresh = {row.pk: row for row in rows.filter(pk__in=[body.pk for body in organizations])}
    found = []
    for organization in organizations:
        body = fresh[organization.pk]
        if body.closed_on is not None:
            raise OrganizationClosed(body)
        found.append(body)
    return found[0] if len(organizations) == 1 else found


def _open(organization: Organization | None) -> Organization | None:
    if organization is None:
        return None
    organization = Organization.objects.select_related("area").get(pk=organization.pk)
    if organization.closed_on is not None:
        raise OrganizationClosed(organization)
    return organization


def _save(organization: Organization, **how) -> None:
    try:
        with transaction.atomic():
            organization.save(**how)
    except IntegrityError as error:
        if "orgs_organization_name_once" not in str(error):
            raise
        raise NameTaken(organization.name, organization.area) from error


def _superiors_of(organization: Organization) -> list[int]:
    above, pk = [], organization.superior_id
    while pk is not None and pk not in above:
        above.append(pk)
        pk = Organization.objects.values_list("superior_id", flat=True).get(pk=pk)
    return above


def heir_of(organization: Organization) -> Organization | None:
    """The nearest open Party body above, which takes members over."""
    for pk in _superiors_of(organization):
        above = Organization.objects.get(pk=pk)
        if above.closed_on is None and above.kind in PARTY_KINDS:
            return above
    return None


def _obstacles(organization: Organization) -> list[str]:
    obstacles = []
    for rows, text in (
        (organization.subordinates.open(), _("下级组织：%(names)s")),
        (organization.hosted_groups.open(), _("设在其中的党小组：%(names)s")),
        (
            Linkage.objects.filter(
                Q(party_branch=organization) | Q(residents_committee=organization)
            ),
            _("三方联动：%(names)s"),
        ),
    ):
        names = list(rows.values_list("name", flat=True)[:4])
        if names:
            shown = "、".join(names[:3]) + ("…" if len(names) > 3 else "")
            obstacles.append(text % {"names": shown})
    return obstacles


def _transfer_members(organization: Organization, heir: Organization) -> None:
    """End each membership today and begin it in ``heir``, unless the person is a member there."""
    today = timezone.localdate()
    already = set(
        Membership.objects.filter(organization=heir, ends_on=None).values_list("person", flat=True)
    )
    running = organization.memberships.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    for membership in running.select_for_update():
        if membership.starts_on >= today:  # begun today or later: nothing behind it to keep
            if membership.person_id in already:
                membership.delete()
            else:
                membership.organization = heir
                membership.save(update_fields=["organization"])
            continue
        ends_on = membership.ends_on
        membership.ends_on = today
        membership.save(update_fields=["ends_on"])
        if membership.person_id not in already:
            Membership.objects.create(
                person_id=membership.person_id,
                organization=heir,
                kind=membership.kind,
                is_full=membership.is_full,
                starts_on=today,
                ends_on=ends_on,
            )


def _relieve_all(organization: Organization, *, by: Person | None, reason: str) -> None:
    today = timezone.localdate()
    running = organization.appointments.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    for appointment in running.select_related("person").select_for_update(of=["self"]):
        posts.end(appointment, on=max(today, appointment.starts_on), by=by, reason=reason)


def _shut(organization: Organization, *, merged_into: Organization | None = None) -> None:
    organization.closed_on = max(timezone.localdate(), organization.founded_on)
    organization.merged_into = merged_into
    organization.save(update_fields=["closed_on", "merged_into"])


def _labels(kinds: frozenset) -> str:
    return "、".join(str(kind.label) for kind in K if kind in kinds)
