"""Whistles of the demo, through their verbs: a year of them, and those of the thirty.

46 a year, 41 of which every department reported in to on time (domain 4.1).
"""

import contextlib
from datetime import datetime, timedelta

from django.utils import timezone

from grids import deidentify, handling, telling, whistles
from grids.models import Issue, Level, Scene, Source, State, Whistle
from grids.models import WhistleState as S
from orgs.models import Organization, Person
from portal.seeding.issues import moments, texts
from portal.seeding.issues.cast import Cast
from portal.seeding.issues.story import NotYet
from rules import calendar

COUNT, LATE = 46, 5
WHY = [
    "街道两次约谈没有效果，街道没有处罚权。",
    "设施产权不在街道，抢修须由主管部门出面。",
    "涉及多个部门，街道协调过一次，职责没有定下来。",
]
BASIS = ["部门三定方案和街道职责清单：由主管部门查处。", "市容、市政设施管理规定：由主管部门维护。"]
DONE = ["已到场查处，恢复原状。", "已完成抢修，复测正常。", "已核查并责令改正。"]


class Whistler:
    """Takes an issue the street has (at L3) through a whistle; each verb a while after the last."""

    def __init__(self, cast: Cast, rng, now: datetime):
        self.cast, self.rng, self.now = cast, rng, now

    # --- people

    def _operator(self) -> Person:
        return self.cast.nearest("grids.ask_whistle", self.cast.street.path)

    def _leader(self) -> Person:
        path, asked = self.cast.street.path, self._operator()
        return self.cast.nearest("grids.approve_whistle", path, {asked.pk})

    def _officer(self, body: Organization, issue: Issue) -> Person:
        return next(one for one in self.cast.members(body) if one.pk != issue.reporter_id)

    # --- one whistle

    def whistle(
        self, issue: Issue, since: datetime, until: str, *, late=False, scene=Scene.NORMAL
    ) -> Whistle:
        """From asking to ``until``, or as far as time allows. ``late``: one department is."""
        self.at = self.since = since
        bodies = whistles.candidates(issue)
        kinds = issue.category.lead_kinds
        bodies.sort(key=lambda body: kinds.index(body.kind) if body.kind in kinds else len(kinds))
        called = [bodies[0], *self.rng.sample(bodies[1:], min(1, len(bodies) - 1))]
        whistle = whistles.ask(
            issue,
            by=self._operator(),
            at=self._later(30, 180),
            why_failed=self.rng.choice(WHY),
            duty_basis=self.rng.choice(BASIS),
            scene=scene,
            departments=called,
            lead=called[0],
        )
        with contextlib.suppress(NotYet):
            self._go_on(whistle, until, late)
        return whistle

    def _go_on(self, whistle: Whistle, until: str, late: bool) -> None:
        rng = self.rng
        if until == S.ASKED:
            return
        if until == S.REFUSED:
            why = "先由街道联合派出所再劝离一次，仍无效果再申请。"
            self._do(whistle, "refuse", self._leader(), 30, 150, reason=why)
            return
        self._do(whistle, "approve", self._leader(), 20, 150)
        calls = whistle.standing()
        for number, call in enumerate(calls):
            is_late = late and number == len(calls) - 1
            if is_late and until == S.CALLED:
                return
            if whistle.scene == Scene.ENFORCEMENT:
                self.at += timedelta(minutes=rng.randint(5, 12) + (45 if is_late else 0))
            elif is_late:
                self.at = max(self.at, call.report_due_at + timedelta(minutes=rng.randint(20, 300)))
            else:
                self._later(10, 150)
            self._do(whistle, "report_in", self._officer(call.organization, whistle.issue), 1, 2)
        if until == S.REPORTED_IN:
            return
        lead = calls[0]
        whistle.issue.refresh_from_db()
        at = self._later(20, 120)
        last = max(timezone.localdate(whistle.issue.promised_at), timezone.localdate(at))
        tasks = {
            call.pk: (f"{call.organization.name}到场核查，按职责办理。", last)
            for call in whistle.standing()
        }
        planner = self._officer(lead.organization, whistle.issue)
        whistles.advance(whistle, "plan", by=planner, at=at, tasks=tasks)
        if until == S.JOINT_PLAN:
            return
        for call in whistle.standing():
            by = self._officer(call.organization, whistle.issue)
            self._do(whistle, "finish", by, 60, 400, call=call, result=rng.choice(DONE))
        self._close(whistle.issue)
        whistle.refresh_from_db()
        if rng.random() < 0.7 or until == S.ENDED:
            self._rate(whistle)

    def _close(self, issue: Issue) -> None:
        issue.refresh_from_db()
        self._advance(
            issue,
            "report",
            issue.handler,
            result=texts.RESULTS.get(issue.category.name, texts.USUAL),
            no_photo_reason=texts.NO_PHOTO,
        )
        aside = {issue.reporter_id, issue.handler_id}
        checker = self.cast.nearest("grids.verify_issue", issue.area_path, aside)
        self._advance(issue, "verify", checker, how="on_site")

    def _rate(self, whistle: Whistle) -> None:
        rng = self.rng
        for call in whistle.standing():
            late = call.on_time is False
            stars = rng.choice([2, 3]) if late else rng.choice([4, 5, 5])
            said = "来得晚，事情办了。" if late else "配合很好。"
            operator = self._operator()
            given = {"call": call, "stars": stars, "comment": said}
            self._do(whistle, "rate_department", operator, 60, 300, **given)
            by = self._officer(call.organization, whistle.issue)
            given = {"call": call, "necessary": True, "stars": rng.choice([4, 5]), "comment": ""}
            self._do(whistle, "rate_necessity", by, 30, 200, **given)

    def _later(self, least: int, most: int) -> datetime:
        """Working minutes later; of a matter that is only hours old, within those hours."""
        later = calendar.add_working_minutes(self.at, self.rng.randint(least, most))
        if later > self.now and self.now - self.since < timedelta(days=2):
            later = self.at + (self.now - self.at) / 8
        if later > self.now:
            raise NotYet
        self.at = later
        return self.at

    def _do(self, whistle, verb, by, least, most, **given) -> None:
        whistles.advance(whistle, verb, by=by, at=self._later(least, most), **given)

    def _advance(self, issue, verb, by, **given) -> None:
        handling.advance(issue, verb, by=by, at=self._later(30, 200), **given)

    # --- the year

    def year(self, count: int) -> None:
        """``count`` whistles on matters of the year before, the last one of yesterday's news."""
        late = set(self.rng.sample(range(count), round(count * LATE / COUNT)))
        days = sorted((self.rng.uniform(12, 360) for _n in range(count)), reverse=True)
        with telling.silently():
            for number, back in enumerate(days):
                self._one(back, late=number in late)

    def _one(self, days: float, *, late: bool) -> None:
        rng, cast = self.rng, self.cast
        level = rng.choice([Level.L3, Level.L4, Level.L4])
        grid = rng.choice(cast.all_grids)
        kinds = [
            kind
            for kind in texts.AGAIN[level]
            if cast.leads(cast.categories[kind[0]], grid, high=True)
        ]
        name, title, words = rng.choice(kinds)
        posted = self.now - timedelta(days=days)
        posted = moments.at(timezone.localdate(posted), moments.time(rng.randint(8, 19)))
        issue = handling.post(
            reporter=cast.reporter(grid.community),
            category=cast.categories[name],
            area=grid,
            text=words,
            title=title,
            place_text=rng.choice(texts.SPOTS),
            source=Source.RESIDENT,
            at=posted,
        )
        Issue.objects.filter(pk=issue.pk).update(created_at=posted)
        self.at = self.since = posted
        worker = cast.nearest("grids.file_issue", issue.area_path, {issue.reporter_id})
        self._advance(
            issue,
            "file",
            worker,
            category=issue.category,
            level=Level.L3,
            public_title=deidentify.mask(issue.title),
            public_summary=deidentify.mask(issue.description),
            reason="核实后由街道办理，时限相应调整。",
        )
        self.whistle(issue, self.at, S.ENDED, late=late)
        issue.refresh_from_db()
        if issue.state == State.CLOSED and issue.closed_at < self.now - timedelta(days=42):
            handling.advance(issue, "archive", by=None, at=issue.closed_at + timedelta(days=41))
