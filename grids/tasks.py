"""What the beat does for issues: sweep up photos nobody came back for, tell of late ones."""

from celery import shared_task

from grids import lateness, photos


@shared_task
def sweep_photos() -> None:
    """Running twice finds nothing the second time."""
    photos.drop_old_drafts()
    photos.drop_strays()


@shared_task
def tell_late() -> None:
    """Running twice tells once: each message carries the clock's key."""
    lateness.tell()
