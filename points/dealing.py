"""What the pages on a batch read: groups by rule and grid, rows with evidence and history.

A thousand claims cost as many queries as ten, and a page shows a bounded number of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
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
from django.db.models.functions import Coalesce, JSONObject, Left
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area
from points import who
from points.anomalies import Anomaly, Found
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

PAGE = 25  # with flags and photos a row is 2.6 KB, and a page stays below 100
PROMISING = ("noticed", "objected", "posting")
HISTORY_DAYS = 365


def visible_to(person) -> QuerySet[Batch]:
    """Batches of the communities where ``person`` decides or reads claims, all of them."""
    return access.scope(Batch.objects.select_related("area"), person, who.DECIDE, who.VIEW)


def with_last_steps(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """``last_step`` of the batch and ``seen``, the last step of any claim: what a page shows."""
    steps = BatchStep.objects.filter(batch=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    seen = ClaimStep.objects.order_by("-pk").values("pk")[:1]
    return batches.annotate(last_step=Subquery(steps), seen=Coalesce(Subquery(seen), 0))


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

    def condition(self, found: Found) -> Q:
        wanted = Q()
        if self.rule:
            wanted &= Q(rule_version__rule__code=self.rule)
        if self.source:
            wanted &= Q(source=self.source)
        if self.flag == "none":
            wanted &= ~Q(pk__in=list(found))
        elif self.flag:
            flagged = [
                pk
                for pk, anomalies in found.items()
                if self.flag == "any" or any(one.code == self.flag for one in anomalies)
            ]
            wanted &= Q(pk__in=flagged)
        match self.show:
            case "undecided":
                wanted &= UNDECIDED
            case "approved" | "refused":
                wanted &= Q(decision=self.show)
            case "contested":
                wanted &= Q(state=ClaimState.OBJECTED)
        if self.q:
            text = Q(person__name__icontains=self.q) | Q(text__icontains=self.q)
            if self.q.isdecimal() and len(self.q) < 16:
                text |= Q(pk=int(self.q))
            wanted &= text
        return wanted


UNDECIDED = Q(state=ClaimState.BATCHED, decision="")


# --- groups --------------------------------------------------------------------------------------


@dataclass
class Group:
    """One rule in one grid: how many match the filters, and how they stand."""

    code: str
    step: str
    title: str
    place: str
    count: int
    points: int
    undecided: int
    clean: int
    approved: int
    refused: int
    is_open: bool = False
    rows: list = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.code}-{self.step or '0'}"


@dataclass
class RuleGroup:
    """A rule's groups, folded together."""

    code: str
    title: str
    groups: list[Group]

    @property
    def is_open(self) -> bool:
        return any(group.is_open for group in self.groups)

    def _sum(self, name: str) -> int:
        return sum(getattr(group, name) for group in self.groups)

    @property
    def count(self) -> int:
        return self._sum("count")

    @property
    def points(self) -> int:
        return self._sum("points")

    @property
    def undecided(self) -> int:
        return self._sum("undecided")

    @property
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
    """Groups that match, and the totals of all. Two queries."""
    at = len(batch.area_path)
    grids = dict(
        Area.objects.filter(
            path__startswith=batch.area_path, depth=batch.area.depth + 1
        ).values_list("path", "name")
    )
    match = filters.condition(found)
    if filters.grid:
        match &= _at(batch, filters.grid)
    open_ = match & UNDECIDED
    rows = (
        Claim.objects.filter(batch=batch)
        .order_by()
        .values(code=F("rule_version__rule__code"), place=Left("area_path", at + Area.steplen))
        .annotate(
            title=Max("rule_version__title"),
            all=Count("pk"),
            all_undecided=Count("pk", filter=UNDECIDED),
            all_approved=Count("pk", filter=Q(decision=Decision.APPROVED)),
            all_points=Sum("points", filter=~Q(decision=Decision.REFUSED), default=0),
            all_approved_points=Sum("points", filter=_granted(), default=0),
            contested=Count("pk", filter=Q(state=ClaimState.OBJECTED)),
            count=Count("pk", filter=match),
            points=Sum("points", filter=match, default=0),
            undecided=Count("pk", filter=open_),
            clean=Count("pk", filter=open_ & ~Q(pk__in=list(found))),
            approved=Count("pk", filter=match & Q(decision=Decision.APPROVED)),
            refused=Count("pk", filter=match & Q(decision=Decision.REFUSED)),
        )
        .order_by("code", "place")
    )
    totals, rules, codes, steps = Totals(), {}, {}, {}
    for row in rows:
        step, place = row["place"][at:], grids.get(row["place"], _("全社区"))
        totals.count += row["all"]
        totals.undecided += row["all_undecided"]
        totals.approved += row["all_approved"]
        totals.points += row["all_points"]
        totals.approved_points += row["all_approved_points"]
        totals.contested += row["contested"]
        codes[row["code"]], steps[step or "0"] = row["title"], place
        if not row["count"]:
            continue
        rule = rules.setdefault(row["code"], RuleGroup(row["code"], row["title"], []))
        names = ("code", "title", "count", "points", "undecided", "clean", "approved", "refused")
        rule.groups.append(Group(step=step, place=place, **{name: row[name] for name in names}))
    totals.refused = totals.count - totals.undecided - totals.approved
    return Overview(
        totals=totals,
        rules=list(rules.values()),
        rule_choices=[(code, f"{code} {title}") for code, title in sorted(codes.items())],
        grid_choices=sorted(steps.items()),
    )


def _granted() -> Q:
    return Q(decision=Decision.APPROVED) & ~Q(state=ClaimState.REFUSED)


def _at(batch: Batch, step: str) -> Q:
    """In one grid; "0" is what was done for the community as a whole."""
    if step == "0":
        return Q(area_path=batch.area_path)
    return Q(area_path__startswith=batch.area_path + step)


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
    wanted = filters.condition(found) & _of(batch, key)
    if filters.grid:
        wanted &= _at(batch, filters.grid)
    return batch.claims.filter(wanted)


def _of(batch: Batch, key: str) -> Q:
    if key == "all":
        return Q()
    code, _dash, step = key.partition("-")
    rule = Q(rule_version__rule__code=code)
    return rule & _at(batch, step) if step else rule


# --- rows ----------------------------------------------------------------------------------------


@dataclass
class Row:
    """A claim as a line of the page."""

    claim: Claim
    anomalies: list[Anomaly]
    aside: str  # why this person leaves it to others; empty when they decide
    may_decide: bool

    @property
    def times(self) -> int:
        return self.claim.history["times"]

    @property
    def is_undecided(self) -> bool:
        return self.claim.state == ClaimState.BATCHED and not self.claim.decision


_ROW = (
    *("area_path", "community", "household", "quantity", "grade", "asked", "points", "happened_on"),
    *("text", "source", "state", "decision", "decided_at", "refusal_code", "refusal_reason"),
    *("to_household", "is_corrected", "batch", "rule_version__measure", "rule_version__grades"),
    *("person__name", "partner__name", "claimant__name", "certifier__name", "approver__name"),
    *("area__name", "rule_version__title", "rule_version__rule__code"),
)


def with_details(claims: QuerySet[Claim], *more: str) -> QuerySet[Claim]:
    """``tokens`` of the evidence, and ``history`` of the person with the rule in 12 months."""
    photos = ClaimEvidence.objects.filter(claims=OuterRef("pk")).order_by("pk").values("token")
    since = timezone.localdate() - timedelta(days=HISTORY_DAYS)
    before = (
        Claim.objects.filter(
            person=OuterRef("person"),
            rule_version__rule=OuterRef("rule_version__rule"),
            happened_on__gte=since,
        )
        .exclude(pk=OuterRef("pk"))
        .order_by()
        .values(all=Value(""))
        .annotate(
            found=JSONObject(
                times=Count("pk", filter=Q(state__in=COUNTING)),
                points=Coalesce(Sum("points", filter=Q(state__in=COUNTING)), 0),
                refused=Count("pk", filter=Q(state__in=[ClaimState.REFUSED, ClaimState.APPEALED])),
            )
        )
        .values("found")
    )
    nothing = JSONObject(times=Value(0), points=Value(0), refused=Value(0))
    return (
        claims.select_related(
            *("area", "person", "partner", "claimant", "certifier", "approver"),
            "rule_version__rule",
            *more,
        )
        .only(*_ROW, *more)
        .annotate(tokens=ArraySubquery(photos), history=Coalesce(Subquery(before), nothing))
    )


def fill(batch: Batch, shown: Overview, filters: Filters, found: Found, person, *, after=0) -> int:
    """Rows of the groups that are open; the key to go on after, or 0. One query."""
    open_ = [group for group in shown.groups if group.is_open]
    if not open_:
        return 0
    claims = batch.claims.filter(filters.condition(found))
    if filters.grid:
        claims = claims.filter(_at(batch, filters.grid))
    if len(open_) == 1:
        claims = claims.filter(_of(batch, open_[0].key), pk__gt=after)
    claims = list(with_details(claims.order_by("pk"))[: PAGE + 1])
    by_key = {(group.code, group.step): group for group in open_}
    at = len(batch.area_path)
    for claim in claims[:PAGE]:
        step = claim.area_path[at : at + Area.steplen]
        group = by_key[claim.rule_version.rule.code, step]
        group.rows.append(row_of(batch, claim, found, person))
    return claims[PAGE - 1].pk if len(claims) > PAGE else 0


def row_of(batch: Batch, claim: Claim, found: Found, person) -> Row:
    claim.community = batch.area
    answer = who.decides(claim, person)
    aside = answer if isinstance(answer, str) else ""
    return Row(claim, found.get(claim.pk, []), aside, may_decide=answer is True)


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


def fund_left(batch: Batch) -> int:
    """What the community may award beside what other batches have promised; one query.

    The same sums as ``ledger.balance`` and ``budgets.promised``, which look once more when the
    batch is published.
    """
    last = Statement.objects.filter(account=OuterRef("pk")).order_by("-period__month")
    since = Transfer.objects.posting().filter(community=batch.area_id, period__gt=OuterRef("month"))
    waiting = Claim.objects.filter(
        community=batch.area_id, state__in=["noticed", "objected"], batch__state__in=PROMISING
    ).exclude(batch=batch)
    found = (
        Account.objects.filter(community=batch.area_id, kind=AccountKind.FUND, unit=POINTS)
        .annotate(month=Coalesce(Subquery(last.values("period__month")[:1]), Value(date(1, 1, 1))))
        .annotate(
            left=Coalesce(Subquery(last.values("closing")[:1]), 0)
            + _sum(since.filter(credit=OuterRef("pk")), "amount")
            - _sum(since.filter(debit=OuterRef("pk")), "amount")
            - _sum(waiting, "points")
        )
        .values_list("left", flat=True)
        .first()
    )
    return found or 0


def _sum(rows: QuerySet, column: str):
    total = rows.order_by().values(all=Value("")).annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), 0)


def sources() -> list[tuple[str, str]]:
    return list(Source.choices)


def by_deadline(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    return claims.order_by(F("clock__due_at").asc(nulls_last=True), "pk")
