"""What the points of each community's books became: the identity on which the books balance.

    awarded + appreciated − deducted + carried
        = available + held + redeemed + donated + expired

Left and the last three of the right are sums of transfers, the first two are the balances that the
accounts carry themselves; a difference means that one of them is wrong. The sums of closed months
never change and are kept, so the page costs the same after many years.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, fields
from datetime import date

from django.core.cache import cache
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as L

from exchange.models import COUNTED, SETTLED, SettlementLine
from exchange.settled import month_before, yuan
from points.models import (
    POINTS,
    Account,
    AccountKind,
    Period,
    Statement,
    Transfer,
    TransferKind,
)

PEOPLE = (AccountKind.PERSON, AccountKind.HOUSEHOLD)
K = TransferKind
KEPT_SECONDS = 30 * 24 * 3600  # the sums of a closed month; counted again after that
LOOKED_BACK = 6  # full months behind a forecast
AHEAD = 3  # months of a forecast


@dataclass
class Flows:
    """What moved, in points, net of reversals."""

    awarded: int = 0
    appreciated: int = 0
    deducted: int = 0
    carried_in: int = 0  # by merges of communities
    carried_out: int = 0
    redeemed: int = 0
    donated: int = 0
    expired: int = 0
    pool_spent: int = 0
    settled: int = 0
    other: int = 0  # nothing, or something that no page knows of
    pool_carried: int = 0  # of the pool by merges, in less out; last, as sums kept lack it

    @property
    def carried(self) -> int:
        return self.carried_in - self.carried_out

    @property
    def given(self) -> int:
        return self.awarded + self.appreciated

    @property
    def came(self) -> int:
        return self.awarded + self.appreciated - self.deducted + self.carried + self.other

    @property
    def went(self) -> int:
        return self.redeemed + self.donated + self.expired

    @property
    def net(self) -> int:
        return self.came - self.went

    def add(self, other: "Flows") -> None:
        for one in fields(Flows):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class Book(Flows):
    """One community's books, or several together, since they were opened."""

    community: object = None
    available: int = 0
    held: int = 0
    pool: int = 0  # what lies in it now
    unsettled: int = 0  # handed over and not settled with who did
    before: int = 0  # of a month: in hand when it began

    @property
    def outstanding(self) -> int:
        return self.available + self.held

    @property
    def gap(self) -> int:
        """Nothing, when the books balance."""
        return self.came - self.went - self.outstanding

    @property
    def pool_gap(self) -> int:
        return self.donated + self.pool_carried - self.pool_spent - self.pool

    @property
    def merchant_gap(self) -> int:
        return self.redeemed + self.pool_spent - self.settled - self.unsettled

    @property
    def fits(self) -> bool:
        return not (self.gap or self.pool_gap or self.merchant_gap)

    @property
    def became(self) -> int:
        return self.went + self.outstanding

    @property
    def worst(self) -> int:
        return max((self.gap, self.pool_gap, self.merchant_gap), key=abs)

    # of a month

    @property
    def after(self) -> int:
        return self.before + self.net

    @property
    def left(self) -> int:
        return self.before + self.came

    @property
    def right(self) -> int:
        return self.after + self.went


@dataclass
class Read:
    """Books by community, and what each month brought: (community, month) → flows."""

    books: dict[int, Book]
    months: dict[tuple[int, date], Flows]
    _sums: dict[date, Flows] = field(default_factory=dict)

    @property
    def total(self) -> Book:
        whole = Book()
        for book in self.books.values():
            whole.add(book)
            for name in ("available", "held", "pool", "unsettled"):
                setattr(whole, name, getattr(whole, name) + getattr(book, name))
        return whole

    def by_month(self) -> dict[date, Flows]:
        """All books together, in order."""
        if not self._sums:
            sums = defaultdict(Flows)
            for (_community, month), flows in self.months.items():
                sums[month].add(flows)
            self._sums = dict(sorted(sums.items()))
        return self._sums

    def of_month(self, month: date) -> list[Book]:
        """Each community's month: what moved, and what was in hand before."""
        found = {pk: Book(community=book.community) for pk, book in self.books.items()}
        for (pk, when), flows in self.months.items():
            if when == month:
                found[pk].add(flows)
            elif when < month:
                found[pk].before += flows.net
        return list(found.values())


# --- reading -------------------------------------------------------------------------------------


def read(communities: Iterable) -> Read:
    """The books of these communities. Two queries, however many rows and years."""
    communities = list(communities)
    pks = [community.pk for community in communities]
    keys = _closed(pks)
    months = _kept(keys)
    since: dict[int, date] = {}
    for pk, month in months:
        since[pk] = max(since.get(pk, month), month)
    rows = _rows(pks, since)
    books = {community.pk: Book(community=community) for community in communities}
    fresh: dict[tuple[int, date], Flows] = {}
    for pk, month, kind, debit, credit, original, total in rows:
        if kind.startswith("="):
            _balance(books[pk], kind, debit, total)
            continue
        name, sign = _name(kind, debit, credit, original)
        if name:
            flows = fresh.setdefault((pk, month), Flows())
            setattr(flows, name, getattr(flows, name) + sign * total)
    _keep(keys, since, fresh)
    months |= fresh
    for (pk, _month), flows in months.items():
        books[pk].add(flows)
    return Read(books, months)


def _rows(pks, since: dict[int, date]):
    """Sums of transfers by what they did, and the balances: one statement, one moment's truth."""
    wanted = Q(pk__in=[])
    for pk in pks:
        own = Q(community=pk)
        wanted |= own & Q(period__gt=since[pk]) if pk in since else own
    touched = (*PEOPLE, AccountKind.ESCROW, AccountKind.MERCHANT)
    names = ("community_id", "period", "kind", "debit_kind", "credit_kind", "original", "total")
    flows = (
        Transfer.objects.posting()
        .filter(wanted, unit=POINTS)
        .filter(Q(debit__kind__in=touched) | Q(credit__kind__in=touched))
        .order_by()
        .values("community_id", "period", "kind")
        .annotate(
            debit_kind=F("debit__kind"),
            credit_kind=F("credit__kind"),
            original=Coalesce(F("reversal_of__kind"), Value("")),
            total=Sum("amount", output_field=BigIntegerField()),
        )
        .values_list(*names)
    )
    kept = Account.objects.filter(community__in=pks, unit=POINTS, kind__in=touched).order_by()
    balances = [
        kept.values("community_id")
        .annotate(
            period=Value(None, output_field=DateField()),
            what=Value(word, output_field=CharField()),
            debit_kind=F("kind"),
            credit_kind=Value("", output_field=CharField()),
            original=Value("", output_field=CharField()),
            total=Sum(column, output_field=BigIntegerField()),
        )
        .values_list(
            *("community_id", "period", "what", "debit_kind", "credit_kind", "original", "total")
        )
        for word, column in (("=posted", "posted"), ("=held", "held"))
    ]
    return flows.union(*balances, all=True)


def _balance(book: Book, word: str, kind: str, total: int) -> None:
    if kind in PEOPLE:
        if word == "=held":
            book.held += total
            book.available -= total
        else:
            book.available += total
    elif word == "=posted":
        name = "pool" if kind == AccountKind.ESCROW else "unsettled"
        setattr(book, name, getattr(book, name) + total)


_OUT = {K.CAPTURE: "redeemed", K.DONATE: "donated", K.EXPIRE: "expired", K.DEDUCT: "deducted"}
_IN = {K.AWARD: "awarded", K.APPRECIATE: "appreciated"}


def _name(kind: str, debit: str, credit: str, original: str) -> tuple[str, int]:
    """Which of the flows a transfer is, and with which sign; "" for none."""
    sign = 1
    if kind == K.REVERSE:  # the mirror of its original
        kind, debit, credit, sign = original, credit, debit, -1
    from_people, to_people = debit in PEOPLE, credit in PEOPLE
    if kind == K.SETTLE:
        return "settled", sign
    if kind == K.CAPTURE and debit == AccountKind.ESCROW:
        return "pool_spent", sign
    if kind == K.CLEAR and AccountKind.ESCROW in {debit, credit}:
        return "pool_carried", sign if credit == AccountKind.ESCROW else -sign
    if from_people == to_people:
        return "", sign
    if kind == K.CLEAR:
        return ("carried_in" if to_people else "carried_out"), sign
    name = (_IN if to_people else _OUT).get(kind)
    if name is None:
        return "other", sign if to_people else -sign
    return name, sign


# --- what is kept of closed months ---------------------------------------------------------------


def _closed(pks) -> dict[tuple[int, date], str]:
    """Closed months in order → the key under which their sums are kept."""
    closed = Period.objects.filter(community__in=pks).exclude(closed_at=None).order_by("month")
    return {
        (pk, month): f"exchange:flows:{number}:{closed_at.timestamp()}"
        for number, pk, month, closed_at in closed.values_list(
            "pk", "community_id", "month", "closed_at"
        )
    }


def _kept(keys: dict[tuple[int, date], str]) -> dict[tuple[int, date], Flows]:
    """The months whose sums are known, of each community from its first on without a gap."""
    found = cache.get_many(keys.values()) if keys else {}
    months, broken = {}, set()
    for (pk, month), key in keys.items():
        if key not in found:
            broken.add(pk)
        if pk not in broken:
            months[pk, month] = Flows(*found[key])
    return months


def _keep(keys, since: dict[int, date], fresh: dict[tuple[int, date], Flows]) -> None:
    new = {
        key: astuple(fresh.get((pk, month), Flows()))
        for (pk, month), key in keys.items()
        if pk not in since or month > since[pk]
    }
    if new:
        cache.set_many(new, KEPT_SECONDS)


# --- a month that is closed ----------------------------------------------------------------------


def stated(communities: Iterable, month: date) -> int | None:
    """What people had by the statements when a month was closed; None while it is open anywhere.

    One query. To be held against what the transfers say.
    """
    pks = [community.pk for community in communities]
    shut = Period.objects.filter(
        community=OuterRef("community"), month__gte=month, closed_at__isnull=False
    )
    last = Statement.objects.filter(account=OuterRef("pk"), period__month__lte=month)
    found = (
        Account.objects.filter(community__in=pks, unit=POINTS, kind__in=PEOPLE)
        .annotate(
            closing=Subquery(last.order_by("-period__month").values("closing")[:1]),
            is_shut=Exists(shut),
        )
        .aggregate(
            total=Sum("closing", default=0),
            open=Count("pk", filter=Q(is_shut=False)),
        )
    )
    return None if found["open"] else found["total"]


# --- what comes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """The next ``AHEAD`` months, if they go as the full months before did on average."""

    months: int  # full months that were looked at
    awarded: int
    redeemed: int
    expired: int
    outstanding: int
    left: int  # of the budgets
    cents: int

    @property
    def lasts(self) -> int | None:
        """Full months until what is in hand is used up at that pace; None where nothing goes."""
        gone = self.redeemed + self.expired
        return self.outstanding * AHEAD // gone if gone else None

    @property
    def short(self) -> int:
        """Points the budgets lack for what will be awarded; 0 when they do."""
        return max(self.awarded - self.left, 0)

    @property
    def yuan(self) -> str:
        return yuan(self.redeemed * self.cents)


def forecast(found: Read, today: date, *, left: int, cents: int) -> Forecast | None:
    """None before there is one full month to go by. Rounded up."""
    current = today.replace(day=1)
    by_month = found.by_month()
    first = min(by_month, default=current)
    months, month = [], current
    while len(months) < LOOKED_BACK and (month := month_before(month)) >= first:
        months.append(month)
    if not months:
        return None
    sums = Flows()
    for month in months:
        sums.add(by_month.get(month, Flows()))

    def ahead(total: int) -> int:
        return -(-max(total, 0) * AHEAD // len(months))

    return Forecast(
        months=len(months),
        awarded=ahead(sums.awarded + sums.appreciated),
        redeemed=ahead(sums.redeemed + sums.pool_spent),
        expired=ahead(sums.expired),
        outstanding=found.total.outstanding,
        left=left,
        cents=cents,
    )


# --- opened down ---------------------------------------------------------------------------------

_FROM, _TO = Q(debit__kind__in=PEOPLE), Q(credit__kind__in=PEOPLE)


def _with_reversals(kind: str, debit: Q, credit: Q) -> Q:
    """Of a kind one way, and what reversed it."""
    return (Q(kind=kind) & debit & credit) | Q(kind=K.REVERSE, reversal_of__kind=kind)


_settled = SettlementLine.objects.filter(
    order__ending=OuterRef("pk"), state__in=COUNTED, settlement__state__in=SETTLED
)
_moves = ~Q(kind__in=[K.HOLD, K.VOID])
_pool = Q(debit__kind=AccountKind.ESCROW) | Q(credit__kind=AccountKind.ESCROW)
_not_pool = ~Q(debit__kind=AccountKind.ESCROW) & ~Q(credit__kind=AccountKind.ESCROW)
_held = Q(kind=K.HOLD, endings=None) & _FROM  # promised, and not paid or given back yet
_any = Q()
# name in the address → (what it is called, its transfers)
FIGURES = {
    "awarded": (L("发放"), _with_reversals(K.AWARD, _any, _TO)),
    "appreciated": (L("保值增值"), _with_reversals(K.APPRECIATE, _any, _TO)),
    "deducted": (L("扣减"), _with_reversals(K.DEDUCT, _FROM, _any)),
    "carried": (L("社区合并转入、转出"), Q(kind=K.CLEAR) & (_FROM | _TO)),
    "available": (L("可用"), (_moves & ((_FROM & ~_TO) | (_TO & ~_FROM))) | _held),
    "held": (L("冻结"), _held),
    "redeemed": (L("已兑换"), _with_reversals(K.CAPTURE, _FROM, _any) & _not_pool),
    "donated": (L("已捐赠"), _with_reversals(K.DONATE, _FROM, _any)),
    "expired": (L("已过期"), _with_reversals(K.EXPIRE, _FROM, _any)),
    "pool": (L("公益池余额"), _moves & _pool),
    "pool_spent": (L("公益池用出"), _with_reversals(K.CAPTURE, _any, _any) & _pool),
    "settled": (L("已与商家结算"), _with_reversals(K.SETTLE, _any, _any)),
    "unsettled": (
        L("待结算"),
        Q(kind=K.CAPTURE, credit__kind=AccountKind.MERCHANT, reversals=None) & ~Exists(_settled),
    ),
}
# Of these a transfer counts as it goes in or out of those accounts, of the others as it is.
_WAYS = {"available": _TO, "pool": Q(credit__kind=AccountKind.ESCROW), "carried": _TO}


def transfers(name: str, communities, month: date | None = None):
    """The transfers behind a figure, newest first, each with ``signed``. A queryset."""
    found = Transfer.objects.filter(FIGURES[name][1], community__in=communities, unit=POINTS)
    if month is not None:
        found = found.filter(period=month)
    out = ~_WAYS[name] if name in _WAYS else Q(kind=K.REVERSE)
    return found.annotate(
        signed=Case(
            When(out, then=-F("amount")), default=F("amount"), output_field=BigIntegerField()
        )
    ).order_by("-pk")


def total(rows) -> int:
    """Of ``transfers``: what the figure must be. One query."""
    return rows.order_by().aggregate(total=Sum("signed", default=0))["total"]
