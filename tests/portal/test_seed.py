"""The small demo: its numbers, its people, its accounts, and that it comes once."""

import io
import json
import stat
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from orgs import access, areas, chain, residence
from orgs.models import (
    Area,
    Household,
    Linkage,
    Membership,
    Organization,
    OrganizationKind,
    Person,
    Residence,
)
from orgs.positions import Position
from portal.management.commands import seed
from portal.seeding import places, plan, sites
from portal.seeding.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path, settings, monkeypatch):
    settings.DATA_DIR = tmp_path
    # Of what comes after the chain, where its buildings stand; other subsystems test their own.
    monkeypatch.setattr(seed, "FURTHER", seed.FURTHER[:1])

    def _run(**options):
        out = io.StringIO()
        call_command("seed", size="small", stdout=out, stderr=io.StringIO(), **options)
        return out.getvalue()

    _run.file = tmp_path / "demo_accounts.json"
    return _run


def kinds() -> Counter:
    return Counter(Organization.objects.values_list("kind", flat=True))


def test_the_small_demo(run):
    run()
    levels = Counter(Area.objects.values_list("level", flat=True))
    assert (levels["community"], levels["grid"], levels["building"]) == (2, 4, 12)
    assert Household.objects.count() == 240
    assert Residence.objects.current().values("person").distinct().count() == 600
    assert Household.objects.filter(residences=None).count() == 0
    assert Membership.objects.in_force().count() == 68

    found = kinds()
    assert (found["grid_branch"], found["building_group"], found["contact_household"]) == (4, 8, 16)
    assert set(found) >= set(OrganizationKind) - {
        "general_branch",
        "community_branch",
        "joint_branch",
        "three_new_body",
    }
    assert not Household.objects.filter(contact_household=None).exists()

    # what was written in bulk is what the verbs would have written
    assert Area.objects.find_problems() == ([], [], [], [], [])
    assert areas.strayed() == {}
    bodies = Organization.objects.select_related("area", "superior", "host", "household")
    assert {body.name: broken for body in bodies if (broken := chain.check(body))} == {}

    # under the size norm on purpose: the warning shows
    street = Area.objects.get(code="990203005")
    codes = Counter(advice.code for advice in chain.warnings(street))
    assert codes["grid_too_small"] == 4

    # nobody could be mistaken for a real person
    assert not Person.objects.filter(is_demo=False).exists()
    phones = [person.phone for person in Person.objects.exclude(phone_digest=None)]
    assert all(len(phone) == 11 and phone.startswith("100") for phone in phones)
    assert len(phones) > 100

    # nobody verified themselves, one newcomer waits in each grid, the past is behind us
    assert Residence.objects.filter(state="pending").count() == 4
    assert not Residence.objects.filter(starts_on__gt=timezone.localdate()).exists()
    for model in (Person, Household, Residence, Organization):
        firsts = model.pgh_event_model.objects.filter(pgh_label="insert")
        assert firsts.count() == model.objects.count()
        assert {row.pgh_context.metadata["reason"] for row in firsts[:5]} == {"演示数据"}
    home = Household.objects.last()
    assert home.events.get().contact_household_id == home.contact_household_id
    assert home.events.get().pgh_label == "insert"


def test_triggers_do_not_stumble_after_it(run):
    """An empty text there is an error in each trigger, 15 s of the full seed."""
    run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('pgtrigger.ignore')::text[]")
        assert cursor.fetchone() == ([],)


def test_the_accounts_belong_together(run):
    run()
    accounts = json.loads(run.file.read_text())
    assert stat.S_IMODE(run.file.stat().st_mode) == 0o600
    by_role: dict[str, list[Person]] = {}
    for account in accounts:
        person = Person.objects.get_by_phone(account["phone"])
        assert person.check_password(account["password"])
        assert person.name == account["name"]
        assert account["area"]
        password = account["password"]
        assert len(password) >= 10
        assert any(c.isupper() for c in password)
        assert any(c.islower() for c in password)
        assert any(c.isdigit() for c in password)
        by_role.setdefault(account["role"], []).append(person)
    assert set(by_role) >= {
        "resident", "resident_elsewhere", "grid_worker", "social_worker", "community_secretary",
        "property", "owners_committee", "department", "subdistrict", "district", "merchant",
        "system_admin", "security_admin", "auditor", "subdistrict_leader",
    }  # fmt: skip
    people = [person.pk for group in by_role.values() for person in group]
    assert len(people) == len(set(people)) >= 16

    home = residence.home_of(by_role["resident"][0])
    grid, path = home.household.area.ancestor("grid"), home.household.area_path
    assert home.state == "verified"
    elsewhere = residence.home_of(by_role["resident_elsewhere"][0])
    assert elsewhere.state == "verified"
    assert elsewhere.household.area.community != grid.community

    workers = [
        worker
        for worker in by_role["grid_worker"]
        if access.rights_of(worker).may("orgs.verify_residence", area_path=path)
    ]
    assert len(workers) == 2  # two, so that one can verify what the other handled
    assert workers[0] == by_role["grid_worker"][0]
    own = workers[0].appointments.get(position=Position.GRID_WORKER)
    assert own.area == grid
    linkage = Linkage.objects.get(grids=grid)
    posts = {
        role: {post.organization for post in by_role[role][0].appointments.all()}
        for role in ("property", "owners_committee", "department", "community_secretary")
    }
    assert posts["property"] == {linkage.property_company}
    assert grid in linkage.property_company.served_areas.all()
    assert posts["owners_committee"] == {linkage.owners_body}
    assert linkage.residents_committee in posts["community_secretary"]
    assert {body.area for body in posts["department"]} == {grid.ancestor("subdistrict")}
    for role in ("system_admin", "security_admin", "auditor"):
        assert by_role[role][0].appointments.count() == 1


def test_it_comes_once_and_lost_passwords_are_made_anew(run):
    assert "已写入" in run()
    before = {model: model.objects.count() for model in (Area, Person, Organization, Household)}
    first = json.loads(run.file.read_text())

    assert "未作改动" in run()
    assert json.loads(run.file.read_text()) == first
    run.file.unlink()
    assert "密码已重新生成" in run()

    again = json.loads(run.file.read_text())
    assert [account["phone"] for account in again] == [account["phone"] for account in first]
    assert all(a["password"] != b["password"] for a, b in zip(again, first, strict=True))
    assert {model: model.objects.count() for model in before} == before


def test_the_same_day_gives_the_same_people_and_days_move_along():
    day = date(2027, 3, 1)
    one, two = seed.build("small", day), seed.build("small", day)
    assert [person.name for person in one.people] == [person.name for person in two.people]
    later = seed.build("small", day + timedelta(days=100))
    moved = {
        b.starts_on - a.starts_on for a, b in zip(one.appointments, later.appointments, strict=True)
    }
    assert moved == {timedelta(days=100)}


def test_every_building_of_the_table_has_a_place_of_its_own():
    def laid_out():
        world = World(plan.full(), Random(1), date(2026, 1, 1))
        places.build(world)
        return sites.layout(world, Random(2))

    standing = laid_out()
    at = {(site.x_metres, site.y_metres) for site in standing}
    assert len(at) == len(standing) == 540
    for site in standing:
        site.clean_fields(exclude=["building"])
    walls = sorted(
        (
            (site.x_metres - site.wide_metres / 2, site.x_metres + site.wide_metres / 2, site)
            for site in standing
        ),
        key=lambda wall: wall[:2],
    )
    for index, (_left, right, site) in enumerate(walls):  # no house stands in another
        for other_left, _right, other in walls[index + 1 :]:
            if other_left >= right:
                break
            apart = abs(site.y_metres - other.y_metres)
            assert apart >= (site.deep_metres + other.deep_metres) / 2, (site, other)
    assert at == {(site.x_metres, site.y_metres) for site in laid_out()}


def test_a_day_that_is_none_is_refused(run, monkeypatch):
    monkeypatch.setenv("DEMO_TODAY", "31.1.2026")
    with pytest.raises(CommandError, match="日期须写作"):
        run()
    with pytest.raises(CommandError, match="不能晚于今天"):
        run(today=timezone.localdate() + timedelta(days=1))
    assert not Area.objects.exists()


def test_the_full_plan_is_the_table():
    full = plan.full()
    totals = {
        name: sum(getattr(community, name) for community in full.communities)
        for name in (
            "households", "people", "buildings", "stairwells", "grids", "members", "groups",
            "residents_groups", "generalists", "joint_branches",
        )
    }  # fmt: skip
    assert totals == {
        "households": 18000,
        "people": 50860,
        "buildings": 540,
        "stairwells": 940,
        "grids": 49,
        "members": 1402,
        "groups": 186,
        "residents_groups": 360,
        "generalists": 44,
        "joint_branches": 5,
    }
    assert sum(len(community.zones) for community in full.communities) == 30
    assert Counter(community.party_kind for community in full.communities) == {
        "community_committee": 7,
        "general_branch": 1,
    }
