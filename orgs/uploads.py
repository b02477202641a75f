"""Pictures people send: taken in by what they are, drawn anew, kept without traces.

A picture is decoded and written anew, so nothing of the sender's file but its pixels is ever
served. Files are stored inside ``writing``: when the transaction that keeps them fails, they go
too.
"""

import io
import re
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django import forms
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as L
from PIL import Image, ImageCms, ImageOps

from rules.refusals import Refused

MOST_PHOTOS = 6
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_PIXELS_WHOLE = 24_000_000  # of a kind that is decoded whole: 20 bytes a pixel on the way
LARGE, SMALL = (1600, 1600), (480, 480)
FORMATS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}

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
                picture = drawn_anew(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(name) from error
    except PhotoRefused:
        raise
    except Exception as error:  # decoders of hostile files fail in many ways
        raise NotAPicture(name) from error
    small = picture.copy()
    small.thumbnail(SMALL, Image.Resampling.LANCZOS)
    return Ready(
        large=encoded(picture, 82),
        small=encoded(small, 76),
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


def drawn_anew(image: Image.Image) -> Image.Image:
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


def encoded(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


# --- keeping files -------------------------------------------------------------------------------

_written: ContextVar[list[str] | None] = ContextVar("uploads_written", default=None)


@contextmanager
def writing() -> Iterator[None]:
    """Around the transaction that keeps pictures: when it fails, its files go too.

    Blocks inside one another are one block. A process killed in between leaves files; who keeps
    pictures sweeps them.
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


def store(name: str, data: bytes) -> None:
    """Write one file; inside ``writing``."""
    files = _written.get()
    if files is None:
        raise RuntimeError("uploads.store() belongs inside uploads.writing()")
    files.append(name)
    default_storage.save(name, ContentFile(data))


# --- in forms ------------------------------------------------------------------------------------


@dataclass
class Pictures:
    """What came with one form: those that can be used, and why others cannot."""

    ready: list[Ready] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True

    def __init__(self):
        super().__init__(attrs={"accept": "image/jpeg,image/png,image/webp", "multiple": True})

    def value_from_datadict(self, data, files, name):
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name) or []

    def use_required_attribute(self, initial):
        return False


class PhotosField(forms.Field):
    """Up to six pictures, looked through; never raises, so that the good ones can be kept."""

    widget = PhotosInput

    def __init__(self, **kwargs):
        super().__init__(required=False, **kwargs)

    def clean(self, value) -> Pictures:
        pictures = Pictures()
        for upload in (value or [])[:MOST_PHOTOS]:
            try:
                pictures.ready.append(read(upload))
            except PhotoRefused as refused:
                pictures.refusals.append(str(refused))
        if len(value or []) > MOST_PHOTOS:
            pictures.refusals.append(str(TooMany()))
        return pictures


def read_key(text: str) -> uuid.UUID | None:
    """The key a form was given when it was first shown; None when it is none of ours."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


class WithPictures(forms.Form):
    """A form whose accepted photos survive a correction, as drafts under ``key``.

    ``keeper`` is the module that keeps them: ``drafts``, ``remove``, ``make_room``, ``keep``.
    ``person`` sends it. ``drafts`` are those of an earlier try that were not taken out again
    (``drop`` lists tokens in the POST).
    """

    keeper = None
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    photos = PhotosField(
        label=L("照片"), help_text=L("最多 6 张，每张不超过 10 MB；照片里的位置信息会自动去掉")
    )

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person
        self.pictures = Pictures()
        if not self.is_bound:
            self.initial.setdefault("key", uuid.uuid4())
        self.drafts = []
        if self.is_bound and (key := self._key()):
            mine = self.keeper.drafts(key, person)
            if drop := self.data.getlist("drop") if hasattr(self.data, "getlist") else []:
                self.keeper.remove(mine.filter(token__in=drop))
            self.drafts = list(mine)

    def _key(self):
        return read_key(self.data.get(self.add_prefix("key"), ""))

    def clean_key(self):
        return read_key(self.cleaned_data["key"]) or uuid.uuid4()

    def clean_photos(self):
        self.pictures = self.cleaned_data["photos"]
        room = MOST_PHOTOS - len(self.drafts)
        if len(self.pictures.ready) > room:
            self.pictures.ready = self.pictures.ready[: max(room, 0)]
            self.pictures.refusals.append(str(TooMany()))
        if self.pictures.refusals:
            raise forms.ValidationError(list(dict.fromkeys(self.pictures.refusals)))
        return self.pictures.ready

    @property
    def has_photos(self) -> bool:
        return bool(self.drafts or self.pictures.ready)

    def keep_drafts(self, **more) -> None:
        """Keep what was accepted, because something else has to be corrected."""
        key = self._key()
        if key is None or not self.pictures.ready:
            return
        with writing():
            self.keeper.make_room(self.person, len(self.pictures.ready))
            self.drafts += self.keeper.keep(
                self.pictures.ready, draft_key=key, by=self.person, **more
            )
        self.pictures = Pictures(refusals=self.pictures.refusals)
