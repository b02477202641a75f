"""Following an issue, saying that it affects one too, and hearing what becomes of it.

Followers are told of what the public may read, in the public's words. The reporter needs no
``Follow``: the table's own ``tells`` speak to them, and they are left out here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, DateTimeField, F, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch, handling, telling, timeline, urging
from grids.models import ENDED, Follow, Issue
from inbox import outbox
from orgs.models import Person, Residence
from rules.refusals import Refused

PROGRESS, ANSWER = "grids.followed_progress", "grids.followed_answer"
AFFECTED_TOLD = (3, 10)  # households
ANSWERS = {"verify"}  # verbs that bring an answer
# Public, but nothing one would want to be told: the receipt of posting, the archive.
UNTOLD = {"submit", "archive"}


class OwnIssue(Refused):
    def __init__(self):
        super().__init__(_("这是您反映的事项，每一步都会告诉您，不用关注"))


class NotFollowing(Refused):
    def __init__(self):
        super().__init__(_("您没有关注这件事项"))


class NotAffected(Refused):
    def __init__(self):
        super().__init__(_("您没有表示过也受影响"))


class AlreadyEnded(Refused):
    def __init__(self):
        super().__init__(_("这件事项已经结束。还有同样的问题，请重新反映"))


def concerns(issue: Issue, person) -> bool:
    """Is the matter ``person``'s own, or their work?"""
    return person.is_authenticated and (
        person.pk == issue.reporter_id or handling.is_worker(issue, person)
    )


def may_read(issue: Issue, person) -> bool:
    return issue.is_public or concerns(issue, person)


# --- verbs -------------------------------------------------------------------------------------


def follow(issue: Issue, *, person, at: datetime | None = None) -> Follow:
    """Tell ``person`` of every public step from now on. Again changes nothing."""
    return _follow(issue, person=person, why=Follow.Why.CHOSEN, also=False, at=at)


def also_affects(issue: Issue, *, person, at: datetime | None = None) -> Follow:
    """``person`` has the same trouble: follows, and their household counts among the affected.

    Tells whoever is on it when the third and the tenth household says so.
    Raises OwnIssue, or AlreadyEnded once the matter is closed.
    """
    if issue.state in ENDED:
        raise AlreadyEnded
    return _follow(issue, person=person, why=Follow.Why.ALSO_AFFECTED, also=True, at=at)


@transaction.atomic
def _follow(issue, *, person, why, also, at) -> Follow:
    if person.pk == issue.reporter_id:
        raise OwnIssue
    at = at or timezone.now()
    # Two taps at once meet at the unique constraint; get_or_create gives the second the first's.
    there, _created = Follow.objects.get_or_create(
        issue=issue, person=person, defaults={"why": why, "since": at}
    )
    row = Follow.objects.select_for_update().get(pk=there.pk)
    fields = []
    if row.ended_at is not None:
        row.ended_at, row.since, row.why = None, at, why
        fields += ["ended_at", "since", "why"]
    if also and not row.also_affects_me:
        row.also_affects_me, row.household = True, home_near(issue, person)
        fields += ["also_affects_me", "household"]
        if row.why == Follow.Why.CHOSEN:
            row.why = why
            fields.append("why")
    if fields:
        row.save(update_fields=fields)
    if also:
        _tell_of_many(issue)
    return row


@transaction.atomic
def stop(issue: Issue, *, person, at: datetime | None = None) -> None:
    """No more messages. Who is affected stays counted: the trouble does not end with them."""
    if not _end(Follow.objects.current().filter(issue=issue, person=person), at or timezone.now()):
        raise NotFollowing


def _end(follows, at: datetime) -> int:
    return follows.update(ended_at=Greatest("since", Value(at, DateTimeField())))


@transaction.atomic
def no_longer_affects(issue: Issue, *, person) -> None:
    """It was a mistake: the household is not counted; following goes on."""
    said = Follow.objects.filter(issue=issue, person=person, also_affects_me=True)
    if not said.update(also_affects_me=False, household=None):
        raise NotAffected


def home_near(issue: Issue, person):
    """The household of ``person`` that lies nearest the matter, verified or not."""
    homes = [
        row.household
        for row in Residence.objects.current().filter(person=person).select_related("household")
    ]
    here = set(dispatch.around(issue.area_path))

    def nearness(home):
        return len(here.intersection(dispatch.around(home.area_path))), -home.pk

    return max(homes, key=nearness, default=None)


# --- figures -----------------------------------------------------------------------------------

# A household counts once somebody's residence there was verified; moving away later does not
# make the matter smaller.
COUNTED = Q(
    also_affects_me=True,
    household__residences__person=F("person"),
    household__residences__state=Residence.State.VERIFIED,
)


@dataclass(frozen=True)
class Standing:
    """How many households are affected, and how one person stands to the issue."""

    households: int = 0
    follows: bool = False
    affected: bool = False


def standing(issues: Iterable[Issue], person) -> dict[int, Standing]:
    """Per issue (pk) with any voice: one query for all of them."""
    mine = Q(person=person.pk) if person.is_authenticated else Q(pk=None)
    rows = (
        Follow.objects.filter(issue__in=list(issues))
        .values("issue")
        .annotate(
            households=Count("household", distinct=True, filter=COUNTED),
            follows=Count("pk", filter=mine & Q(ended_at=None)),
            affected=Count("pk", filter=mine & Q(also_affects_me=True)),
        )
    )
    return {
        row["issue"]: Standing(row["households"], bool(row["follows"]), bool(row["affected"]))
        for row in rows
    }


def households_affected(issue: Issue) -> int:
    found = Follow.objects.filter(COUNTED, issue=issue)
    return found.aggregate(n=Count("household", distinct=True))["n"]


def followers(issue: Issue):
    """Who is to be told: everybody who follows, without the reporter."""
    people = Person.objects.filter(
        pk__in=Follow.objects.current().filter(issue=issue).values("person")
    )
    return people.exclude(pk=issue.reporter_id) if issue.reporter_id else people


# --- telling -----------------------------------------------------------------------------------


def _tell_of_many(issue: Issue) -> None:
    """The third and the tenth household, once each, whoever jumps over them."""
    if telling.is_silent() or issue.state in ENDED:
        return
    count = households_affected(issue)
    for many in AFFECTED_TOLD:
        people = urging.whose_turn(issue) if count >= many else []
        if people:
            outbox.tell(
                people,
                kind=telling.TASK,
                title=_("已有 %(count)d 户表示也受影响：%(title)s")
                % {"count": count, "title": issue.title},
                text=_("请考虑提高紧急程度，或向受影响的居民统一说明。"),
                url=issue.get_absolute_url(),
                key=f"issue-affected:{issue.pk}:{many}",
            )


def tell_followers(sender, record: Issue, move, **_more) -> None:
    """Receiver of ``moved``: what the public may read, once per step, in public words."""
    issue = record
    if move.verb == "merge":
        carry_over(issue, move)
        return
    if telling.is_silent() or move.verb in UNTOLD or not timeline.is_public_step(move.verb):
        return
    told = followers(issue)
    if move.by is not None:
        told = told.exclude(pk=move.by.pk)
    if not issue.is_public:
        # Whose own matter was merged into it is owed an answer all the same; nobody else.
        told = told.filter(pk__in=issue.merged.values("reporter"))
    people = list(told)
    if not people:
        return
    is_answer = move.verb in ANSWERS
    title = _("您关注的事项已办结：%(title)s") if is_answer else _("您关注的事项有进展：%(title)s")
    name = issue.public_title if issue.is_public else _("您反映的、已合并办理的事项")
    outbox.tell(
        people,
        kind=ANSWER if is_answer else PROGRESS,
        title=title % {"title": name},
        text=_public_words(issue, move),
        url=issue.get_absolute_url() if issue.is_public else "/issues/?show=mine",
        key=f"issue:{issue.pk}:{move.step.pk}:followers",
    )


def _public_words(issue: Issue, move) -> str:
    (entry,) = timeline.entries(issue, [move.step], [], audience=timeline.PUBLIC)
    said = [entry.title, entry.text]
    if move.verb in ANSWERS:
        said.append(issue.public_result)
    return "\n".join(words for words in said if words)


# --- merging -----------------------------------------------------------------------------------


def carry_over(issue: Issue, move) -> None:
    """``issue`` was merged into its parent: reporter and followers follow the parent from now on.

    The reporter counts among the affected, as does who said so. Followers are told here, the
    reporter by the table's own words.
    """
    parent = issue.parent
    told = []
    if issue.reporter_id:
        _join(parent, issue.reporter, also=True, at=move.at)
    for row in issue.follows.select_related("person"):
        is_current = row.ended_at is None
        if is_current or row.also_affects_me:
            _join(parent, row.person, also=row.also_affects_me, at=move.at, follows=is_current)
        if is_current and row.person_id != parent.reporter_id:
            told.append(row.person)
    _end(issue.follows.current(), move.at)
    _tell_of_many(parent)
    told = [person for person in told if move.by is None or person.pk != move.by.pk]
    if told and parent.is_public and not telling.is_silent():
        outbox.tell(
            told,
            kind=PROGRESS,
            title=_("您关注的事项已并入另一件一起办理"),
            text=_("以后请看“%(title)s”，有进展会继续告诉您。") % {"title": parent.public_title},
            url=parent.get_absolute_url(),
            key=f"issue:{issue.pk}:{move.step.pk}:followers",
        )


def _join(parent: Issue, person, *, also: bool, at: datetime, follows: bool = True) -> None:
    """Follow ``parent`` because of a merge; without ``follows`` only the household counts."""
    if person.pk == parent.reporter_id:
        return
    row, created = Follow.objects.get_or_create(
        issue=parent, person=person, defaults={"why": Follow.Why.MERGED, "since": at}
    )
    if follows:
        row.why, row.ended_at = Follow.Why.MERGED, None
    elif created:
        row.ended_at = at
    if also and not row.also_affects_me:
        row.also_affects_me, row.household = True, home_near(parent, person)
    row.save(update_fields=["why", "also_affects_me", "household", "ended_at"])
