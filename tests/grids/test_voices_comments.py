"""Comments: who speaks in what role, and moderation that keeps the words and shows the reason."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import commenting
from grids.models import Comment, Moderation
from grids.refusals import StillPrivate
from orgs import posts
from orgs.positions import Position
from tests import cast
from tests.browser import assert_valid_html
from tests.grids import loop

pytestmark = pytest.mark.django_db
RUDE = "办事的人真是懒虫"


@pytest.fixture
def issue(street):
    return loop.to_state(street, "in_progress")


@pytest.fixture
def rude(street, issue):
    return commenting.write(issue, author=street.qian, text=RUDE)


def page_of(client, person, issue, query=""):
    client.logout()
    if person is not None:
        client.force_login(person)
    return client.get(f"{issue.get_absolute_url()}{query}").content.decode()


def titles(person):
    return list(loop.told(person).values_list("title", flat=True))


def hide(comment, by, **more):
    given = {"reason_code": "insult", "text": "请就事论事", **more}
    return commenting.hide(comment, by=by, **given)


# --- writing -------------------------------------------------------------------------------------


def test_everybody_speaks_in_a_role_and_without_a_name(client, street, issue):
    for name, role in (
        ("qian", "resident"),
        ("wang", "resident"),
        ("wu", "handler"),
        ("sun", "community"),
        ("chen", "subdistrict"),
    ):
        author = getattr(street, name)
        written = commenting.write(issue, author=author, text="什么时候能修好")
        assert (written.role, written.state) == (role, "visible")
    page = page_of(client, None, issue)
    assert_valid_html(page)
    assert "承办单位 · 青桐物业服务公司" in page
    assert page.count("官方回复") == 3
    for name in ("王居民", "钱居民", "吴物业", "孙社工", "陈街道"):
        assert name not in page
    # The reporter reads as any resident does, to everybody and to the workers.
    assert page.count("<strong>居民</strong>") == 2
    assert page_of(client, street.wu, issue).count("<strong>居民</strong>") == 2
    assert "您（居民）" in page_of(client, street.wang, issue)


def test_an_answer_reaches_reporter_and_followers_and_a_question_the_handler(street, issue):
    from grids import following

    following.follow(issue, person=street.qian)
    commenting.write(issue, author=street.wu, text="明天下午换灯")
    assert titles(street.qian)[0] == "承办单位在“楼道感应灯不亮”下回复"
    assert titles(street.wang)[0] == "承办单位在“3栋2单元感应灯不亮”下回复"
    commenting.write(issue, author=street.qian, text="几点来")
    assert titles(street.wu)[0] == "居民在“3栋2单元感应灯不亮”下评论"
    assert "居民在" not in titles(street.wang)[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("找我13912345678", "电话号码"),
        ("我住3栋2单元301室", "门牌号"),
        ("身份证42010219900101123X", "身份证号"),
    ],
)
def test_what_must_not_be_published_is_refused_with_its_name(client, street, issue, text, kind):
    with pytest.raises(StillPrivate):
        commenting.write(issue, author=street.qian, text=text)
    client.force_login(street.qian)
    answer = client.post(f"{issue.get_absolute_url()}comments/", {"text": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert_valid_html(page)
    assert f"这里还有{kind}" in page
    assert f"{text}</textarea>" in page
    assert not Comment.objects.exists()


def test_what_looks_like_a_name_waits_for_a_moderator(client, street, issue):
    client.force_login(street.qian)
    address = f"{issue.get_absolute_url()}comments/"
    answer = client.post(address, {"text": "楼上王大爷也说不亮"}, follow=True)
    assert "工作人员看过后再显示" in answer.content.decode()
    held = Comment.objects.get()
    assert held.state == "held"
    assert "待审看，别人还看不到" in answer.content.decode()
    for person in (None, street.wang, street.zhao):
        assert "王大爷" not in page_of(client, person, issue)
    assert "王大爷" in page_of(client, street.sun, issue)
    assert titles(street.sun)[0] == "有评论等您审看"
    commenting.show(held, by=street.sun)
    assert "王大爷" in page_of(client, None, issue)
    assert titles(street.qian)[0] == "您的评论已显示"
    assert titles(street.wu)[0].startswith("居民在")  # only now


def test_five_an_issue_and_twenty_a_day(street, issue):
    now = timezone.now()
    old = now - timedelta(hours=25)
    for n in range(5):
        commenting.write(issue, author=street.qian, text=f"昨天第{n}条", at=old)
    for n in range(5):
        commenting.write(issue, author=street.qian, text=f"第{n}条", at=now)
    with pytest.raises(commenting.TooManyComments):
        commenting.write(issue, author=street.qian, text="还有一条", at=now)
    others = [loop.to_state(street, "filed") for _n in range(3)]
    for other in others:
        for n in range(5):
            commenting.write(other, author=street.qian, text=f"第{n}条", at=now)
    last = loop.to_state(street, "filed")
    with pytest.raises(commenting.TooManyComments) as refused:
        commenting.write(last, author=street.qian, text="第二十一条", at=now)
    assert "20 条" in str(refused.value)
    for n in range(6):  # who answers officially is not counted
        commenting.write(issue, author=street.wu, text=f"答复{n}", at=now)


def test_pressing_twice_is_one_comment(client, street, issue):
    client.force_login(street.qian)
    given = {"text": "什么时候修", "key": str(uuid.uuid4())}
    for _press in range(2):
        client.post(f"{issue.get_absolute_url()}comments/", given)
    assert Comment.objects.count() == 1


def test_a_private_matter_is_discussed_by_those_concerned_only(client, street):
    private = loop.post(street, kind="民生关爱", text="7楼周奶奶一天没开门")
    loop.file(private, street.li)
    address = f"{private.get_absolute_url()}comments/"
    for person, status in ((street.wang, 302), (street.li, 302), (street.qian, 404)):
        client.force_login(person)
        assert client.post(address, {"text": "有消息了吗"}).status_code == status
    assert Comment.objects.count() == 2
    assert titles(street.wang)[0].startswith("社区在")


def test_where_talk_is_over(street):
    child, parent = loop.post(street), loop.to_state(street, "filed")
    from grids import handling

    handling.advance(child, "merge", by=street.li, parent=parent)
    with pytest.raises(commenting.CommentsClosed):
        commenting.write(child, author=street.wang, text="还有")


# --- moderation ----------------------------------------------------------------------------------


def test_hiding_shows_the_reason_and_keeps_the_words(client, street, issue, rude):
    address = f"/issues/comments/{rude.pk}/"
    client.force_login(street.sun)
    assert RUDE in client.get(address).content.decode()
    refused = client.post(address, {"do": "hide", "reason_code": "other", "text": ""})
    assert refused.status_code == 422
    assert_valid_html(refused.content.decode())
    assert "选择“其他原因”时须写明" in refused.content.decode()
    refused = client.post(
        address, {"do": "hide", "reason_code": "privacy", "text": "写了13912345678"}
    )
    assert "这里还有电话号码" in refused.content.decode()
    given = {"do": "hide", "reason_code": "insult", "text": "请就事论事"}
    assert client.post(address, given).status_code == 302

    reason = "这条评论已屏蔽：侮辱、谩骂或人身攻击（请就事论事）"
    for person in (None, street.wang, street.zhao, street.wu):
        page = page_of(client, person, issue)
        assert reason in page
        assert RUDE not in page
    for person in (street.sun, street.chen, street.qian):  # moderators, and who wrote it
        page = page_of(client, person, issue)
        assert_valid_html(page)
        assert reason in page
        assert RUDE in page
    rude.refresh_from_db()
    assert rude.text == RUDE
    told = loop.told(street.qian).first()
    assert told.title == "您的评论已被屏蔽"
    assert "侮辱、谩骂或人身攻击（请就事论事）" in told.text
    assert told.url == address


def test_words_and_acts_cannot_be_changed(rude, street):
    hide(rude, street.sun)
    act = Moderation.objects.get()
    for change in (
        lambda: Comment.objects.filter(pk=rude.pk).update(text="别的话"),
        lambda: Comment.objects.filter(pk=rude.pk).delete(),
        lambda: Moderation.objects.filter(pk=act.pk).update(text="别的原因"),
        lambda: Moderation.objects.filter(pk=act.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_author_objects_once_and_somebody_else_decides(client, street, issue, rude):
    hide(rude, street.sun)
    address = f"/issues/comments/{rude.pk}/"
    client.force_login(street.qian)
    page = client.get(address).content.decode()
    assert_valid_html(page)
    assert "孙社工" not in page  # the author does not learn who
    given = {"do": "object", "text": "我说的是事实，没有骂人"}
    assert client.post(address, given).status_code == 302
    again = client.post(address, given)
    assert again.status_code == 422
    assert Moderation.objects.filter(action="object").count() == 1
    assert "评论作者提出异议，请裁定" in titles(street.zhou)
    assert "评论作者提出异议，请裁定" not in titles(street.sun)

    decision = {"do": "decide", "upheld": "yes", "text": "言辞激烈，但说的是办理情况"}
    client.force_login(street.sun)
    refused = client.post(address, decision)
    assert refused.status_code == 422
    assert "须由屏蔽这条评论以外的人" in refused.content.decode()
    assert "作出裁定" not in client.get(address).content.decode()
    with pytest.raises(commenting.NothingToDo):
        commenting.show(rude, by=street.sun)  # not by the back door either

    client.force_login(street.zhou)
    assert_valid_html(client.get(address).content.decode())
    assert client.post(address, decision).status_code == 302
    rude.refresh_from_db()
    assert rude.state == "visible"
    assert RUDE in page_of(client, None, issue)
    assert titles(street.qian)[0] == "您的异议成立，评论已恢复显示"
    assert [row.action for row in rude.moderations.all()] == ["hide", "object", "restore"]
    with pytest.raises(commenting.NothingToDo):
        commenting.decide(rude, by=street.zhou, upheld=False, text="改主意了")


def test_a_kept_hiding_is_final(street, rude):
    hide(rude, street.sun)
    commenting.object_to(rude, by=street.qian, text="没有骂人")
    commenting.decide(rude, by=street.chen, upheld=False, text="确有辱骂")
    assert rude.state == "hidden"
    assert titles(street.qian)[0] == "您的异议未成立，评论维持屏蔽"
    assert commenting.objectionable(rude) is None
    with pytest.raises(commenting.NothingToDo):
        commenting.object_to(rude, by=street.qian, text="再说一次")


def test_nobody_judges_words_about_or_by_themselves(client, street):
    """孙 of the committee handles it: she may not hide what is said below, nor her own words."""
    issue = loop.post(street)
    loop.to_state(street, "dispatched", issue=issue, lead=street.committee)
    from grids import handling

    handling.advance(issue, "sign", by=street.sun)
    said = commenting.write(issue, author=street.qian, text=RUDE)
    for by in (street.sun, street.li, street.wu, street.qian, street.zhao):
        with pytest.raises(commenting.NotYours):
            hide(said, by)
    own = commenting.write(issue, author=street.zhou, text="已在安排")
    with pytest.raises(commenting.NotYours):
        hide(own, street.zhou)
    client.force_login(street.sun)
    page = client.get(f"/issues/comments/{said.pk}/").content.decode()
    assert "应当回避" in page
    assert 'value="hide"' not in page

    director = cast.person("何主任", "10090000001")
    posts.appoint(
        director, street.committee, Position.COMMITTEE_DIRECTOR, starts_on=cast.LONG_AGO, reason="x"
    )
    hide(said, street.zhou)
    commenting.object_to(said, by=street.qian, text="说的是事实")
    with pytest.raises(commenting.AnotherDecides):  # of the body that is criticised
        commenting.decide(said, by=director, upheld=False, text="维持")
    assert "评论作者提出异议，请裁定" not in titles(director)
    commenting.decide(said, by=street.chen, upheld=True, text="可以说")


def test_strangers_meet_404(client, street, rude):
    address = f"/issues/comments/{rude.pk}/"
    assert client.get(address).status_code == 302
    for person in (street.wang, street.zhao, street.wu, street.li, street.newcomer):
        client.force_login(person)
        assert client.get(address).status_code == 404
        for do in ("hide", "show", "object", "decide", "nonsense"):
            given = {"do": do, "reason_code": "insult", "text": "随便", "upheld": "yes"}
            assert client.post(address, given).status_code == 404
        assert client.get("/issues/comments/").status_code == 404
    assert client.get("/issues/comments/999999/").status_code == 404
    client.force_login(street.qian)  # the author, who may object only
    assert client.post(address, {"do": "hide", "reason_code": "insult"}).status_code == 422
    assert client.post(address, {"do": "nonsense"}).status_code == 404
    rude.refresh_from_db()
    assert rude.state == "visible"


def test_what_waits_for_a_moderator(client, street, issue):
    held = commenting.write(issue, author=street.qian, text="王大爷也这么说")
    hidden = commenting.write(issue, author=street.wang, text=RUDE)
    hide(hidden, street.sun)
    commenting.object_to(hidden, by=street.wang, text="没有骂人")
    for person, expected in ((street.sun, {held}), (street.zhou, {held, hidden})):
        assert set(commenting.waiting(person)) == expected
    client.force_login(street.zhou)
    page = client.get("/issues/comments/").content.decode()
    assert_valid_html(page)
    assert "有异议，待裁定" in page
    assert "待审看" in page


@pytest.mark.parametrize("address", ["/issues/comments/", "/issues/?show=followed"])
def test_the_lists_cost_the_same_with_three_and_twelve_rows(client, street, address):
    from grids import following

    client.force_login(street.zhou)

    def cost():
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    def add(count):
        for n in range(count):
            issue = loop.to_state(street, "filed")
            following.follow(issue, person=street.zhou)
            commenting.write(issue, author=(street.qian, street.newcomer)[n % 2], text="王大爷说的")

    add(3)
    few = cost()
    add(9)
    assert cost() == few <= 10


@pytest.mark.parametrize("name", [None, "qian", "wang", "sun"])
def test_the_page_costs_the_same_with_three_and_twelve_comments(client, street, issue, name):
    if name:
        client.force_login(getattr(street, name))

    def cost():
        client.get(issue.get_absolute_url())
        with CaptureQueriesContext(connection) as captured:
            client.get(issue.get_absolute_url())
        return len(captured)

    def add(count):
        for n in range(count):
            author = (street.qian, street.wu, street.sun, street.newcomer)[n % 4]
            commenting.write(issue, author=author, text=f"第{n}条评论")

    add(3)
    few = cost()
    add(9)
    assert cost() == few
    if name is None:
        assert few <= 8


def test_only_the_newest_are_shown_until_asked(client, street, issue, monkeypatch):
    monkeypatch.setattr(commenting, "SHOWN", 3)
    for n in range(5):
        commenting.write(issue, author=street.wu, text=f"答复第{n}号")
    page = page_of(client, None, issue)
    assert "答复第1号" not in page
    assert page.index("答复第2号") < page.index("答复第4号")
    assert "?comments=all" in page
    assert "答复第0号" in page_of(client, None, issue, "?comments=all")


def test_after_three_years_nothing_tells_who_spoke(client, street):
    from grids import archive, following, urging
    from grids.models import Follow, Urge

    issue = loop.to_state(street, "in_progress")
    following.also_affects(issue, person=street.qian)
    urging.urge(issue, person=street.wang, text="老人等着用")
    commenting.write(issue, author=street.qian, text="什么时候修好")
    bad = commenting.write(issue, author=street.qian, text=RUDE)
    hide(bad, street.sun)
    commenting.object_to(bad, by=street.qian, text="我家孩子看见的")
    loop.to_state(street, "closed", issue=issue)
    archive.run(issue.closed_at + timedelta(days=40))
    archive.deidentify(issue.closed_at + timedelta(days=4 * 366))
    issue.refresh_from_db()
    assert issue.deidentified_at is not None
    assert not Follow.objects.exists()
    assert list(Urge.objects.values_list("person", "text")) == [(None, "")]
    assert list(Comment.objects.values_list("author", "text")) == [
        (None, "什么时候修好"),
        (None, ""),
    ]
    assert list(bad.moderations.values_list("action", "by", "text")) == [
        ("hide", street.sun.pk, "请就事论事"),
        ("object", None, ""),
    ]
    page = page_of(client, None, issue)
    assert "什么时候修好" in page
    client.force_login(street.sun)
    assert client.get(f"/issues/comments/{bad.pk}/").status_code == 200
