"""催单: somebody concerned asks to hurry, once a working day, from posting until it is done."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import deidentify, dispatch, telling
from grids.models import ENDED, Follow, Issue, State, Urge
from grids.refusals import StillPrivate
from inbox import outbox
from orgs.models import AreaLevel, Person
from rules import calendar
from rules.refusals import Refused

ABOVE_AFTER = 3  # every so many urges the level above hears of it too


class NotConcerned(Refused):
    def __init__(self):
        super().__init__(_("反映人和表示“也影响我”的居民可以催办"))


class NothingToUrge(Refused):
    def __init__(self):
        text = _("这件事项已经结束，不用再催。还有问题的，请要求重新办理或重新反映")
        super().__init__(text)


class UrgedToday(Refused):
    def __init__(self):
        text = _("今天已经催过，已转告正在办的人。下一个工作日还没有进展，可以再催一次")
        super().__init__(text)


def may_urge(issue: Issue, person) -> bool:
    """The reporter, and whoever said that it affects them too, as long as it is not over."""
    if not person.is_authenticated or issue.state in {*ENDED, State.DRAFT}:
        return False
    if person.pk == issue.reporter_id:
        return True
    mine = Follow.objects.current().filter(issue=issue, person=person)
    return mine.filter(also_affects_me=True).exists()


def day_of(at: datetime) -> date:
    """The working day an urge counts on: a rest day's belongs to the next working day."""
    return calendar.next_working_day(timezone.localdate(at))


@transaction.atomic
def urge(issue: Issue, *, person, text: str = "", at: datetime | None = None) -> Urge:
    """Pass it on to whoever has to act now; every third urge tells the level above as well.

    Who urges is not said, only whether it was the reporter. Raises NotConcerned, NothingToUrge,
    UrgedToday or StillPrivate, with nothing written.
    """
    at, text = at or timezone.now(), text.strip()
    # Locked as the verbs lock it: nobody urges what is being closed in this moment.
    issue.refresh_from_db(from_queryset=Issue.objects.select_for_update(of=("self",)))
    if issue.state in ENDED:
        raise NothingToUrge
    if not may_urge(issue, person):
        raise NotConcerned
    if kinds := deidentify.left_in(text):
        raise StillPrivate(kinds)
    urged, created = Urge.objects.get_or_create(
        issue=issue,
        person=person,
        counts_on=day_of(at),
        defaults={"text": text, "at": at, "is_reporter": person.pk == issue.reporter_id},
    )
    if not created:
        raise UrgedToday
    _tell(issue, urged)
    return urged


def _tell(issue: Issue, urged: Urge) -> None:
    count = issue.urges.count()
    aside = [urged.person_id]
    people = {person.pk: person for person in whose_turn(issue, excluding=aside)}
    if count % ABOVE_AFTER == 0:
        people |= {person.pk: person for person in _above(issue, excluding=aside)}
    if not people or telling.is_silent():
        return
    who = _("反映人") if urged.is_reporter else _("受影响的居民")
    text = _("%(who)s催办，这件事项共被催办 %(count)d 次。") % {"who": who, "count": count}
    outbox.tell(
        people.values(),
        kind=telling.TASK,
        title=_("催办：%(title)s") % {"title": issue.title},
        text="\n".join(part for part in (text, urged.text) if part),
        url=issue.get_absolute_url(),
        key=f"issue-urge:{urged.pk}",
    )


def whose_turn(issue: Issue, *, excluding: Iterable[int] = ()) -> list[Person]:
    """Who has to act now: the handler, else the lead body, else those nearest who may take it on.

    Never the reporter, nor who stood aside.
    """
    aside = {*excluding, issue.reporter_id, *issue.recused_ids} - {None}
    verb = issue.waits_for
    if verb == "file":
        return dispatch.nearest("grids.file_issue", issue.area_path, excluding=aside)
    if verb == "verify":
        aside |= {issue.handler_id}
        return dispatch.nearest("grids.verify_issue", issue.area_path, excluding=aside)
    if verb not in {"sign", "report", "resume"} or issue.lead is None:
        path = dispatch.node_path(issue)
        return dispatch.nearest("grids.dispatch_issue", path, excluding=aside)
    if issue.handler_id:
        return [] if issue.handler_id in aside else [issue.handler]
    return dispatch.members(issue.lead, excluding=aside)


def _above(issue: Issue, *, excluding: Iterable[int]) -> list[Person]:
    level = AreaLevel.COMMUNITY if issue.level == "L1" else AreaLevel.SUBDISTRICT
    above = issue.area.ancestor(level)
    if above is None:
        return []
    aside = {*excluding, issue.reporter_id, *issue.recused_ids} - {None}
    return dispatch.nearest("grids.dispatch_issue", above.path, excluding=aside)
