"""Pictures behind the demo's claims: a few are drawn, and no two files are the same.

A comment in the file tells them apart, as the same picture sent twice is what the group looks for.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime

from orgs.uploads import Ready, store
from points import evidence
from points.models import ClaimEvidence
from portal.seeding.issues import drawing
from portal.seeding.points.story import Story
from portal.seeding.points.writing import copy_in, copy_lines

DRAWN = 6
NEEDED = {"photo", "document"}


class Album:
    """Hands out pictures; inside ``uploads.writing``."""

    def __init__(self, rng):
        self.rng, self.number = rng, 0
        self._numbers: dict[str, int] = {}  # digest → number of the picture
        self.drawn = drawing.pictures(rng, DRAWN)

    def photo(self, by: int, at: datetime, *, like: ClaimEvidence | None = None) -> ClaimEvidence:
        """A row to be, with its files. ``like``: the very same picture, sent once more."""
        self.number += 1
        number = self._numbers[like.digest] if like else self.number
        picture: Ready = self.drawn[number % DRAWN]
        small = _told_apart(picture.small, number)
        photo = ClaimEvidence(
            token=f"{self.rng.getrandbits(144):024x}"[:24],
            draft_key=uuid.UUID(int=self.rng.getrandbits(128), version=4),
            uploaded_by_id=by,
            width=picture.width,
            height=picture.height,
            digest=hashlib.sha256(small).hexdigest(),
            created_at=at,
        )
        self._numbers[photo.digest] = number
        for size in evidence.SIZES:
            store(evidence.path_of(photo, size), small)
        return photo


def _told_apart(jpeg: bytes, number: int) -> bytes:
    words = f"demo {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + jpeg[2:]


def attach(album: Album, stories: Iterable[Story], *, twice: int | None = None) -> None:
    """A picture for each claim that needs one; those of one list share theirs.

    ``twice``: the community in whose open month two claims show the same picture.
    """
    sheets: dict[tuple, ClaimEvidence] = {}
    pairs: list[tuple[ClaimEvidence, int]] = []
    last: ClaimEvidence | None = None
    for story in stories:
        claim, deed = story.claim, story.deed
        if deed.version.evidence not in NEEDED or deed.claimant is None:
            continue
        key = (deed.sheet, claim.claimant_id)
        if key not in sheets:
            again = last if twice == claim.community_id and claim.batch_id is None else None
            sheets[key] = album.photo(claim.claimant_id, claim.claimed_at, like=again)
            if again is not None:
                twice = None
            if claim.community_id == twice and claim.batch_id is None:
                last = sheets[key]
        pairs.append((sheets[key], claim.pk))
    copy_in(ClaimEvidence, sheets.values())
    lines = (f"{photo.pk}\t{claim}\n" for photo, claim in pairs)
    copy_lines(ClaimEvidence.claims.through, ("claimevidence_id", "claim_id"), lines)
