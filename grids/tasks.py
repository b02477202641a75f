"""What the beat does for issues. Every task may run twice; the second time finds nothing."""

from celery import shared_task

from grids import (
    account,
    archive,
    drafts,
    escalation,
    lateness,
    monthly,
    photos,
    proposals,
    rewards,
    whistle_watch,
)
from grids.hotline import callbacks, hook, importing, partner_dates
from grids.models import Import, Issue


@shared_task
def sweep_photos() -> None:
    """Files and drafts nobody came back for."""
    photos.drop_old_drafts()
    photos.drop_strays()


@shared_task
def sweep_drafts() -> None:
    """Reports kept for later and forgotten: told of, then removed."""
    drafts.sweep()


@shared_task
def watch_limits() -> None:
    """Warn at 50 % and 80 %, escalate at 100 %, tell of what else is late: each once."""
    escalation.warn()
    escalation.run()
    lateness.tell()
    partner_dates.tell()


@shared_task
def count_months() -> None:
    """Running twice counts the same again; what was marked meanwhile waits for the next run."""
    account.refresh()


@shared_task
def recount_months() -> None:
    """All months from nothing, once a day: right even where no mark told of a change."""
    account.recount()


@shared_task
def publish_figures() -> None:
    """Running twice publishes once; what a stopped beat left out follows."""
    monthly.publish_due()


@shared_task
def watch_whistles() -> None:
    """Tell of departments that did not answer, end ratings whose time is over."""
    whistle_watch.tell_unanswered()
    whistle_watch.end_ratings()


@shared_task
def put_away() -> None:
    """Archive thirty days after closing, de-identify after three years."""
    archive.run()
    archive.deidentify()


# Early acknowledgement: the rows are in PostgreSQL, the sweep goes on where a killed run stopped.
@shared_task(acks_late=False)
def import_orders(pk: int) -> None:
    """Take in the rows of one file; running twice takes each in once."""
    if (batch := Import.objects.filter(pk=pk).first()) is not None:
        importing.work(batch)


@shared_task(acks_late=False)
def deliver_callbacks() -> None:
    """Nudged when an order moved; by beat for retries and lost nudges."""
    _tried, more = callbacks.run()
    if more:
        callbacks.wake()


@shared_task(acks_late=False)
def sweep_orders() -> None:
    """Killed imports go on; drafts nobody confirmed and old deliveries go."""
    callbacks.drop_old()
    importing.resume()
    importing.drop_old_drafts()
    hook.drop_old_calls()


@shared_task
def propose_topics() -> None:
    """What keeps coming back, where history was written in silence."""
    proposals.sweep()


@shared_task
def propose_points(issue_id: int) -> None:
    """Points for who first reported a hazard. Running twice proposes once."""
    issue = Issue.objects.select_related("category", "area").filter(pk=issue_id).first()
    if issue is not None:
        rewards.propose(issue)


@shared_task
def sweep_points() -> None:
    """Propose what a lost broker left."""
    rewards.sweep()
