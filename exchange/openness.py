"""A month's public account of a community or subdistrict: what points were earned for and became.

Rows of text, as they are published: (part, name, points, words). The page draws published rows as
they were frozen, and a month that is not published yet from what is there now. What fewer than
``FEWEST`` households had a part in is not broken down.
"""

import logging
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import liability
from exchange.models import Gift, GoodsDonation, ItemKind, Order, OrderState
from exchange.models.settlement import month_text
from exchange.settled import begins, first_of, month_before, next_month
from orgs.models import Area, AreaLevel, Organization, OrganizationKind
from points.models import POINTS, Account, AccountKind
from publicity import disclosures, periods
from publicity.models import Disclosure, Every, Schedule
from publicity.words import StillPrivate, masked_name, refuse_private
from rules.refusals import Refused

logger = logging.getLogger(__name__)

KIND = "exchange.monthly"
FEWEST = 5  # households behind a figure that is broken down
DUE_DAY, SETTLED_DAYS = 10, 2
MOST_THANKED = 100
BODIES = {
    AreaLevel.COMMUNITY: OrganizationKind.RESIDENTS_COMMITTEE,
    AreaLevel.SUBDISTRICT: OrganizationKind.SUBDISTRICT_OFFICE,
}
FLOWS, WENT, ITEMS, OUTLETS = "收支", "去向", "换了什么", "在哪里换的"
POOL, THANKS = "公益池", "感谢"
Row = tuple[str, str, str, str]


@dataclass
class Part:
    title: str
    rows: list[Row] = field(default_factory=list)

    @property
    def has_words(self) -> bool:
        return any(row[3] for row in self.rows)


@dataclass
class Month:
    """``text`` is a few sentences; ``rows`` the table below; frozen with ``disclosure``."""

    area: Area
    month: date
    text: str
    rows: list[Row]
    disclosure: Disclosure | None = None

    @property
    def title(self) -> str:
        words = {"place": self.area.name, "month": month_text(self.month)}
        return _("%(place)s%(month)s积分收支") % words

    @property
    def table(self) -> dict:
        columns = [_("部分"), _("项目"), _("积分"), _("说明")]
        return {"columns": columns, "rows": [list(row) for row in self.rows]}

    @property
    def parts(self) -> list[Part]:
        found: dict[str, Part] = {}
        for row in self.rows:
            found.setdefault(row[0], Part(row[0])).rows.append(row)
        return list(found.values())

    def part(self, title: str) -> list[Row]:
        return [row for row in self.rows if row[0] == title]


# --- reading -------------------------------------------------------------------------------------


def with_books() -> list[Area]:
    """Communities with books, those that were merged too, and all subdistricts. One query."""
    books = Account.objects.filter(unit=POINTS).values("community")
    rows = Area.objects.filter(
        Q(pk__in=books, level=AreaLevel.COMMUNITY) | Q(level=AreaLevel.SUBDISTRICT)
    )
    return list(rows.order_by("code"))


def places(rows: list[Area] | None = None) -> list[Area]:
    """Of ``with_books``: open communities, and before them the subdistricts they lie in."""
    rows = with_books() if rows is None else rows
    rows = [row for row in rows if row.closed_on is None]
    streets = {row.path[: -row.steplen] for row in rows if row.level == AreaLevel.COMMUNITY}
    return [row for row in rows if row.level == AreaLevel.COMMUNITY or row.path in streets]


def published(area: Area, month: date) -> Disclosure | None:
    return (
        Disclosure.objects.published()
        .filter(kind=KIND, area=area, period=f"{month:%Y-%m}")
        .order_by("-pk")
        .first()
    )


def read(area: Area, month: date, rows: list[Area] | None = None) -> Month:
    """As it was published; else as it stands now. ``rows``: ``with_books``, where it is known."""
    disclosure = published(area, month)
    if disclosure is None:
        return count(area, month, rows)
    lines = [tuple(row) for row in disclosure.table.get("rows", ())]
    return Month(area, month, disclosure.text, lines, disclosure)


def count(area: Area, month: date, rows: list[Area] | None = None) -> Month:
    """From the ledger and the orders. Eight queries, however many rows."""
    rows = with_books() if rows is None else rows
    communities = [row for row in rows if row.path.startswith(area.path)]
    whole = liability.Book()
    for book in liability.read(communities).of_month(month):
        whole.add(book)
        whole.before += book.before
    orders = _orders(area, month)
    own = orders.exclude(account__kind=AccountKind.ESCROW)
    kinds = dict(ItemKind.choices)
    rows = _flows(whole)
    for code, _pieces, points in _broken_down(own, "offer__item__kind", whole.redeemed):
        label = rest() if code is None else _("换%(what)s") % {"what": kinds[code]}
        rows.append((WENT, label, _n(points), ""))
    rows.append((WENT, _("捐进公益池"), _n(whole.donated), ""))
    rows.append((WENT, _("到期没用"), _n(whole.expired), ""))
    for title, column in ((ITEMS, "offer__item__name"), (OUTLETS, "offer__outlet__name")):
        for name, pieces, points in _broken_down(own, column, whole.redeemed):
            words = _("%(n)d 件") % {"n": pieces} if name is not None else ""
            rows.append((title, _public(name) if name else rest(), _n(points), words))
    rows += _pool(area, month, orders, whole)
    rows += _thanks(area, month)
    return Month(area, month, _sentences(area, month, whole), rows)


def _n(points: int) -> str:
    return f"{points:,}"


def rest() -> str:
    return _("其他（不足 %(n)d 户的不单列）") % {"n": FEWEST}


def _public(text: str) -> str:
    """A name of a thing as it is; words with a telephone or a door in them are left out."""
    try:
        refuse_private(text)
    except StillPrivate:
        return _("（略）")
    return text[:200]


def _orders(area: Area, month: date):
    return Order.objects.filter(
        area_path__startswith=area.path,
        state=OrderState.ISSUED,
        ended_at__gte=begins(month),
        ended_at__lt=begins(next_month(month)),
    ).order_by()


def _broken_down(orders, column: str, total: int) -> list[tuple]:
    """(value, pieces, points) of what enough households had a part in; the rest as None.

    Where the rest alone would be too few again, the smallest shown joins it.
    """
    doors = Count("household", distinct=True)
    alone = Count("person", distinct=True, filter=Q(household=None))
    found = list(
        orders.values(column)
        .annotate(doors=doors + alone, pieces=Sum("quantity"), total=Sum("points"))
        .order_by("-total", column)
    )
    shown = [row for row in found if row["doors"] >= FEWEST]
    hidden = [row for row in found if row["doors"] < FEWEST]
    while shown and hidden and sum(row["doors"] for row in hidden) < FEWEST:
        hidden.append(shown.pop())
    rows = [(row[column], row["pieces"], row["total"]) for row in shown]
    if rest := total - sum(row["total"] for row in shown):
        rows.append((None, 0, rest))
    return rows


def _flows(whole: liability.Book) -> list[Row]:
    rows = [
        (FLOWS, _("月初在大家手里"), _n(whole.before), ""),
        (FLOWS, _("做好事得到"), _n(whole.awarded), ""),
    ]
    if whole.appreciated:
        rows.append((FLOWS, _("保值增值"), _n(whole.appreciated), ""))
    if whole.deducted:
        rows.append((FLOWS, _("按规定扣减"), _n(whole.deducted), ""))
    if whole.carried:
        rows.append((FLOWS, _("社区合并转来"), _n(whole.carried), ""))
    return [
        *rows,
        (FLOWS, _("兑换用去"), _n(whole.redeemed), ""),
        (FLOWS, _("捐进公益池"), _n(whole.donated), ""),
        (FLOWS, _("到期没用"), _n(whole.expired), ""),
        (FLOWS, _("月底在大家手里"), _n(whole.after), _("还没有用的，到期前都能用")),
    ]


def _pool(area: Area, month: date, orders, whole: liability.Book) -> list[Row]:
    """What went in, and each thing it bought with its purpose: no person stands behind those."""
    rows = [
        (POOL, _("大家捐的"), _n(whole.donated), ""),
        (POOL, _("用出去的"), _n(whole.pool_spent), ""),
    ]
    bought = orders.filter(account__kind=AccountKind.ESCROW).order_by("pk")
    bought = bought.values(
        "quantity",
        "points",
        "purpose",
        name=F("offer__item__name"),
        people=Coalesce(F("pool_request__people"), 0),
    )
    for row in bought[:100]:
        words = _public(row["purpose"])
        if row["people"]:
            words = _("%(purpose)s（%(n)d 人受益）") % {"purpose": words, "n": row["people"]}
        rows.append((POOL, f"{row['name']}×{row['quantity']}", _n(row["points"]), words[:200]))
    return rows


def _thanks(area: Area, month: date) -> list[Row]:
    """Who gave things and points, as they wish to be thanked."""
    given = GoodsDonation.objects.filter(
        area_path__startswith=area.path,
        received_on__gte=month,
        received_on__lt=next_month(month),
    ).select_related("offer__item")
    rows = [
        (
            THANKS,
            _public(gift.public_name),
            "",
            _public(
                _("捐赠%(item)s %(n)d 件。%(thanks)s")
                % {"item": gift.offer.item.name, "n": gift.pieces, "thanks": gift.thanks}
            ),
        )
        for gift in given.order_by("received_on", "pk")[:MOST_THANKED]
    ]
    named = Gift.objects.filter(
        area_path__startswith=area.path,
        is_named=True,
        given_at__gte=begins(month),
        given_at__lt=begins(next_month(month)),
    )
    rows += [
        (THANKS, masked_name(gift.person.name), _n(gift.points), _("捐积分给一老一小公益池"))
        for gift in named.select_related("person").order_by("pk")[:MOST_THANKED]
    ]
    return rows


def _sentences(area: Area, month: date, whole: liability.Book) -> str:
    said = {
        "month": month_text(month),
        "place": area.name,
        "earned": _n(whole.given),
        "spent": _n(whole.redeemed),
        "given": _n(whole.donated),
        "expired": _n(whole.expired),
        "after": _n(whole.after),
        "pool": _n(whole.pool_spent),
    }
    texts = [
        _("%(month)s，%(place)s的居民做好事得到 %(earned)s 分，换东西和服务用去 %(spent)s 分。"),
        _("捐给一老一小公益池 %(given)s 分，公益池用出 %(pool)s 分；到期没用的 %(expired)s 分。"),
        _("月底大家手里还有 %(after)s 分，到期前都能用。"),
    ]
    return "\n".join(text % said for text in texts)


# --- publishing ----------------------------------------------------------------------------------


def publish_due(now: datetime | None = None) -> int:
    """Publish every month that is over and not published yet; how many were. The beat calls it."""
    now = now or timezone.now()
    published_now = 0
    for area in places():
        try:
            published_now += publish_of(area, now)
        except Refused:
            logger.exception("publish_due: the account of %s cannot be published", area)
    return published_now


@transaction.atomic
def publish_of(area: Area, now: datetime, *, starts_on: date | None = None) -> int:
    """The same for one place. ``starts_on``: the first month owed, if none was yet."""
    today = timezone.localdate(now)
    plan = _plan(area, starts_on or month_before(first_of(today)))
    if plan is None:
        return 0
    there = set(
        Disclosure.objects.published()
        .filter(kind=KIND, area=area, organization=plan.organization)
        .values_list("period", flat=True)
    )
    new = 0
    for code, after in periods.ended(Every.MONTH, plan.starts_on, today):
        if code in there or today < after + timedelta(days=SETTLED_DAYS):
            continue
        found = count(area, periods.begins(code))
        disclosures.publish(
            kind=KIND,
            area=area,
            period=code,
            organization=plan.organization,
            title=found.title,
            text=found.text,
            table=found.table,
            at=now,
        )
        new += 1
    return new


def _plan(area: Area, starts_on: date) -> Schedule | None:
    """The schedule in force, made where there is none; None where somebody has stopped it."""
    bodies = Organization.objects.open().filter(kind=BODIES[area.level], area=area)
    body = bodies.order_by("pk").first()
    if body is None:
        logger.warning("account of area %s: no body to publish it", area.pk)
        return None
    last = Schedule.objects.filter(kind=KIND, area=area).order_by("-pk").first()
    if last is not None and last.organization_id != body.pk and last.ends_on is None:
        disclosures.stop(last, by=None)  # another body has taken over
    elif last is not None and last.ends_on is not None and last.organization_id == body.pk:
        return None
    elif last is not None and last.ends_on is None:
        return last
    return disclosures.schedule(
        kind=KIND,
        area=area,
        organization=body,
        every=Every.MONTH,
        due_day=DUE_DAY,
        starts_on=starts_on,
    )
