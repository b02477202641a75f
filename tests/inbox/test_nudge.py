"""A nudge costs next to nothing, whatever the broker does."""

import socket
import time

import pytest
from celery import current_app

from inbox import nudge


@pytest.fixture
def broker(monkeypatch):
    """Point Celery at another broker for one test."""

    def use(url):
        monkeypatch.setitem(current_app.conf, "broker_url", url)
        nudge.forget()

    yield use
    monkeypatch.undo()
    nudge.forget()


def seconds(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def test_a_broker_that_is_gone_is_asked_once_in_a_while(broker, caplog):
    with socket.socket() as taken:  # bound, not listening: refused
        taken.bind(("127.0.0.1", 0))
        broker(f"redis://127.0.0.1:{taken.getsockname()[1]}/0")
        assert nudge.worker() is False
        assert "the sweep will deliver" in caplog.text
        assert sum(seconds(nudge.worker) for _ in range(100)) < 0.1


def test_a_broker_that_hangs_holds_nobody_up(broker):
    with socket.socket() as silent:  # accepts, never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        assert nudge.worker() is False
        nudge.forget()
        assert seconds(nudge.worker) < 2
        assert sum(seconds(nudge.worker) for _ in range(100)) < 0.1
