from celery import shared_task

from rules import clocks


@shared_task(acks_late=True)
def resume_expired() -> None:
    """Resume the clocks whose allowance of pause is used up. Running twice does nothing more."""
    clocks.resume_expired()
