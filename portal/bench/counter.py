"""Group ``counter``: a busy redemption day at one counter, and the rooms of the exchange.

Four people hand over what is ordered, each from a connection of their own, at real gunicorn; a
redemption stands against the bare page of the same run, and afterwards nothing may be missing.
"""

import http.client
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from exchange import orders, stock
from exchange.models import Order, OrderState, Outlet, OutletKind
from orgs import access
from orgs.models import Person, Residence
from points import telling, verification
from points.models import Account, AccountKind, Transfer, TransferKind
from portal.bench import Result
from portal.bench.pages import _cookie, _server, compare
from rules.refusals import Refused

CODES, HANDS, A_MINUTE = 240, 4, 500
# Two workers serve four people: how long one waits is told; what is held against the bare page is
# the time of two workers for one redemption.
WORKERS = 2
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


def counter() -> list[Result]:
    outlet = Outlet.objects.filter(kind=OutletKind.COUNTER).first()
    if outlet is None:
        raise RuntimeError("counter: the bench database holds no exchange")
    keeper = access.holders("exchange.serve_outlet", organization=outlet.organization)
    keeper = keeper.order_by("pk").first()
    rooms = compare("counter", _rooms(outlet, keeper))
    unit = next(result.value for result in rooms if result.name == "bare")
    codes = _order(outlet, keeper)
    with _server() as port:
        hand = _Hand(port, keeper)
        for code in codes[:HANDS]:  # connected, compiled, planned
            hand.over(code)
        started = time.perf_counter()
        with ThreadPoolExecutor(HANDS) as pool:
            shares = [codes[HANDS + n :: HANDS] for n in range(HANDS)]
            list(pool.map(lambda share: _Hand(port, keeper).over_all(share), shares))
        elapsed = time.perf_counter() - started
    number = len(codes) - HANDS
    each = elapsed * 1000 / number * WORKERS
    return [
        *rooms,
        Result("counter", "redemptions a minute", round(number / elapsed * 60), "a minute",
               goal=A_MINUTE, at_least=True),
        Result("counter", "one redemption (a worker's time)", round(each, 2), "ms", "bare",
               round(each / unit, 2)),
        Result("counter", "lost or given twice", _wrong(codes), "codes", goal=0),
        Result("counter", "findings in the ledger",
               verification.check(full=True).count, "findings", goal=0),
    ]  # fmt: skip


def _rooms(outlet: Outlet, keeper: Person) -> dict[str, tuple[str, Person | None]]:
    resident = Person.objects.filter(orders__state=OrderState.RESERVED).first()
    order = Order.objects.filter(state=OrderState.RESERVED, person=resident).first()
    operator = Person.objects.filter(appointments__position="subdistrict_operator").first()
    return {
        "window": ("/exchange/", None),
        "window, resident": ("/exchange/", resident),
        "item, resident": (f"/exchange/items/{order.offer.item_id}/", resident),
        "order, resident": (order.get_absolute_url(), resident),
        "counter, keeper": ("/exchange/counter/", keeper),
        "stock, keeper": (f"/exchange/outlets/{outlet.pk}/stock/", keeper),
        "settlements, subdistrict": ("/exchange/settlements/", operator),
        "catalogue, subdistrict": ("/exchange/catalogue/", operator),
    }


def _order(outlet: Outlet, keeper: Person) -> list[str]:
    """Codes of as many people as can pay, one piece each."""
    counted = outlet.offers.filter(is_counted=True, is_offered=True).select_related("item")
    offer = min(counted, key=lambda offer: offer.item.terms.latest("starts_on").points)
    stock.receive(offer, CODES, by=keeper, reason="bench")
    serving = access.holders("exchange.serve_outlet", organization=outlet.organization)
    price = offer.item.terms.latest("starts_on").points
    rich = Account.objects.filter(kind=AccountKind.PERSON, posted__gt=price).exclude(
        person__in=serving
    )
    codes, doors = [], set()
    with telling.silently():
        for account in rich.select_related("person", "community").order_by("pk"):
            home = Residence.objects.verified().filter(person=account.person).first()
            if home is None or home.household_id in doors:
                continue
            doors.add(home.household_id)
            try:
                order = orders.place(
                    offer,
                    account=account,
                    person=account.person,
                    household=home.household,
                    by=account.person,
                    key=f"bench:{timezone.now():%s}:{account.pk}",
                )
            except Refused:  # a limit, or points held meanwhile
                continue
            codes.append(order.code)
            if len(codes) == CODES:
                break
    return codes


class _Hand:
    """Somebody at the counter, with a connection and a session."""

    def __init__(self, port: int, keeper: Person):
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = _cookie(keeper)["Cookie"]
        self.token = ""
        answer, body = self._send("GET", "/exchange/counter/")
        found = TOKEN.search(body)
        if found is None:
            raise RuntimeError(f"counter: no form on the page ({answer.status})")
        self.token = found[1].decode()
        crumb = next(
            value.split(";")[0]
            for name, value in answer.getheaders()
            if name == "Set-Cookie" and value.startswith(settings.CSRF_COOKIE_NAME)
        )
        self.cookie += f"; {crumb}"

    def _send(self, method: str, path: str, fields: dict | None = None):
        headers = {"Cookie": self.cookie, "HX-Request": "true"} if fields else {}
        headers |= {"Cookie": self.cookie}
        if fields:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        self.wire.request(method, path, urlencode(fields or {}) or None, headers)
        answer = self.wire.getresponse()
        return answer, answer.read()

    def over(self, code: str) -> None:
        fields = {"code": code, "csrfmiddlewaretoken": self.token}
        answer, body = self._send("POST", "/exchange/counter/issue/", fields)
        if answer.status != 200:
            raise RuntimeError(f"counter: {answer.status} {body[:300]!r}")

    def over_all(self, codes: list[str]) -> None:
        for code in codes:
            self.over(code)


def _wrong(codes: list[str]) -> int:
    """Codes that were not paid exactly once, with one piece taken from stock."""
    found = Order.objects.filter(code__in=codes, state=OrderState.ISSUED)
    paid = Transfer.objects.filter(kind=TransferKind.CAPTURE, ended_order__in=found)
    points = found.aggregate(n=Sum("points"))["n"]
    right = min(found.count(), paid.count(), sum(one.stock_entries.count() == 2 for one in found))
    if paid.aggregate(n=Sum("amount"))["n"] != points:
        return len(codes)
    return len(codes) - right
