"""Territory of the demo: subdistrict, communities, grids, buildings, doors."""

from orgs.models import AreaLevel as L
from orgs.models import Household
from portal.seeding.plan import Community
from portal.seeding.world import Building, Grid, Home, Place, World, by_weight, shares

CITY_CODE, DISTRICT_CODE, STREET_CODE = "9902", "990203", "990203005"
NUMBERS = "一二三四五六七八九十"


def build(world: World) -> None:
    world.city = world.area(None, L.CITY, "江澜市", code=CITY_CODE)
    world.district = world.area(world.city, L.DISTRICT, "望汐区", code=DISTRICT_CODE)
    world.street = world.area(world.district, L.SUBDISTRICT, "青桐街道", code=STREET_CODE)
    for plan in world.plan.communities:
        area = world.area(world.street, L.COMMUNITY, plan.name, code=STREET_CODE + plan.code)
        place = Place(plan, area)
        world.places.append(place)
        _grids(world, place)


def _grids(world: World, place: Place) -> None:
    plan = place.plan
    zones = [
        zone
        for zone, number in zip(plan.zones, shares(plan.grids, len(plan.zones)), strict=True)
        for _again in range(number)
    ]
    jitter = [world.rng.uniform(0.95, 1.05) for _grid in range(plan.grids)]
    households = by_weight(plan.households, jitter)
    buildings = shares(plan.buildings, plan.grids)
    # A tall building has several stairwells, a courtyard one.
    weights = [number + world.rng.random() for number in buildings]
    spare = by_weight(plan.stairwells - plan.buildings, weights)
    number = 0
    for index in range(plan.grids):
        name = f"第{NUMBERS[index]}网格"
        grid = Grid(world.area(place.area, L.GRID, name), zones[index])
        place.grids.append(grid)
        stairwells = [1 + extra for extra in shares(spare[index], buildings[index])]
        doors = by_weight(
            households[index],
            [world.rng.uniform(0.85, 1.15) for _stairwell in range(sum(stairwells))],
            least=1,
        )
        for own in stairwells:
            number += 1
            area = world.area(grid.area, L.BUILDING, plan.building_name.format(number))
            building = Building(area)
            grid.buildings.append(building)
            for stairwell in range(1, own + 1):
                _doors(world, plan, building, stairwell, doors.pop())


def _doors(world: World, plan: Community, building: Building, stairwell: int, number: int) -> None:
    on_a_floor = 2 if number <= 16 else 3 if number <= 27 else 4
    for index in range(number):
        floor, door = divmod(index, on_a_floor)
        household = Household(
            area=building.area,
            area_path=building.area.path,
            stairwell=str(stairwell),
            room=f"{floor + 1}{door + 1:02}",
        )
        world.households.append(household)
        is_rented = world.rng.randrange(100) < plan.tenants_percent
        building.homes.append(Home(household, is_rented=is_rented))
