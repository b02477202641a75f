"""Posting: under a minute, once, with nothing lost on the way."""

import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from grids import photos
from grids.models import Issue, Photo, Source
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.pictures import jpeg, upload

pytestmark = pytest.mark.django_db
NEW = "/issues/new/"


@pytest.fixture(autouse=True)
def own_media(tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path)


def form(street, **changes):
    given = {
        "key": str(uuid.uuid4()),
        "category": loop.category().pk,
        "place": street.grid.pk,
        "place_text": "3栋2单元",
        "text": loop.WORDS,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_addresses():
    assert reverse("grids:issues") == "/issues/"
    assert reverse("grids:issue_new") == NEW
    assert reverse("grids:issue", args=["QT2611240007"]) == "/issues/QT2611240007/"


def test_a_visitor_signs_in_first(client):
    answer = client.get(NEW)
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/?next=/issues/new/")


def test_the_own_grid_stands_ready(client, street):
    client.force_login(street.wang)
    page = client.get(NEW).content.decode()
    assert_valid_html(page)
    assert re.search(rf'<option value="{street.grid.pk}"\s+selected>梧桐里社区第一网格', page)
    for number in ("110", "119", "120"):
        assert f'href="tel:{number}"' in page
    assert page.index("tel:110") < page.index('name="category"')


def test_a_category_may_be_asked_for_by_its_code(client, street):
    client.force_login(street.wang)
    page = client.get(f"{NEW}?category=noise").content.decode()
    noise = loop.category("噪声扰民")
    assert re.search(rf'value="{noise.pk}"[^>]*checked', page)


@pytest.mark.parametrize("name", ["wang", "newcomer", "li"])
def test_anybody_signed_in_may_post(client, street, name):
    person = getattr(street, name)
    client.force_login(person)
    answer = client.post(NEW, form(street, photos=[upload(), upload(jpeg((30, 30)))]))
    issue = Issue.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/issues/{issue.number}/posted/"
    assert issue.reporter == person
    assert issue.title == "3栋2单元感应灯不亮"
    assert issue.area == street.grid
    assert issue.photos.count() == 2
    assert issue.source == (Source.GRID if name == "li" else Source.RESIDENT)

    page = client.get(answer.url).content.decode()
    assert_valid_html(page)
    assert issue.number in page
    assert "承诺办结时间" in page


def test_the_receipt_is_the_reporters_own(client, street):
    issue = loop.post(street)
    for person in (street.qian, street.li):
        client.force_login(person)
        assert client.get(f"{issue.get_absolute_url()}posted/").status_code == 404


def test_danger_comes_first_on_the_receipt(client, street):
    client.force_login(street.wang)
    answer = client.post(NEW, form(street, text="楼下车棚着火了，冒浓烟"), follow=True)
    page = answer.content.decode()
    assert page.index("tel:119") < page.index("您的编号")
    assert Issue.objects.get().urgency == "urgent"


def test_pressing_twice_is_one_issue(client, street):
    client.force_login(street.wang)
    given = form(street)
    first, second = client.post(NEW, given), client.post(NEW, given)
    assert first.url == second.url
    assert Issue.objects.count() == 1


def test_input_and_photos_survive_a_correction(client, street):
    client.force_login(street.wang)
    key = str(uuid.uuid4())
    bad = upload(b"<html>", "网页.jpg")
    answer = client.post(NEW, form(street, key=key, text="", photos=[upload(), bad]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert_valid_html(page)
    assert "请写一两句话" in page
    assert "“网页.jpg”不是可用的照片" in page
    assert "3栋2单元" in page
    draft = Photo.objects.get()
    assert reverse("grids:photo", args=[draft.token, "small"]) in page
    assert client.get(reverse("grids:photo", args=[draft.token, "small"])).status_code == 200
    client.force_login(street.qian)
    assert client.get(reverse("grids:photo", args=[draft.token, "small"])).status_code == 404

    client.force_login(street.wang)
    client.post(NEW, form(street, key=key, photos=[upload(jpeg((50, 50)))]))
    assert Issue.objects.get().photos.count() == 2


def test_a_draft_may_be_taken_out_again(client, street, django_capture_on_commit_callbacks):
    client.force_login(street.wang)
    key = str(uuid.uuid4())
    client.post(NEW, form(street, key=key, text="", photos=[upload(), upload()]))
    drop = Photo.objects.first().token
    client.post(NEW, form(street, key=key, drop=[drop]))
    assert Issue.objects.get().photos.count() == 1


def test_drafts_of_others_are_out_of_reach(client, street):
    key = str(uuid.uuid4())
    client.force_login(street.qian)
    client.post(NEW, form(street, key=key, text="", photos=[upload()]))
    client.force_login(street.wang)
    client.post(NEW, form(street, key=key))
    assert Issue.objects.get().photos.count() == 0
    assert Photo.objects.get().issue is None


def test_seven_photos_are_answered(client, street):
    client.force_login(street.wang)
    answer = client.post(NEW, form(street, photos=[upload(jpeg((20, 20))) for _n in range(7)]))
    assert answer.status_code == 422
    assert "最多 6 张照片" in answer.content.decode()
    assert Photo.objects.filter(issue=None).count() == 6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category": None}, "请选一类"),
        ({"category": "99999"}, "类别|选"),
        ({"place": None}, "请选择地点"),
        ({"place": "0"}, "选"),
        ({"text": "坏"}, "请再多写几个字"),
        ({"text": "长" * 2001}, "2000"),
        ({"place_text": "长" * 81}, "80"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client, street, changes, said):
    client.force_login(street.wang)
    answer = client.post(NEW, form(street, **changes))
    assert answer.status_code == 422
    assert re.search(said, answer.content.decode())
    assert not Issue.objects.exists()


@pytest.mark.parametrize("key", ["", "nonsense", None])
def test_a_broken_key_does_no_harm(client, street, key):
    client.force_login(street.wang)
    client.post(NEW, form(street, key=key))
    assert Issue.objects.count() == 1


def test_a_grid_that_was_closed_is_not_offered(client, street):
    street.grid2.closed_on = timezone.localdate() - timedelta(days=1)
    street.grid2.save(update_fields=["closed_on"])
    client.force_login(street.wang)
    assert "第二网格" not in client.get(NEW).content.decode()
    assert client.post(NEW, form(street, place=street.grid2.pk)).status_code == 422


def test_forms_that_never_arrive_do_not_fill_the_disk(
    client, street, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(photos, "MOST_DRAFTS", 3)
    client.force_login(street.wang)
    for _time in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            given = form(street, text="", photos=[upload(), upload()])
            assert client.post(NEW, given).status_code == 422
    drafts = list(Photo.objects.order_by("pk"))
    assert len(drafts) == 3
    assert {str(draft.draft_key) for draft in drafts[1:]} == {given["key"]}  # the last are kept
    assert len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 9
