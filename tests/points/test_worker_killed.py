"""kill -9 of the worker in the middle of a large batch: the next one completes it, once."""

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from redis import Redis

from points import accounts, batches, posting, tasks
from points.models import Account, Batch, BatchStep, Claim, ClaimStep, Transfer
from publicity.models import Notice
from tests.broker import Broker
from tests.points import claiming
from tests.points.books import state
from tests.processes import BIN, database_url, running, until

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]
ALL = 1_000
STOP = 2 * posting.CHUNK + 50  # the only claim of 王: in the middle of the third chunk


@pytest.fixture
def batch(points):
    """A thousand approved claims of last month whose notice has ended, written by the row.

    Six neighbours in turn, every tenth into the household's account, and one of 王.
    """
    now, month, today = timezone.now(), batches.last_month(), claiming.today()
    crowd = [claiming.resident(points, f"{name}居民") for name in "甲乙丙丁戊己"]
    notice = Notice.objects.create(
        area=points.community,
        area_path=points.community.path,
        kind=batches.KIND,
        subject=f"{batches.SUBJECT}0",
        title="积分公示",
        organization=points.committee,
        state="closed",
        starts_on=today - timedelta(days=9),
        ends_on=today - timedelta(days=1),
        published_at=now - timedelta(days=9),
        closed_at=now,
        result="upheld",
    )
    batch = Batch.objects.create(
        area=points.community,
        area_path=points.community.path,
        month=month,
        state="posting",
        organization=points.committee,
        notice=notice,
    )
    version = claiming.rule(points, "P05").versions.get()
    Claim.objects.bulk_create(
        Claim(
            area=points.building,
            area_path=points.building.path,
            community=points.community,
            rule_version=version,
            person=points.wang if n == STOP else crowd[n % len(crowd)],
            household=points.home2 if n % 10 == 9 else None,
            to_household=n % 10 == 9,
            asked=9,
            points=n % 9 + 1,
            happened_on=month,
            text="清扫",
            source="leader",
            claimant=points.worker2,
            claimed_at=now,
            state="noticed",
            certifier=points.sun,
            certified_at=now,
            batch=batch,
            decision="approved",
            approver=points.zhou,
            decided_at=now,
        )
        for n in range(ALL)
    )
    return batch


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


def ask(task, broker, *args) -> str:
    """Put it into the queue, as the portal or its beat would; its number."""
    with current_app.connection_for_write(broker.url) as queue:
        return task.apply_async(args, connection=queue).id


def unfinished(broker) -> int:
    """How many messages a worker has taken and not yet acknowledged."""
    with Redis(port=broker.port) as queue:
        return queue.hlen("unacked")


def worker(broker, log):
    return running(
        *(BIN / "celery", "-A", "portal", "worker", "--concurrency=1", "--loglevel=INFO"),
        *("--without-mingle", "--without-gossip"),
        log=log,
        PORTAL_MODE="development",
        DATABASE_URL=database_url(),
        REDIS_URL=broker.url,
        SECRET_KEY=settings.SECRET_KEY,
        FIELD_KEYS=",".join(settings.FIELD_KEYS),
        DATA_DIR=log.parent,
        MEDIA_ROOT=settings.MEDIA_ROOT,
    )


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


def paid(batch) -> list[int]:
    return list(batch.claims.filter(state="posted").order_by("pk").values_list("pk", flat=True))


def test_a_killed_worker_leaves_a_batch_that_the_next_one_completes_once(
    points, batch, broker, tmp_path
):
    claims = list(batch.claims.order_by("pk"))
    fund = accounts.fund_of(points.community)
    had, wang = accounts.balance(fund), accounts.of_person(points.wang, points.community)

    # 王's account is held fast, so the third chunk stops with its transfers written, not committed.
    with worker(broker, tmp_path / "first.log") as process:
        ask(tasks.post_batch, broker, batch.pk)
        with transaction.atomic():
            Account.objects.select_for_update().get(pk=wang.pk)
            until(somebody_waits_for_us, seconds=30, what="the third chunk")
            before = paid(batch)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
    assert before == [claim.pk for claim in claims[: 2 * posting.CHUNK]]
    assert paid(batch) == before
    assert Transfer.objects.filter(key__startswith="claim:").count() == len(before)
    assert Batch.objects.get().state == "posting"

    log = tmp_path / "second.log"
    with worker(broker, log):
        ask(tasks.tend_batches, broker)  # what the beat sends
        until(lambda: Batch.objects.get().state == "posted", seconds=30, what="the posting")
        again = ask(tasks.post_batch, broker, batch.pk)  # as the killed one's comes back later
        until(lambda: f"{again}] received" in log.read_text(), seconds=30, what="its arrival")
        until(lambda: unfinished(broker) == 1, seconds=30, what="its end")  # the killed one's

    assert Transfer.objects.filter(key__startswith="claim:").count() == ALL
    posted = {claim.pk: claim for claim in batch.claims.select_related("transfer__credit")}
    expected = Counter()
    for claim in claims:
        transfer = posted[claim.pk].transfer
        assert (posted[claim.pk].state, transfer.key) == ("posted", f"claim:{claim.pk}")
        assert (transfer.amount, transfer.debit_id) == (claim.points, fund.pk)
        owner = claim.household_id if claim.to_household else claim.person_id
        assert owner == (
            transfer.credit.household_id if claim.to_household else transfer.credit.person_id
        )
        expected[transfer.credit_id] += claim.points
    assert {pk: Account.objects.get(pk=pk).posted for pk in expected} == expected
    assert len(expected) == 8  # six neighbours, their household, and 王
    assert state(wang) == (claims[STOP].points, 0, 1)
    assert accounts.balance(fund) == had - expected.total()
    assert ClaimStep.objects.filter(verb="post").values("claim").distinct().count() == ALL
    assert ClaimStep.objects.filter(verb="post").count() == ALL
    assert BatchStep.objects.filter(batch=batch, verb="finish").count() == 1

    call_command("verify_ledger", full=True)  # leaves with 1 on a finding
