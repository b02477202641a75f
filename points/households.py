"""Merging and splitting households: a grid worker says that two doors became one, or one two.

Only between doors that share a person, verified in both: points do not leave a household
(domain 2.12). Nobody does it for a household they live in.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs import access, residence
from orgs.models import Household, Person, Residence
from points import accounts, lots, sharing, telling, who
from points.models import Account
from rules.refusals import Refused

RIGHT = residence.RIGHT


class Kind(StrEnum):
    MERGE = "merge"
    SPLIT = "split"


class NotEntitled(Refused):
    def __init__(self):
        super().__init__(_("您没有办理这两户的权限"))


class OwnHousehold(Refused):
    def __init__(self):
        super().__init__(_("与您自己家有关，请由他人办理"))


class NoLink(Refused):
    def __init__(self):
        super().__init__(
            _("两户没有共同的人：须有人在转出的一户住过（已核验），现在住在转入的一户")
        )


class SameDoor(Refused):
    def __init__(self):
        super().__init__(_("转出和转入须是同一社区里不同的两户"))


class NothingThere(Refused):
    def __init__(self, have: int):
        super().__init__(_("转出的家庭账户只有 %(have)d 分可用") % {"have": have})


@dataclass
class Plan:
    """What would happen: which accounts, how many points, of which age."""

    kind: Kind
    source: Household
    target: Household
    source_account: Account
    target_account: Account
    parts: list[tuple[date, int]] = field(default_factory=list)
    members: int = 0  # who still lives behind the source's door

    @property
    def points(self) -> int:
        return sum(points for _day, points in self.parts)

    @property
    def source_after(self) -> int:
        return self.source_account.posted - self.points

    @property
    def target_after(self) -> int:
        return self.target_account.posted + self.points


def plan(kind: Kind, source: Household, target: Household, *, by, points: int = 0) -> Plan:
    """Look, without moving anything. Raises what ``carry_out`` would for the same doors."""
    _check(source, target, by)
    community = source.area.community
    found = Plan(
        kind,
        source,
        target,
        accounts.of_household(source, community),
        accounts.of_household(target, community),
    )
    if kind == Kind.MERGE and found.source_account.held:
        raise sharing.StillHeld(found.source_account.held)
    there = lots.open_lots(found.source_account)
    available = sum(part for _day, part in there)
    wanted = available if kind == Kind.MERGE else points
    if wanted < 1 or wanted > available:
        raise NothingThere(available)
    before = 0
    for day, part in there:  # as ``sharing.split``: the running sum is rounded
        upto = before + part
        if given := upto * wanted // available - before * wanted // available:
            found.parts.append((day, given))
        before = upto
    found.members = Residence.objects.verified().filter(household=source).count()
    return found


def _check(source: Household, target: Household, by) -> None:
    rights = access.rights_of(by)
    for door in (source, target):
        if not rights.may(RIGHT, area_path=door.area_path):
            raise NotEntitled
    community = source.area.community
    if source.pk == target.pk or not target.area_path.startswith(community.path):
        raise SameDoor
    today = timezone.localdate()
    if {source.pk, target.pk} & {home for home, _starts, _ends in who.homes_of(by)}:
        raise OwnHousehold
    lived = Residence.objects.filter(
        household=source, state=Residence.State.VERIFIED, starts_on__lte=today
    )
    if (
        not Residence.objects.verified(today)
        .filter(household=target, person__in=lived.values("person"))
        .exists()
    ):
        raise NoLink


@transaction.atomic
def carry_out(
    kind: Kind, source: Household, target: Household, *, by, reason: str, key: str, points: int = 0
) -> int:
    """Move the points, each lot with its age; how many there were. Both households are told.

    With the same ``key`` again nothing moves.
    """
    _check(source, target, by)
    community = source.area.community
    pair = (accounts.of_household(source, community), accounts.of_household(target, community))
    given = {"by": by, "reason": reason.strip()[:200], "key": key}
    if kind == Kind.MERGE:
        posted = sharing.merge(*pair, **given)
    else:
        posted = sharing.split(*pair, points, **given)
    if not posted:
        raise NothingThere(0)
    rows = pair[0].debits.filter(pk__in=[row.transfer_id for row in posted])
    moved = sum(rows.values_list("amount", flat=True))
    if any(row.is_new for row in posted):
        _tell(kind, source, target, moved, reason, key)
    return moved


def _tell(kind: Kind, source, target, moved: int, reason: str, key: str) -> None:
    people = Person.objects.filter(
        pk__in=Residence.objects.verified().filter(household__in=[source, target]).values("person")
    )
    titles = {
        Kind.MERGE: _("家庭账户已合并，转移 %(points)d 分"),
        Kind.SPLIT: _("家庭账户已拆分，转移 %(points)d 分"),
    }
    telling.tell(
        people,
        kind="points.household",
        title=titles[kind] % {"points": moved},
        text=_("原因：%(reason)s。积分的到期日不变。如有不符，请与网格员联系。")
        % {"reason": reason.rstrip("。")},
        url="/points/household/",
        key=key,
    )
