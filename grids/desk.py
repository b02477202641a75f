"""Entry on behalf: a worker writes down what somebody says at the counter or on the phone.

Whoever reports stays who they are: a resident with an account, a caller without one, or nobody.
The result is told by short message to those who agreed, else a worker rings them up.
"""

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import handling, photos
from grids.models import Caller, CallerReveal, Category, DeskEntry, Issue, Source, State
from grids.who import in_lead, is_handler, is_recused
from orgs import access
from orgs.contacts import (
    REASON_MIN_LENGTH,
    NotEntitled,
    NothingToReveal,
    ReasonTooShort,
    reveal_for_duty,
)
from orgs.models import Area, AreaLevel, Person
from rules.refusals import Refused

RIGHT = "grids.file_issue"
# States whose answer somebody has to be told.
ANSWERED = (State.CLOSED, State.RATED, State.NOT_ACCEPTED)


class NotYourPlace(Refused):
    def __init__(self):
        super().__init__(_("只能代录自己辖区内的事项"))


class ToldAlready(Refused):
    def __init__(self):
        super().__init__(_("结果已经告知过了"))


def places(person) -> tuple[list[Area], dict[str, Area]]:
    """Grids where ``person`` may enter, and their communities by path."""
    where = Q(pk__in=[])
    for path in access.rights_of(person).area_paths(RIGHT):
        where |= Q(path__startswith=path)
    grids = list(Area.objects.open().filter(where, level=AreaLevel.GRID))
    above = {grid.path[: -Area.steplen] for grid in grids}
    return grids, {area.path: area for area in Area.objects.filter(path__in=above)}


def enter(
    *,
    by: Person,
    area: Area,
    category: Category,
    text: str,
    how: str,
    identity: str,
    key: uuid.UUID,
    resident: Person | None = None,
    name: str = "",
    phone: str = "",
    wants_sms: bool = False,
    consented: bool = False,
    pictures: Iterable[photos.Ready] = (),
    **more,
) -> Issue:
    """Post for ``resident``, or for a caller of that name and phone, or for nobody.

    The same ``by`` and ``key`` again give the first issue back. Raises NotYourPlace and what
    posting raises, with nothing written.
    """
    if not access.rights_of(by).may(RIGHT, area_path=area.path):
        raise NotYourPlace
    with photos.writing(), transaction.atomic():
        # The person's row is the lock between two presses of the button.
        Person.objects.select_for_update(no_key=True).get(pk=by.pk)
        there = DeskEntry.objects.filter(entered_by=by, key=key).select_related("issue").first()
        if there is not None:
            return there.issue
        caller, named = None, bool(name.strip() or phone.strip())
        if resident is None:
            caller = Caller(name=name.strip(), recorded_by=by, wants_sms=wants_sms)
            caller.phone = phone
            caller.save()
        issue = handling.post(
            reporter=resident,
            caller=caller,
            entered_by=by,
            how_entered=how,
            area=area,
            category=category,
            text=text,
            pictures=pictures,
            key=key,
            anonymous=resident is None and not named,
            **more,
        )
        DeskEntry.objects.create(
            issue=issue,
            entered_by=by,
            key=key,
            how=how,
            identity=identity,
            consented=consented,
        )
    return issue


@transaction.atomic
def told(entry: DeskEntry, *, by, note: str) -> None:
    """Somebody rang up, or said it at the counter. Raises ToldAlready."""
    entry.refresh_from_db(from_queryset=DeskEntry.objects.select_for_update(no_key=True))
    if entry.told_at is not None:
        raise ToldAlready
    entry.told_at, entry.told_by, entry.told_note = timezone.now(), by, note.strip()
    entry.save(update_fields=["told_at", "told_by", "told_note"])


def to_be_told(person):
    """Entries with an answer that nobody has passed on yet, over the places of ``person``."""
    entries = DeskEntry.objects.filter(told_at=None, issue__state__in=ANSWERED)
    reachable = Q(issue__caller__wants_sms=False) & ~Q(issue__caller__phone_digest="")
    return (
        access.scope(entries, person, RIGHT, path_field="issue__area_path")
        .filter(reachable)
        .select_related("issue", "issue__caller")
        .order_by("issue__closed_at")
    )


def phone_of(ident: str) -> str:
    """For the inbox: the phone of a caller who agreed to short messages; "" once forgotten."""
    caller = Caller.objects.filter(pk=ident, wants_sms=True).first() if ident.isdigit() else None
    return caller.phone if caller else ""


@transaction.atomic
def ring_up(issue: Issue, *, by, reason: str) -> str:
    """The whole phone of who reported, with a row in the log: each look is one.

    Raises orgs.contacts.RevealRefused, with nothing written.
    """
    if not may_ring(issue, by):
        raise NotEntitled
    if issue.reporter is not None:
        return reveal_for_duty(issue.reporter, by=by, area=issue.area, reason=reason)
    reason = " ".join(reason.split())
    if len(reason) < REASON_MIN_LENGTH:
        raise ReasonTooShort
    if not issue.caller.phone_cipher:
        raise NothingToReveal
    CallerReveal.objects.create(issue=issue, seen_by=by, reason=reason[:200])
    return issue.caller.phone


def is_to_be_told(entry: DeskEntry) -> bool:
    """``to_be_told`` for one entry (with its issue and caller)."""
    caller = entry.issue.caller
    return (
        entry.told_at is None
        and entry.issue.state in ANSWERED
        and caller is not None
        and not caller.wants_sms
        and bool(caller.phone_digest)
    )


# --- who may know ------------------------------------------------------------------------------


def works_over(issue: Issue, person) -> bool:
    return access.rights_of(person).may(RIGHT, area_path=issue.area_path)


def may_know_caller(issue: Issue, person) -> bool:
    """Works over the place, and is not whom it is about; a lead from outside never."""
    if is_recused(issue, person) or issue.anonymous:
        return False
    return works_over(issue, person) and (
        issue.shows_reporter_to_handlers() or not in_lead(issue, person)
    )


def may_ring(issue: Issue, person) -> bool:
    """May ``person`` see the whole phone of who reported, against a reason and a log row?

    Who rang 12345 is another matter (``grids.hotline.callers``).
    """
    if issue.source == Source.HOTLINE:
        return False
    if issue.reporter_id is None:
        return issue.caller_id is not None and may_know_caller(issue, person)
    if is_recused(issue, person) or issue.anonymous or person.pk == issue.reporter_id:
        return False
    if is_handler(issue, person) and issue.shows_reporter_to_handlers():
        return True
    return may_know_caller(issue, person)
