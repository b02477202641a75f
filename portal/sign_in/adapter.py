"""How allauth meets our people: found by phone, told by SMS, no e-mail, no user names."""

import logging
import uuid

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox import channels
from orgs import encryption
from orgs.models import Person
from portal import errors
from portal.sign_in import passwords, staff

logger = logging.getLogger(__name__)

WORDS = {
    "incorrect_code": gettext_lazy("验证码不对，请核对后重新输入。"),
    "incorrect_password": gettext_lazy("密码不对，请重新输入。"),
    "rate_limited": gettext_lazy("操作太频繁，请过一会儿再试。"),
    "too_many_login_attempts": gettext_lazy("试的次数太多，请过几分钟再试。"),
    "cannot_delete_authenticator": gettext_lazy("您的岗位须使用动态口令，不能关闭。"),
    "cannot_generate_recovery_codes": gettext_lazy("请先启用动态口令，再生成备用码。"),
}


class Accounts(DefaultAccountAdapter):
    error_messages = {**DefaultAccountAdapter.error_messages, **WORDS}

    def get_user_by_phone(self, phone):
        return Person.objects.get_by_phone(phone)

    def get_phone(self, user):
        return (user.phone, user.phone_verified_at is not None) if user.phone else None

    def set_phone(self, user, phone, verified):
        user.phone = phone
        user.phone_verified_at = None
        user.save(update_fields=["phone_cipher", "phone_digest", "phone_verified_at"])
        if verified:
            self.set_phone_verified(user, phone)

    def set_phone_verified(self, user, phone):
        passwords.phone_proved(user)

    def send_verification_code_sms(self, user, phone, code, **kwargs):
        send_code(phone, code)

    def send_unknown_account_sms(self, phone, **kwargs):
        text = _("【邻里共治】这个手机号还没有注册，请在登录页选择“注册”。如非本人操作，请忽略。")
        _send(phone, text)

    def set_password(self, user, password):
        passwords.change(user, password)

    def pre_authenticate(self, request, **credentials):
        """axes counts wrong passwords; allauth's count knows no phones and would mix them all."""

    def is_login_by_code_required(self, login):
        """Staff who signed in by password alone prove the phone too, where that is demanded."""
        if not settings.STAFF_SMS_SECOND_STEP or not login.user:
            return False
        return (
            self._last_method(login) == "password"
            and staff.is_staff(login.user)
            and not Authenticator.objects.filter(
                user=login.user, type=Authenticator.Type.TOTP
            ).exists()
        )

    def _last_method(self, login):
        records = self.request.session.get("account_authentication_methods") or []
        return records[-1]["method"] if records else None

    def is_safe_url(self, url):
        """Paths of this very site only: no other host, however it is written."""
        return bool(url) and url.startswith("/") and url_has_allowed_host_and_scheme(url, None)

    def get_login_redirect_url(self, request):
        return staff.home_of(request.user)

    def get_signup_redirect_url(self, request):
        return staff.first_page_of_newcomer()


class SecondFactors(DefaultMFAAdapter):
    """TOTP secrets are encrypted like phones; the QR code shows no whole phone number."""

    error_messages = {**DefaultMFAAdapter.error_messages, **WORDS}

    def get_totp_label(self, user):
        return f"{user.name} {user.phone_masked}"

    def get_totp_issuer(self):
        return str(_("邻里共治"))

    def encrypt(self, text):
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text):
        return encryption.decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator):
        """Who must have a second factor cannot drop it, only make a new one."""
        return not (settings.STAFF_TOTP_REQUIRED and staff.is_staff(authenticator.user))


def send_code(phone: str, code: str) -> None:
    text = _("【邻里共治】验证码 %(code)s，5 分钟内有效。工作人员不会索要，请勿告诉他人。")
    _send(phone, text % {"code": code})


def _send(phone: str, text: str) -> None:
    """A gateway that is down is told to the person at the page; allauth answers with it."""
    try:
        channels.sms(phone, text, f"code-{uuid.uuid4().hex}")
    except Exception as error:
        logger.exception("no code could be sent")
        reason = _("短信暂时发不出去。请过几分钟再试，或用密码登录。")
        page = errors.unprocessable(context.request, reason)
        raise ImmediateHttpResponse(page) from error
