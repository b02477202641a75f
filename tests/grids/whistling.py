"""A street whose leader may whistle, with two departments; and whistles taken to any state."""

from datetime import timedelta

from django.utils import timezone

from grids import handling, whistles
from grids.models import WhistleState as S
from orgs import posts
from orgs.models import Organization
from orgs.models import OrganizationKind as Kind
from orgs.positions import Position
from tests import cast
from tests.grids import loop

WHY = "街道两次约谈，店家仍占道烧烤，街道没有处罚权"
BASIS = "市容环境卫生管理规定：占道经营由综合执法部门查处"


def crew(street):
    """Adds a leader, a second department and colleagues to the cast."""

    def post(name, phone, organization, position):
        someone = cast.person(name, phone)
        posts.appoint(someone, organization, position, starts_on=cast.LONG_AGO, reason="测试任命")
        return someone

    street.market = Organization.objects.create(
        kind=Kind.DEPARTMENT,
        name="望汐区市场监管所",
        area=street.street,
        superior=street.office,
        founded_on=cast.LONG_AGO,
    )
    street.fire = Organization.objects.create(
        kind=Kind.DEPARTMENT,
        name="青桐消防救援站",
        area=street.street,
        superior=street.office,
        founded_on=cast.LONG_AGO,
    )
    officer, operator = Position.DEPARTMENT_OFFICER, Position.SUBDISTRICT_OPERATOR
    street.leader = post("卢主任", "10000000040", street.office, Position.SUBDISTRICT_LEADER)
    street.deputy = post("吕副主任", "10000000041", street.office, Position.SUBDISTRICT_LEADER)
    street.shi = post("施市场", "10000000042", street.market, officer)
    street.yan = post("严执法", "10000000043", street.department, officer)
    street.xiao = post("肖消防", "10000000044", street.fire, officer)
    street.cheng = post("程街道", "10000000045", street.office, operator)
    street.system = None
    return street


def issue_at_street(street, **more):
    """Filed at L3, so the subdistrict's."""
    issue = loop.post(street, text="夜市占道烧烤，油烟扰民，两次劝离又回来", **more)
    loop.file(issue, street.chen, level="L3", reason="需要街道办理")
    return issue


def given(street, **more):
    return {
        "why_failed": WHY,
        "duty_basis": BASIS,
        "scene": "normal",
        "departments": [street.department, street.market],
        "lead": street.department,
        **more,
    }


def ask(street, issue=None, **more):
    issue = issue or issue_at_street(street)
    return whistles.ask(issue, by=street.chen, **given(street, **more))


def tasks(whistle, day=None):
    day = day or timezone.localdate() + timedelta(days=1)
    last = timezone.localdate(whistle.issue.promised_at)
    return {
        call.pk: (f"{call.organization.name}到场查处", min(day, last))
        for call in whistle.standing()
        if call.done_at is None
    }


def to_state(street, state, **more):
    """A fresh whistle, taken along the straight road to ``state``."""
    if state == S.DRAFT:
        return whistles.open_draft(issue_at_street(street))
    whistle = ask(street, **more)
    if state == S.LAPSED:
        whistles.advance(whistle, "lapse", by=None, reason="事项已由街道办好")
    if state == S.REFUSED:
        whistles.advance(whistle, "refuse", by=street.leader, reason="先请派出所联合劝离")
    road = [
        (S.CALLED, lambda: go("approve", street.leader)),
        (None, lambda: go("report_in", street.feng)),
        (S.REPORTED_IN, lambda: go("report_in", street.shi)),
        (S.JOINT_PLAN, lambda: go("plan", street.feng, tasks=tasks(whistle))),
        (None, lambda: go("finish", street.feng, result="烧烤摊已清走")),
        (S.JOINT_DONE, lambda: go("finish", street.shi, result="已核查证照")),
        (S.RATING, lambda: close(street, whistle)),
        (None, lambda: rate_all(street, whistle)),
        (S.ENDED, lambda: None),
    ]

    def go(verb, by, **data):
        whistles.advance(whistle, verb, by=by, **data)

    for _reached, step in road:
        if whistle.state == state:
            break
        step()
    whistle.refresh_from_db()
    return whistle


def close(street, whistle):
    issue = whistle.issue
    issue.refresh_from_db()
    handling.advance(issue, "report", by=street.feng, result="烧烤摊已清走", no_photo_reason="夜间")
    handling.advance(issue, "verify", by=street.sun, how="on_site")
    whistle.refresh_from_db()


def rate_all(street, whistle):
    for call in whistle.standing():
        whistles.advance(whistle, "rate_department", by=street.chen, call=call.pk, stars=5)
    for officer in (street.feng, street.shi):
        whistles.advance(whistle, "rate_necessity", by=officer, necessary=True, stars=4)
