"""Pictures behind claims: who sees them, and what becomes of those nobody sent."""

import uuid
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from orgs import uploads
from points import evidence
from points.models import ClaimEvidence
from tests.grids import pictures
from tests.points.claiming import file


def keep(person, count=1, key=None):
    with uploads.writing():
        return evidence.keep(pictures.ready(count), draft_key=key or uuid.uuid4(), by=person)


def test_a_picture_is_seen_by_whom_the_claim_concerns(client, points):
    (photo,) = keep(points.wang)
    address = f"/points/photos/{photo.token}/small/"
    file(points, "P09", evidence=[photo], text="三清")
    for person, status in (
        *((points.wang, 200), (points.li, 200), (points.sun, 200), (points.zhou, 200)),
        *((points.neighbour, 404), (points.qian, 404), (points.zhao, 404), (points.daughter, 404)),
    ):
        client.force_login(person)
        assert client.get(address).status_code == status, person
    assert client.get(f"/points/photos/{photo.token}/original/").status_code == 404
    client.logout()
    assert client.get(address).status_code == 302


def test_a_draft_goes_after_a_day_and_evidence_stays(points):
    kept, loose = keep(points.wang, 2)
    file(points, "P09", evidence=[kept], text="三清")
    assert kept.digest != loose.digest
    assert evidence.drop_old_drafts() == 0
    name = evidence.path_of(loose, "large")
    assert default_storage.exists(name)
    assert evidence.drop_old_drafts(timezone.now() + timedelta(days=2)) == 1
    assert list(ClaimEvidence.objects.all()) == [kept]


def test_drafts_of_one_person_are_bounded(points):
    for _count in range(5):
        keep(points.wang, 6)
    evidence.make_room(points.wang, 6)
    assert ClaimEvidence.objects.count() == evidence.MOST_DRAFTS - 6
