"""What the beat does for notices and disclosures."""

from celery import shared_task

from publicity import disclosures, notices


@shared_task
def tend_notices() -> None:
    """Close what nobody objected to, tell of late answers. Running twice does both once."""
    notices.close_due()
    notices.tell_late()


@shared_task
def tend_disclosures() -> None:
    """Write down what is owed, remind of it, mark what is late. Running twice does each once."""
    disclosures.make_due()
    disclosures.remind()
    disclosures.mark_late()
