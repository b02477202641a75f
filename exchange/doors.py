"""What of the exchange waits for somebody, to be counted with all else on the desk in one query.

Written for ``orgs.prepared``: nothing of the person is read here.
"""

from django.db.models import QuerySet

from exchange import cases, pool_requests, who
from exchange.models import (
    Clearing,
    ClearingState,
    LineState,
    Offer,
    Order,
    OrderState,
    Outlet,
    Settlement,
    SettlementLine,
    SettlementState,
)
from orgs import access


def waiting(person) -> dict[str, QuerySet]:
    """Name → what waits. ``person`` may be a blank."""
    rights = access.rights_of(person)
    found = {}
    if rights.has(who.SERVE):
        bodies = rights.organization_ids(who.SERVE)
        found["outlets"] = Outlet.objects.filter(organization__in=bodies)
        found["to_hand"] = Order.objects.filter(
            state=OrderState.RESERVED, offer__outlet__organization__in=bodies
        )
        sent = Settlement.objects.filter(state=SettlementState.SENT)
        found["statements"] = access.scope(
            sent, person, who.SERVE, organization_field="organization"
        )
    if rights.has(who.VIEW):
        low = Offer.objects.low()
        found["low"] = access.scope(low, person, who.VIEW, path_field="outlet__area_path")
    if rights.has(who.SETTLE):
        here = Settlement.objects.filter(
            state__in=[
                SettlementState.DISPUTED,
                SettlementState.READY,
                SettlementState.APPROVED,  # to be paid
            ]
        )
        found["to_settle"] = access.scope(here, person, who.SETTLE)
    if rights.has(who.APPROVE):
        handed_in = Settlement.objects.filter(state=SettlementState.SUBMITTED)
        found["to_approve"] = access.scope(handed_in, person, who.APPROVE)
        back = SettlementLine.objects.filter(state=LineState.REVERSING)
        found["to_reverse"] = access.scope(
            back, person, who.APPROVE, path_field="settlement__area_path"
        )
        drawn = Clearing.objects.filter(state=ClearingState.DRAWN)
        found["to_clear"] = access.scope(drawn, person, who.APPROVE)
    if rights.has(cases.INVESTIGATE):
        found["cases"] = cases.waiting(person)
    if rights.has(pool_requests.APPROVE):
        found["pool"] = pool_requests.waiting(person)
    return found
