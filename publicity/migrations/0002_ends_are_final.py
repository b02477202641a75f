"""What ended stays ended, and no objection is deleted: the database says so too.

Triggers only, no rows are touched. Going back drops them again.
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('publicity', '0001_initial'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='notice',
            name='ended_stays',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='objection',
            name='answer_is_final',
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
            model_name='objection',
            trigger=pgtrigger.compiler.Trigger(name='answer_is_final', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answered_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e4bb524a47b4c95681dee7fc0b6a6711e0822748', operation='UPDATE', pgid='pgtrigger_answer_is_final_d8d7f', table='publicity_objection', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='objection',
            trigger=pgtrigger.compiler.Trigger(name='objection_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='7c8ddbc9d932917ecc068023b9c7662e42bf6313', operation='DELETE', pgid='pgtrigger_objection_never_deleted_1b9fc', table='publicity_objection', when='BEFORE')),
        ),
    ]
