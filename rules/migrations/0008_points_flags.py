"""POINTS learns when a claim is flagged for a second look, and says how points expire.

Both as they were in the code, so nothing changes. A profile nothing was opened under yet is
completed; one in use gets a successor from today. A handful of rows.
"""

from datetime import date, timedelta

from django.db import migrations
from django.db.models import Q

MORE = {
    "expiry_mode": "months",
    "flags": {
        "day_hours": 8,
        "day_claims": 4,
        "pair_days": 90,
        "pair_times": 6,
        "brought_times": 12,
        "cap_percent": 90,
        "cap_claims": 3,
    },
}


def complete(apps, schema_editor):
    RuleProfile = apps.get_model("rules", "RuleProfile")
    today = date.today()
    current = Q(effective_to=None) | Q(effective_to__gt=today)
    for profile in RuleProfile.objects.filter(current, code="POINTS"):
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
    dependencies = [("rules", "0007_exchange")]
    operations = [migrations.RunPython(complete, migrations.RunPython.noop)]
