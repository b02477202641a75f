"""An index over what the public sees as not yet closed: the map, and this week's figures.

Some hundreds of rows among thousands; reads 6,480 issues once, 0.1 s. Backwards drops it.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("grids", "0016_voices"),
        ('orgs', '0003_sites'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='issue',
            index=models.Index(condition=models.Q(('is_public', True), ('state__in', ['filed', 'dispatched', 'returned', 'in_progress', 'escalated', 'reopened', 'paused', 'handled'])), fields=['area_path'], name='grids_issue_unfinished'),
        ),
    ]
