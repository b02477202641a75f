"""What the beat does for the books. Every task may run twice; the second time finds nothing."""

import logging

from celery import shared_task
from django.utils import timezone

from orgs.models import Area
from points import (
    appreciation,
    batches,
    deductions,
    evidence,
    ledger,
    lots,
    merging,
    periods,
    posting,
    reminders,
    seal,
    verification,
)
from points.models import Account, Batch
from rules.profiles import NoProfile

logger = logging.getLogger(__name__)


@shared_task
def seal_books() -> None:
    """Seal what was posted; after a dump was restored, prove the books from scratch first."""
    if verification.was_restored():
        verify_books(full=True)
    seal.run()


@shared_task
def close_months() -> None:
    """Close the months that are over, and release holds past their time."""
    ledger.void_overdue()
    periods.close_due()


@shared_task
def verify_books(full: bool | None = None) -> None:
    """Prove the books: what is new each night, everything once a week. Findings are told."""
    try:
        verification.run(full=verification.is_full_due() if full is None else full)
    except verification.AlreadyRunning:
        logger.info("verify_books: another run is going on, nothing done")


@shared_task(acks_late=True)
def post_batch(batch_id: int) -> None:
    """Pay a batch whose notice has ended. Twice pays once; the beat takes up what a crash left."""
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        logger.warning("post_batch: batch %s is gone, nothing done", batch_id)
        return
    posting.post(batch)


@shared_task
def tend_batches() -> None:
    """Open last month's batches, end their collecting in time, go on with posting that stands."""
    merging.carry_rests()
    batches.open_due()
    batches.decide_due()
    posting.post_due()


@shared_task
def expire_points() -> None:
    """Book out what is too old, and tell whose points soon will be."""
    today = timezone.localdate()
    keepers = Account.objects.filter(kind__in=lots.GROW_OLD).values("community")
    for community in Area.objects.filter(pk__in=keepers).order_by("pk"):
        try:
            lots.expire(community, today)
            lots.remind(community, today)
        except NoProfile as missing:
            logger.warning(
                "expire_points: %s has no terms, nothing expires: %s", community, missing
            )


@shared_task
def grow_points() -> None:
    """Let what was held long grow, where it is the month for it. Twice is once."""
    appreciation.grow_due()


@shared_task
def tend_claims() -> None:
    """Remind of late certifying and answers, end hearings and appeal windows. Twice is once."""
    reminders.of_certifying()
    reminders.of_appeals()
    deductions.tend()


@shared_task
def sweep_evidence() -> None:
    """Drop pictures nobody came back for, and files without a row."""
    evidence.drop_old_drafts()
    evidence.drop_strays()
