"""Notices and disclosures of the demo street, by the verbs; with some bad news.

One objection was answered and the notice corrected, one is answered too late by now, one notice
was withdrawn; one disclosure came late, one was corrected, one is missing. All texts and people
are invented.
"""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from orgs import access
from orgs.models import Area, AreaLevel, Organization, OrganizationKind, Person, Residence
from publicity import disclosures, notices, telling
from publicity.models import Disclosure, DisclosureReads, Every, Notice, NoticeReads
from rules import calendar

K = OrganizationKind
PARTY = (K.COMMUNITY_COMMITTEE, K.GENERAL_BRANCH, K.COMMUNITY_BRANCH)
POINTS = {
    "columns": ["序号", "姓名", "事由", "积分"],
    "rows": [
        ["1", "王明", "小区清洁日", "20"],
        ["2", "李芳", "助老送餐 4 次", "40"],
        ["3", "赵强", "夜间巡逻 3 次", "30"],
        ["4", "钱丽", "反诈宣传", "10"],
        ["5", "孙杰", "清除楼道杂物", "20"],
    ],
}
FINANCE = [
    ("惠民资金：助老餐补贴", "3200"),
    ("惠民资金：楼道灯更换", "1860"),
    ("公益活动：邻里节", "940"),
    ("收入：场地志愿服务捐赠", "600"),
]
AFFAIRS = [
    ("居民代表会议", "1 次，47 人到会"),
    ("议事协商", "3 件，已办 2 件"),
    ("便民服务日", "4 次"),
]


def seed_publicity(world, rng, today: date) -> int:
    """Write the demo's notices and disclosures; how many there are then.

    ``world`` carries ``street`` (Area) and ``resident`` (the Person of the demo account, whose
    objection was taken up). Does nothing when there are notices already.
    """
    if not Notice.objects.exists():
        now = min(timezone.now(), _at(today, 23))
        within = Area.objects.open().within(world.street)
        communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
        home = _home_of(world.resident, communities)
        with calendar.steady(), transaction.atomic(), telling.silently():
            _notices(world, home, [c for c in communities if c != home], now)
            for number, community in enumerate(communities):
                _disclosures(
                    community, rng, today, now, has_bad_news=number == len(communities) - 1
                )
            _reads(rng, today)
    return Notice.objects.count() + Disclosure.objects.count()


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone())


def _home_of(resident, communities: list[Area]) -> Area:
    lived = Residence.objects.verified().filter(person=resident)
    path = lived.values_list("household__area_path", flat=True).first() or ""
    return next((one for one in communities if path.startswith(one.path)), communities[0])


def _who(right: str, area: Area, *, but=()) -> Person:
    """The nearest who may, others than ``but``."""
    return access.ladder(right, area.path, excluding=[person.pk for person in but])[0][0]


def _body(area: Area, *kinds: str) -> Organization:
    found = Organization.objects.open().filter(area=area, kind__in=kinds)
    return found.order_by("pk").first()


def _neighbours(area: Area, *, but) -> list[Person]:
    lived = Residence.objects.verified().filter(household__area_path__startswith=area.path)
    ids = lived.exclude(person__in=but).order_by("pk").values_list("person", flat=True)[:40]
    busy = {
        person.pk
        for right in (notices.PUBLISH, notices.ANSWER)
        for rung in access.ladder(right, area.path)
        for person in rung
    }
    return list(Person.objects.filter(pk__in=set(ids) - busy).order_by("pk")[:3])


# --- notices -------------------------------------------------------------------------------------


def _notices(world, home: Area, others: list[Area], now: datetime) -> None:
    resident, committee = world.resident, _body(home, K.RESIDENTS_COMMITTEE)
    publisher = _who(notices.PUBLISH, home)
    answerer = _who(notices.ANSWER, home, but=[publisher, resident])
    here = {"kind": "general", "area": home, "organization": committee, "by": publisher}
    second, third, *_more = [*_neighbours(home, but=[resident]), resident, resident]

    def days(n: int) -> datetime:
        return now - timedelta(days=n)

    notices.publish(
        **here,
        subject="demo:points",
        title="本季度志愿服务积分名单",
        body="按本社区积分管理办法汇总，公示期内请大家核对。",
        table=POINTS,
        at=days(2),
    )
    running = notices.publish(
        **here,
        subject="demo:canteen",
        title="长者食堂补贴对象初核名单",
        body="七十周岁以上、在本社区居住满一年的老人，每人每餐补贴两元。",
        table={
            "columns": ["序号", "姓名", "年龄段"],
            "rows": [["1", "周桂兰", "80—84"], ["2", "吴德福", "75—79"], ["3", "郑秀英", "70—74"]],
        },
        at=days(3),
    )
    notices.object(running, text="名单里少了我母亲，她上个月已交过材料。", by=second, at=days(1))

    corrected = notices.publish(
        **here,
        subject="demo:points-before",
        title="上季度志愿服务积分名单",
        body="按本社区积分管理办法汇总。",
        table=POINTS,
        at=days(75),
    )
    mine = notices.object(
        corrected, text="第三行夜间巡逻是五次，不是三次，值班表上有签名。", by=resident, at=days(73)
    )
    notices.answer(
        mine,
        answer="查过值班表，确为五次，补记二十分。",
        is_accepted=True,
        by=answerer,
        at=days(71),
    )
    notices.close(
        corrected,
        result="corrected",
        correction="第三行更正为：夜间巡逻 5 次，50 分。",
        by=publisher,
        at=days(60),
    )
    upheld = notices.publish(
        **here,
        subject="demo:parking",
        title="小区错峰车位登记结果",
        body="登记车位二十个，按报名先后排序，轮候名单见居委会公告栏。",
        at=days(50),
    )
    theirs = notices.object(upheld, text="排在前面的有两户是同一家的。", by=third, at=days(49))
    notices.answer(
        theirs,
        answer="两户门牌不同、车辆不同，均符合登记办法，维持原结果。",
        is_accepted=False,
        by=answerer,
        at=days(47),
    )
    notices.close(upheld, result="upheld", by=publisher, at=days(36))
    wrong = notices.publish(
        **here, subject="demo:wrong", title="楼道粉刷排期", body="从本周六开始。", at=days(20)
    )
    notices.withdraw(wrong, reason="施工单位改期，重新安排后再公示。", by=publisher, at=days(19))
    notices.publish(
        kind="decision",
        subject="demo:decision",
        title="老旧楼道照明改造决议",
        body="居民代表会议表决通过：到会 47 人，同意 41 人，经费从惠民资金列支。",
        area=home,
        organization=committee,
        by=publisher,
        at=days(4),
    )
    for number, area in enumerate(others[:3]):
        by = _who(notices.PUBLISH, area)
        found = notices.publish(
            kind="general",
            subject=f"demo:elsewhere:{number}",
            title=("年度优秀志愿者候选名单", "网格微调方案", "社区用房开放时间")[number],
            body=(
                "经小组推荐、社区复核，现予公示。",
                "为方便上门服务，相邻两栋楼划入同一网格，网格员不变。",
                "周一至周六开放到晚上八点，周日上午开放。",
            )[number],
            area=area,
            organization=_body(area, K.RESIDENTS_COMMITTEE),
            by=by,
            at=days((24, 30, 1)[number]),
        )
        neighbours = _neighbours(area, but=[by])
        if number == 0 and neighbours:  # nobody has answered it in time
            notices.object(found, text="候选人里没有我们楼的。", by=neighbours[0], at=days(22))
    office = _body(world.street, K.SUBDISTRICT_OFFICE)
    notices.publish(
        kind="general",
        subject="demo:street",
        title="今冬明春惠民项目清单",
        body="各社区居民议事会提出，街道汇总，共十二项，投资和完成时间见各社区公告栏。",
        area=world.street,
        organization=office,
        by=_who(notices.PUBLISH, world.street),
        at=days(1),
    )
    notices.close_due(now)


# --- disclosures ---------------------------------------------------------------------------------


def _disclosures(area: Area, rng, today: date, now: datetime, *, has_bad_news: bool) -> None:
    committee = _body(area, K.RESIDENTS_COMMITTEE)
    plans = [("finance", Every.MONTH, committee), ("community_affairs", Every.QUARTER, committee)]
    if (party := _body(area, *PARTY)) is not None:
        plans.append(("party_affairs", Every.HALF_YEAR, party))
    made = [
        disclosures.schedule(
            kind=kind,
            area=area,
            organization=body,
            every=every,
            starts_on=_months_ago(today, 7 if every == Every.HALF_YEAR else 4),
            by=_who(disclosures.PUBLISH, area),
        )
        for kind, every, body in plans
    ]
    disclosures.make_due(today)
    by = _who(disclosures.PUBLISH, area)
    owed = Disclosure.objects.filter(schedule__in=made).order_by("due_on", "kind")
    finance = [row for row in owed if row.kind == "finance"]
    late = finance[-2] if has_bad_news else None
    missing = finance[-1] if has_bad_news else None
    for row in owed:
        at = _at(row.due_on - timedelta(days=rng.randint(1, 5)), rng.randint(9, 17))
        if row == late:
            at = _at(row.due_on + timedelta(days=6), 10)
        if row == missing or at > now:
            continue
        done = _publish(row, rng, by, at)
        if has_bad_news and row == finance[0]:
            _correct(done, by, at + timedelta(days=9))
    disclosures.mark_late(today)


def _months_ago(day: date, n: int) -> date:
    month = day.year * 12 + day.month - 1 - n
    return date(month // 12, month % 12 + 1, 1)


def _publish(row: Disclosure, rng, by, at: datetime) -> Disclosure:
    lines = FINANCE if row.kind == "finance" else AFFAIRS
    table = None
    if row.kind == "finance":
        rows = [[what, str(int(amount) + rng.randrange(0, 400, 20))] for what, amount in lines]
        table = {"columns": ["项目", "金额（元）"], "rows": rows}
    elif row.kind == "community_affairs":
        table = {"columns": ["工作", "情况"], "rows": [list(line) for line in lines]}
    texts = {
        "finance": "收支由居务监督委员会核对。",
        "community_affairs": "本季度主要工作。",
        "party_affairs": "支部主题党日六次，党员到社区报到服务累计三百余人次，党费收缴已核对。",
    }
    return disclosures.publish(
        kind=row.kind,
        area=row.area,
        organization=row.organization,
        period=row.period,
        title=disclosures.name_of(row),
        text=texts[row.kind],
        table=table,
        by=by,
        at=at,
    )


def _correct(row: Disclosure, by, at: datetime) -> None:
    rows = [list(line) for line in row.table["rows"]]
    rows[2][1] = str(int(rows[2][1]) + 180)
    disclosures.correct(
        row,
        table={"columns": row.table["columns"], "rows": rows},
        what="公益活动一项的金额",
        why="漏记一张 180 元的场地布置发票。",
        by=by,
        at=at,
    )


def _reads(rng, today: date) -> None:
    """Some readings, most on the first days."""
    for model, ids in (
        (NoticeReads, Notice.objects.values_list("pk", flat=True)),
        (DisclosureReads, Disclosure.objects.published().values_list("pk", flat=True)),
    ):
        model.objects.bulk_create(
            model(of_id=pk, day=today - timedelta(days=day), count=rng.randint(3, 60))
            for pk in ids
            for day in range(3)
        )
