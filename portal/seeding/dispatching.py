"""Dispatch in the demo: the street's own rows of the table, ways of handing out, templates.

The rows come before the issues, so that these go where the table says; the ways of handing out
come after them.
"""

from datetime import date, timedelta
from random import Random

from grids.models import Absence, Category, DutyItem, ReplyTemplate, Responsibility, Roster
from orgs.models import Organization
from orgs.models import OrganizationKind as Kind
from portal.seeding.world import World

BASIS = "青桐街道权责清单（演示）"
# category → the department of the street that answers for it
ROWS = {
    "gas": "城建环保办公室",
    "buildings": "城建环保办公室",
    "falling_objects": "派出所",
    "lifts": "市场监督管理所",
    "flooding": "应急管理办公室",
    "drainage": "城建环保办公室",
    "roads": "城建环保办公室",
    "lighting": "城建环保办公室",
    "fumes": "综合行政执法队",
}
# verb, category or none, title, text
TEMPLATES = [
    ("contact", None, "已联系", "{编号}由{承办单位}承办，{承诺时间}前办结，有进展会告诉您。"),
    ("contact", "parking", "约看现场", "已约好到{地点}现场看车位，看完当天回复。"),
    ("report", "repairs", "修好了", "{地点}已修复并当场试用，恢复正常。"),
    ("report", "cleanliness", "清运完", "{地点}已清运并冲洗，已请保洁每天加一遍。"),
    ("report", "noise", "劝导后", "已到{地点}上门劝导，对方答应晚十点后不再作业，今晚再去听一次。"),
    ("rework", None, "现场不符", "现场和上报的照片不一致，请重新办理并补拍。"),
    ("note", None, "等材料", "材料已订，到货后三天内完成。"),
]  # fmt: skip


def seed_table(world: World, rng: Random, today: date) -> None:
    categories = {category.code: category for category in Category.objects.all()}
    since = today - timedelta(days=400)
    for code, name in ROWS.items():
        body = next((one for one in world.departments if one.name.endswith(name)), None)
        if body is not None:
            Responsibility.objects.create(
                category=categories[code],
                area=world.street,
                organization=body,
                effective_from=since,
                basis=BASIS,
                written_by=world.operators[0],
            )
    DutyItem.objects.create(category=categories["lifts"], area=world.street, role="assist")


def seed_rosters(world: World, rng: Random, today: date) -> None:
    """Companies take turns, departments are assigned by name, communities grab."""
    bodies = Organization.objects.open().within(world.street)
    ways = {Kind.PROPERTY_COMPANY: Roster.Mode.ROTATE, Kind.DEPARTMENT: Roster.Mode.ASSIGN}
    for body in bodies.filter(kind__in=ways).order_by("pk"):
        Roster.objects.create(organization=body, mode=ways[body.kind])
    company = bodies.filter(kind=Kind.PROPERTY_COMPANY).order_by("pk").first()
    if company is not None:
        posts = company.appointments.in_force(today).order_by("position", "pk")
        for post in list(posts.select_related("person"))[-1:]:
            Absence.objects.create(
                organization=company,
                person=post.person,
                starts_on=today,
                ends_on=today + timedelta(days=6),
                entered_by=post.person,
            )
    categories = {category.code: category for category in Category.objects.all()}
    for verb, code, title, text in TEMPLATES:
        ReplyTemplate.objects.create(
            area=world.street,
            verb=verb,
            category=categories[code] if code else None,
            title=title,
            text=text,
            written_by=world.operators[0],
        )
