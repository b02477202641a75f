"""主动治理: what keeps coming back in one grid is proposed as a topic to deliberate.

Three matters of level L2 or above, of one category, filed in one grid within thirty days, leave
one ``TopicProposal``. What was merged counts once, with its parent. Later ones join it while it
is open. The community decides what becomes of it; the deliberation app will take it from here.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch, telling
from grids.models import Category, Issue, Level, State, TopicProposal
from inbox import outbox
from orgs import access
from orgs.models import Area, AreaLevel
from rules.refusals import Refused

DECIDE = "grids.decide_topic"
TIMES, WINDOW = 3, timedelta(days=30)
LEVELS = (Level.L2, Level.L3, Level.L4)


class DecidedBefore(Refused):
    def __init__(self):
        super().__init__(_("这条议题建议已有人研判，请刷新后再看"))


class NotYours(Refused):
    def __init__(self):
        super().__init__(_("您没有研判这条议题建议的权限"))


class ReasonMissing(Refused):
    def __init__(self):
        super().__init__(_("请写明为什么不提议题"))


# --- making ------------------------------------------------------------------------------------


def watch(sender, record: Issue, move, **_more) -> None:
    """Receiver of ``moved``: look whenever a matter is filed, rises a level, or is merged."""
    if telling.is_silent():
        return  # history is written down; the nightly round sees what still counts
    if move.verb in {"file", "reopen", "escalate", "merge"} and record.filed_at is not None:
        consider(record.area, record.category, now=move.at)


def grid_of(area: Area) -> Area:
    return area.ancestor(AreaLevel.GRID) or area


@transaction.atomic
def consider(
    area: Area, category: Category, *, now: datetime | None = None
) -> TopicProposal | None:
    """Make, extend or withdraw the proposal of this grid and category. Again changes nothing.

    Two filings at once queue up at the grid's row, so that the later one sees the earlier.
    """
    now = now or timezone.now()
    grid = grid_of(area)
    Area.objects.select_for_update(no_key=True).get(pk=grid.pk)
    open_one = TopicProposal.objects.open().filter(area=grid, category=category).first()
    if open_one is not None:
        return _bring_up_to_date(open_one, now)
    roots = _repeated(grid, category, now)
    if len(roots) < TIMES:
        return None
    made = TopicProposal.objects.create(area=grid, category=category, made_at=now)
    made.issues.set(roots)
    _tell(made, grid, len(roots))
    return made


def _filed(grid: Area, category: Category):
    """What counts at all: filed in this grid as this category, of level L2 or above."""
    return Issue.objects.filter(
        area_path__startswith=grid.path,
        category=category,
        level__in=LEVELS,
        filed_at__isnull=False,
    ).exclude(state=State.NOT_ACCEPTED)


def _repeated(grid: Area, category: Category, at: datetime) -> set[int]:
    """The most matters filed within thirty days around ``at``, the last instant included.

    Looked for on both sides: of two filings at once, whoever comes second may be the earlier.
    """
    near = _filed(grid, category).filter(filed_at__gte=at - WINDOW, filed_at__lte=at + WINDOW)
    rows = near.order_by("filed_at").values_list("filed_at", Coalesce("parent_id", "pk"))
    settled = _settled(grid, category)
    matters = [(filed_at, root) for filed_at, root in rows if root not in settled]
    windows = [
        {root for filed_at, root in matters if first <= filed_at <= first + WINDOW}
        for first, _root in matters
        if first <= at
    ]
    return max(windows, key=len, default=set())


def _roots(issues) -> set[int]:
    """Each matter once: what was merged stands for its parent."""
    return set(issues.values_list(Coalesce("parent_id", "pk"), flat=True))


def _settled(grid: Area, category: Category) -> set[int]:
    """Somebody looked at these and decided; what follows must come back three times anew."""
    decided = TopicProposal.objects.filter(area=grid, category=category, decided_by__isnull=False)
    return set(decided.values_list("issues", flat=True)) - {None}


def _bring_up_to_date(proposal: TopicProposal, now: datetime) -> TopicProposal | None:
    """Later ones join, merged ones fold into their parent; too few left: withdrawn."""
    kept = _roots(proposal.issues.all())
    # Those a little earlier too: filed in the same moment, or risen to L2 since.
    since = proposal.made_at - WINDOW
    others = _roots(_filed(proposal.area, proposal.category).filter(filed_at__gte=since))
    roots = kept | (others - _settled(proposal.area, proposal.category))
    if len(roots) >= TIMES:
        proposal.issues.set(roots)
        return proposal
    text = _("合并重复反映后，不同的事项不足 %(times)d 件") % {"times": TIMES}
    proposal.state, proposal.reason = TopicProposal.State.DISMISSED, text
    proposal.decided_at = now
    proposal.save(update_fields=["state", "reason", "decided_at"])
    return None


def sweep(now: datetime | None = None) -> int:
    """Look at every grid and category with enough repetition now; how many are open of these.

    For what was imported in silence. Running twice changes nothing.
    """
    now = now or timezone.now()
    recent = (
        Issue.objects.filter(level__in=LEVELS, filed_at__gte=now - WINDOW, filed_at__lte=now)
        .values_list("area", "category")
        .annotate(n=Count("pk"))
    )
    areas = Area.objects.in_bulk({area for area, _category, _n in recent})
    categories = Category.objects.in_bulk({category for _area, category, _n in recent})
    counts: dict[tuple[str, int], int] = {}
    grids: dict[str, Area] = {}
    for area, category, n in recent:
        grid = grid_of(areas[area])
        grids[grid.path] = grid
        counts[grid.path, category] = counts.get((grid.path, category), 0) + n
    pairs = [pair for pair, n in sorted(counts.items()) if n >= TIMES]
    made = 0
    for path, category in pairs:
        made += consider(grids[path], categories[category], now=now) is not None
    return made


def _tell(proposal: TopicProposal, grid: Area, count: int) -> None:
    if telling.is_silent():
        return
    community = grid.ancestor(AreaLevel.COMMUNITY) or grid
    people = dispatch.nearest(DECIDE, community.path)
    if people:
        outbox.tell(
            people,
            kind=telling.TASK,
            title=_("建议提为议题：%(grid)s的%(category)s")
            % {"grid": grid.name, "category": proposal.category.name},
            text=_("30 天内反复出现 %(count)d 件，请研判要不要提交居民议事。") % {"count": count},
            url="/issues/proposals/",
            key=f"topic-proposal:{proposal.pk}",
        )


# --- deciding ----------------------------------------------------------------------------------


def dismiss(proposal: TopicProposal, *, by, reason: str, at: datetime | None = None) -> None:
    """No topic, for a reason that stays on record."""
    if not reason.strip():
        raise ReasonMissing
    _decide(proposal, TopicProposal.State.DISMISSED, by=by, reason=reason, at=at)


def take(proposal: TopicProposal, *, by, reason: str = "", at: datetime | None = None) -> None:
    """For the deliberation app: a topic was made of it (``reason`` may name the topic)."""
    _decide(proposal, TopicProposal.State.TAKEN, by=by, reason=reason, at=at)


@transaction.atomic
def _decide(proposal, state, *, by, reason, at) -> None:
    proposal.refresh_from_db(from_queryset=TopicProposal.objects.select_for_update(of=("self",)))
    if not access.rights_of(by).may(DECIDE, area_path=proposal.area_path):
        raise NotYours
    if proposal.state != TopicProposal.State.OPEN:
        raise DecidedBefore
    proposal.state, proposal.reason = state, reason.strip()
    proposal.decided_by, proposal.decided_at = by, at or timezone.now()
    proposal.save(update_fields=["state", "reason", "decided_by", "decided_at"])
