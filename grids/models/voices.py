"""What others say about an issue: they follow it, are affected too, press for it, comment.

Names are shown to nobody: a comment carries the role of who wrote it. Changed by the verbs in
``grids.following``, ``urging``, ``commenting`` and ``proposals`` only.
"""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grids.models.categories import Category
from grids.models.issues import Issue
from orgs import access
from orgs.models import Household, Organization, Placed


class FollowQuerySet(models.QuerySet):
    def current(self):
        return self.filter(ended_at=None)


class Follow(models.Model):
    """A person wants to know what becomes of an issue; one row per person and issue, ever.

    The reporter has none: who reports is told anyway. ``household`` is where somebody lives who
    is affected too; it counts once the residence there has been verified.
    """

    class Why(models.TextChoices):
        ALSO_AFFECTED = "also_affected", _("也受影响")
        MERGED = "merged", _("反映的事项并入")
        CHOSEN = "chosen", _("自己关注")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="follows")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    why = models.CharField(_("原因"), max_length=14, choices=Why)
    also_affects_me = models.BooleanField(_("也影响我"), default=False)
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField(_("开始时间"), default=timezone.now)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        verbose_name = _("关注")
        verbose_name_plural = _("关注")
        default_permissions = ()
        indexes = [
            models.Index(fields=["person"], condition=Q(ended_at=None), name="grids_follow_mine")
        ]
        constraints = [
            models.UniqueConstraint(fields=["issue", "person"], name="grids_follow_once"),
            models.CheckConstraint(
                name="grids_follow_ends_after_start",
                condition=Q(ended_at=None) | Q(ended_at__gte=F("since")),
            ),
            models.CheckConstraint(
                name="grids_follow_household_of_the_affected",
                condition=Q(household=None) | Q(also_affects_me=True),
            ),
        ]

    def __str__(self):
        return f"{self.issue_id}: {self.get_why_display()}"


class Urge(models.Model):
    """催单: somebody concerned asks to hurry. Once per person and working day.

    ``counts_on`` is that day: the day itself, or the working day after a rest day.
    """

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="urges")
    # Empty once the issue was de-identified; so is a comment's author.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    is_reporter = models.BooleanField(_("反映人"), default=False)
    text = models.CharField(_("催办的话"), max_length=200, blank=True)
    at = models.DateTimeField(_("时间"), default=timezone.now)
    counts_on = models.DateField(_("计入日期"))

    class Meta:
        verbose_name = _("催单")
        verbose_name_plural = _("催单")
        default_permissions = ()
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "person", "counts_on"],
                name="grids_urge_once_a_day",
                violation_error_message=_("同一件事项每个工作日催办一次"),
            )
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.issue_id}: {self.at:%Y-%m-%d}"


class Comment(models.Model):
    """What somebody says below an issue. Its words are kept as they were written, always."""

    class Role(models.TextChoices):
        RESIDENT = "resident", _("居民")
        HANDLER = "handler", _("承办单位")
        INVITED = "invited", _("联办单位")
        COMMUNITY = "community", _("社区")
        SUBDISTRICT = "subdistrict", _("街道")

    class State(models.TextChoices):
        VISIBLE = "visible", _("显示")
        HELD = "held", _("待审看")
        HIDDEN = "hidden", _("已屏蔽")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    role = models.CharField(_("身份"), max_length=12, choices=Role)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="+")
    text = models.TextField(_("评论"), max_length=500)
    at = models.DateTimeField(_("时间"), default=timezone.now)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.VISIBLE)

    class Meta:
        verbose_name = _("评论")
        verbose_name_plural = _("评论")
        default_permissions = ()
        permissions = [("moderate_comments", _("审看、屏蔽和恢复评论"))]
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["issue", "at"], name="grids_comment_issue"),
            models.Index(fields=["author", "-at"], name="grids_comment_author"),
            models.Index(fields=["at"], condition=Q(state="held"), name="grids_comment_held"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["author", "key"], name="grids_comment_written_once"),
            models.CheckConstraint(
                name="grids_comment_handler_of_a_body",
                condition=~Q(role__in=["handler", "invited"]) | Q(organization__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.text IS DISTINCT FROM NEW.text"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.get_role_display()} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_official(self) -> bool:
        return self.role != Comment.Role.RESIDENT


class Moderation(models.Model):
    """One act about a comment. ``answers``: an objection answers a hiding, a decision answers an
    objection, each at most once. Rows only come, never go.
    """

    class Action(models.TextChoices):
        HOLD = "hold", _("待审看")
        SHOW = "show", _("显示")
        HIDE = "hide", _("屏蔽")
        OBJECT = "object", _("作者异议")
        KEEP = "keep", _("维持屏蔽")
        RESTORE = "restore", _("异议成立，恢复显示")

    class Reason(models.TextChoices):
        PRIVACY = "privacy", _("含有个人信息")
        INSULT = "insult", _("侮辱、谩骂或人身攻击")
        UNLAWFUL = "unlawful", _("违反法律法规")
        ADVERT = "advert", _("广告或刷屏")
        OFF_TOPIC = "off_topic", _("与这件事项无关")
        OTHER = "other", _("其他原因")

    comment = models.ForeignKey(Comment, models.PROTECT, related_name="moderations")
    action = models.CharField(_("处理"), max_length=8, choices=Action)
    reason_code = models.CharField(_("原因"), max_length=10, choices=Reason, blank=True)
    text = models.CharField(_("说明"), max_length=200, blank=True)
    answers = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="answer"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("评论处理记录")
        verbose_name_plural = _("评论处理记录")
        default_permissions = ()
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["at"], condition=Q(action="object"), name="grids_moderation_objects"
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="grids_moderation_hides_with_reason",
                condition=~Q(action="hide") | ~Q(reason_code=""),
                violation_error_message=_("屏蔽须有原因"),
            ),
            models.CheckConstraint(
                name="grids_moderation_answers",
                condition=Q(action__in=["object", "keep", "restore"], answers__isnull=False)
                | Q(action__in=["hold", "show", "hide"], answers=None),
            ),
            models.CheckConstraint(
                name="grids_moderation_by_somebody",
                condition=Q(action__in=["hold", "object"]) | Q(by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.comment_id}: {self.get_action_display()}"


class TopicProposalQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state=TopicProposal.State.OPEN)

    def decidable_by(self, person):
        return access.scope(self, person, "grids.decide_topic")


class TopicProposal(Placed):
    """The same kind of matter keeps coming back in one grid: worth deliberating (主动治理).

    ``area`` is the grid. One open proposal per grid and category, which later issues join.
    """

    class State(models.TextChoices):
        OPEN = "open", _("待研判")
        TAKEN = "taken", _("已转为议题")
        DISMISSED = "dismissed", _("不提议题")

    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name=_("类别"))
    issues = models.ManyToManyField(Issue, related_name="topic_proposals", verbose_name=_("事项"))
    made_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(_("研判说明"), max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("研判时间"), null=True, blank=True)

    objects = TopicProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("议题建议")
        verbose_name_plural = _("议题建议")
        default_permissions = ()
        permissions = [("decide_topic", _("研判反复出现的事项，提出议题"))]
        indexes = [models.Index(fields=["area_path", "-made_at"], name="grids_proposal_place")]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "category"],
                condition=Q(state="open"),
                name="grids_proposal_one_open",
            ),
            models.CheckConstraint(
                name="grids_proposal_decided_whole",
                condition=Q(state="open", decided_at=None)
                | (~Q(state="open") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="grids_proposal_dismissed_with_reason",
                condition=~Q(state="dismissed") | ~Q(reason=""),
                violation_error_message=_("不提议题须写明原因"),
            ),
        ]

    def __str__(self):
        return f"{self.area_id}: {self.category}"
