"""Blacking out photos: what is covered is in no file that the public can fetch."""

import io

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image, ImageDraw

from grids import handling, photos
from grids.models import Photo, Redaction
from tests.grids import loop
from tests.grids import pictures as drawn

FACE = "#ff2020"  # what nobody may see


def a_photo(*, size=(800, 600), face=(200, 150, 400, 300)) -> bytes:
    picture = Image.new("RGB", size, "#7d8a74")
    ImageDraw.Draw(picture).rectangle(face, fill=FACE)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def public_photo(street, **more) -> Photo:
    ready = photos.read(drawn.upload(a_photo(**more)))
    issue = loop.post(street, pictures=[ready])
    loop.file(issue, street.li, public_photos=[issue.photos.get().token])
    return issue.photos.get()


def fetched(client, token, size) -> Image.Image:
    answer = client.get(reverse("grids:photo", args=[token, size]))
    assert answer.status_code == 200
    return Image.open(io.BytesIO(b"".join(answer.streaming_content))).convert("RGB")


def reddest(picture) -> int:
    return max(r - max(g, b) for r, g, b in picture.get_flattened_data())


def test_every_public_size_holds_solid_black_and_nothing_of_what_was_underneath(client, street):
    photo = public_photo(street)
    assert reddest(fetched(client, photo.token, "large")) > 150, "there is something to hide"

    client.force_login(street.li)
    page = reverse("grids:redact", args=[photo.token])
    answer = client.post(page, {"boxes": "190,140,410,310", "seen": "0"})
    assert answer.status_code == 302
    client.logout()

    photo.refresh_from_db()
    for size in ("large", "small"):
        shown = fetched(client, photo.redacted_token, size)
        scale = shown.width / photo.width
        inside = shown.crop(
            [
                round(n * scale) + d
                for n, d in zip((196, 146, 404, 304), (2, 2, -2, -2), strict=True)
            ]
        )
        assert max(max(pixel) for pixel in inside.get_flattened_data()) <= 6
        assert reddest(shown) < 40
        assert shown.getpixel((4, 4))[1] > 100, "the rest is still there"


def test_the_public_meets_only_the_redacted_version_by_any_address(client, street):
    photo = public_photo(street)
    photos.redact(photo, [(190, 140, 410, 310)], by=street.li)
    page = client.get(photo.issue.get_absolute_url()).content.decode()
    assert photo.redacted_token in page
    assert photo.token not in page
    for size in ("large", "small", "original"):
        assert client.get(reverse("grids:photo", args=[photo.token, size])).status_code == 404
    assert (
        client.get(reverse("grids:photo", args=[photo.redacted_token, "original"])).status_code
        == 404
    )
    client.force_login(street.wang)
    assert client.get(reverse("grids:photo", args=[photo.token, "large"])).status_code == 200


def test_a_redacted_photo_that_was_not_approved_stays_inside(client, street):
    issue = loop.post(street, pictures=loop.pictures(1))
    photo = issue.photos.get()
    photos.redact(photo, [(0, 0, 50, 50)], by=street.li)
    loop.file(issue, street.li)
    for token in (photo.token, photo.redacted_token):
        assert client.get(reverse("grids:photo", args=[token, "large"])).status_code == 404


def test_redoing_starts_from_the_picture_as_sent_and_the_old_version_is_gone(
    client, street, django_capture_on_commit_callbacks
):
    photo = public_photo(street)
    photos.redact(photo, [(0, 0, 800, 600)], by=street.li)
    first = photo.redacted_token
    with django_capture_on_commit_callbacks(execute=True):
        photos.redact(photo, [(190, 140, 410, 310)], by=street.sun)
    assert photo.redacted_token != first
    assert client.get(reverse("grids:photo", args=[first, "large"])).status_code == 404
    assert not default_storage.exists(photos.public_path(first, "large"))
    shown = fetched(client, photo.redacted_token, "large")
    assert shown.getpixel((700, 500))[1] > 100, "not black any more"
    assert list(photo.redactions.values_list("person__name", "boxes")) == [
        ("李网格", [[0, 0, 800, 600]]),
        ("孙社工", [[190, 140, 410, 310]]),
    ]


def test_cells_work_without_javascript_and_cover_the_picture_without_gaps(client, street):
    photo = public_photo(street, size=(601, 803), face=(0, 0, 600, 802))
    client.force_login(street.li)
    page = reverse("grids:redact", args=[photo.token])
    shown = client.get(page).content.decode()
    assert shown.count('name="cells"') == 48
    every = [str(n) for n in range(1, 49)]
    assert client.post(page, {"cells": every, "seen": "0"}).status_code == 302
    photo.refresh_from_db()
    assert (
        max(max(p) for p in fetched(client, photo.redacted_token, "large").get_flattened_data())
        == 0
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "还没有涂黑任何地方"),
        ({"boxes": "10,10,10,50"}, "还没有涂黑任何地方"),
        ({"boxes": "9000,9000,9100,9100"}, "还没有涂黑任何地方"),
        ({"boxes": "1,2,3"}, "看不懂"),
        ({"boxes": "-1,0,5,x"}, "看不懂"),
        ({"boxes": " ".join(f"{n},0,{n + 9},9" for n in range(70))}, "最多涂黑 60 处"),
        ({"boxes": "1,1,90,90", "seen": "3"}, "刚才有人涂黑"),
        ({"cells": ["99"]}, "99"),
    ],
)
def test_bad_input_gets_an_answer_and_changes_nothing(client, street, given, says):
    photo = public_photo(street)
    client.force_login(street.li)
    before = sum(1 for _ in every_file())
    answer = client.post(reverse("grids:redact", args=[photo.token]), {"seen": "0", **given})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    photo.refresh_from_db()
    assert photo.redacted_token is None
    assert not Redaction.objects.exists()
    assert sum(1 for _ in every_file()) == before


def every_file():
    for folder in default_storage.listdir(photos.FOLDER)[0]:
        yield from default_storage.listdir(f"{photos.FOLDER}/{folder}")[1]


@pytest.mark.parametrize("who", ["zhao", "wu", "wang", "qian", "auditor"])
def test_whoever_neither_files_nor_verifies_here_finds_no_such_page(client, street, who):
    photo = public_photo(street)
    client.force_login(getattr(street, who))
    page = reverse("grids:redact", args=[photo.token])
    assert client.get(page).status_code == 404
    assert client.post(page, {"cells": ["1"]}).status_code == 404
    assert not Redaction.objects.exists()


def test_a_draft_of_a_form_cannot_be_redacted(client, street):
    with photos.writing():
        (draft,) = photos.keep(
            loop.pictures(1), draft_key="00000000-0000-4000-8000-000000000001", by=street.li
        )
    client.force_login(street.li)
    assert client.get(reverse("grids:redact", args=[draft.token])).status_code == 404


def test_when_the_original_is_gone_the_large_version_is_painted(client, street):
    photo = public_photo(street)
    default_storage.delete(photos.path_of(photo, "original"))
    photos.redact(photo, [(190, 140, 410, 310)], by=street.li)
    assert reddest(fetched(client, photo.redacted_token, "large")) < 40


def test_the_sweep_leaves_redacted_files_alone(street, monkeypatch):
    photo = public_photo(street)
    photos.redact(photo, [(190, 140, 410, 310)], by=street.li)
    later = photo.created_at + 3 * photos.DRAFTS_LIVE
    photos.drop_strays(later)
    assert default_storage.exists(photos.public_path(photo.redacted_token, "large"))


def test_the_verify_form_offers_to_black_out(client, street):
    issue = loop.post(street, pictures=loop.pictures(1))
    client.force_login(street.li)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert reverse("grids:redact", args=[issue.photos.get().token]) in page
    assert handling.available(issue, street.li)


def test_the_page_costs_the_same_with_a_long_history(client, street, django_assert_max_num_queries):
    photo = public_photo(street)
    client.force_login(street.li)
    for n in range(12):
        photos.redact(photo, [(n, 0, n + 50, 50)], by=street.li)
    with django_assert_max_num_queries(10):
        client.get(reverse("grids:redact", args=[photo.token]))
