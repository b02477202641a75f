"""Tables for what the monitors notice, and for requests to spend the pool.

New and empty; no time at all. Going back drops them with what was written.
"""

import django.core.serializers.json
import django.db.models.deletion
import orgs.at_once
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0005_catalogue_history"),
        ("orgs", "0001_squashed_0003_sites"),
        ("orgs", "__first__"),
    ]

    operations = [
        orgs.at_once.AtOnce(
            operations=[
                migrations.CreateModel(
                    name="Case",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "area_path",
                            models.CharField(db_collation="C", editable=False, max_length=255),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("key", models.CharField(editable=False, max_length=80, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("speed", "一天兑换多次"),
                                    ("pair", "同一人总由同一人发放"),
                                    ("staff", "兑换点人员及家人在本点兑换"),
                                    ("outlet", "兑换集中在一个兑换点"),
                                    ("helper", "代办集中在一个人"),
                                ],
                                max_length=8,
                                verbose_name="类别",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "待核实"),
                                    ("looked_into", "核实中"),
                                    ("proposed", "待第二人确认"),
                                    ("explained", "已说明，无问题"),
                                    ("confirmed", "确有问题"),
                                ],
                                default="open",
                                max_length=12,
                                verbose_name="状态",
                            ),
                        ),
                        ("since", models.DateField(verbose_name="哪天、哪月")),
                        ("facts", models.JSONField(default=dict)),
                        ("found_at", models.DateTimeField(verbose_name="发现时间")),
                        ("due_at", models.DateTimeField(verbose_name="核实期限")),
                        ("ended_at", models.DateTimeField(null=True, verbose_name="办结时间")),
                        (
                            "area",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orgs.area",
                                verbose_name="位置",
                            ),
                        ),
                        (
                            "household",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orgs.household",
                            ),
                        ),
                        (
                            "orders",
                            models.ManyToManyField(related_name="cases", to="exchange.order"),
                        ),
                        (
                            "outlet",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="exchange.outlet",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="涉及的人",
                            ),
                        ),
                        (
                            "proposed_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "server",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="经办人",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "核实事项",
                        "verbose_name_plural": "核实事项",
                        "permissions": [("investigate", "核实兑换中的异常")],
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["area_path", "due_at"], name="exchange_case_due")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CaseStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("verb", models.CharField(max_length=40, verbose_name="动作")),
                        (
                            "from_state",
                            models.CharField(blank=True, max_length=40, verbose_name="原状态"),
                        ),
                        ("to_state", models.CharField(max_length=40, verbose_name="新状态")),
                        ("at", models.DateTimeField(verbose_name="时间")),
                        ("reason", models.TextField(blank=True, verbose_name="原因")),
                        (
                            "clock_effect",
                            models.CharField(blank=True, max_length=200, verbose_name="时限变化"),
                        ),
                        (
                            "data",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                encoder=django.core.serializers.json.DjangoJSONEncoder,
                                verbose_name="填写内容",
                            ),
                        ),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="经办人",
                            ),
                        ),
                        (
                            "case",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="exchange.case",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "核实步骤",
                        "verbose_name_plural": "核实步骤",
                        "ordering": ["at", "pk"],
                        "abstract": False,
                        "indexes": [
                            models.Index(fields=["case", "at"], name="exchange_casestep_of")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PoolRequest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "area_path",
                            models.CharField(db_collation="C", editable=False, max_length=255),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("key", models.CharField(editable=False, max_length=60, unique=True)),
                        ("quantity", models.PositiveSmallIntegerField(verbose_name="数量")),
                        ("points", models.PositiveIntegerField(verbose_name="积分")),
                        ("purpose", models.CharField(max_length=100, verbose_name="用途")),
                        ("people", models.PositiveSmallIntegerField(verbose_name="受益人数")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("asked", "待批准"),
                                    ("approved", "已批准"),
                                    ("refused", "未批准"),
                                    ("withdrawn", "已撤回"),
                                    ("cancelled", "已取消，积分退回池里"),
                                ],
                                default="asked",
                                max_length=10,
                                verbose_name="状态",
                            ),
                        ),
                        ("asked_at", models.DateTimeField(verbose_name="申请时间")),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="审批时间")),
                        (
                            "area",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orgs.area",
                                verbose_name="位置",
                            ),
                        ),
                        (
                            "asked_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "offer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="exchange.offer",
                                verbose_name="兑换品",
                            ),
                        ),
                        (
                            "order",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pool_request",
                                to="exchange.order",
                            ),
                        ),
                        (
                            "picker",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="领取人",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "公益池申请",
                        "verbose_name_plural": "公益池申请",
                        "permissions": [
                            ("spend_pool", "申请使用公益池"),
                            ("approve_pool", "批准使用公益池"),
                        ],
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["area_path", "-id"], name="exchange_pool_place")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    models.Q(("state", "approved"), _negated=True),
                                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                                    _connector="OR",
                                ),
                                name="exchange_pool_two_people",
                                violation_error_message="申请人与批准人不能是同一人",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("people__gt", 0), ("quantity__gt", 0)),
                                name="exchange_pool_serves",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("order__isnull", False),
                                        ("state__in", ["approved", "cancelled"]),
                                    ),
                                    models.Q(
                                        ("order", None),
                                        models.Q(
                                            ("state__in", ["approved", "cancelled"]), _negated=True
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="exchange_pool_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PoolStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("verb", models.CharField(max_length=40, verbose_name="动作")),
                        (
                            "from_state",
                            models.CharField(blank=True, max_length=40, verbose_name="原状态"),
                        ),
                        ("to_state", models.CharField(max_length=40, verbose_name="新状态")),
                        ("at", models.DateTimeField(verbose_name="时间")),
                        ("reason", models.TextField(blank=True, verbose_name="原因")),
                        (
                            "clock_effect",
                            models.CharField(blank=True, max_length=200, verbose_name="时限变化"),
                        ),
                        (
                            "data",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                encoder=django.core.serializers.json.DjangoJSONEncoder,
                                verbose_name="填写内容",
                            ),
                        ),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="经办人",
                            ),
                        ),
                        (
                            "request",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="exchange.poolrequest",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "公益池申请步骤",
                        "verbose_name_plural": "公益池申请步骤",
                        "ordering": ["at", "pk"],
                        "abstract": False,
                        "indexes": [
                            models.Index(fields=["request", "at"], name="exchange_poolstep_of")
                        ],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="case",
                    trigger=pgtrigger.compiler.Trigger(
                        name="case_stays",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."facts" IS DISTINCT FROM (NEW."facts") OR OLD."household_id" IS DISTINCT FROM (NEW."household_id") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."outlet_id" IS DISTINCT FROM (NEW."outlet_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."server_id" IS DISTINCT FROM (NEW."server_id") OR OLD."since" IS DISTINCT FROM (NEW."since"))',
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                            hash="f0b1408c1cb4e79faf3a4ac030516914a173224f",
                            operation="UPDATE",
                            pgid="pgtrigger_case_stays_d8229",
                            table="exchange_case",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="case",
                    trigger=pgtrigger.compiler.Trigger(
                        name="never_deleted",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                            hash="922239f8607d8011765bcf877398c1fe4787eb2c",
                            operation="DELETE",
                            pgid="pgtrigger_never_deleted_c053a",
                            table="exchange_case",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="casestep",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="c76fdd28686ba65259f02c31c5e256acf4c48fe5",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_d1a8f",
                            table="exchange_casestep",
                            when="BEFORE",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="poolstep",
                    trigger=pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="4d891d47173b53c621c0bb7d5b3ab777fb96b0ae",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_c9d44",
                            table="exchange_poolstep",
                            when="BEFORE",
                        ),
                    ),
                ),
            ],
        ),
    ]
