"""A file of orders: judged row by row, taken in whole dozens, taken back while untouched."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from grids import handling, tasks
from grids.hotline import importing, mapping, orders
from grids.models import Callback, Import, ImportRow, Issue, Order, Source, State
from orgs.models import Area
from tests.grids import loop
from tests.grids.hotline.conftest import HEADER, TEXT, line, table

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def upload(hotline, *lines, header=HEADER, by=None):
    return importing.upload(
        hotline.hotline,
        content=table(*lines, header=header),
        file_name="工单.csv",
        by=by or hotline.chen,
    )


def taken_in(hotline, *lines):
    batch = importing.start(upload(hotline, *lines), by=hotline.chen)
    importing.work(batch)
    batch.refresh_from_db()
    return batch


def faults(batch):
    return {row.row: [tuple(error) for error in row.errors] for row in importing.faults(batch)}


# --- looking ---------------------------------------------------------------------------------


def test_an_upload_makes_no_issue_and_keeps_the_rows_unreadable(hotline):
    batch = upload(hotline, line())
    assert not Issue.objects.exists()
    [row] = batch.rows.all()
    assert (row.state, row.row, row.order_number) == ("good", 2, "H001")
    assert "王建国" not in row.cipher
    assert importing.cells_of(row)["来电人"] == "王建国"


def test_every_fault_of_a_row_is_told_in_chinese_with_its_column(hotline):
    batch = upload(
        hotline,
        line("H001"),
        line("", text="=cmd()", place="银河社区", kind="999", due="昨天", phone="不知道"),
        line("H003", called="2026-11-20", due="2026-11-19", secret="也许"),
        line("H001", text="又报了一次"),
        line("H005", called="3026-01-01"),
    )
    assert faults(batch) == {
        3: [
            ("工单编号", "没有填写"),
            ("诉求内容", "“=cmd()”像是公式，请改成文字"),
            (
                "所属社区或网格",
                "找不到“银河社区”：写社区名称（可加网格名称）或区划代码，且须在可导入的范围内",
            ),
            ("诉求类别", "“999”不在类别对照表里"),
            ("要求办结时间", "“昨天”不是日期，请写作 2026-11-30 17:30"),
            ("来电号码", "不像电话号码"),
        ],
        4: [("要求办结时间", "早于来电时间"), ("是否保密", "只能写“是”或“否”")],
        5: [("工单编号", "与第 2 行的编号相同")],
        6: [("来电时间", "年份 3026 不合理")],
    }
    assert importing.counts(batch) == {
        "good": 1, "faulty": 4, "known": 0, "taken": 0, "withdrawn": 0, "all": 5,
    }  # fmt: skip


def test_places_are_understood_by_name_and_by_code(hotline):
    known = {
        "梧桐里社区": hotline.community,
        "青桐街道梧桐里社区": hotline.community,
        "梧桐里社区第二网格": hotline.grid2,
        "青桐街道 梧桐里社区 第二网格": hotline.grid2,
        "990203005001002": hotline.grid2,
        "990203005001001001": hotline.building,
    }
    unknown = ["青桐街道", "990203005", "第二网格", "梧桐里社区第九网格", "9902030050010029"]
    reader = mapping.Reader(hotline.hotline, [*known, *unknown])
    assert reader.places.by_words == known


def test_a_place_outside_the_importers_own_is_not_known(hotline):
    hotline.hotline.area = hotline.district
    hotline.hotline.save()
    there = Area.objects.add_child(
        hotline.district, {"level": "subdistrict", "code": "990203006", "name": "白杨街道"}
    )
    elsewhere = Area.objects.add_child(
        there, {"level": "community", "code": "990203006001", "name": "白杨社区"}
    )
    assert upload(hotline, line(place=elsewhere.name)).rows.get().state == "faulty"


def test_an_order_taken_in_before_is_recognised_with_its_number(hotline):
    first = taken_in(hotline, line("H001"))
    issue = first.rows.get().issue
    again = upload(hotline, line("H001"), line("H002"))
    assert faults(again) == {2: [("工单编号", f"已经接收过，本平台编号 {issue.number}")]}
    assert importing.counts(again)["known"] == 1
    assert importing.counts(again)["good"] == 1


def test_unknown_headers_are_asked_for_and_the_answer_is_remembered(client, hotline):
    client.force_login(hotline.chen)
    header = "流水,说了什么,哪里"
    batch = upload(hotline, "H001,路灯不亮,梧桐里社区", header=header)
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "没有找到：工单编号、诉求内容、所属社区或网格。" in page
    assert "确认导入" not in page
    refused = client.post(reverse("grids:import_start", args=[batch.pk]))
    assert refused.status_code == 422
    assert not Issue.objects.exists()

    columns = reverse("grids:import_columns", args=[batch.pk])
    twice = client.post(columns, {"number": "流水", "text": "流水", "place": "哪里"})
    assert twice.status_code == 422
    assert "这一列已经用作“工单编号”" in twice.content.decode()
    hotline.hotline.other_category = loop.category("其他事项")
    hotline.hotline.save()
    chosen = {"number": "流水", "text": "说了什么", "place": "哪里"}
    assert client.post(columns, chosen).status_code == 302
    assert batch.rows.get().state == "good"
    hotline.hotline.refresh_from_db()
    assert upload(hotline, "H002,路灯不亮,梧桐里社区", header=header).columns == chosen


def test_json_says_the_same_as_a_table(hotline):
    order = {
        "order": "J001",
        "text": "3栋2单元301漏水",
        "place": "梧桐里社区",
        "category": "010203",
        "caller": {"name": "王建国", "phone": "13812345678", "confidential": True},
    }
    batch = importing.upload(
        hotline.hotline,
        content=json.dumps([order, {**order, "order": "J002", "place": 7}]).encode(),
        file_name="工单.json",
        by=hotline.chen,
    )
    assert list(faults(batch)) == [2]
    importing.work(importing.start(batch, by=hotline.chen))
    issue = Issue.objects.get()
    assert (issue.anonymous, issue.caller.name, issue.area) == (True, "王建国", hotline.community)
    assert "301" not in issue.description


# --- taking in -------------------------------------------------------------------------------


def test_good_rows_become_issues_and_the_rest_is_left_out(hotline):
    batch = taken_in(hotline, line("H001", due="2026-11-30"), line("H002", place="银河社区"))
    [issue] = Issue.objects.all()
    assert (issue.source, issue.state, issue.area) == (Source.HOTLINE, "submitted", hotline.grid)
    assert (issue.category.name, issue.description) == ("物业维修", TEXT)
    assert issue.reporter == hotline.hotline.account
    assert not issue.reporter.is_active
    assert (issue.caller.name, issue.caller.phone) == ("王建国", "13812345678")
    order = issue.order
    assert (order.number, order.partner) == ("H001", hotline.hotline)
    assert order.due_at == datetime(2026, 11, 30, 23, 59, tzinfo=SHANGHAI)
    assert order.called_at == datetime(2026, 11, 20, 9, 5, tzinfo=SHANGHAI)
    assert batch.state == "done"
    assert importing.counts(batch)["taken"] == 1
    assert not batch.rows.exclude(cipher="").exists()  # what it said is in the issues, or gone


def test_the_callers_name_and_phone_leave_the_words(hotline):
    words = "我是王建国 电话 138 1234-5678 邻居 13900001111 王先生家住这里"
    taken_in(hotline, line(text=words))
    text = Issue.objects.get().description
    assert text == "我是来电人 电话 *** 邻居 139****1111 来电人家住这里"


def test_a_confidential_callers_door_leaves_the_words_too(hotline):
    taken_in(hotline, line(text="3栋2单元301漏水", where="3栋2单元301", secret="是"))
    issue = Issue.objects.get()
    assert issue.anonymous
    assert "301" not in issue.description + issue.place_text + issue.title


def test_those_nearest_are_told_once_however_many_orders(hotline):
    taken_in(hotline, *(line(f"H{n}") for n in range(3)))
    titles = [message.title for message in loop.told(hotline.li)]
    assert titles == ["市12345热线转来 3 件，待立案"]


def test_a_second_click_takes_nothing_in_twice(client, hotline):
    client.force_login(hotline.chen)
    batch = upload(hotline, line("H001"))
    start = reverse("grids:import_start", args=[batch.pk])
    assert client.post(start).status_code == 302
    again = client.post(start)
    assert again.status_code == 422
    assert "这份文件已经确认过" in again.content.decode()
    assert Issue.objects.count() == 1


def test_a_killed_import_goes_on_where_it_stopped(hotline, monkeypatch):
    batch = importing.start(upload(hotline, *(line(f"H{n:03}") for n in range(5))), by=hotline.chen)
    monkeypatch.setattr(importing, "CHUNK", 2)
    real = orders.take_in
    calls = []

    def dies(*args, **more):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt  # the worker is killed in the middle of the second dozen
        return real(*args, **more)

    monkeypatch.setattr(orders, "take_in", dies)
    with pytest.raises(KeyboardInterrupt):
        importing.work(batch)
    assert Issue.objects.count() == 2  # the first dozen whole, of the second nothing

    monkeypatch.setattr(orders, "take_in", real)
    assert importing.resume() == 0  # it might still be at work
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert importing.resume() == 1
    batch.refresh_from_db()
    assert batch.state == "done"
    assert sorted(Order.objects.values_list("number", flat=True)) == [f"H{n:03}" for n in range(5)]


def test_an_order_that_came_by_webhook_meanwhile_is_not_taken_in_again(hotline):
    batch = upload(hotline, line("H001"), line("H002"))
    incoming, _errors = mapping.Reader(hotline.hotline, ["梧桐里社区"]).read(
        {"number": "H001", "text": TEXT, "place": "梧桐里社区", "category": "010203"}
    )
    orders.take_in(hotline.hotline, incoming)
    importing.work(importing.start(batch, by=hotline.chen))
    assert importing.counts(batch) | {"all": 2} == {
        "good": 0, "faulty": 0, "known": 1, "taken": 1, "withdrawn": 0, "all": 2,
    }  # fmt: skip


def test_a_large_file_is_left_to_a_worker_and_the_page_shows_how_far_it_is(
    client, hotline, monkeypatch
):
    client.force_login(hotline.chen)
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    asked = []
    monkeypatch.setattr("inbox.nudge.worker", lambda *task: asked.append(task))
    batch = upload(hotline, line("H001"), line("H002"))
    client.post(reverse("grids:import_start", args=[batch.pk]))
    assert asked == [(tasks.import_orders.name, batch.pk)]
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "已完成 0 件，共 2 件" in page
    part = client.get(batch.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert "已完成 0 件，共 2 件" in part
    assert "<html" not in part

    tasks.import_orders(batch.pk)  # the worker comes to it
    assert Issue.objects.count() == 2
    over = client.get(batch.get_absolute_url(), headers={"HX-Request": "true"})
    assert over["HX-Refresh"] == "true"


def test_judging_and_taking_in_cost_as_many_queries_for_more_rows(
    hotline, django_assert_num_queries
):
    small = upload(hotline, *(line(f"A{n}") for n in range(3)))
    large = upload(hotline, *(line(f"B{n}") for n in range(12)))
    for batch in (small, large):
        with django_assert_num_queries(6):
            importing.judge(batch)


# --- pages -----------------------------------------------------------------------------------


def sent(content: bytes, name="工单.csv"):
    return SimpleUploadedFile(name, content, content_type="text/csv")


def test_a_file_is_uploaded_looked_at_and_confirmed(client, hotline):
    client.force_login(hotline.chen)
    given = {
        "partner": hotline.hotline.pk,
        "file": sent(table(line("H001"), line("H002", place="x"))),
    }
    answer = client.post(reverse("grids:imports"), given)
    batch = Import.objects.get()
    assert answer.url == batch.get_absolute_url()
    page = client.get(answer.url).content.decode()
    assert "确认导入 1 件" in page
    assert "王*" in page
    assert "138****5678" in page
    assert "王建国" not in page
    assert "找不到“x”" in page
    client.post(reverse("grids:import_start", args=[batch.pk]))
    assert Issue.objects.get().title in client.get(answer.url).content.decode()


def test_a_bad_file_is_answered_beside_the_field(client, hotline):
    client.force_login(hotline.chen)
    mixed = table(line()) + b"\n" + line("H2").encode("gb18030")
    for content, said in (
        (b"", "文件是空的"),
        (b"a,b\n" + b"1,2\n" * 1_400_000, "文件有 6 MB，一次最多 5 MB"),
        (mixed, "文件里混用了两种编码：第 3 行"),
    ):
        given = {"partner": hotline.hotline.pk, "file": sent(content)}
        answer = client.post(reverse("grids:imports"), given)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert not Import.objects.exists()


def test_the_faults_are_a_file_that_no_spreadsheet_runs(client, hotline):
    client.force_login(hotline.chen)
    batch = upload(hotline, line("=H1"), line("H2", place="x"))
    answer = client.get(reverse("grids:import_errors", args=[batch.pk]))
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "行,工单编号,列,问题"
    assert lines[1] == "2,'=H1,工单编号,“=H1”像是公式，请改成文字"
    assert lines[2].startswith("3,H2,所属社区或网格,")
    assert "王建国" not in answer.content.decode()


def test_only_the_subdistrict_imports(client, hotline):
    batch = upload(hotline, line())
    for role in ("wu", "li", "zhou", "wang", "system_admin", "auditor", "chu"):
        client.force_login(getattr(hotline, role))
        assert client.get(reverse("grids:imports")).status_code == 404, role
        assert client.get(batch.get_absolute_url()).status_code == 404, role
        assert client.get(reverse("grids:import_errors", args=[batch.pk])).status_code == 404
        for name in ("import_start", "import_columns", "import_discard", "import_undo"):
            assert client.post(reverse(f"grids:{name}", args=[batch.pk])).status_code == 404, role
    assert batch.rows.get().state == "good"


def test_another_subdistricts_file_is_not_there(client, hotline):
    batch = upload(hotline, line())
    Import.objects.update(area_path=hotline.street.path[:-4] + "zzzz")
    client.force_login(hotline.chen)
    assert client.get(batch.get_absolute_url()).status_code == 404


def test_a_draft_nobody_confirmed_goes_with_all_it_said(hotline):
    upload(hotline, line())
    assert importing.drop_old_drafts() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert importing.drop_old_drafts() == 1
    assert not ImportRow.objects.exists()


# --- taking back -----------------------------------------------------------------------------


def test_untouched_issues_are_withdrawn_and_keep_number_and_history(client, hotline):
    batch = taken_in(hotline, line("H001"), line("H002"))
    first, second = Issue.objects.order_by("pk")
    handling.advance(second, "acknowledge", by=hotline.li)
    client.force_login(hotline.chen)
    undo = reverse("grids:import_undo", args=[batch.pk])
    assert client.post(undo, {"reason": ""}).status_code == 422
    answer = client.post(undo, {"reason": "选错了文件"}, follow=True).content.decode()
    assert "已撤销 1 件；1 件已有人处理，保持不变。" in answer
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.refusal_code) == (State.NOT_ACCEPTED, "withdrawn")
    assert second.state == State.SUBMITTED
    step = first.steps.get(verb="withdraw")
    assert (step.actor, step.reason) == (hotline.chen, "撤销导入：选错了文件")
    batch.refresh_from_db()
    assert batch.state == "undone"
    assert importing.counts(batch)["withdrawn"] == 1
    assert Callback.objects.filter(issue=first, payload__verb="withdraw").exists()


def test_what_was_taken_back_can_be_corrected_and_imported_again(hotline):
    batch = taken_in(hotline, line("H001"))
    importing.undo(batch, by=hotline.chen, reason="内容有误")
    taken_in(hotline, line("H001", text="东门路灯修好了又坏"))
    assert Order.objects.filter(number="H001").count() == 2
    assert Issue.objects.exclude(state=State.NOT_ACCEPTED).get().description == "东门路灯修好了又坏"


def test_nothing_is_taken_back_twice_nor_late_nor_once_all_is_touched(hotline):
    batch = taken_in(hotline, line("H001"))
    with (
        time_machine.travel(timezone.now() + timedelta(hours=25), tick=False),
        pytest.raises(importing.TooLateToUndo),
    ):
        importing.undo(batch, by=hotline.chen, reason="太晚了")
    handling.advance(Issue.objects.get(), "acknowledge", by=hotline.li)
    with pytest.raises(importing.AllTouched):
        importing.undo(batch, by=hotline.chen, reason="都动过了")

    other = taken_in(hotline, line("H002"))
    importing.undo(other, by=hotline.chen, reason="选错了")
    with pytest.raises(importing.NotDone):
        importing.undo(other, by=hotline.chen, reason="选错了")
