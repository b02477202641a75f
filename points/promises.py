"""What somebody's points are promised for and waits to be fetched: apps above say it.

A provider is ``function(person, accounts) -> list[Promise]``; ``accounts`` are of
``mine.accounts_of``. Registered in ``AppConfig.ready``: ``promises.register(open_orders)``.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from points.models import Account

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Promise:
    """``mark`` is what is shown where it is fetched, a code."""

    title: str
    points: int
    href: str
    mark: str
    place: str
    until: datetime


Provider = Callable[[object, list[Account]], list[Promise]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Once per provider, however often an app gets ready."""
    if provider not in _providers:
        _providers.append(provider)


def of(person, accounts: Iterable[Account]) -> list[Promise]:
    """All there is, what ends soonest first. A provider that fails is left out and logged."""
    found: list[Promise] = []
    for provider in _providers:
        try:
            found += provider(person, list(accounts))
        except Exception:
            logger.exception("a provider of promises failed: %r", provider)
    return sorted(found, key=lambda row: row.until)
