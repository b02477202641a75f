"""The whole way, with a real worker and beat, while the broker is killed and comes back empty."""

import collections
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from celery import current_app
from django.db import connection, transaction

from inbox import nudge, outbox
from inbox.models import Delivery, Message
from tests.broker import Broker

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


def until(done, seconds: float, what: str):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.1)


@pytest.fixture
def broker(tmp_path, monkeypatch):
    broker = Broker(tmp_path)
    broker.start()
    monkeypatch.setitem(current_app.conf, "broker_url", broker.url)
    nudge.forget()
    yield broker
    broker.kill()
    monkeypatch.undo()
    nudge.forget()


@pytest.fixture
def worker(broker, tmp_path, settings):
    """Worker with beat in it, on the test database; e-mails become files."""
    database = connection.settings_dict
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "portal", "worker", "--without-mingle"),
            *("--concurrency=2", "--loglevel=INFO", "--beat", f"--schedule={tmp_path}/beat"),
        ],
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://{database['USER']}@{database['HOST']}:"
            f"{database['PORT']}/{database['NAME']}",
            "REDIS_URL": broker.url,
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(tmp_path / "mail"),
            "DELIVERY_CLAIM_SECONDS": "3",
            "SWEEP_SECONDS": "1",
        },
        cwd=settings.BASE_DIR,
        stdout=(tmp_path / "worker.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def test_a_broker_killed_in_the_middle_loses_nothing(crowd, kinds, broker, worker, tmp_path):
    """Sixty e-mails in three parts: with a broker, without one, and with one that forgot all."""
    slowest = 0.0

    def tell(part, how_many):
        nonlocal slowest
        for n in range(how_many):
            began = time.perf_counter()
            with transaction.atomic():
                outbox.tell(crowd[n : n + 1], kind="test.mail", title="通知", key=f"{part}:{n}")
            slowest = max(slowest, time.perf_counter() - began)

    sent = Delivery.objects.filter(channel="email", state="sent")
    tell("before", 10)
    until(sent.exists, 15, "the worker's first e-mail")
    tell("just before", 10)  # nudges of these are lost in the broker, most likely
    broker.kill()
    tell("without", 20)
    broker.start()
    tell("after", 20)
    tell("after", 20)  # a caller that tries again
    until(lambda: sent.count() == 60, 20, "all sixty e-mails")

    assert slowest < 2
    assert Message.objects.count() == 60
    assert Delivery.objects.filter(channel="site").count() == 60
    assert sum(outbox.unread_count(person) for person in crowd) == 60
    words = "".join(file.read_text() for file in (tmp_path / "mail").iterdir())
    written = collections.Counter(re.findall(r"^Message-ID: <([^@]+)@", words, re.MULTILINE))
    asked = {str(key) for key in sent.values_list("dedupe_key", flat=True)}
    assert set(written) == asked
