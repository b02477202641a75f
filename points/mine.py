"""What a person sees of points: the own accounts and the household's, claims, lines of the ledger.

Never another person's name: what moves within the household says so and no more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.compiled import Among
from orgs.models import Residence
from points import lots, origins, who
from points.models import (
    PENDING,
    Account,
    AccountKind,
    Claim,
    ClaimState,
    Entry,
    GuardianConsent,
    TransferKind,
)
from rules.profiles import NoProfile

ALONG = ("rule_version__rule", "clock", "batch__notice", "person")


@dataclass
class Purse:
    """One account as its owner reads it."""

    account: Account
    label: str
    expiring: list[tuple[date, int]] = field(default_factory=list)

    @property
    def available(self) -> int:
        return self.account.available

    @property
    def held(self) -> int:
        return self.account.held


@dataclass
class Line:
    """One line of an account, in words."""

    text: str
    delta: int
    on: date
    href: str = ""
    account_id: int = 0

    @property
    def month(self) -> str:
        """10月; of another year 2025年10月."""
        month = _("%(month)d月") % {"month": self.on.month}
        if self.on.year == timezone.localdate().year:
            return month
        return _("%(year)d年%(month)s") % {"year": self.on.year, "month": month}

    @property
    def signed(self) -> str:
        return f"{self.delta:+d}".replace("-", "−")


# --- accounts ------------------------------------------------------------------------------------


def accounts_of(person) -> list[Account]:
    """The person's own in all communities, then those of the households they live in.

    Each with ``since``: None, or the day they moved in, before which the household's lines are
    not theirs to read. One query: the homes are read into an array first, so that both halves of
    the condition find their index.
    """
    homes = Residence.objects.verified().filter(person=person)
    since = homes.filter(household=OuterRef("household")).order_by("-starts_on")
    there = Among(F("household"), ArraySubquery(homes.values("household")))
    rows = Account.objects.filter(Q(person=person) | Q(there))
    rows = rows.annotate(since=Subquery(since.values("starts_on")[:1]))
    rows = list(rows.select_related("community").order_by("household_id", "community"))
    rows.sort(key=lambda row: row.household_id is not None)
    return rows


def purses(rows: Iterable[Account], *, today: date | None = None) -> list[Purse]:
    """With what expires within the longest notice; one query, and the terms of each community."""
    rows, today = list(rows), today or timezone.localdate()
    communities = {row.community_id for row in rows}
    found = [Purse(row, label_of(row, several=len(communities) > 1)) for row in rows]
    told = lots.lots_of([purse.account.pk for purse in found]) if found else {}
    rules: dict[int, lots.Terms | None] = {}
    for purse in found:
        community = purse.account.community
        if community.pk not in rules:
            try:
                rules[community.pk] = lots.terms_at(community, today)
            except NoProfile:
                rules[community.pk] = None
        if (rule := rules[community.pk]) is None or not rule.notice_days:
            continue
        until = today + timedelta(days=max(rule.notice_days))
        by_day: dict[date, int] = {}
        for lot_on, points in told[purse.account.pk]:
            gone_on = rule.expires_on(lot_on)
            if gone_on is not None and today < gone_on <= until:
                by_day[gone_on] = by_day.get(gone_on, 0) + points
        purse.expiring = sorted(by_day.items())
    return found


def label_of(account: Account, *, several: bool = False) -> str:
    kind = _("我的账户") if account.kind == AccountKind.PERSON else _("家庭账户")
    return f"{kind}（{account.community.name}）" if several else kind


# --- claims --------------------------------------------------------------------------------------


def wards_of(person):
    """Minors for whom this person has agreed, as a subquery."""
    return GuardianConsent.objects.given().filter(guardian=person).values("minor")


def own_claims(person) -> QuerySet[Claim]:
    """For the person, for their wards, and what they filed for others."""
    return Claim.objects.filter(_own(person))


def _own(person) -> Q:
    return Q(person=person) | Q(claimant=person) | Q(person__in=wards_of(person))


def readable_claims(person) -> QuerySet[Claim]:
    """Own ones, and those of the places where the person sees claims by office."""
    here = _own(person)
    for path in access.rights_of(person).area_paths(who.VIEW):
        here |= Q(area_path__startswith=path)
    return Claim.objects.filter(here)


def for_me(person) -> QuerySet[Claim]:
    """What is to come to the person or their wards."""
    mine = Q(person=person) | Q(person__in=wards_of(person))
    return Claim.objects.filter(mine).select_related(*ALONG)


def open_matters(person, *, since: date, limit: int) -> tuple[list[Claim], list[Claim]]:
    """(pending, refused of late), newest first; one query."""
    states = Q(state__in=PENDING) | Q(state=ClaimState.REFUSED, claimed_at__date__gte=since)
    rows = list(for_me(person).filter(states).order_by("-pk")[:limit])
    pending = [row for row in rows if row.state != ClaimState.REFUSED]
    return pending, [row for row in rows if row.state == ClaimState.REFUSED]


# --- lines ---------------------------------------------------------------------------------------


def entries_of(rows: Iterable[Account], *, whole: bool = False) -> QuerySet[Entry]:
    """What moved: a hold and its release only reserve. ``rows`` are of ``accounts_of``.

    ``whole``: also what a household did before the person moved in, for sums.
    """
    readable = Q(pk=None)
    for row in rows:
        own = Q(account=row.pk)
        if row.since is not None and not whole:
            own &= Q(transfer__posted_at__date__gte=row.since)
        readable |= own
    found = Entry.objects.filter(readable)
    found = found.exclude(transfer__kind__in=[TransferKind.HOLD, TransferKind.VOID])
    return found.select_related(
        "transfer__claim__rule_version", "transfer__rule_version", "transfer__pending_of"
    )


def line_of(entry: Entry, viewer) -> Line:
    """A household's line says what was done, and leads on only to the viewer's own claim."""
    transfer = entry.transfer
    claim = _claim(transfer)
    own = claim is not None and viewer.pk in {claim.person_id, claim.claimant_id}
    return Line(
        text=_text(entry),
        delta=entry.delta,
        on=transfer.happened_on,
        href=claim.get_absolute_url() if own else origins.lead_of(transfer, viewer),
        account_id=entry.account_id,
    )


def _claim(transfer):
    return getattr(transfer, "claim", None)  # a reverse one-to-one: there may be none


def _text(entry: Entry) -> str:
    transfer, came = entry.transfer, entry.delta > 0
    match TransferKind(transfer.kind):
        case TransferKind.AWARD:
            return _award(transfer)
        case TransferKind.DEDUCT:
            return _("按规定扣减")
        case TransferKind.SHARE:
            return _("户内转入") if came else _("户内转出")
        case TransferKind.MERGE:
            return _("家庭合并、拆分转入") if came else _("家庭合并、拆分转出")
        case TransferKind.CAPTURE:
            return _exchange(transfer)
        case TransferKind.EXPIRE:
            return _("到期未用")
        case TransferKind.APPRECIATE:
            return transfer.reason or _("保值增值")
        case TransferKind.DONATE:
            return _("收到捐赠") if came else transfer.reason or _("捐出")
        case TransferKind.SETTLE:
            return _("商家结算")
        case TransferKind.CLEAR:
            return _("跨社区转入") if came else _("跨社区转出")
        case TransferKind.REVERSE:
            return _("更正：退回") if came else _("更正：收回")
    return str(TransferKind(transfer.kind).label)


def _award(transfer) -> str:
    claim = _claim(transfer)
    if claim is None:
        return transfer.rule_version.title if transfer.rule_version else _("奖励")
    version = claim.rule_version
    grade = f"（{claim.grade_label}）" if claim.grade_label else ""
    return f"{version.title}{grade} {quantity_of(claim)}{version.measure}"


def _exchange(transfer) -> str:
    """The hold says what for: 兑换：抽纸一提×2."""
    what = transfer.pending_of.reason if transfer.pending_of else ""
    return _("兑换：%(what)s") % {"what": what} if what else _("兑换")


def quantity_of(claim: Claim) -> str:
    """2, 1.5: without a zero behind the point."""
    return f"{claim.quantity.normalize():f}"
