"""The list of notices or disclosures of a place: filters, keyset pages, rows made ready."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.models import Area, AreaLevel
from publicity import disclosures, notices
from publicity.models import Disclosure, Notice, NoticeState, Objection, Result, around, homes_of

PAGE = 20
NOTICES, DISCLOSURES = "notices", "disclosures"
CURRENT, PAST = "current", "past"
SHORT = frozenset({AreaLevel.COMMUNITY, AreaLevel.GRID, AreaLevel.BUILDING})
TONES = {
    NoticeState.PUBLISHED: "info",
    NoticeState.OBJECTED: "warn",
    NoticeState.ANSWERED: "info",
    NoticeState.CLOSED: "ok",
    NoticeState.WITHDRAWN: "plain",
}


@dataclass(frozen=True)
class Row:
    """What one line of the list says, in words."""

    href: str
    title: str
    kind: str
    state: str
    tone: str
    also: str  # a second pill: late, corrected
    also_tone: str
    where: str
    body: str
    days: str


# --- places --------------------------------------------------------------------------------------


def place_names(areas: Iterable[Area]) -> dict[int, str]:
    """area pk → 梧桐里社区第一网格, for all rows of a page in one query."""
    areas = {area.pk: area for area in areas}
    wanted = {path for area in areas.values() for path in around(area.path)}
    names = dict(Area.objects.filter(path__in=wanted, level__in=SHORT).values_list("path", "name"))
    return {
        pk: "".join(names[path] for path in around(area.path) if path in names) or area.name
        for pk, area in areas.items()
    }


def communities() -> list[tuple[str, str]]:
    """Where notices may be looked for: communities with grids, under their subdistricts."""
    found = list(
        Area.objects.open()
        .filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
        .values_list("path", "code", "name")[:200]
    )
    streets = Area.objects.filter(path__in={path[: -Area.steplen] for path, *_rest in found})
    choices = []
    for path, code, name in streets.values_list("path", "code", "name"):
        choices.append((code, name))
        choices += [(c, f"　{n}") for p, c, n in found if p.startswith(path)]
    return choices


# --- filters -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the address asks for; what makes no sense is left out."""

    show: str = NOTICES
    state: str = CURRENT
    place: str = ""

    @classmethod
    def read(cls, query) -> "Filters":
        code = query.get("place", "")
        return cls(
            show=DISCLOSURES if query.get("show") == DISCLOSURES else NOTICES,
            state=PAST if query.get("state") == PAST else CURRENT,
            place=code if code.isascii() and code.isdigit() and len(code) <= 18 else "",
        )

    def _narrowed(self, rows: QuerySet) -> QuerySet:
        if not self.place:
            return rows
        path = Area.objects.filter(code=self.place).values_list("path", flat=True).first()
        return rows.concerning(path) if path else rows.none()

    def notices(self, person) -> QuerySet[Notice]:
        found = Notice.objects.readable_by(person)
        return self._narrowed(found.past() if self.state == PAST else found.open())

    def disclosures(self) -> QuerySet[Disclosure]:
        """Published ones, or what is owed and was due before today."""
        if self.state == PAST:
            found = Disclosure.objects.missing().filter(due_on__lt=timezone.localdate())
        else:
            found = Disclosure.objects.published()
        return self._narrowed(found)

    def address(self, **changes) -> str:
        asked = {"show": self.show, "state": self.state, "place": self.place, **changes}
        usual = {"show": NOTICES, "state": CURRENT, "place": ""}
        return "?" + urlencode(
            {name: value for name, value in asked.items() if value and value != usual.get(name)}
        )


# --- keyset pages --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    rows: list
    older: str  # cursors, empty at the ends
    newer: str


def _cursor(value: datetime | date, pk: int) -> str:
    if isinstance(value, datetime):
        return f"{int(value.timestamp() * 1_000_000)}-{pk}"
    return f"{value:%Y%m%d}-{pk}"


def _read_cursor(text: str, *, is_day: bool) -> tuple[datetime | date, int] | None:
    number, _dash, pk = text.partition("-")
    if not (number.isascii() and number.isdigit() and pk.isascii() and pk.isdigit()):
        return None
    if len(number) > 16 or len(pk) > 18:
        return None
    if is_day:
        try:
            return datetime.strptime(number, "%Y%m%d").replace(tzinfo=UTC).date(), int(pk)
        except ValueError:
            return None
    seconds, rest = divmod(int(number), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), int(pk)


def page_of(rows: QuerySet, query, *, by: str) -> Page:
    """Twenty rows, the newest by ``by`` first, from the cursor in ``query`` on."""
    is_day = by.endswith("_on")
    before = _read_cursor(query.get("before", ""), is_day=is_day)
    after = _read_cursor(query.get("after", ""), is_day=is_day) if not before else None
    if before:
        at, pk = before
        rows = rows.filter(Q(**{f"{by}__gt": at}) | Q(**{by: at, "pk__gt": pk}))
        found = list(rows.order_by(by, "pk")[: PAGE + 1])
        more, found = len(found) > PAGE, found[:PAGE][::-1]
        older, newer = bool(found), more
    else:
        if after:
            at, pk = after
            rows = rows.filter(
                Q(**{f"{by}__lt": at}) | Q(**{by: at, "pk__lt": pk}), **{f"{by}__lte": at}
            )
        found = list(rows.order_by(f"-{by}", "-pk")[: PAGE + 1])
        more, found = len(found) > PAGE, found[:PAGE]
        older, newer = more, bool(after and found)
    return Page(
        found,
        older=_cursor(getattr(found[-1], by), found[-1].pk) if older else "",
        newer=_cursor(getattr(found[0], by), found[0].pk) if newer else "",
    )


# --- rows ----------------------------------------------------------------------------------------


def days_left(notice: Notice, today: date) -> str:
    """还剩 3 天, 今天截止, or nothing when the window is over."""
    left = (notice.ends_on - today).days
    if not notice.is_open or left < 0:
        return ""
    return _("还剩 %(n)d 天") % {"n": left} if left else _("今天截止")


def state_words(notice: Notice, today: date) -> str:
    if notice.is_open and today > notice.ends_on and notice.state != NoticeState.OBJECTED:
        return _("期满待结束")
    return str(notice.get_state_display())


def result_words(notice: Notice, objections: int) -> tuple[str, str]:
    """What came of a closed notice, and its tone."""
    if notice.result == Result.CORRECTED:
        return _("已更正"), "warn"
    if notice.result == Result.UPHELD:
        return (_("维持原内容") if objections else _("无异议")), "ok"
    return "", "plain"


def notice_page(filters: Filters, person, query) -> Page:
    found = (
        filters.notices(person)
        .select_related("area", "organization")
        .defer("body", "table", "rules", "correction")
    )
    page = page_of(found, query, by="published_at")
    names, today = place_names(row.area for row in page.rows), timezone.localdate()
    # Counted for the page alone: grouping the list would read every notice there is.
    objected = dict(
        Objection.objects.filter(notice__in=[row.pk for row in page.rows])
        .order_by()
        .values_list("notice")
        .annotate(Count("pk"))
    )
    return Page(
        [_notice_row(row, names, today, objected.get(row.pk, 0)) for row in page.rows],
        page.older,
        page.newer,
    )


def _notice_row(row: Notice, names: dict[int, str], today: date, objected: int) -> Row:
    also, also_tone = result_words(row, objected)
    if row.state == NoticeState.OBJECTED and row.due_at < timezone.now():
        also, also_tone = _("超期未答复"), "bad"
    elif not also and objected:
        also, also_tone = _("异议 %(n)d 条") % {"n": objected}, "plain"
    return Row(
        href=row.get_absolute_url(),
        title=row.title,
        kind=notices.kind_label(row.kind),
        state=state_words(row, today),
        tone=TONES[row.state],
        also=also,
        also_tone=also_tone,
        where=names[row.area_id],
        body=row.organization.name,
        days=days_left(row, today) or window_words(row),
    )


def running(person, *, most: int = 3) -> list[Notice]:
    """For the first page: what this reader may still object to or read about, ending soonest."""
    homes = homes_of(person) if person.is_authenticated else []
    found = Notice.objects.readable_by(person, homes).open()
    found = found.filter(ends_on__gte=timezone.localdate())
    if homes:
        found = found.filter(area_path__in=around(homes[0][0]))
    return list(found.only("title", "ends_on").order_by("ends_on", "pk")[:most])


def window_words(notice: Notice) -> str:
    first, last = notice.starts_on, notice.ends_on
    until = (
        f"{last.month}月{last.day}日"
        if first.year == last.year
        else (f"{last.year}年{last.month}月{last.day}日")
    )
    return f"{first.year}年{first.month}月{first.day}日—{until}"


def disclosure_page(filters: Filters, query) -> Page:
    found = filters.disclosures().select_related("area", "organization").defer("text", "table")
    by = "due_on" if filters.state == PAST else "published_at"
    page = page_of(found, query, by=by)
    names, today = place_names(row.area for row in page.rows), timezone.localdate()
    return Page([_disclosure_row(row, names, today) for row in page.rows], page.older, page.newer)


def lateness_words(row: Disclosure, today: date) -> tuple[str, str]:
    """The pill of a disclosure: published in time or late, owed, overdue."""
    if row.is_published:
        return (_("逾期公开"), "bad") if row.is_late else (_("已公开"), "ok")
    if row.due_on and row.due_on < today:
        days = (today - row.due_on).days
        return _("逾期 %(n)d 天未公开") % {"n": days}, "bad"
    return _("待公开"), "warn"


def _disclosure_row(row: Disclosure, names: dict[int, str], today: date) -> Row:
    state, tone = lateness_words(row, today)
    shown = row.published_on or row.due_on
    words = _("公开于 %(day)s") if row.is_published else _("应于 %(day)s 前公开")
    return Row(
        href=row.get_absolute_url(),
        title=disclosures.name_of(row),
        kind=disclosures.kind_label(row.kind),
        state=state,
        tone=tone,
        also=_("已更正") if row.version > 1 else "",
        also_tone="warn",
        where=names[row.area_id],
        body=row.organization.name,
        days=words % {"day": f"{shown.year}年{shown.month}月{shown.day}日"},
    )
