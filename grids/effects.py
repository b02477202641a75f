"""What a verb changes in an issue: the ``effect`` column of the table in ``grids.flow``."""

from django.utils.translation import gettext as _

from grids import deidentify, dispatch, photos, responsibilities
from grids.models import Level
from grids.refusals import (
    NotACandidate,
    NotDissatisfied,
    RatingOver,
    ReopenedBefore,
    StillPrivate,
)
from rules.workflow import Missing

FILED_FIELDS = ("level", "urgency", "area", "place_text")
PUBLIC_FIELDS = ("public_title", "public_summary", "public_place")


def of_filing(issue, move):
    data = move.data
    issue.category = data["category"]
    for name in FILED_FIELDS:
        if data.get(name):
            setattr(issue, name, data[name])
    for name in PUBLIC_FIELDS:
        setattr(issue, name, (data.get(name) or "").strip())
    issue.is_public = bool(data.get("publish", True) and issue.category.is_public)
    if issue.is_public:
        issue.public_title = issue.public_title or deidentify.mask(issue.title)
        _refuse_private(*(getattr(issue, name) for name in PUBLIC_FIELDS))
    issue.filed_at = move.at
    photos.approve(issue, data.get("public_photos") or (), by=move.by)


def _refuse_private(*texts: str) -> None:
    kinds = dict.fromkeys(kind for text in texts for kind in deidentify.left_in(text))
    if kinds:
        raise StillPrivate(list(kinds))


def of_dispatching(issue, move):
    lead = move.data["lead"]
    if (answer := responsibilities.may_lead(lead, issue.category, issue.area)) is not True:
        raise responsibilities.NotOnDutyList(answer)
    possible = {one.organization.pk for one in dispatch.candidates(issue, move.by)}
    if lead.pk not in possible:
        raise NotACandidate(lead)
    issue.lead, issue.handler, issue.dispatched_at = lead, None, move.at
    issue.signed_at = issue.contacted_at = None


def of_signing(issue, move):
    issue.handler, issue.signed_at = move.by, move.at


def of_taking_over(issue, move):
    move.data["before"] = issue.handler
    issue.handler = move.by


def of_contact(issue, move):
    issue.contacted_at = issue.contacted_at or move.at


def of_reporting(issue, move):
    pictures = move.data.get("photos") or ()
    without = (move.data.get("no_photo_reason") or "").strip()
    if not pictures and not without:
        raise Missing({"photos": _("办理后照片，或没有照片的原因")})
    issue.result = move.data["result"].strip()
    issue.no_photo_reason = "" if pictures else without
    issue.public_result = deidentify.mask(issue.result)
    issue.handled_at = move.at


def of_closing(issue, move):
    issue.verifier, issue.closed_at = move.by, move.at
    if (words := (move.data.get("public_result") or "").strip()) and issue.is_public:
        issue.public_result = words
    if issue.is_public:
        _refuse_private(issue.public_result)
    if (tokens := move.data.get("public_photos")) is not None:
        photos.approve(issue, tokens, by=move.by)


def of_rework(issue, move):
    issue.rework_count += 1
    issue.handled_at = None


def keep_rating(issue, move):
    issue.solved = bool(move.data["solved"])
    issue.stars = int(move.data["stars"])
    issue.rating_comment = (move.data.get("comment") or move.reason or "").strip()
    issue.rated_at = move.at


def refuse_late_rating(issue, move):
    if issue.due_at is not None and move.at > issue.due_at:
        raise RatingOver


def of_rating(issue, move):
    refuse_late_rating(issue, move)
    keep_rating(issue, move)


def of_reopening(issue, move):
    refuse_late_rating(issue, move)
    if issue.reopened_count:
        raise ReopenedBefore
    if move.data.get("stars") is not None and move.data.get("solved") is not None:
        keep_rating(issue, move)
    if issue.solved is None:
        raise Missing({"solved": _("是否解决"), "stars": _("满意度")})
    if not issue.is_dissatisfied:
        raise NotDissatisfied
    issue.reopened_count += 1
    move.data["level_before"] = issue.level
    issue.level = Level(issue.level).above
    move.data["lead_before"] = issue.lead
    issue.handler = issue.verifier = None
    issue.handled_at = issue.closed_at = None
