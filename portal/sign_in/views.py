"""Coming in and going out: by password, by code, and what stands there when it does not go."""

import json
from functools import lru_cache
from pathlib import Path

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from orgs.access import public, signed_in
from orgs.models import Person
from orgs.models.people import mask_phone
from portal.preferences import safe_next
from portal.sign_in import codes, lockouts, sessions, staff
from portal.sign_in.forms import CodeForm, CodeSignInForm, PasswordForm

GET_POST = ["GET", "HEAD", "POST"]

ROLES = {  # of the demo's accounts
    "resident": gettext_lazy("居民"),
    "resident_elsewhere": gettext_lazy("别的社区的居民"),
    "grid_worker": gettext_lazy("网格员"),
    "social_worker": gettext_lazy("社工"),
    "community_secretary": gettext_lazy("社区书记"),
    "property": gettext_lazy("物业"),
    "owners_committee": gettext_lazy("业委会"),
    "department": gettext_lazy("部门经办人"),
    "subdistrict": gettext_lazy("街道"),
    "district": gettext_lazy("区级"),
    "merchant": gettext_lazy("兑换商家"),
    "system_admin": gettext_lazy("系统管理员"),
    "security_admin": gettext_lazy("安全管理员"),
    "auditor": gettext_lazy("审计管理员"),
}


def answer(request, template, form, **context):
    """A page with its form: 422 when the form is refused."""
    context |= {"form": form, "next": safe_next(request, default="")}
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, template, context, status=status)


def leading(to: str, request):
    """On to the view ``to``, with ``next`` in hand."""
    following = safe_next(request, default="")
    target = redirect(to)
    if following:
        target["Location"] += f"?{urlencode({'next': following})}"
    return target


# --- by password -------------------------------------------------------------------------------


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(GET_POST)
def sign_in(request):
    following = safe_next(request, default="")
    if request.user.is_authenticated:
        return redirect(following or staff.home_of(request.user))
    form = PasswordForm(request.POST or None, request=request)
    if form.is_bound and form.is_valid():
        request.session[sessions.STAY] = form.cleaned_data["stay"]
        login = Login(user=form.person, redirect_url=following or None)
        return perform_password_login(request, form.credentials, login)
    why = request.GET.get("why", "")
    return answer(request, "account/login.html", form, why=why, demo_accounts=demo_accounts())


def demo_accounts() -> list[dict]:
    """The demo's people with their passwords, for the sign-in page; nothing outside a demo."""
    path = Path(settings.DATA_DIR) / "demo_accounts.json"
    if not settings.DEMO or not path.is_file():
        return []
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, _changed_at: int) -> list[dict]:
    accounts = json.loads(path.read_text("utf-8"))
    return [account | {"post": ROLES.get(account["role"], account["role"])} for account in accounts]


def locked_out(request, response, credentials):
    """For axes: instead of whatever the view answered."""
    lock = lockouts.lock_on(request, credentials)
    context = {"lock": lock, "next": safe_next(request, default="")}
    return render(request, "account/locked.html", context, status=429)


def too_many(request, exception=None):
    """For allauth: somebody is in too much of a hurry."""
    return render(request, "account/locked.html", {"lock": None}, status=429)


# --- by code -----------------------------------------------------------------------------------


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(GET_POST)
def request_code(request):
    if request.user.is_authenticated:
        return redirect(safe_next(request, default="") or staff.home_of(request.user))
    form = CodeSignInForm(request.POST or None, request=request)
    if form.is_bound and form.is_valid():
        phone = form.cleaned_data["phone"]
        request.session[sessions.STAY] = form.cleaned_data["stay"]
        LoginCodeVerificationProcess.initiate(
            request=request, user=Person.objects.get_by_phone(phone), phone=phone
        )
        return leading("account_confirm_login_code", request)
    pending = _pending_code(request) is not None
    return answer(request, "account/request_code.html", form, pending=pending)


@public
@never_cache
@require_http_methods(GET_POST)
def confirm_code(request):
    """The code that was sent: for signing in by phone alone, or after a password (staff)."""
    if request.user.is_authenticated:
        return redirect(safe_next(request, default="") or staff.home_of(request.user))
    process = _pending_code(request)
    if process is None:
        messages.warning(request, _("验证码已过期，请重新获取。"))
        return leading("account_request_login_code", request)
    if request.POST.get("action") == "resend":
        return _resend(request, process)
    form = CodeForm(request.POST or None, expected=process.code)
    if form.is_bound:
        try:
            if codes.is_right(process, form):
                return process.finish(safe_next(request, default="") or None)
        except codes.TooManyTries:
            messages.error(request, _("验证码输错次数太多，请重新获取。"))
            return leading("account_request_login_code", request)
    return code_page(request, form, process.state["phone"])


def _pending_code(request) -> LoginCodeVerificationProcess | None:
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    return LoginCodeVerificationProcess.resume(stage) if stage else None


def _resend(request, process):
    phone = process.state["phone"]
    by_visitor = process.state["initiated_by_user"]
    try:
        codes.check_rate(request, phone)
    except ValidationError as refused:
        form = CodeForm(expected="")
        return code_page(request, form, phone, refusal=refused.message, status=422)
    LoginCodeVerificationProcess.initiate(
        request=request,
        user=process.user,
        phone=phone,
        stage=None if by_visitor else process.stage,
    )
    messages.success(request, _("新的验证码已发送，之前的已作废。"))
    return leading("account_confirm_login_code", request)


def code_page(request, form, phone, *, template="account/code.html", status=None, **context):
    page = answer(
        request,
        template,
        form,
        phone=mask_phone(phone),
        sms=codes.shown(phone),
        **context,
    )
    if status:
        page.status_code = status
    return page


# --- out ---------------------------------------------------------------------------------------


@public
@never_cache
@require_http_methods(GET_POST)
def sign_out(request):
    """Asks on GET: a link that signs out could be put on any foreign page."""
    if request.method == "POST":
        if request.user.is_authenticated:
            sessions.end_this(request)
            messages.success(request, _("您已退出登录。"))
        return redirect("/")
    return render(request, "account/logout.html")


@signed_in
@require_POST
def keep_alive(request):
    """Somebody who reads slowly is still there."""
    sessions.touch(request)
    if request.htmx:
        return render(request, "account/session_warning.html")
    return redirect(safe_next(request))
