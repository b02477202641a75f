"""What is claimed under a rule: one row per deed and beneficiary, from filing to the ledger.

Moved by ``points.claims`` and ``points.batches`` only. Who claims, who certifies and who approves
are three people, none of them the beneficiary or living with them: the database refuses.
"""

import secrets

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orgs.models import Area, Household, Placed
from points.models.ledger import Transfer
from points.models.rules import RuleVersion, Source
from points.models.triggers import changed_but
from rules.models import Clock
from rules.workflow import Step

PERSON = settings.AUTH_USER_MODEL


class ClaimState(models.TextChoices):
    CLAIMED = "claimed", _("待认证")
    CERTIFIED = "certified", _("已认证")
    BATCHED = "batched", _("已入批")
    REVIEWED = "reviewed", _("已审议")
    NOTICED = "noticed", _("公示中")
    OBJECTED = "objected", _("有异议")
    POSTED = "posted", _("已入账")
    REFUSED = "refused", _("未通过")
    APPEALED = "appealed", _("申诉中")
    WITHDRAWN = "withdrawn", _("已撤回")
    REVERSED = "reversed", _("已冲正")


S = ClaimState
# What counts against caps: all that may still be paid, or was.
COUNTING = (S.CLAIMED, S.CERTIFIED, S.BATCHED, S.REVIEWED, S.NOTICED, S.OBJECTED, S.POSTED)
PENDING = (S.CLAIMED, S.CERTIFIED, S.BATCHED, S.REVIEWED, S.NOTICED, S.OBJECTED, S.APPEALED)
IN_BATCH = (S.BATCHED, S.REVIEWED, S.NOTICED, S.OBJECTED)
_AFTER_CERTIFYING = (S.CERTIFIED, *IN_BATCH, S.POSTED, S.REVERSED)
_AFTER_APPROVING = (S.REVIEWED, S.NOTICED, S.OBJECTED, S.POSTED, S.REVERSED)


class RefusalCode(models.TextChoices):
    NOT_SO = "not_so", _("与事实不符")
    NO_EVIDENCE = "no_evidence", _("佐证不足")
    OUTSIDE_RULE = "outside_rule", _("不符合规则")
    TWICE = "twice", _("重复申报")
    OWN_DUTY = "own_duty", _("属于本职工作")
    OVER_CAP = "over_cap", _("已到上限")
    FORBIDDEN = "forbidden", _("属于不计分的事项")
    FALSE = "false", _("虚报冒领")
    OTHER = "other", _("其他")


class Decision(models.TextChoices):
    """What was decided in the batch; final when its decisions are closed."""

    APPROVED = "approved", _("同意")
    REFUSED = "refused", _("不同意")


def _differ(first: str, second: str) -> Q:
    return Q(**{first: None}) | Q(**{second: None}) | ~Q(**{first: F(second)})


def people_differ(prefix: str, *names: str, message) -> list[models.CheckConstraint]:
    """One constraint for each pair of ``names``: never the same person twice."""
    return [
        models.CheckConstraint(
            name=f"{prefix}_{first}_not_{second}",
            condition=_differ(first, second),
            violation_error_message=message,
        )
        for at, first in enumerate(names)
        for second in names[at + 1 :]
    ]


# Lived together on any day from the deed until now. Who decided before moving in decided rightly:
# only what is written now is looked at.
_NOT_AT_HOME = """
IF NEW.household_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM orgs_residence AS home
     WHERE home.household_id = NEW.household_id
       AND home.person_id IN (
           CASE WHEN TG_OP = 'INSERT' OR NEW.certifier_id IS DISTINCT FROM OLD.certifier_id
                     OR NEW.household_id IS DISTINCT FROM OLD.household_id
                THEN NEW.certifier_id END,
           CASE WHEN TG_OP = 'INSERT' OR NEW.approver_id IS DISTINCT FROM OLD.approver_id
                     OR NEW.household_id IS DISTINCT FROM OLD.household_id
                THEN NEW.approver_id END
       )
       AND home.state = 'verified'
       AND home.starts_on <= current_date
       AND (home.ends_on IS NULL OR home.ends_on > NEW.happened_on)
) THEN
    RAISE EXCEPTION 'points: certifier or approver of claim % lives in its household', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'points_claim_not_at_home';
END IF;
RETURN NEW;
"""


class ClaimQuerySet(models.QuerySet):
    def counting(self):
        """Against caps."""
        return self.filter(state__in=COUNTING)

    def pending(self):
        return self.filter(state__in=PENDING)

    def of_person(self, person):
        """What was claimed for the person."""
        return self.filter(person=person)

    def of_rule(self, rule):
        return self.filter(rule_version__rule=rule)


class Claim(Placed):
    """One deed of one beneficiary, claimed under the version of the rule in force that day.

    ``area`` is where it was done (building or grid). ``asked`` is what the rule gives, ``points``
    what caps left of it. ``source_key`` names the record behind it ("issue:31"). ``decision``
    and ``approver`` are of the batch; a batch that sends it on clears them.
    """

    community = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name=_("社区"))
    rule_version = models.ForeignKey(
        RuleVersion, models.PROTECT, related_name="claims", verbose_name=_("规则")
    )
    person = models.ForeignKey(
        PERSON, models.PROTECT, related_name="point_claims", verbose_name=_("受益人")
    )
    household = models.ForeignKey(
        Household,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="point_claims",
        verbose_name=_("所在户"),
    )
    to_household = models.BooleanField(_("计入家庭账户"), default=False)
    partner = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结对对象")
    )
    quantity = models.DecimalField(_("数量"), max_digits=6, decimal_places=1, default=1)
    grade = models.PositiveSmallIntegerField(_("档次"), default=0)
    asked = models.PositiveIntegerField(_("应得积分"))
    points = models.PositiveIntegerField(_("积分"))
    happened_on = models.DateField(_("发生日期"))
    text = models.CharField(_("说明"), max_length=500, blank=True)
    source = models.CharField(_("申报方式"), max_length=12, choices=Source)
    source_key = models.CharField(_("来源"), max_length=60, blank=True)
    claimant = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("申报人")
    )
    claimed_at = models.DateTimeField(_("申报时间"))
    state = models.CharField(
        _("状态"), max_length=10, choices=ClaimState, default=S.CLAIMED, editable=False
    )
    clock = models.ForeignKey(
        Clock, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    certifier = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("认证人")
    )
    certified_at = models.DateTimeField(_("认证时间"), null=True, editable=False)
    batch = models.ForeignKey(
        "points.Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("批次"),
    )
    decision = models.CharField(_("审批"), max_length=8, choices=Decision, blank=True)
    approver = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审批人")
    )
    decided_at = models.DateTimeField(_("审批时间"), null=True, editable=False)
    refusal_code = models.CharField(_("未通过理由"), max_length=12, choices=RefusalCode, blank=True)
    refusal_reason = models.CharField(_("未通过说明"), max_length=300, blank=True)
    refused_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("决定人")
    )
    has_appealed = models.BooleanField(_("已申诉过"), default=False, editable=False)
    is_corrected = models.BooleanField(_("公示期间更正"), default=False, editable=False)
    transfer = models.OneToOneField(
        Transfer, models.PROTECT, null=True, blank=True, related_name="claim", editable=False
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分申报")
        verbose_name_plural = _("积分申报")
        default_permissions = ()
        permissions = [
            ("view_claims", _("查看辖区内的积分申报")),
            ("certify_claim", _("认证积分申报")),
            ("decide_claims", _("审批积分申报")),
            ("answer_appeal", _("答复积分申诉")),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="points_claim_person"),
            models.Index(fields=["household", "-id"], name="points_claim_household"),
            models.Index(
                fields=["area_path", "-id"],
                condition=Q(state="claimed"),
                name="points_claim_to_certify",
            ),
            models.Index(
                fields=["community", "happened_on"],
                condition=Q(state="certified"),
                name="points_claim_to_batch",
            ),
            models.Index(fields=["batch", "state", "id"], name="points_claim_batch"),
            models.Index(fields=["area_path", "-id"], name="points_claim_place"),
        ]
        constraints = [
            models.CheckConstraint(
                name="points_claim_earns",
                condition=Q(points__gt=0, points__lte=F("asked"), quantity__gt=0),
                violation_error_message=_("积分须大于零，且不超过规则给的分值"),
            ),
            models.UniqueConstraint(
                fields=["source_key"],
                condition=~Q(source_key=""),
                name="points_claim_once_per_source",
            ),
            *people_differ(
                "points_claim",
                "claimant",
                "certifier",
                "approver",
                message=_("申报人、认证人、审批人须是三个不同的人"),
            ),
            models.CheckConstraint(
                name="points_claim_person_not_certifier",
                condition=_differ("certifier", "person"),
                violation_error_message=_("不能认证自己的积分"),
            ),
            models.CheckConstraint(
                name="points_claim_person_not_approver",
                condition=_differ("approver", "person"),
                violation_error_message=_("不能审批自己的积分"),
            ),
            models.CheckConstraint(
                name="points_claim_partner_is_another", condition=_differ("partner", "person")
            ),
            models.CheckConstraint(
                name="points_claim_somebody_claims",
                condition=Q(claimant__isnull=False) | Q(source=Source.SYSTEM),
            ),
            models.CheckConstraint(
                name="points_claim_certified",
                condition=~Q(state__in=_AFTER_CERTIFYING)
                | Q(certified_at__isnull=False)
                & (Q(certifier__isnull=False) | Q(source=Source.SYSTEM)),
            ),
            models.CheckConstraint(
                name="points_claim_approved",
                condition=~Q(state__in=_AFTER_APPROVING)
                | Q(decision=Decision.APPROVED, approver__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="points_claim_decided_whole",
                condition=Q(decision="", approver=None, decided_at=None)
                | ~Q(decision="") & Q(approver__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="points_claim_in_a_batch",
                condition=~Q(state__in=[*IN_BATCH, S.POSTED]) | Q(batch__isnull=False),
            ),
            models.CheckConstraint(
                name="points_claim_posted_with_transfer",
                condition=Q(state__in=[S.POSTED, S.REVERSED], transfer__isnull=False)
                | ~Q(state__in=[S.POSTED, S.REVERSED]) & Q(transfer=None),
            ),
            models.CheckConstraint(
                name="points_claim_refused_with_reason",
                condition=~Q(state__in=[S.REFUSED, S.APPEALED])
                | ~Q(refusal_code="") & ~Q(refusal_reason=""),
                violation_error_message=_("不通过须选理由并写明说明"),
            ),
            models.CheckConstraint(
                name="points_claim_household_account",
                condition=Q(to_household=False) | Q(household__isnull=False),
                violation_error_message=_("计入家庭账户须有所在户"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="nobody_decides_at_home",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf("certifier_id", "approver_id", "household_id"),
                condition=pgtrigger.Condition(
                    "NEW.certifier_id IS NOT NULL OR NEW.approver_id IS NOT NULL"
                ),
                func=_NOT_AT_HOME,
            ),
            pgtrigger.Protect(
                name="posted_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state IN ('posted', 'reversed') AND ("
                    + changed_but("state", "area_id", "area_path")
                    + " OR NOT (NEW.state = OLD.state OR NEW.state = 'reversed'))"
                ),
            ),
            pgtrigger.Protect(
                name="deed_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "person", "rule_version", "happened_on", "claimant", "source", "asked"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.rule_version} {self.points}"

    def get_absolute_url(self) -> str:
        return f"/points/claims/{self.pk}/"

    @property
    def was_cut(self) -> bool:
        """By a cap, when it was filed; what an objection took later is a correction."""
        return self.points < self.asked and not self.is_corrected

    @property
    def grade_label(self) -> str:
        grades = self.rule_version.grades
        return grades[self.grade] if grades else ""


class ClaimStep(Step):
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("积分申报步骤")
        verbose_name_plural = _("积分申报步骤")
        indexes = [models.Index(fields=["claim", "at"], name="points_claimstep_claim")]


def new_token() -> str:
    return secrets.token_urlsafe(18)


class ClaimEvidence(models.Model):
    """A picture behind a claim or a deduction, re-encoded without where and when it was taken.

    One picture may stand behind a list of claims; behind none it is a draft, sent with a form that
    had something to correct. ``digest`` is the SHA-256 of the re-encoded picture, to see the same
    photo sent twice.
    """

    token = models.CharField(max_length=24, unique=True, default=new_token, editable=False)
    draft_key = models.UUIDField(editable=False, db_index=True)
    claims = models.ManyToManyField(Claim, related_name="evidence")
    deduction = models.ForeignKey(
        "points.Deduction", models.PROTECT, null=True, related_name="evidence"
    )
    uploaded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("积分佐证")
        verbose_name_plural = _("积分佐证")
        default_permissions = ()
        ordering = ["pk"]
        indexes = [models.Index(fields=["digest"], name="points_evidence_digest")]

    def __str__(self):
        return self.token
