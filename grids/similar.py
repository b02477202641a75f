"""What has already been reported nearby, offered before somebody reports it a second time.

Compared are public words only: otherwise a suggestion would tell what others wrote in private.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from grids import following, listing
from grids.models import ENDED, Category, Issue, PublicState, State
from orgs.models import Area, AreaLevel

MOST = 5
CANDIDATES = 200  # the newest of the community; one has some seventy open at a time
CLOSED_DAYS = 30
ALIKE = 0.2  # of the shorter text's pairs
FEWEST_PAIRS = 2
_RUN = re.compile("[a-z0-9]+|[\u3400-\u4dbf\u4e00-\u9fff]+")
# Pairs that stand in every other report and say nothing.
_EMPTY = frozenset(
    {
        *("小区", "社区", "居民", "我们", "单元", "一个", "这个", "那个", "有人", "没有", "问题"),
        *("一直", "已经", "经常", "每天", "几天", "早上", "晚上", "现在", "希望", "处理", "解决"),
        *("影响", "严重", "旁边", "附近", "里面", "外面"),
    }
)


@dataclass(frozen=True)
class Similar:
    """One suggestion, in words that everybody may read."""

    row: listing.Row
    summary: str
    place: str
    score: float
    is_alike: bool  # by its words, not by its category alone
    is_mine: bool
    is_done: bool
    standing: following.Standing


def pairs(text: str) -> set[str]:
    """Pairs of neighbouring characters; figures and Latin words whole."""
    found: set[str] = set()
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if run.isascii():
            found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return found - _EMPTY


def likeness(one: set[str], other: set[str]) -> float:
    """Shared pairs ÷ pairs of the shorter text; 0 when only one pair is shared."""
    shared = len(one & other)
    if shared < FEWEST_PAIRS:
        return 0.0
    return shared / max(min(len(one), len(other)), 4)


def near(area: Area):
    """Public issues of the same community, open or closed within the last month."""
    place = area.ancestor(AreaLevel.COMMUNITY) or area
    return Issue.objects.visible_to_public().filter(area_path__startswith=place.path)


def find(
    *,
    area: Area,
    category: Category | None,
    text: str,
    person,
    now: datetime | None = None,
    alike_only: bool = False,
) -> list[Similar]:
    """At most five, the likest first: of this grid's category, or sharing words. Three queries.

    ``alike_only`` leaves out what has nothing but the category in common.
    """
    now = now or timezone.now()
    month_ago = now - timedelta(days=CLOSED_DAYS)
    candidates = (
        near(area)
        .filter(~Q(state__in=ENDED) | Q(state__in=[*_DONE], closed_at__gte=month_ago))
        .select_related("category")
        .only(*listing.ROW_FIELDS, "public_summary", "public_place", "category_id", "reporter_id")
        .order_by("-reported_at", "-pk")[:CANDIDATES]
    )
    wanted = pairs(text)
    scored = []
    for issue in candidates:
        words = f"{issue.public_title} {issue.public_summary} {issue.public_place}"
        like = likeness(wanted, pairs(words))
        same_kind = category is not None and issue.category_id == category.pk
        here = issue.area_path.startswith(area.path)
        is_alike = like >= ALIKE and (same_kind or like >= 2 * ALIKE)
        if is_alike or (same_kind and here and not alike_only):
            done = issue.state in ENDED
            scored.append((like + 0.2 * same_kind + 0.1 * here - 0.2 * done, is_alike, issue))
    scored.sort(key=lambda found: (-found[0], -found[2].pk))
    return _shown(scored[:MOST], person)


_DONE = (State.CLOSED, State.RATED)


def _shown(scored, person) -> list[Similar]:
    issues = [issue for _score, _alike, issue in scored]
    if not issues:
        return []
    stands = following.standing(issues, person)
    rows = listing.rows(issues, public=True)
    return [
        Similar(
            row=row,
            summary=issue.public_summary,
            place=issue.public_place,
            score=score,
            is_alike=alike,
            is_mine=issue.reporter_id == person.pk,
            is_done=issue.public_state == PublicState.CLOSED,
            standing=stands.get(issue.pk, following.Standing()),
        )
        for (score, alike, issue), row in zip(scored, rows, strict=True)
    ]
