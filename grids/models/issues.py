import uuid

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from grids.models.categories import Category, Level, Urgency
from grids.models.cohandling import CoHandling
from grids.models.figures import TRIGGERS as FIGURES_TRIGGERS
from grids.models.words import TRIGGERS as WORDS_TRIGGERS
from orgs import access
from orgs.models import Area, Organization, Placed
from rules.models import Clock
from rules.workflow import Step


class State(models.TextChoices):
    DRAFT = "draft", _("草稿")
    SUBMITTED = "submitted", _("待受理")
    MERGED = "merged", _("已合并")
    NOT_ACCEPTED = "not_accepted", _("不予受理")
    OBJECTED = "objected", _("异议待复核")
    FILED = "filed", _("已立案")
    DISPATCHED = "dispatched", _("已派单")
    RETURNED = "returned", _("退回待裁定")
    IN_PROGRESS = "in_progress", _("办理中")
    PAUSED = "paused", _("已暂停")
    ESCALATED = "escalated", _("已升级待派")
    HANDLED = "handled", _("待核验")
    CLOSED = "closed", _("已办结")
    RATED = "rated", _("已评价")
    REOPENED = "reopened", _("重新办理")
    ARCHIVED = "archived", _("已归档")


class PublicState(models.TextChoices):
    """The three words for everybody."""

    OPEN = "open", _("办理中")
    VERIFYING = "verifying", _("待核实")
    CLOSED = "closed", _("已办结")


LOW_STARS = 2
DONE = (State.CLOSED, State.RATED, State.ARCHIVED)  # answered, and the answer verified
ENDED = (*DONE, State.MERGED, State.NOT_ACCEPTED)
# On the way to a result: the promise counts, and is broken when its time passes.
WORKING = (
    State.FILED,
    State.DISPATCHED,
    State.RETURNED,
    State.IN_PROGRESS,
    State.ESCALATED,
    State.REOPENED,
)
STATES_OF = {
    PublicState.OPEN: (*WORKING, State.PAUSED),
    PublicState.VERIFYING: (State.HANDLED,),
    PublicState.CLOSED: DONE,
}
# What the public sees as not yet closed.
UNFINISHED = (*STATES_OF[PublicState.OPEN], *STATES_OF[PublicState.VERIFYING])
_PUBLIC_STATE = {state: word for word, states in STATES_OF.items() for state in states}
_WAITS_FOR = {
    State.DRAFT: "submit",
    State.SUBMITTED: "file",
    State.NOT_ACCEPTED: "object",
    State.OBJECTED: "overrule",
    State.FILED: "dispatch",
    State.REOPENED: "dispatch",
    State.ESCALATED: "dispatch",
    State.RETURNED: "arbitrate",
    State.DISPATCHED: "sign",
    State.IN_PROGRESS: "report",
    State.PAUSED: "resume",
    State.HANDLED: "verify",
    State.CLOSED: "rate",
}


class RefusalCode(models.TextChoices):
    """Why a report is not taken on (接诉即办 11; domain 2.10)."""

    OTHER_ROUTE = "other_route", _("应走其他法定途径")
    OUTSIDE = "outside_area", _("不在本辖区")
    NO_FACTS = "no_facts", _("没有具体事实")
    ALREADY = "already_handled", _("同一事项已依法办理")
    WITHDRAWN = "withdrawn", _("来件单位撤回")  # by the verb of its own, not by refusing


class Source(models.TextChoices):
    RESIDENT = "resident", _("居民反映")
    GRID = "grid", _("网格巡查")
    HOTLINE = "hotline", _("12345 转办")
    DEVICE = "device", _("设备上报")


class IssueQuerySet(models.QuerySet):
    def visible_to_public(self):
        """Filed, of a kind that may be shown, and not held back."""
        return self.filter(is_public=True)

    def workable_by(self, person, *, today=None):
        """What ``person`` has to do with by a post: over the place, in the lead or invited body."""
        own = access.scope(
            self.exclude(state=State.DRAFT),
            person,
            "grids.view_issue",
            "grids.file_issue",
            "grids.handle_issue",
            organization_field="lead",
        )
        bodies = access.rights_of(person).organization_ids("grids.handle_issue")
        if not bodies:
            return own
        invited = CoHandling.objects.in_force(today).filter(organization__in=bodies)
        return own | self.exclude(state=State.DRAFT).filter(pk__in=invited.values("issue"))

    def reported_by(self, person):
        return self.filter(reporter=person)

    def followed_by(self, person):
        """What ``person`` follows and everybody may read."""
        return self.visible_to_public().filter(follows__person=person, follows__ended_at=None)

    def late(self, now=None):
        """Promised for earlier and still not reported done; or done, but late."""
        now = now or timezone.now()
        return self.filter(Q(on_time=False) | Q(state__in=WORKING, promised_at__lt=now))

    def counted(self):
        """For figures: each matter once, so without what was merged into another, and no drafts.

        What the platform it came from took back was never a matter.
        """
        counted = self.exclude(state__in=[State.MERGED, State.DRAFT])
        return counted.exclude(refusal_code=RefusalCode.WITHDRAWN)


class Issue(Placed):
    """One matter a resident reported, and where it stands. Moved by ``grids.handling`` only.

    ``area`` is the grid (or a building of it). What the public reads are the ``public_…`` fields
    alone. ``on_time`` is written once and never improves.
    """

    number = models.CharField(_("编号"), max_length=24, unique=True, editable=False)
    posting_key = models.UUIDField(default=uuid.uuid4, editable=False)
    reported_at = models.DateTimeField(_("反映时间"), default=timezone.now)
    source = models.CharField(_("来源"), max_length=8, choices=Source, default=Source.RESIDENT)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("反映人"),
    )
    # Who reported without an account (counter, phone, 12345); see Caller.
    caller = models.ForeignKey(
        "grids.Caller", models.PROTECT, null=True, blank=True, related_name="issues"
    )
    patrol = models.ForeignKey(
        "grids.Patrol", models.PROTECT, null=True, blank=True, related_name="issues"
    )
    anonymous = models.BooleanField(_("匿名"), default=False)
    # The reporter says that whoever usually leads such matters is who it is about.
    about_lead = models.BooleanField(_("被反映的就是承办单位"), default=False)
    # Who stands aside (Recusal); written with it, under the row's lock.
    recused_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)

    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name=_("类别"))
    place_text = models.CharField(_("具体位置"), max_length=80, blank=True)
    title = models.CharField(_("标题"), max_length=60)
    description = models.TextField(_("情况说明"), max_length=2000)
    public_title = models.CharField(_("公开标题"), max_length=60, blank=True)
    public_summary = models.TextField(_("公开说明"), max_length=1000, blank=True)
    public_place = models.CharField(_("公开位置"), max_length=80, blank=True)
    public_result = models.TextField(_("公开结果"), max_length=1000, blank=True)
    is_public = models.BooleanField(_("已公开"), default=False)

    state = models.CharField(
        _("状态"), max_length=12, choices=State, default=State.SUBMITTED, editable=False
    )
    level = models.CharField(_("层级"), max_length=2, choices=Level)
    urgency = models.CharField(_("紧急程度"), max_length=8, choices=Urgency, default=Urgency.NORMAL)
    lead = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("承办单位"),
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("承办人"),
    )
    verifier = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("核验人"),
    )

    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("指派给"),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        verbose_name=_("并入"),
    )
    refusal_code = models.CharField(
        _("不予受理的理由"), max_length=16, choices=RefusalCode, blank=True, editable=False
    )
    right_channel = models.CharField(_("应走的途径"), max_length=200, blank=True)

    # Which rules it was posted under, and how the limits stand (see IssueClock).
    clock_rules = models.JSONField(_("采用的时限规则"), default=dict, editable=False)
    promised_at = models.DateTimeField(_("承诺办结时间"), null=True, editable=False)
    due_at = models.DateTimeField(_("当前步骤到期"), null=True, editable=False)
    on_time = models.BooleanField(_("按时办结"), null=True, editable=False)

    objected_at = models.DateTimeField(_("提出异议时间"), null=True, editable=False)
    arbitrated_at = models.DateTimeField(_("裁定时间"), null=True, editable=False)
    escalated_at = models.DateTimeField(_("升级时间"), null=True, editable=False)
    archived_at = models.DateTimeField(_("归档时间"), null=True, editable=False)
    deidentified_at = models.DateTimeField(_("去标识时间"), null=True, editable=False)
    filed_at = models.DateTimeField(_("立案时间"), null=True, editable=False)
    dispatched_at = models.DateTimeField(_("派单时间"), null=True, editable=False)
    signed_at = models.DateTimeField(_("签收时间"), null=True, editable=False)
    contacted_at = models.DateTimeField(_("联系反映人时间"), null=True, editable=False)
    handled_at = models.DateTimeField(_("办理完成时间"), null=True, editable=False)
    closed_at = models.DateTimeField(_("办结时间"), null=True, editable=False)

    result = models.TextField(_("办理结果"), max_length=2000, blank=True)
    no_photo_reason = models.CharField(_("没有照片的原因"), max_length=200, blank=True)
    solved = models.BooleanField(_("是否解决"), null=True, editable=False)
    stars = models.PositiveSmallIntegerField(_("满意度"), null=True, editable=False)
    rating_comment = models.TextField(_("评价"), max_length=500, blank=True, editable=False)
    rated_at = models.DateTimeField(_("评价时间"), null=True, editable=False)
    rework_count = models.PositiveSmallIntegerField(_("返工次数"), default=0, editable=False)
    returned_count = models.PositiveSmallIntegerField(_("退回次数"), default=0, editable=False)
    reopened_count = models.PositiveSmallIntegerField(_("重新办理次数"), default=0, editable=False)

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("事项")
        verbose_name_plural = _("事项")
        default_permissions = ()
        permissions = [
            ("file_issue", _("受理并立案事项")),
            ("dispatch_issue", _("把事项派给承办单位")),
            ("handle_issue", _("承办派给本单位的事项")),
            ("verify_issue", _("核验办理结果")),
            ("view_issue", _("查看辖区内的事项")),
        ]
        indexes = [
            models.Index(fields=["area_path", "-reported_at"], name="grids_issue_place"),
            models.Index(
                fields=["-reported_at", "-id"],
                condition=Q(is_public=True),
                name="grids_issue_public",
            ),
            models.Index(fields=["reporter", "-reported_at"], name="grids_issue_reporter"),
            models.Index(fields=["-closed_at"], name="grids_issue_closed"),
            models.Index(
                fields=["area_path"],
                condition=Q(is_public=True, state__in=list(UNFINISHED)),
                name="grids_issue_unfinished",
            ),
            models.Index(fields=["lead", "state", "due_at"], name="grids_issue_lead"),
            models.Index(
                fields=["due_at"],
                condition=~Q(state__in=["closed", "rated", "archived", "merged", "not_accepted"]),
                name="grids_issue_due",
            ),
            models.Index(
                fields=["closed_at"],
                condition=Q(state__in=["closed", "rated"]),
                name="grids_issue_to_archive",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "posting_key"], name="grids_issue_posted_once"
            ),
            models.CheckConstraint(
                name="grids_issue_verified_by_another",
                condition=Q(verifier=None) | Q(handler=None) | ~Q(verifier=F("handler")),
                violation_error_message=_("核验人不能是承办人"),
            ),
            models.CheckConstraint(
                name="grids_issue_reporter_stands_aside",
                condition=(Q(handler=None) | ~Q(handler=F("reporter")))
                & (Q(verifier=None) | ~Q(verifier=F("reporter"))),
                violation_error_message=_("反映人不能承办或核验自己反映的事项"),
            ),
            models.CheckConstraint(
                name="grids_issue_closed_only_when_handled",
                condition=~Q(state__in=["closed", "rated", "archived"])
                | Q(
                    handled_at__isnull=False,
                    closed_at__isnull=False,
                    handler__isnull=False,
                    verifier__isnull=False,
                    on_time__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="grids_issue_led_when_dispatched",
                condition=~Q(
                    state__in=[
                        *("dispatched", "returned", "in_progress", "paused", "handled"),
                        *("closed", "rated", "archived"),
                    ]
                )
                | Q(lead__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_issue_held_when_in_progress",
                condition=~Q(state__in=["in_progress", "paused", "handled"])
                | Q(handler__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_issue_rated_whole",
                condition=~Q(state="rated")
                | Q(solved__isnull=False, stars__isnull=False, rated_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_issue_stars", condition=Q(stars=None) | Q(stars__range=(1, 5))
            ),
            models.CheckConstraint(
                name="grids_issue_reopened_once", condition=Q(reopened_count__lte=1)
            ),
            models.CheckConstraint(
                name="grids_issue_public_has_words",
                condition=Q(is_public=False)
                | (
                    Q(filed_at__isnull=False)
                    & ~Q(public_title="")
                    & ~Q(state__in=["draft", "submitted", "merged", "not_accepted", "objected"])
                ),
                violation_error_message=_("公开前须有公开标题"),
            ),
            models.CheckConstraint(
                name="grids_issue_merged_has_parent",
                condition=Q(state="merged", parent__isnull=False)
                | (~Q(state="merged") & Q(parent=None)),
            ),
            models.CheckConstraint(
                name="grids_issue_not_its_own_parent", condition=~Q(parent=F("id"))
            ),
            models.CheckConstraint(
                name="grids_issue_refused_with_reason",
                condition=~Q(state__in=["not_accepted", "objected"]) | ~Q(refusal_code=""),
            ),
            models.CheckConstraint(
                name="grids_issue_has_reporter",
                condition=Q(reporter__isnull=False)
                | Q(caller__isnull=False)
                | Q(deidentified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_issue_archived_has_date",
                condition=~Q(state="archived") | Q(archived_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="on_time_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.on_time IS NOT NULL AND NEW.on_time IS DISTINCT FROM OLD.on_time"
                ),
            ),
            *WORDS_TRIGGERS,
            *FIGURES_TRIGGERS,
        ]

    def __str__(self):
        return f"{self.number} {self.title}"

    def refresh_from_db(self, *args, **kwargs):
        for kept in ("_grants", "_bodies"):  # what was read once for a page
            self.__dict__.pop(kept, None)
        super().refresh_from_db(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("grids:issue", args=[self.number])

    @property
    def public_state(self) -> PublicState | None:
        """One of the three public words; None before filing."""
        return _PUBLIC_STATE.get(self.state)

    @property
    def waits_for(self) -> str:
        """The verb that takes it on; empty when nothing does."""
        if getattr(self, "asks_for_time", False):  # annotated by waiting_for, for who decides
            return "grant_delay"
        return _WAITS_FOR.get(self.state, "")

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_done(self) -> bool:
        return self.state in DONE

    @property
    def is_overdue(self) -> bool:
        """The promise is past and the work not reported done."""
        return (
            self.state in WORKING
            and self.promised_at is not None
            and self.promised_at < timezone.now()
        )

    @property
    def is_dissatisfied(self) -> bool:
        """Rated as not solved, or with two stars or fewer."""
        return self.solved is False or (self.stars is not None and self.stars <= LOW_STARS)

    @property
    def was_late(self) -> bool:
        return self.on_time is False

    @property
    def days_taken(self) -> int:
        """Days from the report to closing, or until today; the first day counts as one."""
        end = self.closed_at if self.is_done and self.closed_at else timezone.now()
        return (timezone.localdate(end) - timezone.localdate(self.reported_at)).days + 1

    @cached_property
    def community(self) -> Area | None:
        return self.area.community

    def shows_reporter_to_handlers(self) -> bool:
        return not (self.anonymous or self.about_lead or self.category.hides_reporter)


class IssueStep(Step):
    issue = models.ForeignKey(Issue, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("办理步骤")
        verbose_name_plural = _("办理步骤")
        indexes = [
            models.Index(fields=["issue", "at"], name="grids_issuestep_issue"),
            models.Index(
                fields=["at"],
                condition=Q(verb__in=["rework", "reopen"]),
                name="grids_issuestep_again",
            ),
        ]


class ClockKind(models.TextChoices):
    ACKNOWLEDGE = "acknowledge", _("受理")
    FILE = "file", _("立案")
    CONTACT = "contact", _("联系反映人")
    HANDLE = "handle", _("办理")
    ACCEPT = "accept", _("受理决定")
    OBJECT = "object", _("提出异议")
    REVIEW = "review", _("异议复核")
    ARBITRATE = "arbitrate", _("退回裁定")
    ARRIVE = "arrive", _("到场")
    VERIFY = "verify", _("核验")
    RATE = "rate", _("评价")


class IssueClock(models.Model):
    """Which term of an issue a clock measures; ``round`` grows with rework and reopening."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="clocks")
    kind = models.CharField(_("时限"), max_length=12, choices=ClockKind)
    round = models.PositiveSmallIntegerField(_("第几次"), default=1)
    clock = models.OneToOneField(Clock, models.PROTECT, related_name="+")
    # How many of the profile's warnings (50 %, 80 %) were given, and when the next is due.
    warned = models.PositiveSmallIntegerField(default=0)
    warn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("事项时限")
        verbose_name_plural = _("事项时限")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["warn_at"],
                condition=Q(warn_at__isnull=False),
                name="grids_issueclock_warn",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["issue", "kind", "round"], name="grids_issueclock_once")
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.clock}"


class NumberSeries(models.Model):
    """The letters before the numbers of one subdistrict."""

    subdistrict = models.OneToOneField(Area, models.PROTECT, related_name="+")
    prefix = models.CharField(_("编号前缀"), max_length=8, unique=True)

    class Meta:
        verbose_name = _("编号系列")
        verbose_name_plural = _("编号系列")
        default_permissions = ()

    def __str__(self):
        return self.prefix


class NumberCount(models.Model):
    """The last number given out on a day; its row is the lock between two who post at once."""

    series = models.ForeignKey(NumberSeries, models.PROTECT, related_name="counts")
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["series", "day"], name="grids_numbercount_once")
        ]

    def __str__(self):
        return f"{self.series} {self.day}: {self.last}"
