from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgs import encryption
from orgs.models.people import mask_phone

L = gettext_lazy


class CallerQuerySet(models.QuerySet):
    def with_phone(self, phone: str):
        """Records under this number; several, as everybody who calls is written down anew."""
        return self.filter(phone_digest=encryption.digest(phone.strip()))


class Caller(models.Model):
    """Somebody without an account who reported: at the counter, by phone, by letter, over 12345.

    Not a Person: nothing was agreed to but this one matter. Name and phone are both optional
    (one may stay unnamed); the phone is encrypted, its keyed digest finds other matters of the
    same number. Reached through ``Issue.caller``. Whoever is complained about never sees a row.
    """

    name = models.CharField(L("姓名"), max_length=40, blank=True)
    phone_cipher = models.CharField(max_length=255, blank=True, editable=False)
    phone_digest = models.CharField(max_length=64, blank=True, editable=False)
    wants_sms = models.BooleanField(L("同意用短信告知结果"), default=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=L("登记人"),
    )
    recorded_at = models.DateTimeField(L("登记时间"), default=timezone.now, editable=False)
    erased_at = models.DateTimeField(L("去标识时间"), null=True, blank=True, editable=False)

    objects = CallerQuerySet.as_manager()

    class Meta:
        verbose_name = L("来访来电人")
        verbose_name_plural = L("来访来电人")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["phone_digest"],
                condition=~models.Q(phone_digest=""),
                name="grids_caller_phone",
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="grids_caller_sms_needs_a_phone",
                condition=models.Q(wants_sms=False) | ~models.Q(phone_digest=""),
                violation_error_message=L("要用短信告知，须有手机号"),
            ),
            models.CheckConstraint(
                name="grids_caller_erased_whole",
                condition=models.Q(erased_at=None)
                | models.Q(name="", phone_cipher="", phone_digest="", wants_sms=False),
            ),
        ]

    def __str__(self):
        return self.sentence

    @property
    def phone(self) -> str:
        return encryption.decrypt(self.phone_cipher)

    @phone.setter
    def phone(self, value: str):
        value = (value or "").strip()
        self.phone_cipher = encryption.encrypt(value)
        self.phone_digest = encryption.digest(value) if value else ""

    @property
    def phone_masked(self) -> str:
        return mask_phone(self.phone)

    @property
    def name_masked(self) -> str:
        return f"{self.name[:1]}*" if self.name else ""

    @property
    def sentence(self) -> str:
        """How everybody without need to know may call this person: names nobody."""
        return _("一位来电或来访的居民")

    def erase(self, *, at=None) -> None:
        """Forget who it was (the term of keeping is over); the row stays for the issue's sake."""
        self.name, self.phone, self.wants_sms = "", "", False
        self.erased_at = at or timezone.now()
        self.save(update_fields=["name", "phone_cipher", "phone_digest", "wants_sms", "erased_at"])
