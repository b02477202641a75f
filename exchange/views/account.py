"""``/exchange/account/``: what the points became, whether the books balance, and what comes."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from exchange import liability, who
from exchange.models.settlement import month_text
from exchange.settled import yuan
from orgs import access
from orgs.access import allowed
from orgs.models import Area, AreaLevel
from points import liability as point_liability
from points import terms as point_terms
from points.models import Account, AccountKind
from points.statements import read_month
from publicity.words import masked_name
from ui.charts import Point
from ui.dates import local

BOOKS = "points.view_books"
PAGE, MOST = 50, 20_000
CHARTED = 6


@dataclass
class Asked:
    """Whose books, of which month; from the address."""

    places: list[Area]  # every community (and street) with books that the person looks after
    streets: list[Area]
    street: Area | None
    area: Area | None
    month: date | None
    is_wrong: bool  # the month could not be read

    @property
    def chosen(self) -> list[Area]:
        if self.area is not None:
            return [self.area]
        if self.street is None:
            return self.places
        return [place for place in self.places if place.path.startswith(self.street.path)]

    @property
    def title(self) -> str:
        if self.area is not None:
            return self.area.name
        if self.street is not None:
            return self.street.name
        return "、".join(place.name for place in self.places[:3])


def _asked(request) -> Asked:
    """Raises Http404 for a place that is not the person's."""
    with_books = Account.objects.values("community")
    rows = Area.objects.filter(pk__in=with_books) | Area.objects.filter(level=AreaLevel.SUBDISTRICT)
    rows = access.scope(rows, request.user, who.VIEW, path_field="path").order_by("code")
    rows = list(rows.distinct())
    streets = [row for row in rows if row.level == AreaLevel.SUBDISTRICT]
    street, area = (streets[0] if streets else None), None
    if code := request.GET.get("area", ""):
        found = next((row for row in rows if row.code == code), None)
        if found is None:
            raise Http404
        if found.level == AreaLevel.SUBDISTRICT and "own" not in request.GET:
            street = found
        else:
            area = found
            street = next((row for row in streets if area.path.startswith(row.path)), None)
    text = request.GET.get("month", "")
    month = read_month(text)
    return Asked(rows, streets, street, area, month, bool(text) and month is None)


def _months(found: liability.Read) -> list[tuple[str, str]]:
    return [(f"{month:%Y-%m}", month_text(month)) for month in reversed(list(found.by_month()))]


@allowed(who.VIEW)
@require_safe
def account(request):
    """The identity of the whole place and of each community, and the forecast."""
    asked = _asked(request)
    found = liability.read(asked.chosen)
    communities = [row for row in asked.chosen if row.level == AreaLevel.COMMUNITY]
    purses = point_liability.purses(row for row in communities if row.closed_on is None)
    if purses:
        cents = next(iter(purses.values())).face_value_cents
    else:
        cents = point_terms.at(asked.chosen[0]).params["face_value_cents"] if asked.chosen else 0
    left = sum(purse.left for purse in purses.values())
    whole = found.total
    books = [book for book in found.books.values() if book.came or book.went or not book.fits]
    month = None
    if asked.month is not None:
        month = _of_month(found, asked)
    context = {
        "asked": asked,
        "books": books,
        "whole": whole,
        "month": month,
        "months": _months(found),
        "points": _chart(found, asked.month),
        "heads": (_("月份"), _("兑换"), _("发放"), _("过期")),
        "forecast": liability.forecast(found, timezone.localdate(), left=left, cents=cents),
        "left": left,
        "cents": cents,
        "worth": yuan(whole.outstanding * cents),
        "unsettled_worth": yuan(whole.unsettled * cents),
        "query": _query(asked, asked.month),
        "query_all": _query(asked),
    }
    return render(request, "exchange/account.html", context, status=422 if asked.is_wrong else 200)


@dataclass
class _Month:
    books: list[liability.Book]
    whole: liability.Book
    stated: int | None

    @property
    def gap(self) -> int:
        return 0 if self.stated is None else self.whole.after - self.stated


def _of_month(found: liability.Read, asked: Asked) -> _Month:
    books = found.of_month(asked.month)
    whole = liability.Book()
    for book in books:
        whole.add(book)
        whole.before += book.before
    shown = [book for book in books if book.before or book.came or book.went]
    return _Month(shown, whole, liability.stated(asked.chosen, asked.month))


def _query(asked: Asked, month: date | None = None) -> str:
    """For the figures' links: the place as it is chosen, and a month."""
    parts = []
    if asked.area is not None or asked.street is not None:
        own = "&own=1" if asked.area and asked.area.level == AreaLevel.SUBDISTRICT else ""
        parts.append(f"area={(asked.area or asked.street).code}{own}")
    if month is not None:
        parts.append(f"month={month:%Y-%m}")
    return "&".join(parts)


def _chart(found: liability.Read, chosen: date | None) -> list[Point]:
    """What was exchanged in each of the last months; awarded and expired in the table."""
    by_month = found.by_month()
    months = [month for month in by_month if chosen is None or month <= chosen][-CHARTED:]
    return [
        Point(
            name=_("%(month)d月") % {"month": month.month},
            value=by_month[month].redeemed,
            text=f"{by_month[month].redeemed:,}",
            cells=(f"{by_month[month].awarded:,}", f"{by_month[month].expired:,}"),
            now=month == months[-1],
        )
        for month in months
    ]


# --- opened down ---------------------------------------------------------------------------------


def _behind(request):
    """What is asked for and its transfers, without names for who may not see the books."""
    asked = _asked(request)
    name = request.GET.get("figure", "available")
    if name not in liability.FIGURES or asked.is_wrong:
        raise Http404
    along = ("community", "debit__person", "debit__organization")
    along = (*along, "credit__person", "credit__organization")
    rows = liability.transfers(name, asked.chosen, asked.month).select_related(*along)
    return asked, name, rows


def _account_words(account: Account, *, with_owner: bool) -> str:
    words = str(AccountKind(account.kind).label)
    if account.organization_id:
        return f"{words}（{account.organization.name}）"
    if not with_owner:
        return words
    if account.person_id:
        return f"{words}（{masked_name(account.person.name)}）"
    return f"{words}（#{account.household_id}）" if account.household_id else words


@allowed(who.VIEW)
@require_safe
def transfers(request):
    """The transfers behind one figure, newest first."""
    asked, name, rows = _behind(request)
    total = liability.total(rows)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows[: PAGE + 1])
    with_owner = access.rights_of(request.user).has(BOOKS)
    for row in rows:
        row.source = _account_words(row.debit, with_owner=with_owner)
        row.target = _account_words(row.credit, with_owner=with_owner)
    query = f"figure={name}&{_query(asked, asked.month)}"
    context = {
        "asked": asked,
        "label": liability.FIGURES[name][0],
        "figure": name,
        "rows": rows[:PAGE],
        "total": total,
        "month_words": month_text(asked.month) if asked.month else "",
        "query": query,
        "following": f"?{query}&before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "most": MOST,
    }
    return render(request, "exchange/account_transfers.html", context)


class _Echo:
    def write(self, text: str) -> str:
        return text


@allowed(who.VIEW)
@require_safe
def transfers_csv(request):
    """The same as a file; of more than ``MOST`` the newest, which the last line says."""
    asked, name, rows = _behind(request)
    with_owner = access.rights_of(request.user).has(BOOKS)
    answer = StreamingHttpResponse(
        _lines(rows, with_owner=with_owner), content_type="text/csv; charset=utf-8"
    )
    place = asked.area or asked.street
    file = f"{name}-{place.code if place else 'all'}-{asked.month or timezone.localdate()}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _lines(rows, *, with_owner: bool) -> Iterator[str]:
    yield "\ufeff"
    writer = csv.writer(_Echo())
    heads = [_("编号"), _("时间"), _("社区"), _("种类"), _("转出"), _("转入"), _("积分"), _("业务")]
    yield writer.writerow(heads)
    for written, row in enumerate(rows[: MOST + 1].iterator(chunk_size=1000)):
        if written == MOST:
            yield writer.writerow([_("只列最近 %(most)d 笔，请按月下载") % {"most": MOST}])
            return
        cells = (
            row.community.name,
            row.get_kind_display(),
            _account_words(row.debit, with_owner=with_owner),
            _account_words(row.credit, with_owner=with_owner),
        )
        yield writer.writerow(
            [
                row.pk,
                f"{local(row.posted_at):%Y-%m-%d %H:%M}",
                *map(_harmless, cells),
                row.signed,
                _harmless(row.key),
            ]
        )


def _harmless(cell: str) -> str:
    """A spreadsheet would calculate what begins like this."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
