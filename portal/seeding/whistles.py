"""Four whistles of the demo street, by the verbs: asked for, unanswered, under way, and rated.

One department let its half hour on the scene pass; one says the whistle was not necessary. All
texts and people are invented.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from grids import dispatch, handling, telling, whistles
from grids.models import Category, Issue, Scene, Whistle
from orgs.models import Area, AreaLevel, Organization, Person, Residence
from rules import calendar


@dataclass(frozen=True)
class Story:
    """``steps``: how far it went (asked, called, came, planned, rated), ``days`` ago at first."""

    days: float
    steps: tuple[str, ...]
    title: str
    words: str
    category: str
    why: str
    basis: str
    departments: tuple[str, ...]  # the first leads
    scene: str = Scene.NORMAL


CALLED = ("asked", "called")
STORIES = (
    Story(
        1.2,
        ("asked",),
        "巷口夜市占道经营",
        "十几个摊位占了人行道，油污直接倒进雨水口，街道劝离三次又回来。",
        "其他事项",
        "街道劝离三次、约谈两次无效；街道没有查封和处罚权。",
        "《城市市容和环境卫生管理条例》：占用道路经营由城市管理执法部门查处。",
        ("综合行政执法队", "市场监督管理所"),
    ),
    Story(
        1.5,
        (*CALLED, "one came"),
        "沿街餐馆液化气瓶堆在楼梯间",
        "饭店后门楼梯间堆了八个液化气瓶，住户上下楼都要绕着走。",
        "消防安全",
        "街道当场要求搬离，店主拒不配合，街道没有强制搬离的权限。",
        "《消防法》：占用疏散通道由消防部门责令改正；燃气瓶由燃气主管部门监管。",
        ("消防救援站", "综合行政执法队"),
        Scene.ENFORCEMENT,
    ),
    Story(
        4,
        (*CALLED, "came", "planned"),
        "老楼外墙瓷砖大面积空鼓",
        "十二层外墙瓷砖一敲就响，上周掉过两块，下面是放学的路。",
        "房屋安全",
        "街道已拉警戒线；鉴定和应急排险须住建部门出具意见，街道做不了。",
        "《房屋建筑使用安全管理办法》：危险房屋鉴定与应急处置由住建部门负责。",
        ("城建环保办公室", "应急管理办公室"),
    ),
    Story(
        45,
        (*CALLED, "came", "planned", "done", "rated"),
        "河边小作坊夜里偷排废水",
        "每天夜里十一点后河水发黑有刺鼻味，早上又清了。",
        "环境卫生",
        "街道蹲守两夜取证，但没有采样和查封的权限。",
        "《水污染防治法》：偷排由生态环境部门查处；无照经营由市场监管部门查处。",
        ("城建环保办公室", "市场监督管理所"),
    ),
)


def seed_whistles(world, rng, today: date) -> int:
    """Write them, for ``world.street``; how many there are then. None twice."""
    if not Whistle.objects.exists():
        now = timezone.now()
        with calendar.steady(), transaction.atomic(), telling.silently():
            for story in STORIES:
                _Teller(world.street, rng, now).tell(story)
    return Whistle.objects.count()


class _Teller:
    def __init__(self, street: Area, rng, now: datetime):
        self.street, self.rng, self.now = street, rng, now
        self.at = now

    def tell(self, story: Story) -> None:
        self.at = self.now - timedelta(days=story.days)
        issue = self._post(story)
        operator = dispatch.nearest("grids.ask_whistle", self.street.path)[0]
        self._on(60)
        handling.advance(
            issue,
            "file",
            by=operator,
            at=self.at,
            category=issue.category,
            level="L3",
            public_title=issue.title,
            reason="须街道统筹办理。",
        )
        bodies = self._bodies(issue, story.departments)
        if len(bodies) < 2:  # a street with a single department cannot show it
            return
        self._on(40)
        whistle = whistles.ask(
            issue,
            by=operator,
            at=self.at,
            why_failed=story.why,
            duty_basis=story.basis,
            scene=story.scene,
            departments=bodies,
            lead=bodies[0],
        )
        for step in story.steps[1:]:
            getattr(self, f"_{step.replace(' ', '_')}")(whistle)

    def _on(self, minutes: int) -> None:
        """Some working time later, and never later than now."""
        later = calendar.add_working_minutes(self.at, self.rng.randint(minutes // 2, minutes))
        self.at = min(later, self.now)

    def _post(self, story: Story) -> Issue:
        within = Area.objects.open().within(self.street)
        community = within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0).first()
        lives = Residence.objects.verified().filter(
            household__area_path__startswith=community.path, person__appointments=None
        )
        category = Category.objects.filter(name=story.category).first()
        issue = handling.post(
            reporter=self.rng.choice(list(lives.select_related("person")[:40])).person,
            category=category or Category.objects.get(name="其他事项"),
            area=within.filter(level=AreaLevel.GRID, path__startswith=community.path).first(),
            text=story.words,
            title=story.title,
            at=self.at,
        )
        Issue.objects.filter(pk=issue.pk).update(created_at=self.at)
        return issue

    def _bodies(self, issue: Issue, names: tuple[str, ...]) -> list[Organization]:
        able = whistles.candidates(issue)
        named = [one for name in names for one in able if name in one.name]
        return (named + [one for one in able if one not in named])[:2]

    def _officer(self, call) -> Person:
        return dispatch.members(call.organization, excluding=[call.whistle.issue.reporter_id])[0]

    def _go(self, whistle, verb, by, **given) -> None:
        whistles.advance(whistle, verb, by=by, at=self.at, **given)

    def _called(self, whistle):
        self._on(60)
        leader = dispatch.nearest("grids.approve_whistle", self.street.path)[0]
        self._go(whistle, "approve", leader)

    def _one_came(self, whistle):
        """The lead does; the other lets its half hour pass."""
        self.at = min(self.at + timedelta(minutes=18), self.now)
        self._go(whistle, "report_in", self._officer(whistle.standing()[0]))

    def _came(self, whistle):
        for call in whistle.standing():
            self._on(60)
            self._go(whistle, "report_in", self._officer(call))

    def _planned(self, whistle):
        self._on(60)
        lead, other = whistle.standing()
        until = min(
            timezone.localdate(self.at) + timedelta(days=4),
            timezone.localdate(whistle.issue.promised_at),
        )
        tasks = {
            lead.pk: ("到现场勘查，依法立案并督促当场整改", until),
            other.pk: ("核查证照和台账，会同处置并回访周边住户", until),
        }
        self._go(whistle, "plan", self._officer(lead), tasks=tasks)
        self._on(120)
        self._go(whistle, "finish", self._officer(other), result="证照已核查，违规行为已立案。")

    def _done(self, whistle):
        self._on(120)
        lead = whistle.standing()[0]
        self._go(whistle, "finish", self._officer(lead), result="设备已查封，河道已清理。")
        issue = Issue.objects.get(pk=whistle.issue_id)
        self._on(60)
        words = {"result": "作坊已查封，河道已清理，连续三夜巡查未再发现。"}
        handling.advance(
            issue, "report", by=issue.handler, at=self.at, no_photo_reason="案件办理中", **words
        )
        aside = [issue.reporter_id, issue.handler_id]
        by = dispatch.nearest("grids.verify_issue", issue.area_path, excluding=aside)[0]
        self._on(60)
        handling.advance(issue, "verify", by=by, at=self.at, how="on_site")
        whistle.refresh_from_db()

    def _rated(self, whistle):
        lead, other = whistle.standing()
        for call, stars, words in ((lead, 5, "到得快，办得实。"), (other, 4, "")):
            self._on(200)
            self._go(
                whistle, "rate_department", whistle.asked_by, call=call, stars=stars, comment=words
            )
        for call, needed, words in (
            (lead, True, ""),
            (other, False, "无照问题一个电话就能移交，不必吹哨。"),
        ):
            self._on(200)
            self._go(
                whistle,
                "rate_necessity",
                self._officer(call),
                necessary=needed,
                stars=4 if needed else 3,
                comment=words,
            )
