"""Home for a visitor, a resident, somebody new; the desk for those at work."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import handling
from grids.models import Category, Issue
from inbox import outbox
from orgs.models import Residence
from portal import desk
from tests.browser import assert_accessible, assert_valid_html, by_size, in_modes, shot

pytestmark = pytest.mark.django_db


def body(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def post(street, text="楼道灯不亮", **more) -> Issue:
    kind = Category.objects.get(name="物业维修")
    return handling.post(reporter=street.wang, category=kind, area=street.grid, text=text, **more)


def filed(street, text="楼道灯不亮") -> Issue:
    issue = post(street, text)
    handling.advance(
        issue,
        "file",
        by=street.li,
        category=issue.category,
        level="L2",
        urgency="normal",
        public_title="楼道照明损坏",
        public_summary="楼道灯不亮",
        publish=True,
    )
    issue.refresh_from_db()
    return issue


def test_a_visitor_sees_what_is_public_and_the_way_in(client, street):
    issue = filed(street)
    private = post(street, "还没有立案的事")
    page = body(client.get("/"))
    assert_valid_html(page)
    assert "楼道照明损坏" in page
    assert issue.get_absolute_url() in page
    assert private.title not in page
    assert "/accounts/login/" in page
    assert "/issues/new/" in page


def test_a_resident_sees_their_own_matters_with_the_promise(client, street):
    issue = post(street, "还没有立案的事")
    client.force_login(street.wang)
    page = body(client.get("/"))
    assert "王居民，您好" in page
    assert issue.title in page
    assert "承诺办结" in page
    assert "请登记您住在哪里" not in page


def test_another_residents_home_says_nothing_of_it(client, street):
    issue = post(street, "还没有立案的事")
    client.force_login(street.qian)
    assert issue.title not in body(client.get("/"))


def test_somebody_new_is_asked_where_they_live(client, street):
    client.force_login(street.newcomer)
    assert "请登记您住在哪里" in body(client.get("/"))
    Residence.objects.create(person=street.newcomer, household=street.home)
    assert "住址正在核验" in body(client.get("/"))


def test_the_desk_shows_what_waits_for_this_person_only(client, street):
    issue = post(street)
    for person, sees in [(street.li, True), (street.zhao, False), (street.wu, False)]:
        client.force_login(person)
        assert (issue.title in body(client.get("/desk/"))) is sees, person


def test_the_desk_counts_residences_to_verify(client, street):
    Residence.objects.create(person=street.newcomer, household=street.home)
    client.force_login(street.li)
    assert "待核验的住址" in body(client.get("/desk/"))
    client.force_login(street.wu)
    assert "待核验的住址" not in body(client.get("/desk/"))


def test_whoever_watches_over_a_place_sees_what_is_late_there(client, street):
    """Also when nothing waits for them in person; the name of the list is the list."""
    issue = filed(street)
    client.force_login(street.chu)
    assert "我的范围里超期的事" not in body(client.get("/desk/"))
    Issue.objects.filter(pk=issue.pk).update(promised_at=timezone.now() - timedelta(days=3))
    for person, sees in [(street.zhao, False), (street.wang, False), (street.chu, True)]:
        client.force_login(person)
        page = body(client.get("/desk/"))
        assert ("我的范围里超期的事" in page and "已超期 3 天" in page) is sees, person
        assert_valid_html(page)
    assert issue.title in body(client.get("/issues/?show=work&state=late"))


def test_what_waits_for_a_person_is_not_told_twice(client, street):
    issue = filed(street)
    Issue.objects.filter(pk=issue.pk).update(promised_at=timezone.now() - timedelta(days=3))
    client.force_login(street.li)
    page = body(client.get("/desk/"))
    assert page.count(issue.get_absolute_url()) == 1
    assert "第一网格" in page


def test_every_door_of_the_desk_opens_for_whom_it_is_shown_to(client, street):
    seen = set()
    for name in ("li", "zhou", "chen", "chu", "system_admin", "security_admin", "auditor"):
        person = getattr(street, name)
        client.force_login(person)
        for door in desk._lay(person, desk._counts(person)).doors:
            assert client.get(door.href, follow=True).status_code == 200, (name, door.href)
            seen.add(door.href)
    assert {"/staff/organizations/", "/staff/residences/", "/staff/reveals/"} <= seen


def test_the_desk_has_the_rows_and_counts_of_the_ordinary_queries(client, street):
    """Compiled once for all of one post (orgs.prepared); each still finds their own."""
    for n, days in enumerate((-3, -2, 9)):
        issue = filed(street, f"第{n}盏灯不亮")
        Issue.objects.filter(pk=issue.pk).update(promised_at=timezone.now() + timedelta(days=days))
    post(street, "还没有立案的事")
    Residence.objects.create(person=street.newcomer, household=street.home)
    now = timezone.now()
    days = {"today": timezone.localdate(now), "month_ago": now - timedelta(days=30)}
    found = {}
    for name in ("li", "zhao", "zhou", "wu", "chen", "chu", "wang", "system_admin", "auditor"):
        person = getattr(street, name)
        for prepared, values in (
            (desk._waiting, {"now": now}),
            (desk._late, {"now": now, "today": days["today"]}),
            (desk._counted, {"now": now, **days}),
        ):
            rows = prepared(person, **values)
            assert rows == list(prepared.build(person, **values)), (name, prepared.__name__)
            found[name, prepared.__name__] = rows
    assert len(found["li", "_waiting"]) == 4
    assert len(found["chu", "_late"]) == 2
    assert not found["zhao", "_waiting"] + found["zhao", "_late"] + found["wang", "_late"]
    (counted,) = found["li", "_counted"]
    assert counted["homes"] == 1
    assert counted["figures"] == {"working": 3, "late": 2, "reported": 4, "closed": 0}
    assert counted["unread"] == outbox.unread_count(street.li) > 0
    assert set(found["wang", "_counted"][0]) == {"unread", "to_sign"}


def test_who_has_nothing_in_reach_reads_noughts(client, street):
    client.force_login(street.chu)
    page = body(client.get("/desk/"))
    assert page.count("我的范围") == 1
    assert desk._counts(street.chu)["figures"] == {
        "working": 0,
        "late": 0,
        "reported": 0,
        "closed": 0,
    }
    assert desk._counts(street.wang)["figures"] is None


def test_the_badge_says_what_the_desk_counted(client, street):
    post(street)
    client.force_login(street.li)
    unread = outbox.unread_count(street.li)
    badge = f'<span class="badge">{unread}<'
    assert unread > 0
    assert body(client.get("/desk/")).count(badge) == body(client.get("/issues/")).count(badge) == 2


def test_home_tells_an_issue_as_the_list_does(client, street):
    issue = filed(street)
    for path in ("/", "/issues/"):
        page = body(client.get(path))
        for words in ("梧桐里社区第一网格", "办理中", issue.category.name, "第 1 天"):
            assert words in page, (path, words)


def test_a_visitor_is_sent_to_sign_in_before_the_desk(client):
    assert client.get("/desk/").url.startswith("/accounts/login/?next=/desk/")


@pytest.mark.parametrize("path", ["/", "/desk/"])
def test_more_rows_cost_no_more_queries(client, street, path):
    person = {"/": street.wang, "/desk/": street.li}[path]
    client.force_login(person)

    def cost() -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    filed(street)
    post(street, "第一件")
    one = cost()
    for number in range(3):
        filed(street, f"第{number}盏灯不亮")
        post(street, f"又一件{number}")
    assert cost() == one
    assert one <= 10


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_home_and_desk_are_accessible(browser_page, street):
    filed(street)
    post(street, "还没有立案的事")
    every = [(390, "light"), (390, "elder"), (390, "high-dark"), (1280, "light"), (1280, "dark")]
    for modes in by_size(*every):
        for person, path in [(None, "/"), (street.wang, "/"), (street.li, "/desk/")]:
            page = browser_page(*modes[0], person=person)
            page.goto(path)
            name = f"{path.strip('/') or 'home'}-{person.name if person else 'visitor'}"
            for width, mode in in_modes(page, modes):
                assert_accessible(page)
                shot(page, f"{name}-{width}-{mode}")
