"""Orders of outside platforms (12345, a district platform, a department): who they come from, how
they came in, and what is told back."""

import uuid

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grids.models.categories import Category
from grids.models.issues import Issue, IssueStep
from orgs.models import Placed


@pghistory.track()
class Partner(Placed):
    """An outside platform that hands over orders and is told what becomes of them.

    ``area``: the place it speaks for; its orders lie there. ``account``: the person that stands
    as reporter of its issues; nobody can sign in as it.
    """

    code = models.SlugField(
        _("代码"), max_length=30, unique=True, help_text=_("出现在推送地址里，建立后不能改")
    )
    name = models.CharField(_("名称"), max_length=30)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    callback_url = models.URLField(
        _("回传地址"),
        max_length=300,
        blank=True,
        help_text=_("每次状态变化都发到这里；留空则不回传"),
    )
    categories = models.JSONField(_("类别对照"), default=dict, blank=True)  # theirs → our code
    other_category = models.ForeignKey(
        Category,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("对照表以外的类别归入"),
    )
    states = models.JSONField(_("状态对照"), default=dict, blank=True)  # our state → theirs
    columns = models.JSONField(default=dict, blank=True, editable=False)  # our field → header
    is_active = models.BooleanField(_("使用中"), default=True)

    class Meta:
        verbose_name = _("对接单位")
        verbose_name_plural = _("对接单位")
        ordering = ["name", "pk"]
        default_permissions = ()
        permissions = [
            ("manage_partners", _("管理对接单位和密钥")),
            ("import_orders", _("导入外部工单")),
            ("export_orders", _("导出外部工单")),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("grids:partner", args=[self.pk])


class PartnerSecret(models.Model):
    """A key both sides sign with; encrypted, shown once. An old one lasts until ``retires_at``."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="secrets")
    cipher = models.CharField(max_length=255, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    retires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("密钥")
        verbose_name_plural = _("密钥")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=Q(retires_at=None),
                name="grids_partnersecret_one_current",
            )
        ]

    def __str__(self):
        return f"{self.partner} {self.created_at:%Y-%m-%d}"

    @property
    def is_current(self) -> bool:
        return self.retires_at is None


class OrderQuerySet(models.QuerySet):
    def open(self):
        """Not reported done yet, and not at an end without it."""
        return self.filter(issue__handled_at=None, withdrawn_at=None)


class Order(models.Model):
    """An issue's other name: the number the partner gave it, and the date the partner wants."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="orders")
    issue = models.OneToOneField(Issue, models.PROTECT, related_name="order")
    number = models.CharField(_("对方工单号"), max_length=40)
    category_code = models.CharField(_("对方类别"), max_length=40, blank=True)
    called_at = models.DateTimeField(_("来电时间"), null=True, blank=True)
    due_at = models.DateTimeField(_("对方要求办结"), null=True, blank=True)
    taken_in_at = models.DateTimeField(_("接收时间"), default=timezone.now, editable=False)
    urged_count = models.PositiveSmallIntegerField(_("催单次数"), default=0, editable=False)
    urged_at = models.DateTimeField(_("最近催单"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("撤单时间"), null=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("外部工单")
        verbose_name_plural = _("外部工单")
        default_permissions = ()
        constraints = [
            # A withdrawn one frees its number: a mistaken import can be corrected and repeated.
            models.UniqueConstraint(
                fields=["partner", "number"],
                condition=Q(withdrawn_at=None),
                name="grids_order_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="grids_order_due"
            ),
            models.Index(fields=["partner", "number"], name="grids_order_number"),
        ]

    def __str__(self):
        return f"{self.partner} {self.number}"

    @property
    def asks_earlier(self) -> bool:
        """The partner wants it done before what we promised."""
        promised = self.issue.promised_at
        return self.due_at is not None and (promised is None or self.due_at < promised)

    @property
    def is_overdue(self) -> bool:
        """Past the partner's date and not reported done."""
        return (
            self.due_at is not None
            and self.issue.handled_at is None
            and self.withdrawn_at is None
            and self.due_at < timezone.now()
        )


class CallerReveal(models.Model):
    """Somebody saw who called, and why. Written once; outlives what it speaks of."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="caller_reveals")
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("查看人")
    )
    reason = models.CharField(_("查看原因"), max_length=200)
    at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("来电人查看记录")
        verbose_name_plural = _("来电人查看记录")
        default_permissions = ()
        ordering = ["-pk"]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.seen_by} · {self.issue_id} · {self.at:%Y-%m-%d %H:%M}"


# --- files in --------------------------------------------------------------------------------


class Import(models.Model):
    """One file of orders: read, looked at, taken in, and perhaps taken back.

    A draft that nobody confirms is removed after a day, and with it what the rows said.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("待确认")
        RUNNING = "running", _("导入中")
        DONE = "done", _("已导入")
        UNDONE = "undone", _("已撤销")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="imports")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.DRAFT)
    file_name = models.CharField(_("文件名"), max_length=120)
    encoding = models.CharField(_("编码"), max_length=10)
    headers = models.JSONField(default=list)
    columns = models.JSONField(default=dict)  # our field → header
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("导入人")
    )
    area_path = models.CharField(max_length=255, db_collation="C")  # of the place of the right
    created_at = models.DateTimeField(_("上传时间"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    worked_at = models.DateTimeField(null=True, editable=False)  # the last sign of life
    done_at = models.DateTimeField(_("导入时间"), null=True, editable=False)
    undone_at = models.DateTimeField(_("撤销时间"), null=True, editable=False)

    class Meta:
        verbose_name = _("工单导入")
        verbose_name_plural = _("工单导入")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="grids_import_state_matches_its_times",
                condition=Q(state="draft", started_at=None, done_at=None, undone_at=None)
                | Q(state="running", started_at__isnull=False, done_at=None, undone_at=None)
                | Q(state="done", done_at__isnull=False, undone_at=None)
                | Q(state="undone", done_at__isnull=False, undone_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["worked_at"], condition=Q(state="running"), name="grids_import_running"
            )
        ]

    def __str__(self):
        return f"{self.file_name} → {self.partner}"

    def get_absolute_url(self) -> str:
        return reverse("grids:import", args=[self.pk])


class ImportRow(models.Model):
    """One row of a file. What it says is kept encrypted, and only until it is taken in."""

    class State(models.TextChoices):
        GOOD = "good", _("可以导入")
        FAULTY = "faulty", _("有误")
        KNOWN = "known", _("已有此工单")
        TAKEN = "taken", _("已导入")
        WITHDRAWN = "withdrawn", _("已撤销")

    batch = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    row = models.PositiveIntegerField(_("行"))  # as a spreadsheet counts: the header is row 1
    state = models.CharField(_("状态"), max_length=9, choices=State, default=State.FAULTY)
    cipher = models.TextField(editable=False, blank=True)  # {header: cell}
    errors = models.JSONField(default=list)  # [[column, what is wrong], …]
    order_number = models.CharField(_("对方工单号"), max_length=40, blank=True)
    issue = models.ForeignKey(
        Issue, models.PROTECT, null=True, blank=True, related_name="import_rows"
    )

    class Meta:
        verbose_name = _("导入行")
        verbose_name_plural = _("导入行")
        default_permissions = ()
        ordering = ["row"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "row"], name="grids_importrow_once"),
            models.CheckConstraint(
                name="grids_importrow_taken_has_issue",
                condition=~Q(state__in=["taken", "withdrawn"]) | Q(issue__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["batch", "state", "row"], name="grids_importrow_state")]

    def __str__(self):
        return f"{self.batch_id}:{self.row}"


class ExportLog(models.Model):
    """Who took orders out, which, and how many. Written before the first line leaves."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("导出人")
    )
    format = models.CharField(_("格式"), max_length=4)
    filters = models.JSONField(_("筛选条件"), default=dict)
    count = models.PositiveIntegerField(_("件数"))
    area_path = models.CharField(max_length=255, db_collation="C")  # of the place of the right
    at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("导出记录")
        verbose_name_plural = _("导出记录")
        default_permissions = ()
        ordering = ["-pk"]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.by} {self.at:%Y-%m-%d %H:%M}: {self.count}"


# --- webhooks ----------------------------------------------------------------------------------


class HookCall(models.Model):
    """One delivery a partner made, and the answer it got: asking again gets the same answer."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="hook_calls")
    delivery = models.CharField(max_length=64)  # the partner's own id of it
    body_digest = models.CharField(max_length=64)
    event = models.CharField(_("事件"), max_length=20, blank=True)
    status = models.PositiveSmallIntegerField(_("答复"), default=0)
    answer = models.JSONField(default=dict)
    at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("推送记录")
        verbose_name_plural = _("推送记录")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "delivery"], name="grids_hookcall_once")
        ]
        indexes = [models.Index(fields=["at"], name="grids_hookcall_at")]

    def __str__(self):
        return f"{self.partner_id} {self.delivery}: {self.status}"


class Callback(models.Model):
    """One change of an issue on its way to the partner it came from.

    Written with the change. Of one issue they leave in order: a later one waits until the one
    before it arrived or was given up.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        CLAIMED = "claimed", _("发送中")
        SENT = "sent", _("已送达")
        FAILED = "failed", _("未送达")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="callbacks")
    issue = models.ForeignKey(Issue, models.PROTECT, related_name="callbacks")
    # Of the issue, or of the one it was merged into.
    step = models.ForeignKey(IssueStep, models.PROTECT, related_name="+")
    payload = models.JSONField()
    state = models.CharField(_("状态"), max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("送达时间"), null=True, blank=True)
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    # The same at every try, and at every resending, so that the partner can drop the second.
    dedupe_key = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    created_at = models.DateTimeField(_("时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("回传")
        verbose_name_plural = _("回传")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "step"], name="grids_callback_once"),
            models.CheckConstraint(
                name="grids_callback_state_matches_its_times",
                condition=(
                    Q(state="waiting", next_try_at__isnull=False, claimed_until=None, sent_at=None)
                    | Q(
                        state="claimed",
                        next_try_at=None,
                        claimed_until__isnull=False,
                        sent_at=None,
                        attempts__gt=0,
                    )
                    | Q(state="sent", next_try_at=None, claimed_until=None, sent_at__isnull=False)
                    | (
                        Q(state="failed", next_try_at=None, claimed_until=None, sent_at=None)
                        & ~Q(reason="")
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="grids_callback_waiting", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["claimed_until"],
                name="grids_callback_claimed",
                condition=Q(state="claimed"),
            ),
            # Is an earlier one of the same issue still on its way?
            models.Index(
                fields=["issue", "id"],
                name="grids_callback_before",
                condition=Q(state__in=["waiting", "claimed"]),
            ),
            models.Index(fields=["partner", "state", "-id"], name="grids_callback_partner"),
        ]

    def __str__(self):
        return f"{self.issue_id} → {self.partner_id}: {self.state}"
