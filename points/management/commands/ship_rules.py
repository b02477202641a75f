from django.core.management.base import BaseCommand, CommandError

from orgs.models import Area, AreaLevel
from points import catalogue


class Command(BaseCommand):
    help = "Give a subdistrict (by its division code) the rule catalogue; again adds what lacks."

    def add_arguments(self, parser):
        parser.add_argument("code", nargs="+", help="nine digits")

    def handle(self, *args, code, **options):
        for one in code:
            area = Area.objects.filter(code=one, level=AreaLevel.SUBDISTRICT).first()
            if area is None:
                raise CommandError(f"no subdistrict has the code {one}")
            added = catalogue.ship(area)
            self.stdout.write(f"{one} {area.name}: {added} rules added")
