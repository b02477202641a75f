"""Reply templates: written for a place, inserted into a form, read before anything is sent."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grids import replies
from grids.models import ReplyTemplate
from grids.views.replies import verbs
from tests.browser import assert_valid_html
from tests.grids import loop
from tests.grids.pictures import jpeg

pytestmark = pytest.mark.django_db

LIST = "/issues/templates/"


def template(street, **more):
    given = {
        "area": street.street,
        "verb": "contact",
        "title": "已电话联系",
        "text": "编号{编号}，{地点}，由{承办单位}承办，承诺{承诺时间}前办结。",
        "written_by": street.chen,
        **more,
    }
    return ReplyTemplate.objects.create(**given)


def insert(client, issue, verb, row, **more):
    return client.post(
        issue.get_absolute_url(), {"insert": verb, "template": getattr(row, "pk", row), **more}
    )


def value_of(page: str, name: str) -> str:
    return re.search(rf'<textarea name="{name}"[^>]*>\n?([^<]*)</textarea>', page)[1]


def test_placeholders_are_filled(street):
    issue = loop.post(street, place_text="3栋楼道")
    words = replies.fill("{编号}/{地点}/{承办单位}/{承诺时间}/{别的}", issue)
    assert words.startswith(f"{issue.number}/梧桐里社区第一网格3栋楼道/（未派单）/")
    assert words.endswith("/{别的}")
    assert replies.unknown_in("{编号}{ 地点 }{电话}｛姓名｝{电话}") == ["电话", "姓名"]
    issue = loop.to_state(street, "dispatched", issue=issue)
    assert replies.fill("{承办单位}", issue) == "青桐物业服务公司"


def test_the_nearest_of_its_category_first(street):
    template(street, title="街道通用")
    template(street, title="停用", is_active=False)
    template(street, title="别的类别", category=loop.category("油烟噪声"))
    template(street, title="别的社区", area=street.elsewhere)
    template(street, title="街道维修", category=loop.category())
    template(street, title="社区通用", area=street.community)
    titles = [one.title for one in replies.for_issue(loop.post(street))]
    assert titles == ["社区通用", "街道维修", "街道通用"]


def test_words_are_inserted_and_nothing_is_sent(client, street):
    issue = loop.to_state(street, "in_progress")
    row = template(street)
    client.force_login(street.wu)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "插入模板" in page
    assert_valid_html(page)
    steps = issue.steps.count()
    answer = insert(client, issue, "contact", row, note="您好。")
    assert answer.status_code == 200
    words = value_of(answer.content.decode(), "note")
    assert words.startswith("您好。\n编号")
    assert "由青桐物业服务公司承办" in words
    assert issue.steps.count() == steps
    assert "需要修改" not in answer.content.decode()
    assert insert(client, issue, "contact", "").status_code == 422
    assert insert(client, issue, "sign", row).status_code == 404
    assert insert(client, issue, "nonsense", row).status_code == 404


def test_photos_that_came_along_are_kept(client, street):
    from django.core.files.uploadedfile import SimpleUploadedFile

    issue = loop.to_state(street, "in_progress")
    row = template(street, verb="report", text="已更换，现在正常。")
    client.force_login(street.wu)
    page = client.get(issue.get_absolute_url()).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    photo = SimpleUploadedFile("灯.jpg", jpeg(), content_type="image/jpeg")
    answer = insert(client, issue, "report", row, key=key, photos=photo)
    words = answer.content.decode()
    assert answer.status_code == 200
    assert value_of(words, "result") == "已更换，现在正常。"
    assert "这些照片已经传好" in words
    issue.refresh_from_db()
    assert issue.state == "in_progress"


def test_a_template_of_elsewhere_is_not_inserted(client, street):
    issue = loop.to_state(street, "in_progress")
    row = template(street, area=street.elsewhere)
    client.force_login(street.wu)
    answer = insert(client, issue, "contact", row)
    assert answer.status_code == 422
    assert row.text not in answer.content.decode()
    client.force_login(street.qian)
    assert insert(client, issue, "contact", row).status_code == 404
    client.force_login(street.wang)  # the reporter has no such form
    assert insert(client, issue, "contact", row).status_code == 404


def test_more_templates_cost_the_same(client, street):
    issue = loop.to_state(street, "in_progress")
    client.force_login(street.wu)

    def cost(address):
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = cost(issue.get_absolute_url())
    for n in range(12):
        template(street, title=f"模板{n}", verb=["contact", "report", "note"][n % 3])
    assert cost(issue.get_absolute_url()) == few
    client.force_login(street.chen)
    assert cost(LIST) <= 8


def test_staff_write_them(client, street):
    given = {
        "area": street.community.code,
        "verb": "report",
        "category": "repairs",
        "title": "换灯",
        "text": "已更换灯具，{地点}恢复照明。",
        "is_active": "on",
    }
    for person in (street.wang, street.wu, street.li, street.auditor):
        client.force_login(person)
        assert client.get(LIST).status_code == 404
        assert client.post(f"{LIST}new/", given).status_code == 404
    client.force_login(street.sun)
    assert_valid_html(client.get(f"{LIST}new/").content.decode())
    assert client.post(f"{LIST}new/", given).status_code == 302
    row = ReplyTemplate.objects.get()
    assert (row.area, row.verb, row.category, row.written_by) == (
        street.community,
        "report",
        loop.category(),
        street.sun,
    )
    for change, words in (
        ({"text": "请拨{电话}"}, "没有这样的占位：{电话}"),
        ({"text": " "}, "请写内容"),
        ({"title": ""}, "请写一个名称"),
        ({"verb": "rate"}, "请从列出的步骤里选择"),
        ({"area": street.street.code}, "不在您可以维护的范围内"),
    ):
        answer = client.post(f"{LIST}new/", given | change)
        assert answer.status_code == 422, change
        assert words in answer.content.decode(), change
    assert client.post(f"{LIST}new/", given).status_code == 422  # the same title again
    assert ReplyTemplate.objects.count() == 1

    off = {name: value for name, value in given.items() if name != "is_active"}
    assert client.post(f"{LIST}{row.pk}/", off | {"title": "换灯（旧）"}).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.is_active) == ("换灯（旧）", False)
    page = client.get(LIST).content.decode()
    assert_valid_html(page)
    assert "停用" in page
    other = template(street, area=street.elsewhere)
    assert client.get(f"{LIST}{other.pk}/").status_code == 404
    assert client.post(f"{LIST}{other.pk}/", given).status_code == 404


def test_every_verb_with_templates_has_its_field(street):
    from grids.forms import FORMS

    offered = [verb for verb, _label in verbs()]
    assert {"contact", "note", "report", "verify", "rework", "file"} <= set(offered)
    for verb in offered:
        assert replies.TEXT_FIELDS[verb] in FORMS[verb].base_fields, verb
