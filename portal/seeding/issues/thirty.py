"""The thirty issues of ``data/demo_lists.json`` and a few beside them, in every state there is.

Each goes through the verbs of the table, with a moved clock, along the road its fate names. What
lies about is news of the last days; what is old has ended, or lies with a department past its
time. Nothing below the departments is overdue: the timer would have raised it.
"""

import json
import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from grids import deidentify, dispatch, handling, limits, telling
from grids.models import ClockKind, Issue, Level, Scene, Source, State, Urgency
from grids.models import WhistleState as S
from orgs.models import Area, AreaLevel, Organization, Person, Residence
from portal.seeding.issues import drawing, moments, texts, whistling
from portal.seeding.issues.cast import Cast
from rules import calendar

URGENCY = {"一般": Urgency.NORMAL, "较急": Urgency.PRESSING, "紧急": Urgency.URGENT}


@dataclass(frozen=True)
class Fate:
    """``days`` since the report, the verbs since then, and what each was given."""

    days: float
    road: tuple[str, ...] = ()
    given: dict = field(default_factory=dict)
    own: bool = False  # reported by the resident of the demo account
    whistle: str = ""  # filed for the street, which calls departments: how far that has come


FILED = ("file",)
SENT = (*FILED, "dispatch")
HELD = (*SENT, "sign", "contact")
THERE = (*SENT, "sign", "arrive", "contact")  # danger: somebody is on site within half an hour
DONE = (*HELD, "report")
CLOSED = (*DONE, "verify")
RATED = (*CLOSED, "rate")
AGAIN = ("dispatch", "sign", "contact")


def stars(number: int, *, solved: bool = True) -> dict:
    return {"rate": {"stars": number, "solved": solved}}


def delay(kind: str, code: str, why: str, amount: int | None = None) -> dict:
    asked = {"kind": kind, "reason_code": code, "reason": why}
    return asked | ({"amount": amount} if amount else {})


FATES = [
    Fate(0.9, HELD, own=True),
    Fate(3, CLOSED),
    Fate(6, RATED, stars(5)),
    Fate(0.2, SENT),
    Fate(7, (*CLOSED, "reopen"), {
        "reopen": {"stars": 2, "reason": "第二天晚上又停了四辆，贴的提示没有人看。"}
    }),
    Fate(0.8, (*THERE, "report")),
    Fate(6, FILED, {"late": True}, whistle=S.JOINT_PLAN),
    Fate(0.03),
    Fate(9, (*HELD, "ask_delay", "deny_delay", "report", "verify", "rate"), stars(4) | {
        "ask_delay": delay("extend", "complex", "点位多，想多要两天。", 2),
        "deny_delay": {"reason": "清运车辆充足，请按原时限办结。"},
    }),
    Fate(24, FILED, whistle=S.ENDED),
    Fate(5, RATED, stars(3)),
    Fate(3, (*DONE, "rework"), {"rework": {"reason": "音量降了两天，周末又超过时间。"}}),
    Fate(2, ("acknowledge", "not_accept"), {"not_accept": {
        "refusal_code": "other_route",
        "right_channel": "社区人民调解委员会，可由社区代为申请",
        "reason": "邻里之间的漏水赔偿宜先调解，社区陪同查明漏点。",
    }}),
    Fate(50, (*RATED, "archive"), stars(5)),
    Fate(4, CLOSED),
    Fate(1.5, FILED, {"late": True}, whistle=S.CALLED),
    Fate(0.7, FILED, whistle=S.REPORTED_IN),
    Fate(0.02, FILED, whistle=S.ASKED),
    Fate(3, (*THERE, "report")),
    Fate(4, (*THERE, "ask_delay", "grant_delay"), {
        "ask_delay": delay("pause", "third_party", "等待房屋安全鉴定报告，先封闭墙下通道。"),
        "grant_delay": {"reason": "同意，鉴定报告一到立即恢复。"},
    }),
    Fate(2, (*HELD, "escalate"), {
        "escalate": {"reason": "车位不够须多个小区统筹，社区一家定不下来。"}
    }, own=True),
    Fate(12, (*CLOSED, "reopen", *AGAIN, "ask_delay", "grant_delay"), {
        "reopen": {"stars": 1, "reason": "只回复“已了解”，没有说什么时候表决。"},
        "ask_delay": delay("extend", "procedure", "业主表决须先公告，需要时间。", 3),
        "grant_delay": {"reason": "同意，公告期内每周告知一次进展。"},
    }),
    Fate(0.6, (*SENT, "send_back"), {
        "send_back": {"reason": "收费标准由业委会与公司约定，本单位只执行。"}
    }),
    Fate(25, (*HELD, "rise", *AGAIN, "report", "verify", "rate"), stars(2)),
    Fate(0.02, THERE[:-1]),
    Fate(2, RATED, stars(5)),
    Fate(3, (*SENT, "send_back", "arbitrate", "sign", "contact", "report"), {
        "send_back": {"reason": "滑梯是社区添置的，不在物业维护清单里。"},
        "arbitrate": {"reason": "公共区域设施的日常维护按清单归承办单位，费用另议。"},
    }),
    Fate(2.5, ("not_accept", "object"), {
        "not_accept": {"refusal_code": "no_facts", "reason": "没有写清需要托管的时段和人数。"},
        "object": {"reason": "楼里十一户双职工，三点四十放学到六点没人看，名单可以补上。"},
    }),
    Fate(1.5, (*SENT, "invite"), {"invite": {"reason": "驿站、物业和社区一起把休息点定下来。"}}),
    Fate(60, (*THERE, "report", "verify", "rate", "archive"), stars(4)),
]  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """One more report: of what ``same_as`` (1 to 30) says, or one that is no matter of its own."""

    title: str
    words: str
    category: str
    place: str
    fate: Fate
    same_as: int = 0


BESIDE = [
    Beside("3栋楼梯灯也不亮", "我家门口那盏同样不亮，下楼只能摸黑。", "物业维修", "梧桐里",
           Fate(0.7, ("acknowledge", "merge")), same_as=1),
    Beside("楼道灯坏了好几天", "3栋每层都黑，孩子晚上不敢下楼。", "物业维修", "梧桐里",
           Fate(0.5, ("merge",)), same_as=1),
    Beside("和装修公司的合同纠纷", "交了定金，公司一直不来施工。", "其他事项", "银杏湾",
           Fate(9, ("not_accept", "object", "uphold"), {
               "not_accept": {
                   "refusal_code": "other_route",
                   "right_channel": "12315 投诉，或向人民法院起诉",
                   "reason": "属于合同纠纷，社区没有处理的权限。",
               },
               "object": {"reason": "社区应该帮忙联系公司。"},
               "uphold": {"reason": "可以陪同到市场监管所登记，但不能代替裁决。"},
           })),
    Beside("公示栏被小广告盖住", "社区通知都看不到了。", "其他事项", "梧桐里",
           Fate(4, ("not_accept", "object", "overrule", *FILED, "dispatch", "sign"), {
               "not_accept": {"refusal_code": "no_facts", "reason": "没有写明是哪一块公示栏。"},
               "object": {"reason": "就是3栋门口那一块，照片里能看见楼号。"},
               "overrule": {"reason": "位置已经清楚，应当受理。"},
           })),
    Beside("污水井连着三次外溢", "抽过两次，下一场雨又冒出来，味道进了一楼。", "市政排水", "松涛路",
           Fate(1.6, (*HELD, "rise"), {"file": {"level": Level.L3}})),
    Beside("夜市收摊后一地油污", "每天后半夜才散，早上路面发滑。", "油烟噪声", "百荷塘",
           Fate(3, FILED, whistle=S.REFUSED)),
    Beside("路灯控制箱门开着", "里面的线都露在外面，学生天天路过。", "道路照明", "银杏湾",
           Fate(8, HELD, {"file": {"level": Level.L4}})),
]  # fmt: skip
COUNT = len(FATES) + len(BESIDE) + 1  # and a draft


def seed(cast: Cast, rng, now: datetime) -> None:
    lists = json.loads(Path(settings.BASE_DIR, "data", "demo_lists.json").read_text("utf-8"))
    guide = Guide(cast, rng, now)
    issues = []
    for number, (row, fate) in enumerate(zip(lists["issues"], FATES, strict=True)):
        title, words, category, level, urgency, _limit, place = row
        issue = guide.post(number, fate, f"{title}。{words}", title, category, place)
        guide.lead(issue, fate, level=level, urgency=URGENCY[urgency])
        issues.append(issue)
    for number, one in enumerate(BESIDE, len(FATES)):
        issue = guide.post(number, one.fate, one.words, one.title, one.category, one.place)
        parent = issues[one.same_as - 1] if one.same_as else None
        guide.lead(issue, one.fate, level=issue.level, urgency=issue.urgency, parent=parent)
    guide.draft()


class Guide:
    """Takes issues along their roads: each verb by whoever's it is, soon after the one before."""

    # Working minutes until a verb comes.
    WAIT = {
        "acknowledge": (5, 60), "file": (20, 150), "merge": (30, 150), "not_accept": (40, 200),
        "dispatch": (5, 60), "invite": (10, 40), "sign": (20, 120), "contact": (10, 60),
        "send_back": (20, 150), "arbitrate": (60, 240), "ask_delay": (30, 180),
        "grant_delay": (30, 200), "deny_delay": (30, 200), "escalate": (60, 300),
        "overrule": (60, 240), "uphold": (60, 240), "verify": (30, 240), "rework": (30, 240),
    }  # fmt: skip

    def __init__(self, cast: Cast, rng, now: datetime):
        self.cast, self.rng, self.now = cast, rng, now

    def post(self, number: int, fate: Fate, text, title, category, place) -> Issue:
        rng, community = self.rng, self.cast.community(place)
        own = fate.own and self.cast.resident is not None
        reporter = self.cast.resident if own else self.cast.reporter(community)
        posted = self.now - timedelta(days=fate.days)
        with _telling(aloud=fate.days <= 1 or own):
            issue = handling.post(
                reporter=reporter,
                category=self.cast.categories[category],
                area=_home(reporter, community) or rng.choice(self.cast.grids[community.pk]),
                text=text,
                title=title,
                anonymous=number % 4 == 1,
                pictures=drawing.pictures(rng, 1 + number % 2) if number % 3 == 0 else (),
                source=Source.HOTLINE if number % 7 == 6 else Source.RESIDENT,
                at=posted,
            )
        Issue.objects.filter(pk=issue.pk).update(created_at=posted)
        return issue

    def draft(self) -> None:
        """Begun and kept: nobody but who writes it sees it."""
        community = self.cast.communities[0]
        author = self.cast.resident or self.cast.reporter(community)
        begun = self.now - timedelta(hours=5)
        issue = Issue(
            number=f"draft-{uuid.UUID(int=self.rng.getrandbits(128)).hex[:12]}",
            state=State.DRAFT,
            reporter=author,
            category=self.cast.categories["公共设施"],
            area=_home(author, community) or self.cast.grids[community.pk][0],
            title="健身点的地垫翘起来了",
            description="边上翘起两块，早上有人绊了一下，等拍了照片再发。",
            level=Level.L2,
            reported_at=begun,
        )
        handling.flow.open(issue, by=author, verb="draft", at=begun)

    def lead(self, issue: Issue, fate: Fate, *, level, urgency, parent=None) -> None:
        """Along the road; ``level`` and ``urgency`` are what is found at filing."""
        level = level if level in Level.values else Level.L2
        if fate.whistle:
            level = Level.L3
        found = {"file": {"level": level, "urgency": urgency}, "merge": {"parent": parent}}
        at = issue.reported_at
        with _telling(aloud=fate.days <= 1 or fate.own):
            for place, verb in enumerate(fate.road):
                issue.refresh_from_db()
                left = len(fate.road) - place
                latest = at + (self.now - timedelta(minutes=2) - at) / left
                at = min(self._when(issue, verb, at, late="late" in fate.given), latest)
                if verb == "dispatch" and not self._leads(issue)[1]:
                    self._pass_up(issue, at)
                    at += timedelta(minutes=1)
                given = found.get(verb, {}) | fate.given.get(verb, {})
                if (turn := getattr(self, f"_{verb}")(issue)) is None:
                    continue
                by, more = turn
                name = "escalate" if verb == "rise" else verb
                handling.advance(issue, name, by=by, at=at, **{**more, **given})
            if fate.whistle:
                self._whistle(issue, fate, at)

    def _whistle(self, issue: Issue, fate: Fate, at: datetime) -> None:
        """What is news is squeezed into the time there was, so that it gets where it should."""
        late = "late" in fate.given
        scene = Scene.ENFORCEMENT if fate.whistle == S.CALLED else Scene.NORMAL
        whistler = whistling.Whistler(self.cast, self.rng, self.now)
        whistler.whistle(issue, at, fate.whistle, late=late, scene=scene)

    def _when(self, issue: Issue, verb: str, at: datetime, *, late: bool) -> datetime:
        rng = self.rng
        match verb:
            case "report":
                clock = limits.clock_of(issue, ClockKind.HANDLE)
                part = rng.uniform(1.2, 1.6) if late else rng.uniform(0.3, 0.6)
                return max(at, moments.share(clock.started_at, clock.due_at, part))
            case "rise":
                return issue.promised_at + timedelta(minutes=rng.randint(1, 5))
            case "archive":
                return at + timedelta(days=38)
            case "rate" | "reopen" | "object":
                return moments.some_evening(at, rng, most=2)
            case "arrive":
                return at + timedelta(minutes=rng.randint(8, 20))
        return calendar.add_working_minutes(at, rng.randint(*self.WAIT[verb]))

    # --- who, and what they say

    def _worker(self, issue: Issue) -> Person:
        return self.cast.nearest("grids.file_issue", issue.area_path, {issue.reporter_id})

    def _operator(self, issue: Issue) -> Person:
        return self.cast.nearest("grids.dispatch_issue", self.cast.street.path)

    def _handler(self, issue: Issue, **said) -> tuple[Person, dict]:
        return issue.handler, said

    def _acknowledge(self, issue):
        return self._worker(issue), {}

    def _file(self, issue):
        return self._worker(issue), {
            "category": issue.category,
            "public_title": deidentify.mask(issue.title),
            "public_summary": deidentify.mask(issue.description),
            "public_photos": list(issue.photos.values_list("token", flat=True)),
            "reason": "核实后按实际情况调整了层级和时限。",
        }

    def _merge(self, issue):
        return self._worker(issue), {}

    def _not_accept(self, issue):
        return self._worker(issue), {}

    def _object(self, issue):
        return issue.reporter, {}

    def _overrule(self, issue):
        return self._operator(issue), {}

    _uphold = _overrule

    def _leads(self, issue) -> tuple[Person, list[Organization]]:
        """Who dispatches it as it stands, and the bodies that may lead, the likeliest first."""
        by = self.cast.nearest("grids.dispatch_issue", dispatch.node_path(issue))
        return by, [one.organization for one in dispatch.candidates(issue, by)]

    def _pass_up(self, issue, at) -> None:
        by, _nobody = self._leads(issue)
        why = "本级没有能承办的单位，请街道派单。"
        handling.advance(issue, "escalate", by=by, at=at, reason=why)

    def _dispatch(self, issue):
        by, able = self._leads(issue)
        return by, {"lead": able[0]}

    def _arbitrate(self, issue):
        return self._operator(issue), {"lead": issue.lead}

    def _invite(self, issue):
        by, able = self._leads(issue)
        others = [body for body in able if body != issue.lead][:2]
        return (by, {"organizations": others}) if others else None

    def _sign(self, issue):
        able = [one for one in self.cast.members(issue.lead) if one.pk != issue.reporter_id]
        return self.rng.choice(able), {}

    def _send_back(self, issue):
        return self._sign(issue)

    def _arrive(self, issue):
        return self._handler(issue, note=texts.ON_SITE[0])

    def _contact(self, issue):
        return self._handler(issue, note=texts.CALLED[0])

    def _ask_delay(self, issue):
        return self._handler(issue)

    def _escalate(self, issue):
        return self._handler(issue)

    def _rise(self, issue):
        return None, {"reason": "办理时限已过，系统自动升级"}

    def _grant_delay(self, issue):
        if issue.level in {Level.L3, Level.L4}:
            right, path = "grids.grant_high_delay", issue.area_path
        else:
            right, path = "grids.grant_delay", dispatch.above(issue).path
        return self.cast.nearest(right, path, {issue.handler_id}), {}

    _deny_delay = _grant_delay

    def _report(self, issue):
        result = texts.RESULTS.get(issue.category.name, texts.USUAL)
        if self.rng.random() < 0.5:
            return self._handler(issue, result=result, pictures=drawing.pictures(self.rng, 1))
        return self._handler(issue, result=result, no_photo_reason="现场有住户和车牌，不便拍照")

    def _checker(self, issue) -> Person:
        aside = {issue.reporter_id, issue.handler_id}
        return self.cast.nearest("grids.verify_issue", issue.area_path, aside)

    def _verify(self, issue):
        shown = list(issue.photos.values_list("token", flat=True))
        return self._checker(issue), {"how": "on_site", "public_photos": shown}

    def _rework(self, issue):
        return self._checker(issue), {}

    def _rate(self, issue):
        return issue.reporter, {"comment": self.rng.choice(texts.COMMENTS)}

    def _reopen(self, issue):
        return issue.reporter, {"solved": False}

    def _archive(self, issue):
        return None, {}


def _telling(*, aloud: bool):
    return nullcontext() if aloud else telling.silently()


def _home(person: Person, community: Area) -> Area | None:
    residence = (
        Residence.objects.current()
        .filter(person=person, household__area_path__startswith=community.path)
        .select_related("household__area")
        .first()
    )
    return residence.household.area.ancestor(AreaLevel.GRID) if residence else None
