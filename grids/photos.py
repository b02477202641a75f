"""Photos: taken in by what they are, kept small and without traces, shown to whom it concerns.

A picture is decoded and written anew, so nothing of the sender's file but its pixels is ever
served. The original stays beside it for moderation only. Files carry the photo's random token;
when the transaction that keeps them fails, ``writing`` removes what it had written.
"""

import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageDraw, ImageOps

from grids.models import OriginalView, Photo, Redaction
from grids.models.photos import new_token
from rules.refusals import Refused

MOST_PHOTOS = 6
MOST_DRAFTS = 24  # of one person, in all forms that had something to correct
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_PIXELS_WHOLE = 24_000_000  # of a kind that is decoded whole: 20 bytes a pixel on the way
LARGE, SMALL = (1600, 1600), (480, 480)
FORMATS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
FOLDER = "issues"
DRAFTS_LIVE = timedelta(days=1)

# Something else hides in the file: a page, a script, a document, an archive.
_STOWAWAY = re.compile(
    rb"<\s*(?:script|html|svg|iframe|body|!doctype\s+html)[\s>]|<\?php|javascript:", re.IGNORECASE
)

_HIGH_EFFICIENCY = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
)


class PhotoRefused(Refused):
    """Its text names the file and says what to do."""


class TooLarge(PhotoRefused):
    def __init__(self, name: str, size: int):
        text = _("“%(name)s”有 %(size)d MB，每张最多 10 MB，请换一张小一些的")
        super().__init__(text % {"name": name, "size": max(1, round(size / 1024 / 1024))})


class TooManyPixels(PhotoRefused):
    def __init__(self, name: str):
        super().__init__(_("“%(name)s”的尺寸过大，请换一张普通照片") % {"name": name})


class NotAPicture(PhotoRefused):
    def __init__(self, name: str):
        text = _("“%(name)s”不是可用的照片，请用 JPG、PNG 或 WebP 格式")
        super().__init__(text % {"name": name})


class HighEfficiency(PhotoRefused):
    """HEIC and its kin, which phones write by default and no browser here can be relied on for."""

    def __init__(self, name: str):
        text = _(
            "“%(name)s”是 HEIC 格式，暂时用不了。请把手机相机的格式设为“兼容性最佳”后重拍，"
            "或先把照片转成 JPG"
        )
        super().__init__(text % {"name": name})


class TooMany(PhotoRefused):
    def __init__(self):
        super().__init__(_("最多 %(count)d 张照片") % {"count": MOST_PHOTOS})


@dataclass(frozen=True)
class Ready:
    """A picture that was looked through and written anew, not yet kept."""

    large: bytes
    small: bytes
    original: bytes
    original_type: str
    width: int
    height: int


# --- taking in ---------------------------------------------------------------------------------


def read(upload) -> Ready:
    """Look through one uploaded file and write the picture anew. Raises PhotoRefused."""
    name = str(upload.name or _("照片"))[:60]
    if upload.size > MOST_BYTES:
        raise TooLarge(name, upload.size)
    upload.seek(0)
    data = upload.read()
    if data[4:8] == b"ftyp" and data[8:12] in _HIGH_EFFICIENCY:
        raise HighEfficiency(name)
    if _carries_something_else(data):
        raise NotAPicture(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as image:
                most = MOST_PIXELS if image.format in {"JPEG", "MPO"} else MOST_PIXELS_WHOLE
                if image.width * image.height > most:
                    raise TooManyPixels(name)
                kind = image.format
                picture = _drawn_anew(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(name) from error
    except PhotoRefused:
        raise
    except Exception as error:  # decoders of hostile files fail in many ways
        raise NotAPicture(name) from error
    small = picture.copy()
    small.thumbnail(SMALL, Image.Resampling.LANCZOS)
    return Ready(
        large=_encoded(picture, 82),
        small=_encoded(small, 76),
        original=data,
        original_type=kind if kind in FORMATS else "JPEG",
        width=picture.width,
        height=picture.height,
    )


def _carries_something_else(data: bytes) -> bool:
    tail = data[-66_000:]
    return (
        b"%PDF-" in data[:1024]
        or b"PK\x05\x06" in tail  # the end of a ZIP archive, which is read from its end
        or bool(_STOWAWAY.search(data))
    )


def _drawn_anew(image: Image.Image) -> Image.Image:
    """Upright, in sRGB, at most 1600 px, on white; only the first frame, no metadata."""
    image.draft("RGB", LARGE)  # JPEG decodes at a fraction of its size
    picture = ImageOps.exif_transpose(image)
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    elif picture.mode == "RGB" and (profile := image.info.get("icc_profile")):
        picture = _in_srgb(picture, profile)
    picture = picture.convert("RGB")
    picture.thumbnail(LARGE, Image.Resampling.LANCZOS)
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    return clean


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a broken colour profile is no reason to refuse the picture


def _encoded(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


# --- keeping -----------------------------------------------------------------------------------

_written: ContextVar[list[str] | None] = ContextVar("grids_photos_written", default=None)


@contextmanager
def writing() -> Iterator[None]:
    """Around the transaction that keeps photos: when it fails, its files go too.

    Blocks inside one another are one block. A process killed in between leaves files that
    ``drop_strays`` finds.
    """
    if _written.get() is not None:
        yield
        return
    token = _written.set([])
    try:
        yield
    except BaseException:
        for name in _written.get() or []:
            default_storage.delete(name)
        raise
    finally:
        _written.reset(token)


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
    files = _written.get()
    if files is None:
        raise RuntimeError("photos.keep() belongs inside photos.writing()")
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
            name = path_of(photo, size)
            files.append(name)
            default_storage.save(name, ContentFile(getattr(picture, size)))
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
        files = _written.get()
        photo.refresh_from_db(from_queryset=Photo.objects.select_for_update(no_key=True))
        if seen is not None and photo.redactions.count() != seen:
            raise RedactedMeanwhile
        large = _without(_as_sent(photo), boxes, (photo.width, photo.height))
        small = large.copy()
        small.thumbnail(SMALL, Image.Resampling.LANCZOS)
        before, photo.redacted_token = photo.redacted_token, new_token()
        for size, picture in (("large", large), ("small", small)):
            name = public_path(photo.redacted_token, size)
            files.append(name)
            default_storage.save(name, ContentFile(_encoded(picture, 82)))
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
                return _drawn_anew(image)
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
