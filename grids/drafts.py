"""Drafts: a report kept for later. Nobody but its writer sees it; number and clocks begin when it
is handed in.
"""

import logging
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import pgtrigger
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import deidentify, handling, photos
from grids.flow import flow
from grids.models import Category, Issue, IssueStep, Photo, Source, State
from inbox import outbox
from orgs.models import Area, Person
from rules.refusals import Refused

logger = logging.getLogger(__name__)

MOST = 20  # of one person
LIVES, WARNED = timedelta(days=30), timedelta(days=27)
KIND = "grids.issue_progress"


class TooManyDrafts(Refused):
    def __init__(self):
        super().__init__(_("最多保存 %(count)d 份草稿，请先提交或丢弃几份") % {"count": MOST})


class HandedInMeanwhile(Refused):
    def __init__(self):
        super().__init__(_("这份草稿已经提交或丢弃，不能再改"))


def of(person):
    """The person's own, the last touched first."""
    return Issue.objects.filter(reporter=person, state=State.DRAFT).order_by("-reported_at")


def keep(
    *,
    person: Person,
    key: uuid.UUID,
    area: Area,
    category: Category | None = None,
    pictures: Iterable[photos.Ready] = (),
    source: str = Source.RESIDENT,
    at: datetime | None = None,
    **fields,
) -> Issue:
    """Keep what was written so far; the same person and ``key`` again give the first one back.

    Without a category it is kept under 其他事项, to be chosen later. Raises TooManyDrafts or
    PhotoRefused, with nothing written.
    """
    with photos.writing(), transaction.atomic():
        # The person's row is the lock between two presses of the button.
        Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        if (there := Issue.objects.filter(reporter=person, posting_key=key).first()) is not None:
            return there
        if of(person).count() >= MOST:
            raise TooManyDrafts
        draft = Issue(
            number=f"draft-{secrets.token_hex(8)}",
            state=State.DRAFT,
            posting_key=key,
            reporter=person,
            source=source,
        )
        _write(draft, area=area, category=category, at=at, **fields)
        flow.open(draft, by=person, verb="draft", at=draft.reported_at)
        _add(draft, pictures, key)
    return draft


def _write(draft, *, area, category, at=None, text="", place_text="", **flags) -> None:
    draft.area = area
    draft.category = category or Category.objects.filter(is_active=True).get(code="other")
    draft.description, draft.place_text = text.strip(), place_text.strip()
    draft.title = deidentify.title_from(text, handling.TITLE_LENGTH)[:60] or _("（还没有写）")
    draft.anonymous = bool(flags.get("anonymous"))
    draft.about_lead = bool(flags.get("about_lead"))
    draft.level = draft.category.default_level
    draft.urgency = handling.urgency_of(draft.category, text)
    draft.reported_at = at or timezone.now()  # when it was last touched; handing it in sets it anew


def _add(draft: Issue, pictures, key) -> None:
    photos.keep(pictures, draft_key=key, by=draft.reporter)
    sent = list(photos.drafts(key, draft.reporter))
    if len(sent) + draft.photos.count() > photos.MOST_PHOTOS:
        raise photos.TooMany
    photos.attach(sent, draft, None)


def _locked(draft: Issue) -> Issue:
    try:
        draft.refresh_from_db(from_queryset=Issue.objects.select_for_update(of=("self",)))
    except Issue.DoesNotExist:
        raise HandedInMeanwhile from None
    if draft.state != State.DRAFT:
        raise HandedInMeanwhile
    return draft


def change(
    draft: Issue,
    *,
    key: uuid.UUID,
    area: Area,
    category: Category | None,
    pictures: Iterable[photos.Ready] = (),
    drop: Iterable[str] = (),
    **fields,
) -> None:
    """Write over what was kept; ``drop`` are tokens of photos that go. Raises as ``keep``."""
    with photos.writing(), transaction.atomic():
        _locked(draft)
        _write(draft, area=area, category=category, **fields)
        draft.save()
        photos.discard(draft.photos.filter(token__in=list(drop)))
        _add(draft, pictures, key)


def hand_in(draft: Issue, **given) -> None:
    """The last changes, then the verb that gives it number and clocks."""
    with photos.writing(), transaction.atomic():
        change(draft, **given)
        step = handling.advance(draft, "submit", by=draft.reporter)
        Photo.objects.filter(issue=draft, step=None).update(step=step)


@transaction.atomic
def discard(draft: Issue) -> None:
    """It and its photos are gone; nothing of it was ever anybody else's."""
    _locked(draft)
    photos.discard(draft.photos.all())
    with pgtrigger.ignore("grids.IssueStep:append_only"):
        IssueStep.objects.filter(issue=draft).delete()
    draft.delete()


def sweep(now: datetime | None = None) -> int:
    """Tell of drafts that will go in three days, and remove those whose time is over; how many.

    Running twice tells once and removes once. A draft that cannot go is named in the log.
    """
    now = now or timezone.now()
    soon = Issue.objects.filter(
        state=State.DRAFT, reported_at__lt=now - WARNED, reported_at__gte=now - LIVES
    )
    for draft in soon.select_related("reporter"):
        with transaction.atomic():
            _tell(draft, "soon", _("草稿“%(title)s”将在几天后清除"), draft.get_absolute_url())
    gone = 0
    for draft in Issue.objects.filter(state=State.DRAFT, reported_at__lt=now - LIVES):
        try:
            with transaction.atomic():
                _tell(draft, "gone", _("草稿“%(title)s”放了三十天，已清除"), "")
                discard(draft)
                gone += 1
        except HandedInMeanwhile:
            continue
        except Exception:
            logger.exception("draft %s could not be removed", draft.pk)
    return gone


def _tell(draft, what, title, url) -> None:
    outbox.tell(
        [draft.reporter],
        kind=KIND,
        title=title % {"title": draft.title},
        text=_("需要的话，请打开它提交，或再暂存一次。") if url else "",
        url=url,
        key=f"draft:{draft.pk}:{draft.reported_at:%Y%m%d}:{what}",
    )
