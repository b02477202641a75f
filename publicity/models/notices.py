import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs import access
from orgs.models import Area, Organization, Placed, Residence
from rules.models import Clock
from rules.workflow import Step


class NoticeState(models.TextChoices):
    PUBLISHED = "published", _("公示中")
    OBJECTED = "objected", _("有异议待答复")
    ANSWERED = "answered", _("异议已答复")
    CLOSED = "closed", _("公示结束")
    WITHDRAWN = "withdrawn", _("已撤回")


class Scope(models.TextChoices):
    """Who may read it. Objecting is for verified residents of the place in any case."""

    PUBLIC = "public", _("向社会公示")
    RESIDENTS = "residents", _("向辖区居民公示")
    OWNERS = "owners", _("向辖区业主公示")


class Result(models.TextChoices):
    UPHELD = "upheld", _("维持原内容")
    CORRECTED = "corrected", _("已更正")


OPEN = (NoticeState.PUBLISHED, NoticeState.OBJECTED, NoticeState.ANSWERED)
PAST = (NoticeState.CLOSED, NoticeState.WITHDRAWN)
STAFF_RIGHTS = (
    "publicity.view_notice",
    "publicity.publish_notice",
    "publicity.answer_objection",
)


def around(path: str) -> list[str]:
    """The paths of a place and of all that contains it."""
    return [path[:end] for end in range(Area.steplen, len(path) + 1, Area.steplen)]


def homes_of(person) -> list[tuple[str, str]]:
    """(path of the building, kind of residence) where the person is verified to live or own."""
    lived = Residence.objects.verified().filter(person=person).order_by("pk")
    return list(lived.values_list("household__area_path", "kind"))


class NoticeQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state__in=OPEN)

    def past(self):
        return self.filter(state__in=PAST)

    def concerning(self, path: str):
        """Of a place: issued for it, for something in it, or for something around it."""
        return self.filter(Q(area_path__startswith=path) | Q(area_path__in=around(path)))

    def readable_by(self, person, homes=None):
        """Everybody reads what is public; residents and owners what is for their place; staff of
        the place everything. ``homes``: the person's, where they are known (``homes_of``)."""
        readable = Q(scope=Scope.PUBLIC)
        if person is not None and person.is_authenticated:
            for path, kind in homes_of(person) if homes is None else homes:
                scopes = [Scope.RESIDENTS]
                if kind == Residence.Kind.OWNER:
                    scopes.append(Scope.OWNERS)
                readable |= Q(scope__in=scopes, area_path__in=around(path))
            rights = access.rights_of(person)
            for right in STAFF_RIGHTS:
                for path in rights.area_paths(right):
                    readable |= Q(area_path__startswith=path) | Q(area_path__in=around(path))
        return self.filter(readable)


class Notice(Placed):
    """公示: published for a term in which those it concerns may object, then closed.

    Moved by ``publicity.notices`` only. ``subject`` names the record of another app it stands for
    ("points-batch:31"); kind and subject together are published once (and again only after a
    withdrawal). Never to be mixed with a disclosure, which nobody objects to.
    """

    kind = models.CharField(_("类型"), max_length=40)
    subject = models.CharField(_("所示业务"), max_length=120)
    title = models.CharField(_("标题"), max_length=80)
    body = models.TextField(_("正文"), max_length=8000, blank=True)
    table = models.JSONField(_("明细"), default=dict, blank=True)
    scope = models.CharField(_("范围"), max_length=10, choices=Scope, default=Scope.PUBLIC)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("公示单位")
    )
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("发布人"),
    )
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=NoticeState,
        default=NoticeState.PUBLISHED,
        editable=False,
    )
    rules = models.JSONField(_("采用的公示期规则"), default=dict, editable=False)
    term = models.CharField(_("公示期"), max_length=40, editable=False)  # in words
    answer_term = models.CharField(max_length=40, default="answer", editable=False)
    starts_on = models.DateField(_("起始日期"), editable=False)
    ends_on = models.DateField(_("截止日期"), editable=False)
    closes_itself = models.BooleanField(_("无异议时到期自动结束"), default=True)
    published_at = models.DateTimeField(_("发布时间"), editable=False)
    due_at = models.DateTimeField(_("当前步骤到期"), null=True, editable=False)
    closed_at = models.DateTimeField(_("结束时间"), null=True, editable=False)
    result = models.CharField(_("结果"), max_length=10, choices=Result, blank=True, editable=False)
    correction = models.TextField(_("更正内容"), max_length=4000, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("公示")
        verbose_name_plural = _("公示")
        default_permissions = ()
        permissions = [
            ("publish_notice", _("发布、结束公示")),
            ("answer_objection", _("答复对公示的异议")),
            ("view_notice", _("查看辖区内的公示")),
        ]
        indexes = [
            models.Index(fields=["area_path", "-published_at"], name="publicity_notice_place"),
            models.Index(fields=["-published_at", "-id"], name="publicity_notice_newest"),
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["published", "objected", "answered"]),
                name="publicity_notice_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=~Q(state="withdrawn"),
                name="publicity_notice_once",
            ),
            models.CheckConstraint(
                name="publicity_notice_ends_after_start",
                condition=Q(ends_on__gt=F("starts_on")),
                violation_error_message=_("公示期至少一天"),
            ),
            models.CheckConstraint(
                name="publicity_notice_result_when_closed",
                condition=(
                    Q(state="closed", closed_at__isnull=False) & ~Q(result="")
                    | Q(state="withdrawn", closed_at__isnull=False, result="")
                    | (~Q(state__in=["closed", "withdrawn"]) & Q(closed_at=None, result=""))
                ),
            ),
            models.CheckConstraint(
                name="publicity_notice_corrected_with_words",
                condition=Q(result="corrected") & ~Q(correction="")
                | ~Q(result="corrected") & Q(correction=""),
                violation_error_message=_("更正须写明更正内容"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.title IS DISTINCT FROM NEW.title OR OLD.body IS DISTINCT FROM NEW.body"
                    ' OR OLD."table" IS DISTINCT FROM NEW."table"'
                    " OR OLD.starts_on IS DISTINCT FROM NEW.starts_on"
                    " OR OLD.ends_on IS DISTINCT FROM NEW.ends_on"
                    " OR OLD.kind IS DISTINCT FROM NEW.kind"
                    " OR OLD.subject IS DISTINCT FROM NEW.subject"
                ),
            ),
            pgtrigger.Protect(
                name="end_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.closed_at IS NOT NULL AND"
                    " (OLD.state IS DISTINCT FROM NEW.state"
                    " OR OLD.result IS DISTINCT FROM NEW.result"
                    " OR OLD.correction IS DISTINCT FROM NEW.correction"
                    " OR OLD.closed_at IS DISTINCT FROM NEW.closed_at)"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self) -> str:
        return f"/notices/{self.pk}/"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def takes_objections(self, on=None) -> bool:
        """Within the window, the last day included."""
        on = on or timezone.localdate()
        return self.is_open and self.starts_on <= on <= self.ends_on


class NoticeStep(Step):
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="steps")

    class Meta(Step.Meta):
        verbose_name = _("公示步骤")
        verbose_name_plural = _("公示步骤")
        indexes = [models.Index(fields=["notice", "at"], name="publicity_noticestep_notice")]


class Objection(models.Model):
    """What one resident says against a notice, and the answer. Who it is only the answerers see.

    ``public_text`` is what everybody reads of it, once it is answered.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="objections")
    objector = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("异议人")
    )
    text = models.TextField(_("异议内容"), max_length=2000)
    stated_at = models.DateTimeField(_("提出时间"))
    clock = models.OneToOneField(Clock, models.PROTECT, related_name="+")
    answerer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("答复人"),
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True, editable=False)
    is_accepted = models.BooleanField(_("是否采纳"), null=True, editable=False)
    answer = models.TextField(_("答复"), max_length=2000, blank=True)
    public_text = models.TextField(_("公开的异议内容"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("异议")
        verbose_name_plural = _("异议")
        default_permissions = ()
        ordering = ["stated_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "objector"],
                name="publicity_objection_once_per_person",
                violation_error_message=_("您已对这份公示提出过异议"),
            ),
            models.CheckConstraint(
                name="publicity_objection_answered_whole",
                condition=Q(answered_at=None, answerer=None, is_accepted=None, answer="")
                | Q(answered_at__isnull=False, answerer__isnull=False, is_accepted__isnull=False)
                & ~Q(answer=""),
            ),
            models.CheckConstraint(
                name="publicity_objection_answered_by_another",
                condition=Q(answerer=None) | ~Q(answerer=F("objector")),
                violation_error_message=_("不能答复自己提出的异议"),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="answer_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False),
            ),
            pgtrigger.Protect(name="objection_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.text IS DISTINCT FROM NEW.text"
                    " OR OLD.objector_id IS DISTINCT FROM NEW.objector_id"
                ),
            ),
        ]

    def __str__(self):
        return _("异议 %(n)s") % {"n": self.pk}

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None
