"""Photos: pixels only, upright, small; hostile files refused; files live and die with their row."""

import io
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from PIL import Image, TiffImagePlugin

from grids import handling, photos
from grids.models import OriginalView, Photo
from orgs import uploads
from rules.refusals import Refused
from tests.grids import loop
from tests.grids.pictures import jpeg, upload

pytestmark = pytest.mark.django_db


def files_on_disk() -> list[str]:
    root = Path(settings.MEDIA_ROOT, photos.FOLDER)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def own_media(tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path)


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the phone upright: turn by 90°
    exif[0x010F] = "Phonemaker"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (TiffImagePlugin.IFDRational(32), 3, 0)
    gps[3], gps[4] = "E", (112, 9, 0)
    return jpeg((1200, 800), exif=exif)


# --- taking in -----------------------------------------------------------------------------------


def test_place_and_camera_are_gone_and_the_picture_stands_upright():
    data = with_gps()
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)
    ready = photos.read(upload(data))
    for kept in (ready.large, ready.small):
        image = Image.open(io.BytesIO(kept))
        assert not image.getexif()
        assert "icc_profile" not in image.info
        assert b"Phonemaker" not in kept
        assert b"Exif" not in kept
        assert image.height > image.width
    assert (ready.width, ready.height) == (800, 1200)
    assert ready.original == data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_large_ones_become_small(kind):
    ready = photos.read(upload(jpeg((3000, 2000), kind=kind)))
    assert (ready.width, ready.height) == (1600, 1067)
    assert Image.open(io.BytesIO(ready.small)).size == (480, 320)


def test_what_shines_through_becomes_white():
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    out = io.BytesIO()
    image.save(out, "PNG")
    ready = photos.read(upload(out.getvalue(), "透明.png"))
    assert Image.open(io.BytesIO(ready.large)).getpixel((20, 20)) == (255, 255, 255)


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        pack.writestr("run.js", "alert(1)")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.jpg", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("text.png", b"not a picture at all"),
        ("empty.jpg", b""),
        ("cut.jpg", jpeg()[:200]),
        ("page-behind.jpg", jpeg() + b"<script>alert(1)</script>"),
        ("page-behind-2.jpg", jpeg() + b"<HTML ><body>"),
        ("archive-behind.jpg", jpeg() + archive()),
        ("paper.jpg", b"%PDF-1.7\n" + jpeg()),
        ("bitmap.bmp", jpeg(kind="BMP")),
    ],
)
def test_what_is_no_picture_is_refused(name, data):
    with pytest.raises(photos.NotAPicture, match="JPG"):
        photos.read(upload(data, name))


@pytest.mark.parametrize(("kind", "side"), [("PNG", 9000), ("PNG", 5000), ("WEBP", 5000)])
def test_a_bomb_is_refused_before_it_unfolds(kind, side):
    """A file of a few kilobytes would take hundreds of megabytes; only JPEG decodes reduced."""
    out = io.BytesIO()
    Image.new("L", (side, side)).save(out, kind)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(uploads.TooManyPixels):
        photos.read(upload(out.getvalue(), f"bomb.{kind.lower()}"))


def test_too_many_bytes_are_refused_unread():
    with pytest.raises(uploads.TooLarge, match="50 MB"):
        photos.read(upload(b"\xff\xd8" + b"0" * (50 * 1024 * 1024)))


# --- files and rows ------------------------------------------------------------------------------


def test_files_stay_when_the_issue_stays(street):
    issue = loop.post(street, pictures=loop.pictures(2))
    assert len(files_on_disk()) == 6
    assert {photo.step.verb for photo in issue.photos.all()} == {"submit"}


def test_a_rolled_back_post_leaves_no_file(street, monkeypatch):
    monkeypatch.setattr(handling.telling, "of_posting", lambda *_a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.post(street, pictures=loop.pictures(2))
    assert files_on_disk() == []
    assert not Photo.objects.exists()


def test_a_refused_report_leaves_no_file(street):
    issue = loop.to_state(street, "dispatched")
    with pytest.raises(Refused):
        handling.advance(issue, "report", by=street.wu, result="已换灯", pictures=loop.pictures(1))
    assert files_on_disk() == []


def test_seven_photos_are_one_too_many(street):
    with pytest.raises(photos.TooMany):
        loop.post(street, pictures=loop.pictures(6) + loop.pictures(1))
    assert files_on_disk() == []


def test_drafts_nobody_came_back_for_are_swept(street, django_capture_on_commit_callbacks):
    with photos.writing(), transaction.atomic():
        photos.keep(loop.pictures(1), draft_key=uuid.uuid4(), by=street.wang)
    later = timezone.now() + timedelta(days=2)
    with django_capture_on_commit_callbacks(execute=True):
        assert photos.drop_old_drafts(later - timedelta(days=1, hours=12)) == 0
        assert photos.drop_old_drafts(later) == 1
    assert files_on_disk() == []


def test_files_without_a_row_are_swept(street):
    issue = loop.post(street, pictures=loop.pictures(1))
    stray = default_storage.save(f"{photos.FOLDER}/zz/zzzz.large.jpg", upload())
    assert photos.drop_strays() == 0  # it may belong to a transaction that is still open
    assert photos.drop_strays(timezone.now() + timedelta(days=2)) == 1
    assert not default_storage.exists(stray)
    assert issue.photos.count() == 1
    assert len(files_on_disk()) == 3


# --- who sees them -------------------------------------------------------------------------------


def address(photo, size="small"):
    return reverse("grids:photo", args=[photo.token, size])


def visit(client, person, photo, size="small"):
    client.logout()
    if person is not None:
        client.force_login(person)
    return client.get(address(photo, size))


def test_a_photo_is_shown_to_whom_it_concerns(client, street):
    issue = loop.post(street, pictures=loop.pictures(2))
    shown, hidden = issue.photos.all()
    inside = [street.wang, street.li, street.sun, street.auditor]
    outside = [None, street.qian, street.zhao, street.wu, street.zheng]
    for person in inside:
        assert visit(client, person, shown).status_code == 200
    for person in outside:
        assert visit(client, person, shown).status_code == 404

    loop.file(issue, street.li, public_photos=[shown.token])
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    for person in [*inside, *outside]:
        answer = visit(client, person, shown)
        assert answer.status_code == 200
        assert "max-age" in answer["Cache-Control"]
    for person in [None, street.qian, street.zhao, street.zheng]:
        assert visit(client, person, hidden).status_code == 404
    assert visit(client, street.wu, hidden).status_code == 200  # it is theirs to handle now


def test_how_a_photo_is_served(client, street):
    issue = loop.post(street, pictures=loop.pictures(1))
    answer = visit(client, street.wang, issue.photos.get(), "large")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"  # not on a shared computer's disk
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).format == "JPEG"
    assert visit(client, street.wang, issue.photos.get(), "huge").status_code == 404


def test_the_original_is_for_moderation_with_a_reason(client, street):
    data = with_gps()
    issue = loop.post(street, pictures=[photos.read(upload(data))])
    photo = issue.photos.get()
    for person in [None, street.wang, street.li, street.zhao, street.wu]:
        assert visit(client, person, photo, "original").status_code == 404

    assert visit(client, street.sun, photo, "original").status_code == 200
    assert client.post(address(photo, "original"), {"reason": ""}).status_code == 422
    assert not OriginalView.objects.exists()
    answer = client.post(address(photo, "original"), {"reason": "有人投诉照片"})
    assert b"".join(answer.streaming_content) == data
    assert answer["Content-Disposition"].startswith("attachment")
    assert OriginalView.objects.get().person == street.sun


def test_an_original_that_is_gone_was_not_looked_at(client, street):
    issue = loop.post(street, pictures=loop.pictures(1))
    photo = issue.photos.get()
    default_storage.delete(photos.path_of(photo, "original"))
    client.force_login(street.sun)
    answer = client.post(address(photo, "original"), {"reason": "有人投诉照片"})
    assert answer.status_code == 404
    assert not OriginalView.objects.exists()
