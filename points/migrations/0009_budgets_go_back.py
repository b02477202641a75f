"""A budget proposal may be withdrawn, and what an ended budget left goes back to issuance.

Two columns of points_budget (some rows a year) and its triggers; no time. Going back loses which
were withdrawn; take returns back by hand before.
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orgs", "0001_squashed_0003_sites"),
        ("points", "0008_single_posting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="budget",
            name="approved_budget_stays",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="budget",
            name="approved_budget_is_kept",
        ),
        migrations.AddField(
            model_name="budget",
            name="kind",
            field=models.CharField(
                choices=[("allot", "拨付"), ("return", "退回结余")],
                default="allot",
                editable=False,
                max_length=6,
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="budget",
            name="withdrawn_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="撤回时间"),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("allot", "拨付预算"),
                    ("award", "奖励"),
                    ("deduct", "扣减"),
                    ("share", "户内转移"),
                    ("merge", "家庭合并、拆分"),
                    ("hold", "冻结"),
                    ("capture", "兑付"),
                    ("void", "解冻"),
                    ("expire", "过期"),
                    ("donate", "捐赠"),
                    ("clear", "社区间清算"),
                    ("reverse", "冲正"),
                    ("return", "退回结余"),
                ],
                max_length=10,
                verbose_name="种类",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="budget",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_budget_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN ((OLD.approved_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL) AND (to_jsonb(OLD) - ARRAY['area_id', 'area_path']) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['area_id', 'area_path']))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="548e20106e8aa85dc33b08ac35488a33c8a1221e",
                    operation="UPDATE",
                    pgid="pgtrigger_approved_budget_stays_38932",
                    table="points_budget",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="budget",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_budget_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_at" IS NOT NULL OR OLD."withdrawn_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="3291580769a22da1c96f0c13bb4f7240fac51577",
                    operation="DELETE",
                    pgid="pgtrigger_approved_budget_is_kept_aa156",
                    table="points_budget",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=models.Q(("approved_at", None), ("withdrawn_at", None), _connector="OR"),
                name="points_budget_ends_once",
            ),
        ),
    ]
