"""Measure what things cost: ``manage.py bench [--only pages]``; see ``portal.bench``."""

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from portal import bench

INSIDE = "PORTAL_BENCH_DATABASE"


class Command(BaseCommand):
    help = "Measure costs as ratios inside one run; writes DATA_DIR/bench.json"

    def add_arguments(self, parser):
        parser.add_argument("--only", metavar="GROUP", help="one group instead of all")
        parser.add_argument("--size", default="full", choices=["small", "full"], help="seed")

    def handle(self, *, only, size, **options):
        groups = bench.groups()
        if only and only not in groups:
            raise CommandError(f"没有 {only} 这一组；现有：{'、'.join(groups)}")
        if os.environ.get(INSIDE) != connection.settings_dict["NAME"]:
            self._in_a_database_of_its_own(only, size)
            return
        results = []
        for name in [only] if only else groups:
            self.stderr.write(f"── bench {name}")
            results += groups[name]()
        self._print(results)
        path = settings.DATA_DIR / "bench.json"
        rows = [result.as_row() for result in results]
        path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _in_a_database_of_its_own(self, only, size):
        """Run again on ``<database>_bench_<size>``, seeded once: the demo stays out of it."""
        name = f"{connection.settings_dict['NAME']}_bench_{size}"
        parts = urlsplit(settings.DATABASE_URL)
        environment = {
            **os.environ,
            "DATABASE_URL": urlunsplit(parts._replace(path=f"/{name}")),
            "REDIS_URL": settings.REDIS_URL,
            "DATA_DIR": str(settings.DATA_DIR / "bench"),
            "STATIC_ROOT": settings.STATIC_ROOT,
            "PORTAL_MODE": "demo",
            INSIDE: name,
        }
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')

        def manage(*arguments):
            subprocess.run(  # noqa: S603
                [sys.executable, "manage.py", *arguments],
                cwd=settings.BASE_DIR,
                env=environment,
                check=True,
            )

        try:
            manage("migrate", "--verbosity", "0")
            if only not in bench.UNSEEDED:
                manage("seed", "--size", size)
            manage("collectstatic", "--noinput", "--verbosity", "0")
            manage("bench", "--size", size, *(["--only", only] if only else []))
        except subprocess.CalledProcessError as error:
            raise CommandError(f"{error.cmd[2]}：退出码 {error.returncode}") from None
        report = settings.DATA_DIR / "bench" / "bench.json"
        path = settings.DATA_DIR / "bench.json"
        path.write_text(report.read_text("utf-8"), "utf-8")
        self.stderr.write(f"→ {path}")

    def _print(self, results):
        marks = {True: "✓", False: "✗ missed", None: ""}
        self.stdout.write(
            f"{'group':<8}{'name':<40}{'value':>10} {'unit':<8}{'ratio':>7}{'goal':>7}  met"
        )
        for result in results:
            ratio = "" if result.ratio is None else f"{result.ratio:.2f}×"
            goal = (
                "" if result.goal is None else f"{'≥' if result.at_least else '≤'}{result.goal:g}"
            )
            self.stdout.write(
                f"{result.group:<8}{result.name:<40}{result.value:>10} {result.unit:<8}"
                f"{ratio:>7}{goal:>7}  {marks[result.met]}"
            )
