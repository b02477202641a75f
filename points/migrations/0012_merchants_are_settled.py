"""Transfers may be of the kind settle (商家结算). Django's own knowledge only, no SQL.

Going back asks for nothing either, but leaves rows of a kind the older code has no name for.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0011_rule_endings"),
    ]

    operations = [
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
                    ("settle", "商家结算"),
                    ("clear", "社区间清算"),
                    ("reverse", "冲正"),
                    ("return", "退回结余"),
                ],
                max_length=10,
                verbose_name="种类",
            ),
        ),
    ]
