"""The catalogue as people read it: every rule in plain words, grouped, on a day."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access
from orgs.models import Area, AreaLevel, Residence
from orgs.positions import Position
from points import caps, catalogue
from points.matters import MATTERS
from points.models import Evidence, Rule, RuleKind, RuleVersion, Source

BY_MULTIPLE = "倍"  # the measure of a rule that takes a claim back several times (N03)


@dataclass(frozen=True)
class Words:
    """What one version of a rule says, in words."""

    version: RuleVersion
    code: str
    title: str
    gives: str  # 每小时 10 分
    grades: list[tuple[str, str]]
    caps: list[str]
    account: str
    evidence: str
    sources: str
    certifiers: str
    not_for: list[str]

    @property
    def takes(self) -> bool:
        return self.version.rule.kind == RuleKind.DEDUCT


def words_of(version: RuleVersion) -> Words:
    """Costs no query when the rule and the caps were fetched along."""
    takes = version.rule.kind == RuleKind.DEDUCT
    return Words(
        version=version,
        code=version.rule.code,
        title=version.title,
        gives=_gives(version, takes),
        grades=[
            (grade, points_words(points, takes))
            for grade, points in zip(version.grades, version.amounts, strict=False)
        ],
        caps=[caps.describe(cap) for cap in version.caps.all()],
        account=_("家庭账户") if version.to_household else _("个人账户"),
        evidence=str(Evidence(version.evidence).label),
        sources=_("、").join(str(Source(source).label) for source in version.sources),
        certifiers=_certifiers(version),
        not_for=_not_for(version),
    )


def points_words(points: int, takes: bool = False) -> str:
    text = _("扣 %(points)d 分") if takes else _("%(points)d 分")
    return text % {"points": points}


def _gives(version: RuleVersion, takes: bool) -> str:
    first, last = min(version.amounts), max(version.amounts)
    if version.measure == BY_MULTIPLE:
        return _("按该笔积分的 %(times)d 倍扣回") % {"times": first}
    if first == last:
        text = _("每%(measure)s扣 %(points)d 分") if takes else _("每%(measure)s %(points)d 分")
        return text % {"measure": version.measure, "points": first}
    if takes:
        text = _("每%(measure)s扣 %(first)d 至 %(last)d 分")
    else:
        text = _("每%(measure)s %(first)d 至 %(last)d 分")
    return text % {"measure": version.measure, "first": first, "last": last}


def _certifiers(version: RuleVersion) -> str:
    posts = positions_words(version.certifiers)
    if not posts:
        return version.certifier_label
    return _("%(label)s（%(posts)s）") % {"label": version.certifier_label, "posts": posts}


def _not_for(version: RuleVersion) -> list[str]:
    said = []
    if version.excluded:
        text = _("本职人员不得申报：%(posts)s")
        said.append(text % {"posts": positions_words(version.excluded)})
    if version.only_for:
        said.append(_("仅限：%(posts)s") % {"posts": positions_words(version.only_for)})
    if version.adults_only:
        said.append(_("限年满 18 周岁的成年人"))
    return said


def positions_words(positions) -> str:
    return _("、").join(str(Position(position).label) for position in positions)


def never_paid() -> list[str]:
    """What no rule may pay for, however it is worded (``points.matters``)."""
    return [str(matter) for matter, _pattern in MATTERS]


# --- places --------------------------------------------------------------------------------------


def places() -> list[Area]:
    """Subdistricts with a catalogue. One query."""
    there = Exists(Rule.objects.filter(area=OuterRef("pk")))
    found = Area.objects.open().filter(there, level=AreaLevel.SUBDISTRICT)
    return list(found.order_by("path")[:200])


def place_for(person, code: str = "") -> tuple[Area | None, list[Area]]:
    """The subdistrict whose catalogue is shown, and all there are.

    The one asked for; else where the person works or lives; else the first. None when the code
    asked for has no catalogue, or nobody has.
    """
    found = places()
    if code:
        return next((place for place in found if place.code == code), None), found
    if len(found) < 2 or not person.is_authenticated:
        return (found[0] if found else None), found
    near = list(access.rights_of(person).area_paths(catalogue.RIGHT))
    near += (
        Residence.objects.verified()
        .filter(person=person)
        .values_list("household__area_path", flat=True)[:3]
    )
    for path in near:
        for place in found:
            if path.startswith(place.path) or place.path.startswith(path):
                return place, found
    return found[0], found


def may_edit(person, place: Area) -> bool:
    return access.rights_of(person).may(catalogue.RIGHT, area_path=place.path)


# --- the catalogue on a day ----------------------------------------------------------------------


def on(place: Area, day: date | None = None) -> list[Words]:
    """Every rule in force at a subdistrict on a day (default today). Two queries."""
    rows = (
        RuleVersion.objects.on(day)
        .filter(rule__area=place)
        .select_related("rule")
        .prefetch_related("caps")
        .order_by("rule__code")
    )
    return [words_of(version) for version in rows]


def groups(lines: list[Words]) -> list[tuple[str, str, list[Words]]]:
    """(key, title, rules), only groups with rules in them."""
    titles = {
        (False, False): ("earn-person", _("加分 · 计入个人账户")),
        (False, True): ("earn-household", _("加分 · 计入家庭账户")),
        (True, False): ("deduct-person", _("扣分 · 从个人账户扣")),
        (True, True): ("deduct-household", _("扣分 · 从家庭账户扣")),
    }
    found = []
    for (takes, to_household), (key, title) in titles.items():
        rows = [
            line
            for line in lines
            if line.takes == takes and line.version.to_household == to_household
        ]
        if rows:
            found.append((key, title, rows))
    return found


def rules_of(place: Area):
    """The rules of a subdistrict with all their versions, the newest first."""
    versions = RuleVersion.objects.select_related("rule", "written_by").prefetch_related(
        "caps", "endings__ended_by"
    )
    return Rule.objects.filter(area=place).prefetch_related(
        Prefetch("versions", versions.order_by("-number"))
    )


def coming(place: Area) -> list[RuleVersion]:
    """Versions that begin after today. One query."""
    today = timezone.localdate()
    rows = RuleVersion.objects.filter(rule__area=place, effective_from__gt=today)
    return list(rows.select_related("rule").order_by("effective_from", "rule__code"))
