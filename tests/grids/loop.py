"""Taking an issue through the loop in tests: each step by whoever's it is."""

from datetime import timedelta

from django.utils import timezone

from grids import handling
from grids.models import Category, Issue
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


def to_state(street, state, *, issue=None, lead=None) -> Issue:
    """A fresh issue, taken along the straight road to ``state``."""
    issue = issue or post(street)
    lead = lead or street.property_company
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
