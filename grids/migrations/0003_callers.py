"""People who report without an account, and the key from an issue to them.

A new table and a nullable column without default: no time at all. Backwards drops both, and with
them the only record of who came to the counter.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0002_categories'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Caller',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=40, verbose_name='姓名')),
                ('phone_cipher', models.CharField(blank=True, editable=False, max_length=255)),
                ('phone_digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('wants_sms', models.BooleanField(default=False, verbose_name='同意用短信告知结果')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='登记时间')),
                ('erased_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='去标识时间')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='登记人')),
            ],
            options={
                'verbose_name': '来访来电人',
                'verbose_name_plural': '来访来电人',
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='issue',
            name='caller',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='grids.caller'),
        ),
        migrations.AddIndex(
            model_name='caller',
            index=models.Index(condition=models.Q(('phone_digest', ''), _negated=True), fields=['phone_digest'], name='grids_caller_phone'),
        ),
        migrations.AddConstraint(
            model_name='caller',
            constraint=models.CheckConstraint(condition=models.Q(('wants_sms', False), models.Q(('phone_digest', ''), _negated=True), _connector='OR'), name='grids_caller_sms_needs_a_phone', violation_error_message='要用短信告知，须有手机号'),
        ),
        migrations.AddConstraint(
            model_name='caller',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at', None), models.Q(('name', ''), ('phone_cipher', ''), ('phone_digest', ''), ('wants_sms', False)), _connector='OR'), name='grids_caller_erased_whole'),
        ),
    ]
