"""What stands before the first claim: rules, groups, budgets, and how people wish to be shown."""

from datetime import date, time, timedelta

import pgtrigger

from orgs import access
from orgs.models import Household
from points import budgets, catalogue, panel
from points.models import (
    Cap,
    GuardianConsent,
    NameChoice,
    PanelRole,
    Rule,
    RuleVersion,
    Suspension,
)
from portal.seeding.issues import moments
from portal.seeding.points.cast import Cast, Place
from portal.seeding.world import settle

REVISED, REVISED_MONTHS_AGO = "P15", 6
BEFORE = {"amounts": [10], "limit": 40, "note": "不少于半小时。"}
REVISION = "夜间巡逻改为每次不少于一小时，分值和每月上限相应提高；志愿者代表会议建议，街道同意。"


def months_back(month: date, count: int) -> date:
    at = month.year * 12 + month.month - 1 - count
    return date(at // 12, at % 12 + 1, 1)


def ship_rules(cast: Cast, month: date) -> None:
    """The catalogue; one of its rules was revised half a year ago."""
    street = cast.street
    revised_on = months_back(month, REVISED_MONTHS_AGO)
    line = next(line for line in catalogue._shipped() if line["code"] == REVISED)
    if not Rule.objects.filter(area=street, code=REVISED).exists():
        rule = Rule.objects.create(area=street, code=REVISED, kind=line["kind"])
        said = {name: line[name] for name in catalogue.FIELDS if name in line}
        old = RuleVersion.objects.create(
            rule=rule,
            number=1,
            effective_from=catalogue.LONG_AGO,
            effective_to=revised_on - timedelta(days=1),
            **{**said, "amounts": BEFORE["amounts"], "note": BEFORE["note"]},
            basis=catalogue.BASIS,
        )
        new = RuleVersion.objects.create(
            rule=rule,
            number=2,
            effective_from=revised_on,
            written_by=nearest(catalogue.RIGHT, street.path),
            reason=REVISION,
            basis=catalogue.BASIS,
            **said,
        )
        Cap.objects.bulk_create(
            Cap(version=version, **{**cap, "limit": limit or cap["limit"]})
            for version, limit in ((old, BEFORE["limit"]), (new, None))
            for cap in line["caps"]
        )
    catalogue.ship(street)
    with pgtrigger.ignore("points.RuleVersion:words_stay"):
        for version in RuleVersion.objects.filter(rule__area=street):
            day = max(version.effective_from, months_back(month, 24)) - timedelta(days=9)
            written = moments.at(day, time(15, 20))
            RuleVersion.objects.filter(pk=version.pk).update(written_at=written)
    settle()


def nearest(right: str, path: str, *, but=()):
    rungs = access.ladder(right, path, excluding=[person.pk for person in but])
    return min(rungs[0], key=lambda person: person.pk)


def seat_panels(cast: Cast, since: date) -> None:
    """A member of the committee, two supervisors, two residents who claim nothing themselves."""
    for place in cast.places:
        path = place.area.path
        members = sorted(cast.holders(["committee_member"], path, cast.today))
        supervisors = sorted(cast.holders(["supervisor"], path, cast.today))
        taken = {one.pk for one in place.volunteers} | cast.appointed
        year = cast.today.year
        residents = [
            one.pk
            for one in place.neighbours
            if one.pk not in taken and year - 70 <= one.born <= year - 30
        ]
        residents = cast.rng.sample(residents, min(2, len(residents)))
        seats = [(pk, PanelRole.MEMBER) for pk in members[:1]]
        seats += [(pk, PanelRole.RESIDENT) for pk in residents[:1]]
        seats += [(pk, PanelRole.SUPERVISOR) for pk in supervisors[:1]]
        seats += [(pk, PanelRole.RESIDENT) for pk in residents[1:]]
        seats += [(pk, PanelRole.SUPERVISOR) for pk in supervisors[1:2]]
        by = nearest(panel.RIGHT, path)
        for pk, role in seats:
            panel.seat(place.area, cast.person(pk), role, by=by, starts_on=since)
        place.panel = [pk for pk, _role in seats]


def set_budgets(cast: Cast, wanted: dict[int, dict[int, int]], first: dict[int, date]) -> None:
    """A budget for each calendar year, written by one and approved by another in its first days.

    ``wanted``: community → year → points; ``first``: the day of the community's first points.
    """
    by = nearest(budgets.SET, cast.street.path)
    approver = nearest(budgets.APPROVE, cast.street.path, but=[by])
    for place in cast.places:
        for year, points in sorted(wanted[place.area.pk].items()):
            starts_on = max(first[place.area.pk].replace(day=1), date(year, 1, 1))
            if starts_on > cast.today:
                continue
            budget = budgets.propose(
                place.area,
                points=max(-(-points * 23 // 2000) * 100, 500),
                starts_on=starts_on,
                ends_on=date(year, 12, 31),
                reason=f"{year}年度积分预算，按上年发放数和报名志愿者人数测算，街道党政联席会议通过。",
                by=by,
                at=moments.at(starts_on, time(0, 1)),
            )
            budgets.approve(budget, by=approver, at=moments.at(starts_on, time(0, 2)))


def choose_names(cast: Cast) -> None:
    """A few show only a number, a few stay off rankings; welfare recipients are protected."""
    rows = []
    for place in cast.places:
        staff = nearest("points.protect_names", place.area.path)
        people = [one for one in place.volunteers if one.pk != getattr(cast.resident, "pk", 0)]
        some = cast.rng.sample(people, min(len(people), max(4, len(people) // 12)))
        for number, one in enumerate(some):
            protected = number % 4 == 3
            rows.append(
                NameChoice(
                    person_id=one.pk,
                    hide_name=number % 4 in {0, 1},
                    off_rankings=number % 4 in {1, 2},
                    is_protected=protected,
                    protected_by=staff if protected else None,
                )
            )
    NameChoice.objects.bulk_create(rows)


def consent(cast: Cast, since: date) -> None:
    """Guardians let their children earn into the household; who has not asked, does not earn."""
    for place in cast.places:
        place.children = place.children[: max(1, len(place.neighbours) // 900)]
        for child, guardian in place.children:
            day = max(since, child.since) + timedelta(days=cast.rng.randint(3, 40))
            GuardianConsent.objects.create(
                minor_id=child.pk,
                guardian_id=guardian.pk,
                household=Household(pk=child.household),
                given_at=moments.at(min(day, cast.today), time(19, cast.rng.randint(0, 59))),
            )


def suspend(cast: Cast, place: Place) -> None:
    """One suspension that is over: its half year ended some weeks ago."""
    who = place.volunteers.pop()
    place.weights.pop()
    by = nearest("points.decide_deduction", place.area.path)
    starts_on = cast.today - timedelta(days=220)
    Suspension.objects.create(
        person_id=who.pk,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=183),
        reason="签到表代签三次，本人承认，暂停申报六个月。",
        decided_by=by,
    )
