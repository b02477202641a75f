import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from grids.models.issues import Issue
from orgs import access
from orgs.models import Organization
from rules.models import Clock
from rules.workflow import Step


class WhistleState(models.TextChoices):
    DRAFT = "draft", _("待补全")
    ASKED = "asked", _("待批准")
    REFUSED = "refused", _("未批准")
    CALLED = "called", _("已吹哨")
    REPORTED_IN = "reported_in", _("已报到")
    JOINT_PLAN = "joint_plan", _("联合办理中")
    JOINT_DONE = "joint_done", _("联合办理完成")
    RATING = "rating", _("双向评价")
    ENDED = "ended", _("已结束")
    LAPSED = "lapsed", _("已作废")


WHISTLE_OVER = (WhistleState.REFUSED, WhistleState.ENDED, WhistleState.LAPSED)
# The departments are bound: they came, or have to come, and may not leave before it is done.
WHISTLE_BINDING = (
    WhistleState.CALLED,
    WhistleState.REPORTED_IN,
    WhistleState.JOINT_PLAN,
    WhistleState.JOINT_DONE,
)
# Rights over its place by which a whistle is seen.
SEEN_BY = ("grids.view_issue", "grids.ask_whistle", "grids.approve_whistle")
NOT_YET_CALLED = (WhistleState.DRAFT, WhistleState.ASKED, WhistleState.REFUSED, WhistleState.LAPSED)


class Scene(models.TextChoices):
    NORMAL = "normal", _("一般事项")
    ENFORCEMENT = "enforcement", _("执法现场")


class WhistleQuerySet(models.QuerySet):
    def open(self):
        return self.exclude(state__in=WHISTLE_OVER)

    def binding(self):
        return self.filter(state__in=WHISTLE_BINDING)

    def seen_by(self, person):
        """Over the place by a post, or called to it; nobody else, not even the L3 lead."""
        rights = access.rights_of(person)
        seen = Q(
            pk__in=WhistleCall.objects.standing()
            .filter(organization__in=rights.organization_ids("grids.handle_issue"))
            .exclude(whistle__state__in=NOT_YET_CALLED)
            .values("whistle")
        )
        for path in dict.fromkeys(path for right in SEEN_BY for path in rights.area_paths(right)):
            seen |= Q(issue__area_path__startswith=path)
        return self.filter(seen)


class Whistle(models.Model):
    """吹哨: the subdistrict calls departments to a matter it could not settle itself.

    Moved by ``grids.whistles`` only. ``rules`` is the frozen profile whose terms hold for it.
    ``due_at`` is when the present step is due; the clocks themselves are ``WhistleClock`` rows.
    """

    issue = models.ForeignKey(
        Issue, models.PROTECT, related_name="whistles", verbose_name=_("事项")
    )
    state = models.CharField(
        _("状态"),
        max_length=12,
        choices=WhistleState,
        default=WhistleState.DRAFT,
        editable=False,
    )
    scene = models.CharField(_("场景"), max_length=12, choices=Scene, default=Scene.NORMAL)
    why_failed = models.TextField(_("街道为什么办不成"), max_length=1000, blank=True)
    duty_basis = models.TextField(_("职责依据"), max_length=1000, blank=True)
    plan_on = models.DateField(_("计划完成日期"), null=True, blank=True)

    opened_at = models.DateTimeField(_("发起时间"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("申请人"),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("批准人"),
    )
    called_at = models.DateTimeField(_("吹哨时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    rules = models.JSONField(_("采用的时限规则"), default=dict, editable=False)
    due_at = models.DateTimeField(_("当前步骤到期"), null=True, blank=True, editable=False)

    objects = WhistleQuerySet.as_manager()

    class Meta:
        verbose_name = _("吹哨")
        verbose_name_plural = _("吹哨")
        ordering = ["-opened_at", "-pk"]
        default_permissions = ()
        permissions = [
            ("ask_whistle", _("申请吹哨，评价报到的部门")),
            ("approve_whistle", _("批准吹哨，增减报到的部门")),
            ("watch_whistle", _("督办逾期未报到的部门")),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=~Q(state__in=["refused", "ended", "lapsed"]),
                name="grids_whistle_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=~Q(state__in=["refused", "ended", "lapsed"]),
                name="grids_whistle_one_open",
            ),
            models.CheckConstraint(
                name="grids_whistle_approved_by_another",
                condition=Q(approved_by=None) | Q(asked_by=None) | ~Q(approved_by=F("asked_by")),
                violation_error_message=_("申请人不能批准自己的吹哨"),
            ),
            models.CheckConstraint(
                name="grids_whistle_asked_with_reasons",
                condition=Q(state__in=["draft", "lapsed"])
                | (Q(asked_by__isnull=False) & ~Q(why_failed="") & ~Q(duty_basis="")),
                violation_error_message=_("申请吹哨须写明街道为什么办不成和职责依据"),
            ),
            models.CheckConstraint(
                name="grids_whistle_called_when_approved",
                condition=Q(state__in=["draft", "asked", "refused", "lapsed"])
                | Q(approved_by__isnull=False, called_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_whistle_ended_has_time",
                condition=Q(state__in=["refused", "ended", "lapsed"], ended_at__isnull=False)
                | (~Q(state__in=["refused", "ended", "lapsed"]) & Q(ended_at=None)),
            ),
        ]

    def __str__(self):
        return f"{self.issue.number} {self.get_state_display()}"

    def get_absolute_url(self) -> str:
        return f"{self.issue.get_absolute_url()}whistle/"

    @property
    def is_open(self) -> bool:
        return self.state not in WHISTLE_OVER

    def standing(self) -> "list[WhistleCall]":
        """The calls that hold, the lead first; from the prefetched rows where there are some."""
        calls = [call for call in self.calls.all() if call.removed_at is None]
        return sorted(calls, key=lambda call: (not call.is_lead, call.pk))

    @property
    def area_path(self) -> str:
        return self.issue.area_path


class WhistleCallQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(removed_at=None)

    def unanswered(self, now):
        """Called, due, and nobody has reported in."""
        return self.standing().filter(
            reported_in_at=None,
            report_due_at__lt=now,
            whistle__state__in=WHISTLE_BINDING,
        )


class WhistleCall(models.Model):
    """One department that is wanted (before approval) or called, its task and both ratings.

    ``reported_in_at`` and ``on_time`` are written once; the database lets nobody change them.
    There is no way for a department to leave: only a leader removes it, with a reason.
    """

    whistle = models.ForeignKey(Whistle, models.PROTECT, related_name="calls")
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("部门")
    )
    is_lead = models.BooleanField(_("牵头"), default=False)
    called_at = models.DateTimeField(_("呼叫时间"), null=True, blank=True)
    report_due_at = models.DateTimeField(_("应报到时间"), null=True, blank=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("报到人"),
    )
    reported_in_at = models.DateTimeField(_("报到时间"), null=True, blank=True)
    on_time = models.BooleanField(_("按时报到"), null=True, editable=False)

    task = models.TextField(_("任务"), max_length=500, blank=True)
    due_on = models.DateField(_("完成期限"), null=True, blank=True)
    result = models.TextField(_("完成情况"), max_length=1000, blank=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    stars = models.PositiveSmallIntegerField(_("街道评部门"), null=True, blank=True)
    comment = models.TextField(_("评语"), max_length=500, blank=True)
    rated_at = models.DateTimeField(_("街道评价时间"), null=True, blank=True)
    necessary = models.BooleanField(_("有必要吹哨"), null=True)
    necessity_stars = models.PositiveSmallIntegerField(_("部门评吹哨"), null=True, blank=True)
    necessity_comment = models.TextField(_("部门评语"), max_length=500, blank=True)
    necessity_rated_at = models.DateTimeField(_("部门评价时间"), null=True, blank=True)

    removed_at = models.DateTimeField(_("撤下时间"), null=True, blank=True)
    removed_reason = models.CharField(_("撤下原因"), max_length=200, blank=True)

    objects = WhistleCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("报到部门")
        verbose_name_plural = _("报到部门")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["report_due_at"],
                condition=Q(reported_in_at=None, removed_at=None),
                name="grids_whistlecall_unanswered",
            ),
            models.Index(fields=["organization", "whistle"], name="grids_whistlecall_body"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["whistle", "organization"],
                condition=Q(removed_at=None),
                name="grids_whistlecall_once",
            ),
            models.UniqueConstraint(
                fields=["whistle"],
                condition=Q(is_lead=True, removed_at=None),
                name="grids_whistlecall_one_lead",
            ),
            models.CheckConstraint(
                name="grids_whistlecall_officer_named",
                condition=Q(officer=None, reported_in_at=None, on_time=None)
                | Q(
                    officer__isnull=False,
                    reported_in_at__isnull=False,
                    on_time__isnull=False,
                    called_at__isnull=False,
                ),
                violation_error_message=_("报到须有报到人"),
            ),
            models.CheckConstraint(
                name="grids_whistlecall_done_has_result",
                condition=Q(done_at=None, done_by=None)
                | (
                    Q(done_at__isnull=False, done_by__isnull=False, reported_in_at__isnull=False)
                    & ~Q(task="")
                    & ~Q(result="")
                ),
            ),
            models.CheckConstraint(
                name="grids_whistlecall_rated_whole",
                condition=Q(stars=None, rated_at=None)
                | Q(stars__range=(1, 5), rated_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_whistlecall_necessity_whole",
                condition=Q(necessary=None, necessity_stars=None, necessity_rated_at=None)
                | Q(
                    necessary__isnull=False,
                    necessity_stars__range=(1, 5),
                    necessity_rated_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="grids_whistlecall_removed_with_reason",
                condition=Q(removed_at=None) | ~Q(removed_reason=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="report_in_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.reported_in_at IS NOT NULL AND ("
                    "NEW.reported_in_at IS DISTINCT FROM OLD.reported_in_at"
                    " OR NEW.on_time IS DISTINCT FROM OLD.on_time)"
                ),
            )
        ]

    def __str__(self):
        return self.organization.name


class WhistleStep(Step):
    whistle = models.ForeignKey(Whistle, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("吹哨步骤")
        verbose_name_plural = _("吹哨步骤")
        indexes = [models.Index(fields=["whistle", "at"], name="grids_whistlestep_whistle")]


class WhistleClockKind(models.TextChoices):
    COMPLETE = "complete", _("补全申请")
    APPROVE = "approve", _("批准")
    REPORT_IN = "report_in", _("报到")
    PLAN = "plan", _("定方案")
    RATE = "rate", _("双向评价")


class WhistleClock(models.Model):
    """Which term of a whistle a clock measures; reporting in has one for each department."""

    whistle = models.ForeignKey(Whistle, models.PROTECT, related_name="clocks")
    kind = models.CharField(_("时限"), max_length=12, choices=WhistleClockKind)
    call = models.ForeignKey(WhistleCall, models.PROTECT, null=True, related_name="clocks")
    clock = models.OneToOneField(Clock, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("吹哨时限")
        verbose_name_plural = _("吹哨时限")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["call"],
                condition=Q(kind="report_in"),
                name="grids_whistleclock_once_per_call",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.clock}"
