"""A process of its own that posts one long list in pieces, each piece once however often it runs.

``python -m tests.points.writer``: prints a line per piece. Used by ``test_killed``.
"""

import os
from datetime import date

ACCOUNTS, AT_ONCE, ALL = 40, 5, 1_000


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from orgs.models import Area, Person
    from points import accounts, ledger, seal
    from points.ledger import Posting

    if not (city := Area.objects.filter(code="9902").first()):
        city = Area.objects.add_root({"level": "city", "code": "9902", "name": "江澜市"})
    fund = accounts.fund_of(city)
    wallets = []
    for n in range(ACCOUNTS):
        person, _created = Person.objects.get_or_create(name=f"居民{n}")
        wallets.append(accounts.of_person(person, city))
    postings = [
        Posting(
            community=city.pk,
            debit=fund.pk,
            credit=wallets[n % ACCOUNTS].pk,
            amount=n % 7 + 1,
            key=f"claim:{n}",
            kind="award",
            happened_on=date(2026, 3, 5),
        )
        for n in range(ALL)
    ]
    new = 0
    for start in range(0, ALL, AT_ONCE):
        new += sum(posted.is_new for posted in ledger.post_many(postings[start : start + AT_ONCE]))
        print(f"{start + AT_ONCE} {new}", flush=True)
        if start % 100 == 0:
            seal.run()


if __name__ == "__main__":
    main()
