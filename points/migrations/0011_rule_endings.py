"""Why and by whom a rule was ended is kept. An empty table; going back drops it."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('points', '0010_spoken_answers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleEnding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_day', models.DateField(verbose_name='最后一天')),
                ('reason', models.CharField(max_length=200, verbose_name='停止原因')),
                ('ended_at', models.DateTimeField(auto_now_add=True)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='endings', to='points.ruleversion')),
            ],
            options={
                'verbose_name': '积分规则停止',
                'verbose_name_plural': '积分规则停止',
                'ordering': ['version', 'pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='points_rule_ending_says_why')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleending',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='69f2c619e814108908a0216104c2033b7aec4d1b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_5347a', table='points_ruleending', when='BEFORE')),
        ),
    ]
