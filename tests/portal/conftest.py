import re

import pytest


class Sent(list):
    """(phone, text) of every short message, oldest first."""

    @property
    def code(self) -> str:
        return re.search(r"\d{6}", self[-1][1]).group()


@pytest.fixture
def sms(monkeypatch):
    """Short messages are caught instead of sent."""
    sent = Sent()
    monkeypatch.setattr("inbox.channels.sms", lambda phone, text, key: sent.append((phone, text)))
    return sent
