"""Goods that are given: taken into the stock, with who gave them and their wish for thanks."""

from datetime import date

from django.db import transaction

from exchange import stock, who
from exchange.models import GoodsDonation, Offer
from orgs import access


@transaction.atomic
def receive(
    offer: Offer,
    pieces: int,
    *,
    by,
    donor_name: str,
    is_body: bool,
    wish: str,
    thanks: str = "",
    received_on: date,
    key: str = "",
) -> GoodsDonation:
    """The pieces into the stock, and the gift beside their line. ``key`` as in ``stock``.

    The reason in the stock's line says that it was given, never by whom.
    """
    entry = stock.receive(offer, pieces, by=by, donated=True, key=key)
    if known := GoodsDonation.objects.filter(entry=entry).first():
        return known
    return GoodsDonation.objects.create(
        area_id=offer.outlet.area_id,
        offer=offer,
        donor_name=donor_name.strip(),
        is_body=is_body,
        pieces=pieces,
        wish=wish,
        thanks=thanks.strip(),
        received_on=received_on,
        entered_by=by,
        entry=entry,
    )


def change(gift: GoodsDonation, *, wish: str, thanks: str) -> None:
    """The donor thought again, or somebody found better words."""
    gift.wish, gift.thanks = wish, thanks.strip()
    gift.full_clean(validate_unique=False)
    gift.save(update_fields=["wish", "thanks"])


def seen_by(person):
    """Gifts to the outlets somebody serves, and those of the places they look after."""
    gifts = GoodsDonation.objects.select_related("offer__outlet", "offer__item")
    return access.scope(gifts, person, who.VIEW) | gifts.filter(
        offer__outlet__organization__in=access.rights_of(person).organization_ids(who.SERVE)
    )


def may_change(gift: GoodsDonation, person) -> bool:
    """Who serves the outlet, and who keeps outlets there; others who look after the place read."""
    edits = access.rights_of(person).may(who.EDIT, area_path=gift.area_path)
    return edits or who.serves(gift.offer.outlet, person)


def names_to(gift: GoodsDonation, person) -> str:
    """Who looks after the place reads the name; behind the counter it is as the donor wished."""
    if access.rights_of(person).may(who.VIEW, area_path=gift.area_path):
        return gift.donor_name
    return gift.public_name
