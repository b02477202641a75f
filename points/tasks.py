"""What the beat does for the books. Every task may run twice; the second time finds nothing."""

import logging

from celery import shared_task

from points import ledger, periods, seal, verification

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
