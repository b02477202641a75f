"""What workers bring in from outside: patrols with their finds, entries on behalf, one recusal.

By the verbs, each find and entry along a road of ``issues.thirty``. All texts and people are
invented; phones start with 100.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from grids import desk, dispatch, handling, patrols, telling
from grids.models import Caller, DeskEntry, Issue, Patrol, PatrolStop
from orgs.models import Area, Person, Residence
from portal.seeding.issues import moments
from portal.seeding.issues.cast import Cast
from portal.seeding.issues.thirty import CLOSED, HELD, Fate, Guide
from rules import calendar

How, Identity = DeskEntry.How, DeskEntry.Identity


@dataclass(frozen=True)
class Walk:
    """``days`` ago, what was noted, and the finds: (category, title, words, how far it went)."""

    days: int
    note: str
    finds: tuple = ()


WALKS = (
    Walk(8, "楼道都走到了，住户反映照明好了。", (
        ("消防通道", "楼道停着三辆电动车", "一楼楼道停了三辆电动车，已当面劝离一辆。", CLOSED),
    )),
    Walk(3, "雨后看了排水口，已提醒两户收衣架。", (
        ("物业维修", "单元门合页松了", "单元门关不严，门轴一侧合页掉了一颗螺丝。", CLOSED),
    )),
    Walk(1, "", (
        ("环境卫生", "垃圾亭旁堆着旧床垫", "垃圾亭旁堆了两张旧床垫，挡住了分类桶。", HELD),
    )),
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """Who came or rang, what they said, and how far it went. ``person``: with an account."""

    days: float
    category: str
    title: str
    words: str
    how: str
    identity: str
    road: tuple[str, ...]
    who: dict = field(default_factory=dict)
    person: bool = False
    told: str = ""
    steps_aside: bool = False


CALLS = (
    Call(9, "公共设施", "健身点扶手松了", "老人来窗口说，健身点扶手一拉就晃。", How.COUNTER,
         Identity.CARD, CLOSED, {"name": "孟桂香", "phone": "10000008001"},
         told="到窗口取件时当面告知，表示满意。"),
    Call(4, "物业维修", "二楼感应灯不亮", "打电话说二楼灯不亮，晚上不敢下楼。", How.PHONE,
         Identity.CALLED, CLOSED, {"name": "鲁长林", "phone": "10000008002"}),
    Call(3, "噪声扰民", "楼下店铺音响太响", "来窗口说，不愿留姓名。", How.COUNTER,
         Identity.UNCHECKED, CLOSED),
    Call(1, "环境卫生", "草坪上有碎玻璃", "走访时住户说，孩子常在那里玩。", How.VISIT,
         Identity.KNOWN, HELD, {"name": "邓小满", "phone": "10000008003", "wants_sms": True}),
    Call(1, "物业维修", "单元门闭门器坏了", "住户打电话说，关门声音整栋楼都听得见。", How.PHONE,
         Identity.CALLED, HELD, person=True, steps_aside=True),
    Call(0.02, "停车管理", "消防通道旁又停满了车", "刚来窗口说，早上搬家的车进不来。", How.COUNTER,
         Identity.CARD, (), {"name": "许福生", "phone": "10000008004"}),
)  # fmt: skip


def seed_field(world, rng, today: date) -> int:
    """Write them for ``world.street``; patrols and entries there are then. None twice."""
    if not Patrol.objects.exists():
        now = min(timezone.now(), moments.at(today, time(23, 59)))
        with calendar.steady(), transaction.atomic(), telling.silently():
            writer = _Writer(Cast(world.street, rng, world.resident), rng, now)
            writer.walk_all()
            for call in CALLS:
                writer.enter(call)
    return Patrol.objects.count() + DeskEntry.objects.count()


class _Writer:
    def __init__(self, cast: Cast, rng, now: datetime):
        self.cast, self.rng, self.now = cast, rng, now
        self.guide = Guide(cast, rng, now)
        self.home = self._home()

    def _home(self) -> Area:
        """The community of the demo's resident, whose workers have accounts too."""
        lived = Residence.objects.verified().filter(person=self.cast.resident)
        path = lived.values_list("household__area_path", flat=True).first() or ""
        found = (one for one in self.cast.communities if path.startswith(one.path))
        return next(found, self.cast.communities[0])

    @property
    def grids(self) -> list[Area]:
        return self.cast.grids[self.home.pk]

    # --- patrols

    def walk_all(self) -> None:
        """The resident's grids are walked through; in one elsewhere somebody is out right now."""
        built = [grid for grid in self.grids if grid.numchild]
        for grid in built[:2]:
            if worker := self._worker(patrols.RIGHT, grid):
                for walk in WALKS:
                    self._walk(grid, worker, walk)
        others = [one for one in self.cast.all_grids if one not in self.grids]
        for grid in others[:1]:
            if worker := self._worker(patrols.RIGHT, grid):
                out = patrols.start(grid, by=worker, at=self.now - timedelta(minutes=25))
                self._see(out, share=0.5, minutes=4)

    def _worker(self, right: str, grid: Area) -> Person | None:
        return next(iter(dispatch.nearest(right, grid.path)), None)

    def _walk(self, grid: Area, worker: Person, walk: Walk) -> None:
        day = timezone.localdate(self.now) - timedelta(days=walk.days)
        since = moments.at(day, time(self.rng.choice([9, 15]), self.rng.randint(0, 40)))
        patrol = patrols.start(grid, by=worker, at=since)
        self._see(patrol, share=1 if walk.note else 0.8, minutes=3)
        for number, (category, title, words, road) in enumerate(walk.finds, 1):
            issue = patrols.report(
                patrol,
                category=self.cast.categories[category],
                area=grid,
                text=words,
                title=title,
                at=since + timedelta(minutes=7 * number),
            )
            self._lead(issue, road)
        patrols.end(patrol, note=walk.note, at=since + timedelta(minutes=self.rng.randint(35, 70)))

    def _see(self, patrol: Patrol, *, share: float, minutes: int) -> None:
        """Stand at the first ones, a few minutes apart; ``tick`` would say that it was now."""
        stops = list(patrol.stops.all())
        seen = stops[: max(1, int(len(stops) * share))]
        for number, stop in enumerate(seen, 1):
            stop.seen_at = patrol.started_at + timedelta(minutes=minutes * number)
        PatrolStop.objects.bulk_update(
            [stop for stop in seen if stop.seen_at <= self.now], ["seen_at"]
        )

    # --- on behalf

    def enter(self, call: Call) -> None:
        grid = self.rng.choice(self.grids)
        by = self._worker(desk.RIGHT, self.home)
        if by is None:
            return
        at = self.now - timedelta(days=call.days)
        person = self.cast.reporter(self.home) if call.person else None
        issue = desk.enter(
            by=by,
            area=grid,
            category=self.cast.categories[call.category],
            text=call.words,
            title=call.title,
            how=call.how,
            identity=call.identity,
            key=uuid.UUID(int=self.rng.getrandbits(128), version=4),
            resident=person,
            consented=bool(call.who or call.person),
            at=at,
            **call.who,
        )
        Caller.objects.filter(pk=issue.caller_id).update(recorded_at=at)
        self._lead(issue, call.road)
        if call.told and issue.closed_at:
            desk.told(issue.desk_entry, by=by, note=call.told)
            told_at = min(issue.closed_at + timedelta(hours=3), self.now)
            DeskEntry.objects.filter(issue=issue).update(told_at=told_at)
        if call.steps_aside:
            self._step_aside(issue)

    def _step_aside(self, issue: Issue) -> None:
        """The handler knows who reported; a colleague goes on, when there is one."""
        handler = issue.handler
        at = self._soon(issue)
        why = "反映人是我的亲戚，应当回避。"
        handling.advance(issue, "recuse", by=handler, at=at, person=handler, reason=why)
        issue.refresh_from_db()
        others = dispatch.members(issue.lead, excluding=[*issue.recused_ids, issue.reporter_id])
        if others:
            by = issue.assignee or others[0]
            handling.advance(issue, "sign", by=by, at=self._soon(issue))

    def _soon(self, issue: Issue) -> datetime:
        last = issue.steps.order_by("-at", "-pk").first().at
        return last + (self.now - last) / 4

    def _lead(self, issue: Issue, road: tuple[str, ...]) -> None:
        Issue.objects.filter(pk=issue.pk).update(created_at=issue.reported_at)
        days = (self.now - issue.reported_at) / timedelta(days=1)
        self.guide.lead(issue, Fate(days, road), level=issue.level, urgency=issue.urgency)
        issue.refresh_from_db()
