"""django-hordak with guarantees equal to ours: run by its own Python, not part of the portal.

``python rival.py [1,4,8]``: prints a JSON object, transfers a second by "clients case". The
payer's row is locked and its balance checked before each transfer, in one transaction, as nobody
must fall below nothing here. Where it connects stands in the usual PG variables.
"""

import json
import multiprocessing
import os
import random
import sys
import time

import django
from django.conf import settings

ACCOUNTS = 64
SECONDS = float(os.environ.get("SECONDS", "3"))

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
        }
    },
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DEFAULT_CURRENCY="CNY",
    CURRENCIES=["CNY"],
    HORDAK_CURRENCIES=["CNY"],
    HORDAK_INTERNAL_CURRENCY="CNY",
    USE_TZ=True,
    SECRET_KEY="rival",  # noqa: S106 (signs nothing)
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from hordak.models import Account  # noqa: E402
from moneyed import Money  # noqa: E402


def transfer(payer: int, payee: int, amount: Money) -> None:
    with transaction.atomic():
        pair = sorted((payer, payee))
        locked = Account.objects.select_for_update().order_by("pk").filter(pk__in=pair)
        found = {account.pk: account for account in locked}
        balance = found[payer].get_balance()["CNY"]
        if balance < amount:
            raise RuntimeError(f"short: {balance}")
        found[payer].transfer_to(found[payee], amount)


def run(client: int, payers: list[int], payees: list[int], start, counts) -> None:
    chance = random.Random(client)  # noqa: S311 (no secret)
    amount = Money(1, "CNY")
    transfer(payers[0], payees[0], amount)
    start.wait()
    number, begun = 0, time.perf_counter()
    while (now := time.perf_counter()) - begun < SECONDS:
        transfer(chance.choice(payers), chance.choice(payees), amount)
        number += 1
    counts.put(number / (now - begun))
    connections.close_all()


def rate(clients: int, payers: list[int], payees: list[int]) -> float:
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start, counts = context.Barrier(clients), context.Queue()
    children = [
        context.Process(target=run, args=(client, payers, payees, start, counts))
        for client in range(clients)
    ]
    for child in children:
        child.start()
    total = sum(counts.get(timeout=60 + SECONDS) for _child in children)
    for child in children:
        child.join()
    return total


def opened(name: str) -> Account:
    return Account.objects.create(name=name, code=name[:3], type="AS", currencies=["CNY"])


def main() -> None:
    call_command("migrate", verbosity=0)
    source = opened("source")
    payers, payees = ([opened(f"{side}{n}") for n in range(ACCOUNTS)] for side in ("a", "b"))
    for payer in payers:
        source.transfer_to(payer, Money(10_000_000, "CNY"))
    to = [account.pk for account in payees]
    rates = {}
    for clients in json.loads(sys.argv[1]):
        rates[f"{clients} spread"] = rate(clients, [account.pk for account in payers], to)
        rates[f"{clients} hot"] = rate(clients, [payers[0].pk], to)
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
