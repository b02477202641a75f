"""Both tasks do the same: work through the rows that are due. Running twice is harmless."""

from celery import shared_task

from inbox import delivery, nudge


# Early acknowledgement on purpose: the record is in PostgreSQL, the sweep redoes a lost run.
@shared_task(acks_late=False)
def deliver() -> None:
    """Nudged when somebody was told something."""
    _tried, more = delivery.run()
    if more:
        nudge.worker()  # back to the end of the queue: other tasks get their turn


@shared_task(acks_late=False)
def sweep() -> None:
    """By beat: retries that are due, leases that ran out, nudges that were lost."""
    deliver()
