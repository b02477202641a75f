"""Lists of issues: filters, keyset pages, and rows made ready so that templates stay cheap."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grids import dispatch, search
from grids.models import DONE, STATES_OF, WORKING, Category, Issue, PublicState, State
from orgs.compiled import Among, compiled
from orgs.models import Area, AreaLevel

PAGE = 20
LATE = "late"  # asked for like a state
# What a row needs; the frozen rules and the long texts stay in the database.
ROW_FIELDS = (
    "number",
    "title",
    "public_title",
    "area_path",
    "reported_at",
    "state",
    "on_time",
    "promised_at",
    "due_at",
    "closed_at",
    "category__name",
)

TONES = {
    State.SUBMITTED: "warn",
    State.FILED: "info",
    State.DISPATCHED: "info",
    State.IN_PROGRESS: "info",
    State.HANDLED: "warn",
    State.CLOSED: "ok",
    State.RATED: "ok",
    State.REOPENED: "warn",
    State.DRAFT: "plain",
    State.MERGED: "plain",
    State.NOT_ACCEPTED: "bad",
    State.OBJECTED: "warn",
    State.RETURNED: "warn",
    State.PAUSED: "warn",
    State.ESCALATED: "warn",
    State.ARCHIVED: "ok",
}
PUBLIC_TONES = {
    PublicState.OPEN: "info",
    PublicState.VERIFYING: "warn",
    PublicState.CLOSED: "ok",
}


@dataclass(frozen=True)
class Row:
    """What one line of a list says, in words."""

    href: str
    number: str
    title: str
    category: str
    where: str
    reported_at: datetime
    state: str
    tone: str
    late: str  # empty, or by how much
    days: str
    verb: str = ""  # what it waits for, in words
    due_at: datetime | None = None
    waits_for: str = ""  # the verb itself
    assignee: str = ""  # whom a dispatched one was handed to, when it was read along


SELECTED = SafeString(" selected")


# --- places --------------------------------------------------------------------------------------


def place_names(issues: Iterable[Issue]) -> dict[str, str]:
    """area_path → 梧桐里社区第一网格, for all issues of a page in one query."""
    paths = {issue.area_path for issue in issues}
    if not paths:
        return {}
    wanted = {path for full in paths for path in dispatch.around(full)}
    names = dict(_names(paths=list(wanted)))
    return {
        full: "".join(names[path] for path in dispatch.around(full) if path in names)
        for full in paths
    }


@compiled
def _names(*, paths):
    named = [AreaLevel.COMMUNITY, AreaLevel.GRID]
    return Area.objects.filter(Among("path", paths), level__in=named).values_list("path", "name")


# --- filters -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the address asks for; what makes no sense is left out."""

    community: str = ""
    category: str = ""
    state: str = ""
    show: str = ""  # "", "mine", "work", "followed"
    words: str = ""  # looked for

    @classmethod
    def read(cls, query, person) -> "Filters":
        state, show = query.get("state", ""), query.get("show", "")
        code = query.get("community", "")
        return cls(
            community=code if code.isdigit() and len(code) <= 18 else "",
            category=query.get("category", "")[:30],
            state=state if state in {*PublicState.values, LATE} else "",
            show=show if show in {"mine", "work", "followed"} and person.is_authenticated else "",
            words=search.clean(query.get("q", "")),
        )

    def apply(self, person) -> QuerySet[Issue]:
        issues = Issue.objects.all()
        if self.show == "mine":
            issues = issues.reported_by(person)
        elif self.show == "work":
            issues = issues.workable_by(person)
        elif self.show == "followed":
            issues = issues.followed_by(person)
        else:
            issues = issues.visible_to_public()
        if self.community:
            area = Area.objects.filter(code=self.community).values_list("path", flat=True).first()
            issues = issues.filter(area_path__startswith=area) if area else issues.none()
        if self.category:
            issues = issues.filter(category__code=self.category)
        if self.state == LATE:
            issues = issues.late()
        elif self.state:
            states = list(STATES_OF[self.state])
            if self.state == PublicState.OPEN and not self.is_public:
                states += [State.SUBMITTED, State.OBJECTED, State.DRAFT]
            issues = issues.filter(state__in=states)
        if self.words:
            issues = search.narrow(issues, self.words, public=self.is_public)
        return issues

    def address(self, **changes) -> str:
        """The query string of the same list with ``changes``; "?" when nothing is asked."""
        asked = {
            "show": self.show,
            "community": self.community,
            "category": self.category,
            "state": self.state,
            "q": self.words,
            **changes,
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})

    @property
    def is_public(self) -> bool:
        """Does the list show what everybody may read, and no more?"""
        return self.show in {"", "followed"}

    @property
    def is_any(self) -> bool:
        return bool(self.community or self.category or self.state or self.words)


# --- keyset pages --------------------------------------------------------------------------------


def _cursor(issue: Issue) -> str:
    micros = int(issue.reported_at.timestamp() * 1_000_000)
    return f"{micros}-{issue.pk}"


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    micros, _dash, pk = text.partition("-")
    if not (micros.isascii() and micros.isdigit() and pk.isascii() and pk.isdigit()):
        return None
    if len(micros) > 16 or len(pk) > 18:
        return None
    seconds, rest = divmod(int(micros), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), int(pk)


@dataclass(frozen=True)
class Page:
    issues: list[Issue]
    older: str  # cursors, empty at the ends
    newer: str


def page_of(issues: QuerySet[Issue], query) -> Page:
    """Twenty issues, newest first, from the cursor in ``query`` on (``after``/``before``)."""
    before = _read_cursor(query.get("before", ""))
    after = _read_cursor(query.get("after", "")) if not before else None
    if before:
        at, pk = before
        newer_ones = issues.filter(Q(reported_at__gt=at) | Q(reported_at=at, pk__gt=pk))
        found = list(newer_ones.order_by("reported_at", "pk")[: PAGE + 1])
        more, found = len(found) > PAGE, found[:PAGE][::-1]
        return Page(
            found,
            older=_cursor(found[-1]) if found else "",
            newer=_cursor(found[0]) if more and found else "",
        )
    if after:
        at, pk = after
        issues = issues.filter(
            Q(reported_at__lt=at) | Q(reported_at=at, pk__lt=pk), reported_at__lte=at
        )
    found = list(issues.order_by("-reported_at", "-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    return Page(
        found,
        older=_cursor(found[-1]) if more else "",
        newer=_cursor(found[0]) if after and found else "",
    )


# --- rows ----------------------------------------------------------------------------------------


def late_words(issue: Issue, now: datetime) -> str:
    """已超期 3 天, 超期办结, or nothing."""
    if issue.state in WORKING and issue.promised_at and issue.promised_at < now:
        days = (timezone.localdate(now) - timezone.localdate(issue.promised_at)).days
        return _("已超期 %(n)d 天") % {"n": days} if days else _("已超期")
    if issue.on_time is not False:
        return ""
    return _("超期办结") if issue.state in DONE else _("已超期")


def rows(issues: list[Issue], *, public: bool) -> list[Row]:
    """``public``: only what everybody may read."""
    now = timezone.now()
    names = place_names(issues)
    labels = dict(State.choices)
    return [_row(issue, names, labels, now, public=public) for issue in issues]


def _row(issue, names, labels, now, *, public) -> Row:
    word = issue.public_state
    if public:
        state, tone = str(word.label), PUBLIC_TONES[word]
    else:
        state, tone = str(labels[issue.state]), TONES[issue.state]
    taken = _("用时 %(n)d 天") if issue.state in DONE else _("第 %(n)d 天")
    return Row(
        href=f"/issues/{issue.number}/",
        number=issue.number,
        title=issue.public_title if public else issue.title,
        category=issue.category.name,
        where=names.get(issue.area_path, ""),
        reported_at=issue.reported_at,
        state=state,
        tone=tone,
        late=late_words(issue, now),
        days=taken % {"n": issue.days_taken},
        verb=_verb_words(issue.waits_for),
        due_at=issue.due_at,
        waits_for=issue.waits_for,
        assignee=_assignee(issue),
    )


def _assignee(issue) -> str:
    """A query of its own for nobody: only where the list has selected it."""
    if issue.state != State.DISPATCHED or not Issue.assignee.is_cached(issue):
        return ""
    return issue.assignee.name if issue.assignee is not None else ""


_WAITS = {
    "file": gettext_lazy("待立案"),
    "dispatch": gettext_lazy("待派单"),
    "sign": gettext_lazy("待签收"),
    "report": gettext_lazy("待办理"),
    "verify": gettext_lazy("待核验"),
    "rate": gettext_lazy("待评价"),
    "overrule": gettext_lazy("待复核"),
    "arbitrate": gettext_lazy("待裁定"),
    "resume": gettext_lazy("已暂停"),
    "grant_delay": gettext_lazy("待审批"),
    "object": gettext_lazy("可提出异议"),
    "submit": gettext_lazy("待提交"),
}


def _verb_words(verb: str) -> str:
    return str(_WAITS.get(verb, ""))


def states() -> list[tuple[str, str]]:
    return [*PublicState.choices, (LATE, _("超期"))]


@dataclass(frozen=True)
class Options:
    """The choices of the three filters, as markup: forty of them in a template cost more."""

    communities: str
    categories: str
    states: str

    @classmethod
    def of(cls, filters: Filters) -> "Options":
        communities = Area.objects.open().filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
        places = list(communities.values_list("code", "name")[:200])
        if filters.community and filters.community not in dict(places):
            places += _place(filters.community)
        categories = Category.objects.filter(is_active=True, is_public=True)
        return cls(
            communities=_options(places, filters.community, _("全部社区")),
            categories=_options(
                categories.values_list("code", "name"), filters.category, _("全部类别")
            ),
            states=_options(states(), filters.state, _("全部状态")),
        )


def _place(code: str) -> list[tuple[str, str]]:
    """A place that is no community (a grid of the map), as one more choice."""
    area = Area.objects.filter(code=code).first()
    if area is None:
        return []
    name = area.name
    if area.level == AreaLevel.GRID and area.community:
        name = f"{area.community.name}{name}"
    return [(code, name)]


def _options(pairs: Iterable[tuple[str, str]], chosen: str, everything: str) -> str:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (value, SELECTED if value == chosen else "", name)
            for value, name in [("", everything), *pairs]
        ),
    )
