"""The secretary's page: what it shows, what it does for many at once, and who never sees it."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from points import anomalies, batches, dealing, doors, panel, waiting
from points.models import Batch, BatchState, Claim
from publicity import notices
from tests.browser import assert_valid_html
from tests.points import claiming
from tests.points.claiming import certified
from tests.points.dealt import heap

MONTHS = reverse("points:batches")


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()


@pytest.fixture
def month(points):
    """Three claims of last month: two of 王's, one of 邻居's."""
    last = batches.last_month()
    points.day = last + timedelta(days=9)
    points.first = certified(points, quantity=3, happened_on=points.day)
    points.second = certified(
        points, "P14", happened_on=points.day, text="反诈培训", certifier=points.he
    )
    points.third = certified(points, person=points.neighbour, happened_on=points.day)
    points.batch = batches.open(points.community, last)
    return points


def page_of(batch) -> str:
    return reverse("points:batch", args=[batch.pk])


def get(client, person, url, status=200) -> str:
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == status, answer.content.decode()[:300]
    return answer.content.decode()


def post(client, person, batch, status=302, *, query="", **data):
    client.force_login(person)
    data.setdefault("seen", 10**9)
    answer = client.post(reverse("points:decide", args=[batch.pk]) + query, data)
    assert answer.status_code == status, answer.content.decode()[:300]
    return answer.content.decode()


def decisions(batch) -> list[str]:
    return list(batch.claims.order_by("pk").values_list("decision", flat=True))


def test_the_months_and_the_batch_are_read(client, month):
    shown = get(client, month.zhou, MONTHS)
    assert page_of(month.batch) in shown
    assert "待审批 3 项" in shown
    shown = get(client, month.zhou, page_of(month.batch))
    assert_valid_html(shown)
    for words in (month.wang.name, "反诈培训", "第一网格"):
        assert words in shown
    assert "近12个月第一次" in shown
    assert "结束审批，提交审议" not in shown  # not before everything is decided


@pytest.mark.parametrize("who", ["wang", "neighbour", "li", "zhao", "qian", "system_admin"])
def test_strangers_meet_404(client, month, who):
    person = getattr(month, who)
    batch = month.batch
    client.force_login(person)
    urls = [
        page_of(batch),
        MONTHS,
        reverse("points:review", args=[batch.pk]),
    ]
    if who == "neighbour":  # sits in the group: the month is theirs once it is under review
        assert client.get(page_of(batch)).status_code == 302
        assert page_of(batch) not in client.get(MONTHS).content.decode()
        urls = urls[2:]
    for url in urls:
        assert client.get(url).status_code == 404, url
    for name in ("decide", "batch_advance", "contest"):
        url = reverse(f"points:{name}", args=[batch.pk])
        answer = client.post(url, {"verb": "approve", "claim": month.first.pk})
        assert answer.status_code == 404, url
    assert (
        client.post(reverse("points:correct", args=[batch.pk, month.first.pk])).status_code == 404
    )
    assert decisions(batch) == [""] * 3


def test_who_only_reads_has_no_buttons(client, month):
    shown = get(client, month.sun, page_of(month.batch))
    assert 'value="approve:' not in shown
    assert 'value="approve"' not in shown
    post(client, month.sun, month.batch, 404, verb="approve", claim=[month.first.pk])


def test_many_are_approved_refused_and_taken_back(client, month):
    batch, zhou = month.batch, month.zhou
    post(client, zhou, batch, verb="approve", claim=[month.first.pk, month.third.pk])
    assert decisions(batch) == ["approved", "", "approved"]
    shown = post(
        client, zhou, batch, 422, verb="refuse", claim=[month.second.pk], reason="没有到场"
    )
    assert "请选择理由" in shown
    assert "没有到场" in shown
    post(
        client,
        zhou,
        batch,
        verb="refuse",
        claim=[month.second.pk],
        refusal_code="not_so",
        reason="没有到场",
    )
    assert decisions(batch) == ["approved", "refused", "approved"]
    post(client, zhou, batch, last="1")
    assert decisions(batch) == ["approved", "", "approved"]
    post(client, zhou, batch, one=f"undo:{month.first.pk}")
    assert decisions(batch) == ["", "", "approved"]
    shown = post(client, zhou, batch, 422, verb="approve")
    assert "没有选中" in shown


def test_claims_of_another_batch_are_not_touched(client, month):
    other = certified(month, "P14", happened_on=claiming.today(), certifier=month.he)
    post(client, month.zhou, month.batch, 422, verb="approve", claim=[other.pk])
    other.refresh_from_db()
    assert other.decision == ""


def test_a_whole_group_and_only_what_has_no_flag(client, month):
    Claim.objects.filter(pk=month.third.pk).update(points=5)  # cut by a cap: a flag
    cache.clear()
    shown = get(client, month.zhou, page_of(month.batch))
    assert "因上限计 5 分" in shown
    step = month.grid.path[-4:]
    assert f"P05-{step}" in shown
    post(client, month.zhou, month.batch, all=f"P05-{step}")
    assert decisions(month.batch) == ["approved", "", ""]
    post(client, month.zhou, month.batch, verb="approve", group=[f"P05-{step}"])
    assert decisions(month.batch) == ["approved", "", "approved"]


def test_filters_narrow_what_is_shown_and_what_a_group_means(client, month):
    url = page_of(month.batch)
    shown = get(client, month.zhou, f"{url}?q=反诈")
    assert f'id="c{month.second.pk}"' in shown
    assert f'id="c{month.first.pk}"' not in shown
    shown = get(client, month.zhou, f"{url}?q={month.first.pk}&rule=P05&source=self&grid=0001")
    assert f'id="c{month.first.pk}"' in shown
    assert "没有符合条件" in get(client, month.zhou, f"{url}?source=system")
    post(client, month.zhou, month.batch, query="?q=反诈", verb="approve", group=["P14-0001"])
    assert decisions(month.batch) == ["", "approved", ""]
    post(client, month.zhou, month.batch, 422, query="?q=反诈", verb="approve", group=["P05-0001"])


ADDRESSES = (
    *("", "rule=P05", "rule=P14", "grid=0001", "grid=0", "source=self", "source=system"),
    *("flag=any", "flag=none", "flag=cap", "flag=nonsense"),
    *("show=undecided", "show=approved", "show=refused", "show=contested"),
    *("q='%5C%22", "q=%25s", "q=999999999999999", "grid=%25", "rule='%5C", "source=%F0%9F%98%80"),
    *("q=反诈", "q=100%25", "q=_", "rule=P05&grid=0001&flag=none&show=undecided&q=居民"),
)


def test_the_page_shows_what_a_group_means_under_every_filter(client, month):
    """The first is compiled once for all, the second is written anew and acted on."""
    Claim.objects.filter(pk=month.third.pk).update(points=5, text="扫了100%_")
    batches.approve(month.batch, [month.second.pk], by=month.gao)
    found = anomalies.of_batch(month.batch, anew=True)
    client.force_login(month.zhou)
    sizes = set()
    for address in (*ADDRESSES, f"q={month.first.pk}"):
        filters = dealing.Filters.read(QueryDict(address))
        meant = set(dealing.in_group(month.batch, "all", filters, found))
        shown = client.get(f"{page_of(month.batch)}?{address}").content.decode()
        rows = {claim for claim in batch_claims(month) if f'id="c{claim.pk}"' in shown}
        assert rows == meant, address
        sizes.add(len(meant))
    assert sizes == {0, 1, 2, 3}


def batch_claims(month):
    return (month.first, month.second, month.third)


def test_what_people_wrote_is_not_taken_for_markup(client, month):
    Claim.objects.filter(pk=month.first.pk).update(text="<b>扫</b>&", partner=month.li)
    month.li.name = month.wang.name = "<i>王</i>"
    month.li.save()
    month.wang.save()
    shown = get(client, month.zhou, f"{page_of(month.batch)}?q=<b>&x=%22%3E<u>")
    assert_valid_html(shown)
    for piece in ("<b>扫", "<i>王", "<u>"):
        assert piece not in shown
    assert "&lt;b&gt;扫&lt;/b&gt;&amp;" in shown
    assert shown.count("&lt;i&gt;王&lt;/i&gt;") >= 3


def test_a_stale_page_says_what_changed(client, month):
    batch = month.batch
    client.force_login(month.zhou)
    seen = client.get(page_of(batch)).context["batch"].seen
    batches.refuse(batch, [month.first.pk], refusal_code="twice", reason="重复", by=month.gao)
    shown = post(client, month.zhou, batch, 422, seen=seen, one=f"approve:{month.first.pk}")
    assert f"编号{month.first.pk}：{month.gao.name}已“不同意”" in shown
    assert decisions(batch)[0] == "refused"
    post(
        client, month.zhou, batch, seen=seen, verb="approve", claim=[month.first.pk, month.third.pk]
    )
    assert decisions(batch) == ["refused", "", "approved"]


def test_what_concerns_oneself_is_left_to_others_with_why(client, month):
    Claim.objects.filter(pk=month.third.pk).update(partner=month.zhou)
    shown = get(client, month.zhou, page_of(month.batch))
    assert "这是您本人的积分" in shown
    shown = post(client, month.zhou, month.batch, 422, one=f"approve:{month.third.pk}")
    assert "这是您本人的积分" in shown
    assert decisions(month.batch) == [""] * 3


def test_closing_needs_every_decision_and_leads_to_the_review(client, month):
    batch, url = month.batch, reverse("points:batch_advance", args=[month.batch.pk])
    client.force_login(month.zhou)
    last = client.get(page_of(batch)).context["batch"].last_step
    answer = client.post(url, {"verb": "close_decisions", "after": last})
    assert answer.status_code == 422
    assert "还有 3 项没有审批" in answer.content.decode()
    batches.start_deciding(batch, by=month.zhou)
    batches.approve(batch, [c.pk for c in batch.claims.all()], by=month.gao)
    assert "结束审批，提交审议" in get(client, month.zhou, page_of(batch))
    last = batches.flow.last_step_id(batch)
    answer = client.post(url, {"verb": "close_decisions", "after": last})
    assert answer.url == reverse("points:review", args=[batch.pk])
    assert client.post(url, {"verb": "close_decisions", "after": last}).status_code == 422
    post(client, month.zhou, batch, 422, one=f"undo:{month.first.pk}")


# --- review, notice, objection -------------------------------------------------------------------


@pytest.fixture
def reviewing(month):
    month.fang = claiming.resident(month, "方居民")
    panel.seat(month.community, month.fang, "resident", by=month.gao)
    panel.seat(month.community, month.jiang, "supervisor", by=month.gao)
    month.luo = claiming.resident(month, "罗居民")
    panel.seat(month.community, month.luo, "resident", by=month.gao)
    batches.approve(month.batch, [c.pk for c in month.batch.claims.all()], by=month.zhou)
    batches.close_decisions(month.batch, by=month.zhou)
    month.review = reverse("points:review", args=[month.batch.pk])
    return month


def sign(client, person, points, status=302, **data):
    client.force_login(person)
    answer = client.post(points.review, {"verb": "sign", "agrees": "1", **data})
    assert answer.status_code == status
    return answer.content.decode()


def test_a_member_sees_their_recusals_and_signs_once(client, reviewing):
    shown = get(client, reviewing.neighbour, reviewing.review)
    assert 'href="/points/batches/"' in shown.split("<h1")[0]  # the way back
    assert 'href="#sign"' in shown
    said = list(panel.lacking(reviewing.batch).values())
    assert len(said) > len(set(said)), "several claims miss the same"
    assert all(shown.count(f"<span>{words}</span>") == 1 for words in set(said))
    assert_valid_html(shown)
    assert page_of(reviewing.batch) in get(client, reviewing.neighbour, MONTHS)
    assert "您的签署对这些项不起作用" in shown
    assert "您本人的积分" in shown
    assert reviewing.wang.name not in shown
    assert reviewing.wang.name_masked in shown
    assert "公示名单" not in shown
    assert "不同意须写明意见" in sign(client, reviewing.jian, reviewing, 422, agrees="0")
    sign(client, reviewing.neighbour, reviewing)
    assert "您已经签署过" in sign(client, reviewing.neighbour, reviewing, 422)
    client.force_login(reviewing.zhou)
    assert client.post(reviewing.review, {"verb": "sign", "agrees": "1"}).status_code == 404
    client.force_login(reviewing.qian)
    assert client.get(reviewing.review).status_code == 404


def test_publishing_correcting_and_the_end(client, reviewing):
    points, batch = reviewing, reviewing.batch
    shown = get(client, points.zhou, points.review)
    assert "还有 3 项签署人数不够" in shown
    answer = client.post(points.review, {"verb": "publish"})
    assert answer.status_code == 422
    assert "审议人数不够" in answer.content.decode()
    for someone in (points.he, points.neighbour, points.jian, points.fang, points.luo):
        sign(client, someone, points)
    shown = get(client, points.zhou, points.review)
    last = batches.flow.last_step_id(batch)
    client.post(points.review, {"verb": "publish", "after": last})
    batch.refresh_from_db()
    assert batch.state == BatchState.NOTICED
    shown = get(client, points.zhou, page_of(batch))
    assert reverse("publicity:notice_sheet", args=[batch.notice_id]) in shown
    url = reverse("points:correct", args=[batch.pk, points.first.pk])
    given = {"outcome": "points", "points": "10", "reason": "实为一小时"}
    answer = client.post(url, given)
    assert answer.status_code == 422
    assert "只有收到异议的批次才能更正" in answer.content.decode()
    notices.object(batch.notice, by=points.fang, text=f"编号{points.first.pk}只做了一小时")
    shown = get(client, points.zhou, page_of(batch))
    assert "有异议" in shown
    assert f"correct={points.first.pk}" in shown
    asked = get(client, points.zhou, f"{page_of(batch)}?correct={points.first.pk}")
    assert "现在 30 分" in asked
    assert url in asked
    assert 'id="correct"' not in get(client, points.zhou, f"{page_of(batch)}?correct={10**9}")
    assert "列为有异议" in asked
    marked = get(client, points.zhou, f"{page_of(batch)}?show=contested")
    assert "列为有异议</button>" not in marked  # nothing there to tick
    assert client.post(url, {**given, "points": "30"}).status_code == 422
    assert client.post(url, given).status_code == 302
    points.first.refresh_from_db()
    assert (points.first.points, points.first.is_corrected) == (10, True)
    shown = get(client, points.wang, points.first.get_absolute_url())
    assert "公示期间更正" in shown
    assert "已按上限计" not in shown
    codes = [one.code for one in anomalies.look(batch).get(points.first.pk, [])]
    assert "cap" not in codes


@pytest.fixture
def noticed(reviewing):
    """Under notice, as the objection of 罗 is about 王's first claim."""
    for someone in (reviewing.he, reviewing.neighbour, reviewing.jian, reviewing.fang):
        batches.sign(reviewing.batch, by=someone)
    batches.sign(reviewing.batch, by=reviewing.luo)
    batches.publish(reviewing.batch, by=reviewing.zhou)
    return reviewing


def after_the_window(points, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=40))


def end(client, person, batch, status) -> str:
    client.force_login(person)
    answer = client.post(reverse("points:batch_advance", args=[batch.pk]), {"verb": "close_notice"})
    assert answer.status_code == status, answer.content.decode()[:300]
    return answer.content.decode()


END = 'value="close_notice"'


def test_a_notice_is_ended_on_the_page_of_its_batch(client, noticed, time_machine):
    batch, zhou, first = noticed.batch, noticed.zhou, noticed.first
    objection = notices.object(batch.notice, by=noticed.luo, text=f"编号{first.pk}只做了一小时")
    shown = get(client, zhou, page_of(batch))
    for words in ("现在还不能结束公示", "期满后才能结束", "还有 1 条异议没有答复"):
        assert words in shown
    assert END not in shown
    assert "还有 1 条异议没有答复" in end(client, zhou, batch, 422)

    notices.answer(objection, answer="属实，将更正", is_accepted=True, by=noticed.jian)
    after_the_window(noticed, time_machine)
    shown = get(client, zhou, page_of(batch))
    assert "有异议已被采纳，但还没有更正任何一项" in shown
    assert "期满后才能结束" not in shown
    assert END not in shown
    assert "请先更正" in end(client, zhou, batch, 422)

    first.refresh_from_db()
    batches.correct(first, points=10, reason="实为一小时", by=zhou)
    shown = get(client, zhou, page_of(batch))
    assert_valid_html(shown)
    assert END in shown
    assert f"编号{first.pk}：更正为10分" in shown
    assert END not in get(client, noticed.sun, page_of(batch))  # reads, and decides nothing
    end(client, noticed.sun, batch, 404)
    end(client, zhou, batch, 302)
    batch.refresh_from_db()
    assert batch.state == BatchState.POSTING
    assert (batch.notice.result, batch.notice.correction) == (
        "corrected",
        f"编号{first.pk}：更正为10分",
    )
    end(client, zhou, batch, 422)  # pressed twice
    assert END not in get(client, zhou, page_of(batch))


def test_a_notice_without_objections_is_upheld(client, noticed, time_machine):
    batch = noticed.batch
    shown = get(client, noticed.gao, page_of(batch))
    assert "期满次日自动结束并入账" in shown
    assert "公示期满" not in shown
    after_the_window(noticed, time_machine)
    assert "没有更正，结果为“维持”" in get(client, noticed.gao, page_of(batch))
    end(client, noticed.gao, batch, 302)
    batch.notice.refresh_from_db()
    assert (batch.notice.state, batch.notice.result) == ("closed", "upheld")


def test_a_month_under_notice_keeps_to_ten_queries(client, noticed, django_assert_max_num_queries):
    client.force_login(noticed.zhou)
    client.get(page_of(noticed.batch))
    with django_assert_max_num_queries(10):
        client.get(page_of(noticed.batch))


def test_the_list_goes_back_to_deciding_with_a_reason(client, reviewing):
    client.force_login(reviewing.zhou)
    assert client.post(reviewing.review, {"verb": "send_back"}).status_code == 422
    client.post(reviewing.review, {"verb": "send_back", "reason": "有一项要再看"})
    reviewing.batch.refresh_from_db()
    assert reviewing.batch.state == BatchState.DECIDING


# --- size ----------------------------------------------------------------------------------------


WARM, COLD = 6, 3  # a page; what looking for flags adds


def test_queries_do_not_grow_and_a_page_stays_small(client, points, django_assert_num_queries):
    client.force_login(points.zhou)
    batch = heap(points, 3)
    client.get(page_of(batch))  # looks the batch through once
    with django_assert_num_queries(WARM):
        client.get(page_of(batch))
    with django_assert_num_queries(COLD):
        anomalies.look(batch)
    assert heap(points, 57, people=8).pk == batch.pk
    client.get(page_of(batch))
    with django_assert_num_queries(WARM):
        answer = client.get(page_of(batch))
    assert len(answer.content) < 100_000
    assert answer.content.decode().count("data-row") >= 5
    with django_assert_num_queries(COLD):
        anomalies.look(batch)
    with django_assert_num_queries(6):
        client.get(MONTHS)


def test_twelve_rows_cost_the_queries_of_three(client, points, django_assert_num_queries):
    client.force_login(points.zhou)
    for more, shown in ((3, 3), (9, 12)):
        batch = heap(points, more)
        client.get(page_of(batch))
        with django_assert_num_queries(WARM):
            answer = client.get(page_of(batch))
        assert answer.content.decode().count("data-row") == shown
        anomalies.forget(batch)
        with django_assert_num_queries(WARM + COLD):
            client.get(page_of(batch))


REVIEW = {"zhou": 8, "jian": 9}  # who decides, who sits in the group


def test_the_review_costs_the_same_for_twelve_claims(client, points, django_assert_num_queries):
    for more in (3, 9):
        batch = heap(points, more)
        batches.start_deciding(batch, by=points.zhou)
        batches.approve(batch, [one.pk for one in batch.claims.all()], by=points.zhou)
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.REVIEWING)
        if more == 3:
            batches.sign(batch, by=points.he)
            batches.sign(batch, by=points.neighbour)
        url = reverse("points:review", args=[batch.pk])
        for name, count in REVIEW.items():
            client.force_login(getattr(points, name))
            with django_assert_num_queries(count):
                answer = client.get(url)
            assert batch.claims.count() == (3 if more == 3 else 12)
            assert answer.context["lacking_count"] == batch.claims.count()
            shown = answer.content.decode()
            assert shown.count('<li class="claim"') == batch.claims.count()
            assert (
                shown.count("<strong>甲*</strong>")
                == batch.claims.filter(person__name__startswith="甲").count()
            )
            assert shown.count(f"认证 {points.sun.name}") == batch.claims.count()
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.COLLECTING)


# --- the desk ------------------------------------------------------------------------------------


def test_the_desk_counts_what_waits_as_the_queue_lists_it(client, points):
    claiming.live(points.sun, points.home2, points.li)
    claiming.file(points)
    claiming.file(points, "P13", text="电线裸露")
    claiming.file(points, person=points.neighbour)  # lives with 孙
    for person in (points.sun, points.hao, points.li, points.he, points.zhao, points.zhou):
        mine = waiting.to_certify(person)
        today = claiming.today()
        assert set(doors.to_certify(person, today=today)) == set(mine), person
    assert waiting.to_certify(points.sun).count() == 2
    shown = " ".join(get(client, points.sun, "/desk/").split())
    assert "/points/certify/" in shown
    assert "待认证的积分" in shown


def test_the_desk_leads_to_the_batch_and_the_review(client, reviewing):
    assert "/points/batches/" in get(client, reviewing.zhou, "/desk/")
    shown = get(client, reviewing.jian, "/desk/")
    assert "待签署的积分" in shown
    batches.sign(reviewing.batch, by=reviewing.jian)
    assert "待签署的积分" not in get(client, reviewing.jian, "/desk/")
