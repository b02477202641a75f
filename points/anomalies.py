"""What in a batch deserves a second look, and why: found for all its claims at once.

Nothing here decides: a flag says what was seen, with numbers and the way to look at it, and the
claim is then read by a person. Three queries, however many claims. From when on something is
flagged stands in the rule profile POINTS. The result is kept for some minutes, as a page is read
again after every decision; who approves "all without a flag" has it looked through anew.

    speed      more hours or more claims on one day than somebody can well do
    pair       the same two people again and again, or certifying each other
    staff      the beneficiary, or somebody of their household, works for the place
    photo      the same picture behind another claim
    cap        a cap has cut the claim, or is nearly used up
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db.models import DateField, Max, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Least, TruncYear
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs.compiled import Among, JSONArray, compiled
from orgs.models import Appointment, Area, Residence
from orgs.positions import STAFF, Position
from points import terms
from points.caps import describe, window_of
from points.models import COUNTING, Batch, Cap, CapSubject, CapWindow, Claim, ClaimEvidence

L = gettext_lazy
CODES = {
    "speed": L("过快过密"),
    "pair": L("反复成对"),
    "staff": L("工作人员家庭"),
    "photo": L("照片重复"),
    "cap": L("接近上限"),
}
HOURS = "小时"  # RuleVersion.measure
KEPT_SECONDS = 10 * 60
MOST_LINKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """From when on something is flagged: the rule profile POINTS of the place, under "flags"."""

    day_hours: int = 8  # more than this on one day
    day_claims: int = 4
    pair_days: int = 90
    pair_times: int = 6  # so often within so many days
    brought_times: int = 12  # a leader brings the same person; once a week is usual
    cap_percent: int = 90  # that much used up,
    cap_claims: int = 3  # by at least so many claims


@dataclass(frozen=True)
class Anomaly:
    """One reason to look twice. ``claims``: keys of other claims that show it."""

    code: str
    words: str
    claims: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        return str(CODES[self.code])


Found = dict[int, list[Anomaly]]


def of_batch(batch: Batch, *, anew: bool = False) -> Found:
    """Claim → its anomalies; claims without any are not in it."""
    key = f"points:anomalies:{batch.pk}:{timezone.localdate()}"
    found = None if anew else cache.get(key)
    if found is None:
        found = look(batch)
        cache.set(key, found, KEPT_SECONDS)
    return found


def forget(batch: Batch) -> None:
    cache.delete(f"points:anomalies:{batch.pk}:{timezone.localdate()}")


def look(batch: Batch) -> Found:
    """Look through the batch now."""
    found: Found = defaultdict(list)
    flags, posts, caps = _around(batch)
    rows = [Row(*values) for values in _rows_around(batch, flags)]
    claims = [row for row in rows if row.batch == batch.pk]
    if not claims:
        return {}
    known = [row for row in rows if row.state in COUNTING]
    for pk, anomaly in (
        *_speed(claims, known, flags),
        *_pairs(claims, known, flags),
        *_staff(posts, claims),
        *_photos(batch),
        *_caps(caps, claims, known, flags),
    ):
        found[pk].append(anomaly)
    return dict(found)


# --- what is looked at ---------------------------------------------------------------------------


def _around(batch: Batch) -> tuple[Flags, list, dict[int, list[Cap]]]:
    """The thresholds of the place, the posts over it, and the caps of the rules. One query.

    A post is (person, position, their households). A profile that ended before "flags" were in
    it has those of the code. Raises NoProfile.
    """
    path, today = batch.area_path, timezone.localdate()
    above = [path[:end] for end in range(Area.steplen, len(path), Area.steplen)]
    ((params, posts, capped),) = _surroundings(batch=batch.pk, path=path, above=above, today=today)
    flags = Flags(**terms.found(params, batch.area, today).get("flags", {}))
    caps: dict[int, list[Cap]] = defaultdict(list)
    for values in capped:
        cap = Cap(**dict(zip(_CAP, values, strict=True)))
        caps[cap.version_id].append(cap)
    return flags, posts, caps


_CAP = ("pk", "version_id", "subject", "window", "limit", "per_grade", "takes_highest")


@compiled
def _surroundings(*, batch, path, above, today):
    homes = Residence.objects.verified(today).filter(person=OuterRef("person")).order_by()
    posts = (
        Appointment.objects.in_force(today)
        .filter(position__in=STAFF)
        .annotate(place=Coalesce("area__path", "organization__area__path"))
        .filter(Q(place__startswith=path) | Q(Among("place", above)))
        .order_by("pk")
    )
    here = Claim.objects.filter(batch=OuterRef(OuterRef("pk"))).order_by()
    caps = Cap.objects.filter(version__in=here.values("rule_version")).order_by("pk")
    households = ArraySubquery(homes.values("household_id"))
    return Batch.objects.filter(pk=batch).values_list(
        terms.params_around(OuterRef("area__code"), today),
        ArraySubquery(posts.values(found=JSONArray("person_id", "position", households))),
        ArraySubquery(caps.values(found=JSONArray(*_CAP))),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """The little of a claim that is compared."""

    pk: int
    person: int
    household: int | None
    partner: int | None
    claimant: int | None
    certifier: int | None
    rule: int
    version: int
    measure: str
    day: date
    quantity: Decimal
    points: int
    asked: int
    grade: int
    batch: int | None
    state: str
    is_corrected: bool


_COLUMNS = (
    *("pk", "person_id", "household_id", "partner_id", "claimant_id", "certifier_id"),
    *("rule_version__rule_id", "rule_version_id", "rule_version__measure", "happened_on"),
    *("quantity", "points", "asked", "grade", "batch_id", "state", "is_corrected"),
)


def _rows_around(batch: Batch, flags: Flags):
    """The batch, and all that counts of the same people, in one query.

    From the start of the year or of the longest span, to the last day of the batch.
    """
    own = Claim.objects.filter(batch=batch).order_by()
    whole = own.values(all=Value(""))
    longest = Max("happened_on") - Value(timedelta(days=flags.pair_days))
    since = whole.annotate(
        since=Least(TruncYear(Min("happened_on")), Cast(longest, DateField()))
    ).values("since")
    until = whole.annotate(until=Max("happened_on")).values("until")
    people = own.values("person").union(own.exclude(partner=None).values("partner"))
    return (
        Claim.objects.filter(
            Q(state__in=COUNTING) | Q(batch=batch),
            person__in=people,
            happened_on__gte=Subquery(since),
            happened_on__lte=Subquery(until),
        )
        .order_by("pk")
        .values_list(*_COLUMNS)
    )


def _others(rows: Iterable[Row], own: Row) -> tuple[int, ...]:
    return tuple(row.pk for row in rows if row.pk != own.pk)[:MOST_LINKS]


# --- one kind after the other --------------------------------------------------------------------


def _speed(claims, known, flags: Flags):
    days: dict[tuple, list[Row]] = defaultdict(list)
    for row in known:
        days[row.person, row.day].append(row)
    for row in claims:
        same = days.get((row.person, row.day), ())
        hours = sum(other.quantity for other in same if other.measure == HOURS)
        if hours > flags.day_hours:
            words = _("当天服务时间合计 %(hours)s 小时，超过 %(most)d 小时") % {
                "hours": f"{float(hours):g}",
                "most": flags.day_hours,
            }
            yield row.pk, Anomaly("speed", words, _others(same, row))
        if len(same) > flags.day_claims:
            words = _("当天申报 %(count)d 项，超过 %(most)d 项") % {
                "count": len(same),
                "most": flags.day_claims,
            }
            yield row.pk, Anomaly("speed", words, _others(same, row))


def _pairs(claims, known, flags: Flags):
    together: dict[frozenset, list[Row]] = defaultdict(list)
    brought: dict[tuple, list[Row]] = defaultdict(list)
    certified: dict[tuple, list[Row]] = defaultdict(list)
    for row in known:
        if row.partner is not None:
            together[frozenset((row.person, row.partner))].append(row)
        if row.claimant is not None and row.claimant != row.person:
            brought[row.claimant, row.person].append(row)
        if row.certifier is not None:
            certified[row.certifier, row.person].append(row)
    for row in claims:
        span = {"days": flags.pair_days}
        if row.partner is not None:
            same = _within(together[frozenset((row.person, row.partner))], row, flags)
            if len(same) >= flags.pair_times:
                words = _("同一对人 %(days)d 天内第 %(count)d 次")
                words %= {**span, "count": len(same)}
                yield row.pk, Anomaly("pair", words, _others(same, row))
        if row.claimant is not None and row.claimant != row.person:
            same = _within(brought[row.claimant, row.person], row, flags)
            if len(same) >= flags.brought_times:
                words = _("同一人 %(days)d 天内为其申报 %(count)d 次")
                words %= {**span, "count": len(same)}
                yield row.pk, Anomaly("pair", words, _others(same, row))
        if row.certifier is not None and (back := certified.get((row.person, row.certifier))):
            words = _("与认证人互相认证：对方的 %(count)d 项由其认证") % {"count": len(back)}
            yield row.pk, Anomaly("pair", words, _others(back, row))


def _within(rows: list[Row], own: Row, flags: Flags) -> list[Row]:
    first = own.day - timedelta(days=flags.pair_days)
    return [row for row in rows if first <= row.day <= own.day]


def _staff(posts, claims):
    """Posts held today over the place, by the beneficiary or by who lives with them."""
    held: dict[int, str] = {}
    homes: dict[int, set[int]] = defaultdict(set)
    for person, position, households in posts:
        held[person] = str(Position(position).label)
        for household in households:
            homes[household].add(person)
    for row in claims:
        if row.person in held:
            words = _("受益人是%(post)s") % {"post": held[row.person]}
            yield row.pk, Anomaly("staff", words)
        elif near := homes.get(row.household):
            words = _("同住的家人是%(post)s") % {"post": held[min(near)]}
            yield row.pk, Anomaly("staff", words)


def _photos(batch: Batch):
    """The same picture sent more than once; one picture behind a list of claims is no matter."""
    Through = ClaimEvidence.claims.through
    here = Through.objects.filter(claim__batch=batch).values("claimevidence__digest")
    sent: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    pairs = Through.objects.filter(claimevidence__digest__in=here).values_list(
        "claimevidence__digest", "claimevidence_id", "claim_id", "claim__batch_id"
    )
    inside = set()
    for digest, photo, claim, of_batch_ in pairs.order_by("claim_id"):
        sent[digest][photo].add(claim)
        if of_batch_ == batch.pk:
            inside.add(claim)
    for photos in sent.values():
        if len(photos) < 2:
            continue
        for photo, claims in photos.items():
            others = sorted(
                {pk for other, theirs in photos.items() if other != photo for pk in theirs} - claims
            )
            if not others:
                continue
            words = _("同一张照片还用于编号 %(numbers)s") % {
                "numbers": "、".join(str(pk) for pk in others[:MOST_LINKS])
            }
            for pk in sorted(claims & inside):
                yield pk, Anomaly("photo", words, tuple(others[:MOST_LINKS]))


def _caps(caps: dict[int, list[Cap]], claims, known, flags: Flags):
    """Cut by a cap, or among several claims that have nearly used one up."""
    rows: dict[tuple, list[Row]] = defaultdict(list)
    for row in known:
        rows["person", row.rule, row.person].append(row)
        if row.household is not None:
            rows["household", row.rule, row.household].append(row)
        if row.partner is not None:
            rows["pair", row.rule, frozenset((row.person, row.partner))].append(row)
    windows: dict[tuple, tuple] = {}
    sums: dict[tuple, Counter] = {}
    for row in claims:
        if row.points < row.asked and not row.is_corrected:
            words = _("应得 %(asked)d 分，因上限计 %(points)d 分") % {
                "asked": row.asked,
                "points": row.points,
            }
            yield row.pk, Anomaly("cap", words)
            continue
        for cap in caps.get(row.version, ()):
            if cap.per_grade or cap.takes_highest or cap.window == CapWindow.EVER:
                continue
            key = (cap.subject, row.rule, _subject(cap, row))
            if (span := windows.get((cap.window, row.day))) is None:
                span = windows[cap.window, row.day] = window_of(cap.window, row.day)
            at = (*key, *span)
            if at not in sums:
                sums[at] = Counter(
                    {
                        other.pk: other.points
                        for other in rows.get(key, ())
                        if span[0] <= other.day < span[1]
                    }
                )
            used = sums[at].total()
            if len(sums[at]) >= flags.cap_claims and used * 100 >= cap.limit * flags.cap_percent:
                words = _("%(cap)s，已计 %(used)d 分") % {"cap": describe(cap), "used": used}
                others = tuple(pk for pk in sums[at] if pk != row.pk)[:MOST_LINKS]
                yield row.pk, Anomaly("cap", words, others)
                break


def _subject(cap: Cap, row: Row):
    match CapSubject(cap.subject):
        case CapSubject.PERSON:
            return row.person
        case CapSubject.HOUSEHOLD:
            return row.household
        case CapSubject.PAIR:
            return row.partner and frozenset((row.person, row.partner))
