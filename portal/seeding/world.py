"""The demo in memory, and its way into the database in bulk.

Everything is built as unsaved rows that point to each other; ``World.write`` saves them table by
table in one transaction. Bulk rows bypass ``save()``, so copied paths are set here; database
constraints stay on. The history of the three large tables is written in one statement each: their
row triggers would look the same context up 120,000 times (37 s of database time against 2 s).
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

import pgtrigger
from django.db import connection
from django.db.models import F
from django.utils import timezone

from orgs import posts
from orgs.models import (
    Appointment,
    Area,
    Household,
    Linkage,
    Membership,
    Organization,
    Person,
    Residence,
)
from orgs.models.areas import CODE_LENGTH
from portal.seeding import names
from portal.seeding.plan import Community, Plan, Zone

BATCH = 2000
LARGE = (Person, Household, Residence)
QUIET = (
    "orgs.Person:insert_insert",
    "orgs.Household:insert_insert",
    "orgs.Household:update_update",
    "orgs.Residence:insert_insert",
    "orgs.Residence:update_update",
)
REASON = "演示数据"


@dataclass
class Home:
    household: Household
    people: list[Person] = field(default_factory=list)
    is_rented: bool = False


@dataclass
class Building:
    area: Area
    homes: list[Home] = field(default_factory=list)


@dataclass
class Grid:
    area: Area
    zone: Zone
    buildings: list[Building] = field(default_factory=list)
    worker: Person | None = None
    branch: Organization | None = None

    @property
    def homes(self) -> list[Home]:
        return [home for building in self.buildings for home in building.homes]


@dataclass
class Place:
    """One community of the demo."""

    plan: Community
    area: Area
    grids: list[Grid] = field(default_factory=list)
    party: Organization | None = None
    committee: Organization | None = None
    companies: list[Organization] = field(default_factory=list)

    @property
    def homes(self) -> list[Home]:
        return [home for grid in self.grids for home in grid.homes]


class World:
    def __init__(self, plan: Plan, rng: Random, today: date):
        self.plan, self.rng, self.today = plan, rng, today
        self.places: list[Place] = []
        self.city: Area | None = None
        self.district: Area | None = None
        self.street: Area | None = None
        self.areas: list[Area] = []
        self.households: list[Household] = []
        self.people: list[Person] = []
        self.residences: list[Residence] = []
        self.organizations: list[Organization] = []
        self.served: list[tuple[Organization, Area]] = []
        self.memberships: list[Membership] = []
        self.appointments: list[Appointment] = []
        self.linkages: list[tuple[Linkage, list[Area]]] = []
        self.linked: list[tuple[Organization, list[Household]]] = []
        self.taken: set[int] = set()  # id() of people with a part to play
        self._phones = 0
        # Nobody signs in with it; hashing one per inhabitant would take an hour.
        self._no_password = "!" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=40))

    # --- days ----------------------------------------------------------------------------------

    def days_ago(self, least: int, most: int) -> date:
        return self.today - timedelta(days=self.rng.randint(least, most))

    def noon(self, day: date) -> datetime:
        return timezone.make_aware(datetime.combine(day, time(12)))

    # --- building ------------------------------------------------------------------------------

    def area(self, parent: Area | None, level: str, name: str, *, code: str = "") -> Area:
        """The next child of ``parent``, with code and path."""
        if parent is None:
            last = Area.objects.filter(depth=1).order_by("-path").first()
            path = last._inc_path() if last else Area._get_path("", 1, 1)
        else:
            parent.numchild += 1
            path = Area._get_path(parent.path, parent.depth + 1, parent.numchild)
            room = CODE_LENGTH[level] - len(parent.code)
            code = code or f"{parent.code}{parent.numchild:0{room}}"
        depth = parent.depth + 1 if parent else 1
        area = Area(level=level, code=code, name=name, path=path, depth=depth, numchild=0)
        self.areas.append(area)
        return area

    def person(self, name: str, birth_year: int) -> Person:
        person = Person(name=name, birth_year=birth_year, is_demo=True, password=self._no_password)
        self.people.append(person)
        return person

    def outsider(self) -> Person:
        """Somebody who works here and lives elsewhere."""
        year = self.today.year - self.rng.randint(25, 57)
        person = self.person(names.full_name(self.rng), year)
        self.take(person)
        return person

    def take(self, person: Person) -> Person:
        """Mark a person as having a part, which includes a phone (100…: no such mobile range)."""
        self.taken.add(id(person))
        self.give_phone(person)
        return person

    def give_phone(self, person: Person) -> None:
        if not person.phone_digest:
            self._phones += 1
            person.phone = f"100{self._phones:08d}"
            person.phone_verified_at = self.noon(self.today - timedelta(days=30))

    def body(self, kind: str, name: str, area: Area, *, serves=(), **more) -> Organization:
        more.setdefault("founded_on", self.days_ago(900, 3000))
        body = Organization(kind=kind, name=name, area=area, **more)
        self.organizations.append(body)
        self.served += [(body, served) for served in serves]
        return body

    def post(
        self,
        person: Person,
        body: Organization,
        position: str,
        *,
        area: Area | None = None,
        starts_on: date | None = None,
    ) -> Appointment:
        """A post in force, of the kind the body has; written in bulk later, with its rights."""
        if position not in posts.POSTS_OF[body.kind]:
            raise posts.WrongPost(body, position)
        self.take(person)
        appointment = Appointment(
            person=person,
            organization=body,
            position=position,
            area=area,
            starts_on=starts_on or body.term_starts_on or self.days_ago(100, 800),
            reason=REASON,
        )
        self.appointments.append(appointment)
        return appointment

    def member(self, person: Person, body: Organization, kind: str) -> None:
        self.taken.add(id(person))
        self.memberships.append(
            Membership(
                person=person,
                organization=body,
                kind=kind,
                is_full=self.rng.random() < 0.97,
                starts_on=self.days_ago(400, 4000),
            )
        )

    def free_adults(self, homes: list[Home], *, least=18, most=75) -> list[Person]:
        """People of these homes without a part, in random order."""
        first, last = self.today.year - most, self.today.year - least
        adults = [
            person
            for home in homes
            for person in home.people
            if first <= person.birth_year <= last and id(person) not in self.taken
        ]
        self.rng.shuffle(adults)
        return adults

    # --- writing -------------------------------------------------------------------------------

    def rows(self) -> int:
        """How many rows ``write`` reports to its progress."""
        return sum(
            len(rows)
            for rows in (
                self.areas,
                self.households,
                self.people,
                self.organizations,
                self.residences,
                self.memberships,
                self.appointments,
            )
        )

    def write(self, progress: Callable[[int], None]) -> None:
        with pgtrigger.ignore(*QUIET):
            self._write(progress)
            for model in LARGE:
                _write_history(model)
        settle()

    def _write(self, progress: Callable[[int], None]) -> None:
        def create(model, rows):
            for start in range(0, len(rows), BATCH):
                batch = rows[start : start + BATCH]
                model.objects.bulk_create(batch)
                progress(len(batch))

        create(Area, self.areas)
        create(Household, self.households)
        create(Person, self.people)
        for layer in self._layers():
            create(Organization, layer)
        through = Organization.served_areas.through
        through.objects.bulk_create(
            [through(organization=body, area=area) for body, area in self.served]
        )
        for contact, households in self.linked:
            pks = [household.pk for household in households]
            Household.objects.filter(pk__in=pks).update(contact_household=contact)
        create(Residence, self.residences)
        Residence.objects.exclude(verified_at=None).update(
            created_at=F("verified_at") - timedelta(days=3)  # declared first, then verified
        )
        create(Membership, self.memberships)
        create(Appointment, self.appointments)
        Linkage.objects.bulk_create([linkage for linkage, _grids in self.linkages])
        through = Linkage.grids.through
        through.objects.bulk_create(
            [
                through(linkage=linkage, area=grid)
                for linkage, grids in self.linkages
                for grid in grids
            ]
        )
        posts.sync_grants()

    def _layers(self) -> list[list[Organization]]:
        """Bodies by their distance from the top, so that superiors and hosts are saved first."""
        depths: dict[int, int] = {}

        def depth(body: Organization) -> int:
            if id(body) not in depths:
                above = [other for other in (body.superior, body.host) if other is not None]
                depths[id(body)] = 1 + max((depth(other) for other in above), default=-1)
            return depths[id(body)]

        layers = defaultdict(list)
        for body in self.organizations:
            layers[depth(body)].append(body)
        return [layers[key] for key in sorted(layers)]


def settle() -> None:
    """Check now what is deferred to the commit, and leave nothing that makes triggers stumble.

    After ``pgtrigger.ignore`` its setting is an empty text, which every later trigger of the
    transaction reads as a malformed list; rolling that error back walks through all deferred
    checks, a millisecond with 600,000 of them. An empty list ignores nothing, without an error.
    """
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{}', true)")


def _write_history(model) -> None:
    """The first history row of every row that has none, as the insert trigger would write it."""
    event = model.pgh_event_model
    columns = ", ".join(
        connection.ops.quote_name(field.column)
        for field in event._meta.concrete_fields
        if not field.name.startswith("pgh_")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH context AS MATERIALIZED (SELECT _pgh_attach_context() AS attached)
            INSERT INTO {event._meta.db_table}
                ({columns}, pgh_created_at, pgh_label, pgh_obj_id, pgh_context_id)
            SELECT {columns}, now(), 'insert', id, attached
            FROM {model._meta.db_table} AS written, context
            WHERE NOT EXISTS (
                SELECT FROM {event._meta.db_table} AS past WHERE past.pgh_obj_id = written.id
            )
            """  # noqa: S608 names of our own tables
        )


def shares(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` whole numbers that differ by one at most."""
    return [total // parts + (index < total % parts) for index in range(parts)]


def by_weight(total: int, weights: list[float], least: int = 0) -> list[int]:
    """``total`` in whole numbers in proportion to ``weights`` (largest remainders)."""
    spare = total - least * len(weights)
    whole = sum(weights)
    exact = [spare * weight / whole for weight in weights]
    numbers = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: numbers[i] - exact[i])
    for index in order[: spare - sum(numbers)]:
        numbers[index] += 1
    return [least + number for number in numbers]
