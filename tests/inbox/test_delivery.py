"""Carrying out: claimed by one, sent outside transactions, tried again, given up with a reason."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends import locmem
from django.db import connection, transaction
from django.utils import timezone

from inbox import channels, delivery, outbox
from inbox.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds", "noon", "nudges")]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def tell(people, kind="test.mail", key="event:1", title="通知", **more):
    with transaction.atomic():
        return outbox.tell(people, kind=kind, title=title, key=key, **more)


def outside(**filters):
    return Delivery.objects.exclude(channel="site").filter(**filters)


class Broken(locmem.EmailBackend):
    def send_messages(self, messages):
        raise OSError(f"no route for {messages[0].to[0]}")


class Slow(locmem.EmailBackend):
    def send_messages(self, messages):
        time.sleep(0.02)
        return super().send_messages(messages)


class NoSuchNumber:
    def send(self, **_what):
        raise channels.Refused("空号")


def test_an_email_says_what_and_where(people, settings):
    settings.PUBLIC_URL = "https://portal.example.org"
    tell([people.li], title="您的问题已受理", text="第一网格已受理。", url="/issues/WT1/")
    assert delivery.run() == (1, False)
    [sent] = mail.outbox
    assert sent.to == ["li@example.org"]
    assert sent.subject == "您的问题已受理"
    assert sent.body == "第一网格已受理。\n\n查看办理：https://portal.example.org/issues/WT1/"
    row = outside().get()
    assert (row.state, row.attempts, row.claimed_until) == ("sent", 1, None)
    assert sent.extra_headers["Message-ID"] == f"<{row.dedupe_key}@localhost>"


def test_without_a_public_address_no_half_link_is_sent(people, settings):
    settings.PUBLIC_URL = ""
    tell([people.li], url="/issues/WT1/")
    delivery.run()
    assert "/issues/" not in mail.outbox[0].body


def test_a_short_message_carries_the_title_only(people, settings, caplog):
    caplog.set_level("INFO")
    tell([people.wang], kind="test.note", title="您的问题已受理。", text="细节不发")
    delivery.run()
    assert "【邻里共治】您的问题已受理。详情请登录查看。" in caplog.text
    assert "细节不发" not in caplog.text
    assert outside().get().state == "sent"


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(crowd, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Slow"
    tell(crowd)
    start = threading.Barrier(2)
    tried = []

    def work():
        try:
            start.wait(5)
            tried.append(delivery.run()[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(sent.to[0] for sent in mail.outbox) == sorted(p.email for p in crowd)
    assert sum(tried) == 30
    assert min(tried) > 0  # they did share the work
    assert outside(state="sent").count() == 30


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_while_a_transaction_is_open(people, settings, monkeypatch):
    tell([people.li])
    open_blocks = []
    real = channels.send

    def watching(row, *, mailer):
        open_blocks.append(connection.in_atomic_block)
        real(row, mailer=mailer)

    monkeypatch.setattr(channels, "send", watching)
    delivery.run()
    assert open_blocks == [False]


def test_a_failed_try_waits_longer_each_time_and_ends_with_a_reason(people, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    tell([people.li])
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while (row := outside().get()).state == "waiting":
            clock.move_to(row.next_try_at)
            assert delivery.run() == (1, False)
            assert delivery.run() == (0, False)  # not again before its time
            row.refresh_from_db()
            if row.state == "waiting":
                waits.append((row.next_try_at - timezone.now()).total_seconds())

    assert len(waits) == len(delivery.BACK_OFF_SECONDS)
    assert all(
        least <= waited <= least * 1.2
        for least, waited in zip(delivery.BACK_OFF_SECONDS, waits, strict=True)
    )
    assert (row.state, row.attempts) == ("failed", delivery.MAX_ATTEMPTS)
    assert row.reason == "OSError: no route for …@…"


def test_the_second_try_carries_the_same_dedupe_key(people, settings, monkeypatch):
    keys = []
    real = channels.Mailer.send

    def first_fails(mailer, **what):
        keys.append(what["dedupe_key"])
        if len(keys) == 1:
            raise OSError("line cut after DATA")
        real(mailer, **what)

    monkeypatch.setattr(channels.Mailer, "send", first_fails)
    tell([people.li])
    delivery.run()
    outside().update(next_try_at=timezone.now())
    delivery.run()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert (outside().get().state, outside().get().reason) == ("sent", "")


def test_one_bad_address_does_not_stop_the_next(crowd, monkeypatch):
    real = channels.Mailer.send

    def one_fails(mailer, *, address, **what):
        if address == crowd[0].email:
            raise OSError("mailbox full")
        real(mailer, address=address, **what)

    monkeypatch.setattr(channels.Mailer, "send", one_fails)
    tell(crowd[:3])
    delivery.run()
    assert len(mail.outbox) == 2
    assert outside(state="waiting").get().person == crowd[0]


def test_a_refusal_is_final_at_once(people, settings):
    settings.SMS_CHANNEL = f"{__name__}.NoSuchNumber"
    tell([people.wang], kind="test.note")
    delivery.run()
    row = outside().get()
    assert (row.state, row.reason, row.attempts) == ("failed", "空号", 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"is_active": False}, "收件人已停用"), ({"email": ""}, "没有电子邮箱")],
)
def test_people_who_left_meanwhile_get_nothing(people, change, reason):
    tell([people.li])
    type(people.li).objects.filter(pk=people.li.pk).update(**change)
    delivery.run()
    assert mail.outbox == []
    assert outside().get().reason == reason


def test_a_lease_that_ran_out_is_taken_over(people, settings):
    tell([people.li])
    [lost] = delivery.claim()
    assert delivery.claim() == []  # while it lasts it is exclusive
    with time_machine.travel(lost.claimed_until + timedelta(seconds=1)):
        assert delivery.run() == (1, False)
    assert len(mail.outbox) == 1
    assert outside().get().attempts == 2


def test_a_message_that_kills_its_workers_ends(people):
    tell([people.li])
    outside().update(
        state="claimed",
        attempts=delivery.MAX_ATTEMPTS,
        next_try_at=None,
        claimed_until=timezone.now(),
    )
    assert delivery.run() == (0, False)
    row = outside().get()
    assert (row.state, row.reason) == ("failed", "发送多次中断")
    assert mail.outbox == []


def test_a_late_failure_leaves_the_next_lease_alone(people, settings):
    tell([people.li])
    [late] = delivery.claim()
    with time_machine.travel(late.claimed_until + timedelta(seconds=1)):
        [current] = delivery.claim()
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    with channels.Mailer() as mailer:
        delivery.carry(late, mailer=mailer)
    row = outside().get()
    assert (row.state, row.claimed_until) == ("claimed", current.claimed_until)


def test_a_late_success_still_counts(people):
    tell([people.li])
    [late] = delivery.claim()
    outside().update(state="waiting", claimed_until=None, next_try_at=timezone.now())
    with channels.Mailer() as mailer:
        delivery.carry(late, mailer=mailer)
    assert outside().get().state == "sent"
    assert delivery.run() == (0, False)
    assert len(mail.outbox) == 1


def test_a_backlog_does_not_ring_at_night(people, settings):
    settings.QUIET_HOURS = "21:00-08:00"
    night = datetime(2026, 11, 24, 21, 30, tzinfo=SHANGHAI)
    with time_machine.travel(night - timedelta(hours=1), tick=False):
        tell([people.wang], kind="test.note")
        tell([people.wang], kind="test.alarm", key="k2")
    with time_machine.travel(night, tick=False):
        assert delivery.run() == (1, False)
    postponed = outside(state="waiting").get()
    assert postponed.message.kind == "test.note"
    assert postponed.attempts == 0
    assert postponed.next_try_at == datetime(2026, 11, 25, 8, 0, tzinfo=SHANGHAI)


def test_postponed_messages_do_not_hide_the_ones_behind_them(crowd, people, settings):
    settings.QUIET_HOURS = "21:00-08:00"
    evening = datetime(2026, 11, 24, 20, 0, tzinfo=SHANGHAI)
    with time_machine.travel(evening, tick=False):
        tell(crowd, kind="test.note")
        outside(channel="email").delete()
    with time_machine.travel(evening + timedelta(minutes=5), tick=False):
        tell([people.wang], kind="test.alarm", key="k2")
    with time_machine.travel(evening + timedelta(hours=2), tick=False):
        delivery.run()
    assert outside(state="sent").get().message.kind == "test.alarm"


def test_a_short_message_whose_worker_died_waits_for_morning_too(people, settings):
    settings.QUIET_HOURS = "21:00-08:00"
    with time_machine.travel(datetime(2026, 11, 24, 20, 59, tzinfo=SHANGHAI), tick=False):
        tell([people.wang], kind="test.note")
        delivery.claim()
    with time_machine.travel(datetime(2026, 11, 24, 23, 0, tzinfo=SHANGHAI), tick=False):
        assert delivery.run() == (0, False)
    with time_machine.travel(datetime(2026, 11, 25, 8, 0, tzinfo=SHANGHAI), tick=False):
        assert delivery.run() == (1, False)


def test_a_slow_gateway_gives_the_rest_back(crowd, settings):
    settings.DELIVERY_CLAIM_SECONDS = 40
    tell(crowd[:3])
    with time_machine.travel(timezone.now(), tick=False) as clock:

        class Sluggish(channels.Mailer):
            def send(self, **what):
                clock.shift(31)  # the lease has less than ten seconds left
                super().send(**what)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(channels, "Mailer", Sluggish)
            assert delivery.run() == (1, True)  # the rest is for another run
    assert outside(state="sent").count() == 1
    assert set(outside(state="waiting").values_list("attempts", flat=True)) == {0}


def test_the_sweep_reads_the_small_indexes(people):
    tell([people.li])
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    waiting = outside(state="waiting", next_try_at__lte=now).order_by("next_try_at")
    claimed = outside(state="claimed", claimed_until__lte=now).order_by("claimed_until")
    badge = Delivery.objects.in_mailbox_of(people.li).unread()
    assert "inbox_waiting" in waiting.explain()
    assert "inbox_claimed" in claimed.explain()
    assert "inbox_unread" in badge.order_by("-pk").explain()


@pytest.mark.stack
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_claim_and_send_is_replaced(people, settings, tmp_path):
    tell([people.li])
    marker = tmp_path / "claimed"
    database = connection.settings_dict
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import django, time, pathlib; django.setup()\n"
            "from inbox import channels, delivery\n"
            f"def hang(row, *, mailer): pathlib.Path({str(marker)!r}).touch(); time.sleep(60)\n"
            "channels.send = hang\n"
            "delivery.run()",
        ],
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://{database['USER']}@{database['HOST']}:"
            f"{database['PORT']}/{database['NAME']}",
            "DELIVERY_CLAIM_SECONDS": "2",
        },
        cwd=settings.BASE_DIR,
    )
    try:
        deadline = time.monotonic() + 20
        while not marker.exists():
            assert time.monotonic() < deadline
            assert worker.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(5)

    assert outside().get().state == "claimed"
    assert mail.outbox == []
    time.sleep(max(0, (outside().get().claimed_until - timezone.now()).total_seconds()) + 0.05)
    assert delivery.run() == (1, False)
    assert [sent.to for sent in mail.outbox] == [["li@example.org"]]
    assert outside().get().attempts == 2
