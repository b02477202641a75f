"""Inhabitants, home by home, with the table's numbers of people and of elders."""

from datetime import date, timedelta

from orgs.models import Residence
from portal.seeding import names
from portal.seeding.world import Home, Place, World

LARGEST_HOME = 7
SHARE_WITH_PHONE = 0.25
State, Kind = Residence.State, Residence.Kind


def build(world: World) -> None:
    for place in world.places:
        _inhabit(world, place)


def _inhabit(world: World, place: Place) -> None:
    rng, year = world.rng, world.today.year
    homes = place.homes
    sizes = [1] * len(homes)
    left = place.plan.people - len(homes)
    while left:
        index = rng.randrange(len(homes))
        if sizes[index] < LARGEST_HOME and rng.random() < 1 / sizes[index] ** 0.7:
            sizes[index] += 1
            left -= 1
    elders = _elders(world, sizes, round(place.plan.people * place.plan.elder_percent / 100))
    for index, (home, size) in enumerate(zip(homes, sizes, strict=True)):
        ages = _ages(rng, size)
        for member in elders.get(index, ()):
            ages[member] = rng.randint(61, 89)
        family = names.family_name(rng)
        for member, age in enumerate(ages):
            own = family if member != 1 else names.family_name(rng)
            person = world.person(own + names.given_name(rng), year - age)
            home.people.append(person)
            if 18 <= age <= 80 and rng.random() < SHARE_WITH_PHONE:
                world.give_phone(person)


def _elders(world: World, sizes: list[int], wanted: int) -> dict[int, tuple[int, ...]]:
    """Which members of which home are 60 or older: ``wanted`` in all.

    Old people live alone, as a couple, or with their children's family.
    """
    chosen: dict[int, tuple[int, ...]] = {}
    order = list(range(len(sizes)))
    world.rng.shuffle(order)
    # Homes of three come last: they are parents with a child.
    order.sort(key=lambda index: sizes[index] == 3)
    # Leave working-age people among the small homes too.
    skipped = [index for index in order if sizes[index] <= 2 and world.rng.random() < 0.35]
    held_back = set(skipped)
    for index in [index for index in order if index not in held_back] + skipped:
        if not wanted:
            break
        size = sizes[index]
        members = (0,) if size == 1 else (0, 1) if size == 2 else (size - 1,)
        members = members[:wanted]
        chosen[index] = members
        wanted -= len(members)
    return chosen


def _ages(rng, size: int) -> list[int]:
    first = rng.randint(23, 58)
    ages = [first]
    if size > 1:
        ages.append(max(21, min(59, first + rng.randint(-4, 4))))
    if size > 2:
        ages.append(rng.randint(0, max(1, min(ages) - 22)))
    if size > 3:
        ages.append(rng.randint(0, max(1, min(ages[:2]) - 22)))
    ages += [rng.choice((rng.randint(1, 17), rng.randint(20, 58))) for _more in range(size - 4)]
    return ages[:size]


def move_in(world: World) -> None:
    """Residences, verified by the grid's worker; one newcomer in each grid still waits."""
    for place in world.places:
        for grid in place.grids:
            waiting = _newcomer(world, grid)
            for home in grid.homes:
                since = _since(world, place.plan.built, home)
                for index, person in enumerate(home.people):
                    world.residences.append(
                        _residence(world, grid, home, person, index, since, person is waiting)
                    )


def _since(world: World, built: int, home: Home) -> date:
    oldest = (world.today - date(min(built, world.today.year - 2), 7, 1)).days
    most = min(oldest, 1200 if home.is_rented else 9000)
    return world.days_ago(120, max(most, 121))


def _newcomer(world: World, grid):
    free = world.free_adults([home for home in grid.homes if home.is_rented], most=50)
    free = free or world.free_adults(grid.homes, most=50)
    if not free:
        return None
    world.take(free[0])
    return free[0]


def _residence(world, grid, home, person, index, since, waits) -> Residence:
    kind = Kind.FAMILY if index else Kind.TENANT if home.is_rented else Kind.OWNER
    born = date(person.birth_year, 12, 31)
    since = max(since, min(born, world.today - timedelta(days=1)))
    if waits:
        return Residence(
            person=person,
            household=home.household,
            kind=Kind.TENANT,
            starts_on=world.days_ago(1, 9),
        )
    return Residence(
        person=person,
        household=home.household,
        kind=kind,
        state=State.VERIFIED,
        starts_on=since,
        verified_by=grid.worker,
        verified_at=world.noon(min(since + timedelta(days=3), world.today)),
    )
