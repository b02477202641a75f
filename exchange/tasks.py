"""What the beat does for the exchange. Every task may run twice; the second time finds nothing."""

from celery import shared_task

from exchange import openness, orders, pictures, settlement, watch


@shared_task
def expire_orders() -> None:
    """Give back what nobody picked up in time."""
    orders.expire_due()


@shared_task
def tend_settlements() -> None:
    """Draw up the months that are over, end the merchants' terms, remind who keeps them waiting."""
    settlement.tend()


@shared_task
def sweep_handed() -> None:
    """Drop pictures that no order and no item names."""
    pictures.drop_strays()


@shared_task
def watch_exchange() -> None:
    """Open a case for what deserves a second look."""
    watch.look()


@shared_task
def publish_account() -> None:
    """Publish the months that are over, each place once."""
    openness.publish_due()
