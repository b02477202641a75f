"""Who lives and works on the street, looked up once for thousands of issues."""

from collections import defaultdict

from grids import dispatch
from grids.models import Category, Issue
from orgs.models import Area, AreaLevel, Organization, Person, Residence

RESIDENTS = 400  # of each community, who report


class Cast:
    def __init__(self, street: Area, rng, resident: Person | None = None):
        self.street, self.rng, self.resident = street, rng, resident
        within = Area.objects.within(street).open()
        self.communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
        self.grids = {
            community.pk: list(Area.objects.within(community).open().filter(level=AreaLevel.GRID))
            for community in self.communities
        }
        self.categories = {category.name: category for category in Category.objects.all()}
        self._residents: dict[str, list[Person]] = {}
        self._nearest: dict[tuple, list[Person]] = {}
        self._leads: dict[tuple, dict[int, list[Organization]]] = {}
        self._members: dict[int, list[Person]] = {}

    @property
    def all_grids(self) -> list[Area]:
        return [grid for community in self.communities for grid in self.grids[community.pk]]

    def community(self, name: str) -> Area:
        """The one named so; in a demo without it, any."""
        for community in self.communities:
            if community.name.startswith(name):
                return community
        return self.rng.choice(self.communities)

    def residents(self, path: str) -> list[Person]:
        """Verified residents without a post under ``path``; a sample of them."""
        if path not in self._residents:
            lives = Residence.objects.verified().filter(household__area_path__startswith=path)
            able = Person.objects.filter(pk__in=lives.values("person"), appointments=None)
            pks = list(able.order_by("pk").values_list("pk", flat=True))
            some = self.rng.sample(pks, min(len(pks), RESIDENTS))
            self._residents[path] = list(Person.objects.filter(pk__in=some).order_by("pk"))
        return self._residents[path]

    def reporter(self, community: Area) -> Person:
        residents = self.residents(community.path)
        if residents:
            return self.rng.choice(residents)
        return self.resident or Person.objects.filter(is_active=True).order_by("pk").first()

    def nearest(self, right: str, path: str, aside=()) -> Person | None:
        """``dispatch.nearest``: the first of them, asked once per place."""
        while path:
            if (right, path) not in self._nearest:
                found = dispatch.nearest(right, path)
                self._nearest[right, path] = sorted(found, key=lambda person: person.pk)
            for person in self._nearest[right, path]:
                if person.pk not in aside:
                    return person
            path = path[: -Area.steplen]
        return None

    def members(self, organization: Organization) -> list[Person]:
        if organization.pk not in self._members:
            found = dispatch.members(organization)
            self._members[organization.pk] = sorted(found, key=lambda person: person.pk)
        return self._members[organization.pk]

    def leads(self, category: Category, grid: Area, *, high: bool) -> list[Organization]:
        """Who may lead when the street (``high``) or somebody below dispatches, likeliest first."""
        if (grid.pk, high) not in self._leads:
            self._leads[grid.pk, high] = self._leads_at(grid, high)
        return self._leads[grid.pk, high][category.pk]

    def _leads_at(self, grid: Area, high: bool) -> dict[int, list[Organization]]:
        """For every category: place by place, since few bodies serve each."""
        by = self.nearest("grids.dispatch_issue", self.street.path if high else grid.path)
        if by is None:
            return defaultdict(list)
        asked = [
            Issue(pk=category.pk, category=category, area=grid, area_path=grid.path)
            for category in self.categories.values()
        ]
        return {
            category: [one.organization for one in choices.bodies if not one.barred]
            for category, choices in dispatch.choices_for(asked, by).items()
        }
