"""Notices, objections and disclosures, as 0001 and 0002 left them.

Every table is made once, complete; a database that ran those two counts this as done.
"""

import django.core.serializers.json
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from orgs.at_once import AtOnce


class Migration(migrations.Migration):

    replaces = [
        ('publicity', '0001_initial'),
        ('publicity', '0002_ends_are_final'),
    ]

    initial = True

    dependencies = [
        ('orgs', '0001_squashed_0003_sites'),
        ('rules', '0001_squashed_0005_whistle'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce([
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('kind', models.CharField(max_length=40, verbose_name='类型')),
                    ('subject', models.CharField(max_length=120, verbose_name='所示业务')),
                    ('title', models.CharField(max_length=80, verbose_name='标题')),
                    ('body', models.TextField(blank=True, max_length=8000, verbose_name='正文')),
                    ('table', models.JSONField(blank=True, default=dict, verbose_name='明细')),
                    ('scope', models.CharField(choices=[('public', '向社会公示'), ('residents', '向辖区居民公示'), ('owners', '向辖区业主公示')], default='public', max_length=10, verbose_name='范围')),
                    ('state', models.CharField(choices=[('published', '公示中'), ('objected', '有异议待答复'), ('answered', '异议已答复'), ('closed', '公示结束'), ('withdrawn', '已撤回')], default='published', editable=False, max_length=10, verbose_name='状态')),
                    ('rules', models.JSONField(default=dict, editable=False, verbose_name='采用的公示期规则')),
                    ('term', models.CharField(editable=False, max_length=40, verbose_name='公示期')),
                    ('answer_term', models.CharField(default='answer', editable=False, max_length=40)),
                    ('starts_on', models.DateField(editable=False, verbose_name='起始日期')),
                    ('ends_on', models.DateField(editable=False, verbose_name='截止日期')),
                    ('closes_itself', models.BooleanField(default=True, verbose_name='无异议时到期自动结束')),
                    ('published_at', models.DateTimeField(editable=False, verbose_name='发布时间')),
                    ('due_at', models.DateTimeField(editable=False, null=True, verbose_name='当前步骤到期')),
                    ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='结束时间')),
                    ('result', models.CharField(blank=True, choices=[('upheld', '维持原内容'), ('corrected', '已更正')], editable=False, max_length=10, verbose_name='结果')),
                    ('correction', models.TextField(blank=True, max_length=4000, verbose_name='更正内容')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='公示单位')),
                    ('publisher', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='发布人')),
                ],
                options={
                    'verbose_name': '公示',
                    'verbose_name_plural': '公示',
                    'permissions': [('publish_notice', '发布、结束公示'), ('answer_objection', '答复对公示的异议'), ('view_notice', '查看辖区内的公示')],
                    'default_permissions': (),
                    'indexes': [models.Index(fields=['area_path', '-published_at'], name='publicity_notice_place'), models.Index(fields=['-published_at', '-id'], name='publicity_notice_newest'), models.Index(condition=models.Q(('state__in', ['published', 'objected', 'answered'])), fields=['due_at'], name='publicity_notice_due')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'withdrawn'), _negated=True), fields=('kind', 'subject'), name='publicity_notice_once'), models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('starts_on'))), name='publicity_notice_ends_after_start', violation_error_message='公示期至少一天'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state', 'closed'), models.Q(('result', ''), _negated=True)), models.Q(('closed_at__isnull', False), ('result', ''), ('state', 'withdrawn')), models.Q(models.Q(('state__in', ['closed', 'withdrawn']), _negated=True), ('closed_at', None), ('result', '')), _connector='OR'), name='publicity_notice_result_when_closed'), models.CheckConstraint(condition=models.Q(models.Q(('result', 'corrected'), models.Q(('correction', ''), _negated=True)), models.Q(models.Q(('result', 'corrected'), _negated=True), ('correction', '')), _connector='OR'), name='publicity_notice_corrected_with_words', violation_error_message='更正须写明更正内容')],
                },
            ),
            migrations.CreateModel(
                name='NoticeReads',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField(verbose_name='日期')),
                    ('count', models.PositiveIntegerField(default=0, verbose_name='阅读')),
                    ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reads', to='publicity.notice')),
                ],
                options={
                    'verbose_name': '公示阅读数',
                    'verbose_name_plural': '公示阅读数',
                    'abstract': False,
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(fields=('of', 'day'), name='publicity_noticereads_once')],
                },
            ),
            migrations.CreateModel(
                name='NoticeStep',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('verb', models.CharField(max_length=40, verbose_name='动作')),
                    ('from_state', models.CharField(blank=True, max_length=40, verbose_name='原状态')),
                    ('to_state', models.CharField(max_length=40, verbose_name='新状态')),
                    ('at', models.DateTimeField(verbose_name='时间')),
                    ('reason', models.TextField(blank=True, verbose_name='原因')),
                    ('clock_effect', models.CharField(blank=True, max_length=200, verbose_name='时限变化')),
                    ('data', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='填写内容')),
                    ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人')),
                    ('notice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='publicity.notice')),
                ],
                options={
                    'verbose_name': '公示步骤',
                    'verbose_name_plural': '公示步骤',
                    'ordering': ['at', 'pk'],
                    'abstract': False,
                    'indexes': [models.Index(fields=['notice', 'at'], name='publicity_noticestep_notice')],
                },
            ),
            migrations.CreateModel(
                name='Objection',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('text', models.TextField(max_length=2000, verbose_name='异议内容')),
                    ('stated_at', models.DateTimeField(verbose_name='提出时间')),
                    ('answered_at', models.DateTimeField(editable=False, null=True, verbose_name='答复时间')),
                    ('is_accepted', models.BooleanField(editable=False, null=True, verbose_name='是否采纳')),
                    ('answer', models.TextField(blank=True, max_length=2000, verbose_name='答复')),
                    ('public_text', models.TextField(blank=True, max_length=2000, verbose_name='公开的异议内容')),
                    ('answerer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='答复人')),
                    ('clock', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rules.clock')),
                    ('notice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='objections', to='publicity.notice')),
                    ('objector', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='异议人')),
                ],
                options={
                    'verbose_name': '异议',
                    'verbose_name_plural': '异议',
                    'ordering': ['stated_at', 'pk'],
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(fields=('notice', 'objector'), name='publicity_objection_once_per_person', violation_error_message='您已对这份公示提出过异议'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None), ('answerer', None), ('is_accepted', None)), models.Q(('answered_at__isnull', False), ('answerer__isnull', False), ('is_accepted__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='publicity_objection_answered_whole'), models.CheckConstraint(condition=models.Q(('answerer', None), models.Q(('answerer', models.F('objector')), _negated=True), _connector='OR'), name='publicity_objection_answered_by_another', violation_error_message='不能答复自己提出的异议')],
                },
            ),
            migrations.CreateModel(
                name='Schedule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('kind', models.CharField(max_length=40, verbose_name='类型')),
                    ('every', models.CharField(choices=[('month', '每月'), ('quarter', '每季度'), ('half_year', '每半年'), ('once', '一次')], default='month', max_length=10, verbose_name='周期')),
                    ('due_day', models.PositiveSmallIntegerField(default=10, verbose_name='期满后第几日前公开')),
                    ('starts_on', models.DateField(verbose_name='自哪天起')),
                    ('due_on', models.DateField(blank=True, null=True, verbose_name='一次性公开的期限')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='停止日期')),
                    ('made_until', models.DateField(editable=False, null=True)),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='公开单位')),
                ],
                options={
                    'verbose_name': '公开计划',
                    'verbose_name_plural': '公开计划',
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(condition=models.Q(('ends_on', None)), fields=('kind', 'organization', 'area'), name='publicity_schedule_once', violation_error_message='这一单位在这一区域已有这一类公开计划'), models.CheckConstraint(condition=models.Q(models.Q(('due_on__isnull', False), ('every', 'once')), models.Q(models.Q(('every', 'once'), _negated=True), ('due_on', None)), _connector='OR'), name='publicity_schedule_once_has_a_day', violation_error_message='一次性公开须写明期限'), models.CheckConstraint(condition=models.Q(('due_day__range', (1, 28))), name='publicity_schedule_due_day'), models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='publicity_schedule_ends_after_start')],
                },
            ),
            migrations.CreateModel(
                name='Disclosure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('kind', models.CharField(max_length=40, verbose_name='类型')),
                    ('period', models.CharField(max_length=20, verbose_name='所属时期')),
                    ('due_on', models.DateField(blank=True, null=True, verbose_name='应公开日期')),
                    ('title', models.CharField(blank=True, max_length=80, verbose_name='标题')),
                    ('text', models.TextField(blank=True, max_length=8000, verbose_name='说明')),
                    ('table', models.JSONField(blank=True, default=dict, verbose_name='明细')),
                    ('published_at', models.DateTimeField(editable=False, null=True, verbose_name='公开时间')),
                    ('published_on', models.DateField(editable=False, null=True, verbose_name='公开日期')),
                    ('is_late', models.BooleanField(editable=False, null=True, verbose_name='逾期')),
                    ('version', models.PositiveSmallIntegerField(default=1, editable=False, verbose_name='版本')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='公开单位')),
                    ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='公开人')),
                    ('schedule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='publicity.schedule')),
                ],
                options={
                    'verbose_name': '公开',
                    'verbose_name_plural': '公开',
                    'permissions': [('publish_disclosure', '发布、更正公开')],
                    'default_permissions': (),
                    'indexes': [models.Index(fields=['area_path', '-published_at'], name='publicity_discl_place'), models.Index(condition=models.Q(('published_at__isnull', False)), fields=['-published_at', '-id'], name='publicity_discl_newest'), models.Index(condition=models.Q(('published_at', None)), fields=['due_on'], name='publicity_discl_owed')],
                    'constraints': [models.UniqueConstraint(fields=('kind', 'organization', 'area', 'period'), name='publicity_disclosure_once', violation_error_message='这一时期已经公开过'), models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('published_on', None), ('version', 1)), models.Q(('is_late__isnull', False), ('published_at__isnull', False), ('published_on__isnull', False), models.Q(('title', ''), _negated=True)), _connector='OR'), name='publicity_disclosure_published_whole'), models.CheckConstraint(condition=models.Q(('is_late', None), models.Q(('due_on__isnull', False), ('is_late', True), models.Q(('published_on', None), ('published_on__gt', models.F('due_on')), _connector='OR')), models.Q(('is_late', False), models.Q(('due_on', None), ('published_on__lte', models.F('due_on')), _connector='OR')), _connector='OR'), name='publicity_disclosure_lateness_is_true')],
                },
            ),
            migrations.CreateModel(
                name='DisclosureReads',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('day', models.DateField(verbose_name='日期')),
                    ('count', models.PositiveIntegerField(default=0, verbose_name='阅读')),
                    ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reads', to='publicity.disclosure')),
                ],
                options={
                    'verbose_name': '公开阅读数',
                    'verbose_name_plural': '公开阅读数',
                    'abstract': False,
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(fields=('of', 'day'), name='publicity_disclosurereads_once')],
                },
            ),
            migrations.CreateModel(
                name='Correction',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('version', models.PositiveSmallIntegerField(verbose_name='更正前版本')),
                    ('what', models.CharField(max_length=300, verbose_name='更正内容')),
                    ('why', models.CharField(max_length=300, verbose_name='更正原因')),
                    ('at', models.DateTimeField(verbose_name='更正时间')),
                    ('title_before', models.CharField(max_length=80)),
                    ('text_before', models.TextField(blank=True)),
                    ('table_before', models.JSONField(blank=True, default=dict)),
                    ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='更正人')),
                    ('disclosure', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='publicity.disclosure')),
                ],
                options={
                    'verbose_name': '更正',
                    'verbose_name_plural': '更正',
                    'ordering': ['version'],
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(fields=('disclosure', 'version'), name='publicity_correction_once'), models.CheckConstraint(condition=models.Q(models.Q(('what', ''), _negated=True), models.Q(('why', ''), _negated=True)), name='publicity_correction_says_why')],
                },
            ),
        ]),
        AtOnce([
            pgtrigger.migrations.AddTrigger(
                model_name='disclosure',
                trigger=pgtrigger.compiler.Trigger(name='lateness_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.is_late IS NOT NULL AND (NEW.is_late IS DISTINCT FROM OLD.is_late OR NEW.due_on IS DISTINCT FROM OLD.due_on))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='0c1bd53c228d434260da5381cf036f23970a745d', operation='UPDATE', pgid='pgtrigger_lateness_is_final_77428', table='publicity_disclosure', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='disclosure',
                trigger=pgtrigger.compiler.Trigger(name='words_change_by_correction', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.published_at IS NOT NULL AND (NEW.published_at IS DISTINCT FROM OLD.published_at OR NEW.published_on IS DISTINCT FROM OLD.published_on OR (NEW.version <> OLD.version + 1 AND (NEW.title IS DISTINCT FROM OLD.title OR NEW.text IS DISTINCT FROM OLD.text OR NEW."table" IS DISTINCT FROM OLD."table"))))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='7adc5626349b8f9167630bd244b1d92108326dea', operation='UPDATE', pgid='pgtrigger_words_change_by_correction_98e9f', table='publicity_disclosure', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='disclosure',
                trigger=pgtrigger.compiler.Trigger(name='published_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."published_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='194c7cb316b74d524a52ab0efa3cd1d99048b87b', operation='DELETE', pgid='pgtrigger_published_stays_bcc32', table='publicity_disclosure', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='notice',
                trigger=pgtrigger.compiler.Trigger(name='published_words_stay', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.body IS DISTINCT FROM NEW.body OR OLD."table" IS DISTINCT FROM NEW."table" OR OLD.starts_on IS DISTINCT FROM NEW.starts_on OR OLD.ends_on IS DISTINCT FROM NEW.ends_on OR OLD.kind IS DISTINCT FROM NEW.kind OR OLD.subject IS DISTINCT FROM NEW.subject)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c804977b259610dde9431b777d23dda82d390d09', operation='UPDATE', pgid='pgtrigger_published_words_stay_25bfc', table='publicity_notice', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='notice',
                trigger=pgtrigger.compiler.Trigger(name='end_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.closed_at IS NOT NULL AND (OLD.state IS DISTINCT FROM NEW.state OR OLD.result IS DISTINCT FROM NEW.result OR OLD.correction IS DISTINCT FROM NEW.correction OR OLD.closed_at IS DISTINCT FROM NEW.closed_at))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='2ff97d9296d2a95a8729506c2ddac6dbd0e30d4b', operation='UPDATE', pgid='pgtrigger_end_is_final_fb725', table='publicity_notice', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='notice',
                trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='b3f13f2af6f1b2a7d15d96c9abee25e73368ef42', operation='DELETE', pgid='pgtrigger_never_deleted_8bbdf', table='publicity_notice', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='noticestep',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='31b2c1d98228ae8878b0056e02fd97dff6b878ca', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_06916', table='publicity_noticestep', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='objection',
                trigger=pgtrigger.compiler.Trigger(name='words_stay', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.text IS DISTINCT FROM NEW.text OR OLD.objector_id IS DISTINCT FROM NEW.objector_id)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='adebacbb7865dd0645681803f7583a3e1aa8d089', operation='UPDATE', pgid='pgtrigger_words_stay_49467', table='publicity_objection', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='objection',
                trigger=pgtrigger.compiler.Trigger(name='answer_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answered_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e4bb524a47b4c95681dee7fc0b6a6711e0822748', operation='UPDATE', pgid='pgtrigger_answer_is_final_d8d7f', table='publicity_objection', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='objection',
                trigger=pgtrigger.compiler.Trigger(name='objection_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='7c8ddbc9d932917ecc068023b9c7662e42bf6313', operation='DELETE', pgid='pgtrigger_objection_never_deleted_1b9fc', table='publicity_objection', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='correction',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7767a3e356ee20dd76adba7bc93ca88d7ae961ce', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ce239', table='publicity_correction', when='BEFORE')),
            ),
        ]),
    ]
