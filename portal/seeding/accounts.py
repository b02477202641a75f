"""Who may sign in to the demo: one person per role at least, with passwords made on the spot.

Chosen by questions to the database, so that lost passwords can be made anew. The passwords are in
``DATA_DIR/demo_accounts.json`` only, readable by its owner; the database has their hashes.
"""

import json
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from orgs.history import because
from orgs.models import Appointment, Area, Linkage, Person, Residence
from orgs.positions import Position as P
from portal.seeding.places import STREET_CODE

FILE = "demo_accounts.json"
WORDS = (
    "tong", "xing", "ting", "liu", "song", "he", "lan", "qing", "yun", "shan", "chuan", "xi", "lin",
    "zhu", "mei", "ju", "feng", "yue", "xue", "lu", "cha", "shu", "hua", "niao", "yu", "tian",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    role: str
    person: Person
    area: Area


def choose() -> list[Account]:
    """The same people each time, for one seed."""
    street = Area.objects.get(code=STREET_CODE)
    linkage = (
        Linkage.objects.filter(community__path__startswith=street.path)
        .exclude(owners_body=None)
        .exclude(property_company=None)
        .order_by("community__path", "pk")
        .first()
    )
    grid = linkage.grids.order_by("path").first()
    community = linkage.community
    elsewhere = Area.objects.filter(level="community", path__startswith=street.path)
    elsewhere = elsewhere.exclude(pk=community.pk).first()

    # Whoever has worked the grid longest is its stand-in; the grid's own worker comes first.
    own, stand_in = _holders(P.GRID_WORKER, area=grid).order_by("-starts_on", "pk")[:2]
    neighbour = _holders(P.GRID_WORKER, area__path__startswith=elsewhere.path)

    def first(position, **where):
        return _holders(position, **where)[0].person

    inside = {"organization__area__path__startswith": community.path}
    return [
        Account("resident", _resident(grid), grid),
        Account("resident_elsewhere", _resident(elsewhere), elsewhere),
        Account("grid_worker", own.person, grid),
        Account("grid_worker", stand_in.person, grid),
        Account("grid_worker", neighbour[0].person, neighbour[0].area),
        Account("social_worker", first(P.SOCIAL_WORKER, **inside), community),
        Account(
            "community_secretary",
            first(
                P.PARTY_SECRETARY,
                organization__area=community,
                organization__kind__in=["community_committee", "general_branch"],
            ),
            community,
        ),
        Account("property", first(P.PROPERTY_MANAGER, organization=linkage.property_company), grid),
        Account(
            "owners_committee", first(P.OWNERS_DIRECTOR, organization=linkage.owners_body), grid
        ),
        Account(
            "department",
            first(P.DEPARTMENT_OFFICER, organization__name="青桐综合行政执法队"),
            street,
        ),
        Account("subdistrict", first(P.SUBDISTRICT_OPERATOR), street),
        Account("subdistrict_leader", first(P.SUBDISTRICT_LEADER), street),
        Account("district", first(P.DISTRICT_OFFICER), street.ancestor("district")),
        Account("merchant", first(P.MERCHANT_KEEPER, **inside), community),
        Account("system_admin", first(P.SYSTEM_ADMIN), street.ancestor("district")),
        Account("security_admin", first(P.SECURITY_ADMIN), street.ancestor("district")),
        Account("auditor", first(P.AUDITOR), street.ancestor("district")),
    ]


def _holders(position: str, **where):
    rows = Appointment.objects.in_force().filter(
        position=position, person__is_demo=True, person__is_active=True, **where
    )
    return rows.select_related("person", "area").order_by("pk")


def _resident(area: Area) -> Person:
    """A verified owner with a phone, in the middle of life, without any post or membership."""
    year = timezone.localdate().year
    homes = Residence.objects.verified().filter(
        household__area_path__startswith=area.path,
        kind=Residence.Kind.OWNER,
        person__is_demo=True,
        person__phone_digest__isnull=False,
        person__birth_year__range=(year - 59, year - 25),
        person__appointments=None,
        person__memberships=None,
    )
    return homes.select_related("person").order_by("pk")[0].person


@transaction.atomic
def issue_passwords(accounts: list[Account], file: Path) -> None:
    """Give each account a new password and write them all to ``file`` (mode 600)."""
    rows = []
    now = timezone.now()
    passwords = [new_password() for _account in accounts]
    with ThreadPoolExecutor() as pool:  # a fifth of a second each, outside of Python's lock
        hashes = pool.map(make_password, passwords)
    with because("演示账号"):
        for account, password, hashed in zip(accounts, passwords, hashes, strict=True):
            person = account.person
            person.password = hashed
            person.password_changed_at = person.phone_verified_at = now
            person.save(update_fields=["password", "password_changed_at", "phone_verified_at"])
            rows.append(
                {
                    "role": account.role,
                    "name": person.name,
                    "phone": person.phone,
                    "password": password,
                    "area": account.area.full_name,
                }
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(rows, out, ensure_ascii=False, indent=1)
    draft.replace(file)


def new_password() -> str:
    """Shanchuan-yuetian-4821: four classes of characters, and easy to copy from a screen."""
    words = ["".join(secrets.choice(WORDS) for _syllable in range(2)) for _word in range(2)]
    return f"{words[0].capitalize()}-{words[1]}-{secrets.randbelow(9000) + 1000}"
