"""李 has phone and e-mail, 王 a phone only, 赵 neither; 钱 has left."""

from types import SimpleNamespace

import pytest

from inbox import nudge, outbox
from orgs.models import Person


@pytest.fixture
def kinds(monkeypatch):
    """A registry of the tests' own."""
    monkeypatch.setattr(outbox, "_kinds", {})
    outbox.register_kind("test.note", "测试通知", ["email", "sms"])
    outbox.register_kind("test.mail", "只发邮件", ["email"])
    outbox.register_kind("test.quiet", "只在站内")
    outbox.register_kind("test.alarm", "紧急通知", ["sms"], urgent=True)
    outbox.register_kind("test.legal", "起算期限的通知", ["sms"], must_read=True)


@pytest.fixture
def people(db):
    make = Person.objects.create_person
    return SimpleNamespace(
        li=make(name="李红", phone="10000000001", email="li@example.org"),
        wang=make(name="王强", phone="10000000002"),
        zhao=make(name="赵敏"),
        qian=make(name="钱多", phone="10000000004", email="qian@example.org", is_active=False),
    )


@pytest.fixture
def crowd(db):
    """Thirty people with e-mail and phone."""
    return [
        Person.objects.create_person(
            name=f"居民{n}", phone=f"1000001{n:04}", email=f"r{n}@example.org"
        )
        for n in range(30)
    ]


@pytest.fixture
def noon(settings):
    """Let no test depend on the hour it runs at."""
    settings.QUIET_HOURS = "off"


@pytest.fixture
def nudges(monkeypatch):
    """Counts the nudges instead of publishing them."""
    sent = []
    monkeypatch.setattr(nudge, "worker", lambda: sent.append(1))
    return sent
