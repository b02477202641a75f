"""The portal's addresses and a few that go wrong on purpose."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from orgs.access import public
from portal import errors

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.page_not_found"
handler500 = "portal.errors.server_error"


@public
def boom(request):
    raise RuntimeError("on purpose")


@public
def closed(request):
    raise PermissionDenied


@public
def closed_with_reason(request):
    raise PermissionDenied("本届任期已经结束。")


@public
def refused(request):
    return errors.unprocessable(request, "这件事已经办结，不能再派单。")


@public
def form(request):
    return HttpResponse("saved")


LIVE = """{% extends "base.html" %}{% block title %}x{% endblock %}{% block main %}
<h1>x</h1>
<form method="post" hx-post="{{ request.path }}" hx-target="#answer">
  <label for="words">words</label><input id="words" name="words"><button class="btn">send</button>
</form>
<div id="answer"></div>{% endblock %}"""


@public
def live(request):
    """A form that htmx sends: a refusal comes back as 422, 崩 breaks the server."""
    if request.method == "POST":
        if request.POST["words"] == "崩":
            raise RuntimeError("on purpose")
        return HttpResponse("<p>这一步没有办成</p>", status=422)
    return HttpResponse(engines["django"].from_string(LIVE).render({}, request))


urlpatterns = [
    path("live/", live),
    path("", include("portal.urls")),
    path("boom/", boom),
    path("closed/", closed),
    path("closed-with-reason/", closed_with_reason),
    path("refused/", refused),
    path("form/", form),
]
