"""The stock of an outlet as pages and spreadsheets read it."""

import csv
from collections.abc import Iterator

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import who
from exchange.models import Offer, Outlet, StockEntry

PAGE = 30
# What a spreadsheet would take for a formula, also as it is typed in Chinese.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def outlets_seen_by(person) -> list[Outlet]:
    """With the number of items that run low, the most pressing first. One query."""
    low = Offer.objects.low().filter(outlet=OuterRef("pk")).order_by().values("outlet")
    seen = who.outlets_seen_by(person).annotate(
        low=Coalesce(Subquery(low.annotate(n=Count("pk")).values("n")), 0)
    )
    return list(seen.order_by(F("closed_on").asc(nulls_first=True), "-low", "name", "pk"))


def offers_of(outlet: Outlet) -> QuerySet[Offer]:
    return outlet.offers.select_related("item").order_by("item__code")


def is_pressing(offer: Offer) -> bool:
    return offer.is_low and offer.is_offered and offer.item.is_offered


def lines_of(offer: Offer, *, before: int = 0) -> list[StockEntry]:
    """The newest first, one page and one more. ``before``: the number they are older than."""
    lines = offer.entries.select_related("actor").order_by("-seq")
    return list((lines.filter(seq__lt=before) if before else lines)[: PAGE + 1])


class _Echo:
    def write(self, text: str) -> str:
        return text


def write_csv(outlet: Outlet) -> Iterator[str]:
    """All lines of an outlet, item by item in the order they were written; one query.

    Begins with a mark that says UTF-8. Orders stand with their number, never with their code.
    """
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(
        [
            *(_("编号"), _("兑换品"), _("流水号"), _("时间"), _("种类"), _("在库变化")),
            *(_("预留变化"), _("在库"), _("已预留"), _("兑换单"), _("经办人"), _("说明")),
        ]
    )
    lines = (
        StockEntry.objects.filter(offer__outlet=outlet)
        .annotate(code=F("offer__item__code"), item=F("offer__item__name"))
        .select_related("actor")
        .order_by("offer__item__code", "seq")
    )
    for line in lines.iterator(chunk_size=500):
        yield writer.writerow(
            [
                _harmless(line.code),
                _harmless(line.item),
                line.seq,
                f"{timezone.localtime(line.at):%Y-%m-%d %H:%M}",
                line.get_kind_display(),
                line.on_hand_delta,
                line.reserved_delta,
                line.on_hand,
                line.reserved,
                line.order_id or "",
                _harmless(line.actor.name) if line.actor else "",
                _harmless(line.reason),
            ]
        )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_ACTIVE) else text
