"""How an order reaches a member of the lead body: grabbed, assigned by name, or by turn.

抢单: whoever signs first handles it. 指派: the head (or the dispatcher) names the handler. 轮派:
the present member with the fewest open issues gets it, among equals who waited longest. Who
reported an issue or stands aside from it never gets it. Nobody is chosen for a place outside
their post while somebody of the place is there.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grids import dispatch
from grids.models import Absence, Issue, Roster, RosterTurn, State
from orgs import access
from orgs.history import because
from orgs.models import Organization, Person
from rules.refusals import Refused

RIGHT = "grids.manage_roster"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class NotAMember(Refused):
    def __init__(self, name: str):
        text = _("%(name)s不能承办这件事项：不是承办单位的人员，或须回避")
        super().__init__(text % {"name": name})


class HandlesItAlready(Refused):
    def __init__(self, name: str):
        super().__init__(_("现在就由%(name)s承办，不用再指派") % {"name": name})


class AwayAlready(Refused):
    def __init__(self, absence: Absence):
        super().__init__(
            _("%(name)s在%(from)s至%(to)s已登记不在岗")
            % {
                "name": absence.person.name,
                "from": f"{absence.starts_on:%Y-%m-%d}",
                "to": f"{absence.ends_on:%Y-%m-%d}",
            }
        )


# --- how a body does it --------------------------------------------------------------------------


def mode_of(issue: Issue) -> str:
    """How its lead hands orders out; one query, kept on the instance for that lead."""
    known = issue.__dict__.setdefault("_roster_modes", {})
    if issue.lead_id not in known:
        mode = Roster.objects.filter(organization=issue.lead_id).values_list("mode", flat=True)
        known[issue.lead_id] = mode.first() or Roster.Mode.GRAB
    return known[issue.lead_id]


def heads(organization: Organization) -> list[Person]:
    """Who arranges the members of ``organization``."""
    return list(access.holders(RIGHT, organization=organization))


def is_head(issue: Issue, person) -> bool:
    return (
        person is not None
        and issue.lead_id is not None
        and issue.lead_id in access.rights_of(person).organization_ids(RIGHT)
    )


@transaction.atomic
def set_mode(organization: Organization, mode: str, *, by) -> Roster:
    """Change the way; what was handed out already stays with whom it is."""
    roster, _made = Roster.objects.select_for_update().get_or_create(organization=organization)
    if roster.mode != mode:
        with because(_("调整派单方式"), by=by):
            roster.mode = mode
            roster.save(update_fields=["mode"])
    return roster


# --- members -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    person: Person
    open_count: int
    late_count: int
    last_at: datetime | None  # when an order last came by turn or by name
    away_until: date | None

    @property
    def in_turn(self) -> tuple:
        """The smaller, the sooner."""
        return (self.open_count, self.last_at or LONG_AGO, self.person.pk)


def _workload(people: list[Person], now: datetime) -> dict[int, tuple[int, int]]:
    """person → (open, late): signed and not reported, or handed out and not yet signed."""
    late = Q(promised_at__lt=now)
    loads: dict[int, tuple[int, int]] = {}
    for field, states in (
        ("handler", [State.IN_PROGRESS, State.PAUSED]),
        ("assignee", [State.DISPATCHED]),
    ):
        rows = (
            Issue.objects.filter(**{f"{field}__in": people}, state__in=states)
            .order_by()
            .values_list(field)
            .annotate(n=Count("pk"), late=Count("pk", filter=late))
        )
        for pk, count, late_count in rows:
            before = loads.get(pk, (0, 0))
            loads[pk] = (before[0] + count, before[1] + late_count)
    return loads


def members(
    organization: Organization, *, people: list[Person] | None = None, now: datetime | None = None
) -> list[Member]:
    """The members with their workload, whose turn it is first. Five queries, whoever they are."""
    now = now or timezone.now()
    people = dispatch.members(organization) if people is None else people
    loads = _workload(people, now)
    turns = dict(
        RosterTurn.objects.filter(roster__organization=organization, person__in=people).values_list(
            "person", "last_at"
        )
    )
    away = dict(
        Absence.objects.on(timezone.localdate(now))
        .filter(organization=organization, person__in=people)
        .order_by("ends_on")
        .values_list("person", "ends_on")
    )
    found = [
        Member(
            person=person,
            open_count=loads.get(person.pk, (0, 0))[0],
            late_count=loads.get(person.pk, (0, 0))[1],
            last_at=turns.get(person.pk),
            away_until=away.get(person.pk),
        )
        for person in people
    ]
    return sorted(found, key=lambda one: (one.away_until is not None, one.in_turn))


def able(issue: Issue, organization: Organization | None = None) -> list[Person]:
    """Who may be given ``issue`` in its lead body: no reporter, nobody who stands aside."""
    aside = {issue.reporter_id, *issue.recused_ids} - {None}
    return dispatch.members(organization or issue.lead, excluding=aside)


def is_held(issue: Issue) -> bool:
    """Is it handed to somebody who is still there to sign? Who left holds nothing."""
    return issue.assignee_id is not None and any(
        person.pk == issue.assignee_id for person in able(issue)
    )


# --- handing out ---------------------------------------------------------------------------------


def next_in_turn(issue: Issue, *, at: datetime) -> Person | None:
    """Whose turn it is in the lead body; None unless it works by turn and somebody is present.

    Locks the roster's row until the transaction ends, so that two orders at once count each
    other.
    """
    roster = (
        Roster.objects.select_for_update()
        .filter(organization=issue.lead_id, mode=Roster.Mode.ROTATE)
        .first()
    )
    if roster is None:
        return None
    people = able(issue)
    here = dispatch.posted_at(issue.lead, issue.area_path)
    people = [person for person in people if person.pk in here] or people
    present = [one for one in members(issue.lead, people=people, now=at) if not one.away_until]
    return present[0].person if present else None


def hand_out(issue: Issue, *, at: datetime) -> None:
    """For a body that works by turn: name the next one as assignee. Else nobody is named."""
    issue.assignee = next_in_turn(issue, at=at)
    if issue.assignee is not None:
        note_turn(issue, issue.assignee, at=at)


def note_turn(issue: Issue, person: Person, *, at: datetime) -> None:
    roster, _made = Roster.objects.get_or_create(organization_id=issue.lead_id)
    RosterTurn.objects.update_or_create(roster=roster, person=person, defaults={"last_at": at})


# --- away ----------------------------------------------------------------------------------------


@transaction.atomic
def note_absence(
    organization: Organization, person: Person, *, starts_on: date, ends_on: date, by
) -> Absence:
    """Both days included. Raises AwayAlready when the days overlap with known ones."""
    Roster.objects.get_or_create(organization=organization)
    Roster.objects.select_for_update().get(organization=organization)
    overlap = (
        Absence.objects.filter(
            organization=organization,
            person=person,
            starts_on__lte=ends_on,
            ends_on__gte=starts_on,
        )
        .select_related("person")
        .first()
    )
    if overlap is not None:
        raise AwayAlready(overlap)
    return Absence.objects.create(
        organization=organization,
        person=person,
        starts_on=starts_on,
        ends_on=ends_on,
        entered_by=by,
    )


def back_again(organization: Organization, pk: int) -> bool:
    """Take an absence back that is not over yet."""
    mine = Absence.objects.filter(
        organization=organization, pk=pk, ends_on__gte=timezone.localdate()
    )
    return bool(mine.delete()[0])
