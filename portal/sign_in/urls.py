"""Addresses of sign-in and of one's own account. allauth knows some of them by name."""

from functools import wraps

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path

from orgs.access import public, signed_in
from portal.sign_in import account, joining, views


def unprocessable(view):
    """An allauth page whose form is refused answers 422, like ours."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if request.method == "POST" and form is not None and form.errors:
            response.status_code = 422
        return response

    return answered


def own(view):
    """A page of allauth's for somebody who is signed in."""
    return signed_in(unprocessable(view))


urlpatterns = [
    path("privacy/", account.privacy, name="privacy"),
    path("staff/lockouts/", account.lockouts_page, name="lockouts"),
    path("staff/lockouts/factor/", account.reset_factor, name="reset_factor"),
    path("accounts/", account.accounts, name="accounts"),
    path("accounts/profile/", account.profile, name="profile"),
    path("accounts/login/", views.sign_in, name="account_login"),
    path("accounts/login/code/", views.request_code, name="account_request_login_code"),
    path("accounts/login/code/confirm/", views.confirm_code, name="account_confirm_login_code"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("accounts/keep/", views.keep_alive, name="account_keep_alive"),
    path("accounts/kept/", account.kept_form, name="account_kept_form"),
    path("accounts/signup/", joining.sign_up, name="account_signup"),
    path("accounts/signup/code/", joining.sign_up_code, name="account_signup_code"),
    path("accounts/password/", account.change_password, name="account_change_password"),
    path("accounts/password/reset/", joining.reset_password, name="account_reset_password"),
    path(
        "accounts/password/reset/code/",
        joining.reset_password_code,
        name="account_reset_password_code",
    ),
    path(
        "accounts/password/reset/new/",
        joining.reset_password_new,
        name="account_reset_password_new",
    ),
    path("accounts/sessions/", account.devices_page, name="usersessions_list"),
    path("accounts/consent/", account.consent_page, name="account_consent"),
    path("accounts/privacy/", account.my_privacy, name="account_privacy"),
    # The second factor: allauth's own pages, in our words.
    path(
        "accounts/reauthenticate/", own(allauth_views.reauthenticate), name="account_reauthenticate"
    ),
    path("accounts/2fa/", own(mfa.index), name="mfa_index"),
    path(
        "accounts/2fa/authenticate/",
        public(unprocessable(mfa.authenticate)),
        name="mfa_authenticate",
    ),
    path("accounts/2fa/reauthenticate/", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("accounts/2fa/totp/activate/", own(totp.activate_totp), name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("accounts/2fa/codes/", own(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/codes/new/",
        own(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
]
