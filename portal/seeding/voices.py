"""The demo's voices: neighbours who are affected too, comments with an official answer, one hidden
and objected to, one that waits, an urge, and what keeps coming back as proposals. All invented."""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from grids import commenting, dispatch, following, proposals, telling, urging
from grids.models import Comment, Issue, State
from orgs.models import Area, AreaLevel, Person, Residence
from rules import calendar

PER_COMMUNITY = 3
ASKED = (
    "我们单元也是这样，老人晚上都不敢下楼。",
    "已经好几天了，请问什么时候能处理好？",
    "孩子每天从这里走，希望先围一下。",
    "上次修过没多久又坏了，能不能一次修好？",
)
ANSWERED = (
    "已经看过现场，材料到了就施工，进展在这里告诉大家。",
    "正在和几家单位商量办法，这周内给答复。",
    "已先做了临时处理，请大家路过时注意安全。",
)
RUDE, OBJECTION = "天天说在办，办事的人真是懒虫。", "我说的是办得慢，没有骂人的意思。"
NAMES = "楼上的王大爷也说好几天了。"
URGED = "家里有老人，请尽快。"


def seed_voices(world, rng, today: date) -> int:
    """Write them for ``world.street``, ``world.resident`` too; comments there are. None twice."""
    if not Comment.objects.exists():
        now = min(
            timezone.now(), datetime.combine(today, time(23), timezone.get_default_timezone())
        )
        within = Area.objects.open().within(world.street)
        communities = list(within.filter(level=AreaLevel.COMMUNITY, numchild__gt=0))
        with calendar.steady(), transaction.atomic(), telling.silently():
            own = _home_of(world.resident, communities)
            for community in communities:
                _speak(community, world.resident if community == own else None, rng, now)
            proposals.sweep(now)
    return Comment.objects.count()


def _home_of(resident, communities: list[Area]) -> Area:
    lived = Residence.objects.verified().filter(person=resident)
    path = lived.values_list("household__area_path", flat=True).first() or ""
    return next((one for one in communities if path.startswith(one.path)), communities[0])


def _speak(community: Area, resident, rng, now: datetime) -> None:
    """Talk below the newest open public issues; in the resident's community a quarrel as well."""
    issues = list(
        Issue.objects.visible_to_public()
        .filter(
            area_path__startswith=community.path,
            state__in=[State.DISPATCHED, State.IN_PROGRESS, State.HANDLED],
            reported_at__lt=now - timedelta(hours=2),
        )
        .exclude(reporter=resident)
        .select_related("area", "lead", "handler", "verifier", "category")
        .order_by("-reported_at", "-pk")[:PER_COMMUNITY]
    )
    for number, issue in enumerate(issues):
        people = _neighbours(issue, rng.randint(3, 12), but=resident)
        moment = _Moments(issue, now, steps=len(people) + 8)
        for person in people:
            following.also_affects(issue, person=person, at=moment.next())
        if resident is not None and number == 0:
            following.also_affects(issue, person=resident, at=moment.next())
        for person, text in zip(people, rng.sample(ASKED, 2), strict=False):
            commenting.write(issue, author=person, text=text, at=moment.next())
        officials = [issue.handler] if issue.handler_id else dispatch.members(issue.lead)
        if officials:
            text = rng.choice(ANSWERED)
            commenting.write(issue, author=officials[0], text=text, at=moment.next())
        if issue.reporter_id and number == 0:
            urging.urge(issue, person=issue.reporter, text=URGED, at=moment.next())
        if resident is not None and number == 0 and len(people) > 2:
            _quarrel(issue, people, moment)


def _quarrel(issue: Issue, people: list[Person], moment) -> None:
    commenting.write(issue, author=people[1], text=NAMES, at=moment.next())
    rude = commenting.write(issue, author=people[2], text=RUDE, at=moment.next())
    if moderators := commenting.moderators_of(rude):
        words = {"reason_code": "insult", "text": "请就事论事"}
        commenting.hide(rude, by=moderators[0], at=moment.next(), **words)
        commenting.object_to(rude, by=people[2], text=OBJECTION, at=moment.next())


class _Moments:
    """Instants between the report of an issue and now, one after the other."""

    def __init__(self, issue: Issue, now: datetime, *, steps: int):
        since = max(issue.reported_at, now - timedelta(days=3))
        self.at, self.step = since, (now - since) / (steps + 1)

    def next(self) -> datetime:
        self.at += self.step
        return self.at


def _neighbours(issue: Issue, count: int, *, but) -> list[Person]:
    """People of different households near the place who have no post and did not report it."""
    grid = issue.area.ancestor(AreaLevel.GRID) or issue.area
    lived = (
        Residence.objects.verified()
        .filter(household__area_path__startswith=grid.path, person__appointments=None)
        .exclude(person__in=[pk for pk in (issue.reporter_id, getattr(but, "pk", None)) if pk])
        .order_by("household_id", "pk")
        .select_related("person")[: count * 6]
    )
    homes = {row.household_id: row.person for row in lived}
    return list(homes.values())[:count]
