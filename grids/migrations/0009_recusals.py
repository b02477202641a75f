"""Who stands aside from an issue, and reports that are about whoever usually leads.

Two columns with constant defaults and a new table: no rewrite, no time. Going back forgets who
stood aside; they could then work on those issues again.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0008_ship_duty'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='issue',
            name='about_lead',
            field=models.BooleanField(default=False, verbose_name='被反映的就是承办单位'),
        ),
        migrations.AddField(
            model_name='issue',
            name='recused_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, editable=False, size=None),
        ),
        migrations.CreateModel(
            name='Recusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, verbose_name='回避原因')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='时间')),
                ('declared_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='提出人')),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recusals', to='grids.issue')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='回避人')),
            ],
            options={
                'verbose_name': '回避',
                'verbose_name_plural': '回避',
                'permissions': [('name_recusal', '要求他人回避某件事项')],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('issue', 'person'), name='grids_recusal_once'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='grids_recusal_says_why')],
            },
        ),
    ]
