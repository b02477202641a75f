"""Who gets it: who may dispatch at which level, which bodies may lead, who stands nearest."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Count, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import responsibilities
from grids.models import DONE, Issue, Level, State
from orgs import access
from orgs.models import Area, AreaLevel, Grant, Organization, Person
from orgs.models import OrganizationKind as Kind

around = responsibilities.around
NEAR_KINDS = frozenset(
    {
        Kind.RESIDENTS_COMMITTEE,
        Kind.PROPERTY_COMPANY,
        Kind.OWNERS_COMMITTEE,
        Kind.MANAGEMENT_COMMISSION,
    }
)
HIGH_KINDS = frozenset({Kind.SUBDISTRICT_OFFICE, Kind.DEPARTMENT, Kind.DISTRICT_GOVERNMENT})
BROAD_LEVELS = frozenset(
    {AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT}
)


# --- levels ------------------------------------------------------------------------------------


def node_path(issue: Issue) -> str:
    """Where one must hold the right to dispatch this issue as it stands.

    A grid's or community's matter: over its place. The subdistrict's or a department's, or one
    that comes back: over the whole subdistrict, or the whole community when it comes back there.
    """
    if issue.level in {Level.L3, Level.L4}:
        above = issue.area.ancestor(AreaLevel.SUBDISTRICT)
    elif issue.state in {State.REOPENED, State.ESCALATED} or (
        issue.state == State.DISPATCHED and (issue.reopened_count or issue.escalated_at)
    ):
        above = issue.area.ancestor(AreaLevel.COMMUNITY)
    else:
        above = None
    return above.path if above is not None else issue.area_path


def above(issue: Issue) -> Area | None:
    """The area one level above who handles it: the community for the grid's matters, then the
    subdistrict, then the district."""
    match issue.level:
        case Level.L1:
            return issue.area.ancestor(AreaLevel.COMMUNITY)
        case Level.L2 | Level.L3:
            return issue.area.ancestor(AreaLevel.SUBDISTRICT)
    return issue.area.ancestor(AreaLevel.DISTRICT)


@dataclass(frozen=True)
class Reach:
    """Path prefixes over which a person holds a right, by how high they stand."""

    near: tuple[str, ...]  # communities and below
    high: tuple[str, ...]  # subdistricts and above
    community: tuple[str, ...]  # communities and above

    @property
    def all(self) -> tuple[str, ...]:
        return self.near + self.high


def reach(person, permission: str, *, levels: dict[str, str]) -> Reach:
    """``levels`` maps the person's area paths to their level (``levels_of``)."""
    paths = access.rights_of(person).area_paths(permission)
    high = tuple(path for path in paths if levels.get(path) in BROAD_LEVELS)
    near = tuple(path for path in paths if path not in high)
    communities = tuple(path for path in near if levels.get(path) == AreaLevel.COMMUNITY)
    return Reach(near=near, high=high, community=high + communities)


def levels_of(person, *permissions: str) -> dict[str, str]:
    """The level of every area on which ``person`` holds one of the rights; no query of its own."""
    rights = access.rights_of(person)
    paths = {path for permission in permissions for path in rights.area_paths(permission)}
    return {path: rights.level_of(path) for path in paths}


# --- people ------------------------------------------------------------------------------------


def _in_force() -> Q:
    today = timezone.localdate()
    return Q(appointment__starts_on__lte=today, user__is_active=True) & (
        Q(appointment__ends_on=None) | Q(appointment__ends_on__gt=today)
    )


def _grants(permission: str, model) -> QuerySet:
    app, codename = permission.split(".")
    return Grant.objects.filter(
        _in_force(),
        permission__content_type__app_label=app,
        permission__codename=codename,
        content_type=ContentType.objects.get_for_model(model),
    )


def nearest(permission: str, path: str, *, excluding: Iterable[int] = ()) -> list[Person]:
    """Who holds ``permission`` closest to the place: its grid's people, else the community's, …

    ``excluding``: pks of those who must stand aside; when they were the only ones there, the
    next level up is asked.
    """
    excluding = set(excluding)
    areas = {
        str(pk): p for pk, p in Area.objects.filter(path__in=around(path)).values_list("pk", "path")
    }
    by_path: dict[str, set[int]] = {}
    for user, pk in (
        _grants(permission, Area).filter(object_pk__in=areas).values_list("user_id", "object_pk")
    ):
        if user not in excluding:
            by_path.setdefault(areas[pk], set()).add(user)
    if not by_path:
        return []
    return list(Person.objects.filter(pk__in=by_path[max(by_path, key=len)]))


def members(organization: Organization, *, excluding: Iterable[int] = ()) -> list[Person]:
    """Who may handle what is sent to ``organization``."""
    users = _grants("grids.handle_issue", Organization).filter(object_pk=str(organization.pk))
    return list(Person.objects.filter(pk__in=users.values("user")).exclude(pk__in=set(excluding)))


def posted_at(organization: Organization, path: str) -> set[int]:
    """Members (pks) whose post in ``organization`` covers the place: not narrowed to another."""
    rows = (
        _grants("grids.handle_issue", Organization)
        .filter(object_pk=str(organization.pk))
        .values_list("user", "appointment__area__path")
    )
    return {user for user, area in rows if area is None or path.startswith(area)}


def working_on(issue: Issue) -> list[Person]:
    """Everybody who may file or verify over its place, or handle it for its lead; one query."""
    areas = Area.objects.filter(path__in=around(issue.area_path)).order_by()
    here = areas.annotate(key=Cast("pk", CharField())).values("key")
    of_place = Q(
        content_type=ContentType.objects.get_for_model(Area),
        permission__codename__in=["file_issue", "verify_issue"],
        object_pk__in=here,
    )
    of_lead = Q(
        content_type=ContentType.objects.get_for_model(Organization),
        permission__codename="handle_issue",
        object_pk=str(issue.lead_id),
    )
    granted = Grant.objects.filter(
        _in_force(), of_place | of_lead, permission__content_type__app_label="grids"
    )
    return list(Person.objects.filter(pk__in=granted.values("user")).order_by("pk"))


def staffed(organizations: Iterable[Organization], *, excluding: Iterable[int]) -> set[int]:
    """The pks of those that have somebody to handle what they are sent; one query."""
    aside = {pk for pk in excluding if pk}
    staff = _staff(organization.pk for organization in organizations)
    return {pk for pk, people in staff.items() if people - aside}


# --- bodies ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    organization: Organization
    open_count: int  # issues it leads that are not done
    suggested: bool = False
    reason: str = ""  # why it is suggested: the row of the responsibility table
    barred: str = ""  # why it cannot lead (the gate); empty when it can
    may_assist: bool = False  # barred, but on the community's assist list


@dataclass(frozen=True)
class Choices:
    """For one issue: who may lead (the barred last), and who is to assist."""

    bodies: list[Candidate]
    assists: list[Organization]


def candidates(issue: Issue, person) -> list[Candidate]:
    """Bodies that may lead ``issue`` when ``person`` dispatches it, the likeliest first.

    They cover or serve the place and have somebody (other than the reporter) to handle it.
    Offices and departments are for those who hold the right over the subdistrict. The one that
    the responsibility table names is suggested.
    """
    return [one for one in bodies(issue, person) if not one.barred]


def automatic(issue: Issue, person) -> Candidate | None:
    """Whom the responsibility table names, when it names exactly one and ``person`` may dispatch.

    None where somebody has to choose: several bodies, nobody, or a complaint about the usual one.
    """
    right = "grids.dispatch_issue"
    if issue.about_lead or not access.rights_of(person).may(right, area_path=node_path(issue)):
        return None
    return next((one for one in candidates(issue, person) if one.suggested), None)


def bodies(issue: Issue, person) -> list[Candidate]:
    """``candidates``, and behind them those whom only the communities' duty list bars."""
    return choices(issue, person).bodies


def bodies_once(issue: Issue, person) -> list[Candidate]:
    return choices_once(issue, person).bodies


def choices_once(issue: Issue, person) -> "Choices":
    """``choices`` for the forms of one page, which ask the same several times."""
    key = (person.pk, issue.state, issue.level, issue.area_path, *issue.recused_ids)
    kept = issue.__dict__.setdefault("_choices", {})
    if key not in kept:
        kept[key] = choices(issue, person)
    return kept[key]


def choices(issue: Issue, person) -> Choices:
    return choices_for([issue], person)[issue.pk]


def choices_for(issues: Iterable[Issue], person) -> dict[int, Choices]:
    """``choices`` of several issues at once, in as many queries as for one."""
    issues = list(issues)
    categories = {issue.category_id: issue.category for issue in issues}
    table = responsibilities.Table(categories.values(), {issue.area_path for issue in issues})
    known = table.directory.bodies
    with_lineage(issues)
    rights = access.rights_of(person)
    staff = _staff(known)
    counts = dict(
        Issue.objects.filter(lead__in=known)
        .exclude(state__in=DONE)
        .values_list("lead")
        .annotate(Count("pk"))
    )
    found = {}
    for issue in issues:
        kinds = set(NEAR_KINDS)
        street = issue.area.ancestor(AreaLevel.SUBDISTRICT)
        if street is not None and rights.may("grids.dispatch_issue", area_path=street.path):
            kinds |= HIGH_KINDS
        able = [
            known[pk]
            for pk in table.directory.serving(issue.area_path)
            if known[pk].kind in kinds
            and staff.get(pk, frozenset()) - {issue.reporter_id, *issue.recused_ids}
        ]
        proposal = table.propose(issue.category, issue.area_path)
        found[issue.pk] = Choices(
            bodies=_sorted(issue, able, counts, table, proposal),
            assists=[body for body in proposal.assists if staff.get(body.pk)],
        )
    return found


def _sorted(issue, able, counts, table, proposal) -> list[Candidate]:
    named = {body.pk for body in (proposal.lead, *proposal.several) if body is not None}
    order = {kind: place for place, kind in enumerate(issue.category.lead_kinds)}
    able.sort(
        key=lambda one: (
            one.pk not in named,
            order.get(one.kind, len(order)),
            one.kind,
            one.name,
        )
    )
    rows = [
        Candidate(
            one,
            counts.get(one.pk, 0),
            suggested=proposal.lead is not None and one.pk == proposal.lead.pk,
            reason=proposal.why if one.pk in named else "",
            barred=table.why_barred(one, issue.category, issue.area_path),
            may_assist=table.duties.only_assists(one, issue.category_id, issue.area_path),
        )
        for one in able
    ]
    rows.sort(key=lambda one: bool(one.barred))
    return _past_the_complained(rows) if issue.about_lead else rows


def _past_the_complained(rows: list[Candidate]) -> list[Candidate]:
    """The reporter says it is about whoever usually leads: that one last, the next suggested."""
    able = [one for one in rows if not one.barred]
    usual = next((one for one in able if one.suggested), able[0] if able else None)
    others = [one for one in able if one is not usual]
    if not others:
        return rows
    why = _("反映人说，通常承办的单位就是被反映的一方")
    first = replace(others[0], suggested=True, reason=why)
    last = replace(usual, suggested=False, reason=why)
    return [first, *others[1:], last, *(one for one in rows if one.barred)]


def with_lineage(issues: Iterable[Issue]) -> None:
    """Let every issue's place know the places around it: one query for all of them."""
    places = [issue.area for issue in issues if not hasattr(issue.area, "_lineage")]
    if not places:
        return
    wanted = {above for area in places for above in around(area.path)}
    known = {area.path: area for area in Area.objects.filter(path__in=wanted)}
    for area in places:
        above = (known[path] for path in around(area.path)[:-1] if path in known)
        area._lineage = {one.level: one for one in above}


def _staff(organizations: Iterable[int]) -> dict[int, frozenset[int]]:
    """organization → who may handle what is sent to it (pks)."""
    staff: dict[int, set[int]] = {}
    for pk, user in (
        _grants("grids.handle_issue", Organization)
        .filter(object_pk__in=[str(pk) for pk in organizations])
        .values_list("object_pk", "user")
    ):
        staff.setdefault(int(pk), set()).add(user)
    return {pk: frozenset(people) for pk, people in staff.items()}
