"""``/healthz`` says that the process lives, ``/readyz`` which part does not work."""

import time

import pytest
from django.core.cache import cache
from django.db import connection

from portal import health, tasks

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def beating():
    cache.set(tasks.WORKER, time.time() - 3, timeout=None)
    cache.set(tasks.BEAT, time.time() - 5, timeout=None)


def readyz(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_the_process_lives_without_any_store(client, settings, monkeypatch):
    monkeypatch.setattr(health, "connection", None)
    settings.CELERY_BROKER_URL = NOBODY
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_when_every_part_works(client, db, beating):
    status, answer = readyz(client)
    assert (status, answer["status"], answer["failed"]) == (200, "ok", [])
    assert 3 <= answer["worker"]["age_seconds"] <= 5
    assert 5 <= answer["beat"]["age_seconds"] <= 7


def test_an_unreachable_database_is_named(client, db, beating, monkeypatch):
    broken = connection.copy()
    broken.settings_dict = {**connection.settings_dict, "PORT": "1"}
    monkeypatch.setattr(health, "connection", broken)
    status, answer = readyz(client)
    assert (status, answer["failed"]) == (503, ["database"])


def test_an_unreachable_broker_is_named(client, db, beating, settings):
    settings.CELERY_BROKER_URL = NOBODY
    status, answer = readyz(client)
    assert (status, answer["failed"]) == (503, ["broker"])


@pytest.mark.parametrize(("silent", "beats"), [("worker", "beat"), ("beat", "worker")])
def test_a_silent_worker_and_a_silent_beat_are_told_apart(client, db, beating, silent, beats):
    key = {"worker": tasks.WORKER, "beat": tasks.BEAT}[silent]
    cache.set(key, time.time() - 3600, timeout=None)
    status, answer = readyz(client)
    assert (status, answer["failed"]) == (503, [silent])
    assert answer[silent]["status"] == "late"
    assert answer[beats]["status"] == "ok"


def test_before_the_first_heartbeat_it_says_never(client, db):
    status, answer = readyz(client)
    assert (status, answer["failed"]) == (503, ["worker", "beat"])
    assert answer["worker"] == {"status": "never", "age_seconds": None}


def test_an_answer_is_never_kept_by_a_cache(client, db, beating):
    for path in ("/healthz", "/readyz"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_neither_is_written_to(client, db):
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
