"""Each step tells whom it concerns, once, and never who the reporter is."""

import pytest

from grids import handling, telling
from inbox.models import Channel, Delivery, Message
from tests.grids import loop

pytestmark = pytest.mark.django_db

CAST = ["wang", "li", "sun", "zhou", "wu", "chen", "zhao", "qian", "zheng"]


def told_since(street, mark):
    """(name, title) of every new message on the site."""
    new = Delivery.objects.filter(message__pk__gt=mark, channel=Channel.SITE)
    names = {getattr(street, name).pk: name for name in CAST}
    return {
        (names[delivery.person_id], delivery.message.title.replace("：", " ").split()[0])
        for delivery in new.select_related("message")
    }


def mark():
    return Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def test_every_step_tells(street):
    here = mark()
    issue = loop.post(street)
    assert told_since(street, here) == {("wang", "已收到您反映的事项"), ("li", "待立案")}

    here = mark()
    handling.advance(issue, "acknowledge", by=street.li)
    assert told_since(street, here) == {("wang", "网格员已看到您反映的事项")}

    here = mark()
    loop.file(issue, street.li)
    assert told_since(street, here) == {("wang", "您反映的事项")}

    here = mark()
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    assert told_since(street, here) == {("wang", "您反映的事项"), ("wu", "待签收")}

    here = mark()
    handling.advance(issue, "sign", by=street.wu)
    assert told_since(street, here) == {("wang", "您反映的事项")}

    here = mark()
    handling.advance(issue, "contact", by=street.wu, note="约了明天")
    assert told_since(street, here) == {("wang", "承办人已记录与您联系")}

    here = mark()
    handling.advance(issue, "note", by=street.li, note="记得拍照")
    assert told_since(street, here) == {("wu", "有新的工作记录")}

    here = mark()
    handling.advance(issue, "note", by=street.wu, note="灯已订货", for_reporter=True)
    assert told_since(street, here) == {("wang", "关于您反映的事项")}

    here = mark()
    report = {"result": "已换灯", "no_photo_reason": "夜间"}
    handling.advance(issue, "report", by=street.wu, **report)
    assert told_since(street, here) == {("wang", "您反映的事项"), ("li", "待核验")}

    here = mark()
    handling.advance(issue, "rework", by=street.li, reason="三楼还不亮")
    assert told_since(street, here) == {("wang", "您反映的事项"), ("wu", "返工")}

    handling.advance(issue, "report", by=street.wu, **report)
    here = mark()
    handling.advance(issue, "verify", by=street.sun, how="on_site")
    assert told_since(street, here) == {("wang", "您反映的事项"), ("wu", "已核验办结")}

    here = mark()
    handling.advance(issue, "reopen", by=street.wang, solved=False, stars=1, reason="又坏了")
    assert told_since(street, here) == {
        ("wang", "您反映的事项"),
        ("chen", "重新办理，请派单"),
        ("wu", "反映人要求重新办理"),
    }


def test_a_rating_is_told_to_those_who_did_it(street):
    issue = loop.to_state(street, "closed")
    here = mark()
    handling.advance(issue, "rate", by=street.wang, solved=True, stars=5, comment="谢谢")
    assert told_since(street, here) == {("wu", "收到评价"), ("sun", "收到评价")}


def test_a_street_matter_waits_for_the_street(street):
    issue = loop.post(street, kind="房屋安全", text="外墙瓷砖松动")
    here = mark()
    loop.file(issue, street.li)
    assert told_since(street, here) == {("wang", "您反映的事项"), ("chen", "待派单")}


def test_messages_lead_to_the_issue_and_name_nobody(street):
    issue = loop.to_state(street, "reopened")
    messages = Message.objects.all()
    assert {message.url for message in messages} == {issue.get_absolute_url()}
    to_workers = messages.exclude(deliveries__person=street.wang)
    assert to_workers.exists()
    for message in to_workers:
        assert "王" not in message.title + message.text


def test_a_seed_tells_nobody(street):
    with telling.silently():
        loop.to_state(street, "rated")
    assert not Message.objects.exists()


def test_what_is_kept_says_the_day_and_not_tomorrow(street):
    """A message is read days later, when its 明天 is long past."""
    issue = loop.post(street)
    loop.file(issue, street.li)
    handling.advance(issue, "dispatch", by=street.li, lead=street.property_company)
    handling.advance(issue, "sign", by=street.wu)
    kept = [message.text for message in Message.objects.all()]
    kept += [step.clock_effect for step in issue.steps.all()]
    assert any("月" in text for text in kept)
    for text in kept:
        assert not any(word in text for word in ("今天", "昨天", "明天")), text
