"""Who lives and works in the demo's communities, read once for a year of points."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from orgs import access
from orgs.models import Appointment, Area, AreaLevel, Person, Residence
from orgs.posts import WITHOUT_PLACE
from portal.seeding.world import by_weight

DECIDE = "points.decide_claims"
VOLUNTEERS = 2_190  # of 18,000 households
HOUSEHOLDS = 18_000


@dataclass(slots=True)
class Neighbour:
    """Somebody who lives here, as far as a claim needs it."""

    pk: int
    household: int
    building: int
    path: str
    since: date
    born: int


@dataclass
class Place:
    """One community: its grids, who volunteers, who is visited, who has children."""

    area: Area
    grids: list[Area]
    neighbours: list[Neighbour] = field(default_factory=list)
    volunteers: list[Neighbour] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    elders: list[Neighbour] = field(default_factory=list)
    children: list[tuple[Neighbour, Neighbour]] = field(default_factory=list)  # with a guardian
    panel: list[int] = field(default_factory=list)
    secretary: int = 0
    deputy: int = 0  # decides where the secretary has a part in it
    # The places of building leaders and hosts: (whom, building, path, from which day)
    hosts: list[tuple[Neighbour, int, str, date]] = field(default_factory=list)

    def grid_of(self, path: str) -> Area:
        return next((grid for grid in self.grids if path.startswith(grid.path)), self.grids[0])


class Cast:
    def __init__(self, street: Area, rng, today: date, resident: Person | None):
        self.street, self.rng, self.today, self.resident = street, rng, today, resident
        within = Area.objects.within(street).open()
        self.places = [
            Place(
                area=community,
                grids=list(
                    Area.objects.within(community)
                    .open()
                    .filter(level=AreaLevel.GRID, numchild__gt=0)
                ),
            )
            for community in within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0)
        ]
        self.homes: dict[int, set[int]] = defaultdict(set)  # person → households
        self._posts: dict[str, list[tuple[int, str, date]]] = defaultdict(list)
        self._found: dict[tuple, list[tuple[int, date]]] = {}
        self.people: dict[int, Person] = {}  # those read so far
        self._work()
        self._live()
        self._decide()

    # --- reading

    def _work(self) -> None:
        rows = (
            Appointment.objects.in_force()
            .exclude(organization__kind__in=WITHOUT_PLACE)
            .order_by("pk")
            .values_list(
                *("person_id", "position", "starts_on", "area__path", "area_id"),
                *("organization__area__path", "organization__area_id"),
            )
        )
        self.appointed: set[int] = set()
        self._hosts: list[tuple[int, int, str, date]] = []
        for person, position, since, path, area, body_path, body_area in rows:
            self.appointed.add(person)
            self._posts[position].append((person, path or body_path or "", since))
            if position in {"building_leader", "contact_host"}:
                building = (area, path) if path else (body_area, body_path)
                self._hosts.append((person, *building, since))

    def _live(self) -> None:
        rows = (
            Residence.objects.verified(self.today)
            .filter(household__area_path__startswith=self.street.path)
            .order_by("pk")
            .values_list(
                *("person_id", "household_id", "household__area_id", "household__area_path"),
                *("starts_on", "person__birth_year"),
            )
        )
        by_path = {place.area.path: place for place in self.places}
        length = len(self.places[0].area.path)
        everybody: dict[int, tuple[Place, Neighbour]] = {}
        for person, household, building, path, since, born in rows:
            self.homes[person].add(household)
            place = by_path.get(path[:length])
            if place is not None and born is not None and person not in everybody:
                neighbour = Neighbour(person, household, building, path, since, born)
                place.neighbours.append(neighbour)
                everybody[person] = place, neighbour
        counts = [len({one.household for one in place.neighbours}) for place in self.places]
        whole = max(len(self.places) * 12, VOLUNTEERS * sum(counts) // HOUSEHOLDS)
        for place, number in zip(self.places, by_weight(whole, counts), strict=True):
            self._choose(place, number)
        for person, area, path, since in self._hosts:
            if person in everybody and everybody[person][0].area.path == path[:length]:
                place, neighbour = everybody[person]
                place.hosts.append((neighbour, area, path, since))

    def _choose(self, place: Place, number: int) -> None:
        """Volunteers lived here the whole year and hold no post; a few of them do most of it."""
        year, lived_since = self.today.year, self.today.replace(day=1)
        lived_since = lived_since.replace(year=year - 1, month=1)
        free = [one for one in place.neighbours if one.pk not in self.appointed]
        able = [one for one in free if year - 76 <= one.born <= year - 20]
        able = [one for one in able if one.since < lived_since] or able
        mine = [one for one in able if self.resident and one.pk == self.resident.pk]
        others = [one for one in able if not mine or one.pk != mine[0].pk]
        place.volunteers = mine + self.rng.sample(others, min(number, len(others)))
        place.weights = [0.3 + self.rng.expovariate(1) for _one in place.volunteers]
        taken = {one.pk for one in place.volunteers}
        old = [one for one in free if one.born <= year - 70 and one.pk not in taken]
        place.elders = self.rng.sample(old, min(len(old), max(4, number // 4)))
        grown: dict[int, Neighbour] = {}
        for one in place.volunteers:
            grown.setdefault(one.household, one)
        young = [one for one in free if year - 17 <= one.born <= year - 11]
        place.children = [(one, grown[one.household]) for one in young if one.household in grown]

    def _decide(self) -> None:
        for place in self.places:
            secretaries = Appointment.objects.in_force().filter(
                position="party_secretary",
                organization__area=place.area,
                organization__kind__in=["community_committee", "general_branch"],
            )
            rows = list(secretaries.order_by("pk").values_list("person_id", flat=True))
            able = sorted(person.pk for person in access.ladder(DECIDE, place.area.path)[0])
            place.secretary = next((pk for pk in rows if pk in able), able[0])
            place.deputy = next((pk for pk in able if pk != place.secretary), place.secretary)

    # --- asking

    def holders(self, positions: Iterable[str], path: str, day: date) -> list[int]:
        """Who in the community holds one of ``positions`` over a place, the nearest first.

        Those who held it that day already, if there are any.
        """
        key = (tuple(positions), path)
        if key not in self._found:
            length = len(self.places[0].area.path)
            found: dict[int, tuple[int, date]] = {}
            for position in key[0]:
                for person, over, since in self._posts[position]:
                    if len(over) >= length and path.startswith(over):
                        found[person] = (len(over), min(since, found.get(person, (0, since))[1]))
            nearest = sorted(found, key=lambda person: -found[person][0])
            self._found[key] = [(person, found[person][1]) for person in nearest]
        then = [person for person, since in self._found[key] if since <= day]
        return then or [person for person, _since in self._found[key]]

    def person(self, pk: int) -> Person:
        """The person's row: read once, so that rights are read once."""
        if pk not in self.people:
            self.people[pk] = Person.objects.get(pk=pk)
        return self.people[pk]

    def read(self, pks: Iterable[int]) -> None:
        """The rows of many at once."""
        wanted = set(pks) - self.people.keys()
        self.people |= Person.objects.in_bulk(wanted)

    def at_home(self, person: int, household: int | None) -> bool:
        return household is not None and household in self.homes.get(person, ())
