"""The categories of the data migration, for tests that flush the database behind themselves."""

from importlib import import_module

from django.apps import apps

from grids.models import Category, Responsibility
from tests.rules import shipped


def ship() -> None:
    """Write categories and rule profiles unless they are there."""
    shipped.ship()
    if not Category.objects.exists():
        import_module("grids.migrations.0002_categories").ship(apps, None)
    if not Responsibility.objects.exists():
        import_module("grids.migrations.0008_ship_duty").ship(apps, None)
