"""A picture of a handing over is found by its token.

A partial index over orders with a picture, of which there are none yet. Backwards drops it.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0003_settlement'),
        ('orgs', '0001_squashed_0003_sites'),
        ('points', '0011_rule_endings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('photo', ''), _negated=True), fields=['photo'], name='exchange_order_photo'),
        ),
    ]
