"""Becoming known to the portal, and getting a password when there is none or it is forgotten.

Nothing is written before the code is right: no half-made people, and nobody can occupy the
phone of another. A phone that is known already simply signs in, so the answers are the same.
"""

import time

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from axes.models import AccessAttempt
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from orgs import consent, encryption
from orgs.access import public
from orgs.history import because
from orgs.models import Person
from portal.sign_in import codes, consents, passwords, sessions, staff
from portal.sign_in.forms import CodeForm, JoinForm, NewPasswordForm, PhoneForm
from portal.sign_in.views import GET_POST, answer, code_page, leading

RESET = "password_reset"
RESET_SECONDS = 15 * 60


def join(
    *, phone: str, name: str, password_hash: str = "", notice_version: int
) -> tuple[Person, bool]:
    """The person of this proved phone, and whether they are new.

    A new one is written down with the consent to the notice. Two presses at once make one person.
    """
    known = Person.objects.filter(phone_digest=encryption.digest(phone))
    if (person := known.first()) is not None:
        return person, False
    try:
        with transaction.atomic(), because(_("本人注册")):
            person = Person.objects.create_person(name=name, phone=phone)
            if password_hash:
                person.password = password_hash
                person.save(update_fields=["password"])
                person.old_passwords.create(password_hash=password_hash)
            passwords.phone_proved(person)
            consent.give(person, consent.Notice.PRIVACY, version=notice_version)
    except IntegrityError:  # the other press was quicker
        return known.get(), False
    return person, True


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(GET_POST)
def sign_up(request):
    if request.user.is_authenticated:
        return redirect(staff.home_of(request.user))
    form = JoinForm(request.POST or None, request=request)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        codes.PhoneProof.start(
            request,
            phone=data["phone"],
            purpose="join",
            name=data["name"],
            password=make_password(data["password"]) if data["password"] else "",
            notice=consents.VERSION,
        )
        return leading("account_signup_code", request)
    return answer(request, "account/signup.html", form)


@public
@never_cache
@require_http_methods(GET_POST)
def sign_up_code(request):
    return _prove(request, "join", _join_and_enter, start="account_signup")


def _join_and_enter(request, proof):
    person, is_new = join(
        phone=proof.phone,
        name=proof.data["name"],
        password_hash=proof.data["password"],
        notice_version=proof.data["notice"],
    )
    if not person.is_active:
        messages.error(request, _("这个手机号的账号已停用，请联系社区工作人员。"))
        return redirect("account_login")
    if is_new:
        messages.success(request, _("注册成功。请登记住址，网格员核验后即可参加表决。"))
    else:
        messages.info(request, _("这个手机号已有账号，已为您登录，没有重复注册。"))
    record_authentication(request, person, method="code", phone=proof.phone)
    first_page = staff.first_page_of_newcomer() if is_new else None
    return perform_login(request, Login(user=person, redirect_url=first_page))


# --- a forgotten password, or the first one ----------------------------------------------------


@public
@never_cache
@require_http_methods(GET_POST)
def reset_password(request):
    form = PhoneForm(request.POST or None, request=request)
    if form.is_bound and form.is_valid():
        phone = form.cleaned_data["phone"]
        codes.PhoneProof.start(request, phone=phone, purpose="reset", known_only=True)
        return leading("account_reset_password_code", request)
    return answer(request, "account/reset.html", form)


@public
@never_cache
@require_http_methods(GET_POST)
def reset_password_code(request):
    return _prove(request, "reset", _may_choose, start="account_reset_password")


def _may_choose(request, proof):
    request.session[RESET] = {"person": proof.user.pk, "at": time.time()}
    return redirect("account_reset_password_new")


@public
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(GET_POST)
def reset_password_new(request):
    proved = request.session.get(RESET)
    person = None
    if proved and time.time() - proved["at"] <= RESET_SECONDS:
        person = Person.objects.filter(pk=proved["person"], is_active=True).first()
    if person is None:
        messages.warning(request, _("时间太久，请重新验证手机号。"))
        return redirect("account_reset_password")
    form = NewPasswordForm(request.POST or None, person=person)
    if form.is_bound and form.is_valid():
        passwords.change(person, form.cleaned_data["password"])
        AccessAttempt.objects.filter(username=person.phone_digest).delete()  # they proved it
        sessions.end_all(person)
        request.session.flush()
        return redirect(f"{reverse('account_login')}?why=password")
    return answer(request, "account/reset_new.html", form)


# --- the step both have in common --------------------------------------------------------------


def _prove(request, purpose, proved, *, start):
    """Ask for the code of ``purpose``; when it is right, go on with ``proved``."""
    proof = codes.PhoneProof.resume(request, purpose)
    if proof is None:
        messages.warning(request, _("验证码已过期，请重新获取。"))
        return leading(start, request)
    if request.POST.get("action") == "resend":
        return _resend(request, proof)
    form = CodeForm(request.POST or None, expected=proof.code)
    if form.is_bound:
        try:
            if codes.is_right(proof, form):
                proof.abort()
                return proved(request, proof)
        except codes.TooManyTries:
            messages.error(request, _("验证码输错次数太多，请重新获取。"))
            return leading(start, request)
    return code_page(request, form, proof.phone, purpose=purpose)


def _resend(request, proof):
    try:
        codes.check_rate(request, proof.phone)
    except ValidationError as refused:
        form = CodeForm(expected="")
        return code_page(request, form, proof.phone, refusal=refused.message, status=422)
    proof.again()
    messages.success(request, _("新的验证码已发送，之前的已作废。"))
    return redirect(request.get_full_path())
