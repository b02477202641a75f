"""The auditor reads how the books stand, and has them proved."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from points import accounts, seal, tasks, verification
from points.models import Verification
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot
from tests.points.books import fund_with, move
from tests.points.tamper import by_hand

PAGE = reverse("points:books")


@pytest.fixture
def kept(books):
    """A clean run, then one that found a reason changed in each of two communities."""
    books.award = move(books.fund, books.wang_points, 30, key="claim:1", reason="楼道清扫")
    fund = fund_with(books.elsewhere)
    there = accounts.of_person(books.qian, books.elsewhere)
    books.there = move(fund, there, 9, key="claim:1", reason="巡逻")
    seal.run()
    verification.run()
    return books


def bend(books):
    ids = (books.award.pk, books.there.pk)
    by_hand(
        "UPDATE points_transfer SET reason = '无' WHERE id IN (%(a)s, %(b)s)", a=ids[0], b=ids[1]
    )
    verification.run(full=True)


def page(client, person) -> str:
    client.force_login(person)
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_auditor_reads_the_last_result_and_the_heads(client, kept):
    shown = page(client, kept.auditor)
    assert_valid_html(shown)
    assert "账实相符" in shown
    (here, there) = seal.heads()
    assert here.digest in shown
    assert there.digest in shown


def test_findings_are_named_within_the_persons_places(client, kept):
    bend(kept)
    shown = page(client, kept.han)  # leads the street: both communities
    assert f"流水 {kept.award.pk} 或其明细" in shown
    assert f"流水 {kept.there.pk} 或其明细" in shown
    assert "2 处问题" in shown


def test_a_secretary_reads_of_the_own_community_and_starts_nothing(client, kept):
    bend(kept)
    shown = page(client, kept.zhou)
    assert f"流水 {kept.award.pk} 或其明细" in shown
    assert f"流水 {kept.there.pk} 或其明细" not in shown
    assert "银杏湾" not in shown
    assert reverse("points:books_verify") not in shown
    assert client.post(reverse("points:books_verify")).status_code == 404


@pytest.mark.parametrize("who", ["wang", "li", "system_admin"])
def test_nobody_else_enters(client, kept, who):
    client.force_login(getattr(kept, who))
    assert client.get(PAGE).status_code == 404
    assert client.get(reverse("points:books_heads")).status_code == 404
    assert client.post(reverse("points:books_verify")).status_code == 404


def test_the_heads_are_taken_along(client, kept):
    client.force_login(kept.auditor)
    answer = client.get(reverse("points:books_heads"))
    assert seal.read(answer.content.decode()) == [
        (head.code, head.number, head.digest) for head in seal.heads()
    ]


def test_a_run_is_asked_for_once_at_a_time(client, kept, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.verify_books, "delay", asked.append)
    client.force_login(kept.auditor)
    for _click in range(2):
        answer = client.post(reverse("points:books_verify"), {"full": "1"}, follow=True)
    assert asked == [True]
    shown = answer.content.decode()
    assert "已经有一次核验在进行" in shown
    assert "等待后台任务开始" in shown
    tasks.verify_books(full=asked[0])
    assert "正在核验" not in page(client, kept.auditor)
    assert Verification.latest().is_full


def test_a_broker_that_is_down_is_said(client, kept, monkeypatch):
    def down(_full):
        raise OSError

    monkeypatch.setattr(tasks.verify_books, "delay", down)
    client.force_login(kept.auditor)
    answer = client.post(reverse("points:books_verify"), follow=True)
    assert "没有发起核验" in answer.content.decode()
    assert cache.get(verification.PROGRESS) is None


def test_the_page_costs_the_same_at_any_length(client, kept, django_assert_num_queries):
    client.force_login(kept.auditor)
    client.get(PAGE)
    counted = []
    for _round in range(2):
        with django_assert_num_queries(10, exact=False) as queries:
            client.get(PAGE)
        counted.append(len(queries))
        for _run in range(9):
            verification.run()
        move(kept.fund, kept.wang_points, 1, key=f"more:{_round}")
        seal.run()
    assert counted[0] == counted[1]


def test_older_runs_are_a_page_further(client, kept):
    first = Verification.objects.get()
    Verification.objects.bulk_create(
        Verification(
            is_full=False, started_at=first.started_at, finished_at=first.finished_at, transfers=777
        )
        for _run in range(15)
    )
    client.force_login(kept.auditor)
    shown = client.get(PAGE).content.decode()
    assert shown.count("777") >= 15
    oldest = Verification.objects.order_by("-pk")[14].pk
    assert f"?before={oldest}" in shown
    assert client.get(f"{PAGE}?before={oldest}").content.decode().count(">增量<") == 0
    assert client.get(f"{PAGE}?before=x").status_code == 200


def test_the_desk_says_how_the_books_stand(client, kept):
    client.force_login(kept.auditor)
    assert "账实相符" in client.get("/desk/").content.decode()
    bend(kept)
    assert "发现 2 处问题" in client.get("/desk/").content.decode()
    client.force_login(kept.li)
    assert "账本核验" not in client.get("/desk/").content.decode()


TOUCHING = """[...document.querySelectorAll(".stat")]
    .filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"""


@pytest.mark.browser
def test_the_page_is_accessible(browser_page, kept):
    bend(kept)
    Verification.objects.update(transfers=195_432, accounts=128_760)
    for modes in by_size((390, "light"), (1280, "dark"), (390, "elder"), (1280, "elder")):
        look = browser_page(*modes[0], person=kept.auditor)
        look.goto(PAGE)
        for width, mode in in_modes(look, modes):
            assert_accessible(look)
            assert look.evaluate(TOUCHING) == [], f"figures touch each other at {width} {mode}"
            shot(look, f"books-{width}-{mode}")
