"""Mark the months of every place with issues, so that the next run of the beat counts them.

One row per place, no time; until then the account says that nothing was counted yet. Backwards
does nothing: 0010 drops the marks.
"""

from django.db import migrations

MARK = """
INSERT INTO grids_stalemonths (area_path, since)
SELECT area_path, min(reported_at) FROM grids_issue GROUP BY area_path
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0010_months")]
    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]
