"""Reports written down on behalf of somebody: who entered them, how, and who told the answer.

One new table: no time at all. Going back drops it, and with it who entered what.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0017_unfinished'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DeskEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(editable=False)),
                ('how', models.CharField(choices=[('counter', '到窗口'), ('phone', '打电话'), ('visit', '上门走访'), ('letter', '来信')], max_length=8, verbose_name='怎样反映的')),
                ('identity', models.CharField(choices=[('card', '看过身份证件'), ('called', '回拨电话核对过'), ('known', '工作人员认识本人'), ('unchecked', '没有核对')], max_length=10, verbose_name='身份核对')),
                ('consented', models.BooleanField(default=False, verbose_name='已说明用途并征得同意')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='告知结果时间')),
                ('told_note', models.CharField(blank=True, max_length=200, verbose_name='告知情况')),
                ('entered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='代录人')),
                ('issue', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='desk_entry', to='grids.issue')),
                ('rated_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('told_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '社区代录',
                'verbose_name_plural': '社区代录',
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('entered_by', 'key'), name='grids_deskentry_once'), models.CheckConstraint(condition=models.Q(models.Q(('told_at', None), ('told_by', None)), models.Q(('told_at__isnull', False), ('told_by__isnull', False)), _connector='OR'), name='grids_deskentry_told_by_somebody')],
            },
        ),
    ]
