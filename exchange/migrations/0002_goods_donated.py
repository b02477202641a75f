"""Goods that are given have a row of their own, and a line of stock may carry its form's key.

One new table and a column of empty texts on the lines of stock, which PostgreSQL adds without
rewriting them. Backwards drops both: who gave what is lost, the stock stays.
"""

import django.db.models.deletion
import orgs.at_once
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0001_exchange'),
        ('orgs', '0001_squashed_0003_sites'),
        ('orgs', '__first__'),
    ]

    operations = [
        orgs.at_once.AtOnce(
            operations=[migrations.CreateModel(
                name='GoodsDonation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('area_path', models.CharField(db_collation='C', editable=False, max_length=255)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('donor_name', models.CharField(max_length=60, verbose_name='捐赠人或单位')),
                    ('is_body', models.BooleanField(default=False, verbose_name='是单位')),
                    ('pieces', models.PositiveIntegerField(verbose_name='件数')),
                    ('wish', models.CharField(choices=[('named', '公开姓名（名称）'), ('surname', '只公开姓氏'), ('hidden', '不公开')], max_length=8, verbose_name='怎样致谢')),
                    ('thanks', models.CharField(blank=True, max_length=200, verbose_name='感谢的话')),
                    ('received_on', models.DateField(verbose_name='收到日期')),
                    ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.area', verbose_name='位置')),
                    ('entered_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='donation', to='exchange.stockentry')),
                    ('offer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='donations', to='exchange.offer')),
                ],
                options={
                    'verbose_name': '实物捐赠',
                    'verbose_name_plural': '实物捐赠',
                    'default_permissions': (),
                    'indexes': [models.Index(fields=['offer', '-id'], name='exchange_donation_offer'), models.Index(fields=['area_path', '-id'], name='exchange_donation_place')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('pieces__gt', 0), models.Q(('donor_name', ''), _negated=True)), name='exchange_donation_gives'), models.CheckConstraint(condition=models.Q(('is_body', False), models.Q(('wish', 'surname'), _negated=True), _connector='OR'), name='exchange_donation_bodies_have_no_surname', violation_error_message='单位没有姓氏，请选公开名称或不公开')],
                },
            ), migrations.AddField(
                model_name='stockentry',
                name='key',
                field=models.CharField(blank=True, editable=False, max_length=60),
            ), migrations.AddConstraint(
                model_name='stockentry',
                constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('key',), name='exchange_stock_once_per_form'),
            ), pgtrigger.migrations.AddTrigger(
                model_name='goodsdonation',
                trigger=pgtrigger.compiler.Trigger(name='donation_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."entered_by_id" IS DISTINCT FROM (NEW."entered_by_id") OR OLD."entry_id" IS DISTINCT FROM (NEW."entry_id") OR OLD."offer_id" IS DISTINCT FROM (NEW."offer_id") OR OLD."pieces" IS DISTINCT FROM (NEW."pieces"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='67881e87a344a65a6c51f0f1e8879c7858c15680', operation='UPDATE', pgid='pgtrigger_donation_stays_42c0a', table='exchange_goodsdonation', when='BEFORE')),
            ), pgtrigger.migrations.AddTrigger(
                model_name='goodsdonation',
                trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='b991f11ae1064c75257f27cee586080f7bfd593d', operation='DELETE', pgid='pgtrigger_never_deleted_ec8b5', table='exchange_goodsdonation', when='BEFORE')),
            )],
        ),
    ]
