"""A month's claims on their whole way, and points in an account without one."""

from datetime import timedelta

from django.utils import timezone

from points import accounts, batches, ledger, panel, posting
from points.models import TransferKind
from publicity import notices
from tests.points import claiming
from tests.points.claiming import today


def award(points, account, amount, *, on=None, key, at=None):
    """Points out of the fund, as if a claim had been paid."""
    on = on or today()
    return ledger.post(
        ledger.Posting(
            community=points.community.pk,
            debit=accounts.fund_of(points.community).pk,
            credit=account.pk,
            amount=amount,
            key=key,
            kind=TransferKind.AWARD,
            happened_on=on,
            lot_on=on,
            at=at,
        )
    )


def pay(points):
    """Everything certified of last month: decided, reviewed, noticed and paid."""
    batch = batches.open(points.community, batches.last_month())
    signers = [points.he, points.neighbour, points.jian]
    for name in ("方居民", "罗居民"):
        someone = claiming.resident(points, name)
        panel.seat(points.community, someone, "resident", by=points.gao)
        signers.append(someone)
    batches.approve(batch, [claim.pk for claim in batch.claims.all()], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in signers:
        batches.sign(batch, by=someone)
    batches.publish(batch, by=points.zhou)
    notices.close_due(timezone.now() + timedelta(days=40))
    batch.refresh_from_db()
    posting.post(batch)
    return batch
