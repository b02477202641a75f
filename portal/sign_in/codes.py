"""Codes by SMS: how often, and a code for what is not a sign-in (joining, a new password).

allauth's machinery counts the tries and the minutes; the code for signing in itself is
allauth's ``LoginCodeVerificationProcess``.
"""

import hashlib

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.core import ratelimit
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from inbox import channels
from portal.sign_in import adapter

PROOF = "phone_proof"


def check_rate(request, phone: str) -> None:
    """One code a minute and ten a day per phone, whatever for and whether or not we know it."""
    if not ratelimit.consume(request, action="request_login_code", key=phone):
        raise ValidationError(
            _("验证码一分钟只能获取一次，每天最多 10 次。请稍等片刻，或直接输入已收到的验证码。"),
            code="rate_limited",
        )


class TooManyTries(Exception):
    """The code is worth nothing any more."""


def is_right(process, form) -> bool:
    """Look at a guess; what is no six digits is none. Raises TooManyTries."""
    right = form.is_valid()
    if not (right or form.is_wrong):
        return False
    if not _may_try(process):
        process.abort()
        raise TooManyTries
    if not right and not process.record_invalid_attempt():
        raise TooManyTries
    return right


def _may_try(process) -> bool:
    """Counted where two guesses at the same moment are two: the session would count one."""
    state = process.state
    about = f"{state['phone']}:{state['at']}:{state.get('code', '')}"
    key = f"sign-in:tries:{hashlib.sha256(about.encode()).hexdigest()}"
    cache.add(key, 0, process.timeout)
    return cache.incr(key) <= process.max_attempts


def shown(phone: str) -> str:
    """The text just sent to ``phone``, for a page of the demo; "" everywhere else."""
    return channels.last_sms(phone)


class PhoneProof(AbstractCodeVerificationProcess):
    """Proof that a phone is in this visitor's hand, for one ``purpose``.

    The state stands in the session. ``data`` rides along until the code is right.
    """

    def __init__(self, request, state, user=None):
        self.request = request
        super().__init__(
            state=state,
            user=user,
            timeout=app_settings.LOGIN_BY_CODE_TIMEOUT,
            max_attempts=app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS,
        )

    @classmethod
    def start(cls, request, *, phone, purpose, known_only=False, **data) -> "PhoneProof":
        """Send a code. ``known_only``: an unknown phone gets a text without one, unnoticed."""
        user = get_adapter().get_user_by_phone(phone)
        state = cls.initial_state(user=user, phone=phone)
        state |= {"purpose": purpose, "known_only": known_only, "data": data}
        proof = cls(request, state, user)
        proof.send()
        proof.persist()
        return proof

    @classmethod
    def resume(cls, request, purpose: str) -> "PhoneProof | None":
        state = request.session.get(PROOF)
        if not state or state["purpose"] != purpose:
            return None
        return cls(request, state).abort_if_invalid()

    @property
    def phone(self) -> str:
        return self.state["phone"]

    @property
    def data(self) -> dict:
        return self.state["data"]

    def send(self):
        if self.state["known_only"] and not self.user:
            get_adapter().send_unknown_account_sms(self.phone)
            return
        self.state["code"] = get_adapter().generate_login_code()
        adapter.send_code(self.phone, self.state["code"])

    def again(self):
        """Another code; the old one is worth nothing any more."""
        state = self.initial_state(user=self.user, phone=self.phone)
        self.state.pop("code", None)
        self.state |= state
        self.send()
        self.persist()

    def persist(self):
        self.request.session[PROOF] = self.state

    def abort(self):
        self.request.session.pop(PROOF, None)
