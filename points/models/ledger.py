"""The rows of the ledger. ``points.ledger`` writes them, ``points.migrations`` holds the triggers.

An amount moves from ``debit`` to ``credit``, in whole units. Nothing here is edited or deleted.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Area, Household, Organization


class Unit(models.Model):
    """What is counted. Accounts of different units never meet in one transfer."""

    code = models.CharField(max_length=10, primary_key=True)
    label = models.CharField(_("名称"), max_length=20)
    suffix = models.CharField(_("量词"), max_length=4)
    decimals = models.PositiveSmallIntegerField(_("显示的小数位"), default=0)

    class Meta:
        verbose_name = _("记账单位")
        verbose_name_plural = _("记账单位")
        default_permissions = ()

    def __str__(self):
        return self.label


POINTS = "points"


class AccountKind(models.TextChoices):
    PERSON = "person", _("个人账户")
    HOUSEHOLD = "household", _("家庭账户")
    MERCHANT = "merchant", _("商家账户")
    ESCROW = "escrow", _("代管账户")
    FUND = "fund", _("积分池")
    ISSUANCE = "issuance", _("发行")
    CLEARING = "clearing", _("社区间清算")
    EXPIRY = "expiry", _("过期归集")


# The big ones every posting touches: their balance is the sum of their transfers, kept per closed
# period. A stored balance there would be one row that all writers wait for.
DERIVED = (AccountKind.FUND, AccountKind.ISSUANCE, AccountKind.CLEARING, AccountKind.EXPIRY)
_OWNER = {
    AccountKind.PERSON: "person",
    AccountKind.HOUSEHOLD: "household",
    AccountKind.MERCHANT: "organization",
}


def _one_owner() -> Q:
    """Each kind names the owner it needs, and no other."""
    rule = Q()
    for kind in AccountKind:
        case = Q(kind=kind)
        for owner in ("person", "household", "organization"):
            case &= Q(**{f"{owner}__isnull": _OWNER.get(kind) != owner})
        rule |= case
    return rule


class Account(models.Model):
    """One account in the books of one community.

    ``posted`` is what is there, ``held`` what of it is promised to an open hold, ``seq`` the
    number of the last entry. Accounts without ``floor`` (``DERIVED``) keep none of the three.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("社区"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", default=POINTS)
    kind = models.CharField(_("类别"), max_length=10, choices=AccountKind)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, blank=True, related_name="+"
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="+"
    )
    posted = models.BigIntegerField(_("余额"), default=0, editable=False)
    held = models.BigIntegerField(_("冻结"), default=0, editable=False)
    seq = models.BigIntegerField(default=0, editable=False)
    floor = models.BigIntegerField(_("下限"), null=True, editable=False)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("积分账户")
        verbose_name_plural = _("积分账户")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="points_account_floor",
                condition=Q(floor=None) | Q(posted__gte=F("floor") + F("held")),
                violation_error_message=_("余额不足"),
            ),
            models.CheckConstraint(name="points_account_held", condition=Q(held__gte=0)),
            models.CheckConstraint(
                name="points_account_derived_keeps_nothing",
                condition=Q(kind__in=DERIVED, floor=None, posted=0, held=0, seq=0)
                | (~Q(kind__in=DERIVED) & Q(floor__isnull=False)),
            ),
            models.CheckConstraint(name="points_account_owner", condition=_one_owner()),
            models.UniqueConstraint(
                fields=["community", "unit", "kind", "person", "household", "organization"],
                nulls_distinct=False,
                name="points_account_once",
            ),
            # What a transfer's composite foreign keys point at: same books, same unit.
            models.UniqueConstraint(
                fields=["id", "community", "unit"], name="points_account_books"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def available(self) -> int:
        return self.posted - self.held

    @property
    def keeps_balance(self) -> bool:
        return self.kind not in DERIVED


class TransferKind(models.TextChoices):
    ALLOT = "allot", _("拨付预算")
    AWARD = "award", _("奖励")
    DEDUCT = "deduct", _("扣减")
    SHARE = "share", _("户内转移")
    MERGE = "merge", _("家庭合并、拆分")
    HOLD = "hold", _("冻结")
    CAPTURE = "capture", _("兑付")
    VOID = "void", _("解冻")
    EXPIRE = "expire", _("过期")
    DONATE = "donate", _("捐赠")
    SETTLE = "settle", _("商家结算")
    CLEAR = "clear", _("社区间清算")
    REVERSE = "reverse", _("冲正")
    RETURN = "return", _("退回结余")
    APPRECIATE = "appreciate", _("保值增值")


class TransferQuerySet(models.QuerySet):
    def posting(self):
        """Transfers that moved something: a hold and its voiding only reserve."""
        return self.exclude(kind__in=[TransferKind.HOLD, TransferKind.VOID])


class Transfer(models.Model):
    """One movement. Never edited: a mistake is answered by a reversal.

    ``key`` names the event paid for ("claim:31"): once per community. ``lot_on`` is the day from
    which what arrives grows old; it travels along when points move within a household.
    ``period`` is the first day of the month it is booked in.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=120)
    debit = models.ForeignKey(
        Account, models.PROTECT, related_name="debits", db_index=False, db_constraint=False
    )
    credit = models.ForeignKey(
        Account, models.PROTECT, related_name="credits", db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField(_("数额"))
    kind = models.CharField(_("种类"), max_length=10, choices=TransferKind)
    happened_on = models.DateField(_("发生日期"))
    lot_on = models.DateField(_("批次日期"))
    period = models.DateField(_("记账月份"))
    pending_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="endings", db_index=False
    )
    reversal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="reversals", db_index=False
    )
    due_at = models.DateTimeField(_("冻结到期"), null=True)
    reason = models.CharField(_("说明"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    rule_version = models.ForeignKey(
        "points.RuleVersion", models.PROTECT, null=True, related_name="+", db_index=False
    )
    posted_at = models.DateTimeField(_("记账时间"))

    objects = TransferQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分流水")
        verbose_name_plural = _("积分流水")
        default_permissions = ()
        indexes = [
            # The running month of an account without a stored balance; the months before it stand
            # in statements.
            models.Index(fields=["community", "period"], name="points_transfer_month"),
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="points_transfer_due"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="points_transfer_once_per_key"
            ),
            models.CheckConstraint(
                name="points_transfer_moves_something",
                condition=Q(amount__gt=0) & ~Q(debit=F("credit")),
                violation_error_message=_("积分须大于零，且转出与转入账户不同"),
            ),
            models.CheckConstraint(
                name="points_transfer_two_people",
                condition=Q(actor=None) | Q(approver=None) | ~Q(actor=F("approver")),
                violation_error_message=_("经办人与批准人不能是同一人"),
            ),
            models.CheckConstraint(name="points_transfer_month_begins", condition=Q(period__day=1)),
            models.CheckConstraint(
                name="points_transfer_names_what_it_ends",
                condition=Q(
                    kind__in=[TransferKind.CAPTURE, TransferKind.VOID],
                    pending_of__isnull=False,
                    reversal_of=None,
                )
                | Q(kind=TransferKind.REVERSE, pending_of=None, reversal_of__isnull=False)
                | (
                    ~Q(kind__in=[TransferKind.CAPTURE, TransferKind.VOID, TransferKind.REVERSE])
                    & Q(pending_of=None, reversal_of=None)
                ),
            ),
            models.CheckConstraint(
                name="points_transfer_only_holds_fall_due",
                condition=Q(kind=TransferKind.HOLD, due_at__isnull=False)
                | (~Q(kind=TransferKind.HOLD) & Q(due_at=None)),
            ),
            models.UniqueConstraint(
                fields=["pending_of"],
                condition=Q(pending_of__isnull=False),
                name="points_transfer_hold_ends_once",
            ),
            models.UniqueConstraint(
                fields=["reversal_of"],
                condition=Q(reversal_of__isnull=False),
                name="points_transfer_reversed_once",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.amount}"


class Entry(models.Model):
    """What a transfer did to an account that carries a balance, and how it stood afterwards."""

    community = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False)
    seq = models.BigIntegerField()
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    delta = models.BigIntegerField()
    posted = models.BigIntegerField()
    held = models.BigIntegerField()

    class Meta:
        verbose_name = _("账户明细")
        verbose_name_plural = _("账户明细")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "seq"], name="points_entry_in_order"),
            models.CheckConstraint(name="points_entry_counts", condition=Q(seq__gt=0, held__gte=0)),
        ]

    def __str__(self):
        return f"{self.account_id}/{self.seq}: {self.delta:+d}"


class Period(models.Model):
    """One month of one community's books: open while there is no row, then shut, then closed.

    A shut month shuts all before it. ``horizon`` is the first transaction number that is surely
    not inside any more (0 until it is noted): statements are written when all before it have ended.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+")
    month = models.DateField(_("月份"))
    horizon = models.BigIntegerField()
    shut_at = models.DateTimeField(_("停止入账"))
    closed_at = models.DateTimeField(_("结账"), null=True)

    class Meta:
        verbose_name = _("会计期间")
        verbose_name_plural = _("会计期间")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["community", "month"], name="points_period_once"),
            models.CheckConstraint(name="points_period_month_begins", condition=Q(month__day=1)),
        ]

    def __str__(self):
        return f"{self.month:%Y-%m}"


class Statement(models.Model):
    """How one account went through one closed period. Written once."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="statements")
    account = models.ForeignKey(Account, models.PROTECT, related_name="statements")
    opening = models.BigIntegerField(_("期初"))
    credited = models.BigIntegerField(_("本期转入"))
    debited = models.BigIntegerField(_("本期转出"))
    closing = models.BigIntegerField(_("期末"))
    held = models.BigIntegerField(_("期末冻结"), default=0)

    class Meta:
        verbose_name = _("对账单")
        verbose_name_plural = _("对账单")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "period"], name="points_statement_once"),
            models.CheckConstraint(
                name="points_statement_adds_up",
                condition=Q(closing=F("opening") + F("credited") - F("debited")),
            ),
        ]

    def __str__(self):
        return f"{self.account_id} {self.period}"


class SealRound(models.Model):
    """A line drawn under the ledger: transfers up to ``up_to`` are sealed, in blocks by community.

    Noted first, sealed once every transaction below ``horizon`` has ended, so that no transfer
    with a smaller number can still appear.
    """

    number = models.BigIntegerField(primary_key=True)
    after = models.BigIntegerField()
    up_to = models.BigIntegerField()
    horizon = models.BigIntegerField()
    noted_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("封存批次")
        verbose_name_plural = _("封存批次")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="points_seal_round_moves_on", condition=Q(up_to__gt=F("after"))
            ),
            models.UniqueConstraint(fields=["after"], name="points_seal_round_follows_one"),
        ]

    def __str__(self):
        return str(self.number)


class Block(models.Model):
    """The sealed transfers of one community in one round, chained to the block before (SHA-256).

    ``leaves`` are 16 bytes per transfer, its number and the beginning of its digest, so that a
    changed row is found by name.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+")
    number = models.BigIntegerField()
    round = models.ForeignKey(SealRound, models.PROTECT, related_name="blocks")
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    leaves = models.BinaryField()
    count = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("封存块")
        verbose_name_plural = _("封存块")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="points_block_once"),
            models.UniqueConstraint(fields=["community", "round"], name="points_block_per_round"),
        ]

    def __str__(self):
        return f"{self.community_id}/{self.number}"


class Verification(models.Model):
    """One run of ``verify_ledger``: what it looked at and what it found, kept for the auditor.

    ``findings`` are the first of them, ``finding_count`` all. ``database`` is PostgreSQL's number
    of the database it ran in: another one means that a dump was restored since.
    """

    is_full = models.BooleanField(_("全量"))
    started_at = models.DateTimeField(_("开始"))
    finished_at = models.DateTimeField(_("结束"))
    after = models.BigIntegerField(default=0)
    up_to = models.BigIntegerField(default=0)
    transfers = models.BigIntegerField(_("核对流水数"), default=0)
    accounts = models.BigIntegerField(_("核对账户数"), default=0)
    finding_count = models.PositiveIntegerField(_("发现问题数"), default=0)
    findings = models.JSONField(default=list)
    database = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("账本核验")
        verbose_name_plural = _("账本核验")
        default_permissions = ()
        permissions = [
            ("view_books", _("查看账本与核验结果")),
            ("verify_books", _("发起账本核验")),
        ]
        indexes = [models.Index(fields=["-finished_at"], name="points_verification_latest")]

    def __str__(self):
        return f"{self.finished_at:%Y-%m-%d %H:%M}"

    @property
    def is_clean(self) -> bool:
        return self.finding_count == 0

    @classmethod
    def latest(cls) -> "Verification | None":
        return cls.objects.order_by("-finished_at", "-pk").first()
