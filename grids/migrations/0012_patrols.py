"""Patrols of a grid and the buildings on their way; the key from an issue to where it was found.

Two new tables and a nullable column: no time at all. Going back drops them.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grids', '0011_mark_months'),
        ('orgs', '0002_residence_pending'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Patrol',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='开始时间')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='巡查情况')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='巡查人')),
            ],
            options={
                'verbose_name': '巡查',
                'verbose_name_plural': '巡查',
                'permissions': [('patrol', '巡查网格')],
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='issue',
            name='patrol',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='grids.patrol'),
        ),
        migrations.CreateModel(
            name='PatrolStop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField(blank=True, null=True, verbose_name='到过的时间')),
                ('building', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area')),
                ('patrol', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stops', to='grids.patrol')),
            ],
            options={
                'verbose_name': '巡查点',
                'verbose_name_plural': '巡查点',
                'ordering': ['pk'],
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='patrol',
            index=models.Index(fields=['area_path', '-id'], name='grids_patrol_place'),
        ),
        migrations.AddConstraint(
            model_name='patrol',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('person',), name='grids_patrol_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='patrol',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='grids_patrol_ends_after_it_began'),
        ),
        migrations.AddConstraint(
            model_name='patrolstop',
            constraint=models.UniqueConstraint(fields=('patrol', 'building'), name='grids_patrolstop_once'),
        ),
    ]
