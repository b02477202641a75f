"""What a partner's machine sends: proved genuine, done once, refused in words when it is wrong."""

import hashlib
import hmac
import json
import re
import subprocess
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from grids import handling
from grids.hotline import hook, signatures
from grids.models import HookCall, Issue, Order, PartnerSecret
from rules.workflow import NotAllowed
from tests.grids import loop
from tests.grids.hotline.conftest import TEXT, order

pytestmark = pytest.mark.django_db


# --- genuine or not --------------------------------------------------------------------------


def test_a_signed_order_becomes_an_issue_and_its_number_is_told(push, hotline):
    answer = push(order("W001", due_at="2026-11-30"))
    assert answer.status_code == 201
    issue = Issue.objects.get()
    assert answer.json() == {
        "order": "W001",
        "number": issue.number,
        "state": "已接收",
        "state_code": "submitted",
        "promised_at": f"{timezone.localtime(issue.promised_at):%Y-%m-%dT%H:%M:%S+08:00}",
    }
    assert (issue.description, issue.area, issue.caller.name) == (TEXT, hotline.grid, "王建国")
    assert issue.order.number == "W001"
    titles = [message.title for message in loop.told(hotline.li)]
    assert titles == [f"待立案：{issue.title}"]


def test_whoever_is_not_the_partner_learns_nothing_and_changes_nothing(push, hotline):
    forged = [
        push(order(), key="guessed"),
        push(order(), code="no-such-partner"),
        push(order(), signature="sha256=" + "0" * 64),
        push(order(), signature="sha256=签名"),
        push(order(), signature=" "),
        push(order(), body=json.dumps(order("W002")).encode()),  # the body was changed on the way
    ]
    hotline.hotline.is_active = False
    hotline.hotline.save()
    forged.append(push(order()))
    assert [(answer.status_code, answer.json()) for answer in forged] == [
        (401, {"error": "签名无效"})
    ] * len(forged)
    assert not Issue.objects.exists()
    assert not HookCall.objects.exists()


def test_a_copy_under_another_delivery_id_is_a_forgery(push, client, hotline):
    raw, first, now = json.dumps(order()).encode(), str(uuid.uuid4()), str(int(time.time()))
    signed = signatures.signature(hotline.key, signatures.IN, now, first, raw)
    answer = push(order(), body=raw, delivery="another-id-1", at=int(now), signature=signed)
    assert answer.status_code == 401


def test_what_we_sent_cannot_be_turned_against_us(push, hotline):
    raw = json.dumps(order()).encode()
    now, delivery = str(int(time.time())), str(uuid.uuid4())
    ours = signatures.signature(hotline.key, signatures.OUT, now, delivery, raw)
    assert push(order(), signature=ours, delivery=delivery, at=int(now)).status_code == 401


def test_an_old_or_future_timestamp_is_refused_although_signed(push):
    for shift, status in ((-299, 201), (-302, 401), (302, 401), (299, 409)):
        answer = push(order(), at=int(time.time()) + shift)
        assert answer.status_code == status, shift
        if status == 401:
            assert "请校准时钟" in answer.json()["error"]
    assert Issue.objects.count() == 1


def test_the_same_delivery_again_gets_the_first_answer(push):
    first = push(order(), delivery="delivery-1")
    again = push(order(), delivery="delivery-1")
    assert (
        (again.status_code, again.json())
        == (first.status_code, first.json())
        == (
            201,
            first.json(),
        )
    )
    assert again["X-Linli-Duplicate"] == "1"
    assert "X-Linli-Duplicate" not in first
    assert Issue.objects.count() == 1


def test_another_body_under_a_known_delivery_is_refused(push):
    push(order("W001"), delivery="delivery-1")
    answer = push(order("W002"), delivery="delivery-1")
    assert answer.status_code == 409
    assert "内容与这次不同" in answer.json()["error"]
    assert Order.objects.get().number == "W001"


@pytest.mark.django_db(transaction=True)
def test_one_delivery_twice_in_the_same_moment_is_done_once(hotline, together):
    raw = json.dumps(order()).encode()
    now = str(int(time.time()))
    given = hook.Delivery(
        code="12345",
        address="192.0.2.1",
        timestamp=now,
        delivery="delivery-1",
        signature=signatures.signature(hotline.key, signatures.IN, now, "delivery-1", raw),
        body=raw,
    )
    first, second = together(lambda: hook.receive(given), lambda: hook.receive(given))
    assert (first.status, first.data) == (second.status, second.data)
    assert first.status == 201
    assert Issue.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_order_under_two_deliveries_in_the_same_moment_is_taken_in_once(hotline, together):
    raw, now = json.dumps(order()).encode(), str(int(time.time()))

    def deliver(name):
        signed = signatures.signature(hotline.key, signatures.IN, now, name, raw)
        given = hook.Delivery("12345", "192.0.2.1", now, name, signed, raw)
        return lambda: hook.receive(given)

    answers = together(deliver("delivery-1"), deliver("delivery-2"))
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert Issue.objects.count() == Order.objects.count() == 1


def test_a_rotated_key_overlaps_for_a_week_and_can_be_ended(push, hotline):
    old, current = hotline.key, hotline.hotline.secrets.get()
    new = signatures.rotate(hotline.hotline, by=hotline.chen, after=current.pk)
    assert push(order("W001"), key=old).status_code == 201
    assert push(order("W002"), key=new).status_code == 201
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert push(order("W003"), key=old).status_code == 401
    signatures.end_overlap(hotline.hotline)
    assert push(order("W004"), key=old).status_code == 401
    assert push(order("W005"), key=new).status_code == 201
    with pytest.raises(signatures.ChangedMeanwhile):
        signatures.rotate(hotline.hotline, by=hotline.chen, after=current.pk)
    assert not PartnerSecret.objects.filter(cipher__contains=new).exists()


# --- size, shape, pace -----------------------------------------------------------------------


def test_what_is_too_big_or_no_json_is_refused_at_the_door(client, push, hotline):
    url = reverse("grids:hook", args=["12345"])
    big = client.post(url, b"x" * (hook.MOST_BYTES + 1), content_type="application/json")
    assert big.status_code == 413
    assert client.post(url, {"event": "new"}).status_code == 415
    assert client.get(url).status_code == 405
    assert push(order(), delivery="kurz").status_code == 400


def test_every_fault_of_a_body_is_named_in_chinese(push):
    answer = push({"event": "new", "order": "W 1", "place": "银河社区", "due_at": "明天"})
    assert answer.status_code == 422
    assert answer.json()["fields"] == {
        "text": "“诉求内容”没有填写",
        "order": "“工单编号”只能有文字、数字和 - . / 等符号，中间不能有空格",
        "place": "“所属社区或网格”找不到“银河社区”：写社区名称（可加网格名称）或区划代码，"
        "且须在可导入的范围内",
        "category": "“诉求类别”没有填写，也没有设定归入哪一类",
        "due_at": "“要求办结时间”“明天”不是日期，请写作 2026-11-30 17:30",
    }
    for body, said in (
        ({"event": "delete"}, "须为以下之一：new、urge、supplement、withdraw、rating"),
        ([1], "须为一个 JSON 对象"),
        ({"event": ["new"]}, "须为以下之一"),
    ):
        assert said in next(iter(push(body).json()["fields"].values()))
    rating = push({"event": "rating", "order": "W1", "solved": "yes", "stars": 9})
    assert rating.json()["fields"] == {
        "solved": "“是否解决”须为 true 或 false",
        "stars": "“满意度”须为 1 到 5 的整数",
    }
    assert push({"event": "supplement", "order": "W1", "text": "x" * 501}).status_code == 422
    assert push({"event": "urge", "order": "W1"}).status_code == 404
    assert not Issue.objects.exists()


def test_words_no_store_takes_are_no_fault_of_ours(push):
    answer = push(order(text="灯\u0000不亮\ud83d了", title="\u0000"))
    assert answer.status_code == 201
    assert Issue.objects.get().description == "灯不亮了"


def test_who_forges_often_or_pushes_too_fast_has_to_wait(push, monkeypatch):
    monkeypatch.setattr(hook, "FORGED_PER_MINUTE", 2)
    with time_machine.travel(timezone.now(), tick=False):
        assert [push(order(), key="x").status_code for _n in range(3)] == [401, 401, 429]
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        monkeypatch.setattr(hook, "PER_MINUTE", 1)
        assert push(order("W001")).status_code == 201
        slow = push(order("W002"))
    assert (slow.status_code, slow["Retry-After"]) == (429, "60")


def test_a_failure_of_ours_is_not_remembered_as_an_answer(push, monkeypatch, client):
    def broken(*_given):
        raise RuntimeError

    client.raise_request_exception = False
    monkeypatch.setitem(hook.EVENTS, "new", broken)
    assert push(order(), delivery="delivery-1").status_code == 500
    monkeypatch.undo()
    assert push(order(), delivery="delivery-1").status_code == 201


# --- events ----------------------------------------------------------------------------------


def test_an_order_known_by_its_number_is_not_taken_in_again(push):
    push(order("W001"))
    number = Issue.objects.get().number
    answer = push(order("W001", text="换了说法"))
    assert answer.status_code == 409
    assert answer.json() == {
        "error": f"工单 W001 已经接收，本平台编号 {number}",
        "number": number,
    }


def test_urging_counts_and_is_passed_on_without_the_caller(push, hotline):
    push(order("W001"))
    answer = push({"event": "urge", "order": "W001", "text": "王建国又来电催问"})
    assert answer.status_code == 200
    assert answer.json()["urged"] == 1
    [urged, _posted] = loop.told(hotline.li)
    assert "催办" in urged.title
    assert "来电人又来电催问" in urged.text
    again = push({"event": "urge", "order": "W001"})
    assert again.status_code == 409
    assert "今天已经催过" in again.json()["error"]


def test_a_supplement_is_a_step_that_those_at_work_are_told_of(push, hotline):
    push(order("W001"))
    issue = loop.to_state(hotline, "in_progress", issue=Issue.objects.get())
    answer = push({"event": "supplement", "order": "W001", "text": "王建国说灯泡型号是E27"})
    assert answer.status_code == 200
    step = issue.steps.get(verb="supplement")
    assert step.data["note"] == "来电人说灯泡型号是E27"
    assert step.actor == hotline.hotline.account
    assert loop.told(hotline.wu).first().text == "来电人说灯泡型号是E27"


def test_an_order_is_withdrawn_until_somebody_was_sent(push, hotline):
    push(order("W001"))
    answer = push({"event": "withdraw", "order": "W001", "reason": "来电人表示已自行解决"})
    assert (answer.status_code, answer.json()["state_code"]) == (200, "not_accepted")
    issue = Issue.objects.get()
    assert issue.steps.get(verb="withdraw").reason == "来电人表示已自行解决"
    assert issue.order.withdrawn_at is not None

    push(order("W002"))
    second = Issue.objects.latest("pk")
    loop.to_state(hotline, "dispatched", issue=second)
    late = push({"event": "withdraw", "order": "W002", "reason": "不办了"})
    assert late.status_code == 409
    assert "不能“撤单”" in late.json()["error"]


def test_what_the_caller_said_afterwards_is_the_rating(push, hotline):
    push(order("W001"))
    issue = loop.to_state(hotline, "closed", issue=Issue.objects.get())
    answer = push({"event": "rating", "order": "W001", "solved": True, "stars": 5, "comment": "好"})
    assert (answer.status_code, answer.json()["state_code"]) == (200, "rated")
    issue.refresh_from_db()
    assert (issue.solved, issue.stars, issue.rating_comment) == (True, 5, "好")


def test_not_solved_reopens_once_with_its_reason(push, hotline):
    push(order("W001"))
    rating = {"event": "rating", "order": "W001", "solved": False, "stars": 1}
    early = push({**rating, "comment": "没人来"})
    assert early.status_code == 409
    issue = loop.to_state(hotline, "closed", issue=Issue.objects.get())
    assert "评价内容" in push(rating).json()["fields"]["comment"]
    answer = push({**rating, "comment": "第二天又不亮了"})
    assert answer.json()["state_code"] == "reopened"
    issue.refresh_from_db()
    assert (issue.reopened_count, issue.steps.latest("pk").reason) == (1, "第二天又不亮了")


def test_only_the_partner_itself_supplements_and_withdraws(push, hotline):
    push(order("W001"))
    mine = loop.post(hotline)
    issue = Issue.objects.get(order__number="W001")
    for who in (hotline.wang, hotline.li, hotline.wu):
        for verb in ("supplement", "withdraw"):
            with pytest.raises(NotAllowed):
                handling.advance(issue, verb, by=who, note="x", reason="x")
    with pytest.raises(NotAllowed):
        handling.advance(mine, "withdraw", by=hotline.wang, reason="不报了")


# --- the recipe of the docs ------------------------------------------------------------------


def test_the_recipe_of_the_docs_signs_as_we_check(client, hotline):
    """The shell lines of docs/hotline.md run here, word for word, up to the request."""
    docs = Path(settings.BASE_DIR, "docs", "hotline.md").read_text("utf-8")
    [script] = re.findall(r"```sh\n(.*?)curl", docs, re.S)
    script = script.replace("SECRET='…'", f"SECRET='{hotline.key}'")
    script += '\nprintf "%s\\n" "$TIMESTAMP" "$DELIVERY" "$SIGNATURE" "$BODY"'
    ran = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    timestamp, delivery, signature, body = ran.stdout.splitlines()
    expected = hmac.new(
        hotline.key.encode(), f"in.{timestamp}.{delivery}.{body}".encode(), hashlib.sha256
    )
    assert signature == f"sha256={expected.hexdigest()}"
    answer = client.post(
        reverse("grids:hook", args=["12345"]),
        body.encode(),
        content_type="application/json",
        headers={
            "X-Linli-Timestamp": timestamp,
            "X-Linli-Delivery": delivery,
            "X-Linli-Signature": signature,
        },
    )
    assert answer.status_code == 201, answer.content.decode()
