"""Outlets of a subdistrict, and what each of them has."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import catalogue
from exchange.models import Item, ItemKind, Offer, OrderState, Outlet, OutletKind
from orgs.history import because
from orgs.models import Area, AreaLevel, Organization, OrganizationKind
from rules.refusals import Refused
from rules.workflow import Missing

# Which body may run which kind of outlet, and at which level its books are.
BODIES = {
    OutletKind.SHOP: (OrganizationKind.RESIDENTS_COMMITTEE, AreaLevel.COMMUNITY),
    OutletKind.MERCHANT: (OrganizationKind.MERCHANT, AreaLevel.COMMUNITY),
    OutletKind.COUNTER: (OrganizationKind.SUBDISTRICT_OFFICE, AreaLevel.SUBDISTRICT),
}


class OutletRefused(Refused):
    """Why an outlet cannot be opened or changed so; its text may be shown."""


class WrongBody(OutletRefused):
    def __init__(self, kind: str):
        body = OrganizationKind(BODIES[kind][0]).label
        text = _("%(kind)s须由%(body)s经办")
        super().__init__(text % {"kind": OutletKind(kind).label, "body": body})


class NoPlace(OutletRefused):
    def __init__(self):
        super().__init__(_("经办单位不在一个社区里，积分没有地方入账"))


class NameTaken(OutletRefused):
    def __init__(self, name: str):
        super().__init__(_("这个单位已有名为“%(name)s”的兑换点") % {"name": name})


class DaysMissing(OutletRefused):
    def __init__(self):
        super().__init__(_("只在兑换日发放的，须写明每周哪几天或每月哪几日"))


class StillPromised(OutletRefused):
    def __init__(self, count: int):
        self.count = count
        text = _("还有 %(count)d 张取货码没有领取，请先发放或退回，再停业")
        super().__init__(text % {"count": count})


class NoGoods(OutletRefused):
    def __init__(self):
        super().__init__(_("公益捐赠没有可以领取的东西，不在兑换点上架"))


def _books_of(organization: Organization, kind: str) -> Area:
    body, level = BODIES[kind]
    if organization.kind != body:
        raise WrongBody(kind)
    books = organization.area.ancestor(level) if organization.area else None
    if books is None:
        raise NoPlace
    return books


FIELDS = ("name", "address", "hours", "phone", "building", "weekdays", "month_days", "only_on_days")


@transaction.atomic
def open_outlet(organization: Organization, kind: str, *, by, **words) -> Outlet:
    """``words``: FIELDS. Raises WrongBody, NoPlace, NameTaken, DaysMissing, NotEntitled."""
    books = _books_of(organization, kind)
    catalogue.check_right(by, books.path, books)
    outlet = Outlet(area=organization.area, books=books, organization=organization, kind=kind)
    return _save(outlet, words, by, _("开设兑换点"))


@transaction.atomic
def change(outlet: Outlet, *, by, **words) -> Outlet:
    """New words for an outlet. Codes already given out keep to the days as they are now."""
    catalogue.check_right(by, outlet.area_path, outlet.area)
    outlet.refresh_from_db(from_queryset=Outlet.objects.select_for_update(of=("self",)))
    return _save(outlet, words, by, _("更改兑换点"))


def _save(outlet: Outlet, words: dict, by, reason: str) -> Outlet:
    for name in FIELDS:
        setattr(outlet, name, words[name])
    if outlet.only_on_days and not (outlet.weekdays or outlet.month_days):
        raise DaysMissing
    twins = Outlet.objects.filter(organization=outlet.organization, name=outlet.name)
    if twins.exclude(pk=outlet.pk).exists():
        raise NameTaken(outlet.name)
    with because(reason, by=by):
        outlet.save()
    return outlet


@transaction.atomic
def close(outlet: Outlet, *, by, reason: str, on: date | None = None) -> Outlet:
    """Nothing can be ordered there from today on. Raises StillPromised while codes are out."""
    catalogue.check_right(by, outlet.area_path, outlet.area)
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    # In the order of ``stock_items``, so that neither waits for the other in a circle.
    locked = Offer.objects.select_for_update(of=("self",)).filter(outlet=outlet)
    offers = list(locked.order_by("pk"))
    outlet.refresh_from_db(from_queryset=Outlet.objects.select_for_update(of=("self",)))
    waiting = sum(
        offer.orders.filter(state=OrderState.RESERVED).count() for offer in offers if offer.reserved
    )
    if waiting:
        raise StillPromised(waiting)
    outlet.closed_on = on or timezone.localdate()
    with because(reason.strip(), by=by):
        outlet.save(update_fields=["closed_on"])
    return outlet


@transaction.atomic
def reopen(outlet: Outlet, *, by, reason: str) -> Outlet:
    catalogue.check_right(by, outlet.area_path, outlet.area)
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    outlet.closed_on = None
    with because(reason.strip(), by=by):
        outlet.save(update_fields=["closed_on"])
    return outlet


@transaction.atomic
def stock_items(outlet: Outlet, offered: dict[Item, bool], *, by) -> int:
    """What can be had here: item → is it counted. Others are taken out; how many changed.

    What is taken out keeps its stock and its codes. Something once counted stays counted.
    """
    catalogue.check_right(by, outlet.area_path, outlet.area)
    if any(item.kind == ItemKind.DONATION for item in offered):
        raise NoGoods
    there = {
        offer.item_id: offer
        for offer in Offer.objects.select_for_update(of=("self",))
        .filter(outlet=outlet)
        .order_by("pk")
    }
    changed = 0
    for item, is_counted in offered.items():
        offer = there.pop(item.pk, None)
        if offer is None:
            Offer.objects.create(outlet=outlet, item=item, is_counted=is_counted)
            changed += 1
        elif not offer.is_offered:
            offer.is_offered = True
            offer.save(update_fields=["is_offered"])
            changed += 1
    for offer in there.values():
        if offer.is_offered:
            offer.is_offered = False
            offer.save(update_fields=["is_offered"])
            changed += 1
    return changed
