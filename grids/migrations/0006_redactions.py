"""Photos with parts blacked out: the token of what everybody sees, and who did it when.

A nullable column and a new table: no time at all. Going back drops both; photos that were
redacted would be shown whole again, so hide them first.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0005_search_backfill'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='photo',
            name='redacted_token',
            field=models.CharField(editable=False, max_length=24, null=True, unique=True),
        ),
        migrations.CreateModel(
            name='Redaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('boxes', models.JSONField(verbose_name='涂黑的位置')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='时间')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='涂黑人')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redactions', to='grids.photo')),
            ],
            options={
                'verbose_name': '照片涂黑记录',
                'verbose_name_plural': '照片涂黑记录',
                'ordering': ['pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('boxes', []), _negated=True), name='grids_redaction_hides_something')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='redaction',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ba6488a7a53ce750fed2d37625b2145127eeae18', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_0dc56', table='grids_redaction', when='BEFORE')),
        ),
    ]
