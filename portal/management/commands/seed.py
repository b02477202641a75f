import importlib
import importlib.util
import os
import time
from datetime import date
from random import Random

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orgs.areas import lock_structure
from orgs.history import because
from orgs.models import Area
from orgs.progress import bar
from portal.seeding import accounts, bodies, people, places
from portal.seeding.plan import PLANS
from portal.seeding.world import REASON, World

SEED = 20260101
# Seeds of other subsystems, in this order: what, module, and its `(world, rng, today)`.
FURTHER = (
    ("楼栋位置", "portal.seeding.sites", "seed_sites"),
    ("责任清单", "portal.seeding.dispatching", "seed_table"),
    ("演示事项", "portal.seeding.issues", "seed_issues"),
    ("吹哨报到", "portal.seeding.whistles", "seed_whistles"),
    ("巡查代录", "portal.seeding.field", "seed_field"),
    ("派单方式", "portal.seeding.dispatching", "seed_rosters"),
    ("外部工单", "portal.seeding.hotline", "seed_hotline"),
    ("居民声音", "portal.seeding.voices", "seed_voices"),
    ("公示公开", "portal.seeding.publicity", "seed_publicity"),
    ("办理数字", "portal.seeding.figures", "seed_figures"),
    ("积分", "portal.seeding.points", "seed_points"),
    ("积分兑换", "portal.seeding.exchange", "seed_exchange"),
)
# What needs transactions of its own, when everything is written.
AFTERWARDS = (("结清账本", "portal.seeding.points", "close_books"),)


class Command(BaseCommand):
    help = (
        "Write the demo subdistrict (all invented) once; run again it writes nothing, but makes "
        "new passwords when demo_accounts.json is lost."
    )

    def add_arguments(self, parser):
        parser.add_argument("--size", choices=sorted(PLANS), default="full")
        parser.add_argument(
            "--today",
            type=_day,
            default=None,
            help="the day everything is relative to (YYYY-MM-DD; default DEMO_TODAY or today)",
        )

    def handle(self, *, size: str, today: date | None, **options):
        today = today or _demo_today() or timezone.localdate()
        if today > timezone.localdate():
            raise CommandError(_("演示日期不能晚于今天"))
        started = time.monotonic()
        with transaction.atomic():
            lock_structure()  # two seeds at once: the second waits, and finds the first
            if Area.objects.filter(code=places.STREET_CODE).exists():
                self._keep()
                return
            world = build(size, today)
            with because(REASON), bar(_("演示数据"), world.rows(), self.stderr) as advance:
                world.write(advance)
            chosen = accounts.choose()
            world.resident = next(one.person for one in chosen if one.role == "resident")
            with because(REASON):
                self._further(world, today)
        for label, module, verb in AFTERWARDS:
            with bar(label, 1, self.stderr) as advance:
                getattr(importlib.import_module(module), verb)()
                advance(1)
        accounts.issue_passwords(chosen, settings.DATA_DIR / accounts.FILE)
        text = _("演示数据已写入：%(people)d 人，用时 %(seconds).0f 秒")
        facts = {"people": len(world.people), "seconds": time.monotonic() - started}
        self.stdout.write(text % facts)

    def _further(self, world: World, today: date) -> None:
        for label, module, verb in FURTHER:
            if importlib.util.find_spec(module):
                with bar(label, 1, self.stderr) as advance:
                    seed = getattr(importlib.import_module(module), verb)
                    seed(world, Random(SEED), today)  # noqa: S311
                    advance(1)

    def _keep(self):
        file = settings.DATA_DIR / accounts.FILE
        if file.exists():
            self.stdout.write(_("演示数据已经存在，未作改动"))
            return
        accounts.issue_passwords(accounts.choose(), file)
        self.stdout.write(_("演示数据已经存在；演示账号的密码已重新生成"))


def build(size: str, today: date) -> World:
    """The demo in memory: the same for one size and day."""
    world = World(PLANS[size](), Random(SEED), today)  # noqa: S311 invented data, not secrets
    places.build(world)
    people.build(world)
    bodies.build(world)
    bodies.stand_in(world)
    people.move_in(world)
    return world


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("日期须写作 2026-01-31：%(text)s") % {"text": text}) from error


def _demo_today() -> date | None:
    text = os.environ.get("DEMO_TODAY", "")
    return _day(text) if text else None
