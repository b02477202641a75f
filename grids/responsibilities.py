"""Who ought to lead: the responsibility table and the communities' duty list, read and written.

A row says: matters of this category in this place are led by this body, or by the nearest body of
this kind. The most specific place wins; a row that finds no body there gives way to the next.

The gate: a community cannot lead a matter that is not on its duty list, and may assist with what
is on its assist list. Source: 北京市接诉即办工作条例 第十七条 (未列入清单的事项不得向社区派单);
上海市居民委员会工作条例 第二十七条、第二十八条.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids.models import Category, DutyItem, Issue, Responsibility, State
from orgs import access
from orgs.history import because
from orgs.models import Area, AreaLevel, Linkage, Organization
from orgs.models import OrganizationKind as Kind
from rules.refusals import Refused

RIGHT = "grids.edit_responsibilities"
PREVIEW_DAYS = 30
Role = DutyItem.Role

# Bodies of a community: what the gate protects from other people's work.
COMMUNITY_KINDS = frozenset(
    {
        Kind.COMMUNITY_COMMITTEE,
        Kind.GENERAL_BRANCH,
        Kind.COMMUNITY_BRANCH,
        Kind.JOINT_COMMUNITY_COMMITTEE,
        Kind.GRID_BRANCH,
        Kind.COMMITTEE_BRANCH,
        Kind.RESIDENTS_COMMITTEE,
        Kind.SUPERVISION_COMMITTEE,
        Kind.RESIDENTS_GROUP,
    }
)
# Kinds that a row may name.
LEADING_KINDS = (
    Kind.RESIDENTS_COMMITTEE,
    Kind.PROPERTY_COMPANY,
    Kind.OWNERS_COMMITTEE,
    Kind.MANAGEMENT_COMMISSION,
    Kind.SUBDISTRICT_OFFICE,
    Kind.DEPARTMENT,
    Kind.DISTRICT_GOVERNMENT,
)


def around(path: str) -> list[str]:
    """The paths of an area and of all that contains it."""
    return [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]


# --- refusals ------------------------------------------------------------------------------------


class NotOnDutyList(Refused):
    """The gate: a community is to lead what is not on its duty list."""


class Conflict(Refused):
    """The table already says something else for that time; ``field`` is where to show it."""

    def __init__(self, text: str, field: str = ""):
        self.field = field
        super().__init__(text)


class NotYours(Refused):
    def __init__(self):
        super().__init__(_("这里不在您可以维护的范围内"))


# --- which bodies serve a place ------------------------------------------------------------------


class Directory:
    """Open bodies of some kinds that cover or serve any of ``paths``, read in two queries.

    ``also``: pks of bodies to know wherever they are.
    ``serving(path)`` gives those of one place with how near each stands (the length of the path
    by which it serves the place).
    """

    def __init__(self, kinds: Iterable[str], paths: Iterable[str], also: Iterable[int] = ()):
        wanted = {above for path in paths for above in around(path)}
        self._tied: dict[str, set[int]] = defaultdict(set)  # place → bodies of its linkage
        tied = set()
        for grid, *bodies in Linkage.objects.filter(grids__path__in=wanted).values_list(
            "grids__path", "owners_body", "property_company"
        ):
            bodies = {pk for pk in bodies if pk}
            self._tied[grid] |= bodies
            tied |= bodies
        self._served: dict[int, set[str]] = defaultdict(set)
        self.bodies: dict[int, Organization] = {}
        found = (
            Organization.objects.open()
            .filter(
                Q(pk__in=set(also))
                | Q(kind__in=set(kinds))
                & (Q(pk__in=tied) | Q(area__path__in=wanted) | Q(served_areas__path__in=wanted))
            )
            .annotate(served_path=F("served_areas__path"))
            .select_related("area")
            .order_by("pk")
        )
        for body in found:
            self.bodies.setdefault(body.pk, body)
            if body.served_path:
                self._served[body.pk].add(body.served_path)

    def serving(self, path: str) -> dict[int, int]:
        """pk → nearness, of bodies that may have to do with this place."""
        here = set(around(path))
        near: dict[int, int] = {}
        for pk, body in self.bodies.items():
            ways = {served for served in self._served[pk] if served in here}
            ways |= {grid for grid, bodies in self._tied.items() if pk in bodies and grid in here}
            # A property company's seat says nothing once it is known which places it serves.
            only_served = self._served[pk] and body.kind == Kind.PROPERTY_COMPANY
            if body.area.path in here and not only_served:
                ways.add(body.area.path)
            if ways:
                near[pk] = max(map(len, ways))
        return near

    def nearest(self, kind: str, path: str) -> list[Organization]:
        near = {
            pk: length for pk, length in self.serving(path).items() if self.bodies[pk].kind == kind
        }
        closest = max(near.values(), default=0)
        return [self.bodies[pk] for pk, length in near.items() if length == closest]


# --- the communities' duty list ------------------------------------------------------------------


class Duties:
    """The duty list for some categories (pks) and places, read in one query."""

    def __init__(self, categories: Iterable[int], paths: Iterable[str]):
        wanted = {above for path in paths for above in around(path)}
        items = DutyItem.objects.filter(
            Q(area=None) | Q(area__path__in=wanted), category__in=set(categories)
        )
        self._roles = {
            (category, path or ""): role
            for category, path, role in items.values_list("category", "area__path", "role")
        }

    def role(self, category_id: int, path: str) -> str:
        """The community's part there: duty, assist or none."""
        for place in [*reversed(around(path)), ""]:
            if role := self._roles.get((category_id, place)):
                return role
        return Role.NONE

    def only_assists(self, body: Organization, category_id: int, path: str) -> bool:
        return body.kind in COMMUNITY_KINDS and self.role(category_id, path) == Role.ASSIST

    def why_barred(self, body: Organization, category: Category, path: str) -> str:
        """The gate's sentence; empty when ``body`` may lead such a matter there."""
        if body.kind not in COMMUNITY_KINDS:
            return ""
        match self.role(category.pk, path):
            case Role.DUTY:
                return ""
            case Role.ASSIST:
                text = _("“%(category)s”在社区职责清单上是协办事项，%(body)s不能主办，只能协办")
            case _other:
                text = _("“%(category)s”不在社区职责清单上，%(body)s不能主办")
        return text % {"category": category.name, "body": body.name}


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """What the table says about one place: a lead, several to choose from, or nobody."""

    lead: Organization | None = None
    several: tuple[Organization, ...] = ()  # the row names a kind that has several bodies there
    assists: tuple[Organization, ...] = ()
    row: Responsibility | None = None
    why: str = ""


class Table:
    """The rows that matter for some categories and places, read once.

    ``leaving_out`` and ``with_rows`` show the table as it would be (the preview).
    """

    def __init__(
        self,
        categories: Iterable[Category],
        paths: Iterable[str],
        *,
        on: date | None = None,
        leaving_out: Iterable[int] = (),
        with_rows: Sequence[Responsibility] = (),
        directory: Directory | None = None,
    ):
        paths = set(paths)
        categories = {category.pk for category in categories}
        wanted = {above for path in paths for above in around(path)}
        here = Q(area=None) | Q(area__path__in=wanted)
        rows = (
            Responsibility.objects.in_force(on)
            .filter(here, category__in=categories)
            .exclude(pk__in=set(leaving_out))
            .select_related("category", "area", "organization__merged_into")
            .annotate(assist_ids=ArrayAgg("assists", filter=~Q(assists=None), default=[]))
        )
        self._rows: dict[tuple[int, str], Responsibility] = {
            (row.category_id, row.area.path if row.area_id else ""): row for row in rows
        }
        for row in with_rows:
            self._rows[row.category_id, row.area.path if row.area_id else ""] = row
        self.duties = Duties(categories, paths)
        self.why_barred = self.duties.why_barred
        self.directory = directory or Directory(
            {*LEADING_KINDS, *COMMUNITY_KINDS},
            paths,
            also={pk for row in self._rows.values() for pk in getattr(row, "assist_ids", ())},
        )

    def rows_for(self, category_id: int, path: str) -> list[Responsibility]:
        """The rows that speak of this place, the most specific first."""
        places = [*reversed(around(path)), ""]
        return [row for place in places if (row := self._rows.get((category_id, place)))]

    def propose(self, category: Category, path: str) -> Proposal:
        passed = []
        for row in self.rows_for(category.pk, path):
            bodies = self._bodies_of(row, path)
            barred = [text for body in bodies if (text := self.why_barred(body, category, path))]
            bodies = [body for body in bodies if not self.why_barred(body, category, path)]
            if not bodies:
                passed.append(barred[0] if barred else _none_there(row))
                continue
            return Proposal(
                lead=bodies[0] if len(bodies) == 1 else None,
                several=tuple(bodies) if len(bodies) > 1 else (),
                assists=self._assists(row, category, path, bodies),
                row=row,
                why=_reason(row, passed),
            )
        why = "；".join(passed) if passed else _("责任清单没有写到这类事项")
        return Proposal(why=why, assists=self._assists(None, category, path, ()))

    def _bodies_of(self, row: Responsibility, path: str) -> list[Organization]:
        if not row.organization_id:
            return self.directory.nearest(row.kind, path)
        body = row.organization
        while body.closed_on is not None and body.merged_into_id:
            body = body.merged_into
        return [body] if body.closed_on is None else []

    def _assists(self, row, category, path, leads) -> tuple[Organization, ...]:
        """Whom the row names, and the community when the matter is on its assist list."""
        found = {}
        if row is not None:
            known = self.directory.bodies
            found = {pk: known[pk] for pk in getattr(row, "assist_ids", ()) if pk in known}
        if self.duties.role(category.pk, path) == Role.ASSIST:
            for body in self.directory.nearest(Kind.RESIDENTS_COMMITTEE, path):
                found.setdefault(body.pk, body)
        taken = {body.pk for body in leads}
        return tuple(body for pk, body in found.items() if pk not in taken)


def _reason(row: Responsibility, passed: list[str]) -> str:
    text = _("按责任清单：%(place)s的“%(category)s”由%(lead)s承办") % {
        "place": row.place_name,
        "category": row.category.name,
        "lead": row.lead_name,
    }
    return f"{text}（{'；'.join(passed)}）" if passed else text


def _none_there(row: Responsibility) -> str:
    if row.organization_id:
        return _("清单写明的%(name)s已撤销") % {"name": row.organization.name}
    return _("这里没有%(kind)s") % {"kind": row.get_kind_display()}


# --- asking --------------------------------------------------------------------------------------


def propose(issue: Issue) -> Proposal:
    """Who ought to lead ``issue``, who assists, and which row says so. Four queries or five."""
    return Table([issue.category], [issue.area_path]).propose(issue.category, issue.area_path)


def may_lead(organization: Organization, category: Category, area: Area) -> "bool | str":
    """True, or the sentence that says why this community cannot lead such a matter there.

    Source: 北京市接诉即办工作条例 第十七条.
    """
    if organization.kind not in COMMUNITY_KINDS:
        return True
    duties = Duties([category.pk], [area.path])
    return duties.why_barred(organization, category, area.path) or True


# --- writing -------------------------------------------------------------------------------------


def _check_right(by, area: Area | None) -> None:
    if area is None or not access.rights_of(by).may(RIGHT, area_path=area.path):
        raise NotYours


@transaction.atomic
def write(
    *,
    category: Category,
    area: Area,
    by,
    organization: Organization | None = None,
    kind: str = "",
    assists: Iterable[Organization] = (),
    effective_from: date,
    basis: str = "",
    replaces: Responsibility | None = None,
) -> Responsibility:
    """Write a row, from a day on. ``replaces`` ends that day; without it, two rows conflict.

    Raises Conflict (with the row that is in the way), NotOnDutyList when a community would lead
    what it cannot, or NotYours.
    """
    _check_right(by, area)
    Category.objects.select_for_update().get(pk=category.pk)  # two who write meet here
    row = Responsibility(
        category=category,
        area=area,
        organization=organization,
        kind="" if organization else kind,
        effective_from=effective_from,
        basis=basis.strip(),
        written_by=by,
    )
    refuse_barred(row)
    with because(basis or _("维护责任清单"), by=by):
        if replaces is not None:
            replaces.refresh_from_db()
            if replaces.effective_to is not None and replaces.effective_to <= effective_from:
                raise Conflict(_("这一行已经停止，请从清单重新打开"), "effective_from")
            replaces.effective_to = max(effective_from, replaces.effective_from)
            if replaces.effective_from > effective_from:
                raise Conflict(
                    _("这一行%(day)s才施行，新的一行不能更早")
                    % {"day": f"{replaces.effective_from:%Y-%m-%d}"},
                    "effective_from",
                )
            replaces.save(update_fields=["effective_to"])
        if (other := _in_the_way(row)) is not None:
            raise Conflict(
                _("%(place)s的“%(category)s”已有一行：由%(lead)s承办，%(day)s起施行；请修改那一行")
                % {
                    "place": other.place_name,
                    "category": category.name,
                    "lead": other.lead_name,
                    "day": f"{other.effective_from:%Y-%m-%d}",
                },
                "area",
            )
        row.save()
        row.assists.set(body for body in assists if body.pk != row.organization_id)
    return row


def _in_the_way(row: Responsibility) -> Responsibility | None:
    """A row of the same category and place that holds on or after the day ``row`` begins."""
    return (
        Responsibility.objects.not_over(row.effective_from)
        .filter(category=row.category, area=row.area)
        .select_related("organization", "area")
        .order_by("effective_from")
        .first()
    )


def refuse_barred(row: Responsibility) -> None:
    """Raises NotOnDutyList when the row would have a community lead what it cannot."""
    lead = row.organization or Organization(kind=row.kind, name=row.get_kind_display())
    answer = may_lead(lead, row.category, row.area)
    if answer is not True:
        raise NotOnDutyList(answer)


@transaction.atomic
def end(row: Responsibility, *, on: date, by, reason: str) -> Responsibility:
    """Stop a row: from ``on`` (the first day without it) the next wider place decides."""
    row = Responsibility.objects.select_for_update(of=("self",)).get(pk=row.pk)
    _check_right(by, row.area)
    if row.effective_to is not None and row.effective_to <= on:
        raise Conflict(
            _("这一行已于%(day)s停止") % {"day": f"{row.effective_to:%Y-%m-%d}"}, "effective_to"
        )
    if on < timezone.localdate() and on != row.effective_from:
        raise Conflict(_("停止日期不能早于今天"), "effective_to")
    with because(reason, by=by):
        row.effective_to = max(on, row.effective_from)
        row.save(update_fields=["effective_to"])
    return row


@transaction.atomic
def set_duties(area: Area, roles: dict[Category, str], *, by, reason: str) -> int:
    """Write the duty list of a place: category → role, or "" to follow the place above.

    Returns how many items changed. Raises NotYours, or Conflict when a row of the responsibility
    table in that place names a community for what it may no longer lead.
    """
    _check_right(by, area)
    there = {
        item.category_id: item for item in DutyItem.objects.select_for_update().filter(area=area)
    }
    changed = 0
    with because(reason, by=by):
        for category, role in roles.items():
            item = there.get(category.pk)
            if (item.role if item else "") == role:
                continue
            changed += 1
            if not role:
                item.delete()
            elif item is None:
                DutyItem.objects.create(category=category, area=area, role=role)
            else:
                item.role = role
                item.save(update_fields=["role"])
    if changed and (stranded := _stranded(area, roles)):
        names = "、".join(f"{row.place_name}“{row.category.name}”" for row in stranded[:3])
        raise Conflict(_("责任清单里仍写着由社区主办，请先改那里：%(names)s") % {"names": names})
    return changed


def _stranded(area: Area, categories: Iterable[Category]) -> list[Responsibility]:
    """Rows in or below ``area`` that name a community for what it cannot lead."""
    rows = (
        Responsibility.objects.not_over()
        .filter(category__in=[category.pk for category in categories])
        .filter(area__path__startswith=area.path)
        .filter(Q(kind__in=COMMUNITY_KINDS) | Q(organization__kind__in=COMMUNITY_KINDS))
        .select_related("category", "area", "organization")
    )
    found = []
    for row in rows:
        lead = row.organization or Organization(kind=row.kind, name=row.get_kind_display())
        if may_lead(lead, row.category, row.area) is not True:
            found.append(row)
    return found


# --- preview -------------------------------------------------------------------------------------


@dataclass
class Preview:
    """What a change would have done to the last 30 days' issues."""

    total: int = 0
    moves: list["Moved"] = field(default_factory=list)
    examples: list[Issue] = field(default_factory=list)

    @property
    def moved(self) -> int:
        return sum(move.count for move in self.moves)


@dataclass(frozen=True)
class Moved:
    count: int
    before: str
    after: str


def preview(
    *,
    category: Category,
    area: Area,
    row: Responsibility | None,
    leaving_out: Iterable[int] = (),
) -> Preview:
    """Which issues of the last 30 days would go elsewhere if the table were changed so.

    ``row`` (unsaved) comes, ``leaving_out`` (pks) go. Reads the table twice, whatever the count.
    """
    since = timezone.now() - timedelta(days=PREVIEW_DAYS)
    issues = list(
        Issue.objects.filter(
            category=category, area_path__startswith=area.path, reported_at__gte=since
        )
        .exclude(state=State.DRAFT)
        .only("number", "title", "area_path")
        .order_by("-reported_at", "-pk")
    )
    shown = Preview(total=len(issues))
    paths = {issue.area_path for issue in issues}
    if not paths:
        return shown
    before = Table([category], paths)
    after = Table(
        [category],
        paths,
        leaving_out=leaving_out,
        with_rows=[row] if row is not None else [],
        directory=before.directory,
    )
    names = {
        path: (
            _lead_words(before.propose(category, path)),
            _lead_words(after.propose(category, path)),
        )
        for path in paths
    }
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for issue in issues:
        was, becomes = names[issue.area_path]
        if was != becomes:
            counts[was, becomes] += 1
            shown.examples.append(issue)
    shown.moves = [
        Moved(count, was, becomes)
        for (was, becomes), count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    shown.examples = shown.examples[:5]
    return shown


def _lead_words(proposal: Proposal) -> str:
    if proposal.lead is not None:
        return proposal.lead.name
    if proposal.several:
        return _("%(first)s等 %(count)d 家，由派单人选") % {
            "first": proposal.several[0].name,
            "count": len(proposal.several),
        }
    return _("由派单人选")


def may_have_duties(area: Area) -> bool:
    """Duty lists belong to communities and to what stands above them."""
    return area.level not in {AreaLevel.GRID, AreaLevel.BUILDING}
