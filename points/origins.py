"""Where a line of an account leads: apps above say it, by how the keys of their transfers begin.

Registered in ``AppConfig.ready``: ``origins.register("order:", lead_to_order)``. A lead is
``function(transfer, viewer) -> address``, empty where the viewer has nothing to see; it reads no
rows, as a page has many lines.
"""

from collections.abc import Callable

Lead = Callable[[object, object], str]
_leads: dict[str, Lead] = {}


def register(beginning: str, lead: Lead) -> None:
    _leads[beginning] = lead


def lead_of(transfer, viewer) -> str:
    for beginning, lead in _leads.items():
        if transfer.key.startswith(beginning):
            return lead(transfer, viewer)
    return ""
