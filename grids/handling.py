"""The verbs of the issue loop as everything else calls them: post, advance, and who may what.

The table is ``grids.flow.flow``.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from grids import cohandling, deidentify, delays, limits, numbers, photos, telling
from grids.flow import flow
from grids.models import Caller, Category, ClockKind, Issue, Patrol, Source, State, Urgency
from grids.who import in_lead, invited
from orgs import access
from orgs.models import Area
from rules import clocks, profiles
from rules.workflow import Transition

TITLE_LENGTH = 24
BY_TIMER = frozenset({"archive", "call", "uncall"})  # verbs no person has


def available(issue: Issue, person) -> list[Transition]:
    """The table's answer, without what has become pointless: rating after its time, say."""
    now = timezone.now()
    return [
        row
        for row in flow.available(issue, person)
        if not _is_pointless(issue, row.verb, person, now)
    ]


def _is_pointless(issue: Issue, verb: str, person, now: datetime) -> bool:
    over = issue.due_at is not None and issue.due_at < now
    match verb:
        case "rate":
            return over
        case "reopen":
            facts = issue.clock_rules["params"]["reopen_new_facts"]
            ends = clocks.reckon(facts["unit"], facts["amount"], issue.closed_at).due
            return issue.reopened_count > 0 or ends < now
        case "acknowledge":
            return issue.steps.filter(verb="acknowledge").exists()
        case "not_accept":
            return issue.objected_at is not None
        case "object":
            return issue.objected_at is not None or over
        case "contact":
            return issue.contacted_at is not None
        case "send_back":
            return issue.arbitrated_at is not None or limits.return_ends(issue) < now
        case "ask_delay":
            return over or delays.pending(issue) is not None
        case "arrive":
            clock = limits.clock_of(issue, ClockKind.ARRIVE)
            return clock is None or clock.stopped_at is not None
        case "dismiss":
            return not cohandling.grants(issue)
    return False


def why_not(issue: Issue, person) -> list[str]:
    """Sentences that say why this person must stand aside now (recusal), each once."""
    state = flow.state_of(issue)
    said = (row.refuses(issue, person) for row in flow.transitions if state in row.sources)
    return list(dict.fromkeys(text for text in said if text))


def post(
    *,
    reporter,
    category: Category,
    area: Area,
    text: str,
    place_text: str = "",
    title: str = "",
    anonymous: bool = False,
    about_lead: bool = False,
    patrol: Patrol | None = None,
    caller: Caller | None = None,
    entered_by=None,
    how_entered: str = "",
    pictures: Iterable[photos.Ready] = (),
    key: uuid.UUID | None = None,
    source: str = Source.RESIDENT,
    at: datetime | None = None,
) -> Issue:
    """Take in an issue; the same reporter and ``key`` again give the first one back.

    ``entered_by`` writes it down for ``reporter``, or for ``caller`` when nobody with an account
    reports (``grids.desk``). ``pictures`` and the drafts kept under ``key`` become its photos. The
    number is the next of the subdistrict's day. Raises NoProfile or PhotoRefused, with nothing
    written.
    """
    at, key = at or timezone.now(), key or uuid.uuid4()
    with photos.writing(), transaction.atomic():
        series = numbers.lock_series(area)
        if (there := Issue.objects.filter(reporter=reporter, posting_key=key).first()) is not None:
            return there
        rules = profiles.in_force(limits.RULES, place=area.code, on=timezone.localdate(at)).freeze()
        issue = Issue(
            number=numbers.take(series, timezone.localdate(at)),
            posting_key=key,
            reported_at=at,
            source=source,
            reporter=reporter,
            anonymous=anonymous,
            about_lead=about_lead,
            patrol=patrol,
            caller=caller,
            category=category,
            area=area,
            place_text=place_text.strip(),
            title=(title.strip() or deidentify.title_from(text, TITLE_LENGTH))[:60],
            description=text.strip(),
            level=category.default_level,
            urgency=urgency_of(category, text),
            clock_rules=rules,
        )
        by = entered_by or reporter
        photos.keep(pictures, draft_key=key, by=by)
        sent = list(photos.drafts(key, by))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany

        def attach(issue, move):
            photos.attach(sent, issue, move.step)
            telling.of_posting(issue, move)

        more = {"on_behalf": how_entered} if entered_by is not None else {}
        flow.open(issue, by=by, verb="submit", at=at, clock=limits.of_posting, tells=attach, **more)
    return issue


def urgency_of(category: Category, text: str) -> str:
    """As urgent as the category, more when the words sound like danger."""
    return Urgency.URGENT if deidentify.sounds_dangerous(text) else category.default_urgency


def advance(
    issue: Issue, verb: str, *, by, pictures: Iterable[photos.Ready] = (), key=None, **data
):
    """``flow.advance``, with pictures that come along (and drafts kept under ``key``).

    They become after-photos of the step. Raises what the table raises; then no file stays.
    """
    with photos.writing(), transaction.atomic():
        key = key or uuid.uuid4()
        photos.keep(pictures, draft_key=key, by=by, kind="after")
        sent = list(photos.drafts(key, by))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany
        if sent:
            data["photos"] = sent
        if verb == "merge" and isinstance(parent := data.get("parent"), Issue):
            _lock_both(issue, parent)
        step = flow.advance(issue, verb, by=by, **data)
        photos.attach(sent, issue, step)
    return step


def _lock_both(issue: Issue, parent: Issue) -> None:
    """In order of their keys: two who merge two issues into each other queue up."""
    pks = [issue.pk, parent.pk]
    list(Issue.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def is_worker(issue: Issue, person) -> bool:
    """Has ``person`` to do with it by a post: over the place, in the lead or an invited body?"""
    if issue.state == State.DRAFT:
        return False
    rights = access.rights_of(person)
    return (
        in_lead(issue, person)
        or any(
            rights.may(right, area_path=issue.area_path)
            for right in ("grids.view_issue", "grids.file_issue")
        )
        or invited(issue, person)
    )
