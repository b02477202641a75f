"""The household's account: moving points within it, minors, merging and splitting; and earning."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orgs.models import Household
from points import accounts, households, lots, opportunities
from points.models import GuardianConsent, Transfer
from tests.browser import assert_valid_html
from tests.points.claiming import balance, days_ago, file, live, resident, today
from tests.points.paid import award
from tests.publicity.board import told

PAGE = "/points/household/"


@pytest.fixture
def rich(points):
    """王 has 30 points, the household 20 of two ages."""
    points.mine = accounts.of_person(points.wang, points.community)
    points.ours = accounts.of_household(points.home, points.community)
    award(points, points.mine, 30, key="h:1")
    award(points, points.ours, 15, on=days_ago(90), key="h:2")
    award(points, points.ours, 5, key="h:3")
    return points


def send(client, **given):
    return client.post(PAGE, {"key": str(uuid.uuid4()), **given})


def test_points_move_within_the_household_once(client, rich):
    client.force_login(rich.wang)
    html = client.get(PAGE).content.decode()
    assert_valid_html(html)
    assert "王小妹" in html
    data = {"source": "mine", "target": "home", "points": "12", "key": str(uuid.uuid4())}
    assert client.post(PAGE, data).status_code == 302
    assert client.post(PAGE, data).status_code == 302
    assert balance(rich, rich.wang) == 18
    assert accounts.balance(rich.ours) == 32
    send(client, source="home", target=str(rich.daughter.pk), points="16")
    # The oldest go first, and keep their age.
    moved = Transfer.objects.filter(debit=rich.ours, kind="share").order_by("pk")
    assert [(row.lot_on, row.amount) for row in moved] == [(days_ago(90), 15), (today(), 1)]
    assert balance(rich, rich.daughter) == 16


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "mine", "target": "home", "points": "31"}, "积分不足"),
        ({"source": "mine", "target": "home", "points": "0"}, "至少 1 分"),
        ({"source": "mine", "target": "home", "points": "1.5"}, "请填写整数"),
        ({"source": "mine", "target": "mine", "points": "3"}, "不能是同一个账户"),
    ],
)
def test_what_cannot_be_moved_says_why_and_keeps_the_input(client, rich, given, words):
    client.force_login(rich.wang)
    answer = send(client, **given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert f'value="{given["points"]}"' in answer.content.decode()
    assert not Transfer.objects.filter(kind="share").exists()


def test_nobody_moves_points_out_of_the_household(client, rich):
    client.force_login(rich.wang)
    assert send(client, source="mine", target=str(rich.neighbour.pk), points="3").status_code == 422
    # A minor gives only from their own account.
    client.force_login(rich.daughter)
    assert send(client, source="home", target="mine", points="3").status_code == 422
    client.force_login(rich.neighbour)
    html = client.get(PAGE).content.decode()
    assert "王居民" not in html
    assert not Transfer.objects.filter(kind="share").exists()


def test_a_guardian_agrees_and_takes_it_back(client, points):
    client.force_login(points.wang)
    address = f"{PAGE}consent/"
    assert "我是监护人，同意" in client.get(PAGE).content.decode()
    client.post(address, {"minor": points.daughter.pk, "do": "give"})
    given = GuardianConsent.objects.get()
    assert (given.guardian, given.withdrawn_at) == (points.wang, None)
    assert file(points, person=points.daughter).to_household
    client.post(address, {"minor": points.daughter.pk, "do": "withdraw"})
    given.refresh_from_db()
    assert given.withdrawn_at is not None
    client.force_login(points.neighbour)
    answer = client.post(address, {"minor": points.daughter.pk, "do": "give"})
    assert answer.status_code == 404
    assert client.post(address, {"minor": "x"}).status_code == 404


def test_a_minor_takes_the_consent_back(client, points):
    GuardianConsent.objects.create(
        minor=points.daughter, guardian=points.wang, household=points.home
    )
    client.force_login(points.daughter)
    assert "我不想参加了" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}leave/")
    assert not GuardianConsent.objects.given().exists()
    assert client.post(f"{PAGE}leave/").status_code == 404


def test_who_moved_out_neither_sees_nor_uses_the_account(client, rich):
    rich.wang.residences.update(ends_on=today())
    client.force_login(rich.wang)
    assert "请先登记并核验住址" in client.get(PAGE).content.decode()
    assert "家庭账户 20" not in client.get("/points/").content.decode()
    send(client, source="home", target="mine", points="3")
    assert accounts.balance(rich.ours) == 20


# --- merging and splitting -----------------------------------------------------------------------

MOVE = "/points/household/move/"


def doors(cast, source, target, **more):
    return {
        "key": str(uuid.uuid4()),
        "source_building": cast.building.pk,
        "source_stairwell": source.stairwell,
        "source_room": source.room,
        "target_building": cast.building.pk,
        "target_stairwell": target.stairwell,
        "target_room": target.room,
        "reason": "子女成家另住",
        **more,
    }


@pytest.fixture
def grown(rich):
    """A son who lived at 王's and has a door of his own."""
    rich.door = Household.objects.create(area=rich.building, stairwell="3", room="101")
    rich.son = resident(rich, "王大强", rich.home)
    rich.son.residences.update(ends_on=today())
    live(rich.son, rich.door, rich.li)
    return rich


def test_a_split_is_shown_then_done_and_lots_keep_their_age(client, grown):
    client.force_login(grown.li)
    data = doors(grown, grown.home, grown.door, kind="split", points="8")
    html = client.post(MOVE, {**data, "do": "preview"}).content.decode()
    assert "20 → 12" in html
    assert "0 → 8" in html
    assert "核对无误，办理" in html
    assert_valid_html(html)
    assert not Transfer.objects.filter(kind="merge").exists()
    plan = households.plan(households.Kind.SPLIT, grown.home, grown.door, by=grown.li, points=8)
    for _click in range(2):
        assert client.post(MOVE, {**data, "do": "move"}).status_code == 302
    target = accounts.of_household(grown.door, grown.community)
    assert lots.open_lots(target) == plan.parts == [(days_ago(90), 6), (today(), 2)]
    assert accounts.balance(grown.ours) == 12
    assert "家庭账户已拆分，转移 8 分" in told(grown.son)


def test_a_merge_moves_everything(client, grown):
    client.force_login(grown.sun)
    data = doors(grown, grown.home, grown.door, kind="merge", do="move")
    assert client.post(MOVE, data).status_code == 302
    target = accounts.of_household(grown.door, grown.community)
    assert lots.open_lots(target) == [(days_ago(90), 15), (today(), 5)]
    assert accounts.balance(grown.ours) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target_room": "999"}, "没有登记这一户"),
        ({"kind": "split"}, "请填写拆分多少分"),
        ({"kind": "split", "points": "21"}, "可用 20 分，需要 21 分"),
        ({"reason": ""}, "请写明原因"),
        ({"target_stairwell": "1", "target_room": "302"}, "没有共同的人"),
        ({"target_stairwell": "1", "target_room": "301"}, "不同的两户"),
    ],
)
def test_what_is_refused_moves_nothing(client, grown, change, words):
    client.force_login(grown.li)
    data = doors(grown, grown.home, grown.door, kind="merge", do="move") | change
    answer = client.post(MOVE, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert accounts.balance(grown.ours) == 20


def test_who_may_merge(client, grown):
    data = doors(grown, grown.home, grown.door, kind="merge", do="move")
    for stranger in (grown.wang, grown.son, grown.wu):
        client.force_login(stranger)
        assert client.get(MOVE).status_code == 404
        assert client.post(MOVE, data).status_code == 404
    client.force_login(grown.zhao)  # works another community: the doors are none of his
    assert client.post(MOVE, data).status_code == 422
    live(grown.li, grown.door, grown.sun)
    client.force_login(grown.li)
    assert "与您自己家有关" in client.post(MOVE, data).content.decode()
    assert accounts.balance(grown.ours) == 20


# --- earning -------------------------------------------------------------------------------------


def test_what_one_may_do_this_week_best_first(client, points):
    client.force_login(points.wang)
    html = client.get("/points/earn/").content.decode()
    assert_valid_html(html)
    assert html.index("协助化解邻里矛盾") < html.index("夜间平安巡逻")
    assert "完成实名民意问卷" in html
    assert "由负责人集中申报" in html
    assert "每对每月最多 32 分" in html
    assert "垃圾分类月评优" not in html  # brought by others only
    file(points, "P16", quantity=2)
    assert "协助化解邻里矛盾" not in client.get("/points/earn/").content.decode()


def test_a_provider_adds_its_own_and_one_that_fails_is_left_out(client, points, monkeypatch):
    def shifts(person, week):
        return [
            opportunities.Opportunity(
                title="周六清扫", gives="10 分", points=10, on=week + timedelta(days=5)
            )
        ]

    def broken(person, week):
        raise RuntimeError("no")

    monkeypatch.setattr(opportunities, "_providers", [*opportunities._providers, shifts, broken])
    client.force_login(points.wang)
    html = client.get("/points/earn/").content.decode()
    assert "周六清扫" in html
    assert "夜间平安巡逻" in html


def test_the_pages_cost_few_queries_however_many_live_there(client, rich):
    client.force_login(rich.wang)

    def count(address):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return [query["sql"][:120] for query in queries]

    few = count(PAGE)
    for n in range(9):
        resident(rich, f"家人{n}", rich.home)
    assert len(count(PAGE)) == len(few)
    assert len(few) <= 10, "\n".join(few)
    assert len(count("/points/earn/")) <= 10
