"""A bad picture on the form: a clear answer in Chinese, what was typed kept, nothing half done."""

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from grids import photos
from grids.models import Issue, NumberCount, Photo
from tests.grids import loop
from tests.grids import pictures as drawn

WORDS = "三栋门口的路灯不亮，已经两天了"


def bomb(side=60_000) -> bytes:
    """A PNG that says it is ``side`` wide and high, in a hundred bytes."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


BAD = {
    "fifty_megabytes": (
        "大.jpg",
        lambda: drawn.jpeg() + b"\0" * (50 * 1024 * 1024),
        "有 50 MB，每张最多 10 MB",
    ),
    "forged_extension": ("图.jpg", lambda: b"MZ\x90\0" + b"\0" * 500, "不是可用的照片"),
    "script_as_picture": ("图.png", lambda: b"<script>alert(1)</script>", "不是可用的照片"),
    "bomb": ("炸.png", bomb, "尺寸过大"),
    "heic": ("IMG_1.HEIC", lambda: b"\0\0\0\x18ftypheic" + b"\0" * 400, "HEIC 格式"),
    "heic_called_jpg": ("IMG_2.jpg", lambda: b"\0\0\0\x18ftypmif1" + b"\0" * 400, "HEIC 格式"),
}


def given(street, **more):
    return {
        "key": "00000000-0000-4000-8000-000000000009",
        "category": loop.category().pk,
        "place": street.grid.pk,
        "text": WORDS,
        **more,
    }


def files():
    if not default_storage.exists(photos.FOLDER):
        return set()
    return {
        name
        for folder in default_storage.listdir(photos.FOLDER)[0]
        for name in default_storage.listdir(f"{photos.FOLDER}/{folder}")[1]
    }


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_is_named_and_the_form_kept(client, street, kind):
    name, data, says = BAD[kind]
    before = files()
    client.force_login(street.wang)
    bad = drawn.upload(data(), name=name)
    answer = client.post(reverse("grids:issue_new"), given(street, photos=[bad]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert name in page
    assert WORDS in page
    assert not Issue.objects.exists()
    assert not Photo.objects.exists()
    assert not NumberCount.objects.exists(), "no number is used up"
    assert files() == before


def test_the_good_one_beside_a_bad_one_is_kept_and_sent_once(client, street):
    client.force_login(street.wang)
    both = [drawn.upload(drawn.jpeg()), drawn.upload(b"x" * 99, name="坏.jpg")]
    page = reverse("grids:issue_new")
    assert client.post(page, given(street, photos=both)).status_code == 422
    assert client.post(page, given(street)).status_code == 302
    assert Issue.objects.get().photos.count() == 1


@pytest.mark.parametrize("turned", [3, 6, 8])
def test_a_picture_held_sideways_stands_upright_in_every_size(turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    picture = photos.read(drawn.upload(drawn.jpeg((800, 400), exif=exif)))
    sideways = turned in (6, 8)
    assert (picture.width < picture.height) == sideways
    for size in (picture.large, picture.small):
        shown = Image.open(io.BytesIO(size))
        assert (shown.width < shown.height) == sideways
        assert not shown.getexif()


def test_a_bad_picture_with_a_report_leaves_the_issue_where_it_was(client, street):
    issue = loop.to_state(street, "in_progress")
    client.force_login(street.wu)
    bad = drawn.upload(b"\0\0\0\x18ftypheic" + b"\0" * 400, name="后.heic")
    answer = client.post(
        issue.get_absolute_url(),
        {
            "verb": "report",
            "result": "已换新灯泡",
            "photos": [bad],
            "key": "00000000-0000-4000-8000-000000000008",
        },
    )
    assert answer.status_code == 422
    assert "HEIC 格式" in answer.content.decode()
    issue.refresh_from_db()
    assert (issue.state, issue.result) == ("in_progress", "")
    assert not issue.photos.exists()
