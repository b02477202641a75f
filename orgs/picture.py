"""The chain of a place as a picture: read in a handful of queries, however many grids.

``read`` gives the upper part (committee, branches, what they host, the linkages); groups and
contact households below a branch are counted there and read by ``below`` when it is opened.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs import disclosure
from orgs.chain import BRANCHES
from orgs.models import (
    PARTY_KINDS,
    Appointment,
    Area,
    AreaLevel,
    Household,
    Linkage,
    Organization,
    OrganizationKind,
)
from orgs.positions import Position as P

K = OrganizationKind

FOLDED = frozenset({K.BUILDING_GROUP, K.CONTACT_HOUSEHOLD})
JOINT = frozenset({K.JOINT_WORKING_COMMITTEE, K.JOINT_COMMUNITY_COMMITTEE})
OWNERS = frozenset({K.OWNERS_COMMITTEE, K.MANAGEMENT_COMMISSION})
# Bodies around the chain, listed by kind.
AROUND = (
    K.RESIDENTS_GROUP,
    K.RESIDENT_UNIT,
    K.PARTNER_UNIT,
    K.PAIRED_UNIT,
    K.SOCIAL_ORGANIZATION,
    K.VOLUNTEER_TEAM,
    K.THREE_NEW_BODY,
    K.DEPARTMENT,
    K.MERCHANT,
)
LABELS = {kind.value: kind.label for kind in K}
LEADERS = (
    P.PARTY_SECRETARY,
    P.COMMITTEE_DIRECTOR,
    P.OWNERS_DIRECTOR,
    P.PROPERTY_MANAGER,
)
LEADER_TITLES = {"party": _("书记"), "people": _("主任"), "owners": _("主任"), "service": _("经理")}


def tone(kind: str) -> str:
    """The colour of a node: party, people, owners or service."""
    if kind in PARTY_KINDS:
        return "party"
    if kind in OWNERS:
        return "owners"
    if kind in {K.PROPERTY_COMPANY, K.SOCIAL_ORGANIZATION, K.MERCHANT}:
        return "service"
    return "people"


@dataclass(slots=True)
class Node:
    pk: int
    kind: str
    name: str
    superior_id: int | None
    host_id: int | None
    area_id: int
    leader: str = ""
    host: str = ""
    groups: int = 0
    contact_households: int = 0
    children: list["Node"] = field(default_factory=list)
    beside: list["Node"] = field(default_factory=list)
    opened: "Below | None" = None

    @property
    def tone(self) -> str:
        return tone(self.kind)

    @property
    def folds(self) -> bool:
        return bool(self.groups or self.contact_households)

    @property
    def host_label(self) -> str:
        return _("设在%(host)s") % {"host": self.host} if self.host else ""

    @property
    def leader_label(self) -> str:
        if not self.leader:
            return ""
        return f"{LEADER_TITLES.get(self.tone, '')} {self.leader}".strip()


@dataclass(slots=True)
class Compound:
    """One three-way linkage: who stands together for a compound."""

    name: str
    note: str
    grids: list[str]
    branch: Node | None
    residents: Node | None
    owners: Node | None
    company: Node | None


@dataclass(slots=True)
class Picture:
    roots: list[Node]
    compounds: list[Compound]
    bodies: list[Node]  # residents' and supervision committees, offices
    around: list[tuple[str, list[Node]]]
    grids: list[tuple[str, str, str]]  # code, name, worker
    nodes: dict[int, Node]
    branches: int = 0

    groups: int = 0
    contact_households: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.roots or self.bodies or self.around)


_STAMP = """
    SELECT (SELECT max(pgh_id) FROM orgs_organizationevent),
           (SELECT max(pgh_id) FROM orgs_appointmentevent),
           (SELECT max(pgh_id) FROM orgs_areaevent),
           (SELECT max(pgh_id) FROM orgs_linkageevent),
           (SELECT max(pgh_id) FROM orgs_linkagegridevent)
"""


def stamp() -> str:
    """Changes with every change of the chain: its history is written by triggers, so that none
    goes past it. For keys of what was drawn before."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        numbers = cursor.fetchone()
    return "-".join(str(number or 0) for number in (timezone.localdate().toordinal(), *numbers))


_COLUMNS = ("pk", "kind", "name", "superior_id", "host_id", "area_id")


def read(area: Area, *, own_only: bool = False) -> Picture:
    """Four queries. ``own_only``: bodies seated in ``area`` itself, none below (a subdistrict)."""
    seated = Organization.objects.open().order_by("pk")
    seated = seated.filter(area=area) if own_only else seated.within(area)
    nodes = {row[0]: Node(*row) for row in seated.values_list(*_COLUMNS)}
    linkages = [] if own_only else list(_linkages(area))
    elsewhere = _elsewhere(nodes, linkages)
    known = {**nodes, **elsewhere}
    workers = _name_leaders(known)
    grids = (
        Area.objects.open()
        .within(area)
        .filter(level=AreaLevel.GRID)
        .values_list("pk", "code", "name")
    )
    grids = [] if own_only else list(grids)
    grid_names = {pk: name for pk, _code, name in grids}

    roots, bodies, around = _arrange(nodes, known)
    counts = Counter(node.kind for node in nodes.values())
    compounds = [
        Compound(
            name=name,
            note=note,
            grids=[grid_names[pk] for pk in grid_pks if pk in grid_names],
            branch=known.get(branch),
            residents=known.get(residents),
            owners=known.get(owners),
            company=known.get(company),
        )
        for name, note, branch, residents, owners, company, grid_pks in linkages
    ]
    return Picture(
        roots=roots,
        compounds=compounds,
        bodies=bodies,
        around=around,
        grids=[(code, name, workers.get(pk, "")) for pk, code, name in grids],
        branches=sum(counts[kind] for kind in BRANCHES),
        groups=counts[K.BUILDING_GROUP],
        contact_households=counts[K.CONTACT_HOUSEHOLD],
        nodes=nodes,
    )


def _linkages(area: Area):
    rows = Linkage.objects.annotate(grid_pks=ArrayAgg("grids", default=[]))
    if area.level == AreaLevel.COMMUNITY:
        rows = rows.filter(community=area)
    elif area.level == AreaLevel.GRID:
        rows = rows.filter(pk__in=Linkage.grids.through.objects.filter(area=area).values("linkage"))
    else:
        return []
    return rows.order_by("pk").values_list(
        "name",
        "note",
        "party_branch_id",
        "residents_committee_id",
        "owners_body_id",
        "property_company_id",
        "grid_pks",
    )


def _elsewhere(nodes, linkages) -> dict[int, Node]:
    """Bodies named by the picture but seated outside the area: a company, a committee above."""
    wanted = {node.host_id for node in nodes.values()}
    for linkage in linkages:
        wanted.update(linkage[2:6])
    wanted -= nodes.keys() | {None}
    if not wanted:
        return {}
    rows = Organization.objects.filter(pk__in=wanted).values_list(*_COLUMNS)
    return {row[0]: Node(*row) for row in rows}


def _name_leaders(known: dict[int, Node]) -> dict[int, str]:
    """Write each body's leader on its node; give back grid pk → its worker's name."""
    bodies = [pk for pk, node in known.items() if node.kind not in FOLDED]
    rows = (
        Appointment.objects.in_force()
        .filter(organization__in=bodies, position__in=[*LEADERS, P.GRID_WORKER])
        .order_by("-starts_on")
        .values_list("organization_id", "position", "area_id", "person__name")
    )
    workers: dict[int, str] = {}
    for body, position, area_id, name in rows:
        if position == P.GRID_WORKER:
            workers.setdefault(area_id, name)
        elif not known[body].leader:
            known[body].leader = name
    return workers


def _arrange(nodes, known):
    """Hang every body where it belongs: under its superior, beside its host, or on its own."""
    roots, bodies, around = [], [], {}
    for node in nodes.values():
        if node.kind in FOLDED:
            continue
        superior = nodes.get(node.superior_id)
        if node.host_id:
            node.host = known[node.host_id].name if node.host_id in known else ""
        if node.kind == K.HOSTED_GROUP or node.kind in JOINT:
            top = superior or _committee(nodes)
            (top.beside if top and top is not node else roots).append(node)
        elif node.kind in PARTY_KINDS:
            (superior.children if superior else roots).append(node)
        elif node.kind in AROUND:
            around.setdefault(node.kind, []).append(node)
        elif node.kind not in OWNERS and node.kind not in {K.PROPERTY_COMPANY, K.PLATFORM}:
            bodies.append(node)
    for node in nodes.values():
        if node.kind in FOLDED:
            _count(node, nodes)
    roots.sort(key=lambda node: (-len(node.children), node.pk))
    listed = [(LABELS[kind], around[kind]) for kind in AROUND if kind in around]
    return roots, bodies, listed


def _committee(nodes) -> Node | None:
    """The committee a joint committee widens: the area's own top party body."""
    tops = (K.WORKING_COMMITTEE, K.COMMUNITY_COMMITTEE, K.GENERAL_BRANCH, K.COMMUNITY_BRANCH)
    return next((node for node in nodes.values() if node.kind in tops), None)


def _count(folded: Node, nodes) -> None:
    """Count a group or contact household on the branch it belongs to, through its group."""
    above, steps = nodes.get(folded.superior_id), 0
    while above and above.kind in FOLDED and steps < 4:
        above, steps = nodes.get(above.superior_id), steps + 1
    if above:
        if folded.kind == K.BUILDING_GROUP:
            above.groups += 1
        else:
            above.contact_households += 1


# --- below a branch --------------------------------------------------------------------------


@dataclass(slots=True)
class Home:
    """A contact household as this reader may see it."""

    pk: int | None  # only for those who may open it
    place: str
    door: str
    linked: int


@dataclass(slots=True)
class Group:
    pk: int
    name: str
    leader: str
    place: str
    homes: list[Home]
    hidden: int  # contact households this reader sees as a number only

    @property
    def number(self) -> int:
        return len(self.homes) + self.hidden


@dataclass(slots=True)
class Below:
    groups: list[Group]
    direct: list[Home]
    hidden: int

    @property
    def number(self) -> int:
        """Contact households, in groups or directly under the branch."""
        return len(self.direct) + self.hidden + sum(group.number for group in self.groups)


def branch_in(area: Area, pk: int) -> Node | None:
    """An open body of the chain seated in ``area``, with what is below it counted."""
    seated = Organization.objects.open().within(area).filter(kind__in=PARTY_KINDS - FOLDED, pk=pk)
    row = seated.values_list(*_COLUMNS).first()
    return Node(*row) if row else None


def below(*, branch: int | None = None, building: Area | None = None, inside, neighbour) -> Below:
    """Groups of a branch or a building, and their contact households.

    Contact households are counted for the public; staff see masked doors, neighbours those whose
    host agreed to a plate. Seven queries at most, whatever the number of groups.
    """
    chain = Organization.objects.open().order_by("area__path", "pk")
    where = {"area": building} if building is not None else {"superior": branch}
    groups = list(
        chain.filter(kind=K.BUILDING_GROUP, **where).values_list("pk", "name", "area__name")
    )
    tops = [pk for pk, _name, _place in groups]
    if building is None:
        contacts = chain.filter(superior__in=[branch, *tops], kind=K.CONTACT_HOUSEHOLD)
    else:
        contacts = chain.filter(area=building, kind=K.CONTACT_HOUSEHOLD)
    homes: dict[int, list[Home]] = {}
    hidden: Counter = Counter()
    if inside or neighbour:
        rows = list(contacts.select_related("household__area"))
        linked = _linked(rows)
        plates = set() if inside else disclosure.plated([row.pk for row in rows])
        for row in rows:
            top = row.superior_id if row.superior_id in tops else None
            if not inside and row.pk not in plates:
                hidden[top] += 1
                continue
            home = Home(
                pk=row.pk if inside else None,
                place=row.household.area.name,
                door=row.household.door_masked,
                linked=linked.get(row.pk, 0),
            )
            homes.setdefault(top, []).append(home)
    else:
        for superior, number in contacts.order_by().values_list("superior").annotate(Count("pk")):
            hidden[superior if superior in tops else None] += number
    leaders = dict(
        Appointment.objects.in_force()
        .filter(organization__in=tops, position=P.GROUP_LEADER)
        .values_list("organization_id", "person__name")
    )
    return Below(
        groups=[
            Group(
                pk=pk,
                name=name,
                place=place,
                leader=_group_leader(leaders.get(pk, ""), inside, neighbour),
                homes=homes.get(pk, []),
                hidden=hidden[pk],
            )
            for pk, name, place in groups
        ],
        direct=homes.get(None, []),
        hidden=hidden[None],
    )


def _group_leader(name: str, inside: bool, neighbour: bool) -> str:
    if not name:
        return ""
    return disclosure.shown_name(name, P.GROUP_LEADER, inside=inside, neighbour=neighbour)


def building_leader(building: Area, *, inside: bool, neighbour: bool) -> str:
    name = (
        Appointment.objects.in_force()
        .filter(area=building, position=P.BUILDING_LEADER)
        .values_list("person__name", flat=True)
        .first()
    )
    if not name:
        return ""
    return disclosure.shown_name(name, P.BUILDING_LEADER, inside=inside, neighbour=neighbour)


def _linked(contacts) -> dict[int, int]:
    rows = Household.objects.filter(contact_household__in=[row.pk for row in contacts])
    return dict(rows.values_list("contact_household_id").annotate(Count("pk")))


# --- a subdistrict's communities -------------------------------------------------------------


def cards(area: Area) -> list[dict]:
    """The open places right below, with figures; three queries."""
    places = list(
        Area.objects.open()
        .filter(path__startswith=area.path, depth=area.depth + 1)
        .values("pk", "code", "name", "path", "level", "numchild")
    )
    width = len(area.path) + Area.steplen
    kinds = [*BRANCHES, K.BUILDING_GROUP, K.CONTACT_HOUSEHOLD]
    rows = (
        Organization.objects.open()
        .within(area)
        .filter(kind__in=kinds)
        .order_by()
        .values_list(Left("area__path", width), "kind")
        .annotate(number=Count("pk"))
    )
    figures: dict[str, Counter] = {}
    for path, kind, number in rows:
        figures.setdefault(path, Counter())[kind] += number
    grids = dict(
        Area.objects.open()
        .within(area)
        .filter(level=AreaLevel.GRID)
        .order_by()
        .values_list(Left("path", width))
        .annotate(number=Count("pk"))
    )
    for place in places:
        count = figures.get(place["path"], Counter())
        place["grids"] = grids.get(place["path"], 0)
        place["branches"] = sum(count[kind] for kind in BRANCHES)
        place["groups"] = count[K.BUILDING_GROUP]
        place["homes"] = count[K.CONTACT_HOUSEHOLD]
        place["organized"] = bool(count) or bool(place["grids"])
    return places
