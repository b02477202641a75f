"""Issues of the demo street: thirty of ``data/demo_lists.json`` in every state, a year more.

The thirty go through the verbs like any other. The rest are written in bulk, with the same steps,
clocks and ratings the verbs would leave. Some bad news is kept: late ones, rework, one that no
department takes. All texts and people are invented.
"""

import io
import json
import math
import uuid
from collections import Counter
from contextlib import nullcontext
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from grids import deidentify, dispatch, handling, limits, numbers, photos, telling
from grids.models import (
    Category,
    ClockKind,
    Issue,
    IssueClock,
    IssueStep,
    Level,
    NumberCount,
    Source,
    State,
    Urgency,
)
from orgs.models import Area, AreaLevel, Person, Residence
from rules import calendar, clocks, profiles
from rules.models import Clock

PREFIX = "QT"
PER_GRID, MOST = 8, 360  # issues of the year before
URGENCY = {"一般": Urgency.NORMAL, "较急": Urgency.PRESSING, "紧急": Urgency.URGENT}

# For each of the thirty: days ago, state it has reached, and what is special about it.
FATES = [
    (1, "in_progress", {}),
    (3, "closed", {}),
    (6, "rated", {"stars": 5}),
    (2, "dispatched", {}),
    (8, "reopened", {"stars": 2, "why": "第二天晚上又停了四辆，贴的提示没有人看。"}),
    (9, "handled", {"late": True}),
    (14, "in_progress", {"late": True}),
    (0, "submitted", {}),
    (9, "rated", {"stars": 4}),
    (24, "closed", {"late": True}),
    (5, "rated", {"stars": 3}),
    (7, "in_progress", {"rework": "音量降了两天，周末又超过时间。"}),
    (2, "in_progress", {}),
    (15, "rated", {"stars": 5}),
    (25, "closed", {}),
    (1, "dispatched", {}),
    (1, "in_progress", {}),
    (0, "filed", {}),
    (3, "handled", {}),
    (30, "in_progress", {"late": True}),
    (14, "filed", {"late": True}),
    (16, "in_progress", {"stars": 1, "why": "只回复“已了解”，没有说什么时候表决。", "again": True}),
    (3, "in_progress", {}),
    (40, "rated", {"stars": 2, "solved": True, "late": True}),
    (0, "in_progress", {}),
    (2, "rated", {"stars": 5}),
    (4, "handled", {}),
    (18, "closed", {}),
    (11, "dispatched", {"late": True}),
    (60, "rated", {"stars": 4}),
]
RESULTS = {
    "物业维修": "已更换感应灯和开关，夜间试过，走动能亮。",
    "市政排水": "已抽排疏通，井盖复位，冲洗了地面，并约定每季度清掏一次。",
    "消防通道": "已和住户一起清走杂物，通道恢复畅通，张贴了提示。",
    "消防安全": "已上门说明危险，电池搬出，楼下充电位已经通电可用。",
    "道路设施": "已更换井盖并加防响垫圈，周边补平。",
    "环境卫生": "已清运并冲洗，调整了周末清运班次。",
    "油烟噪声": "已责令加装净化设备，约定二十二点半后不在室外经营。",
    "噪声扰民": "已上门沟通，约定了时间和音量，夜间回访正常。",
    "邻里纠纷": "双方已当面谈好办法，接了导水管，互相留了联系方式。",
    "文明养犬": "已劝导养犬住户，增设拾便箱，早晚有志愿者巡查。",
    "物业服务": "已张贴收支明细，物业在院内答疑一次。",
    "停车管理": "已重新划线，夜间登记错峰车位二十个。",
    "停车充电": "已列入业主表决事项，先在东侧装两个公共插座。",
    "民生关爱": "已上门看望，人平安，手机没电；已登记每日问候。",
    "无障碍": "已移走单车并划出禁停线，坡道可以通行。",
    "公共设施": "已先围挡，次日更换螺丝并打磨边角。",
    "一老一小": "已联系志愿者，驿站周一至周五开放到十八点。",
    "新就业群体": "已开放驿站饮水和充电，十一点到十四点有人值守。",
    "防汛应急": "已抽排完毕，水泵修复，入口加了挡水板。",
    "房屋安全": "已拉警戒线，拆除松动部分，修缮方案已张贴。",
    "高空抛物": "已逐户走访并加装朝上摄像头，连续一周未再发现。",
    "特种设备": "已停用检修并更换门机板，检测合格后恢复使用。",
    "燃气安全": "已关阀检测，更换老化软管，复测无泄漏。",
    "道路照明": "已修复线路，五盏路灯全部恢复。",
}
AGAIN = [  # category, title, words, level; for the year before
    ("物业维修", "单元门禁坏了关不上", "门禁吸不住，夜里谁都能进。", "L2"),
    ("物业维修", "楼道扶手松动", "三楼拐角扶手晃，老人不敢扶。", "L1"),
    ("物业维修", "地下室照明不亮", "进门右边两盏灯坏了一周。", "L1"),
    ("物业服务", "保洁一周没来", "楼道灰很厚，问过没有回音。", "L2"),
    ("环境卫生", "垃圾桶旁堆了旧家具", "一张床垫两个柜子，占了路。", "L1"),
    ("环境卫生", "绿化带有宠物粪便", "散步的小路上到处都是。", "L1"),
    ("环境卫生", "垃圾亭污水外流", "下雨后流到人行道上。", "L1"),
    ("环境卫生", "楼顶堆放杂物", "风大时听到响，怕掉下来。", "L1"),
    ("公共设施", "健身器材踏板断裂", "漫步机左边踏板断了，孩子常去玩。", "L2"),
    ("公共设施", "凉亭座椅木条缺失", "缺了三根，露出钉子。", "L1"),
    ("消防通道", "楼道停放电动车", "一楼楼道停了四辆，出门要侧身。", "L1"),
    ("消防通道", "消防门被杂物顶住", "门打不开，堆的是纸箱。", "L1"),
    ("消防安全", "灭火器过期", "压力表指针在红区。", "L1"),
    ("市政排水", "下雨后路口积水", "水到脚面，半天不退。", "L3"),
    ("道路设施", "人行道砖松动", "踩上去溅水，有人崴了脚。", "L3"),
    ("道路照明", "巷口路灯一闪一闪", "晚上走路看不清台阶。", "L4"),
    ("噪声扰民", "楼上半夜拖家具", "连着三天过了十二点还在响。", "L1"),
    ("噪声扰民", "店铺门口喇叭循环播放", "从早八点放到晚九点。", "L1"),
    ("油烟噪声", "餐馆排烟口对着窗户", "做饭时间开不了窗。", "L4"),
    ("文明养犬", "有人傍晚遛大狗不牵绳", "孩子被吓哭两次。", "L2"),
    ("停车管理", "车堵住单元门口", "婴儿车推不出来。", "L1"),
    ("停车管理", "外来车占用居民车位", "每晚六点后都找不到位。", "L2"),
    ("停车充电", "充电桩坏了两个", "屏幕黑的，扫码没反应。", "L2"),
    ("无障碍", "坡道太陡轮椅上不去", "差一点就后仰，需要人推。", "L2"),
    ("一老一小", "想在驿站办老年食堂", "院里独居老人多，中午懒得做。", "L2"),
    ("新就业群体", "快递员找不到楼号", "楼号牌掉了，常送错。", "L1"),
    ("房屋安全", "阳台水泥块脱落", "昨天掉下一块，没砸到人。", "L3"),
    ("防汛应急", "排水沟被落叶堵住", "下大雨会漫进一楼。", "L1"),
    ("特种设备", "电梯运行有异响", "下行到三楼咯噔一下。", "L4"),
    ("其他事项", "公告栏玻璃碎了", "边上很尖，孩子够得着。", "L1"),
]
SPOTS = [
    "东门口",
    "西侧小路",
    "中心花园旁",
    "北门岗亭边",
    "2栋楼下",
    "5栋后面",
    "8栋门口",
    "车棚旁",
]
REWORK = ["照片里地面没有清完，请再去一次。", "只修了一半，另一侧还是坏的。"]
COMMENTS = ["来得很快，谢谢。", "", "办好了，辛苦了。", "", "态度很好。", "", "希望以后不用催。"]


def seed_issues(world, rng, today: date) -> int:
    """Write the demo's issues; how many there are then. ``rng``: the seed's random source.

    Reads the street from the database; ``world`` may carry ``street`` (Area) and ``resident``
    (the Person of the demo account, who gets some issues of their own).
    Does nothing when there are issues already.
    """
    if Issue.objects.exists():
        return Issue.objects.count()
    street = getattr(world, "street", None) or _street()
    now = min(timezone.now(), _at(today, time(23, 59)))
    numbers.name_series(street, PREFIX)
    with calendar.steady(), transaction.atomic():
        cast = _Cast(street, rng, getattr(world, "resident", None))
        grids = sum(len(rows) for rows in cast.grids.values())
        _year(cast, rng, now, count=min(MOST, PER_GRID * grids))
        _thirty(cast, rng, now)
    return Issue.objects.count()


def _street() -> Area:
    community = Area.objects.filter(level=AreaLevel.COMMUNITY, numchild__gt=0).first()
    return community.ancestor(AreaLevel.SUBDISTRICT)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())


class _Cast:
    """Grids, residents and workers, looked up once."""

    def __init__(self, street: Area, rng, resident):
        self.street, self.rng, self.resident = street, rng, resident
        within = Area.objects.within(street).open()
        self.communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
        self.grids = {
            community.pk: list(Area.objects.within(community).open().filter(level=AreaLevel.GRID))
            for community in self.communities
        }
        self.categories = {category.name: category for category in Category.objects.all()}
        self._residents: dict[int, list[Person]] = {}
        self._near: dict[tuple, list[Person]] = {}
        self._leads: dict[tuple, list] = {}
        self._members: dict[int, list[Person]] = {}

    def community(self, name: str) -> Area:
        for community in self.communities:
            if community.name.startswith(name):
                return community
        return self.rng.choice(self.communities)

    def residents(self, community: Area) -> list[Person]:
        if community.pk not in self._residents:
            lives = Residence.objects.verified().filter(
                household__area_path__startswith=community.path
            )
            able = Person.objects.filter(pk__in=lives.values("person"), appointments=None)
            pks = list(able.order_by("pk").values_list("pk", flat=True))
            some = self.rng.sample(pks, min(len(pks), 80))
            self._residents[community.pk] = list(Person.objects.filter(pk__in=some).order_by("pk"))
        return self._residents[community.pk]

    def reporter(self, community: Area) -> Person:
        residents = self.residents(community)
        return self.rng.choice(residents) if residents else self.resident or _anybody()

    def near(self, right: str, path: str, excluding=()) -> Person | None:
        key = (right, path, tuple(sorted(excluding)))
        if key not in self._near:
            self._near[key] = dispatch.nearest(right, path, excluding=excluding)
        return self._near[key][0] if self._near[key] else None

    def members(self, organization) -> list[Person]:
        if organization.pk not in self._members:
            self._members[organization.pk] = sorted(
                dispatch.members(organization), key=lambda person: person.pk
            )
        return self._members[organization.pk]

    def leads(self, issue: Issue, dispatcher: Person) -> list:
        """Organizations that may lead, remembered per grid, kind of category and level of desk."""
        key = (issue.area_id, issue.category_id, dispatcher.pk)
        if key not in self._leads:
            found = dispatch.candidates(issue, dispatcher)
            self._leads[key] = [one.organization for one in found]
        return self._leads[key]


def _anybody() -> Person:
    return Person.objects.filter(is_active=True).order_by("pk").first()


# --- the thirty ----------------------------------------------------------------------------------


def _thirty(cast: _Cast, rng, now: datetime) -> None:
    lists = json.loads(Path(settings.BASE_DIR, "data", "demo_lists.json").read_text("utf-8"))
    for number, (row, fate) in enumerate(zip(lists["issues"], FATES, strict=True)):
        title, words, category, level, urgency, _limit, place = row
        days, state, more = fate
        community = cast.community(place)
        own = cast.resident is not None and number in {0, 1, 20}
        reporter = cast.resident if own else cast.reporter(community)
        grid = _home(reporter, community) or rng.choice(cast.grids[community.pk])
        posted = now - timedelta(days=days, hours=rng.uniform(1, 5))
        with _telling(days <= 1 or own):
            issue = handling.post(
                reporter=reporter,
                category=cast.categories[category],
                area=grid,
                text=f"{title}。{words}",
                title=title,
                anonymous=number % 4 == 1,
                pictures=_pictures(rng, 1 + number % 2) if number % 3 == 0 else (),
                source=Source.HOTLINE if number % 7 == 6 else Source.RESIDENT,
                at=posted,
            )
            Issue.objects.filter(pk=issue.pk).update(created_at=posted)
            _lead_through(cast, rng, issue, state, level, URGENCY[urgency], more, now)


def _home(person: Person, community: Area) -> Area | None:
    residence = (
        Residence.objects.current()
        .filter(person=person, household__area_path__startswith=community.path)
        .select_related("household__area")
        .first()
    )
    return residence.household.area.ancestor(AreaLevel.GRID) if residence else None


def _telling(aloud: bool):
    return nullcontext() if aloud else telling.silently()


def _lead_through(cast, rng, issue, state, level, urgency, more, now) -> None:
    """Verb by verb to ``state``; times are spread between posting and now."""
    if state == "submitted":
        return
    verbs = ["file", "dispatch", "sign", "contact", "report", "verify", "rate"]
    ends = {"filed": 1, "dispatched": 2, "in_progress": 4, "handled": 5, "closed": 6, "rated": 7}
    road = verbs[: ends.get(state, 6)]
    if "rework" in more:
        road = [*verbs[:5], "rework"]
    if "why" in more:
        road = [*verbs[:6], "reopen"] + (["dispatch", "sign", "contact"] if "again" in more else [])
    level = level if level in Level.values else Level.L2
    moments = _moments(issue, level, road, more, now, rng)
    for verb, at in zip(road, moments, strict=True):
        issue.refresh_from_db()
        if not _step(cast, rng, issue, verb, at, level, urgency, more):
            return


def _moments(issue, level, road, more, now, rng) -> list[datetime]:
    """When each step happened: soon after the one before, the report within the limit or late."""
    at, times = issue.reported_at, []
    limit = limits.limit_of(issue.category, level, issue.clock_rules)
    wait = {"file": (20, 150), "dispatch": (5, 60), "sign": (20, 120), "contact": (10, 60)}
    for verb in road:
        if verb == "report":
            due = clocks.reckon(*limit, at).due
            share = rng.uniform(1.2, 1.6) if more.get("late") else rng.uniform(0.3, 0.7)
            at = _share(at, due, share)
        elif verb in {"rate", "reopen"}:
            at = _some_evening(at, rng, most=2)
        elif verb in {"verify", "rework"}:
            at = calendar.add_working_minutes(at, rng.randint(30, 300))
        else:
            low, high = wait[verb]
            at = calendar.add_working_minutes(at, rng.randint(low, high))
        times.append(at)
    if times and times[-1] > now:
        room = (now - timedelta(minutes=5) - issue.reported_at) / (times[-1] - issue.reported_at)
        times = [issue.reported_at + (moment - issue.reported_at) * room for moment in times]
    return times


def _step(cast, rng, issue, verb, at, level, urgency, more) -> bool:
    given = {"at": at}
    match verb:
        case "file":
            by = cast.near("grids.file_issue", issue.area_path)
            given |= {
                "category": issue.category,
                "level": level,
                "urgency": urgency,
                "public_title": deidentify.mask(issue.title),
                "public_summary": deidentify.mask(issue.description),
                "public_photos": list(issue.photos.values_list("token", flat=True)),
                "reason": "核实后按实际情况调整了层级和时限。",
            }
        case "dispatch":
            by = cast.near("grids.dispatch_issue", dispatch.node_path(issue))
            found = dispatch.candidates(issue, by) if by else []
            if not found:
                return False
            given["lead"] = found[0].organization
        case "sign":
            able = [p for p in cast.members(issue.lead) if p.pk != issue.reporter_id]
            by = rng.choice(able)
        case "contact":
            by = issue.handler
            given["note"] = "已电话联系，约好上门查看。"
        case "report":
            by = issue.handler
            given["result"] = RESULTS.get(issue.category.name, "已现场处理，情况恢复正常。")
            if rng.random() < 0.5:
                given["pictures"] = _pictures(rng, 1)
            else:
                given["no_photo_reason"] = "现场有住户和车牌，不便拍照"
        case "verify" | "rework":
            aside = [issue.reporter_id, issue.handler_id]
            by = cast.near("grids.verify_issue", issue.area_path, aside)
            given |= {"how": "on_site"} if verb == "verify" else {"reason": more["rework"]}
            if verb == "verify":
                after = issue.photos.all()
                given["public_photos"] = list(after.values_list("token", flat=True))
        case "rate":
            by = issue.reporter
            given |= {
                "solved": more.get("solved", more["stars"] > 2),
                "stars": more["stars"],
                "comment": rng.choice(COMMENTS) if more["stars"] > 3 else "",
            }
        case "reopen":
            by = issue.reporter
            given |= {"solved": False, "stars": more["stars"], "reason": more["why"]}
    if by is None:
        return False
    handling.advance(issue, verb, by=by, **given)
    return True


def _pictures(rng, count: int) -> list[photos.Ready]:
    """Drawn here: a street of houses under a sky of some hour."""
    return [
        photos.read(SimpleUploadedFile(f"{n}.jpg", _drawing(rng), "image/jpeg"))
        for n in range(count)
    ]


SKIES = [
    ((146, 178, 204), (232, 222, 204)),
    ((42, 52, 78), (120, 96, 92)),
    ((206, 190, 164), (240, 232, 216)),
]


def _drawing(rng) -> bytes:
    width, height = 960, 720
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    top, low = rng.choice(
        [
            ((146, 178, 204), (232, 222, 204)),
            ((42, 52, 78), (120, 96, 92)),
            ((206, 190, 164), (240, 232, 216)),
        ]
    )
    for y in range(height):
        share = y / height
        draw.line(
            [(0, y), (width, y)],
            fill=tuple(round(a + (b - a) * share) for a, b in zip(top, low, strict=True)),
        )
    x = -40
    while x < width:
        wide, tall = rng.randint(120, 220), rng.randint(220, 460)
        wall = rng.randint(96, 168)
        draw.rectangle(
            [x, height - 120 - tall, x + wide, height - 120], fill=(wall, wall - 12, wall - 26)
        )
        for row in range(height - 100 - tall, height - 170, 52):
            for column in range(x + 18, x + wide - 30, 46):
                lit = rng.random() < 0.35
                draw.rectangle(
                    [column, row, column + 24, row + 28],
                    fill=(238, 206, 132) if lit else (wall - 44, wall - 40, wall - 34),
                )
        x += wide + rng.randint(8, 40)
    draw.rectangle([0, height - 120, width, height], fill=(118, 112, 106))
    draw.line([(0, height - 62), (width, height - 62)], fill=(226, 216, 190), width=6)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


# --- a year more ---------------------------------------------------------------------------------


class _Story:
    """One issue of the past, told into rows that are written together at the end."""

    def __init__(self, issue: Issue, rules: dict):
        self.issue, self.rules = issue, rules
        self.steps: list[IssueStep] = []
        self.clocks: list[tuple[str, int, Clock]] = []
        self.rounds: Counter[str] = Counter()

    def step(self, verb, actor, at, to, *, reason="", effect="", **data) -> None:
        before = self.steps[-1].to_state if self.steps else ""
        self.steps.append(
            IssueStep(
                verb=verb,
                from_state=before,
                to_state=to,
                actor=actor,
                at=at,
                reason=reason,
                clock_effect=effect,
                data=data,
            )
        )
        self.issue.state = to

    def clock(self, kind, unit, amount, start, stop=None) -> Clock:
        nominal, due = clocks.reckon(unit, amount, start)
        clock = Clock(
            unit=unit,
            amount=amount,
            started_at=start,
            nominal_due_at=nominal,
            due_at=due,
            stopped_at=stop,
            on_time=None if stop is None else stop <= due,
            profile_id=self.rules["id"],
        )
        self.rounds[kind] += 1
        self.clocks.append((kind, self.rounds[kind], clock))
        return clock

    def term(self, kind, name, start, stop=None) -> Clock:
        term = self.rules["params"][name]
        return self.clock(kind, term["unit"], term["amount"], start, stop)


def _year(cast: _Cast, rng, now: datetime, *, count: int) -> None:
    rules = profiles.in_force(limits.RULES, place=cast.street.code).freeze()
    series = numbers.lock_series(cast.street)
    begins = now - timedelta(days=400)
    moments = sorted(begins + timedelta(days=398 * rng.random()) for _n in range(count))
    per_day: Counter[date] = Counter()
    stories = []
    for moment in moments:
        posted = _at(timezone.localdate(moment), time(rng.randint(7, 20), rng.randint(0, 59)))
        day = timezone.localdate(posted)
        per_day[day] += 1
        story = _tell(cast, rng, rules, posted, now, f"{PREFIX}{day:%y%m%d}{per_day[day]:04d}")
        if story is not None:
            stories.append(story)
    NumberCount.objects.bulk_create(
        NumberCount(series=series, day=day, last=last) for day, last in per_day.items()
    )
    _write(stories)


def _write(stories: list[_Story]) -> None:
    issues = Issue.objects.bulk_create([story.issue for story in stories], batch_size=500)
    Clock.objects.bulk_create(
        [clock for story in stories for _k, _r, clock in story.clocks], batch_size=2000
    )
    rows = [
        IssueClock(issue=story.issue, kind=kind, round=number, clock=clock)
        for story in stories
        for kind, number, clock in story.clocks
    ]
    IssueClock.objects.bulk_create(rows, batch_size=2000)
    for story in stories:
        for step in story.steps:
            step.issue = story.issue
    IssueStep.objects.bulk_create(
        [step for story in stories for step in story.steps], batch_size=2000
    )
    for issue in issues:  # auto_now_add wrote today
        issue.created_at = issue.reported_at
    Issue.objects.bulk_update(issues, ["created_at"], batch_size=500)


def _source(rng) -> str:
    sources = [Source.GRID, Source.RESIDENT, Source.HOTLINE, Source.DEVICE]
    return rng.choices(sources, weights=[54, 27, 15, 4])[0]


def _named(row) -> dict:
    return {"id": row.pk, "text": str(row)}


def _tell(cast, rng, rules, posted, now, number) -> _Story | None:
    """From posting as far as the time up to ``now`` allows; None where nobody is to handle it."""
    name, title, words, level = rng.choice(AGAIN)
    category = cast.categories[name]
    community = rng.choice(cast.communities)
    grid = rng.choice(cast.grids[community.pk])
    worker = cast.near("grids.file_issue", grid.path)
    source = _source(rng)
    reporter = worker if source in {Source.GRID, Source.DEVICE} else cast.reporter(community)
    spot = rng.choice(SPOTS)
    issue = Issue(
        number=number,
        posting_key=uuid.UUID(int=rng.getrandbits(128), version=4),
        reported_at=posted,
        source=source,
        reporter=reporter,
        anonymous=rng.random() < 0.2,
        category=category,
        area=grid,
        area_path=grid.path,
        place_text=spot,
        title=title,
        description=f"{spot}，{words}",
        level=level,
        urgency=category.default_urgency,
        clock_rules=rules,
    )
    story = _Story(issue, rules)
    story.step("submit", reporter, posted, State.SUBMITTED)
    issue.promised_at = limits.expect(category, rules, posted)
    filed = calendar.add_working_minutes(posted, rng.randint(15, 200))
    if filed > now:
        story.term(ClockKind.ACKNOWLEDGE, "acknowledge", posted)
        issue.due_at = story.term(ClockKind.FILE, "file", posted).due_at
        return story

    story.term(ClockKind.ACKNOWLEDGE, "acknowledge", posted, filed)
    filing = story.term(ClockKind.FILE, "file", posted, filed)
    issue.filed_at = filed
    issue.is_public = category.is_public
    issue.public_title, issue.public_place = title, spot
    issue.public_summary = words
    unit, amount = limits.limit_of(category, level, rules)
    begins = min(filed, filing.due_at)
    due = clocks.reckon(unit, amount, begins).due
    issue.promised_at = issue.due_at = due
    effect = f"办理时限{clocks.describe(unit, amount)}"
    story.step("file", worker, filed, State.FILED, effect=effect, category=_named(category))
    dispatcher = cast.near("grids.dispatch_issue", dispatch.node_path(issue)) or worker
    leads = cast.leads(issue, dispatcher)
    able = [(lead, [p for p in cast.members(lead) if p.pk != reporter.pk]) for lead in leads]
    able = [(lead, people) for lead, people in able if people]
    # Urgent matters do not wait for office hours.
    sent = min(calendar.add_working_minutes(filed, rng.randint(5, 60)), _share(begins, due, 0.08))
    sent = max(sent, filed)
    if not able or sent > now:
        story.clock(ClockKind.HANDLE, unit, amount, begins)
        return story

    lead, people = able[0] if rng.random() < 0.8 else rng.choice(able)
    handler = rng.choice(people)
    aside = {reporter.pk, handler.pk}
    verifier = cast.near("grids.verify_issue", grid.path, aside)
    issue.lead, issue.dispatched_at = lead, sent
    story.step("dispatch", dispatcher, sent, State.DISPATCHED, lead=_named(lead))
    signed = calendar.add_working_minutes(sent, rng.randint(10, 180))
    signed = max(min(signed, _share(begins, due, 0.2)), sent)
    if signed > now:
        story.clock(ClockKind.HANDLE, unit, amount, begins)
        return story

    issue.handler, issue.signed_at = handler, signed
    story.step("sign", handler, signed, State.IN_PROGRESS)
    late = rng.random() < 0.05
    share = rng.uniform(1.1, 1.9) if late else rng.uniform(0.25, 0.9)
    reported = max(_share(begins, due, share), signed + timedelta(minutes=25))
    # Some lie for weeks; none for a year, which nobody would believe.
    stuck = rng.random() < 0.06 and now - posted < timedelta(days=60)
    if reported > now or stuck or verifier is None:
        story.clock(ClockKind.HANDLE, unit, amount, begins)
        story.term(ClockKind.CONTACT, "contact_reporter", signed)
        return story

    story.term(ClockKind.CONTACT, "contact_reporter", signed, reported)
    handle = story.clock(ClockKind.HANDLE, unit, amount, begins, reported)
    on_time = handle.on_time
    at = _handled(story, rng, handler, reported)
    if rng.random() < 0.03 and (again := calendar.add_working_minutes(at, 90)) < now:
        half = math.ceil(amount / 2)
        story.term(ClockKind.VERIFY, "verify", at, again)
        issue.rework_count = 1
        story.step("rework", verifier, again, State.IN_PROGRESS, reason=rng.choice(REWORK))
        redone = _share(again, clocks.reckon(unit, half, again).due, 0.6)
        if redone > now:
            issue.promised_at = issue.due_at = story.clock(
                ClockKind.HANDLE, unit, half, again
            ).due_at
            issue.on_time = None if on_time else False
            return story
        second = story.clock(ClockKind.HANDLE, unit, half, again, redone)
        issue.promised_at = second.due_at
        at = _handled(story, rng, handler, redone)
    closed = calendar.add_working_minutes(at, rng.randint(20, 300))
    if closed > now:
        issue.due_at = story.term(ClockKind.VERIFY, "verify", at).due_at
        issue.on_time = None if on_time else False
        return story

    story.term(ClockKind.VERIFY, "verify", at, closed)
    issue.verifier, issue.closed_at, issue.on_time = verifier, closed, on_time
    story.step("verify", verifier, closed, State.CLOSED, how="on_site")
    rated = _some_evening(closed, rng, most=5)
    speaks = source in {Source.RESIDENT, Source.HOTLINE} and rng.random() < 0.7
    if not speaks or rated > now:
        issue.due_at = story.term(ClockKind.RATE, "rating", closed).due_at
        return story

    rating = story.term(ClockKind.RATE, "rating", closed, rated)
    issue.due_at = rating.due_at
    issue.solved = rng.random() < 0.9
    issue.stars = rng.choices([5, 4, 3], [70, 24, 6])[0] if issue.solved else rng.choice([1, 2, 3])
    issue.rating_comment = rng.choice(COMMENTS) if issue.solved else "过几天又一样了。"
    issue.rated_at = rated
    story.step(
        "rate",
        reporter,
        rated,
        State.RATED,
        solved=issue.solved,
        stars=issue.stars,
        comment=issue.rating_comment,
    )
    return story


def _share(start: datetime, end: datetime, share: float) -> datetime:
    """A part of the way from ``start`` to ``end``, in working hours where there are enough."""
    minutes = calendar.working_minutes_between(start, end)
    if minutes >= 60:
        return calendar.add_working_minutes(start, max(1, int(minutes * share)))
    return start + (end - start) * share


def _some_evening(after: datetime, rng, *, most: int) -> datetime:
    """When people answer: a day or more later, awake."""
    day = timezone.localdate(after) + timedelta(days=rng.randint(1, most))
    return _at(day, time(rng.randint(8, 21), rng.randint(0, 59)))


def _handled(story: _Story, rng, handler, at: datetime) -> datetime:
    issue = story.issue
    issue.handled_at = at
    issue.result = RESULTS.get(issue.category.name, "已现场处理，情况恢复正常。")
    issue.public_result = deidentify.mask(issue.result)
    issue.no_photo_reason = "巡查时已当场恢复，未拍照"
    story.step(
        "report",
        handler,
        at,
        State.HANDLED,
        result=issue.result,
        no_photo_reason=issue.no_photo_reason,
    )
    return at
