"""Comments below an issue, and their moderation.

Nothing is ever rewritten or removed: hiding puts the reason in the place of the words, the words
stay readable for moderators, the author is told and may object once, and somebody else decides.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import deidentify, dispatch, following, telling, urging
from grids.models import Comment, Issue, Moderation, Source, State
from grids.refusals import StillPrivate
from grids.who import in_lead, is_recused
from inbox import outbox
from orgs import access
from rules.refusals import Refused

COMMENT, OWN = "grids.issue_comment", "grids.own_comment"
MODERATE = "grids.moderate_comments"
MOST_AN_ISSUE, MOST_A_DAY = 5, 20  # residents, in 24 hours
SHOWN = 30
A, C = Moderation.Action, Comment.State
# Where talk goes on elsewhere, or is over.
_CLOSED = {State.MERGED, State.ARCHIVED, State.DRAFT, State.NOT_ACCEPTED}


class TooManyComments(Refused):
    def __init__(self, most: int):
        text = _("您在 24 小时内已写了 %(most)d 条评论，请过些时候再写") % {"most": most}
        super().__init__(text)


class CommentsClosed(Refused):
    def __init__(self):
        super().__init__(_("这件事项已不再接受评论"))


class NotYours(Refused):
    def __init__(self):
        super().__init__(_("这条评论或这件事项与您有关，应当回避，请由其他人处理"))


class NothingToDo(Refused):
    """Somebody else was faster, or it was decided before."""

    def __init__(self):
        super().__init__(_("这条评论已有人处理，请刷新后再看"))


class AnotherDecides(Refused):
    def __init__(self):
        text = _("异议须由屏蔽这条评论以外的人、且不是承办单位的人员裁定")
        super().__init__(text)


# --- writing -----------------------------------------------------------------------------------


def role_of(issue: Issue, person) -> tuple[str, object]:
    """In what role ``person`` speaks here, and for which body. Names nobody.

    Residents who report speak as residents, whatever posts they hold: they stand aside here.
    """
    resident = (Comment.Role.RESIDENT, None)
    is_party = person.pk == issue.reporter_id and issue.source == Source.RESIDENT
    if is_party or is_recused(issue, person):
        return resident
    if in_lead(issue, person):
        return Comment.Role.HANDLER, issue.lead
    bodies = access.rights_of(person).organization_ids("grids.handle_issue")
    if bodies:
        invited = issue.cohandlings.in_force().filter(organization__in=bodies)
        if (grant := invited.select_related("organization").first()) is not None:
            return Comment.Role.INVITED, grant.organization
    paths = [
        path
        for right in ("grids.file_issue", "grids.view_issue")
        for path in access.rights_of(person).area_paths(right)
        if issue.area_path.startswith(path)
    ]
    if not paths:
        return resident
    levels = dispatch.BROAD_LEVELS
    high = all(access.rights_of(person).level_of(path) in levels for path in paths)
    return (Comment.Role.SUBDISTRICT if high else Comment.Role.COMMUNITY), None


def is_open(issue: Issue) -> bool:
    return issue.state not in _CLOSED


@transaction.atomic
def write(
    issue: Issue, *, author, text: str, key: uuid.UUID | None = None, at: datetime | None = None
) -> Comment:
    """Publish ``text`` below the issue; the same author and ``key`` again give the first back.

    Words that look like somebody's name wait for a moderator. Raises CommentsClosed,
    StillPrivate or TooManyComments, with nothing written.
    """
    at, key, text = at or timezone.now(), key or uuid.uuid4(), text.strip()
    if (there := Comment.objects.filter(author=author, key=key).first()) is not None:
        return there
    if not is_open(issue):
        raise CommentsClosed
    if kinds := deidentify.left_in(text):
        raise StillPrivate(kinds)
    role, body = role_of(issue, author)
    if role == Comment.Role.RESIDENT:
        _refuse_too_many(issue, author, at)
    held = deidentify.mask(text) != text
    comment, created = Comment.objects.get_or_create(
        author=author,
        key=key,
        defaults={
            "issue": issue,
            "role": role,
            "organization": body,
            "text": text,
            "at": at,
            "state": C.HELD if held else C.VISIBLE,
        },
    )
    if not created:
        return comment
    if held:
        Moderation.objects.create(
            comment=comment, action=A.HOLD, reason_code=Moderation.Reason.PRIVACY, at=at
        )
        _tell_moderators(comment, _("有评论等您审看"), f"comment-held:{comment.pk}")
    else:
        _tell_of(comment)
    return comment


def _refuse_too_many(issue: Issue, author, at: datetime) -> None:
    recent = Comment.objects.filter(author=author, at__gt=at - timedelta(hours=24), at__lte=at)
    count = recent.aggregate(here=Count("pk", filter=Q(issue=issue)), all=Count("pk"))
    if count["here"] >= MOST_AN_ISSUE:
        raise TooManyComments(MOST_AN_ISSUE)
    if count["all"] >= MOST_A_DAY:
        raise TooManyComments(MOST_A_DAY)


def _tell_of(comment: Comment) -> None:
    """An official answer goes to the reporter and the followers, a resident's words to the desk."""
    if telling.is_silent():
        return
    issue = comment.issue
    if comment.is_official:
        groups = [("followers", following.followers(issue), issue.public_title)]
        if not issue.is_public:
            groups = []
        if issue.reporter_id:
            groups.append(("reporter", [issue.reporter], issue.title))
        heading = _("%(role)s在“%(title)s”下回复")
    else:
        groups = [("desk", urging.whose_turn(issue), issue.title)]
        heading = _("%(role)s在“%(title)s”下评论")
    for audience, people, name in groups:
        people = [person for person in people if person.pk != comment.author_id]
        if people:
            outbox.tell(
                people,
                kind=COMMENT,
                title=heading % {"role": comment.get_role_display(), "title": name},
                text=comment.text,
                url=f"{issue.get_absolute_url()}#comments",
                key=f"comment:{comment.pk}:{audience}",
            )


def _tell_moderators(comment: Comment, title: str, key: str, *, but=()) -> None:
    if telling.is_silent():
        return
    people = moderators_of(comment, but=but)
    if people:
        outbox.tell(
            people,
            kind=telling.TASK,
            title=title,
            text=comment.issue.number,
            url=f"/issues/comments/{comment.pk}/",
            key=key,
        )


# --- who moderates -----------------------------------------------------------------------------


def _parties(comment: Comment) -> set[int]:
    """Whom the comment may be about, who wrote it, who stood aside: they do not judge it."""
    issue = comment.issue
    people = {comment.author_id, issue.reporter_id, issue.handler_id, issue.verifier_id}
    return {*people, *issue.recused_ids} - {None}


def is_party(comment: Comment, person) -> bool:
    return person.pk in _parties(comment)


def moderators_of(comment: Comment, *, but=()) -> list:
    return dispatch.nearest(MODERATE, comment.issue.area_path, excluding={*_parties(comment), *but})


def may_moderate(issue: Issue, person) -> bool:
    return access.rights_of(person).may(MODERATE, area_path=issue.area_path)


def may_decide(comment: Comment, hiding: Moderation, person) -> bool:
    """Another than who hid it, and nobody of the body whose work may be criticised."""
    return (
        person.pk not in {*_parties(comment), hiding.by_id}
        and may_moderate(comment.issue, person)
        and not in_lead(comment.issue, person)
    )


def _locked(comment: Comment, by) -> None:
    comment.refresh_from_db(from_queryset=Comment.objects.select_for_update(of=("self",)))
    if not may_moderate(comment.issue, by) or by.pk in _parties(comment):
        raise NotYours


# --- moderating --------------------------------------------------------------------------------


@transaction.atomic
def hide(
    comment: Comment, *, by, reason_code: str, text: str = "", at: datetime | None = None
) -> Moderation:
    """Put the reason in the place of the words, for everybody but moderators and the author.

    ``text`` is published too. Raises NotYours, NothingToDo or StillPrivate.
    """
    _locked(comment, by)
    if comment.state == C.HIDDEN:
        raise NothingToDo
    if kinds := deidentify.left_in(text):
        raise StillPrivate(kinds)
    row = _set(comment, C.HIDDEN, A.HIDE, by=by, reason_code=reason_code, text=text, at=at)
    _tell_author(
        comment,
        row,
        _("您的评论已被屏蔽"),
        _("原因：%(reason)s。您可以提出一次异议，由另一位工作人员裁定。")
        % {"reason": reason_words(row)},
    )
    return row


@transaction.atomic
def show(comment: Comment, *, by, text: str = "", at: datetime | None = None) -> Moderation:
    """Release a held comment, or take a hiding back that nobody objected to."""
    _locked(comment, by)
    if comment.state == C.VISIBLE or open_objection(comment) is not None:
        raise NothingToDo
    row = _set(comment, C.VISIBLE, A.SHOW, by=by, text=text, at=at)
    _tell_author(comment, row, _("您的评论已显示"), "")
    if not comment.moderations.filter(action=A.HIDE).exists():
        _tell_of(comment)
    return row


@transaction.atomic
def object_to(comment: Comment, *, by, text: str, at: datetime | None = None) -> Moderation:
    """The author objects to the hiding, once. Raises NothingToDo."""
    comment.refresh_from_db(from_queryset=Comment.objects.select_for_update(of=("self",)))
    hiding = objectionable(comment)
    if by.pk != comment.author_id or hiding is None:
        raise NothingToDo
    row = Moderation.objects.create(
        comment=comment,
        action=A.OBJECT,
        text=text.strip(),
        answers=hiding,
        by=by,
        at=at or timezone.now(),
    )
    aside = {hiding.by_id}
    if comment.issue.lead is not None:
        aside |= {person.pk for person in dispatch.members(comment.issue.lead)}
    title = _("评论作者提出异议，请裁定")
    _tell_moderators(comment, title, f"comment-objection:{row.pk}", but=aside)
    return row


@transaction.atomic
def decide(
    comment: Comment, *, by, upheld: bool, text: str, at: datetime | None = None
) -> Moderation:
    """Another moderator decides the objection; ``upheld``: the comment is shown again.

    Raises NotYours, AnotherDecides or NothingToDo.
    """
    _locked(comment, by)
    objection = open_objection(comment)
    if objection is None:
        raise NothingToDo
    if not may_decide(comment, objection.answers, by):
        raise AnotherDecides
    if kinds := deidentify.left_in(text):
        raise StillPrivate(kinds)
    row = _set(
        comment,
        C.VISIBLE if upheld else C.HIDDEN,
        A.RESTORE if upheld else A.KEEP,
        by=by,
        text=text,
        answers=objection,
        at=at,
    )
    title = _("您的异议成立，评论已恢复显示") if upheld else _("您的异议未成立，评论维持屏蔽")
    _tell_author(comment, row, title, text)
    return row


def _set(comment, state, action, *, by, at, text="", reason_code="", answers=None) -> Moderation:
    comment.state = state
    comment.save(update_fields=["state"])
    return Moderation.objects.create(
        comment=comment,
        action=action,
        reason_code=reason_code,
        text=text.strip(),
        answers=answers,
        by=by,
        at=at or timezone.now(),
    )


def _tell_author(comment: Comment, row: Moderation, title: str, text: str) -> None:
    if comment.author is not None and not telling.is_silent():
        outbox.tell(
            [comment.author],
            kind=OWN,
            title=title,
            text=text,
            url=f"/issues/comments/{comment.pk}/",
            key=f"comment-moderated:{row.pk}",
        )


# --- reading -----------------------------------------------------------------------------------


def last_hiding(comment: Comment) -> Moderation | None:
    return comment.moderations.filter(action=A.HIDE).order_by("-pk").first()


def objectionable(comment: Comment) -> Moderation | None:
    """The hiding in force, if nobody has objected to it yet."""
    if comment.state != C.HIDDEN:
        return None
    hiding = last_hiding(comment)
    return None if hiding is None or hasattr(hiding, "answer") else hiding


def open_objection(comment: Comment) -> Moderation | None:
    return (
        comment.moderations.filter(action=A.OBJECT, answer=None).select_related("answers").first()
    )


def reason_words(hiding: Moderation) -> str:
    words = hiding.get_reason_code_display()
    return f"{words}（{hiding.text}）" if hiding.text else str(words)


def below(issue: Issue, *, everything: bool = False) -> list[Comment]:
    """The comments of an issue, oldest first, each with ``hidden_code`` and ``hidden_text``.

    The newest thirty, unless ``everything``. One query.
    """
    hiding = Moderation.objects.filter(comment=OuterRef("pk"), action=A.HIDE).order_by("-pk")
    rows = (
        Comment.objects.filter(issue=issue)
        .select_related("organization")
        .annotate(
            hidden_code=Subquery(hiding.values("reason_code")[:1]),
            hidden_text=Subquery(hiding.values("text")[:1]),
        )
        .order_by("-at", "-pk")
    )
    found = list(rows[:500] if everything else rows[: SHOWN + 1])
    found.reverse()
    return found


def waiting(person):
    """Comments that wait for ``person`` as a moderator: held ones, and objections to decide."""
    objected = Moderation.objects.filter(action=A.OBJECT, answer=None)
    mine = access.scope(
        Comment.objects.filter(
            Q(state=C.HELD) | Q(pk__in=objected.exclude(answers__by=person).values("comment"))
        ),
        person,
        MODERATE,
        path_field="issue__area_path",
    )
    return (
        mine.exclude(author=person)
        .exclude(issue__reporter=person)
        .exclude(issue__handler=person)
        .exclude(issue__verifier=person)
        .exclude(issue__recused_ids__contains=[person.pk])
    )
