"""People without an account: told by SMS under a key, their phone asked for when it is sent."""

import pytest
from django.db import IntegrityError, transaction

from inbox import channels, delivery, outbox
from inbox.models import Channel, Delivery, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """What goes to the gateway: phone and words."""
    calls = []
    monkeypatch.setattr(channels, "sms", lambda phone, text, key: calls.append((phone, text)))
    return calls


@pytest.fixture
def phones(monkeypatch, kinds):
    book = {"31": "10000000077"}
    monkeypatch.setattr(outbox, "_phone_books", {})
    outbox.register_phone_book("caller", lambda ident: book.get(ident, ""))
    return book


def tell(key="issue:1:closed"):
    with transaction.atomic():
        return outbox.tell_outside("caller:31", kind="test.alarm", title="事项已办结", key=key)


def test_told_once_and_sent_to_the_phone_of_the_book(phones, sent):
    tell()
    tell()
    row = Delivery.objects.get()
    assert (row.person, row.channel, row.outside) == (None, Channel.SMS, "caller:31")
    assert "10000000077" not in str(Message.objects.values().get())
    delivery.run()
    ((phone, text),) = sent
    assert phone == "10000000077"
    assert "事项已办结" in text
    assert "登录" not in text


def test_a_phone_forgotten_meanwhile_fails_for_good(phones):
    tell()
    phones.clear()
    delivery.run()
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_an_unknown_book_is_a_mistake_of_the_call(kinds):
    with pytest.raises(outbox.UnknownKind), transaction.atomic():
        outbox.tell_outside("nobody:1", kind="test.alarm", title="事项已办结", key="x")


def test_no_delivery_goes_to_nobody_or_to_two(phones, people):
    message = tell()
    for given in ({"person": None, "outside": ""}, {"person": people.li, "outside": "caller:31"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.create(
                message=message,
                channel=Channel.SMS,
                state="failed",
                reason="测试",
                **given,
            )
