from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from orgs import divisions
from orgs.progress import bar


class Command(BaseCommand):
    help = (
        "Import statistical divisions (CSV: code,name,level,parent_code). Adds places and updates "
        "names, deletes nothing; a file with a mistake is reported by line and left out whole."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--reason", default="", help="why, for the history of every change")

    def handle(self, *, file: Path, reason: str, **options):
        try:
            content = file.read_bytes()
        except OSError as error:
            text = _("读不到文件 %(file)s：%(error)s")
            raise CommandError(text % {"file": file, "error": error.strerror}) from error
        try:
            rows = divisions.read(content)
        except divisions.BadFile as error:
            raise CommandError(f"{file}\n{error}") from error
        reason = reason or _("导入行政区划文件 %(file)s") % {"file": file.name}
        with bar(_("行政区划"), len(rows), self.stderr) as advance:
            outcome = divisions.load(rows, reason=reason, progress=advance)
        text = _("新增 %(added)d，更名 %(renamed)d，未变 %(unchanged)d")
        self.stdout.write(
            text
            % {
                "added": outcome.added,
                "renamed": outcome.renamed,
                "unchanged": outcome.unchanged,
            }
        )
