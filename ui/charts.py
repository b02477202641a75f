"""Charts drawn on the server: SVG with the values written into it, and a table with the rest.

A chart is a handful of points in order. Values are texts beside their marks, so nothing has to be
read off an axis; the point in question (``now``) is told by weight and a mark below it, not by
colour alone. ``big`` lays bars on their side, with room for the letters of the elder mode.
Classes only, as the CSP allows no style: ``.plot`` in static/css/charts.css colours them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

WIDTH, HEIGHT = 372, 150
TOP, BOTTOM = 22, 124  # of the marks; values stand above, names below
BIG_ROW, BIG_WIDTH = 36, 372


@dataclass(frozen=True)
class Point:
    """``value`` None: there is nothing to draw, and ``text`` says why in the table."""

    name: str
    value: float | None
    text: str
    short: str = ""  # written into the chart; ``text`` without it
    cells: tuple[str, ...] = ()  # further cells of the table
    now: bool = False

    @property
    def mark(self) -> str:
        return self.short or self.text


def _svg(parts: Sequence[str], *, label: str, width: int, height: int, kind: str) -> SafeString:
    drawn = mark_safe("".join(parts))  # noqa: S308 numbers, and texts escaped one by one
    return format_html(
        '<svg class="plot {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        kind,
        width,
        height,
        label,
        drawn,
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{conditional_escape(text)}</text>'


def _places(points: Sequence[Point]) -> tuple[float, list[float]]:
    """Width of one place, and the middles of all."""
    step = WIDTH / max(len(points), 1)
    return step, [round(step * (at + 0.5), 1) for at in range(len(points))]


def _names(points: Sequence[Point], middles: Sequence[float]) -> list[str]:
    return [
        _text(x, 141, point.name, "name now" if point.now else "name")
        for x, point in zip(middles, points, strict=True)
    ]


def bars(points: Sequence[Point], *, label: str, big: bool = False) -> SafeString:
    """Columns from zero; on their side when ``big``."""
    most = max((point.value or 0 for point in points), default=0) or 1
    if big:
        return _lying(points, most, label)
    step, middles = _places(points)
    wide = round(step * 0.62, 1)
    parts = [f'<path class="base" d="M0 {BOTTOM}.5H{WIDTH}"/>']
    for x, point in zip(middles, points, strict=True):
        high = 0 if point.value is None else round((BOTTOM - TOP) * point.value / most, 1)
        kind = "col now" if point.now else "col"
        if high:
            top = round(BOTTOM - high, 1)
            parts.append(
                f'<rect class="{kind}" x="{x - wide / 2:g}" y="{top:g}" width="{wide:g}"'
                f' height="{high:g}" rx="2"/>'
            )
        parts.append(_text(x, BOTTOM - high - 5, point.mark, "v now" if point.now else "v"))
    return _svg(
        parts + _names(points, middles), label=label, width=WIDTH, height=HEIGHT, kind="bars"
    )


def _lying(points: Sequence[Point], most: float, label: str) -> SafeString:
    left, right = 62, 76
    room = BIG_WIDTH - left - right
    parts = []
    for at, point in enumerate(points):
        y = at * BIG_ROW
        long = 0 if point.value is None else round(room * point.value / most, 1)
        kind = " now" if point.now else ""
        parts.append(_text(left - 8, y + 24, point.name, f"name end{kind}"))
        parts.append(
            f'<rect class="col{kind}" x="{left}" y="{y + 6}" width="{max(long, 1):g}"'
            f' height="{BIG_ROW - 12}" rx="3"/>'
        )
        parts.append(_text(left + long + 8, y + 24, point.mark, f"v start{kind}"))
    height = BIG_ROW * max(len(points), 1)
    return _svg(parts, label=label, width=BIG_WIDTH, height=height, kind="bars big-plot")


@cache
def _scale(lowest: int, most: int) -> tuple[int, int]:
    """A floor below the lowest value, in tens, and the ceiling."""
    floor = max(0, lowest // 10 * 10)
    return (floor if floor < most else max(0, most - 10)), most


def line(
    points: Sequence[Point], *, label: str, most: int = 100, unit: str = "%", big: bool = False
) -> SafeString:
    """Shares over time, from a floor that is written beside its line up to ``most``."""
    values = [point.value for point in points if point.value is not None]
    floor, most = _scale(int(min(values, default=0)), most)
    if big:
        return _lying(points, most, label)
    _step, middles = _places(points)
    span = (BOTTOM - 12) - (TOP + 8)
    parts = [
        f'<path class="base" d="M0 {BOTTOM}.5H{WIDTH}"/>',
        f'<path class="goal" d="M0 {TOP + 8}.5H{WIDTH}"/>',
        _text(2, 10, f"{most}{unit}", "axis start"),
        _text(2, BOTTOM - 4, f"{floor}{unit}", "axis start"),
    ]
    strokes, pen_down, dots = [], False, []
    for x, point in zip(middles, points, strict=True):
        if point.value is None:
            pen_down = False
            dots.append(_text(x, BOTTOM - 5, "–", "v none"))
            continue
        y = round(TOP + 8 + span * (most - point.value) / (most - floor), 1)
        strokes.append(f"{'L' if pen_down else 'M'}{x:g} {y:g}")
        pen_down = True
        radius, kind = (5, "dot now") if point.now else (3, "dot")
        dots.append(f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{radius}"/>')
        dots.append(_text(x, y - 8, point.mark, "v now" if point.now else "v"))
    if strokes:
        parts.append(f'<path class="trend" d="{"".join(strokes)}"/>')
    return _svg(
        parts + dots + _names(points, middles),
        label=label,
        width=WIDTH,
        height=HEIGHT,
        kind="line",
    )


def table(points: Sequence[Point], *, caption: str, heads: Sequence[str]) -> SafeString:
    """The same points as a table, folded away under the chart; ``heads`` names its columns."""
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="num">{}</td>{}</tr>',
        (
            (
                point.name,
                point.text,
                format_html_join("", '<td class="num">{}</td>', ((cell,) for cell in point.cells)),
            )
            for point in points
        ),
    )
    columns = format_html_join(
        "",
        '<th scope="col"{}>{}</th>',
        ((mark_safe(' class="num"') if at else "", head) for at, head in enumerate(heads)),
    )
    return format_html(
        '<details class="numbers"><summary>{}<span class="vh">：{}</span></summary><div>'
        '<table><caption class="vh">{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
        "</div></details>",
        _("看数字"),
        caption,
        caption,
        columns,
        rows,
    )
