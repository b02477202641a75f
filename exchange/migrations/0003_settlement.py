"""Settlements with merchants and clearing between communities: their tables.

All new and empty, no time. Going back drops them: what was settled stays in the ledger alone.
"""

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.expressions
import orgs.at_once
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0002_goods_donated'),
        ('orgs', '0001_squashed_0003_sites'),
    ]

    operations = [
        orgs.at_once.AtOnce(
            operations=[migrations.CreateModel(
                name='Clearing',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('month', models.DateField(verbose_name='月份')),
                    ('state', models.CharField(choices=[('drawn', '待批准'), ('returned', '已退回，待重新提交'), ('posted', '已清算')], default='drawn', max_length=8, verbose_name='状态')),
                    ('points', models.PositiveIntegerField(verbose_name='积分')),
                    ('drawn_at', models.DateTimeField(verbose_name='编制时间')),
                    ('approved_at', models.DateTimeField(null=True, verbose_name='批准时间')),
                    ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('drawn_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': '社区清算表',
                    'verbose_name_plural': '社区清算表',
                    'default_permissions': (),
                    'indexes': [models.Index(fields=['area_path', '-month'], name='exchange_clearing_place')],
                    'constraints': [models.UniqueConstraint(fields=('area', 'month'), name='exchange_clearing_once'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='exchange_clearing_month_begins'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('drawn_by')), _negated=True), _connector='OR'), name='exchange_clearing_two_people', violation_error_message='编制人与批准人不能是同一人'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', False), ('approved_by__isnull', False), ('state', 'posted')), models.Q(models.Q(('state', 'posted'), _negated=True), ('approved_at', None), ('approved_by', None)), _connector='OR'), name='exchange_clearing_approved')],
                },
            ), migrations.CreateModel(
                name='ClearingRow',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('spent', models.PositiveIntegerField(verbose_name='本社区积分用去')),
                    ('earned', models.PositiveIntegerField(verbose_name='本社区兑换点收到')),
                    ('own', models.PositiveIntegerField(verbose_name='本社区用在本社区')),
                    ('clearing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='exchange.clearing')),
                    ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area')),
                ],
                options={
                    'verbose_name': '社区清算明细',
                    'verbose_name_plural': '社区清算明细',
                    'default_permissions': (),
                    'constraints': [models.UniqueConstraint(fields=('clearing', 'community'), name='exchange_clearingrow_once'), models.CheckConstraint(condition=models.Q(('own__lte', models.F('spent')), ('own__lte', models.F('earned'))), name='exchange_clearingrow_own')],
                },
            ), migrations.CreateModel(
                name='ClearingStep',
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
                    ('clearing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='exchange.clearing')),
                ],
                options={
                    'verbose_name': '清算步骤',
                    'verbose_name_plural': '清算步骤',
                    'ordering': ['at', 'pk'],
                    'abstract': False,
                    'indexes': [models.Index(fields=['clearing', 'at'], name='exchange_clearingstep_of')],
                },
            ), migrations.CreateModel(
                name='Settlement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('month', models.DateField(verbose_name='月份')),
                    ('state', models.CharField(choices=[('sent', '待商家核对'), ('disputed', '异议待答复'), ('ready', '待提交'), ('submitted', '待批准'), ('approved', '待付款'), ('paid', '已付款'), ('closed', '已核销，不付款')], default='sent', max_length=10, verbose_name='状态')),
                    ('pays', models.BooleanField(verbose_name='付款')),
                    ('face_value_cents', models.PositiveIntegerField(verbose_name='每分折合（分）')),
                    ('dispute_due_at', models.DateTimeField(verbose_name='异议期限')),
                    ('confirmed_at', models.DateTimeField(null=True, verbose_name='核对时间')),
                    ('is_silent', models.BooleanField(default=False, verbose_name='逾期未答复，视为无异议')),
                    ('orders', models.PositiveIntegerField(null=True, verbose_name='笔数')),
                    ('pieces', models.PositiveIntegerField(null=True, verbose_name='件数')),
                    ('points', models.PositiveIntegerField(null=True, verbose_name='积分')),
                    ('cents', models.PositiveBigIntegerField(null=True, verbose_name='金额（分）')),
                    ('submitted_at', models.DateTimeField(null=True, verbose_name='提交时间')),
                    ('approved_at', models.DateTimeField(null=True, verbose_name='批准时间')),
                    ('paid_on', models.DateField(null=True, verbose_name='付款日期')),
                    ('voucher', models.CharField(blank=True, max_length=40, verbose_name='凭证号')),
                    ('paid_at', models.DateTimeField(null=True, verbose_name='登记时间')),
                    ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.organization', verbose_name='商家')),
                    ('paid_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('submitted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name': '商家结算单',
                    'verbose_name_plural': '商家结算单',
                    'permissions': [('settle', '办理商家结算与社区清算'), ('approve_settlement', '批准商家结算与社区清算')],
                    'default_permissions': (),
                    'indexes': [models.Index(fields=['area_path', '-month', 'id'], name='exchange_settle_place')],
                    'constraints': [models.UniqueConstraint(fields=('organization', 'area', 'month'), name='exchange_settle_once_a_month'), models.CheckConstraint(condition=models.Q(('face_value_cents__gte', 0), ('month__day', 1)), name='exchange_settle_month_begins'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('submitted', 'approved', 'paid', 'closed')), ('submitted_at__isnull', False), ('submitted_by__isnull', False), ('cents__isnull', False), ('orders__isnull', False), ('pieces__isnull', False), ('points__isnull', False), ('cents', django.db.models.expressions.CombinedExpression(models.F('points'), '*', models.F('face_value_cents')))), models.Q(models.Q(('state__in', ('submitted', 'approved', 'paid', 'closed')), _negated=True), ('cents', None), ('orders', None), ('pieces', None), ('points', None)), _connector='OR'), name='exchange_settle_frozen'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', False), ('approved_by__isnull', False), ('state__in', ('approved', 'paid', 'closed'))), models.Q(models.Q(('state__in', ('approved', 'paid', 'closed')), _negated=True), ('approved_at', None), ('approved_by', None)), _connector='OR'), name='exchange_settle_approved'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('submitted_by')), _negated=True), _connector='OR'), name='exchange_settle_two_people', violation_error_message='提交人与批准人不能是同一人'), models.CheckConstraint(condition=models.Q(models.Q(('paid_by__isnull', False), ('paid_on__isnull', False), ('pays', True), ('state', 'paid'), ('paid_at__isnull', False), models.Q(('voucher', ''), _negated=True)), models.Q(models.Q(('state', 'paid'), _negated=True), ('paid_at', None), ('paid_by', None), ('paid_on', None), ('voucher', '')), _connector='OR'), name='exchange_settle_paid'), models.CheckConstraint(condition=models.Q(('is_silent', False), models.Q(('confirmed_at__isnull', False), ('confirmed_by', None)), _connector='OR'), name='exchange_settle_silence_is_nobodys')],
                },
            ), migrations.CreateModel(
                name='SettlementLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('points', models.PositiveIntegerField(verbose_name='积分')),
                    ('state', models.CharField(choices=[('ok', '无异议'), ('disputed', '有异议'), ('upheld', '有异议，经答复计入'), ('put_off', '转入下月'), ('reversing', '申请退回，待批准'), ('reversed', '已退回积分')], default='ok', max_length=10, verbose_name='状态')),
                    ('reason', models.CharField(blank=True, max_length=300, verbose_name='异议')),
                    ('disputed_at', models.DateTimeField(null=True, verbose_name='提出时间')),
                    ('answer', models.CharField(blank=True, max_length=300, verbose_name='答复')),
                    ('answered_at', models.DateTimeField(null=True, verbose_name='答复时间')),
                    ('is_returned', models.BooleanField(default=False, verbose_name='实物已退回')),
                    ('answered_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('books', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area')),
                    ('disputed_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='settlement_lines', to='exchange.order')),
                    ('payer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area')),
                    ('reversed_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('settlement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='exchange.settlement')),
                ],
                options={
                    'verbose_name': '结算明细',
                    'verbose_name_plural': '结算明细',
                    'default_permissions': (),
                    'indexes': [models.Index(condition=models.Q(('state__in', ('disputed', 'reversing'))), fields=['settlement'], name='exchange_settleline_open')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'put_off'), _negated=True), fields=('order',), name='exchange_settleline_counted_once'), models.UniqueConstraint(fields=('settlement', 'order'), name='exchange_settleline_once'), models.CheckConstraint(condition=models.Q(('points__gt', 0)), name='exchange_settleline_counts'), models.CheckConstraint(condition=models.Q(('state', 'ok'), models.Q(('state__in', ['disputed']), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('reason', ''), _negated=True), models.Q(('answer', ''), _negated=True), ('answered_by__isnull', False)), _connector='OR'), name='exchange_settleline_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('reversed_by__isnull', False), ('state', 'reversed'), models.Q(('reversed_by', models.F('answered_by')), _negated=True)), models.Q(models.Q(('state', 'reversed'), _negated=True), ('reversed_by', None)), _connector='OR'), name='exchange_settleline_back_by_two', violation_error_message='申请退回与批准退回不能是同一人')],
                },
            ), migrations.CreateModel(
                name='Omission',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.CharField(blank=True, max_length=8, verbose_name='取货码')),
                    ('text', models.CharField(max_length=300, verbose_name='情况')),
                    ('said_at', models.DateTimeField(verbose_name='提出时间')),
                    ('answer', models.CharField(blank=True, max_length=300, verbose_name='答复')),
                    ('answered_at', models.DateTimeField(null=True, verbose_name='答复时间')),
                    ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('said_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('settlement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='omissions', to='exchange.settlement')),
                    ('line', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='omission', to='exchange.settlementline')),
                ],
                options={
                    'verbose_name': '漏列',
                    'verbose_name_plural': '漏列',
                    'ordering': ['pk'],
                    'default_permissions': (),
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None), ('answered_by', None), ('line', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='exchange_omission_answered_whole')],
                },
            ), migrations.CreateModel(
                name='SettlementStep',
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
                    ('settlement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='exchange.settlement')),
                ],
                options={
                    'verbose_name': '结算步骤',
                    'verbose_name_plural': '结算步骤',
                    'ordering': ['at', 'pk'],
                    'abstract': False,
                    'indexes': [models.Index(fields=['settlement', 'at'], name='exchange_settlestep_of')],
                },
            ), migrations.CreateModel(
                name='StatementLog',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('format', models.CharField(max_length=4, verbose_name='格式')),
                    ('count', models.PositiveIntegerField(verbose_name='行数')),
                    ('at', models.DateTimeField(verbose_name='时间')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('clearing', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='exchange.clearing')),
                    ('settlement', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='exchange.settlement')),
                ],
                options={
                    'verbose_name': '结算单导出记录',
                    'verbose_name_plural': '结算单导出记录',
                    'ordering': ['-pk'],
                    'default_permissions': (),
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('clearing__isnull', False), ('settlement', None)), models.Q(('clearing', None), ('settlement__isnull', False)), _connector='OR'), name='exchange_statementlog_of_one')],
                },
            ), pgtrigger.migrations.AddTrigger(
                model_name='clearing',
                trigger=pgtrigger.compiler.Trigger(name='clearing_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='e14e1d4f588ce2b6a0d09b8561f9e3049657a6fb', operation='DELETE', pgid='pgtrigger_clearing_stays_a5cd9', table='exchange_clearing', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='clearing',
                trigger=pgtrigger.compiler.Trigger(name='clearing_posted', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN ((OLD.state = 'posted' OR OLD.points <> NEW.points OR OLD.month <> NEW.month) AND (to_jsonb(OLD) - ARRAY['area_id', 'area_path']) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['area_id', 'area_path']))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='11759604b85f663319c2713ea6483cbbcf044133', operation='UPDATE', pgid='pgtrigger_clearing_posted_99984', table='exchange_clearing', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='clearingrow',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ac3561eb3836ca2e53dd11e5f606feac77cce5dd', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_52b55', table='exchange_clearingrow', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='clearingstep',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='47c7132b6326fce97d188d6a57d090a8283ca222', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_1d95c', table='exchange_clearingstep', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlement',
                trigger=pgtrigger.compiler.Trigger(name='settlement_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='abf9ce6d29fc1ef26ac6f7d245c66cfc6af99683', operation='DELETE', pgid='pgtrigger_settlement_stays_ab6ca', table='exchange_settlement', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlement',
                trigger=pgtrigger.compiler.Trigger(name='settlement_names_its_month', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."face_value_cents" IS DISTINCT FROM (NEW."face_value_cents") OR OLD."month" IS DISTINCT FROM (NEW."month") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."pays" IS DISTINCT FROM (NEW."pays"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='960448165abecd96ece67593708e9e1991e1917f', operation='UPDATE', pgid='pgtrigger_settlement_names_its_month_053fd', table='exchange_settlement', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlement',
                trigger=pgtrigger.compiler.Trigger(name='settlement_approved', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.approved_at IS NOT NULL AND (to_jsonb(OLD) - ARRAY['area_id', 'area_path', 'state', 'paid_on', 'voucher', 'paid_by_id', 'paid_at']) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['area_id', 'area_path', 'state', 'paid_on', 'voucher', 'paid_by_id', 'paid_at']))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b0845f29a8534ed283a8af9ecb20c2fdfa8bf04b', operation='UPDATE', pgid='pgtrigger_settlement_approved_ac3d2', table='exchange_settlement', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlementline',
                trigger=pgtrigger.compiler.Trigger(name='line_names_its_order', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."books_id" IS DISTINCT FROM (NEW."books_id") OR OLD."order_id" IS DISTINCT FROM (NEW."order_id") OR OLD."payer_id" IS DISTINCT FROM (NEW."payer_id") OR OLD."points" IS DISTINCT FROM (NEW."points") OR OLD."settlement_id" IS DISTINCT FROM (NEW."settlement_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='537d83d7789630cdbbc3640e736907c7bc9c14bb', operation='UPDATE', pgid='pgtrigger_line_names_its_order_16fa4', table='exchange_settlementline', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlementline',
                trigger=pgtrigger.compiler.Trigger(name='line_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='53d0e41edf6964b844f70366528b3544a927d59f', operation='DELETE', pgid='pgtrigger_line_stays_41879', table='exchange_settlementline', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='omission',
                trigger=pgtrigger.compiler.Trigger(name='omission_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='dbde8efd4f88d921831e9a5aec9cde9114ce3ef0', operation='DELETE', pgid='pgtrigger_omission_stays_f966d', table='exchange_omission', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='settlementstep',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5f53cd2a26c04e7a612c6f89e947c74738695b19', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_710ff', table='exchange_settlementstep', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='statementlog',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b6d938c48be13ca445e42f2f7b6541cfd2b22d2a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_b2be6', table='exchange_statementlog', when='BEFORE')),
            )],
        ),
    ]
