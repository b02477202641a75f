"""A process of its own that orders and hands over one thing after the other, each once however
often it runs.

``python -m tests.exchange.writer OFFER ACCOUNT PERSON KEEPER``: keys. A line for each step. Used
by ``test_killed``.
"""

import os
import sys

ALL = 60


def main(offer: int, account: int, person: int, keeper: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from exchange import orders
    from exchange.models import Offer, OrderState
    from orgs.models import Person
    from points.models import Account

    resident, behind = Person.objects.get(pk=person), Person.objects.get(pk=keeper)
    for number in range(ALL):
        order = orders.place(
            Offer.objects.get(pk=offer),
            account=Account.objects.get(pk=account),
            person=resident,
            household=None,
            by=resident,
            key=f"killed:{number}",
        )
        print(f"placed {number}", flush=True)
        if order.state == OrderState.RESERVED:
            orders.issue(order, by=behind)
        print(f"issued {number}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
