"""Organizations of the demo, who belongs to them and who holds which post."""

from datetime import date, timedelta

from orgs.models import Linkage, Membership, Organization, Person
from orgs.models import OrganizationKind as K
from orgs.positions import Position as P
from portal.seeding.world import Grid, Home, Place, World, by_weight, shares

MEMBER = Membership.Kind
COMMITTEE_MEMBERS = 5  # of a residents' committee, beside its director
CONTACTS_PER_GROUP = 2
HOSTED_MEMBERS = JOINT_MEMBERS = 4
OWNERS_SEATS = 5
FLOATING_PER_COMMUNITY = 8

DEPARTMENTS = (
    "综合行政执法队", "派出所", "消防救援站", "市场监督管理所", "城建环保办公室", "司法所",
    "应急管理办公室", "民政服务办公室", "交通管理中队",
)  # fmt: skip
RESIDENT_UNITS = (
    "望汐区示例税务所", "望汐区示例供电所", "青桐邮政支局", "澜江机械厂", "望汐区图书馆青桐分馆",
    "青桐农贸市场管理处", "澜江纺机有限公司", "望汐区水务站", "青桐文化站", "望汐区不动产登记所",
    "青桐公园管理处", "澜江公交青桐场站", "望汐区档案馆", "青桐环卫所", "澜江燃气青桐营业厅",
    "望汐区气象站", "青桐敬老院", "澜江广电青桐站", "望汐区体育馆", "晴雪坊文保管理所",
    "青桐粮油供应站", "望汐区殡葬服务站", "澜江热力青桐站", "新芽产业园管委会",
)  # fmt: skip
INSTITUTIONS = (
    "青桐一小", "青桐二小", "青桐中学", "新芽幼儿园", "望汐区示例医院", "青桐社区卫生服务中心",
)  # fmt: skip
PAIRED_UNITS = (
    "望汐区示例发展改革局", "望汐区示例教育局", "望汐区示例财政局", "望汐区示例人社局",
    "望汐区示例住建局", "望汐区示例交通局", "望汐区示例农业农村局", "望汐区示例商务局",
    "望汐区示例文旅局", "望汐区示例卫健局", "望汐区示例审计局", "望汐区示例统计局",
    "望汐区示例医保局", "望汐区示例司法局", "望汐区示例数据局", "望汐区示例城投集团",
)  # fmt: skip
PARTNER_UNITS = (
    "澜江示例银行青桐支行", "青桐连锁药房", "澜江示例超市", "云栖科技公司", "望江餐饮公司",
    "银杏湾商业广场", "澜岸物业服务公司", "新芽孵化器公司", "石榴园商贸公司", "松涛汽修厂",
    "百荷塘农业合作社",
)  # fmt: skip
SOCIAL_ORGANIZATIONS = (
    "青桐社会工作服务中心", "银杏湾助老服务社", "汀兰苑亲子成长社", "石榴园邻里互助会",
    "晴雪坊商户联合会", "松涛路老手艺工作室", "新芽青年发展社", "梧桐里花友会",
    "青桐志愿服务联合会", "青桐心理服务站", "望汐法律援助服务社", "青桐书画社", "青桐太极拳协会",
    "百荷塘龙舟队",
)  # fmt: skip
TEAM_THEMES = ("守望相助", "清洁家园", "夜间巡逻", "应急先锋", "四点半课堂", "电器义修")
THREE_NEW = (
    "青桐骑手之家",
    "银杏湾网约车驿站",
    "汀兰苑主播联盟",
    "松涛路货运驿站",
    "新芽创业者联盟",
)
MERCHANTS = (
    "梧桐便民超市", "银杏粮油店", "汀兰书店", "石榴园理发店", "晴雪坊豆腐坊", "松涛五金店",
)  # fmt: skip


def build(world: World) -> None:
    _government(world)
    for place in world.places:
        _community(world, place)
    _around(world)
    _joint_committees(world)


def _term(world: World, years: int, *, ends_in: int | None = None) -> dict:
    """Term of a body: begun some time ago, or ending in so many days (negative: overdue)."""
    days = years * 365
    start = (
        world.today - timedelta(days=days - ends_in)
        if ends_in is not None
        else world.days_ago(200, 700)
    )
    founded = start - timedelta(days=world.rng.randint(30, 1500))
    return {
        "term_starts_on": start,
        "term_ends_on": start + timedelta(days=days),
        "founded_on": founded,
    }


# --- district and subdistrict ------------------------------------------------------------------


def _government(world: World) -> None:
    world.social_work = world.body(
        K.DISTRICT_GOVERNMENT,
        "望汐区委社会工作部",
        world.district,
        contact_phone="0000-8800001",
        address="望汐区汐台路1号",
    )
    bureaus = [
        world.body(K.DISTRICT_GOVERNMENT, name, world.district, contact_phone="0000-8800002")
        for name in ("望汐区民政局", "望汐区住房和城乡建设局")
    ]
    for body in (world.social_work, world.social_work, *bureaus):
        world.post(world.outsider(), body, P.DISTRICT_OFFICER)

    platform = world.body(K.PLATFORM, "邻里共治平台运行管理", world.district)
    for position in (P.SYSTEM_ADMIN, P.SECURITY_ADMIN, P.AUDITOR):
        world.post(world.outsider(), platform, position)

    world.office = world.body(
        K.SUBDISTRICT_OFFICE,
        "青桐街道办事处",
        world.street,
        superior=world.social_work,
        contact_phone="0000-8810000",
        address="青桐路8号",
    )
    world.working_committee = world.body(
        K.WORKING_COMMITTEE, "青桐街道党工委", world.street, superior=world.social_work
    )
    staff = [world.outsider() for _seat in range(world.plan.subdistrict_staff)]
    world.leaders, world.operators = staff[: len(staff) // 4], staff[len(staff) // 4 :]
    for leader in world.leaders:
        world.post(leader, world.office, P.SUBDISTRICT_LEADER)
    for operator in world.operators:
        world.post(operator, world.office, P.SUBDISTRICT_OPERATOR)
    world.post(world.leaders[0], world.working_committee, P.PARTY_SECRETARY)
    for deputy in world.leaders[1:]:
        world.post(deputy, world.working_committee, P.PARTY_DEPUTY)
    for operator in world.operators[:3]:
        world.post(operator, world.working_committee, P.PARTY_COMMITTEE_MEMBER)

    names = DEPARTMENTS[: world.plan.departments]
    officers = shares(world.plan.department_officers, len(names))
    world.departments = []
    for index, (name, number) in enumerate(zip(names, officers, strict=True)):
        department = world.body(
            K.DEPARTMENT,
            f"青桐{name}",
            world.street,
            superior=world.office,
            contact_phone=f"0000-88200{index:02}",
        )
        world.departments.append(department)
        for _officer in range(number):
            world.post(world.outsider(), department, P.DEPARTMENT_OFFICER)


# --- a community -------------------------------------------------------------------------------


def _community(world: World, place: Place) -> None:
    plan, area = place.plan, place.area
    number = world.places.index(place)
    place.committee = world.body(
        K.RESIDENTS_COMMITTEE,
        f"{plan.name}居委会",
        area,
        superior=world.office,
        introduction=plan.introduction,
        contact_phone=f"0000-88{30 + number}000",
        address=f"{plan.short}路{10 + number}号",
        **_term(world, 5),
    )
    level = K(plan.party_kind).label.removeprefix("社区")
    place.party = world.body(
        plan.party_kind,
        f"{plan.name}{level}",
        area,
        superior=world.working_committee,
        contact_phone=place.committee.contact_phone,
        address=place.committee.address,
        **_term(world, 5),
    )
    _staff(world, place)
    _companies(world, place)
    _supervision(world, place)
    members = _grid_members(world, place)
    groups = _groups_per_grid(world, place)
    for grid, members_here, groups_here in zip(place.grids, members, groups, strict=True):
        _grid_branch(world, place, grid, members_here, groups_here)
    _building_leaders(world, place)
    _residents_groups(world, place)
    _linkages(world, place)
    _floating(world, place)


def _staff(world: World, place: Place) -> None:
    """Secretary, committee, generalists, grid workers: 92 and 49 in the whole subdistrict."""
    plan, committee = place.plan, place.committee
    adults = world.free_adults(place.homes, least=26, most=55)
    secretary, *members = adults[: 1 + COMMITTEE_MEMBERS]
    generalists = adults[1 + COMMITTEE_MEMBERS :][: plan.generalists]
    for person in (secretary, *members, *generalists):
        world.take(person)

    branch = world.body(
        K.COMMITTEE_BRANCH,
        f"{plan.name}居委会党支部",
        place.area,
        superior=place.party,
        **_term(world, 3),
    )
    staff = [secretary, *members, *generalists]
    for person in staff[: plan.committee_branch]:
        world.member(person, branch, MEMBER.LOCAL)
    world.post(secretary, place.party, P.PARTY_SECRETARY)
    world.post(members[0], branch, P.PARTY_SECRETARY)
    world.post(members[0], place.party, P.PARTY_DEPUTY)
    for person in members[1:3]:
        world.post(person, place.party, P.PARTY_COMMITTEE_MEMBER)
    # 一肩挑 everywhere but in the last community, which shows the two posts apart.
    is_last = place is world.places[-1]
    world.post(members[0] if is_last else secretary, committee, P.COMMITTEE_DIRECTOR)
    for person in members[1:] if is_last else members:
        world.post(person, committee, P.COMMITTEE_MEMBER)
    for person in generalists:
        world.post(person, committee, P.SOCIAL_WORKER)
    leads = (*members, *generalists)
    for index, grid in enumerate(place.grids):
        lead = leads[index % len(leads)]
        world.post(lead, committee, P.GRID_LEAD, area=grid.area)
    for index, grid in enumerate(place.grids):
        # Workers live in another grid of the community: nobody verifies the own neighbours.
        homes = place.grids[index - 1].homes
        grid.worker = world.free_adults(homes, least=24, most=52)[0]
        world.post(grid.worker, committee, P.GRID_WORKER, area=grid.area)


def _companies(world: World, place: Place) -> None:
    """Property companies, the compounds they serve, and a Party group inside each."""
    plan = place.plan
    for index, name in enumerate(plan.companies):
        served = [grid.area for grid in place.grids if grid.zone.company == index]
        if not any(zone.company is not None for zone in plan.zones):
            served = [grid.area for grid in place.grids]  # helps the committee that manages itself
        company = world.body(
            K.PROPERTY_COMPANY,
            name,
            place.area,
            serves=served,
            contact_phone=f"0000-88{40 + world.places.index(place)}{index:03}",
        )
        place.companies.append(company)
        world.post(world.outsider(), company, P.PROPERTY_MANAGER)
        if index == 0:  # the liaison with the community
            world.post(world.outsider(), company, P.PROPERTY_STAFF)
        if plan.hosted_in_company:
            _hosted_group(world, place, company)


def _hosted_group(world: World, place: Place, host: Organization) -> None:
    group = world.body(
        K.HOSTED_GROUP, f"{host.name}党小组", place.area, superior=place.party, host=host
    )
    members = world.free_adults(place.homes, least=22, most=58)[:HOSTED_MEMBERS]
    for person in members:
        world.member(person, group, MEMBER.IN_SERVICE)
    world.post(members[0], group, P.GROUP_LEADER)


def _supervision(world: World, place: Place) -> None:
    body = world.body(
        K.SUPERVISION_COMMITTEE,
        f"{place.plan.name}居务监督委员会",
        place.area,
        superior=place.committee,
        **_term(world, 5),
    )
    seats = 3 + world.places.index(place) % 3
    for person in world.free_adults(place.homes, least=40, most=72)[:seats]:
        world.post(person, body, P.SUPERVISOR)


def _grid_members(world: World, place: Place) -> list[int]:
    """Members of each grid branch: what the table's total leaves after the other bodies."""
    plan = place.plan
    hosted = len(plan.companies) * plan.hosted_in_company + bool(_social_host(world, place))
    left = plan.members - plan.committee_branch - hosted * HOSTED_MEMBERS
    left -= plan.joint_branches * JOINT_MEMBERS
    weights = [world.rng.uniform(0.96, 1.04) for _grid in place.grids]
    return by_weight(left, weights)


def _groups_per_grid(world: World, place: Place) -> list[int]:
    """As even as can be, and no more groups than buildings."""
    numbers = shares(place.plan.groups, len(place.grids))
    by_size = sorted(place.grids, key=lambda grid: -len(grid.buildings))
    assigned = {id(grid): number for grid, number in zip(by_size, numbers, strict=True)}
    return [assigned[id(grid)] for grid in place.grids]


def _grid_branch(world: World, place: Place, grid: Grid, members: int, groups: int) -> None:
    index = place.grids.index(grid)
    # Some bad news: one branch is overdue, two have to prepare, one has no secretary.
    spot = (place.plan.code, index)
    ends_in = {("006", 2): -40, ("002", 1): 35, ("004", 3): 75}.get(spot)
    grid.branch = world.body(
        K.GRID_BRANCH,
        f"{place.plan.short}{grid.area.name}党支部",
        grid.area,
        superior=place.party,
        **_term(world, 3, ends_in=ends_in),
    )
    in_groups = max(groups * 3, min(groups * 12, members - 2))
    sizes = shares(in_groups, groups)
    chunks = shares(len(grid.buildings), groups)
    first = 0
    for number, (size, chunk) in enumerate(zip(sizes, chunks, strict=True), start=1):
        buildings = grid.buildings[first : first + chunk]
        first += chunk
        _building_group(world, grid, buildings, number, size)
    direct = world.free_adults(grid.homes, least=28)[: members - in_groups]
    for person in direct:
        world.member(person, grid.branch, _kind(world, person))
    if spot != ("007", 5):
        world.post(direct[0], grid.branch, P.PARTY_SECRETARY)
    if members >= 15:
        for person in direct[1:]:
            world.post(person, grid.branch, P.PARTY_COMMITTEE_MEMBER)


def _building_group(world: World, grid: Grid, buildings, number: int, size: int) -> None:
    homes = [home for building in buildings for home in building.homes]
    place = buildings[0].area.name
    if len(buildings) > 1:
        place = f"{place}—{buildings[-1].area.name}"
    group = world.body(
        K.BUILDING_GROUP,
        f"{place}党小组",
        buildings[0].area,
        superior=grid.branch,
        serves=[building.area for building in buildings],
        founded_on=grid.branch.founded_on,
    )
    home_of = {id(person): (home, building) for building in buildings for home in building.homes
               for person in home.people}  # fmt: skip
    free = world.free_adults(homes)
    hosts: list[Person] = []
    doors: set[int] = set()
    for person in free:  # two homes for two contact households
        door = id(home_of[id(person)][0])
        if person.birth_year <= world.today.year - 35 and door not in doors:
            hosts.append(person)
            doors.add(door)
        if len(hosts) == CONTACTS_PER_GROUP:
            break
    others = [person for person in free if person not in hosts]
    members = (hosts + others)[:size]
    for person in members:
        world.member(person, group, _kind(world, person))
    world.post(members[-1], group, P.GROUP_LEADER)
    linked = shares(len(homes), len(hosts))
    first = 0
    for person, link in zip(hosts, linked, strict=True):
        home, building = home_of[id(person)]
        order = f"{number}-{hosts.index(person) + 1}"
        contact = world.body(
            K.CONTACT_HOUSEHOLD,
            f"{building.area.name}{home.household.stairwell}单元中心户{order}",
            building.area,
            superior=group,
            household=home.household,
        )
        world.post(person, contact, P.CONTACT_HOST)
        world.linked.append((contact, [home.household for home in homes[first : first + link]]))
        first += link


def _kind(world: World, person: Person) -> str:
    return MEMBER.RETIRED if world.today.year - person.birth_year >= 60 else MEMBER.LOCAL


def _floating(world: World, place: Place) -> None:
    """Eight members of every community are away for long."""
    area = place.area.path
    young = [
        membership
        for membership in world.memberships
        if membership.kind == MEMBER.LOCAL
        and membership.organization.area.path.startswith(area)
        and membership.organization.kind in (K.BUILDING_GROUP, K.GRID_BRANCH)
    ]
    for membership in world.rng.sample(young, min(FLOATING_PER_COMMUNITY, len(young))):
        membership.kind = MEMBER.FLOATING


def _building_leaders(world: World, place: Place) -> None:
    for grid in place.grids:
        for building in grid.buildings:
            free = world.free_adults(building.homes, least=30) or world.free_adults(grid.homes)
            world.post(free[0], place.committee, P.BUILDING_LEADER, area=building.area)


def _residents_groups(world: World, place: Place) -> None:
    for grid, number in zip(
        place.grids, shares(place.plan.residents_groups, len(place.grids)), strict=True
    ):
        for index in range(1, number + 1):
            group = world.body(
                K.RESIDENTS_GROUP,
                f"{grid.area.name}第{index}居民小组",
                grid.area,
                superior=place.committee,
            )
            leader = world.free_adults(grid.homes, least=30)[0]
            world.post(leader, group, P.RESIDENTS_GROUP_LEADER)


def _linkages(world: World, place: Place) -> None:
    for index, zone in enumerate(place.plan.zones):
        grids = [grid for grid in place.grids if grid.zone is zone]
        owners = _owners_body(world, place, zone, grids) if zone.owners else None
        company = place.companies[zone.company] if zone.company is not None else None
        if (place.plan.code, index) == ("006", 3):  # one owners' committee is overdue
            start = world.today - timedelta(days=5 * 365 + 20)
            owners.term_starts_on = start
            owners.term_ends_on = start + timedelta(days=5 * 365)
        linkage = Linkage(
            name=zone.name,
            community=place.area,
            party_branch=grids[0].branch,
            residents_committee=place.committee,
            owners_body=owners,
            property_company=company,
            note=zone.note,
        )
        world.linkages.append((linkage, [grid.area for grid in grids]))


def _owners_body(world: World, place: Place, zone, grids: list[Grid]) -> Organization:
    title = "业委会" if zone.owners == K.OWNERS_COMMITTEE else "物管会"
    body = world.body(
        zone.owners, f"{zone.name}{title}", grids[0].area, serves=[grid.area for grid in grids],
        **_term(world, 5),
    )  # fmt: skip
    homes: list[Home] = [home for grid in grids for home in grid.homes if not home.is_rented]
    director, *members = world.free_adults(homes, least=32, most=68)[:OWNERS_SEATS]
    world.post(director, body, P.OWNERS_DIRECTOR)
    for person in members:
        world.post(person, body, P.OWNERS_MEMBER)
    return body


# --- units around, and joint committees --------------------------------------------------------


def _around(world: World) -> None:
    plan, places = world.plan, world.places

    def spread(kind, names, position=P.UNIT_CONTACT):
        bodies = []
        for index, name in enumerate(names):
            # A body named after a community sits there; the others are dealt out.
            home = next((p for p in places if p.plan.short in name), places[index % len(places)])
            body = world.body(
                kind, name, home.area, contact_phone=f"0000-89{len(world.organizations):05}"
            )
            world.post(world.outsider(), body, position)
            bodies.append(body)
        return bodies

    world.units = spread(K.RESIDENT_UNIT, RESIDENT_UNITS[: plan.resident_units])
    spread(K.RESIDENT_UNIT, INSTITUTIONS[: plan.institutions])
    spread(K.PAIRED_UNIT, PAIRED_UNITS[: plan.paired_units])
    spread(K.PARTNER_UNIT, PARTNER_UNITS[: plan.partner_units])
    spread(K.MERCHANT, MERCHANTS[: plan.merchants], P.MERCHANT_KEEPER)
    social = spread(K.SOCIAL_ORGANIZATION, SOCIAL_ORGANIZATIONS[: plan.social_organizations])
    for place in places:
        if name := _social_host(world, place):
            host = next(body for body in social if body.name == name)
            host.area = place.area
            _hosted_group(world, place, host)

    for index in range(plan.volunteer_teams):
        place = places[index % len(places)]
        round_, theme = divmod(index, len(places)), TEAM_THEMES[index % len(TEAM_THEMES)]
        team = world.body(
            K.VOLUNTEER_TEAM,
            f"{place.plan.short}{theme}志愿服务队{'二队' if round_[0] > 1 else ''}",
            place.area,
            superior=place.committee,
        )
        leader = world.free_adults(place.homes, least=20, most=65)[0]
        world.post(leader, team, P.UNIT_CONTACT)

    names = iter(THREE_NEW)
    for place in places:
        for number in range(1, place.plan.joint_branches + 1):
            name = next(names)
            world.body(K.THREE_NEW_BODY, name, place.area)
            branch = world.body(
                K.JOINT_BRANCH,
                f"{place.plan.short}“三新”第{number}联合党支部",
                place.area,
                superior=place.party,
                **_term(world, 3),
            )
            members = world.free_adults(place.homes, least=20, most=45)[:JOINT_MEMBERS]
            for person in members:
                world.member(person, branch, MEMBER.IN_SERVICE)
            world.post(members[0], branch, P.PARTY_SECRETARY)


def _social_host(world: World, place: Place) -> str:
    """The social organization of the community with a Party group in it, if it has one."""
    if not place.plan.hosted_in_company:
        return ""
    names = SOCIAL_ORGANIZATIONS[: world.plan.social_organizations]
    return next((name for name in names if place.plan.short in name), "")


def _joint_committees(world: World) -> None:
    """大工委 (11 seats) and 大党委 (7 to 9): the committee itself and people of units around."""
    contacts = [
        appointment.person
        for appointment in world.appointments
        if appointment.position == P.UNIT_CONTACT
        and appointment.organization.kind in (K.RESIDENT_UNIT, K.PARTNER_UNIT, K.PAIRED_UNIT)
    ]
    joint = world.body(
        K.JOINT_WORKING_COMMITTEE, "青桐街道大工委", world.street, superior=world.working_committee
    )
    _seat(world, joint, world.working_committee, contacts[:5])
    for index, place in enumerate(world.places):
        body = world.body(
            K.JOINT_COMMUNITY_COMMITTEE,
            f"{place.plan.name}大党委",
            place.area,
            superior=place.party,
        )
        start = 5 + index * 4
        # Full-time seats: secretary, deputy, two members of the committee and one of the staff.
        extra = contacts[start : start + 3 + index % 3]
        _seat(world, body, place.party, extra)


def _seat(world: World, joint: Organization, own: Organization, part_time: list[Person]) -> None:
    team = [
        (appointment.person, appointment.position)
        for appointment in world.appointments
        if appointment.organization is own
    ]
    since = world.days_ago(200, 600)
    for person, position in team:
        world.post(person, joint, position, starts_on=since)
    for person in part_time:
        world.post(person, joint, P.JOINT_MEMBER, starts_on=since)


def flagship(world: World) -> Grid:
    """The grid of the demo accounts: it has an owners' body and a property company."""
    place = world.places[0]
    return next(grid for grid in place.grids if grid.zone.owners and grid.zone.company is not None)


def stand_in(world: World) -> None:
    """A second worker (B角) for the flagship grid: whoever handled a matter may not verify it."""
    grid = flagship(world)
    place = world.places[0]
    other = next(near for near in place.grids if near.worker is not grid.worker)
    since: date = world.today - timedelta(days=1500)
    world.post(other.worker, place.committee, P.GRID_WORKER, area=grid.area, starts_on=since)
