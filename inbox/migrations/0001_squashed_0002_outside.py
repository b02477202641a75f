"""Messages, deliveries and preferences, as 0001 and 0002 left them.

Every table is made once, complete; a database that ran those two counts this as done.
"""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('inbox', '0001_initial'),
        ('inbox', '0002_outside'),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160, unique=True)),
                ('kind', models.CharField(max_length=60, verbose_name='类别')),
                ('title', models.CharField(max_length=120, verbose_name='标题')),
                ('text', models.TextField(blank=True, verbose_name='正文')),
                ('url', models.CharField(blank=True, max_length=300, verbose_name='办理页面')),
                ('urgent', models.BooleanField(default=False, verbose_name='紧急')),
                ('must_read', models.BooleanField(default=False, verbose_name='须本人确认')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发出时间')),
            ],
            options={
                'verbose_name': '消息',
                'verbose_name_plural': '消息',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('title', ''), _negated=True), models.Q(('key', ''), _negated=True), models.Q(('kind', ''), _negated=True)), name='inbox_message_says_something', violation_error_message='消息须有编号、类别和标题'), models.CheckConstraint(condition=models.Q(('url', ''), ('url__regex', '^/([^/\\\\\\s][^\\\\\\s]*)?$'), _connector='OR'), name='inbox_message_url_stays_on_site', violation_error_message='链接只能指向本站页面')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('site', '站内消息'), ('email', '电子邮件'), ('sms', '短信')], max_length=5)),
                ('state', models.CharField(choices=[('waiting', '待发送'), ('claimed', '发送中'), ('sent', '已送出'), ('failed', '未送达')], max_length=7)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('dedupe_key', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='inbox.message')),
                ('outside', models.CharField(blank=True, max_length=60)),
            ],
            options={
                'verbose_name': '投递',
                'verbose_name_plural': '投递',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['next_try_at'], name='inbox_waiting'), models.Index(condition=models.Q(('state', 'claimed')), fields=['claimed_until'], name='inbox_claimed'), models.Index(condition=models.Q(('channel', 'site'), ('read_at', None)), fields=['person', '-id'], name='inbox_unread'), models.Index(condition=models.Q(('channel', 'site'), ('read_at__isnull', False)), fields=['person', '-id'], name='inbox_read')],
                'constraints': [models.UniqueConstraint(models.F('message'), models.F('person'), models.F('channel'), name='inbox_delivery_once_per_channel'), models.CheckConstraint(condition=models.Q(models.Q(('claimed_until', None), ('next_try_at__isnull', False), ('sent_at', None), ('state', 'waiting')), models.Q(('attempts__gt', 0), ('claimed_until__isnull', False), ('next_try_at', None), ('sent_at', None), ('state', 'claimed')), models.Q(('claimed_until', None), ('next_try_at', None), ('sent_at__isnull', False), ('state', 'sent')), models.Q(('claimed_until', None), ('next_try_at', None), ('sent_at', None), ('state', 'failed'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='inbox_delivery_state_matches_its_times'), models.CheckConstraint(condition=models.Q(models.Q(('channel', 'site'), _negated=True), ('state', 'sent'), _connector='OR'), name='inbox_delivery_on_site_is_born_sent'), models.CheckConstraint(condition=models.Q(('read_at', None), ('channel', 'site'), _connector='OR'), name='inbox_delivery_read_on_site_only'), models.UniqueConstraint(models.F('message'), models.F('outside'), condition=models.Q(('outside', ''), _negated=True), name='inbox_delivery_once_outside'), models.CheckConstraint(condition=models.Q(models.Q(('outside', ''), ('person__isnull', False)), models.Q(('channel', 'sms'), ('person', None), models.Q(('outside', ''), _negated=True)), _connector='OR'), name='inbox_delivery_to_a_person_or_outside_by_sms')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('channel', models.CharField(choices=[('site', '站内消息'), ('email', '电子邮件'), ('sms', '短信')], max_length=5)),
                ('wanted', models.BooleanField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '接收设置',
                'verbose_name_plural': '接收设置',
                'constraints': [models.UniqueConstraint(models.F('person'), models.F('kind'), models.F('channel'), name='inbox_preference_once_per_channel'), models.CheckConstraint(condition=models.Q(('channel', 'site'), _negated=True), name='inbox_preference_site_stays_on', violation_error_message='站内消息不能关闭')],
            },
        ),
    ]
