"""``/chain/``: the territory as a tree to browse and to search by name or code."""

from django.core.cache import cache
from django.db.models import Count
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from orgs.access import public
from orgs.models import Area, AreaLevel

FOUND_MAX = 50
COUNT_SECONDS = 300
SHOWN = (
    AreaLevel.PROVINCE,
    AreaLevel.CITY,
    AreaLevel.DISTRICT,
    AreaLevel.SUBDISTRICT,
    AreaLevel.COMMUNITY,
    AreaLevel.GRID,
)
UNFOLDED = (AreaLevel.PROVINCE, AreaLevel.CITY, AreaLevel.DISTRICT)


@public
@require_safe
def divisions(request):
    """``?open=<code>`` unfolds the tree down to that place; htmx gets its children only.

    ``?q=`` looks for a name, or for a code from its beginning.
    """
    words = request.GET.get("q", "").strip()[:40]
    code = request.GET.get("open", "")
    if code and request.htmx:
        area = get_object_or_404(Area, code=code, level__in=SHOWN)
        answer = render(request, "orgs/divisions.html#branch", {"place": _opened(area)})
    else:
        context = {"words": words, "counts": _counts()}
        if words:
            found = list(_found(words)[: FOUND_MAX + 1])
            context |= {"found": _with_place(found[:FOUND_MAX]), "more": len(found) > FOUND_MAX}
        else:
            context["roots"] = _tree(code)
        answer = render(request, "orgs/divisions.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def _rows(areas):
    places = areas.open().filter(level__in=SHOWN)
    return list(places.values("path", "depth", "code", "name", "level", "numchild"))


def _opened(area: Area) -> dict:
    children = _rows(Area.objects.filter(path__startswith=area.path, depth=area.depth + 1))
    return {
        "code": area.code,
        "name": area.name,
        "numchild": area.numchild,
        "level": area.level,
        "children": children,
    }


def _tree(code: str) -> list[dict]:
    """The roots, and what is unfolded: two queries."""
    area = Area.objects.filter(code=code).first() if code else None
    roots = Area.objects.filter(depth=1)
    if area is None:
        # Down to the districts at first: one sees the whole city at once.
        rows = _rows(Area.objects.filter(level__in=UNFOLDED))
    else:
        rows = _rows(roots)
        for end in range(Area.steplen, len(area.path) + 1, Area.steplen):
            above = area.path[:end]
            depth = end // Area.steplen + 1
            rows += _rows(Area.objects.filter(path__startswith=above, depth=depth))
    by_path = {row["path"]: row for row in rows}
    tops = []
    for row in rows:
        above = by_path.get(row["path"][: -Area.steplen])
        if above is not None:
            above.setdefault("children", []).append(row)
        elif row["depth"] == 1:
            tops.append(row)
    return tops


def _found(words: str):
    areas = Area.objects.open().filter(level__in=SHOWN)
    if words.isdecimal():
        return areas.filter(code__startswith=words)
    return areas.filter(name__icontains=words)


def _with_place(found: list[Area]) -> list[dict]:
    """What was found, each with where it lies; one query."""
    wanted = {
        area.path[:end]
        for area in found
        for end in range(Area.steplen, len(area.path), Area.steplen)
    }
    names = dict(Area.objects.filter(path__in=wanted).values_list("path", "name"))
    return [
        {
            "code": area.code,
            "name": area.name,
            "level": area.get_level_display(),
            "where": " › ".join(
                names[area.path[:end]] for end in range(Area.steplen, len(area.path), Area.steplen)
            ),
        }
        for area in found
    ]


def _counts() -> list[tuple[str, int]]:
    """How many places of each level, at most five minutes old: counting 100,000 takes a while."""

    def count():
        rows = Area.objects.open().order_by().values_list("level").annotate(Count("pk"))
        return dict(rows)

    counts = cache.get_or_set("orgs:divisions:counts", count, COUNT_SECONDS)
    shown = [AreaLevel.DISTRICT, AreaLevel.SUBDISTRICT, AreaLevel.COMMUNITY, AreaLevel.GRID]
    return [(level.label, counts.get(level.value, 0)) for level in shown]
