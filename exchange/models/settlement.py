"""What a merchant handed over in a month, checked, approved and paid; and what communities owe
each other for it. ``exchange.settlement`` and ``exchange.clearing`` write these rows.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from exchange.models.orders import Order
from orgs.models import Area, Organization, Placed
from points.models.triggers import changed_but
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


def month_text(month) -> str:
    """2026年10月."""
    return str(_("%(year)d年%(month)d月") % {"year": month.year, "month": month.month})


class SettlementState(models.TextChoices):
    SENT = "sent", _("待商家核对")
    DISPUTED = "disputed", _("异议待答复")
    READY = "ready", _("待提交")
    SUBMITTED = "submitted", _("待批准")
    APPROVED = "approved", _("待付款")
    PAID = "paid", _("已付款")
    CLOSED = "closed", _("已核销，不付款")


S = SettlementState
FROZEN = (S.SUBMITTED, S.APPROVED, S.PAID, S.CLOSED)
SETTLED = (S.APPROVED, S.PAID, S.CLOSED)  # the points have moved
_TOTALS = ("orders", "pieces", "points", "cents")


class Settlement(Placed):
    """One organization's month in one subdistrict (``area``).

    ``month`` is its first day. Totals are written when it is submitted, ``cents`` at the face
    value of the month's last day. ``pays``: a merchant is paid in money; a community's shop and
    the counter hand out what is public already (实物核销，不付款). ``is_silent``: nobody answered
    within the term, which counts as agreed.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("商家")
    )
    month = models.DateField(_("月份"))
    state = models.CharField(_("状态"), max_length=10, choices=S, default=S.SENT)
    pays = models.BooleanField(_("付款"))
    face_value_cents = models.PositiveIntegerField(_("每分折合（分）"))
    dispute_due_at = models.DateTimeField(_("异议期限"))
    confirmed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("核对时间"), null=True)
    is_silent = models.BooleanField(_("逾期未答复，视为无异议"), default=False)
    orders = models.PositiveIntegerField(_("笔数"), null=True)
    pieces = models.PositiveIntegerField(_("件数"), null=True)
    points = models.PositiveIntegerField(_("积分"), null=True)
    cents = models.PositiveBigIntegerField(_("金额（分）"), null=True)
    submitted_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(_("提交时间"), null=True)
    approved_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    paid_on = models.DateField(_("付款日期"), null=True)
    voucher = models.CharField(_("凭证号"), max_length=40, blank=True)
    paid_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    paid_at = models.DateTimeField(_("登记时间"), null=True)

    class Meta:
        verbose_name = _("商家结算单")
        verbose_name_plural = _("商家结算单")
        default_permissions = ()
        permissions = [
            ("settle", _("办理商家结算与社区清算")),
            ("approve_settlement", _("批准商家结算与社区清算")),
        ]
        indexes = [models.Index(fields=["area_path", "-month", "id"], name="exchange_settle_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "area", "month"], name="exchange_settle_once_a_month"
            ),
            models.CheckConstraint(
                name="exchange_settle_month_begins",
                condition=Q(month__day=1, face_value_cents__gte=0),
            ),
            models.CheckConstraint(
                name="exchange_settle_frozen",
                condition=(
                    Q(state__in=FROZEN, submitted_by__isnull=False, submitted_at__isnull=False)
                    & Q(**{f"{name}__isnull": False for name in _TOTALS})
                    & Q(cents=F("points") * F("face_value_cents"))
                )
                | (~Q(state__in=FROZEN) & Q(**dict.fromkeys(_TOTALS))),
            ),
            models.CheckConstraint(
                name="exchange_settle_approved",
                condition=Q(state__in=SETTLED, approved_by__isnull=False, approved_at__isnull=False)
                | (~Q(state__in=SETTLED) & Q(approved_by=None, approved_at=None)),
            ),
            models.CheckConstraint(
                name="exchange_settle_two_people",
                condition=Q(approved_by=None) | ~Q(approved_by=F("submitted_by")),
                violation_error_message=_("提交人与批准人不能是同一人"),
            ),
            models.CheckConstraint(
                name="exchange_settle_paid",
                condition=(
                    Q(state=S.PAID, pays=True, paid_on__isnull=False, paid_by__isnull=False)
                    & Q(paid_at__isnull=False)
                    & ~Q(voucher="")
                )
                | (~Q(state=S.PAID) & Q(paid_on=None, paid_by=None, paid_at=None, voucher="")),
            ),
            models.CheckConstraint(
                name="exchange_settle_silence_is_nobodys",
                condition=Q(is_silent=False) | Q(confirmed_by=None, confirmed_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="settlement_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="settlement_names_its_month",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("organization", "month", "pays", "face_value_cents"),
            ),
            # What was submitted is approved as it is, or sent back.
            pgtrigger.Protect(
                name="settlement_approved",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "(OLD.approved_at IS NOT NULL AND "
                    + changed_but(
                        *("area_id", "area_path", "state"),
                        *("paid_on", "voucher", "paid_by_id", "paid_at"),
                    )
                    + ")"
                ),
            ),
        ]

    def __str__(self):
        return f"{self.organization} {self.month:%Y-%m}"

    def get_absolute_url(self) -> str:
        return f"/exchange/settlements/{self.pk}/"

    @property
    def month_text(self) -> str:
        return month_text(self.month)

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED


class LineState(models.TextChoices):
    OK = "ok", _("无异议")
    DISPUTED = "disputed", _("有异议")
    UPHELD = "upheld", _("有异议，经答复计入")
    PUT_OFF = "put_off", _("转入下月")
    REVERSING = "reversing", _("申请退回，待批准")
    REVERSED = "reversed", _("已退回积分")


L = LineState
COUNTED = (L.OK, L.DISPUTED, L.UPHELD, L.REVERSING)
OPEN = (L.DISPUTED, L.REVERSING)


class SettlementLine(models.Model):
    """One order handed over, in a settlement: counted in one at most.

    ``payer`` is the community whose books paid, ``books`` the one the outlet earns for: as they
    were when it was drawn up. ``reason`` is what the merchant says against it, ``answer`` what the
    subdistrict says to that; points go back when two people want it.
    """

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="lines")
    order = models.ForeignKey(Order, models.PROTECT, related_name="settlement_lines")
    payer = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    books = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    points = models.PositiveIntegerField(_("积分"))
    state = models.CharField(_("状态"), max_length=10, choices=L, default=L.OK)
    reason = models.CharField(_("异议"), max_length=300, blank=True)
    disputed_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False
    )
    disputed_at = models.DateTimeField(_("提出时间"), null=True)
    answer = models.CharField(_("答复"), max_length=300, blank=True)
    answered_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    is_returned = models.BooleanField(_("实物已退回"), default=False)
    reversed_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("结算明细")
        verbose_name_plural = _("结算明细")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["settlement"],
                condition=Q(state__in=OPEN),
                name="exchange_settleline_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=~Q(state=L.PUT_OFF),
                name="exchange_settleline_counted_once",
            ),
            models.UniqueConstraint(
                fields=["settlement", "order"], name="exchange_settleline_once"
            ),
            models.CheckConstraint(name="exchange_settleline_counts", condition=Q(points__gt=0)),
            models.CheckConstraint(
                name="exchange_settleline_says_why",
                condition=Q(state=L.OK)
                | Q(state__in=[L.DISPUTED]) & ~Q(reason="")
                | (~Q(reason="") & ~Q(answer="") & Q(answered_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="exchange_settleline_back_by_two",
                condition=Q(state=L.REVERSED, reversed_by__isnull=False)
                & ~Q(reversed_by=F("answered_by"))
                | (~Q(state=L.REVERSED) & Q(reversed_by=None)),
                violation_error_message=_("申请退回与批准退回不能是同一人"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="line_names_its_order",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("settlement", "order", "payer", "books", "points"),
            ),
            pgtrigger.Protect(name="line_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.order_id} {self.points}"

    @property
    def is_counted(self) -> bool:
        return self.state in COUNTED

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


class Omission(models.Model):
    """What the merchant misses on the list: "handed over, but not here". Answered in words, or
    with the line it became."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="omissions")
    code = models.CharField(_("取货码"), max_length=8, blank=True)
    text = models.CharField(_("情况"), max_length=300)
    said_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    said_at = models.DateTimeField(_("提出时间"))
    answer = models.CharField(_("答复"), max_length=300, blank=True)
    answered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    line = models.OneToOneField(
        SettlementLine, models.PROTECT, null=True, related_name="omission", editable=False
    )

    class Meta:
        verbose_name = _("漏列")
        verbose_name_plural = _("漏列")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="exchange_omission_answered_whole",
                condition=Q(answer="", answered_by=None, answered_at=None, line=None)
                | ~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False),
            )
        ]
        triggers = [pgtrigger.Protect(name="omission_stays", operation=pgtrigger.Delete)]

    def __str__(self):
        return self.text[:40]


class SettlementStep(Step):
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("结算步骤")
        verbose_name_plural = _("结算步骤")
        indexes = [models.Index(fields=["settlement", "at"], name="exchange_settlestep_of")]


class StatementLog(models.Model):
    """Who took a statement or a clearing table out as a file. Written before it leaves."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, null=True, related_name="exports")
    clearing = models.ForeignKey(
        "exchange.Clearing", models.PROTECT, null=True, related_name="exports"
    )
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    format = models.CharField(_("格式"), max_length=4)
    count = models.PositiveIntegerField(_("行数"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("结算单导出记录")
        verbose_name_plural = _("结算单导出记录")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="exchange_statementlog_of_one",
                condition=Q(settlement=None, clearing__isnull=False)
                | Q(settlement__isnull=False, clearing=None),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.by_id} {self.format}"


class ClearingState(models.TextChoices):
    DRAWN = "drawn", _("待批准")
    RETURNED = "returned", _("已退回，待重新提交")
    POSTED = "posted", _("已清算")


C = ClearingState


class Clearing(Placed):
    """What the communities of a subdistrict (``area``) owe each other for one month."""

    month = models.DateField(_("月份"))
    state = models.CharField(_("状态"), max_length=8, choices=C, default=C.DRAWN)
    points = models.PositiveIntegerField(_("积分"))  # all that was settled in the month
    drawn_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(_("编制时间"))
    approved_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("批准时间"), null=True)

    class Meta:
        verbose_name = _("社区清算表")
        verbose_name_plural = _("社区清算表")
        default_permissions = ()
        indexes = [models.Index(fields=["area_path", "-month"], name="exchange_clearing_place")]
        constraints = [
            models.UniqueConstraint(fields=["area", "month"], name="exchange_clearing_once"),
            models.CheckConstraint(
                name="exchange_clearing_month_begins", condition=Q(month__day=1)
            ),
            models.CheckConstraint(
                name="exchange_clearing_two_people",
                condition=Q(approved_by=None) | ~Q(approved_by=F("drawn_by")),
                violation_error_message=_("编制人与批准人不能是同一人"),
            ),
            models.CheckConstraint(
                name="exchange_clearing_approved",
                condition=Q(state=C.POSTED, approved_by__isnull=False, approved_at__isnull=False)
                | (~Q(state=C.POSTED) & Q(approved_by=None, approved_at=None)),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="clearing_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="clearing_posted",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((OLD.state = 'posted' OR OLD.points <> NEW.points OR OLD.month <> NEW.month)"
                    " AND " + changed_but("area_id", "area_path") + ")"
                ),
            ),
        ]

    def __str__(self):
        return f"{self.area} {self.month:%Y-%m}"

    def get_absolute_url(self) -> str:
        return f"/exchange/clearing/{self.pk}/"

    @property
    def month_text(self) -> str:
        return month_text(self.month)


class ClearingRow(models.Model):
    """One community's books in a clearing. Written once.

    ``spent``: settled points its accounts paid; ``earned``: settled at outlets of its books;
    ``own``: what of both stayed at home.
    """

    clearing = models.ForeignKey(Clearing, models.PROTECT, related_name="rows")
    community = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False)
    spent = models.PositiveIntegerField(_("本社区积分用去"))
    earned = models.PositiveIntegerField(_("本社区兑换点收到"))
    own = models.PositiveIntegerField(_("本社区用在本社区"))

    class Meta:
        verbose_name = _("社区清算明细")
        verbose_name_plural = _("社区清算明细")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["clearing", "community"], name="exchange_clearingrow_once"
            ),
            models.CheckConstraint(
                name="exchange_clearingrow_own",
                condition=Q(own__lte=F("spent")) & Q(own__lte=F("earned")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.community_id} {self.net:+d}"

    @property
    def spent_elsewhere(self) -> int:
        return self.spent - self.own

    @property
    def earned_from_elsewhere(self) -> int:
        return self.earned - self.own

    @property
    def net(self) -> int:
        """Earned from others less spent at others; over all communities nothing."""
        return self.earned - self.spent

    @property
    def net_text(self) -> str:
        return f"{self.net:+d}".replace("-", "−") if self.net else "0"


class ClearingStep(Step):
    clearing = models.ForeignKey(Clearing, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("清算步骤")
        verbose_name_plural = _("清算步骤")
        indexes = [models.Index(fields=["clearing", "at"], name="exchange_clearingstep_of")]
