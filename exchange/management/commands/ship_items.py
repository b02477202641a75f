from django.core.management.base import BaseCommand, CommandError

from exchange import catalogue
from orgs.models import Area, AreaLevel


class Command(BaseCommand):
    help = "Give a subdistrict (by its division code) the exchange catalogue; again adds nothing."

    def add_arguments(self, parser):
        parser.add_argument("code", nargs="+", help="nine digits")

    def handle(self, *args, code, **options):
        for one in code:
            area = Area.objects.filter(code=one, level=AreaLevel.SUBDISTRICT).first()
            if area is None:
                raise CommandError(f"no subdistrict has the code {one}")
            added = catalogue.ship(area)
            self.stdout.write(f"{one} {area.name}: {added} items added")
