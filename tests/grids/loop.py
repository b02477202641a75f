"""Taking an issue through the loop in tests: each step by whoever's it is."""

import uuid
from datetime import timedelta

from django.utils import timezone

from grids import handling
from grids.models import Category, Issue, State
from inbox.models import Channel, Message
from tests.grids import pictures as drawn

WORDS = "3栋2单元感应灯不亮。晚上七点后楼梯间全黑，老人上下楼要打手电。"


def category(name="物业维修"):
    return Category.objects.get(name=name)


def post(street, *, reporter=None, kind="物业维修", text=WORDS, **more) -> Issue:
    return handling.post(
        reporter=reporter or street.wang,
        category=category(kind),
        area=more.pop("area", street.grid),
        text=text,
        **more,
    )


def file(issue, by, **more):
    given = {
        "category": issue.category,
        "level": issue.level,
        "public_title": "楼道感应灯不亮",
        "public_summary": "楼梯间夜里全黑",
        **more,
    }
    return handling.advance(issue, "file", by=by, **given)


def draft(street, *, reporter=None, **more) -> Issue:
    """Kept, not handed in: no number yet."""
    issue = Issue(
        number=f"draft-{uuid.uuid4().hex[:12]}",
        state=State.DRAFT,
        reporter=reporter or street.wang,
        category=category(),
        area=street.grid,
        title="楼道灯不亮",
        description=WORDS,
        level="L2",
        **more,
    )
    handling.flow.open(issue, by=issue.reporter, verb="draft")
    return issue


def to_state(street, state, *, issue=None, lead=None) -> Issue:
    """A fresh issue, taken along the straight road to ``state``, then off it where need be."""
    lead = lead or street.property_company
    if state == State.DRAFT:
        return issue or draft(street)
    issue = issue or post(street)
    leave = {
        State.MERGED: ("submitted", _merge),
        State.NOT_ACCEPTED: ("submitted", _not_accept),
        State.OBJECTED: ("submitted", _object),
        State.RETURNED: ("dispatched", _send_back),
        State.PAUSED: ("in_progress", _pause),
        State.ESCALATED: ("in_progress", _escalate),
        State.ARCHIVED: ("rated", _archive),
    }
    if state in leave:
        before, step = leave[state]
        step(street, _straight(street, before, issue, lead))
        issue.refresh_from_db()
        return issue
    return _straight(street, state, issue, lead)


def _merge(street, issue):
    handling.advance(issue, "merge", by=street.sun, parent=post(street, reporter=street.qian))


def _not_accept(street, issue):
    given = {
        "refusal_code": "other_route",
        "right_channel": "人民法院诉讼",
        "reason": "属于合同纠纷",
    }
    handling.advance(issue, "not_accept", by=street.sun, **given)


def _object(street, issue):
    _not_accept(street, issue)
    handling.advance(issue, "object", by=street.wang, reason="是公共楼道，不是合同的事")


def _send_back(street, issue):
    handling.advance(issue, "send_back", by=street.wu, reason="线路归供电所管")


def ask_delay(street, issue, kind="pause", **more):
    given = {"reason_code": "parts", "reason": "灯具要从厂家调货", "kind": kind, **more}
    return handling.advance(issue, "ask_delay", by=street.wu, **given)


def _pause(street, issue):
    ask_delay(street, issue)
    handling.advance(issue, "grant_delay", by=street.chen)


def _escalate(street, issue):
    handling.advance(issue, "escalate", by=street.wu, reason="整栋线路老化，要街道协调")


def _archive(street, issue):
    later = issue.closed_at + timedelta(days=45)
    handling.advance(issue, "archive", by=None, at=later)


def _straight(street, state, issue, lead):
    road = [
        ("filed", lambda: file(issue, street.li)),
        ("dispatched", lambda: handling.advance(issue, "dispatch", by=street.li, lead=lead)),
        ("in_progress", lambda: handling.advance(issue, "sign", by=street.wu)),
        (
            "handled",
            lambda: handling.advance(
                issue, "report", by=street.wu, result="已换新灯", no_photo_reason="夜间拍不清"
            ),
        ),
        ("closed", lambda: handling.advance(issue, "verify", by=street.sun, how="on_site")),
        ("rated", lambda: handling.advance(issue, "rate", by=street.wang, solved=True, stars=5)),
        (
            "reopened",
            lambda: handling.advance(
                issue, "reopen", by=street.wang, reason="又不亮了", solved=False, stars=2
            ),
        ),
    ]
    done = [reached for reached, _step in road].index(issue.state) + 1 if issue.filed_at else 0
    for reached, step in road[done:]:
        if issue.state == state:
            break
        if state == "reopened" and reached == "rated":
            continue
        step()
    issue.refresh_from_db()
    return issue


def late_post(street, days=20) -> Issue:
    """Posted so long ago that every promise is past."""
    return post(street, text="围墙裂缝能伸进手指", at=timezone.now() - timedelta(days=days))


def pictures(count=1):
    return drawn.ready(count)


def told(person):
    """Messages on the site, the newest first."""
    return Message.objects.filter(
        deliveries__person=person, deliveries__channel=Channel.SITE
    ).order_by("-pk")
