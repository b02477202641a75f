"""What the beat does for issues. Every task may run twice; the second time finds nothing."""

from celery import shared_task

from grids import account, archive, escalation, lateness, photos


@shared_task
def sweep_photos() -> None:
    """Files and drafts nobody came back for."""
    photos.drop_old_drafts()
    photos.drop_strays()


@shared_task
def watch_limits() -> None:
    """Warn at 50 % and 80 %, escalate at 100 %, tell of what else is late: each once."""
    escalation.warn()
    escalation.run()
    lateness.tell()


@shared_task
def count_months() -> None:
    """Running twice counts the same again; what was marked meanwhile waits for the next run."""
    account.refresh()


@shared_task
def recount_months() -> None:
    """All months from nothing, once a day: right even where no mark told of a change."""
    account.recount()


@shared_task
def put_away() -> None:
    """Archive thirty days after closing, de-identify after three years."""
    archive.run()
    archive.deidentify()
