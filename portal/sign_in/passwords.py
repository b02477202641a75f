"""Passwords: what is good enough, when staff need a new one, and where it is changed.

MLPS 2.0 (GB/T 22239-2019), identity: complex and periodically changed. Everything else about
hashing is Django's.
"""

import re
import string
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orgs.models import Person


class LongEnough:
    def __init__(self, characters=10):
        self.characters = characters

    def validate(self, password, user=None):
        if len(password) < self.characters:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self):
        text = ngettext("至少 %(count)d 个字符。", "至少 %(count)d 个字符。", self.characters)
        return text % {"count": self.characters}


class MixedEnough:
    """Signs of several classes; a letter of any other script counts as a sign."""

    def __init__(self, classes=3):
        self.classes = classes

    def validate(self, password, user=None):
        letters = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
        used = sum(any(sign in group for sign in password) for group in letters)
        used += any(sign not in "".join(letters) for sign in password)
        if used < self.classes:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self):
        return _("大写字母、小写字母、数字、符号，四种里至少用三种。")


class NotOneself:
    """Neither one's phone number nor one's name."""

    def validate(self, password, user=None):
        if user is None:
            return
        phone = user.phone
        if (phone and phone in password) or (len(user.name) > 1 and user.name in password):
            raise ValidationError(self.get_help_text(), code="password_about_oneself")

    def get_help_text(self):
        return _("不要含有自己的手机号或姓名。")


class NotCommon(CommonPasswordValidator):
    """Django's list of 20,000; also with digits and signs around it (Password123!), or for it."""

    LOOKALIKES = str.maketrans("@4031!$57", "aaoeiisst")

    def validate(self, password, user=None):
        whole = password.lower().strip()
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", whole)
        if {whole, core, core.translate(self.LOOKALIKES)} & self.passwords:
            raise ValidationError(self.get_help_text(), code="password_too_common")

    def get_error_message(self):
        return self.get_help_text()

    def get_help_text(self):
        return _("不要用容易被猜到的常见密码。")


class NotUsedBefore:
    def __init__(self, remembered=5):
        self.remembered = remembered

    def validate(self, password, user=None):
        if user is None or user.pk is None:
            return
        # Django's own check_password would save a stronger hash; here nothing may change.
        hashes = [user.password] if user.has_usable_password() else []
        hashes += user.old_passwords.order_by("-pk").values_list("password_hash", flat=True)[
            : self.remembered
        ]
        if any(check_password(password, old) for old in dict.fromkeys(hashes)):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def get_help_text(self):
        text = ngettext(
            "不能与最近 %(count)d 次用过的密码相同。",
            "不能与最近 %(count)d 次用过的密码相同。",
            self.remembered,
        )
        return text % {"count": self.remembered}


@transaction.atomic
def change(person: Person, password: str) -> None:
    """Give ``person`` this password, which the validators have accepted already.

    The hash is remembered; those beyond the history are forgotten. Sessions elsewhere end by
    themselves, as Django ties each of them to the password.
    """
    person.set_password(password)
    person.password_changed_at = timezone.now()
    person.save(update_fields=["password", "password_changed_at"])
    person.old_passwords.create(password_hash=person.password)
    kept = person.old_passwords.order_by("-pk").values_list("pk", flat=True)
    person.old_passwords.exclude(pk__in=list(kept[: settings.PASSWORD_HISTORY])).delete()


def is_due(person: Person) -> bool:
    """Has this member of staff had the password for too long? Never, without a password."""
    if not settings.STAFF_PASSWORD_DAYS or not person.has_usable_password():
        return False
    since = person.password_changed_at or person.created_at
    return timezone.now() - since > timedelta(days=settings.STAFF_PASSWORD_DAYS)


def phone_proved(person: Person) -> None:
    """The person has shown that the phone is theirs; the first time is kept."""
    if person.phone_verified_at is not None:
        return
    person.phone_verified_at = timezone.now()
    person.save(update_fields=["phone_verified_at"])
