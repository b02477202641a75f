"""Phone numbers as people type them."""

import unicodedata

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from orgs.models.people import PHONE_PATTERN

IGNORED = str.maketrans("", "", " \t\r\n-‐–—()（）.·")


def normalise(text: str) -> str:
    """``＋86 138-0013 8000`` → ``13800138000``; what is no phone comes back without its blanks."""
    digits = plain_digits(text)
    for prefix in ("+86", "0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits.removeprefix(prefix)
    return digits


def plain_digits(text: str) -> str:
    """Full-width digits and blanks forgiven."""
    return unicodedata.normalize("NFKC", text).translate(IGNORED)


class PhoneField(forms.CharField):
    """A mainland mobile number, in whatever manner of writing."""

    default_validators = [RegexValidator(PHONE_PATTERN, _("请输入 11 位手机号。"))]

    def __init__(self, *, autocomplete="tel", **kwargs):
        attrs = {"inputmode": "tel", "autocomplete": autocomplete}
        kwargs.setdefault("label", _("手机号"))
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", **attrs}))
        kwargs.setdefault("error_messages", {"required": _("请填写手机号。")})
        super().__init__(**kwargs)

    def to_python(self, value):
        return normalise(super().to_python(value))


class CodeField(forms.CharField):
    """Six digits from an SMS or an authenticator, with blanks and full-width digits forgiven."""

    default_validators = [RegexValidator(r"^[0-9]{6}$", _("请输入 6 位数字验证码。"))]

    def __init__(self, **kwargs):
        attrs = {"inputmode": "numeric", "autocomplete": "one-time-code"}
        kwargs.setdefault("label", _("验证码"))
        kwargs.setdefault("max_length", 20)
        kwargs.setdefault("widget", forms.TextInput(attrs=attrs))
        kwargs.setdefault("error_messages", {"required": _("请填写验证码。")})
        super().__init__(**kwargs)

    def to_python(self, value):
        return plain_digits(super().to_python(value))
