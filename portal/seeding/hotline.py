"""12345 in the demo: a partner of the street, its orders of the last days, and one that waits.

Nothing leaves the house: the partner has no callback address. All callers are invented.
"""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from grids import handling, telling
from grids.hotline import importing, orders, partners, signatures
from grids.hotline.mapping import Reader
from grids.models import Category, Partner
from orgs import access
from orgs.models import Area, AreaLevel
from rules import calendar

CODES = {"010203": "物业维修", "020101": "噪声扰民", "030301": "环境卫生"}
# Days ago, what was said, their category, days the partner gives, the caller, confidential or not.
# All but the last are filed.
CALLS = (
    (3, "地库出口坡道积水结冰，早上有人滑倒", "010203", 5, ("唐女士", "10000007001"), ""),
    (2, "楼下棋牌室夜里十二点还在营业，影响休息", "020101", 5, ("夏先生", "10000007002"), "是"),
    (1, "垃圾亭两天没有清运，味道很大", "030301", 3, ("贺先生", "10000007003"), ""),
    (1, "路灯一排都不亮，晚上看不清台阶", "010203", 2, ("尹女士", "10000007004"), ""),
)
WAITING = """工单编号,诉求内容,所属社区,诉求类别,来电时间,要求办结时间,来电人,来电号码
{day}-101,单元门闭门器坏了，关门声音很大,{place},010203,{day} 08:20,,邓先生,10000007005
{day}-102,健身器材螺丝松动,{place},010203,{day} 09:10,明天以前,孟女士,10000007006
{day}-103,楼道堆放杂物,银河社区,030301,{day} 10:05,,鲁先生,10000007007
"""


def seed_hotline(world, rng, today: date) -> int:
    """Write the partner, its orders and a file that waits to be confirmed; how many orders.

    ``world`` carries ``street`` (Area). Does nothing when there are partners already.
    """
    within = Area.objects.open().within(world.street)
    communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
    operator = access.holders(importing.RIGHT, area=world.street).order_by("pk").first()
    if Partner.objects.exists() or operator is None or not communities:
        return 0
    known = dict(Category.objects.values_list("name", "code"))
    fallback = Category.objects.get(name="其他事项")
    with calendar.steady(), transaction.atomic(), telling.silently():
        partner = partners.found(
            code="12345",
            name="市12345热线",
            area=world.street,
            by=operator,
            categories={code: known[name] for code, name in CODES.items() if name in known},
            other_category=fallback,
        )
        signatures.rotate(partner, by=operator, after=None)
        for number, call in enumerate(CALLS):
            order = _take_in(partner, call, number + 1, rng.choice(communities), today)
            if number + 1 < len(CALLS):
                _file(order.issue, operator)
        content = WAITING.format(day=today.isoformat(), place=communities[0].name).encode()
        importing.upload(partner, content=content, file_name="12345工单.csv", by=operator)
    return len(CALLS)


def _file(issue, operator) -> None:
    handling.advance(
        issue,
        "file",
        by=operator,
        at=issue.reported_at + timedelta(hours=1),
        category=issue.category,
        level=issue.level,
    )


def _take_in(partner, call, number: int, community, today: date):
    ago, text, code, given, (name, phone), confidential = call
    at = timezone.make_aware(datetime.combine(today - timedelta(days=ago), time(9, 30)))
    incoming, errors = Reader(partner, [community.code]).read(
        {
            "number": f"{today:%Y%m%d}-{number:03}",
            "text": text,
            "place": community.code,
            "category": code,
            "called_at": f"{at:%Y-%m-%d %H:%M}",
            "due_at": f"{at + timedelta(days=given):%Y-%m-%d}",
            "caller_name": name,
            "caller_phone": phone,
            "confidential": confidential,
        }
    )
    if incoming is None:
        raise ValueError(errors)
    return orders.take_in(partner, incoming, at=at)
