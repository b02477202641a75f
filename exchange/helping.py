"""A worker orders for a resident of their place: whom they find, and what of them they see."""

from django.db.models import QuerySet

from exchange import shop
from exchange.shop import Customer
from exchange.who import HELP
from orgs import access, encryption
from orgs.models import Area, Residence
from points.listed import within

MOST = 30


def residents(by) -> QuerySet[Residence]:
    """Verified residents of the places where somebody helps; themselves not."""
    paths = access.rights_of(by).area_paths(HELP)
    rows = Residence.objects.verified().filter(within(paths, "household__area_path"))
    return rows.exclude(person=by).select_related("person", "household__area")


def buildings(by) -> list[Area]:
    homes = residents(by).values("household__area")
    return list(Area.objects.filter(pk__in=homes).order_by("path")[:200])


def found(by, words: str, building: str) -> list[Residence]:
    """By part of the name, by the whole phone number, or all of a building."""
    rows = residents(by)
    if words.isdecimal() and len(words) == 11:
        rows = rows.filter(person__phone_digest=encryption.digest(words))
    elif words:
        rows = rows.filter(person__name__icontains=words)
    if building.isdecimal() and len(building) < 18:
        rows = rows.filter(household__area=int(building))
    elif not words:
        return []
    order = ("household__area_path", "household__stairwell", "household__room", "person__name")
    return list(rows.order_by(*order, "pk")[: MOST + 1])


def customer(public_id: str, by) -> Customer | None:
    """A resident with what they may pay from, without accounts in communities where ``by`` does
    not help; None for anybody who is not to be found by ``by``. Two queries.
    """
    helps = access.rights_of(by).area_paths(HELP)
    rows = shop.homes().filter(person__public_id=public_id).exclude(person=by)
    homes = list(rows.select_related("person", "household__area__site"))
    if not any(_lies(row.household.area_path, helps) for row in homes):
        return None
    shopper = shop.at_home(homes[0].person, homes)
    shopper.accounts = [
        account
        for account in shopper.accounts
        if _lies(account.community.path, helps)
        or any(own.startswith(account.community.path) for own in helps)
    ]
    return shopper


def _lies(path: str, within_paths) -> bool:
    return any(path.startswith(place) for place in within_paths)
