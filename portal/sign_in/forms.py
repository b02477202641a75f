from allauth.account.adapter import get_adapter
from allauth.account.forms import ReauthenticateForm
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByFactorForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from orgs.models import Person
from portal.sign_in import codes, sessions
from portal.sign_in.phones import CodeField, PhoneField, plain_digits

STAY_WORDS = format_lazy(
    _("这是我自己的手机，保持登录 {days} 天"), days=settings.RESIDENT_STAY_DAYS
)


def _rules() -> str:
    return " ".join(str(rule.get_help_text()) for rule in get_default_password_validators())


password_rules = lazy(_rules, str)


def password_field(*, label, autocomplete="current-password", **more) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    more.setdefault("error_messages", {"required": _("请填写密码。")})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=128, **more)


class PasswordForm(forms.Form):
    """Phone and password. The refusal is the same for a wrong password and an unknown phone."""

    phone = PhoneField(autocomplete="username")
    password = password_field(label=_("密码"))
    stay = forms.BooleanField(label=STAY_WORDS, required=False)

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self._request = request
        self.person = None

    @property
    def credentials(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("phone", "password")}

    def clean(self):
        if self.errors:
            return
        self.person = get_adapter().authenticate(self._request, **self.credentials)
        if self.person is None:
            raise ValidationError(_("手机号或密码不对，请核对后重试。"))


class PhoneForm(forms.Form):
    """A phone to send a code to, within the limits."""

    phone = PhoneField()

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self._request = request

    def clean(self):
        if not self.errors:
            codes.check_rate(self._request, self.cleaned_data["phone"])


class CodeSignInForm(PhoneForm):
    stay = forms.BooleanField(label=STAY_WORDS, required=False)


class CodeForm(forms.Form):
    code = CodeField()

    def __init__(self, *args, expected: str, **kwargs):
        super().__init__(*args, **kwargs)
        self._expected = expected
        self.is_wrong = False  # six digits, but not these

    def clean_code(self):
        code = self.cleaned_data["code"]
        if not compare_user_code(actual=code, expected=self._expected):
            self.is_wrong = True
            raise ValidationError(_("验证码不对，请核对后重新输入。"))
        return code


class JoinForm(PhoneForm):
    name = forms.CharField(
        label=_("姓名"),
        max_length=40,
        help_text=_("请填真实姓名，网格员核验住址时要用；对外只显示姓。"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("请填写姓名。")},
    )
    password = password_field(
        label=_("密码"),
        autocomplete="new-password",
        required=False,
        help_text=_("可以不设，以后用短信验证码登录。"),
    )
    agreed = forms.BooleanField(
        label=_("我已阅读并同意《个人信息处理规则》"),
        error_messages={"required": _("请阅读后勾选同意，再继续注册。")},
    )
    field_order = ["name", "phone", "password", "agreed"]

    def clean(self):
        password = self.cleaned_data.get("password")
        if password:
            person = Person(name=self.cleaned_data.get("name", ""))
            person.phone = self.cleaned_data.get("phone", "")
            try:
                validate_password(password, person)
            except ValidationError as refused:
                self.add_error("password", refused)
        super().clean()


class NewPasswordForm(forms.Form):
    password = password_field(
        label=_("新密码"), autocomplete="new-password", help_text=password_rules()
    )
    again = password_field(label=_("再输入一次新密码"), autocomplete="new-password")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self):
        validate_password(self.cleaned_data["password"], self.person)
        return self.cleaned_data["password"]

    def clean(self):
        first, second = (self.cleaned_data.get(name) for name in ("password", "again"))
        if first and second and first != second:
            self.add_error("again", _("两次输入的密码不一样。"))


class ChangePasswordForm(NewPasswordForm):
    current = password_field(label=_("现在的密码"))
    field_order = ["current", "password", "again"]

    def clean_current(self):
        current = self.cleaned_data["current"]
        if not get_adapter().reauthenticate(self.person, current):
            raise ValidationError(_("现在的密码不对。"))
        return current


class UnlockForm(forms.Form):
    reason = forms.CharField(
        label=_("理由"),
        max_length=180,
        help_text=_("写明如何核实了本人身份，例如：电话回访登记号码，姓名住址相符。"),
        error_messages={"required": _("请写明理由。")},
    )


class ResetFactorForm(UnlockForm):
    phone = PhoneField(label=_("本人手机号"), autocomplete="off")
    field_order = ["phone", "reason"]

    def clean_phone(self):
        self.person = Person.objects.get_by_phone(self.cleaned_data["phone"])
        if self.person is None or not sessions.has_totp(self.person):
            raise ValidationError(_("这个手机号没有启用动态口令，无需重置。"))
        return self.cleaned_data["phone"]


# --- allauth's forms, in our words and forgiving in writing -------------------------------------


class _PlainCode:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.widget.attrs = {"inputmode": "numeric", "autocomplete": "one-time-code"}
        field.error_messages["required"] = _("请填写验证器上的数字。")

    def clean_code(self):
        self.cleaned_data["code"] = plain_digits(self.cleaned_data["code"])
        return super().clean_code()


class SecondFactorForm(_PlainCode, AuthenticateForm):
    pass


class ProveFactorForm(_PlainCode, ReauthenticateByFactorForm):
    pass


class ActivateFactorForm(_PlainCode, ActivateTOTPForm):
    pass


class ProvePasswordForm(ReauthenticateForm):
    password = password_field(label=_("密码"))
