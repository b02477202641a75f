"""EXCHANGE learns from when on the monitors notice something, and how long looking into it takes.

A profile nothing was opened under yet is completed; one in use gets a successor from today. A
handful of rows. Going back leaves them, nobody reads them then.
"""

from datetime import date, timedelta

from django.db import migrations
from django.db.models import Q

MORE = {
    "watch_outlet_at_least": 20,
    "watch_staff_per_month": 3,
    "watch_helper_share_percent": 60,
    "watch_helper_at_least": 10,
    "case": {"unit": "working_days", "amount": 10},
}


def complete(apps, schema_editor):
    RuleProfile = apps.get_model("rules", "RuleProfile")
    today = date.today()
    current = Q(effective_to=None) | Q(effective_to__gt=today)
    for profile in RuleProfile.objects.filter(current, code="EXCHANGE"):
        params = {**MORE, **profile.params}
        if params == profile.params:
            continue
        if profile.first_used_at is None:
            RuleProfile.objects.filter(pk=profile.pk).update(params=params)
            continue
        # A span has a day at least: one that began today goes on until tomorrow.
        first = max(today, profile.effective_from + timedelta(days=1))
        if profile.effective_to is not None and first >= profile.effective_to:
            continue
        RuleProfile.objects.filter(pk=profile.pk).update(effective_to=first)
        RuleProfile.objects.create(
            code=profile.code,
            place=profile.place,
            title=profile.title,
            legal_basis=profile.legal_basis,
            effective_from=first,
            effective_to=profile.effective_to,
            params=params,
        )


class Migration(migrations.Migration):
    dependencies = [("rules", "0008_points_flags")]
    operations = [migrations.RunPython(complete, migrations.RunPython.noop)]
