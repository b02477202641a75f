"""The rule profiles of the data migrations, for tests that flush the database behind themselves."""

from importlib import import_module

from django.apps import apps

from rules.models import RuleProfile

SHIPPED = (
    *import_module("rules.migrations.0002_profiles").SHIPPED,
    import_module("rules.migrations.0003_notice_periods").NOTICE_PERIODS,
    *import_module("rules.migrations.0005_whistle").SHIPPED,
    *import_module("rules.migrations.0006_points").SHIPPED,
    *import_module("rules.migrations.0007_exchange").SHIPPED,
)


def ship() -> None:
    """Write the shipped profiles unless they are there (a transactional test leaves none)."""
    there = set(RuleProfile.objects.values_list("code", flat=True))
    missing = [profile for profile in SHIPPED if profile["code"] not in there]
    if not missing:
        return
    for profile in missing:
        RuleProfile.objects.create(place="", **profile)
    import_module("rules.migrations.0004_issue_urgency").complete(apps, None)
