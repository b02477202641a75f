"""The ways out: which class, which words, what may be kept."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from inbox import channels
from inbox.apps import check_channels


class Recorder:
    sent = []

    def send(self, *, phone, text, dedupe_key):
        self.sent.append((phone, text, dedupe_key))


class Mute:
    pass


def test_the_gateway_is_a_setting(settings):
    settings.SMS_CHANNEL = f"{__name__}.Recorder"
    channels.sms("10000000001", "验证码 123456", "code:1")
    assert Recorder.sent == [("10000000001", "验证码 123456", "code:1")]


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "inbox.channels.NoSuch",
        "no.such.module.X",
        f"{__name__}.Mute",
        "inbox.channels.why",
    ],
)
def test_a_wrong_gateway_is_named_before_anything_is_sent(settings, path):
    settings.SMS_CHANNEL = path
    with pytest.raises(ImproperlyConfigured, match="SMS_CHANNEL"):
        channels.sms("10000000001", "x", "k")
    assert [error.id for error in check_channels(None)] == ["inbox.E001"]


@pytest.mark.parametrize("value", ["21:00", "21-8-9", "25:00-08:00", "abends"])
def test_wrong_quiet_hours_are_named_at_start(settings, value):
    settings.QUIET_HOURS = value
    [error] = check_channels(None)
    assert "QUIET_HOURS" in error.msg


def test_production_is_warned_that_nobody_gets_short_messages(settings):
    assert check_channels(None) == []
    settings.PRODUCTION = True
    assert [warning.id for warning in check_channels(None)] == ["inbox.W001"]


@pytest.fixture
def memory(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.usefixtures("memory")
def test_the_demo_remembers_the_last_short_message(settings, caplog):
    settings.DEMO, settings.DEBUG = True, False
    channels.sms("10000000007", "验证码 111111", "a")
    channels.sms("10000000007", "验证码 222222", "b")
    assert channels.last_sms("10000000007") == "验证码 222222"
    assert channels.last_sms("10000000008") == ""


@pytest.mark.usefixtures("memory")
def test_outside_the_demo_nothing_is_remembered(settings):
    settings.DEMO = settings.DEBUG = False
    channels.sms("10000000009", "验证码 111111", "a")
    settings.DEMO = True
    assert channels.last_sms("10000000009") == ""
    channels.sms("10000000009", "验证码 111111", "a")
    settings.DEMO = False
    assert channels.last_sms("10000000009") == ""


def test_the_log_of_production_keeps_no_code_and_no_phone(settings, caplog):
    caplog.set_level("INFO")
    settings.PRODUCTION, settings.DEMO, settings.DEBUG = True, False, False
    channels.sms("10012345678", "验证码 135790", "a")
    assert "100****5678" in caplog.text
    assert "135790" not in caplog.text
    assert "10012345678" not in caplog.text


def test_a_reason_names_nobody():
    error = OSError("550 <li.hong@mail.example.org> and\n 13812345678 unknown")
    assert channels.why(error) == "OSError: 550 <…@…> and 138****5678 unknown"
