"""The catalogue of a subdistrict: items, and what they cost from which day on."""

import json
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange import who
from exchange.models import Item, ItemTerms
from orgs import access
from orgs.history import because
from orgs.models import Area, AreaLevel
from rules.refusals import Refused
from rules.workflow import Missing

FILE = settings.BASE_DIR / "data" / "exchange_items.json"


class CatalogueRefused(Refused):
    """Why the catalogue cannot be changed so; its text may be shown."""


class InThePast(CatalogueRefused):
    def __init__(self):
        super().__init__(_("起始日期不能早于今天：已经兑换的按当时的条件"))


class TermsThatDay(CatalogueRefused):
    def __init__(self, day: date):
        super().__init__(_("%(day)s 已有一份条件，请另选一天") % {"day": day.isoformat()})


class WrongTerms(CatalogueRefused):
    def __init__(self):
        super().__init__(_("分值和上限须为大于零的整数"))


@transaction.atomic
def ship(subdistrict: Area, *, starts_on: date | None = None, at=None) -> int:
    """Give a subdistrict the 25 items it starts with; again adds nothing. Returns how many."""
    if subdistrict.level != AreaLevel.SUBDISTRICT:
        raise ValueError(f"{subdistrict} is no subdistrict")
    at = at or timezone.now()
    there = set(Item.objects.filter(area=subdistrict).values_list("code", flat=True))
    made = 0
    for row in json.loads(FILE.read_text(encoding="utf-8")):
        if row["code"] in there:
            continue
        item = Item.objects.create(
            area=subdistrict,
            **{name: row[name] for name in ("code", "name", "kind", "text")},
        )
        ItemTerms.objects.create(
            item=item,
            starts_on=starts_on or timezone.localdate(at),
            points=row["points"],
            household_monthly=row["household_monthly"],
            reason=_("平台默认目录"),
            set_at=at,
        )
        made += 1
    return made


@transaction.atomic
def set_terms(
    item: Item,
    *,
    points: int,
    household_monthly: int | None,
    person_monthly: int | None,
    starts_on: date,
    reason: str,
    by,
) -> ItemTerms:
    """What an item costs from a day on. Orders keep what they were placed under.

    Raises InThePast, TermsThatDay, WrongTerms or Missing.
    """
    Item.objects.select_for_update().get(pk=item.pk)
    check_right(by, item.area_path, item.area)
    if not reason.strip():
        raise Missing({"reason": _("依据")})
    limits = [limit for limit in (household_monthly, person_monthly) if limit is not None]
    if any(type(number) is not int or number < 1 for number in (points, *limits)):
        raise WrongTerms
    if starts_on < timezone.localdate():
        raise InThePast
    if item.terms.filter(starts_on=starts_on).exists():
        raise TermsThatDay(starts_on)
    return ItemTerms.objects.create(
        item=item,
        starts_on=starts_on,
        points=points,
        household_monthly=household_monthly,
        person_monthly=person_monthly,
        reason=reason.strip()[:200],
        set_by=by,
        set_at=timezone.now(),
    )


# --- items ---------------------------------------------------------------------------------------


class CodeTaken(CatalogueRefused):
    def __init__(self, code: str):
        super().__init__(_("编号 %(code)s 已被使用") % {"code": code})


class NotEntitled(CatalogueRefused):
    def __init__(self, area: Area):
        super().__init__(_("您没有维护%(name)s兑换目录的权限") % {"name": area.name})


def check_right(person, path: str, area: Area) -> None:
    """Raises NotEntitled."""
    if not access.rights_of(person).may(who.EDIT, area_path=path):
        raise NotEntitled(area)


@transaction.atomic
def add(
    subdistrict: Area,
    *,
    code: str,
    name: str,
    kind: str,
    text: str,
    points: int,
    household_monthly: int | None,
    person_monthly: int | None,
    starts_on: date,
    reason: str,
    by,
) -> Item:
    """A new item with its first terms; where it can be had is said at the outlets."""
    check_right(by, subdistrict.path, subdistrict)
    if subdistrict.level != AreaLevel.SUBDISTRICT:
        raise ValueError(f"{subdistrict} is no subdistrict")
    Area.objects.select_for_update().get(pk=subdistrict.pk)
    if Item.objects.filter(area=subdistrict, code=code).exists():
        raise CodeTaken(code)
    with because(reason, by=by):
        item = Item.objects.create(area=subdistrict, code=code, name=name, kind=kind, text=text)
    set_terms(
        item,
        points=points,
        household_monthly=household_monthly,
        person_monthly=person_monthly,
        starts_on=starts_on,
        reason=reason,
        by=by,
    )
    return item


@transaction.atomic
def describe(item: Item, *, name: str, text: str, by, picture: str = "") -> Item:
    """New words, and a new picture if one is given (a token of ``exchange.pictures``)."""
    check_right(by, item.area_path, item.area)
    item.name, item.text = name, text
    item.picture = picture or item.picture
    with because(_("更改名称、说明或图片"), by=by):
        item.save(update_fields=["name", "text", "picture"])
    return item


@transaction.atomic
def set_offered(item: Item, offered: bool, *, by, reason: str) -> Item:
    """Into the window or out of it, everywhere; open orders stay as they are."""
    check_right(by, item.area_path, item.area)
    if not reason.strip():
        raise Missing({"reason": _("原因")})
    item.is_offered = offered
    with because(reason.strip(), by=by):
        item.save(update_fields=["is_offered"])
    return item
