"""The verbs of the issue loop as everything else calls them: post, advance, and who may what.

The table is ``grids.flow.flow``.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from grids import deidentify, limits, numbers, photos, telling
from grids.flow import flow
from grids.models import Category, Issue, Patrol, Source, State, Urgency
from grids.who import in_lead
from orgs import access
from orgs.models import Area
from rules import profiles
from rules.workflow import Transition

RULES = "ISSUE-CLOCKS"
TITLE_LENGTH = 24


def available(issue: Issue, person) -> list[Transition]:
    """The table's answer, without what has become pointless: rating after its time, say."""
    over = issue.due_at is not None and issue.due_at < timezone.now()
    acknowledged = (
        issue.state == State.SUBMITTED and issue.steps.filter(verb="acknowledge").exists()
    )

    def is_pointless(verb: str) -> bool:
        return (
            (verb in {"rate", "reopen"} and over)
            or (verb == "reopen" and issue.reopened_count > 0)
            or (verb == "reopen" and issue.state == State.RATED and not issue.is_dissatisfied)
            or (verb == "acknowledge" and acknowledged)
            or (verb == "contact" and issue.contacted_at is not None)
        )

    return [row for row in flow.available(issue, person) if not is_pointless(row.verb)]


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
    pictures: Iterable[photos.Ready] = (),
    key: uuid.UUID | None = None,
    source: str = Source.RESIDENT,
    at: datetime | None = None,
) -> Issue:
    """Take in an issue; the same reporter and ``key`` again give the first one back.

    ``pictures`` and the drafts kept under ``key`` become its photos. The number is the next of
    the subdistrict's day. Raises NoProfile or PhotoRefused, with nothing written.
    """
    at, key = at or timezone.now(), key or uuid.uuid4()
    with photos.writing(), transaction.atomic():
        series = numbers.lock_series(area)
        if (there := Issue.objects.filter(reporter=reporter, posting_key=key).first()) is not None:
            return there
        rules = profiles.in_force(RULES, place=area.code, on=timezone.localdate(at)).freeze()
        issue = Issue(
            number=numbers.take(series, timezone.localdate(at)),
            posting_key=key,
            reported_at=at,
            source=source,
            reporter=reporter,
            anonymous=anonymous,
            about_lead=about_lead,
            patrol=patrol,
            category=category,
            area=area,
            place_text=place_text.strip(),
            title=(title.strip() or deidentify.title_from(text, TITLE_LENGTH))[:60],
            description=text.strip(),
            level=category.default_level,
            urgency=_urgency(category, text),
            clock_rules=rules,
        )
        photos.keep(pictures, draft_key=key, by=reporter)
        sent = list(photos.drafts(key, reporter))
        if len(sent) > photos.MOST_PHOTOS:
            raise photos.TooMany

        def attach(issue, move):
            photos.attach(sent, issue, move.step)
            telling.of_posting(issue, move)

        flow.open(issue, by=reporter, verb="submit", at=at, clock=limits.of_posting, tells=attach)
    return issue


def _urgency(category: Category, text: str) -> str:
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
        step = flow.advance(issue, verb, by=by, **data)
        photos.attach(sent, issue, step)
    return step


def is_worker(issue: Issue, person) -> bool:
    """Has ``person`` to do with it by a post: over the place, or in the lead body?"""
    rights = access.rights_of(person)
    return in_lead(issue, person) or any(
        rights.may(right, area_path=issue.area_path)
        for right in ("grids.view_issue", "grids.file_issue")
    )
