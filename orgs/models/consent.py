import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Consent(models.Model):
    """One answer of a person to one version of a notice. Never edited, never deleted.

    What holds is the latest answer. A withdrawal is a row of its own, so the record shows
    what was agreed to, and for how long (PIPL art. 14, 15).
    """

    class Notice(models.TextChoices):
        PRIVACY = "privacy", _("个人信息处理规则")
        PLATE = "plate", _("党员中心户挂牌")

    class Answer(models.TextChoices):
        GIVEN = "given", _("同意")
        DECLINED = "declined", _("不同意")
        WITHDRAWN = "withdrawn", _("撤回")

    class Channel(models.TextChoices):
        SITE = "site", _("本人在网站")
        ASSISTED = "assisted", _("由工作人员代办")
        PAPER = "paper", _("纸质")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="consents", verbose_name=_("人员")
    )
    notice = models.CharField(_("告知书"), max_length=16, choices=Notice)
    version = models.PositiveSmallIntegerField(_("版本"))
    answer = models.CharField(_("答复"), max_length=9, choices=Answer)
    channel = models.CharField(_("途径"), max_length=8, choices=Channel, default=Channel.SITE)
    answered_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("同意记录")
        verbose_name_plural = _("同意记录")
        indexes = [models.Index(fields=["person", "notice", "-id"], name="orgs_consent_latest")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return f"{self.get_notice_display()} v{self.version} · {self.get_answer_display()}"

    @property
    def is_given(self) -> bool:
        return self.answer == self.Answer.GIVEN
