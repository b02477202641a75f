"""A year of orders told in memory: who could afford what when, and what became of it.

Nothing is spent that was not there at the time and is not there still: of each account the
lowest balance from a moment on is what may be spent at that moment.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from django.db.models import Q
from django.utils import timezone

from exchange import codes
from exchange.models import COUNTING, Gift, Item, ItemKind, ItemTerms, Order, OrderState, OutletKind
from orgs.models import Residence
from points.models import Account, AccountKind, Entry, TransferKind
from portal.seeding.exchange.setting import Stall
from portal.seeding.issues import moments
from rules import clocks

# Of a hundred orders, how many are not handed over.
CANCELLED, REFUSED, EXPIRED = 3, 1, 3
HELPED, GIVEN = 6, 4  # in a hundred
ELDER = 72
CLOSE, LEAST = 320, 30  # the dearest and the cheapest thing, in points
YEARLY = 3000  # points of a household (profile POINTS)
POPULAR = {
    "E01": 9,
    "E02": 5,
    "E03": 6,
    "E04": 5,
    "E05": 5,
    "E06": 7,
    "E07": 5,
    "E08": 6,
    "E09": 4,
    "E10": 4,
    "E11": 8,
    "E12": 2,
    "E13": 1,
    "E14": 1,
    "E15": 5,
    "E16": 3,
    "E17": 3,
    "E18": 1,
    "E19": 2,
    "E20": 5,
    "E21": 2,
    "E22": 1,
    "E23": 0.5,
    "E24": 2,
}
CONSENTS = ("当面同意", "电话同意", "当面同意，儿女在场")


@dataclass
class Wallet:
    """An account: what could be spent of it when, and for whom it is spent."""

    account: Account
    person: int
    household: int | None
    born: int
    moments: list[datetime]
    lowest: list[int]  # from each moment on
    spent: int = 0

    def at(self, moment: datetime) -> int:
        place = bisect_right(self.moments, moment) - 1
        return self.lowest[place] - self.spent if place >= 0 else 0


@dataclass
class Told:
    """One order, or a gift (``stall`` None), before it is written."""

    wallet: Wallet
    item: Item
    terms: ItemTerms
    quantity: int
    at: datetime
    stall: Stall | None
    due_at: datetime | None = None
    state: str = OrderState.RESERVED
    ended_at: datetime | None = None
    actor: int | None = None
    helper: int | None = None
    row: Order | Gift | None = field(default=None, repr=False)

    @property
    def points(self) -> int:
        return self.terms.points * self.quantity


def wallets(cast, until: datetime) -> list[Wallet]:
    """All accounts of people and households with points, in the order of their numbers."""
    grown = cast.today.year - 19
    homes: dict[int, tuple[int, int]] = {}
    doors: dict[int, tuple[int, int]] = {}
    rows = (
        Residence.objects.verified(cast.today)
        .filter(household__area_path__startswith=cast.street.path)
        .exclude(person__birth_year=None)
        .order_by("pk")
        .values_list("person_id", "household_id", "person__birth_year")
    )
    for person, household, born in rows:
        homes.setdefault(person, (household, born))
        if born <= grown:
            doors.setdefault(household, (person, born))
    found = []
    kinds = Q(kind=AccountKind.PERSON) | Q(kind=AccountKind.HOUSEHOLD)
    accounts = {a.pk: a for a in Account.objects.filter(kinds, posted__gt=0).order_by("pk")}
    stories = _stories(accounts, until)
    for pk, account in accounts.items():
        if account.kind == AccountKind.PERSON:
            home = homes.get(account.person_id)
            if home is None or home[1] > grown:
                continue
            person, household, born = account.person_id, home[0], home[1]
        elif account.household_id in doors:
            person, born = doors[account.household_id]
            household = account.household_id
        else:
            continue
        moments_, lowest = stories.get(pk, ([], []))
        if moments_:
            found.append(Wallet(account, person, household, born, moments_, lowest))
    return found


def _stories(accounts: Iterable[int], until: datetime) -> dict[int, tuple[list, list]]:
    """Account → moments, and the lowest available balance from each of them on."""
    moved: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    rows = (
        Entry.objects.filter(account__in=list(accounts), transfer__posted_at__lte=until)
        .exclude(transfer__kind__in=[TransferKind.HOLD, TransferKind.VOID])
        .values_list("account_id", "transfer__posted_at", "delta")
    )
    for account, at, delta in rows.iterator(chunk_size=10_000):
        moved[account].append((at, delta))
    found = {}
    for account, story in moved.items():
        story.sort(key=lambda line: line[0])
        balances = list(accumulate(delta for _at, delta in story))
        lowest, least = [], balances[-1]
        for balance in reversed(balances):
            least = min(least, balance)
            lowest.append(least)
        found[account] = [at for at, _delta in story], lowest[::-1]
    return found


class Teller:
    """Orders day by day, in the order of time."""

    def __init__(self, cast, stalls: list[Stall], rng, days, now: datetime):
        self.cast, self.stalls, self.rng, self.days, self.now = cast, stalls, rng, days, now
        self.terms = {
            terms.item.code: terms
            for terms in ItemTerms.objects.filter(item__area=cast.street).select_related("item")
        }
        self.wallets = wallets(cast, now)
        self._by_code: dict[str, list[Stall]] = defaultdict(list)
        for stall in stalls:
            for code in stall.offers:
                self._by_code[code].append(stall)
        self._door: dict[tuple, int] = defaultdict(int)  # (household, item, month) → pieces
        self._year: dict[tuple, int] = defaultdict(int)  # (household, year) → points
        self._codes: set[str] = set()
        self.lives = cast.homes

    def month(self, month: date, target: int) -> list[Told]:
        """Orders and gifts of a month, until ``target`` points are spent or promised."""
        last = min((month + timedelta(days=31)).replace(day=1), self.cast.today)
        span = [month + timedelta(days=n) for n in range((last - month).days)]
        told, spent = [], 0
        for number, day in enumerate(span, 1):
            goal = target * number // len(span)
            moment = moments.at(day, time(self.rng.randint(8, 20), self.rng.randint(0, 59)))
            for one in self._until(goal - spent, moment):
                told.append(one)
                spent += one.points * (one.state in COUNTING)
        return told

    def fill(self, target: int) -> list[Told]:
        """Some more of this month, handed over at once, until ``target`` is spent to the point."""
        told, first = [], self.cast.today.replace(day=1)
        span = max((self.cast.today - first).days, 1)
        for number in range(span * 4):
            if target == 0:
                return told
            day = min(first + timedelta(days=number % span), self.cast.today - timedelta(days=1))
            moment = moments.at(day, time(self.rng.randint(8, 20), self.rng.randint(0, 59)))
            goal = max(target // span, min(target, CLOSE))
            for one in self._until(goal, moment, most=target):
                told.append(one)
                target -= one.points
        return told

    def _until(self, goal: int, moment: datetime, *, most: int | None = None) -> Iterator[Told]:
        """Orders around a moment; ``most``: all of them handed over, and no point beyond it."""
        able = [(one, purse) for one in self.wallets if (purse := one.at(moment)) >= LEAST]
        weights = list(accumulate(purse for _one, purse in able))
        tries = 400
        while able and goal > 0 and tries:
            tries -= 1
            [(wallet, _purse)] = self.rng.choices(able, cum_weights=weights)
            if (one := self._order(wallet, moment, most)) is None:
                continue
            # Also what is given back later: it was held meanwhile, and is left alone then.
            wallet.spent += one.points
            goal -= one.points * (one.state in COUNTING)
            if most is not None:
                most -= one.points
            yield one

    def _order(self, wallet: Wallet, moment: datetime, most: int | None) -> Told | None:
        purse = wallet.at(moment)
        if purse >= 150 and self.rng.randrange(100) < GIVEN and (most is None or most >= 140):
            return self._gift(wallet, moment)
        code = self.rng.choices(list(POPULAR), list(POPULAR.values()))[0]
        terms = self.terms[code]
        quantity = 2 if terms.points <= 80 and self.rng.random() < 0.3 else 1
        if most is not None and most <= CLOSE:  # the last ones fit what is left
            code = next((c for c in POPULAR if self.terms[c].points == most), code)
            terms, quantity = self.terms[code], 1
        points = terms.points * quantity
        # What is left over must be a price itself: 10 and 20 are none.
        if most is not None and (points > most or most - points in (10, 20)):
            return None
        door = (wallet.household, code, moment.month, moment.year)
        year = (wallet.household, moment.year)
        limit = terms.household_monthly or 99
        if not self._by_code[code] or points > purse or self._door[door] + quantity > limit:
            return None
        if self._year[year] + points > YEARLY:
            return None
        stall = self._stall(wallet, code)
        at = moment + timedelta(seconds=self.rng.randrange(3000))
        told = Told(wallet, terms.item, terms, quantity, at, stall)
        told.due_at = clocks.reckon("natural_days", 7, at, days=self.days).due
        self._end(told, exact=most is not None)
        if most is not None and told.state != OrderState.ISSUED:
            return None
        if told.state in COUNTING:
            self._door[door] += quantity
            self._year[year] += points
        if wallet.born <= self.cast.today.year - ELDER or self.rng.randrange(100) < HELPED:
            told.helper = self._helper(wallet)
        return told

    def _gift(self, wallet: Wallet, moment: datetime) -> Told:
        terms = next(t for t in self.terms.values() if t.item.kind == ItemKind.DONATION)
        at = moment + timedelta(seconds=self.rng.randrange(3000))
        return Told(wallet, terms.item, terms, 1, at, None, state=OrderState.ISSUED, ended_at=at)

    def _stall(self, wallet: Wallet, code: str) -> Stall:
        """Mostly the own community's shop; else a merchant, the counter, or somebody else's."""
        home = wallet.account.community_id
        weights = []
        for stall in self._by_code[code]:
            own = stall.outlet.books_id == home
            match stall.outlet.kind:
                case OutletKind.SHOP:
                    weights.append(12 if own else 0.35)
                case OutletKind.MERCHANT:
                    weights.append(5 if own else 1.2)
                case _:
                    weights.append(1.5)
        return self.rng.choices(self._by_code[code], weights)[0]

    def _helper(self, wallet: Wallet) -> int | None:
        community = wallet.account.community.path
        workers = self.cast.holders(("grid_worker", "social_worker"), community, self.cast.today)
        free = [pk for pk in workers if pk != wallet.person]
        return self.rng.choice(free) if free else None

    def _end(self, told: Told, *, exact: bool) -> None:
        """Handed over, mostly on the next redemption day; or not."""
        chance = 100 if exact else self.rng.randrange(100)
        opens = timezone.localdate(told.at) + timedelta(days=self.rng.choice((0, 0, 1, 2)))
        outlet = told.stall.outlet
        if chance < CANCELLED:
            told.state, ended = OrderState.CANCELLED, told.at + timedelta(hours=2)
            told.actor = told.wallet.person
        elif chance < CANCELLED + REFUSED:
            told.state, ended = OrderState.REFUSED, told.at + timedelta(hours=20)
            told.actor = self.rng.choice(told.stall.hands)
        elif chance < CANCELLED + REFUSED + EXPIRED:
            told.state, ended = OrderState.EXPIRED, told.due_at + timedelta(minutes=6)
        else:
            while not outlet.is_day(opens):
                opens += timedelta(days=1)
            hour = time(self.rng.randint(9, 16), self.rng.randint(0, 59))
            ended = moments.at(opens, hour)
            if ended <= told.at:
                ended = told.at + timedelta(minutes=self.rng.randint(8, 90))
            told.state, told.actor = OrderState.ISSUED, self._hand(told)
            if told.actor is None or ended > told.due_at:
                told.state, ended = OrderState.EXPIRED, told.due_at + timedelta(minutes=6)
        if exact:
            ended = min(ended, self.now - timedelta(minutes=5))
        if ended > self.now:
            told.state, told.actor = OrderState.RESERVED, None
        else:
            told.ended_at = ended

    def _hand(self, told: Told) -> int | None:
        """Somebody behind the counter who neither is the person nor lives there."""
        wallet = told.wallet
        hands = [
            pk
            for pk in told.stall.hands
            if pk != wallet.person and wallet.household not in self.lives.get(pk, ())
        ]
        return self.rng.choice(hands) if hands else None

    def code(self) -> str:
        while (code := "".join(self.rng.choices(codes.ALPHABET, k=codes.LENGTH))) in self._codes:
            continue
        self._codes.add(code)
        return code
