"""Rule profiles, calendar and clocks, and the profiles that are shipped, as 0001 to 0005 left them.

Every table is made once, complete, so that an empty database is ready sooner; one that ran those
five counts this as done. The rows are written by the functions of 0002 to 0005.
"""

import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
import rules.models.profiles
from importlib import import_module

from django.conf import settings
from django.db import migrations, models

profiles = import_module("rules.migrations.0002_profiles")
notice_periods = import_module("rules.migrations.0003_notice_periods")
issue_urgency = import_module("rules.migrations.0004_issue_urgency")
whistle = import_module("rules.migrations.0005_whistle")


class Migration(migrations.Migration):

    replaces = [
        ('rules', '0001_initial'),
        ('rules', '0002_profiles'),
        ('rules', '0003_notice_periods'),
        ('rules', '0004_issue_urgency'),
        ('rules', '0005_whistle'),
    ]

    initial = True

    dependencies = [
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CalendarNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年份')),
                ('source', models.CharField(max_length=200, verbose_name='来源（文号或网址）')),
                ('text', models.TextField(verbose_name='通知内容')),
                ('is_complete', models.BooleanField(default=True, verbose_name='全年安排')),
                ('reason', models.CharField(max_length=200, verbose_name='导入说明')),
                ('imported_at', models.DateTimeField(auto_now_add=True, verbose_name='导入时间')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='撤销时间')),
                ('undo_reason', models.CharField(blank=True, max_length=200, verbose_name='撤销原因')),
                ('imported_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undone_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '放假安排通知',
                'verbose_name_plural': '放假安排通知',
                'ordering': ['-imported_at'],
                'indexes': [models.Index(fields=['year', '-imported_at'], name='rules_notice_year')],
            },
        ),
        migrations.CreateModel(
            name='CalendarNoticeEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('year', models.PositiveSmallIntegerField(verbose_name='年份')),
                ('source', models.CharField(max_length=200, verbose_name='来源（文号或网址）')),
                ('text', models.TextField(verbose_name='通知内容')),
                ('is_complete', models.BooleanField(default=True, verbose_name='全年安排')),
                ('reason', models.CharField(max_length=200, verbose_name='导入说明')),
                ('imported_at', models.DateTimeField(auto_now_add=True, verbose_name='导入时间')),
                ('undone_at', models.DateTimeField(blank=True, null=True, verbose_name='撤销时间')),
                ('undo_reason', models.CharField(blank=True, max_length=200, verbose_name='撤销原因')),
                ('imported_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='rules.calendarnotice')),
                ('undone_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='NoticeLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='日期')),
                ('works', models.BooleanField(verbose_name='上班')),
                ('was_works', models.BooleanField(null=True)),
                ('was_source', models.CharField(blank=True, max_length=200)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='rules.calendarnotice')),
                ('was_notice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rules.calendarnotice')),
            ],
            options={
                'verbose_name': '通知所列日期',
                'verbose_name_plural': '通知所列日期',
                'ordering': ['day'],
                'constraints': [models.UniqueConstraint(fields=('notice', 'day'), name='rules_line_once_per_day'), models.CheckConstraint(condition=models.Q(models.Q(('was_notice', None), ('was_source', ''), ('was_works', None)), ('was_works__isnull', False), _connector='OR'), name='rules_line_before_is_whole')],
            },
        ),
        migrations.CreateModel(
            name='RuleProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=32, validators=[django.core.validators.RegexValidator('^[A-Z][A-Z0-9-]+$', '用大写字母、数字和连字符')], verbose_name='规则代码')),
                ('title', models.CharField(max_length=120, verbose_name='名称')),
                ('legal_basis', models.TextField(verbose_name='依据')),
                ('place', models.CharField(blank=True, max_length=18, validators=[django.core.validators.RegexValidator('^[0-9]*$', '只能是数字，空白表示全国')], verbose_name='适用地区（区划代码前缀）')),
                ('effective_from', models.DateField(verbose_name='施行日期')),
                ('effective_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('params', models.JSONField(verbose_name='参数')),
                ('verified_on', models.DateField(blank=True, null=True, verbose_name='核对日期')),
                ('first_used_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='首次采用')),
                ('verified_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '规则',
                'verbose_name_plural': '规则',
                'ordering': ['code', 'place', '-effective_from'],
                'permissions': [('edit_rules', '维护本地区的规则'), ('edit_national_rules', '维护全国适用的规则')],
                'constraints': [models.CheckConstraint(condition=models.Q(('effective_to', None), ('effective_to__gt', models.F('effective_from')), _connector='OR'), name='rules_profile_ends_after_start', violation_error_message='失效日期须晚于施行日期'), models.CheckConstraint(condition=django.db.models.lookups.Exact(rules.models.profiles.JsonKind('params'), models.Value('object')), name='rules_profile_params_are_an_object', violation_error_message='参数须为对象'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(rules.models.profiles.Same('code', 'place'), '&&'), (rules.models.profiles.DateRange('effective_from', 'effective_to', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='rules_profile_one_at_a_time', violation_error_message='同一规则在同一地区的施行期间不能重叠')],
            },
        ),
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.CharField(choices=[('minutes', '分钟'), ('working_minutes', '工作分钟'), ('working_days', '个工作日'), ('natural_days', '天')], max_length=16, verbose_name='单位')),
                ('amount', models.PositiveIntegerField(verbose_name='时限')),
                ('started_at', models.DateTimeField(verbose_name='起算时间')),
                ('due_at', models.DateTimeField(verbose_name='到期时间')),
                ('nominal_due_at', models.DateTimeField(editable=False)),
                ('paused_at', models.DateTimeField(blank=True, null=True, verbose_name='暂停时间')),
                ('pause_ends_by', models.DateTimeField(blank=True, null=True, verbose_name='最迟恢复时间')),
                ('paused_time', models.DurationField(default=datetime.timedelta, verbose_name='累计暂停（按时限单位计时）')),
                ('extended_amount', models.PositiveIntegerField(blank=True, null=True, verbose_name='延长')),
                ('extended_at', models.DateTimeField(blank=True, null=True, verbose_name='延长时间')),
                ('extension_reason', models.CharField(blank=True, max_length=200, verbose_name='延长原因')),
                ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='停止时间')),
                ('on_time', models.BooleanField(null=True, verbose_name='按时')),
                ('cancelled_reason', models.CharField(blank=True, max_length=200, verbose_name='作废原因')),
                ('extended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('profile', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rules.ruleprofile', verbose_name='采用的规则')),
            ],
            options={
                'verbose_name': '时钟',
                'verbose_name_plural': '时钟',
                'indexes': [models.Index(condition=models.Q(('paused_at', None), ('stopped_at', None)), fields=['due_at'], name='rules_clock_running'), models.Index(condition=models.Q(('paused_at__isnull', False), ('stopped_at', None)), fields=['pause_ends_by'], name='rules_clock_paused')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='rules_clock_has_time'), models.CheckConstraint(condition=models.Q(('due_at__gte', models.F('nominal_due_at')), ('nominal_due_at__gte', models.F('started_at'))), name='rules_clock_due_after_start'), models.CheckConstraint(condition=models.Q(models.Q(('cancelled_reason', ''), ('on_time', None), ('stopped_at', None)), models.Q(('cancelled_reason', ''), ('on_time', True), ('stopped_at__lte', models.F('due_at'))), models.Q(('cancelled_reason', ''), ('on_time', False), ('stopped_at__gt', models.F('due_at'))), models.Q(('on_time', None), ('stopped_at__lte', models.F('due_at')), models.Q(('cancelled_reason', ''), _negated=True)), _connector='OR'), name='rules_clock_answer_is_true'), models.CheckConstraint(condition=models.Q(('extended_amount', None), models.Q(('extended_amount__gt', 0), ('extended_amount__lte', models.F('amount'))), _connector='OR'), name='rules_clock_extended_at_most_double'), models.CheckConstraint(condition=models.Q(('stopped_at', None), ('paused_at', None), _connector='OR'), name='rules_clock_stopped_is_not_paused'), models.CheckConstraint(condition=models.Q(('stopped_at', None), ('stopped_at__gte', models.F('started_at')), _connector='OR'), name='rules_clock_stops_after_start')],
            },
        ),
        migrations.CreateModel(
            name='Pause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, verbose_name='暂停原因')),
                ('started_at', models.DateTimeField(verbose_name='开始')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束')),
                ('counted', models.DurationField(blank=True, null=True, verbose_name='占用的工作时间')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('clock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pauses', to='rules.clock')),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '暂停',
                'verbose_name_plural': '暂停',
                'ordering': ['started_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('clock',), name='rules_pause_one_open'), models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='rules_pause_ends_after_start'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='rules_pause_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='RuleProfileEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('code', models.CharField(max_length=32, validators=[django.core.validators.RegexValidator('^[A-Z][A-Z0-9-]+$', '用大写字母、数字和连字符')], verbose_name='规则代码')),
                ('title', models.CharField(max_length=120, verbose_name='名称')),
                ('legal_basis', models.TextField(verbose_name='依据')),
                ('place', models.CharField(blank=True, max_length=18, validators=[django.core.validators.RegexValidator('^[0-9]*$', '只能是数字，空白表示全国')], verbose_name='适用地区（区划代码前缀）')),
                ('effective_from', models.DateField(verbose_name='施行日期')),
                ('effective_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('params', models.JSONField(verbose_name='参数')),
                ('verified_on', models.DateField(blank=True, null=True, verbose_name='核对日期')),
                ('first_used_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='首次采用')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='rules.ruleprofile')),
                ('verified_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WorkingDayOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='日期')),
                ('works', models.BooleanField(verbose_name='上班')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('changed_at', models.DateTimeField(auto_now=True, verbose_name='修改时间')),
                ('notice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='overrides', to='rules.calendarnotice')),
            ],
            options={
                'verbose_name': '工作日调整',
                'verbose_name_plural': '工作日调整',
                'ordering': ['day'],
                'permissions': [('edit_calendar', '维护工作日历')],
            },
        ),
        migrations.CreateModel(
            name='WorkingDayOverrideEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('day', models.DateField(verbose_name='日期')),
                ('works', models.BooleanField(verbose_name='上班')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('changed_at', models.DateTimeField(auto_now=True, verbose_name='修改时间')),
                ('notice', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='rules.calendarnotice')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='rules.workingdayoverride')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarnotice',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "rules_calendarnoticeevent" ("id", "imported_at", "imported_by_id", "is_complete", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "source", "text", "undo_reason", "undone_at", "undone_by_id", "year") VALUES (NEW."id", NEW."imported_at", NEW."imported_by_id", NEW."is_complete", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."source", NEW."text", NEW."undo_reason", NEW."undone_at", NEW."undone_by_id", NEW."year"); RETURN NULL;', hash='8346456660f028a8db100d0b2aeb7556c70b0985', operation='INSERT', pgid='pgtrigger_insert_insert_876d9', table='rules_calendarnotice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarnotice',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "rules_calendarnoticeevent" ("id", "imported_at", "imported_by_id", "is_complete", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "source", "text", "undo_reason", "undone_at", "undone_by_id", "year") VALUES (NEW."id", NEW."imported_at", NEW."imported_by_id", NEW."is_complete", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."source", NEW."text", NEW."undo_reason", NEW."undone_at", NEW."undone_by_id", NEW."year"); RETURN NULL;', hash='b63df849172f33d5c2d6b6271bdbafdbc33fa89a', operation='UPDATE', pgid='pgtrigger_update_update_d2d9a', table='rules_calendarnotice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='clock',
            trigger=pgtrigger.compiler.Trigger(name='answer_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."stopped_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5b989b47b02784e0e364bb2f0b3f11e85db2c322', operation='UPDATE OR DELETE', pgid='pgtrigger_answer_is_final_fec5d', table='rules_clock', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pause',
            trigger=pgtrigger.compiler.Trigger(name='ended_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ended_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='cb5505ed39c6ab16e02fabad94a5dac20533d123', operation='UPDATE OR DELETE', pgid='pgtrigger_ended_is_final_e1d10', table='rules_pause', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleprofile',
            trigger=pgtrigger.compiler.Trigger(name='used_is_never_edited', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."first_used_at" IS NOT NULL AND (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."title" IS DISTINCT FROM (NEW."title") OR OLD."legal_basis" IS DISTINCT FROM (NEW."legal_basis") OR OLD."place" IS DISTINCT FROM (NEW."place") OR OLD."effective_from" IS DISTINCT FROM (NEW."effective_from") OR OLD."params" IS DISTINCT FROM (NEW."params") OR OLD."first_used_at" IS DISTINCT FROM (NEW."first_used_at")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d3bdd642f6c4517f98e5acc6396c63bcf6a9d9cb', operation='UPDATE', pgid='pgtrigger_used_is_never_edited_56656', table='rules_ruleprofile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleprofile',
            trigger=pgtrigger.compiler.Trigger(name='used_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."first_used_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='5264a0dac5fc4911c26ccb8516d500bb7c5c7b9f', operation='DELETE', pgid='pgtrigger_used_is_never_deleted_5c26e', table='rules_ruleprofile', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleprofile',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "rules_ruleprofileevent" ("code", "effective_from", "effective_to", "first_used_at", "id", "legal_basis", "params", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "title", "verified_by_id", "verified_on") VALUES (NEW."code", NEW."effective_from", NEW."effective_to", NEW."first_used_at", NEW."id", NEW."legal_basis", NEW."params", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."place", NEW."title", NEW."verified_by_id", NEW."verified_on"); RETURN NULL;', hash='adbd7bbdf5db5560f2895f64b8381b1e46b19522', operation='INSERT', pgid='pgtrigger_insert_insert_e3201', table='rules_ruleprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleprofile',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "rules_ruleprofileevent" ("code", "effective_from", "effective_to", "first_used_at", "id", "legal_basis", "params", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "title", "verified_by_id", "verified_on") VALUES (NEW."code", NEW."effective_from", NEW."effective_to", NEW."first_used_at", NEW."id", NEW."legal_basis", NEW."params", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."place", NEW."title", NEW."verified_by_id", NEW."verified_on"); RETURN NULL;', hash='31e0e83d5af15ed977c6cc2c2e79cd7481e82888', operation='UPDATE', pgid='pgtrigger_update_update_6ea0d', table='rules_ruleprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleprofile',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "rules_ruleprofileevent" ("code", "effective_from", "effective_to", "first_used_at", "id", "legal_basis", "params", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "title", "verified_by_id", "verified_on") VALUES (OLD."code", OLD."effective_from", OLD."effective_to", OLD."first_used_at", OLD."id", OLD."legal_basis", OLD."params", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."place", OLD."title", OLD."verified_by_id", OLD."verified_on"); RETURN NULL;', hash='9426d0afe82a2e54536d257fb5158130a12c9f00', operation='DELETE', pgid='pgtrigger_delete_delete_0fc01', table='rules_ruleprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workingdayoverride',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "rules_workingdayoverrideevent" ("changed_at", "day", "id", "notice_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "works") VALUES (NEW."changed_at", NEW."day", NEW."id", NEW."notice_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."source", NEW."works"); RETURN NULL;', hash='8186bd53a95c689faa12614f74b0149df4c88760', operation='INSERT', pgid='pgtrigger_insert_insert_be0ce', table='rules_workingdayoverride', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workingdayoverride',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "rules_workingdayoverrideevent" ("changed_at", "day", "id", "notice_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "works") VALUES (NEW."changed_at", NEW."day", NEW."id", NEW."notice_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."source", NEW."works"); RETURN NULL;', hash='8a555730612813a77976be0b3f9bfbe7d6b95f98', operation='UPDATE', pgid='pgtrigger_update_update_2d263', table='rules_workingdayoverride', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workingdayoverride',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "rules_workingdayoverrideevent" ("changed_at", "day", "id", "notice_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "works") VALUES (OLD."changed_at", OLD."day", OLD."id", OLD."notice_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."source", OLD."works"); RETURN NULL;', hash='5f37d326c4996cc7f477c73433f299906b02407b', operation='DELETE', pgid='pgtrigger_delete_delete_9b04d', table='rules_workingdayoverride', when='AFTER')),
        ),
        migrations.RunPython(profiles.ship, migrations.RunPython.noop),
        migrations.RunPython(notice_periods.ship, migrations.RunPython.noop),
        migrations.RunPython(issue_urgency.complete, migrations.RunPython.noop),
        migrations.RunPython(whistle.ship, migrations.RunPython.noop),
    ]
