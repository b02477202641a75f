"""What the public account counts, and what each word in it means: one registry.

Every figure counts rows of one table, puts them into a month by one instant, and says so in plain
Chinese; shares name a numerator and a denominator among them. ``docs/figures.md`` shows the same
texts (a test compares them), and ``count`` computes all of it from the issues themselves, in one
grouped query per instant. Pages read the months kept by ``grids.account``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L

from grids.models import (
    DONE,
    UNFINISHED,
    WORKING,
    ClockKind,
    Issue,
    IssueClock,
    IssueStep,
    Source,
)
from grids.models import State as S
from orgs.models import Area

# A report that became part of another, was not accepted or is not yet sent is no matter of its own.
NO_MATTER = (S.DRAFT, S.MERGED, S.NOT_ACCEPTED, S.OBJECTED)
LEAST = 5  # under so many a share says more by chance than by work: told, not computed
MATTER = ~Q(state__in=NO_MATTER)


@dataclass(frozen=True)
class Figure:
    """``at``: the instant that puts a row of ``of`` into a month; ``when``: which rows count."""

    code: str
    label: str
    at: str
    meaning: str
    when: Q
    of: str = "issue"
    until_now: bool = False  # an instant may lie ahead: it counts when it has come


@dataclass(frozen=True)
class Share:
    code: str
    label: str
    numerator: str
    denominator: str
    meaning: str


FIGURES = (
    Figure(
        "received",
        L("收到"),
        "reported_at",
        L("当月反映的全部事项，包括后来合并和不予受理的；没有提交的草稿不算。"),
        ~Q(state=S.DRAFT),
    ),
    Figure(
        "merged",
        L("合并"),
        "reported_at",
        L("当月收到、并入另一件同样事项的。一件事几个人反映，后面各项只算一件。"),
        Q(state=S.MERGED),
    ),
    Figure(
        "not_accepted",
        L("不予受理"),
        "reported_at",
        L("当月收到、按规定不予受理并告知了正确渠道的；提出异议、还在复核的也在内。"),
        Q(state__in=[S.NOT_ACCEPTED, S.OBJECTED]),
    ),
    Figure(
        "filed",
        L("立案"),
        "filed_at",
        L("当月立案的事项；合并和不予受理的不算。"),
        MATTER,
    ),
    Figure(
        "self_found",
        L("主动发现"),
        "filed_at",
        L("当月立案的事项中，网格员巡查发现的。"),
        MATTER & Q(source=Source.GRID),
    ),
    Figure(
        "due",
        L("到期"),
        "promised_at",
        L("承诺办结时间在当月、并且已经到了的事项。经批准延期的按延期后的时间，正在暂停的不算。"),
        MATTER & ~Q(state=S.PAUSED) & Q(filed_at__isnull=False),
        until_now=True,
    ),
    Figure(
        "due_closed",
        L("到期已办结"),
        "promised_at",
        L("到期的事项中，现在已经办结的，不论早晚。"),
        Q(state__in=DONE),
        until_now=True,
    ),
    Figure(
        "due_on_time",
        L("按时办结"),
        "promised_at",
        L("到期的事项中，已经办结、并且每一次办理都没有超期的。"),
        Q(state__in=DONE, on_time=True),
        until_now=True,
    ),
    Figure(
        "closed",
        L("办结"),
        "closed_at",
        L("当月核验通过、现在仍是办结的事项。办结只说明单位办完了；是否解决由反映人说。"),
        Q(state__in=DONE),
    ),
    Figure(
        "rated",
        L("收到评价"),
        "rated_at",
        L("反映人在当月评价的事项。没有评价不算满意，也不算不满意。"),
        MATTER,
    ),
    Figure(
        "solved",
        L("评价已解决"),
        "rated_at",
        L("当月评价的事项中，反映人说已经解决的。"),
        MATTER & Q(solved=True),
    ),
    Figure(
        "satisfied",
        L("满意"),
        "rated_at",
        L("当月评价的事项中，反映人打了四星或五星的。"),
        MATTER & Q(stars__gte=4),
    ),
    Figure(
        "rework",
        L("返工"),
        "at",
        L("当月核验没有通过、退回返工的次数。"),
        Q(verb="rework"),
        of="step",
    ),
    Figure(
        "reopened",
        L("重新办理"),
        "at",
        L("当月应反映人要求重新办理的次数。"),
        Q(verb="reopen"),
        of="step",
    ),
    Figure(
        "contact_due",
        L("应联系"),
        "clock__due_at",
        L("联系反映人的期限在当月、并且已经到了的次数。"),
        Q(kind=ClockKind.CONTACT, clock__cancelled_reason=""),
        of="clock",
        until_now=True,
    ),
    Figure(
        "contact_on_time",
        L("按时联系"),
        "clock__due_at",
        L("应联系的之中，在期限内联系了反映人的次数。"),
        Q(kind=ClockKind.CONTACT, clock__cancelled_reason="", clock__on_time=True),
        of="clock",
        until_now=True,
    ),
)

SHARES = (
    Share("closing", L("办结率"), "due_closed", "due", L("到期的事项中已办结的。")),
    Share("on_time", L("按时办结率"), "due_on_time", "due", L("到期的事项中按时办结的。")),
    Share("solving", L("解决率"), "solved", "rated", L("评价了的事项中，反映人说已解决的。")),
    Share("satisfaction", L("满意率"), "satisfied", "rated", L("评价了的事项中，四星和五星的。")),
    Share("rating", L("评价率"), "rated", "closed", L("收到的评价与办结件数之比。")),
    Share("reworking", L("返工率"), "rework", "closed", L("返工次数与办结件数之比。")),
    Share("reopening", L("重新办理率"), "reopened", "closed", L("重新办理次数与办结件数之比。")),
    Share("self_finding", L("主动发现率"), "self_found", "filed", L("立案事项中巡查发现的。")),
    Share(
        "contacting",
        L("按时联系率"),
        "contact_on_time",
        "contact_due",
        L("应联系的之中，在期限内联系了反映人的。"),
    ),
)
CODES = tuple(figure.code for figure in FIGURES)
LABELS = {figure.code: figure.label for figure in FIGURES}
SHARE = {share.code: share for share in SHARES}

_TABLES = {  # model, and the way from a row to its issue
    "issue": (Issue, ""),
    "step": (IssueStep, "issue__"),
    "clock": (IssueClock, "issue__"),
}


# --- shares --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """So many of so many; whole numbers, the percentage is for showing only."""

    numerator: int
    denominator: int

    @property
    def is_small(self) -> bool:
        return self.denominator < LEAST

    @property
    def permille(self) -> int | None:
        """Rounded down, so that 100 % means all of them; None where there are too few."""
        return None if self.is_small else self.numerator * 1000 // self.denominator

    @property
    def text(self) -> str:
        """95.8%, or why there is none."""
        if not self.denominator:
            return _("暂无")
        if self.is_small:
            return _("不足 %(n)d 件，不算比例") % {"n": LEAST}
        whole, rest = divmod(self.permille, 10)
        return f"{whole}.{rest}%" if rest else f"{whole}%"

    @property
    def of(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def part(counts: Mapping[str, int], share: str) -> Part:
    named = SHARE[share]
    return Part(counts.get(named.numerator, 0), counts.get(named.denominator, 0))


def total(rows: Iterable[Mapping[str, int]]) -> dict[str, int]:
    rows = list(rows)
    return {code: sum(row[code] for row in rows) for code in CODES}


# --- counting ------------------------------------------------------------------------------------


def month_of(moment: date | datetime) -> date:
    """The first day of its month in this country."""
    if isinstance(moment, datetime):
        moment = timezone.localdate(moment)
    return moment.replace(day=1)


def month_after(month: date, steps: int = 1) -> date:
    months = month.year * 12 + month.month - 1 + steps
    return date(months // 12, months % 12 + 1, 1)


def start_of(month: date) -> datetime:
    return timezone.make_aware(datetime.combine(month, time()))


def count(
    place: Q, *, since: date | None = None, now: datetime | None = None
) -> dict[tuple[date, int], dict[str, int]]:
    """(month, category id) → figure → how many, from the issues in ``place`` themselves.

    ``place`` speaks of an issue's ``area_path``; months from ``since`` on, all without it.
    """
    now = now or timezone.now()
    found: dict[tuple[date, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(CODES, 0))
    kinds = sorted(FIGURES, key=_table_and_instant)
    for (of, at, until_now), group in groupby(kinds, key=_table_and_instant):
        model, way = _TABLES[of]
        rows = _rows(model.objects.all(), way, at, place, since, now if until_now else None)
        figures = {figure.code: Count("pk", filter=figure.when) for figure in group}
        grouped = (
            rows.annotate(month=TruncMonth(at, tzinfo=timezone.get_default_timezone()))
            .values("month", f"{way}category")
            .order_by()
            .annotate(**figures)
        )
        for row in grouped:
            counts = found[month_of(row["month"]), row[f"{way}category"]]
            counts.update({code: row[code] for code in figures})
    return {key: counts for key, counts in found.items() if any(counts.values())}


def _table_and_instant(figure: Figure) -> tuple[str, str, bool]:
    return figure.of, figure.at, figure.until_now


def _rows(rows: QuerySet, way: str, at: str, place: Q, since, until) -> QuerySet:
    rows = rows.filter(_behind(place, way), **{f"{at}__isnull": False})
    if since is not None:
        rows = rows.filter(**{f"{at}__gte": start_of(since)})
    if until is not None:
        rows = rows.filter(**{f"{at}__lte": until})
    return rows


def _behind(condition: Q, way: str) -> Q:
    """``condition`` on an issue, said of a row that leads to it."""
    if not way:
        return condition
    return Q(*((f"{way}{name}", value) for name, value in condition.children))


# --- this week, for the home page ----------------------------------------------------------------


def week_start(now: datetime | None = None) -> datetime:
    today = timezone.localtime(now or timezone.now())
    return today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=today.weekday()
    )


def public_figures(*, area: Area | None = None, now: datetime | None = None) -> dict[str, int]:
    """For the home page, this week in public: received, closed, and how many are open or late."""
    now = now or timezone.now()
    since = week_start(now)
    shown = Issue.objects.visible_to_public()
    if area is not None:
        shown = shown.filter(area_path__startswith=area.path)
    # Only what some figure counts is read, each by its index; a year of closed ones stays put.
    counted = shown.filter(
        Q(state__in=UNFINISHED) | Q(reported_at__gte=since) | Q(closed_at__gte=since)
    )
    return counted.aggregate(
        received=Count("pk", filter=Q(reported_at__gte=since)),
        closed=Count("pk", filter=Q(closed_at__gte=since, state__in=DONE)),
        open=Count("pk", filter=Q(state__in=UNFINISHED)),
        late=Count("pk", filter=Q(state__in=WORKING, promised_at__lt=now)),
    )
