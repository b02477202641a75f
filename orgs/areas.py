"""Changing the territory tree: found, rename, move, merge and close places.

Every verb writes history with who and why, one tree change at a time (they are rare), and brings
along what hangs on the place: codes below it, copied paths, organizations, appointments, rights.
Closed places stay in the tree for whatever happened in them.
"""

from datetime import date

from django.apps import apps
from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access, posts, signals, sites
from orgs.history import because
from orgs.models import (
    Appointment,
    Area,
    AreaLevel,
    Household,
    Linkage,
    Organization,
    Person,
    Placed,
    Residence,
)
from orgs.models.areas import CODE_LENGTH, PARENT_LEVEL

RIGHT = "orgs.manage_organizations"
ROOT_LEVELS = frozenset({AreaLevel.PROVINCE, AreaLevel.CITY})


class AreaRefused(Exception):
    """Why the tree stays as it is; its text may be shown."""


class WrongLevel(AreaRefused):
    def __init__(self, level: str, parent: Area | None):
        if parent is None:
            text = _("%(level)s须建在上一级区域之下")
        else:
            text = _("%(level)s不能建在%(parent)s（%(parent_level)s）之下")
        super().__init__(
            text
            % {
                "level": AreaLevel(level).label,
                "parent": parent.name if parent else "",
                "parent_level": parent.get_level_display() if parent else "",
            }
        )


class WrongCode(AreaRefused):
    pass


class CodeTaken(AreaRefused):
    def __init__(self, code: str, holder: Area | None):
        text = _("区划代码%(code)s已由%(name)s使用")
        super().__init__(text % {"code": code, "name": holder.name if holder else _("其他区域")})


class NoFreeCode(AreaRefused):
    def __init__(self, parent: Area):
        super().__init__(_("%(name)s之下的区划代码已用完") % {"name": parent.name})


class NameMissing(AreaRefused):
    def __init__(self):
        super().__init__(_("请填写名称"))


class AreaClosed(AreaRefused):
    def __init__(self, area: Area):
        text = _("%(name)s已于%(day)s撤销")
        super().__init__(text % {"name": area.name, "day": f"{area.closed_on:%Y-%m-%d}"})


class StillInUse(AreaRefused):
    """``what``: sentences, each naming one obstacle."""

    def __init__(self, area: Area, what: list[str]):
        self.what = what
        text = _("%(name)s还不能撤销：%(what)s")
        super().__init__(text % {"name": area.name, "what": "；".join(what)})


class CannotMerge(AreaRefused):
    pass


class NotEntitled(AreaRefused):
    def __init__(self, area: Area | None):
        text = _("您没有调整%(name)s的权限")
        super().__init__(text % {"name": area.name if area else _("顶层区域")})


class ReasonMissing(AreaRefused):
    def __init__(self):
        super().__init__(_("请写明调整依据"))


# --- verbs -------------------------------------------------------------------------------------


@transaction.atomic
def create(
    parent: Area | None,
    *,
    level: str,
    name: str,
    code: str = "",
    by: Person | None = None,
    reason: str,
) -> Area:
    """Found a place under ``parent``; without ``code`` it gets the next free one there."""
    _begin(reason)
    parent = _fresh(parent) if parent is not None else None
    _check_right(by, parent)
    _check_level(level, parent)
    code = code or next_code(parent, level)
    _check_code(code, level, parent)
    values = {"level": level, "code": code, "name": _named(name)}
    with because(reason, by=by):
        if parent is None:
            return Area.objects.add_root(values)
        return Area.objects.add_child(parent, values)


@transaction.atomic
def rename(area: Area, name: str, *, by: Person | None = None, reason: str) -> Area:
    """Give the place another name; the former one stays in the history."""
    _begin(reason)
    area = _fresh(area)
    _check_right(by, area)
    area.name = _named(name)
    with because(reason, by=by):
        area.save(update_fields=["name"])
    return area


@transaction.atomic
def move(
    area: Area, parent: Area, *, code: str = "", by: Person | None = None, reason: str
) -> Area:
    """Put ``area``, with everything below, under another ``parent`` of the legal level.

    A code names its surroundings, so the place and all below get new ones (``code``, or the next
    free one). Copied paths are rewritten in the same transaction; rights follow by themselves.
    Organizations that now stand under a superior of another place are left as they are:
    ``chain.check`` names them. Rows written meanwhile wait (``Placed.save`` and this lock meet).
    """
    _begin(reason)
    area, parent = _fresh(area), _fresh(parent)
    for place in (area, parent):
        _check_right(by, place)
    if PARENT_LEVEL.get(area.level) != parent.level:
        raise WrongLevel(area.level, parent)
    with because(reason, by=by):
        return _move(area, parent, code)


@transaction.atomic
def merge(area: Area, into: Area, *, by: Person | None = None, reason: str) -> Area:
    """Let ``area`` go up in ``into``, a place of the same level; returns the closed ``area``.

    Places below move over with new codes; households, organizations, posts and linkages of the
    place itself now stand in ``into``; apps above are asked first (``signals.merging``). Whoever
    looks ``area`` up is sent on by ``merged_into``.
    """
    _begin(reason)
    area, into = _fresh(area), _fresh(into)
    for place in (area, into):
        _check_right(by, place)
    if area.pk == into.pk or area.level != into.level:
        raise CannotMerge(_("只能并入另一个同级区域"))
    _check_mergeable(area, into)
    with because(reason, by=by):
        signals.merging.send(sender=Area, area=area, into=into, by=by, reason=reason)
        for child in Area.objects.open().filter(path__startswith=area.path, depth=area.depth + 1):
            _move(_fresh(child), _fresh(into), "")
        area = _fresh(area)
        for model in placed_models():
            model.following(area, into).update(area=into, area_path=into.path)
        seated = Organization.objects.open().filter(area=area)
        touched = set(seated.values_list("pk", flat=True))
        seated.update(area=into)
        touched |= _redirect_rows(
            Organization.served_areas.through, "organization_id", "area_id", area, into
        )
        _redirect_rows(Linkage.grids.through, "linkage_id", "area_id", area, into)
        Linkage.objects.filter(community=area).update(community=into)
        held = _redirect_appointments(area, into, by, reason)
        area.closed_on = timezone.localdate()
        area.merged_into = into
        area.save(update_fields=["closed_on", "merged_into"])
        posts.sync_grants(Appointment.objects.filter(Q(organization__in=touched) | Q(pk__in=held)))
    if area.level == AreaLevel.BUILDING:
        sites.redraw(area.path[: -Area.steplen])
    return area


@transaction.atomic
def close(area: Area, *, by: Person | None = None, reason: str) -> Area:
    """Close a place that nothing lives in any more; raises StillInUse naming what does."""
    _begin(reason)
    area = _fresh(area)
    _check_right(by, area)
    if obstacles := _obstacles(area):
        raise StillInUse(area, obstacles)
    area.closed_on = timezone.localdate()
    with because(reason, by=by):
        area.save(update_fields=["closed_on"])
    if area.level == AreaLevel.BUILDING:
        sites.redraw(area.path[: -Area.steplen])
    return area


# --- questions ---------------------------------------------------------------------------------


def next_code(parent: Area | None, level: str) -> str:
    """The code after the highest one ever given under ``parent``; closed places keep theirs."""
    if parent is None:
        raise WrongCode(_("顶层区域须填写区划代码"))
    length = CODE_LENGTH[level]
    room = length - len(parent.code)
    siblings = Area.objects.filter(level=level, code__startswith=parent.code)
    highest = siblings.order_by("-code").values_list("code", flat=True).first()
    number = int(highest[len(parent.code) :]) + 1 if highest else 1
    if number >= 10**room:
        taken = set(siblings.values_list("code", flat=True))
        free = (f"{parent.code}{n:0{room}}" for n in range(1, 10**room))
        code = next((code for code in free if code not in taken), None)
        if code is None:
            raise NoFreeCode(parent)
        return code
    return f"{parent.code}{number:0{room}}"


def placed_models() -> list[type[Placed]]:
    """Every table whose rows carry a copy of their area's path (history tables keep the past)."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, Placed) and not model._meta.proxy and model._meta.managed
    ]


def strayed() -> dict[str, int]:
    """Table → rows whose copied path differs from their area's; empty when all is well."""
    counts = {
        model._meta.label: model._base_manager.exclude(area_path=F("area__path")).count()
        for model in placed_models()
    }
    return {label: number for label, number in counts.items() if number}


# --- helpers -----------------------------------------------------------------------------------


def lock_structure() -> None:
    """One change of the tree or the chain at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('orgs.structure'))")


def _begin(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing
    lock_structure()


def _fresh(area: Area) -> Area:
    """The row as it is now, under lock: whoever is appointed or moves in there waits for us."""
    area = Area.objects.select_for_update(no_key=True).get(pk=area.pk)
    if area.closed_on is not None:
        raise AreaClosed(area)
    return area


def _check_right(by: Person | None, area: Area | None) -> None:
    if by is None:
        return
    if area is None or not access.rights_of(by).may(RIGHT, area_path=area.path):
        raise NotEntitled(area)


def _check_level(level: str, parent: Area | None) -> None:
    if parent is None:
        if level not in ROOT_LEVELS:
            raise WrongLevel(level, None)
    elif PARENT_LEVEL.get(level) != parent.level:
        raise WrongLevel(level, parent)


def _check_code(code: str, level: str, parent: Area | None) -> None:
    length = CODE_LENGTH[level]
    if not (code.isascii() and code.isdigit() and len(code) == length):
        text = _("%(level)s的区划代码须为 %(length)d 位数字")
        raise WrongCode(text % {"level": AreaLevel(level).label, "length": length})
    if parent is not None and not code.startswith(parent.code):
        text = _("区划代码须以上级区域的代码%(code)s开头")
        raise WrongCode(text % {"code": parent.code})
    holder = Area.objects.filter(code=code).first()
    if holder is not None:
        raise CodeTaken(code, holder)


def _named(name: str) -> str:
    name = name.strip()
    if not name:
        raise NameMissing
    return name


def _move(area: Area, parent: Area, code: str) -> Area:
    if code == area.code:
        code = ""
    if code:
        _check_code(code, area.level, parent)
    elif area.code.startswith(parent.code):
        code = area.code
    else:
        code = next_code(parent, area.level)
    old_path, old_code = area.path, area.code
    if not Area.objects.filter(pk=parent.pk, path=area.path[: -Area.steplen]).exists():
        Area.objects.move(area, parent, pos="last-child")
    area = Area.objects.get(pk=area.pk)
    if code != old_code:
        Area.objects.filter(path__startswith=area.path, code__startswith=old_code).update(
            code=Concat(Value(code), Substr("code", len(old_code) + 1))
        )
        area.code = code
    if area.path != old_path:
        for model in placed_models():
            model._base_manager.filter(area_path__startswith=old_path).update(
                area_path=Concat(Value(area.path), Substr("area_path", len(old_path) + 1))
            )
        if area.level == AreaLevel.BUILDING:
            sites.redraw(old_path[: -Area.steplen])
            sites.redraw(area.path[: -Area.steplen])
    return area


def _check_mergeable(area: Area, into: Area) -> None:
    """Two of a name in one place would be ambiguous: say which, before anything is written."""
    open_here = Organization.objects.open().filter(area=area)
    open_there = Organization.objects.open().filter(area=into)
    names = set(open_here.values_list("kind", "name")) & set(open_there.values_list("kind", "name"))
    if names:
        text = _("两处有同类同名组织，请先改名或合并：%(names)s")
        raise CannotMerge(text % {"names": "、".join(sorted(name for _kind, name in names))})
    compounds = set(Linkage.objects.filter(community=area).values_list("name", flat=True)) & set(
        Linkage.objects.filter(community=into).values_list("name", flat=True)
    )
    if compounds:
        text = _("两处有同名的三方联动小区，请先改名：%(names)s")
        raise CannotMerge(text % {"names": "、".join(sorted(compounds))})
    if area.level == AreaLevel.BUILDING and (both := set(_doors(area)) & set(_doors(into))):
        text = _("两栋楼有 %(number)d 户单元和房号相同，请先更正")
        raise CannotMerge(text % {"number": len(both)})


def _doors(area: Area):
    return Household.objects.filter(area=area).values_list("stairwell", "room")


def _redirect_rows(through, owner: str, column: str, area: Area, into: Area) -> set[int]:
    """Point many-to-many rows from ``area`` to ``into``, once each; the owners touched."""
    rows = through.objects.filter(**{column: area.pk})
    owners = set(rows.values_list(owner, flat=True))
    there = through.objects.filter(**{column: into.pk}).values(owner)
    rows.filter(**{f"{owner}__in": there}).delete()
    rows.update(**{column: into.pk})
    return owners


def _redirect_appointments(area: Area, into: Area, by, reason: str) -> list[int]:
    """Posts for ``area`` now are for ``into``; who held both keeps one."""
    today = timezone.localdate()
    current = Appointment.objects.filter(area=area).filter(Q(ends_on=None) | Q(ends_on__gt=today))
    moved = []
    for appointment in current.select_related("person").select_for_update(of=["self"]):
        twin = Appointment.objects.filter(
            person=appointment.person_id,
            organization=appointment.organization_id,
            position=appointment.position,
            area=into,
            ends_on=None,
        )
        if twin.exists():
            posts.end(appointment, on=max(today, appointment.starts_on), by=by, reason=reason)
        else:
            appointment.area = into
            appointment.save(update_fields=["area"])
            moved.append(appointment.pk)
    return moved


def _obstacles(area: Area) -> list[str]:
    today: date = timezone.localdate()
    below = Area.objects.open().filter(path__startswith=area.path, depth__gt=area.depth)
    bodies = Organization.objects.open().within(area)
    lived_in = Residence.objects.current().filter(household__area_path__startswith=area.path)
    homes = lived_in.values("household").distinct().count()
    posts_here = Appointment.objects.filter(area__path__startswith=area.path).filter(
        Q(ends_on=None) | Q(ends_on__gt=today)
    )
    linked = Linkage.objects.filter(Q(grids=area) | Q(community=area)).distinct()
    obstacles = []
    if names := _first_names(below.filter(depth=area.depth + 1)):
        obstacles.append(_("下级区域：%(names)s") % {"names": names})
    if names := _first_names(bodies):
        obstacles.append(_("组织：%(names)s") % {"names": names})
    if homes:
        obstacles.append(_("%(number)d 户仍有人居住") % {"number": homes})
    if (holders := posts_here.count()) > 0:
        obstacles.append(_("%(number)d 项任职负责此地") % {"number": holders})
    if names := _first_names(linked):
        obstacles.append(_("三方联动：%(names)s") % {"names": names})
    return obstacles


def _first_names(rows, limit: int = 3) -> str:
    names = list(rows.values_list("name", flat=True)[: limit + 1])
    shown = "、".join(names[:limit])
    if len(names) > limit:
        return _("%(names)s 等 %(number)d 个") % {"names": shown, "number": rows.count()}
    return shown
