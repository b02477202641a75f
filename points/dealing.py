"""What the pages on a batch read: groups by rule and grid, rows with evidence and history.

A thousand claims cost as many queries as ten, and a page shows a bounded number of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Count,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Concat, JSONObject, Left
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.compiled import Among, JSONArray, compiled
from orgs.models import Area, Person
from orgs.prepared import prepared
from points import who
from points.anomalies import Found
from points.models import (
    COUNTING,
    POINTS,
    Account,
    AccountKind,
    Batch,
    BatchStep,
    Claim,
    ClaimEvidence,
    ClaimState,
    ClaimStep,
    Decision,
    Source,
    Statement,
    Transfer,
)

PAGE = 16  # a row is a quarter of a millisecond: the page's budget is 2.5 bare pages
PROMISING = ("noticed", "objected", "posting")
HISTORY_DAYS = 365


def visible_to(person) -> QuerySet[Batch]:
    """Batches of the communities where ``person`` decides or reads claims, all of them."""
    return access.scope(Batch.objects.select_related("area"), person, who.DECIDE, who.VIEW)


def with_last_steps(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """``last_step`` of the batch and ``seen``, the last step of any claim: what a page shows."""
    steps = BatchStep.objects.filter(batch=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    seen = ClaimStep.objects.order_by("-pk").values("pk")[:1]
    return batches.annotate(last_step=Subquery(steps), seen=Subquery(seen))


def read_by(person, pk: int) -> Batch | None:
    """The batch with its notice and last steps, if ``person`` may read it. One query.

    With it comes what its page needs beside: ``grids`` (path → name), what is ``left`` of the
    fund, and where the person lives.
    """
    found = _read_by(person, pk=pk, one=1, beginning=BEGINNING, nothing=0)
    if not found:
        return None
    (batch,) = found
    batch.grids, batch.left = dict(batch.grids), batch.left or 0
    who.keep_homes(person, batch.homes)
    return batch


@prepared
def _read_by(person, *, pk, one, beginning, nothing):
    path, area = OuterRef("area_path"), OuterRef("area")
    grids = Area.objects.filter(
        path__gt=path, path__lt=Concat(path, Value("~")), depth=OuterRef("area__depth") + one
    )
    left = funds(area, OuterRef(area), OuterRef(OuterRef("pk")), beginning, nothing)
    homes = who.homes(person).order_by()
    return (
        with_last_steps(visible_to(person).select_related("notice"))
        .filter(pk=pk)
        .annotate(
            grids=ArraySubquery(grids.order_by().values(found=JSONArray("path", "name"))),
            left=Subquery(left.values("left")[:1]),
            homes=ArraySubquery(
                homes.values(found=JSONArray("household_id", "starts_on", "ends_on"))
            ),
        )
    )


# --- filters -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What of the batch is shown; read from the address, and written back into it."""

    rule: str = ""
    grid: str = ""
    source: str = ""
    flag: str = ""  # a code of ``anomalies``, "any" or "none"
    show: str = ""  # undecided, approved, refused, contested
    q: str = ""

    @classmethod
    def read(cls, data) -> "Filters":
        return cls(**{one.name: data.get(one.name, "").strip()[:40] for one in fields(cls)})

    @property
    def query(self) -> str:
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def is_empty(self) -> bool:
        return not self.query

    def values(self, batch: Batch, found: Found) -> dict:
        """What ``matching`` is to look for; only what is asked."""
        wanted: dict = {}
        if self.rule:
            wanted["rule"] = self.rule
        if self.grid:
            wanted |= _place(batch, self.grid)
        if self.source:
            wanted["source"] = self.source
        if self.flag == "none":
            wanted["beside"] = list(found)
        elif self.flag:
            wanted["among"] = [
                pk
                for pk, anomalies in found.items()
                if self.flag == "any" or any(one.code == self.flag for one in anomalies)
            ]
        match self.show:
            case "undecided":
                wanted |= {"state": ClaimState.BATCHED, "decision": ""}
            case "approved" | "refused":
                wanted["decision"] = self.show
            case "contested":
                wanted["state"] = ClaimState.OBJECTED
        if self.q:
            wanted["words"] = self.q
            if self.q.isdecimal() and len(self.q) < 16:
                wanted["number"] = int(self.q)
        return wanted


def matching(
    *,
    rule=None,
    within=None,
    at=None,
    source=None,
    among=None,
    beside=None,
    state=None,
    decision=None,
    words=None,
    number=None,
) -> Q:
    """Claims as ``Filters.values`` has them; values or blanks, so that it may be compiled.

    ``within``: a grid's path; ``at``: done for exactly this place. ``among``, ``beside``: lists.
    """
    wanted = Q()
    if rule is not None:
        wanted &= Q(rule_version__rule__code=rule)
    if within is not None:
        wanted &= Q(area_path__startswith=within)
    if at is not None:
        wanted &= Q(area_path=at)
    if source is not None:
        wanted &= Q(source=source)
    if among is not None:
        wanted &= Q(Among("pk", among))
    if beside is not None:
        wanted &= ~Q(Among("pk", beside))
    if state is not None:
        wanted &= Q(state=state)
    if decision is not None:
        wanted &= Q(decision=decision)
    if words is not None:
        text = Q(person__name__icontains=words) | Q(text__icontains=words)
        if number is not None:
            text |= Q(pk=number)
        wanted &= text
    return wanted


def _place(batch: Batch, step: str) -> dict[str, str]:
    """One grid; "0" is what was done for the community as a whole."""
    if step == "0":
        return {"at": batch.area_path}
    return {"within": batch.area_path + step}


UNDECIDED = Q(state=ClaimState.BATCHED, decision="")


# --- groups --------------------------------------------------------------------------------------


@dataclass
class Group:
    """One rule in one grid: how many match the filters, and how they stand."""

    code: str
    step: str
    title: str
    place: str
    count: int = 0
    points: int = 0
    undecided: int = 0
    clean: int = 0  # undecided and without a flag
    is_open: bool = False
    claims: list[Claim] = field(default_factory=list)  # on this page
    rows: list[str] = field(default_factory=list)  # their markup

    @property
    def key(self) -> str:
        return f"{self.code}-{self.step or '0'}"


@dataclass
class RuleGroup:
    """A rule's groups, folded together."""

    code: str
    title: str
    groups: list[Group]
    head: str = ""  # its markup

    @property
    def is_open(self) -> bool:
        return any(group.is_open for group in self.groups)

    def _sum(self, name: str) -> int:
        return sum(getattr(group, name) for group in self.groups)

    @cached_property
    def count(self) -> int:
        return self._sum("count")

    @cached_property
    def points(self) -> int:
        return self._sum("points")

    @cached_property
    def undecided(self) -> int:
        return self._sum("undecided")

    @cached_property
    def clean(self) -> int:
        return self._sum("clean")

    @property
    def first(self) -> Group:
        return next((group for group in self.groups if group.undecided), self.groups[0])


@dataclass
class Totals:
    """Of the whole batch, whatever the filters."""

    count: int = 0
    undecided: int = 0
    approved: int = 0
    refused: int = 0
    points: int = 0  # asked for and not refused
    approved_points: int = 0
    contested: int = 0

    def add(self, state: str, decision: str, count: int, points: int, *, undecided: bool) -> None:
        """Claims in one state, decided alike."""
        self.count += count
        if undecided:
            self.undecided += count
        elif decision == Decision.APPROVED:
            self.approved += count
        else:
            self.refused += count
        if decision != Decision.REFUSED:
            self.points += points
        if decision == Decision.APPROVED and state != ClaimState.REFUSED:
            self.approved_points += points
        if state == ClaimState.OBJECTED:
            self.contested += count

    @property
    def decided(self) -> int:
        return self.count - self.undecided

    @property
    def percent(self) -> int:
        return 100 * self.decided // self.count if self.count else 100


@dataclass
class Overview:
    totals: Totals
    rules: list[RuleGroup]
    rule_choices: list[tuple[str, str]]
    grid_choices: list[tuple[str, str]]

    @property
    def groups(self) -> list[Group]:
        return [group for rule in self.rules for group in rule.groups]

    @property
    def count(self) -> int:
        return sum(rule.count for rule in self.rules)

    @property
    def clean(self) -> int:
        return sum(rule.clean for rule in self.rules)


def overview(batch: Batch, filters: Filters, found: Found) -> Overview:
    """Groups that match, and the totals of all; of a batch from ``read_by``. One query."""
    at = len(batch.area_path)
    rows = _groups(
        batch=batch.pk,
        length=at + Area.steplen,
        flagged=list(found),
        **filters.values(batch, found),
    )
    totals, codes, steps, groups = Totals(), {}, {}, {}
    whole = _("全社区")
    for row in sorted(rows):
        code, path, state, decision, title, all_, all_points, count, points, clean = row
        step, place = path[at:], batch.grids.get(path, whole)
        undecided = state == ClaimState.BATCHED and not decision
        codes[code], steps[step or "0"] = title, place
        totals.add(state, decision, all_, all_points, undecided=undecided)
        if not count:
            continue
        if (group := groups.get((code, step))) is None:
            group = groups[code, step] = Group(code, step, title, place)
        group.count += count
        group.points += points
        if undecided:
            group.undecided += count
            group.clean += clean
    rules: dict[str, RuleGroup] = {}
    for group in groups.values():
        rules.setdefault(group.code, RuleGroup(group.code, group.title, [])).groups.append(group)
    return Overview(
        totals=totals,
        rules=list(rules.values()),
        rule_choices=[(code, f"{code} {title}") for code, title in sorted(codes.items())],
        grid_choices=sorted(steps.items()),
    )


@compiled
def _groups(*, batch, length, flagged, **wanted):
    """Unordered: sorting a thousand rows took the database as long as adding them up."""
    match = matching(**wanted)
    return (
        Claim.objects.filter(batch=batch)
        .order_by()
        .values_list(F("rule_version__rule__code"), Left("area_path", length), "state", "decision")
        .annotate(
            title=Max("rule_version__title"),
            all=Count("pk"),
            all_points=Sum("points"),
            count=Count("pk", filter=match),
            matching_points=Sum("points", filter=match),
            clean=Count("pk", filter=match & ~Q(Among("pk", flagged))),
        )
    )


def open_groups(found: Overview, wanted: str) -> None:
    """Unfold what is asked for; by itself everything that fits on a page, or the next to do."""
    groups = found.groups
    if wanted == "none":
        return
    if any(group.key == wanted for group in groups):
        for group in groups:
            group.is_open = group.key == wanted
    elif found.count <= PAGE:
        for group in groups:
            group.is_open = True
    elif groups:
        next((group for group in groups if group.undecided), groups[0]).is_open = True


def in_group(batch: Batch, key: str, filters: Filters, found: Found) -> QuerySet[Claim]:
    """What matches of one group ("P05-0003"), of a rule ("P05") or of the batch ("all")."""
    wanted = matching(**filters.values(batch, found))
    return batch.claims.filter(wanted & matching(**_of(batch, key)))


def _of(batch: Batch, key: str) -> dict[str, str]:
    if key == "all":
        return {}
    code, _dash, step = key.partition("-")
    return {"rule": code, **(_place(batch, step) if step else {})}


# --- rows ----------------------------------------------------------------------------------------


_ROW = (
    *("area_path", "community", "household", "quantity", "grade", "asked", "points", "happened_on"),
    *("text", "source", "state", "decision", "decided_at", "refusal_code", "refusal_reason"),
    *("to_household", "is_corrected", "batch", "rule_version__measure", "rule_version__grades"),
    *("person", "partner", "claimant", "certifier", "approver"),
    *("area__name", "rule_version__title", "rule_version__rule__code"),
)
_PEOPLE = ("person", "partner", "claimant", "certifier", "approver")


def with_details(
    claims: QuerySet[Claim], *more: str, since: date | None = None, nothing=0
) -> QuerySet[Claim]:
    """The columns of a row, ``with_people``, and ``history`` of the person with the rule.

    That is of 12 months. ``since`` and ``nothing`` (0) may be blanks.
    """
    # Told apart here and not in WHERE: there the index of the rule looks promising, which reads
    # everybody's claims under it for each row.
    same = Q(rule_version__rule=OuterRef("rule_version__rule")) & ~Q(pk=OuterRef("pk"))
    counting = same & Q(state__in=COUNTING)
    refused = same & Q(state__in=[ClaimState.REFUSED, ClaimState.APPEALED])
    before = (
        Claim.objects.filter(
            person=OuterRef("person"),
            happened_on__gte=history_since() if since is None else since,
        )
        .order_by()
        .values(all=Value(""))
        .annotate(
            found=JSONObject(
                times=Count("pk", filter=counting),
                points=Coalesce(Sum("points", filter=counting), nothing),
                refused=Count("pk", filter=refused),
            )
        )
        .values("found")
    )
    claims = claims.select_related("area", "rule_version__rule", *more).only(*_ROW, *more)
    return with_people(claims).annotate(history=Subquery(before))


def with_people(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """``tokens`` of the evidence, and ``people`` whom ``named`` puts in their places.

    One subquery finds the few of a claim, where five more joins took longer to plan than all the
    rest.
    """
    photos = ClaimEvidence.objects.filter(claims=OuterRef("pk")).order_by("pk").values("token")
    people = Person.objects.filter(pk__in=[OuterRef(role) for role in _PEOPLE]).order_by()
    return claims.annotate(
        tokens=ArraySubquery(photos),
        people=ArraySubquery(people.values(found=JSONObject(pk="pk", name="name"))),
    )


def history_since() -> date:
    return timezone.localdate() - timedelta(days=HISTORY_DAYS)


def named(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with their people, of whom key and name are known."""
    claims, known = list(claims), {}
    for claim in claims:
        for one in claim.people:
            if one["pk"] not in known:
                known[one["pk"]] = Person.from_db(
                    "default", ["id", "name"], [one["pk"], one["name"]]
                )
        for role in _PEOPLE:
            setattr(claim, role, known.get(getattr(claim, f"{role}_id")))
    return claims


def fill(batch: Batch, shown: Overview, filters: Filters, found: Found, *, after=0) -> int:
    """Claims of the groups that are open; the key to go on after, or 0. One query."""
    open_ = [group for group in shown.groups if group.is_open]
    if not open_:
        return 0
    wanted = filters.values(batch, found)
    if len(open_) == 1:
        of_group = _of(batch, open_[0].key)
        wanted |= {f"group_{name}": value for name, value in of_group.items()}
    else:
        after = 0
    claims = _rows(batch=batch.pk, after=after, since=history_since(), nothing=0, **wanted)
    by_key = {(group.code, group.step): group for group in open_}
    at = len(batch.area_path)
    for claim in named(claims[:PAGE]):
        step = claim.area_path[at : at + Area.steplen]
        by_key[claim.rule_version.rule.code, step].claims.append(claim)
    return claims[PAGE - 1].pk if len(claims) > PAGE else 0


@compiled
def _rows(
    *,
    batch,
    after,
    since,
    nothing,
    group_rule=None,
    group_within=None,
    group_at=None,
    **wanted,
):
    group = matching(rule=group_rule, within=group_within, at=group_at)
    claims = Claim.objects.filter(matching(**wanted) & group, batch=batch, pk__gt=after)
    return with_details(claims.order_by("pk"), since=since, nothing=nothing)[: PAGE + 1]


def changed_since(claims: Iterable[int], seen: int, person) -> dict[int, ClaimStep]:
    """Of these claims, the last step somebody else took after the page was drawn."""
    steps = (
        ClaimStep.objects.filter(claim__in=list(claims), pk__gt=seen)
        .exclude(actor=person)
        .select_related("actor")
        .order_by("pk")
    )
    return {step.claim_id: step for step in steps}


# --- figures -------------------------------------------------------------------------------------


BEGINNING = date(1, 1, 1)


def funds(community, same_community, batch, beginning, nothing):
    """``left``: what the community may award beside what other batches have promised.

    The same sums as ``ledger.balance`` and ``budgets.promised``, which look once more when the
    batch is published. ``same_community`` and ``batch``: as seen from a subquery.
    """
    last = Statement.objects.filter(account=OuterRef("pk")).order_by("-period__month")
    since = Transfer.objects.posting().filter(
        community=same_community, period__gt=OuterRef("month")
    )
    waiting = Claim.objects.filter(
        community=same_community, state__in=["noticed", "objected"], batch__state__in=PROMISING
    ).exclude(batch=batch)
    return (
        Account.objects.filter(community=community, kind=AccountKind.FUND, unit=POINTS)
        .annotate(month=Coalesce(Subquery(last.values("period__month")[:1]), beginning))
        .annotate(
            left=Coalesce(Subquery(last.values("closing")[:1]), nothing)
            + _sum(since.filter(credit=OuterRef("pk")), "amount", nothing)
            - _sum(since.filter(debit=OuterRef("pk")), "amount", nothing)
            - _sum(waiting, "points", nothing)
        )
        .order_by("pk")
    )


def _sum(rows: QuerySet, column: str, nothing):
    total = rows.order_by().values(all=Value("")).annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), nothing)


def sources() -> list[tuple[str, str]]:
    return list(Source.choices)


def by_deadline(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    return claims.order_by(F("clock__due_at").asc(nulls_last=True), "pk")
