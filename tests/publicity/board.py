"""Notices and disclosures for tests, by whoever's place it is to publish them."""

from datetime import datetime, timedelta

from django.utils import timezone

from inbox.models import Channel, Message
from publicity import disclosures, notices


def at(text: str) -> datetime:
    """ "2026-09-18 10:00", local time."""
    return timezone.make_aware(datetime.fromisoformat(text))


def ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def notice(street, **more) -> notices.Notice:
    given = {
        "kind": "general",
        "subject": f"test:{notices.Notice.objects.count()}",
        "title": "九月便民服务积分名单",
        "body": "按积分管理办法汇总，请大家核对。",
        "area": street.community,
        "organization": street.committee,
        "by": street.sun,
        **more,
    }
    return notices.publish(**given)


def to_state(street, state, **more) -> notices.Notice:
    """A notice whose window is over, taken to ``state`` by others than its publisher."""
    found = notice(street, at=ago(30), **more)
    if state in {"objected", "answered"}:
        mine = notices.object(found, text="第三行分数不对", by=street.wang, at=ago(29))
        if state == "answered":
            notices.answer(
                mine, answer="已核对，无误", is_accepted=False, by=street.chen, at=ago(28)
            )
    elif state == "closed":
        notices.close(found, result="upheld", by=street.sun)
    elif state == "withdrawn":
        notices.withdraw(found, reason="发错了", by=street.sun)
    found.refresh_from_db()
    assert found.state == state
    return found


def disclosure(street, **more) -> disclosures.Disclosure:
    given = {
        "kind": "finance",
        "area": street.community,
        "organization": street.committee,
        "period": "2026-09",
        "title": "九月居务收支",
        "table": {"columns": ["项目", "金额（元）"], "rows": [["公益活动", "320"]]},
        "by": street.sun,
        **more,
    }
    return disclosures.publish(**given)


def told(person) -> list[str]:
    """Titles of what was told to a person on the site, oldest first."""
    found = Message.objects.filter(
        deliveries__person=person, deliveries__channel=Channel.SITE
    ).order_by("pk")
    return list(found.values_list("title", flat=True))
