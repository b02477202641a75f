"""The privacy notice is asked about once per version, and a no costs nobody a necessary service."""

import pytest
from django.db import DatabaseError, transaction

from inbox import outbox
from inbox.models import Preference
from orgs import consent
from orgs.models import Consent
from portal.sign_in import consents
from tests.portal.sign_in import enter

PAGE, ASK, MINE = "/messages/", "/accounts/consent/", "/accounts/privacy/"


@pytest.fixture
def wang(street):
    street.wang.is_demo = False  # a real neighbour: somebody to ask
    street.wang.birth_year, street.wang.email = 1950, "wang@example.com"
    street.wang.save()
    return street.wang


def answers(person):
    return list(person.consents.order_by("pk").values_list("version", "answer"))


def test_asked_before_the_first_page_and_never_again(client, wang):
    enter(client, wang)
    answer = client.get(f"{PAGE}?after=u3")
    assert answer["Location"] == f"{ASK}?next=%2Fmessages%2F%3Fafter%3Du3"
    page = client.get(answer["Location"]).content.decode()
    assert "只问这一次" in page
    answer = client.post(ASK, {"answer": "give", "next": "/messages/?after=u3"})
    assert answer["Location"] == "/messages/?after=u3"
    assert client.get(PAGE).status_code == 200
    client.post("/accounts/logout/")
    enter(client, wang)
    assert client.get(PAGE).status_code == 200
    assert answers(wang) == [(1, "given")]


def test_signing_out_reading_and_larger_letters_need_no_answer(client, wang):
    enter(client, wang)
    assert client.get("/privacy/").status_code == 200
    assert client.post("/preferences/", {"size": "elder", "next": ASK})["Location"] == ASK
    assert client.post("/accounts/logout/")["Location"] == "/"


def test_no_is_an_answer(client, wang):
    enter(client, wang)
    client.post(ASK, {"answer": "decline", "next": PAGE})
    assert client.get(PAGE).status_code == 200
    assert answers(wang) == [(1, "declined")]
    assert not consent.holds(wang, "privacy")
    wang.refresh_from_db()
    assert (wang.birth_year, wang.email) == (None, "")
    kept = set(wang.events.values_list("birth_year", "email"))
    assert kept == {(None, "")}  # nor in the history


def test_a_new_version_asks_again_and_says_so(client, wang, monkeypatch):
    consents.give(wang)
    enter(client, wang)
    assert client.get(PAGE).status_code == 200
    monkeypatch.setattr(consents, "VERSION", 2)
    assert client.get(PAGE)["Location"].startswith(ASK)  # in the middle of a session
    page = client.get(ASK).content.decode()
    assert "您看过第 1 版，现在是第 2 版" in page
    client.post(ASK, {"answer": "give", "next": PAGE})
    assert client.get(PAGE).status_code == 200
    assert answers(wang) == [(1, "given"), (2, "given")]


def test_withdrawing_takes_one_press_and_stops_what_is_optional(client, wang):
    consents.give(wang)
    enter(client, wang)
    assert "撤回同意" in client.get(MINE).content.decode()
    answer = client.post(MINE, {"answer": "withdraw"})
    assert answer["Location"] == MINE
    assert answers(wang) == [(1, "given"), (1, "withdrawn")]
    wang.refresh_from_db()
    assert (wang.birth_year, wang.email, wang.is_active) == (None, "", True)
    off = set(Preference.objects.filter(person=wang, wanted=False).values_list("kind", "channel"))
    optional = {kind.code for kind in outbox.kinds() if not kind.must_read}
    assert off == {(kind, channel) for kind in optional for channel in ("sms", "email")}
    assert client.get(PAGE).status_code == 200  # and nobody nags
    client.post(MINE, {"answer": "give"})
    assert consent.holds(wang, "privacy")
    page = client.get(MINE).content.decode()
    assert page.count("第 1 版") == 3


def test_invented_people_are_not_asked(client, street):
    enter(client, street.wang)
    assert client.get(PAGE).status_code == 200
    assert not Consent.objects.exists()


def test_the_notice_is_public_and_complete(client, db):
    page = client.get("/privacy/").content.decode()
    for duty in (
        "谁在处理您的信息",
        "收集什么，做什么用",
        "存多久",
        "谁看得到",
        "您的权利",
        "12345",
    ):
        assert duty in page


def test_asking_covers_fragments_too(client, wang):
    enter(client, wang)
    answer = client.get(PAGE, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith(ASK)


def test_the_record_cannot_be_edited_or_deleted(wang):
    row = consent.give(wang, "privacy", version=1)
    for change in (
        lambda: Consent.objects.filter(pk=row.pk).update(answer="declined"),
        lambda: Consent.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()
    assert Consent.objects.get(pk=row.pk).is_given


@pytest.mark.parametrize("nonsense", ["", "maybe"])
def test_only_an_answer_is_an_answer(client, wang, nonsense):
    enter(client, wang)
    client.post(ASK, {"answer": nonsense})
    client.post(MINE, {"answer": nonsense})
    assert answers(wang) == []
    assert client.get(PAGE)["Location"].startswith(ASK)
