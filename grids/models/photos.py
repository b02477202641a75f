import secrets
import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grids.models.issues import Issue, IssueStep


def new_token() -> str:
    return secrets.token_urlsafe(18)


class Photo(models.Model):
    """A picture of an issue, re-encoded without where and when it was taken.

    A row without an issue is a draft: sent with a form that had something to correct.
    ``grids.photos`` writes and removes the files, named by the random token.
    """

    class Kind(models.TextChoices):
        BEFORE = "before", _("现场照片")
        AFTER = "after", _("办理后照片")

    token = models.CharField(max_length=24, unique=True, default=new_token, editable=False)
    draft_key = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    issue = models.ForeignKey(Issue, models.CASCADE, null=True, related_name="photos")
    step = models.ForeignKey(IssueStep, models.PROTECT, null=True, related_name="photos")
    kind = models.CharField(_("类型"), max_length=6, choices=Kind, default=Kind.BEFORE)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    original_type = models.CharField(max_length=10)  # JPEG, PNG, WEBP
    is_public = models.BooleanField(_("可以公开"), default=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Of the version with black boxes, once there is one: the public is shown that one only.
    redacted_token = models.CharField(max_length=24, null=True, unique=True, editable=False)  # noqa: DJ001 null keeps photos without one apart
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("照片")
        verbose_name_plural = _("照片")
        default_permissions = ()
        ordering = ["pk"]
        permissions = [("moderate_photos", _("查看照片原图（记录原因）"))]
        constraints = [
            models.CheckConstraint(
                name="grids_photo_public_was_approved",
                condition=Q(is_public=False) | Q(issue__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="grids_photo_step_of_an_issue",
                condition=Q(step=None) | Q(issue__isnull=False),
            ),
        ]

    def __str__(self):
        return self.token

    @property
    def public_token(self) -> str:
        """The token for pages that everybody reads: of the redacted version when there is one."""
        return self.redacted_token or self.token


class Redaction(models.Model):
    """Somebody blacked out parts of a photo. Rows only come; the last one is what is shown.

    ``boxes``: [left, top, right, bottom] each, in pixels of the large picture.
    """

    photo = models.ForeignKey(Photo, models.PROTECT, related_name="redactions")
    boxes = models.JSONField(_("涂黑的位置"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("涂黑人")
    )
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("照片涂黑记录")
        verbose_name_plural = _("照片涂黑记录")
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="grids_redaction_hides_something", condition=~Q(boxes=[])),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.person} {self.at:%Y-%m-%d}"


class OriginalView(models.Model):
    """Somebody looked at an original, and why. Rows only come, never go."""

    photo = models.ForeignKey(Photo, models.PROTECT, related_name="views")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(_("原因"), max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("查看原图记录")
        verbose_name_plural = _("查看原图记录")
        default_permissions = ()

    def __str__(self):
        return f"{self.person} {self.at:%Y-%m-%d}"
