"""One month of one's accounts: what was there, what came and went, what is left, line by line.

From closed months' statements and the entries since, so that it costs the same after many years.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from points import mine
from points.models import Account, Entry, Period, Statement, TransferKind
from ui.dates import local

FIRST = date(2020, 1, 1)
MOST_LINES = 500


@dataclass
class Book:
    """One account through one month."""

    account: Account
    label: str
    opening: int = 0
    came: int = 0
    went: int = 0
    lines: list[mine.Line] = field(default_factory=list)

    @property
    def closing(self) -> int:
        return self.opening + self.came - self.went


@dataclass
class Month:
    first: date
    books: list[Book]
    is_closed: bool

    @property
    def is_empty(self) -> bool:
        return not any(book.lines or book.opening for book in self.books)

    @property
    def text(self) -> str:
        return _("%(year)d年%(month)d月") % {"year": self.first.year, "month": self.first.month}

    @property
    def before(self) -> str:
        day = (self.first - timedelta(days=1)).replace(day=1)
        return f"{day:%Y-%m}" if day >= FIRST else ""

    @property
    def after(self) -> str:
        day = _next(self.first)
        return f"{day:%Y-%m}" if day <= timezone.localdate() else ""


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def read_month(text: str) -> date | None:
    """2026-10 → its first day; None for what is no month, or none that can have a statement."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        return None
    month = date(int(text[:4]), int(text[5:]), 1)
    return month if FIRST <= month <= timezone.localdate() else None


def of(person, month: date) -> Month:
    """The person's own accounts, and the household's from the month they moved in. Six queries."""
    rows = mine.accounts_of(person)
    rows = [row for row in rows if row.since is None or row.since < _next(month)]
    several = len({row.community_id for row in rows}) > 1
    books = {row.pk: Book(row, mine.label_of(row, several=several)) for row in rows}
    _open(books, month)
    entries = mine.entries_of(rows, whole=True).filter(transfer__period=month)
    for entry in entries.order_by("account", "seq"):
        book = books[entry.account_id]
        since = book.account.since
        if since is not None and local(entry.transfer.posted_at).date() < since:
            book.opening += entry.delta  # before they moved in: a figure, no lines
            continue
        if entry.delta > 0:
            book.came += entry.delta
        else:
            book.went -= entry.delta
        if len(book.lines) < MOST_LINES:
            book.lines.append(mine.line_of(entry, person))
    closed = Period.objects.filter(
        community__in={row.community_id for row in rows}, month=month
    ).exclude(closed_at=None)
    return Month(month, list(books.values()), is_closed=bool(rows) and closed.exists())


def _open(books: dict[int, Book], month: date) -> None:
    """What was there before: the last statement, and what moved between it and the month."""
    last = (
        Statement.objects.filter(account__in=books, period__month__lt=month)
        .order_by("account", "-period__month")
        .distinct("account")
        .values_list("account", "closing", "period__month")
    )
    known = {account: (closing, upto) for account, closing, upto in last}
    between = Q(pk=None)
    for pk in books:
        closing, upto = known.get(pk, (0, None))
        books[pk].opening = closing
        since = Q(account=pk)
        between |= since if upto is None else since & Q(transfer__period__gt=upto)
    moved = (
        Entry.objects.filter(between, transfer__period__lt=month)
        .exclude(transfer__kind__in=[TransferKind.HOLD, TransferKind.VOID])
        .values("account")
        .annotate(moved=Sum("delta"))
        .values_list("account", "moved")
    )
    for pk, points in moved:
        books[pk].opening += points


def paper(found: Month, person, place: str) -> dict:
    """What ``points/papers/statement.typ`` reads."""
    return {
        "title": _("%(month)s积分对账单") % {"month": found.text},
        "issuer": place,
        "owner": person.name,
        "place": place,
        "note": "" if found.is_closed else _("本月尚未结账，以结账后的对账单为准"),
        "heads": [_("月初"), _("得到"), _("用出"), _("月末")],
        "columns": [_("日期"), _("事项"), _("积分"), _("余额")],
        "nothing": _("这个月没有变动。"),
        "footer": _("积分是对参与的感谢，不能兑现、买卖或转给户外的人"),
        "books": [
            {
                "label": book.label,
                "figures": [
                    str(book.opening),
                    f"+{book.came}" if book.came else "0",
                    f"−{book.went}" if book.went else "0",
                    str(book.closing),
                ],
                "lines": _running(book),
            }
            for book in found.books
        ],
    }


def _running(book: Book) -> list[list[str]]:
    left, rows = book.opening, []
    for line in book.lines:
        left += line.delta
        rows.append([f"{line.on:%Y-%m-%d}", line.text, line.signed, str(left)])
    return rows
