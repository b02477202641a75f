"""Rankings of a community's people and buildings, by what was earned in a month or quarter.

By name never: who opted out, hides the name or is protected; minors, and who may still be one;
whose year of birth is not registered (nobody can tell that they are grown). They are left out
whole, not as gaps one could read something from. Names are masked, points that were reversed are
not counted. Buildings count everybody's points, and show only from ``FEWEST`` people on.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Rank
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area, AreaLevel, Residence
from points.models import Claim, ClaimState, NameChoice

SHOWN = 20
FEWEST = 3  # people behind a building's figure, so that it is nobody's own
MONTH, QUARTER = "month", "quarter"


@dataclass(frozen=True)
class Row:
    place: int
    name: str
    points: int
    is_me: bool = False


@dataclass(frozen=True)
class Span:
    """A month or quarter: first day, first day after."""

    kind: str
    first: date
    after: date

    @property
    def text(self) -> str:
        if self.kind == QUARTER:
            text = _("%(year)d年第%(quarter)d季度")
            return text % {"year": self.first.year, "quarter": (self.first.month + 2) // 3}
        text = _("%(year)d年%(month)d月")
        return text % {"year": self.first.year, "month": self.first.month}

    @property
    def key(self) -> str:
        if self.kind == QUARTER:
            return f"{self.first.year}-Q{(self.first.month + 2) // 3}"
        return f"{self.first:%Y-%m}"

    @property
    def previous(self) -> "Span":
        return span_on(self.kind, self.first - timedelta(days=1))

    @property
    def following(self) -> "Span | None":
        return span_on(self.kind, self.after) if self.after <= timezone.localdate() else None


def span_on(kind: str, day: date) -> Span:
    if kind == QUARTER:
        first, months = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1), 3
    else:
        first, months = day.replace(day=1), 1
    after = first.month - 1 + months
    return Span(kind, first, date(first.year + after // 12, after % 12 + 1, 1))


def read_span(kind: str, text: str) -> Span | None:
    """2026-10 or 2026-Q4, not in the future; without text the running one."""
    today = timezone.localdate()
    if not text:
        return span_on(kind, today)
    year, _dash, part = text.partition("-")
    number = part.removeprefix("Q")
    if not (year.isascii() and year.isdecimal() and number.isascii() and number.isdecimal()):
        return None
    month = int(number) * 3 - 2 if part.startswith("Q") else int(number)
    if not (2020 <= int(year) <= today.year and 1 <= month <= 12 and len(number) <= 2):
        return None
    if part.startswith("Q") != (kind == QUARTER):
        return None
    found = span_on(kind, date(int(year), month, 1))
    return found if found.first <= today else None


def communities_of(person, today: date) -> list[Area]:
    """Where the person lives, verified; the communities whose ranking they read. Two queries."""
    homes = Residence.objects.verified(today).filter(person=person)
    paths = {
        path[:end]
        for path in homes.values_list("household__area_path", flat=True)
        for end in range(Area.steplen, len(path) + 1, Area.steplen)
    }
    found = Area.objects.filter(path__in=paths, level=AreaLevel.COMMUNITY)
    return list(found.order_by("path"))


def _earned(community: Area, span: Span):
    return Claim.objects.filter(
        community=community,
        state=ClaimState.POSTED,
        happened_on__gte=span.first,
        happened_on__lt=span.after,
    )


def newest(community: Area, span: Span) -> Span:
    """``span``, or the last one before it in which something was earned. One query.

    A month is posted after its end and its notice, so the running one is always empty.
    """
    last = (
        Claim.objects.filter(
            community=community, state=ClaimState.POSTED, happened_on__lt=span.after
        )
        .order_by("-happened_on")
        .values_list("happened_on", flat=True)
        .first()
    )
    return span if last is None else span_on(span.kind, last)


def may_be_named(day: date) -> Q:
    """People who may stand in a ranking, as a condition on a claim's person."""
    hidden = NameChoice.objects.filter(
        Q(off_rankings=True) | Q(hide_name=True) | Q(is_protected=True)
    )
    return (
        Q(person__birth_year__lt=day.year - 18)
        & Q(person__is_active=True)
        & ~Q(person__in=hidden.values("person"))
    )


def people(community: Area, span: Span, *, viewer) -> list[Row]:
    """The first ``SHOWN``; equal points share a place. One query."""
    rows = (
        _earned(community, span)
        .filter(may_be_named(timezone.localdate()))
        .values("person", "person__name")
        .annotate(total=Sum("points"))
        .annotate(place=Window(Rank(), order_by=F("total").desc()))
        .order_by("place", "person")[:SHOWN]
    )
    return [
        Row(
            place=row["place"],
            name=f"{row['person__name'][:1]}*",
            points=row["total"],
            is_me=row["person"] == viewer.pk,
        )
        for row in rows
    ]


def buildings(community: Area, span: Span) -> list[Row]:
    """One query. A building with fewer than ``FEWEST`` people behind its figure is left out."""
    rows = (
        _earned(community, span)
        .filter(household__isnull=False)
        .values("household__area", "household__area__name", "household__area__path")
        .annotate(total=Sum("points"), many=Count("person", distinct=True))
        .filter(many__gte=FEWEST)
        .annotate(place=Window(Rank(), order_by=F("total").desc()))
        .order_by("place", "household__area__path")[:SHOWN]
    )
    rows = list(rows)
    grids = {row["household__area__path"][: -Area.steplen] for row in rows}
    names = dict(Area.objects.filter(path__in=grids).values_list("path", "name"))
    return [
        Row(
            place=row["place"],
            name=names.get(row["household__area__path"][: -Area.steplen], "")
            + row["household__area__name"],
            points=row["total"],
        )
        for row in rows
    ]


def standing_of(person) -> str:
    """Why the person is not in the ranking, in words for them alone; empty when they are."""
    today = timezone.localdate()
    choice = NameChoice.objects.filter(person=person).first()
    if choice is not None and choice.off_rankings:
        return _("您选择了不参加排行")
    if choice is not None and (choice.hide_name or choice.is_protected):
        return _("您的名字不公开，也不参加排行")
    if person.birth_year is None:
        return _("您的出生年份没有登记，不参加排行")
    if today.year - person.birth_year <= 18:
        return _("未满18周岁不参加排行")
    return ""
