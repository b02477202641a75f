"""Months of figures, the marks that say which no longer hold, and the triggers that set them.

Empty tables; the index over rework and reopening reads the steps once (50,000 rows, 0.1 s), that
over closing the issues. 0011 marks everything, and the beat counts it. Backwards drops figures
that can be counted again.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("grids", "0009_recusals"),
        ('orgs', '0002_residence_pending'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IssueMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('counted_at', models.DateTimeField(verbose_name='统计时间')),
                ('received', models.PositiveIntegerField(default=0)),
                ('merged', models.PositiveIntegerField(default=0)),
                ('not_accepted', models.PositiveIntegerField(default=0)),
                ('filed', models.PositiveIntegerField(default=0)),
                ('self_found', models.PositiveIntegerField(default=0)),
                ('due', models.PositiveIntegerField(default=0)),
                ('due_closed', models.PositiveIntegerField(default=0)),
                ('due_on_time', models.PositiveIntegerField(default=0)),
                ('closed', models.PositiveIntegerField(default=0)),
                ('rated', models.PositiveIntegerField(default=0)),
                ('solved', models.PositiveIntegerField(default=0)),
                ('satisfied', models.PositiveIntegerField(default=0)),
                ('rework', models.PositiveIntegerField(default=0)),
                ('reopened', models.PositiveIntegerField(default=0)),
                ('contact_due', models.PositiveIntegerField(default=0)),
                ('contact_on_time', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': '事项月度数字',
                'verbose_name_plural': '事项月度数字',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='StaleMonths',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('area_path', models.CharField(db_collation='C', max_length=255)),
                ('since', models.DateTimeField()),
            ],
            options={
                'verbose_name': '待重新统计的数字',
                'verbose_name_plural': '待重新统计的数字',
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='issue',
            index=models.Index(fields=['-closed_at'], name='grids_issue_closed'),
        ),
        migrations.AddIndex(
            model_name='issuestep',
            index=models.Index(condition=models.Q(('verb__in', ['rework', 'reopen'])), fields=['at'], name='grids_issuestep_again'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='issue',
            trigger=pgtrigger.compiler.Trigger(name='months_of_new', sql=pgtrigger.compiler.UpsertTriggerSql(func='\nINSERT INTO grids_stalemonths (area_path, since) VALUES (NEW.area_path, least(NEW.reported_at, NEW.filed_at, NEW.promised_at, NEW.closed_at, NEW.rated_at));\nRETURN NEW;\n', hash='a8f35c787aaffaa4f98a318c7c07d780b1a5e7ea', operation='INSERT', pgid='pgtrigger_months_of_new_247ff', table='grids_issue', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='issue',
            trigger=pgtrigger.compiler.Trigger(name='months_of_changed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."area_path" IS DISTINCT FROM (NEW."area_path") OR OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."closed_at" IS DISTINCT FROM (NEW."closed_at") OR OLD."contacted_at" IS DISTINCT FROM (NEW."contacted_at") OR OLD."filed_at" IS DISTINCT FROM (NEW."filed_at") OR OLD."on_time" IS DISTINCT FROM (NEW."on_time") OR OLD."promised_at" IS DISTINCT FROM (NEW."promised_at") OR OLD."rated_at" IS DISTINCT FROM (NEW."rated_at") OR OLD."reopened_count" IS DISTINCT FROM (NEW."reopened_count") OR OLD."reported_at" IS DISTINCT FROM (NEW."reported_at") OR OLD."rework_count" IS DISTINCT FROM (NEW."rework_count") OR OLD."solved" IS DISTINCT FROM (NEW."solved") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."stars" IS DISTINCT FROM (NEW."stars") OR OLD."state" IS DISTINCT FROM (NEW."state"))', func='\nINSERT INTO grids_stalemonths (area_path, since) VALUES (NEW.area_path, least(NEW.reported_at, NEW.filed_at, NEW.promised_at, NEW.closed_at, NEW.rated_at, OLD.reported_at, OLD.filed_at, OLD.promised_at, OLD.closed_at, OLD.rated_at));\nIF NEW.area_path <> OLD.area_path THEN\n    INSERT INTO grids_stalemonths (area_path, since) VALUES (OLD.area_path, least(OLD.reported_at, OLD.filed_at, OLD.promised_at, OLD.closed_at, OLD.rated_at));\nEND IF;\nRETURN NEW;\n', hash='bb1dc11b17a72e35414447cd6aca8e9b6a9eb6d7', operation='UPDATE', pgid='pgtrigger_months_of_changed_5ea9b', table='grids_issue', when='AFTER')),
        ),
        migrations.AddField(
            model_name='issuemonth',
            name='area',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area'),
        ),
        migrations.AddField(
            model_name='issuemonth',
            name='category',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grids.category'),
        ),
        migrations.AddConstraint(
            model_name='issuemonth',
            constraint=models.UniqueConstraint(fields=('month', 'area', 'category'), name='grids_issuemonth_once'),
        ),
        migrations.AddConstraint(
            model_name='issuemonth',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='grids_issuemonth_first_day'),
        ),
    ]
