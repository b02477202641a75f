"""One's own account: who I am here, password, devices, consent, and what was typed too late."""

import time

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgs import consent
from orgs.access import allowed, public, rights_of, signed_in
from orgs.models import Appointment, Residence
from portal.preferences import safe_next
from portal.sign_in import consents, devices, lockouts, passwords, sessions
from portal.sign_in.forms import ChangePasswordForm, ResetFactorForm, UnlockForm
from portal.sign_in.views import GET_POST, answer

KEPT_SECONDS = 2 * 3600


@signed_in
@require_safe
def accounts(request):
    return redirect("profile")


@signed_in
@require_safe
def profile(request):
    person = request.user
    residences = (
        Residence.objects.filter(person=person, ends_on=None)
        .select_related("household__area")
        .order_by("-pk")
    )
    posts = (
        Appointment.objects.in_force()
        .filter(person=person)
        .select_related("organization", "area")
        .order_by("starts_on", "pk")
    )
    context = {
        "residences": residences,
        "posts": posts,
        "has_totp": sessions.has_totp(person),
        "unlocks": rights_of(person).has("orgs.unlock_accounts"),
        "works": request.sign_in_marks["staff"],
        "consent": consent.standing(person, consent.Notice.PRIVACY),
    }
    return render(request, "portal/profile.html", context)


@signed_in
@never_cache
@sensitive_post_parameters("current", "password", "again")
@require_http_methods(GET_POST)
def change_password(request):
    person = request.user
    if not person.has_usable_password():
        return redirect("account_reset_password")  # proved by SMS instead
    form = ChangePasswordForm(request.POST or None, person=person)
    if form.is_bound and form.is_valid():
        passwords.change(person, form.cleaned_data["password"])
        sessions.end_others(request)
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        update_session_auth_hash(request, person)  # a new session key
        UserSession.objects.create_from_request(request)
        request.sign_in_marks.update(renew=False)
        messages.success(request, _("密码已更换，其他设备上的登录已退出。"))
        return redirect(safe_next(request, default="/accounts/profile/"))
    due = request.sign_in_marks["renew"]
    return answer(request, "account/change_password.html", form, due=due)


# --- devices -----------------------------------------------------------------------------------


@signed_in
@never_cache
@require_http_methods(GET_POST)
def devices_page(request):
    if request.method == "POST":
        return _end(request, request.POST.get("which", ""))
    rows = [devices.Device(row) for row in sessions.sessions_of(request.user)]
    return render(request, "portal/sessions.html", {"devices": rows})


def _end(request, which):
    """``all``, ``others``, or the number of one session of one's own."""
    if which == "all":
        sessions.end_all(request.user)
        sessions.end_this(request)
        messages.success(request, _("已在所有设备上退出登录。"))
        return redirect("account_login")
    if which == "others":
        sessions.end_others(request)
    else:
        mine = UserSession.objects.filter(user=request.user)
        get_object_or_404(mine, pk=which if which.isdecimal() and len(which) < 19 else 0).end()
    messages.success(request, _("已退出登录。"))
    return redirect("usersessions_list")


# --- consent -----------------------------------------------------------------------------------


@public
@require_safe
def privacy(request):
    """The notice itself, for everybody."""
    return render(request, "portal/privacy.html", _notice())


@signed_in
@never_cache
@require_http_methods(GET_POST)
def consent_page(request):
    """Asked before anything else when the notice is new to this person; once per version."""
    following = safe_next(request, default="/")
    answered = request.POST.get("answer")
    if answered == "give":
        consents.give(request.user)
    elif answered == "decline":
        consents.decline(request.user)
        messages.info(request, _("已记录。必需的服务照常使用，以后可在“我的”里改主意。"))
    else:
        if request.sign_in_marks["privacy"] == consents.VERSION:
            return redirect("account_privacy")  # answered already
        context = _notice() | {"next": following, "before": _standing(request)}
        return render(request, "portal/consent.html", context)
    request.sign_in_marks.update(privacy=consents.VERSION)
    return redirect(following)


@signed_in
@never_cache
@require_http_methods(GET_POST)
def my_privacy(request):
    """Give the consent or take it back: one press either way."""
    answered = request.POST.get("answer")
    if answered == "withdraw":
        consents.withdraw(request.user)
        messages.success(request, _("已撤回同意。选填的信息已删除，短信和邮件提醒已停止。"))
    elif answered == "give":
        consents.give(request.user)
        messages.success(request, _("已记录您的同意。"))
    else:
        history = request.user.consents.order_by("-pk")
        context = _notice() | {"standing": _standing(request), "history": history}
        return render(request, "portal/my_privacy.html", context)
    request.sign_in_marks.update(privacy=consents.VERSION)
    return redirect("account_privacy")


def _standing(request):
    return consent.standing(request.user, consent.Notice.PRIVACY)


def _notice() -> dict:
    return {"version": consents.VERSION, "since": consents.IN_FORCE_SINCE}


# --- what was typed when the session had ended -------------------------------------------------


@signed_in
@never_cache
@require_http_methods(GET_POST)
def kept_form(request):
    """What this person had typed; sending it on is their decision, with a fresh token."""
    kept = request.session.get(sessions.KEPT)
    if request.method == "POST" or not kept or kept["person"] != request.user.pk:
        request.session.pop(sessions.KEPT, None)
        return redirect("/")
    if time.time() - kept["at"] > KEPT_SECONDS:
        request.session.pop(sessions.KEPT)
        messages.warning(request, _("之前填写的内容存放太久，已删除。"))
        return redirect("/")
    return render(request, "account/kept_form.html", {"kept": kept})


# --- locks, for the security administrator -----------------------------------------------------


@allowed("orgs.unlock_accounts")
@never_cache
@require_http_methods(GET_POST)
def lockouts_page(request):
    """Each lock with a form of its own; the one that was sent comes back with its errors."""
    sent = request.POST.get("lock") if request.method == "POST" else None
    rows = [
        (lock, UnlockForm(request.POST if lock.key == sent else None, auto_id=f"id_%s_{number}"))
        for number, lock in enumerate(lockouts.locks(), 1)
    ]
    chosen = next(((lock, form) for lock, form in rows if form.is_bound), None)
    if sent is not None and chosen is None:
        messages.info(request, _("这个锁定已经到时解除。"))
        return redirect("lockouts")
    if chosen and chosen[1].is_valid():
        return _unlock(request, chosen[0], chosen[1].cleaned_data["reason"])
    return _locks_page(request, rows=rows, status=422 if chosen else 200)


def _locks_page(request, *, rows=None, reset=None, status=200):
    if rows is None:
        rows = [
            (lock, UnlockForm(auto_id=f"id_%s_{number}"))
            for number, lock in enumerate(lockouts.locks(), 1)
        ]
    context = {"rows": rows, "lifted": lockouts.lifted(), "reset": reset or ResetFactorForm()}
    return render(request, "account/lockouts.html", context, status=status)


@allowed("orgs.unlock_accounts")
@never_cache
@require_POST
def reset_factor(request):
    """Somebody lost phone and recovery codes; they set the second factor up anew."""
    form = ResetFactorForm(request.POST)
    if not form.is_valid():
        return _locks_page(request, reset=form, status=422)
    try:
        lockouts.reset_factor(form.person, by=request.user, reason=form.cleaned_data["reason"])
    except lockouts.OwnLock as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("动态口令已重置，并记入日志。请本人登录后重新启用。"))
    return redirect("lockouts")


def _unlock(request, lock, reason):
    try:
        lockouts.unlock(lock, by=request.user, reason=reason)
    except lockouts.OwnLock as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("已解锁，并记入日志。"))
    return redirect("lockouts")
