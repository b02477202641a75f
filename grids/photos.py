"""Photos: taken in by what they are, kept small and without traces, shown to whom it concerns.

A picture is decoded and written anew, so nothing of the sender's file but its pixels is ever
served. The original stays beside it for moderation only. Files carry the photo's random token;
when the transaction that keeps them fails, ``writing`` removes what it had written.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw

from grids.models import OriginalView, Photo, Redaction
from grids.models.photos import new_token
from orgs.uploads import (
    FORMATS,
    MOST_PHOTOS,
    SMALL,
    NotAPicture,
    PhotoRefused,
    Ready,
    TooMany,
    drawn_anew,
    encoded,
    read,
    store,
    writing,
)

__all__ = ["FORMATS", "MOST_PHOTOS", "PhotoRefused", "Ready", "TooMany", "read", "writing"]

MOST_DRAFTS = 24  # of one person, in all forms that had something to correct
FOLDER = "issues"
DRAFTS_LIVE = timedelta(days=1)


# --- keeping -----------------------------------------------------------------------------------


def path_of(photo: Photo, size: str) -> str:
    """Where the file lies. ``size``: large, small or original."""
    folder = f"{FOLDER}/{photo.token[:2]}"
    if size == "original":
        return f"{folder}/{photo.token}.original.{FORMATS[photo.original_type]}"
    return f"{folder}/{photo.token}.{size}.jpg"


def public_path(token: str, size: str) -> str:
    """Where the redacted version lies. ``size``: large or small."""
    return f"{FOLDER}/{token[:2]}/{token}.{size}.jpg"


def keep(pictures: Iterable[Ready], *, draft_key, by, kind: str = Photo.Kind.BEFORE) -> list[Photo]:
    """Write files and rows, as drafts; inside ``writing``."""
    kept = []
    for picture in pictures:
        photo = Photo(
            draft_key=draft_key,
            uploaded_by=by,
            kind=kind,
            width=picture.width,
            height=picture.height,
            original_type=picture.original_type,
        )
        for size in ("large", "small", "original"):
            store(path_of(photo, size), getattr(picture, size))
        photo.save()
        kept.append(photo)
    return kept


def drafts(draft_key, person) -> QuerySet[Photo]:
    """What ``person`` has sent so far with the form of this key."""
    return Photo.objects.filter(draft_key=draft_key, uploaded_by=person, issue=None)


def make_room(person, wanted: int) -> None:
    """The oldest drafts go first, so that nobody fills the disk with forms that never arrive."""
    mine = Photo.objects.filter(uploaded_by=person, issue=None)
    kept = mine.order_by("-pk").values_list("pk", flat=True)[: MOST_DRAFTS - wanted]
    remove(mine.exclude(pk__in=list(kept)))


def attach(photos: Iterable[Photo], issue, step) -> None:
    """Drafts become part of ``issue``, sent with ``step``."""
    pks = [photo.pk for photo in photos]
    if pks:
        Photo.objects.filter(pk__in=pks, issue=None).update(issue=issue, step=step)


def remove(photos: QuerySet[Photo]) -> int:
    """Delete drafts, and their files once that is certain."""
    return discard(photos.filter(issue=None))


@transaction.atomic
def discard(photos: QuerySet[Photo]) -> int:
    """Delete photos that nobody but their sender has seen, and their files once that is certain."""
    gone = list(photos.select_for_update(of=("self",)))
    names = [path_of(photo, size) for photo in gone for size in ("large", "small", "original")]
    Photo.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names], robust=True)
    return len(gone)


def erase_private(issue) -> None:
    """Of an issue put away for good: originals, and pictures that were never public.

    The row of one whose original somebody looked at stays, as does the record of the look.
    """
    names = []
    for photo in issue.photos.select_for_update():
        sizes = ("original",) if photo.is_public else ("large", "small", "original")
        names += [path_of(photo, size) for size in sizes]
    issue.photos.filter(is_public=False, views=None).delete()
    transaction.on_commit(lambda: [default_storage.delete(name) for name in names], robust=True)


def drop_old_drafts(now=None) -> int:
    """Drafts nobody came back for."""
    before = (now or timezone.now()) - DRAFTS_LIVE
    return remove(Photo.objects.filter(issue=None, created_at__lt=before))


def drop_strays(now=None) -> int:
    """Files without a row (a process died before its commit), older than a day."""
    before = (now or timezone.now()) - DRAFTS_LIVE
    if not default_storage.exists(FOLDER):
        return 0
    dropped = 0
    for folder in default_storage.listdir(FOLDER)[0]:
        names = default_storage.listdir(f"{FOLDER}/{folder}")[1]
        tokens = {name.split(".")[0] for name in names}
        known = set(Photo.objects.filter(token__in=tokens).values_list("token", flat=True))
        redacted = Photo.objects.filter(redacted_token__in=tokens)
        known |= set(redacted.values_list("redacted_token", flat=True))
        for name in names:
            path = f"{FOLDER}/{folder}/{name}"
            if name.split(".")[0] in known or default_storage.get_modified_time(path) > before:
                continue
            default_storage.delete(path)
            dropped += 1
    return dropped


# --- blacking out ------------------------------------------------------------------------------

Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom lie outside
MOST_BOXES = 60


class NothingBlackedOut(PhotoRefused):
    def __init__(self):
        super().__init__(_("还没有涂黑任何地方：请至少选一格，或画一个黑框"))


class TooManyBoxes(PhotoRefused):
    def __init__(self):
        super().__init__(_("最多涂黑 %(count)d 处") % {"count": MOST_BOXES})


class RedactedMeanwhile(PhotoRefused):
    def __init__(self):
        super().__init__(_("刚才有人涂黑了这张照片，请看过现在的样子再改"))


def redact(photo: Photo, boxes: Iterable[Box], *, by, seen: int | None = None) -> Redaction:
    """Paint ``boxes`` solid black and make that the only version everybody is shown.

    Always painted on the picture as it was sent, so a second try replaces the first. ``seen``:
    how many redactions the person knew of. Raises PhotoRefused, with nothing changed.
    """
    boxes = _within(boxes, photo)
    if not boxes:
        raise NothingBlackedOut
    if len(boxes) > MOST_BOXES:
        raise TooManyBoxes
    with writing(), transaction.atomic():
        photo.refresh_from_db(from_queryset=Photo.objects.select_for_update(no_key=True))
        if seen is not None and photo.redactions.count() != seen:
            raise RedactedMeanwhile
        large = _without(_as_sent(photo), boxes, (photo.width, photo.height))
        small = large.copy()
        small.thumbnail(SMALL, Image.Resampling.LANCZOS)
        before, photo.redacted_token = photo.redacted_token, new_token()
        for size, picture in (("large", large), ("small", small)):
            store(public_path(photo.redacted_token, size), encoded(picture, 82))
        photo.save(update_fields=["redacted_token"])
        row = Redaction.objects.create(photo=photo, boxes=boxes, person=by)
        if before:
            old = [public_path(before, size) for size in ("large", "small")]
            transaction.on_commit(
                lambda: [default_storage.delete(name) for name in old], robust=True
            )
    return row


def _within(boxes: Iterable[Box], photo: Photo) -> list[list[int]]:
    """Inside the picture, without those that hide nothing, each once."""
    kept = []
    for left, top, right, bottom in boxes:
        box = [max(left, 0), max(top, 0), min(right, photo.width), min(bottom, photo.height)]
        if box[0] < box[2] and box[1] < box[3] and box not in kept:
            kept.append(box)
    return kept


def _as_sent(photo: Photo) -> Image.Image:
    """The sender's picture drawn anew; the large version when the original is gone."""
    for size in ("original", "large"):
        name = path_of(photo, size)
        if default_storage.exists(name):
            with default_storage.open(name) as file, Image.open(file) as image:
                return drawn_anew(image)
    raise NotAPicture(str(photo.token))


def _without(picture: Image.Image, boxes, size) -> Image.Image:
    if picture.size != tuple(size):  # boxes are in pixels of the kept large picture
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in boxes:
        pen.rectangle([left, top, right - 1, bottom - 1], fill="black")
    return picture


# --- showing -----------------------------------------------------------------------------------


def approve(issue, tokens: Iterable[str], *, by) -> None:
    """Exactly these photos of ``issue`` may be shown to everybody."""
    tokens = list(tokens)
    mine = Photo.objects.filter(issue=issue)
    mine.filter(token__in=tokens, is_public=False).update(is_public=True, approved_by=by)
    mine.exclude(token__in=tokens).filter(is_public=True).update(is_public=False)


@transaction.atomic
def open_original(photo: Photo, *, by, reason: str):
    """The sender's own file, after a reason was written down; no file, no row."""
    OriginalView.objects.create(photo=photo, person=by, reason=reason.strip()[:200])
    return default_storage.open(path_of(photo, "original"))
