"""The block heads, to be published where nobody can take them back."""

from pathlib import Path

from django.core.management.base import BaseCommand

from points import seal


class Command(BaseCommand):
    help = "Print or write the last block of each community: code, number, digest, day, name."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, help="file to write (default: standard output)")
        parser.add_argument("--sealed", action="store_true", help="seal what is there first")

    def handle(self, *, to, sealed, **options):
        if sealed:
            seal.run()
        text = seal.written(seal.heads())
        if to is None:
            self.stdout.write(text, ending="")
        else:
            to.write_text(text, encoding="utf-8")
