"""The pool for the old and the young (一老一小): giving to it, and what it did.

A community has one: the escrow account of its books. It is spent by ``orders.place_for_pool``.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum, Window
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import telling
from exchange.models import COUNTING, Gift, Item, ItemKind, ItemTerms, Order
from exchange.orders import MOST_PIECES, NotOffered, OrderRefused, OtherArea, WrongQuantity
from orgs.models import Area
from points import accounts, ledger
from points.ledger import Posting
from points.models import Account, AccountKind, TransferKind

KEY = "gift:"
LATELY = 5


class NotTheirs(OrderRefused):
    def __init__(self):
        super().__init__(_("只能捐自己账户里的积分"))


class GiftKeyTaken(OrderRefused):
    def __init__(self):
        super().__init__(_("这张表已用于另一次捐赠，请刷新后再试"))


@transaction.atomic
def give(
    item: Item,
    account: Account,
    person,
    times: int,
    *,
    by,
    key: str,
    is_named: bool = False,
    at: datetime | None = None,
) -> Gift:
    """``times`` the item's points of one's own account go to the pool of its community.

    Nobody gives what is another's or the household's. The same ``key`` again gives the same gift.
    Raises NotTheirs, WrongQuantity, NotOffered, OtherArea, InsufficientPoints or GiftKeyTaken.
    """
    at = at or timezone.now()
    if type(times) is not int or not 1 <= times <= MOST_PIECES:
        raise WrongQuantity
    is_own = account.kind == AccountKind.PERSON and account.person_id == person.pk
    if by.pk != person.pk or not is_own:
        raise NotTheirs
    key, today = f"{KEY}{key}", timezone.localdate(at)
    if known := Gift.objects.filter(transfer__key=key).select_related("transfer").first():
        return _same(known, item, account, times)
    if item.kind != ItemKind.DONATION or not item.is_offered:
        raise NotOffered
    if not account.community.path.startswith(item.area_path):
        raise OtherArea
    terms = ItemTerms.objects.in_force(today).filter(item=item).first()
    if terms is None:
        raise NotOffered
    try:
        posted = ledger.post(
            Posting(
                community=account.community_id,
                debit=account.pk,
                credit=accounts.escrow_of(account.community).pk,
                amount=terms.points * times,
                key=key,
                kind=TransferKind.DONATE,
                happened_on=today,
                reason=_("捐给一老一小公益池"),
                actor=by.pk,
                at=at,
            )
        )
    except ledger.KeyReused as reused:
        raise GiftKeyTaken from reused
    gift, is_new = Gift.objects.get_or_create(
        transfer_id=posted.transfer_id,
        defaults={
            "area": account.community,
            "person": person,
            "item": item,
            "points": terms.points * times,
            "is_named": is_named,
            "given_at": at,
        },
    )
    if is_new:
        telling.of_gift(gift)
    return gift


def _same(known: Gift, item: Item, account: Account, times: int) -> Gift:
    """The gift a form made already; refused when the form says something else now."""
    terms = ItemTerms.objects.in_force(timezone.localdate(known.given_at)).get(item=known.item)
    said = (item.pk, account.pk, terms.points * times)
    if (known.item_id, known.transfer.debit_id, known.points) != said:
        raise GiftKeyTaken
    return known


def own_accounts(shopper) -> list[Account]:
    """Of ``shop.customer``: what one may give from."""
    return [account for account in shopper.accounts if account.kind == AccountKind.PERSON]


# --- what it did ---------------------------------------------------------------------------------


@dataclass
class Pool:
    """Of one community, since it began. ``lately``: the last orders it paid, with their purpose."""

    community: Area
    given: int
    spent: int
    lately: list[Order]

    @property
    def left(self) -> int:
        return self.given - self.spent


def of(community: Area) -> Pool:
    """Two queries: the sum of what was spent comes with each of the last orders.

    What a community brought that went up in this one, ``points.merging`` has carried along.
    """
    books = Q(area=community) | Q(area__merged_into=community)
    books |= Q(area__merged_into__merged_into=community)
    given = Gift.objects.filter(books).aggregate(total=Sum("points"))["total"]
    paid = Order.objects.filter(books, account__kind=AccountKind.ESCROW, state__in=COUNTING)
    paid = paid.select_related("offer__item").annotate(spent=Window(Sum("points")))
    lately = list(paid.order_by("-pk")[:LATELY])
    return Pool(community, given or 0, lately[0].spent if lately else 0, lately)
