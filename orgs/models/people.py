import secrets

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orgs import encryption

# Mainland mobile numbers; 100… is no mobile range and marks invented people of the demo.
PHONE_PATTERN = r"^1[0-9]{10}$"
check_phone = RegexValidator(PHONE_PATTERN, _("请输入 11 位手机号"))


def new_public_id() -> str:
    return secrets.token_hex(8)


class PersonManager(BaseUserManager):
    def get_by_phone(self, phone: str) -> "Person | None":
        """The active person with this phone, or None."""
        return self.filter(phone_digest=encryption.digest(phone.strip()), is_active=True).first()

    def create_person(self, *, name: str, phone: str = "", password: str | None = None, **fields):
        """Save a new person; without ``password`` they sign in by code only."""
        person = self.model(name=name, **fields)
        person.phone = phone
        person.set_password(password)
        person.save(using=self._db)
        return person


@pghistory.track(exclude=["password", "last_login", "size", "theme", "contrast"])
class Person(AbstractBaseUser):
    """Somebody the portal knows: resident, worker or official; most never sign in.

    No superusers: what a person may do comes from appointments (``orgs.access``).
    The phone is kept encrypted, with a keyed digest to find it by.
    """

    class Size(models.TextChoices):
        STANDARD = "standard", _("标准")
        ELDER = "elder", _("长辈版")
        HUGE = "huge", _("特大字")

    class Theme(models.TextChoices):
        AUTO = "auto", _("跟随系统")
        LIGHT = "light", _("浅色")
        DARK = "dark", _("深色")

    class Contrast(models.TextChoices):
        NORMAL = "normal", _("标准")
        HIGH = "high", _("高对比度")

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("姓名"), max_length=40)
    birth_year = models.PositiveSmallIntegerField(_("出生年份"), null=True, blank=True)
    phone_cipher = models.CharField(max_length=255, blank=True, editable=False)
    phone_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 null keeps people without a phone apart
    phone_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    email = models.EmailField(_("电子邮箱"), blank=True)
    size = models.CharField(_("字号"), max_length=8, choices=Size, default=Size.STANDARD)
    theme = models.CharField(_("配色"), max_length=5, choices=Theme, default=Theme.AUTO)
    contrast = models.CharField(
        _("对比度"), max_length=6, choices=Contrast, default=Contrast.NORMAL
    )
    is_active = models.BooleanField(_("可登录"), default=True)
    is_demo = models.BooleanField(_("虚构人物"), default=False)
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PersonManager()

    USERNAME_FIELD = "public_id"
    REQUIRED_FIELDS = ["name"]
    is_staff = False
    is_superuser = False

    class Meta:
        verbose_name = _("人员")
        verbose_name_plural = _("人员")

    def __str__(self):
        return self.name

    @property
    def phone(self) -> str:
        return encryption.decrypt(self.phone_cipher)

    @phone.setter
    def phone(self, value: str):
        value = (value or "").strip()
        self.phone_cipher = encryption.encrypt(value)
        self.phone_digest = encryption.digest(value) if value else None

    @property
    def phone_masked(self) -> str:
        return mask_phone(self.phone)

    @property
    def name_masked(self) -> str:
        """王*: the family name only, for lists that others read."""
        return f"{self.name[:1]}*" if self.name else ""

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    # Django's permission API, answered from appointments: nothing outside ``orgs.access`` grants.
    def has_perm(self, perm, obj=None) -> bool:
        from orgs import access  # the spine's rule book; imports these models

        return access.rights_of(self).has(perm)

    def has_module_perms(self, app_label) -> bool:
        return False


def mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else ""
