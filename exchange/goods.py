"""What stands in the window, drawn: the cards, their picture, their star.

Twenty-four cards in a template, each with two more inside, took most of the page's time; so a card
is one piece of markup filled in here, with the words of the page looked up once.
"""

from collections.abc import Iterable

from django.middleware.csrf import get_token
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from exchange import drawings
from exchange.models import Item, ItemKind
from exchange.shop import Row, Spot
from ui import icons

# Marked as safe, so that nothing looks through them again for each card.
NOTHING, _GONE, _FULL = SafeString(""), SafeString(" data-gone"), SafeString(" data-full")
_CARD = """
<li class="good{gone}">
  {look}
  <div class="told">
    <h2><a href="/exchange/items/{key}/">{name}</a></h2>
    <p class="price"><strong>{points}</strong>{unit}<span class="kind">{kind}</span></p>
    {lies}{free}
  </div>
  {star}
</li>"""
_LIES = """<p class="stock" data-tone="{tone}">{stock}</p>
    <p class="near">{outlet}{far}</p>
    <p class="near">{when}{others}</p>"""
_STAR = """<form class="star" method="post" action="/exchange/items/{key}/favourite/"
        hx-post="/exchange/items/{key}/favourite/" hx-swap="outerHTML">
    <input type="hidden" name="csrfmiddlewaretoken" value="{token}">
    <input type="hidden" name="next" value="{here}">
    <button type="submit" name="keep" value="{value}" aria-pressed="{pressed}">
      {icon}<span class="vh">{words}</span>
    </button>
  </form>"""
_LOOK = '<div class="look" data-kind="{}">{}</div>'
_PICTURE = (
    '<img src="/exchange/items/{}/picture/{}/" alt="" width="480" height="360" loading="lazy"'
    ' decoding="async">'
)


def look(item: Item, size: str) -> SafeString:
    """Its picture, else its drawing."""
    shown = format_html(_PICTURE, item.pk, size) if item.picture else drawings.of(item)
    return format_html(_LOOK, item.kind, shown)


class Stars:
    """☆ or ★, to keep a thing. ``here``: where a browser without scripts returns."""

    def __init__(self, request, here: str):
        self.token, self.here = SafeString(get_token(request)), conditional_escape(here)
        self.keep, self.drop = _("收藏%(name)s"), _("取消收藏%(name)s")

    def __call__(self, item: Item, *, is_kept: bool) -> SafeString:
        return format_html(
            _STAR,
            key=item.pk,
            token=self.token,
            here=self.here,
            value="0" if is_kept else "1",
            pressed="true" if is_kept else "false",
            icon=icons.svg("star", "solid" if is_kept else "outline"),
            words=(self.drop if is_kept else self.keep) % {"name": item.name},
        )


class Cards:
    """Draws what somebody finds in the window; a visitor keeps nothing."""

    def __init__(self, request, *, is_visitor: bool):
        self.stars = None if is_visitor else Stars(request, request.get_full_path())
        self.unit, self.others = escape(_("分")), _("另有%(n)s处")
        self.kinds = {str(value): str(label) for value, label in ItemKind.choices}
        self.gift = format_html('<p class="near">{}</p>', _("捐给老人和孩子，不限次数"))
        nowhere = _("现在没有兑换点")
        self.nowhere = format_html('<p class="stock" data-tone="bad">{}</p>', nowhere)
        self._days: dict[int, str] = {}

    def all(self, rows: Iterable[Row]) -> SafeString:
        return mark_safe("".join(map(self, rows)))  # noqa: S308 cards drawn here

    def __call__(self, row: Row) -> SafeString:
        item = row.item
        return format_html(
            _CARD,
            gone=NOTHING if row.is_there else _GONE,
            look=look(item, "small"),
            key=item.pk,
            name=item.name,
            points=row.points,
            unit=self.unit,
            kind=self.kinds[item.kind],
            lies=self._lies(row),
            free=self._free(row),
            star=self.stars(item, is_kept=row.is_favourite) if self.stars else NOTHING,
        )

    def _lies(self, row: Row) -> SafeString:
        if row.is_gift:
            return self.gift
        if (spot := row.nearest) is None:
            return self.nowhere
        far, others = spot.far, row.others
        return format_html(
            _LIES,
            tone=spot.tone,
            stock=spot.stock,
            outlet=spot.outlet.name,
            far=format_html(' <span class="num">{}</span>', far) if far else NOTHING,
            when=_span(self._when(spot)) if spot.has_some else NOTHING,
            others=_span(self.others % {"n": others}) if others else NOTHING,
        )

    def _when(self, spot: Spot) -> str:
        """Few outlets are the nearest of all things."""
        key = spot.outlet.pk
        if (words := self._days.get(key)) is None:
            words = self._days[key] = spot.when
        return words

    @staticmethod
    def _free(row: Row) -> SafeString:
        if not (words := row.free):
            return NOTHING
        full = _FULL if row.left.pieces == 0 else NOTHING
        return format_html('<p class="free"{}>{}</p>', full, words)


def _span(text: str) -> SafeString:
    return format_html("<span>{}</span>", text)
