"""Claims for others: which rules somebody may bring, for whom, and what each line of a list says.

A list is filed whole or not at all: every line that is wrong says why beside itself, and nothing
is written until none is.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from orgs import encryption
from orgs.models import Area, Person, Residence
from points import claims, deeds, who
from points.models import RuleKind, RuleVersion, Source

MOST_LINES = 60
_PHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)")
_BETWEEN = re.compile(r"[\s,，、;；\t]+")


@dataclass
class Line:
    """One line as it was typed, whom it means, and what is wrong with it."""

    text: str
    person: Person | None = None
    problem: str = ""


class Incomplete(Exception):
    """Lines of the list stand against it; nothing was written."""


def places_of(person, positions) -> list[str]:
    """Paths of the places where the person holds one of ``positions``, the outermost only."""
    outer: list[str] = []
    for path in sorted({path for post, path in who.posts_of(person) if post in positions}):
        if not outer or not path.startswith(outer[-1]):
            outer.append(path)
    return outer


def may_list(person) -> bool:
    return bool(places_of(person, deeds.LEADERS | deeds.WORKERS))


def within(paths, column: str) -> Q:
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{column}__startswith": path})
    return found


def offered(person, day) -> list[tuple[RuleVersion, str]]:
    """Rules in force at the person's places that they may bring for others, and as what."""
    leads, works = places_of(person, deeds.LEADERS), places_of(person, deeds.WORKERS)
    paths = [*leads, *works]
    around = {path[:end] for path in paths for end in range(Area.steplen, len(path) + 1, 4)}
    versions = (
        RuleVersion.objects.on(day)
        .filter(rule__kind=RuleKind.EARN, rule__area_path__in=around)
        .select_related("rule__area")
        .order_by("rule__code", "rule__area_path")
    )
    found = []
    for version in versions:
        if leads and Source.LEADER in version.sources:
            found.append((version, str(Source.LEADER)))
        elif works and Source.GRID_WORKER in version.sources:
            found.append((version, str(Source.GRID_WORKER)))
    return found


def residents(person, source: str) -> QuerySet[Residence]:
    """Verified residents of the places where the person may bring claims this way."""
    positions = deeds.LEADERS if source == Source.LEADER else deeds.WORKERS
    return Residence.objects.verified().filter(
        within(places_of(person, positions), "household__area_path")
    )


def buildings(person, source: str) -> list[Area]:
    """Where residents may be ticked."""
    homes = residents(person, source).values("household__area")
    return list(Area.objects.filter(pk__in=homes).order_by("path")[:200])


def at_building(person, source: str, building: int) -> list[Residence]:
    homes = residents(person, source).filter(household__area=building)
    return list(
        homes.select_related("person", "household").order_by(
            "household__stairwell", "household__room", "person__name", "pk"
        )[:300]
    )


def read(text: str, by, source: str) -> list[Line]:
    """Whom the lines mean: a name, a phone, or both. Two queries, whatever their number."""
    lines = [Line(raw.strip()) for raw in text.splitlines() if raw.strip()]
    asked = [(line, *_parts(line.text)) for line in lines]
    digests = {phone: encryption.digest(phone) for _line, _name, phone in asked if phone}
    names = {name for _line, name, phone in asked if name and not phone}
    homes = residents(by, source).filter(
        Q(person__phone_digest__in=digests.values()) | Q(person__name__in=names)
    )
    by_digest: dict[str, Person] = {}
    by_name: dict[str, dict[int, Person]] = defaultdict(dict)
    for home in homes.select_related("person"):
        by_digest[home.person.phone_digest] = home.person
        by_name[home.person.name][home.person_id] = home.person
    taken: set[int] = set()
    for line, name, phone in asked:
        _resolve(line, name, phone, by_digest.get(digests.get(phone, "")), by_name.get(name, {}))
        if line.person is not None and line.person.pk in taken:
            line.problem = _("这个人上面已经有了")
        elif line.person is not None:
            taken.add(line.person.pk)
    return lines


def _parts(text: str) -> tuple[str, str]:
    found = _PHONE.search(text)
    phone = found.group() if found else ""
    rest = text.replace(phone, " ") if phone else text
    return _BETWEEN.sub("", rest), phone


def _resolve(line: Line, name: str, phone: str, holder, namesakes) -> None:
    if phone:
        if holder is None:
            line.problem = _("您负责的地方没有用这个手机号、已核验住址的居民")
        elif name and name != holder.name:
            line.problem = _("手机号与姓名对不上")
        else:
            line.person = holder
    elif not namesakes:
        line.problem = _("您负责的地方没有叫这个名字、已核验住址的居民")
    elif len(namesakes) > 1:
        line.problem = _("有 %(count)d 位同名的居民，请写手机号") % {"count": len(namesakes)}
    else:
        (line.person,) = namesakes.values()


@transaction.atomic
def file_whole(rule, lines: list[Line], **given) -> int:
    """File for every line, or for none. Raises Incomplete with the problems on the lines."""
    people = {line.person.pk: line for line in lines if line.person is not None}
    filed = claims.file_for(rule, [line.person for line in people.values()], **given)
    for person, why in filed.refused:
        people[person.pk].problem = why
    if any(line.problem for line in lines):
        raise Incomplete
    return len(filed.claims)
