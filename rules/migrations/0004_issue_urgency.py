"""ISSUE-CLOCKS learns what more urgent matters are allowed: 较急 and 紧急 a day, on site in half an hour.

A profile nothing was opened under yet is completed; one in use gets a successor from today.
"""

from datetime import date

from django.db import migrations

MORE = {
    "pressing": {"unit": "minutes", "amount": 1440},
    "urgent": {"unit": "minutes", "amount": 1440},
    "on_site": {"unit": "minutes", "amount": 30},
}


def complete(apps, schema_editor):
    RuleProfile = apps.get_model("rules", "RuleProfile")
    for profile in RuleProfile.objects.filter(code="ISSUE-CLOCKS", effective_to=None):
        params = {**MORE, **profile.params}
        if params == profile.params:
            continue
        if profile.first_used_at is None:
            RuleProfile.objects.filter(pk=profile.pk).update(params=params)
            continue
        today = date.today()
        RuleProfile.objects.filter(pk=profile.pk).update(effective_to=today)
        RuleProfile.objects.create(
            code=profile.code,
            place=profile.place,
            title=profile.title,
            legal_basis=profile.legal_basis,
            effective_from=today,
            params=params,
        )


class Migration(migrations.Migration):
    dependencies = [("rules", "0003_notice_periods")]
    operations = [migrations.RunPython(complete, migrations.RunPython.noop)]
