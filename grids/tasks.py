"""What the beat does for issues: sweep up photos nobody came back for, tell of late ones."""

from celery import shared_task

from grids import account, lateness, photos


@shared_task
def sweep_photos() -> None:
    """Running twice finds nothing the second time."""
    photos.drop_old_drafts()
    photos.drop_strays()


@shared_task
def tell_late() -> None:
    """Running twice tells once: each message carries the clock's key."""
    lateness.tell()


@shared_task
def count_months() -> None:
    """Running twice counts the same again; what was marked meanwhile waits for the next run."""
    account.refresh()


@shared_task
def recount_months() -> None:
    """All months from nothing, once a day: right even where no mark told of a change."""
    account.recount()
