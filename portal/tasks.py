"""The heartbeat: beat sends it, a worker answers it, ``/readyz`` tells how long ago.

And what nobody comes back for: sessions that are over.
"""

import time

from celery import shared_task
from celery.signals import after_task_publish, beat_init
from django.core.cache import cache
from django.core.management import call_command

BEAT, WORKER = "heartbeat:beat", "heartbeat:worker"


@shared_task(ignore_result=True, expires=60, acks_late=False)
def heartbeat() -> None:
    """Note that a worker is alive. Running twice notes the later moment."""
    cache.set(WORKER, time.time(), timeout=None)


@shared_task
def clear_sessions() -> None:
    """Forget sessions that are over: phones, codes and forms stand in them.

    Running twice finds nothing the second time.
    """
    call_command("clearsessions")


@after_task_publish.connect(sender="portal.tasks.heartbeat")
def note_beat(**_kwargs) -> None:
    """Only beat sends the heartbeat, so a heartbeat sent is beat alive, worker or no worker."""
    cache.set(BEAT, time.time(), timeout=None)


@beat_init.connect
def first_heartbeat(**_kwargs) -> None:
    """At once, so that a fresh start is ready without waiting for the first tick."""
    heartbeat.delay()


def ages_seconds() -> dict[str, int | None]:
    """Seconds since the last heartbeat of worker and beat; None when there was none yet."""
    noted = cache.get_many([WORKER, BEAT])
    now = time.time()
    return {
        name: max(0, int(now - noted[key])) if key in noted else None
        for name, key in (("worker", WORKER), ("beat", BEAT))
    }
