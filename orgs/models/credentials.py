import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OldPassword(models.Model):
    """The hash of a password a person once chose, so that it is not chosen again (MLPS 2.0)."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="old_passwords"
    )
    password_hash = models.CharField(max_length=128)
    chosen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("用过的密码")
        verbose_name_plural = _("用过的密码")
        indexes = [models.Index(fields=["person", "-id"], name="orgs_oldpassword_latest")]

    def __str__(self):
        return f"{self.person} · {self.chosen_at:%Y-%m-%d}"


class Unlock(models.Model):
    """A lock that somebody lifted before its time: of an account or of an address, and why."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("账号"),
    )
    address = models.GenericIPAddressField(_("网络地址"), null=True)
    reason = models.CharField(_("理由"), max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("操作人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("解锁记录")
        verbose_name_plural = _("解锁记录")
        permissions = [("unlock_accounts", _("解除登录锁定"))]
        default_permissions = ()
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
        constraints = [
            models.CheckConstraint(
                name="orgs_unlock_of_one_thing",
                condition=Q(person=None) | Q(address=None),
            ),
            models.CheckConstraint(
                name="orgs_unlock_not_by_oneself",
                condition=Q(person=None) | ~Q(person=models.F("by")),
                violation_error_message=_("不能为自己解锁"),
            ),
        ]

    def __str__(self):
        return f"{self.person or self.address} · {self.at:%Y-%m-%d %H:%M}"
