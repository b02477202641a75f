"""What happened to an organization or a place, told from the history the database keeps."""

from datetime import date
from functools import reduce
from operator import or_

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import disclosure
from orgs.chain import LINKAGE_ROLES
from orgs.linkage import ROLE_LABELS
from orgs.models import Appointment, Area, Linkage, Organization, Person
from orgs.positions import Position

# Fields whose change is told by the names of what they point to.
_POINTERS = {
    "area_id": Area,
    "superior_id": Organization,
    "host_id": Organization,
    "merged_into_id": Organization,
    **dict.fromkeys((f"{role}_id" for role in LINKAGE_ROLES), Organization),
}
_LABELS = {
    "name": gettext_lazy("名称"),
    "kind": gettext_lazy("类型"),
    "code": gettext_lazy("区划代码"),
    "level": gettext_lazy("层级"),
    "area_id": gettext_lazy("管辖区域"),
    "superior_id": gettext_lazy("上级组织"),
    "host_id": gettext_lazy("所在单位"),
    "contact_phone": gettext_lazy("公开电话"),
    "address": gettext_lazy("办公地点"),
    "introduction": gettext_lazy("简介"),
    "term_starts_on": gettext_lazy("本届起始"),
    "term_ends_on": gettext_lazy("本届届满"),
    "founded_on": gettext_lazy("成立日期"),
    "closed_on": gettext_lazy("撤销日期"),
    "merged_into_id": gettext_lazy("并入"),
    **{f"{role}_id": label for role, label in ROLE_LABELS.items()},
    "note": gettext_lazy("说明"),
}
MOST = 200


def of_organization(organization: Organization, *, inside: bool) -> list[dict]:
    """Changes of the body and of its posts, newest first.

    ``inside``: with who did it and why; the public reads what and when.
    """
    told = _of(organization, MOST) + _of_posts(organization, inside)
    told += _of_service(organization) + _of_linkages(organization)
    told.sort(key=lambda line: line["at"], reverse=True)
    return _finish(told[:MOST], inside)


def of_area(area: Area, *, inside: bool) -> list[dict]:
    return _finish(_of(area, MOST), inside)


def of_linkage(linkage: Linkage) -> list[dict]:
    """Who stood in a three-way linkage, and what it covered, newest first; for its managers."""
    events = list(linkage.events.select_related("pgh_context").order_by("-pgh_id")[: MOST + 1])
    names = _names(events)
    told = []
    for number, event in enumerate(events[:MOST]):
        earlier = events[number + 1] if number + 1 < len(events) else None
        changes = _changes(earlier, event, names) if earlier else []
        if earlier is None or changes:
            line = _line(event, _("调整") if earlier else _("登记"))
            told.append(line | {"changes": changes})
    grids = apps.get_model("orgs", "LinkageGridEvent").objects.filter(linkage_id=linkage.pk)
    words = {"added": _("增加网格：%(name)s"), "removed": _("不再包括：%(name)s")}
    told += _of_areas(grids, words)
    told.sort(key=lambda line: line["at"], reverse=True)
    return _finish(told[:MOST], True)


def _of(record, most: int) -> list[dict]:
    events = list(record.events.select_related("pgh_context").order_by("-pgh_id")[: most + 1])
    names = _names(events)
    told = []
    for number, event in enumerate(events[:most]):
        earlier = events[number + 1] if number + 1 < len(events) else None
        changes = _changes(earlier, event, names) if earlier else []
        if earlier is not None and not changes:
            continue
        told.append(
            {
                "what": _title(event, earlier),
                "at": event.pgh_created_at,
                "changes": changes,
                "about": _about(event),
                "tone": "bad" if earlier and event.closed_on and not earlier.closed_on else "plain",
            }
        )
    return told


def _title(event, earlier) -> str:
    if earlier is None:
        return _("登记")
    if event.closed_on and not earlier.closed_on:
        return _("合并") if event.merged_into_id else _("撤销")
    if event.name != earlier.name:
        return _("更名")
    if getattr(event, "superior_id", None) != getattr(earlier, "superior_id", None):
        return _("调整隶属关系")
    return _("更新资料")


def _changes(earlier, event, names) -> list[dict]:
    changes = []
    for name, label in _LABELS.items():
        if not hasattr(event, name):
            continue
        old, new = getattr(earlier, name), getattr(event, name)
        if old != new:
            changes.append(
                {
                    "label": label,
                    "old": _word(event, name, old, names),
                    "new": _word(event, name, new, names),
                }
            )
    return changes


def _word(event, name, value, names) -> str:
    if value in (None, ""):
        return _("无")
    if name in _POINTERS:
        model = event.__class__._meta.get_field(name.removesuffix("_id")).related_model
        return names.get((model, value), _("（已不存在）"))
    if isinstance(value, date):
        return _day(value)
    choices = dict(event.__class__._meta.get_field(name).flatchoices)
    return str(choices.get(value, value))


def _day(value: date | None) -> str:
    return f"{value.year}年{value.month}月{value.day}日" if value else ""


def _names(events) -> dict:
    """Names of everything the events point to; one query per model."""
    wanted: dict[type, set[int]] = {}
    for event in events:
        for name in _POINTERS:
            value = getattr(event, name, None)
            if value:
                model = event.__class__._meta.get_field(name.removesuffix("_id")).related_model
                wanted.setdefault(model, set()).add(value)
    return {
        (model, pk): name
        for model, pks in wanted.items()
        for pk, name in model.objects.filter(pk__in=pks).values_list("pk", "name")
    }


def _of_posts(organization: Organization, inside: bool) -> list[dict]:
    """Taking up and leaving posts, as recorded."""
    events = (
        Appointment.pgh_event_model.objects.filter(organization_id=organization.pk)
        .select_related("pgh_context")
        .order_by("pgh_id")
    )
    events = list(events)
    people = dict(
        Person.objects.filter(pk__in={event.person_id for event in events}).values_list(
            "pk", "name"
        )
    )
    told, seen = [], {}
    for event in events:
        earlier = seen.get(event.pgh_obj_id)
        seen[event.pgh_obj_id] = event
        if earlier is not None and earlier.ends_on == event.ends_on:
            continue
        if event.position in disclosure.HIDDEN_POSITIONS and not inside:
            continue
        name = disclosure.shown_name(people.get(event.person_id, ""), event.position, inside=inside)
        post = f"{name} · {Position(event.position).label}"
        if earlier is None:
            what, day = _("任职：%(post)s"), event.starts_on
        else:
            what, day = _("离任：%(post)s"), event.ends_on
        label = _("任职日期") if earlier is None else _("离任日期")
        told.append(
            {
                "what": what % {"post": post},
                "at": event.pgh_created_at,
                "changes": [{"label": label, "old": "", "new": _day(day)}],
                "about": _about(event),
                "tone": "ok" if earlier is None else "warn",
            }
        )
    return told


def _of_service(organization: Organization) -> list[dict]:
    """Areas that came under its service, and those that left it; two queries."""
    events = apps.get_model("orgs", "ServedAreaEvent").objects.filter(
        organization_id=organization.pk
    )
    words = {"added": _("增加服务区域：%(name)s"), "removed": _("不再服务：%(name)s")}
    return _of_areas(events, words)


def _of_areas(events, words: dict[str, str]) -> list[dict]:
    events = list(events.select_related("pgh_context"))
    areas = Area.objects.in_bulk({event.area_id for event in events})
    return [
        _line(event, words[event.pgh_label] % {"name": areas[event.area_id].name})
        for event in events
        if event.area_id in areas
    ]


def _of_linkages(organization: Organization) -> list[dict]:
    """Taking part in a three-way linkage, and leaving it; one query."""
    events = Linkage.pgh_event_model.objects
    mine = reduce(or_, (Q(**{f"{role}_id": organization.pk}) for role in LINKAGE_ROLES))
    linkages = events.filter(mine).values("pgh_obj_id")
    told, was_in = [], {}
    for event in (
        events.filter(pgh_obj_id__in=linkages).select_related("pgh_context").order_by("pgh_id")
    ):
        now = any(getattr(event, f"{role}_id") == organization.pk for role in LINKAGE_ROLES)
        before = was_in.get(event.pgh_obj_id, False)
        was_in[event.pgh_obj_id] = now
        if now != before:
            text = _("参加三方联动：%(name)s") if now else _("退出三方联动：%(name)s")
            told.append(_line(event, text % {"name": event.name}))
    return told


def _line(event, what: str) -> dict:
    return {
        "what": what,
        "at": event.pgh_created_at,
        "changes": [],
        "about": _about(event),
        "tone": "plain",
    }


def _about(event) -> dict:
    return event.pgh_context.metadata if event.pgh_context else {}


def _finish(told: list[dict], inside: bool) -> list[dict]:
    """Put who and why to each line; one query."""
    names = {}
    if inside:
        ids = {line["about"].get("person") for line in told} - {None}
        names = dict(Person.objects.filter(pk__in=ids).values_list("pk", "name"))
    for line in told:
        about = line.pop("about")
        line["who"] = names.get(about.get("person"), "") if inside else ""
        line["reason"] = about.get("reason", "") if inside else ""
    return told
