"""Similar issues are offered before a second report: public words only, and nothing is lost."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grids import following, similar
from grids.models import Follow, Issue, Photo
from orgs.models import Area
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.pictures import upload

pytestmark = pytest.mark.django_db
NEW, SUGGEST = "/issues/new/", "/issues/similar/"


@pytest.fixture(autouse=True)
def own_media(tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path)


def shown(
    street, *, area=None, kind="物业维修", title="楼道感应灯不亮", summary="楼梯间夜里全黑", **more
):
    issue = loop.post(street, area=area or street.grid, kind=kind, **more)
    by = street.zhao if area == street.grid_elsewhere else street.sun
    return loop.file(issue, by, public_title=title, public_summary=summary).issue


def found(street, text="", *, area=None, kind="物业维修", person=None, **more):
    rows = similar.find(
        area=area or street.grid,
        category=loop.category(kind) if kind else None,
        text=text,
        person=person or street.qian,
        **more,
    )
    return [one.row.number for one in rows]


def posting(street, **changes):
    return {
        "key": str(uuid.uuid4()),
        "category": loop.category().pk,
        "place": street.grid.pk,
        "place_text": "3栋2单元",
        "text": "楼道的感应灯又不亮了，楼梯间全黑",
        **changes,
    }


# --- what is found -------------------------------------------------------------------------------


def test_the_likest_come_first_and_at_most_five(street):
    lamp = shown(street)
    door = shown(street, title="单元门锁坏了", summary="门关不上")
    other_kind = shown(street, kind="环境卫生", title="楼道堆了杂物", summary="感应灯下面堆满纸箱")
    same_community = shown(street, area=street.grid2, title="楼道感应灯不亮", summary="夜里全黑")
    elsewhere = shown(street, area=street.grid_elsewhere, title="楼道感应灯不亮")
    asked = "楼道感应灯不亮，夜里全黑"
    assert found(street, asked) == [lamp.number, same_community.number, door.number]
    assert found(street, asked, alike_only=True) == [lamp.number, same_community.number]
    assert found(street, "") == [door.number, lamp.number]  # by kind and grid alone
    assert found(street, "感应灯下面堆满了纸箱子", kind="噪声扰民") == [other_kind.number]
    assert elsewhere.number not in found(street, asked)
    for n in range(6):
        shown(street, title=f"楼道感应灯不亮{n}号")
    assert len(found(street, asked)) == 5


def test_private_and_unfiled_matters_are_never_offered(street):
    loop.post(street)  # not filed
    loop.file(loop.post(street, kind="民生关爱", text="周奶奶没开门"), street.li)
    loop.file(loop.post(street), street.li, publish=False)
    assert found(street, loop.WORDS) == []
    assert found(street, "周奶奶没开门", kind="民生关爱") == []


def test_words_that_only_the_reporter_wrote_find_nothing(client, street):
    """Otherwise typing a name would tell whether somebody else had written it."""
    shown(
        street,
        kind="噪声扰民",
        text="三楼赵某某每晚打麻将吵闹",
        title="夜间吵闹",
        summary="夜间吵闹",
    )
    assert found(street, "赵某某打麻将吵闹", kind=None) == []
    client.force_login(street.qian)
    noise = loop.category("噪声扰民").pk
    given = {"place": street.grid.pk, "category": noise, "text": "夜间吵闹"}
    page = client.post(SUGGEST, given).content.decode()
    assert "夜间吵闹" in page
    for private in ("赵某某", "打麻将", "王居民", "吴物业"):
        assert private not in page


def test_what_was_closed_is_offered_for_a_month(street):
    issue = shown(street)
    loop.to_state(street, "closed", issue=issue)
    assert found(street, "楼道感应灯不亮") == [issue.number]
    closed = issue.closed_at
    month = similar.timedelta(days=30)
    assert found(street, "楼道感应灯不亮", now=closed + month) == [issue.number]
    assert found(street, "楼道感应灯不亮", now=closed + month + similar.timedelta(seconds=1)) == []


def test_three_queries_with_one_and_with_five(street):
    area = Area.objects.get(pk=street.grid.pk)
    counts = []
    for _more in range(2):
        shown(street)
        similar.find(area=area, category=loop.category(), text="感应灯不亮", person=street.qian)
        with CaptureQueriesContext(connection) as captured:
            rows = similar.find(
                area=area, category=None, text="楼道感应灯不亮，全黑", person=street.qian
            )
        counts.append(len(captured))
        for _n in range(4):
            shown(street)
    assert len(rows) == 5
    assert counts == [3, 3]


# --- while typing --------------------------------------------------------------------------------


def test_the_fragment(client, street):
    issue = shown(street)
    following.also_affects(issue, person=street.qian)
    given = {"place": street.grid.pk, "category": loop.category().pk, "text": "感应灯不亮"}
    assert client.post(SUGGEST, given).status_code == 302  # sign in first
    client.force_login(street.newcomer)
    assert client.get(SUGGEST).status_code == 405
    page = client.post(SUGGEST, given).content.decode()
    assert "有 1 件相似的事项" in page
    assert "1 户表示也受影响" in page
    assert "王居民" not in page
    assert 'name="seen"' in page
    for nothing in (
        {"place": "", "category": "", "text": "感应灯不亮"},
        {"place": "x", "category": "y", "text": "z"},
        {"place": street.building.pk, "category": loop.category().pk, "text": ""},
        {"place": street.grid.pk, "text": "灯"},
        {"place": "9" * 30, "category": "-1", "text": "灯" * 5000},
    ):
        answer = client.post(SUGGEST, nothing)
        assert answer.status_code == 200
        assert answer.content.decode().strip() == ""
    client.force_login(street.wang)
    assert "这是您反映过的" in client.post(SUGGEST, given).content.decode()


def test_saying_so_from_a_suggestion(client, street):
    issue = shown(street)
    client.force_login(street.qian)
    headers = {"HX-Request": "true", "HX-Target": f"similar-{issue.number}"}
    address = f"{issue.get_absolute_url()}follow/"
    answer = client.post(address, {"do": "also"}, headers=headers)
    assert answer.status_code == 200
    assert "已记下" in answer.content.decode()
    assert Follow.objects.get(person=street.qian).also_affects_me is True
    assert following.households_affected(issue) == 1


# --- without JavaScript --------------------------------------------------------------------------


def test_one_step_between_with_nothing_lost(client, street):
    issue = shown(street)
    client.force_login(street.qian)
    given = posting(street, photos=[upload()])
    answer = client.post(NEW, given)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert_valid_html(page)
    assert Issue.objects.count() == 1
    assert "还没有提交：请先看一眼" in page
    assert "都不是，继续提交" in page
    assert given["text"] in page
    assert "3栋2单元" in page
    draft = Photo.objects.get()
    assert draft.token in page
    # Enter in a field presses the first button of the form: that is not 也影响我.
    buttons = re.findall(r"<button[^>]*>", page.split('<form method="post" enctype')[1])
    assert 'form="also"' in buttons[0]
    assert f'formaction="/issues/{issue.number}/follow/"' in buttons[0]
    assert f'name="key" value="{given["key"]}"' in page

    again = client.post(NEW, {**given, "seen": "1", "photos": []})
    assert again.status_code == 302
    posted = Issue.objects.exclude(pk=issue.pk).get()
    assert posted.reporter == street.qian
    assert list(posted.photos.values_list("token", flat=True)) == [draft.token]


def test_the_step_comes_once_even_after_a_correction(client, street):
    shown(street)
    client.force_login(street.qian)
    given = posting(street)
    wrong = client.post(NEW, {**given, "seen": "1", "text": ""})
    assert wrong.status_code == 422
    assert '<input type="hidden" name="seen" value="1">' in wrong.content.decode()
    assert client.post(NEW, {**given, "seen": "1"}).status_code == 302


def test_no_step_when_nothing_is_alike(client, street):
    shown(street, title="单元门锁坏了", summary="门关不上")
    client.force_login(street.qian)
    assert client.post(NEW, posting(street)).status_code == 302


def test_also_affects_me_leads_to_the_issue(client, street):
    issue = shown(street)
    client.force_login(street.qian)
    client.post(NEW, posting(street, photos=[upload()]))
    answer = client.post(f"{issue.get_absolute_url()}follow/", {"do": "also"}, follow=True)
    assert answer.redirect_chain[0][0] == f"{issue.get_absolute_url()}#voices"
    page = answer.content.decode()
    assert "已记下：这件事也影响您" in page
    assert "已有 1 户表示也受影响" in page
    assert Issue.objects.count() == 1
    assert Photo.objects.count() == 1  # still there for whoever goes back; swept up later
    assert timezone.now() > Follow.objects.get().since
