"""Prove the books; exit code 1 when something is found."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from points import seal, verification


class Command(BaseCommand):
    help = "Count the ledger again and name what is wrong. Exit code 1 with findings."

    def add_arguments(self, parser):
        parser.add_argument("--full", action="store_true", help="from scratch")
        parser.add_argument("--against", type=Path, help="file of published block heads")

    def handle(self, *, full, against, **options):
        heads = None
        if against is not None:
            try:
                heads = seal.read(against.read_text(encoding="utf-8"))
            except (OSError, ValueError) as wrong:
                raise CommandError(str(wrong), returncode=2) from wrong
        try:
            kept = verification.run(full=full, against=heads)
        except verification.AlreadyRunning as refused:
            raise CommandError(str(refused), returncode=2) from refused
        for finding in kept.findings:
            name = verification.title_of(finding["check"])
            where = f"{finding['table']} {finding['id'] or '—'} ({finding['community'] or '—'})"
            self.stdout.write(f"{name}  {where}  {finding['text']}")
        what = _("全量核验") if kept.is_full else _("增量核验")
        self.stdout.write(
            _("%(what)s：流水 %(transfers)d 笔，账户 %(accounts)d 个，发现 %(count)d 处问题")
            % {
                "what": what,
                "transfers": kept.transfers,
                "accounts": kept.accounts,
                "count": kept.finding_count,
            }
        )
        if not kept.is_clean:
            sys.exit(1)
