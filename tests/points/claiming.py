"""The points scheme on the small street: the catalogue, people for every role, claims on the way.

王 (wang) and 邻居 (neighbour) live in 梧桐里; 李 (li) and 郝 (hao) work its grid; 孙 (sun) is the
social worker, 何 (he) a committee member, 周 (zhou) the secretary, 高 (gao) the director. The
points group: 何, 邻居 as resident, 监 (jian) as supervisor.
"""

import uuid
from datetime import date, timedelta
from types import SimpleNamespace

from django.utils import timezone

from orgs import posts
from orgs.models import Household, Organization, Person, Residence
from orgs.positions import Position
from points import accounts, batches, budgets, catalogue, claims, ledger, posting
from points.models import Claim, ClaimEvidence, PanelMember, Rule, TransferKind, Unit
from publicity import notices
from tests import cast
from tests.snapshot import Snapshot


def today() -> date:
    return timezone.localdate()


def days_ago(days: int) -> date:
    return today() - timedelta(days=days)


def live(someone, household, verifier, kind="family"):
    return Residence.objects.create(
        person=someone,
        household=household,
        kind=kind,
        state="verified",
        starts_on=cast.LONG_AGO,
        verified_by=verifier,
    )


def _write() -> SimpleNamespace:
    street = cast.build()
    number = iter(range(200, 300))

    def person(name, home=None, **fields):
        someone = cast.person(name, f"100000{next(number):05d}")
        if fields:
            Person.objects.filter(pk=someone.pk).update(**fields)
            someone.refresh_from_db()
        if home is not None:
            live(someone, home, street.li)
        return someone

    def post(name, body, position, area=None):
        someone = person(name)
        posts.appoint(
            someone, body, position, area=area, starts_on=cast.LONG_AGO, reason="测试任命"
        )
        return someone

    supervision = Organization.objects.create(
        kind="supervision_committee", name="梧桐里居务监督委员会", area=street.community
    )
    P = Position
    home2 = Household.objects.create(area=street.building, stairwell="1", room="302")
    people = {
        "home2": home2,
        "neighbour": person("邻居", home2, birth_year=1970),
        "daughter": person("王小妹", street.home, birth_year=today().year - 12),
        "hao": post("郝网格", street.committee, P.GRID_LEAD, street.grid),
        "he": post("何委员", street.committee, P.COMMITTEE_MEMBER),
        "gao": post("高主任", street.committee, P.COMMITTEE_DIRECTOR),
        "jian": post("监委员", supervision, P.SUPERVISOR),
        "jiang": post("江委员", supervision, P.SUPERVISOR),
        "worker2": post("许社工", street.committee, P.SOCIAL_WORKER),
        "supervision": supervision,
    }
    Person.objects.filter(pk=street.wang.pk).update(birth_year=1980)
    catalogue.ship(street.street)
    for someone, role in (("he", "member"), ("neighbour", "resident"), ("jian", "supervisor")):
        PanelMember.objects.create(
            area=street.community,
            person=people[someone],
            role=role,
            starts_on=cast.LONG_AGO,
            seated_by=street.zhou,
        )
    budget = budgets.propose(
        street.community,
        points=100_000,
        starts_on=date(today().year, 1, 1),
        ends_on=date(today().year, 12, 31),
        reason="年度预算",
        by=street.chen,
    )
    budgets.approve(budget, by=street.han)
    return SimpleNamespace(**vars(street), **people, budget=budget)


_snapshot = Snapshot(_write)


def build() -> SimpleNamespace:
    Unit.objects.get_or_create(code="points", defaults={"label": "积分", "suffix": "分"})
    cast_of_points = _snapshot.enter()
    cast_of_points.wang.refresh_from_db()
    return cast_of_points


def rule(points, code: str) -> Rule:
    return catalogue.rule_of(points.community, code)


def file(points, code="P05", **more) -> Claim:
    """王 claims something of hers, unless said otherwise."""
    person = more.pop("person", points.wang)
    given = {"happened_on": days_ago(3), "by": person, "text": "参加楼道清扫", **more}
    return claims.file(rule(points, code), person=person, **given)


def certified(points, code="P05", **more) -> Claim:
    by = more.pop("certifier", points.sun)
    return claims.certify(file(points, code, **more), by=by)


def balance(points, person) -> int:
    return accounts.balance(accounts.of_person(person, points.community))


def resident(points, name: str, household=None) -> Person:
    """One more verified resident of the building."""
    number = Person.objects.count()
    someone = cast.person(name, f"10001{number:06d}")
    live(someone, household or another_door(points), points.li)
    return someone


def another_door(points) -> Household:
    number = Household.objects.filter(area=points.building).count()
    return Household.objects.create(area=points.building, stairwell="2", room=f"{number}01")


def many_certified(points, number: int, month, person) -> list[int]:
    """Certified claims by the row, for tests of size: one point each."""
    version = rule(points, "P05").versions.get()
    now = timezone.now()
    made = Claim.objects.bulk_create(
        Claim(
            area=points.building,
            area_path=points.building.path,
            community=points.community,
            rule_version=version,
            person=person,
            asked=1,
            points=1,
            happened_on=month,
            text="清扫",
            source="leader",
            claimant=points.worker2,
            claimed_at=now,
            state="certified",
            certifier=points.sun,
            certified_at=now,
        )
        for _n in range(number)
    )
    return [claim.pk for claim in made]


def empty_fund(points, *, leave: int) -> None:
    """Another use has emptied the fund."""
    fund = accounts.fund_of(points.community)
    ledger.post(
        ledger.Posting(
            community=points.community.pk,
            debit=fund.pk,
            credit=accounts.expiry_of(points.community).pk,
            amount=accounts.balance(fund) - leave,
            key="test:emptied",
            kind=TransferKind.DONATE,
            happened_on=today(),
        )
    )


def award(points, account, amount: int) -> None:
    """Points from somewhere else."""
    ledger.post(
        ledger.Posting(
            community=points.community.pk,
            debit=accounts.fund_of(points.community).pk,
            credit=account.pk,
            amount=amount,
            key=f"test:award:{account.pk}:{amount}",
            kind=TransferKind.AWARD,
            happened_on=today(),
        )
    )


def paid(points, code="P05", **more) -> Claim:
    """王's claim, all the way into the ledger, by the right people."""
    claim = certified(points, code, **{"happened_on": batches.last_month(), **more})
    batch = batches.open(points.community, batches.last_month())
    batches.approve(batch, [claim.pk], by=points.zhou)
    batches.close_decisions(batch, by=points.zhou)
    for someone in (points.he, points.neighbour, points.jian):
        batches.sign(batch, by=someone)
    batches.publish(batch, by=points.zhou)
    notices.close_due(timezone.now() + timedelta(days=40))
    batch.refresh_from_db()
    posting.post(batch)
    claim.refresh_from_db()
    return claim


def paper(points, by=None) -> ClaimEvidence:
    """A picture for rules that want one."""
    return ClaimEvidence.objects.create(
        draft_key=uuid.uuid4(),
        uploaded_by=by or points.wang,
        width=1,
        height=1,
        digest=uuid.uuid4().hex,
    )
