"""Following and pressing: who is told what, once, and how many households are affected."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from grids import following, handling, urging
from grids.models import Follow, Issue, Urge
from grids.refusals import StillPrivate
from inbox.models import Message
from orgs.models import Household, Person, Residence
from tests import cast
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db


def neighbour(street, n: int, household=None, *, verified=True) -> Person:
    """Somebody of the same building, in a household of their own unless one is given."""
    someone = cast.person(f"邻居{n}", f"1009{n:07}")
    home = household or Household.objects.create(area=street.building, stairwell="2", room=f"{n}")
    Residence.objects.create(
        person=someone,
        household=home,
        state="verified" if verified else "pending",
        starts_on=date(2020, 1, 1),
        verified_by=street.li if verified else None,
    )
    return someone


def say(client, person, issue, do, **headers):
    client.force_login(person)
    return client.post(f"{issue.get_absolute_url()}follow/", {"do": do}, headers=headers)


def titles(person):
    return list(loop.told(person).values_list("title", flat=True))


# --- following -----------------------------------------------------------------------------------


def test_a_follower_is_told_of_every_public_step_once(street):
    issue = loop.to_state(street, "filed")
    following.follow(issue, person=street.qian)
    following.follow(issue, person=street.qian)
    loop.to_state(street, "in_progress", issue=issue)
    handling.advance(issue, "contact", by=street.wu, note="打过电话")  # not public
    handling.advance(issue, "note", by=street.wu, note="等配件")
    assert titles(street.qian) == ["您关注的事项有进展：楼道感应灯不亮"] * 2  # dispatched, signed
    texts = list(loop.told(street.qian).values_list("text", flat=True))
    assert texts == ["签收，开始办理", "派给青桐物业服务公司"]

    loop.to_state(street, "closed", issue=issue)
    answer = loop.told(street.qian).first()
    assert answer.kind == "grids.followed_answer"
    assert answer.title == "您关注的事项已办结：楼道感应灯不亮"
    assert issue.public_result in answer.text
    steps = issue.steps.filter(verb__in=["dispatch", "sign", "report", "verify"])
    keys = Message.objects.filter(key__endswith=":followers").values_list("key", flat=True)
    assert set(keys) == {f"issue:{issue.pk}:{step.pk}:followers" for step in steps}


def test_the_reporter_hears_each_step_once_and_cannot_follow(client, street):
    issue = loop.to_state(street, "filed")
    with pytest.raises(following.OwnIssue):
        following.follow(issue, person=street.wang)
    Follow.objects.create(issue=issue, person=street.wang, why="chosen")  # as if before
    before = loop.told(street.wang).count()
    loop.to_state(street, "dispatched", issue=issue)
    assert loop.told(street.wang).count() == before + 1
    say(client, street.wang, issue, "follow")
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "不用关注" in page


def test_who_stops_is_told_no_more_and_still_counts(street):
    issue = loop.to_state(street, "filed")
    following.also_affects(issue, person=street.qian)
    following.stop(issue, person=street.qian)
    loop.to_state(street, "dispatched", issue=issue)
    assert titles(street.qian) == []
    assert following.households_affected(issue) == 1
    with pytest.raises(following.NotFollowing):
        following.stop(issue, person=street.qian)
    following.no_longer_affects(issue, person=street.qian)
    assert following.households_affected(issue) == 0
    with pytest.raises(following.NotAffected):
        following.no_longer_affects(issue, person=street.qian)
    following.follow(issue, person=street.qian)
    row = Follow.objects.get()
    assert (row.ended_at, row.also_affects_me, row.why) == (None, False, "chosen")


def test_nobody_follows_what_they_may_not_read(client, street):
    issue = loop.post(street)
    closed_door = loop.post(street, kind="民生关爱", text="周奶奶没开门")
    loop.file(closed_door, street.li)
    for one in (issue, closed_door):
        for verb in ("follow", "urge", "comments"):
            client.logout()
            address = f"{one.get_absolute_url()}{verb}/"
            assert client.post(address).status_code == 302
            for person in (street.qian, street.zhao, street.newcomer):
                client.force_login(person)
                given = {"do": "follow", "text": "怎么样了"}
                assert client.post(address, given).status_code == 404
                assert client.get(address).status_code == 405
    assert say(client, street.li, closed_door, "follow").status_code == 404  # not public at all
    filed = loop.to_state(street, "filed", issue=issue)
    assert say(client, street.qian, filed, "nonsense").status_code == 404
    assert Follow.objects.count() == 0


def test_the_button_and_the_list_of_what_one_follows(client, street):
    issue, other = loop.to_state(street, "filed"), loop.to_state(street, "filed")
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "登录后可以关注进展" in page
    answer = say(client, street.qian, issue, "follow")
    assert answer.url == f"{issue.get_absolute_url()}#voices"
    page = client.get(issue.get_absolute_url()).content.decode()
    assert_valid_html(page)
    assert "已关注。有进展会告诉您" in page
    assert "取消关注" in page
    page = client.get("/issues/?show=followed").content.decode()
    assert_valid_html(page)
    assert issue.get_absolute_url() in page
    assert other.get_absolute_url() not in page
    assert issue.title not in page.replace(issue.public_title, "")  # the public words only

    fragment = say(client, street.qian, issue, "stop", HX_Request="true")
    assert fragment.content.decode().lstrip().startswith('<div id="voices"')
    assert "关注进展" in fragment.content.decode()
    assert issue.get_absolute_url() not in client.get("/issues/?show=followed").content.decode()
    refused = say(client, street.qian, issue, "stop", HX_Request="true")
    assert refused.status_code == 422
    assert "您没有关注这件事项" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_once_are_one_row(street, together):
    issue = loop.to_state(street, "filed")
    first, second = together(
        lambda: following.follow(Issue.objects.get(pk=issue.pk), person=street.qian),
        lambda: following.also_affects(Issue.objects.get(pk=issue.pk), person=street.qian),
    )
    assert first.pk == second.pk == Follow.objects.get().pk
    assert Follow.objects.get().also_affects_me is True


# --- 也影响我 ------------------------------------------------------------------------------


def test_a_household_counts_once(client, street):
    issue = loop.to_state(street, "filed")
    first = neighbour(street, 1)
    for person in (first, neighbour(street, 2, first.residences.get().household)):
        say(client, person, issue, "also")
        say(client, person, issue, "also")
    assert following.households_affected(issue) == 1
    say(client, neighbour(street, 3), issue, "also")
    assert following.households_affected(issue) == 2
    say(client, neighbour(street, 4, verified=False), issue, "also")
    say(client, street.newcomer, issue, "also")  # lives nowhere that we know
    assert following.households_affected(issue) == 2
    client.logout()
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "已有 2 户表示也受影响" in page
    assert "邻居" not in page

    Residence.objects.filter(person__name="邻居4").update(state="verified", verified_by=street.li)
    assert following.households_affected(issue) == 3
    Residence.objects.filter(person__name="邻居3").update(ends_on=timezone.localdate())
    assert following.households_affected(issue) == 3  # moving away makes it no smaller


def test_whoever_is_on_it_hears_of_the_third_and_tenth_household(street):
    issue = loop.to_state(street, "in_progress")
    for n in range(1, 13):
        following.also_affects(issue, person=neighbour(street, n))
    told = [title for title in titles(street.wu) if "户表示" in title]
    assert told == [
        "已有 10 户表示也受影响：3栋2单元感应灯不亮",
        "已有 3 户表示也受影响：3栋2单元感应灯不亮",
    ]


def test_what_is_over_cannot_affect_one_any_more(street):
    issue = loop.to_state(street, "closed")
    with pytest.raises(following.AlreadyEnded):
        following.also_affects(issue, person=street.qian)
    assert following.follow(issue, person=street.qian).also_affects_me is False


# --- merging -------------------------------------------------------------------------------------


def test_whose_issue_was_merged_follows_the_parent_and_hears_the_answer(street):
    parent = loop.to_state(street, "in_progress")
    child = loop.post(street, reporter=street.qian, text="2单元的感应灯坏了")
    loop.file(child, street.li)
    watcher, affected = neighbour(street, 1), neighbour(street, 2)
    following.follow(child, person=watcher)
    following.also_affects(child, person=affected)
    following.also_affects(child, person=street.wang)  # the parent's own reporter
    handling.advance(child, "merge", by=street.li, parent=parent)

    rows = {row.person_id: row for row in parent.follows.current()}
    assert set(rows) == {street.qian.pk, watcher.pk, affected.pk}
    assert {row.why for row in rows.values()} == {"merged"}
    assert rows[street.qian.pk].also_affects_me is True
    assert rows[watcher.pk].also_affects_me is False
    assert following.households_affected(parent) == 2
    assert not child.follows.current().exists()
    moved_on = "您关注的事项已并入另一件一起办理"
    assert titles(watcher).count(moved_on) == titles(affected).count(moved_on) == 1
    assert moved_on not in titles(street.qian)  # the loop's own words told the reporter
    assert any("合并" in title for title in titles(street.qian))

    loop.to_state(street, "closed", issue=parent)
    for person in (street.qian, watcher, affected):
        answer = loop.told(person).first()
        assert answer.title == "您关注的事项已办结：楼道感应灯不亮"
        assert "已换新灯" in answer.text
    closing = f"issue:{parent.pk}:{parent.steps.get(verb='verify').pk}"
    mine = loop.told(street.wang).filter(key__startswith=closing)
    assert list(mine.values_list("key", flat=True)) == [f"{closing}:reporter"]


def test_of_a_private_parent_only_merged_reporters_hear(street):
    parent = loop.post(street, kind="民生关爱", text="7楼周奶奶一天没开门")
    loop.file(parent, street.li)
    child = loop.post(street, reporter=street.qian, kind="民生关爱", text="周奶奶家没动静")
    watcher = neighbour(street, 1)
    Follow.objects.create(issue=parent, person=watcher, why="chosen")
    handling.advance(child, "merge", by=street.li, parent=parent)
    handling.advance(parent, "dispatch", by=street.li, lead=street.committee)
    assert loop.told(street.qian).first().title == "您关注的事项有进展：您反映的、已合并办理的事项"
    assert loop.told(street.qian).first().url == "/issues/?show=mine"
    assert titles(watcher) == []


# --- 催单 ----------------------------------------------------------------------------------------

FRIDAY = datetime(2026, 11, 20, 10, tzinfo=timezone.get_default_timezone())


def test_once_a_working_day(street):
    issue = loop.to_state(street, "in_progress")
    urging.urge(issue, person=street.wang, text="老人等着用", at=FRIDAY)
    with pytest.raises(urging.UrgedToday):
        urging.urge(issue, person=street.wang, at=FRIDAY + timedelta(hours=9))
    urging.urge(issue, person=street.wang, at=FRIDAY + timedelta(days=1))  # Saturday: for Monday
    for days in (2, 3):
        with pytest.raises(urging.UrgedToday):
            urging.urge(issue, person=street.wang, at=FRIDAY + timedelta(days=days))
    urging.urge(issue, person=street.wang, at=FRIDAY + timedelta(days=4))
    assert [row.counts_on.day for row in Urge.objects.all()] == [20, 23, 24]
    told = loop.told(street.wu).filter(title__startswith="催办")
    assert told.count() == 3
    assert told.last().text == "反映人催办，这件事项共被催办 1 次。\n老人等着用"
    above = loop.told(street.chen).filter(title__startswith="催办")
    assert above.count() == 1  # the third: the level above hears it too
    assert all("王居民" not in message.text for message in told)


@pytest.mark.parametrize(
    ("state", "whose"),
    [("submitted", "li"), ("filed", "li"), ("dispatched", "wu"), ("handled", "li")],
)
def test_it_reaches_whose_turn_it_is(street, state, whose):
    issue = loop.to_state(street, state)
    urging.urge(issue, person=street.wang)
    assert titles(getattr(street, whose))[0] == "催办：3栋2单元感应灯不亮"


def test_only_who_is_concerned_may_urge_and_only_while_it_runs(client, street):
    issue = loop.to_state(street, "in_progress")
    for person in (street.qian, street.li):
        with pytest.raises(urging.NotConcerned):
            urging.urge(issue, person=person)
    following.follow(issue, person=street.qian)
    with pytest.raises(urging.NotConcerned):
        urging.urge(issue, person=street.qian)
    following.also_affects(issue, person=street.qian)
    assert urging.urge(issue, person=street.qian).is_reporter is False
    with pytest.raises(StillPrivate):
        urging.urge(issue, person=street.wang, text="打我电话13912345678")
    loop.to_state(street, "closed", issue=issue)
    with pytest.raises(urging.NothingToUrge):
        urging.urge(issue, person=street.wang)
    assert Urge.objects.count() == 1


def test_the_urge_form(client, street):
    issue = loop.to_state(street, "in_progress")
    address = f"{issue.get_absolute_url()}urge/"
    client.force_login(street.wang)
    assert "催办：请快一点" in client.get(issue.get_absolute_url()).content.decode()
    answer = client.post(address, {"text": "我住3栋2单元301室"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert_valid_html(page)
    assert "这里还有门牌号" in page
    assert "我住3栋2单元301室</textarea>" in page
    assert client.post(address, {"text": "请快一点"}).status_code == 302
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "您今天已催过" in page
    again = client.post(address, {"text": "再催"}, headers={"HX-Request": "true"})
    assert again.status_code == 422
    assert "今天已经催过" in again.content.decode()

    client.force_login(street.wu)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "催办 1 次" in page
    assert "请快一点" in page
    client.force_login(street.qian)
    assert "请快一点" not in client.get(issue.get_absolute_url()).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_urges_at_once_are_one(street, together):
    issue = loop.to_state(street, "in_progress")

    def press():
        return urging.urge(Issue.objects.get(pk=issue.pk), person=street.wang)

    answers = together(press, press)
    assert sorted(type(answer).__name__ for answer in answers) == ["Urge", "UrgedToday"]
    assert Urge.objects.count() == 1
