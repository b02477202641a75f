"""A new kind of transfer: what a fund adds yearly to points held long (保值增值).

Only the list of choices changes; nothing in the database, no time at all.
"""

from django.db import migrations, models

KINDS = [
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
    ("appreciate", "保值增值"),
]


class Migration(migrations.Migration):
    dependencies = [("points", "0013_faster_seal")]
    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=10, verbose_name="种类"),
        )
    ]
