"""保值增值: what has been held long grows once a year, where a place's rules say so.

In the month that the profile EXCHANGE names, every account gets so many percent of its points that
were held so many months on the first of it, rounded down, out of the community's fund. Once per
account and year. Where the fund does not cover all of it nothing is posted, and who sets budgets
is told. Off (0 %) unless a place switches it on.
"""

import logging
from datetime import date, datetime
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area
from points import accounts, budgets, ledger, lots, telling, terms
from points.ledger import Posting
from points.models import Account, Transfer, TransferKind
from rules import profiles

logger = logging.getLogger(__name__)
PROFILE = "EXCHANGE"
AT_ONCE = 500  # transfers in one call of the ledger


def held_before(on: date, months: int) -> date:
    """The last day on which what is held ``months`` on a day may have come."""
    return terms.months_after(on, -months)


def grow_due(*, today: date | None = None) -> int:
    """Where it is the month: all communities; the points posted. The beat calls it, twice is once.

    A community that fails does not keep the others.
    """
    today = today or timezone.localdate()
    keepers = Account.objects.filter(kind__in=lots.GROW_OLD).values("community")
    grown = 0
    for community in Area.objects.open().filter(pk__in=keepers).order_by("pk"):
        try:
            grown += grow(community, today)
        except profiles.NoProfile:
            continue
        except Exception:
            logger.exception("grow_due: the points of %s did not grow", community)
    return grown


@transaction.atomic
def grow(community: Area, today: date, *, at: datetime | None = None) -> int:
    """The same for one community; 0 when it is not the month, or the fund falls short."""
    first = today.replace(day=1)
    params = profiles.in_force(PROFILE, place=community.code, on=first).params
    percent = params.get("appreciation_percent", 0)
    if not percent or today.month != params["appreciation_month"]:
        return 0
    limit = held_before(first, params["appreciation_held_months"])
    locked = (
        Account.objects.select_for_update(no_key=True)
        .filter(community=community, kind__in=lots.GROW_OLD, posted__gt=0)
        .order_by("pk")
    )
    keys = {account.pk: f"appreciate:{account.pk}:{today.year}" for account in locked}
    done = set(
        Transfer.objects.filter(community=community, key__in=keys.values()).values_list(
            "key", flat=True
        )
    )
    fund = accounts.fund_of(community)
    reason = _("持有满 %(months)d 个月，增值 %(percent)s%%") % {
        "months": params["appreciation_held_months"],
        "percent": percent,
    }
    postings = []
    waiting = [pk for pk, key in keys.items() if key not in done]
    for pk, parts in sorted(lots.lots_of(waiting).items()):
        held = sum(points for lot_on, points in parts if lot_on <= limit)
        if more := int(held * Fraction(str(percent)) // 100):
            postings.append(
                Posting(
                    community=community.pk,
                    debit=fund.pk,
                    credit=pk,
                    amount=more,
                    key=keys[pk],
                    kind=TransferKind.APPRECIATE,
                    happened_on=today,
                    reason=reason,
                    at=at,
                )
            )
    if not postings:
        return 0
    total = sum(posting.amount for posting in postings)
    try:
        budgets.check(community, total)
    except budgets.OverBudget as short:
        _tell_short(community, today, short)
        return 0
    for start in range(0, len(postings), AT_ONCE):
        ledger.post_many(postings[start : start + AT_ONCE])
    return total


def _tell_short(community: Area, today: date, short: budgets.OverBudget) -> None:
    telling.tell(
        access.holders(budgets.SET, area=community),
        kind="points.budget",
        title=_("%(place)s的积分没有增值：预算不足") % {"place": community.name},
        text=_("可用 %(have)d 分，增值需要 %(need)d 分。本月内追加预算后自动补上。")
        % {"have": short.have, "need": short.need},
        url="/points/budgets/",
        key=f"appreciate-short:{community.pk}:{today.year}",
    )
