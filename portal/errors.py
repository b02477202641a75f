"""Pages for when something does not go: what happened, what to do next, whom to ask.

A stranger's 404 and a page that never was look alike. The 500 page is text in a file: it needs
no database, no session and no context, as any of these may be what broke.
"""

import re
from functools import cache
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.middleware import csrf
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.csrf import requires_csrf_token

PAGE_EXPIRED = 419  # not in the standard; told apart from 403 by people and by face.js
KEPT_FIELDS, KEPT_CHARACTERS = 40, 20_000
KEY = re.compile(r"[0-9A-Za-z_-]+")  # a form's own mark, which nobody has typed
SECRETS = ("password", "otp", "token", "secret")
# Failures a person meets in good faith: a cookie gone, a form that lay for too long. All others
# (foreign origin or referer) may be an attack, and their content is never offered again.
EXPIRED = {csrf.REASON_NO_CSRF_COOKIE, csrf.REASON_CSRF_TOKEN_MISSING}


def _page(request, status, name, **context):
    return render(request, f"errors/{name}.html", {"status": int(status), **context}, status=status)


def bad_request(request, exception=None):
    """400, for what no page of ours sends. Without context: the host may be what is wrong."""
    return HttpResponse(_static_page("400"), status=HTTPStatus.BAD_REQUEST)


@requires_csrf_token
def permission_denied(request, exception=None):
    return _page(request, HTTPStatus.FORBIDDEN, "403", reason=_reason(exception))


@requires_csrf_token
def page_not_found(request, exception=None):
    return _page(request, HTTPStatus.NOT_FOUND, "404")


@requires_csrf_token
def unprocessable(request, reason=""):
    """422 as a whole page, for a refusal that has no form to stand in. Views call it."""
    return _page(request, HTTPStatus.UNPROCESSABLE_ENTITY, "422", reason=str(reason))


def server_error(request):
    return HttpResponse(_static_page("500"), status=HTTPStatus.INTERNAL_SERVER_ERROR)


@requires_csrf_token
def csrf_failure(request, reason=""):
    """The form's proof of origin is missing or old; what was typed is offered again.

    Only when the browser says that the form was one of ours: otherwise a foreign page could have
    a person confirm its own text with one click.
    """
    kept = typed_in(request) if _is_expired(reason) and _from_here(request) else []
    answer = _page(
        request,
        PAGE_EXPIRED,
        "419",
        kept=kept,
        had_files=bool(kept and request.FILES),
        no_cookie=reason == csrf.REASON_NO_CSRF_COOKIE,
    )
    answer.reason_phrase = "Page Expired"
    return answer


def _is_expired(reason: str) -> bool:
    return reason in EXPIRED or reason.startswith("CSRF token from")


def _from_here(request) -> bool:
    """The Origin that browsers send with every POST is this very site's."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def typed_in(request) -> list[dict]:
    """What was typed, without secrets; nothing when it is too much for a page."""
    kept, size = [], 0
    for name, values in request.POST.lists():
        if name == "code" or any(word in name.lower() for word in SECRETS):
            continue
        for value in values:
            size += len(value)
            typed = _is_chinese(value) or (len(value) > 12 and not KEY.fullmatch(value))
            kept.append({"name": name, "value": value, "shown": typed})
    return kept if len(kept) <= KEPT_FIELDS and size <= KEPT_CHARACTERS else []


def _reason(exception) -> str:
    """Our own refusals carry Chinese words for the reader; a library's English stays inside."""
    text = str(exception or "")
    return text if _is_chinese(text) else ""


def _is_chinese(text: str) -> bool:
    return any("一" <= sign <= "鿿" for sign in text)


@cache
def _static_page(name: str) -> str:
    text = (Path(settings.BASE_DIR) / "templates" / "errors" / f"{name}.html").read_text("utf-8")
    try:
        style = static("css/portal.css")
    except ValueError:  # no manifest of static files: the page still reads without its dress
        style = settings.STATIC_URL + "css/portal.css"
    return text.replace("STYLE", style).replace("PHONE", settings.SERVICE_PHONE)
