"""Drafts: kept, found again, handed in with number and clocks, thrown away; seen by nobody else."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from grids import drafts, handling, photos
from grids.models import Issue, IssueClock, NumberCount, Photo, State
from tests.grids import loop
from tests.grids import pictures as drawn

pytestmark = pytest.mark.django_db
KEY = "00000000-0000-4000-8000-000000000004"
WORDS = "楼顶水箱漏水，顺着外墙往下流"


def keep(client, street, person=None, **more) -> Issue:
    client.force_login(person or street.wang)
    given = {"key": KEY, "do": "keep", "place": street.grid.pk, "text": WORDS, **more}
    answer = client.post("/issues/new/", given)
    assert answer.status_code == 302, answer.content.decode()
    return Issue.objects.get(number=answer.url.split("/")[-3])


def test_a_draft_is_kept_with_its_photo_and_without_number_or_clock(client, street):
    draft = keep(client, street, photos=[drawn.upload()])
    assert (draft.state, draft.description, draft.category.code) == ("draft", WORDS, "other")
    assert draft.number.startswith("draft-")
    assert draft.photos.count() == 1
    assert not IssueClock.objects.exists()
    assert not NumberCount.objects.exists()
    assert draft.promised_at is None
    mine = client.get("/issues/?show=mine").content.decode()
    assert "草稿" in mine
    assert draft.title in mine
    assert keep(client, street) == draft, "the button pressed twice"


def test_opening_it_shows_what_was_kept_and_it_can_be_changed(client, street):
    draft = keep(client, street, photos=[drawn.upload()])
    token = draft.photos.get().token
    page = reverse("grids:draft", args=[draft.number])
    assert client.get(draft.get_absolute_url()).url == page
    shown = client.get(page).content.decode()
    assert WORDS in shown
    assert token in shown
    given = {
        "key": KEY,
        "do": "keep",
        "place": street.grid2.pk,
        "category": loop.category("公共设施").pk,
        "text": "水箱又漏了，楼道积水",
        "drop": [token],
        "photos": [drawn.upload(), drawn.upload()],
    }
    assert client.post(page, given).url == page
    draft.refresh_from_db()
    assert (draft.area, draft.category.name) == (street.grid2, "公共设施")
    assert draft.description == "水箱又漏了，楼道积水"
    assert draft.photos.count() == 2
    assert not draft.photos.filter(token=token).exists()


def test_handing_it_in_gives_number_and_clocks_from_then_on(client, street, time_machine):
    draft = keep(client, street, photos=[drawn.upload()])
    now = timezone.now() + timedelta(days=3)
    time_machine.move_to(now)
    client.force_login(street.wang)
    page = reverse("grids:draft", args=[draft.number])
    given = {"key": KEY, "do": "submit", "place": street.grid.pk, "text": WORDS}
    answer = client.post(page, given)
    assert answer.status_code == 422
    assert "请选一类" in answer.content.decode()
    answer = client.post(page, {**given, "category": loop.category().pk})
    draft.refresh_from_db()
    assert answer.url == reverse("grids:issue_posted", args=[draft.number])
    assert (draft.state, draft.category.name) == ("submitted", "物业维修")
    assert not draft.number.startswith("draft")
    assert draft.reported_at >= now
    assert draft.promised_at > now
    assert draft.photos.get().step.verb == "submit"
    assert loop.told(street.li)[0].title.startswith("待立案")
    assert client.get(page).status_code == 404
    client.force_login(street.li)
    assert client.get(draft.get_absolute_url()).status_code == 200


def test_handing_it_in_offers_what_resembles_it_first(client, street):
    there = loop.post(street, text=WORDS)
    loop.file(there, street.sun, public_title="水箱漏水", public_summary=WORDS)
    draft = keep(client, street, person=street.qian)
    page = reverse("grids:draft", args=[draft.number])
    given = {"key": KEY, "do": "submit", "place": street.grid.pk, "text": WORDS}
    given["category"] = there.category_id
    answer = client.post(page, given)
    assert there.number in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"
    client.post(page, {**given, "seen": "1"})
    draft.refresh_from_db()
    assert draft.state == "submitted"


def test_nobody_else_sees_a_draft_anywhere(client, street):
    draft = keep(client, street, photos=[drawn.upload()], text="只有我知道的水箱事情")
    token = draft.photos.get().token
    for who in ("li", "sun", "zhou", "chen", "wu", "chu", "auditor", "qian"):
        client.force_login(getattr(street, who))
        for page in (
            draft.get_absolute_url(),
            reverse("grids:draft", args=[draft.number]),
            reverse("grids:issue_posted", args=[draft.number]),
            *(f"/issues/photos/{token}/{size}/" for size in ("large", "small", "original")),
            f"/issues/photos/{token}/redact/",
        ):
            assert client.get(page).status_code == 404, (who, page)
        assert client.post(draft.get_absolute_url(), {"verb": "file"}).status_code == 404
        for page in ("/issues/", "/issues/?show=work", "/issues/?show=work&q=水箱", "/desk/"):
            assert "水箱事情" not in client.get(page).content.decode(), (who, page)
    client.logout()
    assert client.get(draft.get_absolute_url()).status_code == 404
    for person in (street.li, street.sun, street.chen):
        assert not loop.told(person).exists()


def test_throwing_it_away_leaves_nothing(client, street, django_capture_on_commit_callbacks):
    draft = keep(client, street, photos=[drawn.upload()])
    path = photos.path_of(draft.photos.get(), "original")
    assert default_storage.exists(path)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("grids:draft", args=[draft.number]), {"do": "discard"})
    assert not Issue.objects.exists()
    assert not Photo.objects.exists()
    assert not default_storage.exists(path)


def test_what_was_handed_in_can_neither_be_changed_nor_thrown_away(street):
    draft = loop.draft(street)
    handling.advance(draft, "submit", by=street.wang)
    with pytest.raises(drafts.HandedInMeanwhile):
        drafts.discard(draft)
    with pytest.raises(drafts.HandedInMeanwhile):
        drafts.change(draft, key=KEY, area=street.grid, category=None, text="别的")
    draft.refresh_from_db()
    assert draft.description == loop.WORDS


def test_old_drafts_go_after_a_notice(client, street):
    draft = keep(client, street, photos=[drawn.upload()])
    now = timezone.now()
    assert drafts.sweep(now + timedelta(days=26)) == 0
    assert not loop.told(street.wang).exists()
    for _run in range(2):
        assert drafts.sweep(now + timedelta(days=28)) == 0
    assert [message.title[:2] for message in loop.told(street.wang)] == ["草稿"]
    assert loop.told(street.wang)[0].url == draft.get_absolute_url()
    assert drafts.sweep(now + timedelta(days=31)) == 1
    assert drafts.sweep(now + timedelta(days=31)) == 0
    assert not Issue.objects.filter(state=State.DRAFT).exists()
    assert "已清除" in loop.told(street.wang)[0].title


def test_bad_photos_and_too_many_drafts_are_said(client, street, monkeypatch):
    client.force_login(street.wang)
    given = {"key": KEY, "do": "keep", "place": street.grid.pk, "text": WORDS}
    bad = drawn.upload(b"x" * 50, name="坏.jpg")
    answer = client.post("/issues/new/", {**given, "photos": [bad]})
    assert answer.status_code == 422
    assert "坏.jpg" in answer.content.decode()
    assert not Issue.objects.exists()
    monkeypatch.setattr(drafts, "MOST", 0)
    answer = client.post("/issues/new/", given)
    assert answer.status_code == 422
    assert "最多保存 0 份草稿" in answer.content.decode()


def test_a_worker_keeps_drafts_too(client, street):
    draft = keep(client, street, person=street.li)
    assert (draft.reporter, draft.source) == (street.li, "grid")
    client.force_login(street.sun)
    assert client.get(draft.get_absolute_url()).status_code == 404
