"""The rule catalogue: shipping it, writing a new version, trying one out on last month's claims."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN
from functools import cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area, AreaLevel
from points import caps
from points.matters import refuse_forbidden
from points.models import (
    COUNTING,
    Cap,
    CapSubject,
    Claim,
    Rule,
    RuleEnding,
    RuleKind,
    RuleVersion,
    Source,
)
from rules.refusals import Refused
from rules.workflow import Missing

RIGHT = "points.edit_rules"
LONG_AGO = date(2020, 1, 1)
BASIS = "积分规则目录（平台默认）【默认】"
FIELDS = (
    *("title", "measure", "amounts", "grades", "to_household", "evidence", "sources"),
    *("certifiers", "certifier_label", "excluded", "only_for", "adults_only", "note", "basis"),
)
CAP_FIELDS = ("subject", "window", "limit", "per_grade", "takes_highest")


class NotEntitled(Refused):
    def __init__(self, area: Area):
        super().__init__(_("您没有制定%(name)s积分规则的权限") % {"name": area.name})


class InThePast(Refused):
    def __init__(self):
        super().__init__(_("新版本最早从今天起施行"))


class NotAfter(Refused):
    def __init__(self, version: RuleVersion):
        text = _("已有 %(day)s 起施行的版本，新版本须晚于这一天")
        super().__init__(text % {"day": version.effective_from.isoformat()})


class EndsBefore(Refused):
    """Another last day would bring an ended rule back, or let it run on."""

    def __init__(self, version: RuleVersion):
        text = _("这条规则到 %(day)s 为止；只能再提前，要延续请写新版本")
        super().__init__(text % {"day": version.effective_to.isoformat()})


class CodeTaken(Refused):
    def __init__(self, code: str):
        super().__init__(_("代码 %(code)s 已有规则，请换一个，或给它写新版本") % {"code": code})


class NobodyCertifies(Refused):
    def __init__(self):
        super().__init__(_("须写明由谁认证；只有系统自动提出的规则可以没有认证人"))


@cache
def _shipped() -> list[dict]:
    return json.loads((settings.BASE_DIR / "data" / "points_rules.json").read_text("utf-8"))


@transaction.atomic
def ship(area: Area, *, effective_from: date = LONG_AGO) -> int:
    """Give a subdistrict the catalogue; how many rules it lacked. Running twice adds nothing."""
    if area.level != AreaLevel.SUBDISTRICT:
        raise ValueError(f"{area} is no subdistrict")
    there = set(Rule.objects.filter(area=area).values_list("code", flat=True))
    added = 0
    for line in _shipped():
        if line["code"] in there:
            continue
        rule = Rule.objects.create(area=area, code=line["code"], kind=line["kind"])
        version = RuleVersion.objects.create(
            rule=rule,
            number=1,
            effective_from=effective_from,
            basis=BASIS,
            **{name: line[name] for name in FIELDS if name in line},
        )
        Cap.objects.bulk_create(Cap(version=version, **cap) for cap in line["caps"])
        added += 1
    return added


def rule_of(area: Area, code: str) -> Rule:
    """The rule of this code that holds at a place. Raises Rule.DoesNotExist."""
    around = [area.path[:end] for end in range(Area.steplen, len(area.path) + 1, Area.steplen)]
    return Rule.objects.filter(area_path__in=around).get(code=code)


def draft_of(version: RuleVersion) -> dict:
    """What a version says, to change and hand to ``write_version`` or ``preview``."""
    draft = {name: getattr(version, name) for name in FIELDS}
    draft["caps"] = [
        {name: getattr(cap, name) for name in CAP_FIELDS} for cap in version.caps.order_by("pk")
    ]
    return draft


@transaction.atomic
def write_version(
    rule: Rule, draft: Mapping, *, by, reason: str, effective_from: date
) -> RuleVersion:
    """End the version in force and start one with what ``draft`` says (keys of ``draft_of``).

    ``effective_from`` is today or later; a version not yet begun is not touched. Deeds before
    that day stay under the old one. Raises NotEntitled, InThePast, NotAfter, NobodyCertifies,
    ForbiddenMatter, Missing or ValidationError; then nothing is written.
    """
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=rule.area_path):
        raise NotEntitled(rule.area)
    if not reason.strip():
        raise Missing({"reason": _("修订原因")})
    if effective_from < timezone.localdate():
        raise InThePast
    Rule.objects.select_for_update().get(pk=rule.pk)
    before = rule.versions.order_by("-number").first()
    given = draft_of(before) if before else {}
    given.update(draft)
    given_caps = [dict(cap) for cap in given.pop("caps", [])]
    refuse_forbidden(given.get("title", ""), given.get("note", ""), *given.get("grades", []))
    if (
        rule.kind == RuleKind.EARN
        and not given.get("certifiers")
        and list(given.get("sources", [])) != [Source.SYSTEM]
    ):
        raise NobodyCertifies
    if before is not None:
        if effective_from <= before.effective_from:
            raise NotAfter(before)
        if before.effective_to is None or before.effective_to >= effective_from:
            before.effective_to = effective_from - timedelta(days=1)
            before.save(update_fields=["effective_to"])
    version = RuleVersion(
        rule=rule,
        number=(before.number if before else 0) + 1,
        effective_from=effective_from,
        written_by=by,
        reason=reason.strip()[:200],
        **given,
    )
    version.full_clean()
    version.save()
    rows = [Cap(version=version, **cap) for cap in given_caps]
    for row in rows:
        row.full_clean()
    Cap.objects.bulk_create(rows)
    return version


@transaction.atomic
def write_rule(
    area: Area, code: str, draft: Mapping, *, by, reason: str, effective_from: date
) -> RuleVersion:
    """A rule of a new code with its first version; P earns, N takes.

    Raises CodeTaken, ValidationError for a code that is none, and what ``write_version`` raises.
    """
    if area.level != AreaLevel.SUBDISTRICT:
        raise ValueError(f"{area} is no subdistrict")
    Area.objects.select_for_update(no_key=True).get(pk=area.pk)  # one new code at a time
    if Rule.objects.filter(area=area, code=code).exists():
        raise CodeTaken(code)
    rule = new_rule(area, code)
    rule.full_clean()
    rule.save()
    return write_version(rule, draft, by=by, reason=reason, effective_from=effective_from)


def new_rule(area: Area, code: str) -> Rule:
    """Not saved: to try a draft out."""
    kind = RuleKind.DEDUCT if code.startswith("N") else RuleKind.EARN
    return Rule(area=area, area_path=area.path, code=code, kind=kind)


def next_code(area: Area, letter: str = "P") -> str:
    """The first free one after those there are; empty when none is left."""
    taken = set(Rule.objects.filter(area=area).values_list("code", flat=True))
    last = max((int(code[1:]) for code in taken if code.startswith(letter)), default=0)
    numbers = (*range(last + 1, 100), *range(1, last))
    return next((code for n in numbers if (code := f"{letter}{n:02d}") not in taken), "")


@transaction.atomic
def end(rule: Rule, *, by, last_day: date, reason: str) -> RuleVersion:
    """The rule stops: ``last_day`` (today or later) is the last on which it earns.

    Who ended it, and why, is kept. Raises NotEntitled, Missing, InThePast, NotAfter, or EndsBefore
    when an earlier last day stands already.
    """
    if by is not None and not access.rights_of(by).may(RIGHT, area_path=rule.area_path):
        raise NotEntitled(rule.area)
    if not reason.strip():
        raise Missing({"reason": _("停止原因")})
    if last_day < timezone.localdate():
        raise InThePast
    Rule.objects.select_for_update().get(pk=rule.pk)
    version = rule.versions.order_by("-number").first()
    if last_day < version.effective_from:
        raise NotAfter(version)
    if version.effective_to is not None and last_day >= version.effective_to:
        raise EndsBefore(version)
    version.effective_to = last_day
    version.save(update_fields=["effective_to"])
    RuleEnding.objects.create(
        version=version, last_day=last_day, reason=reason.strip()[:200], ended_by=by
    )
    return version


# --- trying a draft out --------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    claim: Claim
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Preview:
    """Last month's claims of a rule, as they were and as the draft would have paid them."""

    month: date
    rows: list[Changed]

    @property
    def before(self) -> int:
        return sum(row.before for row in self.rows)

    @property
    def after(self) -> int:
        return sum(row.after for row in self.rows)

    @property
    def people(self) -> int:
        """How many people would have got another number of points."""
        changed: dict[int, int] = {}
        for row in self.rows:
            changed[row.claim.person_id] = changed.get(row.claim.person_id, 0) + row.difference
        return sum(1 for difference in changed.values() if difference)

    @property
    def changed(self) -> list[Changed]:
        return [row for row in self.rows if row.difference]


def preview(rule: Rule, draft: Mapping, month: date | None = None) -> Preview:
    """Count a month's claims anew under ``draft`` (default: the last whole month). Three queries.

    In the order they were filed, caps of the draft applied to the days of that month; what was
    counted in other months of a quarter or year is taken as it stands.
    """
    month = (month or timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)
    if rule.pk is None:
        return Preview(month, [])  # a new code: nobody has claimed it
    latest = rule.versions.order_by("-number").first()
    said = draft_of(latest) if latest else {}
    said.update(draft)
    wanted = [Cap(**cap) for cap in said["caps"]]
    first, after = caps.window_of("month", month)
    year_first, year_after = date(month.year, 1, 1), date(month.year + 1, 1, 1)
    reaches = Claim.objects.counting().filter(rule_version__rule=rule, state__in=COUNTING)
    if not any(cap.window == "ever" for cap in wanted):
        reaches = reaches.filter(happened_on__gte=year_first, happened_on__lt=year_after)
    reaches = reaches.select_related("person", "rule_version").order_by("claimed_at", "pk")
    counted: list[tuple[Claim, int]] = []
    rows = []
    for claim in reaches:
        if not first <= claim.happened_on < after:
            counted.append((claim, claim.points))
    for claim in reaches:
        if not first <= claim.happened_on < after:
            continue
        grade = min(claim.grade, len(said["amounts"]) - 1)
        asked = int((claim.quantity * said["amounts"][grade]).to_integral_value(ROUND_DOWN))
        points = max(min(asked, _free(wanted, said["amounts"], claim, counted)), 0)
        counted.append((claim, points))
        rows.append(Changed(claim, claim.points, points))
    return Preview(month, rows)


def _free(wanted: Iterable[Cap], amounts, claim: Claim, counted) -> int:
    """As ``caps.allowance``, in memory, over what was counted so far."""
    free = 10**9
    for cap in wanted:
        first, after = caps.window_of(cap.window, claim.happened_on)
        same = [
            (other, points)
            for other, points in counted
            if _subject(cap, other) == _subject(cap, claim)
            and (first is None or first <= other.happened_on < after)
        ]
        if _subject(cap, claim) is None:
            continue
        if cap.per_grade:
            times = sum(1 for other, points in same if other.grade == claim.grade and points)
            free = min(free, free if times < cap.limit else 0)
            continue
        limit = cap.limit
        if cap.takes_highest:
            grades = [other.grade for other, points in same if points] + [claim.grade]
            limit = min(limit, max(amounts[min(g, len(amounts) - 1)] for g in grades))
        free = min(free, limit - sum(points for _other, points in same))
    return free


def _subject(cap: Cap, claim: Claim):
    match CapSubject(cap.subject):
        case CapSubject.PERSON:
            return claim.person_id
        case CapSubject.HOUSEHOLD:
            return claim.household_id
        case CapSubject.PAIR:
            return claim.partner_id and frozenset((claim.person_id, claim.partner_id))
