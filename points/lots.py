"""Lots: which points are how old. The oldest go first, and when their time is over they expire.

An account's entries are read in their order and told again: what comes in is a lot of its day, what
goes out takes the oldest there is at that moment. What moves within a household takes its own lot
along with its age; a reversal takes back its own lot, or gives back the lots its original took; a
hold takes at once, and its voiding gives back. What is left adds up to what is available.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from inbox.models import Message
from orgs.models import Person, Residence
from points import accounts, ledger, telling, terms
from points.ledger import Posting
from points.models import Account, AccountKind, Entry, TransferKind
from ui.dates import day_text

AT_ONCE = 200  # accounts locked and expired in one transaction
GROW_OLD = (AccountKind.PERSON, AccountKind.HOUSEHOLD)
_OWN_LOT = (TransferKind.SHARE, TransferKind.MERGE)
Lot = tuple[date, int]  # day from which it grows old, points


class _Line(NamedTuple):
    """An entry, and what its transfer says."""

    account: int
    transfer: int
    kind: str
    amount: int
    debit: int
    lot_on: date
    hold: int | None
    original: int | None


_COLUMNS = (
    *("account_id", "transfer_id", "transfer__kind", "transfer__amount", "transfer__debit_id"),
    *("transfer__lot_on", "transfer__pending_of_id", "transfer__reversal_of_id"),
)


def open_lots(account: Account) -> list[Lot]:
    """What is available in an account, oldest first; one query."""
    return lots_of([account.pk])[account.pk]


def lots_of(account_ids: Iterable[int]) -> dict[int, list[Lot]]:
    """The same for many accounts; one query."""
    told: dict[int, _Told] = defaultdict(_Told)
    lines = (
        Entry.objects.filter(account__in=list(account_ids))
        .order_by("account_id", "seq")
        .values_list(*_COLUMNS)
    )
    for line in map(_Line._make, lines.iterator(chunk_size=5000)):
        told[line.account].hear(line)
    return defaultdict(list, {pk: each.left() for pk, each in told.items()})


class _Told:
    """One account's story so far."""

    def __init__(self):
        self._lots: dict[date, int] = defaultdict(int)
        self._took: dict[int, list[Lot]] = {}  # by transfer, to be given back

    def hear(self, line: _Line) -> None:
        goes_out = line.debit == line.account
        if line.kind == TransferKind.VOID:
            self._give_back(line.hold)
        elif line.kind == TransferKind.CAPTURE and goes_out:
            self._took[line.transfer] = self._took[line.hold]
        elif goes_out:
            # A reversal here takes back what its original brought, in the same lot.
            own = line.kind in _OWN_LOT or line.kind == TransferKind.REVERSE
            self._took[line.transfer] = self._take(line.amount, line.lot_on if own else None)
        elif line.kind == TransferKind.REVERSE:
            self._give_back(line.original)
        else:
            self._lots[line.lot_on] += line.amount

    def _take(self, amount: int, own: date | None) -> list[Lot]:
        took = []
        days = sorted(self._lots)
        if own in self._lots:
            days.remove(own)
            days.insert(0, own)
        for day in days:
            if part := min(amount, self._lots[day]):
                took.append((day, part))
                amount -= part
                self._lots[day] -= part
            if not self._lots[day]:
                del self._lots[day]
        return took

    def _give_back(self, transfer: int) -> None:
        for day, points in self._took[transfer]:
            self._lots[day] += points

    def left(self) -> list[Lot]:
        return sorted((day, points) for day, points in self._lots.items() if points)


# --- when a lot's time is over -------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """How long points last: so many months, for life, or until the end of their year."""

    mode: str = "months"  # months | lifetime | yearly_reset
    months: int = 24
    notice_days: tuple[int, ...] = (60, 15)

    def expires_on(self, lot_on: date) -> date | None:
        """The first day on which a lot is gone; all lots of a month go together."""
        if self.mode == "lifetime":
            return None
        if self.mode == "yearly_reset":
            return date(lot_on.year + 1, 1, 1)
        months = lot_on.year * 12 + lot_on.month + self.months  # the month after the last one
        return date(months // 12, months % 12 + 1, 1)


def terms_at(community, on: date) -> Terms:
    """From the rule profile POINTS of the place; read here alone."""
    params = terms.at(community, on).params
    return Terms(
        mode=params.get("expiry_mode", "months"),
        months=params["expiry_months"],
        notice_days=tuple(params["expiry_notice_days"]),
    )


def expiring(account: Account, on: date, *, rules: Terms | None = None) -> list[Lot]:
    """What will have expired by a day if it is not spent before: (first day it is gone, points)."""
    return _expiring(open_lots(account), on, rules or terms_at(account.community, on))


def _expiring(lots: list[Lot], on: date, rules: Terms) -> list[Lot]:
    by_day: dict[date, int] = defaultdict(int)
    for lot_on, points in lots:
        gone_on = rules.expires_on(lot_on)
        if gone_on is not None and gone_on <= on:
            by_day[gone_on] += points
    return sorted(by_day.items())


def expire(community, on: date, *, rules: Terms | None = None, at: datetime | None = None) -> int:
    """Book out what is too old on a day, one transfer per account; returns the points.

    Again the same day finds nothing: the lots are gone. Some accounts at a time, locked from the
    look at their lots until the posting, so that nothing spent meanwhile expires, too.
    """
    rules = rules or terms_at(community, on)
    if rules.mode == "lifetime":
        return 0
    target = accounts.expiry_of(community)
    return sum(_expire(some, target, on, rules, at) for some in _batches(community))


def _batches(community) -> Iterator[list[int]]:
    """Accounts with something available, in the order of their numbers."""
    rows = Account.objects.filter(community=community, kind__in=GROW_OLD, posted__gt=F("held"))
    last = 0
    while some := list(
        rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        yield some
        last = some[-1]


@transaction.atomic
def _expire(some: list[int], target: Account, on: date, rules: Terms, at) -> int:
    if not any(_expiring(lots, on, rules) for lots in lots_of(some).values()):
        return 0
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=some).order_by("pk")
    rows = {account.pk: account for account in locked}
    postings = []
    for pk, lots in lots_of(some).items():
        old = [lot for lot in lots if (gone := rules.expires_on(lot[0])) and gone <= on]
        if not old:
            continue
        postings.append(
            Posting(
                community=target.community_id,
                debit=pk,
                credit=target.pk,
                amount=sum(points for _day, points in old),
                # The account as it stood names the event: what a voided hold brings back in the
                # same month is another one.
                key=f"expire:{pk}:{on:%Y-%m}:{rows[pk].seq}",
                kind=TransferKind.EXPIRE,
                happened_on=on,
                lot_on=old[0][0],
                reason=_("到期未用的积分"),
                at=at,
            )
        )
    ledger.post_many(postings)
    return sum(posting.amount for posting in postings)


def remind(community, on: date, *, rules: Terms | None = None) -> int:
    """Tell owners what expires soon: once for each notice (60 and 15 days) of each month's lots.

    After a downtime only the nearest notice that is due is told. Returns the messages.
    """
    rules = rules or terms_at(community, on)
    if rules.mode == "lifetime" or not rules.notice_days:
        return 0
    farthest = date.fromordinal(on.toordinal() + max(rules.notice_days))
    told = 0
    for some in _batches(community):
        due = {}
        for pk, lots in lots_of(some).items():
            for gone_on, points in _expiring(lots, farthest, rules):
                left = (gone_on - on).days
                if left > 0:
                    days = min(days for days in rules.notice_days if left <= days)
                    due[f"expiring:{pk}:{gone_on}:{days}"] = (pk, gone_on, points)
        known = set(Message.objects.filter(key__in=due).values_list("key", flat=True))
        told += _tell({key: what for key, what in due.items() if key not in known})
    return told


@transaction.atomic
def _tell(due: dict[str, tuple[int, date, int]]) -> int:
    owners = _owners({pk for pk, _gone_on, _points in due.values()})
    for key, (pk, gone_on, points) in due.items():
        text = _("先得到的先用。%(day)s起不能再用，请在此之前使用。")
        telling.tell(
            owners[pk],
            kind="points.expiring",
            title=_("%(points)d 分积分即将到期") % {"points": points},
            text=text % {"day": day_text(gone_on, full=True)},
            url="/points/",
            key=key,
        )
    return len(due)


def _owners(account_ids: set[int]) -> dict[int, list[Person]]:
    """The person, or the grown members of the household."""
    owners: dict[int, list[Person]] = defaultdict(list)
    rows = Account.objects.filter(pk__in=account_ids).select_related("person")
    homes = {}
    for account in rows:
        if account.person_id:
            owners[account.pk].append(account.person)
        else:
            homes[account.household_id] = account.pk
    members = Residence.objects.verified().filter(household__in=homes).select_related("person")
    for member in members.order_by("pk"):
        owners[homes[member.household_id]].append(member.person)
    return owners
