"""Stopping the exchange: announced ahead (profile EXCHANGE, 30 days), told to all with points."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import telling, terms, who
from exchange.models import Item, RedemptionStop
from orgs import access
from orgs.models import Area, Person, Residence
from points.models import Account, AccountKind
from rules.refusals import Refused
from rules.workflow import Missing
from ui.dates import day_text


class StopRefused(Refused):
    """Why a stop cannot be announced or lifted; its text may be shown."""


class TooSoon(StopRefused):
    def __init__(self, days: int, first: date):
        self.first = first
        text = _("停止兑换须提前 %(days)d 天公告，最早从%(day)s起")
        super().__init__(text % {"days": days, "day": day_text(first, full=True)})


class WrongEnd(StopRefused):
    def __init__(self):
        super().__init__(_("恢复日期须晚于停止日期"))


class NotEntitled(StopRefused):
    def __init__(self, area: Area):
        super().__init__(_("您没有在%(name)s公告停止兑换的权限") % {"name": area.name})


class LiftedBefore(StopRefused):
    def __init__(self):
        super().__init__(_("这份公告已经取消"))


def first_day(area: Area, today: date | None = None) -> date:
    """From when a stop announced today may begin."""
    today = today or timezone.localdate()
    return today + timedelta(days=terms.at(area, today).params["stop_announced_days"])


@transaction.atomic
def announce(
    area: Area,
    *,
    starts_on: date,
    reason: str,
    by,
    item: Item | None = None,
    ends_on: date | None = None,
) -> RedemptionStop:
    """Nothing (or not this item) is exchanged in ``area`` from ``starts_on`` until ``ends_on``.

    Codes given out before stay good. All who hold points there are told, so that they can spend
    them in time. Raises TooSoon, WrongEnd, NotEntitled or Missing.
    """
    if not access.rights_of(by).may(who.STOP, area_path=area.path):
        raise NotEntitled(area)
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    today = timezone.localdate()
    if starts_on < (first := first_day(area, today)):
        raise TooSoon(terms.at(area, today).params["stop_announced_days"], first)
    if ends_on is not None and ends_on <= starts_on:
        raise WrongEnd
    stop = RedemptionStop.objects.create(
        area=area,
        item=item,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip()[:300],
        announced_by=by,
        announced_on=today,
    )
    _tell(stop, f"stop:{stop.pk}", _("%(what)s将停止兑换"), _words(stop))
    return stop


@transaction.atomic
def lift(stop: RedemptionStop, *, by, reason: str) -> RedemptionStop:
    """Take it back, before or after it began. Raises LiftedBefore."""
    stop.refresh_from_db(from_queryset=RedemptionStop.objects.select_for_update(of=("self",)))
    if not access.rights_of(by).may(who.STOP, area_path=stop.area_path):
        raise NotEntitled(stop.area)
    if stop.lifted_on is not None:
        raise LiftedBefore
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    stop.lifted_on, stop.lifted_by = timezone.localdate(), by
    stop.lifted_reason = reason.strip()[:300]
    stop.save(update_fields=["lifted_on", "lifted_by", "lifted_reason"])
    _tell(stop, f"stop:{stop.pk}:lifted", _("%(what)s照常兑换"), stop.lifted_reason)
    return stop


def _words(stop: RedemptionStop) -> str:
    if stop.ends_on is None:
        text = _("%(start)s起停止兑换：%(reason)s。已经拿到的取货码照常领取。")
    else:
        text = _("%(start)s至%(end)s前停止兑换：%(reason)s。已经拿到的取货码照常领取。")
    return text % {
        "start": day_text(stop.starts_on, full=True),
        "end": day_text(stop.ends_on, full=True) if stop.ends_on else "",
        "reason": stop.reason.rstrip("。"),
    }


def _tell(stop: RedemptionStop, key: str, title: str, text: str) -> None:
    what = stop.item.name if stop.item else stop.area.name
    telling.tell(
        _holders(stop.area),
        kind="exchange.stop",
        title=title % {"what": what},
        text=text,
        url="/exchange/",
        key=key,
    )


def _holders(area: Area) -> list[Person]:
    """Whoever has points to spend there: of their own, or with their household."""
    there = Account.objects.filter(community__path__startswith=area.path, posted__gt=0)
    homes = there.filter(kind=AccountKind.HOUSEHOLD).values("household")
    members = Residence.objects.verified().filter(household__in=homes).values("person")
    own = there.filter(kind=AccountKind.PERSON).values("person")
    people = Person.objects.filter(Q(pk__in=own) | Q(pk__in=members), is_active=True)
    return list(people.order_by("pk"))
