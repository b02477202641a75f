"""Who may do what with an order: the ``who`` columns of its table. Denied unless granted."""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange.models import Outlet, PoolRequest
from orgs import access
from orgs.models import Residence
from points import who as point_people
from points.models import Account, AccountKind

SERVE, HELP = "exchange.serve_outlet", "exchange.help_order"
EDIT, VIEW, STOP = "exchange.edit_catalogue", "exchange.view_exchange", "exchange.announce_stop"
SPEND_POOL, APPROVE_POOL = "exchange.spend_pool", "exchange.approve_pool"
SETTLE, APPROVE = "exchange.settle", "exchange.approve_settlement"


def serves(outlet: Outlet, person) -> bool:
    """Stands behind the counter: a post at the body that runs the outlet."""
    return access.rights_of(person).may(SERVE, organization_id=outlet.organization_id)


def served_by(person):
    """The outlets somebody stands behind. A queryset."""
    bodies = access.rights_of(person).organization_ids(SERVE)
    return Outlet.objects.filter(organization__in=bodies)


def only_serves(person) -> bool:
    """A merchant's keeper: a post behind a counter, and no other right anywhere."""
    return access.rights_of(person).permissions == ([], [SERVE])


def outlets_seen_by(person):
    """Those somebody stands behind, and those of the places whose exchange they look after."""
    return access.scope(Outlet.objects.all(), person, VIEW) | served_by(person)


def spends(person, account: Account) -> bool:
    """Their own account, or as a grown member the one of the household they live in."""
    if account.kind == AccountKind.PERSON:
        return account.person_id == person.pk
    if account.kind != AccountKind.HOUSEHOLD:
        return False
    here = Residence.objects.verified().filter(person=person, household=account.household_id)
    return here.exists() and not point_people.may_be_minor(person, timezone.localdate())


def helps(person, path: str) -> bool:
    """May order for others in the community at ``path``, or within it."""
    rights = access.rights_of(person)
    near = any(own.startswith(path) for own in rights.area_paths(HELP))
    return near or rights.may(HELP, area_path=path)


def is_at_home(order, person) -> bool:
    """Lives where the order goes, or went."""
    return point_people.lives_there(person, order.household_id, timezone.localdate(order.placed_at))


def issues(order, person):
    if person is None or not serves(order.offer.outlet, person):
        return False
    if person.pk == order.person_id or is_at_home(order, person):
        return _("这是您自己或家里人的兑换单，请由他人发放")
    if order.person_id is None and _spends_the_pool(order, person):
        return _("这是您为公益池申请、批准或领取的，请由他人发放")
    if person.pk == order.placed_by_id:
        return _("这是您代办的兑换单，请由他人发放")
    return True


def _spends_the_pool(order, person) -> bool:
    """Asked for it, approved it, or is to fetch it."""
    part = Q(picker=person) | Q(decided_by=person)
    asked = person.pk == order.placed_by_id
    return asked or PoolRequest.objects.filter(part, order=order).exists()


def refuses(order, person):
    return person is not None and serves(order.offer.outlet, person)


def cancels(order, person):
    """Who it is for, the grown people of the household that pays, and the worker who placed it."""
    if person is None:
        return False
    if person.pk == order.person_id:
        return True
    if person.pk == order.placed_by_id:  # a worker, as long as they are one there
        return order.person_id is None or helps(person, order.account.community.path)
    return order.account.kind == AccountKind.HOUSEHOLD and spends(person, order.account)


# --- settlements ---------------------------------------------------------------------------------


def settles(row, person) -> bool:
    """Deals with settlements and clearings of the subdistrict."""
    return person is not None and access.rights_of(person).may(SETTLE, area_path=row.area_path)


def approves(row, person) -> bool:
    return person is not None and access.rights_of(person).may(APPROVE, area_path=row.area_path)


def is_served(settlement, person) -> bool:
    """Speaks for who is settled with: stands behind one of its counters."""
    if person is None:
        return False
    rights = access.rights_of(person)
    return rights.may(SERVE, organization_id=settlement.organization_id)
