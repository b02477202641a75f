"""What the part 大家的声音 of an issue's page shows one person: made ready for the template."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from grids import commenting, following, handling, urging
from grids.models import ENDED, Comment, Issue, Moderation, Urge
from grids.voice_forms import CommentForm, UrgeForm


@dataclass(frozen=True)
class Line:
    """One comment as this person sees it. ``text`` is empty when it is not for their eyes."""

    pk: int
    who: str
    is_official: bool
    is_mine: bool
    at: datetime
    text: str
    state: str
    hidden_why: str
    has_page: bool  # may open the page of its moderation


@dataclass
class Voices:
    issue: Issue
    standing: following.Standing
    may_follow: bool
    may_say_affected: bool
    comments: list[Line]
    more_comments: bool
    comment_form: CommentForm | None
    urge_form: UrgeForm | None
    urged_today: bool = False
    urges: list[Urge] = field(default_factory=list)
    shows_urges: bool = False
    refusal: str = ""


def of(
    issue: Issue,
    person,
    *,
    is_reporter: bool,
    is_worker: bool,
    everything: bool = False,
    urge_form: UrgeForm | None = None,
    comment_form: CommentForm | None = None,
    refusal: str = "",
) -> Voices:
    """Three queries at most: who stands how, the urges if they concern ``person``, the comments."""
    ended, signed_in = issue.state in ENDED, person.is_authenticated
    stands = following.standing([issue], person).get(issue.pk, following.Standing())
    may_urge = not ended and (is_reporter or (stands.follows and stands.affected))
    urges: list[Urge] = []
    if may_urge or is_worker:
        urges = list(issue.urges.order_by("-at", "-pk")[:200])
        if not is_worker:
            urges = [row for row in urges if row.person_id == person.pk]
    today = urging.day_of(timezone.now()) if may_urge else None
    urged_today = any(row.person_id == person.pk and row.counts_on == today for row in urges)
    if may_urge and not urged_today:
        urge_form = urge_form or UrgeForm()
    else:
        urge_form = None
    rows = commenting.below(issue, everything=everything)
    more = not everything and len(rows) > commenting.SHOWN
    if more:
        rows = rows[-commenting.SHOWN :]
    moderates = signed_in and commenting.may_moderate(issue, person)
    lines = [_line(row, person, moderates=moderates) for row in rows]
    if signed_in and commenting.is_open(issue):
        comment_form = comment_form or CommentForm()
    else:
        comment_form = None
    return Voices(
        issue=issue,
        standing=stands,
        may_follow=signed_in and issue.is_public and not is_reporter,
        may_say_affected=not ended and not stands.affected,
        comments=[line for line in lines if line is not None],
        more_comments=more,
        comment_form=comment_form,
        urge_form=urge_form,
        urged_today=may_urge and urged_today,
        urges=urges,
        shows_urges=bool(urges),
        refusal=refusal,
    )


def _line(row: Comment, person, *, moderates: bool) -> Line | None:
    is_mine = person.is_authenticated and row.author_id == person.pk
    is_shown = row.state == Comment.State.VISIBLE
    if row.state == Comment.State.HELD and not (is_mine or moderates):
        return None
    return Line(
        pk=row.pk,
        who=who_wrote(row, is_mine=is_mine),
        is_official=row.is_official,
        is_mine=is_mine,
        at=row.at,
        text=row.text if is_shown or is_mine or moderates else "",
        state=row.state,
        hidden_why=_why(row) if row.state == Comment.State.HIDDEN else "",
        has_page=moderates or (is_mine and not is_shown),
    )


def who_wrote(row: Comment, *, is_mine: bool = False) -> str:
    """居民, 您（居民）, 承办单位 · 青桐物业服务公司: the role, never the name."""
    role = row.get_role_display()
    if row.organization is not None:
        role = f"{role} · {row.organization.name}"
    return _("您（%(role)s）") % {"role": role} if is_mine else str(role)


def _why(row: Comment) -> str:
    words = dict(Moderation.Reason.choices).get(row.hidden_code, "")
    return f"{words}（{row.hidden_text}）" if row.hidden_text else str(words)


def for_page(issue: Issue, person, **more) -> Voices:
    """``of``, for callers that do not know yet how ``person`` stands to the issue."""
    is_reporter = person.is_authenticated and person.pk == issue.reporter_id
    is_worker = person.is_authenticated and handling.is_worker(issue, person)
    return of(issue, person, is_reporter=is_reporter, is_worker=is_worker, **more)
