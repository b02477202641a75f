"""Pictures behind claims: drawn anew, kept small, shown to whom the claim concerns.

Taken in by ``orgs.uploads``; nothing of the sender's own file is kept. A picture behind no claim
is a draft of a form that had something to correct, and goes after a day.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from orgs import access
from orgs.uploads import Ready, store
from points import who
from points.models import Claim, ClaimEvidence, GuardianConsent

MOST_DRAFTS = 24  # of one person, in all forms that had something to correct
FOLDER = "points"
DRAFTS_LIVE = timedelta(days=1)
SIZES = ("large", "small")


def path_of(photo: ClaimEvidence, size: str) -> str:
    """Where the file lies. ``size``: large or small."""
    return f"{FOLDER}/{photo.token[:2]}/{photo.token}.{size}.jpg"


def keep(pictures: Iterable[Ready], *, draft_key, by) -> list[ClaimEvidence]:
    """Write files and rows, as drafts; inside ``uploads.writing``."""
    kept = []
    for picture in pictures:
        photo = ClaimEvidence(
            draft_key=draft_key,
            uploaded_by=by,
            width=picture.width,
            height=picture.height,
            digest=hashlib.sha256(picture.large).hexdigest(),
        )
        for size in SIZES:
            store(path_of(photo, size), getattr(picture, size))
        photo.save()
        kept.append(photo)
    return kept


def drafts(draft_key, person) -> QuerySet[ClaimEvidence]:
    """What ``person`` has sent so far with the form of this key."""
    return _loose().filter(draft_key=draft_key, uploaded_by=person)


def _loose() -> QuerySet[ClaimEvidence]:
    return ClaimEvidence.objects.filter(claims=None, deduction=None)


def make_room(person, wanted: int) -> None:
    """The oldest drafts go first, so that nobody fills the disk with forms that never arrive."""
    mine = _loose().filter(uploaded_by=person)
    kept = mine.order_by("-pk").values_list("pk", flat=True)[: MOST_DRAFTS - wanted]
    remove(mine.exclude(pk__in=list(kept)))


@transaction.atomic
def remove(photos: QuerySet[ClaimEvidence]) -> int:
    """Delete drafts, and their files once that is certain."""
    pks = photos.filter(claims=None, deduction=None).values_list("pk", flat=True)
    gone = list(ClaimEvidence.objects.select_for_update().filter(pk__in=list(pks)))
    names = [path_of(photo, size) for photo in gone for size in SIZES]
    ClaimEvidence.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names], robust=True)
    return len(gone)


def drop_old_drafts(now=None) -> int:
    """Drafts nobody came back for."""
    before = (now or timezone.now()) - DRAFTS_LIVE
    return remove(_loose().filter(created_at__lt=before))


def drop_strays(now=None) -> int:
    """Files without a row (a process died before its commit), older than a day."""
    before = (now or timezone.now()) - DRAFTS_LIVE
    if not default_storage.exists(FOLDER):
        return 0
    dropped = 0
    for folder in default_storage.listdir(FOLDER)[0]:
        names = default_storage.listdir(f"{FOLDER}/{folder}")[1]
        tokens = {name.split(".")[0] for name in names}
        rows = ClaimEvidence.objects.filter(token__in=tokens)
        known = set(rows.values_list("token", flat=True))
        for name in names:
            path = f"{FOLDER}/{folder}/{name}"
            if name.split(".")[0] in known or default_storage.get_modified_time(path) > before:
                continue
            default_storage.delete(path)
            dropped += 1
    return dropped


def may_see(photo: ClaimEvidence, person) -> bool:
    """The sender, who the claim is for, their guardian, and whoever sees the claims of the place.

    Pictures behind a deduction: the sender, the one concerned, and who works on it.
    """
    if photo.uploaded_by_id == person.pk:
        return True
    rights = access.rights_of(person)
    claims = list(photo.claims.only("person", "claimant", "area_path", "community", "batch"))
    if any(person.pk in {claim.person_id, claim.claimant_id} for claim in claims):
        return True
    if any(rights.may(who.VIEW, area_path=claim.area_path) for claim in claims):
        return True
    if any(claim.batch_id and claim.community_id in who.seats_of(person) for claim in claims):
        return True
    if guarded := {claim.person_id for claim in claims}:
        consents = GuardianConsent.objects.given().filter(guardian=person, minor__in=guarded)
        if consents.exists():
            return True
    if photo.deduction is None:
        return False
    return photo.deduction.person_id == person.pk or rights.may(
        who.VIEW, area_path=photo.deduction.area_path
    )


def of_claims(claims: Iterable[Claim]) -> dict[int, list[ClaimEvidence]]:
    """Claim → its pictures; one query."""
    found: dict[int, list[ClaimEvidence]] = {}
    rows = ClaimEvidence.claims.through.objects.filter(
        Q(claim_id__in=[claim.pk for claim in claims])
    ).select_related("claimevidence")
    for row in rows.order_by("claimevidence_id"):
        found.setdefault(row.claim_id, []).append(row.claimevidence)
    return found
