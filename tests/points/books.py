"""Short words for writing into a ledger."""

from datetime import date

from points import accounts, ledger
from points.ledger import Posting
from points.models import Transfer, TransferKind

DAY = date(2026, 3, 5)


def fund_with(community, points=10_000):
    fund = accounts.fund_of(community)
    move(accounts.issuance_of(community), fund, points, key="budget", kind=TransferKind.ALLOT)
    return fund


def posting(debit, credit, amount, *, key, kind=TransferKind.AWARD, on=DAY, **more) -> Posting:
    return Posting(
        community=debit.community_id,
        debit=debit.pk,
        credit=credit.pk,
        amount=amount,
        key=key,
        kind=kind,
        happened_on=on,
        **more,
    )


def move(debit, credit, amount, *, key, kind=TransferKind.AWARD, **more) -> Transfer:
    posted = ledger.post(posting(debit, credit, amount, key=key, kind=kind, **more))
    return Transfer.objects.get(pk=posted.transfer_id)


def state(account) -> tuple[int, int, int]:
    account.refresh_from_db()
    return account.posted, account.held, account.seq
